"""Read the OECD's inventory of export restrictions as SDMX-CSV with labels.

No such file was seen: `columns.csv` and `labels.csv` say what its columns and words are taken for,
and what they do not know stops the file. What not to assume:

- it gives years. Years in a row are one measure; its first and last day are inferred.
- a measure of the last year in the file may go on: its end is not known, hence empty.
- a product is an HS code of the revision that `labels.csv` names, not of today's.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.sources.contract import Edition, SourceError
from flows.sources.policy_measures.cells import Row, read_rows
from flows.sources.policy_measures.user import Record

LABELS = Path(__file__).with_name("labels.csv")
YEAR = re.compile(r"\d{4}")
Label = tuple[str, str]
"""Kind of label, and their word."""


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """What the inventory follows from year to year."""

    issuer_iso3: str
    kind_word: str
    hs6: str
    material: str
    structure: str


def oecd_records(path: Path, edition: Edition) -> list[Record]:
    """Read the inventory: a record for each run of years in which a measure applied.

    Raises:
        SourceError: a column, word or year is unknown, or a year stands twice.

    """
    labels = read_labels()
    years: dict[Series, set[int]] = {}
    newest = 0
    for row in read_rows(path, "oecd"):
        year = year_of(row)
        newest = max(newest, year)
        means(labels, "status", row)
        if means(labels, "applied", row) == "no":
            continue
        series = Series(
            row.cells["issuer_iso3"],
            row.cells["kind_word"],
            row.cells["hs6"],
            row.cells["material"],
            row.cells.get("structure", ""),
        )
        means(labels, "kind", row, word=series.kind_word)
        if year in years.setdefault(series, set()):
            raise SourceError(
                f"{row.where}: {series} in {year} stands twice; another column must tell the two "
                "apart: give it a field in columns.csv"
            )
        years[series].add(year)
    return [
        record(series, labels, edition, span, newest)
        for series in sorted(years)
        for span in runs(years[series])
    ]


def record(
    series: Series, labels: dict[Label, str], edition: Edition, span: tuple[int, int], newest: int
) -> Record:
    """Make the record of one run of years."""
    first, last = span
    is_over = last < newest
    word = re.sub(r"[^a-z0-9]+", "_", series.kind_word.lower()).strip("_")
    named = f"Inventory of Export Restrictions on Industrial Raw Materials, {edition.id}"
    return {
        "measure": f"{series.issuer_iso3}-{word}-{series.hs6}-{first}",
        "issuer_iso3": series.issuer_iso3,
        "title": f"{series.kind_word}: {series.material}",
        "kind": labels["kind", series.kind_word],
        "effective": date(first, 1, 1),
        "effective_evidence": "inferred",
        "expires": date(last, 12, 31) if is_over else None,
        "expires_evidence": "inferred" if is_over else None,
        "scope": "all_trade",
        "evidence": "read",
        "evidence_source": f"OECD, {named}",
        "citation": " ".join(f"OECD, {named} {series.structure}".split()),
        "material": series.material,
        "hs_revision": labels["constant", "hs_revision"],
        "hs6": series.hs6,
        "code_evidence": "read",
    }


def year_of(row: Row) -> int:
    """Read the year."""
    cell = row.cells["year"]
    if not YEAR.fullmatch(cell):
        raise SourceError(f"{row.where}: TIME_PERIOD {cell!r} is no year")
    return int(cell)


def means(labels: dict[Label, str], kind: str, row: Row, word: str | None = None) -> str:
    """Give what one of their words means.

    Raises:
        SourceError: `labels.csv` does not know it.

    """
    said = row.cells.get(kind, "") if word is None else word
    if (kind, said) not in labels:
        raise SourceError(f"{row.where}: unknown {kind} {said!r}; say in {LABELS} what it means")
    return labels[kind, said]


def runs(years: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Give the first and last of each run of years that follow each other."""
    ordered = sorted(years)
    first = ordered[0]
    for year, following in zip(ordered, [*ordered[1:], None], strict=True):
        if following != year + 1:
            yield first, year
            first = following or year


def read_labels() -> dict[Label, str]:
    """Read `labels.csv`: kind and word -> what it means."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        return {(r["kind"], r["label"]): r["means"] for r in csv.DictReader(file, strict=True)}
