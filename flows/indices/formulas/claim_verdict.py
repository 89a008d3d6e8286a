"""The verdict on a claim: from its primary cell alone, with the range and the nearest cell shown.

`supported` and `contradicted` say whether the primary cell meets the claim; `outdated` that it
does not, that its basket and basis did in an earlier year, and in none of the last five.
`inconclusive`: trade only informs, only bounds or a proxy speak, or several questions differ. That
another cell agrees never changes a verdict; where some do and some do not, the flag `straddles`
says so. `not_checkable`: no data here has a number. `opinion`: nothing is declared that would meet
the claim.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.claim_judged import (
    INCONCLUSIVE,
    NEAREST,
    NOT_CHECKABLE,
    OPINION,
    PRIMARY,
    by_question,
)
from flows.indices.formulas.claim_phrases import Names, Row
from flows.indices.formulas.claim_question import KEY, Tables
from flows.indices.formulas.claim_sentences import needs, understood, why


def verdicts(questions: pl.LazyFrame, cells: pl.LazyFrame, tables: Tables) -> pl.DataFrame:
    """Give the verdict on every claim.

    Args:
        questions: rows of QUESTION.
        cells: columns of `indices.claim_cell`.
        tables: mart_economy, ref_mineral, ref_form_code and ref_reason (names); mart_claim and
            ref_claim_metric where the claims are the article's: those that ask nothing of trade
            get their verdict too.

    Gives the columns of `indices.claim_verdict`.

    """
    judged = by_question(questions, cells)
    names = Names.of(tables)
    listed = tables.get("mart_claim", questions.select("claim_id").unique()).collect()
    metrics = tables.get("ref_claim_metric", pl.LazyFrame({"metric": []})).collect()
    metric_of = {row["metric"]: row for row in metrics.iter_rows(named=True)}
    found: dict[str, list[Row]] = {}
    for row in judged.sort(KEY).iter_rows(named=True):
        found.setdefault(row["claim_id"], []).append(row)
    rows = []
    for claim in listed.iter_rows(named=True):
        metric = metric_of.get(claim.get("metric"), {})
        one = on_claim(found.get(claim["claim_id"], []), metric)
        one |= {"claim_id": claim["claim_id"]}
        one["needs"] = needs(one, claim, metric, names)
        one["understood"] = understood(one, claim, names)
        one["why"] = why(one, names)
        rows.append(published(one))
    return pl.DataFrame(rows, infer_schema_length=None).sort("claim_id")


def published(one: Row) -> Row:
    """Name what a claim's row holds as `indices.claim_verdict` does."""
    return {
        **one,
        "stated_share": one["stated"],
        "stated_low_share": one["low"],
        "stated_high_share": one["high"],
        "met_years": [str(year) for year in one["met_years"]],
        "questions": len(one["questions"]),
    }


def on_claim(questions: list[Row], metric: Row) -> Row:
    """Sum up a claim's questions: as one where there is one, else what all of them agree on."""
    if not questions:
        nothing = OPINION if metric.get("role") == OPINION else NOT_CHECKABLE
        return EMPTY | {"verdict": nothing, "reason": "no_measure"}
    first = questions[0]
    if len(questions) == 1:
        flags = sorted({*(first["flags"] or []), *(["straddles"] if first["straddles"] else [])})
        reason = first["reason"] if first["primary_year"] else first["why_none"] or "not_reported"
        return EMPTY | {**first, "flags": flags, "reason": reason, "questions": questions}
    verdicts = {one["verdict"] for one in questions}
    shared = {name: value for name, value in first.items() if all_same(questions, name)}
    primary = {name for name in first if name.startswith("primary_")}
    lows = [one for one in questions if one["range_low_share"] is not None]
    low = min(lows, key=lambda one: float(one["range_low_share"]), default=EMPTY)
    high = max(lows, key=lambda one: float(one["range_high_share"]), default=EMPTY)
    return (
        EMPTY
        | {name: value for name, value in shared.items() if name not in primary}
        | {
            "verdict": verdicts.pop() if len(verdicts) == 1 else INCONCLUSIVE,
            "reason": "several_questions",
            "confidence": None,
            "flags": sorted({flag for one in questions for flag in one["flags"] or []}),
            "cells": sum(one["cells"] for one in questions),
            "computed_cells": sum(one["computed_cells"] for one in questions),
            "met_years": [],
            "range_low_share": low["range_low_share"],
            "range_low_source": low["range_low_source"],
            "range_high_share": high["range_high_share"],
            "range_high_source": high["range_high_source"],
            "missing": sorted({code for one in questions for code in one["missing"] or []}),
            **{f"nearest_{name}": None for name in NEAREST},
            "questions": questions,
        }
    )


def all_same(rows: list[Row], name: str) -> bool:
    """Whether all rows have one value of a column."""
    return all(row[name] == rows[0][name] for row in rows)


EMPTY: Row = {
    **dict.fromkeys(
        (
            "measure",
            "importer_iso3",
            "exporter_iso3",
            "mineral",
            "word",
            "stated",
            "low",
            "high",
            "strict",
            "year",
            *PRIMARY,
            *(f"nearest_{name}" for name in NEAREST),
            "range_low_share",
            "range_high_share",
            "range_low_source",
            "range_high_source",
            "reason",
            "confidence",
        )
    ),
    "flags": [],
    "met_years": [],
    "missing": [],
    "cells": 0,
    "computed_cells": 0,
    "questions": [],
}
