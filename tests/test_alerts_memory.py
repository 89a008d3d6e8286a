"""What is remembered of alerts: new, ongoing, ended, acknowledged; and that nothing is lost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from flows import publish
from flows.alerts import memory as remembering
from flows.alerts.contract import Alert, AlertError
from flows.alerts.memory import FILE, LOCK, Memory, State, held, read
from flows.settings import Settings
from tests.alerting import alert

DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = ["cap"]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def memory(home: Settings) -> Memory:
    return read(home)


def words(memory: Memory, found: Iterable[Alert]) -> list[str]:
    return [one.status for one in memory.told(found)]


def settled(memory: Memory, found: Iterable[Alert], day: date = DAY) -> None:
    """Remember what was found, as a run without channels does."""
    memory.remember(found, RULES, day)
    memory.settle()


def sent(memory: Memory, channel: str = "hook") -> list[str]:
    """Send what is pending; give event and rule."""
    events = memory.pending(channel)
    for event in events:
        memory.mark(event, channel, NOW)
    return [event.what for event in events]


def test_an_alert_is_new_then_ongoing_then_ended(memory: Memory) -> None:
    assert words(memory, [alert()]) == ["new"]
    settled(memory, [alert()])
    assert words(memory, [alert()]) == ["ongoing"]
    assert words(memory, []) == ["ended"]
    settled(memory, [])
    assert words(memory, []) == []


def test_what_is_only_looked_at_stays_new(memory: Memory, home: Settings) -> None:
    memory.told([alert()])
    assert not memory.path.exists()
    memory.remember([alert()], RULES, DAY)
    memory.save()
    assert words(read(home), [alert()]) == ["new"]


def test_each_channel_gets_an_event_once(memory: Memory, home: Settings) -> None:
    settled(memory, [alert()])
    assert sent(memory) == ["began"]
    assert sent(read(home)) == []
    assert sent(read(home), "other") == ["began"]
    settled(memory, [])
    assert sent(memory) == ["ended"]
    assert sent(memory) == []


def test_what_had_begun_before_the_rule_was_looked_at_is_no_news(memory: Memory) -> None:
    old = alert(is_recent=False)
    assert words(memory, [old]) == ["ongoing"]
    settled(memory, [old])
    assert sent(memory) == []
    # From then on a revision that lets another one begin is news, whichever year it is of.
    other = alert(is_recent=False, key={"mineral": "n"}, since="2019")
    assert words(memory, [old, other]) == ["ongoing", "new"]
    settled(memory, [old, other])
    assert sent(memory) == ["began"]


def test_what_is_outranked_is_not_sent(memory: Memory) -> None:
    settled(memory, [alert(is_outranked=True)])
    assert sent(memory) == []
    # Nor when the more severe one ends: it has been there all along.
    settled(memory, [alert()])
    assert sent(memory) == []


def test_a_revision_of_its_first_year_is_no_new_alert(memory: Memory) -> None:
    settled(memory, [alert(since="2024")])
    first = alert(since="2024").id
    (told,) = memory.told([alert(since="2023")])
    assert (told.id, told.status) == (first, "ongoing")


def test_what_ends_and_begins_again_is_sent_again_under_another_key(memory: Memory) -> None:
    settled(memory, [alert()])
    first = memory.pending("hook")[0].key
    assert sent(memory) == ["began"]
    settled(memory, [])
    assert sent(memory) == ["ended"]
    assert words(memory, [alert()]) == ["new"]
    settled(memory, [alert()])
    (again,) = memory.pending("hook")
    assert again.what == "began"
    assert again.key != first
    assert again.alert.id == alert().id


def test_the_end_of_a_measure_that_came_is_no_news(memory: Memory) -> None:
    settled(memory, [alert(kind="measure_ahead")])
    assert sent(memory) == ["began"]
    settled(memory, [])
    assert sent(memory) == []


def test_what_is_acknowledged_is_not_open_and_not_sent(memory: Memory, home: Settings) -> None:
    memory.remember([alert()], RULES, DAY)
    (done,) = memory.acknowledge(alert().id[:5], "stock for a year", "me", NOW)
    assert done.acknowledged == {"time": NOW.isoformat(), "by": "me", "reason": "stock for a year"}
    again = read(home)
    (told,) = again.told([alert()])
    assert not told.is_open
    assert again.pending("hook") == []
    # Once it ended and began again, it is open again.
    again.remember([], RULES, DAY)
    again.remember([alert()], RULES, DAY)
    (told,) = again.told([alert()])
    assert told.is_open


def test_an_acknowledgement_names_one_alert(memory: Memory) -> None:
    others = [alert(key={"mineral": str(n)}) for n in range(40)]
    memory.remember(others, RULES, DAY)
    with pytest.raises(AlertError, match="no alert that is on has the id 'zzz'"):
        memory.acknowledge("zzz", "", "me", NOW)
    twice = next(a.id[0] for a in others if sum(b.id[0] == a.id[0] for b in others) > 1)
    with pytest.raises(AlertError, match="several alerts begin with"):
        memory.acknowledge(twice, "", "me", NOW)
    assert len(memory.acknowledge("all", "", "me", NOW)) == 40


def test_acknowledging_all_keeps_who_acknowledged_one_before_and_why(memory: Memory) -> None:
    first, second = alert(key={"mineral": "1"}), alert(key={"mineral": "2"})
    memory.remember([first, second], RULES, DAY)
    memory.acknowledge(first.id, "stock for a year", "me", NOW)
    assert [one.id for one in memory.acknowledge("all", "", "you", NOW)] == [second.id]
    assert memory.acknowledge("all", "", "you", NOW) == []
    kept = memory.state.alerts[first.id].acknowledged
    assert kept is not None
    assert (kept["by"], kept["reason"]) == ("me", "stock for a year")
    with pytest.raises(AlertError, match="no alert that is on has the id ''"):
        memory.acknowledge("", "", "me", NOW)


def test_what_ended_long_ago_is_forgotten(memory: Memory) -> None:
    settled(memory, [alert()])
    settled(memory, [])
    settled(memory, [], DAY + timedelta(days=399))
    assert memory.state.alerts
    settled(memory, [], DAY + timedelta(days=400))
    assert not memory.state.alerts


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"version": 1',
        b"[]",
        b'{"version": 2}',
        b'{"version": 1, "alarms": {}}',
        b'{"version": 1, "alerts": {"x": {"first_seen": "yesterday"}}}',
        b"\xff\xfe\x00",
    ],
)
def test_a_damaged_file_is_named_and_left_as_it_is(home: Settings, body: bytes) -> None:
    path = home.alerts / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(body)
    with pytest.raises(AlertError, match=r"state\.json: cannot be understood .*\(mv "), held(home):
        pass
    assert path.read_bytes() == body


def test_an_entry_whose_alert_lacks_something_is_named(memory: Memory, home: Settings) -> None:
    settled(memory, [alert()])
    body = json.loads(memory.path.read_text())
    del body["alerts"][alert().id]["alert"]["title"]
    memory.path.write_text(json.dumps(body))
    with pytest.raises(AlertError, match="cannot be understood"):
        read(home).pending("hook")


def test_only_one_process_writes(home: Settings) -> None:
    with held(home), pytest.raises(publish.LockHeldError, match="wait for it"), held(home):
        pass
    with held(home):
        assert (home.alerts / LOCK).is_file()


def test_a_write_that_dies_leaves_the_file_of_before(
    memory: Memory, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(memory, [alert()])
    before = memory.path.read_bytes()

    def dies(path: Path, body: object) -> None:
        path.with_name(f".{path.name}.part").write_text(str(body)[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(remembering, "keep", dies)
    memory.remember([], RULES, DAY)
    with pytest.raises(OSError, match="No space"):
        memory.save()
    assert memory.path.read_bytes() == before
    assert words(read(home), [alert()]) == ["ongoing"]


NAMES = st.sampled_from("abc")
LOOKS = st.lists(st.sets(NAMES), max_size=12)


@budget(max_examples=60, deadline=None)
@given(looks=LOOKS)
def test_began_and_ended_take_turns_whatever_happens(looks: list[set[str]]) -> None:
    memory = Memory(Path("/nowhere/state.json"), State())
    told: dict[str, list[str]] = {}
    keys = []
    for names in looks:
        memory.remember([alert(key={"mineral": name}) for name in sorted(names)], RULES, DAY)
        for event in memory.pending("hook"):
            told.setdefault(event.alert.key["mineral"], []).append(event.what)
            keys.append(event.key)
            entry = memory.state.alerts[event.alert.id]
            entry.sent.setdefault(event.what, {})["hook"] = NOW
    assert len(keys) == len(set(keys))
    for name, events in told.items():
        there = [name in names for names in looks]
        begins = sum(now and not before for before, now in itertools.pairwise([False, *there]))
        ends = sum(before and not now for before, now in itertools.pairwise(there))
        assert events.count("began") == begins
        assert events.count("ended") == ends
        assert events[::2] == ["began"] * len(events[::2])
