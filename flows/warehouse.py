"""The door to DuckDB: the build file, the SQL models, the published file and locked readers.

Only this module imports duckdb; it hands out connections and frames.
"""

# ruff: noqa: S608 - names are declared ones, and a user's query runs in a locked connection

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb
import polars as pl

from flows.export.described import comment_of
from flows.holding import reading
from flows.indices.contract import DUCKDB_TYPES, Table
from flows.marts import Model, base_tables, in_order
from flows.publish import MANIFEST

PUBLISHED_STORAGE = "v1.2.0"
"""Older clients open this; the default would lock them out."""

QUIET: dict[str, Any] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
OPEN: dict[str, Any] = QUIET | {
    "python_enable_replacements": "false",
    "allow_community_extensions": "false",
}
LAST: dict[str, Any] = {"enable_external_access": "false", "lock_configuration": "true"}
"""What nothing can be attached after, in this order."""
LOCKED: dict[str, Any] = OPEN | LAST


class WarehouseError(Exception):
    """A table is not what its declaration promises, or a query cannot be answered."""


Connection = duckdb.DuckDBPyConnection


@contextmanager
def build(
    path: Path, *, threads: int, memory_limit: str, anew: bool = True
) -> Iterator[Connection]:
    """Open the build file for writing: alone, in UTC, without extensions.

    The file is rebuilt from raw bytes on every run: `anew` removes what an earlier run left.
    """
    if anew:
        for leftover in (path, path.with_name(path.name + ".wal")):
            leftover.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = QUIET | {
        "memory_limit": memory_limit,
        "temp_directory": str(path.with_name(path.name + ".tmp")),
        "threads": threads,
    }
    con = duckdb.connect(config=config)
    try:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"ATTACH {text(str(path))} AS orewatch (STORAGE_VERSION '{PUBLISHED_STORAGE}')")
        con.execute("USE orewatch")
        yield con
        con.execute("CHECKPOINT orewatch")
    finally:
        con.close()


@contextmanager
def beside(con: Connection) -> Iterator[Connection]:
    """Hand out a second connection to the build file, for another thread."""
    other = con.cursor()
    try:
        other.execute("USE orewatch")
        yield other
    finally:
        other.close()


def write(con: Connection, table: Table, frame: pl.DataFrame) -> int:
    """Create `table` from a frame, typed and commented as declared; give its rows."""
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
    columns = ", ".join(f"{quoted(c.name)} {DUCKDB_TYPES[c.type]}" for c in table.columns)
    con.execute(f"CREATE OR REPLACE TABLE {table.id} ({columns})")
    for part in frame.select(list(table.polars)).iter_slices(PART):
        con.register(
            "incoming", part.with_columns(pl.col(pl.Categorical).cast(pl.String)).to_arrow()
        )
        con.execute(f"INSERT INTO {table.id} SELECT * FROM incoming")
        con.unregister("incoming")
    return frame.height


PART = 500_000
"""Rows handed over at a time, so that a large table is never in memory twice."""


def run_models(con: Connection, models: Sequence[Model]) -> dict[str, int]:
    """Run the models in the order of their FROM clauses; give each one's rows.

    Raises:
        WarehouseError: a query does not give the columns and types its header promises.

    """
    ordered = in_order(models, lambda sql: reads(con, sql))
    return {model.table.id: run_model(con, model) for model in ordered}


def run_model(con: Connection, model: Model) -> int:
    """Create one mart (a table, sorted by grain) or view, and hold it against its header."""
    table = model.table
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
    try:
        if table.schema == "view":
            con.execute(f"CREATE OR REPLACE VIEW {table.id} AS {model.sql}")
        else:
            order = ", ".join(quoted(name) for name in table.grain)
            con.execute(
                f"CREATE OR REPLACE TABLE {table.id} AS "
                f"SELECT * FROM ({model.sql}) ORDER BY {order}"
            )
    except duckdb.Error as error:
        raise WarehouseError(f"{model.path}: {error}") from error
    promised = {c.name: DUCKDB_TYPES[c.type] for c in table.columns}
    given = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {table.id}").fetchall()}
    if list(given.items()) != list(promised.items()):
        differ = {n: (promised.get(n), given.get(n)) for n in promised | given}
        wrong = {n: pair for n, pair in differ.items() if pair[0] != pair[1]}
        raise WarehouseError(f"{model.path}: promised and given columns differ: {wrong or 'order'}")
    return counts(con, [table.id])[table.id]


def reads(con: Connection, sql: str) -> set[str]:
    """Tables that a query reads, without binding it."""
    row = con.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        raise WarehouseError(f"cannot parse: {tree.get('error_message')}: {sql[:200]}")
    return base_tables(tree)


def frame(con: Connection, name: str) -> pl.DataFrame:
    """Read a whole table or view as a Polars frame."""
    return con.execute(f"SELECT * FROM {name}").pl()


def batches(con: Connection, name: str) -> Iterator[pl.DataFrame]:
    """Read a table, or a SELECT in brackets, part by part; the first is empty, with the columns."""
    yield con.execute(f"SELECT * FROM {name} LIMIT 0").pl()
    for batch in con.execute(f"SELECT * FROM {name}").to_arrow_reader(PART):
        yield pl.DataFrame(batch)


def export_parquet(database: Path, folder: Path, told: Mapping[str, str]) -> None:
    """Write tables as Parquet, in their order, each with what is told of it under `orewatch`."""
    con = duckdb.connect(config=QUIET)
    try:
        con.execute(f"ATTACH {text(str(database))} AS orewatch (READ_ONLY)")
        con.execute("USE orewatch")
        for name, words in told.items():
            path = text(str(folder / f"{name}.parquet"))
            form = f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{orewatch: {text(words)}}}"
            con.execute(f"COPY {name} TO {path} ({form})")
    finally:
        con.close()


def quoted(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quote a literal."""
    return "'" + value.replace("'", "''") + "'"


def finish(
    con: Connection, tables: Sequence[Table], late: Sequence[tuple[Table, pl.DataFrame]]
) -> dict[str, int]:
    """Make the built file ready to be published; give the rows of what it holds.

    Adds `late`, the tables that came after the build (the gate's verdicts), writes every
    declaration into the file as comments, and leaves staging out.
    """
    for table, rows in late:
        write(con, table, rows)
    everything = [*tables, *(table for table, _ in late)]
    views = {
        f"{schema}.{name}"
        for schema, name in con.execute(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
    }
    con.begin()  # two thousand comments committed one by one take seconds
    for table in everything:
        comment(con, table, "VIEW" if table.id in views else "TABLE")
    con.commit()
    con.execute("DROP SCHEMA IF EXISTS staging CASCADE")
    return counts(con, [table.id for table in everything])


def counts(con: Connection, names: Sequence[str]) -> dict[str, int]:
    """Rows of each table or view."""
    found = {name: con.execute(f"SELECT count(*) FROM {name}").fetchone() for name in names}
    return {name: int(row[0]) if row else 0 for name, row in found.items()}


def comment(con: Connection, table: Table, kind: str) -> None:
    """Write the declaration into the file, so that the dictionary travels with it."""
    con.execute(f"COMMENT ON {kind} {table.id} IS {text(comment_of(table))}")
    for column in table.columns:
        unit = f" [{column.unit}]" if column.unit else ""
        words = text(column.meaning + unit)
        con.execute(f"COMMENT ON COLUMN {table.id}.{quoted(column.name)} IS {words}")


@contextmanager
def snapshot_reader(
    path: Path, *, memory_limit: str = "1GiB", beside: Mapping[str, Path] | None = None
) -> Iterator[Connection]:
    """Open a published file read-only and locked: no file, no network, no setting can be touched.

    `beside` names further published files, attached read-only under their names. Snapshots are
    held as long as they are open, so that none is pruned meanwhile.

    Raises:
        WarehouseError: a file cannot be opened.

    """
    others = dict(beside or {})
    config: dict[str, Any] = (OPEN if others else LOCKED) | {
        "memory_limit": memory_limit,
        "max_temp_directory_size": "0GB",
        # One thread, so that an answer without ORDER BY is the same every time.
        "threads": 1,
    }
    with ExitStack() as stack:
        for one in (path, *others.values()):
            if (one.parent / MANIFEST).is_file():
                stack.enter_context(reading(one.parent))
        try:
            con = duckdb.connect(str(path), read_only=True, config=config)
            stack.callback(con.close)
            for name, other in others.items():
                con.execute(f"ATTACH {text(str(other))} AS {quoted(name)} (READ_ONLY)")
            for setting, value in LAST.items() if others else ():
                con.execute(f"SET {setting} = {value}")
        except duckdb.Error as error:
            raise WarehouseError(f"cannot open {path}: {error}") from error
        yield con


def answer(
    con: Connection,
    sql: str,
    parameters: Mapping[str, object] | None = None,
    *,
    most_rows: int,
    seconds: float,
) -> tuple[pl.DataFrame, bool]:
    """Answer one SELECT within a time and a number of rows; say whether rows were cut off.

    Raises:
        WarehouseError: not a single SELECT, not allowed, wrong, or too slow.

    """
    statements = parsed(con, sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise WarehouseError("only a single SELECT is answered here")
    timer = Timer(seconds, con.interrupt)
    timer.start()
    try:
        table = con.execute(
            f"SELECT * FROM ({sql.strip().rstrip(';')}\n) LIMIT {most_rows + 1}", parameters
        ).pl()
    except duckdb.InterruptException as error:
        raise WarehouseError(f"no answer within {seconds:g} seconds; ask for less") from error
    except duckdb.Error as error:
        raise WarehouseError(str(error)) from error
    finally:
        timer.cancel()
    return table.head(most_rows), table.height > most_rows


def parsed(con: Connection, sql: str) -> list[duckdb.Statement]:
    """Parse a query text into statements."""
    try:
        return con.extract_statements(sql)
    except duckdb.Error as error:
        raise WarehouseError(str(error)) from error
