"""The two forms in which the figures come: pages of the service (JSON), and its CSV downloads.

Both have the same columns, in an order that changes from download to download. A page says how
many rows match in all, so that pages can be told to be whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.sources.contract import IncompleteError, SourceError
from flows.sources.door.parse import csv_lines, parsed

NAMES = """
    bgs_commodity_code bgs_commodity_trans bgs_statistic_type_trans bgs_sub_commodity_trans
    cgi_commodity_url concat_figure_notes_code concat_figure_notes_text concat_table_notes_code
    concat_table_notes_text country_iso2_code country_iso3_code country_trans
    data_precision_description erml_commodity erml_group erml_sub_commodity
    pole_of_inaccessibility_latitude pole_of_inaccessibility_longitude quantity
    quantity_in_book_style sdmx_code sdmx_translation units year yearbook_table_id
    yearbook_table_trans
"""
COLUMNS = frozenset(NAMES.split())
PLACE = frozenset({"x", "y"})
"""Columns of the CSV that are the geometry of a page."""

Row = Mapping[str, str]
"""One published row: column -> text, empty where there is none."""


@dataclass(frozen=True)
class Page:
    """One page of the service."""

    path: Path
    matched: int
    """Rows that match in all, over every page."""
    rows: Sequence[Row]


def read_page(path: Path) -> Page:
    """Read a page.

    Raises:
        IncompleteError: it ends too early, or has fewer rows than it says.
        SourceError: it is no page, or a column is new or lost.

    """
    match parsed(path.read_bytes(), str(path)):
        case {"numberMatched": int(matched), "numberReturned": int(count), "features": [*features]}:
            pass
        case _:
            raise SourceError(f"{path}: no page: numberMatched, numberReturned or features is lost")
    if count != len(features):
        raise IncompleteError(f"{path}: {len(features)} rows, the page says {count}; fetch again")
    rows = [properties(f, f"{path.name} row {n}") for n, f in enumerate(features, start=1)]
    return Page(path, matched, rows)


def properties(feature: object, where: str) -> Row:
    """Give the columns of one feature as text."""
    match feature:
        case {"properties": dict(found)}:
            refuse_drift(found, COLUMNS, where)
            return {name: text(value, f"{where}, {name}") for name, value in found.items()}
    raise SourceError(f"{where}: a feature without properties")


def text(value: Any, where: str) -> str:  # noqa: ANN401 - whatever JSON may hold
    """Write a cell of JSON as the CSV does; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise SourceError(f"{where}: {value!r} is neither a text nor a number")
    return str(value).strip()


def follow(page: Page, before: Sequence[Page], limit: int) -> None:
    """Refuse a page that does not follow the pages before it, each of `limit` rows at most.

    Raises:
        IncompleteError: it is short, repeats rows, or the number of matching rows changed.

    """
    so_far = sum(len(one.rows) for one in before)
    if before and page.matched != before[0].matched:
        raise IncompleteError(
            f"{page.path}: {page.matched} rows match, {before[0].matched} did on the first page; "
            "the figures changed meanwhile, run again"
        )
    due = min(limit, page.matched - so_far)
    if len(page.rows) != due:
        raise IncompleteError(
            f"{page.path}: {len(page.rows)} rows from row {so_far} on, {due} are due of "
            f"{page.matched}; run again"
        )
    rows = [row for one in (*before, page) for row in one.rows]
    if repeated := len(rows) - len({key(row) for row in rows}):
        raise IncompleteError(
            f"{page.path}: {repeated} rows came twice in rows 0 to {len(rows)}; run again"
        )


def key(row: Row) -> tuple[str, ...]:
    """What tells rows apart: all of them."""
    return tuple(row[name] for name in sorted(COLUMNS))


def read(files: Iterable[Path]) -> Iterator[tuple[str, Row]]:
    """Read every row of an edition, with where it stands.

    Pages `NAME-0.json`, `NAME-2000.json` ... belong together, and are whole together.

    Raises:
        SourceError: a file is neither, or not whole.

    """
    series: dict[str, list[Page]] = {}
    for path in sorted(files, key=in_order):
        if path.suffix == ".csv":
            yield from read_csv(path)
        elif path.suffix == ".json":
            page = read_page(path)
            series.setdefault(in_order(path)[0], []).append(page)
        else:
            raise SourceError(f"{path}: neither a page (.json) nor a download (.csv) of the BGS")
    for pages in series.values():
        for number, page in enumerate(pages):
            is_last = number + 1 == len(pages)
            rest = page.matched - sum(len(one.rows) for one in pages[:number])
            follow(page, pages[:number], rest if is_last else len(page.rows))
            for line, row in enumerate(page.rows, start=1):
                yield f"{page.path.name} row {line}", row


def in_order(path: Path) -> tuple[str, int]:
    """The name that pages of one series share, and the row that a page begins with."""
    name, dash, offset = path.stem.rpartition("-")
    return (name, int(offset)) if dash and offset.isdigit() else (path.stem, 0)


def read_csv(path: Path) -> Iterator[tuple[str, Row]]:
    """Read a download by the names of its columns.

    Raises:
        SourceError: it is not UTF-8, a column is new or lost, or a row has another width.
        IncompleteError: it ends in the middle of a line.

    """
    header, lines = csv_lines(path)
    refuse_drift(header, COLUMNS | PLACE, str(path))
    for number, cells in enumerate(lines, start=2):
        where = f"{path.name} row {number}"
        if len(cells) != len(header):
            raise SourceError(f"{where}: {len(cells)} cells, the header has {len(header)}: {cells}")
        yield where, {n: c.strip() for n, c in zip(header, cells, strict=True) if n in COLUMNS}


def refuse_drift(found: Iterable[str], expected: frozenset[str], where: str) -> None:
    """Refuse a new, lost or doubled column, and name it."""
    names = list(found)
    if lost := sorted(expected - set(names)):
        raise SourceError(f"{where}: columns lost: {', '.join(lost)}; found: {', '.join(names)}")
    if new := sorted(set(names) - expected):
        raise SourceError(
            f"{where}: columns never seen: {', '.join(new)}; add them to {Path(__file__).name}"
        )
    if len(names) != len(expected):
        raise SourceError(f"{where}: a column stands twice: {', '.join(names)}")
