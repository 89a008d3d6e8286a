"""The flat layout: a CSV of nine columns, plain or gzip, as other tools write a pull.

    year,reporter,partner,cmd,flow,value,netwgt,qty,qtyunit

Codes are UN Comtrade's, `flow` is M or X, `value` is USD, `netwgt` kg (empty or 0 = not reported).
It has neither the HS revision nor the dimensions that a pull must pin, so that trade pulled
without pins shows only in rows that share a key.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.sources.comtrade.balance import FLOWS, TIDY, amount, weight
from flows.sources.comtrade.errors import ChangedError
from flows.sources.contract import IncompleteError, SourceError, read_source
from flows.sources.door.archives import open_gzip
from flows.sources.door.limits import Limits

COLUMNS = ("year", "reporter", "partner", "cmd", "flow", "value", "netwgt", "qty", "qtyunit")
NUMBER = r"^\d{1,14}(\.\d+)?$"
TESTS = {
    "year": r"^\d{4}$",
    "reporter": r"^\d{1,3}$",
    "partner": r"^\d{1,3}$",
    "cmd": r"^(\d{2}|\d{4}|\d{6}|TOTAL)$",
    "flow": f"^({'|'.join(FLOWS)})$",
    "value": NUMBER,
    "netwgt": NUMBER,
    "qty": NUMBER,
    "qtyunit": r"^(-1|\d{1,2})$",
}
MAY_BE_EMPTY = {"netwgt", "qty"}


def tidy_flat(path: Path, hs_revision: str | None) -> pl.DataFrame:
    """Read one flat file: the columns of `balance.TIDY`, World as partner 0, of years only.

    Raises:
        ChangedError: a column is new, lost or elsewhere, or a cell does not read as it should.
        IncompleteError: the file ends early.
        SourceError: no HS revision was named, or the file is no UTF-8 text.

    """
    if hs_revision is None:
        raise SourceError(
            f"{path}: a flat file does not say in which HS revision its codes are; name it "
            "(hs_revision of the edition, H0 to H6)"
        )
    rows = read_text(path)
    return rows.select(
        frequency=pl.lit("annual"),
        year=pl.col("year").cast(pl.Int32),
        month=pl.lit(None, pl.Int64),
        flow=pl.col("flow").replace_strict(FLOWS, return_dtype=pl.String),
        reporter_code=pl.col("reporter").cast(pl.Int64),
        hs6="cmd",
        partner_code=pl.col("partner").cast(pl.Int64),
        hs_revision=pl.lit(hs_revision),
        value_usd=amount("value"),
        mass_kg=weight("netwgt"),
        is_mass_estimated=pl.lit(None, pl.Boolean),
    ).select(list(TIDY))


def read_text(path: Path) -> pl.DataFrame:
    """Read the file as text, hold every cell against its column, and type the amounts."""
    data = unpacked(path).removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    refuse_encoding(data, path)
    found = tuple(data.partition(b"\n")[0].decode().split(","))
    if found != COLUMNS:
        raise ChangedError(f"{path}: {difference(found)}; the header must be {','.join(COLUMNS)}")
    if not data.endswith(b"\n"):
        raise IncompleteError(f"{path}: ends in the middle of a line; fetch it again")
    refuse_short(data, path)
    schema = dict.fromkeys(COLUMNS, pl.String)
    text = pl.read_csv(data, schema=schema, quote_char=None)
    for column, test in TESTS.items():
        refuse(text, path, column, ~pl.col(column).str.contains(test))
    return text.with_columns(pl.col("value", "netwgt").cast(pl.Float64))


def difference(found: tuple[str, ...]) -> str:
    """Say how a header differs: columns new, lost or in another order."""
    new = [name for name in found if name not in COLUMNS]
    lost = [name for name in COLUMNS if name not in found]
    if not new and not lost:
        return f"columns in another order: {','.join(found)}"
    parts = [("new columns", new), ("lost columns", lost)]
    return "; ".join(f"{what} {', '.join(names)!r:.200}" for what, names in parts if names)


def unpacked(path: Path) -> bytes:
    """The file's bytes; those of a gzip file unpacked, within the limits of `source.yml`."""
    if path.suffix != ".gz":
        return path.read_bytes()
    with open_gzip(path, Limits.of(read_source("comtrade").manners)) as file:
        return file.read()


def refuse_encoding(data: bytes, path: Path) -> None:
    """Refuse what is not UTF-8, and say where."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"{path}: line {line}: byte 0x{data[error.start]:02x} is no UTF-8; the file is in "
            "another encoding (cp1252? UTF-16?): save it as UTF-8"
        ) from None


def refuse_short(data: bytes, path: Path) -> None:
    """Refuse a row of other than nine cells; a decimal comma makes ten."""
    commas = len(COLUMNS) - 1
    if data.count(b",") == commas * data.count(b"\n"):
        return
    for line, row in enumerate(data.splitlines(), start=1):
        if row.count(b",") != commas:
            raise ChangedError(
                f"{path}: line {line} has {row.count(b',') + 1} cells in place of {len(COLUMNS)} "
                f"(decimal commas?): {row[:120].decode()!r}"
            )


def refuse(rows: pl.DataFrame, path: Path, column: str, fault: pl.Expr) -> None:
    """Refuse rows for which `fault` holds, or whose cell is empty where it may not be."""
    may_be_empty = column in MAY_BE_EMPTY
    bad = rows.with_row_index("line", offset=2).filter(fault.fill_null(value=not may_be_empty))
    if bad.height:
        raise ChangedError(
            f"{path}: column {column} does not read as UN Comtrade's in {bad.height} rows; "
            f"the first: {bad.row(0, named=True)}"
        )
