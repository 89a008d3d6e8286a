"""Diversification: the worked examples, a fixed universe, and bounds that hold for any owner."""

from __future__ import annotations

import math
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices.diversification import INDEX
from tests.indices.composed import (
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

W01 = [(600, 6000), (250, 3000), (100, 1500), (50, 500)]
AMOUNTS = st.lists(st.integers(1, 10**9), min_size=2, max_size=8)


def measured(rows: pl.DataFrame, importer: str = "P", basis: str = "mass") -> dict[str, Any]:
    found = computed(INDEX, tables(rows))
    return one(found, importer_iso3=importer, basis=basis)


def with_world(rows: pl.DataFrame) -> pl.DataFrame:
    """Ten countries export to somebody; the importer buys from the first few."""
    world = [("N", code, 1, 1) for code in "ABCDEFGHIJ"]
    return pl.concat([rows, trade(world)])


def test_worked_examples_5_to_9() -> None:
    flows = [("P", code, usd, kg) for code, (kg, usd) in zip("ABCD", W01, strict=True)]
    mass = measured(with_world(trade(flows)))
    assert (mass["suppliers"], mass["universe"]) == (4, 10)
    wanted = {
        "hhi_normalised_fixed": 67 / 180,
        "effective_suppliers": 200 / 87,
        "pielou": 0.745234285366414,
        "hill_1": 2.809802194682973,
        "theil": 0.3531802736032193,
        "theil_relative": 0.2547657146335859,
        "theil_fixed": math.log(10) - 1.033114087516671,
        "pielou_fixed": 1.033114087516671 / math.log(10),
        "gini": 0.45,
        "gini_fixed": 0.78,
    }
    assert {name: mass[name] for name in wanted} == pytest.approx(wanted, rel=1e-12)
    value = measured(with_world(trade(flows)), basis="value")
    assert value["effective_suppliers"] == pytest.approx(242 / 95, rel=1e-12)


@needs_examples
def test_worked_examples_as_stated() -> None:
    inputs, _ = worked("W09")
    flows = [
        ("P", *row)
        for row in zip(
            inputs["partners"], inputs["value_kusd"], inputs["net_weight_t"], strict=True
        )
    ]
    mass = measured(with_world(trade(flows)))
    names = {
        "W05": {"hhi_normalised_fixed": "n_universe_10"},
        "W06": {"effective_suppliers": "n_eff"},
        "W07": {"pielou": "pielou_n4", "hill_1": "hill_q1", "effective_suppliers": "hill_q2"},
        "W08": {"theil": "theil_T", "theil_relative": "relative_theil"},
        "W09": {"gini": "gini_active_4", "gini_fixed": "gini_universe_10"},
    }
    for number, columns in names.items():
        _, expected = worked(number)
        for column, name in columns.items():
            assert mass[column] == pytest.approx(expected[name]["float"], rel=1e-12), name


def test_one_supplier_is_neither_even_nor_uneven() -> None:
    alone = measured(supply([7]))
    assert (alone["pielou"], alone["theil_relative"], alone["gini"]) == (None, None, 0.0)
    assert (alone["hill_1"], alone["theil"], alone["reason"]) == (1.0, 0.0, None)
    assert "single_supplier" in alone["flags"]


def test_nothing_in_is_null_and_a_reason_out() -> None:
    nobodys = measured(trade([("P", "X_899", 5, 5)]))
    unweighed = measured(trade([("P", "A", 5, None)]))
    assert (nobodys["gini"], nobodys["reason"]) == (None, "unallocated_only")
    assert (unweighed["hill_1"], unweighed["reason"]) == (None, "weight_missing")


@settings(max_examples=25, deadline=None)
@given(AMOUNTS, st.integers(2, 9), st.randoms(use_true_random=False))
def test_scale_order_and_names_change_nothing(
    amounts: list[int], factor: int, order: random.Random
) -> None:
    shuffled = order.sample(amounts, len(amounts))
    plain, scaled = measured(supply(amounts)), measured(supply([factor * x for x in shuffled]))
    for name in ("hill_1", "pielou", "theil", "gini", "theil_fixed", "gini_fixed"):
        assert scaled[name] == pytest.approx(plain[name], rel=1e-11, abs=1e-11), name


@settings(max_examples=25, deadline=None)
@given(AMOUNTS, st.integers(1, 10**9), st.randoms(use_true_random=False))
def test_bounds_hold_whoever_the_rest_belongs_to(
    amounts: list[int], rest: int, order: random.Random
) -> None:
    rows = pl.concat([supply(amounts), trade([("P", "X_899", rest, rest)])])
    found = measured(with_world(rows))
    assert found["universe"] == 10
    cuts = sorted(order.randint(0, rest) for _ in range(9))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, rest], strict=True)]
    filled = [x + part for x, part in zip([*amounts, *[0] * 10], parts, strict=False)]
    owned = measured(with_world(supply(filled)))
    for name in ("gini_fixed", "theil_fixed", "hill_1"):
        low, high = found[f"{name}_low"] - 1e-9, found[f"{name}_high"] + 1e-9
        assert low <= found[name] <= high, name
        assert low <= owned[name] <= high, name


def test_bounds_are_reached() -> None:
    rows = pl.concat([supply([60, 25]), trade([("P", "X_899", 15, 15)])])
    found = measured(with_world(rows))
    top = measured(with_world(supply([75, 25])))
    assert found["gini_fixed_high"] == pytest.approx(top["gini_fixed"], rel=1e-12)
    assert found["hill_1_low"] == pytest.approx(top["hill_1"], rel=1e-12)
    shares = [0.60, 0.25, *[0.15 / 8] * 8]
    nats = -sum(s * math.log(s) for s in shares)
    assert found["hill_1_high"] == pytest.approx(math.exp(nats), rel=1e-12)
    assert found["theil_fixed_low"] == pytest.approx(math.log(10) - nats, rel=1e-12)


SQL = """
WITH amounts AS (
    SELECT importer_iso3, exporter_iso3, mineral, stage, year, edition, 'value' AS basis,
        value_usd AS x FROM mart.mineral_trade
    UNION ALL
    SELECT importer_iso3, exporter_iso3, mineral, stage, year, edition, 'mass', mass_kg
    FROM mart.mineral_trade
),
ranked AS (
    SELECT a.* EXCLUDE (exporter_iso3), row_number() OVER (
        PARTITION BY importer_iso3, mineral, stage, year, edition, basis ORDER BY x) AS i
    FROM amounts AS a JOIN ref.country AS c ON c.iso3 = a.exporter_iso3
    WHERE c.kind <> 'unallocated' AND x > 0
),
gini AS (
    SELECT importer_iso3, mineral, stage, year, edition, basis,
        2.0 * sum(i * x) / (count(*) * sum(x)) - (count(*) + 1.0) / count(*) AS gini,
        ln(sum(x)) - sum(x * ln(x)) / sum(x) AS nats
    FROM ranked GROUP BY ALL
)
SELECT count(*) AS cells, max(abs(d.gini - g.gini)) AS gini,
    max(abs(ln(d.hill_1) - g.nats)) AS nats, max(abs(d.theil - (ln(d.suppliers) - g.nats))) AS theil
FROM indices.diversification AS d
JOIN gini AS g USING (importer_iso3, mineral, stage, year, edition, basis)
WHERE d.reason IS NULL
"""


def test_sql_agrees_on_the_bundled_figures(built: Built) -> None:
    ((cells, *gaps),) = asked(built, SQL)
    assert cells > 100_000
    assert max(gaps) < 1e-11  # ln in floats, over sums of up to 1e15
