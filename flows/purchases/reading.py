"""Read a file of purchases, CSV or workbook: find its table, its header and its columns.

What not to assume: an office's CSV is often not in UTF-8, not separated by commas, has a title
above its header and a line of its own for the separator.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from flows.facts import fold
from flows.purchases.contract import Options, PurchaseError, Sheet

COLUMNS = Path(__file__).with_name("columns.csv")
HEAD = 30
"""Lines among which the header must be."""
HEAD_TEXT = 1_000_000
"""Characters among which those lines must end."""
MOST_BYTES = 300_000_000
MOST_ROWS = 300_000
SEPARATORS = ",;\t|"
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order mark -> encoding; the longer of two that begin alike comes first."""
ZIP, OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
OFFICE = "cp1252"
"""What a spreadsheet writes on Windows where it does not write UTF-8."""
TAIL = re.compile(r"(?P<base>.+?)\s*[(\[]\s*(?P<word>[^)\]]+?)\s*[)\]]")
LAST = re.compile(r"(?P<base>.+?)[\s_]+(?:in[\s_]+)?(?P<word>[A-Z]{3}|kg|t|kt)")
LONGEST = 200
"""Characters of a header that is looked into; a longer cell is none."""
NEEDS = (("material", "hs"), ("country",), ("value", "quantity"))
"""At least one of each must be there."""
MEASURED = ("value", "quantity")
"""Columns whose header may name what they are measured in."""

Lines = list[list[str | None]]


def read(path: Path, options: Options) -> Sheet:
    """Read a file into its table; what kind it is, its content says.

    Raises:
        PurchaseError: it is not there, too large, of another kind, or has no such table.
        SourceError: a workbook is damaged or not safe to read.

    """
    if not path.is_file():
        raise PurchaseError(f"{path}: no such file")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise PurchaseError(f"{path}: {size:,} bytes; {MOST_BYTES:,} are the most that are read")
    with path.open("rb") as file:
        begins = file.read(4)
    if begins == OLD:
        raise PurchaseError(f"{path}: an .xls, or locked by a password; save it as .xlsx or CSV")
    if begins == ZIP:
        return of_workbook(path, options)
    if options.sheet:
        raise PurchaseError(
            f"{path}: a text file has no sheet {options.sheet!r}; leave out --sheet"
        )
    return of_text(path, options)


def of_workbook(path: Path, options: Options) -> Sheet:
    """Read the first sheet that has the table, or the one that was named."""
    # Late: the command starts without it.
    from flows.sources.workbook import open_workbook  # noqa: PLC0415

    book = open_workbook(path)
    names = [options.sheet] if options.sheet else list(book.sheets)
    if strange := [name for name in names if name not in book.sheets]:
        raise PurchaseError(f"{path}: no sheet {strange[0]!r}; there are: {', '.join(book.sheets)}")
    notes = []
    if book.formulas:
        notes.append(f"{book.formulas:,} cells hold formulas: what they last came to is read")
    missed = ""
    for name in names:
        lines: Lines = [[clean(cell) for cell in line] for line in book.cells(name)]
        try:
            return table(lines, f"{path}, sheet {name}", options, notes, is_workbook=True)
        except PurchaseError as error:
            missed = missed or str(error)
    raise PurchaseError(missed or f"{path}: no sheet; save it anew")


def of_text(path: Path, options: Options) -> Sheet:
    """Read a CSV: its encoding and separator are found out where they are not said."""
    text, notes = decoded(path, options.encoding)
    if "\0" in text:
        raise PurchaseError(f"{path}: no text; save the table as CSV or .xlsx")
    if not text.strip():
        raise PurchaseError(f"{path}: empty")
    first = text.split("\n", 1)[0].strip()
    separators = SEPARATORS
    if re.fullmatch(r"sep=.", first):
        separators, text = first[-1], "\n" + text.split("\n", 1)[-1]
    heads = {one: head_of(text, one) for one in separators}
    found = {one: best(head, options)[1] for one, head in heads.items()}
    separator = max(separators, key=lambda one: len(found[one]))
    return table(parsed(text, separator, path, MOST_ROWS + HEAD), str(path), options, notes)


def decoded(path: Path, encoding: str | None) -> tuple[str, list[str]]:
    """Decode a text: as said, by its mark, as UTF-8, or else as an office on Windows writes."""
    data = path.read_bytes()
    known = encoding or next((MARKS[mark] for mark in MARKS if data.startswith(mark)), None)
    if known is None and b"\0" in data[:4096]:
        known = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        return data.decode(known or "utf-8"), []
    except LookupError as error:
        raise PurchaseError(
            f"no encoding is called {encoding!r}; try utf-8, cp1252, cp932"
        ) from error
    except UnicodeError as error:
        if known:
            raise PurchaseError(f"{path}: not {known} ({error}); name its --encoding") from error
    try:
        text = data.decode(OFFICE)
    except UnicodeError as error:
        raise PurchaseError(f"{path}: neither UTF-8 nor {OFFICE}; name its --encoding") from error
    return text, [f"not UTF-8: read as {OFFICE}; --encoding names another"]


def head_of(text: str, separator: str) -> Lines:
    """Split the first lines as this separator would; a wrong one makes no sense of quotes."""
    lines = io.StringIO(text[:HEAD_TEXT], newline="")
    reader = csv.reader(islice(lines, HEAD), delimiter=separator)
    try:
        return [[cell.strip() or None for cell in cells] for cells in reader]
    except csv.Error:
        return []


def parsed(text: str, separator: str, path: Path, most: int) -> Lines:
    """Parse the first lines of a CSV."""
    lines: Lines = []
    seen: dict[str, str] = {}
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            # The same words stand in many lines: one copy of each is kept.
            lines.append([seen.setdefault(c, c) if (c := raw.strip()) else None for raw in cells])
            if len(lines) > most:
                break
    except csv.Error as error:
        raise PurchaseError(f"{path}, line {reader.line_num}: no CSV ({error})") from error
    return lines


def table(
    lines: Lines,
    where: str,
    options: Options,
    notes: Sequence[str],
    *,
    is_workbook: bool = False,
) -> Sheet:
    """Find the header among the first lines; what follows is rows, blank lines left out.

    Raises:
        PurchaseError: a column is missing or named twice, or there are no rows, or too many.

    """
    start, columns = best(lines, options)
    headers = [cell or "" for cell in lines[start]] if lines else []
    refuse_columns(headers, columns, where, options)
    kept = [(n, line) for n, line in enumerate(lines[start + 1 :], start=start + 2) if any(line)]
    if not kept:
        raise PurchaseError(f"{where}: a header and no row beneath it")
    if len(kept) > MOST_ROWS:
        raise PurchaseError(f"{where}: more than {MOST_ROWS:,} rows; sum them up first")
    words = {name: them[0].word for name, them in columns.items() if them[0].word}
    places = {name: them[0].place for name, them in columns.items()}
    told = [
        f"{headers[them[0].place]!r} is read as the {name}, {headers[them[1].place]!r} is not"
        for name, them in columns.items()
        if len(them) > 1
    ]
    numbers, rows = zip(*kept, strict=True)
    return Sheet(headers, places, words, numbers, rows, [*notes, *told], is_workbook)


@dataclass(frozen=True)
class Header:
    """A header that means one of our columns."""

    place: int
    rank: int
    """Where the alias stands in columns.csv: the first is the surest; -1 where it was said."""
    word: str
    """The unit or currency that it names; empty where none."""


Found = dict[str, list[Header]]
"""Our column -> the headers that may mean it, the surest first."""


def best(lines: Lines, options: Options) -> tuple[int, Found]:
    """Find the line among the first that most looks like a header: its number, its columns."""
    heads = [recognised(line, options.columns) for line in lines[:HEAD]]
    if not heads:
        return 0, {}
    start = max(range(len(heads)), key=lambda n: (len(heads[n]), any(lines[n]), -n))
    return start, heads[start]


def recognised(cells: Sequence[str | None], said: Mapping[str, str]) -> Found:
    """Say which of our columns each header means: as said, or by columns.csv."""
    found: Found = {}
    told = {fold(header): column for column, header in said.items()}
    for place, cell in enumerate(cells):
        if column := told.get(fold(cell or "")):
            found.setdefault(column, []).append(Header(place, -1, ""))
        elif (known := meant(cell or "")) and known[0] not in said:
            found.setdefault(known[0], []).append(Header(place, *known[1:]))
    return {column: sorted(them, key=lambda one: one.rank) for column, them in found.items()}


def meant(header: str) -> tuple[str, int, str] | None:
    """Say which column a header means, how surely, and which unit it names: `Value (EUR)`."""
    spelt = " ".join(header.replace("_", " ").split())
    if len(spelt) > LONGEST:
        return None
    words = aliases()
    if known := words.get(fold(spelt)):
        return *known, ""
    for form in (TAIL, LAST):
        match = form.fullmatch(spelt)
        if match and (known := words.get(fold(match["base"]))):
            measured = known[0] in MEASURED
            if form is TAIL or measured:
                return *known, match["word"] if measured else ""
    return None


@cache
def aliases() -> dict[str, tuple[str, int]]:
    """Give folded spelling of a header -> our column and its place there, of columns.csv."""
    with COLUMNS.open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    return {
        fold(word): (row["column"], rank)
        for row in rows
        for rank, word in enumerate([row["column"], *row["aliases"].split("|")])
    }


def refuse_columns(headers: Sequence[str], found: Found, where: str, options: Options) -> None:
    """Refuse a header without the columns that are needed, or with two of a kind."""
    there = ", ".join(repr(name) for name in headers if name)[:400] or "none"
    known = sorted({column for column, _ in aliases().values()})
    if strange := sorted(options.columns.keys() - set(known)):
        raise PurchaseError(f"--columns names {', '.join(strange)}; ours are: {', '.join(known)}")
    for column, header in options.columns.items():
        if column not in found:
            raise PurchaseError(f"{where}: no header {header!r} for {column}; there are: {there}")
    for column, them in found.items():
        if len(them) > 1 and them[0].rank == them[1].rank:
            names = ", ".join(repr(headers[one.place]) for one in them)
            raise PurchaseError(
                f"{where}: {names} may all be the {column}; say which: --columns {column}=HEADER"
            )
    for group in NEEDS:
        if not set(group) & found.keys():
            raise PurchaseError(
                f"{where}: no column for {' or '.join(group)} in its first {HEAD} lines; headers: "
                f"{there}; name it: --columns {group[0]}=HEADER"
            )


def clean(cell: object) -> str | None:
    """Give a cell's text without blanks around it; null where nothing is left."""
    return str(cell).strip() or None if cell is not None else None
