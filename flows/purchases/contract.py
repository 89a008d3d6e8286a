"""What the parts that read purchases hand to one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Mark = Literal["point", "comma"]
"""The decimal mark."""


class PurchaseError(Exception):
    """A file of purchases cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Options:
    """What was said about the file, and what was not is null."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Our column -> the file's header."""
    sheet: str | None = None
    encoding: str | None = None
    decimal: Mark | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Sheet:
    """The file's table, all of it as text."""

    headers: Sequence[str]
    columns: Mapping[str, int]
    """Our column -> its place among the headers."""
    words: Mapping[str, str]
    """Our column -> the unit or currency that its header names."""
    lines: Sequence[int]
    """The number of each row's line in the file, 1 first."""
    rows: Sequence[Sequence[str | None]]
    """Cells, as many as the line has; an empty one is null."""
    notes: Sequence[str]
    is_workbook: bool = False
