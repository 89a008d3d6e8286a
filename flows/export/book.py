"""A workbook being written: its formats, and what every sheet of it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet


@dataclass
class Book:
    """A workbook being written, with its formats."""

    book: xlsxwriter.Workbook
    formats: dict[str, Format] = field(default_factory=dict)
    taken: set[str] = field(default_factory=lambda: {"notes", "columns", "sources", "history"})
    """Names of sheets, in small letters; Excel keeps `history` for itself."""
    cut: int = 0
    """Texts that were too long for a cell."""

    def style(self, pattern: str = "", *, bold: bool = False, wrap: bool = False) -> Format:
        """Give the format of a number, a header or a text that wraps."""
        key = f"{pattern} {bold} {wrap}"
        if key not in self.formats:
            wanted: dict[str, Any] = {"num_format": pattern} if pattern else {}
            wanted |= {"bold": True, "bottom": 1} if bold else {}
            wanted |= {"text_wrap": True, "valign": "top"} if wrap else {}
            self.formats[key] = self.book.add_format(wanted)
        return self.formats[key]


def finish(sheet: Worksheet, rows: int, columns: int) -> None:
    """Freeze the header, filter all columns, and take texts that look like numbers as meant."""
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, rows, columns - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{column_letters(columns)}{rows + 1}"})


def column_letters(column: int) -> str:
    """A for 1, AA for 27."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def grid(
    book: Book, name: str, head: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[Any]]
) -> None:
    """Write a sheet of texts."""
    sheet = book.book.add_worksheet(name)
    for place, (title, wide) in enumerate(zip(head, widths, strict=True)):
        sheet.set_column(place, place, wide)
        sheet.write_string(0, place, title, book.style(bold=True))
    for row, values in enumerate(rows, start=1):
        for place, value in enumerate(values):
            if value not in (None, ""):
                sheet.write_string(row, place, str(value), book.style(wrap=True))
    finish(sheet, len(rows), len(head))
