"""What GeoPolRisk is computed from: imports weighted by governance, and the output behind them.

Nothing here is a judgement on missing figures: those are kept apart, for the conventions of
`geopolrisk_formula.py` to treat.
"""

from __future__ import annotations

import polars as pl

from flows.indices import production_concentration
from flows.indices.formulas.basket import categorical
from flows.indices.formulas.concentration import wide_product
from flows.indices.formulas.domestic_production import plain

GOVERNANCE_QUANTUM = 2**50
"""g is summed as a whole number of 1/2^50, exactly, in any order."""

KEYS = ["mineral", "stage", "year", "source", "edition"]
AMOUNTS = ("mass_kg", "value_usd", "value_without_mass_usd", "ended_usd", "basket_usd")

GOVERNANCE_MAX_AGE = 2
"""A score stands in for at most this many later years without one."""


def governance_risk(stability: pl.Expr) -> pl.Expr:
    """Map political stability (-2.5..2.5, higher is better) to g: 0 stable, 1 not; null stays."""
    return pl.when(stability.is_not_null()).then(((2.5 - stability) / 5.0).clip(0.0, 1.0))


def of_blocs(trade: pl.LazyFrame, belonging: pl.LazyFrame) -> pl.LazyFrame:
    """Give the imports of blocs from those of members; `inside` marks trade between these."""
    member = belonging.select("bloc", "year", exporter_iso3="iso3", inside=pl.lit(value=True))
    return (
        trade.join(belonging, left_on=["importer_iso3", "year"], right_on=["iso3", "year"])
        .with_columns(importer_iso3=pl.col("bloc"))
        .join(member, on=["bloc", "year", "exporter_iso3"], how="left")
        .with_columns(pl.col("inside").fill_null(value=False))
        .drop("bloc")
    )


def scores(governance: pl.LazyFrame, trade: pl.LazyFrame) -> pl.LazyFrame:
    """Give every exporter's g in each year of trade, of that year or the last one before it.

    Args:
        governance: `iso3`, `year`, `pv`.
        trade: `year`.

    Gives `exporter_iso3`, `year`, `g` (Int64, in 1/2^50) and `governance_year`.

    """
    carried = (
        trade.select("year")
        .unique()
        .join(governance.select(governance_year="year").unique(), how="cross")
        .filter((pl.col("year") - pl.col("governance_year")).is_between(0, GOVERNANCE_MAX_AGE))
        .group_by("year")
        .agg(pl.col("governance_year").max())
    )
    g = (governance_risk(pl.col("pv")) * GOVERNANCE_QUANTUM).round().cast(pl.Int64)
    return governance.select(g.alias("g"), exporter_iso3="iso3", governance_year="year").join(
        carried, on="governance_year"
    )


def sums(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Sum the imports of each importer and `KEYS`, whole numbers only.

    Args:
        rows: trade with `inside`, `g` (null = no score) and `governance_year`.

    """
    f, value, outside = pl.col("mass_kg"), pl.col("value_usd"), ~pl.col("inside")
    parts = {
        "mass": pl.when(outside).then(f),
        "mass_inside": pl.when(~outside).then(f),
        "weighted": pl.when(outside).then(wide_product(f, pl.col("g"))),
        "ungoverned": pl.when(outside & pl.col("g").is_null()).then(f),
        "value": pl.when(outside).then(value),
        "value_inside": pl.when(~outside).then(value),
        "bare": pl.when(outside).then(pl.col("value_without_mass_usd")),
        "ended_usd": pl.col("ended_usd"),
        "basket_usd": pl.col("basket_usd"),
    }
    year = pl.col("governance_year").max()
    return (
        rows.select("importer_iso3", *KEYS, "governance_year", **parts)
        .group_by("importer_iso3", *KEYS)
        .agg(*(pl.col(name).sum() for name in parts), year)
    )


def imports(trade: pl.LazyFrame, governance: pl.LazyFrame, belonging: pl.LazyFrame) -> pl.LazyFrame:
    """Sum the imports of countries, then those of blocs: half the rows in memory at a time.

    Args:
        trade: `importer_iso3` and `exporter_iso3` (countries only), `KEYS`, `AMOUNTS`.
        governance: as `scores` gives it.
        belonging: `bloc`, `iso3`, `year`.

    """
    trade = categorical(trade.select("importer_iso3", "exporter_iso3", *KEYS, *AMOUNTS))
    countries = trade.with_columns(inside=pl.lit(value=False))
    g = categorical(governance).collect().lazy()
    cells = [
        plain(
            sums(rows.join(g, on=["exporter_iso3", "year"], how="left", validate="m:1"))
        ).collect()
        for rows in (countries, of_blocs(trade, categorical(belonging)))
    ]
    return pl.concat(cells).lazy()


def output(production: pl.LazyFrame, stages: pl.LazyFrame) -> pl.LazyFrame:
    """Concentration of world production behind each stage of trade.

    Args:
        production: as `mart.production`, the last edition of each stage and year.
        stages: `trade_stage`, `production_stage`, `preference`.

    Gives `mineral`, `stage`, `year`, `production_stage`, `measure`, `hhi`, `hhi_low`, `hhi_high`,
    `production_unallocated_share` and `production_reason`.

    """
    measured = production_concentration.compute(production.rename({"production_stage": "stage"}))
    first = (
        production.select("mineral", "production_stage")
        .unique()
        .join(stages, on="production_stage")
        .group_by("mineral", "trade_stage")
        .agg(pl.col("production_stage").sort_by("preference").first())
    )
    return first.join(
        measured.select(
            "mineral",
            "year",
            "measure",
            "hhi",
            "hhi_low",
            "hhi_high",
            production_stage="stage",
            production_reason="reason",
            production_unallocated_share="unallocated_share",
        ),
        on=["mineral", "production_stage"],
    ).rename({"trade_stage": "stage"})
