"""The rows that differ, found by a full outer join on the grain inside DuckDB.

Works in a scratch file with both snapshots attached read-only: what does not fit into memory goes
to disk, and only rows that differ are kept.
"""

# ruff: noqa: S608 - names are those that the snapshots declare, quoted

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows.diff.contract import Shape
from flows.warehouse import Connection, quoted, text

BEFORE, AFTER = "earlier", "later"
"""The names under which the two files are attached."""
NUMBERS = ("int", "float", "decimal")
UNITLESS = ("", "year", "rank")
"""Units of numbers that do not move: keys, years, places."""


def shapes(con: Connection, side: str) -> dict[str, Shape]:
    """Give every table with a declared grain, as a file's own dictionary has it; no views."""
    sql = (
        'SELECT "table", "column", type, unit, in_grain, nullable FROM '
        f'{side}.meta.dictionary ORDER BY "table", ordinal'
    )
    found: dict[str, dict[str, tuple[str, str]]] = {}
    grains: dict[str, list[str]] = {}
    nullable: dict[str, set[str]] = {}
    for table, column, kind, unit, in_grain, may_be_null in con.execute(sql).fetchall():
        found.setdefault(table, {})[column] = (kind, unit)
        if in_grain:
            grains.setdefault(table, []).append(column)
        if may_be_null:
            nullable.setdefault(table, set()).add(column)
    return {
        table: Shape(table, tuple(grains[table]), columns, frozenset(nullable.get(table, ())))
        for table, columns in found.items()
        if table in grains and not table.startswith("view.")
    }


def common(one: Shape, other: Shape) -> Shape:
    """What two declarations of a table share."""
    columns = {name: kind for name, kind in other.columns.items() if name in one.columns}
    return Shape(other.table, other.grain, columns, one.nullable | other.nullable)


def name_of(schema: str, table: str) -> str:
    """A table of the scratch file."""
    return f"{schema}.{quoted(table)}"


def write_changes(con: Connection, one: Shape, other: Shape) -> None:
    """Keep the rows of a table that differ, as `changed.<table>`.

    Columns: the grain, `_status`, and all other columns on either side as `_before` and `_after`.
    """
    shape = common(one, other)
    keys = [same(one, other, name) for name in shape.grain]
    differ = [f"NOT ({same(one, other, name)})" for name in shape.values]
    grain = [f"coalesce(l.{quoted(n)}, r.{quoted(n)}) AS {quoted(n)}" for n in shape.grain]
    con.execute(
        f"CREATE TABLE {name_of('changed', shape.table)} AS "
        f"SELECT {', '.join(grain)}, "
        "CASE WHEN r._here IS NULL THEN 'vanished' WHEN l._here IS NULL THEN 'appeared' "
        f"ELSE 'changed' END AS _status, {packed('l', shape)} AS _before, "
        f"{packed('r', shape)} AS _after "
        f"FROM (SELECT *, true AS _here FROM {BEFORE}.{shape.table}) AS l "
        f"FULL JOIN (SELECT *, true AS _here FROM {AFTER}.{shape.table}) AS r "
        f"ON {' AND '.join(keys)} "
        f"WHERE {' OR '.join(['l._here IS NULL', 'r._here IS NULL', *differ])}"
    )


def same(one: Shape, other: Shape, name: str) -> str:
    """SQL: the column is the same on both sides; as text where its type has changed."""
    left, right = f"l.{quoted(name)}", f"r.{quoted(name)}"
    if one.columns[name][0] != other.columns[name][0]:
        left, right = f"CAST({left} AS VARCHAR)", f"CAST({right} AS VARCHAR)"
    return f"{left} IS NOT DISTINCT FROM {right}"


def packed(alias: str, shape: Shape) -> str:
    """SQL: all values of a side in one struct."""
    if not shape.values:
        return "NULL"
    return f"struct_pack({', '.join(f'{quoted(n)} := {alias}.{quoted(n)}' for n in shape.values)})"


def count_rows(con: Connection, table: str) -> dict[str, int]:
    """Rows by status."""
    sql = f"SELECT _status, count(*) FROM {name_of('changed', table)} GROUP BY _status"
    return dict(con.execute(sql).fetchall())


def count_cells(con: Connection, shape: Shape) -> dict[str, int]:
    """Cells that differ by column, in rows that are on both sides."""
    if not shape.values:
        return {}
    counted = ", ".join(f"count(*) FILTER ({moved(name)})" for name in shape.values)
    sql = f"SELECT {counted} FROM {name_of('changed', shape.table)} WHERE _status = 'changed'"
    row = con.execute(sql).fetchone() or ()
    return {name: n for name, n in zip(shape.values, row, strict=True) if n}


def moved(name: str) -> str:
    """SQL: a value differs."""
    return f"_before.{quoted(name)} IS DISTINCT FROM _after.{quoted(name)}"


def measured(shape: Shape, columns: Mapping[str, int]) -> list[str]:
    """Columns with a number in a unit, of those that differ somewhere."""
    return [
        name
        for name in columns
        if shape.columns[name][0] in NUMBERS and shape.columns[name][1] not in UNITLESS
    ]


def largest(
    con: Connection, shape: Shape, column: str, most: int, *, relative: bool
) -> list[tuple[dict[str, Any], Any, Any]]:
    """Give the largest moves of a column: key, before, after; equal moves in the order of keys."""
    before, after = f"_before.{quoted(column)}", f"_after.{quoted(column)}"
    size = f"abs(CAST({after} AS DOUBLE) - CAST({before} AS DOUBLE))"
    if relative:
        size = f"{size} / abs(CAST(nullif({before}, 0) AS DOUBLE))"
    keys = ", ".join(quoted(name) for name in shape.grain)
    rows = con.execute(
        f"SELECT {keys}, {before}, {after} FROM {name_of('changed', shape.table)} "
        f"WHERE _status = 'changed' AND {moved(column)} AND isfinite({size}) "
        f"ORDER BY {size} DESC, {keys} LIMIT {most}"
    ).fetchall()
    width = len(shape.grain)
    return [
        (dict(zip(shape.grain, row[:width], strict=True)), row[width], row[width + 1])
        for row in rows
    ]


def values_of(rows: Sequence[Sequence[object]]) -> str:
    """SQL: rows of texts, whole numbers and nulls."""
    return ", ".join(f"({', '.join(literal(value) for value in row)})" for row in rows)


def literal(value: object) -> str:
    """SQL: one value."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else text(str(value))
