"""Read the few rows of a published file that an explanation needs, and remember which."""

# ruff: noqa: S608 - names are declared ones, values are parameters

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flows import warehouse
from flows.indices.explained.sheet import Not, Row


@dataclass
class Reader:
    """Reads rows of the tables of one file; `seen` keeps what was read, by table."""

    con: warehouse.Connection
    seen: dict[str, dict[str, Row]] = field(default_factory=dict)
    """Table -> the rows read, once each."""
    answered: dict[tuple[str, str, tuple[object, ...]], list[Row]] = field(default_factory=dict)

    def __call__(self, table: str, /, **where: object) -> list[Row]:
        """Give the rows where every column named has the value: one, one of a list, or `Not`."""
        tests, values = conditions(where)
        order = "ALL" if where else "1"
        asked = (table, tests, tuple(values))
        if asked not in self.answered:
            sql = f"SELECT * FROM {table} WHERE {tests} ORDER BY {order}"
            rows: list[Row] = [*self.con.execute(sql, values).pl().iter_rows(named=True)]
            self.answered[asked] = rows
            self.seen.setdefault(table, {}).update((repr(row), row) for row in rows)
        return self.answered[asked]


def conditions(where: Mapping[str, object]) -> tuple[str, list[object]]:
    """Write the tests on columns as SQL, with the values of its parameters."""
    tests, values = ["TRUE"], []
    for name, wanted in where.items():
        column = warehouse.quoted(name)
        if wanted is None:
            tests.append(f"{column} IS NULL")
        elif isinstance(wanted, Not):
            others = [value for value in wanted.values if value is not None]
            tests += [f"{column} IS NOT NULL"] if len(others) < len(wanted.values) else []
            tests += [one_of(f"{column} NOT", others)] if others else []
            values += others
        elif isinstance(wanted, list | tuple):
            tests.append(one_of(column, wanted) if wanted else "FALSE")
            values += wanted
        else:
            tests.append(f"{column} = ?")
            values.append(wanted)
    return " AND ".join(tests), values


def one_of(column: str, values: Sequence[object]) -> str:
    """Write that a column has one of several values."""
    return f"{column} IN ({', '.join('?' for _ in values)})"
