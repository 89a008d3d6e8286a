"""Which snapshot is meant: by day, by name, or the last two; and several in one query."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows import cli, publish, warehouse
from flows.command import answers
from flows.command.exits import UsageError
from flows.command.shelf import NoSuchSnapshotError
from flows.command.vintages import chosen, known_on, named, pair
from flows.prune import prune
from flows.settings import Settings
from tests import world
from tests.published import NOW, publish_composed
from tests.test_prune import add


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A home with snapshots of the 15th, 16th and 18th, each at six in the morning in UTC."""
    settings = world.settings(tmp_path)
    settings.warehouse.mkdir()
    for day in (0, 1, 3):
        add(settings, day)
    return settings


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 1, 15), "20260115"),
        (date(2026, 1, 16), "20260116"),
        (date(2026, 1, 17), "20260116"),
        (date(2026, 1, 18), "20260118"),
        (date(2030, 1, 1), "20260118"),
    ],
)
def test_a_day_is_answered_from_what_was_known_then(
    home: Settings, day: date, expected: str
) -> None:
    assert known_on(home, day).name.startswith(expected)
    assert chosen(home, None, day.isoformat()) == known_on(home, day)


def test_before_the_first_nothing_was_known(home: Settings, tmp_path: Path) -> None:
    with pytest.raises(NoSuchSnapshotError, match="by 2026-01-14; the first is of 2026-01-15"):
        known_on(home, date(2026, 1, 14))
    with pytest.raises(NoSuchSnapshotError, match="there is none at all"):
        known_on(world.settings(tmp_path / "empty"), date(2026, 1, 14))


def test_a_day_and_a_name_are_one_too_many(home: Settings) -> None:
    with pytest.raises(UsageError, match="give one of them"):
        chosen(home, "20260115", "2026-01-15")
    assert chosen(home, "20260116", None).name.startswith("20260116")
    assert chosen(home, None, None) == publish.current(home.current)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), ("20260116", "20260118")),
        (("20260115",), ("20260115", "20260118")),
        (("20260116", "20260115"), ("20260116", "20260115")),
    ],
)
def test_the_two_that_are_compared(
    home: Settings, names: tuple[str, ...], expected: tuple[str, str]
) -> None:
    assert tuple(path.name[:8] for path in pair(home, names)) == expected


def test_one_snapshot_is_not_compared_with_itself(home: Settings, tmp_path: Path) -> None:
    with pytest.raises(NoSuchSnapshotError, match="is both sides"):
        pair(home, ("20260118",))
    alone = world.settings(tmp_path / "alone")
    alone.warehouse.mkdir(parents=True)
    add(alone, 0)
    with pytest.raises(NoSuchSnapshotError, match="the only snapshot"):
        pair(alone, ())


def test_further_snapshots_have_names(home: Settings) -> None:
    found = named(home, ["before=20260115", "between=20260116"])
    assert {name: path.name[:8] for name, path in found.items()} == {
        "before": "20260115",
        "between": "20260116",
    }


@pytest.mark.parametrize(
    "text",
    ["20260115", "=20260115", "before=", "1st=20260115", 'a"b=20260115', "temp=20260115"],
)
def test_a_name_that_cannot_be_one_is_refused(home: Settings, text: str) -> None:
    with pytest.raises(UsageError):
        named(home, [text])
    with pytest.raises(UsageError, match="is taken"):
        named(home, ["before=20260115", "before=20260116"])
    with pytest.raises(NoSuchSnapshotError):
        named(home, ["before=2025"])


def test_the_time_zone_does_not_move_a_day(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half past eleven at night in UTC is the next day in Tokyo."""
    last = add(home, 5)
    body = publish.read_manifest(last) | {"created": "2026-01-20T23:30:00+00:00"}
    (last / publish.MANIFEST).write_text(json.dumps(body), encoding="utf-8")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    assert known_on(home, date(2026, 1, 20)) == last
    assert known_on(home, date(2026, 1, 19)) != last
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two composed snapshots, a month between them."""
    home: Path = tmp_path_factory.mktemp("two")
    publish_composed(home, NOW - timedelta(days=30))
    publish_composed(home)
    return home


def ask(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Ask on the command line; give exit code, output and errors."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["query", *arguments])
    out, err = capfd.readouterr()
    return int(ended.value.code or 0), out, err


def test_a_query_is_answered_from_what_was_known_on_a_day(
    two: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OREWATCH_HOME", str(two))
    first, last = (path.name for path in publish.snapshots(two / "warehouse" / "snapshots"))
    one = "SELECT 1 AS one"
    assert json.loads(ask(capfd, one, "--json")[1])["snapshot"] == last
    code, out, _ = ask(capfd, one, "--json", "--as-of", "2026-11-01")
    assert (code, json.loads(out)["snapshot"]) == (0, first)
    code, _, errors = ask(capfd, one, "--as-of", "2026-01-15")
    assert code == 1
    assert "no snapshot had been published by 2026-01-15" in errors


JOIN = (
    "SELECT count(*) AS n FROM mart.trade AS t FULL JOIN before.mart.trade AS b "
    "USING (source, edition, hs6, year, importer_iso3, exporter_iso3)"
)


def test_a_query_joins_two_snapshots(
    two: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OREWATCH_HOME", str(two))
    code, out, errors = ask(capfd, JOIN, "--json", "--with", "before=20261021")
    assert (code, errors) == (0, "")
    assert [column["name"] for column in json.loads(out)["columns"]] == ["n"]
    assert ask(capfd, JOIN)[0] == 1
    assert ask(capfd, JOIN, "--with", "before=2025")[0] == 1
    assert ask(capfd, JOIN, "--with", "main=20261021")[0] == 2


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH '{path}' AS own",
        "DETACH before",
        "CREATE TABLE before.mart.own AS SELECT 1 AS one",
        "SET enable_external_access = true",
        "SELECT * FROM read_blob('{path}')",
        "SELECT * FROM '{folder}/parquet/mart.trade.parquet'",
        "COPY before.mart.trade TO '{folder}/own.csv'",
    ],
)
def test_a_further_snapshot_opens_no_door(two: Path, sql: str) -> None:
    before, after = publish.snapshots(two / "warehouse" / "snapshots")
    files = {path: path.stat().st_mtime_ns for path in two.rglob("*")}
    filled = sql.format(path=before / publish.DATABASE, folder=before)
    with pytest.raises(warehouse.WarehouseError):
        answers.ask(after, filled, beside={"before": before})
    assert {path: path.stat().st_mtime_ns for path in two.rglob("*")} == files


def test_an_open_snapshot_is_not_pruned(two: Path) -> None:
    settings = world.settings(two)
    before = publish.snapshots(settings.snapshots)[0]
    with warehouse.snapshot_reader(before / publish.DATABASE):
        assert [one.state for one in prune(settings, 1)] == ["in use"]
