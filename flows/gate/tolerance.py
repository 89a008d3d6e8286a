"""Tolerated exceptions: a failing check that people know of, allowed for a time and for a reason.

`warehouse/facts/check_exceptions.csv` is the ledger. An exception turns a failure into a warning
that says so, for as many rows as it names and until it expires; then the failure stands again. One
that no longer bites, because its check passes or is gone, is a failure of its own: a ledger that
nobody clears hides the next fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from flows.gate.contract import Check, Verdict

LEDGER = "ref.check_exception"


@dataclass(frozen=True)
class Tolerated:
    """One row of the ledger."""

    check: str
    most_rows: int
    reason: str
    owner: str
    since: date
    expires: date


def read_exceptions(ledger: pl.DataFrame) -> list[Tolerated]:
    """Read the rows of `ref.check_exception`."""
    names = ("check", "most_rows", "reason", "owner", "since", "expires")
    return [Tolerated(*row) for row in ledger.select(names).rows()]


def in_force(exceptions: Sequence[Tolerated], as_of: date) -> list[str]:
    """Checks that have an exception on a day."""
    return [one.check for one in exceptions if one.since <= as_of <= one.expires]


def tolerated(
    verdicts: Sequence[Verdict], exceptions: Sequence[Tolerated], as_of: date
) -> list[Verdict]:
    """Apply the ledger on a day: failures that it covers become warnings, idle rows failures."""
    by_check = {one.check: one for one in exceptions}
    judged = [judge(verdict, by_check.get(verdict.check.id), as_of) for verdict in verdicts]
    failing = {v.check.id for v in verdicts if v.outcome == "fail"}
    idle = [one for one in exceptions if one.check not in failing]
    return [*judged, *(bites_not(one) for one in idle)]


def judge(verdict: Verdict, exception: Tolerated | None, as_of: date) -> Verdict:
    """Judge one verdict: an error or a vacuous check is never tolerated."""
    if exception is None or verdict.outcome != "fail":
        return verdict
    if not in_force([exception], as_of):
        says = f"the exception for it ran from {exception.since} to {exception.expires}"
        return replace(verdict, message=says)
    count = verdict.unexpected_count
    if count is None or count > exception.most_rows:
        says = f"the exception for it covers {exception.most_rows:,} rows, not {count or 'these'}"
        return replace(verdict, message=says)
    says = f"tolerated until {exception.expires}: {exception.reason} ({exception.owner})"
    return replace(verdict, outcome="warn", message=says)


def bites_not(exception: Tolerated) -> Verdict:
    """Say that a row of the ledger is idle, which blocks until it is removed."""
    check = Check(
        table=LEDGER,
        name=f"{exception.check.replace('.', '_')}_still_fails",
        kind="authored",
        type="ledger",
        kwargs={},
        severity="critical",
        why="An exception that no longer bites hides the next fault of its check.",
        reads_rows=False,
    )
    message = (
        f"{exception.check} does not fail any more, or is not asked; "
        "remove its row from warehouse/facts/check_exceptions.csv"
    )
    return Verdict(check, "fail", "0 failing rows", message=message)
