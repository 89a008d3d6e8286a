"""Measures as authored, the days on which they are in force, and a broken world for each check.

Beside the facts stands a list of one's own, composed here. What the facts must hold is the
compilation in the shared material where that is at hand, and the days of their acts by hand.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows import quality, warehouse
from flows.facts import FactError, Facts, read_facts
from flows.gate.contract import QUERY
from flows.indices.contract import Table
from flows.marts import read_models
from flows.settings import CHECKOUT
from flows.sources.contract import Edition, Raw, read_source
from flows.sources.staging import check_keys, stage_unreviewed

FOLDER = CHECKOUT / "warehouse" / "facts"
EVENTS = CHECKOUT / "../shared/data/policy/cn_export_control_events_to_2025.csv"
MARTS = {"measure", "measure_suspension", "measure_in_force", "economy", "claim"}
OURS = {"evidence", "measure_kind", "measure_scope", "measure_code"} | MARTS - {"economy", "claim"}

HEADER = (
    "measure,issuer_iso3,title,kind,effective,expires,target,scope,severity,evidence,"
    "evidence_source,citation,suspended_from,suspended_until,suspension_evidence,material,mineral,"
    "hs_revision,hs6"
)
TAX = "X-1,IDN,Composed,tax,2019-01-01,2021-12-31,EU,all_trade,,read,composed,Composed act"
QUOTA = "X-2,COD,Composed,quota,2022-01-01,,ALL,all_trade,0.9,recalled,composed,Composed act"
OWN = f"""{HEADER}
{TAX},2019-04-01,2019-06-30,read,nickel ore,nickel,H5,260400
{TAX},2019-07-01,2020-02-29,recalled,nickel ore,nickel,H5,260400
{TAX},2021-11-01,2021-12-31,read,nickel ore,nickel,H5,260400
{QUOTA},2023-01-01,,read,metals of one basket,,H5,811292
"""


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(FOLDER)


@pytest.fixture(scope="module")
def con(facts: Facts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[warehouse.Connection]:
    """The marts on measures, over the facts, the article and a composed list."""
    folder = tmp_path_factory.mktemp("measures")
    (folder / "own.csv").write_text(OWN, encoding="utf-8")
    article = read_source("article")
    claims = (article.folder / "bundled" / article.editions[0].bundled[0],)
    one = Edition(id="own", released=None, released_basis="unknown")
    with warehouse.build(folder / "build.duckdb", threads=2, memory_limit="500MB") as opened:
        for table in facts.tables:
            warehouse.write(opened, table, facts.frames[table.id])
        for source, edition, files in (
            (article, article.editions[0], claims),
            (read_source("policy_measures"), one, (folder / "own.csv",)),
        ):
            rows = stage_unreviewed(source, edition, Raw(source.id, edition.id, folder, files))
            check_keys(source.id, rows, source.table, facts.frames)
            warehouse.write(opened, source.table, rows)
        models = [m for m in read_models(CHECKOUT / "sql") if m.table.name in MARTS]
        warehouse.run_models(opened, models)
        yield opened


def rows(con: warehouse.Connection, sql: str) -> list[tuple[object, ...]]:
    return con.execute(sql).fetchall()


def intervals(con: warehouse.Connection, measure: str) -> list[tuple[object, ...]]:
    """Intervals of a measure against its own target, told once."""
    return rows(
        con,
        "SELECT DISTINCT f.in_force_from, f.in_force_to, f.begins_as, f.ends_as, "  # noqa: S608
        "f.from_confirmation, f.to_confirmation FROM mart.measure_in_force AS f "
        "JOIN mart.measure AS m ON m.measure = f.measure AND m.target = f.importer_iso3 "
        f"WHERE f.measure = '{measure}' ORDER BY ALL",
    )


# The facts.


def test_every_code_is_a_form_or_said_not_to_be(facts: Facts) -> None:
    codes = facts.frame("measure_code").filter(pl.col("hs6").is_not_null())
    known = facts.frame("form_code").select("mineral", "hs_revision", "hs6", is_form=True)
    both = codes.join(known, on=["mineral", "hs_revision", "hs6"], how="left")
    told = both.select("tracked", pl.col("is_form").fill_null(value=False))
    assert told["tracked"].to_list() == told["is_form"].to_list()
    assert set(told["tracked"]) == {True, False}


def test_the_lapse_of_2026_11_27_is_unconfirmed(facts: Facts, con: warehouse.Connection) -> None:
    lapse = facts.frame("measure_suspension").filter(measure="CN-2024-46-2").row(0, named=True)
    assert (lapse["suspended_until"], lapse["evidence"]) == ("2026-11-27", "recalled")
    assert rows(
        con,
        "SELECT measure, suspended_from, confirmation FROM mart.measure_suspension "
        "WHERE suspended_until = DATE '2026-11-27'",
    ) == [("CN-2024-46-2", date(2025, 11, 9), "unconfirmed")]
    # In force until the day before the suspension, and again from the day after it.
    assert intervals(con, "CN-2024-46-2") == [
        (
            date(2024, 12, 3),
            date(2025, 11, 8),
            "effective",
            "suspended",
            "confirmed",
            "unconfirmed",
        ),
        (date(2026, 11, 28), None, "resumed", None, "unconfirmed", None),
    ]
    again = rows(
        con,
        "SELECT mineral, importer_iso3, exporter_iso3, kind, severity, confirmation "
        "FROM mart.measure_in_force WHERE in_force_from = DATE '2026-11-28' "
        "AND mineral IS NOT NULL GROUP BY ALL ORDER BY ALL",
    )
    assert again == [
        (mineral, "USA", "CHN", "ban", 1.0, "unconfirmed")
        for mineral in ("antimony", "gallium", "germanium")
    ]


def test_nothing_but_what_was_read_is_confirmed(facts: Facts, con: warehouse.Connection) -> None:
    confirmed = dict(facts.frame("evidence").select("evidence", "confirmed").rows())
    assert confirmed == {"read": True, "inferred": False, "recalled": False}
    assert rows(
        con,
        "SELECT count(*) FROM mart.measure WHERE confirmation = 'confirmed' AND evidence <> 'read' "
        "UNION ALL SELECT count(*) FROM mart.measure_suspension "
        "WHERE confirmation = 'confirmed' AND evidence <> 'read'",
    ) == [(0,), (0,)]


def test_severity_is_in_order(facts: Facts) -> None:
    """Weights of methods 8.2; a halt in fact counts as a ban."""
    kinds = facts.frame("measure_kind").filter(pl.col("severity").is_not_null())
    assert dict(kinds.select("kind", "severity").rows()) == {
        "ban": 1.0, "halt": 1.0, "quota": 0.8, "tax": 0.5, "licence": 0.3,
    }  # fmt: skip


def test_no_address_stands_in_the_facts() -> None:
    for path in sorted(FOLDER.glob("policy_*.csv")):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"\w+://|www\.|\w+\.(?:com|org|net|vip)\b", text) == [], path


def test_the_article_s_measures_are_there(facts: Facts) -> None:
    claims = facts.frame("measure").explode("claims").drop_nulls("claims")
    by_claim = dict(claims.select("claims", "measure").rows())
    named = {
        "C009": "CN-2010-09", "C005": "CN-2026-01", "C027": "JP-2019-07", "C028": "JP-2019-07",
        "C029": "JP-2019-07", "C054": "JP-2025-10", "C060": "G7-2025-10", "C081": "CN-2024-33",
        "C082": "CN-2025-10", "C083": "CN-2023-23", "C084": "CN-2023-23",
    }  # fmt: skip
    assert {claim: by_claim.get(claim) for claim in named} == named
    goods = facts.frame("measure_code").filter(measure="JP-2019-07")
    assert set(goods["mineral"]) == {
        "hydrogen_fluoride",
        "photoresists",
        "fluorinated_polyimide",
    }


def compiled() -> list[dict[str, str]]:
    if not EVENTS.is_file():
        pytest.skip("the compilation of events is not beside the checkout")
    with EVENTS.open(encoding="utf-8", newline="") as file:
        return [e for e in csv.DictReader(file) if e["measure"].startswith(("ban", "licence"))]


def test_the_compilation_is_carried_over_whole(facts: Facts) -> None:
    measures = {row["measure"]: row for row in facts.frame("measure").iter_rows(named=True)}
    suspended = {r["measure"]: r for r in facts.frame("measure_suspension").iter_rows(named=True)}
    for event in compiled():
        one = measures[event["event_id"]]
        assert one["announced"] == event["issued"], event
        assert one["effective"] == event["effective"], event
        assert one["kind"] == event["measure"].split()[0], event
        assert one["target"] == event["target"].split()[0], event
        span = suspended.get(event["event_id"], {})
        assert (span.get("suspended_from") or "") == event["suspended_from"], event
        assert (span.get("suspended_until") or "") == event["suspended_until"], event
        codes = facts.frame("measure_code").filter(measure=event["event_id"])
        if event["hs6"] and not event["hs6"].startswith("as "):
            assert set(codes["hs6"].drop_nulls()) == set(event["hs6"].split(";")), event


def test_what_was_only_recalled_there_is_not_read_here(facts: Facts) -> None:
    for event in compiled():
        if "RECALLED" in event["evidence"].upper():
            one = facts.frame("measure").filter(measure=event["event_id"])
            codes = facts.frame("measure_code").filter(measure=event["event_id"])
            spans = facts.frame("measure_suspension").filter(measure=event["event_id"])
            kept = [*one["announced_evidence"], *codes["evidence"], *spans["evidence"]]
            assert "recalled" in kept, event


def test_status_of_june_2026_follows_from_the_days(con: warehouse.Connection) -> None:
    in_force = {
        measure
        for (measure,) in rows(
            con,
            "SELECT DISTINCT measure FROM mart.measure_in_force "
            "WHERE DATE '2026-06-30' BETWEEN in_force_from AND coalesce(in_force_to, '9999-12-31')",
        )
    }
    for event in compiled():
        assert (event["event_id"] in in_force) == (event["status_at_2026_06"] == "in_force"), event


# The days in force.


def test_suspended_before_it_took_effect(con: warehouse.Connection) -> None:
    first = (date(2026, 11, 11), None, "resumed", None, "confirmed", None)
    assert intervals(con, "CN-2025-57") == [first]


def test_a_measure_that_ended(con: warehouse.Connection) -> None:
    assert intervals(con, "JP-2019-07") == [
        (date(2019, 7, 4), date(2023, 3, 31), "effective", "expired", "unconfirmed", "unconfirmed")
    ]


def test_suspensions_split_a_measure_and_meet_each_other(con: warehouse.Connection) -> None:
    # Two in a row are one pause; the one recalled ends it. The last runs to the very end.
    assert intervals(con, "X-1") == [
        (date(2019, 1, 1), date(2019, 3, 31), "effective", "suspended", "confirmed", "confirmed"),
        (date(2020, 3, 1), date(2021, 10, 31), "resumed", "suspended", "unconfirmed", "confirmed"),
    ]
    # Suspended to an unknown end: nothing is said of the time after.
    assert intervals(con, "X-2") == [
        (date(2022, 1, 1), date(2022, 12, 31), "effective", "suspended", "unconfirmed", "confirmed")
    ]


def test_a_bloc_is_its_members_of_the_year(con: warehouse.Connection, facts: Facts) -> None:
    found: dict[object, set[object]] = {}
    for start, importer in rows(
        con, "SELECT in_force_from, importer_iso3 FROM mart.measure_in_force WHERE measure = 'X-1'"
    ):
        found.setdefault(start, set()).add(importer)
    members = set(facts.frame("bloc_member").filter(bloc="EU27_2020")["iso3"]) - {"BLX"}
    assert found[date(2019, 1, 1)] == members | {"EU", "GBR"}
    assert found[date(2020, 3, 1)] == members | {"EU"}


def test_a_basket_s_code_stands_for_each_of_its_minerals(con: warehouse.Connection) -> None:
    found = rows(con, "SELECT mineral, form, stage FROM mart.measure WHERE measure = 'X-2'")
    minerals = ("gallium", "germanium", "hafnium", "indium", "niobium", "rhenium", "vanadium")
    assert sorted(found) == [(m, f"{m}_metal_basket", "metal") for m in minerals]
    weighed = rows(
        con,
        "SELECT DISTINCT severity, from_confirmation, confirmation FROM mart.measure_in_force "
        "WHERE measure = 'X-2'",
    )
    # Its own severity goes before its kind's.
    assert weighed == [(0.9, "unconfirmed", "unconfirmed")]


# Broken worlds: each breaks one thing, and the check of that name must find it.

BROKEN = [
    ("ref.measure_kind.what_holds_nothing_back_has_no_severity",
     "UPDATE ref.measure_kind SET severity = 0.1 WHERE kind = 'framework'"),
    ("ref.measure.target_is_all_or_an_economy",
     "UPDATE ref.measure SET target = 'USB' WHERE target = 'USA'"),
    ("ref.measure.days_are_in_order",
     "UPDATE ref.measure SET expires = '2019-07-03' WHERE measure = 'JP-2019-07'"),
    ("ref.measure.days_are_in_order",
     "UPDATE ref.measure SET announced = '2023-08-02' WHERE measure = 'CN-2023-23'"),
    ("ref.measure.days_are_written_in_full",
     "UPDATE ref.measure SET effective = '2023-8-1' WHERE measure = 'CN-2023-23'"),
    ("ref.measure.a_day_comes_with_its_evidence",
     "UPDATE ref.measure SET expires_evidence = NULL WHERE measure = 'JP-2019-07'"),
    ("ref.measure.every_measure_names_its_goods",
     "DELETE FROM ref.measure_code WHERE measure = 'CN-2025-55'"),
    ("ref.measure.what_restricts_says_which_trade",
     "UPDATE ref.measure SET scope = 'no_trade' WHERE measure = 'CN-2023-23'"),
    ("ref.measure.claims_are_those_of_the_article",
     "UPDATE ref.measure SET claims = ['C090'] WHERE measure = 'CN-2023-23'"),
    ("ref.measure_suspension.days_are_in_order",
     "UPDATE ref.measure_suspension SET suspended_until = '2025-11-06'"),
    ("ref.measure_suspension.days_are_written_in_full",
     "UPDATE ref.measure_suspension SET suspended_until = '27.11.2026'"),
    ("ref.measure_suspension.suspensions_do_not_overlap",
     ("INSERT INTO ref.measure_suspension SELECT * REPLACE ('2026-11-27' AS suspended_from) "
      "FROM ref.measure_suspension WHERE measure = 'CN-2024-46-2'")),
    ("ref.measure_suspension.suspension_meets_its_measure",
     "UPDATE ref.measure SET effective = '2026-11-28' WHERE measure = 'CN-2024-46-2'"),
    ("ref.measure_code.tracked_is_what_the_forms_say",
     "UPDATE ref.measure_code SET hs6 = '250411' WHERE hs6 = '250410'"),
    ("ref.measure_code.tracked_is_what_the_forms_say",
     "UPDATE ref.measure_code SET tracked = true WHERE hs6 = '681519'"),
    ("ref.measure_code.code_has_six_digits_and_a_revision",
     "UPDATE ref.measure_code SET hs_revision = NULL WHERE hs6 = '250410'"),
    ("ref.measure_code.code_has_six_digits_and_a_revision",
     "UPDATE ref.measure_code SET hs6 = '25041' WHERE hs6 = '250410'"),
    ("mart.measure.goods_are_those_of_facts_and_source",
     "DELETE FROM mart.measure WHERE measure = 'X-2' AND mineral = 'gallium'"),
    ("mart.measure.authored_measures_say_what_the_facts_say",
     "UPDATE mart.measure SET announced_confirmation = 'confirmed' WHERE measure = 'CN-2024-33'"),
    ("mart.measure.authored_measures_say_what_the_facts_say",
     "UPDATE mart.measure SET effective = effective + 1 WHERE measure = 'CN-2023-23'"),
    ("mart.measure.staged_measures_say_what_the_source_says",
     "UPDATE mart.measure SET expires = expires + 1 WHERE measure = 'X-1'"),
    ("mart.measure.forms_are_those_of_the_codes",
     "UPDATE mart.measure SET stage = 'ore' WHERE hs6 = '811292'"),
    ("mart.measure.target_is_all_or_an_economy",
     "UPDATE mart.measure SET target = 'USB' WHERE target = 'USA'"),
    ("mart.measure_suspension.suspensions_are_those_of_facts_and_source",
     "DELETE FROM mart.measure_suspension WHERE measure = 'X-2'"),
    ("mart.measure_suspension.only_what_was_read_is_confirmed",
     "UPDATE mart.measure_suspension SET confirmation = 'confirmed'"),
    ("mart.measure_suspension.its_measure_is_there",
     "DELETE FROM mart.measure WHERE measure = 'CN-2024-46-2'"),
    ("mart.measure_in_force.in_force_on_the_days_around_each_change",
     ("UPDATE mart.measure_in_force SET in_force_from = in_force_from - 1 "
      "WHERE in_force_from = DATE '2026-11-28'")),
    ("mart.measure_in_force.in_force_on_the_days_around_each_change",
     ("UPDATE mart.measure_in_force SET in_force_to = in_force_to + 1 "
      "WHERE in_force_to = DATE '2023-03-31'")),
    ("mart.measure_in_force.in_force_on_the_days_around_each_change",
     "DELETE FROM mart.measure_in_force WHERE begins_as = 'resumed'"),
    ("mart.measure_in_force.intervals_say_what_the_measure_says",
     "UPDATE mart.measure_in_force SET severity = 0.3 WHERE kind = 'ban'"),
    ("mart.measure_in_force.importer_is_the_target_or_of_it",
     "UPDATE mart.measure_in_force SET importer_iso3 = 'CHE' WHERE importer_iso3 = 'DEU'"),
    ("mart.measure_in_force.a_bloc_stands_for_its_members",
     "DELETE FROM mart.measure_in_force WHERE importer_iso3 = 'DEU'"),
    ("mart.measure_in_force.ends_are_named_and_only_what_was_read_is_confirmed",
     "UPDATE mart.measure_in_force SET confirmation = 'confirmed'"),
    ("mart.measure_in_force.ends_are_named_and_only_what_was_read_is_confirmed",
     "UPDATE mart.measure_in_force SET begins_as = 'effective'"),
    ("mart.measure_in_force.ends_are_named_and_only_what_was_read_is_confirmed",
     ("UPDATE mart.measure_in_force SET to_confirmation = 'confirmed' "
      "WHERE to_confirmation = 'unconfirmed'")),
]  # fmt: skip


@pytest.fixture(scope="module")
def checks(facts: Facts, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every authored check of our tables -> its query."""
    declared: list[Table] = [table for table in facts.tables if table.name in OURS]
    declared += [m.table for m in read_models(CHECKOUT / "sql") if m.table.name in OURS]
    folder = tmp_path_factory.mktemp("suites")
    for table in declared:
        shutil.copy(CHECKOUT / "expectations" / f"{table.id}.yml", folder)
    found = quality.authored_checks(folder, declared)
    return {check.id: str(check.kwargs[QUERY]).format(batch=check.table) for check in found}


def test_every_check_has_a_broken_world(checks: dict[str, str]) -> None:
    assert {name for name, _ in BROKEN} == set(checks)


def test_the_sound_world_passes(con: warehouse.Connection, checks: dict[str, str]) -> None:
    assert {name: found for name, sql in checks.items() if (found := rows(con, sql))} == {}


@pytest.mark.parametrize(
    ("name", "change"), BROKEN, ids=[f"{n}-{i}" for i, (n, _) in enumerate(BROKEN)]
)
def test_a_broken_world_trips_its_check(
    con: warehouse.Connection, checks: dict[str, str], name: str, change: str
) -> None:
    con.execute("BEGIN")
    try:
        con.execute(change)
        assert rows(con, checks[name])
    finally:
        con.execute("ROLLBACK")


FILES = [
    ("policy_measures.csv", "CN-2023-23,CHN,", "CN-2023-23,QQQ,", "'QQQ' is not in ref.country"),
    ("policy_measures.csv", ",halt,", ",embargo,", "'embargo' is not in ref.measure_kind.kind"),
    ("policy_measures.csv", "CN-2023-39,", "CN-2023-23,", "given 2 times"),
    ("policy_measures.csv", ",end_use,", ",all,", "'all' is not in ref.measure_scope.scope"),
    ("policy_suspensions.csv", ",recalled,", ",sure,", "'sure' is not in ref.evidence.evidence"),
    ("policy_suspensions.csv", "CN-2025-55", "CN-2025-54", "'CN-2025-54' is not in ref.measure"),
    ("policy_codes.csv", ",graphite,", ",grafite,", "'grafite' is not in ref.mineral.mineral"),
    ("policy_codes.csv", ",H6,250410,", ",H9,250410,", "'H9' is not in ref.hs_revision"),
    ("policy_codes.csv", ",true,", ",yes,", "tracked is no bool"),
    ("policy_kinds.csv", ",true,0.3,", ",true,30,", "severity 30.0 is above 1"),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), FILES, ids=[f[3] for f in FILES])
def test_a_broken_fact_stops_and_is_named(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    shutil.copytree(FOLDER, tmp_path / "facts")
    path = tmp_path / "facts" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FactError, match=rf"{re.escape(file)}.*{re.escape(said)}"):
        read_facts(tmp_path / "facts")
