"""Certainty: the delta method, the score and its parts, and an envelope that holds."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices.certainty import CELL, INDEX, PARTS, gradient, measures, variances
from flows.indices.formulas.confidence import grade, score
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

ERRORS = pl.LazyFrame(
    {
        "source": ["composed"] * 2,
        "basis": ["value", "mass"],
        "relative_sd": [0.2, 0.1],
        "half_unit_usd": [0.5, None],
        "half_unit_kg": [None, 0.5],
    }
)
KEYS = dict.fromkeys(CELL, "one")


def certain(
    rows: pl.DataFrame, errors: pl.LazyFrame = ERRORS, basis: str = "mass"
) -> dict[str, Any]:
    found = computed(INDEX, tables(rows) | {"ref_uncertainty": errors})
    return one(found, importer_iso3="P", basis=basis)


def spread(amounts: list[int], errors: list[float]) -> dict[str, Any]:
    """Spread of one cell, given the amounts and their standard deviations."""
    hhi = sum(x * x for x in amounts) / sum(amounts) ** 2
    rows = pl.LazyFrame({"x": amounts, "sd": [float(sd) for sd in errors]}).with_columns(
        pl.lit(value).cast(pl.Categorical).alias(name) for name, value in KEYS.items()
    )
    cell = KEYS | {"hhi": hhi, "total": sum(amounts), "suppliers": len(amounts), "cr1": 1.0}
    cell |= {"hhi_low": hhi, "hhi_high": hhi, "half_unit": 0.5, "weight_missing_share": 0.0}
    cells = pl.LazyFrame([cell])
    found = cells.join(variances(rows, cells), on=list(CELL)).with_columns(**measures())
    return found.collect().row(0, named=True)


def test_worked_example_11() -> None:
    found = spread([600, 250, 100, 50], [60, 25, 10, 5])
    assert found["variance"] == pytest.approx(107463 / 200000000, rel=1e-12)
    assert found["hhi_sd"] == pytest.approx(0.02318005608276218, rel=1e-12)
    assert found["hhi_ci95_low"] == pytest.approx(0.3895679249181675, rel=1e-12)
    assert found["hhi_ci95_high"] == pytest.approx(0.4804320750818325, rel=1e-12)
    # The same through the table, a tenth being the error of this source's weights.
    whole = certain(supply([600, 250, 100, 50]))
    assert whole["hhi_sd"] == pytest.approx(0.02318005608276218, rel=1e-12)


@needs_examples
def test_worked_example_11_as_stated() -> None:
    inputs, expected = worked("W11")
    amounts = inputs["weights_t"]
    found = spread(amounts, inputs["std_t"])
    assert found["hhi_sd"] == pytest.approx(expected["std"]["float"], rel=1e-12)
    slope = gradient(pl.col("x"), pl.lit(sum(amounts)), pl.lit(found["hhi"]))
    slopes = pl.DataFrame({"x": amounts}).select(slope=slope)["slope"]
    assert slopes.to_list() == pytest.approx([g["float"] for g in expected["gradient"]], rel=1e-12)


def graded(parts: dict[str, float | None], *, capped: bool) -> tuple[float, str]:
    frame = pl.DataFrame([parts], schema=dict.fromkeys(PARTS, pl.Float64))
    found = frame.select(score=score([pl.col(name) for name in PARTS])).select(
        "score", grade=grade(pl.col("score"), pl.lit(capped))
    )
    return found.row(0)


def test_worked_example_53() -> None:
    parts = {"c_alloc": 0.9, "c_mirror": 10 / 11, "c_weight": 0.8, "c_hs": 0.4, "c_time": None}
    value, letter = graded(parts, capped=True)
    assert value == pytest.approx(0.7153193127921719, rel=1e-12)
    assert letter == "C"
    assert graded(parts, capped=False)[1] == "B"


@needs_examples
def test_worked_example_53_as_stated() -> None:
    _, expected = worked("W53")
    parts = {name: expected[name]["float"] for name in ("c_alloc", "c_mirror", "c_weight", "c_hs")}
    value, letter = graded(parts | {"c_time": None}, capped=True)
    assert value == pytest.approx(expected["score_geometric"]["float"], rel=1e-12)
    assert letter == expected["grade"]


def test_parts_of_a_cell_and_the_grade_of_import_concentration() -> None:
    rows = pl.concat([supply([60, 25]), trade([("P", "X_899", 15, 15)])])
    found = certain(rows)
    parts = {name: found[name] for name in PARTS}
    assert parts == pytest.approx(
        {"c_alloc": 0.85, "c_mirror": None, "c_weight": 1.0, "c_hs": 1.0, "c_time": None}
    )
    assert found["confidence_score"] == pytest.approx(0.85 ** (1 / 3), rel=1e-12)
    theirs = tables(rows)["indices_import_concentration"].collect()
    assert found["confidence"] == one(theirs, importer_iso3="P", basis="mass")["confidence"] == "C"
    assert certain(rows, basis="value")["c_weight"] is None


def test_a_source_without_errors_has_no_interval() -> None:
    found = certain(supply([60, 25]), ERRORS.filter(pl.col("basis") == "value"))
    assert (found["hhi_sd"], found["hhi_ci95_low"], found["hhi_ci95_high"]) == (None,) * 3
    assert found["hhi_envelope_low"] <= found["hhi"] <= found["hhi_envelope_high"]


def test_nothing_in_is_null_and_a_reason_out() -> None:
    found = certain(trade([("P", "X_899", 5, 5)]))
    assert (found["hhi"], found["confidence_score"], found["confidence"]) == (None, None, None)
    assert (found["hhi_sd"], found["hhi_envelope_low"], found["c_alloc"]) == (None, None, None)
    assert found["reason"] == "unallocated_only"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.integers(0, 10**6))
def test_envelope_holds_every_reading_and_widens_with_what_is_not_known(
    amounts: list[int], rest: int
) -> None:
    known = certain(supply(amounts))
    loose = certain(pl.concat([supply(amounts), trade([("P", "X_899", rest, rest)])]))
    assert loose["hhi_envelope_low"] <= known["hhi_envelope_low"] <= known["hhi"]
    assert known["hhi"] <= known["hhi_envelope_high"] <= loose["hhi_envelope_high"] + 1e-12
    # Half a unit off, either way, on the largest and on the smallest.
    for up, down in ((0, -1), (-1, 0)):
        read = [float(x) for x in sorted(amounts)]
        read[up] += 0.5
        read[down] -= 0.5
        hhi = sum(x * x for x in read) / sum(read) ** 2
        assert known["hhi_envelope_low"] - 1e-9 <= hhi <= known["hhi_envelope_high"] + 1e-9


def test_grades_are_those_of_import_concentration(built: Built) -> None:
    ((cells, others),) = asked(
        built,
        """
        SELECT count(*), count(*) FILTER (c.confidence IS DISTINCT FROM i.confidence)
        FROM indices.certainty AS c JOIN indices.import_concentration AS i
            USING (importer_iso3, mineral, stage, year, basis, source, edition)
        """,
    )
    assert cells > 100_000
    assert others == 0


def test_a_source_without_declared_errors_has_no_interval_and_no_rounding() -> None:
    found = certain(supply([600, 250, 100, 50]), ERRORS.filter(pl.col("source") == "another"))
    assert [found[name] for name in ("hhi_sd", "hhi_ci95_low", "hhi_ci95_high")] == [None] * 3
    # All of it allocated and weighed: nothing is known to be off.
    assert found["hhi_envelope_low"] == found["hhi"] == found["hhi_envelope_high"]
