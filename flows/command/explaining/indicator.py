"""What a word names: a published index, or one of its figures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flows.command.exits import UsageError
from flows.indices import all_indices
from flows.indices.contract import Column, Index, Table

FIGURES = ("float", "int")
"""Types of columns that hold a figure; a year is a label."""


@dataclass(frozen=True)
class Indicator:
    """An index, and those of its figures that were asked for."""

    index: Index
    columns: tuple[Column, ...]

    @property
    def word(self) -> str:
        """The word that names it."""
        table = self.index.table
        return f"{table.name}.{self.columns[0].name}" if len(self.columns) == 1 else table.name


def figures(table: Table) -> tuple[Column, ...]:
    """Columns of a table that hold figures, its key left out."""
    return tuple(c for c in table.columns if c.type in FIGURES and c.name not in table.grain)


def indicator(
    word: str, known: Sequence[Index] | None = None, said: Collection[str] = ()
) -> Indicator:
    """Give the index and figures of a word: a table, `table.column`, or a column of one table.

    Where several tables have the column, it is that of the narrowest one that opens with it and
    whose key has all that was `said`.

    Raises:
        UsageError: no index has it, or several have.

    """
    known = all_indices() if known is None else known
    table, _, column = word.strip().removeprefix("indices.").partition(".")
    by_name = {one.table.name: one for one in known}
    if table in by_name:
        return of_table(by_name[table], column)
    having = [one for one in known if table in (c.name for c in figures(one.table))]
    fitting = [one for one in having if set(said) <= set(one.table.grain)] or having
    defining = [one for one in fitting if figures(one.table)[0].name == table] or fitting
    least = min((len(one.table.columns) for one in defining), default=0)
    narrowest = [one for one in defining if len(one.table.columns) == least]
    if len(narrowest) == 1 and not column:
        return of_table(narrowest[0], table)
    if having and not column:
        lines = "".join(f"\n  orewatch explain {one.table.name}.{table}" for one in fitting)
        raise UsageError(f"{table} is a figure of several indices; say which:{lines}")
    raise UsageError(f"no index is called {word!r}; there are: {', '.join(sorted(by_name))}")


def of_table(index: Index, column: str) -> Indicator:
    """Give an index with one of its figures, or with all."""
    all_of_it = figures(index.table)
    if not column:
        return Indicator(index, all_of_it)
    found = tuple(one for one in all_of_it if one.name == column)
    if not found:
        names = ", ".join(one.name for one in all_of_it)
        raise UsageError(f"{index.table.name} has no figure {column!r}; it has: {names}")
    return Indicator(index, found)
