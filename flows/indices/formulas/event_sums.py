"""Sums before and after an event: of the exporter that issues a measure, and of all the others.

Periods are years, or months numbered since the year 0. The one in which the event falls is in
neither window. A period that the importer reports and names no trade in counts as one of none; a
period whose cell has a reason against it is left out, and told.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.basket import SERIES, WEIGHT_MISSING_LIMIT, missing_weight
from flows.indices.formulas.event_goods import EVENT
from flows.indices.formulas.mineral_rows import by_mineral
from flows.indices.formulas.policy_amounts import BASES
from flows.indices.formulas.suppliers import plain
from flows.indices.formulas.windows import MONTHS, month_number, reported_months

PERIOD = ["importer_iso3", *SERIES, "basis", "period"]
WINDOW = [*EVENT, "basis", "frequency", "span", "side_of_event"]
SPANS = {"year": (1, 3), "month": (MONTHS,)}
"""Periods on each side, by frequency."""
ISSUER, COMPARISON = "issuer", "comparison"


def supplies(rows: pl.LazyFrame, country: pl.LazyFrame) -> pl.LazyFrame:
    """Lay trade out by basis: `PERIOD`, exporter_iso3, x (USD or kg) and weighed_usd.

    Of an exporter that sells without a weight x is null by mass.

    Args:
        rows: `mart.mineral_trade` with `period`.
        country: `iso3` and `kind`; what is nobody's is no supply.

    """
    nobodys = country.filter(pl.col("kind") == "unallocated").select(exporter_iso3="iso3")
    named = plain(rows).join(nobodys, on="exporter_iso3", how="anti")
    weighed = pl.col("value_usd") - pl.col("value_without_mass_usd")
    names = ["importer_iso3", *SERIES, "period", "exporter_iso3"]
    return pl.concat(
        named.select(
            *names, "value_usd", basis=pl.lit(basis), x=pl.col(column), weighed_usd=weighed
        )
        for basis, column in BASES.items()
    ).filter(pl.coalesce("x", "value_usd") > 0)


def yearly(
    everything: pl.LazyFrame, trade: pl.LazyFrame, concentration: pl.LazyFrame
) -> tuple[pl.LazyFrame, pl.LazyFrame, pl.LazyFrame]:
    """Rows, reported periods and reasons by year.

    Args:
        everything: annual trade in every mineral, which says what years an importer reports.
        trade: that in the minerals asked for.
        concentration: `reason` of each cell.

    """
    rows = trade.with_columns(period=pl.col("year").cast(pl.Int32))
    reported = plain(
        everything.select(
            "source", "edition", "importer_iso3", period=pl.col("year").cast(pl.Int32)
        ).unique()
    )
    reasons = (
        plain(concentration.select("importer_iso3", *SERIES, "basis", "year", "reason"))
        .filter(pl.col("reason").is_not_null() & (pl.col("reason") != "no_trade"))
        .rename({"year": "period"})
    )
    return rows, reported, reasons


def monthly(
    trade: pl.LazyFrame, basket: pl.LazyFrame
) -> tuple[pl.LazyFrame, pl.LazyFrame, pl.LazyFrame]:
    """Rows, reported periods and reasons by month, from `mart.monthly_trade`."""
    rows = by_mineral(trade, basket, ("year", "month")).with_columns(period=month_number())
    reported = plain(reported_months(trade).rename({"year": "period"}))
    keys = ["importer_iso3", *SERIES, "period"]
    light = (
        rows.group_by(keys)
        .agg(pl.col("value_usd", "value_without_mass_usd").sum())
        .filter(missing_weight() > WEIGHT_MISSING_LIMIT)
        .select(*keys, basis=pl.lit("mass"), reason=pl.lit("weight_missing"))
    )
    return rows, reported, plain(light)


def windows(events: pl.DataFrame, frequency: str) -> pl.LazyFrame:
    """Every period of every window: `WINDOW`, `period` and the event's exporter."""
    day = pl.col("day")
    at = day.dt.year() if frequency == "year" else day.dt.year() * MONTHS + day.dt.month() - 1
    steps = pl.LazyFrame(
        [
            (span, side, sign * step)
            for span in SPANS[frequency]
            for side, sign in (("before", -1), ("after", 1))
            for step in range(1, span + 1)
        ],
        schema={"span": pl.Int64, "side_of_event": pl.String, "step": pl.Int32},
        orient="row",
    )
    bases = pl.LazyFrame({"basis": list(BASES)})
    return (
        events.lazy()
        .join(bases, how="cross")
        .join(steps, how="cross")
        .with_columns(frequency=pl.lit(frequency), period=at.cast(pl.Int32) + pl.col("step"))
        .select(*WINDOW, "period", "first_year", "last_year", issuer="exporter_iso3")
    )


def summed(
    periods: pl.LazyFrame,
    rows: pl.LazyFrame,
    reported: pl.LazyFrame,
    reasons: pl.LazyFrame,
) -> pl.LazyFrame:
    """Sum every window: `WINDOW`, periods (counted), sums of both sides, and why periods fail.

    `issuer_unweighed` and `comparison_unweighed` say that a side sells, and nothing with a weight.

    Amounts are first summed by exporter over the window, so that concentration is that of the
    window's whole trade. Squares are Int128, exact in any order.
    """
    year = calendar_year()
    begun = periods.with_columns(
        failing=pl.when(year < pl.col("first_year"))
        .then(pl.lit("code_not_begun"))
        .when(year > pl.col("last_year"))
        .then(pl.lit("code_ended"))
    )
    known = (
        begun.join(reported, on=["source", "edition", "importer_iso3", "period"], how="inner")
        .join(reasons, on=PERIOD, how="left")
        .with_columns(failing=pl.coalesce("failing", "reason"))
    )
    counted = known.filter(pl.col("failing").is_null())
    tallies = known.group_by(WINDOW).agg(
        periods=pl.col("failing").is_null().sum().cast(pl.Int64), failing=pl.col("failing").min()
    )
    theirs = pl.col("exporter_iso3") == pl.col("issuer")
    wide = pl.col("x").cast(pl.Int128)
    sums = (
        counted.select(*WINDOW, "period", "issuer")
        .join(rows, on=PERIOD)
        .group_by(*WINDOW, "issuer", "exporter_iso3")
        .agg(pl.col("x", "weighed_usd").sum(), is_weighed=pl.col("x").count() > 0)
        .group_by(WINDOW)
        .agg(
            issuer_unweighed=theirs.any() & ~(theirs & pl.col("is_weighed")).any(),
            comparison_unweighed=(~theirs).any() & ~(~theirs & pl.col("is_weighed")).any(),
            issuer=pl.col("x").filter(theirs).sum(),
            comparison=pl.col("x").filter(~theirs).sum(),
            issuer_usd=pl.col("weighed_usd").filter(theirs).sum(),
            comparison_usd=pl.col("weighed_usd").filter(~theirs).sum(),
            squares=(wide * wide).sum(),
            other_squares=(wide * wide).filter(~theirs).sum(),
        )
    )
    every = periods.select(WINDOW).unique()
    found = every.join(tallies, on=WINDOW, how="left").join(sums, on=WINDOW, how="left")
    # Eight figures are read from it; computed once.
    return found.collect().lazy()


def calendar_year() -> pl.Expr:
    """Year of a period, whichever its frequency."""
    monthly_ = pl.col("frequency") == "month"
    return pl.when(monthly_).then(pl.col("period") // MONTHS).otherwise(pl.col("period"))
