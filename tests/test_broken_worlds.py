"""Every broken world is stopped by what is committed for it, and every check has a broken world."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
import yaml

from flows import quality
from flows.gate.contract import Check
from tests import world
from tests.broken_worlds import WORLDS, expected, stopped
from tests.check_coverage import COVERAGE, KILLED

EXPECTED = expected()
LATE, WARNED = (
    [name for name, told in EXPECTED.items() if told["stopped_by"] == by]
    for by in ("gate", "nobody")
)
EARLY = [name for name in EXPECTED if name not in {*LATE, *WARNED}]
ROWLESS = {"columns_are_as_declared", "table_has_at_most_one_row"}
"""Checks that a table without rows may pass: they speak of its columns, or of too many rows."""

OPEN: set[str] = set()
"""Checks that still lack a broken world: strike out, never add."""


def test_every_world_is_committed_and_the_other_way_round() -> None:
    assert set(EXPECTED) == set(WORLDS)
    assert all(told["for"] in told["checks"] for told in EXPECTED.values() if "checks" in told)


@pytest.mark.parametrize("name", EARLY)
def test_a_broken_world_stops_before_the_gate(tmp_path: Path, name: str) -> None:
    told = EXPECTED[name]
    seen = stopped(WORLDS[name], tmp_path)
    assert (seen.by, seen.error) == (told["stopped_by"], told["error"])
    assert told["says"] in seen.says


@pytest.mark.slow
@pytest.mark.parametrize("name", LATE)
def test_a_broken_world_is_stopped_by_exactly_these_checks(tmp_path: Path, name: str) -> None:
    seen = stopped(WORLDS[name], tmp_path)
    assert (seen.by, list(seen.checks)) == ("gate", EXPECTED[name]["checks"])
    assert EXPECTED[name]["for"] in seen.shown, "the check shows no row"


@pytest.mark.slow
@pytest.mark.parametrize("name", WARNED)
def test_a_world_that_nobody_stops_is_published_with_this_remark(tmp_path: Path, name: str) -> None:
    seen = stopped(WORLDS[name], tmp_path)
    assert (seen.by, seen.checks) == ("nobody", ())
    assert EXPECTED[name]["warned"] in set(seen.warned) & seen.shown


@pytest.mark.slow
def test_a_sound_world_has_none_of_these_remarks(
    tiny: world.Built, overlapped: world.Built
) -> None:
    remarks = {EXPECTED[name]["warned"] for name in WARNED}
    for made in (tiny, overlapped):
        verdicts = world.gate(made)
        assert quality.blocks(verdicts) == []
        assert {v.check.id for v in verdicts if v.outcome == "warn"} & remarks == set()


def verdicts(made: world.Built, database: Path, table: str) -> list[quality.Verdict]:
    """Put the checks of one table to a file."""
    put = [check for check in made.checks() if check.table == table]
    return quality.run_checks(
        database, put, [t for t in made.tables if t.id == table], made.present
    )


def broken(made: world.Built, folder: Path, *statements: str) -> Path:
    """A copy of the built file after some statements."""
    database = folder / "broken.duckdb"
    shutil.copyfile(made.settings.build, database)
    with duckdb.connect(database) as con:
        for statement in statements:
            con.execute(statement)
    return database


@pytest.mark.parametrize("table", ["mart.trade", "ref.form", "indices.import_share"])
def test_a_table_that_vanished_never_passes(tiny: world.Built, tmp_path: Path, table: str) -> None:
    database = broken(tiny, tmp_path, f"DROP TABLE {table}")
    assert {v.outcome for v in verdicts(tiny, database, table)} <= {"error", "not_applicable"}
    assert quality.blocks(verdicts(tiny, database, table))


@pytest.mark.parametrize("table", ["mart.trade", "ref.form", "indices.import_share"])
def test_a_table_without_rows_never_passes(tiny: world.Built, tmp_path: Path, table: str) -> None:
    database = broken(tiny, tmp_path, f"DELETE FROM {table}")  # noqa: S608 - a table of ours
    seen = {v.check.name: v.outcome for v in verdicts(tiny, database, table)}
    assert seen["table_is_not_empty"] == "fail"
    rest = {outcome for name, outcome in seen.items() if name not in ROWLESS}
    assert rest <= {"fail", "vacuous", "not_applicable"}


@pytest.mark.slow
def test_a_world_without_any_rows_never_passes(tiny: world.Built, tmp_path: Path) -> None:
    tables = [table for table in tiny.tables if table.schema != "view"]
    empty = broken(tiny, tmp_path, *(f"DELETE FROM {table.id}" for table in tables))  # noqa: S608
    found = quality.run_checks(empty, tiny.checks(), tiny.tables, tiny.present)
    passed = {v.check.name for v in found if v.outcome == "pass" and v.check.reads_rows}
    assert passed == set()
    # Those of sources that the tiny world lacks have no rows anyway.
    filled = {t.id for t in tables if not t.may_be_empty and set(t.sources) <= tiny.present}
    silent = filled - {v.check.table for v in quality.blocks(found)}
    assert silent == set(), "tables without rows that nothing blocks"


def test_a_renamed_column_never_passes(tiny: world.Built, tmp_path: Path) -> None:
    database = broken(tiny, tmp_path, "ALTER TABLE mart.trade RENAME value_usd TO value")
    seen = {v.check.name: v.outcome for v in verdicts(tiny, database, "mart.trade")}
    assert seen["columns_are_as_declared"] == "fail"
    reads_it = {c.name for c in tiny.checks() if c.table == "mart.trade" and names(c, "value_usd")}
    assert {seen[name] for name in reads_it} <= {"error", "fail", "not_applicable"}
    assert {"error"} <= {seen[name] for name in reads_it}


def names(check: Check, column: str) -> bool:
    """Whether a check's query reads a column of the table itself."""
    sql = str(check.kwargs.get("unexpected_rows_query", ""))
    return column in sql and check.name != "columns_are_as_declared"


def test_a_check_that_raises_is_an_error(tiny: world.Built, tmp_path: Path) -> None:
    raises = Check(
        table="mart.trade",
        name="it_raises",
        kind="authored",
        type="unexpected_rows_expectation",
        kwargs={"unexpected_rows_query": "SELECT error('boom') FROM {batch}"},
        severity="warning",
        why="Composed.",
    )
    (table,) = [t for t in tiny.tables if t.id == "mart.trade"]
    (verdict,) = quality.run_checks(broken(tiny, tmp_path), [raises], [table], tiny.present)
    assert (verdict.outcome, "boom" in verdict.message) == ("error", True)


def test_every_authored_check_has_a_mutant_that_trips_it(tiny: world.Built) -> None:
    listed = yaml.safe_load(COVERAGE.read_text(encoding="utf-8"))
    authored = [check for check in tiny.checks() if check.kind == "authored"]
    by_world = {check for told in EXPECTED.values() for check in told.get("checks", ())}
    by_world |= {EXPECTED[name]["warned"] for name in WARNED}
    named = {check for check, mutants in listed.items() if mutants} | by_world
    # Of a source that the tiny world lacks, some tables are empty: nothing in them can be broken.
    asked = {check.id for check in authored if set(check.sources) <= tiny.present}
    assert asked - named <= OPEN, "run `python -m tests.check_coverage`, or break a world"
    assert not OPEN & named, "no longer open; strike them out"
    assert set(listed) <= {check.id for check in authored}, "checks that are gone; run it again"


def test_the_share_of_mutants_killed_is_committed() -> None:
    told = json.loads(KILLED.read_text(encoding="utf-8"))
    assert set(told) == {"killed", "all"}
    assert 0 < told["killed"] <= told["all"]
