"""Write every row of a file with what was found for it, as a CSV that spreadsheets open safely."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from flows.export.aside import aside
from flows.export.cells import flat, harmless, harmless_text
from flows.purchases.amounts import MICRO
from flows.purchases.answer import Exposure
from flows.purchases.contract import Sheet

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

Figures = Mapping[tuple[str | None, ...], Mapping[str, float | None]]
"""Mineral, stage and supplier (null where a figure is of none) -> column -> figure."""


def write_rows(found: Exposure, path: Path) -> None:
    """Write the rows to a new file, whole or not at all.

    Raises:
        ExportError: something is at the path, or the file cannot be written.

    """
    ours = our_cells(found)
    own = [f"{name} (file)" if name in ours.columns else name for name in found.sheet.headers]
    head = io.StringIO()
    names = [harmless_text(name) for name in (*own, *ours.columns)]
    csv.writer(head, lineterminator="\n").writerow(names)
    rows = pl.concat([file_cells(found.sheet), ours], how="horizontal")
    with aside(path, force=False) as part, part.open("wb") as file:
        file.write(codecs.BOM_UTF8 + head.getvalue().encode())
        harmless(flat(rows)).write_csv(file, include_header=False)


def file_cells(sheet: Sheet) -> pl.DataFrame:
    """Give the file's own cells under numbers: two of its headers may be the same."""
    return pl.DataFrame(
        {
            str(place): [row[place] if place < len(row) else None for row in sheet.rows]
            for place in range(len(sheet.headers))
        },
        schema={str(place): pl.String for place in range(len(sheet.headers))},
    )


def our_cells(found: Exposure) -> pl.DataFrame:
    """Give what was found for each row, then each index's figures."""
    rows, is_value = found.rows, found.basis == "value"
    amount = pl.col("amount_micro").cast(pl.Float64) / MICRO
    currency = pl.lit(found.money.currency if is_value else None, dtype=pl.String)
    told = rows.select(
        "line",
        amount.alias("amount" if is_value else "amount_kg"),
        currency.alias("amount_currency"),
        (pl.col("mass_micro").cast(pl.Float64) / MICRO).alias("mass_kg"),
        *(pl.col(name).alias(NAMES.get(name, name)) for name in OURS),
    )
    known = first_figures(found.indices)
    figures = sorted({name for them in known.values() for name in them})
    keys = rows.select("mineral", "cell_stage", "supplier_iso3", "problem").rows()
    of_row = [
        {} if problem else {**known.get((*key, supplier), {}), **known.get((*key, None), {})}
        for *key, supplier, problem in keys
    ]
    return told.with_columns(
        pl.Series(name, [one.get(name) for one in of_row], dtype=pl.Float64) for name in figures
    )


def first_figures(indices: pl.DataFrame) -> Figures:
    """Give the figures of every index by value or no basis."""
    found: dict[tuple[str | None, ...], dict[str, float | None]] = {}
    for row in indices.iter_rows(named=True):
        variant = row["variant"].replace("basis=value", "").strip()
        if "basis=" in variant:
            continue
        name = f"{row['index']}.{row['figure']}" + (f"[{variant}]" if variant else "")
        key = (row["mineral"], row["stage"], row["supplier_iso3"])
        found.setdefault(key, {})[name] = row["value"]
    return found
