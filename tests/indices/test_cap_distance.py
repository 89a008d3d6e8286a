"""Distance to a cap: what must move, or be added, until the largest supplier keeps it."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices.cap_distance import INDEX
from tests.indices.composed import computed, needs_examples, one, supply, tables, trade, worked

CAPS = pl.LazyFrame({"cap": ["two_thirds", "most"], "share": [0.65, 0.9]})


def distance(rows: pl.DataFrame, cap: str = "two_thirds") -> dict[str, Any]:
    found = computed(INDEX, tables(rows) | {"ref_cap": CAPS})
    return one(found, importer_iso3="P", basis="mass", cap=cap)


def test_worked_example_43() -> None:
    found = distance(supply([800, 150, 50]))
    assert found["reallocate_amount"] == pytest.approx(150, rel=1e-12)
    assert found["added_amount"] == pytest.approx(3000 / 13, rel=1e-12)
    assert found["above_cap"] is True
    kept = distance(supply([800, 150, 50]), cap="most")
    assert (kept["reallocate_amount"], kept["added_amount"], kept["above_cap"]) == (0.0, 0.0, False)


@needs_examples
def test_worked_example_43_as_stated() -> None:
    inputs, expected = worked("W43")
    caps = pl.LazyFrame({"cap": ["c"], "share": [inputs["cap"]]})
    rows = supply([inputs["top"], inputs["total"] - inputs["top"]])
    found = one(computed(INDEX, tables(rows) | {"ref_cap": caps}), importer_iso3="P", basis="mass")
    assert found["reallocate_amount"] == pytest.approx(expected["reallocate_t"]["float"], rel=1e-12)
    assert found["added_amount"] == pytest.approx(expected["add_new_supply_t"]["float"], rel=1e-12)


def test_nothing_in_is_null_and_a_reason_out() -> None:
    found = distance(trade([("P", "A", 5, None)]))
    assert (found["reallocate_amount"], found["reason"]) == (None, "weight_missing")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=5), st.integers(0, 10**9))
def test_bounds_hold_the_point_and_the_distance_closes_the_gap(
    amounts: list[int], rest: int
) -> None:
    found = distance(pl.concat([supply(amounts), trade([("P", "X_899", rest, rest)])]))
    for name in ("reallocate_amount", "added_amount"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]
    total, top = sum(amounts), max(amounts)
    wanted = min(0.65, top / total)
    assert (top - found["reallocate_amount"]) / total == pytest.approx(wanted, rel=1e-12)
    assert top / (total + found["added_amount"]) == pytest.approx(wanted, rel=1e-12)
