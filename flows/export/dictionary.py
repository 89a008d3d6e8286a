"""The dictionary of a snapshot: its tables and columns, as the file itself tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from flows import warehouse
from flows.export.described import Described, Field, described
from flows.indices.contract import DUCKDB_TYPES, Table

TOLD = """
    SELECT
        "table", "column", type, unit, meaning, nullable, key, in_grain, table_meaning, formula,
        citation
    FROM meta.dictionary
    ORDER BY "table", ordinal
"""
COMMENTED = """
    SELECT
        c.schema_name || '.' || c.table_name, c.column_name, c.data_type, c.comment, c.is_nullable,
        coalesce(t.comment, v.comment, '')
    FROM duckdb_columns() AS c
    LEFT JOIN duckdb_tables() AS t ON t.table_oid = c.table_oid
    LEFT JOIN duckdb_views() AS v ON v.view_oid = c.table_oid
    WHERE NOT c.internal
    ORDER BY 1, c.column_index
"""


def read_dictionary(con: warehouse.Connection) -> dict[str, Described]:
    """Give every table and view of a snapshot by name, with what is said of its columns.

    What came after the dictionary was written (the verdicts of the checks) is told by the comments
    in the file.
    """
    rows = con.execute(TOLD).fetchall()
    found = {name: told(name, list(group)) for name, group in groupby(rows, lambda row: row[0])}
    others = [row for row in con.execute(COMMENTED).fetchall() if row[0] not in found]
    for name, group in groupby(others, lambda row: row[0]):
        found[name] = commented(name, list(group))
    return dict(sorted(found.items()))


def told(name: str, rows: list[tuple[str, ...]]) -> Described:
    """One table as the dictionary tells it."""
    columns = tuple(
        Field(column, kind, unit, meaning, bool(nullable), key, bool(in_grain))
        for _, column, kind, unit, meaning, nullable, key, in_grain, *_ in rows
    )
    meaning, formula, citation = rows[0][8:11]
    grain = tuple(column.name for column in columns if column.in_grain)
    return Described(name, meaning, columns, formula, citation, grain)


def commented(name: str, rows: list[tuple[str, ...]]) -> Described:
    """One table as the comments tell it: `meaning [unit]`."""
    ours = {theirs: our for our, theirs in DUCKDB_TYPES.items()}
    columns = []
    for _, column, kind, comment, nullable, _ in rows:
        meaning, _, unit = (comment or "").removesuffix("]").partition(" [")
        columns.append(Field(column, ours.get(kind, kind), unit, meaning, bool(nullable)))
    return Described(name, rows[0][5], tuple(columns))


def declared(tables: Iterable[Table]) -> dict[str, Described]:
    """Give the same from the declarations, where there is no snapshot yet."""
    return {one.name: one for one in sorted(map(described, tables), key=lambda one: one.name)}


REASONS = """
    SELECT '{table}', g.reason, g.amount, coalesce(r.meaning, '')
    FROM (
        SELECT reason, count(*) AS amount FROM {table} WHERE reason IS NOT NULL GROUP BY reason
    ) AS g
    LEFT JOIN ref.reason AS r ON r.reason = g.reason
"""


def reasons(
    con: warehouse.Connection, tables: Iterable[Described]
) -> dict[str, list[tuple[str, int, str]]]:
    """Why numbers are missing: by table, each reason that occurs, in how many rows, its meaning."""
    asked = [one.name for one in tables if any(c.name == "reason" for c in one.columns)]
    # A view repeats what stands in the indices that it is made from.
    asked = [name for name in asked if not name.startswith(("view.", "ref."))]
    if not asked:
        return {}
    sql = " UNION ALL ".join(REASONS.format(table=name) for name in asked)
    found: dict[str, list[tuple[str, int, str]]] = {}
    for name, reason, amount, meaning in con.execute(f"{sql} ORDER BY 1, 3 DESC, 2").fetchall():
        found.setdefault(name, []).append((reason, amount, meaning))
    return found


def matching(known: Iterable[str], wanted: str) -> Iterator[str]:
    """Yield the tables that a name means: itself, a name without its schema, or a schema."""
    for name in known:
        schema, _, table = name.partition(".")
        if wanted in {name, table, schema}:
            yield name
