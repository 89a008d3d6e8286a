"""The command `orewatch`: what each verb says, to whom, and with which exit code."""

from __future__ import annotations

import errno
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from flows import cli, publish, schedule
from flows.command import answers, exits, queries, terminal
from flows.gate.contract import Check, Verdict
from flows.progress import report
from flows.settings import CHECKOUT
from flows.sources.contract import IncompleteError, SourceError
from tests.command import Orewatch
from tests.published import NOW, publish_composed

QUESTIONS = queries.read_questions(CHECKOUT / "sql/queries")
ARTICLE = CHECKOUT.parent / "shared/article.txt"
HEAVY = ("prefect", "great_expectations", "pandas")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two snapshots; not to be changed."""
    home: Path = tmp_path_factory.mktemp("published")
    publish_composed(home, NOW - timedelta(days=30))
    publish_composed(home)
    return home


@pytest.fixture
def home(published: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OREWATCH_HOME", str(published))
    return published


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    return tmp_path


def current(home: Path) -> Path:
    path = publish.current(home / "warehouse/current")
    assert path
    return path


@pytest.mark.parametrize(
    "verb",
    ["run", "query", "snapshots", "sources", "doctor", "serve", "article verify"],
)
def test_the_help_of_each_verb_has_an_example(verb: str, orewatch: Orewatch) -> None:
    said = orewatch(*verb.split(), "--help")
    assert said.code == 0
    assert f"orewatch {verb}" in said.out.split("For example:")[1]


def test_reading_imports_nothing_heavy(home: Path) -> None:
    # A process of its own: this one has long imported everything.
    program = (
        "import sys\n"
        "from flows import cli\n"
        "from flows.command import confined, answers, doctor, listings, outcome, shelf, terminal\n"
        "from flows.settings import Settings\n"
        "cli.app(['--help'], result_action='return_value')\n"
        "cli.app(['snapshots'], result_action='return_value')\n"
        "cli.app(['doctor'], result_action='return_value')\n"
        f"sys.exit(', '.join(set({HEAVY!r}) & set(sys.modules)) or None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert current(home).name in done.stdout


def test_usage_errors_exit_2_on_the_error_stream(orewatch: Orewatch) -> None:
    for arguments in (("nonsense",), ("query",), ("query", "headline", "--json", "--csv")):
        said = orewatch(*arguments)
        assert (said.code, said.out) == (2, "")
        assert said.err


def test_the_headline_is_nearest_to_the_value_share_of_2007(published: Path) -> None:
    asked = queries.question("headline", (), CHECKOUT / "sql/queries")
    rows = answers.ask(current(published), asked.sql, asked.parameters).rows
    assert rows.select("figure", "basis", "year", pl.col("share").round(3)).rows() == [
        ("claimed", None, None, 0.912),
        ("latest", "value", 2024, 0.378),
        ("latest", "mass", 2024, 0.661),
        ("nearest", "value", 2007, 0.912),
    ]


def test_two_editions_of_one_year_are_two_vintages(published: Path) -> None:
    asked = queries.question("vintages", (), CHECKOUT / "sql/queries")
    rows = answers.ask(current(published), asked.sql, asked.parameters).rows
    assert rows.select("year", "edition", "mass_kg").rows() == [
        (2022, "2023", 60_000_000),
        (2022, "2024", 40_000_000),
    ]


def test_a_question_takes_its_parameters_and_no_other() -> None:
    folder = CHECKOUT / "sql/queries"
    asked = queries.question("top_suppliers", ["importer=KOR", "mineral="], folder)
    assert asked.parameters["importer"] == "KOR"
    assert asked.parameters["mineral"] is None
    with pytest.raises(exits.UsageError, match="it takes: importer, mineral, stage, year"):
        queries.question("top_suppliers", ["importr=KOR"], folder)
    with pytest.raises(exits.UsageError, match="did you mean headline"):
        queries.question("haedline", (), folder)
    with pytest.raises(exits.UsageError, match="name=value"):
        queries.question("headline", ["C010"], folder)


def test_the_questions_are_listed(orewatch: Orewatch) -> None:
    said = orewatch("query", "--list")
    assert all(asked.name in said.out for asked in QUESTIONS)


def test_query_prints_a_table_and_names_the_snapshot(home: Path, orewatch: Orewatch) -> None:
    said = orewatch("query", "FROM ref.basis SELECT basis ORDER BY basis", "--rows", "2")
    assert said.code == 0
    assert said.out.splitlines()[0].split() == ["basis"]
    assert "2 rows; there are more" in said.out
    assert current(home).name in said.out


def test_query_prints_json(home: Path, orewatch: Orewatch) -> None:
    said = orewatch("query", "share_over_time", "--param", "exporter=VNM", "--json")
    body = json.loads(said.out)
    assert (body["snapshot"], body["cut"]) == (current(home).name, False)
    assert [row["value_share"] for row in body["rows"]] == [0.622]


@pytest.mark.usefixtures("home")
def test_query_prints_csv_and_says_where_it_was_cut(orewatch: Orewatch) -> None:
    sql = "SELECT i, [i::VARCHAR, 'b'] AS l FROM range(5) AS r(i)"
    said = orewatch("query", sql, "--csv", "--rows", "2")
    assert said.out.splitlines() == ["i,l", "0,0|b", "1,1|b"]
    assert "cut off after 2 rows" in said.err


def test_query_reads_another_snapshot_by_a_part_of_its_id(home: Path, orewatch: Orewatch) -> None:
    said = orewatch("query", "SELECT 1 AS one", "--snapshot", "20261021", "--json")
    assert json.loads(said.out)["snapshot"].startswith("20261021T")
    missing = orewatch("query", "SELECT 1", "--snapshot", "2025")
    assert missing.code == 1
    assert current(home).name in missing.err


@pytest.mark.usefixtures("home")
def test_a_wrong_query_is_one_message(orewatch: Orewatch) -> None:
    said = orewatch("query", "SELECT nothing FROM mart.claim")
    assert (said.code, said.out) == (1, "")
    assert "nothing" in said.err
    assert "Traceback" not in said.err


def test_without_a_snapshot_query_says_how_to_get_one(empty_home: Path, orewatch: Orewatch) -> None:
    said = orewatch("query", "headline")
    assert said.code == 1
    assert "orewatch run" in said.err
    assert list(empty_home.iterdir()) == []


def test_cells_cannot_move_the_cursor() -> None:
    shown, _ = terminal.cell("\x1b[2J\u202eabc\n", "any")
    assert shown.isprintable()
    assert terminal.cell(2024, "first_year") == ("2024", "")
    assert terminal.cell(1234567, "value_usd") == ("1,234,567", "")
    assert terminal.cell(0.00025, "share") == ("0.00025", "")
    assert terminal.fit({"a": float("nan"), "b": [datetime(2026, 1, 2, tzinfo=UTC)]}) == {
        "a": None,
        "b": ["2026-01-02T00:00:00+00:00"],
    }


def test_a_table_too_wide_says_what_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "WIDE", 40)
    names = ["first", "second", "third"]
    terminal.show_rows(names, [["x" * 30, 1, "y" * 30], ["x" * 30, 2, "y"]])
    said = capsys.readouterr().out
    assert "no room for third" in said
    assert max(len(line) for line in said.splitlines()) <= 40


def test_snapshots_marks_the_current_one(home: Path, orewatch: Orewatch) -> None:
    rows = json.loads(orewatch("snapshots", "--json").out)
    assert [row["current"] for row in rows] == [False, True]
    assert rows[1]["id"] == current(home).name
    assert rows[1]["rows"] > 0
    assert rows[1]["bytes"] > 0
    line = orewatch("snapshots").out.splitlines()[-1]
    assert line.startswith("*")


@pytest.mark.usefixtures("home")
def test_sources_are_judged_on_a_day(orewatch: Orewatch) -> None:
    body = json.loads(orewatch("sources", "--as-of", "2026-03-01", "--json").out)
    by_edition = {(row["source"], row["edition"]): row for row in body["sources"]}
    baci = by_edition["baci", "HS92_V202601"]
    assert (baci["freshness"], baci["rows"], baci["licence"]) == ("fresh", 5, "Etalab 2.0")
    # A source that ships nothing and was not fetched is listed all the same.
    assert by_edition["comtrade", None]["freshness"] == "not here"
    later = json.loads(orewatch("sources", "--as-of", "2036-03-01", "--json").out)
    assert "stale" in {row["freshness"] for row in later["sources"] if row["source"] == "baci"}


def test_a_copy_of_the_article_is_verified(tmp_path: Path, orewatch: Orewatch) -> None:
    if not ARTICLE.is_file():
        pytest.skip("the article is not in the project; it lies beside the checkout")
    said = orewatch("article", "verify", str(ARTICLE))
    assert said.code == 0
    assert "byte for byte" in said.out
    longer = tmp_path / "longer.txt"
    longer.write_bytes(ARTICLE.read_bytes() + b"\nOne more sentence.\n")
    said = orewatch("article", "verify", str(longer))
    assert said.code == 0
    assert "the file is not the source" in said.out


def test_another_text_fails_at_its_first_figure(tmp_path: Path, orewatch: Orewatch) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Nothing of the kind. " * 1_000, encoding="utf-8")
    said = orewatch("article", "verify", str(other))
    assert (said.code, said.out) == (1, "")
    assert "C001" in said.err


def test_the_doctor_finds_a_sound_home_sound(
    home: Path, orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMTRADE_API_KEY", "canary-7c2")
    said = orewatch("doctor", "--json")
    body = json.loads(said.out)
    assert said.code == 0, body
    says = {finding["about"]: finding["says"] for finding in body["findings"]}
    assert says["comtrade key"] == "is set"
    assert current(home).name in says["snapshot"]
    assert "canary" not in said.out + orewatch("doctor").out


def test_the_doctor_names_a_damaged_file_and_who_writes(
    published: Path, tmp_path: Path, orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "damaged"
    shutil.copytree(published, home, symlinks=True)
    monkeypatch.setenv("OREWATCH_HOME", str(home))
    with (current(home) / publish.DATABASE).open("r+b") as file:
        file.seek(-100, 2)
        file.write(b"damaged")
    with publish.lock(home / "warehouse/lock"):
        said = orewatch("doctor")
    assert said.code == 1
    assert "orewatch.duckdb (file)" in said.out
    assert "held by process" in said.out


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Healthy) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{httpd.server_port}/api"
        httpd.shutdown()


@pytest.mark.usefixtures("home")
def test_the_doctor_asks_prefect_only_where_it_is_configured(
    orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    assert "no server configured" in orewatch("doctor").out
    monkeypatch.setenv("PREFECT_API_URL", f"http://user:canary-9d@{server}")
    said = orewatch("doctor")
    assert f"http://{server} answers" in said.out
    monkeypatch.setenv("PREFECT_API_URL", "http://user:canary-9d@127.0.0.1:9/api")
    gone = orewatch("doctor")
    assert gone.code == 1
    assert "does not answer" in gone.out
    assert "canary" not in said.out + gone.out


def test_serve_serves(home: Path, orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[object] = []
    monkeypatch.setattr(schedule, "serve", lambda settings, port: served.append((settings, port)))
    assert orewatch("serve", "--port", "4210").code == 0
    assert [(settings.home, port) for settings, port in served] == [(home, 4210)]  # type: ignore[misc]


class GateBlockedError(Exception):
    """Stands for that of flows.snapshot, which imports Prefect."""

    def __init__(self, verdicts: list[Verdict], folder: Path) -> None:
        super().__init__("blocked")
        self.verdicts, self.folder = verdicts, folder


@dataclass(frozen=True)
class Published:
    path: Path
    is_new: bool


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Put another flow in the place of the main one, as if Prefect had started."""
    # What `run` sets for Prefect goes again when the test ends.
    for name in ("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "PREFECT_HOME"):
        monkeypatch.setenv(name, "kept")

    def put(job: Callable[[], object]) -> None:
        module = ModuleType("flows.snapshot")
        module.snapshot = lambda as_of, report_page: job()  # type: ignore[attr-defined]  # noqa: ARG005
        monkeypatch.setitem(sys.modules, "flows.snapshot", module)
        monkeypatch.setattr("flows.snapshot", module, raising=False)

    return put


def raising(error: Exception) -> Callable[[], object]:
    def job() -> object:
        raise error

    return job


def test_run_shows_its_steps_and_ends_on_one_screen(
    home: Path, orewatch: Orewatch, flow: Callable[[Callable[[], object]], None]
) -> None:
    def job() -> Published:
        report("ingest baci", "HS92 5 rows")
        return Published(current(home), is_new=True)

    flow(job)
    said = orewatch("run")
    assert said.code == 0
    assert re.search(r"\d s +ingest baci +HS92 5 rows", said.err)
    assert f"published {current(home).name}" in said.out
    assert "1 passed, 1 warned, 0 failed, 0 not applicable" in said.out
    assert "91.2 percent, for 2024 (inferred)" in said.out
    assert "37.8% by value in 2024, 66.1% by mass in 2024" in said.out
    assert "91.2% by value in 2007" in said.out
    assert len(said.out.splitlines()) <= 24


def test_run_says_when_nothing_is_new(
    home: Path, orewatch: Orewatch, flow: Callable[[Callable[[], object]], None]
) -> None:
    flow(lambda: Published(current(home), is_new=False))
    said = orewatch("run", "--json")
    assert said.code == 0
    assert json.loads(said.out)["outcome"] == "unchanged"
    assert "nothing new" in orewatch("run").out


def test_a_blocked_run_names_check_rows_report_and_what_stays(
    home: Path, orewatch: Orewatch, flow: Callable[[Callable[[], object]], None]
) -> None:
    check = Check("mart.trade", "keys_known", "authored", "any", {}, "critical", "Or who is it?")
    verdict = Verdict(check, "fail", "9 failing", 9, ({"exporter_iso3": "XXX", "note": None},))
    flow(raising(GateBlockedError([verdict], home / "warehouse/runs/1-blocked")))
    said = orewatch("run")
    assert said.code == 3
    for part in ("mart.trade.keys_known", "Or who is it?", "XXX", "1-blocked/quality.html"):
        assert part in said.err
    assert f"{current(home).name} stays" in said.err
    body = json.loads(orewatch("run", "--json").out)
    assert (body["outcome"], body["checks"][0]["rows"][0]["exporter_iso3"]) == ("blocked", "XXX")


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (SourceError("baci: column k lost"), 1, "column k lost"),
        (IncompleteError("baci: 3 rows"), 4, "3 rows"),
        (publish.LockHeldError("process 7"), 6, "process 7"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "a run needs"),
        (pl.exceptions.ComputeError("No space left on device (os error 28)"), 1, "a run needs"),
        (PermissionError(13, "denied", "/x"), 1, "/x"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_known_error_is_one_message_and_a_code(
    error: Exception,
    code: int,
    part: str,
    orewatch: Orewatch,
    flow: Callable[[Callable[[], object]], None],
) -> None:
    flow(raising(error))
    said = orewatch("run")
    assert (said.code, said.out) == (code, "")
    assert part in said.err
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("home")
def test_a_fault_of_the_program_keeps_its_traceback(
    flow: Callable[[Callable[[], object]], None],
) -> None:
    flow(raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        cli.main(["run"])


def test_a_second_run_is_refused_before_prefect_starts(
    home: Path, orewatch: Orewatch, flow: Callable[[Callable[[], object]], None]
) -> None:
    flow(raising(AssertionError("not to be reached")))
    with publish.lock(home / "warehouse/lock"):
        said = orewatch("run")
    assert said.code == 6
    assert "process" in said.err


def test_a_wrong_setting_is_named_without_its_value(
    orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OREWATCH_THREADS", "canary-3")
    said = orewatch("snapshots")
    assert said.code == 1
    assert "OREWATCH_THREADS" in said.err
    assert "canary" not in said.err


def test_the_errors_with_a_code_of_their_own_exist() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in CHECKOUT.glob("flows/**/*.py"))
    for name in exits.CODES:
        assert re.search(rf"^class {name}\(", text, re.MULTILINE), name
