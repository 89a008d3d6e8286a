"""The reviewed ledger: how many rows, and what total, each part of an edition has.

`ledger.csv` in a source's folder has a line for each edition and part (an HS code, a mineral, a
year). Staged rows that count or add up differently stop the run: a change is committed on purpose,
by `make ledger` and a look at the difference.
"""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import polars as pl

from flows.sources.contract import Edition, IncompleteError, Source

LEDGER = "ledger.csv"
COLUMNS = {"edition": pl.String, "part": pl.String, "rows": pl.Int64, "total": pl.String}
DIGITS = 6


def count(source: Source, edition: Edition, frame: pl.DataFrame) -> pl.DataFrame:
    """Count and add up an edition's staged rows by part: edition, part, rows, total (text)."""
    part, total = source.staged.ledger.part, source.staged.ledger.total
    parts = frame.select(
        pl.col(part).cast(pl.String).fill_null("none").alias("part"),
        (pl.col(total) if total else pl.lit(None, pl.Float64)).alias("figure"),
    )
    rows = [
        {
            "edition": edition.id,
            "part": name,
            "rows": group.height,
            "total": exact_sum(group["figure"].drop_nulls().to_list()),
        }
        for (name,), group in parts.sort("part").group_by("part", maintain_order=True)
    ]
    return pl.DataFrame(rows, schema=COLUMNS)


def exact_sum(figures: list[Decimal] | list[float]) -> str:
    """Sum in a way that no order of rows can change, written with six decimals at most."""
    if figures and isinstance(figures[0], Decimal):
        return f"{sum(figures, Decimal(0)):f}"
    return f"{math.fsum(figures):.{DIGITS}f}"


def check_ledger(source: Source, edition: Edition, frame: pl.DataFrame) -> None:
    """Refuse an edition that counts or adds up otherwise than reviewed; name the part.

    Raises:
        IncompleteError: a part is missing, new, or has other rows or another total.

    """
    path = source.folder / LEDGER
    if not edition.bundled or not path.is_file():
        return
    reviewed = read(path).filter(pl.col("edition") == edition.id)
    found = count(source, edition, frame)
    both = reviewed.join(found, on="part", how="full", coalesce=True, suffix="_found")
    differing = both.filter(
        pl.col("rows").ne_missing(pl.col("rows_found"))
        | pl.col("total").ne_missing(pl.col("total_found"))
    ).sort("part")
    if differing.height:
        first = differing.row(0, named=True)
        raise IncompleteError(
            f"{source.id} {edition.id}: {differing.height} parts differ from {path}; the first: "
            f"{source.staged.ledger.part} {first['part']}: {first['rows_found']} rows, total "
            f"{first['total_found']}; reviewed {first['rows']} rows, total {first['total']}; "
            "if the new figures are right, run `make ledger` and commit the difference"
        )


def read(path: Path) -> pl.DataFrame:
    """Read a ledger file."""
    return pl.read_csv(path, schema=COLUMNS)


def write(source: Source, frames: list[tuple[Edition, pl.DataFrame]]) -> Path:
    """Write the ledger anew from staged rows."""
    rows = pl.concat([count(source, edition, frame) for edition, frame in frames])
    path = source.folder / LEDGER
    rows.sort("edition", "part").write_csv(path)
    return path
