"""Rows and answers as people and programs read them."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from flows.command.answers import Answer

WIDEST = 60
"""Characters of a cell that are shown."""
FOLDED = 18
"""Width that a long text is folded to where the screen is narrow."""
WIDE = 1_000
"""Width where the output is no terminal: nothing is folded."""

HIDDEN = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}
HIDDEN |= dict.fromkeys(
    [*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd"
)
"""Characters that would move the cursor or turn the text around -> what is shown instead."""

Cell = tuple[str, str]
"""What stands in a cell, and its style."""


class Screen(Console):
    """A console that leaves a reader who has gone to the command's own end."""

    def on_broken_pipe(self) -> None:
        """Pass on what Rich would end with exit code 1."""
        raise BrokenPipeError


def console(*, is_error: bool = False) -> Console:
    """The console of standard output, or of the error stream; wide where it is no terminal."""
    stream = sys.stderr if is_error else sys.stdout
    wide = None if stream.isatty() else WIDE
    return Screen(file=stream, width=wide, highlight=False, markup=False, emoji=False)


def show_answer(answer: Answer, form: str) -> None:
    """Print an answer as `json`, `csv` or else a table, and say where it was cut off."""
    rows = answer.rows
    if form == "csv":
        sys.stdout.write(as_csv(answer))
    elif form == "json":
        body = {
            "snapshot": answer.snapshot,
            "columns": [{"name": n, "type": str(t)} for n, t in rows.schema.items()],
            "rows": rows.to_dicts(),
            "cut": answer.is_cut,
        }
        print_json(body)
    else:
        show_rows(rows.columns, rows.rows())
        cut = "; there are more: --rows shows them" if answer.is_cut else ""
        note(f"{count(rows.height, 'row')}{cut} · snapshot {answer.snapshot}")
    if answer.is_cut and form != "table":
        sys.stderr.write(f"cut off after {rows.height:,} rows; --rows gives more\n")


def as_csv(answer: Answer) -> str:
    """Rows as CSV; a list as its items joined by a bar, and no text that is taken for a formula."""
    from flows.export.cells import flat, harmless  # noqa: PLC0415

    return harmless(flat(answer.rows)).write_csv()


def print_json(body: object) -> None:
    """Print JSON; a number that JSON lacks is null."""
    is_plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    sys.stdout.write(json.dumps(fit(body), indent=2, ensure_ascii=is_plain) + "\n")


def fit(value: object) -> object:
    """Make a value fit for JSON."""
    if isinstance(value, Mapping):
        return {str(key): fit(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fit(item) for item in value]
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def show_rows(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows as a table that fits the screen, or one beneath the other where it is a single."""
    out = console()
    cells = [[cell(value, name) for value, name in zip(row, names, strict=True)] for row in rows]
    widths = [
        max(len(name), *(len(row[place][0]) for row in cells)) if cells else len(name)
        for place, name in enumerate(names)
    ]
    if len(rows) == 1 and total(widths) > out.width:
        lines = {name: text for name, (text, _) in zip(names, cells[0], strict=True)}
        show_record_list(out, lines)
        return
    is_text = [
        any(isinstance(row[place], str | list) for row in rows) for place in range(len(names))
    ]
    shown = fitting(widths, is_text, out.width)
    grid = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
        header_style="bold",
    )
    for place in range(shown):
        right = not is_text[place] and any(row[place] is not None for row in rows)
        grid.add_column(
            Text(names[place]),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=not is_text[place],
            min_width=min(widths[place], FOLDED),
        )
    for row in cells:
        grid.add_row(*(Text(text, style=style) for text, style in row[:shown]))
    out.print(grid)
    if shown < len(names):
        left = ", ".join(names[shown:])
        note(f"no room for {left}: widen the terminal, or take --json")


def total(widths: Sequence[int]) -> int:
    """Characters of a line of columns, two between them."""
    return sum(widths) + 2 * max(len(widths) - 1, 0)


def fitting(widths: Sequence[int], is_text: Sequence[bool], room: int) -> int:
    """How many columns fit, the first first, once long texts are folded."""
    folded = [min(w, FOLDED) if text else w for w, text in zip(widths, is_text, strict=True)]
    most = max((n for n in range(len(folded) + 1) if total(folded[:n]) <= room), default=0)
    return max(most, min(1, len(widths)))


def show_record_list(out: Console, lines: Mapping[str, str], style: str = "dim") -> None:
    """Print lines of name and value, the values beneath each other."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in lines.items():
        grid.add_row(Text(f"  {name}", style=style), Text(text))
    out.print(grid)


def cell(value: object, name: str) -> Cell:
    """Write a value: three decimals, thousands apart (not in a year), null said so."""
    match value:
        case None:
            return "null", "dim"
        case bool():
            return ("yes" if value else "no"), ""
        case float() | Decimal():
            return number(float(value)), ""
        case int():
            is_year = name == "year" or name.endswith("_year")
            return (str(value) if is_year else f"{value:,}"), ""
        case list() | tuple():
            return plain(", ".join(str(item) for item in value)), ""
    return plain(str(value)), ""


def number(value: float) -> str:
    """A number with three decimals, or three digits where those would all be zero."""
    if value != 0 and abs(value) < 0.001:  # noqa: PLR2004
        return f"{value:.2g}"
    return f"{value:,.3f}"


def plain(text: str, widest: int | None = WIDEST) -> str:
    """Text that only shows: nothing in it moves the cursor, and long text is cut."""
    shown = text.translate(HIDDEN)
    return shown if widest is None or len(shown) <= widest else shown[: widest - 1] + "…"


def count(amount: int, word: str) -> str:
    """An amount and its word, in the plural where it is one."""
    return f"{amount:,} {word}{'' if amount == 1 else 's'}"


def note(text: str) -> None:
    """Print a remark beneath a table."""
    console().print(Text(text, style="dim"))
