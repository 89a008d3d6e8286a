"""`orewatch show`: who supplies whom, as a screen and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.command import naming, showing, terminal
from flows.command.exits import UsageError
from tests.command import Orewatch
from tests.supplied import supplied_home

DAY = "2026-11-23"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OREWATCH_HOME", str(supplied_home()))
    return supplied_home()


@pytest.mark.usefixtures("home")
def test_the_screen_has_shares_concentration_measures_and_source(orewatch: Orewatch) -> None:
    said = orewatch("show", "JPN", "rare_earths", "--day", DAY)
    assert said.code == 0, said.err
    china = next(line for line in said.out.splitlines() if line.startswith("China"))
    assert china.split()[1:5] == ["0.800", "0.700", "0.600", "0.500"]
    # Squares: 0.25 + 0.09 + 0.04.
    assert "HHI 0.380 in 2024" in said.out
    assert "HHI not above 0.4" in said.out
    assert "the largest supplier's share not above 0.65" in said.out
    assert "China: licence from 2025-04-04 to 2026-11-30 · Licences, composed" in said.out
    assert "Trade, composed, edition HS92_V202601" in said.out
    assert "orewatch explain import_concentration.hhi --importer JPN" in said.out
    assert "badge A" in said.out


@pytest.mark.usefixtures("home")
def test_what_was_not_traded_is_blank_and_no_null(orewatch: Orewatch) -> None:
    said = orewatch("show", "JPN", "rare_earths")
    france = next(line for line in said.out.splitlines() if line.startswith("France"))
    assert france.split()[1] == "0.200"
    assert "null" not in france


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("importer", "mineral"), [("Japan", "rare earths"), ("jpn", "REE"), ("JAPAN", "Lanthanides")]
)
def test_names_are_taken_by_alias(importer: str, mineral: str, orewatch: Orewatch) -> None:
    said = orewatch("show", importer, mineral, "--json", "--day", DAY).json
    assert (said["importer"]["economy"], said["mineral"]["mineral"]) == ("JPN", "rare_earths")
    assert [row["hhi"] for row in said["years"]] == pytest.approx([0.68, 0.58, 0.52, 0.38])
    assert [row["measure"] for row in said["measures"]] == ["M1", "M3", "M4"]
    assert said["source_of"]["licence"] == "Open"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "commands"),
    [
        (
            ("Korea", "rare_earths"),
            ["orewatch show KOR rare_earths", "orewatch show PRK rare_earths"],
        ),
        (("JPN", "tungstn"), ["orewatch show JPN tungsten"]),
        (
            ("JPN", "earth"),
            ["orewatch show JPN rare_earths", "orewatch show JPN heavy_rare_earths"],
        ),
        (("Korea", "a b; rm"), ["orewatch show KOR 'a b; rm'"]),
    ],
)
def test_what_is_unclear_exits_2_with_the_commands(
    words: tuple[str, str], commands: list[str], orewatch: Orewatch
) -> None:
    said = orewatch("show", *words)
    assert (said.code, said.out) == (2, "")
    assert {line.strip().partition("  (")[0] for line in said.err.splitlines()} >= set(commands)


@pytest.mark.usefixtures("home")
def test_one_congo_is_not_taken_for_the_other(orewatch: Orewatch) -> None:
    said = orewatch("show", "Congo", "cobalt")
    assert said.code == 2
    assert "orewatch show COD cobalt" in said.err
    assert "orewatch show COG cobalt" in said.err


@pytest.mark.usefixtures("home")
def test_a_narrow_terminal_keeps_the_names(
    orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "WIDE", 40)
    said = orewatch("show", "JPN", "rare_earths", "--day", DAY)
    rows = [line.split()[:4] for line in said.out.splitlines() if line.startswith("China ")]
    assert rows == [["China", "0.700", "0.600", "0.500"]]


@pytest.mark.usefixtures("home")
def test_what_there_is_none_of_says_so(orewatch: Orewatch) -> None:
    said = orewatch("show", "JPN", "cobalt")
    assert said.code == 1
    assert "no supply for JPN, cobalt, all, value" in said.err
    assert orewatch("show", "JPN", "rare_earths", "--stage", "melted").code == 2
    assert orewatch("show", "JPN", "rare_earths", "--basis", "smell").code == 2
    assert orewatch("show", "JPN", "rare_earths", "--years", "0").code == 2
    gallium = orewatch("show", "JPN", "gallium", "--stage", "metal")
    assert gallium.code == 0
    assert "basket_code" in gallium.out


@pytest.mark.usefixtures("home")
def test_hostile_words_are_data(orewatch: Orewatch) -> None:
    for word in ("'; DROP TABLE mart.trade; --", "\x1b[2J", "<script>", "", "x" * 100_000):
        assert orewatch("show", word, "rare_earths").code == 2


def test_a_terminal_without_unicode_gets_ascii_alone(home: Path) -> None:
    environment = {**os.environ, "OREWATCH_HOME": str(home), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", "from flows import cli; cli.main()"]
    done = subprocess.run(
        [*command, "show", "JPN", "rare_earths"], capture_output=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert b"####" in done.stdout


def test_heights_and_bars_by_hand() -> None:
    assert showing.sparkline([0.0, 0.5, 1.0, None], is_ascii=False) == "▁▅█ "
    assert showing.sparkline([0.0, 1.0], is_ascii=True) == ".#"
    assert showing.bar(0.5, is_ascii=False) == "█" * 12
    assert showing.bar(1.0, is_ascii=True) == "#" * 24
    # An eighth of one of 24 parts.
    assert showing.bar(1 / 192, is_ascii=False) == "▏"


@pytest.mark.usefixtures("home")
def test_json_is_whole(orewatch: Orewatch) -> None:
    said = json.loads(orewatch("show", "JPN", "tungsten", "--json").out)
    shares = {(row["exporter_iso3"], row["year"]): row["import_share"] for row in said["suppliers"]}
    assert shares == {("CHN", y): 0.7 for y in range(2021, 2025)} | {
        ("PRT", y): 0.3 for y in range(2021, 2025)
    }
    assert said["measures"] == []
    assert {row["threshold"] for row in said["thresholds"]} == {0.4, 0.65}


def test_a_word_for_two_is_never_settled_by_order() -> None:
    north, south = naming.Named("PRK", "North Korea"), naming.Named("KOR", "South Korea")
    known = {"korea": {"PRK": north, "KOR": south}, "rok": {"KOR": south}}
    assert naming.one("an economy", " ROK ", known, str) == south
    with pytest.raises(UsageError, match=r"say which:\n  PRK .*\n  KOR"):
        naming.one("an economy", "Korea", known, str)
