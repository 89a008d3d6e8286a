"""Which cause can have acted on which row: followed through the tables, from what each is made of.

A row's number is a function of the rows its table reads and of the table's own code; a cause
reaches it only through one of them that differs. Rows are matched by what no table mixes: the
mineral, the edition within a source, and the past (no figure enters an earlier year). `WITHIN`
says which tables keep more apart; tests/test_diff.py holds each claim against the indices
themselves. A cause is thus named wherever it can have acted, and nowhere else.
"""

# ruff: noqa: S608 - names are those that the snapshots declare, quoted

from __future__ import annotations

from graphlib import TopologicalSorter

from flows.diff.changes import name_of, values_of
from flows.diff.contract import Cause
from flows.diff.run import PERIODS, WITHIN, Trace
from flows.diff.starting import Roads, starting
from flows.warehouse import quoted


def trace(run: Trace) -> None:
    """Fill `why.<table>` for every table that differs: parts of the key, and a cause's number."""
    for table in in_order(run):
        parts = run.parts(table)
        columns = ", ".join([*(quoted(name) for name in parts), "1 AS _all"])
        run.con.execute(
            f"CREATE TABLE {name_of('parts', table)} AS "
            f"SELECT DISTINCT {columns} FROM {name_of('changed', table)}"
        )
        run.con.execute(
            f"CREATE TABLE {name_of('why', table)} AS "
            f"SELECT *, CAST(0 AS INTEGER) AS cause FROM {name_of('parts', table)} LIMIT 0"
        )
        for road in starting(run, table):
            start(run, table, road)
        for read in read_by(run, table):
            follow(run, table, read, {"mineral", *WITHIN.get(table, ())})
        # A row can be there only because its year is, in whichever mineral.
        for keys in ({"year"}, set[str]()):
            if lacking(run, table):
                for read in read_by(run, table):
                    follow(run, table, read, keys, "lacking")
        if lacking(run, table):
            left_over(run, table)
        once = f"SELECT DISTINCT * FROM {name_of('why', table)}"
        run.con.execute(f"CREATE OR REPLACE TABLE {name_of('why', table)} AS {once}")


def in_order(run: Trace) -> list[str]:
    """The tables that differ, each after those it reads."""
    return list(TopologicalSorter({t: read_by(run, t) for t in run.shapes}).static_order())


def read_by(run: Trace, table: str) -> list[str]:
    """Tables that differ and that a table reads; any, where nobody says what it reads."""
    if run.roots.is_coarse:
        return []
    known = run.roots.reads
    return sorted(run.shapes.keys() & known.get(table, frozenset(known)))


def start(run: Trace, table: str, road: Roads) -> None:
    """Put causes on the rows of a table whose keys they name."""
    if not road.rows:
        return
    parts = run.parts(table)
    names = [name for name in road.names if name in parts]
    kept = sorted(
        {(*(row[road.names.index(n)] for n in names), row[-1]) for row in road.rows}, key=str
    )
    keys = [
        f"p.{quoted(name)} IS NOT DISTINCT FROM s.{quoted(name)}"
        if name in PERIODS
        else f"(s.{quoted(name)} IS NULL OR p.{quoted(name)} = s.{quoted(name)})"
        for name in names
    ]
    columns = ", ".join([*(quoted(name) for name in names), "cause"])
    run.con.execute(
        f"INSERT INTO {name_of('why', table)} SELECT DISTINCT p.*, s.cause "
        f"FROM {name_of('parts', table)} AS p "
        f"JOIN (VALUES {values_of(kept)}) AS s({columns}) ON {' AND '.join(keys) or 'true'}"
    )


def follow(run: Trace, table: str, read: str, keys: set[str], rows: str = "") -> None:
    """Pass on the causes of rows that differ in a table that is read, where `keys` are equal.

    They reach every row of the table, or those of the scratch table `rows`.
    """
    mine, theirs = run.parts(table), run.parts(read)
    shared = [name for name in mine if name in theirs]
    equal = [name for name in shared if name in keys]
    tests = [f"p.{quoted(name)} = u.{quoted(name)}" for name in equal]
    columns = [f"u.{quoted(name)}" for name in equal]
    if "source" in shared and "edition" in shared:
        columns += ["u.source", "u.edition"]
        tests.append("(p.source <> u.source OR p.edition = u.edition)")
    if "year" in shared and "year" not in equal:
        columns.append("min(u.year) AS year")
        tests.append("u.year <= p.year")
    run.con.execute(
        f"INSERT INTO {name_of('why', table)} SELECT DISTINCT p.*, u.cause "
        f"FROM {rows or name_of('parts', table)} AS p JOIN ("
        f"SELECT {', '.join([*columns, 'u.cause'])} FROM {name_of('why', read)} AS u GROUP BY ALL"
        f") AS u ON true WHERE {' AND '.join(tests) or 'true'}"
    )


def lacking(run: Trace, table: str) -> int:
    """Gather the parts of the key that no cause has reached, as `lacking`; count them."""
    parts = [*run.parts(table), "_all"]
    keys = " AND ".join(f"p.{quoted(name)} IS NOT DISTINCT FROM w.{quoted(name)}" for name in parts)
    run.con.execute(
        f"CREATE OR REPLACE TABLE lacking AS SELECT * FROM {name_of('parts', table)} AS p "
        f"WHERE NOT EXISTS (SELECT 1 FROM {name_of('why', table)} AS w WHERE {keys})"
    )
    row = run.con.execute("SELECT count(*) FROM lacking").fetchone()
    return int(row[0]) if row else 0


def suite(table: str) -> str:
    """The file of a table's checks."""
    return f"expectations/{table}.yml"


def left_over(run: Trace, table: str) -> None:
    """Name what all tables share on rows that nothing else explains, or else say: unknown."""
    roots = run.roots
    causes = [c for c in roots.general if c.kind != "check_exception" or c.what == suite(table)]
    if table.startswith("quality.") and roots.day:
        causes.append(roots.day)
    if table.startswith("meta."):
        causes += [cause for name in roots.own for cause in roots.of_files(name)]
    causes = list(dict.fromkeys(causes)) or [Cause("unknown")]
    run.con.execute(
        f"INSERT INTO {name_of('why', table)} SELECT p.*, s.cause "
        "FROM lacking AS p "
        f"CROSS JOIN (VALUES {values_of([(run.number(c),) for c in causes])}) AS s(cause)"
    )
