"""`orewatch alerts`: the table, JSON, a rehearsal, sending, acknowledging, a backtest."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from flows.settings import CHECKOUT, Settings
from tests import alerting, world
from tests.alerting import on
from tests.command import Orewatch

DAY = ("--day", "2026-11-23")
ROWS = (
    "DELETE FROM indices.alert",
    on("one_supplier_above_65", "KOR", "graphite", 0.9, 1995, fired=[1995]),
    on("one_supplier_above_65", "JPN", "graphite", 0.8, 2024, fired=[2024], crossed=[2024]),
    on("hhi_above_015", "JPN", "graphite", 0.8, 1995, fired=[1995]),
    on("hhi_above_015", "JPN", "tin", 0.2, 1995, fired=[1995]),
)


@pytest.fixture(autouse=True)
def home(tiny: world.Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with a snapshot of composed alerts."""
    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    monkeypatch.delenv("OREWATCH_ALERT_WEBHOOK", raising=False)
    settings = Settings()
    alerting.snapshot(tiny, settings, changes=ROWS)
    return settings


def test_the_table_has_the_most_severe_first(orewatch: Orewatch) -> None:
    said = orewatch("alerts", *DAY)
    assert said.code == 0
    assert said.out.index("A measure takes effect") < said.out.index("(HHI above 0.15)")
    assert "in 5 days" in said.out
    assert "South Korea, Graphite: 0.900 in 2024, most from China" in said.out
    # Of Japan's graphite the more severe rule is shown, of tin the only one.
    low = said.out[said.out.index("(HHI above 0.15)") :]
    assert "Tin" in low
    assert "Graphite" not in low


def test_json_and_filters(orewatch: Orewatch) -> None:
    body = orewatch("alerts", *DAY, "--json", "--importer", "JPN").json
    assert body["day"] == "2026-11-23"
    assert {a["key"]["importer_iso3"] for a in body["alerts"]} == {"JPN"}
    assert body["open"] == len(body["alerts"]) == 2
    every = orewatch("alerts", *DAY, "--json", "--importer", "Japan", "--all").json
    assert [a["is_outranked"] for a in every["alerts"]].count(True) == 1
    severe = orewatch("alerts", *DAY, "--json", "--at-least", "critical").json
    assert {a["severity"] for a in severe["alerts"]} == {"critical"}
    one = orewatch("alerts", *DAY, "--json", "--mineral", "tin").json
    assert [a["rule"] for a in one["alerts"]] == ["hhi_above_015"]


def test_fail_is_seven_until_all_is_acknowledged(orewatch: Orewatch, home: Settings) -> None:
    only = (*DAY, "--importer", "JPN", "--at-least", "critical", "--fail")
    assert orewatch("alerts", *only).code == 7
    (one,) = orewatch("alerts", *only, "--json").json["alerts"]
    assert one["status"] == "new"
    said = orewatch("alerts", *DAY, "--ack", one["id"][:8], "--reason", "stock for a year")
    assert said.code == 0
    assert "acknowledged" in said.out
    assert (home.alerts / "state.json").is_file()
    again = orewatch("alerts", *only, "--json")
    assert again.code == 0
    assert again.json["alerts"][0]["acknowledged"]["reason"] == "stock for a year"


def test_a_rehearsal_sends_and_writes_nothing(
    orewatch: Orewatch, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = orewatch("alerts", *DAY, "--dry-run")
    assert "nothing was sent" in said.out
    assert "no channel is set" in said.out
    with alerting.listening() as receiver:
        monkeypatch.setenv("OREWATCH_ALERT_WEBHOOK", receiver.address)
        body = orewatch("alerts", *DAY, "--dry-run", "--json").json
        assert receiver.got == []
    messages = body["would_send"]["webhook"]
    assert {m["alert"]["key"].get("mineral") for m in messages} >= {"graphite"}
    # What has been so since 1995 is no news.
    assert "KOR" not in {m["alert"]["key"].get("importer_iso3") for m in messages}
    assert not home.alerts.exists()
    assert "s3cret" not in str(body)


def test_sending_twice_sends_once(orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch) -> None:
    assert orewatch("alerts", *DAY, "--send").code == 2
    with alerting.listening() as receiver:
        monkeypatch.setenv("OREWATCH_ALERT_WEBHOOK", receiver.address)
        said = orewatch("alerts", *DAY, "--send", "--json")
        assert said.json["sent"]["webhook"] == receiver.keys
        assert len(receiver.keys) > 1
        assert orewatch("alerts", *DAY, "--send", "--json").json["sent"]["webhook"] == []
        receiver.answers = [400]
        # A day later one more is due.
        late = orewatch("alerts", "--day", "2027-06-30", "--send")
        assert late.code == 1
        assert "it answered 400" in late.err
        assert "s3cret" not in late.err + late.out
        assert orewatch("alerts", "--day", "2027-06-30", "--send").code == 0
    statuses = {a["status"] for a in orewatch("alerts", *DAY, "--json").json["alerts"]}
    assert "ongoing" in statuses


def test_a_rule_is_put_to_all_years(orewatch: Orewatch) -> None:
    said = orewatch("alerts", "--backtest", "one_supplier_above_65", "--importer", "JPN",
                    "--mineral", "rare_earths")  # fmt: skip
    assert said.code == 0
    assert "begins above 0.65, ends when no longer above 0.585" in said.out
    body = orewatch("alerts", "--backtest", "hhi_above_040", "--json").json
    assert body["rule"]["on_at"] == 0.4
    assert len(body["series"]) > 1
    assert {"fires", "crosses", "ends", "why", "years"} <= body["series"][0].keys()
    assert "without hysteresis" in orewatch("alerts", "--backtest", "hhi_above_040").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--backtest", "nothing"), 1, "no rule over years is called 'nothing'"),
        (("--backtest", "measure_ahead"), 1, "no rule over years"),
        (("--ack", "zzzz"), 1, "no alert that is on has the id 'zzzz'"),
        (("--reason", "so"), 2, "--reason belongs to --ack"),
        (("--send", "--dry-run"), 2, "takes one of"),
        (("--importer", "Atlantis"), 2, "Atlantis"),
    ],
)
def test_what_cannot_be_done_is_said(
    orewatch: Orewatch, arguments: tuple[str, ...], code: int, said: str
) -> None:
    came = orewatch("alerts", *DAY, *arguments)
    assert came.code == code
    assert said in came.err


def test_control_characters_of_a_rule_do_not_reach_the_terminal(
    orewatch: Orewatch, tiny: world.Built, home: Settings
) -> None:
    hostile = "UPDATE ref.alert_rule SET title = 'x' || chr(27) || '[2J<script>'"
    alerting.snapshot(tiny, home, alerting.SECOND, [*ROWS, hostile])
    said = orewatch("alerts", *DAY)
    assert said.code == 0
    assert "\x1b" not in said.out
    assert "<script>" in said.out


def test_it_answers_in_time(home: Settings) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = "from flows import cli; cli.main(['alerts', '--json', '--importer', 'Japan'])"
    done = subprocess.run(
        [sys.executable, "-c", said],
        cwd=CHECKOUT,
        env=os.environ | {"OREWATCH_HOME": str(home.home)},
        capture_output=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout
    # Seconds of computing, which other work on the machine does not stretch.
    passed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert passed < 1.5, f"{passed:.2f} s"
