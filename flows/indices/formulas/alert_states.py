"""When an alert begins and ends: a latch with hysteresis and persistence over a yearly series.

It is set in a year t where the value compared with `on_at` as the rule says in each of the last
`persistence` years that have a number, and released where it did so no longer with `off_at`. With
off_at at or on the lenient side of on_at no year does both, and

    state(t) = on if set(t), off if released(t), else state(t - 1); off before the first.

So between two beginnings lies an end, and a wider hysteresis has a subset of the beginnings. A year
without a number is passed over: it does neither. After `forgets` such years in a row nothing is
known, and the next number starts anew, as the first of a series does. An alert that starts with
the first number did not cross the threshold: it was above all along, as far as is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.formulas.alert_series import SAID, SERIES, AlertRuleError

TESTS = {"gt": pl.Expr.gt, "ge": pl.Expr.ge, "lt": pl.Expr.lt, "le": pl.Expr.le}


def states(series: pl.LazyFrame, rules: pl.LazyFrame) -> pl.LazyFrame:
    """Give the state of each series in each year.

    Args:
        series: `SERIES`, `year`, `value` and anything else; no year twice in a series.
        rules: rule, comparison, on_at, off_at, persistence, forgets.

    Adds state (on, off, unknown), fires (it begins in this year), crosses (it begins, and was not
    so from the first number on), ends, since_year (first year of what made it begin; null while
    off or unknown).

    Raises:
        AlertRuleError: a year is there twice, so that the rule's filters leave something open.

    """
    given = series.sort(*SERIES, "year", nulls_last=True).collect()
    doubled = given.filter(pl.struct(*SERIES, "year").is_duplicated())
    if doubled.height:
        row = doubled.select(*SERIES, "year").row(0, named=True)
        raise AlertRuleError(
            f"alerts.yml: {row['rule']}: several rows are of {row}; its filters must name one"
        )
    wanted = ("rule", "comparison", "on_at", "off_at", "persistence", "forgets")
    rows = given.lazy().join(rules.select(wanted), on="rule", validate="m:1")
    known = latch(rows.filter(pl.col("value").is_not_null()))
    told = ["state", "fires", "crosses", "ends", "since_year"]
    carried = pl.col("state", "since_year", "last_known").forward_fill().over(SERIES)
    is_on = pl.col("state") == "on"
    gap = pl.col("year") - pl.col("last_known")
    forgotten = gap.is_null() | (gap >= pl.col("forgets"))
    return (
        rows.join(
            known.select(*SERIES, "year", *told, last_known="year"),
            on=[*SERIES, "year"],
            how="left",
            validate="1:1",
            nulls_equal=True,
        )
        .sort(*SERIES, "year", nulls_last=True)
        .with_columns(carried)
        .with_columns(
            pl.when(forgotten).then(pl.lit("unknown")).otherwise("state").alias("state"),
            pl.when(is_on & ~forgotten).then("since_year").alias("since_year"),
            pl.col("fires", "crosses", "ends").fill_null(value=False),
        )
        .select(*given.columns, *told)
    )


def latch(known: pl.LazyFrame) -> pl.LazyFrame:
    """Run the latch over the years that have a number.

    `__part` counts the times that a series starts anew; within a part, a streak is the number of
    years up to this one for which a test held without a break.
    """
    part = (*SERIES, "__part")
    passed = pl.col("year") - pl.col("year").shift(1).over(SERIES)
    anew = (passed > pl.col("forgets")).fill_null(value=False)
    rows = (
        known.with_columns(__part=anew.cum_sum().over(SERIES))
        .with_columns(__at=pl.int_range(pl.len()).over(part))
        .with_columns(__over=compares("on_at"), __under=~compares("off_at"))
        .with_columns(__begun=begun("__over", part), __ended=begun("__under", part))
        .with_columns(__set=lasting("__over", "__begun"), __released=lasting("__under", "__ended"))
    )
    latched = pl.when("__set").then(statement=True).when("__released").then(statement=False)
    before = pl.col("__on").shift(1).fill_null(value=False)
    fires = pl.col("__on") & ~before.over(part)
    opened = pl.when(pl.col("__over") & (pl.col("__at") == pl.col("__begun"))).then("year")
    first = pl.when("fires").then(opened.forward_fill().over(part))
    return (
        rows.with_columns(__on=latched.forward_fill().over(part).fill_null(value=False))
        .with_columns(fires=fires, ends=before.over(part) & ~pl.col("__on"))
        .with_columns(crosses=pl.col("fires") & (pl.col("__begun") > 0), __first=first)
        .with_columns(
            since_year=pl.when("__on").then(pl.col("__first").forward_fill().over(part)),
            state=pl.when("__on").then(pl.lit("on")).otherwise(pl.lit("off")),
        )
    )


def compares(threshold: str) -> pl.Expr:
    """Whether the value compares with a threshold as the rule says."""
    value, limit = pl.col("value"), pl.col(threshold)
    test = pl.lit(None, pl.Boolean)
    for word, compared in TESTS.items():
        test = pl.when(pl.col("comparison") == word).then(compared(value, limit)).otherwise(test)
    return test


def begun(test: str, part: Sequence[str]) -> pl.Expr:
    """Place at which the streak of a test began; the place after this one where it does not hold.

    In the year in which a streak is over its place is that of the year after.
    """
    broken = pl.when(~pl.col(test)).then(pl.col("__at") + 1)
    return broken.forward_fill().over(part).fill_null(0)


def lasting(test: str, start: str) -> pl.Expr:
    """Whether a test has held for as many years as the rule wants."""
    return pl.col(test) & (pl.col("__at") - pl.col(start) + 1 >= pl.col("persistence"))


def history(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Give one row a series of what `states` gave: the newest year, and the years it began."""
    years = pl.col("year").cast(pl.String)
    last = ["year", "value", "state", "since_year", *SAID]
    known = pl.col("value").is_not_null()
    span = pl.col("year").filter(known)
    lacking = pl.col("year").max() - span.min() + 1 > span.len()
    return (
        rows.sort(*SERIES, "year", nulls_last=True)
        .group_by(SERIES)
        .agg(
            pl.col(last).sort_by("year").last(),
            first_year=span.min(),
            known_years=span.len().cast(pl.Int64),
            fired_years=years.filter("fires").sort(),
            crossed_years=years.filter("crosses").sort(),
            ended_years=years.filter("ends").sort(),
            flags=pl.when(lacking)
            .then(pl.lit(["gap_years"]))
            .otherwise(pl.lit([], pl.List(pl.String))),
        )
        .filter(pl.col("first_year").is_not_null())
    )
