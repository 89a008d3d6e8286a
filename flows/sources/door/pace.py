"""How often a host is asked, over all processes of one home.

One small file a host below `store/.pace/`, read and written under its lock: when the next request
may start, until when the host asked us to wait, and how many requests the day has seen. Nobody
holds the lock while waiting: a process takes its turn, lets go, and sleeps until then.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from flows.sources.contract import Manners
from flows.sources.door.refusals import CountedError, TooManyRequestsError

FOLDER = ".pace"
LONGEST = 120.0
"""Seconds that are waited for a host; what asks for more is an error that says until when."""
A_DAY = 86_400.0
"""A host that asks for a longer wait than this, in seconds, is asked again after it."""
QUEUE = 3600.0
"""A turn further off than this, in seconds, is not a queue: the clock was set back."""
WIDTH = 256
"""Bytes of a file: always written whole, by one write."""


@dataclass
class Turn:
    """What is known of a host. Times are seconds of the epoch."""

    next: float = 0.0
    held: float = 0.0
    day: str = ""
    calls: int = 0


class Pace:
    """The turns of all hosts."""

    def __init__(
        self, store: Path, sleep: Callable[[float], None], now: Callable[[], datetime]
    ) -> None:
        self.folder = store / FOLDER
        self.sleep = sleep
        self.now = now

    def wait(self, host: str, manners: Manners) -> None:
        """Take a turn and sleep until it comes.

        Raises:
            CountedError: the day's calls are used up.
            TooManyRequestsError: the host asked for a longer wait than we do.

        """
        start = self._take(host, manners)
        while (left := start - self._seconds()) > 0:
            self.sleep(left)
            # Another process may have been told to wait in the meantime.
            start = max(start, self._held(host))

    def defer(self, host: str, seconds: float) -> None:
        """Let nobody ask a host for some time."""
        with self._turn(host) as turn:
            turn.held = max(turn.held, self._seconds() + min(seconds, A_DAY))

    def _take(self, host: str, manners: Manners) -> float:
        now = self.now()
        with self._turn(host) as turn:
            today = now.astimezone(UTC).date().isoformat()
            if turn.day != today:
                turn.day, turn.calls = today, 0
            if manners.calls_a_day is not None and turn.calls >= manners.calls_a_day:
                midnight = datetime.combine(now.astimezone(UTC), time(), UTC) + timedelta(days=1)
                raise CountedError(
                    f"the {manners.calls_a_day} calls that {host} allows a day are used up; "
                    f"run again after {midnight:%Y-%m-%d %H:%M} UTC, which takes up where it ended",
                    (midnight - now).total_seconds(),
                )
            self._refuse_long(host, turn.held)
            if turn.next > now.timestamp() + QUEUE:
                turn.next = 0.0
            start = max(now.timestamp(), turn.next, turn.held)
            turn.next = start + manners.seconds_between
            turn.calls += 1
            return start

    def _held(self, host: str) -> float:
        with self._turn(host) as turn:
            held = turn.held
        self._refuse_long(host, held)
        return held

    def _refuse_long(self, host: str, until: float) -> None:
        if until - self._seconds() > LONGEST:
            when = datetime.fromtimestamp(until, UTC)
            raise TooManyRequestsError(
                f"{host} asked not to be asked before {when:%Y-%m-%d %H:%M:%S} UTC; run again then",
                until - self._seconds(),
            )

    def _seconds(self) -> float:
        return self.now().timestamp()

    @contextmanager
    def _turn(self, host: str) -> Iterator[Turn]:
        """Read a host's file under its lock, and write it when the block ends well."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / f"{host}.json", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            turn = _read(os.pread(handle, WIDTH, 0), self._seconds())
            yield turn
            os.pwrite(handle, json.dumps(asdict(turn)).ljust(WIDTH - 1).encode() + b"\n", 0)
        finally:
            os.close(handle)


def _read(data: bytes, now: float) -> Turn:
    """Read a file; one that cannot be read counts as a request made just now."""
    if not data:
        return Turn()
    try:
        found = json.loads(data)
        return Turn(
            float(found["next"]), float(found["held"]), str(found["day"]), int(found["calls"])
        )
    except (ValueError, TypeError, KeyError):
        return Turn(next=now + 1)
