"""Stage CEPII BACI: one row a year, exporter, importer and HS6 code, as published.

What not to assume:
- `v` is thousand current USD, `q` metric tons, both with three decimals; FOB, mirror-reconciled.
- a missing weight is `NA` (padded, in older editions) or empty, and is never zero.
- `k` is a code, not a number: writers lose its leading zero, and it is put back here.
- a code of one HS revision may carry trade that was reported under a later one; whether it
  still means the same is for `mart.basket` to say.
- country codes are UN Comtrade's, not ISO's: 842 is the USA, 490 is Taiwan.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from flows.sources.baci.rows import COLUMNS, DECIMAL, ROWS, rows
from flows.sources.baci.zipped import yearly, zip_rows
from flows.sources.contract import Edition, Raw, SourceError, read_source
from flows.sources.door.limits import Limits

WHOLE = "zip"
"""Layout of an edition that is one of CEPII's zips, with every year and of the version in its id;
files without a layout may be a part of one."""


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read every file of the edition: the published zip, its CSV members, or our Parquet.

    Gives year, exporter_code, importer_code (Int64), hs6 and hs_revision (text), value_kusd
    (thousand USD) and quantity_t (metric tons, null = not reported), both Decimal. Of a zip or
    CSV only a piece at a time is in memory beside the rows of the edition's codes.

    Raises:
        IncompleteError: a year is missing, or a zip is damaged.
        SourceError: a header, a number, a code or an end of file is not BACI's.

    """
    frames = [frame for path in raw.files for frame in read(path, edition)]
    if not frames:
        raise SourceError(f"baci {edition.id}: no BACI file in {raw.folder}")
    return pl.concat(frames).select(
        year=pl.col("t").cast(pl.Int32),
        exporter_code=pl.col("i").cast(pl.Int64),
        importer_code=pl.col("j").cast(pl.Int64),
        hs_revision=pl.lit(edition.hs_revision, pl.String),
        hs6=pl.col("k"),
        value_kusd=pl.col("v").cast(DECIMAL),
        quantity_t=pl.col("q").cast(DECIMAL),
    )


def read(path: Path, edition: Edition) -> list[pl.LazyFrame]:
    """Read one file by its kind; empty where it holds no trade."""
    if path.suffix == ".parquet":
        return [read_parquet(path, edition.hs6)]
    if path.suffix == ".zip":
        is_whole = edition.layout == WHOLE
        members = yearly(path, edition.id if is_whole else path.stem, limits(), whole=is_whole)
        return [hold(zip_rows(path, member, limits()), edition.hs6) for member in members]
    if path.suffix == ".csv":
        with path.open("rb") as file:
            return [hold(rows(file, path.name), edition.hs6)]
    raise SourceError(f"{path}: neither BACI's zip, nor its CSV, nor a bundled Parquet file")


def read_parquet(path: Path, hs6: Collection[str]) -> pl.LazyFrame:
    """Read the bundled layout: BACI's columns and units, typed."""
    scanned = pl.scan_parquet(path)
    found = tuple(scanned.collect_schema().names())
    if found != COLUMNS:
        raise SourceError(f"{path}: columns {found}, expected {COLUMNS}")
    cast = scanned.with_columns(pl.col("v", "q").cast(DECIMAL))
    return cast.filter(pl.col("k").is_in(list(hs6))) if hs6 else cast


def hold(frames: Iterator[pl.DataFrame], hs6: Collection[str]) -> pl.LazyFrame:
    """Hold the rows of the codes, or all."""
    return pl.concat([pl.DataFrame(schema=ROWS), *kept(frames, hs6)]).lazy()


def kept(frames: Iterator[pl.DataFrame], hs6: Collection[str]) -> Iterator[pl.DataFrame]:
    """Leave out the codes that are not wanted; all are, where none is named."""
    wanted = pl.col("k").is_in(sorted(hs6)) if hs6 else pl.lit(value=True)
    return (frame.filter(wanted) for frame in frames)


def to_parquet(path: Path, out: Path, hs6: Collection[str] = ()) -> int:
    """Write one of BACI's zips, of whichever HS revision, to one Parquet file; give its rows.

    Columns, units and order are BACI's. `hs6` names the codes wanted; empty means all. A few
    pieces at a time are in memory, and `out` appears whole or not at all.

    Raises:
        IncompleteError: a year is missing, or the zip is damaged.
        SourceError: a member or a row is not BACI's.

    """
    members = yearly(path, path.stem, limits())
    if not members:
        raise SourceError(f"{path}: no member with trade")

    def frames(*_asked: object) -> Iterator[pl.DataFrame]:
        return kept((f for member in members for f in zip_rows(path, member, limits())), hs6)

    aside = out.with_name(f".{out.name}.part")
    try:
        register_io_source(frames, schema=ROWS).sink_parquet(aside, compression="snappy")
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
    return int(pl.scan_parquet(out).select(pl.len()).collect().item())


@functools.cache
def limits() -> Limits:
    """What BACI's zip may hold at most."""
    return Limits.of(read_source("baci").manners)
