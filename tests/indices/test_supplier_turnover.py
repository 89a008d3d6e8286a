"""Supplier turnover: against the year before and no other, with bounds."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices.supplier_turnover import INDEX
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

AMOUNTS = st.lists(st.integers(0, 10**9), min_size=3, max_size=6).filter(any)


def turnovers(*parts: pl.DataFrame) -> pl.DataFrame:
    return computed(INDEX, tables(pl.concat(parts))).filter(
        pl.col("importer_iso3") == "P", pl.col("basis") == "mass"
    )


def bought(year: int, **tonnes: int) -> pl.DataFrame:
    return trade([("P", code, x, x) for code, x in tonnes.items()], year)


def test_worked_example_44() -> None:
    found = turnovers(bought(2021, A=6, B=3, C=1), bought(2022, A=40, B=30, D=30))
    assert one(found, year=2022)["turnover"] == pytest.approx(0.3, rel=1e-12)
    first = one(found, year=2021)
    assert (first["turnover"], first["reason"]) == (None, "no_previous_year")


@needs_examples
def test_worked_example_44_as_stated() -> None:
    inputs, expected = worked("W44")
    years = [
        bought(2021 + n, **{code: round(100 * share) for code, share in inputs[f"year{n}"].items()})
        for n in (0, 1)
    ]
    found = one(turnovers(*years), year=2022)["turnover"]
    assert found == pytest.approx(expected["turnover"]["float"], rel=1e-12)
    assert 1 - found == pytest.approx(expected["stability"]["float"], rel=1e-12)


def test_a_year_that_is_missing_or_unknown_is_not_bridged() -> None:
    gap = one(turnovers(bought(2019, A=1), bought(2021, A=1)), year=2021)
    assert (gap["turnover"], gap["reason"]) == (None, "no_previous_year")
    unweighed = trade([("P", "A", 5, None)], 2021)
    found = turnovers(unweighed, bought(2022, A=1))
    assert one(found, year=2022)["reason"] == "no_previous_year"
    assert one(found, year=2021)["reason"] == "weight_missing"


def test_both_years_tell_how_far_to_trust_it() -> None:
    loose = pl.concat([bought(2021, A=80), trade([("P", "X_899", 20, 20)], 2021)])
    found = one(turnovers(loose, bought(2022, A=1, B=1)), year=2022)
    assert found["confidence"] == "C"
    assert found["flags"] == ["single_supplier", "tie", "unallocated_high"]


@settings(max_examples=30, deadline=None)
@given(AMOUNTS, AMOUNTS, st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 2))
def test_bounds_hold_whoever_the_rest_belongs_to(
    old: list[int], new: list[int], rest: int, rest_before: int, owner: int
) -> None:
    def with_rest(amounts: list[int], u: int, year: int) -> pl.DataFrame:
        return pl.concat([supply(amounts, year=year), trade([("P", "X_899", u, u)], year)])

    found = one(turnovers(with_rest(old, rest_before, 2021), with_rest(new, rest, 2022)), year=2022)
    owned = []
    for amounts, u in ((old, rest_before), (new, rest)):
        owned.append([x + u * (place == owner) for place, x in enumerate(amounts)])
    settled = one(turnovers(supply(owned[0], year=2021), supply(owned[1], year=2022)), year=2022)
    low, high = found["turnover_low"] - 1e-12, found["turnover_high"] + 1e-12
    assert low <= found["turnover"] <= high
    assert low <= settled["turnover"] <= high


SQL = """
WITH amounts AS (
    SELECT importer_iso3, exporter_iso3, mineral, stage, edition, year, 'value' AS basis,
        value_usd AS x FROM mart.mineral_trade WHERE value_usd > 0
    UNION ALL
    SELECT importer_iso3, exporter_iso3, mineral, stage, edition, year, 'mass', mass_kg
    FROM mart.mineral_trade WHERE mass_kg > 0
),
shares AS (
    SELECT a.*, a.x / sum(a.x) OVER (
        PARTITION BY importer_iso3, mineral, stage, basis, edition, year) AS share
    FROM amounts AS a JOIN indices.import_concentration AS c
        USING (importer_iso3, mineral, stage, basis, edition, year)
    WHERE c.reason IS NULL
),
pairs AS (
    SELECT coalesce(n.importer_iso3, p.importer_iso3) AS importer_iso3,
        coalesce(n.mineral, p.mineral) AS mineral, coalesce(n.stage, p.stage) AS stage,
        coalesce(n.basis, p.basis) AS basis, coalesce(n.edition, p.edition) AS edition,
        coalesce(n.year, p.year + 1) AS year, n.share AS now, p.share AS before
    FROM shares AS n
    FULL JOIN shares AS p
        ON p.importer_iso3 = n.importer_iso3 AND p.exporter_iso3 = n.exporter_iso3
        AND p.mineral = n.mineral AND p.stage = n.stage AND p.basis = n.basis
        AND p.edition = n.edition AND p.year = n.year - 1
),
turnover AS (
    SELECT importer_iso3, mineral, stage, basis, edition, year,
        sum(abs(coalesce(now, 0) - coalesce(before, 0))) / 2 AS turnover
    FROM pairs GROUP BY ALL HAVING sum(now) > 0 AND sum(before) > 0
)
SELECT count(*), count(t.turnover), count(s.turnover), max(abs(t.turnover - s.turnover))
FROM turnover AS s
FULL JOIN (SELECT * FROM indices.supplier_turnover WHERE turnover IS NOT NULL) AS t
    USING (importer_iso3, mineral, stage, basis, edition, year)
"""


def test_sql_agrees_on_the_bundled_figures(built: Built) -> None:
    ((cells, ours, theirs, gap),) = asked(built, SQL)
    assert cells == ours == theirs > 100_000
    assert gap < 1e-12
