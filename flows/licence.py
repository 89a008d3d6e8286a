"""What a source's licence lets out: of a source that is `derived_only`, derived figures alone.

Its rows leave every mart. In an index they stay, with floats rounded to three decimals and amounts
of goods or money left out. Rows that a failing check points at are withheld where they may be its.
All of it follows from declarations: a column that names a source has the key `meta.source.source`,
and a number is an amount unless its unit is one of plain numbers. What no column names a source of
counts as no source's, so a table made from such a source has to have that column.
"""

# ruff: noqa: S608 - names are declared ones and quoted, values are parameters or ids of sources

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from flows import warehouse
from flows.gate.contract import QUERY, Verdict
from flows.indices.contract import Column, Table
from flows.marts import Model
from flows.publish import PublishError
from flows.rejected import REJECTED_ROW
from flows.settings import Settings
from flows.sources.contract import Source

NAMES_SOURCE = "meta.source.source"
"""Key of a column that names a source."""
FLAGS = "ref.flag.flag"
FLAG = "derived_only"
"""The flag that tells a reader of what was done."""
DECIMALS = 3
NUMBERS = ("float", "int", "decimal")
PLAIN = frozenset(
    {
        "calendar",
        "calendar_month",
        "concentration",
        "count",
        "duration",
        "information",
        "plain_ratio",
        "rank",
        "ratio",
        "score",
    }
)
"""Quantities (`ref.unit.quantity`) that are no amount of goods or money."""


@dataclass(frozen=True)
class Rule:
    """Sources of which only derived figures go out, and which units are those of plain numbers."""

    sources: tuple[str, ...]
    plain_units: frozenset[str]

    def is_theirs(self, table: Table) -> str:
        """Write the SQL test whether a row is made from one of the sources; empty: none can be."""
        listed = ", ".join(warehouse.text(source) for source in self.sources)
        names = source_columns(table)
        if not names or not listed:
            return ""
        return " OR ".join(f"coalesce({warehouse.quoted(n)} IN ({listed}), false)" for n in names)

    def is_amount(self, column: Column) -> bool:
        """Whether a column holds amounts; one without a unit may, so it counts as one."""
        return column.type in NUMBERS and column.unit not in self.plain_units


def let_out(
    settings: Settings,
    tables: Sequence[Table],
    models: Sequence[Model],
    sources: Sequence[Source],
) -> tuple[Rule, dict[str, int]]:
    """Leave in the built file what the licences let out; give the rule, and the rows it met.

    Where a source has a say, the file is written anew: what is deleted in one stays in its blocks.

    Raises:
        PublishError: an index has an amount that cannot be left out.

    """
    built = settings.build
    with opened(settings, built, anew=False) as con:
        kept = rule(con, sources)
        held = holding(con, tables, kept)
    if not kept.sources:
        return kept, held
    fresh = built.with_name(f"open-{built.name}")
    try:
        with opened(settings, fresh, anew=True) as con:
            copy(con, built, [table for table in tables if table.schema != "view"], kept)
            warehouse.run_models(con, [model for model in models if model.table.schema == "view"])
        fresh.replace(built)
    finally:
        fresh.unlink(missing_ok=True)
    return kept, held


def opened(
    settings: Settings, path: Path, *, anew: bool
) -> AbstractContextManager[warehouse.Connection]:
    """Open a file to write in, as the settings say."""
    return warehouse.build(
        path, threads=settings.threads, memory_limit=settings.memory_limit, anew=anew
    )


def rule(con: warehouse.Connection, sources: Iterable[Source]) -> Rule:
    """Read what may go out of a built file: of the sources whose editions are in it, and units."""
    held = {source.id for source in sources if source.licence.publish == "derived_only"}
    present = {name for (name,) in con.execute("SELECT source FROM meta.edition").fetchall()}
    units = con.execute("SELECT unit, quantity FROM ref.unit").fetchall()
    plain = frozenset(unit for unit, quantity in units if quantity in PLAIN)
    return Rule(tuple(sorted(held & present)), plain)


def source_columns(table: Table) -> list[str]:
    """Columns that name the source of a row."""
    return [column.name for column in table.columns if column.key == NAMES_SOURCE]


def holding(con: warehouse.Connection, tables: Iterable[Table], kept: Rule) -> dict[str, int]:
    """Rows of the rule's sources by table, marts and indices that have any."""
    tests = {table.id: kept.is_theirs(table) for table in tables if is_bound(table)}
    found = {
        name: con.execute(f"SELECT count(*) FROM {name} WHERE {test}").fetchone()
        for name, test in tests.items()
        if test
    }
    return {name: int(row[0]) for name, row in found.items() if row and row[0]}


def is_bound(table: Table) -> bool:
    """Whether the rule is for a table; others hold facts, names and counts."""
    return table.schema in {"mart", "indices"}


def selection(table: Table, kept: Rule) -> str:
    """Write the SELECT list and test that leave in a table what may go out.

    Raises:
        PublishError: an index has an amount that cannot be left out.

    """
    theirs = kept.is_theirs(table)
    if not theirs or not is_bound(table):
        return f"SELECT * FROM built.{table.id}"
    if table.schema == "mart":
        return f"SELECT * FROM built.{table.id} WHERE NOT ({theirs})"
    columns = ", ".join(open_part(table, column, theirs, kept) for column in table.columns)
    return f"SELECT {columns} FROM built.{table.id}"


def open_part(table: Table, column: Column, theirs: str, kept: Rule) -> str:
    """Write a column of an index so that of the sources' rows it has what may go out."""
    name = warehouse.quoted(column.name)
    if column.name in table.grain:
        return name
    if kept.is_amount(column):
        if not column.nullable:
            raise PublishError(
                f"{table.id}.{column.name} is an amount and must be declared nullable: of "
                f"{', '.join(kept.sources)} amounts are left out of a snapshot"
            )
        return f"CASE WHEN NOT ({theirs}) THEN {name} END AS {name}"
    if column.type == "float":
        return f"CASE WHEN {theirs} THEN round({name}, {DECIMALS}) ELSE {name} END AS {name}"
    if column.type == "texts" and column.key == FLAGS:
        flagged = f"list_sort(list_distinct(list_append({name}, {warehouse.text(FLAG)})))"
        return f"CASE WHEN {theirs} THEN {flagged} ELSE {name} END AS {name}"
    return name


def copy(con: warehouse.Connection, built: Path, tables: Iterable[Table], kept: Rule) -> None:
    """Copy tables of a built file into an open one, without what may not go out."""
    con.execute(f"ATTACH {warehouse.text(str(built))} AS built (READ_ONLY)")
    for table in tables:
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
        con.execute(f"CREATE TABLE {table.id} AS {selection(table, kept)}")
    con.execute("DETACH built")


def shown(
    verdicts: Sequence[Verdict], tables: Sequence[Table], held: Collection[str], kept: Rule
) -> list[Verdict]:
    """Withhold the failing rows that may be of the rule's sources, and figures seen in them.

    Args:
        verdicts: the gate's.
        tables: every table that was checked.
        held: tables that hold rows of the sources.
        kept: the rule.

    """
    by_id = {table.id: table for table in tables}
    return [
        withhold(verdict, by_id.get(verdict.check.table), kept) if reads(verdict, held) else verdict
        for verdict in verdicts
    ]


def reads(verdict: Verdict, held: Collection[str]) -> bool:
    """Whether a check has seen a table that holds rows of the sources; a view may show them."""
    check = verdict.check
    query = str(check.kwargs.get(QUERY, ""))
    is_view = check.table.startswith("view.")
    return is_view or check.table in held or any(name in query for name in held)


def withhold(verdict: Verdict, table: Table | None, kept: Rule) -> Verdict:
    """Leave of a verdict the rows that name other sources, and what it counted."""
    names = ["source", *(source_columns(table) if table else [])]
    rows = tuple(row for row in verdict.rows if is_open(row, names, kept))
    is_count = verdict.unexpected_count is not None or not verdict.check.reads_rows
    lost = len(verdict.rows) - len(rows)
    if not lost and (is_count or not verdict.observed):
        return verdict
    note = f"{lost} rows are not shown: the licence of {', '.join(kept.sources)} keeps them in"
    return replace(
        verdict,
        rows=rows,
        observed=verdict.observed if is_count else "not shown",
        message="; ".join(part for part in (verdict.message, note if lost else "") if part),
    )


def is_open(row: Mapping[str, object], names: Iterable[str], kept: Rule) -> bool:
    """Whether a failing row says of itself that it is another source's."""
    said = [row[name] for name in names if name in row]
    return bool(said) and all(isinstance(one, str) and one not in kept.sources for one in said)


def confirm(database: Path, tables: Iterable[Table], kept: Rule) -> None:
    """Look into a file that is to be published once more.

    Raises:
        PublishError: it holds what may not go out; the message names the table.

    """
    with warehouse.snapshot_reader(database) as con:
        for table in tables:
            theirs = kept.is_theirs(table)
            if not theirs or not is_bound(table):
                continue
            found = con.execute(
                f"SELECT count(*) FROM {table.id} WHERE ({theirs}) AND ({too_much(table, kept)})"
            ).fetchone()
            if found and found[0]:
                raise PublishError(
                    f"{table.id}: {found[0]} rows of {', '.join(kept.sources)} may not go out; "
                    "their licence lets out derived figures only. Nothing was published"
                )
        if REJECTED_ROW.id in {table.id for table in tables} and shown_whole(con, kept):
            raise PublishError(
                f"{REJECTED_ROW.id}: rows of {', '.join(kept.sources)} may not go out whole; "
                "nothing was published"
            )
        if con.execute("SELECT 1 FROM duckdb_schemas() WHERE schema_name = 'staging'").fetchall():
            raise PublishError(f"{database}: holds staged rows; nothing was published")


def shown_whole(con: warehouse.Connection, kept: Rule) -> bool:
    """Whether of a row set aside more is told than its key, where the licence keeps it in."""
    theirs = kept.is_theirs(REJECTED_ROW)
    sql = f'SELECT 1 FROM {REJECTED_ROW.id} WHERE ({theirs}) AND "row" IS NOT NULL LIMIT 1'
    return bool(theirs) and bool(con.execute(sql).fetchall())


def too_much(table: Table, kept: Rule) -> str:
    """Write the SQL test whether a row of the sources says more than it may."""
    if table.schema == "mart":
        return "true"
    tests = ["false"]
    for column in (c for c in table.columns if c.name not in table.grain):
        name = warehouse.quoted(column.name)
        if kept.is_amount(column):
            tests.append(f"{name} IS NOT NULL")
        elif column.type == "float":
            tests.append(f"{name} <> round({name}, {DECIMALS})")
    return " OR ".join(tests)
