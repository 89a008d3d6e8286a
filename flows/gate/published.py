"""Verdicts as what leaves the house: the tables `quality.*` and the file quality.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from flows.gate.contract import OUTCOMES, Check, Verdict, blocks, summary
from flows.indices.contract import Column, Table, publish

CHECK_TABLE = Table(
    schema="quality",
    name="check",
    meaning="One row a check: what was asked of a table, why, and what came of it.",
    grain=("table", "check"),
    columns=(
        Column("table", "text", "Table checked, as schema.name"),
        Column("check", "text", "Name of the check; true when it passes"),
        Column("kind", "text", "Whence the check", values=("implied", "authored")),
        Column("type", "text", "Great Expectations type"),
        Column("severity", "text", "Weight", values=("critical", "warning", "info")),
        Column("outcome", "text", "What came of it", values=tuple(OUTCOMES)),
        Column("why", "text", "Why the check exists"),
        Column("threshold_from", "text", "Where its threshold comes from; empty without one"),
        Column("observed", "text", "What was seen, in a few words"),
        Column(
            "unexpected_count",
            "int",
            "Failing rows; null where the check does not count rows",
            nullable=True,
            low=0,
        ),
        Column("sources", "texts", "Sources without which the check does not apply"),
        Column("message", "text", "Why it could not be answered; empty where it could"),
    ),
)

FAILING_ROW_TABLE = Table(
    schema="quality",
    name="failing_row",
    meaning="The first rows that each failed or warned check points at.",
    grain=("table", "check", "ordinal"),
    columns=(
        Column("table", "text", "Table checked, as schema.name"),
        Column("check", "text", "Name of the check"),
        Column("ordinal", "int", "1 for the first row shown", low=1),
        Column("row", "text", "Key columns and value of the row, as JSON"),
    ),
    may_be_empty=True,
)

COVERAGE_TABLE = Table(
    schema="quality",
    name="coverage",
    meaning="Rows by source, edition and year, as staged.",
    grain=("table", "source", "edition", "year"),
    columns=(
        Column("table", "text", "Table counted, as schema.name"),
        Column("source", "text", "Source"),
        Column("edition", "text", "Edition of the source"),
        Column("year", "year", "Year of the figures; null where they have none", nullable=True),
        Column("rows", "int", "Rows", low=0),
    ),
)


def check_frame(verdicts: Sequence[Verdict]) -> pl.DataFrame:
    """Give `quality.check`: one row a verdict, sorted by grain."""
    rows = [
        {
            "table": v.check.table,
            "check": v.check.name,
            "kind": v.check.kind,
            "type": v.check.type,
            "severity": v.check.severity,
            "outcome": v.outcome,
            "why": v.check.why,
            "threshold_from": v.check.threshold_from,
            "observed": v.observed,
            "unexpected_count": v.unexpected_count,
            "sources": list(v.check.sources),
            "message": v.message,
        }
        for v in verdicts
    ]
    return _frame(rows, CHECK_TABLE)


def failing_row_frame(verdicts: Sequence[Verdict]) -> pl.DataFrame:
    """Give `quality.failing_row`: the rows kept with each verdict, sorted by grain."""
    rows = [
        {
            "table": v.check.table,
            "check": v.check.name,
            "ordinal": ordinal,
            "row": json.dumps(row, ensure_ascii=False),
        }
        for v in verdicts
        for ordinal, row in enumerate(v.rows, start=1)
    ]
    return _frame(rows, FAILING_ROW_TABLE)


def quality_json(verdicts: Sequence[Verdict], *, snapshot_id: str, as_of: date) -> dict[str, Any]:
    """Give the content of quality.json: counts, counts by table, and every verdict whole."""
    tables = sorted({v.check.table for v in verdicts})
    return {
        "snapshot": snapshot_id,
        "as_of": as_of.isoformat(),
        "blocked": bool(blocks(verdicts)),
        "counts": summary(verdicts),
        "tables": {
            table: summary(v for v in verdicts if v.check.table == table) for table in tables
        },
        "checks": [
            _whole(v) for v in sorted(verdicts, key=lambda v: (v.check.table, v.check.name))
        ],
    }


def _whole(verdict: Verdict) -> dict[str, Any]:
    check = verdict.check
    return {
        "table": check.table,
        "check": check.name,
        "kind": check.kind,
        "type": check.type,
        "kwargs": dict(check.kwargs),
        "severity": check.severity,
        "outcome": verdict.outcome,
        "why": check.why,
        "threshold_from": check.threshold_from,
        "sources": list(check.sources),
        "observed": verdict.observed,
        "unexpected_count": verdict.unexpected_count,
        "rows": [dict(row) for row in verdict.rows],
        "message": verdict.message,
    }


def verdict_of(one: Mapping[str, Any]) -> Verdict:
    """Read a verdict back as quality.json keeps it.

    Raises:
        KeyError: a part of it is missing.

    """
    check = Check(
        table=one["table"],
        name=one["check"],
        kind=one["kind"],
        type=one["type"],
        kwargs=one["kwargs"],
        severity=one["severity"],
        why=one["why"],
        threshold_from=one["threshold_from"],
        sources=tuple(one["sources"]),
    )
    return Verdict(
        check=check,
        outcome=one["outcome"],
        observed=one["observed"],
        unexpected_count=one["unexpected_count"],
        rows=tuple(one["rows"]),
        message=one["message"],
    )


def _frame(rows: list[dict[str, Any]], table: Table) -> pl.DataFrame:
    return publish(pl.DataFrame(rows, schema=table.polars).lazy(), table)
