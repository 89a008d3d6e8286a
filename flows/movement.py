"""How the headline numbers moved since the last snapshot, before the gate: `quality.movement`.

A revision of a source moves many numbers a little. A unit read wrongly, or a basket that lost its
code, moves a few by much; the gate warns of it, and `changes.md` says of each number why it moved.
"""

# ruff: noqa: S608 - every name is a declared one

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows import publish, warehouse
from flows.indices.contract import Column, Index, Table

MEASURES = frozenset({"hhi", "import_share"})
"""The figures that are followed, wherever an index has them."""
MOVED = 0.1
"""A number moved where it is this much higher or lower: a tenth of a share or of an HHI."""

MOVEMENT = Table(
    schema="quality",
    name="movement",
    meaning="How the numbers of an index moved since the last snapshot; empty in the first",
    grain=("table", "figure"),
    columns=(
        Column("table", "text", "the index"),
        Column("figure", "text", "its column"),
        Column("compared", "int", "numbers that both have", unit="count", low=0),
        Column("moved", "int", "of these, moved by more than a tenth", unit="count", low=0),
        Column("appeared", "int", "numbers that are new", unit="count", low=0),
        Column("vanished", "int", "numbers that are gone, or null now", unit="count", low=0),
        Column(
            "largest",
            "float",
            "the largest move; null = none compared",
            unit="ratio",
            nullable=True,
            low=0,
        ),
    ),
    may_be_empty=True,
)


def movement(
    con: warehouse.Connection, indices: Sequence[Index], last: Path | None
) -> pl.DataFrame:
    """Compare the built indices with those of the last snapshot; nothing where there is none."""
    if last is None:
        return pl.DataFrame(schema=MOVEMENT.polars)
    path = warehouse.text(str(last / publish.DATABASE))
    con.execute(f"ATTACH {path} AS before (READ_ONLY)")
    try:
        told = {
            f"{schema}.{table}.{column}"
            for schema, table, column in con.execute(
                "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
                "WHERE database_name = 'before'"
            ).fetchall()
        }
        rows = [
            row
            for index in indices
            for figure in sorted(MEASURES & index.table.polars.keys())
            if all(f"{index.table.id}.{name}" in told for name in (*index.table.grain, figure))
            for row in con.execute(compared(index.table, figure)).pl().to_dicts()
        ]
    finally:
        con.execute("DETACH before")
    return pl.DataFrame(rows, schema=MOVEMENT.polars).sort("table", "figure")


def compared(table: Table, figure: str) -> str:
    """Write the comparison of one figure."""
    keys = ", ".join(warehouse.quoted(name) for name in table.grain)
    return (
        f"SELECT '{table.id}' AS \"table\", '{figure}' AS figure, "
        "count(*) FILTER (a IS NOT NULL AND b IS NOT NULL) AS compared, "
        f"count(*) FILTER (abs(a - b) > {MOVED}) AS moved, "
        "count(*) FILTER (a IS NOT NULL AND b IS NULL) AS appeared, "
        "count(*) FILTER (a IS NULL AND b IS NOT NULL) AS vanished, max(abs(a - b)) AS largest "
        f"FROM (SELECT {keys}, {figure} AS a FROM {table.id}) "
        f"FULL JOIN (SELECT {keys}, {figure} AS b FROM before.{table.id}) USING ({keys})"
    )
