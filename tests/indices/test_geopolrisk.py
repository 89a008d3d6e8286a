"""GeoPolRisk: against the published case, its own conventions, and SQL over the bundled figures."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices import geopolrisk as index
from flows.indices import import_share
from flows.indices.formulas.geopolrisk_cells import governance_risk
from flows.indices.formulas.geopolrisk_formula import characterisation, import_risk, midpoint, score
from flows.indices.geopolrisk import geopolrisk
from flows.settings import CHECKOUT
from tests import world

EXAMPLES = CHECKOUT.parent / "shared" / "data" / "methods" / "worked_examples.json"

COPPER_CONSTANT = 0.409412948
GRAPHITE_2022 = {
    "AUT": 100, "BRA": 79372, "CAN": 13000, "CHN": 1161000, "COL": 0, "DEU": 185, "IND": 82439,
    "PRK": 20000, "KOR": 23798, "MDG": 116700, "MEX": 3420, "MOZ": 165932, "NAM": 0, "NOR": 10380,
    "RUS": 18800, "LKA": 3299, "TUR": 27715, "UKR": 846, "VNM": 500,
}  # fmt: skip
"""World Mining Data, natural graphite, tonnes (worked example W32)."""


def stability(g: float) -> float:
    """Political stability that gives this g."""
    return 2.5 - 5.0 * g


def rows(*flows: tuple[str, str, float | None, float], mineral: str = "graphite") -> pl.LazyFrame:
    """Compose imports of 2022: importer, exporter, kg, USD."""
    return pl.LazyFrame(
        [
            {
                "importer_iso3": to, "exporter_iso3": by, "mineral": mineral, "year": 2022,
                "mass_kg": kg, "value_usd": usd,
            }
            for to, by, kg, usd in flows
        ],
        schema_overrides={"mass_kg": pl.Float64, "value_usd": pl.Float64},
    )  # fmt: skip


def output(kg: dict[str, float | None], mineral: str = "graphite") -> pl.LazyFrame:
    """Compose production of 2022."""
    table = [{"iso3": c, "mineral": mineral, "year": 2022, "mass_kg": x} for c, x in kg.items()]
    return pl.LazyFrame(table, schema_overrides={"mass_kg": pl.Float64})


def governed(g: dict[str, float | None]) -> pl.LazyFrame:
    """Compose the governance of 2022."""
    table = [
        {"iso3": c, "year": 2022, "pv": None if x is None else stability(x)} for c, x in g.items()
    ]
    return pl.LazyFrame(table, schema_overrides={"pv": pl.Float64})


def both(found: pl.LazyFrame, importer: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give one importer's row by the peer's convention, and the corrected one."""
    frame = found.collect().filter(pl.col("importer_iso3") == importer)
    (peer,) = frame.filter(pl.col("mode") == "peer").rows(named=True)
    (corrected,) = frame.filter(pl.col("mode") == "corrected").rows(named=True)
    return peer, corrected


def test_worked_example_30() -> None:
    weighted, imported = 60 * 0.6 + 20 * 0.3, 80
    frame = pl.DataFrame({"w": [weighted], "p": [20], "f": [imported], "price": [10.0]})
    found = (
        frame.with_columns(risk=import_risk(pl.col("w"), pl.col("p"), pl.col("f")))
        .with_columns(score=score(pl.lit(0.5), pl.col("risk")))
        .with_columns(midpoint=midpoint(pl.col("score"), pl.col("price")))
        .with_columns(gsp=characterisation(pl.col("midpoint"), pl.lit(1.5)))
    )
    for name, wanted in {"risk": 0.42, "score": 0.21, "midpoint": 2.1, "gsp": 1.4}.items():
        assert math.isclose(found[name][0], wanted, rel_tol=1e-12), name


def published_case() -> pl.LazyFrame:
    """Compose W31 to W33 and W59: graphite, USA, 2022; all but China as one exporter."""
    total_kg, china_kg = 86586111.0, 43274566.0
    china_g = 0.5882147252559661
    rest_g = (50585910.84690329 - china_kg * china_g) / (total_kg - china_kg)
    trade = rows(
        ("USA", "CHN", china_kg, 142631137.0),
        ("USA", "ZZZ", total_kg - china_kg, 192819213.0 - 142631137.0),
    )
    return geopolrisk(
        trade,
        output({country: tonnes * 1000.0 for country, tonnes in GRAPHITE_2022.items()}),
        pl.LazyFrame(
            {
                "iso3": ["CHN", "ZZZ"],
                "year": [2022] * 2,
                "pv": [-0.44107362627983093, stability(rest_g)],
            }
        ),
        constant=COPPER_CONSTANT,
    )


def test_the_published_case() -> None:
    for row in both(published_case(), "USA"):
        for name, wanted, tolerance in (
            ("hhi", 0.470663478647389, 1e-12),
            ("import_risk", 0.5842266185959465, 1e-9),
            ("score", 0.2749741326267695, 1e-9),
            ("price", 2.2269069573987443, 1e-12),
            ("midpoint", 0.612341809051238, 1e-9),
            ("gsp_oecd_const", 1.4956581418407853, 1e-9),
        ):
            assert math.isclose(row[name], wanted, rel_tol=tolerance), (row["mode"], name)
        assert row["reason"] is None


def test_worked_example_33() -> None:
    g = pl.select(governance_risk(pl.lit(-0.44107362627983093))).item()
    assert math.isclose(g, 0.5882147252559662, rel_tol=1e-9)
    assert pl.select(governance_risk(pl.lit(None, pl.Float64))).item() is None
    assert pl.select(governance_risk(pl.lit(-4.0))).item() == 1.0


def test_worked_example_59() -> None:
    amounts = {"CHN": (43274566, 142631137), "ZZZ": (86586111 - 43274566, 50188076)}
    trade = pl.LazyFrame(
        [
            {
                "importer_iso3": "USA", "exporter_iso3": by, "mineral": "graphite", "stage": "all",
                "year": 2022, "source": "s", "edition": "e", "mass_kg": kg, "value_usd": usd,
                "value_without_mass_usd": 0, "ended_usd": 0, "basket_usd": 0,
            }
            for by, (kg, usd) in amounts.items()
        ]
    )  # fmt: skip
    countries = pl.LazyFrame({"iso3": ["CHN", "ZZZ"], "kind": ["country"] * 2})
    found = import_share.compute(trade, countries).collect()
    china = found.filter(pl.col("exporter_iso3").cast(pl.String) == "CHN")
    shares = dict(china.select(pl.col("basis").cast(pl.String), "import_share").iter_rows())
    assert math.isclose(shares["mass"], 0.499786461133472, rel_tol=1e-9)
    assert math.isclose(shares["value"], 0.7397143406035996, rel_tol=1e-9)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="no worked examples beside the checkout")
def test_the_literals_are_those_of_the_worked_examples() -> None:
    examples = {e["id"]: e for e in json.loads(EXAMPLES.read_text(encoding="utf-8"))["examples"]}
    assert examples["W32"]["inputs"]["production_t"] == GRAPHITE_2022
    assert examples["W31"]["inputs"]["copper_CF_constant"] == COPPER_CONSTANT
    peer, _ = both(published_case(), "USA")
    for name, key in (("import_risk", "import_risk"), ("gsp_oecd_const", "CF")):
        wanted = examples["W31"]["expected"][key]["float"]
        assert math.isclose(peer[name], wanted, rel_tol=1e-9)


def test_missing_governance_is_a_half_for_the_peer_and_missing_here() -> None:
    trade = rows(("JPN", "CHN", 50.0, 50.0), ("JPN", "TWN", 50.0, 50.0))
    peer, corrected = both(
        geopolrisk(trade, output({"CHN": 1.0}), governed({"CHN": 0.6, "TWN": None})), "JPN"
    )
    assert math.isclose(peer["score"], (0.6 + 0.5) / 2)
    assert (corrected["score"], corrected["reason"]) == (None, "governance_missing")
    assert math.isclose(corrected["score_low"], 0.3)
    assert math.isclose(corrected["score_high"], 0.8)


def test_a_little_missing_governance_leaves_the_exporter_out() -> None:
    trade = rows(("JPN", "CHN", 96.0, 96.0), ("JPN", "TWN", 4.0, 4.0))
    _, corrected = both(geopolrisk(trade, output({"CHN": 1.0}), governed({"CHN": 0.6})), "JPN")
    assert math.isclose(corrected["score"], 0.6)
    assert corrected["score_low"] < 0.6 < corrected["score_high"]
    assert math.isclose(corrected["governance_missing_share"], 0.04)


def test_trade_within_a_bloc_is_risk_free_for_the_peer_and_no_import_here() -> None:
    trade = rows(("DEU", "FRA", 50.0, 50.0), ("DEU", "CHN", 50.0, 50.0))
    members = pl.LazyFrame(
        {
            "bloc": ["EU"] * 2,
            "iso3": ["DEU", "FRA"],
            "from_year": [None, None],
            "to_year": [None] * 2,
        },
        schema=index.MEMBERS,
    )
    g = governed({"CHN": 0.6, "FRA": 0.2})
    world_output = output({"CHN": 100.0, "FRA": 50.0})
    peer, corrected = both(geopolrisk(trade, world_output, g, members=members), "EU")
    assert (peer["intra_bloc"], corrected["intra_bloc"]) == ("zero", "dropped")
    assert math.isclose(peer["import_risk"], 50 * 0.6 / (100 + 50))
    assert math.isclose(corrected["import_risk"], 50 * 0.6 / (50 + 50))
    peer, corrected = both(geopolrisk(trade, world_output, g, members=members), "DEU")
    assert peer["import_risk"] == corrected["import_risk"] == pytest.approx((10 + 30) / 100)


def test_unknown_production_of_one_s_own_makes_bounds() -> None:
    trade = rows(("USA", "CHN", 100.0, 100.0))
    made = output({"CHN": 100.0, "USA": None})
    peer, corrected = both(geopolrisk(trade, made, governed({"CHN": 0.5})), "USA")
    assert math.isclose(peer["import_risk"], 0.5)
    assert (corrected["import_risk"], corrected["reason"]) == (None, "not_reported")
    assert corrected["import_risk_low"] == 0.0
    assert math.isclose(corrected["import_risk_high"], 0.5)


@pytest.mark.parametrize(
    ("trade", "made", "why"),
    [
        (rows(("USA", "CHN", None, 5.0)), output({"CHN": 1.0}), "weight_missing"),
        (
            rows(("USA", "CHN", 10.0, 10.0), ("USA", "ZAF", None, 5.0)),
            output({"CHN": 1.0}),
            "weight_missing",
        ),
        (rows(("USA", "CHN", 0.0, 0.0)), output({"CHN": 1.0}), "no_trade"),
        (rows(("USA", "CHN", 10.0, 10.0)), output({"CHN": None}), "not_reported"),
        (rows(("USA", "CHN", 10.0, 10.0)), output({"CHN": 1.0}, mineral="tin"), "not_reported"),
    ],
)
def test_what_is_unknown_is_null_and_says_why(
    trade: pl.LazyFrame, made: pl.LazyFrame, why: str
) -> None:
    _, corrected = both(geopolrisk(trade, made, governed({"CHN": 0.5, "ZAF": 0.5})), "USA")
    assert (corrected["score"], corrected["score_high"], corrected["reason"]) == (None, None, why)


def test_copper_of_the_same_economy_divides_the_local_factor() -> None:
    trade = pl.concat(
        [rows(("USA", "CHN", 10.0, 100.0)), rows(("USA", "CHN", 10.0, 50.0), mineral="copper")]
    )
    made = pl.concat([output({"CHN": 1.0}), output({"CHN": 1.0}, mineral="copper")])
    found = geopolrisk(trade, made, governed({"CHN": 0.5}), reference_mineral="copper").collect()
    factors = dict(
        found.filter(pl.col("mode") == "corrected").select("mineral", "gsp_local").rows()
    )
    assert factors == {"graphite": pytest.approx(2.0), "copper": pytest.approx(1.0)}


COUNTRIES = ["AUS", "BRA", "CHN", "DEU", "FRA", "IND"]
CASES = st.fixed_dictionaries(
    {
        "kg": st.lists(st.integers(1, 10**11), min_size=6, max_size=6),
        "g": st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=6, max_size=6),
        "made": st.lists(st.integers(0, 10**11), min_size=6, max_size=6).filter(any),
        "own": st.integers(0, 10**11),
    }
)


def case(kg: list[int], g: list[float | None], made: list[int], own: int) -> dict[str, Any]:
    """Compute a drawn case, corrected."""
    trade = rows(
        *(("JPN", by, float(x), float(2 * x)) for by, x in zip(COUNTRIES, kg, strict=True))
    )
    produced = output(dict(zip([*COUNTRIES, "JPN"], [*map(float, made), float(own)], strict=True)))
    governance = governed(dict(zip(COUNTRIES, g, strict=True)))
    return both(geopolrisk(trade, produced, governance), "JPN")[1]


@settings(max_examples=25, deadline=None)
@given(drawn=CASES, forget=st.integers(0, 5), seed=st.integers(0, 9))
def test_properties(drawn: dict[str, Any], forget: int, seed: int) -> None:
    found = case(**drawn)
    assert 0.0 <= found["score_low"] <= found["score_high"] <= 1.0
    assert (found["score"] is None) == (found["reason"] is not None)
    if found["score"] is not None:
        assert found["score_low"] - 1e-12 <= found["score"] <= found["score_high"] + 1e-12

    # Less is known: the bounds widen.
    vaguer = drawn | {"g": [None if n == forget else g for n, g in enumerate(drawn["g"])]}
    wide = case(**vaguer)
    assert wide["score_low"] <= found["score_low"] + 1e-12
    assert wide["score_high"] >= found["score_high"] - 1e-12

    # Neither order nor unit matter.
    order = random.Random(seed).sample(range(6), 6)  # noqa: S311 - an order, not a secret
    shuffled = {name: [drawn[name][n] for n in order] for name in ("kg", "g")}
    made = dict(zip([COUNTRIES[n] for n in order], drawn["made"], strict=True))
    renamed = case(**shuffled, made=[made[c] for c in COUNTRIES], own=drawn["own"])
    assert renamed["import_risk_high"] == pytest.approx(found["import_risk_high"], rel=1e-12)
    scaled = case(
        kg=[3 * x for x in drawn["kg"]],
        g=drawn["g"],
        made=[3 * x for x in drawn["made"]],
        own=3 * drawn["own"],
    )
    assert scaled["score_high"] == pytest.approx(found["score_high"], rel=1e-12)


SQL = """
WITH years AS (
    SELECT t.year, max(g.year) AS governance_year
    FROM (SELECT DISTINCT year FROM mart.mineral_trade) AS t
    JOIN (SELECT DISTINCT year FROM mart.governance) AS g ON g.year BETWEEN t.year - 2 AND t.year
    GROUP BY t.year
),
imports AS (
    SELECT m.importer_iso3, m.mineral, m.stage, m.year, m.edition,
        sum(m.mass_kg) AS f, sum(m.value_usd) AS v,
        sum(m.mass_kg * CASE WHEN g.estimate IS NULL THEN 0.5
            ELSE least(greatest((2.5 - g.estimate) / 5, 0), 1) END) AS w
    FROM mart.mineral_trade AS m
    LEFT JOIN years AS y ON y.year = m.year
    LEFT JOIN mart.governance AS g
        ON g.iso3 = m.exporter_iso3 AND g.year = y.governance_year AND g.dimension = 'pv'
    WHERE m.importer_iso3 NOT IN (SELECT bloc FROM ref.bloc)
    GROUP BY ALL
),
newest AS (
    SELECT mineral, year, max(edition) AS edition FROM mart.production
    WHERE stage = 'mine' GROUP BY ALL
),
made AS (
    SELECT p.mineral, p.year, p.area, sum(p.mass_kg) AS kg
    FROM mart.production AS p
    SEMI JOIN newest AS n ON n.mineral = p.mineral AND n.year = p.year AND n.edition = p.edition
    WHERE p.stage = 'mine' AND p.area_kind = 'country'
    GROUP BY ALL
),
world AS (
    SELECT mineral, year, sum(kg * kg) / (sum(kg) * sum(kg)) AS hhi FROM (
        SELECT mineral, year, CAST(kg AS DOUBLE) AS kg FROM made
    ) GROUP BY ALL
)
SELECT i.importer_iso3, i.mineral, i.stage, i.year, i.edition,
    world.hhi * i.w / (coalesce(own.kg, 0) + i.f) AS wanted_score,
    world.hhi * i.w / (coalesce(own.kg, 0) + i.f) * i.v / i.f AS wanted_midpoint
FROM imports AS i
JOIN world ON world.mineral = i.mineral AND world.year = i.year
LEFT JOIN made AS own
    ON own.mineral = i.mineral AND own.year = i.year AND own.area = i.importer_iso3
WHERE i.stage IN ('ore', 'mineral')
"""


def test_sql_agrees_on_the_bundled_figures(built: world.Built) -> None:
    with duckdb.connect(str(built.settings.build), read_only=True) as con:
        wanted = con.execute(SQL).pl()
        frames = {n: con.execute(f"SELECT * FROM {n}").pl().lazy() for n in index.INDEX.inputs}  # noqa: S608
    arguments = {name.replace(".", "_"): frame for name, frame in frames.items()}
    found = index.INDEX.compute(**arguments).filter(pl.col("mode") == "peer").collect()
    joined = found.join(
        wanted, on=["importer_iso3", "mineral", "stage", "year", "edition"], how="inner"
    ).filter(pl.col("score").is_not_null())
    assert joined.height > 5000
    for name in ("score", "midpoint"):
        off = (pl.col(name) - pl.col(f"wanted_{name}")).abs()
        assert joined.select((off / pl.col(f"wanted_{name}")).max()).item() < 1e-12, name


def test_germanium_has_no_figure_once_its_code_has_ended(built: world.Built) -> None:
    with duckdb.connect(str(built.settings.build), read_only=True) as con:
        reasons = con.execute(
            "SELECT DISTINCT reason, score IS NULL FROM indices.geopolrisk "
            "WHERE hs6 = '811230' AND year >= 2007 AND weight_missing_share IS NULL"
        ).fetchall()
    assert reasons == [("code_ended", True)]
