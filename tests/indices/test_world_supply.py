"""World supply: three largest and coverage without the largest, with and without one country."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.indices import production_concentration
from flows.indices.world_supply import INDEX, measures
from tests.indices.composed import (
    asked,
    computed,
    needs_examples,
    tables,
    trade,
    worked,
)
from tests.world import Built

SCOPES = pl.LazyFrame({"scope": ["world", "without_a"], "without_iso3": [None, "A"]})
PAIRS = pl.LazyFrame(
    {
        "mineral": ["m"],
        "production_stage": ["mine"],
        "measure": ["gross weight"],
        "trade_stage": ["ore"],
        "basis": ["mass"],
    }
)
FLOWS = [("B", "A", 500, 500), ("C", "A", 100, 100), ("A", "B", 100, 100), ("C", "B", 200, 200)]
FLOWS += [("B", "C", 100, 100)]


def production(amounts: dict[str, int | None], *, rest: int | None = None) -> pl.LazyFrame:
    """Rows of `mart.production` of one edition, year and measure."""
    kinds = dict.fromkeys(amounts, "country") | ({"OTHER": "other"} if rest else {})
    figures = amounts | ({"OTHER": rest} if rest else {})
    rows = [
        {"source": "composed", "edition": "p", "mineral": "m", "stage": "mine", "basis": "mass"}
        | {"measure": "gross weight", "area": area, "area_kind": kind, "year": 2022}
        | {"mass_kg": figures[area], "unknown_products": int(figures[area] is None)}
        | {"status": "printed" if figures[area] else "withheld", "is_estimated": False}
        for area, kind in kinds.items()
    ]
    return pl.LazyFrame(rows, schema_overrides={"mass_kg": pl.Int64, "year": pl.Int32})


def supplied(
    made: pl.LazyFrame, pairs: pl.LazyFrame = PAIRS, flows: object = FLOWS
) -> dict[tuple[str, str], dict[str, Any]]:
    given = tables(trade(flows)) | {"mart_production": made}  # type: ignore[arg-type]
    given |= {"ref_supply_scope": SCOPES, "ref_consumption": pairs}
    given["indices_production_concentration"] = computed(
        production_concentration.INDEX, given
    ).lazy()
    found = computed(INDEX, given).filter(pl.col("basis") == "mass")
    return {(row["supply"], row["scope"]): row for row in found.iter_rows(named=True)}


MADE = production({"A": 800, "B": 300, "C": 150})


def coverage(top: int, others: int, demand_top: int, demand_others: int) -> dict[str, Any]:
    cell = pl.DataFrame(
        {
            "total": [top + others],
            "largest": [top],
            "largest3": [top + others],
            "unallocated": [0],
            "demand": [demand_top + demand_others],
            "demand_top": [demand_top],
        }
    )
    return cell.select(**measures()).row(0, named=True)


def test_worked_example_34() -> None:
    found = coverage(70, 30, 55, 45)
    assert found["n1_coverage"] == pytest.approx(2 / 3, rel=1e-12)
    assert found["n1_all_demand"] == pytest.approx(3 / 10, rel=1e-12)
    assert found["n1_gap"] == pytest.approx(1 / 3, rel=1e-12)


@needs_examples
def test_worked_example_34_as_stated() -> None:
    inputs, expected = worked("W34")
    supply, demand = inputs["supply"], inputs["demand"]
    found = coverage(supply["top"], supply["others"], demand["top"], demand["others"])
    names = {
        "n1_coverage": "coverage_excluding_top_demand",
        "n1_all_demand": "coverage_total_demand",
        "n1_gap": "gap_share",
    }
    for column, name in names.items():
        assert found[column] == pytest.approx(expected[name]["float"], rel=1e-12)


def test_exports_cover_what_others_import() -> None:
    world = supplied(MADE)["exports", "world"]
    assert (world["top_supplier_iso3"], world["suppliers"], world["cr3"]) == ("A", 3, 1.0)
    # B and C sell 400; others than A buy 900; all buy 1000.
    assert world["n1_coverage"] == pytest.approx(400 / 900, rel=1e-12)
    assert world["n1_all_demand"] == pytest.approx(400 / 1000, rel=1e-12)


def test_without_the_largest_country_another_is_the_largest() -> None:
    rest = supplied(MADE)["exports", "without_a"]
    assert (rest["top_supplier_iso3"], rest["suppliers"]) == ("B", 2)
    # C sells 100; C buys 300, B and C together 900.
    assert rest["n1_coverage"] == pytest.approx(100 / 300, rel=1e-12)
    assert rest["n1_all_demand"] == pytest.approx(100 / 900, rel=1e-12)


def test_producers_use_what_they_make_and_import_and_do_not_export() -> None:
    world = supplied(MADE)["production", "world"]
    # A uses 800 + 100 - 600 = 300 of 1250; B and C make 450.
    assert world["n1_coverage"] == pytest.approx(450 / 950, rel=1e-12)
    assert world["n1_all_demand"] == pytest.approx(450 / 1250, rel=1e-12)
    assert world["demand_reason"] is None
    rest = supplied(MADE)["production", "without_a"]
    # B and C make 450 and import 500 net; B uses 300 + 600 - 300 = 600 of these 950.
    assert rest["n1_coverage"] == pytest.approx(150 / 350, rel=1e-12)


def test_demand_in_other_units_leaves_the_harsher_variant() -> None:
    found = supplied(MADE, PAIRS.with_columns(basis=pl.lit(None, pl.String)))
    world = found["production", "world"]
    assert (world["n1_coverage"], world["demand_reason"]) == (None, "demand_unknown")
    assert world["n1_all_demand"] == pytest.approx(450 / 1250, rel=1e-12)
    assert world["reason"] is None


def test_the_rest_is_the_largest_ones_or_others() -> None:
    world = supplied(production({"A": 800, "B": 300, "C": 150}, rest=250))["production", "world"]
    assert world["cr3_low"] == pytest.approx(1250 / 1500, rel=1e-12)
    assert world["cr3_high"] == 1.0
    assert world["n1_all_demand_low"] == pytest.approx(450 / 1500, rel=1e-12)
    assert world["n1_all_demand_high"] == pytest.approx(700 / 1500, rel=1e-12)


def test_a_scope_without_suppliers_is_null_and_a_reason() -> None:
    found = supplied(production({"A": 800}), flows=[("B", "A", 500, 500)])
    for supply, reason in (("exports", "no_trade"), ("production", "not_reported")):
        row = found[supply, "without_a"]
        assert (row["cr3"], row["n1_all_demand"], row["reason"]) == (None, None, reason)
        assert row["confidence"] is None


SQL = """
WITH flows AS (
    SELECT t.edition, t.mineral, t.stage, t.year, t.importer_iso3 AS i, t.exporter_iso3 AS e,
        t.value_usd AS x
    FROM mart.mineral_trade AS t SEMI JOIN ref.country AS c ON c.iso3 = t.importer_iso3
    WHERE t.value_usd > 0
),
sold AS (SELECT edition, mineral, stage, year, e AS country, sum(x) AS x FROM flows GROUP BY ALL),
top AS (
    SELECT edition, mineral, stage, year, arg_max(country, x) AS country, sum(x) AS total,
        max(x) AS x, list_sum(list_slice(list_reverse_sort(list(x)), 1, 3)) AS three
    FROM sold GROUP BY ALL
),
outside AS (
    SELECT f.edition, f.mineral, f.stage, f.year, sum(f.x) FILTER (f.i <> t.country) AS demand
    FROM flows AS f JOIN top AS t USING (edition, mineral, stage, year) GROUP BY ALL
)
SELECT count(*), max(abs(s.cr3 - t.three / t.total)),
    max(abs(s.n1_coverage - (t.total - t.x) / o.demand)),
    max(abs(s.n1_all_demand - (t.total - t.x) / t.total))
FROM indices.world_supply AS s
JOIN top AS t USING (edition, mineral, stage, year)
JOIN outside AS o USING (edition, mineral, stage, year)
WHERE s.supply = 'exports' AND s.scope = 'world' AND s.basis = 'value' AND s.reason IS NULL
"""


def test_sql_agrees_on_the_bundled_figures(built: Built) -> None:
    ((cells, *gaps),) = asked(built, SQL)
    assert cells > 2_000
    assert max(gaps) < 1e-12
