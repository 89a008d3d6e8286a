"""Find a snapshot's report, or make it where it has none; show where it lies."""

from __future__ import annotations

import shutil
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from flows import publish
from flows.command.shelf import find
from flows.command.terminal import console, note, print_json
from flows.settings import Settings

REPORTS = "reports"
"""Folder within the warehouse for reports of snapshots that have none of their own."""
NAME = "report.html"


class ReportError(Exception):
    """A report cannot be written where it was asked for."""


@dataclass(frozen=True)
class Report:
    """Where a report lies, and of which snapshot it is."""

    snapshot: str
    path: Path


def report(settings: Settings, wanted: str | None = None, out: Path | None = None) -> Report:
    """Give the report of the current snapshot, or of the one named; copy it to `out` if given.

    Raises:
        NoSuchSnapshotError: there is none, or several match.
        ReportError: it cannot be written.

    """
    folder = find(settings, wanted)
    if out is not None and not out.parent.is_dir():
        raise ReportError(f"{out.parent} is no folder; make it first, or name another")
    try:
        path = folder / NAME
        if not path.is_file():
            path = _made(settings, folder)
        if out is not None:
            target = out / NAME if out.is_dir() else out
            path = Path(shutil.copyfile(path, target))
    except OSError as error:
        raise ReportError(f"the report cannot be written: {error}") from error
    return Report(folder.name, path.resolve())


def _made(settings: Settings, folder: Path) -> Path:
    """Make the report of a snapshot that has none; a snapshot itself is never changed."""
    from flows.report.page import page_of  # noqa: PLC0415

    path = settings.warehouse / REPORTS / f"{folder.name}.html"
    page = page_of(folder / publish.DATABASE, folder, publish.read_manifest(folder))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def show_report(found: Report, *, open_it: bool, as_json: bool) -> None:
    """Say where a report lies, and open it in the browser where that is wanted."""
    size = found.path.stat().st_size
    if as_json:
        print_json({"snapshot": found.snapshot, "path": str(found.path), "bytes": size})
    else:
        console().print(str(found.path), soft_wrap=True)
        note(f"{size / 1e6:.1f} MB, nothing outside it is needed · snapshot {found.snapshot}")
    if open_it and not webbrowser.open(found.path.as_uri()):
        note("no browser could be opened here; open the file by hand")
