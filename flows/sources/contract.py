"""What every source promises in its `source.yml`.

A source is a folder: `source.yml` (origin, licence, editions, columns), `stage.py` with
`stage(raw, edition) -> LazyFrame`, and where needed `labels.csv`, `corrections.yml` and
`bundled/`. Nothing lists the sources: the folders are the list.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.indices.contract import Column, Table

FOLDER = Path(__file__).parent


class SourceError(Exception):
    """A source's bytes are not what its `source.yml` promises."""


class UnknownSourceError(SourceError):
    """There is no such source."""


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


class Manners(Promise):
    """How a source's host is asked: how often, how long, and how much is taken at most."""

    seconds_between: float = 1
    """Least time between two requests, over all processes of this home."""
    calls_a_day: int | None = None
    connect_seconds: float = 15
    read_seconds: float = 60
    most_megabytes: float = 200
    """Most bytes of one answer."""
    most_unpacked_megabytes: float = 2000
    """Most bytes of an archive's members together, unpacked."""
    most_ratio: float = 100
    """Most unpacked bytes for each packed one."""
    most_members: int = 100


class Edition(Promise):
    """One edition of the source: which bytes it is, and what they hold."""

    id: str = Field(pattern=r"^\w[\w.+-]*$")
    """Names a folder too."""
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
    fetched: datetime | None = None
    """When its bytes came here; null for those that ship with the project."""
    remark: str = ""
    """Why it was accepted although it looked implausible, in the words of whoever did."""


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


class LedgerParts(Promise):
    """By which column the reviewed ledger counts, and which column it adds up."""

    part: str
    total: str = ""


class Reject(Promise):
    """A rule that tells by a row alone that it is wrong, and how much of an edition may be so.

    Such rows are kept apart with the reason. Where there are more, the edition is refused: then it
    is not the rows that are wrong, but the reading of them, or the edition.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    why: str = Field(pattern=r"\S")
    where: str = ""
    """SQL condition over the staged columns. `{first_year}` and `{last_year}` are those that the
    edition promises; of one that promises none, a rule that names them is left out."""
    unknown: list[str] = Field(default_factory=list)
    """Instead of a condition: columns with a key, wrong where no fact knows the value."""
    most_share: float = Field(gt=0, le=0.01)
    of: str = ""
    """The column by whose sum the share is measured; empty: by rows."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Reject:
        if bool(self.where) == bool(self.unknown):
            raise ValueError(f"{self.name}: give either `where` or `unknown`")
        return self


class StagedTable(Promise):
    """The staged table: grain, columns, and what its reviewed ledger counts by."""

    meaning: str
    grain: list[str]
    ledger: LedgerParts
    judged_by: list[str] = Field(default_factory=list)
    """Columns, or several joined by `+`, by which a new edition is held against the one before;
    empty: by the ledger's part."""
    rejects: list[Reject] = Field(default_factory=list)
    """Rules of rows that are set aside; a row is counted under the first that it breaks."""
    columns: list[StagedColumn]

    @model_validator(mode="after")
    def _rejects_name_columns(self) -> StagedTable:
        known = {column.name: column for column in self.columns}
        for rule in self.rejects:
            if strays := [name for name in (rule.of, *rule.unknown) if name and name not in known]:
                raise ValueError(f"{rule.name}: no staged column {', '.join(strays)}")
            if keyless := [name for name in rule.unknown if not known[name].key]:
                raise ValueError(f"{rule.name}: {', '.join(keyless)} has no key to be known by")
        return self


class Source(Promise):
    """`source.yml`, whole."""

    id: str
    title: str
    producer: str
    origin: str
    hosts: list[str]
    """The only hosts that are ever asked for it."""
    addresses: dict[str, str] = Field(default_factory=dict)
    """Address patterns by name, for its connector."""
    manners: Manners = Manners()
    default_reporters: list[str] = Field(default_factory=list)
    """Economies (ISO alpha-3) whose reports are fetched where nobody names others."""
    default_years: int = 3
    """Years fetched, back from the newest, where nobody names others."""
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
    hashes: Mapping[str, str] = field(default_factory=dict, compare=False)
    """SHA-256 by file, as they were when they were kept."""

    def one(self, name: str) -> Path:
        """Give the file of that name.

        Raises:
            SourceError: the edition holds no such file.

        """
        for path in self.files:
            if path.name == name:
                return path
        have = ", ".join(p.name for p in self.files) or "nothing"
        raise SourceError(
            f"{self.source} {self.edition}: no file {name} in {self.folder}; it has {have}"
        )


Stage = Callable[[Raw, Edition], pl.LazyFrame]


def source_ids() -> list[str]:
    """Names of all sources: the folders that hold a `source.yml`."""
    return sorted(path.parent.name for path in FOLDER.glob("*/source.yml"))


def read_source(source_id: str) -> Source:
    """Read and check one `source.yml`.

    Raises:
        UnknownSourceError: there is no such source.
        SourceError: its file breaks the promise.

    """
    path = FOLDER / source_id / "source.yml"
    if not path.is_file():
        raise UnknownSourceError(f"no source {source_id!r}; there are: {', '.join(source_ids())}")
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
