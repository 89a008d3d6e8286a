"""Each importer's suppliers of a mineral on each basis, in whole dollars and kilograms.

What the indices beside `import_concentration` start from. They take its cells, and with them
its reasons, flags and confidence, so that no index has a number where another says why there
is none. Rows hold categorical text, which is small and quick; cells hold plain text.
"""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

from flows.indices.formulas.basket import bases, categorical

CELL = ["importer_iso3", "mineral", "stage", "year", "basis", "source", "edition"]

VERDICT = ["flags", "reason", "confidence"]


def supplier_rows(mart_mineral_trade: pl.LazyFrame, ref_country: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each cell and exporter, of both bases; see `supplier_bases`."""
    return pl.concat(supplier_bases(mart_mineral_trade, ref_country))


def supplier_bases(
    mart_mineral_trade: pl.LazyFrame, ref_country: pl.LazyFrame
) -> list[pl.LazyFrame]:
    """One row for each cell and exporter, one frame a basis.

    Each has `CELL`, exporter_iso3, amount (null = not reported), allocated, and x: the amount of
    a supplier that is a country, null where there is none.
    """
    allocated = categorical(
        ref_country.select(exporter_iso3="iso3", allocated=pl.col("kind") != "unallocated")
    )
    supplies = pl.col("allocated") & (pl.col("amount") > 0)
    return [
        rows.select(*CELL, "exporter_iso3", "amount")
        .join(allocated, on="exporter_iso3", how="left", validate="m:1")
        .with_columns(x=pl.when(supplies).then(pl.col("amount")))
        for rows in bases(mart_mineral_trade)
    ]


def supplier_totals(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Sum each cell exactly: total and largest of the suppliers, unallocated, suppliers."""
    x = pl.col("x")
    nobodys = pl.when(~pl.col("allocated")).then(pl.col("amount"))
    cells = (
        rows.with_columns(nobodys=nobodys)
        .group_by(CELL)
        .agg(
            total=x.sum(),
            largest=x.max(),
            suppliers=x.count().cast(pl.Int64),
            unallocated=pl.col("nobodys").sum(),
        )
    )
    return plain(cells)


def plain(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Make categorical columns text again, so that they join with plain ones."""
    return cells.with_columns((cs.categorical() | cs.enum()).cast(pl.String))


def verdicts(indices_import_concentration: pl.LazyFrame) -> pl.LazyFrame:
    """Give what import concentration says of every cell: flags, reason, confidence."""
    return plain(indices_import_concentration.select(*CELL, *VERDICT))
