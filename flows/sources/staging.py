"""Stage an edition of a source, and hold what came out against what `source.yml` promises.

What `source.yml` names as wrong in a row alone is set aside first; see `quarantine.py`.
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from gzip import BadGzipFile

import polars as pl

from flows.indices.contract import Column, Table
from flows.sources.contract import (
    Edition,
    IncompleteError,
    Raw,
    Source,
    SourceError,
    stage_function,
)
from flows.sources.ledger import check_ledger
from flows.sources.quarantine import Parts, by_condition, set_aside, whole

UNREADABLE = (
    pl.exceptions.PolarsError,
    ValueError,  # of encodings and models too
    LookupError,
    ArithmeticError,
    RecursionError,
    EOFError,
    csv.Error,
    zipfile.BadZipFile,
    BadGzipFile,
    zlib.error,
)
"""What readers raise at bytes that nobody foresaw."""
SAID = 500


def stage_edition(source: Source, edition: Edition, raw: Raw) -> pl.DataFrame:
    """Give the staged rows of `stage_parts`."""
    return stage_parts(source, edition, raw).rows


def stage_parts(source: Source, edition: Edition, raw: Raw) -> Parts:
    """Stage one edition and hold it against every promise of `source.yml` and its ledger.

    Gives beside the staged rows those that a rule of `source.yml` sets aside.

    Raises:
        SourceError: a column, type, null, bound, grain, row count, year or total differs, or more
            rows break a rule than it allows.

    """
    parts = parts_unreviewed(source, edition, raw)
    check_edition(f"{source.id} {edition.id}", parts.rows, edition)
    check_ledger(source, edition, parts.rows)
    return parts


def stage_unreviewed(source: Source, edition: Edition, raw: Raw) -> pl.DataFrame:
    """Give the staged rows of `parts_unreviewed`."""
    return parts_unreviewed(source, edition, raw).rows


def parts_unreviewed(source: Source, edition: Edition, raw: Raw) -> Parts:
    """Stage one edition and hold it against the promised columns, rules, values and grain.

    Gives exactly the promised columns, sorted by grain, with `edition` first where the
    source promises that column and `stage` does not give it.

    Raises:
        SourceError: the files cannot be read, or a column, type, null, bound or grain differs, or
            more rows break a rule than it allows.

    """
    where = f"{source.id} {edition.id}"
    try:
        frame = stage_function(source.id)(raw, edition).collect()
    except UNREADABLE as error:
        files = ", ".join(str(p) for p in raw.files) or "no file"
        said = " ".join(f"{type(error).__name__}: {error}".split())[:SAID]
        raise SourceError(
            f"{where}: cannot read {files}: {said}; fetch it again, and if it stays so, report it"
        ) from error
    table = source.table
    if "edition" in table.polars and "edition" not in frame.columns:
        frame = frame.with_columns(edition=pl.lit(edition.id))
    check_columns(where, frame, table)
    frame = frame.select(list(table.polars)).sort(table.grain, nulls_last=True)
    parts = by_condition(where, whole(frame), source.staged, edition)
    check_values(where, parts.rows, table)
    return parts


def check_columns(where: str, frame: pl.DataFrame, table: Table) -> None:
    """Refuse a lost, new or re-typed column, and name it."""
    promised = table.polars
    if lost := [name for name in promised if name not in frame.columns]:
        raise SourceError(f"{where}: columns missing after staging: {', '.join(lost)}")
    if new := [name for name in frame.columns if name not in promised]:
        raise SourceError(f"{where}: columns not promised in source.yml: {', '.join(new)}")
    for name, dtype in promised.items():
        if frame.schema[name] != dtype:
            raise SourceError(f"{where}: column {name} is {frame.schema[name]}, promised {dtype}")


def check_values(where: str, frame: pl.DataFrame, table: Table) -> None:
    """Refuse a null, a value out of bounds or list, and a doubled key, and show the row."""
    for column in table.columns:
        values = pl.col(column.name)
        tests = {
            "is empty": None if column.nullable else values.is_null(),
            f"is below {column.low}": None if column.low is None else values < column.low,
            f"is above {column.high}": None if column.high is None else values > column.high,
            "is no value promised": ~values.is_in(list(column.values)) if column.values else None,
        }
        for fault, test in tests.items():
            if test is not None and (bad := frame.filter(test)).height:
                raise SourceError(
                    f"{where}: {column.name} {fault} in {bad.height} of {frame.height} rows; "
                    f"the first: {bad.row(0, named=True)}"
                )
    doubled = frame.filter(pl.struct(table.grain).is_duplicated())
    if doubled.height:
        key = doubled.select(table.grain).row(0, named=True)
        raise SourceError(f"{where}: {doubled.height} rows share a key; the first: {key}")


def check_edition(where: str, frame: pl.DataFrame, edition: Edition) -> None:
    """Refuse an edition without rows, with other years or another count than reviewed."""
    if frame.height == 0:
        raise IncompleteError(f"{where}: no rows")
    if edition.rows is not None and frame.height != edition.rows:
        raise IncompleteError(
            f"{where}: {frame.height} rows after staging, {edition.rows} reviewed in source.yml; "
            "if the new count is right, write it there"
        )
    if edition.years and "year" in frame.columns:
        found = (frame["year"].min(), frame["year"].max())
        if found != edition.years:
            raise IncompleteError(f"{where}: years {found}, promised {edition.years}")
    # A fetched edition lists the codes it was asked for; that one has no trade is no fault.
    if edition.hs6 and edition.fetched is None and "hs6" in frame.columns:
        absent = sorted(set(edition.hs6) - set(frame["hs6"].unique()))
        if absent:
            raise IncompleteError(f"{where}: no row of the codes {', '.join(absent)}")


def known_parts(
    where: str, parts: Parts, source: Source, facts: Mapping[str, pl.DataFrame]
) -> Parts:
    """Set aside the rows with a value that no fact knows, where a rule of the source allows it.

    Raises:
        SourceError: more rows have one than the rule allows, or no rule allows any.

    """
    columns = {column.name: column for column in source.table.columns}
    for rule in (rule for rule in source.staged.rejects if rule.unknown):
        found = {name: unknown_rows(parts.rows, columns[name], facts) for name in rule.unknown}
        found = {name: rows for name, rows in found.items() if rows.height}
        if not found:
            continue
        says = "; ".join(not_in(columns[name], rows) for name, rows in found.items())
        hit = pl.concat(list(found.values())).unique(source.staged.grain).sort(source.staged.grain)
        kept = parts.rows.join(hit, on=source.staged.grain, how="anti", nulls_equal=True)
        parts = set_aside(where, replace(parts, rows=kept), rule, hit, says)
    check_keys(where, parts.rows, source.table, facts)
    return parts


def check_keys(
    where: str, frame: pl.DataFrame, table: Table, facts: Mapping[str, pl.DataFrame]
) -> None:
    """Refuse a value that no fact knows, and name it.

    A column's key is `schema.table.column`, or with `?system` the codes of one system of
    `ref.country_code`, each known in its years only.
    """
    for column in table.columns:
        unknown = unknown_rows(frame, column, facts)
        if unknown.height:
            raise SourceError(
                f"{where}: {not_in(column, unknown)}; "
                f"the first: {unknown.row(0, named=True)}; add it to warehouse/facts"
            )


def unknown_rows(
    frame: pl.DataFrame, column: Column, facts: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Rows with a value that the facts of the column's key lack; none where it has no key."""
    name, _, system = column.key.partition("?")
    fact, _, field = name.rpartition(".")
    if fact not in facts:
        return frame.clear()
    rows = frame.filter(pl.col(column.name).is_not_null())
    if system:
        return unknown_codes(rows, column.name, facts[fact].filter(pl.col("system") == system))
    return rows.filter(~pl.col(column.name).is_in(facts[fact][field].implode()))


def not_in(column: Column, unknown: pl.DataFrame) -> str:
    """Name the values that no fact knows."""
    values = unknown[column.name].unique().sort().cast(pl.String).head(10).to_list()
    fact = column.key.partition("?")[0].rpartition(".")[0]
    return f"{column.name} {', '.join(values)} not in {fact}, {unknown.height} rows"


def unknown_codes(rows: pl.DataFrame, column: str, known: pl.DataFrame) -> pl.DataFrame:
    """Rows whose code is unknown in their year."""
    pairs = rows.select(pl.col(column).alias("pair_code"), "year").unique()
    spans = known.select(
        pl.col("code").alias("span_code"),
        pl.col("from_year").fill_null(0),
        pl.col("to_year").fill_null(9999),
    )
    found = pairs.join(
        spans, left_on=pl.col("pair_code").cast(pl.String), right_on="span_code", how="inner"
    ).filter(pl.col("year").is_between(pl.col("from_year"), pl.col("to_year")))
    return rows.join(found, left_on=[column, "year"], right_on=["pair_code", "year"], how="anti")
