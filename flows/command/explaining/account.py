"""All that is to be said of a published row: its arithmetic, evaluated, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.command.explaining.indicator import Indicator, figures
from flows.command.explaining.reader import Reader
from flows.indices.contract import Column
from flows.indices.explained.arithmetic import Number, evaluate
from flows.indices.explained.sheet import Line, Row, Sheet

TOLERANCE = 1e-9
"""Relative, and absolute below 1; what is published is rounded to twelve decimals."""

LEFT_OUT = {
    "not_carried": "the edition does not carry it",
    "context": "it only stands near the mineral",
    "less_clean": "cleaner codes stand for the stage",
}
"""Words for `mart.basket.exclusion`."""


@dataclass(frozen=True)
class Result:
    """A figure as published and as worked out again; null where there is none."""

    column: Column
    published: Number | None
    evaluated: Number | None
    reason: str
    """Why it is null; empty where it is not."""
    is_withheld: bool = False
    """Whether the rows that it is worked out from may not be published."""

    @property
    def is_equal(self) -> bool:
        """Whether both are the same number, or neither is there."""
        if self.published is None or self.evaluated is None:
            return self.published is None and self.evaluated is None
        return math.isclose(self.published, self.evaluated, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


@dataclass(frozen=True)
class Account:
    """What explains the figures of one row."""

    indicator: Indicator
    row: Row
    results: Sequence[Result]
    lines: Sequence[Line]
    basket: Sequence[Row]
    flags: Mapping[str, str]
    rows: Mapping[str, Sequence[Row]]
    """Rows of the tables that were read, `mart.*` and facts."""
    sources: Sequence[Row]
    withheld: str = ""
    """Why the rows behind the figures are not here; empty where they are."""

    @property
    def key(self) -> dict[str, object]:
        """The row's key."""
        return {name: self.row[name] for name in self.indicator.index.table.grain}


def account(read: Reader, wanted: Indicator, row: Row) -> Account:
    """Work out a row's figures again from the rows that they rest on.

    Where a source lets only derived figures out, the rows behind are not in the file; the account
    says so and has no lines.

    Raises:
        LookupError: the index does not explain itself.

    """
    explain = wanted.index.explain
    if explain is None:
        raise LookupError(f"{wanted.index.table.id} does not explain itself")
    if says := withheld(read, wanted, row):
        return without_rows(read, wanted, row, says)
    sheet = explain(row, read)
    results = [result(read, sheet, row, column) for column in wanted.columns]
    seen = {table: [*rows.values()] for table, rows in read.seen.items()}
    return Account(
        indicator=wanted,
        row=row,
        results=results,
        lines=sheet.leading_to(telling(wanted, results)),
        basket=basket(read, row),
        flags=meanings(read, "flag", row["flags"]) if "flags" in row else {},
        rows={table: rows for table, rows in seen.items() if table != "mart.basket"},
        sources=sources(read, pairs_of(seen)),
    )


NAMES_SOURCE = "meta.source.source"
"""Key of a column that names a source; its edition stands in the column of the same prefix."""


def named_editions(wanted: Indicator, row: Row) -> dict[str, object]:
    """Give the sources that a row names, each with its edition."""
    names = [column.name for column in wanted.index.table.columns if column.key == NAMES_SOURCE]
    return {row[name]: row.get(name.replace("source", "edition")) for name in names}


def withheld(read: Reader, wanted: Indicator, row: Row) -> str:
    """Say why the rows behind a figure are not in the file; empty where they are."""
    named = list(named_editions(wanted, row))
    closed = read("meta.source", source=named, publish="derived_only")
    if not closed:
        return ""
    titles = ", ".join(f"{one['title']} ({one['licence']})" for one in closed)
    return (
        f"the rows behind it may not be published: {titles} lets only derived figures out, rounded "
        "to three decimals; whoever fetched the source can work it out from their own copy"
    )


def without_rows(read: Reader, wanted: Indicator, row: Row, says: str) -> Account:
    """Give what can be told of a row whose source rows are not in the file."""
    return Account(
        indicator=wanted,
        row=row,
        results=[
            Result(
                column,
                row[column.name],
                None,
                left_out(read, row, column) if row[column.name] is None else "",
                is_withheld=True,
            )
            for column in wanted.columns
        ],
        lines=[],
        basket=[],
        flags=meanings(read, "flag", row["flags"]) if "flags" in row else {},
        rows={},
        sources=sources(read, {(name, one) for name, one in named_editions(wanted, row).items()}),
        withheld=says,
    )


def left_out(read: Reader, row: Row, column: Column) -> str:
    """Say why a figure of such a source is null: its reason, or that it is an amount."""
    why = reason(read, row, column)
    return why if row.get("reason") else f"left out as an amount, or {why}"


def telling(wanted: Indicator, results: Sequence[Result]) -> list[str]:
    """Name the lines to show: the figures', and beside one that is null what shows its reason."""
    names = [column.name for column in wanted.columns]
    bases = {stripped(one.column.name) for one in results if one.published is None}
    if bases:
        others = [column.name for column in figures(wanted.index.table)]
        names += [name for name in others if stripped(name) in bases or name.endswith("_share")]
    return names


def stripped(name: str) -> str:
    """Name a figure without saying which of its bounds it is."""
    return name.removesuffix("_low").removesuffix("_high")


def result(read: Reader, sheet: Sheet, row: Row, column: Column) -> Result:
    """Evaluate every line that leads to a figure anew, and hold it beside the table's."""
    lines = sheet.leading_to([column.name])
    values: dict[str, Number] = {}
    for line in lines:
        values[line.name] = evaluate(line.expression, values)
    published = row[column.name]
    why = reason(read, row, column) if published is None else ""
    return Result(column, published, values.get(column.name), why)


def reason(read: Reader, row: Row, column: Column) -> str:
    """Say why a figure is null: the reason of its own, or of the row; else what the column says."""
    others = [name for name in row if name.endswith("_reason")]
    for name in (f"{stripped(column.name)}_reason", "reason", *others):
        if row.get(name):
            return f"{row[name]}: {meanings(read, 'reason', [row[name]])[row[name]]}"
    return f"none by its definition: {column.meaning}"


def meanings(read: Reader, name: str, words: Sequence[str]) -> dict[str, str]:
    """Give the meanings of words of a closed list."""
    return {row[name]: row["meaning"] for row in read(f"ref.{name}", **{name: list(words)})}


def basket(read: Reader, row: Row) -> list[Row]:
    """Give the HS codes of a row's basket, with those that are left out and why."""
    stage = row.get("form_stage") or row.get("stage")
    names = ("source", "edition", "mineral")
    if stage is None or not all(row.get(name) for name in names):
        return []
    codes = read("mart.basket", **{name: row[name] for name in names}, stage=stage)
    told = ("hs6", "form", "form_stage", "specificity", "first_year", "last_year")
    return [
        {name: code[name] for name in told}
        | {"left_out": LEFT_OUT[code["exclusion"]] if code["exclusion"] else None}
        for code in codes
    ]


def pairs_of(seen: Mapping[str, Sequence[Row]]) -> set[tuple[object, object]]:
    """Give source and edition of the rows of marts that were read."""
    return {
        (row["source"], row["edition"])
        for table, rows in seen.items()
        if table.startswith("mart.")
        for row in rows
        if "edition" in row and "source" in row
    }


def sources(read: Reader, pairs: set[tuple[object, object]]) -> list[Row]:
    """Give editions, each with title, citation and licence of its source.

    What this project authored is no source's, and cites itself row by row.
    """
    titles = {row["source"]: row for row in read("meta.source")}
    editions = {(row["source"], row["edition"]): row for row in read("meta.edition")}
    return [
        {
            "source": source,
            "edition": edition,
            **{name: titles[source][name] for name in ("title", "citation", "licence")},
            "note": editions[source, edition]["note"],
        }
        for source, edition in sorted(pairs & editions.keys(), key=repr)
    ]
