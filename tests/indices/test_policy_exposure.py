"""Policy exposure: whose supply is under a measure, on which days, and how hard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices.policy_exposure import INDEX
from tests.indices.composed import MEMBERS, asked, computed, needs_examples, worked
from tests.indices.measures import Flow, measure, suspension, tables
from tests.world import Built

POWDER, OXIDE = "999901", "999902"


def on(found: pl.DataFrame, day: date, importer: str = "P", basis: str = "value") -> dict[str, Any]:
    """The one stretch that holds a day; empty where there is none."""
    rows = found.filter(
        pl.col("importer_iso3") == importer,
        pl.col("basis") == basis,
        pl.col("in_force_from") <= day,
        pl.col("in_force_to").fill_null(date.max) >= day,
    )
    assert rows.height <= 1
    return rows.row(0, named=True) if rows.height else {}


def exposure(
    flows: list[Flow], measures: list[dict[str, Any]], pauses: Sequence[dict[str, Any]] = ()
) -> pl.DataFrame:
    return computed(INDEX, tables(flows, measures, pauses))


def supply(year: int, importer: str = "P") -> list[Flow]:
    """W35: half from A, three tenths from B, a fifth from C, as many kilograms as dollars."""
    amounts = {"A": 50, "B": 30, "C": 20}
    return [(year, who, importer, POWDER, x, x) for who, x in amounts.items()]


MEASURES = [
    measure("a", "A", date(2023, 5, 1)),
    measure("c", "C", date(2023, 5, 1), kind="ban", severity=1.0),
]


def test_worked_example_35() -> None:
    found = on(exposure(supply(2022), MEASURES), date(2023, 5, 1))
    assert found["exposed_share"] == pytest.approx(0.7, rel=1e-12)
    assert found["weighted_share"] == pytest.approx(0.35, rel=1e-12)
    assert found["exporters"] == ["A", "C"]
    assert found["measures"] == ["facts/authored/a", "facts/authored/c"]
    assert (found["year"], found["confirmation"], found["flags"]) == (2022, "confirmed", [])


@needs_examples
def test_worked_example_35_as_stated() -> None:
    inputs, expected = worked("W35")
    flows = [
        (2022, who, "P", POWDER, round(100 * share), 1)
        for who, share in inputs["importer_shares"].items()
    ]
    measures = [
        measure(one["c"], one["c"], date(2023, 1, 1), severity=one["w"])
        for one in inputs["exports"]
        if one["measure"]
    ]
    found = on(exposure(flows, measures), date(2023, 6, 1))
    wanted = {name: value["float"] for name, value in expected.items()}
    assert found["exposed_share"] == pytest.approx(wanted["importer_share_restricted"], rel=1e-12)
    assert found["weighted_share"] == pytest.approx(wanted["importer_severity_weighted"], rel=1e-12)


def test_a_day_before_is_a_true_zero_and_years_turn_the_shares() -> None:
    flows = [*supply(2021), *supply(2022), (2023, "A", "P", POWDER, 10, 10)]
    found = exposure(flows, MEASURES)
    before = on(found, date(2023, 4, 30))
    assert (before["exposed_share"], before["weighted_share"], before["reason"]) == (0, 0, None)
    assert (before["exporters"], before["measures"], before["confidence"]) == ([], [], "C")
    # Until the end of 2023 the shares of 2022; then those of 2023, the newest, without an end.
    first, second = on(found, date(2023, 12, 31)), on(found, date(2024, 1, 1))
    assert (first["in_force_from"], first["in_force_to"]) == (date(2023, 5, 1), date(2023, 12, 31))
    assert (first["exposed_share"], first["year"]) == (pytest.approx(0.7), 2022)
    assert (second["exposed_share"], second["year"], second["in_force_to"]) == (1.0, 2023, None)
    assert second["weighted_share"] == pytest.approx(0.3)
    assert on(found, date(2090, 1, 1)) == second


def test_a_suspension_is_a_stretch_of_its_own() -> None:
    pauses = [suspension("c", date(2023, 7, 1), date(2023, 9, 30), "unconfirmed")]
    found = exposure(supply(2022), MEASURES, pauses)
    paused, back = on(found, date(2023, 9, 30)), on(found, date(2023, 10, 1))
    assert (paused["in_force_from"], paused["exposed_share"]) == (date(2023, 7, 1), 0.5)
    assert paused["suspended_measures"] == ["facts/authored/c"]
    # That the other does not hold rests on a suspension that was not read.
    assert paused["confirmation"] == "unconfirmed"
    earlier = on(found, date(2023, 6, 30))
    assert (earlier["exposed_share"], earlier["suspended_measures"]) == (pytest.approx(0.7), [])
    assert back["exposed_share"] == pytest.approx(0.7)
    assert (back["suspended_measures"], back["confirmation"]) == ([], "confirmed")


def test_the_last_day_still_counts_and_the_next_does_not() -> None:
    found = exposure(supply(2022), [measure("a", "A", date(2023, 5, 1), date(2023, 8, 15))])
    last, after = on(found, date(2023, 8, 15)), on(found, date(2023, 8, 16))
    assert (last["exposed_share"], last["in_force_to"]) == (0.5, date(2023, 8, 15))
    assert (after["exposed_share"], after["in_force_from"]) == (0, date(2023, 8, 16))
    assert after["in_force_to"] is None


def test_a_bloc_is_exposed_by_what_its_members_buy_outside() -> None:
    flows = [
        (2021, "A", "N", POWDER, 10, 1),
        (2021, "B", "O", POWDER, 30, 3),
        (2021, "N", "O", POWDER, 60, 6),
    ]
    both = [measure("a", "A", date(2022, 5, 1)), measure("n", "N", date(2022, 5, 1))]
    day = date(2022, 6, 1)
    assert on(exposure(flows, both), day, "UNION")["exposed_share"] == 0.25
    assert on(exposure(flows, both), day, "O")["exposed_share"] == pytest.approx(2 / 3)
    # N has left since: its measure holds for the bloc, but in 2021 its trade was the bloc's own.
    left = MEMBERS.with_columns(to_year=pl.when(pl.col("iso3") == "N").then(2021).cast(pl.Int32))
    later: list[Flow] = [(2022, "A", "N", POWDER, 99, 9), (2022, "N", "O", POWDER, 50, 5)]
    found = computed(INDEX, tables([*flows, *later], both, members=left))
    told = on(found, day, "UNION")
    assert (told["exposed_share"], told["exporters"]) == (0.25, ["A", "N"])
    # In 2022 it was outside: what it buys is its own, and what it sells is an import.
    told = on(found, date(2023, 1, 1), "UNION")
    assert (told["exposed_share"], told["exposed_share_low"]) == (1, 1)


def test_a_measure_against_one_importer_holds_for_no_other() -> None:
    flows = [*supply(2022), *supply(2022, "Q"), *supply(2022, "N")]
    aimed = [measure("b", "B", date(2023, 5, 1), target="N", confirmation="unconfirmed")]
    found = exposure(flows, aimed)
    day = date(2023, 6, 1)
    assert on(found, day, "N")["exposed_share"] == pytest.approx(0.3)
    assert on(found, day, "N")["confirmation"] == "unconfirmed"
    assert on(found, day)["exposed_share"] == on(found, day, "Q")["exposed_share"] == 0
    # The bloc is told that a member is hit, and is not counted as hit itself.
    bloc = on(found, day, "UNION")
    assert (bloc["exposed_share"], bloc["flags"]) == (0, ["member_measure", "no_measure_known"])
    assert on(found, date(2023, 4, 30), "UNION")["flags"] == ["no_measure_known"]


def test_a_measure_against_everybody_spares_its_own_country_and_bloc() -> None:
    flows = [
        (2022, "N", "P", POWDER, 40, 4),
        (2022, "A", "P", POWDER, 60, 6),
        (2022, "A", "N", POWDER, 10, 1),
        (2022, "N", "O", POWDER, 10, 1),
    ]
    found = exposure(flows, [measure("n", "N", date(2023, 5, 1))])
    day = date(2023, 6, 1)
    assert on(found, day)["exposed_share"] == pytest.approx(0.4)
    assert on(found, day, "O")["exposed_share"] == 1
    for spared in ("N", "UNION"):
        assert (on(found, day, spared)["exposed_share"], on(found, day, spared)["measures"]) == (
            0,
            [],
        )


def test_where_only_some_codes_are_named_the_lower_bound_says_so() -> None:
    flows = [
        (2022, "A", "P", POWDER, 30, 3),
        (2022, "A", "P", OXIDE, 20, 2),
        (2022, "B", "P", OXIDE, 30, 3),
        (2022, "X_899", "P", OXIDE, 20, 2),
    ]
    found = on(exposure(flows, MEASURES[:1]), date(2023, 6, 1))
    assert found["exposed_share"] == pytest.approx(50 / 80)
    assert found["exposed_share_low"] == pytest.approx(30 / 100)
    assert found["exposed_share_high"] == pytest.approx(70 / 100)
    assert found["flags"] == ["partly_covered", "unallocated_high"]
    both = [*MEASURES[:1], measure("o", "A", date(2023, 5, 1), form="oxide", hs6=OXIDE)]
    whole = on(exposure(flows, both), date(2023, 6, 1))
    assert whole["exposed_share_low"] == pytest.approx(50 / 100)
    assert whole["flags"] == ["unallocated_high"]


def test_the_worst_severity_of_an_exporter_counts_once() -> None:
    twice = [*MEASURES[:1], measure("a2", "A", date(2023, 5, 1), kind="tax", severity=0.5)]
    found = on(exposure(supply(2022), twice), date(2023, 6, 1))
    assert found["exposed_share"] == pytest.approx(0.5)
    assert found["weighted_share"] == pytest.approx(0.25)
    other = [measure("o", "A", date(2023, 5, 1), kind="other", severity=None)]
    found = on(exposure(supply(2022), other), date(2023, 6, 1))
    assert (found["exposed_share"], found["weighted_share"]) == (0.5, 0)
    assert found["flags"] == ["unweighted_measure"]


@pytest.mark.parametrize(
    "set_",
    [{"restricts": False}, {"scope": "end_use"}, {"scope": "abroad"}, {"form": None, "hs6": None}],
)
def test_what_holds_back_no_goods_that_trade_knows_counts_nowhere(set_: dict[str, Any]) -> None:
    measures = [measure("a", "A", date(2023, 5, 1), **set_), MEASURES[1]]
    found = on(exposure(supply(2022), measures), date(2023, 6, 1))
    assert found["measures"] == ["facts/authored/c"]


def test_an_exporter_that_sells_without_a_weight_is_no_zero() -> None:
    """A twentieth of the value is borne by the cell; what C's part of the mass is, nobody knows."""
    flows: list[Flow] = [(2022, "A", "P", POWDER, 96, 96), (2022, "C", "P", POWDER, 4, None)]
    found = exposure(flows, [measure("c", "C", date(2023, 5, 1))])
    by_mass = on(found, date(2023, 5, 1), basis="mass")
    assert (by_mass["exposed_share"], by_mass["weighted_share"]) == (None, None)
    assert (by_mass["reason"], by_mass["confidence"]) == ("weight_missing", None)
    assert on(found, date(2023, 5, 1))["exposed_share"] == 0.04


def test_a_share_that_is_missing_says_why() -> None:
    flows: list[Flow] = [(2022, "A", "P", POWDER, 50, None), (2022, "B", "P", POWDER, 50, 5)]
    found = exposure(flows, MEASURES[:1])
    day = date(2023, 6, 1)
    assert on(found, day)["exposed_share"] == 0.5
    mass = on(found, day, basis="mass")
    assert (mass["exposed_share"], mass["reason"]) == (None, "weight_missing")
    assert mass["measures"] == ["facts/authored/a"]


DAYS = st.dates(date(2020, 1, 1), date(2024, 12, 31))


@st.composite
def measures_and_pauses(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    measures, pauses = [], []
    for place in range(draw(st.integers(1, 3))):
        name, first = f"m{place}", draw(DAYS)
        last = draw(st.none() | st.integers(0, 900).map(lambda n, f=first: f + timedelta(days=n)))
        who, target = draw(st.sampled_from("ABC")), draw(st.sampled_from(["ALL", "P", "N"]))
        severity = draw(st.sampled_from([0.3, 0.5, 0.8, 1.0]))
        measures.append(measure(name, who, first, last, target=target, severity=severity))
        if draw(st.booleans()):
            pause = first + timedelta(days=draw(st.integers(-20, 300)))
            if last is None or pause <= last:
                length = draw(st.integers(0, 200))
                pauses.append(suspension(name, pause, pause + timedelta(days=length)))
    return measures, pauses


@settings(max_examples=20, deadline=None)
@given(
    measures_and_pauses(),
    st.lists(st.integers(0, 10**9), min_size=12, max_size=12),
    st.lists(DAYS, min_size=3, max_size=3),
)
def test_every_day_has_one_exposure_and_it_is_the_plain_sum(
    drawn: tuple[list[dict[str, Any]], list[dict[str, Any]]], amounts: list[int], days: list[date]
) -> None:
    measures, pauses = drawn
    cells = [(year, who) for year in (2019, 2021, 2022, 2023) for who in "ABC"]
    bought = dict(zip(cells, amounts, strict=True))
    flows = [(year, who, "P", POWDER, x + 1, x + 1) for (year, who), x in bought.items()]
    found = exposure(flows, measures, pauses).filter(basis="value")
    gap = found.filter(
        pl.col("in_force_from")
        <= pl.col("in_force_to").shift(1).over("importer_iso3", order_by="in_force_from")
    )
    assert gap.is_empty()
    assert found["exposed_share"].is_between(0, 1).all()
    assert (found["weighted_share"] <= found["exposed_share"] + 1e-12).all()
    for day in days:
        held: dict[str, float] = {}
        for one in measures:
            paused = any(
                p["measure"] == one["measure"]
                and p["suspended_from"] <= day <= p["suspended_until"]
                for p in pauses
            )
            runs = one["effective"] <= day <= (one["expires"] or date.max)
            if runs and not paused and one["target"] in {"ALL", "P"}:
                who = one["issuer_iso3"]
                held[who] = max(held.get(who, 0), one["severity"])
        year = min(day.year - 1, 2023)
        x = {who: bought.get((year, who), -1) + 1 for who in "ABC"}
        told = on(found, day)
        if held and year == 2020:
            # No trade in that year: there is nothing to be exposed with.
            assert told == {}
            continue
        total = sum(x.values()) or 1
        assert told["exposed_share"] == pytest.approx(sum(x[who] for who in held) / total)
        weighted = sum(x[who] * severity for who, severity in held.items()) / total
        assert told["weighted_share"] == pytest.approx(weighted)


JAPAN = """
SELECT exposed_share, exposed_share_low, weighted_share, year, confirmation, len(measures)
FROM indices.policy_exposure
WHERE importer_iso3 = 'JPN' AND mineral = 'rare_earths' AND stage = 'all' AND basis = 'value'
    AND edition = 'HS92_V202601'
    AND DATE '{}' BETWEEN in_force_from AND coalesce(in_force_to, DATE '9999-12-31')
"""


def test_japan_in_the_composed_world(tiny: Built) -> None:
    """Of 1,640, China sold 900: 800 under the two codes licensed in 2025, 100 under a third."""
    ((share, low, weighted, _, confirmation, held),) = asked(tiny, JAPAN.format("2025-04-03"))
    assert (share, low, weighted, confirmation, held) == (0, 0, 0, "confirmed", 0)
    ((share, low, weighted, year, confirmation, held),) = asked(tiny, JAPAN.format("2025-04-04"))
    assert (share, low) == (pytest.approx(900 / 1640), pytest.approx(800 / 1640))
    assert weighted == pytest.approx(0.3 * 900 / 1640)
    assert (year, confirmation, held) == (2022, "confirmed", 1)
    # The halt against Japan alone names all three codes, and was not read.
    ((share, low, weighted, _, confirmation, held),) = asked(tiny, JAPAN.format("2026-11-23"))
    assert share == low == weighted == pytest.approx(900 / 1640)
    assert (confirmation, held) == ("unconfirmed", 3)


SQL = """
WITH held AS (
    SELECT DISTINCT b.source, b.edition, b.mineral, b.stage, f.importer_iso3 AS audience,
        f.exporter_iso3, f.severity
    FROM mart.measure_in_force AS f
    JOIN mart.basket AS b ON b.mineral = f.mineral AND b.form = f.form AND b.exclusion IS NULL
    WHERE f.restricts AND f.scope = 'all_trade'
        AND DATE '{day}' BETWEEN f.in_force_from AND coalesce(f.in_force_to, DATE '9999-12-31')
),
worst AS (
    SELECT s.importer_iso3, s.mineral, s.stage, s.basis, s.source, s.edition, s.exporter_iso3,
        any_value(s.import_share) AS share, max(h.severity) AS severity
    FROM indices.import_share AS s
    JOIN held AS h
        ON h.source = s.source AND h.edition = s.edition AND h.mineral = s.mineral
        AND h.stage = s.stage AND h.exporter_iso3 = s.exporter_iso3
        AND h.audience IN ('ALL', s.importer_iso3)
    WHERE s.year = (
        SELECT max(year) FROM mart.mineral_trade AS t
        WHERE t.source = s.source AND t.edition = s.edition AND t.year < year(DATE '{day}'))
    GROUP BY ALL
),
plain AS (
    SELECT importer_iso3, mineral, stage, basis, source, edition,
        sum(share) AS share, sum(share * severity) AS weighted
    FROM worst GROUP BY ALL HAVING count(*) = count(share)
)
SELECT count(p.share), count(*) FILTER (p.share IS NULL AND t.exposed_share > 0),
    count(*) FILTER (t.exposed_share IS NULL),
    max(abs(p.share - t.exposed_share)), max(abs(p.weighted - t.weighted_share))
FROM plain AS p
FULL JOIN (
    FROM indices.policy_exposure
    WHERE DATE '{day}' BETWEEN in_force_from AND coalesce(in_force_to, DATE '9999-12-31')
        AND reason IS NULL
) AS t USING (importer_iso3, mineral, stage, basis, source, edition)
"""


def agrees(built: Built, least: int, *days: str) -> None:
    for day in days:
        ((cells, zeros, lost, gap, weighted),) = asked(built, SQL.format(day=day))
        assert cells >= least
        assert (zeros, lost) == (0, 0), day
        assert max(gap, weighted) < 1e-9


def test_sql_agrees_on_the_composed_world(tiny: Built) -> None:
    agrees(tiny, 5, "2025-04-04", "2026-11-23", "2026-11-28")


def test_sql_agrees_on_the_bundled_figures(built: Built) -> None:
    agrees(built, 500, "2024-10-01", "2025-04-04", "2026-11-23", "2026-11-28")
