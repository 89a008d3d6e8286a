"""A claim's answer: how it was understood, the verdict, the numbers behind it, and whose they are.

The shape, as `orewatch check --json` prints it and the card of flows.report takes it:

    claim, claim_id     as it was typed or as the article anchors it; null where options were given
    understood          one sentence
    verdict, why, needs, reason, confidence, flags
    asked               measure, importer, importer_name, supplier, supplier_name, mineral,
                        mineral_name, hs6, stage, basis, year, stated, low, high, strict, rank, hhi,
                        word, decides; of several questions what they share
    primary             share, low, high, rank, hhi, year, basis, source, edition, hs6; or null
    range               low, high, year, cells: those of the primary year with a number; or null
    nearest             share, year, basis, basket, source, territories, of, text; or null
    met_years           years in which the primary basket and basis met it
    cells               rows of indices.claim_cell, all of them
    computed_cells      how many of them have a number
    events              day, what, measure, title, kind, confirmation
    sources             source, edition, title, citation, licence
    snapshot, repeat    its id, and the command that gives this answer again
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from flows import publish, warehouse
from flows.claims.ask import check_tables
from flows.claims.reading import Reading
from flows.claims.words import Words
from flows.indices.formulas.claim_phrases import percent
from flows.indices.formulas.policy_spells import EVERYBODY

Row = dict[str, Any]
Answer = dict[str, Any]

HEADLINE = "headline"
ASKED = (
    *("measure", "mineral", "hs6", "stage", "basis", "year", "stated", "low", "high", "strict"),
    *("rank", "hhi", "word", "decides"),
)
PRIMARY = ("share", "low", "high", "rank", "hhi", "year", "basis", "source", "edition", "hs6")
NEAREST = ("share", "year", "basis", "basket", "source", "territories")


MEASURES = """
    FROM mart.measure
    SELECT DISTINCT measure, title, kind, target, issuer_iso3, mineral, effective,
      effective_confirmation, expires, expires_confirmation
    WHERE restricts
"""


def answer(
    told: Row, cells: pl.DataFrame, snapshot: Path, words: Words, said: Mapping[str, Any]
) -> Answer:
    """Make the answer from a verdict and its cells.

    Args:
        told: a row of indices.claim_verdict.
        cells: its rows of indices.claim_cell.
        snapshot: the published folder they come from.
        words: names of economies and minerals.
        said: claim, claim_id, understood (null = the verdict's), question (a row of QUESTION,
            null where there is none) and repeat.

    """
    made = body(told | of_cells(told, cells), snapshot, words, said)
    return made | {
        "range": range_of(told, made["primary"], cells),
        "cells": cells.to_dicts(),
        "events": events(snapshot, made["asked"]),
        "sources": sources(snapshot, cells),
    }


def body(told: Row, snapshot: Path, words: Words, said: Mapping[str, Any]) -> Answer:
    """Make what an answer says without its cells."""
    primary = primary_of(told)
    asked = asked_of(told, said.get("question"), words)
    return {
        "claim": said.get("claim"),
        "claim_id": said.get("claim_id"),
        "understood": said.get("understood") or told["understood"],
        **{name: told.get(name) for name in ("verdict", "why", "needs", "reason", "confidence")},
        "flags": list(told.get("flags") or []),
        "asked": asked,
        "primary": primary,
        "range": range_of(told, primary, None),
        "nearest": nearest_of(told, primary, asked),
        "met_years": [int(year) for year in told.get("met_years") or []],
        "computed_cells": told.get("computed_cells") or 0,
        "snapshot": snapshot.name,
        "repeat": said["repeat"],
    }


def of_cells(told: Row, cells: pl.DataFrame) -> Row:
    """Read from the cells what a verdict's row has no columns for.

    Of the primary cell its rank and concentration; of the nearest whether territories count in it,
    which they do only where no cell without them is as near.
    """
    if told.get("primary_year") is None:
        return {}
    (first,) = cells.filter("is_primary").to_dicts()
    near = cells.filter(
        pl.col(name).eq_missing(pl.lit(told[f"nearest_{name}"]))
        for name in NEAREST
        if name != "territories"
    )
    return {
        "primary_rank": first["rank"],
        "primary_hhi": first["hhi"],
        "nearest_territories": near["territories"].min(),
    }


def beyond(reading: Reading, text: str, snapshot: Path, words: Words, repeat: str) -> Answer:
    """Make the answer to a claim that asks nothing of trade."""
    told = {
        "verdict": reading.outside,
        "why": reading.why,
        "understood": reading.understood,
        "reason": "no_measure",
    }
    nothing = pl.DataFrame(schema={"source": pl.String, "edition": pl.String, "share": pl.Float64})
    return answer(told, nothing, snapshot, words, {"claim": text, "repeat": repeat})


def asked_of(told: Row, question: Mapping[str, Any] | None, words: Words) -> Row:
    """Say what was asked: the question where there is one, else what the verdict keeps of it."""
    kept = {
        "low": told.get("stated_low_share", told.get("low")),
        "high": told.get("stated_high_share", told.get("high")),
    }
    known = question or (told | kept | {"stated": told.get("stated_share")})
    importer, supplier = known.get("importer_iso3"), known.get("exporter_iso3")
    return {name: known.get(name) for name in ASKED} | {
        "importer": importer,
        "importer_name": words.name(importer) if importer else None,
        "supplier": supplier,
        "supplier_name": words.name(supplier) if supplier else None,
        "mineral_name": words.name(known["mineral"]) if known.get("mineral") else None,
    }


def primary_of(told: Row) -> Row | None:
    """Give the primary cell; null where none could be declared."""
    if told.get("primary_year") is None:
        return None
    names = {"low": "primary_low_share", "high": "primary_high_share"}
    return {name: told.get(names.get(name, f"primary_{name}")) for name in PRIMARY}


def range_of(told: Row, primary: Row | None, cells: pl.DataFrame | None) -> Row | None:
    """Give the range over the cells of the primary year that have a number, and their count."""
    if told.get("range_low_share") is None:
        return None
    year = primary["year"] if primary else None
    count = None
    if cells is not None:
        there = cells.filter(pl.col("share").is_not_null())
        count = (there if year is None else there.filter(pl.col("year") == year)).height
    low, high = told["range_low_share"], told["range_high_share"]
    return {"low": low, "high": high, "year": year, "cells": count}


def nearest_of(told: Row, primary: Row | None, asked: Row) -> Row | None:
    """Give the cell nearest to the claim over all years, and say how many there are."""
    if told.get("nearest_share") is None:
        return None
    near: Row = {name: told.get(f"nearest_{name}") for name in NEAREST}
    near["of"] = told.get("cells")
    basket = "" if near["basket"] == HEADLINE else f" of {basket_name(near['basket'])}"
    counted = ", Hong Kong and Macao counted in" if near["territories"] else ""
    claimed = f"{percent(asked['stated'])} percent: " if asked.get("stated") is not None else ""
    now = ""
    if primary and primary["share"] is not None:
        now = f"; {percent(primary['share'])} percent in {primary['year']}"
    near["text"] = (
        f"{claimed}nearest is the {near['basis']} share{basket} of {near['year']}"
        f" ({percent(near['share'])} percent{counted}), 1 of {near['of']:,} cells{now}"
    )
    return near


def basket_name(basket: str) -> str:
    """Write a basket in words: a code, the headline, or the headline with its proxies."""
    return f"HS {basket}" if basket.isdecimal() else basket.replace("_", " ")


def events(snapshot: Path, asked: Row) -> list[Row]:
    """Give the days on which the supplier's measures on the mineral took effect and expired.

    Measures aimed at the importer, at all, or at a bloc that the importer is in now.
    """
    if not asked["supplier"] or not asked["mineral"]:
        return []
    # Nothing is bound as a parameter: that alone would have DuckDB import pandas, a third of the
    # time there is.
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        measures = con.execute(MEASURES).pl()
        member = con.execute("FROM ref.bloc_member SELECT bloc, iso3 WHERE to_year IS NULL").pl()
    importer = pl.lit(asked["importer"], pl.String)
    theirs = member.filter(pl.col("iso3").eq_missing(importer))
    aimed = [EVERYBODY, asked["importer"], *theirs["bloc"]]
    reaches = importer.is_null() | pl.col("target").is_in(aimed)
    of_both = measures.filter(reaches, issuer_iso3=asked["supplier"], mineral=asked["mineral"])
    rows = of_both.drop("target").unique().sort("effective", "measure", nulls_last=True).to_dicts()
    return [
        {
            "day": row[what],
            "what": what,
            "measure": row["measure"],
            "title": row["title"],
            "kind": row["kind"],
            "confirmation": row[f"{what}_confirmation"],
        }
        for row in rows
        for what in ("effective", "expires")
        if row[what] is not None
    ]


def sources(snapshot: Path, cells: pl.DataFrame) -> list[Row]:
    """Give the sources and editions that the cells are of."""
    used = cells.select("source", "edition").drop_nulls().unique().rows()
    if not used:
        return []
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        known = con.execute(
            "FROM meta.source SELECT source, title, citation, licence ORDER BY source"
        ).pl()
    rows = {row["source"]: row for row in known.to_dicts()}
    return [
        {"edition": edition} | rows.get(name, {"source": name}) for name, edition in sorted(used)
    ]


def verdicts(snapshot: Path) -> list[Row]:
    """Give the verdicts on all of the article's claims.

    Raises:
        ClaimError: an older version made the snapshot, and it has none.

    """
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        check_tables(con, ["indices.claim_verdict"])
        return con.execute("FROM indices.claim_verdict ORDER BY claim_id").pl().to_dicts()


def claims(snapshot: Path) -> dict[str, Row]:
    """Give the article's claims by their ids."""
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        rows = con.execute("FROM mart.claim ORDER BY claim_id").pl().to_dicts()
    return {row["claim_id"]: row for row in rows}


def grid(cells: Sequence[Row], primary: Row | None) -> list[Row]:
    """Give the cells of the primary year from the primary source and side, headline first."""
    if primary is None:
        return []
    first = next((cell for cell in cells if cell["is_primary"]), None)
    if first is None:
        return []
    same = [
        cell
        for cell in cells
        if all(cell[name] == first[name] for name in ("year", "source", "edition", "side"))
        and cell.get("question") == first.get("question")
    ]
    order = {HEADLINE: 0, "headline_and_proxies": 1}
    return sorted(same, key=lambda cell: (order.get(cell["basket"], 2), cell["basket"]))


def in_brief(told: Row, claim: Row, snapshot: Path, words: Words) -> Answer:
    """Make the answer to one of all claims: without its cells, events and sources."""
    said = {"claim": claim["anchor"], "claim_id": told["claim_id"]}
    said["repeat"] = f"orewatch check {told['claim_id']}"
    return body(told, snapshot, words, said)
