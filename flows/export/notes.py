"""The sheets that say what the others hold, how to read them, and whose figures they are."""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter.worksheet import Worksheet

from flows.export.book import Book, grid
from flows.export.cells import BAR
from flows.export.selection import About, Part

READING = (
    "An empty cell is no number: the column `reason` says why there is none. 0 is a reported zero.",
    "Shares and concentrations run from 0 to 1. Amounts of money are US dollars, masses kilograms.",
    "`source` and `edition` say which figures a row was made from; never add up several of them.",
    "`basis` says whether value or mass is measured: both are right, and they differ.",
    f"Items of a list are separated by {BAR}. Codes are text, with their leading zeros.",
    "Point at a header to read what the column means, and in which unit.",
)


def write_columns(book: Book, parts: Sequence[Part], names: Sequence[str]) -> None:
    """Write what every column means."""
    rows = [
        (name, c.name, c.type, c.unit, c.meaning, "yes" if c.nullable else "no", c.key)
        for name, part in zip(names, parts, strict=True)
        for c in part.told.columns
    ]
    head = ("sheet", "column", "type", "unit", "meaning", "may be empty", "found in")
    grid(book, "Columns", head, (30, 26, 10, 12, 80, 14, 30), rows)


def write_sources(book: Book, about: About) -> None:
    """Write the sources of the snapshot with edition, licence and limits."""
    head = (
        *("source", "title", "producer", "edition", "released", "licence", "licence_url"),
        *("citation", "origin", "limits"),
    )
    rows = [
        [BAR.join(row[name]) if isinstance(row[name], list) else row[name] for name in head]
        for row in about.sources
    ]
    grid(book, "Sources", head, (16, 40, 24, 18, 12, 24, 36, 60, 40, 60), rows)


def write_notes(
    book: Book, sheet: Worksheet, parts: Sequence[Part], names: Sequence[str], about: About
) -> None:
    """Write of which snapshot the rows are, how to read them, and what each sheet holds."""
    checks = ", ".join(f"{n} {word.replace('_', ' ')}" for word, n in sorted(about.checks.items()))
    lines: list[tuple[str, ...]] = [
        ("orewatch: critical-minerals risk indicators",),
        ("snapshot", about.snapshot),
        ("published", about.created),
        ("as of", about.as_of),
        ("checks", checks),
        ("cite as", f"orewatch, snapshot {about.snapshot}, and the sources in the sheet Sources"),
        (),
        ("how to read it", READING[0]),
        *(("", line) for line in READING[1:]),
        *([("", f"{book.cut} texts were longer than a cell and are cut off")] if book.cut else []),
        (),
        ("sheet", "holds", "rows", "which rows", "one row for each", "formula", "after"),
    ]
    start = len(lines)
    lines += [
        (
            name,
            part.told.meaning,
            f"{part.rows:,}",
            part.note or "all",
            ", ".join(part.told.grain),
            part.told.formula,
            part.told.citation,
        )
        for name, part in zip(names, parts, strict=True)
    ]
    for place, wide in enumerate((34, 90, 12, 40, 44, 60, 60)):
        sheet.set_column(place, place, wide)
    for row, line in enumerate(lines):
        style = book.style(bold=row in {0, start - 1}, wrap=True)
        for place, words in enumerate(line):
            if words:
                sheet.write_string(row, place, words, style)
