"""A CSV as text: its encoding and width checked, and every column of it known.

`columns.csv` says by layout which column is taken for which field, and which is left out and why.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.sources.contract import SourceError

COLUMNS = Path(__file__).with_name("columns.csv")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, and its cells by field; a field without a column is empty."""

    where: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """One row of `columns.csv`: a column that may come, and what it is taken for."""

    layout: str
    column: str
    field: str
    """Empty where the column is left out."""
    needed: str
    means: str


def read_rows(path: Path, layout: str) -> Iterator[Row]:
    """Read a CSV, comma or semicolon between its cells; rows without any text are no rows.

    Raises:
        SourceError: the file is no CSV in UTF-8, or has an unknown, doubled or missing column.

    """
    text = decoded(path)
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        fields = fields_of(path, layout, header)
        for line in reader:
            where = f"{path.name} line {reader.line_num}"
            if not any(cell.strip() for cell in line):
                continue
            if len(line) != len(header):
                raise SourceError(
                    f"{where}: {len(line)} cells, the header has {len(header)}; "
                    "a cell that holds the separator needs quotes"
                )
            cells = dict.fromkeys((field for field in fields if field), "")
            cells |= {f: cell.strip() for f, cell in zip(fields, line, strict=True) if f}
            yield Row(where, cells)
    except csv.Error as error:
        raise SourceError(f"{path} line {reader.line_num}: not a CSV ({error})") from error


def decoded(path: Path) -> str:
    """Give the text of a file in UTF-8, with or without a byte order mark."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path}: not UTF-8 ({error}); save it again as CSV UTF-8, so that no letter is guessed"
        ) from error


def fields_of(path: Path, layout: str, header: Sequence[str]) -> list[str]:
    """Give the field of each column of a header, empty where the column is left out."""
    known = {row.column: row for row in read_columns() if row.layout == layout}
    if not known:
        raise SourceError(
            f"{path}: no layout {layout!r}; --layout takes {', '.join(sorted(layouts()))}"
        )
    unknown = [name for name in header if name not in known]
    if unknown:
        raise SourceError(
            f"{path}: unknown columns for layout {layout}: {', '.join(map(repr, unknown))}; "
            f"say in {COLUMNS} what each is taken for, or why it is left out"
        )
    if doubled := sorted({name for name in header if header.count(name) > 1}):
        raise SourceError(f"{path}: columns given twice: {', '.join(doubled)}; keep one")
    lost = [r.column for r in known.values() if r.needed == "true" and r.column not in header]
    if lost:
        raise SourceError(f"{path}: columns missing for layout {layout}: {', '.join(lost)}")
    return [known[name].field for name in header]


def layouts() -> set[str]:
    """Names of the layouts that can be read."""
    return {row.layout for row in read_columns()}


def read_columns() -> list[Known]:
    """Read `columns.csv`."""
    with COLUMNS.open(encoding="utf-8", newline="") as file:
        return [Known(**row) for row in csv.DictReader(file, strict=True)]
