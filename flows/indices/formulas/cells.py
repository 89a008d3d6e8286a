"""Exact sums by cell, at the speed of one sort: the arithmetic under every concentration.

A cell is what one number is for: an importer, a mineral, a stage, a year and a basis. Amounts are
whole, so that no order of rows can change a sum. Cell and amount are packed into one number, which
sorts many times faster than the two; in that order every sum is a difference of running sums.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.contract import PACKED_ROOM, packed_key

ENTROPY_QUANTUM = 2.0**50
"""x ln x is summed as a whole number of 1/2^50, exactly, in any order."""

DENSE_ROOM = 2**24
"""Cells are numbered by their packed keys up to here; above, by rank."""

CELL, X = "__cell", "__x"


def totals(
    amounts: pl.LazyFrame, keys: Sequence[str], supplier: str, also: Sequence[str] = ()
) -> pl.LazyFrame:
    """Sum each cell exactly.

    Args:
        amounts: `keys`, `supplier`, `amount` (Int64, whole units, null = unknown) and `allocated`;
            at most one row a cell and supplier.
        keys: what makes a cell.
        supplier: the supplier's column.
        also: further columns of whole numbers to sum.

    Gives `keys`, `also` and total (null where no supplier is known), squares (Int128),
    unallocated, largest, largest3, suppliers, tied, top_supplier_iso3 (first by code among the
    largest) and x_ln_x (Int128, in 1/2^50).

    """
    rows = amounts.select(*keys, supplier, *also, "amount", "allocated").collect()
    known = pl.col("allocated") & (pl.col("amount") > 0)
    rows = rows.with_columns(
        cell_numbers(rows, keys).alias(CELL), pl.when(known).then(pl.col("amount")).alias(X)
    )
    suppliers = by_supplier(rows.select(CELL, X).drop_nulls())
    cells = (
        names_of(rows, keys)
        .lazy()
        .join(suppliers.lazy(), on=CELL, how="left", validate="1:1")
        .join(leaders(rows, suppliers, supplier).lazy(), on=CELL, how="left", validate="1:1")
        .join(unallocated(rows).lazy(), on=CELL, how="left", validate="1:1")
        .with_columns(pl.col("suppliers", "largest3", "unallocated").fill_null(0))
        .with_columns(tied=pl.col("tied").fill_null(value=False))
    )
    if also:
        sums = rows.lazy().group_by(CELL).agg(pl.col(also).sum())
        cells = cells.join(sums, on=CELL, validate="1:1")
    return cells.drop(CELL)


def cell_numbers(rows: pl.DataFrame, keys: Sequence[str]) -> pl.Series:
    """Number the cells, so that rows of one cell share a number that is not far above their count.

    Frames with the same set of keys number them alike.
    """
    packed = packed_key(rows, keys)
    if packed is None:
        packed = rows.select(pl.struct(keys).rank("dense")).to_series()
    if packed.len() and int(packed.max()) >= DENSE_ROOM:  # type: ignore[arg-type]
        packed = packed.rank("dense")
    return packed.cast(pl.UInt32)


def names_of(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The keys of every cell, one row a cell."""
    if rows.is_empty():
        return rows.select(CELL, *keys)
    row = lookup(rows[CELL], pl.int_range(1, rows.height + 1, eager=True))
    found = row.filter(row > 0) - 1
    return rows.select(CELL, *keys)[found]


def by_supplier(known: pl.DataFrame) -> pl.DataFrame:
    """Sums over the suppliers of each cell, from its known amounts (`CELL`, `X`)."""
    x, cell = pl.col(X), pl.col(CELL)
    real = x.cast(pl.Float64)
    wide = x.cast(pl.Int128)
    ordered = in_order(known).with_columns(
        running_total=x.cum_sum(),
        running_squares=(wide * wide).cum_sum(),
        running_x_ln_x=(real * real.log() * ENTROPY_QUANTUM).round().cast(pl.Int128).cum_sum(),
        running_count=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        second=pl.when(cell == cell.shift(1)).then(x.shift(1)),
        third=pl.when(cell == cell.shift(2)).then(x.shift(2)),
    )
    ends = ordered.filter(cell.ne_missing(cell.shift(-1)))
    return ends.select(
        CELL,
        total=difference("running_total"),
        squares=difference("running_squares"),
        x_ln_x=difference("running_x_ln_x"),
        suppliers=difference("running_count"),
        largest=x,
        largest3=x + pl.col("second").fill_null(0) + pl.col("third").fill_null(0),
        tied=pl.col("second").eq_missing(x),
    )


def in_order(known: pl.DataFrame) -> pl.DataFrame:
    """Put rows in order of cell, then amount."""
    if known.is_empty():
        return known
    room = int(known[X].max()) + 1  # type: ignore[arg-type]
    fits = (int(known[CELL].max()) + 1) * room < PACKED_ROOM  # type: ignore[arg-type]
    kind = pl.UInt64 if fits else pl.Int128
    packed = pl.col(CELL).cast(kind) * pl.lit(room, kind) + pl.col(X).cast(kind)
    ordered = known.select(packed.alias("packed")).sort("packed")
    return ordered.select(
        (pl.col("packed") // pl.lit(room, kind)).cast(pl.UInt32).alias(CELL),
        (pl.col("packed") % pl.lit(room, kind)).cast(pl.Int64).alias(X),
    )


def difference(running: str) -> pl.Expr:
    """What a running sum grew by since the end of the cell before."""
    return pl.col(running) - pl.col(running).shift(1, fill_value=0)


def leaders(rows: pl.DataFrame, suppliers: pl.DataFrame, supplier: str) -> pl.DataFrame:
    """Whose the largest amount of each cell is: the first by code where several share it."""
    if suppliers.is_empty():
        return pl.DataFrame(schema={CELL: pl.UInt32, "top_supplier_iso3": pl.String})
    largest = lookup(suppliers[CELL], suppliers["largest"], int(rows[CELL].max()) + 1)  # type: ignore[arg-type]
    return (
        rows.lazy()
        .filter(pl.col(X) == largest.gather(rows[CELL]))
        .select(CELL, top_supplier_iso3=pl.col(supplier).cast(pl.String))
        .group_by(CELL)
        .agg(pl.col("top_supplier_iso3").min())
        .collect()
    )


def unallocated(rows: pl.DataFrame) -> pl.DataFrame:
    """Sum of what is allocated to nobody, by cell; cells without any are left out."""
    return (
        rows.lazy()
        .filter(~pl.col("allocated"))
        .group_by(CELL)
        .agg(unallocated=pl.col("amount").sum())
        .collect()
    )


def lookup(cells: pl.Series, values: pl.Series, room: int | None = None) -> pl.Series:
    """Lay values out by cell number, 0 where there is none."""
    size = room or int(cells.max()) + 1  # type: ignore[arg-type]
    return pl.zeros(size, values.dtype, eager=True).scatter(cells, values)
