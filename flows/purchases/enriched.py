"""Write every row of the file with what was found for it, as a CSV that a spreadsheet opens safely.

A cell from outside that begins with a sign of a formula gets an apostrophe before it, so that it
stays text; a number stays a number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from flows.purchases.amounts import MICRO
from flows.purchases.answer import Exposure

SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may begin a formula with, the wide forms too."""
NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")

OURS = (
    "mineral",
    "hs6",
    "form",
    "stage",
    "supplier_iso3",
    "supplier",
    "problem",
    "problems",
    "detail",
    "notes",
    "import_share",
    "cell_stage",
    "year",
    "source",
    "edition",
    "hhi",
    "cr1",
    "top_supplier_iso3",
    "cell_flags",
    "cell_reason",
    "confidence",
    "under",
    "measures",
    "unconfirmed",
    "severity",
    "governance",
    "governance_year",
    "production_stage",
    "production_year",
    "production_hhi",
    "production_cr1",
    "producer_iso3",
)
"""Columns that are ours, those of the country's supply and of world production among them."""
NAMES = {"hhi": "country_hhi", "cr1": "country_cr1", "year": "country_year"}


def write_rows(found: Exposure, path: Path) -> None:
    """Write the rows to a new file, whole or not at all.

    Raises:
        FileExistsError: the file is there.

    """
    with path.open("x", encoding="utf-8-sig", newline="") as file:
        try:
            csv.writer(file).writerows(lines(found))
        except BaseException:
            path.unlink()
            raise


def lines(found: Exposure) -> Iterator[list[object]]:
    """Give the header and a line a row: the file's cells, then ours, then each index's figures."""
    headers = [str(name) for name in found.sheet.headers]
    index = first_figures(found.indices)
    figures = sorted({name for names in index.values() for name in names})
    ours = [
        "line",
        "amount" if found.basis == "value" else "amount_kg",
        "amount_currency",
        "mass_kg",
        *(NAMES.get(name, name) for name in OURS),
        *figures,
    ]
    yield [*(safe(one if one not in ours else f"{one} (file)") for one in headers), *ours]
    width = len(headers)
    for row, cells in zip(found.rows.iter_rows(named=True), found.sheet.rows, strict=True):
        own = [*cells[:width], *[None] * (width - len(cells))]
        key = (row["mineral"], row.get("cell_stage"))
        known = index.get((*key, row["supplier_iso3"]), {}) | index.get((*key, None), {})
        yield [
            *(safe(cell) for cell in own),
            row["line"],
            scaled(row["amount_micro"]),
            found.money.currency if found.basis == "value" else None,
            scaled(row["mass_micro"]),
            *(written(row.get(name)) for name in OURS),
            *(known.get(name) if row["problem"] is None else None for name in figures),
        ]


def first_figures(indices: pl.DataFrame) -> Mapping[tuple[Any, ...], dict[str, float | None]]:
    """Give mineral, stage, supplier -> column -> figure, of every index by value or no basis."""
    found: dict[tuple[Any, ...], dict[str, float | None]] = {}
    for row in indices.iter_rows(named=True):
        variant = row["variant"].replace("basis=value", "").strip()
        if "basis=" in variant:
            continue
        name = f"{row['index']}.{row['figure']}" + (f"[{variant}]" if variant else "")
        key = (row["mineral"], row["stage"], row["supplier_iso3"])
        found.setdefault(key, {})[name] = row["value"]
    return found


def scaled(micro: int | None) -> float | None:
    """Give an amount of its millionths."""
    return None if micro is None else micro / MICRO


def written(value: object) -> object:
    """Write one of our own cells; what came of the file's words is as safe as they are."""
    if isinstance(value, list):
        return safe(" | ".join(str(one) for one in value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return safe(value) if isinstance(value, str) else value


def safe(text: str | None) -> str | None:
    """Give a text so that no spreadsheet takes it for a formula."""
    if text is None or NUMBER.fullmatch(text):
        return text
    return f"'{text}" if text.lstrip(" \u00a0").startswith(SIGNS) else text
