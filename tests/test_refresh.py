"""`orewatch refresh` from the terminal, against hosts that behave as the sources do.

The hosts are this machine's, their rows composed (tests/served); the door, the judging and the
command are the real ones. Doors cannot be opened by a setting, so the test hands in its own.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from flows.publish import lock
from flows.settings import CHECKOUT, Settings
from flows.sources import fetch
from flows.sources.contract import read_source
from flows.sources.editions import accepted
from tests import world
from tests.served import comtrade, ecb
from tests.served.host import Served, hosts

CANARY = "canary-5f2b7c9d1e3a4860"
YEARS = ("--years", "2022", "2023")
JAPAN = ("refresh", "comtrade", "--reporter", "JPN", *YEARS)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Comtrade with a canary for its key, and the European Central Bank."""
    apis = {comtrade.HOST: comtrade.handler(key=CANARY), ecb.HOST: ecb.handler()}
    with hosts(apis) as running:
        monkeypatch.setattr(fetch, "Door", running.door)
        yield running


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMTRADE_API_KEY", CANARY)


def command(*arguments: str) -> int:
    """Run the command; give its exit code."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    code = ended.value.code
    return code if isinstance(code, int) else 0


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The outcomes as JSON."""
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def held(source: str) -> dict[str, int]:
    """Rows of each accepted edition."""
    found = accepted(Settings().raw, read_source(source))
    return {name: one.rows for name, one in found.items()}


@pytest.mark.usefixtures("home", "key")
def test_a_dry_run_says_what_it_would_fetch_and_fetches_none(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*JAPAN, "--dry-run", "--json") == 0
    (outcome,) = told(capsys)
    assert (outcome["edition"], outcome["state"], outcome["requests"]) == ("annual_H6", "wanted", 2)
    assert outcome["why"].startswith("2 datasets of 1 reporters, the last released on 2026-03-23")
    assert held("comtrade") == {}
    assert not [path for path in served.paths() if "/get/" in path]


@pytest.mark.usefixtures("home", "key")
def test_what_is_new_is_fetched_once(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*JAPAN, "--json") == 0
    (first,) = told(capsys)
    # Of Japan: 3 codes by flow with their World rows (8 rows), in 2 years.
    assert (first["state"], first["rows"], first["requests"]) == ("accepted", 18, 2)
    served.log.clear()
    assert command(*JAPAN, "--json") == 0
    (second,) = told(capsys)
    assert (second["state"], second["requests"]) == ("unchanged", 0)
    assert len(served.log) == 1
    assert command("refresh", "comtrade", "--reporter", "KOR", *YEARS) == 0
    assert "accepted" in capsys.readouterr().err
    # Another reporter widens the edition; it never takes the place of the first.
    assert held("comtrade")["annual_H6"] > first["rows"]


@pytest.mark.usefixtures("home", "served")
def test_without_a_key_the_source_is_skipped_among_others_and_an_error_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [read_source("comtrade"), read_source("ecb_rates")]
    monkeypatch.setattr(
        "flows.command.refreshing.fetchable", lambda names: chosen[: 2 - len(names)]
    )
    assert command("refresh", "--json") == 0
    skipped, *others = told(capsys)
    assert skipped["state"] == "skipped"
    assert "COMTRADE_API_KEY" in skipped["why"]
    assert [one["state"] for one in others] == ["accepted"] * len(others)
    assert command("refresh", "comtrade") == 1
    said = capsys.readouterr().err
    assert "COMTRADE_API_KEY" in said
    assert "--keyless" in said


@pytest.mark.usefixtures("home", "key")
def test_a_source_that_fails_holds_up_no_other(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served.addresses[ecb.HOST] = ["169.254.169.254"]
    chosen = [read_source("ecb_rates"), read_source("comtrade")]
    monkeypatch.setattr("flows.command.refreshing.fetchable", lambda _: chosen)
    assert command("refresh", "--reporter", "JPN", *YEARS, "--json") == 1
    failed, fetched = told(capsys)
    assert failed["state"] == "failed"
    assert "169.254.169.254" in failed["why"]
    assert fetched["state"] == "accepted"


@pytest.mark.usefixtures("key", "served")
def test_the_key_appears_nowhere(
    home: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert command(*JAPAN) == 0
    said = capsys.readouterr()
    written = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert len(written) > 4
    assert CANARY not in said.out + said.err + caplog.text
    assert not [data for data in written if CANARY.encode() in data]


@pytest.mark.usefixtures("home", "served")
def test_a_key_that_the_host_refuses_is_not_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMTRADE_API_KEY", "wrong-" + CANARY)
    assert command(*JAPAN) == 1
    said = capsys.readouterr().err
    assert "key" in said
    assert CANARY not in said


@pytest.mark.usefixtures("home")
def test_only_one_process_fetches(capsys: pytest.CaptureFixture[str]) -> None:
    with lock(Settings().raw_lock):
        assert command("refresh", "comtrade") == 6
    assert "another run is writing" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nothing",), 2, "no source 'nothing'; there are: "),
        (("article",), 1, "cannot be fetched; a newer edition comes by"),
        (("--file", "x.zip"), 2, "whose file is it?"),
        (("baci", "--file", "x.zip"), 2, "which edition of baci is it? Name it: --edition ID"),
        (("baci", "--file", "gone.zip", "--edition", "X"), 1, "no file gone.zip"),
        (("baci", "--accept-rows"), 2, "--accept-rows and --reason TEXT go together"),
        (("comtrade", "--reporter", "JAP"), 1, "no country JAP"),
        (("--accept-rows", "--reason", "x"), 2, "--accept-rows is for one source: name it"),
        (("baci", "--file", "x", "--dry-run"), 2, "--dry-run: not with --file"),
        (("baci", "--edition", "X"), 2, "--edition: not without --file"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("refresh", *arguments) == code
    assert says in capsys.readouterr().err.replace("\n", " ")


def test_a_file_by_hand_becomes_an_edition(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.sources.judge.bundled_parts", lambda *_: {})
    path = world.baci_zip(home / "in", world.HS92_FLOWS)
    by_hand = ("refresh", "baci", "--file", str(path), "--hs-revision", "H0")
    assert command(*by_hand, "--edition", "HS92_V202701", "--released", "2026-11-20") == 0
    assert "accepted" in capsys.readouterr().err
    assert held("baci") == {"HS92_V202701": len(world.HS92_FLOWS)}


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from flows import cli
    from flows.sources import fetch
    from flows.sources.door import answers
    from tests.served import comtrade
    from tests.served.host import hosts

    home, die_after = Path(sys.argv[1]), int(sys.argv[2])
    api = comtrade.handler()
    noted = answers.Answers.note

    def note(self, row):
        noted(self, row)
        global die_after
        die_after -= 1
        if die_after == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with hosts({comtrade.HOST: api}) as served:
        fetch.Door = served.door
        answers.Answers.note = note
        try:
            cli.main(["refresh", "comtrade", "--reporter", "JPN", "--reporter", "KOR",
                "--reporter", "DEU", "--years", "2022", "2023", "--json"])
        except SystemExit as ended:
            print(len([p for p in served.paths() if "/get/" in p]), file=sys.stderr)
            raise
"""


def killed(home: Path, die_after: int) -> subprocess.CompletedProcess[str]:
    """Refresh in a process that a SIGKILL ends after so many answers; 0 lets it live."""
    environment = os.environ | {
        "OREWATCH_HOME": str(home),
        "COMTRADE_API_KEY": comtrade.KEY,
        "PYTHONPATH": str(CHECKOUT),
    }
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(home), str(die_after)],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_refresh_killed_after_any_answer_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = killed(tmp_path / "whole", 0)
    assert whole.returncode == 0, whole.stderr
    wanted = int(whole.stderr.split()[-1])
    (reference,) = json.loads(whole.stdout)
    # One announcement, then the data: a death after each of them.
    for die_after in range(1, wanted + 2):
        home = tmp_path / str(die_after)
        assert killed(home, die_after).returncode == -signal.SIGKILL
        again = killed(home, 0)
        assert again.returncode == 0, again.stderr
        (outcome,) = json.loads(again.stdout)
        assert outcome["rows"] == reference["rows"]
        assert int(again.stderr.split()[-1]) == wanted - max(0, die_after - 1)
