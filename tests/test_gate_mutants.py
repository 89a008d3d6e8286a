"""Each suite kills its mutants: one wrong cell or row in a sound world, and the gate blocks.

A mutant is made in a copy of the tiny world's file, or of the one in which sources overlap. Of the
whole gate those checks are put that read the changed table, its own and other tables'; no other
could answer differently.
"""

# ruff: noqa: S608 - every name is a declared one, every value a parameter or a row number

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import quality
from flows.gate.contract import QUERY
from flows.indices import all_indices
from flows.indices.contract import Column, Table
from flows.marts import read_models
from tests import world

LAST = {"source", "edition", "basis", "version"}
"""Codes of which a table may well hold one only."""

NUMBERS = {"int", "float", "year", "decimal"}

OVERLAPPED = {
    "indices.rolling_concentration",
    "indices.rolling_share",
    "indices.source_agreement",
    "mart.mirror_trade",
    "mart.monthly_trade",
    "mart.partner_balance",
}
"""Tables that have rows only where a second source tells of the same trade."""


@dataclass(frozen=True)
class Mutant:
    """One change to one table."""

    kind: str
    table: Table
    column: str = ""

    def __str__(self) -> str:
        """The test's name."""
        return f"{self.kind} {self.table.id} {self.column}".strip().replace(" ", "-")


def tables() -> list[Table]:
    """Marts and indices, which are computed here and can go wrong here."""
    marts = [m.table for m in read_models(world.settings(Path()).sql) if m.table.schema == "mart"]
    return marts + [index.table for index in all_indices()]


def mutants() -> Iterator[Any]:
    """A row dropped, a number times 1,000, two codes swapped: for each table, column by column.

    A dropped row and the first number of each table are tried always; all else, and the larger
    world in which sources overlap, among the slow tests.
    """
    for table in tables():
        slow = [pytest.mark.slow] if table.id in OVERLAPPED else []
        yield pytest.param(Mutant("drop", table), marks=slow)
        numbers = [c.name for c in table.columns if is_measure(table, c)]
        codes = sorted((c.name for c in table.columns if is_code(table, c)), key=LAST.__contains__)
        for kind, names in (("times", numbers), ("swap", codes)):
            for place, name in enumerate(names):
                marks = [pytest.mark.slow] if place or slow or kind == "swap" else []
                yield pytest.param(Mutant(kind, table, name), marks=marks)


def is_measure(table: Table, column: Column) -> bool:
    """Whether a column holds numbers that say something of the row."""
    return column.type in NUMBERS and column.name not in table.grain


def is_code(table: Table, column: Column) -> bool:
    """Whether a column holds ids, ours or others'."""
    return column.type == "text" and bool(column.name in table.grain or column.key)


@dataclass(frozen=True)
class Sound:
    """A built world, and every check of it, none of which blocks it."""

    built: world.Built
    checks: list[quality.Check]


@pytest.fixture(scope="module")
def sound(request: pytest.FixtureRequest) -> Callable[[Table], Sound]:
    """Give the tiny world, or for tables that are empty there the one with a second source."""

    @cache
    def gated(name: str) -> Sound:
        built: world.Built = request.getfixturevalue(name)
        verdicts = world.gate(built)
        assert [(v.check.id, v.outcome, v.message) for v in quality.blocks(verdicts)] == []
        return Sound(built, [verdict.check for verdict in verdicts])

    return lambda table: gated("overlapped" if table.id in OVERLAPPED else "tiny")


def verdicts_on(sound: Sound, database: Path, changed: Table) -> list[quality.Verdict]:
    """Put every check that reads the changed table."""
    put = [
        c
        for c in sound.checks
        if c.table == changed.id or changed.id in str(c.kwargs.get(QUERY, ""))
    ]
    asked = {check.table for check in put}
    tables = [t for t in sound.built.tables if t.id in asked]
    return quality.run_checks(database, put, tables, sound.built.present)


def change(con: duckdb.DuckDBPyConnection, mutant: Mutant) -> None:
    """Make the mutant, or skip where the table has nothing to change."""
    table, column = mutant.table, f'"{mutant.column}"'
    skip_empty(con, table)
    order = ", ".join(f'"{name}"' for name in table.grain)
    if mutant.kind == "drop":
        middle = f"SELECT rowid FROM {table.id} ORDER BY {order}"
        middle += f" LIMIT 1 OFFSET (SELECT count(*) // 2 FROM {table.id})"
        con.execute(f"DELETE FROM {table.id} WHERE rowid = ({middle})")
    elif mutant.kind == "times":
        found = con.execute(
            f"SELECT rowid FROM {table.id} WHERE {column} <> 0 ORDER BY {order} LIMIT 1"
        ).fetchone()
        if found is None:
            pytest.skip(f"no number in {table.id}.{mutant.column} of the tiny world")
        con.execute(f"UPDATE {table.id} SET {column} = {column} * 1000 WHERE rowid = ?", found)
    else:
        pair = pair_to_swap(con, table, mutant.column)
        if pair is None:
            pytest.skip(f"one code only in {table.id}.{mutant.column} of the tiny world")
        one, other = pair
        con.execute(
            f"UPDATE {table.id} AS t SET {column} = o.{column} FROM {table.id} AS o "
            f"WHERE (t.rowid = {one} AND o.rowid = {other})"
            f" OR (t.rowid = {other} AND o.rowid = {one})"
        )


def skip_empty(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Skip a table of which the tiny world has no row."""
    if con.execute(f"SELECT count(*) FROM {table.id}").fetchall() == [(0,)]:
        pytest.skip(f"no rows of {table.id} in the tiny world")


def pair_to_swap(
    con: duckdb.DuckDBPyConnection, table: Table, column: str
) -> tuple[int, int] | None:
    """Two rows with different codes; best with their other keys equal and other numbers."""
    others = [f'a."{n}" IS NOT DISTINCT FROM b."{n}"' for n in table.grain if n != column]
    told = [c for c in table.columns if c.name not in {*table.grain, column}]
    keys = " AND ".join(others) or "true"
    # Further apart than the last digits of a float, which no check may tell apart.
    numbers = " OR ".join(
        f'abs(a."{c.name}" - b."{c.name}") > 1e-6' for c in told if c.type in NUMBERS
    )
    anything = " OR ".join(f'a."{c.name}" IS DISTINCT FROM b."{c.name}"' for c in told)
    for differs in (numbers or "false", anything or "true"):
        for same in (keys, "true"):
            found = con.execute(
                f"SELECT a.rowid, b.rowid FROM {table.id} AS a, {table.id} AS b "
                f'WHERE a."{column}" < b."{column}" AND ({differs}) AND {same} '
                "ORDER BY ALL LIMIT 1"
            ).fetchone()
            if found:
                return found
    return None


@pytest.mark.parametrize("mutant", list(mutants()), ids=str)
def test_a_mutant_is_killed_by_its_own_suite(
    sound: Callable[[Table], Sound], tmp_path: Path, mutant: Mutant
) -> None:
    there = sound(mutant.table)
    database = tmp_path / "mutant.duckdb"
    shutil.copyfile(there.built.settings.build, database)
    with duckdb.connect(database) as con:
        change(con, mutant)
    blocking = quality.blocks(verdicts_on(there, database, mutant.table))
    names = [v.check.id for v in blocking if v.check.table == mutant.table.id]
    assert names, f"survives; other suites say {[v.check.id for v in blocking]}"
    assert {v.outcome for v in blocking} == {"fail"}


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(t, id=t.id, marks=[pytest.mark.slow] if t.id in OVERLAPPED else [])
        for t in tables()
    ],
)
def test_a_key_nulled_is_named(
    sound: Callable[[Table], Sound], tmp_path: Path, table: Table
) -> None:
    there = sound(table)
    keys = [c.name for c in table.columns if c.name in table.grain and not c.nullable]
    database = tmp_path / "mutant.duckdb"
    shutil.copyfile(there.built.settings.build, database)
    with duckdb.connect(database) as con:
        skip_empty(con, table)
        for place, name in enumerate(keys):
            con.execute(
                f'UPDATE {table.id} SET "{name}" = NULL '
                f"WHERE rowid = ? % (SELECT count(*) FROM {table.id})",
                [place],
            )
    blocking = {v.check.id for v in quality.blocks(verdicts_on(there, database, table))}
    assert blocking >= {f"{table.id}.{name}_is_not_null" for name in keys}


def test_a_share_above_1_is_named_with_its_row(
    tiny: world.Built, sound: Callable[[Table], Sound], tmp_path: Path
) -> None:
    database = tmp_path / "mutant.duckdb"
    shutil.copyfile(tiny.settings.build, database)
    key = {"importer_iso3": "JPN", "exporter_iso3": "CHN", "mineral": "germanium", "year": 2006}
    where = " AND ".join(f"{name} = ${name}" for name in key)
    with duckdb.connect(database) as con:
        con.execute(f"UPDATE indices.import_share SET import_share = 1.2 WHERE {where}", key)
    (table,) = [t for t in tiny.tables if t.id == "indices.import_share"]
    blocking = quality.blocks(verdicts_on(sound(table), database, table))
    found = {v.check.id: v.rows[0] for v in blocking if v.rows}
    row = found["indices.import_share.import_share_within_0_and_1"]
    assert row.items() >= (key | {"import_share": 1.2}).items()


BROKEN_MEASURES = (
    "UPDATE ref.measure SET target = 'USB', claims = ['C090'] WHERE target = 'KOR'",
    "UPDATE ref.measure SET scope = 'no_trade', announced_evidence = NULL WHERE kind = 'ban'",
    "UPDATE ref.measure SET effective = '2026-11-28', announced = '2026-12-3' WHERE kind = 'ban'",
    "UPDATE ref.measure SET expires = '2010-08-31' WHERE measure = 'CN-2010-09'",
    "UPDATE ref.measure_kind SET severity = 0 WHERE kind = 'framework'",
    "UPDATE ref.measure_code SET measure = 'CN-2023-23', tracked = true, hs_revision = NULL",
    "UPDATE ref.measure_suspension SET measure = 'CN-2024-46-2', suspended_until = '2025-11-8'",
)
"""One world in which no authored check on the facts of measures holds."""


def test_broken_facts_on_measures_are_named(tiny: world.Built, tmp_path: Path) -> None:
    database = tmp_path / "mutant.duckdb"
    shutil.copyfile(tiny.settings.build, database)
    with duckdb.connect(database) as con:
        for statement in BROKEN_MEASURES:
            con.execute(statement)
    put = [c for c in tiny.checks() if c.kind == "authored" and c.table.startswith("ref.measure")]
    asked = [table for table in tiny.tables if table.id in {check.table for check in put}]
    verdicts = quality.run_checks(database, put, asked, tiny.present)
    assert {v.check.id: v.outcome for v in verdicts} == {c.id: "fail" for c in put}
    assert len(put) > len(BROKEN_MEASURES)
