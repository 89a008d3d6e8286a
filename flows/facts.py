"""The door to `warehouse/facts`: read every file, check it, make the `ref.*` frames.

`tables.yml` promises the tables, a CSV holds the rows of one, `minerals/<id>.yaml` one mineral.
An overlay folder adds rows and minerals under the same names and checks; it replaces nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import polars as pl

from flows.indices.contract import TYPES, Column, Table, publish
from flows.minerals import FactError, Loader, fold, mineral_rows, read_minerals, read_yaml

__all__ = ["FactError", "Facts", "Loader", "fold", "read_facts"]

Span = tuple[int | None, int | None]


@dataclass(frozen=True)
class Facts:
    """The facts, read and checked: a frame and a declaration for each `ref.*` table."""

    frames: Mapping[str, pl.DataFrame]
    """`ref.<name>` -> rows, typed and sorted by grain."""
    tables: tuple[Table, ...]

    def frame(self, name: str) -> pl.DataFrame:
        """Give the frame of `ref.<name>`.

        Raises:
            FactError: there is no such table.

        """
        if f"ref.{name}" not in self.frames:
            raise FactError(f"no table ref.{name}; there are: {', '.join(self.frames)}")
        return self.frames[f"ref.{name}"]


def read_facts(folder: Path, overlay: Path | None = None) -> Facts:
    """Read and check all facts of a folder, with a user's overlay where there is one.

    Raises:
        FactError: a file is missing, stray or broken, a key does not resolve, a word is ambiguous.

    """
    folders = [folder, overlay] if overlay else [folder]
    if overlay:
        check_overlay(folder, overlay)
    promises = read_tables(folder / "tables.yml")
    frames = {t.id: publish(read_rows(folders, f, t).lazy(), t) for f, t in promises if f}
    made = mineral_rows(read_minerals(folders), frames)
    for table in (t for f, t in promises if not f):
        frame = pl.DataFrame(made[table.name], schema=table.polars)
        frames[table.id] = publish(frame.lazy(), table)
    for file, table in promises:
        check_frame(file, table, frames)
    check_spans("country_codes.csv", frames["ref.country_code"], ("system", "code"))
    check_spans("blocs.csv", frames["ref.bloc_member"], ("bloc", "iso3"))
    check_words(frames)
    in_order = {table.id: frames[table.id] for _, table in promises}
    return Facts(MappingProxyType(in_order), tuple(table for _, table in promises))


def check_overlay(folder: Path, overlay: Path) -> None:
    """Refuse an overlay that is no folder, or holds a file of a name the facts do not have."""
    if not overlay.is_dir():
        raise FactError(f"{overlay}: no such folder; OREWATCH_FACTS must name one")
    may = sorted(p.name for p in folder.iterdir() if p.name != "tables.yml")
    for path in sorted(overlay.iterdir()):
        if path.name not in may:
            raise FactError(f"{path}: an overlay cannot hold this; it may hold: {', '.join(may)}")


def read_tables(path: Path) -> list[tuple[str, Table]]:
    """Read the promises of `tables.yml`: the CSV (empty for minerals) and the declaration."""
    tables = []
    for name, promise in read_yaml(path).items():
        try:
            columns = tuple(
                Column(name=key, **(column | {"values": tuple(column.get("values", ()))}))
                for key, column in promise["columns"].items()
            )
            table = Table(
                "ref",
                name,
                promise["meaning"],
                tuple(promise["grain"]),
                columns,
                may_be_empty=promise.get("may_be_empty", False),
            )
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise FactError(f"{path}: {name}: {error!r}") from error
        tables.append((promise.get("file", ""), table))
    return tables


def read_rows(folders: Iterable[Path], file: str, table: Table) -> pl.DataFrame:
    """Read the file of one table, from the facts and, where it is there, from the overlay."""
    base, *overlays = [folder / file for folder in folders]
    parts = []
    for path in [base, *(path for path in overlays if path.exists())]:
        try:
            raw = yaml_rows(path, table) if path.suffix == ".yml" else csv_rows(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise FactError(f"{path}: cannot be read: {error}") from error
        if raw.columns != list(table.polars):
            raise FactError(f"{path}: header is {raw.columns}, promised {list(table.polars)}")
        parts.append(raw.select(typed(raw, column, path) for column in table.columns))
    return pl.concat(parts)


def csv_rows(path: Path) -> pl.DataFrame:
    """Read a CSV, every value as text."""
    return pl.read_csv(path, infer_schema=False)


def yaml_rows(path: Path, table: Table) -> pl.DataFrame:
    """Read a YAML mapping, each row under its key, as the texts that a CSV would hold.

    What a row leaves out is empty.

    Raises:
        FactError: it is no such mapping, or a row has a name that is no column.

    """
    (key,) = table.grain
    named = read_yaml(path) or {}
    if not isinstance(named, dict) or not all(isinstance(row, dict) for row in named.values()):
        raise FactError(f"{path}: must give, under each {key}, its columns and their values")
    columns = [name for name in table.polars if name != key]
    for word, row in named.items():
        if strange := sorted(str(name) for name in row if name not in columns):
            raise FactError(f"{path}: {word}: {strange[0]} is none of {', '.join(columns)}")
    rows = [{key: word} | row for word, row in named.items()]
    texts = {name: [as_text(row.get(name)) for row in rows] for name in table.polars}
    return pl.DataFrame(texts, schema=dict.fromkeys(table.polars, pl.String))


def as_text(value: object) -> str | None:
    """Write a value of a YAML file as a CSV would."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return "|".join(str(item) for item in value) if isinstance(value, list) else str(value)


def typed(raw: pl.DataFrame, column: Column, path: Path) -> pl.Series:
    """Give one column of a CSV in its type, or name the row that does not fit it."""
    text = raw[column.name]
    untidy = raw.filter(text.str.strip_chars() != text)
    if untidy.height:
        raise FactError(f"{path}: {column.name} has outer spaces in {untidy.row(0, named=True)}")
    if column.type == "text":
        return text
    if column.type == "texts":
        return text.fill_null("").str.split("|").list.eval(pl.element().filter(pl.element() != ""))
    if column.type == "bool":
        values = text.replace_strict({"true": True, "false": False}, default=None)
    elif column.type == "date":
        values = text.str.to_date("%Y-%m-%d", strict=False)
    else:
        values = text.cast(TYPES[column.type], strict=False)
    bad = raw.filter(text.is_not_null() & values.is_null())
    if bad.height:
        raise FactError(f"{path}: {column.name} is no {column.type} in {bad.row(0, named=True)}")
    return values


def check_frame(file: str, table: Table, frames: Mapping[str, pl.DataFrame]) -> None:
    """Refuse a null, a value out of bounds or list, a dangling key and a doubled grain."""
    frame = frames[table.id]
    if frame.height == 0 and not table.may_be_empty:
        raise FactError(f"{file or 'minerals/'}: {table.id} has no rows")
    for column in table.columns:
        for fault, test in faults(column, frames):
            bad = frame.filter(test)
            if bad.height:
                row = bad.row(0, named=True)
                where = file or f"minerals/{row['mineral']}.yaml"
                raise FactError(f"{where}: {column.name} {row[column.name]!r} {fault}: {row}")
    doubled = frame.filter(pl.struct(table.grain).is_duplicated())
    if doubled.height:
        row = doubled.select(table.grain).row(0, named=True)
        raise FactError(f"{file or 'minerals/'}: given {doubled.height} times: {row}; keep one")


def faults(column: Column, frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, pl.Expr]]:
    """Give what a column may not hold: words for the fault, and its test."""
    values = pl.col(column.name)
    if not column.nullable:
        yield "is empty", values.is_null()
    if column.low is not None:
        yield f"is below {column.low}", values < column.low
    if column.high is not None:
        yield f"is above {column.high}", values > column.high
    if column.values:
        yield f"is none of {', '.join(column.values)}", ~values.is_in(list(column.values))
    if column.key:
        target, _, key = column.key.rpartition(".")
        yield f"is not in {column.key}", ~values.is_in(frames[target][key].implode())


def check_spans(file: str, frame: pl.DataFrame, key: Sequence[str]) -> None:
    """Refuse a span that ends before it begins, and two spans of one key that share a year."""
    spans: dict[tuple[str, ...], list[tuple[Span, str]]] = {}
    for row in frame.iter_rows(named=True):
        span = (row["from_year"], row["to_year"])
        if None not in span and span[0] > span[1]:
            raise FactError(f"{file}: from_year is after to_year in {row}")
        folded = tuple(fold(row[name]) for name in key)
        for other, owner in spans.get(folded, []):
            if overlap(span, other):
                words = ", ".join(row[name] for name in key)
                raise FactError(
                    f"{file}: {words} is both {owner} and {row['iso3']} in one year; "
                    "keep one, or give them years that do not overlap"
                )
        spans.setdefault(folded, []).append((span, row["iso3"]))


def overlap(one: Span, other: Span) -> bool:
    """Tell whether two spans of years share a year; an open end is no limit."""
    (a, b), (c, d) = one, other
    return (b is None or c is None or c <= b) and (d is None or a is None or a <= d)


def check_words(frames: Mapping[str, pl.DataFrame]) -> None:
    """Refuse a spelling that means two minerals, two units, or a bloc and a country or bloc."""
    names = frames["ref.country_code"].filter(pl.col("system") == "name")
    places = list(names.select("iso3", "code").iter_rows())
    for table, file, others in (
        ("mineral", "minerals/{}.yaml", []),
        ("unit", "units.csv", []),
        ("bloc", "blocs_names.csv", places),
    ):
        frame = frames[f"ref.{table}"]
        own = [(row[table], row[table]) for row in frame.iter_rows(named=True)]
        for row in frame.iter_rows(named=True):
            own += [(row[table], word) for word in row["aliases"]]
        meanings: dict[str, str] = {}
        for owner, word in [*others, *own]:
            if meanings.setdefault(fold(word), owner) != owner:
                first = meanings[fold(word)]
                raise FactError(
                    f"{file.format(owner)}: {word!r} means both {first} and {owner}; keep one"
                )
