"""Non-allied share: by each list of allies, whoever the rest belongs to."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.facts import read_facts
from flows.indices.non_allied_share import INDEX
from tests.indices.composed import (
    FACTS,
    asked,
    computed,
    needs_examples,
    one,
    supply,
    tables,
    trade,
    worked,
)
from tests.world import Built


def shares(rows: pl.DataFrame, **lists: str) -> dict[str, dict[str, Any]]:
    members = [
        {"alliance": name, "version": "2024-03", "iso3": code}
        for name, codes in lists.items()
        for code in codes
    ]
    found = computed(INDEX, tables(rows) | {"ref_alliance_member": pl.LazyFrame(members)})
    return {
        name: one(found, importer_iso3="P", basis="mass", alliance=name, version="2024-03")
        for name in lists
    }


def test_worked_example_56() -> None:
    found = shares(supply([60, 25, 10, 5]), FRIENDS="BD", NOBODY="O", ALL="ABCD")
    assert found["FRIENDS"]["non_allied_share"] == pytest.approx(0.7, rel=1e-12)
    assert found["NOBODY"]["non_allied_share"] == 1.0
    assert found["ALL"]["non_allied_share"] == 0.0


@needs_examples
def test_worked_example_56_as_stated() -> None:
    inputs, expected = worked("W56")
    amounts = [round(100 * share) for share in inputs["partner_shares"].values()]
    found = shares(supply(amounts), FRIENDS="".join(inputs["allied"]))["FRIENDS"]
    assert found["non_allied_share"] == pytest.approx(
        expected["non_allied_share"]["float"], rel=1e-12
    )


def test_nothing_in_is_null_and_a_reason_out() -> None:
    found = shares(trade([("P", "X_899", 5, 5)]), FRIENDS="BD")["FRIENDS"]
    assert (found["non_allied_share"], found["reason"]) == (None, "unallocated_only")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 10**9), min_size=3, max_size=5), st.integers(0, 10**9))
def test_bounds_hold_and_widen_with_the_rest(amounts: list[int], rest: int) -> None:
    def at(u: int) -> dict[str, Any]:
        rows = pl.concat([supply(amounts), trade([("P", "X_899", u, u)])])
        return shares(rows, FRIENDS="BD")["FRIENDS"]

    less, more = at(rest), at(2 * rest + 1)
    for found in (less, more):
        point = found["non_allied_share"]
        assert found["non_allied_share_low"] <= point <= found["non_allied_share_high"]
    assert more["non_allied_share_low"] <= less["non_allied_share_low"]
    assert more["non_allied_share_high"] >= less["non_allied_share_high"]


def test_the_list_of_the_group_of_seven_is_that_of_the_blocs() -> None:
    facts = read_facts(FACTS)
    allies = facts.frame("alliance_member").filter(pl.col("alliance") == "G7")["iso3"]
    bloc = facts.frame("bloc_member").filter(pl.col("bloc") == "G7")["iso3"]
    assert allies.to_list() == bloc.to_list()
    assert facts.frame("alliance_member").filter(pl.col("alliance") == "OECD").height == 38 + 1


SQL = """
SELECT count(*), max(abs(t.non_allied_share - s.share))
FROM indices.non_allied_share AS t
JOIN (
    SELECT i.importer_iso3, i.mineral, i.stage, i.edition, i.year, a.alliance,
        sum(i.value_usd * CAST(i.exporter_iso3 NOT IN (
            SELECT m.iso3 FROM ref.alliance_member AS m WHERE m.alliance = a.alliance) AS INT)
        ) / sum(i.value_usd) AS share
    FROM mart.mineral_trade AS i CROSS JOIN ref.alliance AS a
    WHERE i.value_usd > 0 GROUP BY ALL
) AS s USING (importer_iso3, mineral, stage, edition, year, alliance)
WHERE t.basis = 'value'
"""


def test_sql_agrees_on_the_bundled_figures(built: Built) -> None:
    ((cells, gap),) = asked(built, SQL)
    assert cells > 100_000
    assert gap < 1e-12
