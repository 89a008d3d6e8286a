"""Stage the European Commission's studies on critical raw materials: a row a published input.

What not to assume:
- the 2017 study gives one stage a material, the one it found to be the bottleneck.
- in the table of EU sourcing shares below 1 percent are omitted, so that sums fall short of 100;
  in the global table `<0.1%` is a share that is known to be small, not a zero.
- `Aluminium` at extraction is bauxite in 2023, a material of its own in 2017.
- an EoL-RIR lost its trailing zero in the transcription: 0.3 stands for 0.30.
- 2017 gives percent, 2023 percent and shares; nothing is converted here.
- uses without a sector ("Other") have no value added, and sums of uses go from 90 to 102 percent.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from flows.sources.contract import Edition, Raw, SourceError
from flows.sources.eu_crm.corrections import Row, correct, read_corrections

LABELS = Path(__file__).with_name("labels.csv")
LAYOUT = ("measure", "material", "stage", "country", "item", "figure", "t", "sector", "value_added")
SCHEMA: Final = {
    "measure": pl.String,
    "material": pl.String,
    "name": pl.String,
    "mineral": pl.String,
    "stage": pl.String,
    "area": pl.String,
    "item": pl.String,
    "value_text": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "status": pl.String,
    "trade_parameter": pl.Float64,
    "sector": pl.String,
    "sector_name": pl.String,
    "value_added_meur": pl.Float64,
}
UNITS: Final = {
    "import_reliance": "percent",
    "eol_rir": "percent",
    "si_ei": "ratio",
    "si_sr": "ratio",
    "hhi_wgi_t_gs": "score",
    "hhi_wgi_t_eu": "score",
    "global_supply_share": "percent",
    "eu_supply_share": "percent",
    "use_share": "percent",
}
"""What the figures of a measure are printed in; EoL-RIR changed to shares in 2023."""
WORDS = ("supply_data_used", "group")
"""Measures that hold a word and no figure."""
FIGURE = re.compile(r"(?P<sign>[<>]?)(?P<number>\d+(?:\.\d+)?)%?")
SECTOR = re.compile(r"(?P<code>[A-Z]\d\d) - (?P<name>.+)")

Labels = Mapping[tuple[str, str], Row]


class Figure(NamedTuple):
    """What a printed text says: a number, its bounds, and of what kind it is."""

    status: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read the edition's one file, correct it, and say what each figure is.

    Gives the columns of `SCHEMA`: a row an input, in the unit published. Rows in = rows out +
    rows that labels.csv ignores or corrections.yml drops.

    Raises:
        SourceError: a column, label, measure, sector or figure is unknown, or a correction no
            longer fits.

    """
    if len(raw.files) != 1:
        names = ", ".join(path.name for path in raw.files) or "none"
        raise SourceError(f"eu_crm {edition.id}: expected one file, got {names}")
    path = raw.files[0]
    labels = read_labels()
    rows = correct(read(path), read_corrections(edition.id))
    staged = [staged_row(row, labels, f"{path}: {dict(row)}") for row in rows]
    return pl.LazyFrame([row for row in staged if row], schema=SCHEMA, orient="row")


def read(path: Path) -> list[Row]:
    """Read the file in our layout: the study's own words and figures, one input a row."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True, restkey="more")
        rows = list(reader)
    if tuple(reader.fieldnames or ()) != LAYOUT:
        raise SourceError(f"{path}: header is {reader.fieldnames}, expected {list(LAYOUT)}")
    for number, row in enumerate(rows, start=2):
        if "more" in row or None in row.values():
            raise SourceError(f"{path}: line {number} has not {len(LAYOUT)} fields: {row}")
    return list(rows)


def read_labels(path: Path = LABELS) -> Labels:
    """Read `labels.csv`: kind and label -> what it means.

    Raises:
        SourceError: a label stands twice.

    """
    labels: dict[tuple[str, str], Row] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            key = (row["kind"], row["label"])
            if key in labels:
                raise SourceError(f"{path}: {key} stands twice; keep one")
            labels[key] = row
    return labels


def staged_row(row: Row, labels: Labels, where: str) -> tuple[object, ...] | None:
    """Make one staged row; none where its material is ignored by name."""
    material = label(labels, "material", row["material"], where)
    if material["ignored"]:
        return None
    measure = row["measure"]
    if measure not in UNITS and measure not in WORDS:
        raise SourceError(f"{where}: unknown measure {measure}; say its unit in {__file__}")
    unit = unit_of(measure, row["figure"])
    figure = Figure("word") if measure in WORDS else read_figure(row["figure"], unit, where)
    sector = SECTOR.fullmatch(row["sector"])
    if row["sector"] and not sector:
        raise SourceError(f"{where}: sector {row['sector']!r} is no NACE code and name")
    return (
        measure,
        material["means"],
        material["name"],
        material["mineral"] or None,
        meaning(labels, "stage", row["stage"], where),
        meaning(labels, "country", row["country"], where),
        meaning(labels, "group", row["item"], where) if measure == "group" else row["item"] or None,
        row["figure"] or None,
        *figure[1:],
        unit,
        figure.status,
        float(row["t"]) if row["t"] else None,
        sector["code"] if sector else None,
        sector["name"] if sector else None,
        float(row["value_added"]) if row["value_added"] else None,
    )


def unit_of(measure: str, text: str) -> str | None:
    """Give the unit a figure is printed in: an EoL-RIR with a point is a share."""
    if measure == "eol_rir" and "." in text:
        return "share"
    return UNITS.get(measure)


def read_figure(text: str, unit: str | None, where: str) -> Figure:
    """Read a printed figure, with the ends of what it was rounded from.

    Raises:
        SourceError: the text is neither empty, a number, nor a bound.

    """
    if not text:
        return Figure("blank")
    match = FIGURE.fullmatch(text)
    if not match:
        raise SourceError(f"{where}: {text!r} is no figure; say in {__file__} how to read it")
    value = float(match["number"])
    if match["sign"] == "<":
        return Figure("below", None, 0.0, value)
    if match["sign"] == ">":
        return Figure("above", None, value, None)
    decimals = len(match["number"].partition(".")[2])
    half = 0.5 * 0.1 ** max(decimals, 2 if unit == "share" else 0)
    return Figure("reported", value, round(max(0.0, value - half), 6), round(value + half, 6))


def meaning(labels: Labels, kind: str, text: str, where: str) -> str | None:
    """Give what a label means; none where nothing is printed."""
    return label(labels, kind, text, where)["means"] if text else None


def label(labels: Labels, kind: str, text: str, where: str) -> Row:
    """Give the row of a label.

    Raises:
        SourceError: it is not known.

    """
    if (kind, text) not in labels:
        raise SourceError(
            f"{where}: unknown {kind} {text!r}; say in {LABELS} what it is, or why it is ignored"
        )
    return labels[kind, text]
