"""Checks that follow from a table's declaration, so that they cannot be forgotten.

Queries are `unexpected_rows_expectation`: each row they give is a failing row. Great
Expectations puts the table where they say `{batch}`; it adds an alias of its own unless the
query has a JOIN, so only queries with a JOIN name one. On DuckDB one query a check takes half
the time of Great Expectations' own column metrics, and it shows the rows.
"""

# ruff: noqa: S608 - every name is a declared one and quoted, every value is quoted

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from flows.gate.contract import QUERY, ROWLESS_TYPES, Check
from flows.indices.contract import DUCKDB_TYPES, Column, Table


def implied_checks(table: Table) -> list[Check]:
    """Give the checks that the declaration of a table implies, all of them critical.

    Columns and their types as declared, not empty, grain unique; for each column: not null,
    range, closed list and foreign key (of each element where the column holds lists), finite.
    """
    checks = [_columns(table)]
    if not table.may_be_empty:
        checks.append(_not_empty(table))
    checks.append(_grain(table))
    for column in table.columns:
        checks.extend(_column(table, column))
    return checks


def _check(table: Table, name: str, why: str, type_: str, kwargs: Mapping[str, Any]) -> Check:
    return Check(
        table=table.id,
        name=name,
        kind="implied",
        type=type_,
        kwargs=kwargs,
        severity="critical",
        why=why,
        sources=table.sources,
        reads_rows=type_ not in ROWLESS_TYPES,
    )


def _query(table: Table, name: str, why: str, sql: str) -> Check:
    return _check(table, name, why, "unexpected_rows_expectation", {QUERY: sql})


def _columns(table: Table) -> Check:
    declared = ", ".join(
        f"({_text(column.name)}, {_text(DUCKDB_TYPES[column.type])})" for column in table.columns
    )
    sql = (
        "SELECT coalesce(d.name, f.name) AS column_name, d.type AS declared, f.type AS found "
        f"FROM (VALUES {declared}) AS d(name, type) "
        "FULL JOIN (SELECT column_name AS name, data_type AS type "
        f"FROM information_schema.columns WHERE table_schema = {_text(table.schema)} "
        f"AND table_name = {_text(table.name)}) AS f ON f.name = d.name "
        "WHERE d.type IS DISTINCT FROM f.type "
        "AND 0 <= (SELECT count(*) FROM (SELECT 1 FROM {batch} AS b LIMIT 1))"
    )
    why = "A column lost, added or re-typed breaks every query written against the table."
    return replace(_query(table, "columns_are_as_declared", why, sql), reads_rows=False)


def _not_empty(table: Table) -> Check:
    return _check(
        table,
        "table_is_not_empty",
        "An empty table looks like a world without trade or risk.",
        "expect_table_row_count_to_be_between",
        {"min_value": 1},
    )


def _grain(table: Table) -> Check:
    if not table.grain:
        return _check(
            table,
            "table_has_at_most_one_row",
            "The table is declared without a grain: it holds one row.",
            "expect_table_row_count_to_be_between",
            {"max_value": 1},
        )
    keys = _names(table.grain)
    # Grouped by hash first, in a fraction of the memory; mostly nothing is left to group by key.
    sql = (
        f"SELECT {keys}, count(*) AS times FROM {{batch}} WHERE hash({keys}) IN "
        f"(SELECT hash({keys}) FROM {{batch}} GROUP BY ALL HAVING count(*) > 1) "
        "GROUP BY ALL HAVING count(*) > 1"
    )
    why = f"A key met twice is counted twice; the table has one row for each {_list(table.grain)}."
    quick = f"SELECT hash({keys}) AS key FROM {{batch}} GROUP BY ALL HAVING count(*) > 1"
    return replace(_query(table, "grain_is_unique", why, sql), quick=quick)


def _column(table: Table, column: Column) -> Iterator[Check]:
    name = column.name
    if not column.nullable:
        why = f"{name} ({_phrase(column.meaning)}) must never be empty."
        yield _where(table, column, f"{name}_is_not_null", why, f"{_name(name)} IS NULL")
    if column.low is not None or column.high is not None:
        yield _range(table, column)
    if column.values:
        yield _values(table, column)
    if column.key:
        yield _key(table, column)
    if column.type == "float":
        why = f"{name} must be a number: NaN or infinity spreads through every sum it enters."
        yield _where(table, column, f"{name}_is_finite", why, f"NOT isfinite({_name(name)})")


def _where(table: Table, column: Column, name: str, why: str, condition: str) -> Check:
    shown = _shown(table, column.name)
    sql = f"SELECT {shown} FROM {{batch}} WHERE {condition}"
    return replace(_query(table, name, why, sql), condition=condition)


def _range(table: Table, column: Column) -> Check:
    name, low, high = _name(column.name), column.low, column.high
    if low is None:
        phrase, condition = f"at most {high:.15g}", f"{name} > {high!r}"
    elif high is None:
        phrase, condition = f"at least {low:.15g}", f"{name} < {low!r}"
    else:
        phrase = f"within {low:.15g} and {high:.15g}"
        condition = f"{name} < {low!r} OR {name} > {high!r}"
    word = phrase.replace("-", "minus ").replace(".", "_").replace("+", "").replace(" ", "_")
    why = f"{column.name} ({_phrase(column.meaning)}) must be {phrase}."
    return _where(table, column, f"{column.name}_{word}", why, condition)


def _values(table: Table, column: Column) -> Check:
    name = f"{column.name}_is_listed"
    why = f"{column.name} has a closed list of values; another one means nothing to a reader."
    values = ", ".join(_text(value) for value in column.values)
    if column.type != "texts":
        return _where(table, column, name, why, f"{_name(column.name)} NOT IN ({values})")
    sql = (
        f"SELECT * FROM ({_elements(table, column, '{batch}')}) AS e "
        f"WHERE element IS NULL OR element NOT IN ({values})"
    )
    strange = f"NOT list_has_all(list_value({values}), {_name(column.name)})"
    empty = f"list_aggregate({_name(column.name)}, 'count') <> len({_name(column.name)})"
    return replace(_query(table, name, why, sql), condition=f"{strange} OR {empty}")


def _key(table: Table, column: Column) -> Check:
    schema, name, key = column.key.split(".")
    target = f"{_name(schema)}.{_name(name)}"
    why = f"{column.name} must be known to {schema}.{name}, else it cannot be named or grouped."
    if column.type == "texts":
        sql = (
            f"SELECT t.* FROM ({_elements(table, column, '{batch} AS b')}) AS t "
            f"ANTI JOIN {target} AS k ON t.element = k.{_name(key)}"
        )
        quick = (
            f"SELECT t.element FROM (SELECT DISTINCT unnest({_name(column.name)}) AS element "
            f"FROM {{batch}} AS b) AS t ANTI JOIN {target} AS k ON t.element = k.{_name(key)}"
        )
        return replace(_query(table, f"{column.name}_is_known", why, sql), quick=quick)
    shown = _shown(table, column.name)
    sql = (
        f"SELECT {shown} FROM {{batch}} AS t ANTI JOIN {target} AS k "
        f"ON t.{_name(column.name)} = k.{_name(key)} WHERE t.{_name(column.name)} IS NOT NULL"
    )
    return _query(table, f"{column.name}_is_known", why, sql)


def _elements(table: Table, column: Column, batch: str) -> str:
    keys = _names(table.grain) + ", " if table.grain else ""
    return f"SELECT {keys}unnest({_name(column.name)}) AS element FROM {batch}"


def _shown(table: Table, column: str) -> str:
    return _names(tuple(dict.fromkeys((*table.grain, column))))


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(_name(name) for name in names)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    """Quote a text for a query: braces are Great Expectations' marks, colons SQLAlchemy's."""
    escaped = text.replace("'", "''").replace("{", "{{").replace("}", "}}").replace(":", "\\:")
    return f"'{escaped}'"


def _list(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _phrase(meaning: str) -> str:
    return meaning.strip().rstrip(".")
