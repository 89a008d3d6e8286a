"""Supply risk after the EU's method: worked examples, the published study, trade, properties."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.facts import read_facts
from flows.indices import eu_supply_risk_study
from flows.indices.contract import publish
from flows.indices.formulas import eu_sourcing, eu_study_inputs
from flows.indices.formulas import supply_risk as method
from flows.marts import read_models
from flows.settings import CHECKOUT
from flows.sources.contract import Raw, read_source
from flows.sources.staging import stage_edition
from tests import world

EXAMPLES = CHECKOUT.parent / "shared/data/methods/worked_examples.json"
EXACT = 1e-12

Row = Mapping[str, Any]

PUBLISHED_2017 = {
    "antimony": 4.3,
    "baryte": 1.6,
    "bauxite": 2.0,
    "bismuth": 3.8,
    "chromium": 0.9,
    "cobalt": 1.6,
    "fluorspar": 1.3,
    "gallium": 1.4,
    "lithium": 1.0,
    "magnesium": 4.0,
    "natural_graphite": 2.9,
    "neodymium": 4.8,
    "nickel": 0.3,
    "tungsten": 1.8,
    "vanadium": 1.6,
}
"""European Commission (2017), study on the review of the list of critical raw materials."""

# W17 to W24 of the methods, as literals; the file itself is read too where it is there.
W17 = {"China": -0.25, "Russia": -0.8, "EU": 1.3, "Norway": 1.7, "worst": -2.5, "best": 2.5}
W17_SCALED = {"China": 5.5, "Russia": 6.6, "EU": 2.4, "Norway": 1.6, "worst": 10.0, "best": 0.0}
W18_GLOBAL = [("China", 0.8, -0.25, 1.1), ("Russia", 0.15, -0.8, 1), ("EU", 0.05, 1.3, 0.8)]
W18_EU = [("China", 0.5, -0.25, 1.1), ("Norway", 0.3, 1.7, 1), ("EU", 0.2, 1.3, 0.8)]
ONE = 10**9


def one(frame: pl.LazyFrame) -> Row:
    """The one row of a frame."""
    return frame.collect().row(0, named=True)


def scaled(mean: float | None) -> float | None:
    return one(
        pl.LazyFrame({"m": [mean]}, schema={"m": pl.Float64}).select(
            x=method.scaled_governance(pl.col("m"))
        )
    )["x"]


def concentration(suppliers: list[tuple[str, float, float | None, float]]) -> Row:
    """Weighted concentration of (country, share, governance mean, t), with its bounds."""
    rows = pl.LazyFrame(
        [("a", round(s * ONE), m, float(t)) for _, s, m, t in suppliers],
        schema={
            "cell": pl.String,
            "amount": pl.Int64,
            "m": pl.Float64,
            "trade_parameter": pl.Float64,
        },
        orient="row",
    ).with_columns(
        **eu_sourcing.exact(pl.col("amount")),
        wgi=method.scaled_governance(pl.col("m")),
        allocated=pl.lit(value=True),
    )
    cells = method.weighted_squares(rows, ["cell"])
    return one(cells.with_columns(**eu_sourcing.allocated_concentration()))


INPUTS = {name + end: pl.Float64 for name in method.BOUNDED for end in ("", "_low", "_high")}


def risk(gs: float | None, eu: float | None, ir: float | None, rir: float, si: float) -> Row:
    """Supply risk of one row without bounds of its inputs; a null concentration is not used."""
    values = dict(zip(method.BOUNDED, (gs, eu, ir, rir, si), strict=True))
    row = {name: values[name.removesuffix("_low").removesuffix("_high")] for name in INPUTS}
    frame = pl.LazyFrame([row], schema=INPUTS).with_columns(
        uses_gs=pl.lit(gs is not None), uses_eu=pl.lit(eu is not None)
    )
    return one(frame.with_columns(**method.risk_and_bounds()).with_columns(**method.reaches()))


def test_w17_governance_is_scaled_between_fixed_ends() -> None:
    for name, mean in W17.items():
        assert scaled(mean) == pytest.approx(W17_SCALED[name], rel=EXACT)
    assert scaled(-3.1) == 10.0
    assert scaled(None) is None


def test_governance_needs_all_six_dimensions() -> None:
    rows = [("AAA", 2020, d, -0.25) for d in "abcdef"] + [("BBB", 2020, d, 1.0) for d in "abcde"]
    rows.append(("BBB", 2020, "f", None))  # type: ignore[arg-type]
    estimates = pl.LazyFrame(
        rows,
        schema={
            "iso3": pl.String,
            "year": pl.Int32,
            "dimension": pl.String,
            "estimate": pl.Float64,
        },
        orient="row",
    )
    scores = dict(method.governance_scores(estimates).select("area", "wgi").collect().iter_rows())
    assert scores == {"AAA": 5.5, "BBB": None}


def test_w18_weighted_concentration() -> None:
    assert concentration(W18_GLOBAL)["hhi_wgi_t"] == pytest.approx(4.0253, rel=EXACT)
    assert concentration(W18_EU)["hhi_wgi_t"] == pytest.approx(1.7333, rel=EXACT)


def test_a_supplier_without_score_makes_bounds_from_best_to_worst() -> None:
    cell = concentration([("China", 0.8, -0.25, 1.0), ("Unknown", 0.2, None, 1.0)])
    assert cell["hhi_wgi_t"] is None
    assert cell["hhi_wgi_t_low"] == pytest.approx(0.64 * 5.5, rel=EXACT)
    assert cell["hhi_wgi_t_high"] == pytest.approx(0.64 * 5.5 + 0.04 * 10, rel=EXACT)
    small = concentration([("China", 0.97, -0.25, 1.0), ("Unknown", 0.03, None, 1.0)])
    assert small["hhi_wgi_t_low"] < small["hhi_wgi_t"] < small["hhi_wgi_t_high"]


def test_w19_supply_risk() -> None:
    gs, eu = 4.0253, 1.7333
    whole = risk(gs, eu, 0.8, 0.1, 0.95)
    assert whole["supply_risk"] == pytest.approx(2.2658355, rel=EXACT)
    assert whole["supply_risk_1dp"] == pytest.approx(2.3)
    assert risk(gs, None, None, 0.1, 0.95)["supply_risk"] == pytest.approx(3.4416315, rel=EXACT)
    assert risk(None, eu, None, 0.1, 0.95)["supply_risk"] == pytest.approx(1.4819715, rel=EXACT)
    assert risk(gs, eu, 0.0, 0.1, 0.95)["supply_risk"] == pytest.approx(1.4819715, rel=EXACT)
    assert risk(gs, eu, 1.0, 0.1, 0.95)["supply_risk"] == pytest.approx(2.4618015, rel=EXACT)


def test_a_negative_reliance_counts_as_none() -> None:
    assert risk(4.0, 1.0, -0.25, 0.0, 1.0)["supply_risk"] == pytest.approx(1.0, rel=EXACT)
    assert risk(4.0, 1.0, None, 0.0, 1.0)["supply_risk"] is None  # unknown is not 0


def test_w21_substitution_indices() -> None:
    parts = pl.LazyFrame(
        [
            ("a", 0.6, 0.5, 1.0, 1.0, 1.0, 1.0),
            ("a", 0.6, 0.5, 0.8, 0.8, 1.0, 0.8),
            ("a", 0.4, 1.0, 1.0, 1.0, 1.0, 1.0),
        ],
        schema=["material", "share", "subshare", "scp", "sp", "scr", "sco"],
        orient="row",
    )
    indices = one(method.substitution_indices(parts, ["material"]))
    assert indices["si_ei"] == pytest.approx(0.94, abs=EXACT)
    assert indices["si_sr"] == pytest.approx(0.958532162803826, abs=EXACT)


def importance(uses: list[tuple[float, float | None]], highest: float) -> Row:
    frame = pl.LazyFrame(
        [("a", s, s, s, va) for s, va in uses],
        schema={
            "material": pl.String,
            "share": pl.Float64,
            "share_low": pl.Float64,
            "share_high": pl.Float64,
            "value_added_meur": pl.Float64,
        },
        orient="row",
    )
    return one(method.economic_importance(frame, ["material"], pl.lit(highest)))


def test_w22_and_w23_economic_importance() -> None:
    synthetic = importance([(0.5, 200.0), (0.3, 100.0), (0.2, 50.0)], 200.0)
    assert synthetic["value_added_meur"] == pytest.approx(140, rel=EXACT)
    assert synthetic["use_importance"] * 0.94 == pytest.approx(6.58, rel=EXACT)
    aggregates = importance([(1.0, 64990.0)], 204200.0)
    assert aggregates["use_importance"] == pytest.approx(3.182664054848188, rel=EXACT)
    assert aggregates["use_importance"] == pytest.approx(3.2, abs=0.05)  # as published in 2023


def test_a_use_without_sector_widens_the_bounds() -> None:
    cell = importance([(0.9, 100.0), (0.1, None)], 200.0)
    ends = (cell["use_importance_low"], cell["use_importance"], cell["use_importance_high"])
    assert ends == pytest.approx((4.5, 4.5, 5.5), rel=EXACT)


def test_w24_bottleneck_and_both_flags() -> None:
    frame = pl.LazyFrame(
        {
            "material": ["a", "a"],
            "stage": ["mine", "refinery"],
            "supply_risk": [0.96, 1.04],
            "supply_risk_high": [0.96, 1.04],
            "economic_importance": [2.79, 2.79],
        }
    ).with_columns(
        **method.reaches(), **method.critical(), is_bottleneck=method.is_bottleneck(["material"])
    )
    worst = frame.filter("is_bottleneck").collect().row(0, named=True)
    assert (worst["stage"], worst["supply_risk"]) == ("refinery", 1.04)
    assert (worst["critical_raw"], worst["critical_1dp"]) == (False, True)


def test_a_stage_that_may_be_worse_leaves_the_bottleneck_open() -> None:
    frame = pl.DataFrame(
        {"m": ["a", "a"], "supply_risk": [1.0, None], "supply_risk_high": [1.1, 2.0]}
    ).with_columns(is_bottleneck=method.is_bottleneck(["m"]))
    assert frame["is_bottleneck"].to_list() == [None, None]


@pytest.mark.skipif(not EXAMPLES.is_file(), reason="the worked examples are not in ../shared")
def test_literals_are_the_worked_examples() -> None:
    content = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    listed = content["examples"] if isinstance(content, dict) else content
    example = {entry["id"]: entry for entry in listed}
    assert example["W17"]["inputs"] | W17 == example["W17"]["inputs"]
    scales = example["W17"]["expected"]["scaled_0_10"]
    assert {k: v["float"] for k, v in scales.items()} == W17_SCALED
    assert [tuple(r) for r in example["W18"]["inputs"]["global_supply"]] == W18_GLOBAL
    assert [tuple(r) for r in example["W18"]["inputs"]["eu_sourcing"]] == W18_EU
    for number, key, value in (
        ("W18", "hhi_wgi_t_GS", 4.0253),
        ("W19", "SR", 2.2658355),
        ("W21", "SI_SR", 0.958532162803826),
        ("W22", "EI", 6.58),
        ("W23", "scaled", 3.182664054848188),
    ):
        assert example[number]["expected"][key]["float"] == value


def marts() -> dict[str, pl.LazyFrame]:
    """The marts of the bundled study and governance, by the project's own SQL."""
    con = duckdb.connect()
    con.execute("CREATE SCHEMA staging; CREATE SCHEMA ref; CREATE SCHEMA mart")
    con.register("units", read_facts(CHECKOUT / "warehouse/facts").frame("unit"))
    con.execute("CREATE TABLE ref.unit AS SELECT * FROM units")
    for name in ("eu_crm", "worldbank_wgi"):
        source = read_source(name)
        folder = source.folder / "bundled"
        staged = pl.concat(
            [
                stage_edition(
                    source, e, Raw(name, e.id, folder, tuple(folder / n for n in e.bundled))
                )
                for e in source.editions
            ]
        )
        con.register("staged", staged)
        con.execute(f"CREATE TABLE staging.{name} AS SELECT * FROM staged")  # noqa: S608
    wanted = [n.split(".")[1] for n in eu_supply_risk_study.INDEX.inputs]
    models = [m for m in read_models(CHECKOUT / "sql") if m.path.stem in wanted]
    return {f"mart_{m.table.name}": con.execute(m.sql).pl().lazy() for m in models}


@pytest.fixture(scope="module")
def study() -> pl.DataFrame:
    """`indices.eu_supply_risk_study` of the bundled figures."""
    index = eu_supply_risk_study.INDEX
    return publish(index.compute(**marts()), index.table)


def of_2017(study: pl.DataFrame, material: str) -> Row:
    """The assessed stage of a material in 2017."""
    rows = study.filter(
        (pl.col("edition") == "2017")
        & (pl.col("material") == material)
        & pl.col("reason").ne_missing("not_reported")
    )
    assert rows.height == 1
    return rows.row(0, named=True)


@pytest.mark.parametrize("material", PUBLISHED_2017)
def test_published_2017_lies_in_the_bounds_of_rounding(study: pl.DataFrame, material: str) -> None:
    row = of_2017(study, material)
    published = PUBLISHED_2017[material]
    assert row["supply_risk_low"] - 0.05 <= published <= row["supply_risk_high"] + 0.05
    assert row["supply_risk_low"] <= row["supply_risk"] <= row["supply_risk_high"]
    # Inputs of one decimal move the result by 0.2 at most here.
    assert row["supply_risk"] == pytest.approx(published, abs=0.2)
    assert row["is_bottleneck"]


def test_w20_magnesium_with_the_interval_of_its_inputs(study: pl.DataFrame) -> None:
    row = of_2017(study, "magnesium")
    assert row["supply_risk"] == pytest.approx(3.9312, rel=EXACT)
    assert row["supply_risk_low"] - 0.05 == pytest.approx(3.6039, abs=5e-5)
    assert row["supply_risk_high"] + 0.05 == pytest.approx(4.2676, abs=5e-5)


def test_every_material_of_2017_comes_out(study: pl.DataFrame) -> None:
    rows = study.filter(pl.col("edition") == "2017")
    assert rows["material"].n_unique() == 81
    assert rows.height == 162  # both stages
    assert rows["supply_risk"].count() == 81
    assert rows.filter(pl.col("supply_risk").is_null())["reason"].unique().to_list() == [
        "not_reported"
    ]


def test_one_supply_alone_is_taken_as_it_is(study: pl.DataFrame) -> None:
    beryllium, cork = of_2017(study, "beryllium"), of_2017(study, "natural_cork")
    assert beryllium["supply_risk"] == pytest.approx(2.4, rel=EXACT)  # GS only
    assert "global_only" in beryllium["flags"]
    assert cork["supply_risk"] == pytest.approx(1.3 * 0.92 * 0.9, rel=EXACT)  # EUS only
    assert "sourcing_only" in cork["flags"]


def test_groups_are_the_mean_of_their_members(study: pl.DataFrame) -> None:
    platinum_metals = ["iridium", "palladium", "platinum", "rhodium", "ruthenium"]
    mean = sum(of_2017(study, name)["supply_risk"] for name in platinum_metals) / 5
    assert of_2017(study, "pgms")["supply_risk"] == pytest.approx(mean, rel=EXACT)
    assert of_2017(study, "hrees")["members"] == 10
    assert of_2017(study, "lrees")["members"] == 5


def test_importance_only_where_its_inputs_are(study: pl.DataFrame) -> None:
    antimony = of_2017(study, "antimony")
    assert antimony["economic_importance"] is None
    assert antimony["economic_importance_reason"] == "input_missing"
    assert antimony["critical_raw"] is None  # its supply risk alone would do
    assert of_2017(study, "copper")["critical_raw"] is False  # no importance could make it so
    key = (pl.col("edition") == "2023") & (pl.col("material") == "aggregates")
    row = study.filter(key & (pl.col("stage") == "mine")).row(0, named=True)
    # W23 with the substitution index of 2017, 0.9.
    assert row["economic_importance"] == pytest.approx(3.182664054848188 * 0.9, rel=EXACT)
    assert "borrowed_edition" in row["flags"]


def test_displayed_and_raw_threshold_differ(study: pl.DataFrame) -> None:
    coking_coal = of_2017(study, "coking_coal")  # 0.979 is displayed as 1.0
    assert (coking_coal["reaches_sr_raw"], coking_coal["reaches_sr_1dp"]) == (False, True)


def test_shares_of_2023_by_sql(study: pl.DataFrame) -> None:
    tables = marts()
    con = duckdb.connect()
    con.register("shares", tables["mart_eu_supply_share"].collect())
    con.register("governance", tables["mart_governance"].collect())
    expected = con.execute(
        """
        WITH score AS (
            SELECT iso3, greatest(0, least(10, (2.5 - sum(estimate) / 6) * 2)) AS wgi
            FROM governance WHERE year = 2022 GROUP BY iso3 HAVING count(estimate) = 6
        )
        SELECT material, stage,
            sum(power(coalesce(share, (share_low + share_high) / 2), 2) * wgi * trade_parameter)
                AS hhi
        FROM shares LEFT JOIN score ON score.iso3 = shares.area
        WHERE supply = 'global'
        GROUP BY material, stage
        HAVING count(wgi) = count(*) AND sum(coalesce(share, (share_low + share_high) / 2)) >= 0.76
        """
    ).pl()
    both = study.filter(pl.col("edition") == "2023").join(expected, on=["material", "stage"])
    assert both.height > 80
    assert (both["hhi_wgi_t_gs"] - both["hhi"]).abs().max() < 1e-9


def test_an_incomplete_list_gives_no_point() -> None:
    shares = pl.LazyFrame(
        {
            "edition": ["2023"] * 2,
            "supply": ["eu"] * 2,
            "material": ["x"] * 2,
            "stage": ["mine"] * 2,
            "area": ["AAA", "BBB"],
            "share": [0.3, 0.2],
            "share_low": [0.3, 0.2],
            "share_high": [0.3, 0.2],
            "trade_parameter": [1.0, 1.0],
        }
    )
    estimates = pl.LazyFrame(
        [(a, 2022, d, 0.0) for a in ("AAA", "BBB") for d in "abcdef"],
        schema={
            "iso3": pl.String,
            "year": pl.Int32,
            "dimension": pl.String,
            "estimate": pl.Float64,
        },
        orient="row",
    )
    cell = one(eu_study_inputs.concentrations(shares, estimates))
    assert cell["hhi_wgi_t_eu"] is None
    assert cell["hhi_wgi_t_eu_low"] == pytest.approx(0.13 * 5, rel=EXACT)
    assert cell["hhi_wgi_t_eu_high"] == pytest.approx(0.13 * 5 + (0.3 + 0.25) * 10, rel=EXACT)


unit = st.floats(0, 1)


@given(st.floats(0, 15), st.floats(0, 15), unit, unit, unit)
@settings(max_examples=50, deadline=None)
def test_supply_risk_lies_between_its_two_supplies(
    gs: float, eu: float, ir: float, rir: float, si: float
) -> None:
    row = risk(gs, eu, ir, rir, si)
    rest = (1 - rir) * si
    assert min(gs, eu) * rest - 1e-9 <= row["supply_risk"] <= max(gs, eu) * rest + 1e-9
    assert row["supply_risk_low"] - 1e-9 <= row["supply_risk"] <= row["supply_risk_high"] + 1e-9


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.floats(-2.5, 2.5)), min_size=2, max_size=8),
    st.integers(1, 1000),
)
@settings(max_examples=40, deadline=None)
def test_concentration_knows_no_order_and_no_scale(
    suppliers: list[tuple[int, float]], factor: int
) -> None:
    rows = [("x", a / ONE, m, 1.0) for a, m in suppliers]
    plain = concentration(rows)
    assert concentration(rows[::-1])["hhi_wgi_t"] == plain["hhi_wgi_t"]
    scaled_up = concentration([(n, s * factor, m, t) for n, s, m, t in rows])
    assert scaled_up["hhi_wgi_t"] == pytest.approx(plain["hhi_wgi_t"], rel=1e-9, abs=1e-12)
    blind = concentration([(n, s, None, t) for n, s, _, t in rows[:1]] + rows[1:])
    assert blind["hhi_wgi_t_low"] <= plain["hhi_wgi_t"] + 1e-9
    assert plain["hhi_wgi_t"] <= blind["hhi_wgi_t_high"] + 1e-9
    assert blind["hhi_wgi_t_high"] - blind["hhi_wgi_t_low"] >= 0  # less known, no narrower


def test_reliance_needs_production_and_trade_in_one_unit() -> None:
    rows = pl.LazyFrame(
        {
            "case": ["both", "none", "exporter", "other unit", "unlisted"],
            "imports_kg": [11, 11, 2, 11, 11],
            "exports_kg": [2, 2, 5, 2, None],
            "own_kg": [2, 0, 4, None, 0],
            "own_low_kg": [2, 0, 4, 0, 0],
            "own_high_kg": [2, 0, 4, None, 11],
        }
    ).with_columns(**eu_sourcing.reliance())
    found = {r["case"]: r for r in rows.collect().iter_rows(named=True)}
    assert found["both"]["import_reliance"] == pytest.approx(9 / 11, rel=EXACT)  # W15
    assert found["none"]["import_reliance"] == 1.0
    assert found["exporter"]["import_reliance"] == 0.0
    assert found["exporter"]["is_net_exporter"]
    ends = ("import_reliance", "import_reliance_low", "import_reliance_high")
    assert [found["other unit"][name] for name in ends] == [None, 0.0, 1.0]
    assert [found["unlisted"][name] for name in ends] == [1.0, 0.5, 1.0]


def test_global_supply_of_trade_by_sql(built: world.Built) -> None:
    con = duckdb.connect(str(built.settings.build), read_only=True)
    differing = con.execute(
        """
        WITH score AS (
            SELECT iso3, greatest(0, least(10, (2.5 - sum(estimate) / 6) * 2)) AS wgi
            FROM mart.governance WHERE year = 2022 GROUP BY iso3 HAVING count(estimate) = 6
        ),
        parameter AS (
            SELECT m.mineral, s.stage, s.area, max(s.trade_parameter) AS t
            FROM mart.eu_supply_share AS s JOIN mart.eu_material AS m USING (material)
            WHERE m.mineral IS NOT NULL GROUP BY ALL
        ),
        supply AS (
            SELECT p.mineral, p.stage, p.area, sum(p.mass_kg) AS kg, any_value(score.wgi) AS wgi,
                greatest(coalesce(any_value(t), 1), 1) AS t
            FROM mart.production AS p
            LEFT JOIN score ON score.iso3 = p.area
            LEFT JOIN parameter ON parameter.mineral = p.mineral AND parameter.area = p.area
                AND parameter.stage = CASE p.stage WHEN 'mine' THEN 'mine' ELSE 'refinery' END
            WHERE p.year = 2022 AND p.edition = '2024' AND p.area_kind = 'country' AND p.mass_kg > 0
            GROUP BY ALL
        ),
        world AS (
            SELECT mineral, stage, sum(power(kg / whole, 2) * wgi * t) AS hhi
            FROM (SELECT *, sum(kg) OVER (PARTITION BY mineral, stage) AS whole FROM supply)
            GROUP BY mineral, stage HAVING count(wgi) = count(*)
        )
        SELECT count(*) AS rows, max(abs(r.hhi_wgi_t_gs - w.hhi)) AS apart
        FROM indices.eu_supply_risk AS r
        JOIN world AS w ON w.mineral = r.mineral AND w.stage = r.production_stage
        WHERE r.importer_iso3 = 'JPN' AND r.year = 2022 AND r.hhi_wgi_t_gs IS NOT NULL
            AND r.production_edition = '2024'
        """
    ).fetchone()
    con.close()
    assert differing is not None
    assert differing[0] > 50
    assert differing[1] < 1e-10


def test_sourcing_of_trade_by_sql(built: world.Built) -> None:
    con = duckdb.connect(str(built.settings.build), read_only=True)
    found = con.execute(
        """
        WITH score AS (
            SELECT iso3, greatest(0, least(10, (2.5 - sum(estimate) / 6) * 2)) AS wgi
            FROM mart.governance WHERE year = 2023 GROUP BY iso3 HAVING count(estimate) = 6
        ),
        parameter AS (
            SELECT s.area, max(s.trade_parameter) AS t
            FROM mart.eu_supply_share AS s JOIN mart.eu_material AS m USING (material)
            WHERE m.mineral = 'rare_earths' AND s.stage = 'refinery' GROUP BY ALL
        ),
        imports AS (
            SELECT exporter_iso3, value_usd, wgi, greatest(coalesce(t, 1), 1) AS t
            FROM mart.mineral_trade
            LEFT JOIN score ON score.iso3 = exporter_iso3
            LEFT JOIN parameter ON parameter.area = exporter_iso3
            WHERE importer_iso3 = 'KOR' AND mineral = 'rare_earths' AND stage = 'metal'
                AND year = 2023 AND value_usd > 0
        )
        SELECT r.hhi_wgi_t_eu, e.hhi, e.unscored, r.flags
        FROM indices.eu_supply_risk AS r,
            (SELECT sum(power(value_usd / whole, 2) * wgi * t) AS hhi,
                count(*) - count(wgi) AS unscored
             FROM (SELECT *, sum(value_usd) OVER () AS whole FROM imports)) AS e
        WHERE r.importer_iso3 = 'KOR' AND r.mineral = 'rare_earths' AND r.form_stage = 'metal'
            AND r.year = 2023 AND r.basis = 'value'
        """
    ).fetchall()
    con.close()
    assert len(found) == 1
    hhi, expected, unscored, flags = found[0]
    assert unscored == 0
    assert hhi == pytest.approx(expected, abs=1e-10)
    assert {"borrowed_eu", "imports_only", "sourcing_only"} <= set(flags)


def test_a_basket_or_ended_code_gives_no_number(built: world.Built) -> None:
    con = duckdb.connect(str(built.settings.build), read_only=True)
    rows = con.execute(
        """
        SELECT DISTINCT mineral, form_stage, reason, supply_risk, hhi_wgi_t_eu
        FROM indices.eu_supply_risk
        WHERE mineral IN ('gallium', 'germanium') AND form_stage = 'metal'
        """
    ).fetchall()
    con.close()
    assert {row[:3] for row in rows} >= {("gallium", "metal", "basket_code")}
    assert {row[2] for row in rows} <= {"basket_code", "code_ended"}
    assert {row[3:] for row in rows} == {(None, None)}
