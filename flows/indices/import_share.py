"""Import share: which part of an importer's supply of a mineral comes from each exporter.

s_p = x_p / sum x over exporters that are countries (they sum to 1). The unallocated part u is
left out of the point; `_low` keeps it in the whole as nobody's, `_high` as this exporter's.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import imports as explained
from flows.indices.formulas.basket import (
    by_basis,
    categorical,
    missing_weight,
    series_columns,
    trade_reason,
)
from flows.indices.formulas.concentration import ratio
from flows.indices.formulas.declared import share

CELL = ["importer_iso3", "mineral", "stage", "year", "basis", "source", "edition"]


def compute(mart_mineral_trade: pl.LazyFrame, ref_country: pl.LazyFrame) -> pl.LazyFrame:
    """Share of every exporter in every importer, mineral, stage, year and basis.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        ref_country: `iso3` and `kind`; exporters of kind `unallocated` are nobody's.

    """
    unnamed = ref_country.select(exporter_iso3="iso3", unnamed=pl.col("kind") == "unallocated")
    rows = by_basis(mart_mineral_trade).join(
        categorical(unnamed), on="exporter_iso3", how="left", validate="m:1"
    )
    x, total = pl.col("amount"), pl.col("total")
    whole = total + pl.col("unallocated")
    known = pl.col("reason").is_null()
    return (
        rows.filter(~pl.col("unnamed"))
        .select(*CELL, "exporter_iso3", "amount", row_reason=row_reason())
        .join(totals_of(rows), on=CELL, validate="m:1")
        .with_columns(reason=pl.coalesce("cell_reason", "row_reason"))
        .with_columns(
            import_share=pl.when(known).then(ratio(x, total)),
            import_share_low=pl.when(known).then(ratio(x, whole)),
            import_share_high=pl.when(known).then(ratio(x + pl.col("unallocated"), whole)),
        )
    )


def totals_of(rows: pl.LazyFrame) -> pl.LazyFrame:
    """By cell: total over named exporters, unallocated amount, and why there is no share."""
    unnamed = pl.col("unnamed")
    return (
        rows.with_columns(
            named_amount=pl.when(~unnamed).then(pl.col("amount")),
            unnamed_amount=pl.when(unnamed).then(pl.col("amount")),
        )
        .group_by(CELL)
        .agg(
            pl.col("value_usd", "value_without_mass_usd", "ended_usd", "basket_usd").sum(),
            total=pl.col("named_amount").sum(),
            unallocated=pl.col("unnamed_amount").sum(),
        )
        .with_columns(weight_missing_share=missing_weight())
        .select(*CELL, "total", "unallocated", cell_reason=trade_reason(pl.col("total")))
    )


def row_reason() -> pl.Expr:
    """Why this exporter has no share although the cell has a total."""
    return (
        pl.when(pl.col("amount").is_not_null())
        .then(None)
        .when(pl.col("value_usd").is_not_null())
        .then(pl.lit("weight_missing"))
        .when(pl.col("ended_usd") > 0)
        .then(pl.lit("code_ended"))
        .otherwise(pl.lit("basket_code"))
    )


INDEX = Index(
    table=Table(
        schema="indices",
        name="import_share",
        meaning="Share of an importer's supply of a mineral that comes from each exporter",
        grain=("importer_iso3", "exporter_iso3", *CELL[1:]),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            Column("exporter_iso3", "text", "exporting economy", key="mart.economy.economy"),
            *series_columns(),
            share("import_share", "share of what is allocated to countries"),
            share("import_share_low", "if the unallocated part is nobody's"),
            share("import_share_high", "if it is this exporter's"),
            Column(
                "reason", "text", "why there is no share", nullable=True, key="ref.reason.reason"
            ),
        ),
        sources=("baci",),
        formula="x_p / sum(x)",
        citation="methods as in UN Comtrade, EU and USGS practice; own bounds",
    ),
    inputs=("mart.mineral_trade", "ref.country"),
    compute=compute,
    explain=explained.import_share,
)
