"""Read the cells of somebody's workbook as text: of a size that memory holds, and from no bomb.

What not to assume: a sheet of a few bytes can claim a cell at its far end, and a reader that lays
out all between them runs out of memory; a formula is read as what it last came to, which of one
never calculated is nothing, or 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import fastexcel

from flows.sources.contract import SourceError
from flows.sources.door.archives import members, open_member
from flows.sources.door.limits import Limits

LIMITS = Limits(most_bytes=1_000_000_000, most_ratio=150, most_members=2_000)
MOST_CELLS = 10_000_000
"""Cells between the first and the last, empty ones too: they are laid out in memory."""
PIECE = 1 << 20
OVERLAP = 64
"""Bytes kept of the piece before, so that nothing is missed where two meet."""
REFERENCE = re.compile(rb"""\sr=["']([A-Z]{0,3})(\d{1,7})["']""")
FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")

Cells = list[tuple[str | None, ...]]


class WorkbookError(SourceError):
    """A workbook cannot be read, or is not safe to."""


@dataclass(frozen=True)
class Workbook:
    """A workbook that was found safe to read."""

    path: Path
    sheets: tuple[str, ...]
    """Names of its sheets, in order."""
    formulas: int
    """Cells that hold a formula, in all sheets."""

    def cells(self, sheet: str) -> Cells:
        """Give a sheet's cells as text, from its first line on; an empty one is null.

        Raises:
            WorkbookError: it cannot be read.

        """
        try:
            book = fastexcel.read_excel(self.path)
            loaded = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
        except fastexcel.FastExcelError as error:
            raise WorkbookError(f"{self.path}, sheet {sheet}: {short(error)}") from error
        return loaded.to_polars().rows()


def open_workbook(path: Path) -> Workbook:
    """Look through a workbook before it is read.

    Raises:
        WorkbookError: it is damaged, a bomb, too large, or no workbook.

    """
    formulas = 0
    try:
        parts = [one.name for one in members(path, LIMITS)]
        for part in parts:
            with open_member(path, part, LIMITS) as file:
                formulas += examined(file, path, is_sheet=bool(SHEET.fullmatch(part)))
        names = fastexcel.read_excel(path).sheet_names
    except fastexcel.FastExcelError as error:
        raise WorkbookError(f"{path}: no workbook that can be read: {short(error)}") from error
    except SourceError as error:
        if isinstance(error, WorkbookError):
            raise
        what = str(error).partition(";")[0]
        raise WorkbookError(f"{path}: not read: {what}; save it anew as .xlsx or CSV") from error
    return Workbook(path, tuple(names), formulas)


def examined(file: BinaryIO, path: Path, *, is_sheet: bool) -> int:
    """Read a member to its end, which checks it; refuse a sheet too wide; give its formulas."""
    lines, columns, formulas = 0, set[bytes](), 0
    for piece, new in pieces(file):
        if not is_sheet:
            continue
        found = REFERENCE.findall(piece)
        columns |= {letters for letters, _ in found}
        lines = max([lines, *(int(line) for _, line in found)])
        formulas += sum(1 for one in FORMULA.finditer(piece) if one.end() > new)
        widest = max((place(letters) for letters in columns), default=0)
        if lines * widest > MOST_CELLS:
            raise WorkbookError(
                f"{path}: a sheet of {lines:,} lines and {widest:,} columns, more cells than the "
                f"{MOST_CELLS:,} that are read; remove what is far outside the table, or save "
                "the table as CSV"
            )
    return formulas


def pieces(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Give the bytes piece by piece, each with the end of the one before; and where it is new."""
    last = b""
    while piece := file.read(PIECE):
        yield last + piece, len(last)
        last = (last + piece)[-OVERLAP:]


def place(letters: bytes) -> int:
    """The number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def short(error: Exception) -> str:
    """The library's own words, which go on for lines, in one."""
    return str(error).partition("\n")[0].rpartition("error: ")[2]
