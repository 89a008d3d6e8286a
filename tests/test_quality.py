"""The gate, over tiny composed databases: what is broken is never called passed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import polars as pl
import pytest

from flows.gate.batched import passing, questions
from flows.gate.contract import Severity
from flows.indices.contract import Column, Table
from flows.quality import (
    CHECK_TABLE,
    COVERAGE_TABLE,
    FAILING_ROW_TABLE,
    OUTCOMES,
    Check,
    SuiteError,
    Verdict,
    authored_checks,
    blocks,
    check_frame,
    failing_row_frame,
    implied_checks,
    quality_json,
    run_checks,
    summary,
)

COUNTRY = Table("ref", "country", "Countries", ("iso3",), (Column("iso3", "text", "Country"),))
SHARE = Table(
    schema="mart",
    name="share",
    meaning="Composed shares",
    grain=("importer_iso3", "year"),
    columns=(
        Column("importer_iso3", "text", "Importing country", key="ref.country.iso3"),
        Column("year", "year", "Year", low=1995),
        Column("import_share", "float", "Share of imports", nullable=True, low=0, high=1),
        Column("basis", "text", "Basis", values=("value", "it's: {mass}")),
        Column("partners", "texts", "Partners", key="ref.country.iso3"),
        Column("flags", "texts", "Flags", values=("tie", "odd")),
    ),
    sources=("baci",),
)
TABLES = (COUNTRY, SHARE)
BUILD = """
    CREATE SCHEMA ref; CREATE SCHEMA mart;
    CREATE TABLE ref.country (iso3 VARCHAR);
    INSERT INTO ref.country VALUES ('JPN'), ('CHN'), ('KOR');
    CREATE TABLE mart.share (importer_iso3 VARCHAR, year INTEGER, import_share DOUBLE,
        basis VARCHAR, partners VARCHAR[], flags VARCHAR[]);
    INSERT INTO mart.share VALUES
        ('JPN', 2023, 0.5, 'value', ['CHN'], []),
        ('JPN', 2024, NULL, 'it''s: {mass}', ['CHN', 'KOR'], ['tie']),
        ('KOR', 2024, 1.0, 'value', [], ['tie', 'odd']);
"""


def built(folder: Path, *statements: str) -> Path:
    """Build a sound database, then break it."""
    path = folder / "a build.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(BUILD)
        for statement in statements:
            connection.execute(statement)
    return path


def implied() -> list[Check]:
    return [check for table in TABLES for check in implied_checks(table)]


def authored(
    type_: str,
    kwargs: Mapping[str, Any],
    *,
    severity: Severity = "critical",
) -> Check:
    return Check(
        table="mart.share",
        name="it_holds",
        kind="authored",
        type=type_,
        kwargs=kwargs,
        severity=severity,
        why="Composed.",
    )


def verdict_on(database: Path, check: Check, tables: tuple[Table, ...] = (SHARE,)) -> Verdict:
    (verdict,) = run_checks(database, [check], tables, {"baci"})
    return verdict


def query(sql: str, severity: Severity = "critical") -> Check:
    return authored(
        "unexpected_rows_expectation", {"unexpected_rows_query": sql}, severity=severity
    )


def test_a_sound_database_passes_every_implied_check(tmp_path: Path) -> None:
    verdicts = run_checks(built(tmp_path), implied(), TABLES, {"baci"})
    assert [v for v in verdicts if v.outcome != "pass"] == []
    assert {v.check.name for v in verdicts if v.check.table == "mart.share"} == {
        "columns_are_as_declared",
        "table_is_not_empty",
        "grain_is_unique",
        "importer_iso3_is_not_null",
        "importer_iso3_is_known",
        "year_is_not_null",
        "year_at_least_1995",
        "import_share_within_0_and_1",
        "import_share_is_finite",
        "basis_is_not_null",
        "basis_is_listed",
        "partners_is_not_null",
        "partners_is_known",
        "flags_is_not_null",
        "flags_is_listed",
    }


KEY_2023 = {"importer_iso3": "JPN", "year": 2023}
MUTANTS: dict[str, tuple[str, str, Mapping[str, Any] | None]] = {
    "null key": (
        "UPDATE mart.share SET importer_iso3 = NULL WHERE year = 2023",
        "importer_iso3_is_not_null",
        {"importer_iso3": None, "year": 2023},
    ),
    "doubled row": (
        "INSERT INTO mart.share SELECT * FROM mart.share WHERE year = 2023",
        "grain_is_unique",
        KEY_2023 | {"times": 2},
    ),
    "share above 1": (
        "UPDATE mart.share SET import_share = 1.5 WHERE year = 2023",
        "import_share_within_0_and_1",
        KEY_2023 | {"import_share": 1.5},
    ),
    "share below 0": (
        "UPDATE mart.share SET import_share = -1e-9 WHERE year = 2023",
        "import_share_within_0_and_1",
        KEY_2023 | {"import_share": -1e-9},
    ),
    "year too early": (
        "UPDATE mart.share SET year = 202 WHERE year = 2023",
        "year_at_least_1995",
        {"importer_iso3": "JPN", "year": 202},
    ),
    "not a number": (
        "UPDATE mart.share SET import_share = 'nan' WHERE year = 2023",
        "import_share_is_finite",
        KEY_2023 | {"import_share": "nan"},
    ),
    "unknown key": (
        "DELETE FROM ref.country WHERE iso3 = 'JPN'",
        "importer_iso3_is_known",
        KEY_2023 | {"importer_iso3": "JPN"},
    ),
    "unknown key in a list": (
        "DELETE FROM ref.country WHERE iso3 = 'CHN'",
        "partners_is_known",
        KEY_2023 | {"element": "CHN"},
    ),
    "null in a list": (
        "UPDATE mart.share SET partners = [NULL] WHERE year = 2023",
        "partners_is_known",
        KEY_2023 | {"element": None},
    ),
    "unlisted word": (
        "UPDATE mart.share SET basis = 'mass' WHERE year = 2023",
        "basis_is_listed",
        KEY_2023 | {"basis": "mass"},
    ),
    "unlisted word in a list": (
        "UPDATE mart.share SET flags = ['tie', 'new'] WHERE year = 2023",
        "flags_is_listed",
        KEY_2023 | {"element": "new"},
    ),
    "column lost": (
        "ALTER TABLE mart.share DROP COLUMN flags",
        "columns_are_as_declared",
        {"column_name": "flags", "declared": "VARCHAR[]", "found": None},
    ),
    "column added": (
        "ALTER TABLE mart.share ADD COLUMN extra INTEGER",
        "columns_are_as_declared",
        {"column_name": "extra", "declared": None, "found": "INTEGER"},
    ),
    "column re-typed": (
        "ALTER TABLE mart.share ALTER year TYPE BIGINT",
        "columns_are_as_declared",
        {"column_name": "year", "declared": "INTEGER", "found": "BIGINT"},
    ),
    "no rows": ("DELETE FROM mart.share", "table_is_not_empty", None),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_stopped_by_the_check_for_it_with_the_row(tmp_path: Path, mutant: str) -> None:
    statement, name, row = MUTANTS[mutant]
    verdicts = run_checks(built(tmp_path, statement), implied(), TABLES, {"baci"})
    (verdict,) = [v for v in verdicts if v.check.id == f"mart.share.{name}"]
    assert verdict.outcome == "fail"
    assert verdict in blocks(verdicts)
    if row is not None:
        assert row in verdict.rows
        assert verdict.unexpected_count == len(verdict.rows)


def test_a_lost_column_is_an_error_in_each_check_that_reads_it(tmp_path: Path) -> None:
    database = built(tmp_path, "ALTER TABLE mart.share RENAME COLUMN basis TO base")
    verdicts = {v.check.name: v for v in run_checks(database, implied(), TABLES, {"baci"})}
    assert verdicts["basis_is_listed"].outcome == "error"
    assert "basis" in verdicts["basis_is_listed"].message
    assert verdicts["basis_is_not_null"].outcome == "error"
    assert verdicts["year_at_least_1995"].outcome == "pass"


def test_a_missing_table_is_an_error_in_every_check_of_it_and_of_its_keys(tmp_path: Path) -> None:
    verdicts = run_checks(built(tmp_path, "DROP TABLE ref.country"), implied(), TABLES, {"baci"})
    outcomes = {v.check.id: v.outcome for v in verdicts}
    assert {o for id_, o in outcomes.items() if id_.startswith("ref.country")} == {"error"}
    assert outcomes["mart.share.importer_iso3_is_known"] == "error"
    assert outcomes["mart.share.partners_is_known"] == "error"


def test_an_empty_table_passes_nothing_about_rows(tmp_path: Path) -> None:
    database = built(tmp_path, "DELETE FROM mart.share")
    outcomes = {
        v.check.name: v.outcome
        for v in run_checks(database, implied(), TABLES, {"baci"})
        if v.check.table == "mart.share"
    }
    assert outcomes.pop("columns_are_as_declared") == "pass"
    assert outcomes.pop("table_is_not_empty") == "fail"
    assert set(outcomes.values()) == {"vacuous"}


def test_a_table_that_may_be_empty_has_checks_that_do_not_apply(tmp_path: Path) -> None:
    table = Table("ref", "country", "Countries", ("iso3",), COUNTRY.columns, may_be_empty=True)
    database = built(tmp_path, "DELETE FROM ref.country")
    verdicts = run_checks(database, implied_checks(table), (table,), set())
    outcomes = {v.check.name: v.outcome for v in verdicts}
    assert outcomes.pop("columns_are_as_declared") == "pass"
    assert set(outcomes.values()) == {"not_applicable"}
    assert blocks(verdicts) == []


def test_a_check_whose_source_is_absent_does_not_apply(tmp_path: Path) -> None:
    verdicts = run_checks(built(tmp_path, "DROP TABLE mart.share"), implied(), TABLES, {"usgs_mcs"})
    share = [v for v in verdicts if v.check.table == "mart.share"]
    assert {v.outcome for v in share} == {"not_applicable"}
    assert "baci" in share[0].message


@pytest.mark.parametrize(
    ("severity", "outcome"), [("critical", "fail"), ("warning", "warn"), ("info", "warn")]
)
def test_severity_decides_between_fail_and_warn(
    tmp_path: Path, severity: Severity, outcome: str
) -> None:
    check = query("SELECT year FROM {batch} WHERE year = 2024", severity=severity)
    verdict = verdict_on(built(tmp_path), check)
    assert verdict.outcome == outcome
    assert verdict.rows == ({"year": 2024}, {"year": 2024})
    assert verdict.observed == "2 failing in 3 rows"


BROKEN: dict[str, Check] = {
    "column that is not there": authored(
        "expect_column_values_to_not_be_null", {"column": "nowhere"}
    ),
    "query that does not parse": query("SELEKT * FROM {batch}"),
    "query that breaks on a row": query("SELECT * FROM {batch} WHERE basis::INTEGER > 0"),
    "type that does not exist": authored("expect_the_best", {"column": "year"}),
    "argument that does not exist": authored(
        "expect_column_values_to_be_between", {"column": "year", "min_value": 1, "maximum": 2}
    ),
    "no arguments": authored("expect_column_values_to_be_between", {}),
    "regular expression, which DuckDB's dialect lacks": authored(
        "expect_column_values_to_match_regex", {"column": "basis", "regex": "v"}
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_check_that_breaks_is_an_error_with_a_message(tmp_path: Path, fault: str) -> None:
    verdict = verdict_on(built(tmp_path), BROKEN[fault])
    assert verdict.outcome == "error"
    assert verdict.message


PUT_TOGETHER = {
    "holds": "SELECT year FROM {batch} WHERE year > 2050",
    "holds_by_join": (
        "SELECT s.year FROM {batch} AS s ANTI JOIN ref.country AS c ON c.iso3 = s.importer_iso3"
    ),
    "holds_and_says_join": "SELECT year FROM {batch} WHERE basis = 'a JOIN' OR basis = 'it''s; --'",
    "fails": "SELECT year FROM {batch} WHERE year = 2024",
    "fails_by_join": "SELECT s.year FROM {batch} AS s JOIN ref.country AS c ON s.year = 2023",
    "breaks_on_a_row": "SELECT * FROM {batch} WHERE basis::INTEGER > 0",
    # A count of its rows would not read the column that breaks it.
    "breaks_in_a_column": (
        "SELECT year, max(basis::INTEGER) AS m FROM {batch} GROUP BY year HAVING count(*) > 5"
    ),
    # Great Expectations names the table itself where there is no JOIN: two names are one too many.
    "named_twice": "SELECT b.year FROM {batch} AS b WHERE false",
    # Each half would close the other's bracket.
    "open": "SELECT year FROM (SELECT year FROM {batch} WHERE false",
    "closed": "SELECT year FROM {batch} WHERE false) AS a",
    "ends_in_a_comment": "SELECT year FROM {batch} WHERE year > 2050 -- later",
    "two_statements": "SELECT 1; SELECT year FROM {batch} WHERE false",
    "brace": "SELECT year FROM {batch} WHERE basis = '{mass}'",
}


def test_checks_put_together_are_judged_as_each_on_its_own(tmp_path: Path) -> None:
    database = built(tmp_path)
    checks = [replace(query(sql), name=name) for name, sql in PUT_TOGETHER.items()]
    together = run_checks(database, checks, (SHARE,), {"baci"})
    with patch("flows.quality.passing", return_value=set()):
        alone = run_checks(database, checks, (SHARE,), {"baci"})
    # Of two faults Great Expectations names either first.
    assert [replace(v, message="") for v in together] == [replace(v, message="") for v in alone]
    outcomes = {v.check.name: v.outcome for v in together}
    good = ("holds", "holds_by_join", "holds_and_says_join")
    bad = ("fails", "fails_by_join")
    assert {name: outcomes[name] for name in good} == dict.fromkeys(good, "pass")
    assert {name: outcomes[name] for name in bad} == dict.fromkeys(bad, "fail")
    assert {outcomes[name] for name in PUT_TOGETHER if name not in {*good, *bad}} == {"error"}


def test_only_queries_that_stay_within_brackets_are_put_together_and_joins_apart() -> None:
    checks = [replace(query(sql), name=name) for name, sql in PUT_TOGETHER.items()]
    assert [[check.name for check in asked] for asked in questions(checks, 3)] == [
        ["holds_by_join", "fails_by_join"],
        ["holds", "fails", "breaks_on_a_row", "breaks_in_a_column", "named_twice", "brace"],
    ]


@pytest.mark.parametrize("mutant", ["null key", "doubled row", "not a number", "column lost"])
def test_implied_checks_put_together_are_judged_as_each_on_its_own(
    tmp_path: Path, mutant: str
) -> None:
    database = built(tmp_path, MUTANTS[mutant][0])
    together = run_checks(database, implied(), TABLES, {"baci"})
    with patch("flows.quality.passing", return_value=set()):
        alone = run_checks(database, implied(), TABLES, {"baci"})
    assert together == alone


def test_a_sound_table_is_asked_in_a_few_questions() -> None:
    asked: list[list[str]] = []

    def ask(checks: Sequence[Check]) -> set[int] | None:
        asked.append([check.name for check in checks])
        return set()

    checks = implied_checks(SHARE)
    passed = passing(checks, 3, ask)
    assert {c.name for c in checks} - passed == {"table_is_not_empty"}
    joins = ["columns_are_as_declared", "importer_iso3_is_known", "partners_is_known"]
    assert sorted(map(sorted, asked)) == [
        ["all_at_once", "grain_is_unique"],
        joins,
    ]


def test_a_large_table_is_asked_one_query_at_a_time() -> None:
    asked: list[int] = []

    def ask(checks: Sequence[Check]) -> set[int] | None:
        asked.append(len(checks))
        return set()

    passing(implied_checks(SHARE), 20_000_000, ask)
    assert asked == [1] * 5


def test_of_a_question_that_breaks_the_sound_half_is_kept() -> None:
    def ask(checks: Sequence[Check]) -> set[int] | None:
        return None if any(check.name == "grain_is_unique" for check in checks) else set()

    checks = implied_checks(SHARE)
    missed = {check.name for check in checks} - passing(checks, 3, ask)
    assert missed == {"table_is_not_empty", "grain_is_unique"}


def test_a_condition_that_no_row_meets_is_vacuous(tmp_path: Path) -> None:
    kwargs = {
        "column": "import_share",
        "max_value": 0.1,
        "row_condition": 'col("year") == 1800',
        "condition_parser": "great_expectations",
    }
    check = authored("expect_column_values_to_be_between", kwargs)
    assert verdict_on(built(tmp_path), check).outcome == "vacuous"


def test_a_column_without_a_value_is_not_called_passed(tmp_path: Path) -> None:
    check = authored(
        "expect_column_values_to_be_between", {"column": "import_share", "max_value": 0.1}
    )
    database = built(tmp_path, "UPDATE mart.share SET import_share = NULL")
    assert verdict_on(database, check).outcome == "not_applicable"


def test_great_expectations_own_types_show_their_rows_too(tmp_path: Path) -> None:
    check = authored(
        "expect_column_values_to_be_between", {"column": "import_share", "max_value": 0.7}
    )
    verdict = verdict_on(built(tmp_path), check)
    assert verdict.rows == ({"importer_iso3": "KOR", "year": 2024, "import_share": 1.0},)


def test_rows_shown_are_few_and_the_same_on_every_run(tmp_path: Path) -> None:
    database = built(
        tmp_path,
        "DELETE FROM mart.share",
        "INSERT INTO mart.share SELECT 'JPN', i, 7, 'value', [], [] "
        "FROM range(5000, 2000, -1) t(i)",
    )
    verdict = verdict_on(database, query("SELECT year FROM {batch} WHERE import_share > 1"))
    assert verdict.unexpected_count == 3000
    assert [row["year"] for row in verdict.rows] == list(range(2001, 2021))


def test_the_file_can_be_written_again_by_the_same_process(tmp_path: Path) -> None:
    database = built(tmp_path)
    run_checks(database, implied(), TABLES, {"baci"})
    with duckdb.connect(database) as connection:
        connection.execute("CREATE TABLE mart.later AS SELECT 1 AS one")
    run_checks(database, implied(), TABLES, {"baci"})


def test_a_table_left_unchecked_is_refused(tmp_path: Path) -> None:
    database = built(tmp_path)
    with pytest.raises(SuiteError, match=r"mart\.share"):
        run_checks(database, implied_checks(COUNTRY), TABLES, set())
    with pytest.raises(SuiteError, match="no check for anything"):
        run_checks(database, [], (), set())
    with pytest.raises(SuiteError, match="named twice"):
        run_checks(database, implied() * 2, TABLES, set())
    with pytest.raises(FileNotFoundError, match="build it first"):
        run_checks(tmp_path / "none.duckdb", implied(), TABLES, set())


SUITE = """
name: mart.share
expectations:
  - type: unexpected_rows_expectation
    kwargs:
      unexpected_rows_query: SELECT * FROM {batch} WHERE year > 2030
    severity: warning
    meta: {name: year_is_past, why: Nobody trades in the future., sources: [usgs_mcs]}
"""


def suites(folder: Path, share: str = SUITE) -> Path:
    (folder / "ref.country.yml").write_text("name: ref.country\nexpectations: []\n")
    (folder / "mart.share.yml").write_text(share)
    return folder


def test_a_suite_is_read_and_needs_the_sources_of_its_table_too(tmp_path: Path) -> None:
    (check,) = authored_checks(suites(tmp_path), TABLES)
    assert (check.id, check.kind) == ("mart.share.year_is_past", "authored")
    assert (check.severity, check.sources) == ("warning", ("baci", "usgs_mcs"))
    assert check.reads_rows


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: mart.share", "name: mart.shares", "mart.shares"),
        ("severity: warning", "severity: grave", r"expectation 1 \(year_is_past\): severity"),
        (", why: Nobody trades in the future.", "", r"expectation 1 \(year_is_past\): meta.why"),
        ("Nobody trades in the future.", "' '", r"meta\.why"),
        ("severity: warning", "severity: warning\n    colour: red", "colour"),
        ("sources:", "source:", r"meta\.source"),
        ("{batch}", "mart.share", r"must read the table as \{batch\}"),
        ("year_is_past", "grain_is_unique", "'grain_is_unique' is taken"),
        ("kwargs:", "kwargs:\n      mostly: 0.9", "threshold_from"),
        ("expectations:", "notes: none\nexpectations:", "and only those"),
        ("- type", "- [type", "no YAML"),
        ("severity: warning", "severity: warning\n    severity: info", "'severity' named twice"),
    ],
)
def test_a_faulty_suite_is_refused_by_file_and_entry(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    folder = suites(tmp_path, SUITE.replace(old, new, 1))
    with pytest.raises(SuiteError, match=message) as caught:
        authored_checks(folder, TABLES)
    assert "mart.share.yml" in str(caught.value)


def test_every_table_has_a_suite_and_every_suite_a_table(tmp_path: Path) -> None:
    folder = suites(tmp_path)
    with pytest.raises(SuiteError, match=r"ref\.country\.yml"):
        authored_checks(folder, (SHARE,))
    (folder / "mart.share.yml").unlink()
    with pytest.raises(SuiteError, match=r"mart\.share\.yml"):
        authored_checks(folder, TABLES)


def test_verdicts_become_tables_and_json(tmp_path: Path) -> None:
    database = built(tmp_path, "UPDATE mart.share SET import_share = 'inf' WHERE year = 2023")
    verdicts = run_checks(database, implied(), TABLES, {"baci"})
    assert list(summary(verdicts)) == list(OUTCOMES)
    assert summary(verdicts)["fail"] == 2

    checks, rows = check_frame(verdicts), failing_row_frame(verdicts)
    assert checks.schema == pl.Schema(CHECK_TABLE.polars)
    assert rows.schema == pl.Schema(FAILING_ROW_TABLE.polars)
    assert checks.height == len(verdicts)
    assert [json.loads(row)["import_share"] for row in rows["row"]] == ["inf", "inf"]

    answer = quality_json(verdicts, snapshot_id="s", as_of=date(2026, 11, 1))
    assert answer == json.loads(json.dumps(answer, allow_nan=False))
    assert (answer["blocked"], answer["counts"]["fail"]) == (True, 2)
    assert len(answer["checks"]) == len(verdicts)


def test_a_run_without_failing_rows_gives_an_empty_typed_table() -> None:
    assert failing_row_frame([]).schema == pl.Schema(FAILING_ROW_TABLE.polars)


def test_the_tables_about_quality_can_be_checked_like_any_other(tmp_path: Path) -> None:
    tables = (CHECK_TABLE, FAILING_ROW_TABLE, COVERAGE_TABLE)
    path = tmp_path / "q.duckdb"
    frames = {
        "check": check_frame([Verdict(implied()[0], "pass")]),
        "failing_row": failing_row_frame([]),
        "coverage": pl.DataFrame(
            {"table": ["t"], "source": ["s"], "edition": ["e"], "year": [None], "rows": [1]},
            schema=COVERAGE_TABLE.polars,
        ),
    }
    with duckdb.connect(path) as connection:
        connection.execute("CREATE SCHEMA quality")
        for name, frame in frames.items():
            connection.register("frame", frame)
            connection.execute(f'CREATE TABLE quality."{name}" AS FROM frame')
    checks = [check for table in tables for check in implied_checks(table)]
    assert blocks(run_checks(path, checks, tables, set())) == []
