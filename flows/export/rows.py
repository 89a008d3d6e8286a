"""A table as a sheet of a workbook: its header with notes, its rows, each cell of its type."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from flows.export.book import Book, finish
from flows.export.cells import flat
from flows.export.described import Field
from flows.export.selection import Part

MOST_CHARACTERS = 32_767
"""Characters of a cell."""
MOST_DIGITS = 10**15
"""Excel keeps 15 digits of a number; a larger whole number is written as text."""
NARROW, WIDE = 8, 60
"""Characters of a column's width."""
MEASURED = 500
"""Rows that a column's width is taken from."""
FIRST_DAY = date(1900, 3, 1)
"""Excel's calendar is wrong before."""


def write_rows(book: Book, sheet: Worksheet, part: Part) -> None:
    """Write one table: its header with notes, its rows, filters, widths."""
    row = 0
    writers: list[Callable[[int, Any], None]] = []
    for frame in part.frames():
        rows = flat(frame)
        if not writers or row == 0:
            writers = header(book, sheet, part.told.columns, rows)
        for values in rows.iter_rows():
            row += 1
            for write, value in zip(writers, values, strict=True):
                if value is not None:
                    write(row, value)
    finish(sheet, row, len(part.told.columns))


def header(
    book: Book, sheet: Worksheet, columns: Sequence[Field], rows: pl.DataFrame
) -> list[Callable[[int, Any], None]]:
    """Write the header, set the widths, and give a writer for each column."""
    writers = []
    for place, (column, series) in enumerate(zip(columns, rows.get_columns(), strict=True)):
        pattern = number_format(column, series.dtype)
        sheet.set_column(place, place, width(column.name, series), book.style(pattern))
        sheet.write_string(0, place, column.name, book.style(bold=True))
        if said := note(column):
            sheet.write_comment(0, place, said, {"author": "orewatch", "x_scale": 2})
        writers.append(writer(book, sheet, place, series.dtype, book.style(pattern)))
    return writers


def note(column: Field) -> str:
    """What is said of a column, as the note on its header."""
    unit = f"Unit: {column.unit}" if column.unit else ""
    return "\n".join(text for text in (column.meaning, unit) if text)


def number_format(column: Field, kind: pl.DataType) -> str:
    """How Excel shows a column; what is in the cell stays exact."""
    if kind == pl.Date:
        return "yyyy-mm-dd"
    if kind == pl.Datetime:
        return "yyyy-mm-dd hh:mm:ss"
    if kind.is_float():
        return "0.000" if column.unit in {"share", "hhi"} else "General"
    is_year = column.name == "year" or column.name.endswith("_year") or column.type == "year"
    return "#,##0" if kind.is_integer() and not is_year else "General"


def width(name: str, series: pl.Series) -> float:
    """A column's width in characters: its name with the filter's arrow, or its longest text."""
    shown = series.head(MEASURED)
    if series.dtype.is_float():
        longest = 12
    elif series.dtype == pl.Datetime:
        longest = 19
    else:
        longest = shown.cast(pl.String).str.len_chars().max() or 0  # type: ignore[assignment]
    return min(max(len(name) + 3, longest + 1, NARROW), WIDE)


def writer(
    book: Book, sheet: Worksheet, place: int, kind: pl.DataType, style: Format
) -> Callable[[int, Any], None]:
    """Give the function that writes a value of a column's type into a row."""

    def text(row: int, value: object) -> None:
        words = str(value)
        if len(words) > MOST_CHARACTERS:
            book.cut += 1
            words = words[: MOST_CHARACTERS - 1] + "…"
        sheet.write_string(row, place, words)

    def number(row: int, value: float) -> None:
        if not math.isfinite(value) or (isinstance(value, int) and abs(value) >= MOST_DIGITS):
            text(row, value)
        else:
            sheet.write_number(row, place, value)

    def day(row: int, value: date) -> None:
        moment = value.replace(tzinfo=None) if isinstance(value, datetime) else value
        if value.year < FIRST_DAY.year or value.isoformat()[:10] < FIRST_DAY.isoformat():
            text(row, value.isoformat())
        else:
            sheet.write_datetime(row, place, moment, style)

    def truth(row: int, value: object) -> None:
        sheet.write_boolean(row, place, bool(value))

    if kind.is_numeric():
        return number
    if kind in (pl.Date, pl.Datetime):
        return day
    return truth if kind == pl.Boolean else text
