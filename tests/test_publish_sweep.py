"""Publishing under readers, and killed wherever it can be: the pointer names a whole snapshot."""

from __future__ import annotations

import json
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from flows import publish, write
from flows.settings import CHECKOUT, Settings
from tests import world
from tests.publishing import STEPS, assert_whole, small
from tests.test_publish import assert_whole as assert_whole_world

pytestmark = pytest.mark.slow

PUBLICATIONS, READERS = 50, 2
POINTS = 50
"""At the least."""
MOMENTS = 5


def started(*arguments: object) -> subprocess.Popen[str]:
    """Start a module of the tests in the checkout."""
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=CHECKOUT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_readers_read_on_through_fifty_publications(tmp_path: Path) -> None:
    where = Settings(home=tmp_path)
    small(where, 0)
    readers = [started("tests.publishing", tmp_path, "--read") for _ in range(READERS)]
    try:
        for reader in readers:
            assert reader.stdout
            assert reader.stdout.readline() == "reading\n", reader.communicate()[1]
        for number in range(1, PUBLICATIONS + 1):
            assert assert_whole(small(where, number)) == number
        told = [reader.communicate(timeout=30) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
    for reader, (said, errors) in zip(readers, told, strict=True):
        assert (reader.returncode, errors) == (0, "")
        body = json.loads(said)
        assert body["answers"] > PUBLICATIONS
        # What was published while they read, and the last of it.
        assert len(body["seen"]) > PUBLICATIONS / 5
        assert body["seen"][-1] <= PUBLICATIONS
    assert len(publish.snapshots(where.snapshots)) == PUBLICATIONS + 1


class Publisher:
    """A process that publishes in a child, and may be told where the child is to be killed."""

    def __init__(self, home: Path) -> None:
        self.process = started("tests.publishing", home)

    def publish(self, number: int, fatal: object = "-") -> dict[str, int | None]:
        """Publish; give how the child ended, and its file operations if it lived."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{number} {fatal}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        answer: dict[str, int | None] = json.loads(line)
        return answer


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    """A publisher in this test's home, with one snapshot there."""
    one = Publisher(tmp_path)
    assert one.publish(0)["ended"] == 0
    yield one
    one.process.kill()
    one.process.communicate()


def test_killed_before_every_file_operation_and_at_every_step(
    publisher: Publisher, tmp_path: Path
) -> None:
    where = Settings(home=tmp_path)
    operations = publisher.publish(1)["operations"]
    assert operations
    points = [*STEPS, *range(1, operations + 1)]
    assert len(points) >= POINTS
    number, moved = 1, 0
    for point in points:
        before = now(where)
        answer = publisher.publish(number + 1, point)
        assert answer["ended"] == -signal.SIGKILL, point
        after = now(where)
        assert after in {before, number + 1}, point
        moved += after != before
        # The next run succeeds, is current, and clears what was left.
        assert publisher.publish(number + 2)["ended"] == 0, point
        assert now(where) == number + 2
        assert leftovers(where) == [], point
        number += 2
        shorten(where)
    # Both happened: killed before the pointer moved, and after.
    assert 0 < moved < len(points)


def now(where: Settings) -> int:
    """The number of the current publication, which is whole."""
    snapshot = publish.current(where.current)
    assert snapshot is not None
    for one in publish.snapshots(where.snapshots):
        assert_whole(one)
    return assert_whole(snapshot)


def leftovers(where: Settings) -> list[str]:
    """What an interrupted run leaves: folders aside and links that were to be the pointer."""
    found = [*where.snapshots.glob(".*"), *where.warehouse.glob(".current-*")]
    return sorted(path.name for path in found)


def shorten(where: Settings) -> None:
    """Keep the last two snapshots alone, so that looking at all of them stays cheap."""
    for path in publish.snapshots(where.snapshots)[:-2]:
        shutil.rmtree(path)


def test_killed_at_moments_drawn_by_lot(
    tiny: world.Built, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The whole of writing a snapshot, killed at seeded moments of its time."""
    home = tmp_path / "home"
    moments = random.Random(5)  # noqa: S311
    kept = tmp_path_factory.mktemp("kept") / "plan.pickle"
    kept.write_bytes(pickle.dumps(replace(tiny.plan(), now=world.NOW + timedelta(minutes=1))))
    where = tiny.settings.model_copy(update={"home": home})
    world.publication(beside(tiny, where))
    first = publish.current(where.current)
    began = time.monotonic()
    whole = started("tests.world", tmp_path / "other", "--plan", kept, "--fatal-step", "")
    assert whole.wait(60) == 0, whole.communicate()[1]
    seconds = time.monotonic() - began
    for _ in range(MOMENTS):
        process = started("tests.world", home, "--plan", kept, "--fatal-step", "")
        time.sleep(moments.uniform(0.3, 1) * seconds)
        process.kill()
        process.communicate()
        current = publish.current(where.current)
        assert current is not None
        assert_whole_world(current)
        for path in publish.snapshots(where.snapshots):
            assert_whole_world(path)
            if path != first:
                shutil.rmtree(path)
        publish.point(where.current, first or current)
    last = world.publication(beside(tiny, where, minutes=2))
    assert publish.current(where.current) == last
    assert_whole_world(last)
    assert leftovers(where) == []


def beside(tiny: world.Built, where: Settings, minutes: int = 0) -> write.Plan:
    """The plan of the tiny world for another home, its built file beside it."""
    where.warehouse.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(tiny.settings.build, where.build)
    plan = tiny.plan()
    return replace(plan, settings=where, now=world.NOW + timedelta(minutes=minutes))
