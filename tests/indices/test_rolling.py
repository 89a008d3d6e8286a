"""Windows of twelve months, over composed rows of `mart.monthly_trade`."""

from __future__ import annotations

import polars as pl
import pytest

from flows.indices import rolling_concentration, rolling_share
from flows.indices.formulas.windows import months_known
from tests.indices.composed import BASKET, COUNTRIES, SPECIFICITY, computed, one

SCHEMA = {
    "source": pl.String,
    "edition": pl.String,
    "hs6": pl.String,
    "year": pl.Int32,
    "month": pl.Int64,
    "importer_iso3": pl.String,
    "exporter_iso3": pl.String,
    "value_usd": pl.Int64,
    "mass_kg": pl.Int64,
}
Flow = tuple[int, int, str, int, int | None]
"""Year, month, exporter, USD, kg."""


def monthly(flows: list[Flow], **columns: object) -> pl.DataFrame:
    base = {"source": "composed", "edition": "one", "hs6": "999999", "importer_iso3": "P"}
    rows = [
        base
        | {"year": y, "month": m, "exporter_iso3": who, "value_usd": usd, "mass_kg": kg}
        | columns
        for y, m, who, usd, kg in flows
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def rolled(rows: pl.DataFrame, basket: pl.LazyFrame = BASKET) -> tuple[pl.DataFrame, pl.DataFrame]:
    given = {
        "mart_monthly_trade": rows.lazy(),
        "mart_basket": basket,
        "ref_country": COUNTRIES,
        "ref_specificity": SPECIFICITY,
    }
    return (computed(rolling_share.INDEX, given), computed(rolling_concentration.INDEX, given))


def test_a_window_is_the_year_up_to_its_month() -> None:
    """A gives 1 each month of two years, B 12 once, in the first month."""
    months = [(y, m) for y in (2021, 2022) for m in range(1, 13)]
    flows: list[Flow] = [(y, m, "A", 1, 1) for y, m in months]
    shares, cells = rolled(monthly([*flows, (2021, 1, "B", 12, 12)]))
    ends = cells.filter(basis="value").sort("year", "month")
    assert ends.select("year", "month").rows() == months
    assert ends["months"].to_list() == [*range(1, 13), *[12] * 12]
    last = shares.filter(basis="value", exporter_iso3="B").sort("year", "month")
    # B is in twelve windows, the last of which has twelve months of A's.
    assert last["import_share"].to_list() == pytest.approx([12 / (12 + n) for n in range(1, 13)])
    assert one(cells, year=2022, month=1, basis="mass")["hhi"] == 1.0
    provisional = cells.filter(pl.col("flags").list.contains("provisional"))
    assert provisional.select(pl.struct("year", "month").n_unique()).item() == 11
    assert provisional["year"].unique().to_list() == [2021]


def test_an_edition_is_a_window_of_its_own() -> None:
    """The importer changes its HS revision with the new year: no window holds both."""
    old = monthly([(2021, m, "A", 1, 1) for m in range(1, 13)])
    new = monthly([(2022, m, "B", 1, 1) for m in range(1, 13)], edition="two")
    other = BASKET.with_columns(edition=pl.lit("two"))
    shares, cells = rolled(pl.concat([old, new]), pl.concat([BASKET, other]))
    assert set(shares.filter(edition="two")["exporter_iso3"]) == {"B"}
    assert one(cells, year=2022, month=6, basis="value", edition="two")["months"] == 6


def test_a_month_of_other_goods_is_a_month_reported() -> None:
    """Nothing of the mineral in February is no trade; no row at all in March is not known."""
    flows: list[Flow] = [(2022, 1, "A", 3, 3), (2022, 4, "B", 1, 1)]
    other = monthly([(2022, 2, "A", 9, 9)], hs6="888888")
    shares, cells = rolled(pl.concat([monthly(flows), other]))
    ends = cells.filter(basis="value").sort("month")
    assert ends.select("month", "months").rows() == [(1, 1), (2, 2), (4, 3)]
    found = shares.filter(month=4, basis="value").sort("exporter_iso3")
    assert found["import_share"].to_list() == [0.75, 0.25]


def test_months_are_counted_for_each_importer() -> None:
    rows = pl.concat(
        [
            monthly([(2022, 1, "A", 1, 1), (2022, 2, "A", 1, 1)]),
            monthly([(2022, 2, "A", 1, 1)], importer_iso3="Q"),
        ]
    )
    known = months_known(rows.lazy()).collect().sort("importer_iso3", "year")
    assert known["months"].to_list() == [1, 2, 1]


def test_weight_that_is_missing_is_judged_over_the_window() -> None:
    """5 of 100 dollars without weight are borne, 6 are not, whichever month they are of."""
    for bare, reason in ((5, None), (6, "weight_missing")):
        flows: list[Flow] = [(2022, 1, "A", 100 - bare, 7), (2022, 2, "B", bare, None)]
        shares, cells = rolled(monthly(flows))
        row = one(cells, month=2, basis="mass")
        assert (row["reason"], row["hhi"]) == (reason, None if reason else 1.0)
        assert one(shares, month=2, basis="value", exporter_iso3="B")["import_share"] == bare / 100


def test_a_provisional_window_is_less_certain() -> None:
    """Codes and allocation are perfect: score 0.7 to the power 1/3 is 0.888; with 0.4 in, less."""
    baskets = SPECIFICITY.with_columns(confidence_factor=pl.lit(0.6))
    rows = monthly([(2022, m, "A", 1, 1) for m in range(1, 13)])
    given = {
        "mart_monthly_trade": rows.lazy(),
        "mart_basket": BASKET,
        "ref_country": COUNTRIES,
        "ref_specificity": baskets,
    }
    cells = computed(rolling_concentration.INDEX, given).filter(basis="value")
    # (1 * 0.6 * 0.7) ** (1/3) = 0.749 is B; (1 * 0.6 * 1) ** (1/3) = 0.843 is B as well.
    assert set(cells["confidence"]) == {"B"}
    low = baskets.with_columns(confidence_factor=pl.lit(0.4))
    cells = computed(rolling_concentration.INDEX, given | {"ref_specificity": low}).filter(
        basis="value"
    )
    # 0.28 ** (1/3) = 0.654 is C; 0.4 ** (1/3) = 0.737 is B.
    grades = dict(cells.select("month", "confidence").rows())
    assert grades == dict.fromkeys(range(1, 12), "C") | {12: "B"}
