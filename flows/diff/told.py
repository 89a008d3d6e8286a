"""What is told of the rows that differ: causes by row, the largest moves, the rows themselves."""

# ruff: noqa: S608 - names are those that the snapshots declare, quoted

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.diff.changes import largest, literal, measured, name_of
from flows.diff.contract import Cause, Move, Row, Shape, ordered
from flows.diff.run import Trace
from flows.warehouse import quoted, text

MOST = 10
"""Largest moves kept, of each unit and in relative terms."""

Cells = Mapping[str, Mapping[str, int]]
"""Table -> column -> cells of it that differ."""


def acting(run: Trace, table: str) -> dict[Cause, int]:
    """Rows of a table by cause."""
    sql = (
        f"SELECT w.cause, count(*) FROM {name_of('changed', table)} AS c "
        f"JOIN {name_of('why', table)} AS w ON {matched(run, table)} GROUP BY w.cause"
    )
    rows = {run.causes[number]: count for number, count in run.con.execute(sql).fetchall()}
    return {cause: rows[cause] for cause in ordered(list(rows))}


def matched(run: Trace, table: str) -> str:
    """SQL: a row that differs, and what is known of its causes."""
    tests = [f"c.{quoted(n)} IS NOT DISTINCT FROM w.{quoted(n)}" for n in run.parts(table)]
    return " AND ".join(tests) or "true"


def causes_of(run: Trace, table: str, key: Mapping[str, object]) -> tuple[Cause, ...]:
    """Causes that can have acted on one row."""
    # Not as parameters: DuckDB would import pandas to look whether one is a frame.
    tests = [
        f"{quoted(name)} IS NOT DISTINCT FROM {literal(key[name])}" for name in run.parts(table)
    ]
    sql = f"SELECT cause FROM {name_of('why', table)} WHERE {' AND '.join(tests) or 'true'}"
    return numbered(run, [number for (number,) in run.con.execute(sql).fetchall()])


def numbered(run: Trace, numbers: Iterable[int]) -> tuple[Cause, ...]:
    """Causes by their numbers, in order."""
    return tuple(ordered([run.causes[number] for number in numbers]))


def relative_moves(run: Trace, cells: Cells) -> list[Move]:
    """The largest moves in parts of what the number was, over all tables."""
    moves = sorted(
        moves_of(run, cells, relative=True), key=lambda m: (-abs(m.relative or 0), place(m))
    )
    return explained(run, moves)


def absolute_moves(run: Trace, cells: Cells) -> dict[str, list[Move]]:
    """The largest moves in each unit, over all tables."""
    by_unit: dict[str, list[Move]] = {}
    for move in moves_of(run, cells, relative=False):
        by_unit.setdefault(move.unit, []).append(move)
    return {
        unit: explained(run, sorted(moves, key=lambda m: (-abs(m.absolute), place(m))))
        for unit, moves in sorted(by_unit.items())
    }


def explained(run: Trace, moves: list[Move]) -> list[Move]:
    """The first moves, with their causes."""
    return [replace(m, causes=causes_of(run, m.table, m.key)) for m in moves[:MOST]]


def place(move: Move) -> tuple[str, ...]:
    """What orders moves of one size."""
    return (move.table, move.column, *(str(value) for value in move.key.values()))


def moves_of(run: Trace, cells: Cells, *, relative: bool) -> Iterator[Move]:
    """The largest moves of each measured column of each table."""
    for table, shape in run.shapes.items():
        for column in measured(shape, cells[table]):
            for key, old, new in largest(run.con, shape, column, MOST, relative=relative):
                yield Move(table, column, shape.columns[column][1], key, old, new)


def kept_rows(run: Trace, most: int) -> list[Row]:
    """The first rows that differ, table after table."""
    kept: list[Row] = []
    for shape in run.shapes.values():
        if len(kept) < most:
            kept += [row_of(run, shape, found) for found in first(run, shape, most - len(kept))]
    return kept


def first(run: Trace, shape: Shape, most: int) -> list[tuple[Any, ...]]:
    """The first rows of a table in the order of keys: key, status, before, after, causes."""
    keys = ", ".join(quoted(name) for name in shape.grain)
    changed, why = name_of("changed", shape.table), name_of("why", shape.table)
    causes = f"SELECT list(w.cause) FROM {why} AS w WHERE {matched(run, shape.table)}"
    return run.con.execute(
        f"SELECT {keys}, _status, _before, _after, ({causes}) "
        f"FROM (SELECT * FROM {changed} ORDER BY {keys}, _status LIMIT {most}) AS c "
        f"ORDER BY {keys}, _status"
    ).fetchall()


def row_of(run: Trace, shape: Shape, found: tuple[Any, ...]) -> Row:
    """One row as it is told."""
    *key, status, before, after, causes = found
    old, new = before or {}, after or {}
    cells = {
        name: (old.get(name), new.get(name))
        for name in shape.values
        if status != "changed" or old.get(name) != new.get(name)
    }
    named = dict(zip(shape.grain, key, strict=True))
    return Row(shape.table, status, named, cells, numbered(run, causes))


def export(run: Trace, folder: Path) -> None:
    """Write every row that differs as Parquet, one file a table, with its causes in words."""
    words = ", ".join(f"({n}, {text(cause.words)})" for n, cause in enumerate(run.causes))
    run.con.execute(f"CREATE TABLE cause AS SELECT * FROM (VALUES {words}) AS c(number, words)")
    for table, shape in run.shapes.items():
        keys = ", ".join(f"c.{quoted(name)}" for name in shape.grain)
        causes = (
            "SELECT w.* EXCLUDE (cause), list(k.words ORDER BY k.words) AS _causes "
            f"FROM {name_of('why', table)} AS w JOIN cause AS k ON k.number = w.cause GROUP BY ALL"
        )
        run.con.execute(
            f"COPY (SELECT c.*, w._causes FROM {name_of('changed', table)} AS c "
            f"JOIN ({causes}) AS w ON {matched(run, table)} ORDER BY {keys}, c._status) "
            f"TO {text(str(folder / f'{table}.parquet'))} (FORMAT parquet, COMPRESSION zstd)"
        )
