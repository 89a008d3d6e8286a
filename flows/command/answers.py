"""Answer a question from a published snapshot, and do nothing else.

The reader's locked configuration refuses files, networks and settings. It does not refuse table
functions that change the connection itself (logging, profiling) or take raw addresses: a query
may call only those listed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows import publish, warehouse

TABLE_FUNCTIONS = frozenset(
    {
        "duckdb_columns",
        "duckdb_constraints",
        "duckdb_functions",
        "duckdb_keywords",
        "duckdb_schemas",
        "duckdb_tables",
        "duckdb_types",
        "duckdb_views",
        "generate_series",
        "json_each",
        "json_tree",
        "pragma_table_info",
        "range",
        "repeat",
        "summary",
        "unnest",
    }
)
"""Table functions that only compute, or describe what the file holds."""

REFUSED_FUNCTIONS = frozenset({"write_log"})
"""Functions of single values that do more than compute."""

LONGEST = 100_000
"""Characters of a query; what is longer was not written by anybody."""


@dataclass(frozen=True)
class Answer:
    """The rows that answer, from which snapshot, and whether there were more."""

    snapshot: str
    rows: pl.DataFrame
    is_cut: bool


def ask(  # noqa: PLR0913 - each bound has its name
    snapshot: Path,
    sql: str,
    parameters: Mapping[str, str | None] | None = None,
    *,
    most_rows: int = 1_000,
    seconds: float = 30,
    memory_limit: str = "1GiB",
    beside: Mapping[str, Path] | None = None,
) -> Answer:
    """Answer one SELECT from one snapshot, within bounds of time, memory and rows.

    `beside` are further snapshots that the query may name.

    Raises:
        WarehouseError: not a single SELECT, not allowed, wrong, or too much.

    """
    if len(sql) > LONGEST:
        raise warehouse.WarehouseError(
            f"a query of {len(sql):,} characters; {LONGEST:,} is the most"
        )
    others = {name: path / publish.DATABASE for name, path in (beside or {}).items()}
    database = snapshot / publish.DATABASE
    with warehouse.snapshot_reader(database, memory_limit=memory_limit, beside=others) as con:
        if strange := refused(con, sql):
            raise warehouse.WarehouseError(f"not allowed in a query: {', '.join(strange)}")
        try:
            rows, is_cut = warehouse.answer(
                con, sql, parameters or None, most_rows=most_rows, seconds=seconds
            )
        except warehouse.WarehouseError as error:
            if not str(error).startswith("Out of Memory"):
                raise
            # DuckDB's own advice is to change settings, which here cannot be changed.
            raise warehouse.WarehouseError(
                f"the answer needs more memory than {memory_limit}; ask for less"
            ) from error
    return Answer(snapshot.name, rows, is_cut)


def refused(con: warehouse.Connection, sql: str) -> list[str]:
    """Functions that a query calls and may not.

    Raises:
        WarehouseError: the text cannot be seen through: no SELECT, or wrong.

    """
    row = con.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    try:
        tree = json.loads(row[0]) if row else {}
    except RecursionError as error:
        raise warehouse.WarehouseError("the query is nested too deeply") from error
    if tree.get("error", True):
        warehouse.parsed(con, sql)
        raise warehouse.WarehouseError("only a single SELECT is answered here")
    return sorted({name for name, is_table in calls(tree) if is_refused(name, is_table=is_table)})


def is_refused(name: str, *, is_table: bool) -> bool:
    """Whether a query may not call a function."""
    return name in REFUSED_FUNCTIONS or (is_table and name not in TABLE_FUNCTIONS)


def calls(tree: object) -> Iterator[tuple[str, bool]]:
    """Yield each function that a serialised query calls, and whether as a table."""
    pending: list[tuple[Any, bool]] = [(tree, False)]
    while pending:
        node, is_table = pending.pop()
        if isinstance(node, list):
            pending += [(item, False) for item in node]
        elif isinstance(node, dict):
            if "function_name" in node:
                yield str(node["function_name"]).lower(), is_table
            called = node.get("type") == "TABLE_FUNCTION"
            pending += [(value, called and key == "function") for key, value in node.items()]
