"""Which broken world each check stops, found by breaking the tiny world's file in many ways.

`python -m tests.check_coverage` writes `tests/check_coverage.yml` (check -> the first mutants that
trip it) and `flows/gate/mutants.json` (mutants that a blocking check stops, of all). A mutant trips
a check where the check names more rows than in the sound world, or breaks. Queries are put to
DuckDB as they are, which takes a hundredth of the time; `test_gate_mutants` asks
as the gate does.
"""

# ruff: noqa: S608 - every name is a declared one

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from flows.gate.contract import QUERY, Check
from flows.indices.contract import Column, Table
from flows.settings import CHECKOUT
from tests import world
from tests.broken_statements import STATEMENTS

COVERAGE = CHECKOUT / "tests" / "check_coverage.yml"
KILLED = CHECKOUT / "flows" / "gate" / "mutants.json"
NAMED = 3
"""Mutants named for each check."""

BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "int": ("{c} * 1000 + 1", "-{c} - 1"),
    "year": ("{c} + 30",),
    "float": ("{c} * 1000 + 1", "-{c} - 1"),
    "decimal": ("{c} * 1000 + 1",),
    "text": ("'nothing such'", "(SELECT max({c}) FROM {t})"),
    "bool": ("NOT {c}",),
    "date": ("{c} + INTERVAL 900 DAY",),
    "texts": ("['nothing such']",),
}
"""What one cell of a column becomes, beside null."""


@dataclass(frozen=True)
class Mutant:
    """A name, the table or tables it changes, and the statements that make it."""

    name: str
    tables: str
    statements: tuple[str, ...]
    column: str = ""
    """The one column it changes; empty where it changes rows, or several."""


def mutants(tables: Sequence[Table]) -> Iterator[Mutant]:
    """Rows lost and doubled, cells changed, in every table by column; then the statements."""
    for table in tables:
        if table.schema == "view":
            continue
        skip = f"OFFSET (SELECT count(*) // 2 FROM {table.id})"
        half = f"(SELECT rowid FROM {table.id} ORDER BY rowid LIMIT 1 {skip})"
        yield Mutant(
            f"row lost: {table.id}",
            table.id,
            (f"DELETE FROM {table.id} WHERE rowid = {half}",),
        )
        yield Mutant(
            f"row doubled: {table.id}",
            table.id,
            (f"INSERT INTO {table.id} SELECT * FROM {table.id} WHERE rowid = {half}",),
        )
        yield Mutant(f"row invented: {table.id}", table.id, (invented(table),))
        for column in table.columns:
            yield from cells(table, column)
    for name, statements in STATEMENTS.items():
        changed = [t.id for t in tables if any(t.id in s for s in statements)]
        yield Mutant(name, " ".join(changed), tuple(statements))


INVENTED: Mapping[str, str] = {
    "int": "1",
    "year": "2022",
    "float": "0.5",
    "decimal": "1",
    "text": "'nothing such'",
    "bool": "true",
    "date": "DATE '2022-01-31'",
    "texts": "['nothing such']",
}


def invented(table: Table) -> str:
    """Insert a row that stands for nothing, into a table without rows."""
    values = ", ".join(INVENTED[column.type] for column in table.columns)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    empty = f"(SELECT count(*) FROM {table.id}) = 0"
    return f"INSERT INTO {table.id} ({names}) SELECT {values} WHERE {empty}"


def cells(table: Table, column: Column) -> Iterator[Mutant]:
    """The first cell of a column that another value changes."""
    cell = f'"{column.name}"'
    for new in (*BY_TYPE[column.type], "NULL"):
        value = new.format(c=cell, t=table.id)
        filled = f"{cell} IS NOT NULL AND {cell} IS DISTINCT FROM {value}"
        for place, first in (("first", "min"), ("last", "max")):
            row = f"(SELECT {first}(rowid) FROM {table.id} WHERE {filled})"
            yield Mutant(
                f"{table.id}.{column.name} = {new.format(c=column.name, t='it')}, {place}",
                table.id,
                (f"UPDATE {table.id} SET {cell} = {value} WHERE rowid = {row}",),
                column.name,
            )
    row = f"(SELECT min(rowid) FROM {table.id} WHERE {cell} IS NULL)"
    yield Mutant(
        f"{table.id}.{column.name}: a value for null",
        table.id,
        (f"UPDATE {table.id} SET {cell} = {INVENTED[column.type]} WHERE rowid = {row}",),
        column.name,
    )


def question(check: Check) -> str:
    """The check's own query, as DuckDB reads it; empty where it has none."""
    sql = str(check.kwargs.get(QUERY, ""))
    sql = sql.replace("{{", "\x00").replace("}}", "\x01").replace("\\:", ":")
    return sql.replace("{batch}", check.table).replace("\x00", "{").replace("\x01", "}")


def failing(con: duckdb.DuckDBPyConnection, check: Check) -> int:
    """Count the rows that a check names."""
    sql = question(check)
    if sql:
        return len(con.execute(sql).fetchall())
    count: int = con.execute(f"SELECT count(*) FROM {check.table}").fetchall()[0][0]
    return int(
        not check.kwargs.get("min_value", 0) <= count <= check.kwargs.get("max_value", count)
    )


def tripped(
    con: duckdb.DuckDBPyConnection, sound: Mapping[Check, int], mutant: Mutant
) -> list[Check] | None:
    """Checks that name more rows than in the sound world, or break; None where nothing changed."""
    found = []
    try:
        if not changed(con, mutant):
            return None
        for check in sound:
            if not reads(check, mutant):
                continue
            try:
                if failing(con, check) > sound[check]:
                    found.append(check)
            except duckdb.Error:
                # The gate calls it an error, which blocks; the transaction may be lost with it.
                found.append(check)
                con.execute("ROLLBACK")
                changed(con, mutant)
    finally:
        con.execute("ROLLBACK")
    return found


def changed(con: duckdb.DuckDBPyConnection, mutant: Mutant) -> int:
    """Make the mutant in a transaction of its own; give the rows it changed."""
    con.execute("BEGIN")
    counts = [con.execute(statement).fetchall() for statement in mutant.statements]
    # What makes or renames a table answers with no row.
    return sum(int(rows[0][0]) if rows else 1 for rows in counts)


def reads(check: Check, mutant: Mutant) -> bool:
    """Whether a check could answer differently for a mutant: it names the table and the column."""
    sql = str(check.kwargs.get(QUERY, ""))
    if not any(check.table == table or table in sql for table in mutant.tables.split()):
        return False
    return mutant.column in sql or "*" in sql.replace("count(*)", "")


def survey(made: world.Built, database: Path) -> tuple[dict[str, list[str]], int, int]:
    """Put every mutant to every check: mutants by check, how many are stopped, of how many."""
    named: dict[str, list[str]] = {}
    killed = every = 0
    with duckdb.connect(database) as con:
        con.execute("SET threads = 1")
        sound = {check: failing(con, check) for check in made.checks()}
        for mutant in mutants(made.tables):
            found = tripped(con, sound, mutant)
            if found is None:
                continue
            every += 1
            killed += any(check.severity == "critical" for check in found)
            for check in found:
                if check.kind == "authored" and len(named.setdefault(check.id, [])) < NAMED:
                    named[check.id].append(mutant.name)
    return named, killed, every


def main(write: Callable[[Path, str], Any] = Path.write_text) -> None:
    """Write the coverage of the checks, and how many mutants they stop."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        made = world.built(world.settings(home), world.tiny(home / "in"))
        database = home / "mutant.duckdb"
        shutil.copyfile(made.settings.build, database)
        named, killed, every = survey(made, database)
        authored = [check.id for check in made.checks() if check.kind == "authored"]
    head = (
        "# Written by `python -m tests.check_coverage`; a check without a mutant fails the tests.\n"
    )
    listed = {id_: named.get(id_, []) for id_ in sorted(authored)}
    write(COVERAGE, head + yaml.safe_dump(listed, width=160, sort_keys=True))
    write(KILLED, json.dumps({"killed": killed, "all": every}) + "\n")


if __name__ == "__main__":
    main()
