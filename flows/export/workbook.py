"""A workbook for Excel that opens clean: typed cells, notes on the headers, sources and licences.

A text is written as text, whatever it begins with: no cell is a formula or a link. The file is the
same bytes for the same snapshot: its only date is that of the snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

from flows.export.aside import ExportError
from flows.export.book import Book
from flows.export.notes import write_columns, write_notes, write_sources
from flows.export.rows import write_rows
from flows.export.selection import About, Part

MOST_ROWS = 1_048_576 - 1
"""Rows of a sheet, without its header."""
MOST_COLUMNS = 16_384
LONGEST_NAME = 31


def write_workbook(path: Path, parts: Sequence[Part], about: About) -> None:
    """Write tables as one workbook: a sheet each, then their columns, sources and licences.

    Raises:
        ExportError: a table has more rows or columns than a sheet holds.

    """
    check_size(parts)
    created = datetime.fromisoformat(about.created).astimezone(UTC).replace(tzinfo=None)
    options = {"constant_memory": True, "tmpdir": str(path.parent)}
    workbook = xlsxwriter.Workbook(str(path), options)
    workbook.set_properties(
        {"title": f"orewatch {about.snapshot}", "author": "orewatch", "created": created}
    )
    book = Book(workbook)
    names = [sheet_name(part.told.name, book.taken) for part in parts]
    notes = workbook.add_worksheet("Notes")
    for name, part in zip(names, parts, strict=True):
        write_rows(book, workbook.add_worksheet(name), part)
    write_columns(book, parts, names)
    write_sources(book, about)
    write_notes(book, notes, parts, names, about)
    workbook.close()


def check_size(parts: Sequence[Part]) -> None:
    """Refuse what no sheet holds."""
    for part in parts:
        name = part.told.name
        if part.rows > MOST_ROWS:
            raise ExportError(
                f"{name} has {part.rows:,} rows, and a sheet of Excel holds {MOST_ROWS:,}: "
                f'take --format parquet, or fewer rows with --query "FROM {name} WHERE ..."'
            )
        if len(part.told.columns) > MOST_COLUMNS:
            raise ExportError(f"{name} has more columns than a sheet of Excel: take parquet")


def sheet_name(name: str, taken: set[str]) -> str:
    """Give a table's sheet a name that Excel takes, and that is free."""
    allowed = "".join("_" if letter in "[]:*?/\\'" else letter for letter in name)
    short = allowed if len(allowed) <= LONGEST_NAME else allowed.partition(".")[2] or allowed
    wanted, number = short[:LONGEST_NAME], 1
    while wanted.lower() in taken:
        number += 1
        wanted = f"{short[: LONGEST_NAME - len(str(number)) - 1]}~{number}"
    taken.add(wanted.lower())
    return wanted
