"""The article's claims as questions: whose share of whose trade each asks, and what would meet it.

What a metric asks, which minerals, and what a word such as "heavily" stands for are facts; nothing
here knows a claim. A claim whose metric trade does not measure asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from flows.indices.formulas.claim_question import (
    EXPORT_SHARE,
    QUESTION,
    Tables,
    half_unit_of,
    interval,
    question,
)

WORLD = "WLD"
"""The word of `mart.claim` for the world."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """What the facts say of metrics, words, units and codes."""

    metrics: dict[str, Row]
    words: dict[str, Row]
    """Word or alias -> row of `ref.claim_word`."""
    to_share: dict[str, float]
    """Unit -> what turns a number of it into a share."""
    codes: pl.DataFrame
    """mineral, form, hs_revision, hs6, headline."""


def questions(mart_claim: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Write the questions of every claim that trade measures, as rows of QUESTION.

    Args:
        mart_claim: the claims.
        tables: ref_claim_metric (what each metric asks), ref_claim_word (words that weaken, bound
            or replace a figure), ref_unit, ref_form and ref_form_code.

    Raises:
        ValueError: a metric of a claim is not in the facts.

    """
    shares = (
        tables["ref_unit"].filter(pl.col("base_unit") == "share").select("unit", "factor").collect()
    )
    headline = tables["ref_form"].select("mineral", "form", "headline")
    codes = tables["ref_form_code"].join(headline, on=["mineral", "form"], validate="m:1")
    words = Words(
        {row["metric"]: row for row in rows_of(tables["ref_claim_metric"])},
        by_spelling(rows_of(tables["ref_claim_word"])),
        dict(shares.iter_rows()),
        codes.collect(),
    )
    asked = [row for claim in rows_of(mart_claim) for row in asked_by(claim, words)]
    return pl.LazyFrame(asked, schema=QUESTION)


def rows_of(table: pl.LazyFrame) -> list[Row]:
    """Rows of a small table."""
    return table.collect().to_dicts()


def by_spelling(words: Sequence[Row]) -> dict[str, Row]:
    """Find a declared word by itself and by its aliases."""
    return {spelling: row for row in words for spelling in (row["word"], *row["aliases"])}


def asked_by(claim: Row, words: Words) -> Iterator[Row]:
    """Write the questions of one claim: one for each importer, exporter and mineral."""
    metric = words.metrics.get(claim["metric"])
    if metric is None:
        raise ValueError(
            f"claim_metrics.csv has no metric {claim['metric']} ({claim['claim_id']}); add a row"
        )
    if metric["measure"] is None or claim["checkable"] == "no":
        return
    who = [
        (importer, exporter, mineral)
        for importer in importers(claim, metric["measure"])
        for exporter in exporters(claim, metric["measure"])
        for mineral in ([claim["mineral"]] if claim["mineral"] else metric["minerals"] or [None])
    ]
    for number, (importer, exporter, mineral) in enumerate(who, start=1):
        yield question(
            claim_id=claim["claim_id"],
            question=number,
            measure=metric["measure"],
            importer_iso3=importer,
            exporter_iso3=exporter,
            mineral=mineral,
            hs6=own_codes(claim, mineral, words.codes),
            year=claim["as_of_to"].year if claim["as_of_to"] else None,
            decides=metric["role"] == "decides" and claim["checkable"] == "data",
            **criterion(claim, metric, words),
        )


def parties(names: str | None) -> list[str | None]:
    """Economies of a claim's column; null is the world."""
    listed = (names or WORLD).split(";")
    return [None if name == WORLD else name for name in listed]


def importers(claim: Row, measure: str) -> list[str | None]:
    """Whose imports: the reporter's; of a share of world exports everyone's."""
    return [None] if measure == EXPORT_SHARE else parties(claim["reporter"])


def exporters(claim: Row, measure: str) -> list[str | None]:
    """Whose share: of exports the reporter's, or the counterpart's where the world reports."""
    if measure != EXPORT_SHARE or claim["flow"] != "X":
        return parties(claim["partner"])
    own = parties(claim["reporter"])
    return own if own != [None] else parties(claim["counterpart"])


def own_codes(claim: Row, mineral: str | None, codes: pl.DataFrame) -> list[str]:
    """Codes that the claim is about instead of its mineral's own; none where these are meant.

    They are meant where the claim names all codes of the mineral's headline, or none. Of a named
    heading the codes are those that some mineral lists.
    """
    named = pl.col("hs6").is_in(claim["hs6"] or [])
    for heading in claim["hs4"] or []:
        named |= pl.col("hs6").str.starts_with(heading)
    listed = codes.filter(pl.col("hs_revision").eq_missing(pl.lit(claim["hs_revision"])))
    found = set(listed.filter(named)["hs6"])
    if mineral is None:
        return sorted(found | set(claim["hs6"] or []))
    mine = listed.filter(pl.col("mineral") == mineral)
    headline = set(mine.filter("headline")["hs6"])
    kept = found & set(mine["hs6"])
    return [] if not claim["hs6"] or (headline and headline <= kept) else sorted(kept)


def criterion(claim: Row, metric: Row, words: Words) -> Row:
    """Give what meets the claim: its figure, or what its word stands for; nothing for neither."""
    word = words.words.get(claim["qualifier"] or metric["word"] or "")
    named = {"word": word["word"] if word else None}
    factor = words.to_share.get(claim["unit"] or "")
    if claim["value"] is not None and factor is not None:
        return named | figure(claim["value"], factor, word)
    if word is None or (word["threshold"] is None and word["rank"] is None):
        return named
    wanted = {"low": word["threshold"], "strict": word["strict"]}
    return named | wanted | {"rank": word["rank"], "hhi": word["hhi"]}


def figure(value: float, factor: float, word: Row | None) -> Row:
    """Give what meets a stated number."""
    stated, half = value * factor, half_unit_of(f"{value:g}") * factor
    kind, allowance = (word["kind"], word["allowance"]) if word else ("exact", None)
    low, high, strict = interval(stated, half, kind, allowance)
    return {"stated": stated, "low": low, "high": high, "strict": strict}
