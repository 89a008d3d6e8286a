"""Write what is asked for of a snapshot, and say what was written."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flows import publish, warehouse
from flows.command import answers
from flows.command.exits import UsageError
from flows.command.queries import question
from flows.command.shelf import find
from flows.command.terminal import count, note, plain, print_json, show_rows
from flows.export import files, selection
from flows.export.aside import ExportError, aside
from flows.export.dictionary import read_dictionary
from flows.export.selection import About, Part
from flows.settings import Settings

FORMS = ("xlsx", "csv", "parquet", "json")
MOST_ROWS = 5_000_000
"""Rows of an answer; a table has no such bound."""


@dataclass(frozen=True)
class Wanted:
    """What is to be written, and where."""

    tables: Sequence[str] = ()
    query: str = ""
    parameters: Sequence[str] = ()
    form: str | None = None
    out: Path | None = None
    snapshot: str | None = None
    force: bool = False
    seconds: float = 120


def export(wanted: Wanted, settings: Settings, *, as_json: bool) -> int:
    """Write it, and say what and where; exit code 0.

    Raises:
        UsageError: the ending of the file and the format differ, or no such question.
        ExportError: no such table, too many rows, or the file cannot be written.
        NoSuchSnapshotError: there is no snapshot.
        WarehouseError: the query is not a single SELECT, not allowed, wrong, or too slow.

    """
    form = chosen_form(wanted)
    snapshot = find(settings, wanted.snapshot)
    with ExitStack() as stack:
        con = stack.enter_context(warehouse.snapshot_reader(snapshot / publish.DATABASE))
        known = read_dictionary(con)
        said = selection.about(con, snapshot)
        if wanted.query:
            parts = [answer(wanted, settings, con, snapshot)]
        else:
            parts = selection.tables(con, known, wanted.tables)
        out = place(wanted, parts, said, form)
        part = stack.enter_context(aside(out, force=wanted.force))
        write(part, parts, said, form)
    written = {"path": str(out), "format": form, "snapshot": said.snapshot}
    rows = [{"name": part.told.name, "rows": part.rows, "which": part.note} for part in parts]
    if as_json:
        print_json(written | {"tables": rows})
        return 0
    show_rows(("table", "rows", "which rows"), [(r["name"], r["rows"], r["which"]) for r in rows])
    note(f"{plain(str(out), None)} · {count(len(rows), 'table')} · snapshot {said.snapshot}")
    return 0


def chosen_form(wanted: Wanted) -> str:
    """Give the format asked for, or that which the ending of the file says, or xlsx."""
    ending = wanted.out.suffix.removeprefix(".").lower() if wanted.out else ""
    if wanted.form and ending in FORMS and ending != wanted.form:
        raise UsageError(f"--out ends in .{ending}, and --format says {wanted.form}; which is it?")
    is_folder = wanted.out is not None and wanted.out.is_dir()
    if ending and not (wanted.form or ending in FORMS or is_folder):
        raise UsageError(f"--out ends in .{ending}, which is none of {', '.join(FORMS)}")
    return wanted.form or (ending if ending in FORMS else "xlsx")


def answer(wanted: Wanted, settings: Settings, con: warehouse.Connection, snapshot: Path) -> Part:
    """Give the rows that answer a question, within the bounds that every query has."""
    asked = question(wanted.query, wanted.parameters, settings.sql / "queries")
    given = answers.ask(
        snapshot, asked.sql, asked.parameters, most_rows=MOST_ROWS, seconds=wanted.seconds
    )
    if given.is_cut:
        raise ExportError(f"the answer has more than {MOST_ROWS:,} rows; ask for less")
    values = ", ".join(f"{name}={value or ''}" for name, value in asked.parameters.items())
    name = asked.name or "query"
    about = asked.answers or asked.sql
    return selection.answered(name, about, given.rows, read_dictionary(con), values)


def place(wanted: Wanted, parts: Sequence[Part], said: About, form: str) -> Path:
    """Give the path to write at."""
    stem = parts[0].told.name if len(parts) == 1 else "orewatch"
    is_folder = len(parts) > 1 and form in {"csv", "parquet"}
    name = f"{stem}-{said.snapshot}" + (f"-{form}" if is_folder else f".{form}")
    if wanted.out is None:
        return Path.cwd() / name
    return wanted.out / name if wanted.out.is_dir() else wanted.out.absolute()


def write(path: Path, parts: Sequence[Part], said: About, form: str) -> None:
    """Write the rows in the format asked for."""
    if form == "xlsx":
        from flows.export.workbook import write_workbook  # noqa: PLC0415

        write_workbook(path, parts, said)
    elif form == "json":
        files.write_json(path, parts, said)
    else:
        single = files.write_csv if form == "csv" else partial(files.write_parquet, about=said)
        if len(parts) == 1:
            single(path, parts[0])
        else:
            files.write_folder(path, parts, said, form, single)
