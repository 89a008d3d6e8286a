"""Amounts that policy measures are about: by HS code, for the exporters that issue one."""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.basket import SERIES
from flows.indices.formulas.mineral_rows import ENDLESS, by_mineral
from flows.indices.formulas.policy_stretches import FIRST_YEAR
from flows.indices.formulas.suppliers import supplier_rows, supplier_totals

BASES = {"value": "value_usd", "mass": "mass_kg"}


def selected(rows: pl.LazyFrame, covers: pl.DataFrame) -> pl.LazyFrame:
    """Keep the series that a measure is about, and the years that count."""
    series = covers.select(SERIES).unique()
    kept = rows.collect_schema().names()
    return (
        rows.filter(
            pl.col("year") >= FIRST_YEAR - 1, pl.col("mineral").is_in(series["mineral"].to_list())
        )
        .with_columns(pl.col(SERIES).cast(pl.String))
        .join(series.lazy(), on=SERIES, how="semi")
        .select(kept)
    )


def totals(mineral_trade: pl.LazyFrame, country: pl.LazyFrame) -> pl.DataFrame:
    """Total that is allocated to countries, and the unallocated part, of each cell."""
    sums = supplier_totals(supplier_rows(mineral_trade, country))
    return sums.select("importer_iso3", *SERIES, "year", "basis", "total", "unallocated").collect()


def code_amounts(
    trade: pl.LazyFrame,
    basket: pl.LazyFrame,
    bloc_report: pl.LazyFrame,
    bloc_member: pl.LazyFrame,
    covers: pl.DataFrame,
) -> pl.DataFrame:
    """What each importer, whole blocs among them, buys of each exporter that issues a measure.

    Gives importer_iso3, `SERIES`, year, basis, exporter_iso3, hs6 and amount (USD or kg; what is
    in the sum of `mart.mineral_trade`, code by code; null = sold without a weight).
    """
    series = covers.lazy().select(SERIES).unique()
    codes = basket.join(series, on=SERIES, how="semi")
    hs6 = codes.select("source", "edition", "hs6").unique()
    rows = (
        trade.filter(
            pl.col("year") >= FIRST_YEAR - 1,
            pl.col("exporter_iso3").is_in(covers["exporter_iso3"].unique().to_list()),
            pl.col("importer_iso3") != pl.col("exporter_iso3"),
        )
        .with_columns(
            pl.col("source", "edition", "hs6", "importer_iso3", "exporter_iso3").cast(pl.String)
        )
        .join(hs6, on=["source", "edition", "hs6"], how="semi")
        .collect()
        .lazy()
    )
    every = pl.concat([rows, of_blocs(rows, bloc_report, bloc_member)], how="diagonal")
    by_code = by_mineral(every, codes, ("year", "hs6"))
    return (
        pl.concat(
            by_code.select(
                "importer_iso3",
                *SERIES,
                "year",
                "exporter_iso3",
                "hs6",
                "value_usd",
                basis=pl.lit(basis),
                amount=pl.col(column),
            )
            for basis, column in BASES.items()
        )
        .filter(pl.coalesce("amount", "value_usd") > 0)
        .drop("value_usd")
        .collect()
    )


def of_blocs(
    rows: pl.LazyFrame, bloc_report: pl.LazyFrame, bloc_member: pl.LazyFrame
) -> pl.LazyFrame:
    """Rows of members as those of their whole blocs, trade within a bloc left out."""
    of_year = pl.col("year").is_between(
        pl.col("from_year").fill_null(0), pl.col("to_year").fill_null(ENDLESS)
    )
    whole = bloc_report.filter("is_whole").select("source", "edition", "year", "bloc")
    members = bloc_member.select("bloc", "iso3", "from_year", "to_year")
    inside = members.select(
        "bloc",
        exporter_iso3="iso3",
        begins=pl.col("from_year").fill_null(0),
        ends=pl.col("to_year").fill_null(ENDLESS),
    )
    within = pl.col("year").is_between("begins", "ends").fill_null(value=False)
    theirs = (
        rows.join(members, left_on="importer_iso3", right_on="iso3")
        .filter(of_year)
        .join(whole, on=["source", "edition", "year", "bloc"], how="semi")
        .join(inside, on=["bloc", "exporter_iso3"], how="left")
        .filter(~within)
    )
    return theirs.with_columns(importer_iso3="bloc").select(rows.collect_schema().names())
