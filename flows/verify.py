"""Hold a snapshot against its manifest: files, rows, columns, keys, Parquet, and the arithmetic.

Nothing here trusts what it reads: the manifest says what must be there, and each step names the
first thing that is otherwise.
"""

# ruff: noqa: S608 - names are those that the snapshot declares, quoted

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import publish, warehouse
from flows.indices.contract import DUCKDB_TYPES
from flows.rebuild import VerifyError, recomputed
from flows.settings import Settings
from flows.sources.contract import Source
from flows.sources.raw import sha256
from flows.warehouse import Connection, quoted, text

__all__ = ["Step", "VerifyError", "verify"]


@dataclass(frozen=True)
class Step:
    """One thing looked at, and what was found."""

    name: str
    says: str


Look = Callable[[Connection, Path, dict[str, Any]], Step]


def verify(
    snapshot: Path,
    settings: Settings,
    *,
    quick: bool = False,
    sources: Sequence[Source] | None = None,
) -> list[Step]:
    """Hold a snapshot against its manifest; give what was looked at.

    `quick` leaves out the building anew. `sources` are those of the project where not given.

    Raises:
        VerifyError: something differs.
        PublishError: there is no readable manifest.

    """
    body = publish.read_manifest(snapshot)
    steps = [files(snapshot, body)]
    with opened(snapshot, settings) as con:
        steps += [looked(look, con, snapshot, body) for look in LOOKS]
    if not quick:
        steps.append(Step("numbers", recomputed(snapshot, body, settings, sources)))
    return steps


def looked(look: Look, con: Connection, snapshot: Path, body: dict[str, Any]) -> Step:
    """Take one look; what breaks it is a difference too."""
    try:
        return look(con, snapshot, body)
    except VerifyError:
        raise
    except Exception as error:
        raise VerifyError(f"{look.__name__}: cannot be looked at: {error}") from error


def files(snapshot: Path, body: dict[str, Any]) -> Step:
    """Every file of the manifest, with its size and hash; no other."""
    if body["id"] != snapshot.name:
        raise VerifyError(f"{snapshot}: its manifest is that of {body['id']}")
    listed = {entry["path"]: entry for entry in body["files"]}
    found = {
        path.relative_to(snapshot).as_posix(): path
        for path in sorted(snapshot.rglob("*"))
        if not path.is_dir() and path.name != publish.MANIFEST
    }
    if lost := sorted(listed.keys() - found.keys()):
        raise VerifyError(f"{snapshot / lost[0]}: missing; the manifest lists it")
    if strange := sorted(found.keys() - listed.keys()):
        raise VerifyError(f"{snapshot / strange[0]}: not in the manifest")
    for name, entry in sorted(listed.items()):
        path = found[name]
        if path.is_symlink() or path.stat().st_size != entry["bytes"]:
            raise VerifyError(f"{path}: {path.stat().st_size:,} bytes; {entry['bytes']:,} listed")
        if (digest := sha256(path)) != entry["sha256"]:
            raise VerifyError(f"{path}: SHA-256 {digest}; {entry['sha256']} listed")
    return Step(
        "files", f"{len(listed)} files have the size and hash listed, and there is no other"
    )


@contextmanager
def opened(snapshot: Path, settings: Settings) -> Iterator[Connection]:
    """Open a scratch file with the snapshot's beside it, read-only, as `shot`."""
    with (
        tempfile.TemporaryDirectory(prefix="orewatch-verify-") as folder,
        warehouse.build(
            Path(folder) / "scratch.duckdb",
            threads=settings.threads,
            memory_limit=settings.memory_limit,
        ) as con,
    ):
        con.execute(f"ATTACH {text(str(snapshot / publish.DATABASE))} AS shot (READ_ONLY)")
        con.execute("USE shot")
        yield con
        con.execute("USE orewatch")


def rows(con: Connection, _snapshot: Path, body: dict[str, Any]) -> Step:
    """Every table of the manifest, with its rows; no other."""
    promised = publish_rows(body)
    sql = (
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'shot' "
        "UNION ALL SELECT schema_name || '.' || view_name FROM duckdb_views() "
        "WHERE database_name = 'shot' AND NOT internal"
    )
    there = {name for (name,) in con.execute(sql).fetchall()}
    if lost := sorted(promised.keys() - there):
        raise VerifyError(f"{lost[0]}: not in {publish.DATABASE}; the manifest lists it")
    if strange := sorted(there - promised.keys()):
        raise VerifyError(f"{strange[0]}: in {publish.DATABASE}, but not in the manifest")
    for name, count in warehouse.counts(con, sorted(promised)).items():
        if count != promised[name]:
            raise VerifyError(f"{name}: {count:,} rows; {promised[name]:,} listed")
    return Step("rows", f"{len(promised)} tables and views have the rows listed")


def publish_rows(body: dict[str, Any]) -> dict[str, int]:
    """Rows by table, from a manifest."""
    return {table["name"]: table["rows"] for table in body["tables"]}


def columns(con: Connection, _snapshot: Path, _body: dict[str, Any]) -> Step:
    """Every column of the dictionary, in order, with its type; nulls only where declared."""
    declared: dict[str, list[tuple[str, str, bool]]] = {}
    sql = 'SELECT "table", "column", type, nullable FROM meta.dictionary ORDER BY "table", ordinal'
    for table, column, kind, nullable in con.execute(sql).fetchall():
        declared.setdefault(table, []).append((column, DUCKDB_TYPES.get(kind, kind), nullable))
    for table, expected in declared.items():
        described = con.execute(f"DESCRIBE {table}").fetchall()
        found = [(name, kind) for name, kind, *_ in described]
        promised = [(name, kind) for name, kind, _ in expected]
        if found != promised:
            differ = next((p, f) for p, f in padded(promised, found) if p != f)
            raise VerifyError(f"{table}: column {differ[0]} declared, {differ[1]} found")
        whole = [name for name, _, nullable in expected if not nullable]
        counted = ", ".join(f"count(*) - count({quoted(name)})" for name in whole)
        nulls = con.execute(f"SELECT {counted or '0'} FROM {table}").fetchone() or ()
        for name, count in zip(whole, nulls, strict=False):
            if count:
                raise VerifyError(f"{table}.{name}: {count:,} nulls, declared never to be null")
    total = sum(len(one) for one in declared.values())
    return Step("columns", f"{total} columns of {len(declared)} tables are as declared")


def padded(one: list[Any], other: list[Any]) -> list[tuple[Any, Any]]:
    """Two lists side by side, the shorter filled up with null."""
    most = max(len(one), len(other))
    fill: list[Any] = [None] * most
    return list(zip((one + fill)[:most], (other + fill)[:most], strict=True))


def keys(con: Connection, _snapshot: Path, _body: dict[str, Any]) -> Step:
    """Every grain unique, every foreign key found."""
    sql = (
        'SELECT "table", list("column" ORDER BY ordinal) FROM meta.dictionary WHERE in_grain '
        'GROUP BY "table" ORDER BY "table"'
    )
    grains = con.execute(sql).fetchall()
    for table, names in grains:
        grain = ", ".join(quoted(name) for name in names)
        doubled = f"SELECT {grain} FROM {table} GROUP BY {grain} HAVING count(*) > 1 LIMIT 1"
        if row := con.execute(doubled).fetchone():
            raise VerifyError(f"{table}: two rows have the key {row}")
    sql = (
        'SELECT "table", "column", type, key FROM meta.dictionary WHERE key <> \'\' '
        'ORDER BY "table", ordinal'
    )
    found = con.execute(sql).fetchall()
    for table, column, kind, key in found:
        # What follows a question mark in a key is a condition that only the gate reads.
        target, _, name = key.partition("?")[0].rpartition(".")
        value = f"unnest({quoted(column)})" if kind == "texts" else quoted(column)
        lost = (
            f"SELECT v FROM (SELECT DISTINCT {value} AS v FROM {table}) AS t "
            f"ANTI JOIN {target} AS k ON t.v = k.{quoted(name)} WHERE v IS NOT NULL "
            "ORDER BY v LIMIT 1"
        )
        if row := con.execute(lost).fetchone():
            raise VerifyError(f"{table}.{column}: {row[0]!r} is not in {target}.{name}")
    return Step("keys", f"{len(grains)} grains are unique, {len(found)} foreign keys resolve")


def parquet(con: Connection, snapshot: Path, body: dict[str, Any]) -> Step:
    """Every table's content as listed, in the DuckDB file and in its Parquet file."""
    listed = {t["name"]: t["content"] for t in body["tables"] if t["content"]}
    there = {path.stem for path in (snapshot / "parquet").glob("*.parquet")}
    if differing := sorted(there ^ listed.keys()):
        raise VerifyError(f"{differing[0]}: there is no Parquet file of it, or no table")
    for name, content in sorted(listed.items()):
        if publish.content_hash(warehouse.batches(con, name)) != content:
            raise VerifyError(f"{name}: its content is not what the manifest says")
        path = text(str(snapshot / "parquet" / f"{name}.parquet"))
        if publish.content_hash(warehouse.batches(con, f"read_parquet({path})")) != content:
            raise VerifyError(f"parquet/{name}.parquet: its content is not that of the table")
    if publish.combined_hash(listed) != body["content"]:
        raise VerifyError("manifest.json: `content` is not the hash of the tables' contents")
    return Step("content", f"{len(listed)} tables and their Parquet files hold what is listed")


LOOKS: Sequence[Look] = (rows, columns, keys, parquet)
