"""What a difference is: two sides, causes, changes by table, and the largest moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from flows import publish

Kind = Literal[
    "source_revision",
    "new_edition",
    "removed_edition",
    "new_period",
    "removed_period",
    "facts_changed",
    "code_changed",
    "check_exception",
    "day",
    "unknown",
]

KINDS: tuple[Kind, ...] = get_args(Kind)

WORDS: Mapping[Kind, str] = {
    "source_revision": "source revision",
    "new_edition": "new edition",
    "removed_edition": "edition no longer there",
    "new_period": "new period",
    "removed_period": "period no longer there",
    "facts_changed": "facts changed",
    "code_changed": "code or method changed",
    "check_exception": "check or exception changed",
    "day": "the day of the run",
    "unknown": "unknown",
}

Status = Literal["appeared", "vanished", "changed"]

SHARES = ("share", "hhi")
"""Units within 0 and 1: what `--fail` looks at."""


class DiffError(Exception):
    """Two snapshots cannot be compared."""


@dataclass(frozen=True)
class Side:
    """One of the two snapshots: its name, its DuckDB file, its manifest."""

    name: str
    database: Path
    manifest: Mapping[str, Any]

    @property
    def contents(self) -> dict[str, str | None]:
        """Hash of the content of each table; null of a view, or where none is kept."""
        return {t["name"]: t.get("content") for t in self.manifest["tables"]}

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each table."""
        return {t["name"]: t["rows"] for t in self.manifest["tables"]}


def side(snapshot: Path) -> Side:
    """Give a published snapshot as a side."""
    return Side(snapshot.name, snapshot / publish.DATABASE, publish.read_manifest(snapshot))


@dataclass(frozen=True)
class Shape:
    """A published table as its dictionary declares it."""

    table: str
    grain: tuple[str, ...]
    columns: Mapping[str, tuple[str, str]] = field(hash=False)
    """Column -> type and unit."""
    nullable: frozenset[str] = frozenset()
    """Columns that may be null."""

    @property
    def values(self) -> list[str]:
        """Columns that are no key."""
        return [name for name in self.columns if name not in self.grain]


@dataclass(frozen=True, order=True)
class Cause:
    """Why a number differs: the kind, and what exactly."""

    kind: Kind
    what: str = ""

    @property
    def words(self) -> str:
        """The cause in words."""
        return f"{WORDS[self.kind]}: {self.what}" if self.what else WORDS[self.kind]


def ordered(causes: Sequence[Cause]) -> list[Cause]:
    """Causes by kind, then by what."""
    return sorted(set(causes), key=lambda c: (KINDS.index(c.kind), c.what))


@dataclass(frozen=True)
class Move:
    """One number that moved."""

    table: str
    column: str
    unit: str
    key: Mapping[str, Any] = field(hash=False)
    before: float | int
    after: float | int
    causes: tuple[Cause, ...] = ()

    @property
    def absolute(self) -> float:
        """After minus before, in the unit."""
        return float(self.after - self.before)

    @property
    def relative(self) -> float | None:
        """The move in parts of what it was; null from zero."""
        return self.absolute / abs(float(self.before)) if self.before else None


@dataclass(frozen=True)
class Row:
    """One row that changed, appeared or vanished."""

    table: str
    status: Status
    key: Mapping[str, Any] = field(hash=False)
    cells: Mapping[str, tuple[Any, Any]] = field(hash=False)
    """Column -> before and after: those that differ, or all of a row that came or went."""
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Change:
    """What changed in one table."""

    table: str
    rows_before: int
    rows_after: int
    appeared: int = 0
    vanished: int = 0
    changed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Column -> cells of it that differ in rows that are on both sides."""
    causes: Mapping[Cause, int] = field(default_factory=dict, hash=False)
    """Cause -> rows that it can have acted on; a row may count under several."""
    note: str = ""
    """What changed of the table itself."""

    @property
    def cells(self) -> int:
        """Cells that differ in rows that are on both sides."""
        return sum(self.columns.values())


@dataclass(frozen=True)
class Diff:
    """All that differs between two snapshots."""

    before: str
    after: str
    equal: int
    """Tables whose content is the same."""
    changes: Sequence[Change]
    relative: Sequence[Move]
    """The largest moves in parts of what the number was."""
    absolute: Mapping[str, Sequence[Move]]
    """Unit -> the largest moves in it."""
    rows: Sequence[Row] = ()
    """The first rows that differ, as many as were asked for."""
    coarse: bool = False
    """Whether a manifest lacks the detail to attribute causes exactly."""

    @property
    def total(self) -> int:
        """Rows that differ, over all tables."""
        return sum(c.appeared + c.vanished + c.changed for c in self.changes)

    @property
    def largest_share(self) -> float:
        """The largest move of a share or a concentration, 0 to 1; 0 where none moved."""
        moves = [abs(m.absolute) for unit in SHARES for m in self.absolute.get(unit, ())]
        return max(moves, default=0.0)

    @property
    def causes(self) -> dict[Cause, int]:
        """Cause -> rows, over all tables."""
        total: dict[Cause, int] = {}
        for change in self.changes:
            for cause, rows in change.causes.items():
                total[cause] = total.get(cause, 0) + rows
        return {cause: total[cause] for cause in ordered(list(total))}
