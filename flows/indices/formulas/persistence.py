"""Persistence: in how many of the last years a screen flagged the same cell.

One in five products that the EU's screen flagged in 2018 was not flagged a year later
(CEPII, Policy Brief 2023-41), so no flag is shown without its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from flows.indices.contract import Column, sorted_by
from flows.indices.formulas.thresholds import Threshold

LAST_YEARS = 5


def with_history(
    rows: pl.LazyFrame, series: Sequence[str], flagged: str, windows: Sequence[int]
) -> pl.LazyFrame:
    """Count over the years up to and including each row's, for each window of years.

    Args:
        rows: `series`, `year` (one row each) and `flagged` (bool; null = not known).
        series: what stays the same from year to year.
        flagged: the column to count.
        windows: lengths in years, this year included.

    Adds years_flagged_<n> and years_known_<n>.

    """
    ordered = sorted_by(rows.collect(), [*series, "year"])
    changes = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in series)
    runs = ordered.with_columns(changes.cum_sum().alias(RUN)).lazy()
    counts = {}
    for window in windows:
        flags = [
            pl.when(within(back, window)).then(pl.col(flagged).shift(back))
            for back in range(window)
        ]
        counts[f"years_flagged_{window}"] = count(flag.fill_null(value=False) for flag in flags)
        counts[f"years_known_{window}"] = count(flag.is_not_null() for flag in flags)
    return runs.with_columns(**counts).drop(RUN)


RUN = "__run"


def within(back: int, window: int) -> pl.Expr:
    """Whether the row so many rows back is of the same series and within the window."""
    same = pl.col(RUN) == pl.col(RUN).shift(back)
    return same & (pl.col("year") - pl.col("year").shift(back) < window)


def count(tests: Iterable[pl.Expr]) -> pl.Expr:
    """Count the tests that hold."""
    return pl.sum_horizontal(test.cast(pl.Int64) for test in tests)


def in_window(rows: pl.LazyFrame, enough: Threshold, window: int) -> pl.LazyFrame:
    """Add `dependent`: flagged in enough years of the window, whatever the missing ones were.

    Where the missing years could change the answer it is null, reason `too_few_years`.

    Args:
        rows: `reason` and what `with_history` adds.
        enough: the threshold of years.
        window: its length in years.

    """
    flagged = pl.col(f"years_flagged_{window}")
    missing = window - pl.col(f"years_known_{window}")
    at_least, at_most = enough.met(flagged), enough.met(flagged + missing)
    open_ = pl.when(at_least != at_most).then(pl.lit("too_few_years"))
    return rows.with_columns(reason=pl.coalesce("reason", open_)).with_columns(
        dependent=pl.when(pl.col("reason").is_null()).then(at_least)
    )


def history_columns(window: int) -> tuple[Column, ...]:
    """Declare the counts of a window."""
    meanings = {
        f"years_flagged_{window}": f"years flagged of the last {window}, this one included",
        f"years_known_{window}": f"years of the last {window} in which it could be told",
    }
    return tuple(
        Column(name, "int", meaning, unit="count", low=0, high=window)
        for name, meaning in meanings.items()
    )
