"""Several queries put as one question: how many rows each gives.

Most of a gate's time goes into asking, and Great Expectations asks each query twice. A question
here names the queries that give rows; any other has passed. It is trusted with nothing else: a
query that gives rows, or breaks the question it is in, is put again on its own.
"""

# ruff: noqa: S608 - the queries are the checks' own

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flows.gate.contract import QUERY, Check

ALL_AT_ONCE = "all_at_once"
MOST = 100
"""Queries in one question, at most: Great Expectations hands over 200 rows of an answer."""

ROWS = 10_000_000
"""Rows read by one question, roughly, at most: what it groups and joins is in memory at once."""

QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
BRACKETED = re.compile(r"\[[^\]]*\]")
JOIN = re.compile(r"\bJOIN\b", re.IGNORECASE)
OPAQUE = re.compile(r"[;'\"`$\\]|/\*|--")
"""What, in a query without its quoted parts, may reach beyond the query's end."""


@dataclass(frozen=True)
class Passed:
    """The answer to a query that gave no row."""

    success: bool = True
    result: Mapping[str, Any] = field(default_factory=lambda: {"observed_value": 0})
    exception_info: Mapping[str, Any] = field(default_factory=lambda: {"raised_exception": False})


Ask = Callable[[Sequence[Check]], set[int] | None]
"""Puts checks as one question: the places of those that fail; None where there is no answer."""


def passing(checks: Sequence[Check], rows: int, ask: Ask) -> set[str]:
    """Name the checks that surely pass: no row comes of their query, put together with others.

    What is not named is to be put on its own, whatever kept it from being named. `rows` is the
    number of rows of the table.
    """
    conditions = [check for check in checks if check.condition]
    queries = [check for check in checks if QUERY in check.kwargs and not check.condition]
    if not conditions:
        return _without_rows(queries, rows, ask)
    # One scan for all conditions on single rows.
    whole = _any_of(conditions)
    passed = _without_rows([whole, *queries], rows, ask)
    if whole.name in passed:
        return passed - {whole.name} | {check.name for check in conditions}
    return passed | _without_rows(conditions, rows, ask)


def _without_rows(checks: Sequence[Check], rows: int, ask: Ask) -> set[str]:
    passed: set[str] = set()
    waiting = list(questions(checks, rows))
    while waiting:
        asked = waiting.pop()
        failing = ask(asked)
        if failing is not None:
            passed |= {check.name for place, check in enumerate(asked) if place not in failing}
        elif len(asked) > 1:
            # One of them breaks the question for all.
            half = len(asked) // 2
            waiting += [asked[:half], asked[half:]]
    return passed


def questions(checks: Sequence[Check], rows: int) -> Iterator[tuple[Check, ...]]:
    """Sort the queries that may be put together into questions on a table of so many rows.

    Great Expectations gives the table a name of its own where a text has no JOIN, so queries with
    one and queries without are put apart.
    """
    most = min(MOST, max(1, ROWS // max(rows, 1)))
    kinds: dict[str, list[Check]] = {"join": [], "plain": []}
    for check in checks:
        if kind := _kind(_text(check)):
            kinds[kind].append(check)
    for alike in kinds.values():
        for start in range(0, len(alike), most):
            yield tuple(alike[start : start + most])


def together(checks: Sequence[Check]) -> str:
    """Give the query whose rows are the numbers of the checks that fail.

    The hash has each row computed whole, as it is where the check is put on its own: a mere count
    would leave out a column on which the query breaks. There is no hash only where there is no row.
    """
    parts = (
        f"SELECT {number} AS failing, max(hash(whole_row)) AS seen FROM (\n{text}\n) AS whole_row"
        for number, text in enumerate(map(_text, checks))
    )
    return f"SELECT failing FROM ({' UNION ALL '.join(parts)}) AS answers WHERE seen IS NOT NULL"


def _any_of(checks: Sequence[Check]) -> Check:
    """Give the check that no row meets any of these checks' conditions."""
    condition = " OR ".join(f"({check.condition})" for check in checks)
    sql = f"SELECT 1 AS f FROM {{batch}} WHERE {condition}"
    return replace(checks[0], name=ALL_AT_ONCE, kwargs={QUERY: sql}, condition="")


def _text(check: Check) -> str:
    return (check.quick or str(check.kwargs[QUERY])).rstrip("; \t\r\n\v\f")


def _kind(text: str) -> str:
    """Give join or plain; empty where the query is not sure to stay within brackets."""
    bare = QUOTED.sub(" ", text)
    if OPAQUE.search(bare) or "\\'" in text or not _closed(bare):
        return ""
    # A JOIN in a text is none, but only Great Expectations knows what it takes it for.
    joins = {bool(JOIN.search(seen)) for seen in (text, bare, BRACKETED.sub(" ", bare))}
    if len(joins) > 1:
        return ""
    return "join" if joins.pop() else "plain"


def _closed(text: str) -> bool:
    """Whether every bracket is closed, and none that was not opened."""
    depth = 0
    for bracket in re.findall(r"[()]", text):
        depth += 1 if bracket == "(" else -1
        if depth < 0:
            return False
    return depth == 0
