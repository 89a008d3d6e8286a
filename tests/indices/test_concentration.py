"""Concentration, against fractions: exact in any order, any unit and any number of cells."""

from __future__ import annotations

import math
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices.formulas.concentration import measures, totals, unallocated_share

CODES = [f"A{n:02}" for n in range(30)]
AMOUNTS = st.one_of(st.none(), st.integers(0, 3), st.integers(0, 10**12))
SUPPLIERS = st.lists(st.tuples(AMOUNTS, st.booleans()), min_size=1, max_size=len(CODES))
CELLS = st.lists(SUPPLIERS, min_size=1, max_size=8)

Cell = list[tuple[int | None, bool]]


def measured(cells: list[Cell]) -> pl.DataFrame:
    """Measure cells of (amount, allocated); one row each, in their order."""
    rows = [
        {"cell": str(number), "year": 2000 + number, "of": code, "amount": x, "allocated": named}
        for number, cell in enumerate(cells)
        for code, (x, named) in zip(CODES, cell, strict=False)
    ]
    schema = {
        "cell": pl.String,
        "year": pl.Int32,
        "of": pl.String,
        "amount": pl.Int64,
        "allocated": pl.Boolean,
    }
    frame = pl.DataFrame(rows, schema=schema)
    summed = totals(frame.lazy(), ["cell", "year"], "of")
    found = summed.with_columns(**measures(), unallocated_share=unallocated_share()).collect()
    return found.sort("year")


def close(found: float | None, wanted: Fraction | float | None) -> bool:
    """Equal to twelve digits, and null where nothing can be said."""
    if found is None or wanted is None:
        return found is None and wanted is None
    return math.isclose(found, float(wanted), rel_tol=1e-12, abs_tol=1e-12)


def test_worked_examples_3_to_7() -> None:
    mass, value, alone, none, nobodys = measured(
        [
            [(600, True), (250, True), (100, True), (50, True)],
            [(6000, True), (3000, True), (1500, True), (500, True)],
            [(7, True), (0, True), (None, True)],
            [(0, True), (None, True)],
            [(5, False)],
        ]
    ).rows(named=True)
    assert close(mass["hhi"], Fraction(87, 200))
    assert close(mass["hhi_normalised"], Fraction(37, 150))
    assert close(mass["effective_suppliers"], Fraction(200, 87))
    assert close(mass["entropy"], 1.033114087516671)
    assert close(mass["cr1"], Fraction(3, 5))
    assert close(mass["cr3"], Fraction(19, 20))
    assert close(value["hhi"], Fraction(95, 242))
    assert close(value["cr3"], Fraction(21, 22))
    # One supplier: a reported zero and an unknown amount are none.
    assert (alone["hhi"], alone["hhi_normalised"], alone["suppliers"]) == (1.0, 1.0, 1)
    # W58, and all of it nobody's: null, never 0.
    for cell in (none, nobodys):
        assert (cell["total"], cell["hhi"], cell["cr1"], cell["entropy"]) == (None,) * 4
        assert cell["top_supplier_iso3"] is None
    assert (none["unallocated_share"], nobodys["unallocated_share"]) == (None, 1.0)


def test_the_first_by_code_is_named_where_two_tie() -> None:
    tie, lower_tie, none = measured(
        [
            [(3, True), (5, True), (5, True)],
            [(5, True), (3, True), (3, True)],
            [(5, True), (5, False)],
        ]
    ).rows(named=True)
    assert (tie["top_supplier_iso3"], tie["tied"]) == ("A01", True)
    assert (lower_tie["top_supplier_iso3"], lower_tie["tied"]) == ("A00", False)
    # What is nobody's ties with nobody.
    assert (none["top_supplier_iso3"], none["tied"]) == ("A00", False)


@settings(max_examples=30, deadline=None)
@given(CELLS)
def test_measures_are_those_of_fractions(cells: list[Cell]) -> None:
    for cell, row in zip(cells, measured(cells).rows(named=True), strict=True):
        known = [x for x, named in cell if named and x]
        nobodys = sum(x for x, named in cell if not named and x)
        total, whole = sum(known), sum(known) + nobodys
        assert row["suppliers"] == len(known)
        assert close(row["unallocated_share"], Fraction(nobodys, whole) if whole else None)
        if not known:
            assert row["hhi"] is None
            continue
        shares = sorted((Fraction(x, total) for x in known), reverse=True)
        hhi = sum(s * s for s in shares)
        top = max(known)
        others = sum(x * x for x in known) - top * top
        assert close(row["hhi"], hhi)
        assert close(row["hhi_low"], Fraction(sum(x * x for x in known), whole**2))
        assert close(row["hhi_high"], Fraction((top + nobodys) ** 2 + others, whole**2))
        assert close(row["cr1"], shares[0])
        assert close(row["cr3"], sum(shares[:3]))
        assert close(row["effective_suppliers"], 1 / hhi)
        assert close(row["entropy"], -sum(float(s) * math.log(s) for s in shares))
        assert Fraction(1, len(known)) - Fraction(1, 10**9) <= row["hhi"] <= 1
        first = min(
            code for code, (x, named) in zip(CODES, cell, strict=False) if named and x == top
        )
        assert row["top_supplier_iso3"] == first


KNOWN = st.lists(st.integers(1, 10**9), min_size=2, max_size=12)
NAMES = ("hhi", "hhi_low", "hhi_high", "hhi_normalised", "cr1", "cr3", "entropy")


@settings(max_examples=20, deadline=None)
@given(KNOWN, st.integers(2, 1000), st.randoms(use_true_random=False))
def test_order_changes_nothing_scale_next_to_nothing_and_a_merger_never_lowers_it(
    amounts: list[int], factor: int, order: object
) -> None:
    mixed = amounts.copy()
    order.shuffle(mixed)  # type: ignore[attr-defined]
    plain, shuffled, scaled, merged = measured(
        [
            [(x, True) for x in amounts],
            [(x, True) for x in mixed],
            [(x * factor, True) for x in amounts],
            [(amounts[0] + amounts[1], True), *((x, True) for x in amounts[2:])],
        ]
    ).rows(named=True)
    assert [plain[name] for name in NAMES] == [shuffled[name] for name in NAMES]
    for name in NAMES:
        assert scaled[name] == pytest.approx(plain[name], rel=1e-11, abs=1e-11)
    assert merged["hhi"] >= plain["hhi"] - 1e-12
    assert merged["cr1"] >= plain["cr1"]
