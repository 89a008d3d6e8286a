"""The door to Great Expectations: checks in, verdicts out.

Great Expectations answers where the tables lie, as SQL inside DuckDB. Its own `success` is
not enough for a gate: it calls an empty table sound and a warning a failure, and it leaves
out an expectation whose type it does not know. So each answer is classified here, and what
has no answer is an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.gate.authored import authored_checks
from flows.gate.batched import Passed, passing, together
from flows.gate.contract import (
    BLOCKING,
    OUTCOMES,
    QUERY,
    Check,
    Outcome,
    SuiteError,
    Verdict,
    blocks,
    summary,
)
from flows.gate.implied import implied_checks
from flows.gate.judgement import (
    SHOWN,
    Reply,
    caught,
    classify,
    failing_rows,
    first_line,
    first_rows,
    unseen,
)
from flows.gate.published import (
    CHECK_TABLE,
    COVERAGE_TABLE,
    FAILING_ROW_TABLE,
    check_frame,
    failing_row_frame,
    quality_json,
)
from flows.indices.contract import Table

if TYPE_CHECKING:
    from great_expectations.core.result_format import ResultFormatUnion
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource

__all__ = [
    "BLOCKING",
    "CHECK_TABLE",
    "COVERAGE_TABLE",
    "FAILING_ROW_TABLE",
    "OUTCOMES",
    "Check",
    "Outcome",
    "SuiteError",
    "Verdict",
    "authored_checks",
    "blocks",
    "check_frame",
    "failing_row_frame",
    "implied_checks",
    "quality_json",
    "run_checks",
    "summary",
    "warm",
]


def warm() -> None:
    """Import Great Expectations, which takes seconds: call it in a thread beside other work."""
    # Read at import. Set even where the user has said otherwise: a gate sends nothing out.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations  # noqa: F401, PLC0415


def run_checks(
    database: Path,
    checks: Sequence[Check],
    tables: Sequence[Table],
    present_sources: set[str],
    *,
    memory_limit: str = "2GiB",
) -> list[Verdict]:
    """Put every check to the database, read-only, and give one verdict each, in their order.

    What does not fit into `memory_limit` goes to disk beside the database, where DuckDB can; no
    connection stays open afterwards; while it runs no other may be open for writing.

    Raises:
        SuiteError: a table has no check, two checks share a name, or one is for no table.
        FileNotFoundError: there is no such database.

    """
    _refuse_gaps(checks, tables)
    if not database.is_file():
        raise FileNotFoundError(f"{database}: no database to check; build it first")
    verdicts: dict[str, Verdict] = {}
    with _opened(database, memory_limit) as source:
        found = _found(source)
        for table in tables:
            own = [check for check in checks if check.table == table.id]
            for verdict in _judge(source, table, found.get(table.id), own, present_sources):
                verdicts[verdict.check.id] = verdict
    return [verdicts[check.id] for check in checks]


def _refuse_gaps(checks: Sequence[Check], tables: Sequence[Table]) -> None:
    """Refuse what would let a table pass unseen."""
    ids = [check.id for check in checks]
    if doubled := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        raise SuiteError(f"checks named twice: {', '.join(doubled)}")
    known, asked = {table.id for table in tables}, {check.table for check in checks}
    if strays := sorted(asked - known):
        raise SuiteError(f"checks of tables not to be published: {', '.join(strays)}")
    if unchecked := sorted(known - asked) or not tables:
        raise SuiteError(f"no check for {unchecked if tables else 'anything'}: nothing to trust")


@contextmanager
def _opened(database: Path, memory_limit: str) -> Iterator[SQLDatasource]:
    """Hand out Great Expectations' view of the file, and let go of the file afterwards."""
    warm()
    import great_expectations as gx  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}  # type: ignore[assignment]
    # `add_sql` is made at run time and typed without `kwargs`.
    add_sql: Callable[..., SQLDatasource] = context.data_sources.add_sql
    source = add_sql(
        name="orewatch",
        connection_string=(
            f"duckdb:///{database}?access_mode=read_only&memory_limit={memory_limit}"
        ),
        # Without these two every check fails with "list index out of range": DuckDB's dialect
        # has no rollback for Great Expectations to call.
        kwargs={"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True},
    )
    try:
        yield source
    finally:
        # Two engines: the one that checks, and the one that looked whether tables are there.
        engine = source.get_execution_engine()
        engine.close()
        engine.engine.dispose()
        source.get_engine().dispose()


def _ask(source: SQLDatasource, sql: str) -> list[tuple[Any, ...]]:
    with source.get_execution_engine().engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql).fetchall()]


def _found(source: SQLDatasource) -> dict[str, list[str]]:
    """Columns of every table and view that is there, by `schema.name`."""
    found: dict[str, list[str]] = {}
    sql = "SELECT table_schema, table_name, column_name FROM information_schema.columns"
    for schema, table, column in _ask(source, sql):
        found.setdefault(f"{schema}.{table}", []).append(column)
    return found


def _judge(
    source: SQLDatasource,
    table: Table,
    columns: list[str] | None,
    checks: Sequence[Check],
    present_sources: set[str],
) -> list[Verdict]:
    """Give a verdict on every check of one table, whatever breaks."""
    verdicts, live = [], []
    for check in checks:
        if absent := [name for name in check.sources if name not in present_sources]:
            message = f"needs the source {', '.join(absent)}, which is absent"
            verdicts.append(Verdict(check, "not_applicable", message=message))
        else:
            live.append(check)
    if columns is None:
        message = f"{table.id} is not in the database"
        return verdicts + [Verdict(check, "error", message=message) for check in live]
    try:
        return verdicts + _judge_rows(source, table, columns, live)
    except Exception as error:  # noqa: BLE001 - whatever broke, the gate must say so and block
        message = first_line(error)
        return verdicts + [Verdict(check, "error", message=message) for check in live]


def _judge_rows(
    source: SQLDatasource, table: Table, columns: list[str], checks: Sequence[Check]
) -> list[Verdict]:
    rows = _ask(source, f'SELECT count(*) FROM "{table.schema}"."{table.name}"')[0][0]  # noqa: S608
    blind = [] if rows else [unseen(check, table) for check in checks if check.reads_rows]
    checks = [check for check in checks if rows or not check.reads_rows]
    asset = source.add_table_asset(name=table.id, table_name=table.name, schema_name=table.schema)
    batch = asset.add_batch_definition_whole_table("whole").get_batch()
    passed = passing(checks, rows, partial(_failing, batch))
    replies: dict[str, Reply] = dict.fromkeys(passed, Passed())
    alone = [check for check in checks if check.name not in passed]
    replies |= _put(batch, alone, {"result_format": "BASIC"})
    verdicts = [classify(check, replies.get(check.name), rows) for check in checks]
    failed = [v.check for v in verdicts if v.outcome in {"fail", "warn"}]
    shown = _shown(batch, failed, [name for name in table.grain if name in columns])
    return blind + [replace(v, rows=shown.get(v.check.name, ())) for v in verdicts]


def _failing(batch: Batch, checks: Sequence[Check]) -> set[int] | None:
    """Give the places of the checks that fail; None where there is no answer."""
    try:
        question = _question()(unexpected_rows_query=together(checks))
        answer = batch.validate(question, result_format="COMPLETE")
        if caught(answer):
            return None
        return {row["failing"] for row in answer.result["details"]["unexpected_rows"]}
    except Exception:  # noqa: BLE001 - each is put again on its own, and says there what broke
        return None


@cache
def _question() -> Callable[..., Any]:
    """Give an expectation that no row comes of a query, which runs the query once.

    Great Expectations' own runs it for the rows, and again to count them.
    """
    from great_expectations.expectations.core.unexpected_rows_expectation import (  # noqa: PLC0415
        UnexpectedRowsExpectation,
    )

    class ChecksWithoutRows(UnexpectedRowsExpectation):
        metric_dependencies = ("unexpected_rows_query.table",)

        def _validate(
            self,
            metrics: dict[str, Any],
            runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
            execution_engine: object = None,  # noqa: ARG002
        ) -> dict[str, Any]:
            rows = metrics["unexpected_rows_query.table"]
            result = {"observed_value": len(rows), "details": {"unexpected_rows": rows}}
            return {"success": not rows, "result": result}

    return ChecksWithoutRows


def _put(
    batch: Batch, checks: Sequence[Check], result_format: ResultFormatUnion
) -> dict[str, Reply]:
    """Put checks to a table and give the reply to each by its name."""
    from great_expectations import ExpectationSuite  # noqa: PLC0415
    from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415
        ExpectationConfiguration,
    )

    replies: dict[str, Reply] = {}
    expectations = []
    for check in checks:
        configuration = ExpectationConfiguration(
            type=check.type, kwargs=dict(check.kwargs), meta={"name": check.name}
        )
        try:
            expectations.append(configuration.to_domain_obj())
        except Exception as error:  # noqa: BLE001 - any refusal is this check's own error
            replies[check.name] = error
    # One suite each: in a suite of several, each query is run once for every expectation there is.
    for expectation in expectations:
        suite = ExpectationSuite(name="checks", expectations=[expectation])
        for answer in batch.validate(suite, result_format=result_format).results:
            if answer.expectation_config and answer.expectation_config.meta:
                replies[answer.expectation_config.meta["name"]] = answer
    return replies


def _shown(
    batch: Batch, checks: Sequence[Check], keys: list[str]
) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """Ask once more, only for what failed: key columns and value of the first rows."""
    queries = [first_rows(check) for check in checks if QUERY in check.kwargs]
    others = [check for check in checks if QUERY not in check.kwargs]
    replies = _put(batch, queries, {"result_format": "COMPLETE"})
    # Not COMPLETE here: it would fetch every failing value, millions where a column is lost.
    replies |= _put(
        batch,
        others,
        {
            "result_format": "SUMMARY",
            "unexpected_index_column_names": keys,
            "partial_unexpected_count": SHOWN,
        },
    )
    return {name: failing_rows(reply) for name, reply in replies.items()}
