"""Import reliance and what is built on it: worked examples, censored figures, the bundled data."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.facts import read_facts
from flows.indices import contained_share, exposure, import_reliance, supply_benchmark
from flows.indices.formulas import reliance_formula as formula
from flows.indices.formulas.balance import balances, contained, content_gaps, gross
from flows.indices.formulas.published_reliance import PublishedValueError, read_censored
from flows.settings import CHECKOUT
from tests import world

MEMBERS = {"bloc": pl.String, "iso3": pl.String, "from_year": pl.Int32, "to_year": pl.Int32}
PAIR = {
    "mineral": ["ore"], "production_stage": ["mine"], "measure": ["gross"],
    "trade_stage": ["all"], "basis": ["mass"],
}  # fmt: skip


def traded(*flows: tuple[str, str, int | None]) -> pl.LazyFrame:
    """Compose trade of one year: importer, exporter, kg; a dollar a kilogram."""
    return pl.LazyFrame(
        [
            {
                "importer_iso3": to, "exporter_iso3": by, "mineral": "ore", "stage": "all",
                "source": "s", "edition": "e", "year": 2022, "mass_kg": kg, "value_usd": kg or 1,
                "value_without_mass_usd": 0 if kg is not None else 1,
                "ended_usd": 0, "basket_usd": 0,
            }
            for to, by, kg in flows
        ],
        schema_overrides={"mass_kg": pl.Int64, "value_usd": pl.Int64},
    )  # fmt: skip


def made(*figures: tuple[str, int | None]) -> pl.LazyFrame:
    """Compose production of one year: area and kg; null is withheld, OTHER is no country's."""
    return pl.LazyFrame(
        [
            {
                "source": "u", "edition": "2025", "mineral": "ore", "stage": "mine",
                "basis": "mass", "measure": "gross", "area": area,
                "area_kind": "other" if area == "OTHER" else "country", "year": 2022,
                "mass_kg": kg, "mass_low_kg": None, "mass_high_kg": None,
                "unknown_products": int(kg is None),
                "status": "withheld" if kg is None else "reported", "is_estimated": False,
            }
            for area, kg in figures
        ],
        schema_overrides=dict.fromkeys(("mass_kg", "mass_low_kg", "mass_high_kg"), pl.Int64),
    )  # fmt: skip


def related(
    trade: pl.LazyFrame, production: pl.LazyFrame, economy: str, members: pl.LazyFrame | None = None
) -> dict[str, Any]:
    """Compute one economy's row, as the flow does."""
    belonging = pl.LazyFrame(schema=MEMBERS) if members is None else members
    blocs = belonging.select("bloc").unique()
    cells = balances(gross(trade), production, pl.LazyFrame(PAIR), blocs, belonging).with_columns(
        is_partial=pl.lit(value=False),
        has_point=pl.lit(None, pl.Boolean),
        has_bounds=pl.lit(None, pl.Boolean),
    )
    found = import_reliance.related(cells).collect()
    (row,) = found.filter(pl.col("importer_iso3") == economy).rows(named=True)
    return row


def of(expression: pl.Expr, **numbers: float | None) -> Any:  # noqa: ANN401
    """Compute an expression of numbers."""
    frame = pl.DataFrame({name: [x] for name, x in numbers.items()}).with_columns(
        pl.all().cast(pl.Float64)
    )
    return frame.select(expression).item()


P, I, E, R = (pl.col(name) for name in "PIER")  # noqa: E741 - as the formulas write them


def test_worked_example_13() -> None:
    numbers = {"P": 200, "I": 1000, "E": 100, "R": 150 - 100}
    assert of(formula.apparent_consumption(P, I, E, R), **numbers) == 1150
    nir = of(formula.net_import_reliance(P, I, E, R), **numbers)
    assert math.isclose(nir, Fraction(19, 23), rel_tol=1e-12)


def test_worked_example_14() -> None:
    exporter = related(traded(("AAA", "BBB", 10), ("BBB", "AAA", 60)), made(("AAA", 300)), "AAA")
    assert math.isclose(exporter["net_import_reliance"], Fraction(-1, 5), rel_tol=1e-12)
    assert exporter["net_import_reliance_display"] == "E"
    assert exporter["net_import_reliance_score"] == 0.0
    whole = related(traded(("AAA", "BBB", 50), ("BBB", "AAA", 8)), made(("AAA", 0)), "AAA")
    assert (whole["net_import_reliance"], whole["net_import_reliance_display"]) == (1.0, "100")
    none = related(traded(("BBB", "AAA", 5)), made(("AAA", 5)), "AAA")
    assert (none["net_import_reliance"], none["reason"]) == (None, "no_consumption")


def test_worked_example_15() -> None:
    found = related(traded(("AAA", "BBB", 1000), ("BBB", "AAA", 100)), made(("AAA", 200)), "AAA")
    assert math.isclose(found["eu_import_reliance"], Fraction(9, 11), rel_tol=1e-12)
    raw = formula.net_import_reliance(P, I, E)
    assert math.isclose(of(raw, P=250, I=60, E=100), Fraction(-4, 21), rel_tol=1e-12)
    assert of(formula.eu_import_reliance(P, I, E), P=250, I=60, E=100) == 0.0


def test_worked_example_16() -> None:
    numbers = {"P": 200, "I": 1000, "E": 100, "R": 50}
    use = formula.apparent_consumption(P, I, E, R)
    assert math.isclose(
        of(formula.gross_import_dependency(P, I), **numbers), Fraction(5, 6), rel_tol=1e-12
    )
    assert math.isclose(
        of(formula.self_sufficiency(P, use), **numbers), Fraction(4, 23), rel_tol=1e-12
    )
    for share, wanted in ((0.6, (12, 23)), (0.25, (5, 23)), (0.1, (2, 23)), (0.05, (1, 23))):
        found = of(formula.consumption_share(pl.lit(share), I, use), **numbers)
        assert math.isclose(found, Fraction(*wanted), rel_tol=1e-12)
    recycled = of(formula.share_of(pl.lit(80), use), **numbers)
    assert math.isclose(recycled, Fraction(8, 115), rel_tol=1e-12)
    judged = pl.DataFrame(
        {
            "direction": ["at_most", "at_least", "at_most", "at_least"],
            "threshold": [0.65, 0.25, 0.65, 0.10],
            "part_of_consumption": [12 / 23, recycled, None, None],
            "part_of_consumption_low": [12 / 23, recycled, 0.3, 0.2],
            "part_of_consumption_high": [12 / 23, recycled, 0.8, None],
        }
    ).select(supply_benchmark.is_met())
    assert judged.to_series().to_list() == [True, False, None, True]


def test_worked_example_50() -> None:
    rows = [
        {"form": "carbonate", "exporter_iso3": "CHL", "content": 0.187852},
        {"form": "hydroxide", "exporter_iso3": "CHN", "content": 0.165388},
    ]
    trade = traded(("AAA", "CHL", 100_000), ("AAA", "CHN", 100_000)).join(
        pl.LazyFrame(rows).with_columns(content_low="content", content_high="content"),
        on="exporter_iso3",
    )
    found = contained_share.shares(contained(trade), content_gaps(trade)).sort("exporter_iso3")
    kg, shares = (found.collect()[name].to_list() for name in ("contained_kg", "import_share"))
    assert kg == pytest.approx([18785.2, 16538.8], rel=1e-12)
    wanted = [float(Fraction(46963, 88310)), float(Fraction(41347, 88310))]
    assert shares == pytest.approx(wanted, rel=1e-12)


def test_worked_example_56() -> None:
    nir = Fraction(19, 23)
    cells = pl.LazyFrame(
        {
            "import_share": [0.6, 0.25, 0.1, 0.05],
            "net_import_reliance": [float(nir)] * 4,
            "imports_kg": [1000] * 4,
            "apparent_consumption_kg": [1150] * 4,
            "reason": [None] * 4,
            "reliance_reason": [None] * 4,
            "confidence": ["A"] * 4,
        },
        schema_overrides={"reason": pl.String, "reliance_reason": pl.String},
    )
    names = ("import_share", "net_import_reliance", "imports_kg", "apparent_consumption_kg")
    wide = cells.with_columns(pl.col(n).alias(n + end) for n in names for end in ("_low", "_high"))
    found = exposure.exposed(wide).collect()
    wanted = [Fraction(57, 115), Fraction(19, 92), Fraction(19, 230), Fraction(19, 460)]
    assert found["exposure"].to_list() == pytest.approx([float(x) for x in wanted], rel=1e-12)
    assert found["part_of_consumption"][0] == pytest.approx(12 / 23, rel=1e-12)


def test_published_figures_keep_what_they_censor() -> None:
    texts = [">50", "<1", "E", "s", "W", "NA", "—", "76", "1,200", " 12.5 ", None]
    read = read_censored(pl.DataFrame({"text": texts}), "text", top=None, unit=1.0)
    kinds = [
        "above", "below", "net_exporter", "less_than_half_unit", "withheld", "not_available",
        "none", "number", "number", "number", None,
    ]  # fmt: skip
    assert read["censor"].to_list() == kinds
    nothing = [None] * 6
    assert read["value"].to_list() == [*nothing, 0.0, 76.0, 1200.0, 12.5, None]
    percent = read_censored(pl.DataFrame({"text": texts[:5]}), "text", top=100, unit=0.01)
    assert percent["low"].to_list() == [0.5, 0.0, None, 0.0, 0.0]
    assert percent["high"].to_list() == [1.0, 0.01, 0.0, 0.005, 1.0]


def test_a_published_figure_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(PublishedValueError, match="about 5"):
        read_censored(pl.DataFrame({"text": ["5", "about 5"]}), "text", top=100, unit=0.01)


def test_withheld_production_leaves_an_interval() -> None:
    trade = traded(("USA", "CHN", 900), ("CAN", "USA", 100))
    found = related(trade, made(("USA", None)), "USA")
    assert (found["net_import_reliance"], found["reason"]) == (None, "withheld")
    assert (found["net_import_reliance_low"], found["net_import_reliance_high"]) == (0.0, 1.0)


def test_an_unlisted_producer_is_at_most_all_others() -> None:
    trade = traded(("DEU", "CHN", 100))
    little = related(trade, made(("CHN", 500), ("OTHER", 4)), "DEU")
    assert (little["net_import_reliance"], little["reason"]) == (1.0, None)
    assert math.isclose(little["net_import_reliance_low"], 100 / 104)
    much = related(trade, made(("CHN", 500), ("OTHER", 100)), "DEU")
    assert (much["net_import_reliance"], much["reason"]) == (None, "production_unlisted")
    assert math.isclose(much["net_import_reliance_low"], 0.5)
    assert much["net_import_reliance_high"] == 1.0


def test_a_bloc_trades_and_produces_as_one() -> None:
    members = pl.LazyFrame(
        {"bloc": ["EU"] * 3, "iso3": ["DEU", "FRA", "GBR"], "from_year": [None] * 3,
         "to_year": [None, None, 2019]},
        schema=MEMBERS,
    )  # fmt: skip
    trade = traded(
        ("DEU", "FRA", 50), ("DEU", "CHN", 100), ("EU", "CHN", 100), ("CHN", "FRA", 20),
        ("GBR", "DEU", 10),
    )  # fmt: skip
    found = related(trade, made(("DEU", 30), ("FRA", 40), ("GBR", 999)), "EU", members)
    amounts = [found[name] for name in ("imports_kg", "exports_kg", "produced_kg")]
    assert amounts == [100, 30, 70]
    assert math.isclose(found["net_import_reliance"], 0.5)


def test_weights_that_lack_make_no_figure() -> None:
    found = related(traded(("AAA", "BBB", 10), ("AAA", "CCC", None)), made(("AAA", 5)), "AAA")
    assert (found["net_import_reliance"], found["reason"]) == (None, "weight_missing")
    assert found["net_import_reliance_high"] is None


AMOUNT = st.integers(0, 10**11)


@settings(max_examples=60, deadline=None)
@given(p=AMOUNT, more=AMOUNT, less=AMOUNT, i=AMOUNT, e=AMOUNT)
def test_every_point_lies_in_its_bounds(p: int, more: int, less: int, i: int, e: int) -> None:
    low = max(p - less, 0)
    p_ends = pl.col("low"), pl.col("high")
    net = pl.col("I") - pl.col("E")
    numbers = {"P": p, "I": i, "E": e, "low": low, "high": p + more}
    point = of(formula.net_import_reliance(P, I, E), **numbers)
    least, most = (of(x, **numbers) for x in formula.reliance_bounds(p_ends, (net, net)))
    unbounded = formula.reliance_bounds((pl.col("low"), pl.lit(None)), (net, net))
    widest = of(unbounded[0], **numbers), of(unbounded[1], **numbers)
    if point is not None:
        assert least is None or least <= point + 1e-9 * abs(point)
        assert most is None or most >= point - 1e-9 * abs(point)
        assert widest[0] is None or widest[0] <= point + 1e-9 * abs(point)
        assert widest[1] >= point - 1e-9 * abs(point)
    if i > e and least is not None:
        assert widest[0] <= least
    assert of(formula.self_sufficiency(P, formula.apparent_consumption(P, I, E)), **numbers) == (
        None if point is None else pytest.approx(1 - point, rel=1e-9, abs=1e-9)
    )


def test_only_honest_pairs_are_facts() -> None:
    pairs = read_facts(CHECKOUT / "warehouse" / "facts").frame("consumption")
    usable = pairs.filter(pl.col("basis").is_not_null())
    assert not usable.select("mineral", "trade_stage", "basis").is_duplicated().any()
    # Content mined is never added to the gross weight of ore.
    mine = usable.filter((pl.col("production_stage") == "mine") & (pl.col("basis") == "mass"))
    assert not mine["measure"].str.contains("content").any()


SQL = """
WITH listed AS (
    SELECT p.mineral, p.measure, p.area, p.year, p.mass_kg AS kg FROM mart.production AS p
    SEMI JOIN (
        SELECT mineral, stage, measure, year, max(edition) AS edition FROM mart.production
        GROUP BY ALL
    ) AS n USING (mineral, stage, measure, year, edition)
    WHERE p.area_kind = 'country' AND p.unknown_products = 0
),
imports AS (
    SELECT importer_iso3 AS economy, mineral, stage, year, edition, sum(mass_kg) AS kg
    FROM mart.mineral_trade GROUP BY ALL
),
exports AS (
    SELECT exporter_iso3 AS economy, mineral, stage, year, edition, sum(mass_kg) AS kg
    FROM mart.mineral_trade WHERE importer_iso3 NOT IN (SELECT bloc FROM ref.bloc) GROUP BY ALL
)
SELECT i.economy AS importer_iso3, i.mineral, i.stage, i.year, i.edition, 'mass' AS basis,
    (i.kg - coalesce(e.kg, 0))::DOUBLE / (l.kg + i.kg - coalesce(e.kg, 0)) AS wanted
FROM imports AS i
LEFT JOIN exports AS e USING (economy, mineral, stage, year, edition)
JOIN ref.consumption AS c
    ON c.mineral = i.mineral AND c.trade_stage = i.stage AND c.basis = 'mass'
JOIN listed AS l
    ON l.mineral = i.mineral AND l.measure = c.measure AND l.area = i.economy AND l.year = i.year
"""


def test_sql_agrees_on_the_bundled_figures(built: world.Built) -> None:
    with duckdb.connect(str(built.settings.build), read_only=True) as con:
        wanted = con.execute(SQL).pl()
        names = import_reliance.INDEX.inputs
        frames = {n.replace(".", "_"): con.execute(f"SELECT * FROM {n}").pl().lazy() for n in names}  # noqa: S608
    found = import_reliance.INDEX.compute(**frames).filter(pl.col("reason").is_null()).collect()
    keys = ["importer_iso3", "mineral", "stage", "year", "edition", "basis"]
    joined = found.join(wanted, on=keys)
    assert joined.height > 200
    off = (pl.col("net_import_reliance") - pl.col("wanted")).abs()
    assert joined.select((off / pl.col("wanted").abs().clip(1.0)).max()).item() < 1e-12
    usa = joined.filter((pl.col("importer_iso3") == "USA") & (pl.col("mineral") == "graphite"))
    # USGS prints 100 percent for every year.
    assert set(usa["net_import_reliance_display"]) == {"100"}


@pytest.mark.parametrize("table", ["import_reliance", "contained_share", "exposure"])
def test_the_bundled_figures_give_numbers(built: world.Built, table: str) -> None:
    """Tables that may be empty elsewhere are not so here."""
    with duckdb.connect(str(built.settings.build), read_only=True) as con:
        query = f"SELECT count(*) FROM indices.{table} WHERE reason IS NULL"  # noqa: S608
        assert con.execute(query).fetchall()[0][0] > 1000


def test_the_union_s_benchmark_for_graphite(built: world.Built) -> None:
    """Hardly any of the graphite that the EU uses is mined there; no one country gives most."""
    with duckdb.connect(str(built.settings.build), read_only=True) as con:
        rows = con.execute(
            "SELECT benchmark, is_met, reason FROM indices.supply_benchmark WHERE year = 2023 "
            "AND importer_iso3 = 'EU27_2020' AND mineral = 'graphite' AND stage = 'all' "
            "AND edition LIKE 'HS92%' ORDER BY benchmark"
        ).fetchall()
    assert rows == [
        ("extraction", False, None),
        ("recycling", None, "not_reported"),
        ("single_country", True, None),
    ]
