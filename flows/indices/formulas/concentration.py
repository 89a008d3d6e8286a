"""Concentration: how few suppliers a mineral comes from.

HHI = sum s^2 over shares s of what is allocated to a country (0..1). Where a part u of the total
is allocated to none, the point leaves it out, `hhi_low` keeps it in the total as nobody's, and
`hhi_high` gives it to the top supplier. Sums and squares are whole numbers, so the order of rows
changes nothing; there is one division, at the end.
Sources: Hirschman (1964); Herfindahl (1950); Shannon (1948); Hill (1973).
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column
from flows.indices.formulas.cells import ENTROPY_QUANTUM, totals
from flows.indices.formulas.declared import measure, share

__all__ = [
    "UNALLOCATED_HIGH",
    "measure_columns",
    "measures",
    "ratio",
    "totals",
    "unallocated_share",
    "verdict_columns",
    "where_known",
    "wide_product",
]

UNALLOCATED_HIGH = 0.10


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
    return (
        measure("hhi", f"Herfindahl-Hirschman index of {what}", "hhi", high=1.0),
        measure("hhi_low", "lower bound: the unallocated part is nobody's", "hhi", high=1.0),
        measure("hhi_high", "upper bound: it is the top supplier's", "hhi", high=1.0),
        measure("hhi_normalised", "(HHI - 1/n) / (1 - 1/n); 1 if there is one", "hhi", high=1.0),
        Column(
            "effective_suppliers",
            "float",
            "1/HHI, the number of equal suppliers with the same HHI",
            unit="count",
            nullable=True,
            low=1,
        ),
        share("cr1", "share of the largest supplier"),
        share("cr3", "share of the three largest"),
        Column("entropy", "float", "Shannon entropy", unit="nats", nullable=True, low=0),
        Column("suppliers", "int", f"number of {what}", unit="count", low=0),
        Column(
            "top_supplier_iso3",
            "text",
            "largest supplier; the first by code if tied",
            nullable=True,
            key="mart.economy.economy",
        ),
        share("unallocated_share", "part of the whole that is no country's"),
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
