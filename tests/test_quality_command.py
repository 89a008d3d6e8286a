"""`orewatch quality`: the report at the terminal, of a snapshot and of a blocked run.

The snapshot is a small one composed by us, and so are the verdicts kept with it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest

from flows import publish
from flows.command import qualities
from flows.command.shelf import NoSuchSnapshotError
from flows.gate.contract import Check, Outcome, Verdict
from flows.gate.published import quality_json
from flows.settings import Settings
from tests import published as composed
from tests.command import Orewatch

DAY = date(2026, 11, 20)
BLOCKED = "20261121T020000Z-blocked"
ROWS = {
    "mart.coverage": [
        {
            "table": "mart.trade",
            "source": "baci",
            "edition": "HS92_V202601",
            "year": year,
            "rows": n,
        }
        for year, n in ((1995, 5), (1996, 50), (1998, 12_000))
    ],
    "meta.edition": [
        {"source": "baci", "edition": "HS92_V202601", "rows": 5, "released": date(2026, 1, 31)},
        {"source": "usgs_mcs", "edition": "2023", "rows": 1, "released": date(2023, 1, 31)},
        {"source": "usgs_mcs", "edition": "2024", "rows": 1, "released": date(2024, 1, 31)},
    ],
    "quality.freshness": [
        {"source": "baci", "edition": "HS92_V202601"},
        {"source": "usgs_mcs", "edition": "2024", "stale": True},
    ],
}
HELD = """
    INSERT INTO ref.check_exception BY NAME SELECT 'mart.economy.names_are_short' AS check,
        9 AS most_rows, 'They are what they are.' AS reason, 'M. Okafor' AS owner,
        DATE '2026-01-02' AS since, DATE '2026-12-01' AS expires;
    INSERT INTO quality.rejected_row BY NAME
        SELECT 'baci' AS source, 'HS92_V202601' AS edition, rule, ordinal, '{}' AS row_key,
            rule || ' it is' AS why, '{}' AS "row"
        FROM (VALUES ('unknown', 1), ('below_zero', 1), ('unknown', 2)) AS r(rule, ordinal);
"""
"""What the published file says beside the checks."""


def verdict(outcome: Outcome, table: str, name: str, **parts: Any) -> Verdict:  # noqa: ANN401
    why = f"Why of {name}."
    return Verdict(
        Check(table, name, "authored", "expect", {}, "critical", why, "Somebody's paper"),
        outcome,
        **parts,
    )


FINE = [
    verdict("pass", "mart.trade", "iso3_is_known", observed="none in 5 rows"),
    verdict("pass", "mart.claim", "rows_exist"),
]
WARNED = verdict(
    "warn",
    "mart.economy",
    "names_are_short",
    observed="7 failing in 9 rows",
    unexpected_count=7,
    rows=tuple({"name": f"Long name {place}", "note": None} for place in range(6)),
)
FAILED = verdict(
    "fail",
    "mart.trade",
    "partners_sum_to_world",
    observed="1 failing in 5 rows",
    unexpected_count=1,
    rows=({"year": 2024, "name": "\x1b[2J\u202eevil"},),
)


def keep(folder: Path, verdicts: list[Verdict], **parts: Any) -> None:  # noqa: ANN401
    folder.mkdir(parents=True, exist_ok=True)
    body = quality_json(verdicts, snapshot_id=folder.name, as_of=DAY) | parts
    (folder / "quality.json").write_text(json.dumps(body), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two snapshots, the older blocked and published by hand; not to be changed."""
    home: Path = tmp_path_factory.mktemp("quality")
    with patch.dict(composed.ROWS, ROWS):  # type: ignore[arg-type]
        older = composed.publish_composed(home, composed.NOW - timedelta(days=30))
        newer = composed.publish_composed(home)
    keep(older, [*FINE, FAILED])
    keep(newer, [*FINE, WARNED], mutants=[9, 10])
    with duckdb.connect(newer / publish.DATABASE) as connection:
        connection.execute(HELD)
    manifest = json.loads((older / publish.MANIFEST).read_text(encoding="utf-8"))
    trace = {"reason": "It was urgent.", "by": "mokafor", "time": "2026-10-21T10:00:00+00:00"}
    text = json.dumps(manifest | {"released_by_hand": trace})
    (older / publish.MANIFEST).write_text(text, encoding="utf-8")
    return home


@pytest.fixture
def home(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OREWATCH_HOME", str(made))
    return made


@pytest.fixture
def blocked(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same home after a later run that was blocked."""
    monkeypatch.setenv("OREWATCH_HOME", str(made))
    folder = made / "warehouse/runs" / BLOCKED
    keep(folder, [*FINE, WARNED, FAILED])
    yield folder
    shutil.rmtree(folder.parent)


@pytest.mark.usefixtures("home")
def test_a_published_snapshot_shows_everything_and_exits_0(orewatch: Orewatch) -> None:
    said = orewatch("quality")
    assert (said.code, said.err) == (0, "")
    for shown in (
        "▲ Fit to use, with 1 remark to read first.",
        "as of 20 November 2026",
        "warned  mart.economy.names_are_short",
        "Why of names_are_short.",
        "threshold from: Somebody's paper",
        "7 failing in 9 rows",
        "· name Long name 0",
        "the first of 7 rows",
        "to do: Read the rows before quoting",
        "Look for newer editions: orewatch refresh usgs_mcs",
        "mart.economy.names_are_short: They are what they are. (M. Okafor)",
        "7 of at most 9 rows, since 2 January 2026, until 1 December 2026",
        "below_zero it is",
    ):
        assert shown in said.out, shown
    strip = next(line for line in said.out.splitlines() if "baci HS92" in line)
    assert re.search(r"▁▂x█ +1995 to 1998 +12,055", strip)
    assert "Long name 5" not in said.out
    stale = [line for line in said.out.splitlines() if line.startswith("usgs_mcs")]
    assert [line.split()[1:4] for line in stale] == [
        ["2023", "superseded", "1,389"],
        ["2024", "stale", "1,024"],
    ]


@pytest.mark.usefixtures("home")
def test_the_trend_has_the_snapshots_before(orewatch: Orewatch) -> None:
    trend = orewatch("quality", "--json").json["trend"]
    assert [one["as_of"] for one in trend] == ["2026-11-20", "2026-10-21"]
    assert [one["warned"] for one in trend] == [1, 1]
    assert trend[0]["oldest"] == (DAY - date(2024, 1, 31)).days
    assert trend[0]["rows"] == trend[1]["rows"] > 0
    older = orewatch("quality", "20261021", "--json").json
    assert len(older["trend"]) == 1


@pytest.mark.usefixtures("home")
def test_programs_get_the_whole_report(orewatch: Orewatch) -> None:
    body = orewatch("quality", "--json").json
    assert body["outcome"] == "published"
    assert body["verdict"].startswith("Fit to use")
    assert [one["check"] for one in body["checks"]] == [
        "names_are_short",
        "rows_exist",
        "iso3_is_known",
    ]
    assert body["checks"][0]["to_do"].startswith("Read the rows")
    assert body["checks"][1]["to_do"] is None
    assert body["coverage"][0] == {
        "source": "baci",
        "edition": "HS92_V202601",
        "first": 1995,
        "last": 1998,
        "gaps": [1997],
        "total": 12_055,
    }
    worst = {table["table"]: table["worst"] for table in body["tables"]}
    assert (worst["mart.economy"], worst["mart.trade"]) == ("warn", "pass")
    assert worst["meta.source"] == "vacuous"  # no check was put to it
    assert body["mutants"] == [9, 10]
    assert {source["freshness"] for source in body["sources"]} == {"fresh", "stale", "superseded"}
    assert [(one["owner"], one["rows"]) for one in body["exceptions"]] == [("M. Okafor", 7)]
    assert body["rejected"] == [
        {"source": "baci", "rule": "below_zero", "why": "below_zero it is", "rows": 1},
        {"source": "baci", "rule": "unknown", "why": "unknown it is", "rows": 2},
    ]


@pytest.mark.usefixtures("home")
def test_only_what_needs_attention_where_asked(orewatch: Orewatch) -> None:
    said = orewatch("quality", "--failing")
    assert said.code == 0
    assert "names_are_short" in said.out
    assert "coverage by source" not in said.out
    body = orewatch("quality", "--failing", "--json").json
    assert [one["check"] for one in body["checks"]] == ["names_are_short"]
    assert "coverage" not in body


@pytest.mark.usefixtures("blocked")
def test_a_blocked_run_exits_3_and_names_what_stopped_it(orewatch: Orewatch) -> None:
    said = orewatch("quality", "blocked")
    assert said.code == 3
    assert "✗ Not published: 1 check stopped it." in said.out
    assert said.out.index("partners_sum_to_world") < said.out.index("names_are_short")
    assert "Quote no figure from this run." in said.out
    assert "coverage by source" not in said.out
    assert "not recorded" in said.out
    assert "\x1b[2J" not in said.out
    assert "\u202e" not in said.out
    as_json = orewatch("quality", BLOCKED, "--json")
    assert as_json.json["coverage"] == as_json.json["sources"] == []
    assert (as_json.code, as_json.json["outcome"]) == (3, "blocked")
    assert as_json.json["trend"][0]["rows"] is None


def test_a_blocked_run_that_still_has_its_build_shows_what_is_in_it(
    blocked: Path, orewatch: Orewatch
) -> None:
    published = publish.current(blocked.parents[1] / "current")
    assert published
    shutil.copyfile(published / publish.DATABASE, blocked / qualities.BUILD)
    said = orewatch("quality", BLOCKED)
    assert said.code == 3
    assert "▁▂x█" in said.out
    assert "superseded" in said.out


@pytest.mark.usefixtures("blocked")
def test_the_current_snapshot_tells_of_a_later_run_that_was_blocked(orewatch: Orewatch) -> None:
    said = orewatch("quality")
    assert said.code == 0
    assert f"a later run was blocked: orewatch quality {BLOCKED}" in said.out


@pytest.mark.usefixtures("home")
def test_a_blocked_run_published_by_hand_exits_0_and_says_so(orewatch: Orewatch) -> None:
    said = orewatch("quality", "20261021")
    assert said.code == 0
    assert "Published by hand, although 1 check stopped it." in said.out
    assert "It was urgent." in said.out


def test_where_nothing_was_published_the_blocked_run_is_shown(
    tmp_path: Path, orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    said = orewatch("quality")
    assert (said.code, said.out) == (1, "")
    assert "orewatch run" in said.err
    keep(tmp_path / "warehouse/runs" / BLOCKED, [FAILED])
    assert orewatch("quality").code == 3


@pytest.mark.usefixtures("blocked")
def test_a_name_that_fits_several_or_none_is_refused(orewatch: Orewatch) -> None:
    several = orewatch("quality", "202611")
    assert several.code == 1
    assert BLOCKED in several.err
    none = orewatch("quality", "2025")
    assert none.code == 1
    assert "no snapshot is called '2025'" in none.err
    with pytest.raises(NoSuchSnapshotError):
        qualities.read_report(Settings(), "2026")


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"checks": [{}], "as_of": "x"}'])
def test_a_damaged_report_is_one_message(
    content: str | None, tmp_path: Path, orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    folder = tmp_path / "warehouse/snapshots/20261120T093000Z-c0ffee00"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    publish.point(tmp_path / "warehouse/current", folder)
    if content is not None:
        (folder / "quality.json").write_text(content, encoding="utf-8")
    said = orewatch("quality")
    assert (said.code, said.out) == (1, "")
    assert "quality.json" in said.err
    assert "Traceback" not in said.err


def test_what_is_kept_is_read_back_unchanged(home: Path) -> None:
    report = qualities.read_report(Settings(home=home))
    assert {v.check.id: v for v in report.verdicts} == {v.check.id: v for v in [*FINE, WARNED]}
    assert report.verdicts[0].rows == WARNED.rows
    assert report.verdicts[0].check.kwargs == WARNED.check.kwargs


@pytest.mark.usefixtures("home")
def test_the_report_is_shown_without_the_slow_libraries() -> None:
    program = (
        "import sys\n"
        "from flows import cli\n"
        "cli.app(['quality'], result_action='return_value')\n"
        "heavy = {'prefect', 'great_expectations', 'pandas', 'httpx', 'jinja2'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Fit to use" in done.stdout


def test_the_help_has_an_example(orewatch: Orewatch) -> None:
    said = orewatch("quality", "--help")
    assert said.code == 0
    assert "orewatch quality --failing" in said.out.split("For example:")[1]
