"""Event windows: before and after a measure, from its issuer and from everybody else."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices.event_window import INDEX
from flows.settings import CHECKOUT
from tests.indices.composed import asked, computed, needs_examples, one, worked
from tests.indices.measures import BASKET, Flow, measure, tables
from tests.world import Built

POWDER, OXIDE = "999901", "999902"
DAY = date(2019, 7, 4)
REAL = CHECKOUT.parent / "shared" / "data" / "trade" / "baci_hs92_74codes_1995_2024.parquet"


def windows(
    flows: list[Flow], measures: list[dict[str, Any]], **frames: pl.LazyFrame
) -> pl.DataFrame:
    return computed(INDEX, tables(flows, measures) | frames)


def figure(found: pl.DataFrame, name: str, side: str = "issuer", **where: object) -> dict[str, Any]:
    usual = {"basis": "mass", "frequency": "year", "span": 3, "importer_iso3": "P"}
    return one(found, figure=name, side=side, **(usual | where))


BEFORE: list[Flow] = [
    (2016, "A", "P", POWDER, 600, 30),
    (2016, "B", "P", POWDER, 100, 10),
    (2017, "A", "P", POWDER, 200, 10),
    (2018, "A", "P", POWDER, 400, 20),
    (2018, "B", "P", POWDER, 300, 30),
    (2018, "X_899", "P", POWDER, 7, 1),
]
EVENT: list[Flow] = [(2019, "A", "P", POWDER, 10**9, 10**9)]
AFTER: list[Flow] = [
    (2020, "A", "P", POWDER, 300, 10),
    (2020, "B", "P", POWDER, 300, 20),
    (2020, "C", "P", POWDER, 200, 20),
]


def test_figures_by_hand() -> None:
    """Before: A 60 of 100 kg, B 40. After, in the one year there is: A 10, B and C 20 each."""
    found = windows([*BEFORE, *EVENT, *AFTER], [measure("m", "A", DAY)])
    share = figure(found, "import_share")
    assert (share["before"], share["after"]) == (pytest.approx(0.6), pytest.approx(0.2))
    assert share["change"] == pytest.approx(-0.4)
    assert share["change_ratio"] == pytest.approx(1 / 3)
    assert (share["periods_before"], share["periods_after"]) == (3, 1)
    assert (share["unit"], share["reason"], share["day"]) == ("share", None, DAY)
    others = figure(found, "import_share", "comparison")
    assert (others["before"], others["after"]) == (pytest.approx(0.4), pytest.approx(0.8))
    hhi = figure(found, "hhi")
    assert (hhi["before"], hhi["after"]) == (pytest.approx(0.52), pytest.approx(0.36))
    among_others = figure(found, "hhi", "comparison")
    assert (among_others["before"], among_others["after"]) == (1, pytest.approx(0.5))
    mass = figure(found, "mass_kg")
    assert (mass["before_amount"], mass["after_amount"]) == (20, 10)
    assert (mass["unit"], mass["before"], mass["change_ratio"]) == ("kg", None, 0.5)
    price = figure(found, "unit_value")
    assert (price["before_amount"], price["after_amount"]) == (20_000, 30_000)
    assert (price["unit"], price["change_ratio"]) == ("USD_per_t", 1.5)
    theirs = figure(found, "unit_value", "comparison")
    assert (theirs["before_amount"], theirs["after_amount"]) == (10_000, 12_500)
    # By value A had 1,200 of 1,600, and then 300 of 800; in the very year before 400 of 700.
    value = figure(found, "import_share", basis="value")
    assert (value["before"], value["after"]) == (pytest.approx(0.75), pytest.approx(0.375))
    last = figure(found, "import_share", basis="value", span=1)
    assert (last["before"], last["after"]) == (pytest.approx(4 / 7), pytest.approx(0.375))


def test_what_has_no_weight_has_no_unit_value() -> None:
    """Four percent of the value of 2016 came without a weight."""
    light: list[Flow] = [(2016, "A", "P", OXIDE, 28, None)]
    found = windows([*BEFORE, *light, *AFTER], [measure("m", "A", DAY)])
    assert figure(found, "unit_value")["before_amount"] == 20_000
    assert figure(found, "mass_kg")["before_amount"] == 20
    value = figure(found, "import_share", basis="value")
    assert value["before"] == pytest.approx(1228 / 1628)


def test_an_issuer_that_sells_without_a_weight_is_no_zero() -> None:
    """A twentieth of the value is borne; what A's part of the mass was, nobody knows."""
    flows: list[Flow] = [(2018, "A", "P", POWDER, 4, None), (2018, "B", "P", POWDER, 96, 96)]
    found = windows([*flows, *AFTER], [measure("m", "A", DAY)])
    for name, side in (
        ("import_share", "issuer"),
        ("import_share", "comparison"),
        ("mass_kg", "issuer"),
        ("hhi", "issuer"),
    ):
        row = figure(found, name, side)
        assert (row["before"], row["before_amount"]) == (None, None), (name, side)
        assert row["reason"] == "weight_missing"
    assert figure(found, "mass_kg", "comparison")["before_amount"] == 96
    assert figure(found, "import_share", basis="value")["before"] == 0.04


def test_a_year_of_no_trade_counts_and_one_that_is_not_there_does_not() -> None:
    """P reports 2017, but buys nothing of it then: three years before. Of 2021 nobody reports."""
    other = [(2017, "A", "P", "999903", 5, 5)]
    basket = pl.concat(
        [BASKET, BASKET.head(1).with_columns(mineral=pl.lit("n"), hs6=pl.lit("999903"))]
    )
    rows = [flow for flow in [*BEFORE, *AFTER] if flow[0] != 2017]
    found = computed(INDEX, tables([*rows, *other], [measure("m", "A", DAY)], basket=basket))
    mass = figure(found.filter(mineral="m"), "mass_kg")
    assert (mass["before_amount"], mass["periods_before"]) == (pytest.approx(50 / 3), 3)
    assert (mass["after_amount"], mass["periods_after"]) == (10, 1)


def test_what_is_not_known_says_why() -> None:
    day = date(2024, 5, 1)
    found = windows([(2023, "B", "P", POWDER, 70, None)], [measure("m", "A", day)])
    share = figure(found, "import_share", basis="value")
    # The issuer sold none: a true zero before; no year after is there yet.
    assert (share["before"], share["after"], share["reason"]) == (0, None, "too_few_years")
    assert (share["change"], share["change_ratio"], share["periods_after"]) == (None, None, 0)
    mass = figure(found, "mass_kg")
    assert (mass["before_amount"], mass["reason"]) == (None, "weight_missing")
    ours = figure(windows(BEFORE, [measure("m", "C", DAY)]), "unit_value")
    assert (ours["before_amount"], ours["reason"]) == (None, "no_trade")


def test_whom_a_measure_affects() -> None:
    flows = [(*flow[:2], who, *flow[3:]) for who in "PQR" for flow in BEFORE]
    measures = [
        measure("all", "A", DAY),
        measure("aimed", "A", DAY, target="Q", kind="framework", restricts=False, severity=None),
        measure("named", "A", DAY, target="R", form=None, hs6=None, stage=None),
        measure("none", "A", DAY, target="R", mineral=None, form=None, hs6=None),
        measure("own", "P", DAY),
    ]
    found = windows(flows, measures)
    assert set(found.select("measure", "importer_iso3").rows()) == {
        ("all", "P"), ("aimed", "Q"), ("named", "R"),
    }  # fmt: skip
    flags = dict(found.select("measure", "flags").rows())
    assert (flags["all"], flags["named"]) == (["partly_covered"], ["mineral_only"])


def test_months_where_there_are_months() -> None:
    """Twelve months each side of July 2019: 10 kg of 20 a month before, 5 of 20 after."""
    rows = []
    for month in range(-14, 15):
        year, number = divmod(2019 * 12 + 6 + month, 12)
        a = 10 if month < 0 else 5 if month > 0 else 999
        for who, kg in (("A", a), ("B", 20 - a if month else 1)):
            rows.append(("composed", "one", POWDER, year, number + 1, "P", who, 2 * kg, kg))
    names = ["source", "edition", "hs6", "year", "month"]
    names += ["importer_iso3", "exporter_iso3", "value_usd", "mass_kg"]
    monthly = pl.LazyFrame(rows, schema=names, orient="row").with_columns(
        pl.col("year").cast(pl.Int32)
    )
    found = windows(BEFORE, [measure("m", "A", DAY)], mart_monthly_trade=monthly)
    share = figure(found, "import_share", frequency="month", span=12)
    assert (share["before"], share["after"]) == (0.5, 0.25)
    assert (share["periods_before"], share["periods_after"]) == (12, 12)
    mass = figure(found, "mass_kg", "comparison", frequency="month", span=12)
    assert (mass["before_amount"], mass["after_amount"]) == (10, 15)


@needs_examples
def test_korea_s_hydrogen_fluoride_as_the_press_has_it() -> None:
    """Worked example 60: from 32.2 percent in 2018 to 12.8 in 2020, from figures of the press."""
    inputs, expected = worked("W60")
    flows: list[Flow] = []
    for year in (2018, 2020):
        theirs = inputs["imports_from_japan_musd"][f"y{year}"]
        rest = expected[f"total_{year}"]["float"] - theirs
        for who, amount in (("A", theirs), ("B", rest)):
            flows.append((year, who, "P", POWDER, round(amount * 1_000_000), 1))
    found = windows(flows, [measure("m", "A", DAY, target="P")])
    share = figure(found, "import_share", basis="value", span=1)
    assert share["before"] == pytest.approx(inputs["share"]["y2018"], abs=1e-8)
    assert share["after"] == pytest.approx(inputs["share"]["y2020"], abs=1e-8)
    assert share["change"] == pytest.approx(-expected["decline_in_share_points"]["float"], abs=1e-8)


@pytest.mark.skipif(not REAL.is_file(), reason="BACI's rows are not in ../shared")
def test_japan_s_rare_earths_around_2010() -> None:
    """By value China had 0.644 in 2009; three years each side, against sums of its own."""
    codes = {"280530": "metal", "284610": "cerium", "284690": "other"}
    sql = f"""
        SELECT 'composed', 'one', lpad(CAST(k AS VARCHAR), 6, '0'), t, 'P',
            CASE i WHEN 156 THEN 'A' ELSE chr(66 + CAST(dense_rank() OVER (ORDER BY i) AS INT)) END,
            CAST(round(v * 1000) AS BIGINT), CAST(round(q * 1000) AS BIGINT)
        FROM '{REAL}' WHERE j = 392 AND t BETWEEN 2007 AND 2013 AND k IN ({", ".join(codes)})
    """  # noqa: S608 - codes of our own
    rows = duckdb.sql(sql).fetchall()
    basket = pl.concat(
        [
            BASKET.head(1).with_columns(hs6=pl.lit(hs6), form=pl.lit(form))
            for hs6, form in codes.items()
        ]
    )
    countries = pl.LazyFrame(
        [(who, "country") for who in sorted({"P", *(row[5] for row in rows)})],
        schema=["iso3", "kind"],
        orient="row",
    )
    flows = [
        (year, who, importer, hs6, usd, kg) for _, _, hs6, year, importer, who, usd, kg in rows
    ]
    held = [measure("m", "A", date(2010, 9, 1), form=form, hs6=hs6) for hs6, form in codes.items()]
    made = tables(flows, held, basket=basket) | {"ref_country": countries}
    found = computed(INDEX, made)
    assert figure(found, "import_share", basis="value", span=1)["before"] == pytest.approx(
        0.644, abs=5e-4
    )
    share = figure(found, "import_share", basis="value")
    for side, years in (("before", (2007, 2008, 2009)), ("after", (2011, 2012, 2013))):
        theirs = sum(row[6] for row in rows if row[5] == "A" and row[3] in years)
        everybody = sum(row[6] for row in rows if row[3] in years)
        assert share[side] == pytest.approx(theirs / everybody, rel=1e-12)
    # It bought elsewhere, and paid more a ton.
    assert share["after"] < share["before"]
    assert figure(found, "unit_value")["change_ratio"] > 2


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(2015, 2023),
            st.sampled_from("ABCD"),
            st.just("P"),
            st.sampled_from([POWDER, OXIDE]),
            st.integers(1, 10**12),
            st.none() | st.integers(1, 10**12),
        ),
        min_size=1,
        max_size=25,
        unique_by=lambda flow: (flow[0], flow[1], flow[3]),
    )
)
def test_both_sides_make_the_whole_and_no_figure_leaves_its_range(flows: list[Flow]) -> None:
    found = windows(flows, [measure("m", "A", DAY)])
    if found.is_empty():
        return
    key = ["basis", "frequency", "span"]
    shares = found.filter(figure="import_share")
    both = shares.group_by(key).agg(pl.col("before", "after").sum(), known=pl.col("before").count())
    for row in both.filter(pl.col("known") == 2).iter_rows(named=True):
        assert row["before"] == pytest.approx(1)
    assert shares["before"].drop_nulls().is_between(0, 1).all()
    assert found.filter(figure="hhi")["after"].drop_nulls().is_between(0, 1 + 1e-12).all()
    known = (
        pl.coalesce("before", "before_amount").is_not_null()
        & pl.coalesce("after", "after_amount").is_not_null()
    )
    assert found.filter(known == pl.col("reason").is_not_null()).is_empty()


SQL = """
WITH goods AS (
    SELECT DISTINCT e.measure, e.importer_iso3, e.exporter_iso3, e.mineral, e.stage, e.source,
        e.edition, e.day
    FROM indices.event_window AS e
    WHERE e.figure = 'hhi' AND e.basis = 'value' AND e.frequency = 'year'
),
sums AS (
    SELECT g.*, t.exporter_iso3 AS who, sum(t.value_usd) AS x
    FROM goods AS g
    JOIN mart.mineral_trade AS t
        ON t.importer_iso3 = g.importer_iso3 AND t.mineral = g.mineral AND t.stage = g.stage
        AND t.source = g.source AND t.edition = g.edition
        AND t.year BETWEEN year(g.day) - 3 AND year(g.day) - 1
    WHERE t.exporter_iso3 NOT IN (SELECT iso3 FROM ref.country WHERE kind = 'unallocated')
    GROUP BY ALL
),
found AS (
    SELECT measure, importer_iso3, mineral, stage, source, edition,
        sum(power(x / total, 2)) AS hhi
    FROM (SELECT *, sum(x) OVER (PARTITION BY measure, importer_iso3, mineral, stage, source,
        edition) AS total FROM sums)
    GROUP BY ALL
)
SELECT count(*), max(abs(e.before - f.hhi))
FROM indices.event_window AS e
JOIN found AS f USING (measure, importer_iso3, mineral, stage, source, edition)
WHERE e.figure = 'hhi' AND e.side = 'issuer' AND e.basis = 'value' AND e.span = 3
    AND e.before IS NOT NULL
"""


def test_sql_agrees_on_the_composed_world(tiny: Built) -> None:
    ((cells, gap),) = asked(tiny, SQL)
    assert cells >= 3
    assert gap < 1e-12


def test_sql_agrees_on_the_bundled_figures(built: Built) -> None:
    ((cells, gap),) = asked(built, SQL)
    assert cells > 50
    assert gap < 1e-12
