"""Send alerts through a notification block of Prefect: Slack, e-mail, Teams and the like.

Such a block is made in Prefect's own pages or by code, and named as type/name, for example
`slack-webhook/risk-desk`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block

from flows.alerts.contract import by_severity
from flows.alerts.memory import Event
from flows.alerts.webhook import SendError

MOST = 30
"""Alerts that are named in one message."""


def notify(events: Sequence[Event], block_name: str) -> None:
    """Send one message that names the events, through the block of that name.

    Raises:
        SendError: there is no such block, it is none for notifications, or it could not send.

    """
    if not events:
        return
    try:
        block: Any = Block.load(block_name)
    except Exception as error:
        raise SendError(
            f"no Prefect block {block_name!r} could be loaded ({type(error).__name__}); "
            "OREWATCH_ALERT_BLOCK names one as type/name: `prefect block ls` lists them"
        ) from error
    if not isinstance(block, NotificationBlock):
        raise SendError(f"the Prefect block {block_name!r} sends no notifications")
    subject, body = message(events)
    try:
        with block.raise_on_failure():
            sent: Any = block.notify(body, subject=subject)
            if inspect.isawaitable(sent):
                asyncio.run(awaited(sent))
    except Exception as error:
        # What the block says may name its address.
        raise SendError(
            f"the Prefect block {block_name!r} could not send ({type(error).__name__}); "
            "the alerts are sent again next time"
        ) from error


async def awaited(sending: Awaitable[Any]) -> None:
    """Wait for a block that sends without blocking."""
    await sending


def message(events: Sequence[Event]) -> tuple[str, str]:
    """Give subject and text of a message about events, the most severe first."""
    ordered = sorted(events, key=lambda event: (event.what, by_severity(event.alert)))
    lines = [f"- {line(event)}" for event in ordered[:MOST]]
    if len(ordered) > MOST:
        lines.append(f"- and {len(ordered) - MOST} more: `orewatch alerts` shows them")
    count = f"{len(ordered)} alert{'' if len(ordered) == 1 else 's'}"
    return f"orewatch: {count}", "\n".join(lines)


def line(event: Event) -> str:
    """One event in words."""
    word = "ended" if event.what == "ended" else event.alert.severity
    return f"[{word}] {event.alert.text} ({event.alert.id})"


@dataclass(frozen=True)
class BlockChannel:
    """A notification block as a channel of `flows.alerts.delivery.deliver`."""

    block_name: str
    name: str = "block"

    def send(self, events: Sequence[Event], taken: Callable[[Event], None]) -> None:
        """Send all events in one message, then mark them."""
        notify(events, self.block_name)
        for event in events:
            taken(event)
