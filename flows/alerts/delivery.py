"""Send what is new through every channel, and remember what each one took."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from flows import publish
from flows.alerts.contract import SEVERITIES, Alert, AlertError
from flows.alerts.current import looked
from flows.alerts.memory import Event, Memory, held, read
from flows.alerts.runs import note_run
from flows.alerts.webhook import SendError, Webhook
from flows.indices.formulas.alert_series import AlertRuleError
from flows.publish import LockHeldError, PublishError
from flows.settings import Settings, prefect_environment
from flows.warehouse import WarehouseError


class Channel(Protocol):
    """A way by which alerts leave."""

    @property
    def name(self) -> str:
        """What the memory knows it by."""

    def send(self, events: Sequence[Event], taken: Callable[[Event], None]) -> None:
        """Send events; call `taken` after each that was. Raises SendError where one was not."""


@dataclass(frozen=True)
class Delivered:
    """What was sent, by channel, and what was not."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def deliver(
    snapshot: Path, day: date, settings: Settings, now: datetime, channels: Sequence[Channel]
) -> Delivered:
    """Find the alerts of a day, send each channel what it has not taken yet, and remember it all.

    Without channels they are remembered, and no longer new.

    An event is marked only after its channel took it: who dies in between sends it again, under
    the same key. A channel that fails does not keep the others from theirs.

    Raises:
        LockHeldError: another process is sending.
        AlertError: the snapshot has no rules, or what is remembered is damaged.

    """
    alerts, rules = looked(snapshot, day, settings)
    done = Delivered()
    with held(settings) as memory:
        memory.remember(alerts, rules, day)
        memory.save()
        for channel in channels:
            sent = done.events.setdefault(channel.name, [])

            def taken(event: Event, sent: list[Event] = sent, name: str = channel.name) -> None:
                memory.mark(event, name, now)
                sent.append(event)

            try:
                channel.send(to_send(memory, channel.name, settings), taken)
            except SendError as error:
                done.faults.append(str(error))
        memory.settle()
    return done


def to_send(memory: Memory, channel: str, settings: Settings) -> list[Event]:
    """Give what a channel has not taken yet, and is severe enough to be sent."""
    severe = SEVERITIES[: SEVERITIES.index(settings.alert_severity) + 1]
    return [event for event in memory.pending(channel) if event.alert.severity in severe]


def would_send(
    snapshot: Path, day: date, settings: Settings, channels: Sequence[str]
) -> dict[str, list[Event]]:
    """Give what `deliver` would send through each channel; nothing is sent or written."""
    memory = read(settings)
    alerts, rules = looked(snapshot, day, settings)
    memory.remember(alerts, rules, day)
    return {name: to_send(memory, name, settings) for name in channels}


def acknowledge(  # noqa: PLR0913 - whose, which, why, by whom and when
    snapshot: Path,
    day: date,
    settings: Settings,
    now: datetime,
    *,
    wanted: Sequence[str],
    reason: str,
    by: str,
) -> list[Alert]:
    """Acknowledge alerts by id; give which. They are not sent any more, and do not count as open.

    Raises:
        AlertError: no such alert is on.
        LockHeldError: another process is writing.

    """
    alerts, rules = looked(snapshot, day, settings)
    with held(settings) as memory:
        memory.remember(alerts, rules, day)
        return [alert for name in wanted for alert in memory.acknowledge(name, reason, by, now)]


def after_run(
    settings: Settings, day: date, now: datetime, outcome: str, message: str = ""
) -> Delivered:
    """Write down how a run ended, and send what is new since; what fails is a fault, not an error.

    Args:
        settings: where things are, and through which channels alerts leave.
        day: the run's day.
        now: when it ended.
        outcome: published, nothing_new, blocked or failed.
        message: of a run that came to nothing: why.

    """
    try:
        note_run(settings, now, outcome, message)
        snapshot = publish.current(settings.current)
        if snapshot is None:
            return Delivered()
        return deliver(snapshot, day, settings, now, configured(settings, snapshot))
    except (AlertError, AlertRuleError, WarehouseError, PublishError, LockHeldError) as error:
        return Delivered(faults=[str(error)])


def configured(settings: Settings, snapshot: Path) -> list[Channel]:
    """Give the channels that the settings name: the webhook, and the block of Prefect."""
    channels: list[Channel] = []
    if settings.alert_webhook is not None:
        channels.append(Webhook(settings.alert_webhook, snapshot.name))
    if settings.alert_block is not None:
        os.environ.update(prefect_environment(settings.home))
        # Late: Prefect reads its environment when it is imported, and takes seconds.
        from flows.schedule.notify import BlockChannel  # noqa: PLC0415

        channels.append(BlockChannel(settings.alert_block))
    return channels


def names_of(settings: Settings) -> list[str]:
    """Give the names of the channels that the settings name."""
    told = {"webhook": settings.alert_webhook, "block": settings.alert_block}
    return [name for name, setting in told.items() if setting is not None]
