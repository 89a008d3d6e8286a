"""Rows that are wrong by themselves are set aside with the reason; rows in = rows out + set aside.

Which rows those are, a source says in `source.yml` (`staged.rejects`), with the most that may be
set aside. Whatever is wrong of a file, a column or an edition is refused as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from flows.sources.contract import Edition, Reject, SourceError, StagedTable

RULE = "rule"
"""The column that names a row's rule, beside those of the staged table."""


@dataclass(frozen=True)
class Parts:
    """An edition's rows: those staged, and those set aside."""

    rows: pl.DataFrame
    rejected: pl.DataFrame
    """The staged columns, and `rule`."""
    rows_in: int
    """Rows that the reader gave, counted before any was set aside."""


def whole(frame: pl.DataFrame) -> Parts:
    """Rows of which none is set aside yet."""
    rejected = frame.clear().with_columns(pl.lit(None, pl.String).alias(RULE))
    return Parts(frame, rejected, frame.height)


def by_condition(where: str, parts: Parts, staged: StagedTable, edition: Edition) -> Parts:
    """Set aside the rows that break a rule with a condition.

    Raises:
        SourceError: a rule is no condition over the staged columns, or too much breaks one.

    """
    for rule in staged.rejects:
        if condition := condition_of(rule, edition):
            try:
                bad = parts.rows.select(pl.sql_expr(condition).fill_null(value=False)).to_series()
                hit, kept = parts.rows.filter(bad), replace(parts, rows=parts.rows.filter(~bad))
            except pl.exceptions.PolarsError as error:
                raise SourceError(f"{where}: rule {rule.name}: {condition}: {error}") from error
            parts = set_aside(where, kept, rule, hit)
    return parts


def condition_of(rule: Reject, edition: Edition) -> str:
    """Give a rule's condition for an edition; empty where it has none, or not for this one."""
    if "_year}" not in rule.where:
        return rule.where
    if edition.years is None:
        return ""
    first, last = edition.years
    return rule.where.format(first_year=first, last_year=last)


def set_aside(where: str, kept: Parts, rule: Reject, hit: pl.DataFrame, says: str = "") -> Parts:
    """Put rows that are kept no more among those set aside.

    Raises:
        SourceError: they are more than the rule allows; the message has the share, the ceiling and
            the first row.

    """
    if not hit.height:
        return kept
    share = share_of(rule.of, hit, [hit, kept.rows, kept.rejected])
    if share > rule.most_share:
        raise SourceError(
            f"{where}: {says or f'{rule.name}: {hit.height} of {kept.rows_in} rows'}, "
            f"{share:.3%} of {rule.of or 'the rows'}, and at most {rule.most_share:.3%} is set "
            f"aside: {rule.why} The first: {hit.row(0, named=True)}"
        )
    named = hit.with_columns(pl.lit(rule.name).alias(RULE))
    return replace(kept, rejected=pl.concat([kept.rejected, named]))


def share_of(column: str, hit: pl.DataFrame, every: Sequence[pl.DataFrame]) -> float:
    """Part that some rows have of a column's sum, of all rows where none is named.

    Where the sum is nothing, all of it: nothing can be told by it.
    """
    if not column:
        return hit.height / sum(frame.height for frame in every)
    total = sum(amount(frame, column) for frame in every)
    return amount(hit, column) / total if total else 1.0


def amount(frame: pl.DataFrame, column: str) -> float:
    """Sum of a column, whatever its signs; nulls add nothing."""
    return float(frame[column].cast(pl.Float64).abs().sum())
