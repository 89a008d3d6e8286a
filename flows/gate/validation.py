"""Our verdicts in Great Expectations' own shape, so that its tools can read them.

One `ExpectationSuiteValidationResult` a table. Its own results would not do: conditions on single
rows are put to it together, it knows no warning that passes, and it calls an empty table sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

from flows.gate.contract import QUERY, Verdict

DATASOURCE = "orewatch"


def validation_results(
    verdicts: Sequence[Verdict], *, run: str, now: datetime
) -> list[dict[str, Any]]:
    """Give one document a suite, sorted by table; the same arguments give the same documents.

    A result is a success where the check passed, and only there. What did not apply was not
    evaluated: Great Expectations has no word for it, so it is named in the document's `meta`.
    """
    return [
        _suite([v for v in verdicts if v.check.table == table], table, run=run, now=now)
        for table in sorted({v.check.table for v in verdicts})
    ]


def _suite(verdicts: Sequence[Verdict], table: str, *, run: str, now: datetime) -> dict[str, Any]:
    ordered = sorted(verdicts, key=lambda v: v.check.name)
    results = [_result(v) for v in ordered if v.outcome != "not_applicable"]
    good = sum(result["success"] for result in results)
    schema, _, name = table.partition(".")
    when = now.isoformat(timespec="seconds")
    return {
        "success": good == len(results) > 0,
        "suite_name": table,
        "results": results,
        "suite_parameters": {},
        "statistics": {
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": 100 * good / len(results) if results else None,
        },
        "meta": {
            "great_expectations_version": version("great-expectations"),
            "expectation_suite_name": table,
            "run_id": {"run_name": run, "run_time": when},
            "validation_time": when,
            "active_batch_definition": {
                "datasource_name": DATASOURCE,
                "data_connector_name": "fluent",
                "data_asset_name": table,
                "batch_identifiers": {},
            },
            "batch_spec": {"table_name": name, "schema_name": schema},
            "not_applicable": {
                v.check.name: v.message for v in ordered if v.outcome == "not_applicable"
            },
        },
        "id": None,
    }


def _result(verdict: Verdict) -> dict[str, Any]:
    check = verdict.check
    broke = verdict.outcome == "error"
    return {
        "success": verdict.outcome == "pass",
        "expectation_config": {
            "type": check.type,
            "kwargs": dict(check.kwargs),
            "meta": {
                "name": check.name,
                "kind": check.kind,
                "threshold_from": check.threshold_from,
                "sources": list(check.sources),
            },
            "description": check.why,
            "severity": check.severity,
        },
        "result": {} if broke else _seen(verdict),
        "meta": {
            "outcome": verdict.outcome,
            "observed": verdict.observed,
            "message": verdict.message,
        },
        "exception_info": {
            "raised_exception": broke,
            "exception_message": verdict.message if broke else None,
            # Its page of results wants text here where anything was raised.
            "exception_traceback": verdict.message if broke else None,
        },
    }


def _seen(verdict: Verdict) -> dict[str, Any]:
    """What Great Expectations says of a query, of values of a column, or of the table itself."""
    rows = [dict(row) for row in verdict.rows]
    if QUERY in verdict.check.kwargs:
        seen: dict[str, Any] = {"observed_value": verdict.unexpected_count}
        return seen | ({"details": {"unexpected_rows": rows}} if rows else {})
    if verdict.unexpected_count is None:
        return {"observed_value": verdict.observed}
    column = str(verdict.check.kwargs.get("column"))
    values: list[object] = [row.get(column, row.get("value")) for row in rows]
    seen = {"unexpected_count": verdict.unexpected_count, "partial_unexpected_list": values}
    return seen | _index(rows)


def _index(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"partial_unexpected_index_list": [dict(row) for row in rows]} if rows else {}
