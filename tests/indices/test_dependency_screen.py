"""Dependency screens: CDI1 to CDI3 and GeoDep, by the thresholds that the facts state."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.indices.dependency_screen import CDI, GEODEP, geodep, geodep_values
from flows.indices.formulas.thresholds import thresholds
from tests.indices.composed import (
    FACTS,
    asked,
    computed,
    needs_examples,
    one,
    tables,
    trade,
    worked,
)
from tests.world import Built

THRESHOLDS = pl.scan_csv(FACTS / "thresholds.csv")

W28 = [("N", "A", 700, 700), ("N", "B", 200, 200), ("O", "C", 100, 100)]
"""The members N and O of UNION buy from outside ..."""
W28 += [("O", "N", 500, 500), ("A", "N", 60, 60), ("B", "O", 40, 40)]
"""... from each other, and sell 600 in all."""


def screened(*parts: pl.DataFrame, year: int = 2022, **more: pl.LazyFrame) -> dict[str, Any]:
    found = computed(CDI, tables(pl.concat(parts)) | more)
    assert set(found["importer_iso3"]) == {"UNION"}
    return one(found, basis="value", year=year)


def of_the_union(flows: list[tuple[str, str, int, int]], year: int = 2022) -> pl.DataFrame:
    """Trade of countries, and the same as the mart has it of the union: from outside only."""
    outside = [
        ("UNION", exporter, usd, kg)
        for importer, exporter, usd, kg in flows
        if importer in "NO" and exporter not in "NO"
    ]
    return pl.concat([trade(flows, year), trade(outside, year)])


def test_worked_example_28() -> None:
    found = screened(of_the_union(W28))
    assert found["cdi1"] == pytest.approx(27 / 50, rel=1e-12)
    assert found["cdi2"] == pytest.approx(2 / 3, rel=1e-12)
    assert found["cdi3"] == pytest.approx(5 / 3, rel=1e-12)
    assert found["cdi3_extra"] == pytest.approx(10, rel=1e-12)
    assert found["dependent"] is True
    assert found["flags"] == ["threshold_unverified"]


@needs_examples
def test_worked_example_28_as_stated() -> None:
    inputs, expected = worked("W28")
    intra, sold = inputs["intra_eu_imports"], inputs["total_eu_exports"]
    flows = [("N", code, x, x) for code, x in zip("ABC", inputs["extra_eu_imports"], strict=True)]
    flows += [("N", "O", intra, intra), ("A", "O", sold - intra, sold - intra)]
    found = screened(of_the_union(flows))
    for name in ("CDI1", "CDI2", "CDI3"):
        assert found[name.lower()] == pytest.approx(expected[name]["float"], rel=1e-12)
    assert found["dependent"] is expected["dependent"]


def test_every_threshold_is_a_fact() -> None:
    stricter = THRESHOLDS.with_columns(
        threshold=pl.when(pl.col("criterion") == "import_hhi").then(0.6).otherwise("threshold")
    )
    found = screened(of_the_union(W28), ref_threshold=stricter)
    assert (found["import_hhi_met"], found["dependent"]) == (False, False)
    with pytest.raises(ValueError, match=r"thresholds\.csv .* cdi for: extra_share; add a row"):
        screened(
            of_the_union(W28),
            ref_threshold=THRESHOLDS.filter(pl.col("criterion") != "extra_share"),
        )


def test_no_exports_meet_the_test_and_have_no_ratio() -> None:
    found = screened(of_the_union(W28[:3]))
    assert (found["cdi2"], found["cdi3"]) == (1.0, None)
    assert (found["import_export_ratio_met"], found["dependent"]) == (True, True)
    assert "no_exports" in found["flags"]


def test_the_unallocated_part_widens_every_criterion() -> None:
    loose = of_the_union([*W28, ("N", "X_899", 400, 400)])
    found = screened(loose)
    ends = {
        name: [found[f"{name}{end}"] for end in ("_low", "", "_high")]
        for name in ("cdi1", "cdi2", "cdi3")
    }
    for low, point, high in ends.values():
        assert low <= point <= high
        assert low < high
    assert ends["cdi2"] == pytest.approx([1000 / 1900, 1000 / 1500, 1400 / 1900])
    # The lower end of CDI1 is 0.54 / 1.4^2, below the threshold.
    assert (found["dependent_low"], found["dependent"], found["dependent_high"]) == (
        False,
        True,
        True,
    )


def test_persistence_counts_the_last_five_years_and_skips_none() -> None:
    parts = [of_the_union(W28, year) for year in (2014, 2017, 2018, 2020, 2022)]
    parts += [of_the_union([("N", "A", 1, 1), ("N", "B", 1, 1), ("N", "C", 1, 1)], 2021)]
    found = screened(*parts)
    assert (found["years_flagged_5"], found["years_known_5"]) == (3, 4)


W29 = [(2020, 0.5, 0.45, 10, 4), (2021, 0.39, 0.45, 10, 4), (2022, 0.6, 0.41, 10, 0)]


def geodep_years(
    years: list[tuple[int, float | None, float, int, int]],
) -> dict[int, dict[str, Any]]:
    """Screen cells of one series, given (year, import HHI, export HHI, imports, exports)."""
    rows = [
        {"year": year, "total": bought, "exported": sold, "unallocated": 0, "flags": []}
        | dict.fromkeys(["hhi", "hhi_low", "hhi_high"], hhi)
        | dict.fromkeys(["export_hhi", "export_hhi_low", "export_hhi_high"], world)
        | {"reason": None if hhi else "no_trade", "confidence": "A" if hhi else None}
        for year, hhi, world, bought, sold in years
    ]
    schema = {"flags": pl.List(pl.String), "reason": pl.String, "confidence": pl.String}
    cells = pl.LazyFrame(rows, schema_overrides=schema, infer_schema_length=None).with_columns(
        pl.lit("one").alias(name)
        for name in ("importer_iso3", "mineral", "stage", "basis", "source", "edition")
    )
    found = geodep(cells, thresholds(THRESHOLDS, "geodep", (*geodep_values(""), "years"))).collect()
    return {row["year"]: row for row in found.iter_rows(named=True)}


def test_worked_example_29() -> None:
    found = geodep_years(W29)
    assert [found[year]["flagged"] for year in (2020, 2021, 2022)] == [True, False, True]
    assert found[2022]["import_export_ratio"] == 9999
    assert (found[2022]["dependent"], found[2022]["years_flagged_3"]) == (True, 2)
    assert found[2022]["flags"] == ["no_exports"]


@needs_examples
def test_worked_example_29_as_stated() -> None:
    inputs, expected = worked("W29")
    found = geodep_years(
        [(row["y"], row["HHI_M"], row["HHI_X"], row["M"], row["X"]) for row in inputs["years"]]
    )
    for year in (2020, 2021, 2022):
        assert found[year]["flagged"] is expected[f"y{year}"]
    assert found[2022]["import_export_ratio"] == expected["ratio_2022"]
    assert found[2022]["dependent"] is expected["dependent_3y_window"]


def test_missing_years_leave_the_answer_open_only_where_they_could_change_it() -> None:
    found = geodep_years([(2020, 0.5, 0.5, 9, 1), (2021, 0.1, 0.5, 9, 1), (2022, None, 0.5, 9, 1)])
    assert (found[2020]["dependent"], found[2020]["reason"]) == (None, "too_few_years")
    assert found[2020]["flagged"] is True
    assert (found[2021]["dependent"], found[2021]["reason"]) == (None, "too_few_years")
    assert (found[2022]["flagged"], found[2022]["reason"]) == (None, "no_trade")
    settled = geodep_years([(2020, 0.1, 0.5, 9, 1), (2021, 0.1, 0.5, 9, 1)])
    assert (settled[2021]["dependent"], settled[2021]["reason"]) == (False, None)


def test_geodep_of_countries_and_of_the_union() -> None:
    found = computed(GEODEP, tables(of_the_union(W28)))
    union = one(found, importer_iso3="UNION", basis="value")
    # The union sells 100 to others; what its members sell to each other is no export.
    assert union["import_export_ratio"] == pytest.approx(10, rel=1e-12)
    member = one(found, importer_iso3="O", basis="value")
    assert member["import_export_ratio"] == pytest.approx(600 / 40, rel=1e-12)
    assert member["export_hhi"] == pytest.approx((7**2 + 2**2 + 1 + 5.6**2 + 0.4**2) / 16**2)


def test_exports_without_weight_leave_no_ratio_of_weights() -> None:
    rows = pl.concat(
        [trade([("N", "A", 700, 700)]), trade([("B", "N", 60, None), ("B", "N", 1, 1)][:1])]
    )
    found = computed(GEODEP, tables(rows))
    assert one(found, importer_iso3="N", basis="mass")["reason"] == "weight_missing"
    assert one(found, importer_iso3="N", basis="value")["flagged"] is not None


CDI_SQL = """
WITH flows AS (
    SELECT t.edition, t.mineral, t.stage, t.year, b.bloc, t.value_usd AS x,
        i.iso3 IS NOT NULL AS bought, e.iso3 IS NOT NULL AS sold
    FROM mart.mineral_trade AS t
    SEMI JOIN ref.country AS c ON c.iso3 = t.importer_iso3
    CROSS JOIN (VALUES ('EU'), ('EU27_2020')) AS b(bloc)
    LEFT JOIN ref.bloc_member AS i ON i.bloc = b.bloc AND i.iso3 = t.importer_iso3
        AND t.year >= coalesce(i.from_year, 0) AND t.year <= coalesce(i.to_year, 9999)
    LEFT JOIN ref.bloc_member AS e ON e.bloc = b.bloc AND e.iso3 = t.exporter_iso3
        AND t.year >= coalesce(e.from_year, 0) AND t.year <= coalesce(e.to_year, 9999)
),
suppliers AS (
    SELECT s.edition, s.mineral, s.stage, s.year, s.bloc, s.exporter_iso3, s.x FROM (
        SELECT f.edition, f.mineral, f.stage, f.year, m.importer_iso3 AS bloc, m.exporter_iso3,
            m.value_usd AS x
        FROM mart.mineral_trade AS m
        JOIN (SELECT DISTINCT edition, mineral, stage, year, bloc FROM flows) AS f
            ON f.edition = m.edition AND f.mineral = m.mineral AND f.stage = m.stage
            AND f.year = m.year AND f.bloc = m.importer_iso3
    ) AS s WHERE s.x > 0
),
hhi AS (
    SELECT edition, mineral, stage, year, bloc, sum(CAST(x AS HUGEINT) * x) / sum(x) / sum(x) AS hhi
    FROM suppliers GROUP BY ALL
),
sums AS (
    SELECT edition, mineral, stage, year, bloc,
        sum(x) FILTER (bought AND NOT sold) AS extra,
        coalesce(sum(x) FILTER (bought AND sold), 0) AS intra,
        coalesce(sum(x) FILTER (sold), 0) AS exports
    FROM flows GROUP BY ALL
)
SELECT count(*), max(abs(t.cdi1 - h.hhi)), max(abs(t.cdi2 - s.extra / (s.extra + s.intra))),
    max(abs(t.cdi3 - s.extra / nullif(s.exports, 0)) / greatest(1, t.cdi3)),
    count(*) FILTER (t.dependent <> (h.hhi > 0.4 AND s.extra / (s.extra + s.intra) > 0.5
        AND (s.exports = 0 OR s.extra / s.exports > 1)))
FROM indices.strategic_dependency AS t
JOIN sums AS s ON s.edition = t.edition AND s.mineral = t.mineral AND s.stage = t.stage
    AND s.year = t.year AND s.bloc = t.importer_iso3
JOIN hhi AS h ON h.edition = t.edition AND h.mineral = t.mineral AND h.stage = t.stage
    AND h.year = t.year AND h.bloc = t.importer_iso3
WHERE t.basis = 'value' AND t.reason IS NULL
"""

GEODEP_SQL = """
WITH bought AS (
    SELECT edition, mineral, stage, year, importer_iso3, sum(value_usd) AS bought,
        sum(CAST(value_usd AS HUGEINT) * value_usd) / sum(value_usd) / sum(value_usd) AS hhi
    FROM mart.mineral_trade WHERE value_usd > 0 GROUP BY ALL
),
sold AS (
    SELECT t.edition, t.mineral, t.stage, t.year, t.exporter_iso3, sum(t.value_usd) AS sold
    FROM mart.mineral_trade AS t SEMI JOIN ref.country AS c ON c.iso3 = t.importer_iso3
    WHERE t.value_usd > 0 GROUP BY ALL
),
world AS (
    SELECT edition, mineral, stage, year,
        sum(CAST(sold AS HUGEINT) * CAST(sold AS HUGEINT)) / sum(sold) / sum(sold) AS hhi
    FROM sold GROUP BY ALL
),
met AS (
    SELECT b.*, w.hhi AS world_hhi, coalesce(b.bought / s.sold, 9999) AS ratio,
        b.hhi > 0.4 AND w.hhi > 0.4 AND coalesce(b.bought / s.sold, 9999) > 1 AS met
    FROM bought AS b SEMI JOIN ref.country AS c ON c.iso3 = b.importer_iso3
    JOIN world AS w USING (edition, mineral, stage, year)
    LEFT JOIN sold AS s ON s.edition = b.edition AND s.mineral = b.mineral AND s.stage = b.stage
        AND s.year = b.year AND s.exporter_iso3 = b.importer_iso3
),
counted AS (
    SELECT *, sum(CAST(met AS INT)) OVER (
        PARTITION BY edition, mineral, stage, importer_iso3 ORDER BY year
        RANGE BETWEEN 2 PRECEDING AND CURRENT ROW) AS three
    FROM met
)
SELECT count(*), max(abs(g.import_hhi - m.hhi)), max(abs(g.export_hhi - m.world_hhi)),
    max(abs(g.import_export_ratio - m.ratio) / greatest(1, m.ratio)),
    count(*) FILTER (g.flagged <> m.met OR g.dependent <> (m.three >= 2)
        OR g.years_flagged_3 <> m.three)
FROM indices.geodep AS g JOIN counted AS m USING (edition, mineral, stage, year, importer_iso3)
WHERE g.basis = 'value' AND g.flagged IS NOT NULL
"""


@pytest.mark.parametrize(("sql", "least"), [(CDI_SQL, 3_000), (GEODEP_SQL, 200_000)])
def test_sql_agrees_on_the_bundled_figures(built: Built, sql: str, least: int) -> None:
    ((cells, *gaps, other_verdicts),) = asked(built, sql)
    assert cells > least
    assert max(gaps) < 1e-12
    assert other_verdicts == 0


def test_a_code_that_ended_is_screened_no_more(built: Built) -> None:
    sql = """
        SELECT DISTINCT reason, flagged, dependent FROM indices.geodep
        WHERE mineral = 'germanium' AND year >= 2007 AND edition LIKE 'HS92%'
            AND stage = 'metal'
    """
    assert asked(built, sql) == [("code_ended", None, None)]
