"""Verdicts on claims: by the primary cell alone, over composed series and the article's claims."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows import warehouse
from flows.indices import claim_cell, claim_verdict
from flows.indices.formulas.claim_asked import questions
from flows.indices.formulas.claim_judged import VERDICTS
from flows.indices.formulas.claim_question import QUESTION, half_unit_of, interval, question
from tests.indices.claimed import (
    Flow,
    answer,
    article,
    asked,
    facts,
    of_claims,
    tables,
    trade,
)
from tests.world import Built

SETTLED = {"supported", "contradicted", "outdated"}


def series(shares: dict[int, int], masses: dict[int, int] | None = None) -> pl.DataFrame:
    """Japan's rare earths: China's percentage by year, by value and by mass."""
    masses = masses or shares
    flows: list[Flow] = []
    for year, share in shares.items():
        flows.append((year, "JPN", "CHN", "280530", share, masses[year]))
        flows.append((year, "JPN", "VNM", "280530", 100 - share, 100 - masses[year]))
    return trade(flows)


def verdict(question_rows: pl.DataFrame, rows: pl.DataFrame) -> dict[str, Any]:
    """The verdict on a question put to composed trade."""
    return answer(question_rows, tables(rows))[0]


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({2020: 91}, "supported"),
        ({2019: 91, 2020: 90}, "contradicted"),
        # Met in the fifth of the last five years, and in the year before them.
        ({2015: 90, 2016: 91, 2020: 50}, "contradicted"),
        ({2015: 91, 2016: 90, 2020: 50}, "outdated"),
        # Never met; and met only later than the claim speaks of.
        ({2015: 70, 2020: 50}, "contradicted"),
        ({2019: 70, 2020: 50, 2021: 91}, "contradicted"),
    ],
)
def test_a_claim_is_held_against_its_own_year(shares: dict[int, int], expected: str) -> None:
    low, high, strict = interval(0.91, 0.005, "exact")
    claim = asked(stated=0.91, low=low, high=high, strict=strict, year=2020)
    found = verdict(claim, series(shares))
    assert found["verdict"] == expected
    assert (found["primary_year"], found["primary_basis"]) == (2020, "value")


def test_without_a_year_the_newest_is_asked() -> None:
    found = verdict(asked(low=0.65), series({2019: 70, 2020: 60}))
    assert (found["verdict"], found["primary_year"], found["primary_share"]) == (
        "contradicted",
        2020,
        0.6,
    )


def test_another_cell_that_agrees_changes_no_verdict() -> None:
    found = verdict(asked(low=0.65), series({2020: 60}, {2020: 90}))
    assert found["verdict"] == "contradicted"
    assert found["flags"] == ["straddles"]
    assert (found["range_low_share"], found["range_high_share"]) == (0.6, 0.9)
    # Asked by mass, mass is primary.
    found = verdict(asked(low=0.65, basis="mass"), series({2020: 60}, {2020: 90}))
    assert (found["verdict"], found["primary_basis"]) == ("supported", "mass")


def test_a_proxy_is_never_upgraded() -> None:
    rows = trade([(2020, "JPN", "CHN", "850511", 9, 1), (2020, "JPN", "USA", "850511", 1, 1)])
    of = tables(rows, codes=("850511",))
    for low in (0.65, 0.95):
        found, _ = answer(asked(hs6=["850511"], low=low), of)
        assert (found["verdict"], found["primary_share"]) == ("inconclusive", 0.9)
    # Asked about the code itself, it is no proxy.
    found, _ = answer(asked(mineral=None, hs6=["850511"], low=0.65), of)
    assert found["verdict"] == "supported"


@pytest.mark.parametrize(
    ("sold", "expected"), [(90, "inconclusive"), (0, "contradicted"), (100, "inconclusive")]
)
def test_bounds_that_hold_the_figure_are_inconclusive(sold: int, expected: str) -> None:
    """And never supported, not even where all of the code is China's."""
    flows: list[Flow] = [
        (2020, "JPN", "CHN", "811292", sold, 1),
        (2020, "JPN", "DEU", "811292", 100 - sold, 1),
    ]
    found = verdict(asked(mineral="gallium", low=0.65), trade(flows, revision="H5"))
    assert (found["verdict"], found["reason"]) == (expected, "basket_code")


def test_what_trade_only_informs_is_inconclusive() -> None:
    found = verdict(asked(low=0.65, decides=False), series({2020: 90}))
    assert (found["verdict"], found["primary_share"]) == ("inconclusive", 0.9)
    assert found["needs"] is not None


def test_without_a_declared_threshold_it_is_an_opinion() -> None:
    found = verdict(asked(), series({2020: 90}))
    assert (found["verdict"], found["primary_share"]) == ("opinion", 0.9)


def test_an_opinion_says_so_where_there_is_no_number_too() -> None:
    found = verdict(asked(mineral="hydrogen_fluoride"), series({2020: 90}))
    assert (found["verdict"], found["primary_share"]) == ("opinion", None)
    assert found["why"].startswith("Nothing is declared that would meet the claim; the data here")


def test_a_year_before_the_data_begin_is_not_reported_whatever_the_newest_lacks() -> None:
    flows: list[Flow] = [(2020, "JPN", "CHN", "280530", 9, None)]
    found = verdict(asked(low=0.65, year=1990), trade(flows))
    assert (found["verdict"], found["reason"]) == ("not_checkable", "not_reported")


def test_of_several_questions_each_is_told_with_its_year() -> None:
    both = pl.concat([asked(low=0.65), asked(low=0.65, mineral="gallium", question=2)])
    found = verdict(both, series({2020: 70}))
    assert "rare earths, Japan 70.0 in 2020; gallium, Japan no number" in found["why"]


def test_what_no_edition_carries_is_not_checkable_and_names_the_codes() -> None:
    found = verdict(asked(mineral="hydrogen_fluoride", low=0.65), series({2020: 90}))
    assert (found["verdict"], found["reason"]) == ("not_checkable", "edition_lacks_code")
    assert "281111" in found["needs"]


@pytest.mark.parametrize(("rank", "expected"), [(1, "contradicted"), (2, "supported")])
def test_a_rank_is_asked_beside_the_share(rank: int, expected: str) -> None:
    flows: list[Flow] = [
        (2020, "JPN", "CHN", "280530", 40, 1),
        (2020, "JPN", "VNM", "280530", 60, 1),
    ]
    assert verdict(asked(low=0.3, strict=True, rank=rank), trade(flows))["verdict"] == expected


def test_an_hhi_is_asked_beside_the_share() -> None:
    rows = series({2020: 70})
    # 0.7^2 + 0.3^2 = 0.58.
    assert verdict(asked(low=0.65, hhi=0.57), rows)["verdict"] == "supported"
    assert verdict(asked(low=0.65, hhi=0.58), rows)["verdict"] == "contradicted"


def test_several_questions_agree_or_are_inconclusive() -> None:
    rows = pl.concat([series({2020: 70}), trade([(2020, "KOR", "CHN", "280530", 9, 9)])])
    both = pl.concat([asked(low=0.65), asked(low=0.65, importer_iso3="KOR", question=2)])
    found = verdict(both, rows)
    assert (found["verdict"], found["questions"], found["primary_share"]) == ("supported", 2, None)
    assert found["reason"] == "several_questions"
    both = both.with_columns(low=pl.lit(0.8))
    assert verdict(both, rows)["verdict"] == "inconclusive"


def test_the_nearest_cell_is_named() -> None:
    claim = asked(stated=0.912, low=0.9115, high=0.9125)
    found = verdict(claim, series({2007: 91, 2019: 40, 2020: 50}, {2007: 80, 2019: 92, 2020: 60}))
    names = ("share", "year", "basis", "basket", "source")
    assert [found[f"nearest_{name}"] for name in names] == [0.91, 2007, "value", "headline", "baci"]


@pytest.mark.parametrize(
    ("stated", "half", "kind", "allowance", "expected"),
    [
        (0.912, 0.0005, "exact", None, (0.9115, 0.9125, False)),
        # Five percent of 9 either way, beside half a unit.
        (0.09, 0.005, "about", 0.05, (0.0805, 0.0995, False)),
        (0.5, 0.005, "nearly", 0.05, (0.47, 0.505, False)),
        (0.5, 0.005, "just_over", 0.05, (0.495, 0.53, False)),
        (0.5, 0.005, "at_least", None, (0.495, None, False)),
        (0.5, 0.005, "at_most", None, (None, 0.505, False)),
        (0.5, 0.005, "above", None, (0.5, None, True)),
        (0.5, 0.005, "below", None, (None, 0.5, True)),
        (0.999, 0.005, "exact", None, (0.994, 1.0, False)),
    ],
)
def test_what_meets_a_figure(
    stated: float, half: float, kind: str, allowance: float | None, expected: tuple[Any, ...]
) -> None:
    assert interval(stated, half, kind, allowance) == expected


def test_half_a_unit_of_the_last_digit() -> None:
    assert [half_unit_of(number) for number in ("91.2", "90", "0.05")] == [0.05, 0.5, 0.005]


def test_a_question_is_made_of_known_columns() -> None:
    assert set(question()) == set(QUESTION)
    with pytest.raises(KeyError, match="suplier"):
        question(suplier="CHN")


def test_a_metric_that_is_not_declared_is_named() -> None:
    claims = article().head(1).with_columns(metric=pl.lit("unheard_of"))
    of = {name: frame.lazy() for name, frame in facts().items()}
    with pytest.raises(ValueError, match=r"unheard_of.*C001"):
        questions(claims.lazy(), of)


def test_the_articles_claims_are_read_from_facts() -> None:
    of = {name: frame.lazy() for name, frame in facts().items()}
    found = questions(article().lazy(), of).collect()
    rows = {(row["claim_id"], row["question"]): row for row in found.iter_rows(named=True)}
    ten = rows["C010", 1]
    assert (ten["importer_iso3"], ten["exporter_iso3"], ten["mineral"]) == (
        "JPN",
        "CHN",
        "rare_earths",
    )
    assert (ten["hs6"], ten["year"], ten["low"], ten["high"]) == ([], 2024, 0.9115, 0.9125)
    assert (rows["C016", 1]["word"], rows["C016", 1]["low"]) == ("heavily", 0.65)
    # Both importers and three minerals; share and HHI.
    extreme = found.filter(pl.col("claim_id") == "C015")
    assert set(zip(extreme["importer_iso3"], extreme["mineral"], strict=True)) == {
        (importer, mineral)
        for importer in ("JPN", "KOR")
        for mineral in ("graphite", "rare_earths", "tungsten")
    }
    assert extreme["hhi"].unique().to_list() == [0.4]
    # Memory is a part of its heading, dominance a rank, the bloc an importer.
    assert rows["C022", 1]["hs6"] == ["854232"]
    assert (rows["C037", 1]["rank"], rows["C037", 1]["low"]) == (1, 0.3)
    assert rows["C066", 1]["importer_iso3"] == "EU27_2020"
    assert rows["C020", 1]["low"] == pytest.approx(0.0805)
    # What trade can only inform decides nothing.
    assert not rows["C064", 1]["decides"]


def test_a_claim_that_data_only_inform_decides_nothing_whatever_its_metric() -> None:
    of = {name: frame.lazy() for name, frame in facts().items()}
    claim = article().filter(pl.col("claim_id") == "C010")
    found = questions(claim.with_columns(checkable=pl.lit("context")).lazy(), of).collect()
    assert found["decides"].to_list() == [False]
    found = questions(claim.with_columns(checkable=pl.lit("no")).lazy(), of).collect()
    assert found.is_empty()


def test_every_claim_has_a_verdict_or_names_what_it_would_take() -> None:
    of = tables(series({2007: 91, 2020: 38, 2024: 38})) | {"mart_claim": article().lazy()}
    found, _ = of_claims(of)
    assert len(found) == article().height
    assert {row["verdict"] for row in found.values()} <= set(VERDICTS)
    for claim_id, row in found.items():
        assert (row["needs"] is None) == (row["verdict"] in SETTLED), claim_id
        assert row["why"].endswith("."), claim_id
        assert row["understood"].endswith("."), claim_id
    # Composed: 0.91 in 2007 is not within half a unit of 91.2.
    assert (found["C010"]["verdict"], found["C010"]["nearest_year"]) == ("contradicted", 2007)
    assert found["C001"]["reason"] == "no_measure"
    assert found["C003"]["verdict"] == "opinion"


@pytest.mark.parametrize(("changed", "expected"), [("C010", "outdated"), ("C900", "outdated")])
def test_no_verdict_is_typed_in(changed: str, expected: str) -> None:
    """Another id with the same words has the same verdict, another figure has not."""
    only = article().filter(pl.col("claim_id") == "C010")
    claims = only.with_columns(claim_id=pl.lit(changed), value=pl.lit(91.0))
    rows = series({2007: 91, 2020: 38, 2024: 38})
    found, _ = of_claims(tables(rows) | {"mart_claim": claims.lazy()})
    assert found[changed]["verdict"] == expected
    claims = claims.with_columns(value=pl.lit(38.0))
    found, _ = of_claims(tables(rows) | {"mart_claim": claims.lazy()})
    assert found[changed]["verdict"] == "supported"


GOLDEN = {2000: 0.762, 2007: 0.912, 2009: 0.644, 2010: 0.796, 2012: 0.618, 2024: 0.378}
"""Japan's rare earths from China by value, in thousandths."""


def bundled(built: Built) -> dict[str, pl.LazyFrame]:
    """The tables of the bundled world that claims are judged by."""
    names = {*claim_cell.INDEX.inputs, *claim_verdict.INDEX.inputs} - {"indices.claim_cell"}
    with warehouse.snapshot_reader(built.settings.build) as con:
        return {n.replace(".", "_"): warehouse.frame(con, n).lazy() for n in names}


def test_the_article_against_the_bundled_figures(built: Built) -> None:
    found, cells = of_claims(bundled(built))
    ten = found["C010"]
    assert (ten["verdict"], ten["primary_year"], ten["cells"]) == ("outdated", 2024, 720)
    assert ten["met_years"] == ["2007"]
    assert [ten[f"nearest_{n}"] for n in ("year", "basis", "basket")] == [2007, "value", "headline"]
    series_ = cells.filter(
        pl.col("claim_id") == "C010", pl.col("basket") == "headline", ~pl.col("territories")
    )
    by_value = series_.filter(pl.col("basis") == "value")
    shares = dict(by_value.select("year", "share").iter_rows())
    assert {year: round(shares[year], 3) for year in GOLDEN} == GOLDEN
    by_mass = dict(series_.filter(pl.col("basis") == "mass").select("year", "share").iter_rows())
    assert {year: round(by_mass[year], 3) for year in (2007, 2024)} == {2007: 0.858, 2024: 0.661}
    for claim_id in ("C010", "C016", "C017", "C018", "C064", "C066"):
        assert found[claim_id]["primary_share"] is not None, claim_id
    assert {found[c]["verdict"] for c in ("C016", "C017")} == {"supported"}
    assert found["C064"]["verdict"] == "inconclusive"
    assert found["C037"]["verdict"] == "not_checkable"
    assert "381800" in found["C037"]["needs"]


def test_cells_agree_with_the_import_shares(built: Built) -> None:
    """Two ways to the same number: the cells, and `indices.import_share` by its own formula."""
    sql = """
        SELECT c.claim_id, c.year, c.basis, c.share, i.import_share, c.importer_iso3
        FROM indices.claim_cell AS c JOIN indices.import_share AS i
          USING (importer_iso3, exporter_iso3, mineral, year, basis, source, edition)
        WHERE c.basket = 'headline' AND NOT c.territories AND i.stage = 'all'
          AND c.share IS NOT NULL AND c.hs6 NOT LIKE '%850511%'
    """
    with warehouse.snapshot_reader(built.settings.build) as con:
        rows = con.execute(sql).pl()
    assert rows.height > 500
    assert "EU27_2020" in set(rows["importer_iso3"])
    assert rows.filter((pl.col("share") - pl.col("import_share")).abs() > 1e-12).is_empty()


def test_halving_chinas_trade_changes_the_verdicts(built: Built) -> None:
    of = bundled(built)
    before, _ = of_claims(of)
    trade_ = of["mart_trade"].with_columns(
        pl.when(pl.col("exporter_iso3") == "CHN")
        .then(pl.col(name) // 2)
        .otherwise(pl.col(name))
        .alias(name)
        for name in ("value_usd", "mass_kg")
    )
    after, _ = of_claims(of | {"mart_trade": trade_})
    assert (before["C010"]["verdict"], after["C010"]["verdict"]) == ("outdated", "contradicted")
    # s of the whole becomes s/2 of 1 - s/2.
    for claim_id in ("C016", "C017", "C018", "C066"):
        share = before[claim_id]["primary_share"]
        assert after[claim_id]["primary_share"] == pytest.approx(share / (2 - share), rel=1e-6)
