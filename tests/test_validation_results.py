"""Our verdicts in Great Expectations' shape: its own schema and its own pages take them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationSuiteValidationResultSchema,
)
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from flows.gate.contract import Check, Severity, Verdict
from flows.gate.validation import validation_results
from flows.indices.contract import Column, Table
from flows.quality import run_checks

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
QUERY = "unexpected_rows_expectation"


def check(
    name: str,
    type_: str = QUERY,
    *,
    table: str = "mart.trade",
    severity: Severity = "critical",
    sources: tuple[str, ...] = (),
    **kwargs: object,
) -> Check:
    given = kwargs or {"unexpected_rows_query": "SELECT * FROM {batch} WHERE year < 1995"}
    why = f"Why of {name}."
    return Check(table, name, "authored", type_, given, severity, why, "A paper", sources)


VERDICTS = [
    Verdict(check("a_pass"), "pass", "none in 9 rows", 0),
    Verdict(check("b_fail"), "fail", "2 failing in 9 rows", 2, ({"year": 1990, "iso3": None},)),
    Verdict(check("c_warn", severity="warning"), "warn", "1 failing in 9 rows", 1, ({"n": 1.5},)),
    Verdict(check("d_error"), "error", message="no such column"),
    Verdict(check("e_vacuous"), "vacuous", "0 rows", message="no rows"),
    Verdict(check("f_silent", sources=("comtrade",)), "not_applicable", message="absent"),
    Verdict(check("a_pass", table="mart.claim"), "pass", "none in 1 rows", 0),
    Verdict(
        check("null", "expect_column_values_to_not_be_null", column="iso3"),
        "fail",
        "1 failing in 9 rows",
        1,
        ({"iso3": None, "year": 2024},),
    ),
    Verdict(check("many", "expect_table_row_count_to_be_between", min_value=10), "fail", "9"),
]


@pytest.fixture(scope="module")
def loaded() -> dict[str, ExpectationSuiteValidationResult]:
    """The documents as they come back from a file, by suite."""
    text = json.dumps(validation_results(VERDICTS, run="20261120T093000Z-c0ffee00", now=NOW))
    suites = ExpectationSuiteValidationResultSchema(many=True).loads(text)
    return {suite.suite_name: suite for suite in suites}


def test_a_suite_a_table_in_the_order_of_names(
    loaded: dict[str, ExpectationSuiteValidationResult],
) -> None:
    assert list(loaded) == ["mart.claim", "mart.trade"]
    names = [one.expectation_config.meta["name"] for one in loaded["mart.trade"].results]
    assert names == ["a_pass", "b_fail", "c_warn", "d_error", "e_vacuous", "many", "null"]


def test_only_what_passed_is_a_success(loaded: dict[str, ExpectationSuiteValidationResult]) -> None:
    trade = loaded["mart.trade"]
    good = {one.meta["outcome"]: one.success for one in trade.results}
    assert good == {"pass": True} | dict.fromkeys(("fail", "warn", "error", "vacuous"), False)
    assert trade.statistics == {
        "evaluated_expectations": 7,
        "successful_expectations": 1,
        "unsuccessful_expectations": 6,
        "success_percent": 100 / 7,
    }
    assert (trade.success, loaded["mart.claim"].success) == (False, True)
    assert str(trade.get_max_severity_failure()) == "FailureSeverity.CRITICAL"
    failed = trade.get_failed_validation_results()
    assert failed.statistics["evaluated_expectations"] == 6


def test_what_did_not_apply_is_named_and_is_no_success() -> None:
    silent = [verdict for verdict in VERDICTS if verdict.outcome == "not_applicable"]
    (suite,) = validation_results(silent, run="run", now=NOW)
    assert suite["meta"]["not_applicable"] == {"f_silent": "absent"}
    assert (suite["success"], suite["results"]) == (False, [])
    assert suite["statistics"]["success_percent"] is None


def test_rows_and_errors_are_where_its_tools_look(
    loaded: dict[str, ExpectationSuiteValidationResult],
) -> None:
    by_name = {one.expectation_config.meta["name"]: one for one in loaded["mart.trade"].results}
    assert by_name["b_fail"].result["details"]["unexpected_rows"] == [{"year": 1990, "iso3": None}]
    assert by_name["null"].result["partial_unexpected_index_list"] == [{"iso3": None, "year": 2024}]
    assert by_name["null"].result["partial_unexpected_list"] == [None]
    assert by_name["many"].result == {"observed_value": "9"}
    assert by_name["d_error"].exception_info["raised_exception"]
    assert by_name["d_error"].exception_info["exception_message"] == "no such column"
    assert by_name["c_warn"].expectation_config.severity == "warning"
    assert by_name["c_warn"].expectation_config.description == "Why of c_warn."


def test_its_own_pages_show_them(loaded: dict[str, ExpectationSuiteValidationResult]) -> None:
    for suite in loaded.values():
        html = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(suite))
        assert suite.suite_name in html


def test_they_come_back_as_they_were_written(
    loaded: dict[str, ExpectationSuiteValidationResult],
) -> None:
    written = validation_results(VERDICTS, run="20261120T093000Z-c0ffee00", now=NOW)
    for document in written:
        back = loaded[document["suite_name"]].to_json_dict()
        assert {key: back[key] for key in document} == document


def test_verdicts_of_a_real_run_are_taken_too(tmp_path: Path) -> None:
    path = tmp_path / "build.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(
            "CREATE SCHEMA mart; CREATE TABLE mart.trade AS SELECT 1990::INTEGER AS year, DATE "
            "'2026-01-02' AS day UNION ALL SELECT 2000, NULL"
        )
    table = Table("mart", "trade", "Trade", ("year",), (Column("year", "year", "Year"),))
    checks = [check("since_1995"), check("broken", unexpected_rows_query="SELECT x FROM {batch}")]
    verdicts = run_checks(path, checks, [table], set())
    (suite,) = ExpectationSuiteValidationResultSchema(many=True).loads(
        json.dumps(validation_results(verdicts, run="run", now=NOW))
    )
    broken, since = suite.results
    assert broken.exception_info["raised_exception"]
    assert since.result["observed_value"] == 1
    assert since.result["details"]["unexpected_rows"] == [{"year": 1990, "day": "2026-01-02"}]
