"""Which published row is meant: the one that the options leave, or the candidates."""

# ruff: noqa: S608 - names are declared ones, values are parameters

from __future__ import annotations

import shlex
from collections.abc import Mapping

import polars as pl

from flows import warehouse
from flows.command.exits import UsageError
from flows.command.explaining.indicator import Indicator
from flows.command.explaining.reader import conditions
from flows.indices.contract import Table
from flows.indices.explained.sheet import Row

OPTIONS = {
    "importer_iso3": "importer",
    "exporter_iso3": "supplier",
    "mineral": "mineral",
    "year": "year",
    "stage": "stage",
    "basis": "basis",
    "source": "source",
    "edition": "edition",
}
"""Column of a key -> the option that gives it; any other is given by `--key name=value`."""

USUAL = {"stage": "all", "basis": "value", "source": "baci", "scope": "world"}
"""What is meant where several rows are left and none was said."""

MOST_KEYS = 20_000
SHOWN = 12


class NoSuchNumberError(Exception):
    """No row of the index has this key."""


def find(con: warehouse.Connection, wanted: Indicator, given: Mapping[str, str]) -> Row:
    """Give the row of an index that has the key given.

    Args:
        con: a snapshot's file.
        wanted: the index.
        given: column of its key -> text, as far as it was said.

    Raises:
        UsageError: a name is not of its key, or several rows are left.
        NoSuchNumberError: there is no such row, table or column.

    """
    table = wanted.index.table
    key = typed(table, given)
    check_columns(con, table)
    rows = keys(con, table, key)
    for name, value in USUAL.items():
        if len(rows) > 1 and name in table.grain and name not in key:
            rows = rows.filter(pl.col(name) == value) if value in rows[name] else rows
    if rows.is_empty():
        raise NoSuchNumberError(none_left(con, table, key))
    if len(rows) > 1:
        raise UsageError(several_left(wanted, key, rows))
    tests, values = conditions(rows.row(0, named=True))
    return con.execute(f"SELECT * FROM {table.id} WHERE {tests}", values).pl().row(0, named=True)


def typed(table: Table, given: Mapping[str, str]) -> dict[str, object]:
    """Give what was said in the types and spelling of the key."""
    if strange := [name for name in given if name not in table.grain]:
        names = ", ".join(option(name) for name in table.grain)
        words = ", ".join(option(name) for name in strange)
        raise UsageError(f"{table.name} takes no {words}; it takes: {names}")
    kinds = {column.name: column.type for column in table.columns}
    key: dict[str, object] = {}
    for name, text in given.items():
        if kinds[name] in {"year", "int"}:
            if not text.isdecimal():
                wants = "--year takes a year" if name == "year" else f"{name} takes a number"
                raise UsageError(f"{wants}, such as {2023 if name == 'year' else 12}; not {text!r}")
            key[name] = int(text)
        elif name.endswith("_iso3"):
            key[name] = text.upper()
        else:
            key[name] = text.lower().replace(" ", "_") if name == "mineral" else text
    return key


def check_columns(con: warehouse.Connection, table: Table) -> None:
    """Refuse a file whose table is not the one that is declared here."""
    found = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
        [table.schema, table.name],
    ).fetchall()
    if lacking := set(table.polars) - {name for (name,) in found}:
        raise NoSuchNumberError(
            f"the snapshot's {table.id} lacks {', '.join(sorted(lacking))}: another version made "
            "it; `orewatch run` makes a new one"
        )


def keys(
    con: warehouse.Connection, table: Table, key: Mapping[str, object], most: int = MOST_KEYS
) -> pl.DataFrame:
    """Give the keys of the rows that are left, at most so many."""
    tests, values = conditions(key)
    names = ", ".join(warehouse.quoted(name) for name in table.grain)
    sql = f"SELECT {names} FROM {table.id} WHERE {tests} ORDER BY ALL LIMIT {most}"
    return con.execute(sql, values).pl()


def several_left(wanted: Indicator, key: Mapping[str, object], rows: pl.DataFrame) -> str:
    """Say which rows are left, as the commands that tell them apart."""
    open_names = [name for name in rows.columns if rows[name].n_unique() > 1]
    lines = [
        command(wanted, {**key, **{name: row[name] for name in open_names}})
        for row in rows.head(SHOWN).iter_rows(named=True)
    ]
    words = ", ".join(option(name) for name in open_names)
    many = f"{len(rows):,}" if len(rows) < MOST_KEYS else f"{MOST_KEYS:,} or more"
    more = [f"  and {len(rows) - SHOWN:,} more"] if len(rows) > SHOWN else []
    said = f"{many} numbers fit; say more of {words}"
    return "\n".join([said, *(f"  {line}" for line in lines), *more])


def none_left(con: warehouse.Connection, table: Table, key: Mapping[str, object]) -> str:
    """Say that there is no such row, and what there is when one thing is not asked for."""
    said = ", ".join(f"{name} {value}" for name, value in key.items())
    lines = [f"{table.name} has no number for {said}"]
    for name in key:
        rows = keys(con, table, {other: key[other] for other in key if other != name})
        found = rows[name].unique().sort().to_list()
        if found and name == "year":
            lines.append(f"  years there are: {found[0]} to {found[-1]}")
        elif found:
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            lines.append(f"  {option(name)} there is: {', '.join(found[:SHOWN])}{more}")
    return "\n".join(lines)


def option(name: str) -> str:
    """Write how a column of a key is given."""
    return f"--{OPTIONS[name]}" if name in OPTIONS else f"--key {name}=..."


def command(wanted: Indicator, key: Mapping[str, object]) -> str:
    """Write the command that asks for a key."""
    words = ["orewatch", "explain", wanted.word]
    for name, value in key.items():
        words += [f"--{OPTIONS[name]}", str(value)] if name in OPTIONS else []
        words += [] if name in OPTIONS else ["--key", f"{name}={value}"]
    return shlex.join(words)
