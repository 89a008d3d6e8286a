"""Great Expectations' answers, judged: its own `success` is not enough for a gate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from typing import Any, Protocol

from flows.gate.contract import QUERY, Check, Outcome, Verdict
from flows.indices.contract import Table

SHOWN = 20
"""Failing rows kept for each check."""


class Answer(Protocol):
    """What Great Expectations says to one check, as far as it is read here."""

    @property
    def success(self) -> bool | None:
        """Its own judgement."""

    @property
    def result(self) -> Mapping[str, Any]:
        """Counts and values, which differ by type."""

    @property
    def exception_info(self) -> Mapping[str, Any]:
        """What it caught: flat, or one entry for each metric that broke."""


Reply = Answer | Exception
"""An answer, or what the check was refused with before it was put."""


def unseen(check: Check, table: Table) -> Verdict:
    """Judge a check that had no rows to look at."""
    if table.may_be_empty:
        return Verdict(check, "not_applicable", "0 rows", message="declared as may be empty")
    return Verdict(check, "vacuous", "0 rows", message="the table has no rows: nothing was checked")


def classify(check: Check, reply: Reply | None, rows: int) -> Verdict:
    """Judge one reply; `rows` is the number of rows of the table."""
    if reply is None:
        # An expectation that it does not know is left out of the answers, without a word.
        return Verdict(check, "error", message="Great Expectations gave no answer")
    if isinstance(reply, Exception):
        return Verdict(check, "error", message=first_line(reply))
    if message := caught(reply):
        return Verdict(check, "error", message=message)
    values = reply.result
    if values.get("element_count") == 0 and rows:
        message = "no row meets its condition: nothing was checked"
        return Verdict(check, "vacuous", "0 rows", message=message)
    if "missing_count" in values and values["missing_count"] == values["element_count"]:
        message = "every value is null: nothing to check"
        return Verdict(check, "not_applicable", f"0 values in {rows:,} rows", message=message)
    count = values["observed_value"] if QUERY in check.kwargs else values.get("unexpected_count")
    outcome: Outcome = "fail" if check.severity == "critical" else "warn"
    if reply.success is True:
        outcome = "pass"
    return Verdict(check, outcome, _observed(values, count, rows), count)


def first_rows(check: Check) -> Check:
    """Make a query give the same few rows on every run."""
    query = str(check.kwargs[QUERY]).rstrip("; \t\r\n")
    first = f"SELECT * FROM (\n{query}\n) AS failing ORDER BY ALL LIMIT {SHOWN}"  # noqa: S608
    return replace(check, kwargs={QUERY: first})


def failing_rows(reply: Reply) -> tuple[Mapping[str, Any], ...]:
    """Give the rows in an answer, fit for JSON; none where it points at no row."""
    if isinstance(reply, Exception) or caught(reply):
        return ()
    values = reply.result
    rows = values.get("details", {}).get("unexpected_rows")
    rows = rows or values.get("partial_unexpected_index_list")
    rows = rows or values.get("partial_unexpected_list") or []
    return tuple(
        {str(key): _plain(value) for key, value in row.items()}
        if isinstance(row, dict)
        else {"value": _plain(row)}
        for row in rows[:SHOWN]
    )


def first_line(error: object) -> str:
    """Give the first line of a message, or the name of an exception without one."""
    lines = str(error).strip().splitlines()
    return lines[0][:500] if lines else type(error).__name__


def caught(answer: Answer) -> str:
    """Give the message of an exception that was caught on the way; empty where none was."""
    info = answer.exception_info
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry["raised_exception"]:
            return first_line(entry["exception_message"] or "raised without a message")
    return ""


def _observed(values: Mapping[str, Any], count: int | None, rows: int) -> str:
    if count is not None:
        return f"{count:,} failing in {rows:,} rows" if count else f"none in {rows:,} rows"
    observed = values.get("observed_value", "")
    return f"{observed:,}" if isinstance(observed, int) else str(observed)


def _plain(value: object) -> object:
    """Give a value that JSON can hold; NaN and infinity become words."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)
