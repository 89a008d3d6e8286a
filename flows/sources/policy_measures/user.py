"""Read a list of one's own: a CSV in the shape of the project's facts on measures.

A row is one of the goods of a measure, and one of its suspensions where it has any. `columns.csv`
names the columns of the layout `user`, and what each holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from flows.sources.contract import SourceError, StagedColumn
from flows.sources.policy_measures.cells import Row, read_rows

EVERYBODY = "ALL"
COUNTRY = re.compile(r"[A-Z]{3}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER = re.compile(r"\d+(\.\d+)?")
EVIDENCE_OF = {
    "announced_evidence": "announced",
    "expires_evidence": "expires",
    "suspension_evidence": "suspended_from",
    "effective_evidence": "effective",
    "code_evidence": "material",
}
"""Evidence that is that of the measure where it is left empty -> what it is the evidence of."""

Record = Mapping[str, object]


def user_records(path: Path, columns: Sequence[StagedColumn]) -> list[Record]:
    """Read every row of the file in the staged columns.

    Raises:
        SourceError: a cell is no day, number or code; it names the line.

    """
    return [record(row, columns) for row in read_rows(path, "user")]


def record(row: Row, columns: Sequence[StagedColumn]) -> Record:
    """Type one row."""
    found = {c.name: typed(row, c) for c in columns if c.name not in {"edition", *TARGETS}}
    for name, what in EVIDENCE_OF.items():
        if found[what] is not None:
            found[name] = found[name] or found["evidence"]
        elif found[name] is not None:
            raise SourceError(f"{row.where}: {name} without {what}")
    return found | target(row)


def typed(row: Row, column: StagedColumn) -> object:
    """Type one cell; an empty one is null."""
    cell = row.cells.get(column.name, "")
    if not cell:
        return None
    if column.type == "date":
        return day(row, column.name, cell)
    if column.type == "float":
        return number(row, column.name, cell)
    return cell


def day(row: Row, name: str, cell: str) -> date:
    """Read a day."""
    try:
        if DAY.fullmatch(cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise SourceError(f"{row.where}: {name} {cell!r} is no day; write it as YYYY-MM-DD")


def number(row: Row, name: str, cell: str) -> float:
    """Read a number with a decimal point; a comma could mean thousands."""
    if not NUMBER.fullmatch(cell):
        raise SourceError(f"{row.where}: {name} {cell!r} is no number; write it as 0.3")
    return float(cell)


TARGETS = ("target_iso3", "target_bloc")


def target(row: Row) -> dict[str, str | None]:
    """Tell a country from a bloc; all the world is neither, and has to be said.

    Raises:
        SourceError: no target is given.

    """
    cell = row.cells["target"]
    if not cell:
        raise SourceError(f"{row.where}: target is empty; write ALL, a country or a bloc")
    if cell == EVERYBODY:
        return dict.fromkeys(TARGETS)
    is_country = COUNTRY.fullmatch(cell)
    return dict(zip(TARGETS, (cell, None) if is_country else (None, cell), strict=True))
