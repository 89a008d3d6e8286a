"""A sheet of arithmetic: lines of plain expressions, from figures of the source to a result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from flows.indices.explained.arithmetic import Number, evaluate, names_in

NAME = re.compile(r"[A-Za-z_]\w*")

Row = Mapping[str, Any]
"""A row of a table: column -> value."""


@dataclass(frozen=True)
class Line:
    """A step: `expression` is plain arithmetic over numbers and earlier names, and has `value`."""

    name: str
    expression: str
    value: Number
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Not:
    """Every value but these."""

    values: tuple[object, ...]


class Read(Protocol):
    """Reads rows of a table of the warehouse."""

    def __call__(self, table: str, /, **where: object) -> list[Row]:
        """Give the rows where every column named has the value: one, one of a list, or `Not`."""


@dataclass
class Sheet:
    """Lines in the order in which they are worked out; the name of a column gives its result."""

    lines: dict[str, Line] = field(default_factory=dict)

    def add(self, name: str, expression: str, unit: str = "", note: str = "") -> Number:
        """Write a line and give its value; the same line twice counts once.

        Raises:
            ValueError: another line has the name, or the expression has no value.

        """
        if name in self.lines:
            if self.lines[name].expression != expression:
                raise ValueError(f"two lines are called {name}: one must have another name")
            return self.lines[name].value
        used = {used: self.lines[used].value for used in names_in(expression) if used in self.lines}
        value = evaluate(expression, used)
        self.lines[name] = Line(name, expression, value, unit, note)
        return value

    def __contains__(self, name: object) -> bool:
        """Whether there is a line of that name."""
        return name in self.lines

    def __getitem__(self, name: str) -> Number:
        """Give the value of a line."""
        return self.lines[name].value

    def get(self, name: str) -> Number | None:
        """Give the value of a line; null where there is none."""
        return self.lines[name].value if name in self.lines else None

    def embed(self, other: Sheet, prefix: str) -> None:
        """Write the lines of another sheet, their names with a prefix."""
        for line in other.lines.values():
            expression = NAME.sub(
                lambda found: prefix + found[0] if found[0] in other else found[0], line.expression
            )
            self.add(prefix + line.name, expression, line.unit, line.note)

    def leading_to(self, names: Iterable[str]) -> list[Line]:
        """Give these lines and those that they rest on, in order."""
        wanted = set(names)
        for line in reversed(self.lines.values()):
            if line.name in wanted:
                wanted.update(names_in(line.expression))
        return [line for line in self.lines.values() if line.name in wanted]


Explain = Callable[[Row, Read], Sheet]
"""The published row (its key and all else) and a reader -> the sheet that its numbers come from."""


def literal(value: float) -> str:
    """Write a number so that it is read back as the same."""
    return f"({value!r})" if value < 0 else repr(value)


def plus(terms: Iterable[str | Number]) -> str:
    """Write a sum; 0 where there is nothing to add."""
    written = (term if isinstance(term, str) else literal(term) for term in terms)
    return " + ".join(written) or "0"


def within(expression: str, low: Number | None = 0, high: Number | None = 1) -> str:
    """Keep an expression within bounds; null is none."""
    if low is not None:
        expression = f"max({literal(low)}, {expression})"
    return expression if high is None else f"min({literal(high)}, {expression})"


def of_series(cell: Row, **also: object) -> dict[str, object]:
    """Say which rows of trade belong to a cell: its mineral, stage, year, source and edition."""
    names = ("mineral", "stage", "year", "source", "edition")
    return {name: cell[name] for name in names} | also
