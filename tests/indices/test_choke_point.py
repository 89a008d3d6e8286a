"""Choke points: trade of four countries of which one sells most."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.indices.choke_point import INDEX
from tests.indices.composed import computed, one, tables, trade

FLOWS = [("B", "A", 600, 600), ("C", "A", 100, 100), ("A", "B", 90, 90), ("C", "B", 90, 90)]
FLOWS += [("D", "C", 120, 120)]


def screened(*parts: pl.DataFrame) -> dict[str, Any]:
    return one(computed(INDEX, tables(pl.concat(parts))), basis="value", year=2022)


def test_shares_and_what_is_left_without_the_first() -> None:
    found = screened(trade(FLOWS))
    assert found["top_supplier_iso3"] == "A"
    assert found["cr1"] == pytest.approx(0.7, rel=1e-12)
    assert found["second_share"] == pytest.approx(0.18, rel=1e-12)
    # A's sales (700) and its purchases (90) go.
    assert found["residual_trade"] == pytest.approx(0.21, rel=1e-12)
    assert found["choke_point"] is True


def test_a_strong_second_is_no_choke_point() -> None:
    assert screened(trade([*FLOWS, ("D", "B", 80, 80)]))["choke_point"] is False


def test_the_unallocated_part_leaves_it_open() -> None:
    found = screened(trade([*FLOWS, ("D", "X_899", 600, 600)]))
    for name in ("cr1", "second_share", "residual_trade"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]
    verdicts = [found[f"choke_point{end}"] for end in ("_low", "", "_high")]
    assert verdicts == [False, True, True]


def test_nothing_in_is_null_and_a_reason_out() -> None:
    found = screened(trade([("B", "X_899", 5, 5)]))
    assert (found["choke_point"], found["reason"]) == (None, "unallocated_only")
