"""Stage the article's claims: one row a claim, with its place in the article.

What not to assume:
- value, low and high are as stated: 91.2 percent is 91.2, in `unit`, times `scale`.
- `$` is not a currency: `currency` says which one, and `currency_note` how that is known.
- a time may be a year, a month, a day or a span; `as_of_kind` says whether the text states it.
- characters are not bytes: the article has curly quotes and dashes before most of its figures.
- one sentence may hold several claims, one for each subject and material.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.sources.contract import Edition, Raw, SourceError, StagedColumn, read_source

FILE = "claims.csv"
DERIVED = ("as_of_from", "as_of_to")
"""Staged columns that the file does not hold."""
PERIODS = {4: "1y", 7: "1mo", 10: "1d"}
"""Characters of an ISO date -> how long the time is that it names."""


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read the claims as text and type them strictly, as `source.yml` declares them.

    Raises:
        SourceError: a column, cell, date or locator does not read as declared.

    """
    path = raw.one(FILE)
    columns = [c for c in read_source(raw.source).staged.columns if c.name not in DERIVED]
    text = read_text(path, [column.name for column in columns])
    check_dates(text, path)
    ends = pl.col("as_of").str.split("/").list
    rows = text.with_columns(as_of_from=first_day(ends.first()), as_of_to=last_day(ends.last()))
    typed = rows.with_columns(typed_column(column) for column in columns)
    check_locators(typed, path, edition)
    return typed.lazy()


def read_text(path: Path, names: list[str]) -> pl.DataFrame:
    """Read every cell as text; an empty cell is null."""
    text = pl.read_csv(path, infer_schema=False)
    if text.columns == names:
        return text
    lost = [name for name in names if name not in text.columns]
    new = [name for name in text.columns if name not in names]
    raise SourceError(f"{path}: columns lost: {lost}; new: {new}; their order is {names}")


def typed_column(column: StagedColumn) -> pl.Expr:
    """Cast one text column to its declared type; what does not fit raises."""
    cell = pl.col(column.name)
    if column.type == "texts":
        return cell.str.split(";")
    if column.type == "date":
        return cell.str.to_date("%Y-%m-%d")
    if column.type == "int":
        return cell.cast(pl.Int64)
    if column.type == "float":
        return cell.cast(pl.Float64)
    return cell


def first_day(iso: pl.Expr) -> pl.Expr:
    """Give the first day of a year, month or day in ISO 8601."""
    whole = iso + pl.lit("-01-01").str.slice(iso.str.len_chars() - min(PERIODS))
    return whole.str.to_date("%Y-%m-%d")


def last_day(iso: pl.Expr) -> pl.Expr:
    """Give the last day of a year, month or day in ISO 8601."""
    length = iso.str.len_chars().replace_strict(PERIODS, return_dtype=pl.String)
    return first_day(iso).dt.offset_by(length).dt.offset_by("-1d")


def check_dates(text: pl.DataFrame, path: Path) -> None:
    """Refuse a time that is no year, month, day or span of these, and name the claim."""
    part = r"\d{4}(-\d{2}(-\d{2})?)?"
    wrong = text.filter(~pl.col("as_of").str.contains(rf"^{part}(/{part})?$"))
    undated = text.filter(pl.col("as_of").is_null() != (pl.col("as_of_kind") == "none"))
    for claims, fault in ((wrong, "is no ISO 8601 time"), (undated, "does not fit as_of_kind")):
        if claims.height:
            claim = claims.row(0, named=True)
            raise SourceError(f"{path}: {claim['claim_id']}: as_of {claim['as_of']!r} {fault}")


def check_locators(rows: pl.DataFrame, path: Path, edition: Edition) -> None:
    """Refuse an anchor that is not as long as its locator says, in characters and in bytes."""
    characters = pl.col("char_end") - pl.col("char_start")
    size = pl.col("byte_end") - pl.col("byte_start")
    bad = rows.filter(
        (pl.col("anchor").str.len_chars() != characters)
        | (pl.col("anchor").str.len_bytes() != size)
    )
    if bad.height:
        claim = bad.row(0, named=True)
        raise SourceError(
            f"{path} ({edition.id}): {claim['claim_id']}: anchor {claim['anchor']!r} is not as "
            "long as its locator says; the file was re-encoded, or the row edited by hand"
        )
