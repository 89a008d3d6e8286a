"""The layouts of the Mineral Commodity Summaries, each read into the same printed figures.

- `commodity_files` (editions 2023 and 2024): a CSV a commodity, two years side by side; the unit
  stands in the column's name (`Prod_kt_est_2022`), empty columns and rows trail behind.
- `wide` (edition 2025): one CSV, two years side by side, the unit in `UNIT_MEAS`.
- `long` (edition 2026): one CSV of all that the book prints, a row a figure, in cp1252. Only the
  world's production by country is taken; labels.csv says of every other section, statistic and
  span of years why it is not. A note may say several things, with ` -- ` between them.
- `tidy`: ours, one CSV an edition, a row a figure; it is known by its name, `mcs<edition>.csv`.

Blanks around a cell are the publisher's typesetting and go; footnote letters, thousands
separators and the words that stand for a figure stay as printed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.sources.contract import Edition, IncompleteError, Raw, SourceError
from flows.sources.usgs_mcs.labels import Labels

TIDY = ("commodity", "country", "type", "unit", "year", "value", "estimated", "note")
WIDE = (
    "SOURCE COMMODITY COUNTRY TYPE UNIT_MEAS PROD_{first} PROD_EST_{last} PROD_NOTES "
    "CAP_{first} CAP_EST_{last} CAP_NOTES RESERVES_{last} RESERVE_NOTES"
)
LONG = [
    "MCS chapter",
    "Section",
    "Commodity",
    "Country",
    "Statistics",
    "Statistics_detail",
    "Unit",
    "Year",
    "Value",
    "Notes",
    "Is critical mineral 2025",
    "Other notes",
]
COMMODITY = (
    "Source",
    "Country",
    "Type",
    "Prod_<unit>_<year>",
    "Prod_<unit>_est_<year>",
    "Prod_notes",
)
PRODUCTION = re.compile(
    r"Prod_(?:Sponge_)?(?P<unit>t|kt|kg|mcm)_(?P<est>est_)?(?P<year>\d{4})", re.IGNORECASE
)
BEHIND = re.compile(r"(?:(?:Reserves|Cap)_\w+)?")


@dataclass(frozen=True, slots=True)
class Printed:
    """One figure as printed: text, unit word, note, and where it stands."""

    commodity: str
    country: str
    type: str
    unit: str
    year: int
    value: str
    estimated: bool
    """The column's name says that all its figures are estimates."""
    note: str
    where: str
    has_own_note: bool = False
    """Whether the note is this figure's own, or stands beside two years."""


def read(raw: Raw, edition: Edition, labels: Labels) -> Iterator[Printed]:
    """Read the edition's files by their layout.

    Raises:
        SourceError: a file is missing, cut, re-encoded, unlisted, or of a layout never seen.

    """
    tidy = f"mcs{edition.id}.csv"
    if any(path.name == tidy for path in raw.files):
        yield from read_tidy(raw.one(tidy))
    elif edition.layout == "commodity_files":
        labels.refuse_unlisted(raw)
        for name, commodity in labels.files.items():
            yield from read_commodity(raw.one(name), commodity, int(edition.id))
    elif edition.layout == "wide" and len(raw.files) == 1:
        yield from read_wide(raw.files[0], int(edition.id))
    elif edition.layout == "long" and len(raw.files) == 1:
        yield from read_long(raw.files[0], int(edition.id), labels)
    else:
        have = ", ".join(path.name for path in raw.files) or "nothing"
        raise SourceError(
            f"usgs_mcs {edition.id}: no reader for layout {edition.layout!r} with the files {have}"
        )


def read_tidy(path: Path) -> Iterator[Printed]:
    """Read our own layout."""
    header, rows = read_cells(path, bom=False)
    if tuple(header) != TIDY:
        raise never_seen(path, header, TIDY)
    for where, row in rows:
        commodity, country, type_, unit, year, value, estimated, note = row
        if not re.fullmatch(r"\d{4}", year) or estimated not in {"true", "false"}:
            raise SourceError(f"{where}: year {year!r}, estimated {estimated!r}: columns shifted?")
        yield Printed(
            commodity, country, type_, unit, int(year), value, estimated == "true", note, where
        )


def read_wide(path: Path, edition: int) -> Iterator[Printed]:
    """Read the one wide file of an edition."""
    header, rows = read_cells(path, bom=True)
    first, last = edition - 2, edition - 1
    expected = WIDE.format(first=first, last=last).split()
    # One name is printed with a stray blank: "PROD_EST_ 2024".
    if [name.replace(" ", "") for name in header] != expected:
        raise never_seen(path, header, expected)
    for where, row in rows:
        source, commodity, country, type_, unit, one, two, note, *_ = row
        refuse_shifted(source, edition, where)
        for year, value, estimated in ((first, one, False), (last, two, True)):
            yield Printed(commodity, country, type_, unit, year, value, estimated, note, where)


def read_long(path: Path, edition: int, labels: Labels) -> Iterator[Printed]:
    """Read the world's production out of the one long file of an edition."""
    header, rows = parse(path, decode_long(path))
    if header != LONG:
        raise never_seen(path, header, LONG)
    for where, row in rows:
        _, section, commodity, country, statistic, detail, unit, year, value, note, _, _ = row
        if labels.of("section", section, where).ignored:
            continue
        if labels.of("statistic", statistic, where).ignored:
            continue
        if not re.fullmatch(r"\d{4}", year):
            if labels.of("year", year, where).ignored:
                continue
            raise SourceError(f"{where}: {year!r} is no single year; labels.csv must ignore it")
        if int(year) not in {edition - 2, edition - 1}:
            raise SourceError(f"{where}: year {year} in edition {edition}; columns shifted?")
        yield Printed(
            commodity,
            country,
            detail,
            unit,
            int(year),
            value,
            estimated=False,
            note=note,
            where=where,
            has_own_note=True,
        )


def decode_long(path: Path) -> str:
    """Decode the long file: cp1252 as published, or UTF-8 where it was mended."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: neither cp1252 nor UTF-8 ({error}); fetch it again") from error


def parts_of(note: str) -> list[str]:
    """What a note says, one thing after the other."""
    return [part for part in note.split(" -- ") if part]


def read_commodity(path: Path, commodity: str, edition: int) -> Iterator[Printed]:
    """Read the file of one commodity."""
    header, rows = read_cells(path, bom=True)
    if len(header) < len(COMMODITY):
        raise never_seen(path, header, COMMODITY)
    first, last = (PRODUCTION.fullmatch(name) for name in header[3:5])
    # One file (2024, fluorspar) names the column of types by the type itself.
    types = {row[2] for _, row in rows}
    known = (
        header[:2] == ["Source", "Country"]
        and (header[2] == "Type" or types == {header[2]})
        and header[5] in {"Prod_note", "Prod_notes"}
        and all(BEHIND.fullmatch(name) for name in header[6:])
    )
    if not known or not first or not last or not last["est"]:
        raise never_seen(path, header, COMMODITY)
    if [int(first["year"]), int(last["year"])] != [edition - 2, edition - 1]:
        raise SourceError(f"{path}: years of another edition than {edition}: {header[3:5]}")
    for where, row in rows:
        source, country, type_, one, two, note, *_ = row
        refuse_shifted(source, edition, where)
        for column, value in ((first, one), (last, two)):
            unit, year, estimated = column["unit"], int(column["year"]), bool(column["est"])
            yield Printed(commodity, country, type_, unit, year, value, estimated, note, where)


def read_cells(path: Path, *, bom: bool) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Read a CSV as text: the header, and each row that is not empty with where it stands.

    Raises:
        SourceError: the file is not UTF-8 as published, or a row has another width.
        IncompleteError: it ends in the middle of a line.

    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8 ({error}); re-encoded? fetch it again") from error
    if bom and not data.startswith(b"\xef\xbb\xbf"):
        raise SourceError(f"{path}: no byte order mark, as published; re-encoded? fetch it again")
    return parse(path, text)


def parse(path: Path, text: str) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Parse a CSV's text; see `read_cells`."""
    if not text.endswith("\n"):
        raise IncompleteError(f"{path}: ends in the middle of a line; fetch it again")
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise SourceError(f"{path}: not a CSV ({error}); fetch it again") from error
    header, *rows = [[squeeze(cell) for cell in line] for line in lines]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise SourceError(
                f"{path} row {number}: {len(row)} cells, the header has {len(header)}: {row}"
            )
    filled = [(f"{path.name} row {n}", row) for n, row in enumerate(rows, start=2) if any(row)]
    return header, filled


def squeeze(cell: str) -> str:
    """Drop blanks around a cell, and fold runs of them (non-breaking ones too) to one."""
    return " ".join(cell.split())


def refuse_shifted(source: str, edition: int, where: str) -> None:
    """Refuse a row whose first cell does not name the edition."""
    if source.replace(" ", "") != f"MCS{edition}":
        raise SourceError(f"{where}: source is {source!r}, expected MCS{edition}; columns shifted?")


def never_seen(path: Path, found: Sequence[str], expected: Sequence[str]) -> SourceError:
    """Name the columns of a layout that no reader knows."""
    return SourceError(
        f"{path}: a layout never seen. Columns found: {', '.join(found)}. "
        f"Expected: {', '.join(expected)}. Write a reader for it in {Path(__file__).name}"
    )
