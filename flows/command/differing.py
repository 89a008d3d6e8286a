"""Show what changed between two snapshots: on a screen, as JSON, Markdown or HTML."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.padding import Padding
from rich.text import Text

from flows.command.exits import UsageError
from flows.command.terminal import console, note, plain, print_json, show_rows
from flows.command.vintages import pair
from flows.diff.compare import compare
from flows.diff.contract import WORDS, Diff, side
from flows.holding import reading
from flows.report.changes import (
    COARSE,
    changes_html,
    changes_json,
    changes_markdown,
    move_cells,
    sentence,
    titled,
)
from flows.settings import Settings

Form = Literal["table", "json", "markdown", "html"]

CROSSED = 7
"""Exit code where a share moved more than was asked for."""
ROWS = 1_000
"""Rows in the JSON where no number is named."""
SHOWN = 5
"""Moves shown of each list on a screen."""


@dataclass(frozen=True)
class Asked:
    """What is to be compared, and how the answer is wanted."""

    names: Sequence[str] = ()
    form: Form = "table"
    fail: float | None = None
    """A share (0 to 1): a larger move is one too many."""
    rows: int | None = None
    parquet: Path | None = None


def differ(asked: Asked, settings: Settings) -> int:
    """Compare two snapshots and show it; give 7 where a share moved more than `fail`, else 0.

    Raises:
        UsageError: three snapshots, a threshold outside 0 and 1, or a folder that is there.
        NoSuchSnapshotError: one of the two is not there.

    """
    if len(asked.names) > 2:  # noqa: PLR2004 - a difference has two sides
        raise UsageError("diff compares two snapshots")
    if asked.fail is not None and not 0 <= asked.fail <= 1:
        raise UsageError(f"--fail takes a share within 0 and 1, such as 0.05; not {asked.fail:g}")
    if asked.parquet and asked.parquet.exists():
        raise UsageError(f"{asked.parquet} is there already; name a new folder")
    before, after = pair(settings, asked.names)
    with ExitStack() as held:
        for path in (before, after):
            held.enter_context(reading(path))
        diff = compare(
            side(before),
            side(after),
            rows=(asked.rows if asked.rows is not None else ROWS) if asked.form == "json" else 0,
            parquet=asked.parquet,
            threads=settings.threads,
            memory_limit=settings.memory_limit,
        )
    show(diff, asked)
    if asked.fail is None or diff.largest_share <= asked.fail:
        return 0
    sys.stderr.write(f"a share moved by {diff.largest_share:.6g}, more than {asked.fail:g}\n")
    return CROSSED


def show(diff: Diff, asked: Asked) -> None:
    """Show a difference in the form asked for."""
    if asked.form == "json":
        print_json(changes_json(diff))
    elif asked.form == "markdown":
        sys.stdout.write(changes_markdown(diff))
    elif asked.form == "html":
        sys.stdout.write(changes_html(diff))
    else:
        show_screen(diff)
        if asked.parquet:
            note(f"every row that differs: {asked.parquet}")


def show_screen(diff: Diff) -> None:
    """Show a difference on a screen: by cause, by table, then the largest moves."""
    out = console()
    out.print(Text(sentence(diff), style="bold"))
    note(f"{diff.before} -> {diff.after}")
    if diff.coarse:
        note(COARSE)
    if not diff.changes:
        return
    out.print()
    show_rows(
        ("cause", "what", "rows"),
        [(WORDS[cause.kind], cause.what, rows) for cause, rows in diff.causes.items()],
    )
    out.print()
    show_rows(
        ("table", "appeared", "vanished", "changed", "cells"),
        [(c.table, c.appeared, c.vanished, c.changed, c.cells) for c in diff.changes],
    )
    for change in diff.changes:
        if change.note:
            out.print(Padding(Text(f"{change.table}: {plain(change.note, widest=None)}"), (0, 2)))
    for title, moves in titled(diff):
        out.print()
        out.print(Text(title, style="bold"))
        show_rows(
            ("number", "key", "before", "after", "move"),
            [move_cells(move)[:5] for move in moves[:SHOWN]],
        )
    note("--json has the rows, with their causes; --parquet FOLDER all of them")
