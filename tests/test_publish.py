"""Publication, interrupted everywhere: a snapshot is whole or not there, and never changes."""

from __future__ import annotations

import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows import build, publish, warehouse, write
from flows.facts import read_facts
from flows.meta import freshness_frame
from flows.publish import LockHeldError, PublishError
from flows.sources.contract import Edition, Raw, Source
from flows.sources.raw import keep, sha256
from tests import world

STEPS = (
    "begun",
    "database written",
    "parquet written",
    "reports written",
    "sealed",
    "renamed",
    "pointed",
)
HOLD = """
import sys
from pathlib import Path
from flows import publish
with publish.lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
CHECKOUT = world.settings(Path()).checkout


@pytest.fixture(scope="module")
def published(tiny: world.Built, tmp_path_factory: pytest.TempPathFactory) -> write.Plan:
    """A home with one snapshot of the tiny world."""
    plan = in_home(tiny.plan(), tmp_path_factory.mktemp("published"))
    world.publication(plan)
    return plan


@pytest.fixture
def home(published: write.Plan, tmp_path: Path) -> write.Plan:
    """A home of this test's own with one snapshot; the plan it was published by."""
    home = tmp_path / "home"
    shutil.copytree(published.settings.home, home, symlinks=True)
    return replace(published, settings=published.settings.model_copy(update={"home": home}))


def in_home(plan: write.Plan, home: Path, minutes: int = 0) -> write.Plan:
    """The same plan for another home, some minutes later, its built file beside it."""
    where = plan.settings.model_copy(update={"home": home})
    where.warehouse.mkdir(parents=True, exist_ok=True)
    if plan.settings.build.is_file():
        shutil.copyfile(plan.settings.build, where.build)
    return replace(plan, settings=where, now=world.NOW + timedelta(minutes=minutes))


def short(tiny: world.Built) -> write.Plan:
    """The plan without report.html, which takes a third of the time; one snapshot here has it."""
    return replace(tiny.plan(), report_page=False)


def again(tiny: world.Built, home: write.Plan, minutes: int = 1) -> write.Plan:
    """The plan of a later run in a home, built anew."""
    return in_home(short(tiny), home.settings.home, minutes)


def now_current(plan: write.Plan) -> Path:
    """The snapshot that readers get."""
    found = publish.current(plan.settings.current)
    assert found is not None
    return found


def assert_whole(snapshot: Path) -> None:
    """Hold every file against the manifest, and ask the database."""
    manifest = publish.read_manifest(snapshot)
    assert manifest["id"] == snapshot.name
    listed = {file["path"]: file["sha256"] for file in manifest["files"]}
    found = {
        str(path.relative_to(snapshot)): sha256(path)
        for path in snapshot.rglob("*")
        if path.is_file() and path.name != publish.MANIFEST
    }
    assert found == listed
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        assert warehouse.counts(con, ["indices.import_share"])["indices.import_share"] > 0


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start Python in the checkout."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=CHECKOUT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def publication_of(
    tiny: world.Built,
    home: write.Plan,
    tmp_path_factory: pytest.TempPathFactory,
    step: str,
    *options: str,
) -> subprocess.Popen[str]:
    """Start a process that publishes in this home a minute later, and meets its end at `step`."""
    kept = tmp_path_factory.mktemp("kept") / "plan.pickle"
    kept.write_bytes(pickle.dumps(replace(short(tiny), now=world.NOW + timedelta(minutes=1))))
    arguments = ("-m", "tests.world", home.settings.home, "--plan", kept, "--fatal-step", step)
    return started(*arguments, *options)


def test_a_snapshot_holds_what_its_manifest_says(home: write.Plan) -> None:
    snapshot = now_current(home)
    assert_whole(snapshot)
    assert (snapshot / "report.html").is_file()
    manifest = publish.read_manifest(snapshot)
    tables = {table["name"]: table for table in manifest["tables"]}
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        schemas = con.execute("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall()
        counted = warehouse.counts(con, list(tables))
    assert {name for (name,) in schemas} == {"ref", "mart", "indices", "quality", "meta"}
    assert {name: table["rows"] for name, table in tables.items()} == counted
    for path in (snapshot / "parquet").glob("*.parquet"):
        assert publish.content_hash([pl.read_parquet(path)]) == tables[path.stem]["content"]
    assert home.settings.current.readlink() == Path("snapshots") / snapshot.name


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of this home."""
    process = started("-c", HOLD, tmp_path / "warehouse" / "lock")
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_publisher_is_turned_away_and_told_by_whom(
    tiny: world.Built, tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    plan = in_home(tiny.plan(), tmp_path)
    with pytest.raises(LockHeldError, match=rf"process {holder.pid} on .* since 20"):
        world.publication(plan)
    assert f"process {holder.pid}" in (publish.holder(plan.settings.lock) or "")
    # The lock dies with its holder, however it dies; nothing stale is left to remove.
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert publish.holder(plan.settings.lock) is None
    assert_whole(world.publication(plan))


@pytest.mark.parametrize(
    "step",
    [
        step if step in {"sealed", "renamed"} else pytest.param(step, marks=pytest.mark.slow)
        for step in STEPS
    ],
)
def test_killed_at_any_step(
    tiny: world.Built, home: write.Plan, tmp_path_factory: pytest.TempPathFactory, step: str
) -> None:
    before = now_current(home)
    process = publication_of(tiny, home, tmp_path_factory, step)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors

    # Readers: the old snapshot until the pointer has moved, the new one from then on.
    after = now_current(home)
    assert (after == before) == (step != "pointed")
    assert_whole(before)
    assert_whole(after)
    # The next run succeeds, and clears what was left.
    last = world.publication(again(tiny, home, minutes=2))
    assert now_current(home) == last
    assert_whole(last)
    assert [p.name for p in home.settings.snapshots.iterdir() if p.name.startswith(".")] == []
    for snapshot in publish.snapshots(home.settings.snapshots):
        assert_whole(snapshot)


def test_every_step_is_told(tiny: world.Built, tmp_path: Path) -> None:
    told: list[str] = []
    world.publication(in_home(short(tiny), tmp_path), told.append)
    assert tuple(told) == STEPS


def test_a_failing_step_leaves_nothing_aside(tiny: world.Built, home: write.Plan) -> None:
    def fail(step: str) -> None:
        if step == "parquet written":
            raise RuntimeError(step)

    before = now_current(home)
    with pytest.raises(RuntimeError, match="parquet written"):
        world.publication(again(tiny, home), fail)
    assert now_current(home) == before
    assert [p.name for p in home.settings.snapshots.iterdir()] == [before.name]


@pytest.mark.parametrize(
    "step",
    [
        pytest.param("begun", marks=pytest.mark.slow),
        "database written",
        pytest.param("parquet written", marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_leaves_the_last_snapshot_and_says_so(
    tiny: world.Built, home: write.Plan, tmp_path_factory: pytest.TempPathFactory, step: str
) -> None:
    before = now_current(home)
    process = publication_of(tiny, home, tmp_path_factory, step, "--full-disk")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "File too large" in errors.splitlines()[-1]
    assert now_current(home) == before
    assert_whole(before)
    assert [p.name for p in home.settings.snapshots.iterdir()] == [before.name]
    assert_whole(world.publication(again(tiny, home, minutes=2)))


def test_too_little_space_is_said_before_anything_is_written(
    tiny: world.Built, home: write.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(home.settings.home)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(PublishError, match=r"1 MB free, .* MB wanted .* free some space"):
        world.publication(again(tiny, home))
    assert len(publish.snapshots(home.settings.snapshots)) == 1


def test_a_reader_neither_blocks_a_publication_nor_sees_it(
    tiny: world.Built, home: write.Plan
) -> None:
    snapshot = now_current(home)
    question = "SELECT count(*), sum(value_usd) FROM mart.trade"
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as reader:
        before = reader.execute(question).fetchall()
        later = again(tiny, home)
        with duckdb.connect(later.settings.build) as con:
            con.execute("DELETE FROM mart.trade")
        begun = time.monotonic()
        fresh = world.publication(later)
        assert time.monotonic() - begun < 10
        assert now_current(home) == fresh != snapshot
        assert reader.execute(question).fetchall() == before
    with warehouse.snapshot_reader(fresh / publish.DATABASE) as reader:
        assert reader.execute(question).fetchall() == [(0, None)]


def test_a_snapshot_is_never_written_over(tiny: world.Built, home: write.Plan) -> None:
    before = {path: sha256(path) for path in now_current(home).rglob("*") if path.is_file()}
    with pytest.raises(PublishError, match="exists already; a snapshot is never changed"):
        world.publication(again(tiny, home, minutes=0))
    assert {path: sha256(path) for path in before} == before


def test_equal_inputs_are_recognised_and_other_bytes_are_not(
    tiny: world.Built, tmp_path: Path
) -> None:
    where = world.settings(tmp_path)
    facts = read_facts(where.facts)

    def inputs(composed: world.World) -> dict[str, object]:
        staged = world.ingest(composed, facts, where, world.NOW)
        return build.inputs(staged, where, freshness_frame(composed.sources, world.DAY))

    one = inputs(world.tiny(tmp_path / "one"))
    assert inputs(world.tiny(tmp_path / "same")) == one
    more = (2022, world.USA, world.KOR, "261100", "1.000", "1.000")
    other = inputs(world.tiny(tmp_path / "more", extra=[more]))
    assert {name for name in other if other[name] != one[name]} == {"raw", "all"}
    # The day counts only through what it changes.
    fresh, next_day, aged = (
        build.inputs(tiny.staged, tiny.settings, freshness_frame(tiny.sources, day))
        for day in (world.DAY, world.DAY + timedelta(days=1), world.DAY.replace(year=2031))
    )
    assert fresh == next_day
    assert {name for name in aged if aged[name] != fresh[name]} == {"stale", "all"}


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_the_flow_publishes_once_what_did_not_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed = world.tiny(tmp_path / "in")
    by_id = {source.id: source for source in composed.sources}

    def keep_composed(source: Source, edition: Edition, store: Path, now: datetime) -> Raw:
        files = composed.files[source.id, edition.id]
        return keep(source.id, edition.id, files, store, now, url="composed:")

    from prefect.settings import PREFECT_LOGGING_TO_API_ENABLED, temporary_settings  # noqa: PLC0415

    from flows import snapshot  # noqa: PLC0415 it takes seconds

    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(build, "source_ids", lambda: sorted(by_id))
    monkeypatch.setattr(build, "read_source", by_id.__getitem__)
    monkeypatch.setattr(build, "keep_bundled", keep_composed)
    monkeypatch.setattr("flows.sources.usgs_mcs.stage.read_corrections", lambda _: [])

    # Logs that are still on their way when the server ends are waited for long.
    with temporary_settings({PREFECT_LOGGING_TO_API_ENABLED: False}):
        first = snapshot.snapshot(as_of=world.DAY)
        again = snapshot.snapshot(as_of=world.DAY + timedelta(days=1))
    assert first.is_new
    assert_whole(first.path)
    assert (again.path, again.is_new) == (first.path, False)
    assert again.rows == write.row_counts(publish.read_manifest(first.path))
    folder = tmp_path / "home" / "warehouse"
    assert publish.snapshots(folder / "snapshots") == [first.path]
    # A sound run leaves no build behind, and lets go of the lock.
    assert not (folder / "build.duckdb").exists()
    assert publish.holder(folder / "lock") is None
