"""What a policy measure is an event for: whose imports of which goods, and from which day on."""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.basket import SERIES
from flows.indices.formulas.mineral_rows import ENDLESS
from flows.indices.formulas.policy_spells import EVERYBODY

HEADLINE = "all"
MEASURE = ["measure_source", "measure_edition", "measure"]
EVENT = [*MEASURE, "importer_iso3", *SERIES]


def events(measure: pl.LazyFrame, basket: pl.LazyFrame, watched: pl.LazyFrame) -> pl.DataFrame:
    """One row for each measure, importer that it affects, and series that has its goods.

    Args:
        measure: columns of `mart.measure`.
        basket: columns of `mart.basket`.
        watched: `importer_iso3`: who is affected by a measure on everybody.

    Gives `EVENT`, exporter_iso3 (who issues it), day, first_year and last_year of the codes,
    unconfirmed, mineral_only (it names no code, so the mineral's headline stands for its goods) and
    partly_covered (it names some of the codes only).

    """
    renamed = {"source": "measure_source", "edition": "measure_edition"}
    every = measure.filter(pl.col("mineral").is_not_null()).drop("stage").rename(renamed)
    found = pl.concat(
        [by_form(every, basket), by_mineral_alone(every, basket)], how="diagonal"
    ).collect()
    named = found.filter(pl.col("target") != EVERYBODY).with_columns(importer_iso3="target")
    others = found.filter(pl.col("target") == EVERYBODY).join(watched.collect(), how="cross")
    rows = pl.concat([named, others.select(named.columns)])
    return rows.filter(pl.col("importer_iso3") != pl.col("exporter_iso3")).drop("target")


def by_form(every: pl.LazyFrame, basket: pl.LazyFrame) -> pl.LazyFrame:
    """Series that sum a code of a form that the measure names."""
    forms = every.filter(pl.col("form").is_not_null())
    summed = pl.len().over(SERIES)
    codes = summed_codes(basket).with_columns(codes=summed)
    return (
        forms.join(codes, on=["mineral", "form"])
        .group_by(*MEASURE, *SERIES)
        .agg(*said(), partly_covered=pl.col("hs6_summed").n_unique() < pl.col("codes").first())
        .with_columns(mineral_only=pl.lit(value=False))
    )


def by_mineral_alone(every: pl.LazyFrame, basket: pl.LazyFrame) -> pl.LazyFrame:
    """Headline of a mineral for which the measure names no code at all."""
    silent = every.filter(pl.col("hs6").is_null().all().over(*MEASURE, "mineral"))
    codes = summed_codes(basket).filter(pl.col("stage") == HEADLINE)
    return (
        silent.join(codes, on="mineral")
        .group_by(*MEASURE, *SERIES)
        .agg(*said())
        .with_columns(mineral_only=pl.lit(value=True), partly_covered=pl.lit(value=False))
    )


def summed_codes(basket: pl.LazyFrame) -> pl.LazyFrame:
    """Codes that are summed, with the years in which they mean their form."""
    used = basket.filter(pl.col("exclusion").is_null())
    return used.select(
        *SERIES, "form", "first_year", pl.col("last_year").fill_null(ENDLESS), hs6_summed="hs6"
    )


def said() -> list[pl.Expr]:
    """What a measure says of itself on every row of its goods, and years of the codes."""
    read = ("confirmation", "effective_confirmation", "code_confirmation")
    unread = pl.any_horizontal(pl.col(name) == "unconfirmed" for name in read)
    return [
        pl.col("issuer_iso3").first().alias("exporter_iso3"),
        pl.col("effective").first().alias("day"),
        pl.col("target", "kind").first(),
        unread.any().alias("unconfirmed"),
        pl.col("first_year").min(),
        pl.col("last_year").max(),
    ]
