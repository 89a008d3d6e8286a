"""What changed between two snapshots: as Markdown, as one HTML file, and as JSON.

The same difference gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flows.diff.contract import WORDS, Cause, Change, Diff, Move, Row
from flows.report.quality_words import spaced
from flows.report.templates import FOLDER, digest, templates

READING = (
    "A cause is named on every row that it can have acted on: something that the row is made from "
    "differs by it, within the row's mineral and edition. Where several are named, each can have "
    "acted. Rows that came or went are counted as such; the moves are of numbers that are there on "
    "both sides. Views follow from the tables and are not listed."
)
COARSE = (
    "The manifest of one of the two does not list the files it was made from: causes are named "
    "for whatever differs at all."
)
BOUNDARY = 1_000
MOST_CAUSES = 3
"""Causes that a line of a table names."""


def changes_json(diff: Diff) -> dict[str, Any]:
    """Give a difference for programs."""
    return {
        "before": diff.before,
        "after": diff.after,
        "exact": not diff.coarse,
        "tables_equal": diff.equal,
        "rows_differing": diff.total,
        "largest_share_move": diff.largest_share,
        "causes": [cause_json(cause) | {"rows": n} for cause, n in diff.causes.items()],
        "tables": [table_json(change) for change in diff.changes],
        "largest_moves": {
            "relative": [move_json(move) for move in diff.relative],
            "absolute": {
                unit: [move_json(move) for move in moves] for unit, moves in diff.absolute.items()
            },
        },
        "rows": [row_json(row) for row in diff.rows],
        "rows_cut": len(diff.rows) < diff.total,
    }


def cause_json(cause: Cause) -> dict[str, Any]:
    """One cause."""
    return {"kind": cause.kind, "what": cause.what}


def table_json(change: Change) -> dict[str, Any]:
    """One table."""
    return {
        "table": change.table,
        "rows_before": change.rows_before,
        "rows_after": change.rows_after,
        "appeared": change.appeared,
        "vanished": change.vanished,
        "changed": change.changed,
        "cells": dict(change.columns),
        "causes": [cause_json(cause) | {"rows": n} for cause, n in change.causes.items()],
        "note": change.note,
    }


def move_json(move: Move) -> dict[str, Any]:
    """One move."""
    return {
        "table": move.table,
        "column": move.column,
        "unit": move.unit,
        "key": {name: plain(value) for name, value in move.key.items()},
        "before": plain(move.before),
        "after": plain(move.after),
        "absolute": move.absolute,
        "relative": move.relative,
        "causes": [cause_json(cause) for cause in move.causes],
    }


def row_json(row: Row) -> dict[str, Any]:
    """One row."""
    return {
        "table": row.table,
        "status": row.status,
        "key": {name: plain(value) for name, value in row.key.items()},
        "cells": {
            name: {"before": plain(old), "after": plain(new)}
            for name, (old, new) in row.cells.items()
        },
        "causes": [cause_json(cause) for cause in row.causes],
    }


def plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def sentence(diff: Diff) -> str:
    """The difference in one sentence."""
    if not diff.changes:
        return f"Nothing changed: all {diff.equal:,} tables are the same."
    tables = count(len(diff.changes), "table")
    return (
        f"{count(diff.total, 'row')} in {tables} differ; {count(diff.equal, 'table')} are the same."
    )


def count(amount: int, word: str) -> str:
    """An amount and its word."""
    return f"{amount:,} {word}{'' if amount == 1 else 's'}"


def changes_markdown(diff: Diff) -> str:
    """Give the difference as Markdown."""
    lines = [f"# What changed in {diff.after}", "", f"Against {diff.before}. {sentence(diff)}", ""]
    if diff.coarse:
        lines += [COARSE, ""]
    if diff.changes:
        causes = [(cause.words, f"{rows:,}") for cause, rows in diff.causes.items()]
        lines += ["## Why", "", *grid(("cause", "rows"), causes), ""]
        lines += ["## By table", "", *grid(TABLE, [table_cells(c) for c in diff.changes]), ""]
    for title, moves in titled(diff):
        lines += [f"## {title}", "", *grid(MOVE, [move_cells(move) for move in moves]), ""]
    return "\n".join([*lines, READING, ""])


TABLE = ("table", "appeared", "vanished", "changed", "cells", "why")
MOVE = ("number", "key", "before", "after", "move", "why")


def titled(diff: Diff) -> list[tuple[str, Sequence[Move]]]:
    """The lists of moves, with their titles."""
    found = [("Largest moves, in parts of what it was", diff.relative)]
    found += [(f"Largest moves in {spaced(unit)}", moves) for unit, moves in diff.absolute.items()]
    return [(title, moves) for title, moves in found if moves]


def table_cells(change: Change) -> tuple[str, ...]:
    """A table's line."""
    counts = (change.appeared, change.vanished, change.changed, change.cells)
    why = "; ".join([*([change.note] if change.note else []), causes_words(tuple(change.causes))])
    return (change.table, *(f"{n:,}" for n in counts), why)


def move_cells(move: Move) -> tuple[str, ...]:
    """A move's line."""
    by = f"{number(move.absolute, sign=True)} {spaced(move.unit)}"
    if move.relative is not None:
        by += f" ({percent(move.relative)})"
    return (
        f"{move.table}.{move.column}",
        key_words(move.key),
        number(move.before),
        number(move.after),
        by,
        causes_words(move.causes),
    )


def key_words(key: Mapping[str, object]) -> str:
    """A key in words."""
    return ", ".join(str(value) for value in key.values())


def causes_words(causes: Sequence[Cause]) -> str:
    """The first causes in words, and how many more there are; all stand in the JSON."""
    return "; ".join(
        [
            *(cause.words for cause in causes[:MOST_CAUSES]),
            *([f"and {len(causes) - MOST_CAUSES} more"] if len(causes) > MOST_CAUSES else []),
        ]
    )


def number(value: float | Decimal, *, sign: bool = False) -> str:
    """A number as people read it: whole from a thousand on, five digits below."""
    amount = float(value)
    plus = "+" if sign else ""
    if amount == int(amount) or abs(amount) >= BOUNDARY:
        return f"{amount:{plus},.0f}"
    return f"{amount:{plus}.5g}"


def percent(relative: float) -> str:
    """A relative move in percent, as a factor where that is easier read."""
    if abs(relative) >= BOUNDARY / 100:
        return f"{relative + 1:,.0f} times"
    return f"{relative:+.1%}"


def grid(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(bare(cell) for cell in line)} |" for line in lines]


def bare(cell: str) -> str:
    """A cell that cannot break its table."""
    return " ".join(cell.replace("|", "\\|").split())


def changes_html(diff: Diff) -> str:
    """Give the difference as one self-contained page."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    page: str = (
        templates()
        .get_template("changes.html.j2")
        .render(
            style=style,
            style_hash=digest(style),
            diff=diff,
            sentence=sentence(diff),
            coarse=COARSE if diff.coarse else "",
            reading=READING,
            words=WORDS,
            table_heads=TABLE,
            tables=[table_cells(change) for change in diff.changes],
            move_heads=MOVE,
            moves=[(title, [move_cells(m) for m in moves]) for title, moves in titled(diff)],
        )
    )
    return page
