"""Distance to a cap: what must change so that no supplier has more than its greatest share c.

With x_1 the largest supplier and X the supply allocated to countries: either max(0, x_1 - c X)
moves to other suppliers, or max(0, x_1 / c - X) of new supply comes from others. `_low` takes
the unallocated part as nobody's, `_high` as the largest supplier's. Caps are facts (`ref.cap`).
The Critical Raw Materials Act caps shares of consumption; here the cap is held against imports.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import imports as explained
from flows.indices.formulas.basket import series_columns
from flows.indices.formulas.concentration import verdict_columns, where_known
from flows.indices.formulas.suppliers import CELL, supplier_rows, supplier_totals, verdicts


def compute(
    mart_mineral_trade: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_cap: pl.LazyFrame,
    indices_import_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Distance of every importer, mineral, stage, year and basis to each cap.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        ref_country: `iso3` and `kind`.
        ref_cap: `cap` and `share`.
        indices_import_concentration: flags, reason and confidence of each cell.

    """
    totals = supplier_totals(supplier_rows(mart_mineral_trade, ref_country))
    return (
        verdicts(indices_import_concentration)
        .join(totals, on=CELL, how="left", validate="1:1")
        .join(ref_cap.select("cap", cap_share="share"), how="cross")
        .with_columns(**where_known(measures()))
    )


def measures() -> dict[str, pl.Expr]:
    """Amounts to move or to add, and their bounds, from largest, total, unallocated and cap."""
    top, total, u = pl.col("largest"), pl.col("total"), pl.col("unallocated")
    cap = pl.col("cap_share")
    ends = {"": (top, total), "_low": (top, total + u), "_high": (top + u, total + u)}
    moved = {f"reallocate_amount{end}": to_move(*pair, cap) for end, pair in ends.items()}
    added = {f"added_amount{end}": to_add(*pair, cap) for end, pair in ends.items()}
    return {"above_cap": to_move(top, total, cap) > 0, **moved, **added}


def to_move(top: pl.Expr, total: pl.Expr, cap: pl.Expr) -> pl.Expr:
    """Give max(0, x_1 - c X)."""
    return (top - cap * total).clip(0.0, None)


def to_add(top: pl.Expr, total: pl.Expr, cap: pl.Expr) -> pl.Expr:
    """Give max(0, x_1 / c - X)."""
    return (top / cap - total).clip(0.0, None)


IN_UNIT = "in the basis' unit (ref.basis.unit: USD or kg)"


def amount(name: str, meaning: str) -> Column:
    """Declare an amount in the unit of its basis."""
    return Column(name, "float", meaning, nullable=True, low=0.0)


INDEX = Index(
    table=Table(
        schema="indices",
        name="cap_distance",
        meaning="What must change so that no exporter has more than a cap allows",
        grain=(*CELL, "cap"),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *series_columns(),
            Column("cap", "text", "the cap", key="ref.cap.cap"),
            Column("above_cap", "bool", "whether the largest supplier has more", nullable=True),
            amount("reallocate_amount", f"amount that must change supplier, {IN_UNIT}"),
            amount("reallocate_amount_low", "if the unallocated is nobody's"),
            amount("reallocate_amount_high", "if it is the largest supplier's"),
            amount("added_amount", f"or that others must supply on top, {IN_UNIT}"),
            amount("added_amount_low", "if the unallocated is nobody's"),
            amount("added_amount_high", "if it is the largest supplier's"),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="max(0, x_1 - c X); max(0, x_1 / c - X)",
        citation="own design; caps as ref.cap says",
    ),
    inputs=("mart.mineral_trade", "ref.country", "ref.cap", "indices.import_concentration"),
    compute=compute,
    explain=explained.cap_distance,
)
