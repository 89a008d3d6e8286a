"""Bounds: what a list that leaves a rest, or a code that mixes minerals, lets one say."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices import production_concentration
from flows.indices.formulas.bounds import component_bounds, component_shares, listed_bounds
from flows.indices.production_bounds import INDEX
from tests.indices.composed import asked, computed, needs_examples, one, trade, worked
from tests.indices.test_world_supply import production
from tests.world import Built

W10 = [0.55, 0.12, 0.08, 0.06]


def bounds(shares: list[float], **more: Any) -> dict[str, float]:  # noqa: ANN401
    frame = pl.LazyFrame({"list": ["one"] * len(shares), "share": shares})
    return listed_bounds(frame, ["list"], **more).drop("list").collect().row(0, named=True)


def test_worked_example_10() -> None:
    found = bounds(W10, others=5)
    assert found["hhi_low"] == pytest.approx(0.3269, rel=1e-12)
    assert found["hhi_low_others"] == pytest.approx(0.33412, rel=1e-12)
    assert found["hhi_high_no_larger"] == pytest.approx(0.3378, rel=1e-12)
    assert found["hhi_high_one"] == pytest.approx(0.363, rel=1e-12)
    assert found["hhi_high_named"] == pytest.approx(0.74**2 + 0.12**2 + 0.08**2 + 0.06**2)


@needs_examples
def test_worked_example_10_as_stated() -> None:
    inputs, expected = worked("W10")
    found = bounds(inputs["known"], others=5)
    names = {
        "hhi_low": "lower_atomistic_other",
        "hhi_low_others": "lower_if_at_most_5_others",
        "hhi_high_no_larger": "upper_each_other_not_above_smallest_known",
        "hhi_high_one": "upper_no_cap_one_other_country",
    }
    for column, name in names.items():
        assert found[column] == pytest.approx(expected[name]["float"], rel=1e-12)


def test_rounded_shares_widen_both_ends() -> None:
    exact, rounded = bounds(W10), bounds(W10, half_unit=0.005)
    assert rounded["hhi_low"] == pytest.approx(0.545**2 + 0.115**2 + 0.075**2 + 0.055**2)
    for name in ("hhi_high_no_larger", "hhi_high_one", "hhi_high_named"):
        assert rounded[name] > exact[name]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 100), min_size=2, max_size=9), st.integers(1, 8))
def test_every_distribution_lies_within(parts: list[int], named: int) -> None:
    parts = sorted(parts, reverse=True)
    named = min(named, len(parts) - 1)
    whole = sum(parts)
    truth = sum(x * x for x in parts) / whole**2
    known = [x / whole for x in parts[:named]]
    found = bounds(known, others=len(parts) - named)
    assert found["hhi_low"] - 1e-9 <= found["hhi_low_others"] - 1e-9 <= truth
    assert truth <= found["hhi_high_no_larger"] + 1e-9
    assert truth <= found["hhi_high_one"] + 1e-9 <= found["hhi_high_named"] + 2e-9
    # The less is named, the wider.
    fewer = bounds(known[:-1]) if len(known) > 1 else {"hhi_low": 0.0, "hhi_high_one": 1.0}
    assert fewer["hhi_low"] <= found["hhi_low"] + 1e-12
    assert fewer["hhi_high_one"] >= found["hhi_high_one"] - 1e-9


def interval(partner: float, basket: float, least: float | None) -> tuple[float | None, ...]:
    frame = pl.DataFrame(
        {"partner": [partner], "basket": [basket], "least": [least]},
        schema=dict.fromkeys(["partner", "basket", "least"], pl.Float64),
    )
    ends = component_bounds(pl.col("partner"), pl.col("basket"), pl.col("least"))
    return frame.select(low=ends[0], high=ends[1]).row(0)


def test_worked_example_51() -> None:
    assert interval(80, 100, 0.2) == pytest.approx((0.0, 1.0))
    assert interval(80, 100, 0.5) == pytest.approx((0.6, 1.0))
    # Nothing declared, nothing said; a component that may be nothing leaves everything open.
    assert interval(80, 100, None) == (None, None)
    assert interval(80, 100, 0.0) == (0.0, 1.0)


@needs_examples
def test_worked_example_51_as_stated() -> None:
    inputs, expected = worked("W51")
    for least in ("min", "max"):
        share = inputs[f"component_share_of_total_{least}"]
        low, high = interval(inputs["basket_value_from_partner"], inputs["basket_total"], share)
        assert low == pytest.approx(expected[f"lower_if_component_{share:.0%}"[:-1]]["float"])
        assert high == pytest.approx(expected[f"upper_if_component_{share:.0%}"[:-1]]["float"])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=6).filter(
        lambda pairs: any(component for component, _ in pairs)
    ),
    st.floats(0.0, 1.0),
)
def test_every_mixture_lies_within(pairs: list[tuple[int, int]], doubt: float) -> None:
    """(component, others) of each partner; less than the true component is declared."""
    component, basket = sum(c for c, _ in pairs), sum(c + o for c, o in pairs)
    for mine, others in pairs:
        low, high = interval(mine + others, basket, component / basket)
        wide_low, wide_high = interval(mine + others, basket, doubt * component / basket)
        assert low - 1e-9 <= mine / component <= high + 1e-9
        assert wide_low - 1e-9 <= low <= high <= wide_high + 1e-9


def mixed(component_low: float | None) -> list[dict[str, Any]]:
    """Import shares of a mineral that is only traded in a basket of 80 from A and 20 from B."""
    rows = pl.concat(
        trade([("P", code, None, None)], basket_usd=usd, value_without_mass_usd=0)
        for code, usd in (("A", 80), ("B", 20))
    )
    basket = pl.LazyFrame(
        {
            "source": ["composed"],
            "edition": ["one"],
            "mineral": ["m"],
            "stage": ["ore"],
            "form": ["in_basket"],
            "specificity": ["basket"],
            "exclusion": [None],
        },
        schema_overrides={"exclusion": pl.String},
    )
    form = pl.LazyFrame(
        {"mineral": ["m"], "form": ["in_basket"], "component_low": [component_low]},
        schema_overrides={"component_low": pl.Float64},
    )
    found = component_shares(rows.lazy(), basket, form).sort("exporter_iso3").collect()
    return found.rows(named=True)


def test_a_declared_component_gives_an_interval_and_never_the_share_of_the_basket() -> None:
    first, second = mixed(0.5)
    assert (first["low"], first["high"]) == pytest.approx((0.6, 1.0))
    assert (second["low"], second["high"]) == pytest.approx((0.0, 0.4))
    assert (first["basis"], first["importer_iso3"]) == ("value", "P")
    assert mixed(None) == []


def test_no_basket_mineral_has_a_share(built: Built) -> None:
    sql = """
        SELECT DISTINCT reason, import_share, import_share_low FROM indices.import_share
        WHERE mineral = 'gallium' AND stage = 'metal'
    """
    assert asked(built, sql) == [("basket_code", None, None)]


def test_production_with_a_rest() -> None:
    made = production({"A": 55, "B": 12, "C": 8, "D": 6}, rest=19)
    given_ = {"mart_production": made}
    concentration = computed(production_concentration.INDEX, given_)
    found = one(
        computed(INDEX, given_ | {"indices_production_concentration": concentration.lazy()}),
        mineral="m",
    )
    assert found["rest_share"] == pytest.approx(0.19)
    assert found["hhi_low"] == pytest.approx(0.3269, rel=1e-12)
    assert found["hhi_high_no_larger"] == pytest.approx(0.3378, rel=1e-12)
    assert found["hhi_high_one"] == pytest.approx(0.363, rel=1e-12)
    point = one(concentration, mineral="m")
    assert found["hhi_high_named"] == pytest.approx(point["hhi_high"], rel=1e-12)
