"""Production concentration, over composed rows of `mart.production`."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.indices.contract import publish
from flows.indices.production_concentration import INDEX

SCHEMA = {
    "source": pl.String,
    "edition": pl.String,
    "mineral": pl.String,
    "stage": pl.String,
    "basis": pl.String,
    "measure": pl.String,
    "area": pl.String,
    "area_kind": pl.String,
    "year": pl.Int32,
    "mass_kg": pl.Int64,
    "unknown_products": pl.Int64,
    "status": pl.String,
    "is_estimated": pl.Boolean,
}


def cell(*rows: tuple[str, int | None, str], measures: tuple[str, ...] = ()) -> dict[str, Any]:
    """The one cell of production given as (area, kg, status)."""
    named = measures or ("content",) * len(rows)
    frame = pl.LazyFrame(
        [
            {
                "source": "usgs_mcs",
                "edition": "composed",
                "mineral": "antimony",
                "stage": "mine",
                "basis": "contained_metal",
                "measure": measure,
                "area": area,
                "area_kind": {"WORLD": "world", "OTHER": "other"}.get(area, "country"),
                "year": 2022,
                "mass_kg": kg,
                "unknown_products": int(kg is None),
                "status": status,
                "is_estimated": status == "estimated",
            }
            for (area, kg, status), measure in zip(rows, named, strict=True)
        ],
        schema=SCHEMA,
    )
    rows_out = publish(INDEX.compute(mart_production=frame), INDEX.table).rows(named=True)
    assert len(rows_out) == 1
    return rows_out[0]


def test_the_printed_total_is_no_producer() -> None:
    found = cell(("CHN", 60, "reported"), ("TJK", 40, "reported"), ("WORLD", 100, "reported"))
    assert found["hhi"] == pytest.approx(0.52, abs=1e-12)
    assert (found["suppliers"], found["unallocated_share"], found["flags"]) == (2, 0.0, [])


def test_other_countries_are_nobodys() -> None:
    found = cell(("CHN", 60, "reported"), ("TJK", 20, "reported"), ("OTHER", 20, "estimated"))
    assert found["hhi"] == pytest.approx(10 / 16, abs=1e-12)
    assert found["hhi_low"] == pytest.approx(0.4, abs=1e-12)
    assert found["hhi_high"] == pytest.approx(0.68, abs=1e-12)
    assert (found["suppliers"], found["unallocated_share"]) == (2, 0.2)
    assert (found["flags"], found["confidence"]) == (["unallocated_high"], "C")


def test_what_a_rounded_total_leaves_over_counts_only_where_a_figure_is_missing() -> None:
    whole = cell(("CHN", 60, "reported"), ("TJK", 20, "reported"), ("WORLD", 100, "reported"))
    assert (whole["unallocated_share"], whole["weight_missing_share"]) == (0.0, 0.0)
    gap = cell(
        ("CHN", 60, "reported"),
        ("TJK", 20, "reported"),
        ("USA", None, "withheld"),
        ("WORLD", 100, "reported"),
    )
    assert (gap["unallocated_share"], gap["weight_missing_share"]) == (0.2, 0.2)
    assert gap["hhi"] == pytest.approx(10 / 16, abs=1e-12)
    assert gap["flags"] == ["not_all_reported", "unallocated_high", "withheld"]


def test_measures_are_never_added() -> None:
    found = cell(
        ("CHN", 60, "reported"), ("TJK", 20, "reported"), measures=("gross weight", "content")
    )
    assert (found["hhi"], found["reason"], found["confidence"]) == (None, "mixed_measures", None)
    assert found["measure"] == "content; gross weight"


@pytest.mark.parametrize(
    ("status", "reason"),
    [("withheld", "withheld"), ("not_available", "not_reported"), ("blank", "not_reported")],
)
def test_without_a_figure_there_is_a_reason_and_no_zero(status: str, reason: str) -> None:
    found = cell(("CHN", None, status), ("WORLD", None, status))
    assert (found["hhi"], found["cr1"], found["reason"]) == (None, None, reason)


def test_a_printed_zero_is_no_producer() -> None:
    found = cell(("CHN", 60, "reported"), ("USA", 0, "reported"))
    assert (found["hhi"], found["suppliers"], found["flags"]) == (1.0, 1, ["single_supplier"])
