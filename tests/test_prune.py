"""Old snapshots go in one step, and never one that is current or that somebody reads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows import publish
from flows.command.pruning import prune_and_show
from flows.holding import reading, removing
from flows.prune import PruneError, prune
from flows.publish import LockHeldError, PublishError
from flows.settings import Settings
from tests import world

FIRST = datetime(2026, 1, 15, 6, tzinfo=UTC)
READER = """
import sys
import duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
print(con.execute("SELECT one FROM small").fetchall(), flush=True)
sys.stdin.read()
"""
WRITER = """
import fcntl
import sys
file = open(sys.argv[1], "a+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def add(settings: Settings, days: int) -> Path:
    """Put a composed snapshot there: a manifest and a DuckDB file with one row."""
    name = publish.snapshot_id(FIRST + timedelta(days=days), "c0ffee00")
    with publish.aside(settings.snapshots, name) as part:
        with duckdb.connect(part / publish.DATABASE) as con:
            con.execute("CREATE TABLE small AS SELECT 1 AS one")
        created = (FIRST + timedelta(days=days)).isoformat()
        publish.seal(part, {"id": name, "created": created, "tables": []})
        return publish.release(part, settings.snapshots, name, settings.current, lambda _: None)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A home with four snapshots, a day between them."""
    settings = world.settings(tmp_path)
    settings.warehouse.mkdir()
    for day in range(4):
        add(settings, day)
    return settings


def names(settings: Settings) -> list[str]:
    """Days of the snapshots that are there."""
    return [path.name[:8] for path in publish.snapshots(settings.snapshots)]


def test_the_newest_stay_and_the_bytes_are_counted(home: Settings) -> None:
    sizes = [publish.size_of(path) for path in publish.snapshots(home.snapshots)]
    done = prune(home, 2)
    assert [(one.name[:8], one.bytes, one.state) for one in done] == [
        ("20260115", sizes[0], "removed"),
        ("20260116", sizes[1], "removed"),
    ]
    assert names(home) == ["20260117", "20260118"]
    assert publish.current(home.current) == publish.snapshots(home.snapshots)[-1].resolve()
    assert prune(home, 2) == []


def test_a_dry_run_touches_nothing(home: Settings) -> None:
    done = prune(home, 1, dry_run=True)
    assert {one.state for one in done} == {"would be removed"}
    assert len(names(home)) == 4


def test_at_least_one_is_kept(home: Settings) -> None:
    with pytest.raises(PruneError, match="at least 1"):
        prune(home, 0)
    assert len(names(home)) == 4


def test_one_that_is_held_stays(home: Settings) -> None:
    oldest = publish.snapshots(home.snapshots)[0]
    with reading(oldest), reading(oldest):
        done = prune(home, 1)
    assert [(one.name == oldest.name, one.state) for one in done] == [
        (True, "in use"),
        (False, "removed"),
        (False, "removed"),
    ]
    assert names(home) == ["20260115", "20260118"]
    assert [one.state for one in prune(home, 1)] == ["removed"]


@pytest.fixture
def reader(home: Settings) -> Iterator[subprocess.Popen[str]]:
    """Another program that has the oldest snapshot's DuckDB file open."""
    path = publish.snapshots(home.snapshots)[0] / publish.DATABASE
    process = subprocess.Popen(
        [sys.executable, "-c", READER, str(path)],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == "[(1,)]\n"
    yield process
    process.kill()
    process.communicate()


def test_one_that_another_program_has_open_stays(
    home: Settings, reader: subprocess.Popen[str]
) -> None:
    assert [one.state for one in prune(home, 3)] == ["in use"]
    reader.kill()
    reader.wait()
    assert [one.state for one in prune(home, 3)] == ["removed"]


def test_nothing_is_removed_while_somebody_writes(home: Settings) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home.lock)],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockHeldError):
            prune(home, 1)
    finally:
        holder.kill()
        holder.communicate()
    assert len(names(home)) == 4


def test_an_interrupted_removal_leaves_no_half_snapshot(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: Path) -> None:
        (path / publish.DATABASE).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("flows.prune.shutil.rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prune(home, 3)
    # Nobody finds what is half gone, and the next run clears it.
    assert names(home) == ["20260116", "20260117", "20260118"]
    assert prune(home, 3) == []
    assert [path.name for path in home.snapshots.iterdir() if path.name.startswith(".")] == []


def test_who_comes_too_late_is_told(home: Settings) -> None:
    oldest = publish.snapshots(home.snapshots)[0]
    prune(home, 1)
    with pytest.raises(PublishError, match="no such snapshot any more"), reading(oldest):
        pass


def test_what_is_being_removed_is_not_read(home: Settings) -> None:
    oldest = publish.snapshots(home.snapshots)[0]
    with removing(oldest) as is_free:
        assert is_free
        with removing(oldest) as again:
            assert not again


def test_the_command_says_how_much_is_freed(
    home: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = [publish.size_of(path) for path in publish.snapshots(home.snapshots)]
    assert prune_and_show(home, 3, dry_run=True, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["bytes_freed"], said["snapshots"][0]["state"]) == (0, "would be removed")
    assert prune_and_show(home, 3, dry_run=False, as_json=False) == 0
    assert f"({sizes[0]:,} bytes) freed" in capsys.readouterr().out
    assert prune_and_show(home, 2, dry_run=False, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["bytes_freed"] == sizes[1]
