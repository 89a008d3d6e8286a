"""Windows of twelve months: what an importer reports in the year that ends with each month.

A window ends with every month that the importer reports at all. Months of the window without any
row of his are missing, and make it provisional; a mineral that he does not name in a month that he
reports is not traded then. A window lies within one edition, so within one HS revision.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.basket import SERIES, categorical
from flows.indices.formulas.mineral_rows import AMOUNTS, by_mineral, sum_of

MONTHS = 12
REPORTER = ["source", "edition", "importer_iso3"]
PROVISIONAL_CERTAINTY = 0.7
"""Part of the confidence for a period that is not final; 1 where it is."""


def month_number() -> pl.Expr:
    """Number the months since the year 0, so that a month more is 1 more."""
    return pl.col("year") * MONTHS + pl.col("month").cast(pl.Int32) - 1


def as_months(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Turn `year`, where it holds the number of a month, into year and month."""
    number = pl.col("year")
    return rows.with_columns(year=number // MONTHS, month=number % MONTHS + 1)


def reported_months(monthly: pl.LazyFrame) -> pl.LazyFrame:
    """Months that each importer reports: `REPORTER` and `year`, a month's number."""
    return monthly.select(*REPORTER, year=month_number()).unique()


def window_ends() -> pl.LazyFrame:
    """Steps from a month to the ends of the windows that hold it: `step`, 0 to 11."""
    return pl.LazyFrame({"step": range(MONTHS)}, schema={"step": pl.Int32})


def months_known(monthly: pl.LazyFrame) -> pl.LazyFrame:
    """Count the months reported in each window: `REPORTER`, `year` (its end) and `months`."""
    there = reported_months(monthly)
    held = there.join(window_ends(), how="cross").with_columns(pl.col("year") + pl.col("step"))
    return (
        held.join(there, on=[*REPORTER, "year"], how="semi")
        .group_by(*REPORTER, "year")
        .agg(months=pl.len().cast(pl.Int64))
    )


def windows(monthly: pl.LazyFrame, basket: pl.LazyFrame) -> pl.LazyFrame:
    """Sum trade over each window: the columns of `mart.mineral_trade`, `year` being its end.

    Args:
        monthly: columns of `mart.monthly_trade`.
        basket: columns of `mart.basket`.

    """
    rows = by_mineral(monthly, basket, ("year", "month")).with_columns(year=month_number())
    ends = categorical(reported_months(monthly)).collect().lazy()
    months = categorical(rows.drop("month")).collect()
    # A month is in twelve windows: one mineral at a time, so that few of these are in memory.
    parts = [summed(part.lazy(), ends).collect() for part in months.partition_by("mineral")]
    return pl.concat(parts or [months]).lazy()


def summed(months: pl.LazyFrame, ends: pl.LazyFrame) -> pl.LazyFrame:
    """Sum months over the windows that hold them and end with a month that is reported."""
    return (
        months.join(window_ends(), how="cross")
        .with_columns(pl.col("year") + pl.col("step"))
        .join(ends, on=[*REPORTER, "year"], how="semi")
        .group_by(*SERIES, "year", "importer_iso3", "exporter_iso3")
        .agg(sum_of(name) for name in AMOUNTS)
    )


def is_provisional() -> pl.Expr:
    """Whether months of the window are missing."""
    return pl.col("months") < MONTHS


def certainty_of_time() -> pl.Expr:
    """The part of the confidence that says whether the window is whole."""
    return pl.when(is_provisional()).then(PROVISIONAL_CERTAINTY).otherwise(1.0)
