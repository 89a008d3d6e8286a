"""A check, its verdict, and which verdicts block a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal["implied", "authored"]
Severity = Literal["critical", "warning", "info"]
Outcome = Literal["fail", "error", "vacuous", "warn", "not_applicable", "pass"]

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""Every outcome, the worst first: the order in which people are shown them."""

BLOCKING: frozenset[Outcome] = frozenset({"fail", "error", "vacuous"})
"""Outcomes that stop a snapshot from being published."""

QUERY = "unexpected_rows_query"
"""The argument that holds a check's own SQL; each row it gives is a failing row."""

ROWLESS_TYPES = frozenset(
    {
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
        "expect_table_columns_to_match_set",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_column_count_to_equal",
        "expect_table_column_count_to_be_between",
    }
)
"""Expectations about the table itself, which say something on a table without rows too."""


class SuiteError(Exception):
    """The checks themselves are wrong: a suite file, a doubled name, a table left unchecked."""


@dataclass(frozen=True)
class Check:
    """One question to one table, in Great Expectations' words, with its reason."""

    table: str
    """`schema.name`."""
    name: str
    """A sentence in snake_case that is true when the check passes; unique within the table."""
    kind: Kind
    type: str
    """The Great Expectations type."""
    kwargs: Mapping[str, Any] = field(hash=False)
    severity: Severity
    why: str
    threshold_from: str = ""
    sources: tuple[str, ...] = ()
    """Sources without which the check does not apply."""
    reads_rows: bool = True
    """False where the answer means something on a table without rows."""
    condition: str = ""
    """Where a row fails by its own columns alone: the SQL condition under which it does."""
    quick: str = ""
    """A cheaper query, where there is one, that gives a row wherever the check's own does."""

    @property
    def id(self) -> str:
        """The check's name within the whole warehouse."""
        return f"{self.table}.{self.name}"


@dataclass(frozen=True)
class Verdict:
    """What came of one check."""

    check: Check
    outcome: Outcome
    observed: str = ""
    """What was seen, in a few words."""
    unexpected_count: int | None = None
    rows: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    """The first failing rows: key columns and value, fit for JSON."""
    message: str = ""
    """Why the check could not be answered, where it could not."""


def blocks(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Give the verdicts that stop publication, in the order given."""
    return [verdict for verdict in verdicts if verdict.outcome in BLOCKING]


def summary(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Count verdicts by outcome, the worst first, outcomes that did not occur included."""
    outcomes = [verdict.outcome for verdict in verdicts]
    return {outcome: outcomes.count(outcome) for outcome in OUTCOMES}
