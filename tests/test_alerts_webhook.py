"""Messages to a receiver on this machine: what arrives, what is sent again, what stays secret."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from flows.alerts import delivery
from flows.alerts.contract import Alert
from flows.alerts.memory import Event, held, read
from flows.alerts.webhook import SendError, Webhook, checked
from flows.settings import CHECKOUT, Settings
from tests import alerting, world
from tests.alerting import Receiver, alert

DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with alerting.listening() as listening:
        yield listening


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def hook(receiver: Receiver, seconds: float = 5.0) -> Webhook:
    return Webhook(SecretStr(receiver.address), "composed", seconds, waits=(0.0, 0.0))


def events(count: int = 1) -> list[Event]:
    return [Event("began", alert(key={"mineral": str(n)}), 1) for n in range(count)]


def send(webhook: Webhook, given: list[Event]) -> list[str]:
    taken: list[Event] = []
    webhook.send(given, taken.append)
    return [event.key for event in taken]


def test_a_message_says_it_in_words_and_in_fields(receiver: Receiver) -> None:
    (event,) = events()
    assert send(hook(receiver), [event]) == [event.key] == receiver.keys
    _, body = receiver.got[0]
    assert body["text"] == "One supplier above 65 percent: A, m: 0.700 in 2024; since 2024"
    assert body["idempotency_key"] == event.key
    assert (body["schema"], body["event"], body["snapshot"]) == (1, "began", "composed")
    assert body["alert"]["id"] == event.alert.id
    assert body["alert"]["value"] == 0.7
    ended = replace(event, what="ended")
    assert ended.key != event.key
    send(hook(receiver), [ended])
    assert receiver.got[1][1]["text"].startswith("Ended: One supplier")


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_what_may_pass_is_tried_again_under_the_same_key(receiver: Receiver, status: int) -> None:
    receiver.answers = [status, status]
    (event,) = events()
    assert send(hook(receiver), [event]) == [event.key]
    assert receiver.keys == [event.key] * 3


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_will_not_pass_is_tried_once(receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    with pytest.raises(SendError, match=f"it answered {status}"):
        send(hook(receiver), events(2))
    assert len(receiver.got) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.answers = [status] * 3
    with pytest.raises(SendError, match=f"it answered {status}"):
        send(hook(receiver), events())
    assert set(receiver.paths) == {"/hook/s3cret"}


def test_a_receiver_that_stays_silent_is_left_after_some_time(receiver: Receiver) -> None:
    receiver.wait = 0.5
    with pytest.raises(SendError, match=r"no answer within 0\.1 seconds"):
        send(replace(hook(receiver, 0.1), waits=()), events())


def test_a_receiver_that_is_not_there_is_named_by_its_variable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    webhook = Webhook(SecretStr(f"http://127.0.0.1:{port}/s3cret"), "composed", waits=(0.0,))
    with pytest.raises(SendError) as refused:
        send(webhook, events())
    assert "OREWATCH_ALERT_WEBHOOK" in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert str(port) not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/s3cret",
        "ftp://127.0.0.1/s3cret",
        "file:///etc/s3cret",
        "http://127.0.0.1.example.org/s3cret",
        "http://localhost@example.org/s3cret",
        "https:///s3cret",
        "s3cret",
        "",
        "https://example.org/s3cret\r\nX: y",
        "https://[::1/s3cret",
        "https://example.org:s3cret/",
    ],
)
def test_only_https_or_this_machine(address: str) -> None:
    with pytest.raises(SendError, match="must be an https address") as refused:
        checked(SecretStr(address))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["https://example.org/x?y=z", "http://localhost:8000/", "http://[::1]:8000/x"]
)
def test_these_may_be_posted_to(address: str) -> None:
    assert checked(SecretStr(address)) == address


def test_the_address_is_not_shown(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    monkeypatch.setenv("OREWATCH_ALERT_WEBHOOK", receiver.address)
    assert "s3cret" not in repr(Settings())
    assert "s3cret" not in repr(hook(receiver))


def test_sent_is_what_was_taken_and_the_rest_comes_next_time(
    tiny: world.Built, home: Settings, receiver: Receiver
) -> None:
    folder = alerting.snapshot(tiny, home)
    wanted = [e.key for e in delivery.would_send(folder, DAY, home, ["webhook"])["webhook"]]
    assert len(wanted) > 2
    receiver.answers = [204, 400]
    done = delivery.deliver(folder, DAY, home, NOW, [hook(receiver)])
    assert [event.key for event in done.events["webhook"]] == wanted[:1]
    assert len(done.faults) == 1
    assert "it answered 400" in done.faults[0]
    again = delivery.deliver(folder, DAY, home, NOW, [hook(receiver)])
    assert [event.key for event in again.events["webhook"]] == wanted[1:]
    assert receiver.keys == [*wanted[:2], *wanted[1:]]
    last = delivery.deliver(folder, DAY, home, NOW, [hook(receiver)])
    assert last.events == {"webhook": []}


def test_what_is_less_severe_than_wanted_is_not_sent(tiny: world.Built, home: Settings) -> None:
    folder = alerting.snapshot(tiny, home)
    sent = {}
    for least in ("critical", "high", "low"):
        wanted = home.model_copy(update={"alert_severity": least})
        events = delivery.would_send(folder, DAY, wanted, ["webhook"])["webhook"]
        sent[least] = [event.alert.severity for event in events]
    assert set(sent["critical"]) == {"critical"}
    assert set(sent["high"]) == {"critical", "high"}
    assert "medium" in sent["low"]
    assert sent["high"] == sorted(sent["high"]), "the most severe first"
    assert home.alert_severity == "high"


def test_a_channel_that_fails_does_not_keep_another(
    tiny: world.Built, home: Settings, receiver: Receiver
) -> None:
    folder = alerting.snapshot(tiny, home)
    broken = Webhook(SecretStr("http://example.org/"), "composed", name="broken")
    done = delivery.deliver(folder, DAY, home, NOW, [broken, hook(receiver)])
    assert done.events["broken"] == []
    assert len(done.events["webhook"]) == len(receiver.got) > 0
    assert len(done.faults) == 1


def test_without_channels_what_is_there_is_remembered(tiny: world.Built, home: Settings) -> None:
    folder = alerting.snapshot(tiny, home)
    done = delivery.deliver(folder, DAY, home, NOW, [])
    assert done.events == {}
    assert all(entry.was_settled for entry in read(home).state.alerts.values())


DIES = """
import os, signal, sys
from datetime import UTC, date, datetime
from pathlib import Path
from flows.alerts import delivery, memory
from flows.settings import Settings

def dies(self, event, channel, now):
    os.kill(os.getpid(), signal.SIGKILL)

memory.Memory.mark = dies
home = Settings()
folder = home.current.resolve()
day, now = date(2026, 11, 23), datetime(2026, 11, 23, 12, tzinfo=UTC)
delivery.deliver(folder, day, home, now, delivery.configured(home, folder))
"""


def test_who_dies_between_sending_and_remembering_sends_again_under_the_same_key(
    tiny: world.Built, home: Settings, receiver: Receiver
) -> None:
    folder = alerting.snapshot(tiny, home)
    environment = os.environ | {
        "OREWATCH_HOME": str(home.home),
        "OREWATCH_ALERT_WEBHOOK": receiver.address,
    }
    died = subprocess.run([sys.executable, "-c", DIES], cwd=CHECKOUT, env=environment, check=False)
    assert died.returncode == -signal.SIGKILL
    (first,) = receiver.keys
    done = delivery.deliver(folder, DAY, home, NOW, [hook(receiver)])
    assert done.faults == []
    assert receiver.keys.count(first) == 2
    assert len(set(receiver.keys)) == len(done.events["webhook"])


def test_after_a_run_faults_are_told_and_not_raised(
    tiny: world.Built, home: Settings, receiver: Receiver
) -> None:
    assert delivery.after_run(home, DAY, NOW, "failed", "no space") == delivery.Delivered()
    alerting.snapshot(tiny, home)
    with_hook = home.model_copy(update={"alert_webhook": SecretStr(receiver.address)})
    done = delivery.after_run(with_hook, DAY, NOW, "failed", "no space")
    assert done.faults == []
    rules = [body["alert"]["rule"] for _, body in receiver.got]
    assert "run_failed" in rules
    with held(home):
        assert len(delivery.after_run(home, DAY, NOW, "published").faults) == 1
    (home.alerts / "state.json").write_text("{")
    assert "cannot be understood" in delivery.after_run(home, DAY, NOW, "published").faults[0]


def test_a_hostile_name_is_data(receiver: Receiver) -> None:
    words = 'A"; DROP TABLE x; <script>\r\nX-Header: y\u202e'
    (event,) = [Event("began", alert(what=words, key={"mineral": words}), 1)]
    send(hook(receiver), [event])
    key, body = receiver.got[0]
    assert key == event.key
    assert body["alert"]["what"] == words
    assert json.dumps(body)


def test_an_alert_that_is_stored_is_the_same_alert(home: Settings) -> None:
    told: Alert = alert(day="2026-11-28", unit="share")
    with held(home) as memory:
        memory.remember([told], ["cap"], DAY)
        memory.save()
    (event,) = read(home).pending("hook")
    assert event.alert == replace(told, known_as=told.id)
