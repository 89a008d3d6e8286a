"""Alerts on the screen: what is on, what would be sent, a rule put to all years."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from rich.table import Table
from rich.text import Text

from flows import publish, warehouse
from flows.alerts import delivery
from flows.alerts.contract import SEVERITIES, Alert
from flows.alerts.current import current
from flows.alerts.memory import Event
from flows.alerts.webhook import VARIABLE, SendError, payload
from flows.command import naming
from flows.command.exits import UsageError
from flows.command.shelf import find
from flows.command.terminal import console, count, note, plain, print_json
from flows.settings import Settings

CROSSED = 7
MOST = 12
"""Alerts of one rule that are shown."""
COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "dim"}
CHANNELS = f"set {VARIABLE} to the address of a webhook, or OREWATCH_ALERT_BLOCK to a Prefect block"


@dataclass(frozen=True)
class Asked:
    """What alerts are asked for, and how they are shown."""

    day: date
    now: datetime
    snapshot: str | None = None
    importer: str | None = None
    mineral: str | None = None
    at_least: str = "low"
    is_all: bool = False
    fails: bool = False
    is_json: bool = False


def show(asked: Asked, settings: Settings) -> int:
    """Show the alerts; give 7 where one is open and that was to fail, else 0."""
    snapshot = find(settings, asked.snapshot)
    is_wanted = wanted(asked, snapshot)
    alerts = filter(is_wanted, current(snapshot, asked.day, settings))
    shown = [alert for alert in alerts if asked.is_all or not alert.is_outranked]
    still = sum(alert.is_open for alert in shown)
    if asked.is_json:
        body = {"snapshot": snapshot.name, "day": asked.day, "open": still}
        print_json(body | {"alerts": [alert.as_json() for alert in shown]})
    else:
        show_alerts(shown, None if asked.is_all else MOST)
        note(f"{summary(shown)} · {asked.day} · snapshot {snapshot.name}")
    return CROSSED if asked.fails and still else 0


def wanted(asked: Asked, snapshot: Path) -> Callable[[Alert], bool]:
    """Give the test whether an alert is asked for."""
    chosen = resolved(asked, snapshot)
    severities = SEVERITIES[: SEVERITIES.index(asked.at_least) + 1]
    return lambda alert: (
        alert.severity in severities
        and all(alert.key.get(name) == value for name, value in chosen.items())
    )


def resolved(asked: Asked, snapshot: Path) -> dict[str, str]:
    """Give importer and mineral as the snapshot knows them, where they were named."""
    if asked.importer is None and asked.mineral is None:
        return {}
    chosen = {}
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        if asked.importer is not None:
            found = naming.economy(con, asked.importer, "orewatch alerts --importer {}".format)
            chosen["importer_iso3"] = found.id
        if asked.mineral is not None:
            found = naming.mineral(con, asked.mineral, "orewatch alerts --mineral {}".format)
            chosen["mineral"] = found.id
    return chosen


def show_alerts(alerts: Sequence[Alert], most: int | None) -> None:
    """Print alerts rule by rule; of one rule no more than `most`."""
    out = console()
    for (severity, title), group in groupby(alerts, key=lambda a: (a.severity, a.title)):
        own = list(group)
        out.print(Text.assemble((severity, COLOURS[severity]), "  ", (plain(title, None), "bold")))
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for alert in own[:most]:
            word, style = state(alert)
            grid.add_row(
                Text(f"  {alert.id}", style="dim"), Text(word, style), Text(plain(alert.what, None))
            )
        out.print(grid)
        if most is not None and len(own) > most:
            out.print(Text(f"  and {len(own) - most} more: --all shows them", style="dim"))
        out.print()


def state(alert: Alert) -> tuple[str, str]:
    """Say what became of an alert, and in what style."""
    if alert.status == "ended":
        return "ended", "green"
    if alert.acknowledged is not None:
        return "acknowledged", "dim"
    return ("outranked", "dim") if alert.is_outranked else (alert.status, "")


def summary(alerts: Sequence[Alert]) -> str:
    """Count alerts by severity."""
    counted = Counter(alert.severity for alert in alerts if alert.status != "ended")
    words = [f"{counted[name]} {name}" for name in SEVERITIES if counted[name]]
    return f"{count(sum(counted.values()), 'alert')}{': ' if words else ''}{', '.join(words)}"


def rehearse(asked: Asked, settings: Settings) -> int:
    """Show what would be sent, through which channels; nothing is sent or written."""
    snapshot = find(settings, asked.snapshot)
    names = delivery.names_of(settings)
    # Without a channel, what one would get.
    found = delivery.would_send(snapshot, asked.day, settings, names or ["webhook"])
    if asked.is_json:
        bodies = {
            name: [payload(event, snapshot.name) for event in events]
            for name, events in found.items()
        }
        print_json({"snapshot": snapshot.name, "channels": names, "would_send": bodies})
        return 0
    for name, events in found.items():
        show_events(events)
        note(f"{count(len(events), 'message')} would go out by {name}; nothing was sent")
    if not names:
        note(f"no channel is set: {CHANNELS}")
    return 0


def show_events(events: Iterable[Event]) -> None:
    """Print what is to be sent."""
    rows = [
        (event.what, event.alert.severity, event.alert.id, plain(event.alert.text, None))
        for event in events
    ]
    grid = Table.grid(padding=(0, 2))
    for _ in range(3):
        grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*(Text(word) for word in row))
    console().print(grid)


def send(asked: Asked, settings: Settings) -> int:
    """Send what is new through every channel that is set.

    Raises:
        UsageError: none is set.
        SendError: a channel took not all of it.

    """
    snapshot = find(settings, asked.snapshot)
    channels = delivery.configured(settings, snapshot)
    if not channels:
        raise UsageError(f"--send has no channel: {CHANNELS}")
    done = delivery.deliver(snapshot, asked.day, settings, asked.now, channels)
    if asked.is_json:
        sent = {name: [event.key for event in events] for name, events in done.events.items()}
        print_json({"snapshot": snapshot.name, "sent": sent, "faults": done.faults})
    else:
        for name, events in done.events.items():
            show_events(events)
            note(f"{count(len(events), 'message')} sent by {name}")
    if done.faults:
        raise SendError("\n".join(done.faults))
    return 0


def acknowledge(asked: Asked, settings: Settings, ids: Sequence[str], reason: str) -> int:
    """Acknowledge alerts, and show which."""
    snapshot = find(settings, asked.snapshot)
    done = delivery.acknowledge(
        snapshot,
        asked.day,
        settings,
        asked.now,
        wanted=ids,
        reason=" ".join(reason.split()),
        by=getpass.getuser(),
    )
    if asked.is_json:
        print_json({"acknowledged": [alert.as_json() for alert in done]})
        return 0
    show_alerts(done, None)
    note(f"{count(len(done), 'alert')} acknowledged; they are told again once they end and begin")
    return 0
