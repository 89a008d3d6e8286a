"""How often a host is asked, over processes; and what a Retry-After says."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.sources.contract import Manners
from flows.sources.door.pace import Pace
from flows.sources.door.refusals import (
    HostFaultError,
    QuotaError,
    TooManyRequestsError,
    UnreachableError,
)
from flows.sources.door.retries import Retry
from flows.sources.door.statuses import retry_after

HOST = "a.test"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    """Time that passes only in sleep."""

    def __init__(self, now: datetime = NOON) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


def pace(store: Path, clock: Clock) -> Pace:
    return Pace(store, clock.sleep, clock.now)


def test_requests_are_apart(tmp_path: Path) -> None:
    clock = Clock()
    manners = Manners(seconds_between=2)
    for _ in range(3):
        # Another process would read the same file.
        pace(tmp_path, clock).wait(HOST, manners)
    assert clock.slept == [2, 2]
    pace(tmp_path, clock).wait("b.test", manners)
    assert clock.slept == [2, 2]
    clock.time += timedelta(seconds=1.5)
    pace(tmp_path, clock).wait(HOST, manners)
    assert clock.slept == [2, 2, 0.5]


def test_a_deferred_host_is_left_alone_by_everybody(tmp_path: Path) -> None:
    clock = Clock()
    pace(tmp_path, clock).defer(HOST, 30)
    pace(tmp_path, clock).defer(HOST, 10)
    pace(tmp_path, clock).wait(HOST, Manners(seconds_between=0))
    assert clock.slept == [30]


def test_one_who_sleeps_hears_of_a_longer_wait(tmp_path: Path) -> None:
    clock = Clock()
    other = pace(tmp_path, clock)

    class Disturbed(Clock):
        def sleep(self, seconds: float) -> None:
            if not self.slept:
                other.defer(HOST, 50)
            super().sleep(seconds)
            clock.time = self.time

    disturbed = Disturbed()
    mine = Pace(tmp_path, disturbed.sleep, disturbed.now)
    mine.wait(HOST, Manners(seconds_between=5))
    mine.wait(HOST, Manners(seconds_between=5))
    assert disturbed.slept == [5, 45]


def test_what_is_too_long_is_said(tmp_path: Path) -> None:
    clock = Clock()
    pace(tmp_path, clock).defer(HOST, 600)
    with pytest.raises(TooManyRequestsError, match=r"not .* before 2026-11-20 12:10:00 UTC") as one:
        pace(tmp_path, clock).wait(HOST, Manners())
    assert one.value.seconds == 600
    assert clock.slept == []
    # A host that asks for years is asked again after a day.
    pace(tmp_path, clock).defer(HOST, 1e9)
    clock.time += timedelta(days=1)
    pace(tmp_path, clock).wait(HOST, Manners())


def test_the_calls_of_a_day_are_counted_and_end_at_midnight(tmp_path: Path) -> None:
    clock = Clock(NOON.replace(hour=23, minute=58))
    manners = Manners(seconds_between=0, calls_a_day=2)
    for _ in range(2):
        pace(tmp_path, clock).wait(HOST, manners)
    with pytest.raises(QuotaError, match=r"the 2 calls .* after 2026-11-21 00:00 UTC") as caught:
        pace(tmp_path, clock).wait(HOST, manners)
    assert caught.value.seconds == 120
    assert clock.slept == []
    clock.time += timedelta(minutes=2)
    pace(tmp_path, clock).wait(HOST, manners)


def test_a_clock_set_back_stops_nobody(tmp_path: Path) -> None:
    clock = Clock()
    pace(tmp_path, clock).wait(HOST, Manners(seconds_between=1))
    clock.time -= timedelta(days=30)
    pace(tmp_path, clock).wait(HOST, Manners(seconds_between=1))
    assert clock.slept == []


@pytest.mark.parametrize("left", [b"{", b"null", b'{"next": "x"}', b"\0" * 256])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, left: bytes) -> None:
    clock = Clock()
    (tmp_path / ".pace").mkdir()
    path = tmp_path / ".pace" / f"{HOST}.json"
    path.write_bytes(left)
    pace(tmp_path, clock).wait(HOST, Manners(seconds_between=3))
    assert clock.slept == [1]
    assert json.loads(path.read_bytes())["calls"] == 1


PROCESS = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from flows.sources.contract import Manners
from flows.sources.door.pace import Pace

pace = Pace(Path(sys.argv[1]), time.sleep, lambda: datetime.now(UTC))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(500):
    print(pace._take("a.test", Manners(seconds_between=0.1)))
"""


def test_two_processes_take_no_turn_twice(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for one in both:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    turns = sorted(float(line) for one in both for line in one.communicate()[0].split())
    assert [one.returncode for one in both] == [0, 0]
    assert len(turns) == 1000
    assert min(late - early for early, late in itertools.pairwise(turns)) > 0.0999
    assert json.loads((tmp_path / ".pace" / f"{HOST}.json").read_bytes())["calls"] == 1000


def test_a_turn_is_waited_for(tmp_path: Path) -> None:
    """With real time."""
    mine = Pace(tmp_path, time.sleep, lambda: datetime.now(UTC))
    begun = time.monotonic()
    for _ in range(3):
        mine.wait(HOST, Manners(seconds_between=0.1))
    assert time.monotonic() - begun > 0.199


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("Fri, 20 Nov 2026 12:01:30 GMT", 90),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("9" * 5000, None),
        ("\N{ARABIC-INDIC DIGIT SEVEN}", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, NOON) == seconds


def test_which_failures_are_tried_again(tmp_path: Path) -> None:
    clock = Clock()

    def tries(error: Exception) -> int:
        retry = Retry(pace(tmp_path, clock), HOST)
        return next(n for n in range(10) if retry(error) is False)

    assert tries(UnreachableError("x")) == 2
    assert tries(HostFaultError("x")) == 2
    assert tries(TooManyRequestsError("x")) == 5
    assert tries(TooManyRequestsError("x", 120)) == 5
    assert tries(TooManyRequestsError("x", 121)) == 0
    assert tries(HostFaultError("x", 3600)) == 0
    assert tries(QuotaError("x", 60)) == 0
    assert tries(ValueError("x")) == 0
