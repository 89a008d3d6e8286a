"""What a table promises: its grain, its columns with units and ranges, its keys.

A table is declared once. The data dictionary, the comments inside the DuckDB file, the
footnotes of the report and the implied checks (grain unique, keys resolve, ranges, not
empty) are all read from that one declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from flows.indices.explained.sheet import Explain

TYPES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.String,
    "int": pl.Int64,
    "year": pl.Int32,
    "float": pl.Float64,
    "decimal": pl.Decimal(18, 3),
    "bool": pl.Boolean,
    "date": pl.Date,
    "texts": pl.List(pl.String),
}
"""The closed list of column types: our word -> Polars' type."""

DUCKDB_TYPES: Mapping[str, str] = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "year": "INTEGER",
    "float": "DOUBLE",
    "decimal": "DECIMAL(18,3)",
    "bool": "BOOLEAN",
    "date": "DATE",
    "texts": "VARCHAR[]",
}
"""The same list: our word -> DuckDB's type."""

DIGITS = 15
"""Floats are rounded to this many significant digits when they are published."""


@dataclass(frozen=True)
class Column:
    """One column: what it means, in what unit, and what values it may hold."""

    name: str
    type: str
    meaning: str
    unit: str = ""
    """A row of facts/units.csv; empty for names, codes and flags."""
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    """The closed list of values, where there is one and it is no fact table."""
    key: str = ""
    """`schema.table.column` that every value of this column must be found in."""

    def __post_init__(self) -> None:
        """Refuse a type outside the closed list."""
        if self.type not in TYPES:
            raise ValueError(f"column {self.name}: type {self.type!r} is not one of {list(TYPES)}")


@dataclass(frozen=True)
class Table:
    """One published table: `schema.name`, its grain and its columns."""

    schema: str
    name: str
    meaning: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    sources: tuple[str, ...] = ()
    """Sources without which the table is empty, and its checks not applicable."""
    formula: str = ""
    citation: str = ""
    may_be_empty: bool = False

    def __post_init__(self) -> None:
        """Refuse a grain that names no column, and a column named twice."""
        names = [column.name for column in self.columns]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{self.id}: columns named twice: {sorted(doubled)}")
        if missing := [name for name in self.grain if name not in names]:
            raise ValueError(f"{self.id}: grain names no column: {missing}")

    @property
    def id(self) -> str:
        """The table's full name."""
        return f"{self.schema}.{self.name}"

    @property
    def polars(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Column name -> Polars type, in order."""
        return {column.name: TYPES[column.type] for column in self.columns}


@dataclass(frozen=True)
class Index:
    """An index: its table, the marts it reads, and the function that computes it.

    `compute` takes one LazyFrame for each name in `inputs` (as keyword, dots and all
    replaced by `_`), and gives a LazyFrame with at least the table's columns. `explain` takes a
    published row and a reader of tables, and gives the arithmetic of the row's numbers.
    """

    table: Table
    inputs: tuple[str, ...]
    compute: Callable[..., pl.LazyFrame]
    experimental: bool = False
    tags: tuple[str, ...] = field(default=())
    explain: Explain | None = None


def argument(name: str) -> str:
    """The keyword under which an index takes a table."""
    return name.replace(".", "_")


def publish(frame: pl.LazyFrame, table: Table) -> pl.DataFrame:
    """Give exactly the table's columns, typed, floats rounded, sorted by grain.

    Text may stay categorical, which takes a quarter of the memory.

    Raises:
        polars.exceptions.ColumnNotFoundError: a declared column is missing.
        polars.exceptions.InvalidOperationError: a value does not fit its type.

    """
    given = frame.collect_schema()
    columns = [typed(column, given.get(column.name)) for column in table.columns]
    return sorted_by(frame.select(columns).collect(), table.grain)


def typed(column: Column, given: pl.DataType | None) -> pl.Expr:
    """Cast a column to its declared type, and round it where it is a float."""
    value = pl.col(column.name)
    if column.type == "text" and given in (pl.Categorical, pl.Enum):
        return value
    cast = value.cast(TYPES[column.type])
    return cast.round_sig_figs(DIGITS) if column.type == "float" else cast


def sorted_by(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Sort by columns, fast where their values pack into one number."""
    packed = packed_key(frame, names)
    if packed is None:
        return frame.sort(names, nulls_last=True)
    return frame.with_columns(packed.alias(PACKED)).sort(PACKED).drop(PACKED)


PACKED = "__packed"
PACKED_ROOM = 2**63
"""Packed keys stay below this."""


def packed_key(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series | None:
    """Pack columns into one UInt64 that orders and equals as they do; null where it cannot.

    It cannot where a value is null, a type is neither text nor a whole number, or the ranges
    together need more than 63 bits.
    """
    if frame.is_empty() or any(frame[name].null_count() for name in names):
        return None
    key, room = pl.lit(0, pl.UInt64), 1
    for name in names:
        column = frame[name]
        if column.dtype in (pl.String, pl.Categorical, pl.Enum):
            values = column.unique().cast(pl.String).sort()
            code, size = column.cast(pl.Enum(values)).to_physical(), values.len()
        elif column.dtype.is_integer():
            low, high = int(column.min()), int(column.max())  # type: ignore[arg-type]
            code, size = column.cast(pl.Int64) - low, high - low + 1
        else:
            return None
        key, room = key * size + code.cast(pl.UInt64), room * size
    return frame.select(key).to_series() if room < PACKED_ROOM else None
