"""The figures of the charts, packed so that a hundred minerals and thirty importers fit a page.

A share of 0 to 1 becomes two signs: its thousandths to the base of 36; `--` is no number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flows.report.cells import BASES, SHOWN, Cells
from flows.report.numbers import edition_of, year_of
from flows.report.reading import Row, Snapshot

BASE = 36
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
NOTHING = "--"
SHORT = {"value": "v", "mass": "w"}


def packed(values: Iterable[float | None]) -> str:
    """Pack shares of 0 to 1, two signs each."""
    return "".join(NOTHING if v is None else sign(round(v * 1000)) for v in values)


def sign(thousandths: int) -> str:
    """Two digits to the base of 36."""
    return DIGITS[thousandths // BASE] + DIGITS[thousandths % BASE]


def series(
    snapshot: Snapshot, cells: Cells, bases: Sequence[str] = BASES, most: int = SHOWN
) -> dict[str, dict[str, Any]]:
    """Mineral -> importer -> basis -> its series, of `most` suppliers; `s` is the mineral's stage.

    A series has `y`, its first year; `x`, its suppliers; `d`, their shares one supplier after the
    other; `h`, its HHI; `e`, the editions by year, as places in the page's list, or one for all;
    `r`, the reason of each year without a number.
    """
    places = {name: place for place, name in enumerate(snapshot.editions)}
    found: dict[str, dict[str, Any]] = {}
    for mineral, stage in cells.stages.items():
        per_importer: dict[str, Any] = {"s": stage}
        for importer in snapshot.importers:
            packs = {
                SHORT[basis]: pack(
                    rows,
                    [
                        one
                        for one in cells.by_supplier.get((importer, mineral, basis), ())
                        if one["place"] <= most
                    ],
                    places,
                )
                for basis in bases
                if (rows := cells.history.get((importer, mineral, basis)))
            }
            if packs:
                per_importer[importer] = packs
        found[mineral] = per_importer
    return found


def pack(
    rows: Sequence[Row], suppliers: Sequence[Row], places: Mapping[str, int]
) -> dict[str, Any]:
    """Pack one series."""
    by_year = {row["year"]: row for row in rows}
    years = range(min(by_year), max(by_year) + 1)
    shares = {(row["exporter_iso3"], row["year"]): row["import_share"] for row in suppliers}
    names = list(dict.fromkeys(row["exporter_iso3"] for row in suppliers))
    is_known = {year: (by_year.get(year) or {}).get("hhi") is not None for year in years}
    # A supplier without a row in a year that has a number supplied nothing.
    parts = [
        packed(shares.get((name, year)) or 0.0 if is_known[year] else None for year in years)
        for name in names
    ]
    editions = [places.get(edition_of(by_year[y])) if y in by_year else None for y in years]
    known = sorted({e for e in editions if e is not None})
    body: dict[str, Any] = {
        "y": years.start,
        "x": " ".join(names),
        "d": "".join(parts),
        "h": packed((by_year.get(year) or {}).get("hhi") for year in years),
        "e": known[0] if len(known) == 1 else editions,
    }
    reasons = {str(y): row["reason"] for y, row in by_year.items() if row["reason"]}
    return body | ({"r": reasons} if reasons else {})


def events(snapshot: Snapshot) -> dict[str, list[dict[str, Any]]]:
    """Mineral -> the days on which measures on its exports begin, as marks of a time axis."""
    if not snapshot.has("mart.measure"):
        return {}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in snapshot.rows(EVENTS):
        mark = {
            "t": year_of(row["effective"]),
            "d": row["effective"].isoformat(),
            "n": row["title"],
            "w": row["issuer_iso3"],
        }
        found.setdefault(row["mineral"], []).append(mark)
    return found


EVENTS = """
SELECT DISTINCT mineral, effective, title, issuer_iso3
FROM mart.measure
WHERE mineral IS NOT NULL AND restricts AND effective IS NOT NULL
ORDER BY mineral, effective, title, issuer_iso3
"""


def production(snapshot: Snapshot) -> dict[str, list[dict[str, Any]]]:
    """Mineral -> who mines and who processes, in the newest year of each stage: tonnes by area."""
    if not snapshot.has("mart.production"):
        return {}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in snapshot.rows(PRODUCTION):
        found.setdefault(row["mineral"], []).append(
            {
                "s": row["stage"],
                "y": row["year"],
                "b": row["basis"],
                "g": row["measure"],
                "e": edition_of(row),
                "x": row["area"],
                "kg": row["mass_kg"],
            }
        )
    return found


PRODUCTION = """
WITH newest AS (
    SELECT mineral, source, stage, basis, measure, max((year, edition)) AS last
    FROM mart.production
    WHERE area_kind = 'country' AND mass_kg IS NOT NULL
    GROUP BY mineral, source, stage, basis, measure
)
SELECT p.mineral, p.source, p.edition, p.stage, p.basis, p.measure, p.year, p.area, p.mass_kg
FROM mart.production AS p
JOIN newest AS n
    ON n.mineral = p.mineral AND n.source = p.source AND n.stage = p.stage AND n.basis = p.basis
    AND n.measure = p.measure AND n.last = (p.year, p.edition)
WHERE p.area_kind IN ('country', 'other') AND p.mass_kg > 0
ORDER BY
    p.mineral, p.stage <> 'mine', p.stage, p.source, p.basis, p.measure, p.mass_kg DESC, p.area
"""


def prices(snapshot: Snapshot, since: int) -> dict[str, list[dict[str, Any]]]:
    """Mineral -> its monthly prices since a year, as published, in their own unit."""
    if not snapshot.has("mart.price"):
        return {}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in snapshot.rows(PRICES):
        if row["year"] < since:
            continue
        known = found.setdefault(row["mineral"], [])
        key = (row["series"], edition_of(row), row["published_unit"])
        if not known or (known[-1]["n"], known[-1]["e"], known[-1]["u"]) != key:
            known.append({"n": key[0], "e": key[1], "u": key[2], "p": []})
        known[-1]["p"].append([row["year"], row["month"], row["published_price"]])
    return found


PRICES = """
SELECT mineral, series, source, edition, year, month, published_price, published_unit
FROM mart.price
WHERE mineral IS NOT NULL
QUALIFY edition = max(edition) OVER (PARTITION BY source, series)
ORDER BY mineral, series, source, edition, year, month
"""
