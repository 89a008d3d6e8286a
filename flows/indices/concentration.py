"""Concentration: how few suppliers a mineral comes from.

HHI = sum s^2 over shares s of what is allocated to a country (0..1). Where a part u of the total
is allocated to none, the point leaves it out, `hhi_low` keeps it in the total as nobody's, and
`hhi_high` gives it to the top supplier. Sums and squares are whole numbers, so the order of rows
changes nothing; there is one division, at the end.
Sources: Hirschman (1964); Herfindahl (1950); Shannon (1948); Hill (1973).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.contract import Column, packed_key

ENTROPY_QUANTUM = 2.0**50
"""x ln x is summed as a whole number of 1/2^50, exactly, in any order."""

UNALLOCATED_HIGH = 0.10


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
    rows = ranked(amounts.select(*keys, supplier, *also, "amount", "allocated").collect(), keys, supplier)
    x = pl.col("x")
    real = x.cast(pl.Float64)
    parts = rows.lazy().with_columns(
        squares=wide_product(x, x),
        x_ln_x=(real * real.log() * ENTROPY_QUANTUM).round().cast(pl.Int128),
        unallocated=pl.when(~pl.col("allocated")).then(pl.col("amount")),
        largest3=pl.when(among_first(3)).then(x),
        tied=among_first(2) & ~among_first(1) & (x == x.shift(1)),
        top=pl.when(among_first(1) & x.is_not_null()).then(pl.col(supplier).cast(pl.String)),
    )
    return (
        parts.group_by(CELL)
        .agg(
            pl.col(keys).first(),
            pl.col(also).sum(),
            pl.col("squares", "x_ln_x", "unallocated", "largest3").sum(),
            total=x.sum(),
            largest=x.max(),
            suppliers=x.count().cast(pl.Int64),
            tied=pl.col("tied").any(),
            top_supplier_iso3=pl.col("top").max(),
        )
        .with_columns(total=pl.when(pl.col("suppliers") > 0).then(pl.col("total")))
        .drop(CELL)
    )


CELL = "__cell"


def ranked(rows: pl.DataFrame, keys: Sequence[str], supplier: str) -> pl.DataFrame:
    """Number the cells, and put each one's suppliers in order: largest first, ties by code.

    Adds `x`, the amount of a known supplier; rows without one come last in their cell.
    """
    packed = packed_key(rows, keys)
    cell = packed if packed is not None else rows.select(pl.struct(keys).rank("dense")).to_series()
    names = rows[supplier].unique().cast(pl.String).sort()
    known = pl.col("allocated") & (pl.col("amount") > 0)
    return rows.with_columns(
        pl.col(supplier).cast(pl.Enum(names)),
        cell.alias(CELL),
        x=pl.when(known).then(pl.col("amount")),
    ).sort(CELL, "x", supplier, descending=[False, True, False], nulls_last=True)


def among_first(count: int) -> pl.Expr:
    """Whether a row is among the first of its cell, rows being in order."""
    return pl.col(CELL).ne_missing(pl.col(CELL).shift(count))


def measures() -> dict[str, pl.Expr]:
    """Every measure of a cell, from its `totals`. Null where there is no total."""
    total = pl.col("total")
    whole = total + pl.col("unallocated")
    squares, unallocated = pl.col("squares"), pl.col("unallocated")
    worst = squares + wide_product(pl.col("largest"), unallocated) * 2
    worst += wide_product(unallocated, unallocated)
    hhi = ratio(squares, wide_product(total, total))
    one_over_n = 1.0 / pl.col("suppliers")
    entropy = total.log() - pl.col("x_ln_x").cast(pl.Float64) / ENTROPY_QUANTUM / total
    return {
        "hhi": hhi,
        "hhi_low": ratio(squares, wide_product(whole, whole)),
        "hhi_high": ratio(worst, wide_product(whole, whole)),
        "hhi_normalised": pl.when(pl.col("suppliers") == 1)
        .then(1.0)
        .otherwise(((hhi - one_over_n) / (1.0 - one_over_n)).clip(0.0, 1.0)),
        "effective_suppliers": 1.0 / hhi,
        "cr1": ratio(pl.col("largest"), total),
        "cr3": ratio(pl.col("largest3"), total),
        "entropy": entropy.clip(0.0, None),
    }


def unallocated_share() -> pl.Expr:
    """Part of the cell that is allocated to no country; null where there is nothing at all."""
    whole = pl.col("total").fill_null(0) + pl.col("unallocated")
    return pl.when(whole > 0).then(pl.col("unallocated") / whole)


def wide_product(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Multiply two whole numbers without overflow."""
    return left.cast(pl.Int128) * right.cast(pl.Int128)


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Divide two whole numbers once, as floats; null where the whole is null or 0."""
    return pl.when(whole > 0).then(part.cast(pl.Float64) / whole.cast(pl.Float64))


def where_known(expressions: dict[str, pl.Expr]) -> dict[str, pl.Expr]:
    """Null every measure of a cell that has a reason."""
    known = pl.col("reason").is_null()
    return {name: pl.when(known).then(value) for name, value in expressions.items()}


def measure_columns(what: str) -> tuple[Column, ...]:
    """Declare the measures; `what` names the suppliers, as in "exporters"."""
    share = {"type": "float", "unit": "share", "nullable": True, "low": 0, "high": 1}
    hhi = share | {"unit": "hhi"}
    return (
        Column("hhi", meaning=f"Herfindahl-Hirschman index of {what}", **hhi),
        Column("hhi_low", meaning="lower bound: the unallocated part is nobody's", **hhi),
        Column("hhi_high", meaning="upper bound: it is the top supplier's", **hhi),
        Column("hhi_normalised", meaning="(HHI - 1/n) / (1 - 1/n); 1 if there is one", **hhi),
        Column(
            "effective_suppliers",
            "float",
            "1/HHI, the number of equal suppliers with the same HHI",
            unit="count",
            nullable=True,
            low=1,
        ),
        Column("cr1", meaning="share of the largest supplier", **share),
        Column("cr3", meaning="share of the three largest", **share),
        Column("entropy", "float", "Shannon entropy", unit="nats", nullable=True, low=0),
        Column("suppliers", "int", f"number of {what}", unit="count", low=0),
        Column(
            "top_supplier_iso3",
            "text",
            "largest supplier; the first by code if tied",
            nullable=True,
            key="mart.economy.economy",
        ),
        Column("unallocated_share", meaning="part of the whole that is no country's", **share),
    )


def verdict_columns() -> tuple[Column, ...]:
    """Declare what is said of a number: flags, reason, confidence."""
    return (
        Column("flags", "texts", "what to know of the number", key="ref.flag.flag"),
        Column("reason", "text", "why there is no number", nullable=True, key="ref.reason.reason"),
        Column(
            "confidence",
            "text",
            "A to D; null where there is no number",
            nullable=True,
            values=("A", "B", "C", "D"),
        ),
    )
