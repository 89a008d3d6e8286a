"""Read the Pink Sheet's workbook: the day it was updated on, and its table of monthly prices."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import fastexcel
import polars as pl

from flows.sources.contract import IncompleteError, SourceError

SHEET = "Monthly Prices"
UPDATED = re.compile(r"Updated on (?P<day>[A-Z][a-z]+ \d{1,2}, \d{4})")
HEAD = 12
"""Lines among which the day, the names and the units must be."""
MONTH = re.compile(r"(?P<year>\d{4})M(?P<month>0[1-9]|1[0-2])")
FIRST = "1960M01"
MISSING = {"...", "\u2026"}
# Not strptime: its names of months follow the machine's locale.
MONTHS = "January February March April May June July August September October November December"
PRICES = {
    "series": pl.String(),
    "printed_unit": pl.String(),
    "year": pl.Int32(),
    "month": pl.Int64(),
    "price": pl.Float64(),
}


class Cells(NamedTuple):
    """The cells of the sheet of prices, line by line, read twice."""

    text: list[tuple[Any, ...]]
    numbers: list[tuple[Any, ...]]
    """The same cells as numbers, null where they are none; the first column is left as text."""


def edition_of(path: Path) -> str:
    """Give the edition that a workbook says it is: the day it was updated on.

    Raises:
        SourceError: it does not say.

    """
    return updated_on(read_cells(path), path)


def read_cells(path: Path) -> Cells:
    """Read the cells of the sheet of prices."""
    try:
        book = fastexcel.read_excel(path)
        if SHEET not in book.sheet_names:
            raise SourceError(
                f"{path}: no sheet {SHEET!r}; there are {', '.join(book.sheet_names)}"
            )
        text = book.load_sheet(SHEET, header_row=None, skip_rows=0, dtypes="string")
        kinds: dict[str | int, fastexcel.DType] = dict.fromkeys(range(1, text.width), "float")
        numbers = book.load_sheet(
            SHEET,
            header_row=None,
            skip_rows=0,
            dtypes=kinds | {0: "string"},
        )
    except fastexcel.FastExcelError as error:
        # The library's own words go on for lines, with the path in each.
        what = str(error).partition("\n")[0].rpartition("error: ")[2]
        raise SourceError(
            f"{path}: cannot be read as a workbook ({what}); fetch it again"
        ) from error
    return Cells(text.to_polars().rows(), numbers.to_polars().rows())


def updated_on(cells: Cells, path: Path) -> str:
    """Find the day in the lines above the table, as YYYY-MM-DD."""
    for line in cells.text[:HEAD]:
        if match := UPDATED.fullmatch((line[0] or "").strip()):
            return parsed_day(match["day"], path).isoformat()
    raise SourceError(f"{path}: no line 'Updated on MONTH DAY, YEAR' above the prices")


def parsed_day(text: str, path: Path) -> date:
    """Read a day such as June 02, 2026."""
    months = {name: number for number, name in enumerate(MONTHS.split(), start=1)}
    name, day, year = text.replace(",", "").split()
    if name not in months:
        raise SourceError(f"{path}: updated on {text!r}, which is no day")
    try:
        return date(int(year), months[name], int(day))
    except ValueError as error:
        raise SourceError(f"{path}: updated on {text!r}, which is no day ({error})") from error


def read_prices(cells: Cells, path: Path) -> pl.DataFrame:
    """Turn the table into rows; it begins with the names, then the units, then 1960M01."""
    start = next((n for n, line in enumerate(cells.text[:HEAD]) if line[0] == FIRST), None)
    if start is None or start < 2:  # noqa: PLR2004 - two lines stand above it
        raise SourceError(f"{path}, sheet {SHEET}: no month {FIRST} in the first {HEAD} lines")
    names = [clean(name) for name in cells.text[start - 2][1:]]
    units = [clean(unit) for unit in cells.text[start - 1][1:]]
    refuse_names(names, units, path)
    lines = [n for n in range(start, len(cells.text)) if any(map(clean, cells.text[n]))]
    months = read_months([clean(cells.text[n][0]) for n in lines], path)
    nameless = [place for place, name in enumerate(names, start=1) if not name]
    if any(clean(cells.text[line][place]) for line in lines for place in nameless):
        raise SourceError(f"{path}, sheet {SHEET}: prices below no name; columns shifted?")
    rows = [
        (name, unit, year, month, read_price(cells, line, place, f"{path}, {name} {year}M{month}"))
        for place, (name, unit) in enumerate(zip(names, units, strict=True), start=1)
        if name
        for (year, month), line in zip(months, lines, strict=True)
    ]
    return pl.DataFrame(rows, schema=PRICES, orient="row")


def refuse_early_end(prices: pl.DataFrame, updated: date, path: Path) -> None:
    """Refuse a workbook that does not reach the month before it was updated.

    Raises:
        IncompleteError: it ends earlier.

    """
    last = prices.select((pl.col("year") * 12 + pl.col("month")).max()).item()
    if last < updated.year * 12 + updated.month - 1:
        year, month = divmod(last - 1, 12)
        raise IncompleteError(
            f"{path}: updated on {updated}, and ends with {year}M{month + 1:02d}; fetch it again"
        )


def clean(cell: object) -> str:
    """Give a cell's text without footnote stars and blanks around it."""
    return str(cell or "").strip().rstrip("* ")


def refuse_names(names: list[str], units: list[str], path: Path) -> None:
    """Refuse a name that stands twice, and a unit without a name."""
    if doubled := sorted({name for name in names if name and names.count(name) > 1}):
        raise SourceError(f"{path}: series named twice: {', '.join(doubled)}")
    for name, unit in zip(names, units, strict=True):
        if bool(name) != bool(unit):
            raise SourceError(f"{path}: series {name!r} with the unit {unit!r}; columns shifted?")


def read_months(texts: list[str], path: Path) -> list[tuple[int, int]]:
    """Read the months, which follow one another without a gap.

    Raises:
        SourceError: a text is no month.
        IncompleteError: a month is missing or stands twice.

    """
    months = []
    for text in texts:
        match = MONTH.fullmatch(text)
        if not match:
            raise SourceError(f"{path}, sheet {SHEET}: {text!r} is no month such as {FIRST}")
        months.append((int(match["year"]), int(match["month"])))
    for (year, month), (next_year, next_month) in pairwise(months):
        if (next_year * 12 + next_month) - (year * 12 + month) != 1:
            raise IncompleteError(
                f"{path}: after {year}M{month:02d} comes {next_year}M{next_month:02d}"
            )
    return months


def read_price(cells: Cells, line: int, place: int, where: str) -> float | None:
    """Read a price; an ellipsis in any spelling is none."""
    text, price = str(cells.text[line][place] or "").strip(), cells.numbers[line][place]
    if text in MISSING:
        return None
    if price is None or not 0 < price < float("inf"):
        raise SourceError(f"{where}: {text!r} is neither a price nor an ellipsis")
    return float(price)
