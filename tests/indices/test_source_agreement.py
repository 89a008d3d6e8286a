"""Agreement of two reports, over composed tables: what can be compared, and how far it differs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from flows.indices.source_agreement import INDEX
from tests.indices.composed import BASKET, COUNTRIES, TRADE, computed, one, trade

Flows = dict[str, dict[str, int]]
"""Edition -> exporter -> amount, of one importer."""

PREFERENCE = pl.LazyFrame(
    {
        "purpose": ["importer", "importer", "comparison"],
        "source": ["own", "composed", "composed"],
        "preference": [1, 2, 1],
    }
)
NO_MIRROR = pl.LazyFrame(
    schema={
        "source": pl.String,
        "edition": pl.String,
        "hs6": pl.String,
        "year": pl.Int32,
        "importer_iso3": pl.String,
        "exporter_iso3": pl.String,
        "value_usd": pl.Int64,
        "mass_kg": pl.Int64,
    }
)


def code(edition: str, hs6: str = "999999", source: str = "composed", **changes: object) -> Any:  # noqa: ANN401
    """One row of the basket."""
    row = BASKET.collect().row(0, named=True) | {"hs_revision": "H6", "edition": edition}
    return row | {"hs6": hs6, "source": source} | changes


def agreement(flows: Flows, basket: list[Any] | None = None, **sources: str) -> pl.DataFrame:
    """Agreement over the editions, of source `composed` where `sources` does not say otherwise."""
    rows = pl.concat(
        trade(
            [("P", who, x, x) for who, x in amounts.items()],
            edition=edition,
            source=sources.get(edition, "composed"),
        )
        for edition, amounts in flows.items()
    )
    codes = basket or [code(name, source=sources.get(name, "composed")) for name in flows]
    schema = BASKET.collect_schema() | {"hs_revision": pl.String(), "last_year": pl.Int64()}
    there = rows.select("source", "edition", "year").unique()
    return computed(
        INDEX,
        {
            "mart_mineral_trade": rows.lazy(),
            "mart_mirror_trade": NO_MIRROR,
            "mart_basket": pl.LazyFrame(codes, schema_overrides=dict(schema)),
            "mart_coverage": there.with_columns(table=pl.lit("mart.trade")).lazy(),
            "ref_country": COUNTRIES,
            "ref_source_preference": PREFERENCE,
        },
    )


def test_two_editions_of_one_source() -> None:
    """60 30 10 and 50 50: distance (10 + 20 + 10) / 2 of 100, overlap 50 + 30."""
    found = agreement({"one": {"A": 60, "B": 30, "C": 10}, "two": {"A": 50, "B": 50}})
    row = one(found, basis="value")
    assert (row["edition"], row["other_edition"], row["against"]) == ("one", "two", "edition")
    assert [row[n] for n in ("share_distance", "overlap", "amount_ratio")] == [0.2, 0.8, 1.0]
    assert (row["largest_difference"], row["largest_difference_iso3"]) == (0.2, "B")
    # In the second both are equally large, and the first by code stands for both.
    assert (row["same_top_supplier"], row["flags"]) == (True, ["tie"])
    assert row["exporters"] == 3
    assert found.height == 2


@pytest.mark.parametrize("first", ["a", "z"])
def test_the_preferred_source_stands_first(first: str) -> None:
    found = agreement({first: {"A": 9, "B": 1}, "m": {"B": 2}}, **{first: "own"})
    row = one(found, basis="mass")
    assert (row["source"], row["other_source"], row["against"]) == ("own", "composed", "source")
    assert (row["amount_ratio"], row["share_distance"], row["same_top_supplier"]) == (5, 0.9, False)


def test_amounts_beyond_a_floats_digits_are_compared_exactly() -> None:
    big = 3 * 10**17
    found = agreement({"one": {"A": big, "B": big + 1}, "two": {"A": 1, "B": 1}})
    row = one(found, basis="value")
    distance = Fraction(big + 1, 2 * big + 1) - Fraction(1, 2)
    assert row["share_distance"] == pytest.approx(float(distance), rel=1e-12)
    assert row["top_supplier_iso3"] == "B"


@pytest.mark.parametrize(
    ("mine", "theirs", "reason", "flags"),
    [
        # The same code of the same revision.
        ([code("one")], [code("two")], None, []),
        # The same form, written in another revision.
        ([code("one")], [code("two", "999998", hs_revision="H0")], None, ["revisions_differ"]),
        # Another form, and one more of them.
        ([code("one")], [code("two", "999997", form="other")], "different_baskets", []),
        ([code("one")], [code("two"), code("two", "999997", form="more")], "different_baskets", []),
        # The same form, of which one edition lacks a code.
        (
            [code("one")],
            [code("two"), code("two", "999997", exclusion="not_carried")],
            None,
            [],
        ),
        (
            [code("one"), code("one", "999997")],
            [code("two"), code("two", "999997", exclusion="not_carried")],
            "different_baskets",
            [],
        ),
        # A form that has ended before that year is in no sum.
        (
            [code("one")],
            [code("two"), code("two", "999997", form="past", last_year=2006)],
            None,
            [],
        ),
    ],
)
def test_only_the_same_basket_is_compared(
    mine: list[Any], theirs: list[Any], reason: str | None, flags: list[str]
) -> None:
    found = agreement({"one": {"A": 3, "B": 1}, "two": {"A": 1, "B": 1}}, [*mine, *theirs])
    row = one(found, basis="value")
    assert row["reason"] == reason
    assert set(flags) <= set(row["flags"])
    assert row["share_distance"] == (None if reason else 0.25)
    assert ("revisions_differ" in row["flags"]) == ("revisions_differ" in flags)


def test_what_is_nobodys_counts_in_the_amounts_and_not_in_the_shares() -> None:
    found = agreement({"one": {"A": 3, "B": 1, "X_899": 4}, "two": {"A": 3, "B": 1}})
    row = one(found, basis="value")
    assert (row["amount_ratio"], row["share_distance"], row["largest_difference_iso3"]) == (
        2,
        0,
        None,
    )
    assert "unallocated_high" in row["flags"]


def test_no_edition_beside_is_no_row() -> None:
    assert agreement({"one": {"A": 1}}).is_empty()
    assert TRADE.keys() >= {"source", "edition"}
