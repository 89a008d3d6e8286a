"""Whatever is asked, a query reads only the snapshot, writes nothing, and comes to an end."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows import publish, warehouse
from flows.command import answers, confined
from tests.published import publish_composed

SECRET = "canary-5f1d"  # noqa: S105 - looked for in every answer
DEEP = "(" * 60_000 + "1" + ")" * 60_000

# What a query must not find, though it lies about in the program.
canary_frame = pl.DataFrame({"secret": [SECRET]})


@dataclass(frozen=True)
class Hostile:
    """A statement of the list, and what must come of it."""

    fate: str
    tries: str
    sql: str


def hostile_statements() -> list[Hostile]:
    text = (Path(__file__).parent / "hostile_statements.sql").read_text(encoding="utf-8")
    found = []
    for block in text.strip().split("\n\n")[1:]:
        comment, _, sql = block.partition("\n")
        fate, _, tries = comment.removeprefix("-- ").partition(": ")
        found.append(Hostile(fate, tries, sql))
    return found


STATEMENTS = hostile_statements()


def named(*fates: str) -> list[object]:
    return [pytest.param(s, id=s.tries) for s in STATEMENTS if s.fate in fates]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home: Path = tmp_path_factory.mktemp("locked")
    publish_composed(home)
    return home


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A secret, a database that holds it, and an empty folder."""
    root = tmp_path_factory.mktemp("places")
    (root / "canary.txt").write_text(f"{SECRET}\n", encoding="utf-8")
    with duckdb.connect(str(root / "copy.duckdb")) as con:
        con.execute(f"CREATE TABLE secret AS SELECT '{SECRET}' AS secret")
    (root / "folder").mkdir()
    return {
        "canary": str(root / "canary.txt"),
        "copy": str(root / "copy.duckdb"),
        "folder": str(root / "folder"),
        "deep": DEEP,
    }


def filled(sql: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        sql = sql.replace("{" + name + "}", value)
    return sql


def files(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def settings_of(con: warehouse.Connection) -> list[tuple[object, ...]]:
    return con.execute("SELECT name, value FROM duckdb_settings() ORDER BY name").fetchall()


def test_the_list_is_long_and_each_statement_has_a_fate() -> None:
    assert len(STATEMENTS) >= 30
    assert {s.fate for s in STATEMENTS} == {"refused", "harmless", "bounded", "ended"}


@pytest.mark.parametrize("hostile", named("refused", "harmless"))
def test_nothing_is_read_written_or_set(
    hostile: Hostile, home: Path, places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(places["folder"])
    snapshot = publish.current(home / "warehouse/current")
    assert snapshot
    before = files(home) | files(Path(places["folder"]).parent)
    # A connection held beside shares whatever the statement may change in the process.
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as beside:
        set_before = settings_of(beside)
        said = ""
        try:
            given = answers.ask(snapshot, filled(hostile.sql, places), seconds=5)
            said = str(given.rows.rows())
            assert hostile.fate == "harmless", f"answered: {said[:200]}"
        except warehouse.WarehouseError as error:
            assert hostile.fate == "refused", f"refused: {error}"  # noqa: PT017 - either will do
            said = str(error)
        assert settings_of(beside) == set_before
    assert SECRET not in said.replace(places["canary"], "")
    assert "root:" not in said
    assert files(home) | files(Path(places["folder"]).parent) == before


@pytest.mark.parametrize("hostile", named("ended"))
def test_what_duckdb_does_not_end_the_system_does(
    hostile: Hostile,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    comes_to_an_end(hostile, home, monkeypatch, capfd)


@pytest.mark.slow
@pytest.mark.parametrize("hostile", named("bounded"))
def test_every_bomb_comes_to_an_end(
    hostile: Hostile,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    comes_to_an_end(hostile, home, monkeypatch, capfd)


def comes_to_an_end(
    hostile: Hostile,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # Never within the test's own process: it would take the machine's memory.
    monkeypatch.setenv("OREWATCH_HOME", str(home))
    try:
        assert confined.answer(confined.Request(hostile.sql, seconds=0.5)) == 1
        said = capfd.readouterr().err
    except confined.AnswerError as error:
        said = str(error)
    assert "ask for less" in said


def test_an_answer_does_not_depend_on_threads(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OREWATCH_HOME", str(home))
    # Unordered, and a sum of floats whose last digits depend on the order of addition.
    sql = "SELECT i % 7 AS k, sum(1 / (i + 1)) AS s FROM range(3_000_000) AS r(i) GROUP BY k"
    said = []
    for _ in range(2):
        assert confined.answer(confined.Request(sql, form="json")) == 0
        said.append(json.loads(capfd.readouterr().out)["rows"])
    assert said[0] == said[1]
    assert (
        confined.answer(
            confined.Request("SELECT current_setting('threads') AS threads", form="json")
        )
        == 0
    )
    assert json.loads(capfd.readouterr().out)["rows"] == [{"threads": 1}]


def test_the_child_does_not_import_what_lies_about(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "duckdb.py").write_text("raise SystemExit(99)", encoding="utf-8")
    monkeypatch.setenv("OREWATCH_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    assert confined.answer(confined.Request("SELECT 1", form="csv")) == 0
