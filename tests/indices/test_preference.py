"""Which sources an index may be computed from, over composed rows."""

from __future__ import annotations

import polars as pl
import pytest

from flows.indices import export_concentration
from flows.indices.formulas.preference import comparable, partial_sources, without
from tests.indices.composed import PREFERENCES, computed, tables, trade

DECLARED = pl.LazyFrame(
    {
        "purpose": ["comparison", "importer", "importer"],
        "source": ["whole", "whole", "part"],
        "preference": [1, 2, 1],
    }
)


def test_a_source_declared_for_importers_only_is_partial() -> None:
    assert partial_sources(DECLARED) == ["part"]
    assert partial_sources(PREFERENCES) == []


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical])
def test_rows_of_partial_sources_are_left_out_and_others_are_not(kind: type[pl.DataType]) -> None:
    rows = pl.LazyFrame({"source": ["whole", "part", "other"], "x": [1, 2, 3]})
    kept = without(rows.with_columns(pl.col("source").cast(kind)), ["part"]).collect()
    # A source of production or of governance is no source of trade, and declared for nothing.
    assert kept["x"].to_list() == [1, 3]
    nowhere = pl.LazyFrame({"x": [1]})
    assert without(nowhere, ["part"]) is nowhere


def test_an_index_sees_what_it_may_and_keeps_its_account() -> None:
    def compute(rows: pl.LazyFrame) -> pl.LazyFrame:
        """Say what it does."""
        return rows

    wrapped = comparable(compute)
    rows = pl.LazyFrame({"source": ["whole", "part"]})
    assert wrapped(rows=rows, ref_source_preference=DECLARED).collect().height == 1
    assert wrapped(rows=rows).collect().height == 2
    assert wrapped.__doc__ == compute.__doc__


def test_the_worlds_exports_are_not_those_to_a_few_importers() -> None:
    """A tells all of them 60 and 40; a part of the importers says 10 of one of them."""
    whole = trade([("P", "A", 60, 60), ("P", "B", 40, 40)])
    part = trade([("P", "A", 10, 10)], source="part")
    given = tables(pl.concat([whole, part]))
    declared = pl.concat([PREFERENCES, DECLARED.filter(pl.col("source") == "part")])
    found = computed(export_concentration.INDEX, given | {"ref_source_preference": declared})
    assert sorted(found.select("source", "basis", "hhi").rows()) == [
        ("composed", "mass", 0.52),
        ("composed", "value", 0.52),
    ]
