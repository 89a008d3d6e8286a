"""Stage UN Comtrade: one row a period, reporter, flow, HS6 code and partner, as reported.

What not to assume:
- a pull without pinned dimensions holds totals and their parts: Germany's trade 8 times, France's
  4, Japan's once, so that a look at Japan shows nothing.
- the World row is a row among the partners; here its partner is null. The partners add up to it.
- `primaryValue` is USD: CIF for most imports, FOB for exports; `netWgt` is kg, 0 = not reported.
- each reporter uses the HS revision of its choice; an edition holds those of one.
- country codes are UN Comtrade's, not ISO's: 842 is the USA, 490 is Taiwan.
- a flow code of its own (re-exports, processing) is within imports or exports, never beside them.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.sources.comtrade.balance import (
    FREQUENCIES,
    TIDY,
    WORLD,
    largest,
    refuse_doubled,
    refuse_unbalanced,
)
from flows.sources.comtrade.errors import ChangedError, TruncatedError
from flows.sources.comtrade.flat import tidy_flat
from flows.sources.comtrade.requests import FETCHED, KEYLESS_CAP, ROW_CAPS
from flows.sources.comtrade.rows import tidy_rows
from flows.sources.contract import Edition, Raw, SourceError

FLAT, REPAIRED = "flat", "flat_largest"
LAYOUTS = ("", FLAT, REPAIRED)
HS6 = r"^\d{6}$"


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read the edition's files: answers of the API as JSON, or a flat CSV (layout `flat`).

    Layout `flat_largest` repairs a flat pull made without pinned dimensions: one row a key, the
    largest. It is proven by what is asked of every pull: partners add up to World.

    Gives year, month (null = the year), reporter_code and partner_code (null = World), hs6,
    hs_revision, frequency, flow, value_usd (USD), mass_kg (kg, null = not reported).

    Raises:
        DuplicatedError: rows share a key; the message says how often trade is there.
        UnbalancedError: a reporter's partners do not add up to World.
        PinError: a row is a part of another.
        TruncatedError: an answer from elsewhere is as long as a service lets it be.
        SourceError: a key, column, type, code or value is not UN Comtrade's.

    """
    where = f"comtrade {edition.id}"
    if edition.layout not in LAYOUTS:
        raise SourceError(f"{where}: no layout {edition.layout!r}; there are: {LAYOUTS}")
    if not raw.files:
        raise SourceError(f"{where}: no file in {raw.folder}")
    rows = pl.concat([read(path, edition) for path in raw.files])
    if edition.layout == REPAIRED:
        rows = largest(rows)
    refuse_doubled(where, rows)
    refuse_unbalanced(where, rows)
    refuse_other(where, rows, edition)
    kept = tracked(where, rows, edition)
    partner = pl.col("partner_code")
    return kept.with_columns(partner_code=pl.when(partner != WORLD).then(partner)).lazy()


def read(path: Path, edition: Edition) -> pl.DataFrame:
    """Read one file by its layout."""
    is_text = path.name.removesuffix(".gz").endswith(".csv")
    if edition.layout in {FLAT, REPAIRED} or is_text:
        return tidy_flat(path, edition.hs_revision)
    rows = tidy_rows(path.read_bytes(), str(path))
    refuse_cut(path, rows.height)
    return rows


def refuse_cut(path: Path, rows: int) -> None:
    """Refuse an answer from elsewhere with as many rows as a service gives at once.

    Which service gave it is not known. One that was fetched here is held against its own as it
    comes; see `arrival.py`.

    Raises:
        TruncatedError: it may have been cut.

    """
    if rows in {KEYLESS_CAP, *ROW_CAPS} and not FETCHED.fullmatch(path.name):
        raise TruncatedError(
            f"{path}: {rows:,} rows, the most that UN Comtrade gives at once: it may have been "
            "cut; get it in parts, each a file of its own (fewer codes, or one flow)"
        )


def refuse_other(where: str, rows: pl.DataFrame, edition: Edition) -> None:
    """Refuse rows of another HS revision or frequency than the edition's."""
    revision = edition.hs_revision or rows["hs_revision"].min()
    frequency = edition.id.partition("_")[0]
    promised = {"hs_revision": revision} if rows.height else {}
    if frequency in FREQUENCIES.values():
        promised["frequency"] = frequency
    for column, value in promised.items():
        if (bad := rows.filter(pl.col(column) != pl.lit(value))).height:
            raise ChangedError(
                f"{where}: {column} is not {value!s} in {bad.height} of {rows.height} rows; the "
                f"first: {bad.row(0, named=True)}. Codes of two revisions are not the same goods, "
                "and months are within their year: give each an edition of its own"
            )


def tracked(where: str, rows: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Keep the rows of the edition's codes; where it names none, all must be HS6 codes."""
    if edition.hs6:
        return rows.filter(pl.col("hs6").is_in(edition.hs6)).select(list(TIDY))
    if (short := rows.filter(~pl.col("hs6").str.contains(HS6))).height:
        codes = ", ".join(short["hs6"].unique().sort().head(10))
        raise SourceError(
            f"{where}: {codes} is no HS6 code ({short.height} of {rows.height} rows): such rows "
            "add up others; name the edition's codes to leave them out"
        )
    return rows
