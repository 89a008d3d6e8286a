"""Which alerts a snapshot raises on a day: measures, staleness, silence, runs, what turned."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows import publish
from flows.alerts import Alert, AlertError, current, found
from flows.alerts.runs import note_run
from flows.facts import FactError, read_facts
from flows.indices.formulas.alert_series import AlertRuleError
from flows.settings import CHECKOUT, Settings
from tests import alerting, world
from tests.alerting import CREATED, FIRST, SECOND, on, snapshot

DAY = date(2026, 11, 23)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def of(alerts: list[Alert], rule: str) -> list[Alert]:
    return [alert for alert in alerts if alert.rule == rule]


def ban(alerts: list[Alert]) -> Alert | None:
    """The alert about China's ban on gallium, germanium and antimony for the USA."""
    about = [a for a in alerts if a.key.get("measure") == "CN-2024-46-2"]
    return about[0] if about else None


def test_a_lapsing_suspension_is_told_ahead(tiny: world.Built, home: Settings) -> None:
    folder = snapshot(tiny, home)
    told = ban(current(folder, DAY, home))
    assert told is not None
    assert (told.rule, told.severity, told.day) == ("measure_ahead", "critical", "2026-11-28")
    for word in (
        "in 5 days",
        "United States",
        "Gallium",
        "unconfirmed",
        "is in force from 2026-11-28",
    ):
        assert word in told.what
    # The next day it is the same alert, and not one more.
    later = ban(current(folder, DAY + timedelta(days=1), home))
    assert later is not None
    assert later.id == told.id
    assert "in 4 days" in later.what


def test_a_measure_is_ahead_for_90_days_and_then_new_for_30(
    tiny: world.Built, home: Settings
) -> None:
    folder = snapshot(tiny, home)
    begins = date(2026, 11, 28)
    rules = {}
    for days in (91, 90, 1, 0, -30, -31):
        told = ban(found(folder, begins - timedelta(days=days), home))
        rules[days] = told.rule if told else None
    assert rules == {91: None, 90: "measure_ahead", 1: "measure_ahead", 0: "measure_new",
                     -30: "measure_new", -31: None}  # fmt: skip


def test_a_measure_for_others_is_not_told(tiny: world.Built, home: Settings) -> None:
    folder = snapshot(tiny, home, changes=["DELETE FROM ref.watch WHERE iso3 = 'USA'"])
    assert ban(found(folder, DAY, home)) is None


def test_a_source_is_stale_from_the_day_after(tiny: world.Built, home: Settings) -> None:
    change = "UPDATE quality.freshness SET fresh_until = DATE '2027-08-04' WHERE source = 'baci'"
    folder = snapshot(tiny, home, changes=[change])
    for day, stale in ((date(2027, 8, 4), []), (date(2027, 8, 5), ["2027-08-04"])):
        told = of(found(folder, day, home), "source_stale")
        assert [alert.since for alert in told if alert.key == {"source": "baci"}] == stale


def test_silence_is_told_after_forty_days(tiny: world.Built, home: Settings) -> None:
    folder = snapshot(tiny, home)
    assert of(found(folder, CREATED.date() + timedelta(days=40), home), "not_published") == []
    (told,) = of(found(folder, CREATED.date() + timedelta(days=41), home), "not_published")
    assert "41 days ago" in told.what
    assert told.since == "2026-12-31"


def test_a_run_that_failed_is_told_until_one_succeeds(tiny: world.Built, home: Settings) -> None:
    folder = snapshot(tiny, home)
    later = CREATED + timedelta(days=1)
    assert of(found(folder, DAY, home), "run_failed") == []
    note_run(home, later, "failed", "no space left\nand more of it")
    (told,) = of(found(folder, DAY, home), "run_failed")
    assert told.what == "the run of 2026-11-21T09:30:00Z failed: no space left"
    assert of(found(folder, CREATED.date(), home), "run_failed") == [], "it is not yet"
    note_run(home, later + timedelta(hours=1), "nothing_new")
    assert of(found(folder, DAY, home), "run_failed") == []
    # One that was blocked leaves its folder, noted or not.
    (home.warehouse / "runs" / "20261122T080000Z-blocked").mkdir()
    (told,) = of(found(folder, DAY, home), "run_failed")
    assert "was blocked: `orewatch quality 20261122T080000Z-blocked`" in told.what


def test_a_damaged_trace_of_a_run_is_named(tiny: world.Built, home: Settings) -> None:
    folder = snapshot(tiny, home)
    note_run(home, CREATED, "published")
    path = home.warehouse / "runs" / "last.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(AlertError, match=r"last\.json: damaged"):
        found(folder, DAY, home)


def test_of_one_family_the_most_severe_is_told(tiny: world.Built, home: Settings) -> None:
    rows = [
        on("hhi_above_015", "USA", "cobalt", 0.7, 1995, fired=[1995]),
        on("one_supplier_above_65", "USA", "cobalt", 0.7, 2024, fired=[2024], crossed=[2024]),
        on("hhi_above_015", "USA", "tin", 0.2, 1995, fired=[1995]),
    ]
    folder = snapshot(tiny, home, changes=["DELETE FROM indices.alert", *rows])
    told = {
        (alert.rule, alert.key["mineral"]): alert.is_outranked
        for alert in found(folder, DAY, home)
        if alert.kind == "level"
    }
    assert told == {
        ("hhi_above_015", "cobalt"): True,
        ("one_supplier_above_65", "cobalt"): False,
        ("hhi_above_015", "tin"): False,
    }
    shown = duckdb.connect(str(folder / publish.DATABASE), read_only=True).execute(
        "SELECT rule, mineral, importer, supplier, crossed FROM view.alerts ORDER BY mineral"
    )
    assert shown.fetchall() == [
        ("one_supplier_above_65", "cobalt", "United States", "China", True),
        ("hhi_above_015", "tin", "United States", "China", False),
    ]


def test_a_threshold_is_told_in_words(tiny: world.Built, home: Settings) -> None:
    rows = [
        on("one_supplier_above_65", "KOR", "graphite", 0.9, 1995, fired=[1995]),
        on("one_supplier_above_65", "JPN", "graphite", None, 2003, fired=[1997, 2003],
           crossed=[1997, 2003]),
    ]  # fmt: skip
    folder = snapshot(tiny, home, changes=["DELETE FROM indices.alert", *rows])
    told = {alert.key["importer_iso3"]: alert for alert in of(found(folder, DAY, home),
                                                              "one_supplier_above_65")}  # fmt: skip
    korea, japan = told["KOR"], told["JPN"]
    assert korea.what == (
        "South Korea, Graphite: 0.900 in 2024, most from China; since 1995, the first year known"
    )
    assert (korea.value, korea.threshold, korea.unit) == (0.9, 0.65, "share")
    assert not korea.is_recent
    assert japan.what == "Japan, Graphite: no number in 2024, most from China; since 2003"


def test_a_verdict_that_turned_is_told(tiny: world.Built, home: Settings) -> None:
    table = (
        "CREATE OR REPLACE TABLE indices.claim_verdict AS SELECT * FROM (VALUES "
        "('C010', '{}', 'by the data'), ('C011', 'supported', 'as before')) "
        "AS t(claim_id, verdict, why)"
    )
    snapshot(tiny, home, FIRST, [table.format("supported")])
    folder = snapshot(tiny, home, SECOND, [table.format("outdated")])
    (told,) = of(found(folder, DAY, home), "claim_turned")
    assert told.what == "C010: outdated, before supported; by the data"


FALLS = "UPDATE indices.import_concentration SET confidence = '{}'"


def test_a_grade_that_fell_is_told_of_the_newest_year(tiny: world.Built, home: Settings) -> None:
    cell = (
        "importer_iso3 = 'JPN' AND mineral = 'rare_earths' AND stage = 'all' AND basis = 'value' "
        "AND confidence IS NOT NULL"
    )
    newest = (
        " AND year = (SELECT max(year) FROM indices.import_concentration AS o "
        "WHERE o.edition = indices.import_concentration.edition)"
    )
    change = f"{FALLS} WHERE {cell}{newest}"
    snapshot(tiny, home, FIRST, [change.format("A")])
    folder = snapshot(tiny, home, SECOND, [change.format("C")])
    told = of(found(folder, DAY, home), "badge_fell")
    assert {alert.key["importer_iso3"] for alert in told} == {"JPN"}
    assert all(alert.what.endswith("C, before A") for alert in told)
    better = snapshot(tiny, home, "20261123T000000Z-cccccccc", [change.format("A")])
    assert of(found(better, DAY, home), "badge_fell") == []


def test_numbers_that_moved_are_told(tiny: world.Built, home: Settings) -> None:
    rows = (
        "INSERT INTO quality.movement BY NAME SELECT 'indices.import_share' AS \"table\", "
        "'import_share' AS figure, 100 AS compared, 3 AS moved, 0 AS appeared, 0 AS vanished, "
        "{} AS largest"
    )
    folder = snapshot(tiny, home, changes=["DELETE FROM quality.movement", rows.format(0.25)])
    (told,) = of(found(folder, DAY, home), "numbers_moved")
    assert "3 of 100 numbers moved" in told.what
    still = snapshot(tiny, home, SECOND, ["DELETE FROM quality.movement", rows.format(0.1)])
    assert of(found(still, DAY, home), "numbers_moved") == []


OWN_RULE = (
    "INSERT INTO ref.alert_rule BY NAME SELECT * REPLACE ('mine' AS rule, NULL AS family, "
    "'{table}' AS \"table\", '{column}' AS \"column\", -1.0 AS on_at, -1.0 AS off_at, "
    "NULL AS watch) FROM ref.alert_rule WHERE rule = 'one_supplier_above_65'"
)


def test_a_rule_of_ones_own_may_watch_any_table(tiny: world.Built, home: Settings) -> None:
    rule = OWN_RULE.format(table="indices.diversification", column="suppliers")
    folder = snapshot(tiny, home, changes=[rule])
    told = of(found(folder, DAY, home), "mine")
    assert told
    assert all(alert.value is None or alert.value > -1 for alert in told)


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [("indices.nothing", "x", "no table indices.nothing"),
     ("indices.supplier_turnover", "nothing", "no column nothing")],
)  # fmt: skip
def test_a_rule_that_does_not_fit_is_named(
    tiny: world.Built, home: Settings, table: str, column: str, said: str
) -> None:
    folder = snapshot(tiny, home, changes=[OWN_RULE.format(table=table, column=column)])
    with pytest.raises(AlertRuleError, match=said):
        found(folder, DAY, home)


def test_a_snapshot_from_before_says_what_to_do(tiny: world.Built, home: Settings) -> None:
    changes = ["DROP VIEW view.alerts", "DROP TABLE indices.alert"]
    folder = snapshot(tiny, home, changes=changes)
    with pytest.raises(AlertError, match="run `orewatch run`"):
        current(folder, DAY, home)


def test_the_same_day_gives_the_same_alerts_with_ids_of_their_own(
    tiny: world.Built, home: Settings
) -> None:
    folder = snapshot(tiny, home)
    alerts = current(folder, DAY, home)
    assert alerts == current(folder, DAY, home)
    assert len({alert.id for alert in alerts}) == len(alerts) > 5
    json.dumps([alert.as_json() for alert in alerts])
    places = ["critical", "high", "medium", "low"]
    order = [places.index(alert.severity) for alert in alerts]
    assert order == sorted(order)
    assert not home.alerts.exists(), "looking writes nothing"


def test_an_overlay_adds_rules_and_economies(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(
        "mine:\n  title: Mine\n  kind: source_stale\n  severity: low\n  source: me\n  why: mine\n",
        encoding="utf-8",
    )
    (tmp_path / "watch_lists.csv").write_text("watch,iso3,why\nmine,VNM,mine\n", encoding="utf-8")
    facts = read_facts(CHECKOUT / "warehouse" / "facts", tmp_path)
    assert {"mine", "one_supplier_above_65"} <= set(facts.frame("alert_rule")["rule"])
    assert facts.frame("watch").filter(watch="mine")["iso3"].to_list() == ["VNM"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one_supplier_above_65:\n  title: Other\n", "is empty"),
        ("mine:\n  titel: Mine\n", "titel is none of"),
        ("- a list\n", "must give, under each rule"),
        ("mine:\n  title: a\nmine:\n  title: b\n", "named twice"),
        ("mine: {title: a, kind: sudden, severity: low, source: me, why: so}\n", "is none of"),
        ("mine: {title: a, kind: level, severity: low, source: me, why: so, on_at: much}\n",
         "on_at is no float"),
    ],
)  # fmt: skip
def test_a_broken_overlay_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "alerts.yml").write_text(text, encoding="utf-8")
    with pytest.raises(FactError, match=said) as refused:
        read_facts(CHECKOUT / "warehouse" / "facts", tmp_path)
    assert "alerts.yml" in str(refused.value)


def test_a_time_is_in_utc(tiny: world.Built, home: Settings) -> None:
    late = datetime(2026, 11, 21, 1, 0, tzinfo=UTC).astimezone()
    folder = snapshot(tiny, home, created=late)
    assert of(found(folder, date(2026, 12, 31), home), "not_published") == []
    assert of(found(folder, date(2027, 1, 1), home), "not_published") != []


def test_alerts_are_told_apart_by_rule_key_and_beginning() -> None:
    one = alerting.alert()
    assert one.id == alerting.alert(what="other words", value=0.8).id
    others = [
        alerting.alert(rule="x"),
        alerting.alert(since="2023"),
        alerting.alert(key={"a": "b"}),
    ]
    assert len({one.id, *(alert.id for alert in others)}) == 4
