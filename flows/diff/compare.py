"""Compare two snapshots: what changed, appeared or vanished in every table, and why."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows import warehouse
from flows.diff.causes import roots
from flows.diff.changes import AFTER, BEFORE, common, count_cells, count_rows, shapes, write_changes
from flows.diff.contract import Cause, Change, Diff, DiffError, Shape, Side
from flows.diff.run import Trace
from flows.diff.told import absolute_moves, acting, export, kept_rows, relative_moves
from flows.diff.trace import trace
from flows.warehouse import text

Shapes = Mapping[str, Shape]
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Found:
    """What was found of the tables: remarks, rows that differ by status, cells by column."""

    notes: Mapping[str, str]
    rows: Counts
    cells: Counts


def compare(  # noqa: PLR0913 - each by name, and all but the sides have a default
    before: Side,
    after: Side,
    *,
    rows: int = 0,
    parquet: Path | None = None,
    threads: int = 2,
    memory_limit: str = "512MiB",
) -> Diff:
    """Find every published number that differs between two snapshots, with its causes.

    Tables whose content has the same hash are not looked at; views follow from the tables. The
    first `rows` rows are kept in the answer; `parquet` names a folder that gets them all, one file
    a table.

    Raises:
        DiffError: a snapshot has no DuckDB file.
        FileExistsError: the folder is there already.

    """
    if parquet:
        parquet.mkdir(parents=True)
    with attached(before, after, threads, memory_limit) as con:
        one, other = shapes(con, BEFORE), shapes(con, AFTER)
        both = sorted(one.keys() & other.keys())
        notes = altered(one, other)
        looked_at = [t for t in both if one[t].grain == other[t].grain]
        looked_at = [t for t in looked_at if not is_equal(before, after, t)]
        for table in looked_at:
            write_changes(con, one[table], other[table])
        counted = {table: count_rows(con, table) for table in looked_at}
        differ = {table: common(one[table], other[table]) for table in looked_at if counted[table]}
        cells = {table: count_cells(con, shape) for table, shape in differ.items()}
        run = Trace(con, roots(con, before, after), differ, came_or_went(one, other))
        trace(run)
        if parquet and differ:
            export(run, parquet)
        return Diff(
            before=before.name,
            after=after.name,
            equal=sum(1 for table in both if table not in differ and table not in notes),
            changes=changes(run, before, after, Found(notes, counted, cells)),
            relative=relative_moves(run, cells),
            absolute=absolute_moves(run, cells),
            rows=kept_rows(run, rows),
            coarse=run.roots.is_coarse,
        )


@contextmanager
def attached(
    before: Side, after: Side, threads: int, memory_limit: str
) -> Iterator[warehouse.Connection]:
    """Open a scratch file with both snapshots beside it, read-only."""
    for side in (before, after):
        if not side.database.is_file():
            raise DiffError(f"{side.database}: no such file; {side.name} cannot be compared")
    with (
        tempfile.TemporaryDirectory(prefix="orewatch-diff-") as folder,
        warehouse.build(
            Path(folder) / "scratch.duckdb", threads=threads, memory_limit=memory_limit
        ) as con,
    ):
        con.execute("SET preserve_insertion_order = false")
        for name, side in ((BEFORE, before), (AFTER, after)):
            con.execute(f"ATTACH {text(str(side.database))} AS {name} (READ_ONLY)")
        # Nothing here outlives the scratch file: one transaction spares a sync for each statement.
        con.execute("BEGIN")
        for schema in ("changed", "parts", "why"):
            con.execute(f"CREATE SCHEMA {schema}")
        yield con
        con.execute("ROLLBACK")


def is_equal(before: Side, after: Side, table: str) -> bool:
    """Whether the manifests say that a table's content is the same."""
    digest = before.contents.get(table)
    return digest is not None and digest == after.contents.get(table)


def altered(one: Shapes, other: Shapes) -> dict[str, str]:
    """What changed of the tables themselves, in words."""
    notes = dict.fromkeys(other.keys() - one.keys(), "the table is new")
    notes |= dict.fromkeys(one.keys() - other.keys(), "the table is gone")
    for name in one.keys() & other.keys():
        if one[name].grain != other[name].grain:
            notes[name] = "its key is another: rows cannot be matched"
            continue
        old, new = one[name].columns, other[name].columns
        said = [f"new column {column}" for column in new if column not in old]
        said += [f"column {column} is gone" for column in old if column not in new]
        said += [
            f"{column} is {new[column][0]} [{new[column][1]}], was {old[column][0]} "
            f"[{old[column][1]}]"
            for column in new
            if column in old and old[column] != new[column]
        ]
        if said:
            notes[name] = "; ".join(said)
    return dict(sorted(notes.items()))


def came_or_went(one: Shapes, other: Shapes) -> dict[str, Cause]:
    """Tables that only one side has, each as the cause that it is."""
    names = [n for n in one.keys() | other.keys() if not (n in one and n in other)]
    names += [n for n in one.keys() & other.keys() if one[n].grain != other[n].grain]
    return {name: Cause("code_changed", f"the table {name}") for name in sorted(names)}


def changes(run: Trace, before: Side, after: Side, found: Found) -> list[Change]:
    """What changed, table by table."""
    listed = []
    for table in sorted(run.shapes.keys() | found.notes.keys()):
        rows = found.rows.get(table, {})
        old, new = before.rows.get(table, 0), after.rows.get(table, 0)
        causes = {run.added[table]: old + new} if table in run.added else {}
        listed.append(
            Change(
                table,
                old,
                new,
                appeared=rows.get("appeared", 0),
                vanished=rows.get("vanished", 0),
                changed=rows.get("changed", 0),
                columns=found.cells.get(table, {}),
                causes=acting(run, table) if table in run.shapes else causes,
                note=found.notes.get(table, ""),
            )
        )
    return listed
