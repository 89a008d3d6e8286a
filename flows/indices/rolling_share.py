"""Rolling share: which part of twelve months' supply of a mineral comes from each exporter.

The share of `import_share.py`, over the sums of the twelve months that end with each month.
"""

from __future__ import annotations

import polars as pl

from flows.indices import import_share
from flows.indices.contract import Column, Index, Table
from flows.indices.explained import rolling as explained
from flows.indices.formulas.basket import categorical, flag_list, series_columns
from flows.indices.formulas.declared import share
from flows.indices.formulas.windows import (
    MONTHS,
    REPORTER,
    as_months,
    is_provisional,
    months_known,
    windows,
)


def compute(
    mart_monthly_trade: pl.LazyFrame, mart_basket: pl.LazyFrame, ref_country: pl.LazyFrame
) -> pl.LazyFrame:
    """Share of every exporter in every importer's twelve months up to each month it reports.

    Args:
        mart_monthly_trade: imports by HS code and month.
        mart_basket: the codes of each series.
        ref_country: `iso3` and `kind`.

    """
    shares = import_share.compute(windows(mart_monthly_trade, mart_basket), ref_country)
    known = categorical(months_known(mart_monthly_trade))
    return as_months(
        shares.join(known, on=[*REPORTER, "year"], validate="m:1").with_columns(
            flags=flag_list({"provisional": is_provisional()})
        )
    )


MONTH = Column("month", "int", "last month of the window", unit="month", low=1, high=MONTHS)
KNOWN = Column(
    "months", "int", "months of the window that are reported", unit="count", low=1, high=MONTHS
)

INDEX = Index(
    table=Table(
        schema="indices",
        name="rolling_share",
        meaning="Share of an importer's supply of a mineral over twelve months, by exporter",
        grain=(
            "importer_iso3",
            "exporter_iso3",
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
            Column("exporter_iso3", "text", "exporting economy", key="mart.economy.economy"),
            *series_columns(),
            MONTH,
            share("import_share", "share of what is allocated to countries"),
            share("import_share_low", "if the unallocated part is nobody's"),
            share("import_share_high", "if it is this exporter's"),
            KNOWN,
            Column("flags", "texts", "what to know of the number", key="ref.flag.flag"),
            Column(
                "reason", "text", "why there is no share", nullable=True, key="ref.reason.reason"
            ),
        ),
        sources=("comtrade",),
        formula="x_p / sum(x), x summed over the twelve months that end with the month",
        citation="methods as in UN Comtrade, EU and USGS practice; own bounds",
        may_be_empty=True,
    ),
    inputs=("mart.monthly_trade", "mart.basket", "ref.country"),
    compute=compute,
    explain=explained.rolling_share,
)
