"""Which failures are tried again, how often, and after how long.

Stamina counts the tries; the waiting is done by `pace.py`, so that every process that asks the
same host waits too.
"""

from __future__ import annotations

import random

from flows.sources.door.pace import LONGEST, Pace
from flows.sources.door.refusals import (
    CountedError,
    CutShortError,
    DamagedError,
    HostFaultError,
    TooManyRequestsError,
    TooSlowError,
    UnreachableError,
    WaitError,
)

MORE = 2
"""Times that a failure of host or network is tried again."""
MORE_IF_BUSY = 5
"""Times that a host which wants fewer requests is asked again."""
FIRST_WAIT = 2.0
"""Seconds before the second try; twice that before the third, and so on."""
PASSING = (UnreachableError, CutShortError, DamagedError, HostFaultError, TooSlowError)


class Retry:
    """Stamina's hook for one request: whether a failure is worth another try."""

    def __init__(self, pace: Pace, host: str) -> None:
        self.pace = pace
        self.host = host
        self.failed = 0
        self.busy = 0

    def __call__(self, error: Exception) -> bool | float:
        """Say no, or have the host left alone for a while and then say yes."""
        asked = error.seconds if isinstance(error, WaitError) else None
        # Our own count of the day's calls says no by itself, until source.yml allows more.
        if asked and not isinstance(error, CountedError):
            self.pace.defer(self.host, asked)
        if isinstance(error, TooManyRequestsError):
            self.busy += 1
            is_spent = self.busy > MORE_IF_BUSY
        elif isinstance(error, PASSING):
            self.failed += 1
            is_spent = self.failed > MORE
        else:
            return False
        if is_spent or (asked is not None and asked > LONGEST):
            return False
        wait = FIRST_WAIT * 2 ** (self.failed + self.busy - 1) if asked is None else asked
        # Jitter, so that processes told to wait together do not come back together.
        self.pace.defer(self.host, wait + random.uniform(0, 1))  # noqa: S311
        return 0.0
