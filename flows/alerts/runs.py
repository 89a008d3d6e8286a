"""How the last run ended, written down by the flow and read by the rule of runs that failed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from flows.alerts.contract import AlertError
from flows.alerts.kept import keep
from flows.settings import Settings

LAST = "last.json"
"""Below `warehouse/runs`."""
BLOCKED = "-blocked"
STAMP = "%Y%m%dT%H%M%SZ"
LONGEST = 300
"""Letters of a message that are kept."""
FAILURES = ("blocked", "failed")


class Run(NamedTuple):
    """When a run was, what it came to, and what it said."""

    time: datetime
    outcome: str
    message: str

    @property
    def is_failure(self) -> bool:
        """Whether it came to nothing that it should have."""
        return self.outcome in FAILURES


def note_run(settings: Settings, now: datetime, outcome: str, message: str = "") -> None:
    """Write down how a run ended: published, nothing_new, blocked or failed."""
    first = (message.splitlines() or [""])[0][:LONGEST]
    body = {"time": now.isoformat(timespec="seconds"), "outcome": outcome, "message": first}
    keep(settings.warehouse / "runs" / LAST, body)


def last_run(settings: Settings) -> Run | None:
    """Give the last run that left a trace: what was written down of it, or its blocked folder.

    Raises:
        AlertError: what was written down is damaged.

    """
    runs = settings.warehouse / "runs"
    traces = [run for run in (noted(runs / LAST), blocked(runs)) if run is not None]
    # Of the same second the one written down, which says more.
    return max(traces, key=lambda run: run.time.replace(microsecond=0)) if traces else None


def noted(path: Path) -> Run | None:
    """What the last run wrote down, where it did."""
    if not path.is_file():
        return None
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return Run(datetime.fromisoformat(body["time"]), str(body["outcome"]), body["message"])
    except (ValueError, KeyError, TypeError) as error:
        raise AlertError(
            f"{path}: damaged ({error}); remove it, the next run writes it anew"
        ) from error


def blocked(runs: Path) -> Run | None:
    """The newest blocked run, by its folder."""
    names = sorted(path.name for path in runs.glob(f"*{BLOCKED}") if path.is_dir())
    if not names:
        return None
    began = datetime.strptime(names[-1].removesuffix(BLOCKED), STAMP).replace(tzinfo=UTC)
    return Run(began, "blocked", f"`orewatch quality {names[-1]}` says by what")
