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

import re
import zipfile
from pathlib import Path

import polars as pl

from flows.sources.contract import Edition, Raw, SourceError

COLUMNS = ("t", "i", "j", "k", "v", "q")
MEMBER = re.compile(r"BACI_HS\d\d_Y\d{4}_V\w+\.csv")
DECIMAL = pl.Decimal(18, 3)
THREE_DECIMALS = r"^\d+(\.\d{1,3})?$"


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read every file of the edition: the published zip, its CSV members, or our Parquet.

    Gives year, exporter_code, importer_code (Int64), hs6 and hs_revision (text), value_kusd
    (thousand USD) and quantity_t (metric tons, null = not reported), both Decimal.

    Raises:
        SourceError: a header, a number, a code or an end of file is not BACI's.

    """
    frames = [frame for path in raw.files for frame in read(path)]
    if not frames:
        raise SourceError(f"baci {edition.id}: no BACI file in {raw.folder}")
    rows = pl.concat(frames)
    if edition.hs6:
        rows = rows.filter(pl.col("k").is_in(edition.hs6))
    return rows.select(
        year=pl.col("t").cast(pl.Int32),
        exporter_code=pl.col("i").cast(pl.Int64),
        importer_code=pl.col("j").cast(pl.Int64),
        hs_revision=pl.lit(edition.hs_revision, pl.String),
        hs6=pl.col("k"),
        value_kusd=pl.col("v").cast(DECIMAL),
        quantity_t=pl.col("q").cast(DECIMAL),
    )


def read(path: Path) -> list[pl.LazyFrame]:
    """Read one file by its kind; files of BACI's zip that hold no trade are passed over."""
    if path.suffix == ".parquet":
        return [read_parquet(path)]
    if path.suffix == ".zip":
        return read_zip(path)
    if MEMBER.fullmatch(path.name) or path.suffix == ".csv":
        return [read_csv(path.read_bytes(), path.name)]
    raise SourceError(f"{path}: neither BACI's zip, nor its CSV, nor a bundled Parquet file")


def read_parquet(path: Path) -> pl.LazyFrame:
    """Read the bundled layout: BACI's columns and units, typed."""
    frame = pl.scan_parquet(path)
    found = tuple(frame.collect_schema().names())
    if found != COLUMNS:
        raise SourceError(f"{path}: columns {found}, expected {COLUMNS}")
    return frame.with_columns(pl.col("v", "q").cast(DECIMAL))


def read_zip(path: Path) -> list[pl.LazyFrame]:
    """Read the yearly members of the published zip, whose CRCs are checked on the way."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if MEMBER.fullmatch(Path(m.filename).name)]
            return [read_csv(archive.read(m), f"{path.name}:{m.filename}") for m in members]
    except zipfile.BadZipFile as error:
        raise SourceError(f"{path}: damaged zip ({error}); fetch it again") from error


def read_csv(data: bytes, name: str) -> pl.LazyFrame:
    """Read one yearly CSV as text, then type it strictly."""
    header = data[:200].split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip()
    found = tuple(part.strip().strip('"') for part in header.split(","))
    if found != COLUMNS:
        raise SourceError(f"{name}: header {found}, expected {COLUMNS}")
    if not data.endswith(b"\n"):
        raise SourceError(f"{name}: ends in the middle of a line; fetch it again")
    refuse_short(data, name)
    text = pl.read_csv(data, schema=dict.fromkeys(COLUMNS, pl.String), encoding="utf8")
    return typed(text, name).lazy()


def refuse_short(data: bytes, name: str) -> None:
    """Refuse a row of other than six cells: a cut one would read as a missing weight."""
    commas = len(COLUMNS) - 1
    if data.count(b",") == commas * data.count(b"\n"):
        return
    for line, row in enumerate(data.splitlines(), start=1):
        if row.count(b",") != commas:
            cells = row.decode("utf-8", "replace")
            raise SourceError(f"{name}: line {line} has other than {len(COLUMNS)} cells: {cells!r}")


def typed(text: pl.DataFrame, name: str) -> pl.DataFrame:
    """Type BACI's text columns; anything that does not fit is named."""
    stripped = text.with_columns(pl.col(COLUMNS).str.strip_chars())
    weight = pl.when(pl.col("q").is_in(["NA", ""])).then(None).otherwise(pl.col("q"))
    rows = stripped.with_columns(k=pl.col("k").str.zfill(6), q=weight)
    refuse(rows, name, "t", ~pl.col("t").str.contains(r"^\d{4}$"))
    refuse(rows, name, "i", ~pl.col("i").str.contains(r"^\d{1,3}$"))
    refuse(rows, name, "j", ~pl.col("j").str.contains(r"^\d{1,3}$"))
    refuse(rows, name, "k", ~pl.col("k").str.contains(r"^\d{6}$"))
    refuse(rows, name, "v", ~pl.col("v").str.contains(THREE_DECIMALS))
    refuse(rows, name, "q", pl.col("q").is_not_null() & ~pl.col("q").str.contains(THREE_DECIMALS))
    return rows.with_columns(
        pl.col("t", "i", "j").cast(pl.Int16),
        pl.col("v", "q").cast(DECIMAL),
    )


def refuse(rows: pl.DataFrame, name: str, column: str, fault: pl.Expr) -> None:
    """Refuse rows for which `fault` holds, or whose value is missing outside `q`."""
    test = fault if column == "q" else fault.fill_null(value=True)
    bad = rows.with_row_index("line", offset=2).filter(test)
    if bad.height:
        raise SourceError(
            f"{name}: column {column} does not read as BACI's in {bad.height} rows; "
            f"the first: {bad.row(0, named=True)}"
        )
