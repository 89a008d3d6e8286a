"""What is said of a table and its columns, wherever they travel: Parquet, Excel, JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from flows.indices.contract import Table


@dataclass(frozen=True)
class Field:
    """A column: what it holds, in which unit, and whether it may be null."""

    name: str
    type: str = ""
    unit: str = ""
    meaning: str = ""
    nullable: bool = True
    key: str = ""
    """The column that its values are found in."""
    in_grain: bool = False


@dataclass(frozen=True)
class Described:
    """A table, or the rows that answer a question."""

    name: str
    meaning: str
    columns: tuple[Field, ...]
    formula: str = ""
    citation: str = ""
    grain: tuple[str, ...] = field(default=())


def described(table: Table) -> Described:
    """Say of a declared table what a file of it should say."""
    columns = tuple(
        Field(c.name, c.type, c.unit, one_line(c.meaning), c.nullable, c.key, c.name in table.grain)
        for c in table.columns
    )
    return Described(
        table.id, one_line(table.meaning), columns, table.formula, table.citation, table.grain
    )


def one_line(text: str) -> str:
    """A text without its line ends."""
    return " ".join(text.split())


def in_words(table: Table) -> str:
    """Write it as JSON, the same for the same declaration."""
    return json.dumps(asdict(described(table)), ensure_ascii=False, sort_keys=True)


def comment_of(table: Table) -> str:
    """Write the comment on a table: its meaning, formula and citation."""
    formula = f"Formula: {table.formula}" if table.formula else ""
    said = (one_line(words) for words in (table.meaning, formula, table.citation))
    return " · ".join(words for words in said if words)
