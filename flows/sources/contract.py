"""What every source promises in its `source.yml`, and the check that it keeps it.

A source is a folder: `source.yml` (origin, licence, editions, columns), `stage.py` with
`stage(raw, edition) -> LazyFrame`, and where needed `labels.csv`, `corrections.yml` and
`bundled/`. Nothing lists the sources: the folders are the list.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field

from flows.indices.contract import Column, Table

FOLDER = Path(__file__).parent


class SourceError(Exception):
    """A source's bytes are not what its `source.yml` promises."""


class IncompleteError(SourceError):
    """A source's bytes are a part of what was promised: rows, years or codes are missing."""


class Promise(BaseModel):
    """Base of all parts of `source.yml`: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Licence(Promise):
    """What the licence is called, where it stands, and what it lets us publish."""

    name: str
    url: str
    publish: Literal["open", "derived_only"]


class Edition(Promise):
    """One edition of the source: the bytes that ship with the project, and what they hold."""

    id: str
    released: date | None
    """The source's own release date; null where it is not known."""
    released_basis: Literal["stated", "inferred", "unknown"] = "stated"
    note: str = ""
    bundled: list[str] = Field(default_factory=list)
    """File names in `bundled/`."""
    layout: str = ""
    """Which of the reader's layouts the files have; empty where there is but one."""
    rows: int | None = None
    """Rows after staging. A change is committed on purpose."""
    years: tuple[int, int] | None = None
    hs_revision: str | None = None
    hs6: list[str] = Field(default_factory=list)
    """HS codes the edition carries; empty where the source has none."""
    basis: list[str] = Field(default_factory=list)


class StagedColumn(Promise):
    """A staged column: type, meaning, unit and bounds."""

    name: str
    type: str
    meaning: str
    unit: str = ""
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    values: list[str] = Field(default_factory=list)
    key: str = ""


class StagedTable(Promise):
    """The staged table: grain and columns."""

    meaning: str
    grain: list[str]
    columns: list[StagedColumn]


class Source(Promise):
    """`source.yml`, whole."""

    id: str
    title: str
    producer: str
    origin: str
    hosts: list[str]
    citation: str
    licence: Licence
    schedule: str
    fresh_days: int
    """Older than this by the source's own release date, an edition counts as stale."""
    tried_live: date | None
    limits: list[str]
    editions: list[Edition]
    staged: StagedTable

    @property
    def folder(self) -> Path:
        """The source's folder."""
        return FOLDER / self.id

    @property
    def table(self) -> Table:
        """The staged table as a declaration."""
        return Table(
            schema="staging",
            name=self.id,
            meaning=self.staged.meaning,
            grain=tuple(self.staged.grain),
            columns=tuple(
                Column(**(c.model_dump() | {"values": tuple(c.values)}))
                for c in self.staged.columns
            ),
            sources=(self.id,),
        )


@dataclass(frozen=True)
class Raw:
    """The kept bytes of one edition: files by name, unchanged since they came."""

    source: str
    edition: str
    folder: Path
    files: tuple[Path, ...]

    def one(self, name: str) -> Path:
        """Give the file of that name.

        Raises:
            SourceError: the edition holds no such file.

        """
        for path in self.files:
            if path.name == name:
                return path
        have = ", ".join(p.name for p in self.files) or "nothing"
        raise SourceError(f"{self.source} {self.edition}: no file {name} in {self.folder}; it has {have}")


Stage = Callable[[Raw, Edition], pl.LazyFrame]


def source_ids() -> list[str]:
    """Names of all sources: the folders that hold a `source.yml`."""
    return sorted(path.parent.name for path in FOLDER.glob("*/source.yml"))


def read_source(source_id: str) -> Source:
    """Read and check one `source.yml`.

    Raises:
        SourceError: there is no such source, or its file breaks the promise.

    """
    path = FOLDER / source_id / "source.yml"
    if not path.is_file():
        raise SourceError(f"no source {source_id!r}; there are: {', '.join(source_ids())}")
    try:
        source = Source.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise SourceError(f"{path}: {error}") from error
    if source.id != source_id:
        raise SourceError(f"{path}: id is {source.id!r}, the folder is {source_id!r}")
    return source


def stage_function(source_id: str) -> Stage:
    """Give the source's own `stage`."""
    module = importlib.import_module(f"flows.sources.{source_id}.stage")
    function: Stage = module.stage
    return function


def stage_edition(source: Source, edition: Edition, raw: Raw) -> pl.DataFrame:
    """Stage one edition and hold it against every promise of `source.yml`.

    Gives exactly the promised columns, sorted by grain, with `edition` first where the
    source promises that column and `stage` does not give it.

    Raises:
        SourceError: a column, type, null, bound, grain, row count or year differs.

    """
    where = f"{source.id} {edition.id}"
    try:
        frame = stage_function(source.id)(raw, edition).collect()
    except pl.exceptions.PolarsError as error:
        files = ", ".join(str(p) for p in raw.files)
        raise SourceError(f"{where}: cannot read {files}: {error}") from error
    table = source.table
    if "edition" in table.polars and "edition" not in frame.columns:
        frame = frame.with_columns(edition=pl.lit(edition.id))
    check_columns(where, frame, table)
    frame = frame.select(list(table.polars)).sort(table.grain, nulls_last=True)
    check_values(where, frame, table)
    check_edition(where, frame, edition)
    return frame


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
    if edition.hs6 and "hs6" in frame.columns:
        absent = sorted(set(edition.hs6) - set(frame["hs6"].unique()))
        if absent:
            raise IncompleteError(f"{where}: no row of the codes {', '.join(absent)}")


def check_keys(
    where: str, frame: pl.DataFrame, table: Table, facts: Mapping[str, pl.DataFrame]
) -> None:
    """Refuse a value that no fact knows, and name it.

    A column's key is `schema.table.column`, or with `?system` the codes of one system of
    `ref.country_code`, each known in its years only.
    """
    for column in table.columns:
        name, _, system = column.key.partition("?")
        fact, _, field = name.rpartition(".")
        if fact not in facts:
            continue
        known = facts[fact]
        rows = frame.filter(pl.col(column.name).is_not_null())
        if system:
            unknown = unknown_codes(rows, column.name, known.filter(pl.col("system") == system))
        else:
            unknown = rows.filter(~pl.col(column.name).is_in(known[field].implode()))
        if unknown.height:
            values = unknown[column.name].unique().sort().cast(pl.String).head(10).to_list()
            raise SourceError(
                f"{where}: {column.name} {', '.join(values)} not in {fact}, {unknown.height} rows; "
                f"the first: {unknown.row(0, named=True)}; add it to warehouse/facts"
            )


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
