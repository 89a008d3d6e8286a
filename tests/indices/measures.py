"""Composed policy measures over composed trade by code: the frames that the policy indices read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from flows.indices import import_concentration
from flows.indices.formulas.mineral_rows import by_mineral
from tests.indices import composed

CODES = {"999901": "powder", "999902": "oxide"}
"""HS code -> the form of mineral m that it is; both are its stage `all`."""
SERIES = {"source": "composed", "edition": "one", "mineral": "m", "stage": "all"}
BASKET = pl.LazyFrame(
    [
        SERIES
        | {"hs6": hs6, "form": form, "form_stage": "ore", "specificity": "exact"}
        | {"first_year": 1988, "last_year": None, "exclusion": None}
        for hs6, form in CODES.items()
    ],
    schema_overrides={"last_year": pl.Int32, "first_year": pl.Int32, "exclusion": pl.String},
)
CODE_TRADE = {
    "source": pl.String,
    "edition": pl.String,
    "hs6": pl.String,
    "year": pl.Int32,
    "importer_iso3": pl.String,
    "exporter_iso3": pl.String,
    "value_usd": pl.Int64,
    "mass_kg": pl.Int64,
}
MEASURE = {
    "source": pl.String,
    "edition": pl.String,
    "measure": pl.String,
    "issuer_iso3": pl.String,
    "kind": pl.String,
    "restricts": pl.Boolean,
    "announced": pl.Date,
    "effective": pl.Date,
    "effective_confirmation": pl.String,
    "expires": pl.Date,
    "target": pl.String,
    "scope": pl.String,
    "severity": pl.Float64,
    "confirmation": pl.String,
    "code_confirmation": pl.String,
    "mineral": pl.String,
    "form": pl.String,
    "stage": pl.String,
    "hs6": pl.String,
}
SUSPENSION = {
    "source": pl.String,
    "edition": pl.String,
    "measure": pl.String,
    "suspended_from": pl.Date,
    "suspended_until": pl.Date,
    "confirmation": pl.String,
}
IN_FORCE = {
    name: kind
    for name, kind in MEASURE.items()
    if name not in {"issuer_iso3", "target", "effective", "expires", "announced"}
} | {
    "exporter_iso3": pl.String,
    "importer_iso3": pl.String,
    "in_force_from": pl.Date,
    "in_force_to": pl.Date,
}


def measure(
    name: str, issuer: str, first: date, last: date | None = None, **set_: object
) -> dict[str, Any]:
    """One of the goods of a measure; what is not set is a confirmed licence on all powder."""
    base: dict[str, Any] = {
        "source": "facts",
        "edition": "authored",
        "measure": name,
        "issuer_iso3": issuer,
        "kind": "licence",
        "restricts": True,
        "announced": None,
        "effective": first,
        "effective_confirmation": "confirmed",
        "expires": last,
        "target": "ALL",
        "scope": "all_trade",
        "severity": 0.3,
        "confirmation": "confirmed",
        "code_confirmation": "confirmed",
        "mineral": "m",
        "form": "powder",
        "stage": "ore",
        "hs6": "999901",
    }
    return base | set_


def suspension(
    name: str, first: date, last: date | None, confirmation: str = "confirmed"
) -> dict[str, Any]:
    """Days between which a measure is suspended."""
    return {
        "source": "facts",
        "edition": "authored",
        "measure": name,
        "suspended_from": first,
        "suspended_until": last,
        "confirmation": confirmation,
    }


def in_force(
    measures: Sequence[dict[str, Any]], suspensions: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Intervals in which measures with at most one suspension each are in force, by hand."""
    found = []
    for one in measures:
        pause = next((s for s in suspensions if s["measure"] == one["measure"]), None)
        spans = [(one["effective"], one["expires"])]
        if pause:
            before = (one["effective"], pause["suspended_from"] - timedelta(days=1))
            spans = [before] if before[0] <= before[1] else []
            if pause["suspended_until"]:
                spans.append((pause["suspended_until"] + timedelta(days=1), one["expires"]))
        row = {name: value for name, value in one.items() if name in IN_FORCE}
        found += [
            row
            | {"exporter_iso3": one["issuer_iso3"], "importer_iso3": one["target"]}
            | {"in_force_from": first, "in_force_to": last}
            for first, last in spans
            if last is None or first <= last
        ]
    return found


Flow = tuple[int, str, str, str, int, int | None]
"""Year, exporter, importer, code, USD, kg."""


def trade(flows: Iterable[Flow]) -> pl.DataFrame:
    """Rows of `mart.trade`."""
    rows = [("composed", "one", hs6, y, i, x, usd, kg) for y, x, i, hs6, usd, kg in flows]
    return pl.DataFrame(rows, schema=CODE_TRADE, orient="row")


def tables(
    flows: Iterable[Flow],
    measures: Sequence[dict[str, Any]],
    suspensions: Sequence[dict[str, Any]] = (),
    basket: pl.LazyFrame = BASKET,
    members: pl.LazyFrame = composed.MEMBERS,
) -> dict[str, pl.LazyFrame]:
    """What the policy indices read, by the keyword that they read it as."""
    rows = trade(flows).lazy()
    years = rows.select("source", "edition", "year").unique()
    whole = years.with_columns(bloc=pl.lit("UNION"), is_whole=pl.lit(value=True))
    last = pl.col("to_year").fill_null(9999)
    inside = members.select("bloc", exporter_iso3="iso3", last=last)
    of_union = (
        rows.join(members, left_on="importer_iso3", right_on="iso3")
        .filter(pl.col("year") <= last)
        .join(inside, on=["bloc", "exporter_iso3"], how="left")
        .filter(pl.col("last").is_null() | (pl.col("year") > pl.col("last")))
    )
    every = pl.concat([rows, of_union.with_columns(importer_iso3="bloc").select(list(CODE_TRADE))])
    base = {
        "mart_measure": pl.LazyFrame(list(measures), schema=MEASURE),
        "mart_measure_suspension": pl.LazyFrame(list(suspensions), schema=SUSPENSION),
        "mart_measure_in_force": pl.LazyFrame(in_force(measures, suspensions), schema=IN_FORCE),
        "mart_basket": basket,
        "mart_trade": rows,
        "mart_mineral_trade": by_mineral(every, basket),
        "mart_monthly_trade": pl.LazyFrame(schema=CODE_TRADE | {"month": pl.Int64}),
        "mart_bloc_report": whole,
        "ref_country": composed.COUNTRIES,
        "ref_bloc_member": members,
        "ref_specificity": composed.SPECIFICITY,
        "ref_report_importer": pl.LazyFrame({"importer": ["P"]}),
    }
    concentration = composed.computed(import_concentration.INDEX, base)
    return base | {"indices_import_concentration": concentration.lazy()}
