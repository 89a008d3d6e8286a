"""Rolling concentration: how few exporters twelve months' supply of a mineral comes from.

The measures of `import_concentration.py`, over the sums of the twelve months that end with each
month.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import rolling as explained
from flows.indices.formulas import basket, concentration
from flows.indices.formulas.confidence import grade, score
from flows.indices.formulas.suppliers import plain
from flows.indices.formulas.windows import (
    REPORTER,
    as_months,
    certainty_of_time,
    is_provisional,
    months_known,
    windows,
)
from flows.indices.rolling_share import KNOWN, MONTH


def compute(
    mart_monthly_trade: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_specificity: pl.LazyFrame,
) -> pl.LazyFrame:
    """Concentration of every importer's twelve months up to each month that it reports.

    Args:
        mart_monthly_trade: imports by HS code and month.
        mart_basket: the codes of each series.
        ref_country: `iso3` and `kind`.
        ref_specificity: `specificity` and `confidence_factor`.

    """
    summed = windows(mart_monthly_trade, mart_basket)
    cells = basket.trade_cells(summed, ref_country, "importer_iso3")
    known = basket.judged(cells, basket.basket_traits(mart_basket, ref_specificity))
    late = pl.when(is_provisional()).then(pl.lit(["provisional"])).otherwise(pl.lit([]))
    return as_months(
        plain(known)
        .join(months_known(mart_monthly_trade), on=[*REPORTER, "year"], validate="m:1")
        .with_columns(
            flags=pl.col("flags").list.set_union(late).list.sort(), confidence=confidence()
        )
    )


def confidence() -> pl.Expr:
    """Grade a window by the parts of an annual cell, and by whether all of its months are there."""
    parts = basket.trade_parts() | {"c_time": certainty_of_time()}
    graded = grade(score(list(parts.values())), basket.capped())
    return pl.when(pl.col("reason").is_null()).then(graded)


INDEX = Index(
    table=Table(
        schema="indices",
        name="rolling_concentration",
        meaning="Concentration of an importer's supply of a mineral over twelve months",
        grain=(
            "importer_iso3",
            "mineral",
            "stage",
            "year",
            "month",
            "basis",
            "source",
            "edition",
        ),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *basket.series_columns(),
            MONTH,
            *concentration.measure_columns("exporters"),
            *basket.trade_columns(),
            KNOWN,
            *concentration.verdict_columns(),
        ),
        sources=("comtrade",),
        formula="sum(s_p^2), shares s_p over the twelve months that end with the month",
        citation="Hirschman (1964), American Economic Review 54(5); Herfindahl (1950)",
        may_be_empty=True,
    ),
    inputs=("mart.monthly_trade", "mart.basket", "ref.country", "ref.specificity"),
    compute=compute,
    explain=explained.rolling_concentration,
)
