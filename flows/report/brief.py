"""The brief: what the article says beside what the data say, five numbers on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.report.cells import BASES, Cells, at
from flows.report.numbers import edition_of
from flows.report.reading import Row, Snapshot

DECADE = 10
WIDE, HIGH = 240, 56
"""Size of the little line of a headline's past, in pixels."""


def brief(snapshot: Snapshot, cells: Cells) -> list[dict[str, Any]]:
    """Give the headlines in their order, each with its number, change, badge, range and claim."""
    claims = {row["claim_id"]: row for row in snapshot.all_of("mart.claim", "claim_id")}
    verdicts = {r["claim_id"]: r for r in snapshot.all_of("indices.claim_verdict", "claim_id")}
    return [
        headline(snapshot, cells, row, claims.get(row["claim_id"]), verdicts.get(row["claim_id"]))
        for row in snapshot.headlines
    ]


def headline(
    snapshot: Snapshot, cells: Cells, asked: Row, claim: Row | None, verdict: Row | None
) -> dict[str, Any]:
    """One headline; `value` and `mass` are its shares by basis, null where there is none."""
    importer, mineral, exporter = asked["importer"], asked["mineral"], asked["exporter_iso3"]
    past = {basis: past_of(cells, importer, mineral, basis, exporter) for basis in BASES}
    newest = {basis: rows[-1] if rows else None for basis, rows in past.items()}
    value, mass = newest["value"], newest["mass"]
    if value and mass and mass["year"] != value["year"]:
        mass = at(past["mass"], value["year"])
    known = [row for row in (value, mass) if row]
    cell_of = cells.latest(importer, mineral)[0]
    return {
        "asked": asked,
        "importer": snapshot.economy(importer),
        "exporter": snapshot.economy(exporter),
        "mineral": snapshot.minerals.get(mineral, {}).get("name", mineral),
        "value": value,
        "mass": mass,
        **range_of(known, verdict),
        "change": change(past["value"], 1),
        "decade": change(past["value"], DECADE),
        "badge": cell_of["badge"] if cell_of else "none",
        "reason": cell_of["reason"] if cell_of else None,
        "edition": edition_of(value) if value else None,
        "has_page": importer in snapshot.importers,
        "line": line(past["value"]),
        "claimed": claimed_share(claim),
        "claim": claim,
        "verdict": verdict,
    }


def range_of(known: Sequence[Row], verdict: Row | None) -> dict[str, Any]:
    """The range over all ways to count, where the claim was checked; else over both bases."""
    if verdict and known and verdict["primary_year"] == known[0]["year"]:
        low, high = verdict["range_low_share"], verdict["range_high_share"]
        if low is not None and high is not None:
            return {"low": low, "high": high, "is_whole_range": True}
    return {
        "low": min(bounds(known, "import_share_low"), default=None),
        "high": max(bounds(known, "import_share_high"), default=None),
        "is_whole_range": False,
    }


def bounds(rows: Sequence[Row], name: str) -> list[float]:
    """Bounds of shares; a share that has none is its own."""
    return [row["import_share"] if row[name] is None else row[name] for row in rows]


def past_of(cells: Cells, importer: str, mineral: str, basis: str, exporter: str) -> list[Row]:
    """The exporter's shares in the years that have a number; 0 where it supplied nothing."""
    shares = {
        row["year"]: row
        for row in cells.by_supplier.get((importer, mineral, basis), ())
        if row["exporter_iso3"] == exporter and row["import_share"] is not None
    }
    return [shares[year] for year in sorted(shares)]


def change(past: Sequence[Row], years: int) -> dict[str, Any] | None:
    """How far the newest share lies from that of some years before; null where one is missing."""
    if not past or not (earlier := at(past, past[-1]["year"] - years)):
        return None
    return {"by": past[-1]["import_share"] - earlier["import_share"], "since": earlier["year"]}


def claimed_share(claim: Row | None) -> float | None:
    """The share that a claim states in percent, as a part of 1."""
    if claim is None or claim["unit"] != "percent" or claim["value"] is None:
        return None
    return float(claim["value"]) / 100


def line(past: Sequence[Row]) -> dict[str, Any] | None:
    """The past as the points of a line, its years, and where its end lies."""
    if len(past) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    first, last = past[0]["year"], past[-1]["year"]
    spots = [
        (
            round((row["year"] - first) / (last - first) * WIDE, 1),
            round((1 - row["import_share"]) * HIGH, 1),
        )
        for row in past
    ]
    return {
        "points": " ".join(f"{x},{y}" for x, y in spots),
        "first": first,
        "last": last,
        "end": spots[-1],
        "wide": WIDE,
        "high": HIGH,
    }
