"""Alerts through a notification block of a real Prefect server."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block

from flows.alerts import delivery
from flows.alerts.memory import Event
from flows.alerts.webhook import SendError
from flows.schedule.notify import MOST, BlockChannel, message, notify
from flows.settings import Settings
from tests import alerting, world
from tests.alerting import alert
from tests.test_alerts_webhook import DAY, NOW

pytestmark = pytest.mark.slow

TOLD: list[tuple[str, str]] = []


class Desk(NotificationBlock):
    """A block that keeps what it was told; composed."""

    _block_type_slug: ClassVar[str] = "orewatch-desk"
    fails: bool = False

    async def notify(self, body: str, subject: str | None = None) -> None:
        if self.fails:
            raise RuntimeError("https://example.org/s3cret did not answer")
        TOLD.append((subject or "", body))


class Shelf(Block):
    """A block that is none for notifications."""

    _block_type_slug: ClassVar[str] = "orewatch-shelf"


@pytest.fixture
def desk(prefect_server: str) -> str:
    """A block on the server, by its name."""
    assert prefect_server
    TOLD.clear()
    save(Desk(), "risk")
    return "orewatch-desk/risk"


def save(block: Any, name: str) -> None:  # noqa: ANN401
    block.save(name, overwrite=True)


def event(**changes: Any) -> Event:  # noqa: ANN401
    return Event("began", alert(**changes), 1)


def test_all_that_is_new_comes_as_one_message(desk: str) -> None:
    notify([event(severity="low", rule="a"), event()], desk)
    ((subject, body),) = TOLD
    assert subject == "orewatch: 2 alerts"
    first, second = body.splitlines()
    assert first.startswith("- [critical] One supplier above 65 percent: A, m: 0.700")
    assert second.startswith("- [low]")


def test_nothing_new_is_no_message(desk: str) -> None:
    notify([], desk)
    assert TOLD == []


def test_a_block_that_cannot_send_is_tried_again_next_time(
    desk: str, tiny: world.Built, tmp_path: Path
) -> None:
    home = Settings(home=tmp_path)
    folder = alerting.snapshot(tiny, home)
    save(Desk(fails=True), "broken")
    done = delivery.deliver(folder, DAY, home, NOW, [BlockChannel("orewatch-desk/broken")])
    (fault,) = done.faults
    assert "could not send (RuntimeError)" in fault
    assert "s3cret" not in fault
    done = delivery.deliver(folder, DAY, home, NOW, [BlockChannel(desk)])
    assert done.faults == []
    assert len(TOLD) == 1
    assert delivery.deliver(folder, DAY, home, NOW, [BlockChannel(desk)]).events == {"block": []}


def test_a_block_that_is_not_there_or_no_notification_is_named(desk: str) -> None:
    assert desk
    with pytest.raises(SendError, match="no Prefect block 'orewatch-desk/nobody'"):
        notify([event()], "orewatch-desk/nobody")
    save(Shelf(), "one")
    with pytest.raises(SendError, match="sends no notifications"):
        notify([event()], "orewatch-shelf/one")


def test_the_settings_name_the_block(desk: str, tmp_path: Path) -> None:
    home = Settings(home=tmp_path, alert_block=desk)
    (channel,) = delivery.configured(home, tmp_path)
    assert channel == BlockChannel(desk)


def test_a_message_is_bounded() -> None:
    many = [event(key={"mineral": str(n)}) for n in range(MOST + 5)]
    subject, body = message(many)
    assert subject == f"orewatch: {MOST + 5} alerts"
    assert len(body.splitlines()) == MOST + 1
    assert "and 5 more" in body
