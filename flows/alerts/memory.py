"""What is remembered of alerts between runs: seen, sent, acknowledged, ended.

One file, `warehouse/alerts/state.json`, replaced whole and written by one process at a time. A file
that cannot be understood is left as it is: whoever reads it is told what to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows import publish
from flows.alerts.contract import Alert, AlertError, by_severity
from flows.alerts.kept import keep
from flows.settings import Settings

FILE, LOCK = "state.json", "lock"
FORGOTTEN = timedelta(days=400)
"""How long an alert that ended is remembered."""
TELLS_ITS_END = (
    "level",
    "change",
    "relative_change",
    "rank",
    "source_stale",
    "not_published",
    "run_failed",
)
"""Kinds of which the end is news too."""

What = Literal["began", "ended"]


class Strict(BaseModel):
    """Base of all parts of the file: what it does not know is a fault."""

    model_config = ConfigDict(extra="forbid")


class Entry(Strict):
    """What is remembered of one alert."""

    alert: dict[str, Any]
    """As it was last seen."""
    first_seen: date
    last_seen: date
    ended: date | None = None
    is_news: bool
    """Whether it is to be sent: what had begun long before its rule was first looked at is not."""
    was_settled: bool = False
    """Whether it was there when alerts were last sent, or would have been."""
    round: int = 1
    """How often it came back with the same beginning."""
    sent: dict[What, dict[str, datetime]] = Field(default_factory=dict)
    """Event -> channel -> when it was taken."""
    acknowledged: dict[str, str] | None = None


class State(Strict):
    """The whole file."""

    version: Literal[1] = 1
    rules: dict[str, date] = Field(default_factory=dict)
    """Rule -> day on which it was first looked at."""
    alerts: dict[str, Entry] = Field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """What is sent: that an alert began, or ended."""

    what: What
    alert: Alert
    round: int

    @property
    def key(self) -> str:
        """Tell a message from others: the same one sent twice has the same key."""
        return f"orewatch-{self.alert.id}-{self.what}-{self.round}"


@dataclass
class Memory:
    """The file, read."""

    path: Path
    state: State

    def told(self, found: Iterable[Alert]) -> list[Alert]:
        """Say of each alert found what became of it, and add those that ended since."""
        active = {self._thing(e.alert): name for name, e in self._active()}
        alerts = []
        for alert in found:
            name = active.pop((alert.rule, packed(alert.key)), None)
            entry = self.state.alerts[name] if name else None
            alerts.append(
                replace(
                    alert,
                    known_as=name or "",
                    status="new" if self._is_new(alert, entry) else "ongoing",
                    acknowledged=entry.acknowledged if entry else None,
                )
            )
        return alerts + [self._ended(name) for name in active.values()]

    def remember(self, found: Iterable[Alert], rules: Iterable[str], day: date) -> None:
        """Take in what was found on a day by these rules."""
        state = self.state
        for alert in self.told(found):
            entry = state.alerts.get(alert.id)
            if alert.status == "ended":
                state.alerts[alert.id].ended = day
            elif entry is None:
                state.alerts[alert.id] = Entry(
                    alert=stored(alert),
                    first_seen=day,
                    last_seen=day,
                    is_news=self._is_new(alert, None) and not alert.is_outranked,
                )
            else:
                if entry.ended is not None:
                    entry.ended, entry.sent, entry.acknowledged = None, {}, None
                    entry.round, entry.was_settled, entry.is_news = entry.round + 1, False, True
                entry.alert, entry.last_seen = stored(alert), day
        for rule in rules:
            state.rules.setdefault(rule, day)
        long_ago = day - FORGOTTEN
        state.alerts = {
            name: entry
            for name, entry in state.alerts.items()
            if entry.ended is None or entry.ended > long_ago
        }

    def pending(self, channel: str) -> list[Event]:
        """Give what a channel has not taken yet; what was acknowledged before needs no telling."""
        events = [
            Event(what, self._alert(name), entry.round)
            for name, entry in self.state.alerts.items()
            for what in due(entry)
            if channel not in entry.sent.get(what, {})
        ]
        return sorted(events, key=lambda event: (by_severity(event.alert), event.key))

    def mark(self, event: Event, channel: str, now: datetime) -> None:
        """Write down that a channel took an event."""
        entry = self.state.alerts[event.alert.id]
        entry.sent.setdefault(event.what, {})[channel] = now
        self.save()

    def settle(self) -> None:
        """From now on what is there is not new."""
        for entry in self.state.alerts.values():
            entry.was_settled = True
        self.save()

    def acknowledge(self, wanted: str, reason: str, by: str, now: datetime) -> list[Alert]:
        """Acknowledge an alert by its id or the beginning of it, or `all` others; give which.

        Raises:
            AlertError: there is none, or several begin so.

        """
        active = [name for name, _ in self._active()]
        if wanted == "all":
            # Who acknowledged one before, and why, stays.
            names = [name for name, entry in self._active() if entry.acknowledged is None]
        else:
            names = [name for name in active if wanted and name.startswith(wanted)]
            if len(names) != 1:
                fault = "several alerts begin with" if names else "no alert that is on has the id"
                raise AlertError(f"{fault} {wanted!r}; `orewatch alerts` shows the ids")
        said = {"time": now.isoformat(timespec="seconds"), "by": by, "reason": reason}
        for name in names:
            self.state.alerts[name].acknowledged = dict(said)
        self.save()
        return [self._alert(name) for name in names]

    def save(self) -> None:
        """Put the file in place of the one before."""
        keep(self.path, self.state.model_dump(mode="json"))

    def _is_new(self, alert: Alert, entry: Entry | None) -> bool:
        """Whether an alert is news; what had begun before its rule was first looked at is not."""
        if entry is None:
            return alert.is_recent or alert.rule in self.state.rules
        return entry.is_news and not entry.was_settled

    def _active(self) -> Iterator[tuple[str, Entry]]:
        return ((name, entry) for name, entry in self.state.alerts.items() if entry.ended is None)

    @staticmethod
    def _thing(stored_alert: dict[str, Any]) -> tuple[str, str]:
        return stored_alert["rule"], packed(stored_alert["key"])

    def _alert(self, name: str) -> Alert:
        entry = self.state.alerts[name]
        try:
            alert = Alert(**entry.alert, known_as=name)
        except TypeError as error:
            raise damaged(self.path, error) from error
        return replace(alert, acknowledged=entry.acknowledged)

    def _ended(self, name: str) -> Alert:
        return replace(self._alert(name), status="ended")


def due(entry: Entry) -> list[What]:
    """Which events there are to tell of an alert, sent or not."""
    if not entry.is_news or (entry.acknowledged and not entry.sent):
        return []
    ends = entry.ended is not None and entry.alert["kind"] in TELLS_ITS_END
    return ["began", "ended"] if ends else ["began"]


def packed(key: object) -> str:
    """A key as text."""
    return json.dumps(key, sort_keys=True, ensure_ascii=False)


def stored(alert: Alert) -> dict[str, Any]:
    """Give what is kept of an alert itself."""
    body = asdict(alert)
    for name in ("status", "acknowledged", "known_as"):
        del body[name]
    return body


def read(settings: Settings) -> Memory:
    """Read what is remembered; nothing where there is no file yet.

    Raises:
        AlertError: the file is damaged.

    """
    path = settings.alerts / FILE
    if not path.is_file():
        return Memory(path, State())
    try:
        return Memory(path, State.model_validate_json(path.read_bytes()))
    except ValidationError as error:
        raise damaged(path, error.errors(include_input=False)[0]["msg"]) from error


def damaged(path: Path, fault: object) -> AlertError:
    """Say of a file that cannot be understood what to do."""
    return AlertError(
        f"{path}: cannot be understood ({fault}). It was left as it is: put a copy of it back, or "
        f"move it away (mv {path} {path}.old) to begin anew; then what was acknowledged is "
        "forgotten, and recent alerts are sent again under the same keys"
    )


@contextmanager
def held(settings: Settings) -> Iterator[Memory]:
    """Read what is remembered, and be the only one to change it.

    Raises:
        LockHeldError: another process does.
        AlertError: the file is damaged.

    """
    path = settings.alerts / LOCK
    with ExitStack() as stack:
        try:
            stack.enter_context(publish.lock(path))
        except publish.LockHeldError as error:
            raise publish.LockHeldError(
                f"alerts are being sent or acknowledged already ({publish.holder(path)}); "
                "wait for it to end"
            ) from error
        yield read(settings)
