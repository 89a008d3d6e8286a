"""Stage the BGS World Mineral Statistics: production by country, as published.

What not to assume:
- an empty quantity is not 0: "Figures not available" is null, "Nil (nothing produced)" is 0, and
  "more than 0 but less than 0.5" is printed as 0 and is neither.
- `*` among the notes to a figure marks an estimate; so does its text, and both must agree.
- the country code printed is not always the country's: Congo carries the code of its neighbour,
  Kosovo one of the publisher's own, Rhodesia none. The name decides, and the code must be the one
  that labels.csv expects beside it.
- Germany has rows from 1989 and the Federal Republic to 1991, the one empty where the other is not.
- rare earth minerals and rare earth oxides are measures of much the same output; lithium has six.
- the unit is that of a table: a content of lithium stands in plain "tonnes (metric)".
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import polars as pl

from flows.sources.bgs_wms.labels import Label, Labels
from flows.sources.bgs_wms.pages import Row, read
from flows.sources.contract import Edition, Raw, SourceError

SCHEMA: Final = {
    "mineral": pl.String,
    "stage": pl.String,
    "basis": pl.String,
    "measure": pl.String,
    "product": pl.String,
    "iso3": pl.String,
    "year": pl.Int32,
    "value": pl.Float64,
    "high": pl.Float64,
    "status": pl.String,
    "unit": pl.String,
    "note": pl.String,
}
YEAR = re.compile(r"(?P<year>\d{4})-01-01(?:[ T]00:00:00Z?)?")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
ESTIMATE_CODE, ESTIMATE_TEXT = "*", "Estimates."
HALF = 0.5


class Figure(NamedTuple):
    """What is published in a cell: a number, an upper bound, or a status in their place."""

    status: str
    value: float | None = None
    high: float | None = None


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read every page or download of the edition, and say what each figure is.

    Gives the columns of `SCHEMA`: a row a figure, in the unit published. Rows in = rows out +
    rows that labels.csv ignores.

    Raises:
        SourceError: a column, label, unit or figure is unknown, or what stands beside a figure
            contradicts it.
        IncompleteError: a page or a row is missing.

    """
    labels = Labels()
    published = list(read(raw.files))
    taken = [row for where, published in published if (row := staged(published, labels, where))]
    if not published:
        raise SourceError(f"bgs_wms {edition.id}: no row in {raw.folder}")
    return pl.LazyFrame(taken, schema=SCHEMA, orient="row")


def staged(row: Row, labels: Labels, where: str) -> tuple[object, ...] | None:
    """Make one staged row of a published one; null where labels.csv ignores it."""
    notes = split(row["concat_figure_notes_text"])
    commodity, sub = row["bgs_commodity_trans"], row["bgs_sub_commodity_trans"]
    label = labels.of_type(commodity, sub, notes, where)
    is_taken = not labels.of("statistic", row["bgs_statistic_type_trans"], where).ignored
    country = read_country(row, labels, where)
    if label.ignored or not is_taken:
        return None
    figure, year = read_figure(row, labels, where), read_year(row, where)
    if not country.covers(year):
        refuse_number(figure, country, year, where)
        return None
    return (
        label.mineral,
        label.stage,
        label.basis,
        label.measure,
        label.product,
        country.means,
        year,
        figure.value,
        figure.high,
        figure.status,
        read_unit(row, label, labels, where),
        "|".join(notes) or None,
    )


def split(notes: str) -> list[str]:
    """Take joined notes apart."""
    return [note.strip() for note in notes.split("|")] if notes else []


def read_country(row: Row, labels: Labels, where: str) -> Label:
    """Give the country's label; its printed code must be the expected one."""
    label, code = labels.of("country", row["country_trans"], where), row["country_iso3_code"]
    if not label.fits_code(code):
        raise SourceError(
            f"{where}: {row['country_trans']} has the code {code!r}, expected "
            f"{label.code or label.means}; columns shifted, or say in labels.csv who it is"
        )
    return label


def read_year(row: Row, where: str) -> int:
    """Read the year, which is printed as its first day."""
    match = YEAR.fullmatch(row["year"])
    if not match:
        raise SourceError(f"{where}: year {row['year']!r} is no first of January")
    return int(match["year"])


def read_figure(row: Row, labels: Labels, where: str) -> Figure:
    """Read the quantity by what stands beside it.

    Raises:
        SourceError: they contradict each other, or the quantity is no number.

    """
    text, precision = row["quantity"], row["data_precision_description"]
    if text and not NUMBER.fullmatch(text):
        raise SourceError(f"{where}: quantity {text!r} is no number")
    value = float(text) if text else None
    kind = labels.of("precision", precision, where).means
    is_estimate = estimated(row, where)
    if kind == "figure":
        status = "estimated" if is_estimate else "reported"
        return Figure("blank") if value is None else Figure(status, value)
    if value or (kind == "not_available" and value is not None):
        raise SourceError(f"{where}: quantity {text} beside {precision!r}")
    return {
        "nil": Figure("nil", 0.0),
        "not_available": Figure("not_available"),
        "below": Figure("below", high=HALF),
    }[kind]


def estimated(row: Row, where: str) -> bool:
    """Whether a figure is marked as an estimate, by the code of a note and by its text alike."""
    codes, notes = row["concat_figure_notes_code"], row["concat_figure_notes_text"]
    by_code, by_text = ESTIMATE_CODE in split(codes), ESTIMATE_TEXT in split(notes)
    if by_code != by_text:
        raise SourceError(f"{where}: notes {codes!r} and {notes!r} differ on being an estimate")
    return by_code


def read_unit(row: Row, label: Label, labels: Labels, where: str) -> str:
    """Give our unit; the published one must weigh what labels.csv says the figures weigh."""
    unit = labels.of("unit", row["units"], where)
    if unit.weighed != label.weighed:
        raise SourceError(
            f"{where}: {label.commodity} is in {row['units']}, which weighs {unit.weighed}; "
            f"labels.csv says {label.weighed}. Another unit is another measure"
        )
    return unit.means


def refuse_number(figure: Figure, country: Label, year: int, where: str) -> None:
    """Refuse a figure of a country that is counted under another name in that year."""
    if figure.status not in {"not_available", "blank"}:
        raise SourceError(
            f"{where}: {country.label} has a figure for {year}, outside its years in labels.csv "
            f"({country.from_year or '...'} to {country.to_year or '...'}); it would count twice"
        )
