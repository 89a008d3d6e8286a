"""Rows by HS code summed to minerals and stages, as `mart.mineral_trade` has annual imports."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.formulas.basket import SERIES

ENDLESS = 9999
AMOUNTS = ("value_usd", "mass_kg", "value_without_mass_usd", "ended_usd", "basket_usd")


def by_mineral(
    trade: pl.LazyFrame, basket: pl.LazyFrame, period: Sequence[str] = ("year",)
) -> pl.LazyFrame:
    """Sum rows by HS code to every mineral and stage whose basket has the code.

    Args:
        trade: `source`, `edition`, `hs6`, `period`, `importer_iso3`, `exporter_iso3`, `value_usd`
            and `mass_kg` (whole units; null = not reported).
        basket: columns of `mart.basket`.
        period: columns that say when; `year` among them.

    Gives `SERIES`, `period`, importer_iso3, exporter_iso3 and `AMOUNTS`, as `mart.mineral_trade`.

    """
    codes = basket.filter(pl.col("exclusion").is_null()).select(
        *SERIES, "hs6", "specificity", "first_year", pl.col("last_year").fill_null(ENDLESS)
    )
    begun = pl.col("year").is_between(pl.col("first_year"), pl.col("last_year"))
    mixes = pl.col("specificity") == "basket"
    value, mass = pl.col("value_usd"), pl.col("mass_kg")
    summed = begun & ~mixes
    parts = {
        "value_usd": pl.when(summed).then(value),
        "mass_kg": pl.when(summed).then(mass),
        "value_without_mass_usd": pl.when(summed & mass.is_null()).then(value).otherwise(0),
        "ended_usd": pl.when(~begun).then(value).otherwise(0),
        "basket_usd": pl.when(begun & mixes).then(value).otherwise(0),
    }
    return (
        trade.join(codes, on=["source", "edition", "hs6"])
        .select(*SERIES, *period, "importer_iso3", "exporter_iso3", **parts)
        .group_by(*SERIES, *period, "importer_iso3", "exporter_iso3")
        .agg(sum_of(name) for name in AMOUNTS)
    )


def sum_of(name: str) -> pl.Expr:
    """Sum a column; null where nothing is known."""
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)
