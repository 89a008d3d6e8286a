"""BACI's CSV, read piece by piece and typed strictly.

A piece is first read by a fast reader that takes only what cannot be misread: none but BACI's own
characters, six cells a row, three decimals at most, codes that are codes. A piece that it refuses
is read again cell by cell: that reads what is merely odd, and names the row of what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, Final, TypeVar

import polars as pl
import pyarrow as pa

from flows.sources.contract import IncompleteError, SourceError

T = TypeVar("T")

COLUMNS = ("t", "i", "j", "k", "v", "q")
COMMAS = len(COLUMNS) - 1
DECIMAL = pl.Decimal(18, 3)
ROWS: Final = {
    **dict.fromkeys(("t", "i", "j"), pl.Int16()),
    "k": pl.String(),
    **dict.fromkeys(("v", "q"), DECIMAL),
}
"""BACI's columns, typed; `k` with its leading zero, a missing `q` null."""
DIGITS = 6
"""Digits of a code."""
DECIMALS = 3
MISSING = ("NA", "")

PIECE = 16 << 20
CHARACTERS = b'0123456789,. \r\n"NA'
COMMA, POINT, ZERO, NEWLINE = b",.0\n"
WIDEST = 20
"""Blanks before a missing weight that the fast reader knows."""
PADDED_MISSING = [" " * n + "NA" for n in range(WIDEST)]
FORMS = {
    "t": r"^\d{4}$",
    "i": r"^\d{1,3}$",
    "j": r"^\d{1,3}$",
    "k": r"^\d{6}$",
    "v": r"^\d+(\.\d{1,3})?$",
    "q": r"^\d+(\.\d{1,3})?$",
}
"""What each cell looks like."""


def rows(file: BinaryIO, name: str, year: int | None = None) -> Iterator[pl.DataFrame]:
    """Read one yearly CSV, in frames of the columns `ROWS`.

    The next piece is unpacked while this one is read, and read while the last one is used.
    `year` is the one that every row must be of; null where the file does not say.

    Raises:
        SourceError: a header, a row or the end of the file is not BACI's.

    """
    return ahead(typed(ahead(pieces(file, name)), name, year))


def pieces(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Cut a file into pieces of whole lines, and hold its header against BACI's."""
    rest = after_header(file.read(PIECE), name)
    while data := file.read(PIECE):
        cut = data.rfind(b"\n") + 1
        if not cut:
            raise SourceError(f"{name}: no line ends within {PIECE:,} bytes; fetch it again")
        whole, rest = rest + data[:cut], data[cut:]
        yield whole
    if rest and not rest.endswith(b"\n"):
        raise IncompleteError(f"{name}: ends in the middle of a line; fetch it again")
    if rest:
        yield rest


def after_header(data: bytes, name: str) -> bytes:
    """Give what follows the header.

    Raises:
        SourceError: it is not BACI's.

    """
    first, end, rest = data.partition(b"\n")
    header = first[:200].decode("utf-8-sig", "replace").strip()
    found = tuple(part.strip().strip('"') for part in header.split(","))
    if found != COLUMNS:
        raise SourceError(f"{name}: header {found}, expected {COLUMNS}")
    if not end:
        raise IncompleteError(f"{name}: ends in the middle of a line; fetch it again")
    return rest


def typed(whole: Iterator[bytes], name: str, year: int | None) -> Iterator[pl.DataFrame]:
    """Type piece after piece."""
    line = 2
    for piece in whole:
        frame = plain(piece)
        if frame is None:
            frame = careful(piece, name, line)
        if year is not None:
            refuse_other_years(frame, name, year, line)
        line += frame.height
        yield frame


def plain(piece: bytes) -> pl.DataFrame | None:
    """Read a piece that cannot be misread; null where it has to be looked at."""
    if piece.translate(None, CHARACTERS):
        return None
    lines = count_lines(piece)
    if lines is None:
        return None
    try:
        frame = pl.read_csv(
            piece,
            has_header=False,
            schema=ROWS,
            null_values=PADDED_MISSING if b"N" in piece else None,
            low_memory=True,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.height != lines or not fits(frame):
        return None
    return padded(frame)


def count_lines(piece: bytes) -> int | None:
    """Count lines; null where commas are not five a line, or a point has not one to three decimals.

    The number parser itself would take `.5` and `5.`, and cut a fourth decimal off.
    """
    array = pa.Array.from_buffers(pa.uint8(), len(piece), [None, pa.py_buffer(piece)])
    letters = pl.Series(array)
    lines = int((letters == NEWLINE).sum())
    if int((letters == COMMA).sum()) != COMMAS * lines:
        return None
    points, digits = letters == POINT, letters >= ZERO
    before, after = points.slice(1) & ~digits.head(-1), points.head(-1) & ~digits.slice(1)
    size = max(len(piece) - DECIMALS - 1, 0)
    fourth = points.head(size)
    for place in range(1, DECIMALS + 2):
        fourth &= digits.slice(place, size)
    return None if before.any() or after.any() or fourth.any() else lines


def fits(frame: pl.DataFrame) -> bool:
    """Whether years and countries lie in their bounds, codes are codes, and only `q` is missing."""
    year, exporter, importer, code = (pl.col(name) for name in "tijk")
    tests = frame.select(
        year.is_between(1000, 9999).all(ignore_nulls=False),
        exporter.is_between(0, 999).all(ignore_nulls=False),
        importer.is_between(0, 999).all(ignore_nulls=False),
        code.str.len_bytes().is_between(1, DIGITS).all(ignore_nulls=False)
        & code.cast(pl.UInt32, strict=False).is_not_null().all(),
        pl.col("v").is_not_null().all(),
    )
    return tests.row(0) == (True,) * len(tests.columns)


def padded(frame: pl.DataFrame) -> pl.DataFrame:
    """Put back the leading zeros that some writers lose."""
    if frame["k"].str.len_bytes().min() in {DIGITS, None}:
        return frame
    return frame.with_columns(pl.col("k").str.zfill(DIGITS))


def careful(piece: bytes, name: str, line: int) -> pl.DataFrame:
    """Read a piece cell by cell; its first line is the file's `line`.

    Raises:
        SourceError: a row is not BACI's; the message names it.

    """
    refuse_short(piece, name, line)
    try:
        text = pl.read_csv(piece, has_header=False, schema=dict.fromkeys(COLUMNS, pl.String))
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{name}: cannot read the lines from {line} on: {error}") from error
    stripped = text.with_columns(pl.col(COLUMNS).str.strip_chars())
    weight = pl.when(pl.col("q").is_in(MISSING)).then(None).otherwise(pl.col("q"))
    cells = stripped.with_columns(k=pl.col("k").str.zfill(DIGITS), q=weight)
    for column, form in FORMS.items():
        # Only a weight may be missing.
        holds = pl.col(column).str.contains(form).fill_null(value=column == "q")
        bad = cells.with_row_index("line", offset=line).filter(~holds)
        if bad.height:
            raise SourceError(
                f"{name}: column {column} does not read as BACI's in {bad.height} rows; "
                f"the first: {bad.row(0, named=True)}"
            )
    return cells.cast(ROWS)  # type: ignore[arg-type]


def refuse_short(piece: bytes, name: str, line: int) -> None:
    """Refuse a row of other than six cells: a cut one would read as a missing weight."""
    if piece.count(b",") == COMMAS * piece.count(b"\n"):
        return
    for number, row in enumerate(piece.splitlines(), start=line):
        if row.count(b",") != COMMAS:
            cells = row.decode("utf-8", "replace")
            raise SourceError(
                f"{name}: line {number} has other than {len(COLUMNS)} cells: {cells!r}"
            )


def refuse_other_years(frame: pl.DataFrame, name: str, year: int, line: int) -> None:
    """Refuse a row of another year than the file's name says."""
    others = (frame["t"] != year).arg_true()
    if others.len():
        found = frame["t"][others[0]]
        raise SourceError(
            f"{name}: {others.len()} rows are not of the year in its name, {year}; "
            f"the first, line {line + others[0]}, is of {found}"
        )


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Work out the next item while the last one is used."""
    with ThreadPoolExecutor(1) as worker:
        waiting = worker.submit(next, items, None)
        while (item := waiting.result()) is not None:
            waiting = worker.submit(next, items, None)
            yield item
