"""Confidence: how far a number may be trusted, A to D, from what is known of its data.

Score = geometric mean of the parts that apply: allocated share, share of value with weight, and
how clean the HS codes are. A >= 0.85, B >= 0.70, C >= 0.50, else D; a basket code, or more than
a tenth unallocated, caps it at C. Our own design; no outside authority.
"""

from __future__ import annotations

import polars as pl

GRADES = ("A", "B", "C", "D")
FLOORS = (0.85, 0.70, 0.50)
UNALLOCATED_CAP = 0.10


def score(parts: list[pl.Expr]) -> pl.Expr:
    """Geometric mean of parts in 0..1, those that are null left out; null where all are."""
    known = pl.sum_horizontal(part.is_not_null().cast(pl.Float64) for part in parts)
    product = pl.fold(
        pl.lit(1.0), lambda whole, part: whole * part, [part.fill_null(1.0) for part in parts]
    )
    return pl.when(known > 0).then(product.pow(1.0 / known))


def grade(value: pl.Expr, capped: pl.Expr) -> pl.Expr:
    """Grade a score A to D; where `capped` holds, no better than C."""
    return (
        pl.when(value.is_null())
        .then(None)
        .when((value >= FLOORS[0]) & ~capped)
        .then(pl.lit("A"))
        .when((value >= FLOORS[1]) & ~capped)
        .then(pl.lit("B"))
        .when(value >= FLOORS[2])
        .then(pl.lit("C"))
        .otherwise(pl.lit("D"))
    )
