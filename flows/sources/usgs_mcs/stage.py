"""Stage the USGS Mineral Commodity Summaries: production by country, as printed.

What not to assume:
- each edition prints two years, the later one always an estimate; the next edition revises the
  earlier one (China's antimony 2022: 60,000 t, then 40,000). Editions are vintages: never mix them.
- `W` (withheld), `NA`, a dash and a blank are not zero; a printed 0 is. Edition 2025 prints a blank
  for all four alike, and only sometimes says in the note which one it was.
- "World total" and "Other countries" are rows among the countries; the total is rounded, and some
  totals leave the United States out (the note says so).
- figures of one mineral and stage may be added over `product`, never over `measure`.
- the unit changes from commodity to commodity; nothing is converted here.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import polars as pl

from flows.sources.contract import Edition, Raw, SourceError
from flows.sources.usgs_mcs.corrections import correct, read_corrections
from flows.sources.usgs_mcs.labels import Label, Labels
from flows.sources.usgs_mcs.layouts import Printed, parts_of, read

SCHEMA: Final = {
    "mineral": pl.String,
    "stage": pl.String,
    "basis": pl.String,
    "measure": pl.String,
    "product": pl.String,
    "area": pl.String,
    "area_kind": pl.String,
    "year": pl.Int32,
    "value_text": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "status": pl.String,
    "unit": pl.String,
    "note": pl.String,
}
AREA_KINDS = {"WORLD": "world", "OTHER": "other"}
NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
POINT = re.compile(rf"(?P<estimated>e?)(?P<value>{NUMBER})")
RANGE = re.compile(rf"(?P<low>{NUMBER})\s*[-\u2013]\s*(?P<high>{NUMBER})")
YEAR = re.compile(r"\d{4}", re.ASCII)
BOUND = re.compile(rf"(?P<sign>[<>])\s*(?P<value>{NUMBER})")


class Figure(NamedTuple):
    """What a printed text says: a number, bounds, or a status in their place."""

    status: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read the edition in whichever layout it came, and say what each figure is.

    Gives the columns of `SCHEMA`: a row a figure, in the unit published. Rows in = rows out +
    rows that labels.csv ignores.

    Raises:
        SourceError: a layout, label, unit, note or figure is unknown, a correction no longer
            fits, or a row was lost on the way.

    """
    if not YEAR.fullmatch(edition.id):
        raise SourceError(f"usgs_mcs {edition.id}: an edition is named after its year, as YYYY")
    labels = Labels(edition.id, defers=True)
    printed = correct(list(read(raw, edition, labels)), read_corrections(edition.id))
    typed = [(f, labels.of_type(f.commodity, f.type, f.country, f.where)) for f in printed]
    ignored = [figure for figure, label in typed if label.ignored]
    first = int(edition.id) - 2
    rows = [staged(f, label, labels, first) for f, label in typed if not label.ignored]
    labels.refuse_unknown()
    if len(printed) != len(rows) + len(ignored):
        raise SourceError(
            f"usgs_mcs {edition.id}: {len(printed)} figures in, "
            f"{len(rows)} out, {len(ignored)} ignored"
        )
    return pl.LazyFrame(rows, schema=SCHEMA, orient="row")


def staged(printed: Printed, label: Label, labels: Labels, first: int) -> tuple[object, ...]:
    """Make one staged row of a printed figure; `first` is the earlier year of the edition."""
    where = printed.where
    country = labels.of("country", printed.country, where)
    note = said(printed, labels)
    figure = read_figure(printed, labels)
    if figure.status == "reported":
        estimated = printed.estimated or "estimated" in {label.status, country.status}
        is_meant = printed.has_own_note or printed.year == first
        figure = figure._replace(status=settle(note, is_meant=is_meant, estimated=estimated))
    if figure.status == "blank" and note in {"withheld", "not_available"}:
        figure = Figure(note)
    return (
        label.mineral,
        label.stage,
        label.basis,
        label.measure,
        label.product,
        country.means,
        AREA_KINDS.get(country.means, "country"),
        printed.year,
        printed.value or None,
        figure.value,
        figure.low,
        figure.high,
        figure.status,
        labels.of("unit", printed.unit, where).means,
        printed.note or None,
    )


def said(printed: Printed, labels: Labels) -> str:
    """Give what the parts of a note say of the figure's status; empty where they say nothing.

    Raises:
        SourceError: they contradict each other.

    """
    parts = parts_of(printed.note)
    statuses = {labels.of("note", part, printed.where).status for part in parts} - {""}
    if len(statuses) > 1:
        raise SourceError(
            f"{printed.where}: the note says both {' and '.join(sorted(statuses))}: {printed.note}"
        )
    return next(iter(statuses), "")


def settle(note: str, *, is_meant: bool, estimated: bool) -> str:
    """Say whether a number is reported or estimated.

    A note beside two years ("also estimated", "reported") speaks of the earlier: the later is an
    estimate anyway. `is_meant` says whether the note is about this number.
    """
    if is_meant and note in {"estimated", "reported"}:
        return note
    return "estimated" if estimated else "reported"


def read_figure(printed: Printed, labels: Labels) -> Figure:
    """Read the printed text; a number counts as reported until its column or note says otherwise.

    Raises:
        SourceError: the text is neither a number, a range, a bound, nor a known word.

    """
    text = printed.value
    if not text:
        return Figure("blank")
    if match := POINT.fullmatch(text):
        return Figure("estimated" if match["estimated"] else "reported", number(match["value"]))
    if match := RANGE.fullmatch(text):
        return Figure("range", low=number(match["low"]), high=number(match["high"]))
    if match := BOUND.fullmatch(text):
        bound = number(match["value"])
        return Figure("above", low=bound) if match["sign"] == ">" else Figure("below", high=bound)
    return Figure(labels.of("word", text, printed.where).status)


def number(text: str) -> float:
    """Read a number with its thousands separators."""
    return float(text.replace(",", ""))
