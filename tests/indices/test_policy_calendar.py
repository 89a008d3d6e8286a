"""The policy calendar: each day once, and what lies ahead of a day that the reader gives."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows import horizon
from flows.facts import Facts, read_facts
from flows.indices.formulas.policy_events import events
from flows.settings import CHECKOUT
from tests.indices.composed import FACTS
from tests.indices.measures import measure, suspension
from tests.world import Built

TODAY = date(2026, 11, 23)
QUERY = CHECKOUT / "sql" / "queries" / "calendar.sql"
LAPSES_OF_2026_11_10 = [
    "CN-2025-55", "CN-2025-56", "CN-2025-57", "CN-2025-58", "CN-2025-61a", "CN-2025-61b",
    "CN-2025-62",
]  # fmt: skip


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(FACTS)


def asked(built: Built, query: Path, **parameters: object) -> list[dict[str, Any]]:
    with duckdb.connect(str(built.settings.build), read_only=True) as con:
        return con.execute(query.read_text(encoding="utf-8"), parameters).pl().to_dicts()


def test_on_2026_11_23_the_ban_is_four_days_from_coming_back_unconfirmed(tiny: Built) -> None:
    ((found),) = asked(tiny, QUERY, day="2026-11-23", days="90")
    assert (found["day"], found["event"]) == (date(2026, 11, 27), "lapses")
    assert (found["measure"], found["issuer"], found["target"]) == ("CN-2024-46-2", "China", "USA")
    assert found["minerals"] == ["antimony", "gallium", "germanium"]
    assert (found["kind"], found["severity"]) == ("ban", 1.0)
    assert (found["in_force_after"], found["confirmation"]) == (True, "unconfirmed")


def test_the_lapses_of_2026_11_10_are_behind_and_were_ahead_the_day_before(tiny: Built) -> None:
    ahead = asked(tiny, QUERY, day="2026-11-09", days="14")
    assert [row["measure"] for row in ahead] == LAPSES_OF_2026_11_10
    assert {(row["day"], row["event"], row["in_force_after"]) for row in ahead} == {
        (date(2026, 11, 10), "lapses", True)
    }
    assert asked(tiny, QUERY, day="2026-11-10", days="14") == []
    assert len(asked(tiny, QUERY, day="2026-11-09", days="18")) == len(LAPSES_OF_2026_11_10) + 1


def test_without_a_day_it_is_asked_from_today_on(tiny: Built) -> None:
    today = asked(tiny, QUERY, day=None, days="90")
    assert today == asked(tiny, QUERY, day=f"{datetime.now(UTC):%Y-%m-%d}", days="90")


def test_a_measure_suspended_before_it_took_effect_does_not_hold(tiny: Built) -> None:
    rows = asked(tiny, QUERY, day="2025-11-05", days="5")
    told = {(str(row["day"]), row["measure"], row["event"]): row["in_force_after"] for row in rows}
    assert told["2025-11-07", "CN-2025-57", "suspended"] is False
    assert told["2025-11-08", "CN-2025-57", "takes_effect"] is False
    assert told["2025-11-09", "CN-2024-46-2", "suspended"] is False


def test_each_event_by_hand() -> None:
    first, last = date(2024, 1, 1), date(2024, 12, 31)
    one = pl.LazyFrame([measure("m", "A", first, last, announced=date(2023, 12, 1))])
    pauses = pl.LazyFrame(
        [
            suspension("m", date(2024, 3, 1), date(2024, 3, 31)),
            suspension("m", date(2024, 4, 1), date(2024, 4, 30)),
            suspension("m", date(2024, 11, 1), last),
        ]
    )
    found = events(one, pauses).sort("day", "event").collect()
    assert found.select("day", "event", "in_force_after").rows() == [
        (date(2023, 12, 1), "announced", False),
        (first, "takes_effect", True),
        (date(2024, 3, 1), "suspended", False),
        # The next suspension follows at once: nothing comes back.
        (date(2024, 3, 31), "lapses", False),
        (date(2024, 4, 1), "suspended", False),
        (date(2024, 4, 30), "lapses", True),
        (date(2024, 11, 1), "suspended", False),
        (last, "expires", False),
        # It expires with its suspension.
        (last, "lapses", False),
    ]


def ahead(facts: Facts, day: date, **also: pl.DataFrame) -> str:
    return horizon.ahead(facts.frame("measure"), facts.frame("measure_suspension"), day, **also)


def test_the_inputs_change_with_what_lies_ahead_and_with_nothing_else(facts: Facts) -> None:
    ban = "2026-11-27 lapses facts/authored/CN-2024-46-2"
    assert ahead(facts, TODAY) == ahead(facts, date(2026, 11, 26)) == ban
    assert ahead(facts, date(2026, 11, 10)) == ban
    assert ahead(facts, date(2026, 11, 27)) == ahead(facts, date(2027, 5, 1)) == ""
    before = ahead(facts, date(2026, 11, 9)).split("; ")
    assert before[-1] == ban
    assert [one.split("/")[-1] for one in before[:-1]] == LAPSES_OF_2026_11_10
    # The first day from which the ban's return is 90 days ahead, and the day before that.
    assert ban in ahead(facts, date(2026, 8, 29))
    assert ban not in ahead(facts, date(2026, 8, 28))


def test_the_order_of_the_facts_changes_nothing(facts: Facts) -> None:
    turned = [facts.frame(n).reverse() for n in ("measure", "measure_suspension")]
    day = date(2026, 11, 9)
    assert horizon.ahead(*turned, day) == ahead(facts, day)


def test_a_list_of_ones_own_counts_too(facts: Facts) -> None:
    days = {"announced": None, "effective": date(2026, 12, 1), "expires": None}
    own = pl.DataFrame(
        [
            {"edition": "own", "measure": "X", **days, "suspended_from": None}
            | {"suspended_until": None, "material": goods}
            for goods in ("ore", "metal")
        ],
        schema_overrides=dict.fromkeys(
            ("announced", "expires", "suspended_from", "suspended_until"), pl.Date
        ),
    )
    assert ahead(facts, date(2026, 11, 28), brought=own) == (
        "2026-12-01 takes_effect policy_measures/own/X"
    )
    assert ahead(facts, TODAY, brought=own.clear()) == ahead(facts, TODAY)
