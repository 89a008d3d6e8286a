"""What is exported: tables of a snapshot, or what one wants first, with what is said of them."""

# ruff: noqa: S608 - every name is one that the file's own dictionary has

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows import publish, warehouse
from flows.export.aside import ExportError
from flows.export.described import Described, Field

NEWEST = "stage = 'all' AND year = (SELECT max(year) FROM {table} WHERE stage = 'all')"
SAID = "the newest year, stage `all`; name the table to have every row"

FIRST: Mapping[str, tuple[str, str]] = {
    "view.dependency": (NEWEST.format(table="indices.import_concentration"), SAID),
    "view.concentration": (NEWEST.format(table="indices.import_concentration"), SAID),
    "view.claims": ("true", ""),
    "view.alerts": ("true", ""),
    "indices.export_concentration": ("true", ""),
    "indices.production_concentration": ("true", ""),
    "indices.policy_calendar": ("true", ""),
}
"""Where no table is named: table -> which of its rows, and how that is said."""


@dataclass(frozen=True)
class Part:
    """Rows to export: what they are, how many, and how to read them."""

    told: Described
    rows: int
    frames: Callable[[], Iterator[pl.DataFrame]]
    """Reads the rows part by part; the first may be empty, and has the columns."""
    note: str = ""
    """Which rows of the table, where not all."""


@dataclass(frozen=True)
class About:
    """What is said of the snapshot that the rows are from."""

    snapshot: str
    created: str
    as_of: str
    checks: Mapping[str, int]
    sources: Sequence[Mapping[str, Any]]
    """One an edition: source, title, edition, released, licence, citation, origin, limits."""


SOURCES = """
    SELECT
        s.source, s.title, s.producer, e.edition, e.released, s.licence, s.licence_url, s.citation,
        s.origin, s.limits
    FROM meta.source AS s
    LEFT JOIN meta.edition AS e ON e.source = s.source
    ORDER BY s.source, e.released NULLS FIRST, e.edition
"""


def about(con: warehouse.Connection, snapshot: Path) -> About:
    """Read what is said of a snapshot."""
    body = publish.read_manifest(snapshot)
    sources = con.execute(SOURCES).pl().to_dicts()
    return About(body["id"], body["created"], body["as_of"], body["checks"], sources)


def tables(
    con: warehouse.Connection, known: Mapping[str, Described], names: Sequence[str]
) -> list[Part]:
    """Give the tables named, or else what one wants first.

    Raises:
        ExportError: the snapshot has no table of a name.

    """
    if not names:
        return [table(con, known[n], *rows) for n, rows in FIRST.items() if n in known]
    return [table(con, known[the_one(known, name)]) for name in dict.fromkeys(names)]


def the_one(known: Iterable[str], name: str) -> str:
    """Give the table of a name, with or without its schema."""
    names = list(known)
    found = [one for one in names if name in {one, one.partition(".")[2]}]
    if len(found) == 1:
        return found[0]
    if found:
        raise ExportError(f"{name!r} is in several schemas: {', '.join(found)}")
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    meant = f"did you mean {', '.join(near)}?" if near else "`orewatch dictionary` lists them"
    raise ExportError(f"the snapshot has no table {name!r}; {meant}")


def table(con: warehouse.Connection, told: Described, where: str = "true", note: str = "") -> Part:
    """Give the rows of a table that meet a condition, in the order of its grain."""
    rows = con.execute(f"SELECT count(*) FROM {told.name} WHERE {where}").fetchone()
    # A table lies in the order of its grain; a view has none of its own.
    order = ", ".join(map(warehouse.quoted, told.grain)) if told.name.startswith("view.") else ""
    ordered = f" ORDER BY {order}" if order else ""
    sql = f"(SELECT * FROM {told.name} WHERE {where}{ordered})"
    return Part(told, int(rows[0]) if rows else 0, lambda: warehouse.batches(con, sql), note)


def answered(
    name: str, meaning: str, rows: pl.DataFrame, known: Mapping[str, Described], note: str
) -> Part:
    """Give the rows that answer a question; a column is told as all tables tell it."""
    said: dict[str, set[tuple[str, str]]] = {}
    for one in known.values():
        for column in one.columns:
            said.setdefault(column.name, set()).add((column.unit, column.meaning))
    columns = tuple(
        field(column, str(kind), said.get(column, set())) for column, kind in rows.schema.items()
    )
    return Part(Described(name, meaning, columns), rows.height, lambda: iter([rows]), note)


def field(name: str, kind: str, said: set[tuple[str, str]]) -> Field:
    """Say of a column of an answer what every table says of that name."""
    units = {unit for unit, _ in said}
    unit = units.pop() if len(units) == 1 else ""
    meaning = next(iter(said))[1] if len(said) == 1 else ""
    return Field(name, kind, unit, meaning)
