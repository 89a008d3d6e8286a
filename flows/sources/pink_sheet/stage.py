"""Stage the World Bank's Pink Sheet: a row a series and month.

What not to assume:
- a missing price is printed as an ellipsis or as three dots, and is not 0; a cell is never empty.
- names carry footnote stars and stray blanks, which change from edition to edition.
- units differ by series ($/mt, $/kg, $/troy oz, cents a sheet, an index) and stand in a row of
  their own; labels.csv says which unit each series has, and another one is an error.
- names are in no fixed order: a series is found by its name, never by its place.
- a cell read as text may lose digits: prices are read as numbers, and as text where there are none.
- the sheet called Description has an older "Updated as of" of its own.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from flows.sources.contract import Edition, IncompleteError, Raw, SourceError
from flows.sources.pink_sheet.workbook import (
    PRICES,
    read_cells,
    read_prices,
    refuse_early_end,
    updated_on,
)

LABELS = Path(__file__).with_name("labels.csv")


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read the edition's one file: the Bank's workbook, or our Parquet.

    Gives series, year, month, mineral, stage, price (in `unit`, null = not published) and unit.

    Raises:
        SourceError: a sheet, series, unit or cell is not the Bank's.
        IncompleteError: a month is missing.

    """
    if len(raw.files) != 1:
        names = ", ".join(path.name for path in raw.files) or "none"
        raise SourceError(f"pink_sheet {edition.id}: expected one file, got {names}")
    path = raw.files[0]
    published = read(path, edition)
    return labelled(published, path).lazy()


def read(path: Path, edition: Edition) -> pl.DataFrame:
    """Read one file by its kind into the columns of `PRICES`."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
        if dict(frame.schema) != PRICES:
            raise SourceError(f"{path}: columns {dict(frame.schema)}, expected {PRICES}")
        return frame
    if path.suffix != ".xlsx":
        raise SourceError(f"{path}: neither the World Bank's workbook (.xlsx) nor our Parquet file")
    cells = read_cells(path)
    if (updated := updated_on(cells, path)) != edition.id:
        raise SourceError(
            f"{path}: updated on {updated}, the edition is called {edition.id}; "
            f"name it --edition {updated}, or fetch it again"
        )
    prices = read_prices(cells, path)
    refuse_early_end(prices, date.fromisoformat(updated), path)
    return prices


def labelled(published: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Say which mineral each series prices; every series is taken, or ignored as listed.

    Raises:
        SourceError: a series is unknown, or its unit is another than labels.csv says.

    """
    labels = pl.read_csv(LABELS, infer_schema=False)
    series = published.select("series", found="printed_unit").unique()
    unknown = series.join(labels, on="series", how="anti")["series"].sort().to_list()
    if unknown:
        raise SourceError(
            f"{path}: unknown series {', '.join(unknown)}; give each its mineral, "
            f"or the reason to ignore it, in {LABELS}"
        )
    undecided = labels.filter(pl.col("mineral").is_null() == pl.col("ignored_because").is_null())
    if undecided.height:
        names = ", ".join(undecided["series"])
        raise SourceError(f"{LABELS}: {names}: write either a mineral or a reason to ignore it")
    taken = labels.filter(pl.col("mineral").is_not_null())
    if lost := taken.join(series, on="series", how="anti")["series"].sort().to_list():
        raise IncompleteError(f"{path}: series lost: {', '.join(lost)}; renamed? see {LABELS}")
    both = series.join(labels, on="series", validate="1:1")
    other = both.filter(pl.col("found") != pl.col("printed_unit"))
    if other.height:
        row = other.sort("series").row(0, named=True)
        raise SourceError(
            f"{path}: {row['series']} is in {row['found']}, {LABELS} says {row['printed_unit']}"
        )
    return published.join(taken, on="series", validate="m:1").select(
        "series", "year", "month", "mineral", "stage", "price", "unit"
    )
