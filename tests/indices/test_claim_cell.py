"""Cells of claims over composed trade: every form of one number, worked out by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.indices.claimed import Flow, answer, asked, tables, trade

RARE_EARTHS: list[Flow] = [
    # Metal: 30 of 100 by value, 10 of 20 by mass.
    (2020, "JPN", "CHN", "280530", 30, 10),
    (2020, "JPN", "VNM", "280530", 70, 10),
    # Cerium: all of it from China.
    (2020, "JPN", "CHN", "284610", 20, 40),
    # Others: 10 of 80, 20 through Hong Kong, and a quarter again of nobody's.
    (2020, "JPN", "CHN", "284690", 10, 5),
    (2020, "JPN", "HKG", "284690", 20, 5),
    (2020, "JPN", "USA", "284690", 50, 30),
    (2020, "JPN", "X_899", "284690", 40, 20),
    # Somebody else's trade, and another mineral's.
    (2020, "KOR", "CHN", "284690", 500, 500),
    (2020, "JPN", "CHN", "261100", 900, 900),
]


def cell(found: pl.DataFrame, **where: object) -> dict[str, Any]:
    """The one cell that is asked for; by value, of the headline, territories apart."""
    usual = {"basket": "headline", "basis": "value", "territories": False, "side": "reconciled"}
    wanted = pl.all_horizontal(pl.col(name) == value for name, value in (usual | where).items())
    return found.row(by_predicate=wanted, named=True)


def test_a_headline_is_the_sum_of_its_codes() -> None:
    _, found = answer(asked(), tables(trade(RARE_EARTHS)))
    row = cell(found)
    assert row["hs6"] == "280530+284610+284690"
    # 60 of 200, 40 beside them of nobody's.
    assert row["share"] == 60 / 200
    assert (row["share_low"], row["share_high"]) == pytest.approx((60 / 240, 100 / 240))
    # Vietnam has 70.
    assert row["rank"] == 2
    assert row["hhi"] == pytest.approx((60**2 + 70**2 + 20**2 + 50**2) / 200**2, rel=1e-12)
    assert cell(found, basis="mass")["share"] == 55 / 100
    assert cell(found, basket="280530")["share"] == 0.3
    assert cell(found, basket="284610")["share"] == 1.0


def test_territories_count_with_their_country_and_apart() -> None:
    _, found = answer(asked(), tables(trade(RARE_EARTHS)))
    assert cell(found, territories=True)["share"] == 80 / 200
    assert cell(found, territories=True)["flags"] == ["territories", "unallocated_high"]
    # Who has no territories is counted one way.
    _, found = answer(asked(exporter_iso3="USA"), tables(trade(RARE_EARTHS)))
    assert found["territories"].unique().to_list() == [False]


def test_every_basket_has_every_basis_territory_and_year() -> None:
    """Six baskets, two bases, two ways to count territories, thirty years: 720 cells."""
    codes = ("280530", "284610", "284690")
    flows = [(y, "JPN", "CHN", code, 1, 1) for y in range(1995, 2025) for code in codes]
    _, found = answer(asked(), tables(trade(flows)))
    assert found.height == 720
    assert set(found["basket"]) == {*codes, "850511", "headline", "headline_and_proxies"}
    magnets = found.filter(pl.col("basket") == "850511")
    assert magnets["reason"].unique().to_list() == ["edition_lacks_code"]
    assert magnets["lacking_hs6"].unique().to_list() == ["850511"]
    # A sum that would leave out the magnets is none.
    wider = found.filter(pl.col("basket") == "headline_and_proxies")
    assert wider["reason"].unique().to_list() == ["partial_basket"]


def test_nothing_sold_is_a_zero_and_no_trade_is_none() -> None:
    _, found = answer(asked(exporter_iso3="AUS"), tables(trade(RARE_EARTHS)))
    assert cell(found)["share"] == 0.0
    _, found = answer(asked(importer_iso3="FRA"), tables(trade(RARE_EARTHS)))
    assert (cell(found)["share"], cell(found)["reason"]) == (None, "no_trade")


@pytest.mark.parametrize(("bare", "reason"), [(5, None), (6, "weight_missing")])
def test_a_twentieth_without_weight_is_borne_and_no_more(bare: int, reason: str | None) -> None:
    flows: list[Flow] = [
        (2020, "JPN", "CHN", "280530", 50, 10),
        (2020, "JPN", "VNM", "280530", 50 - bare, 10),
        (2020, "JPN", "USA", "280530", bare, None),
    ]
    _, found = answer(asked(), tables(trade(flows)))
    assert cell(found, basis="mass")["reason"] == reason
    assert cell(found, basis="mass")["share"] == (0.5 if reason is None else None)
    assert cell(found)["share"] == 0.5


def test_an_exporter_without_weight_has_no_share_of_it() -> None:
    flows: list[Flow] = [
        (2020, "JPN", "CHN", "280530", 4, None),
        (2020, "JPN", "VNM", "280530", 96, 10),
    ]
    _, found = answer(asked(), tables(trade(flows)))
    assert cell(found, basis="mass")["reason"] == "weight_missing"


def test_world_exports_are_everyones_imports() -> None:
    question = asked(importer_iso3=None, measure="export_share")
    _, found = answer(question, tables(trade(RARE_EARTHS)))
    # Korea's 500 besides; nobody's 40 left out.
    assert cell(found)["share"] == 560 / 700
    assert cell(found)["rank"] == 1
    assert cell(found)["importer_iso3"] is None


def test_trade_within_what_acts_as_one_is_left_out() -> None:
    flows: list[Flow] = [
        (2020, "DEU", "CHN", "280530", 30, 1),
        (2020, "FRA", "CHN", "280530", 10, 1),
        (2020, "DEU", "FRA", "280530", 900, 1),
        (2020, "FRA", "USA", "280530", 60, 1),
        (2020, "HKG", "CHN", "280530", 800, 1),
        # The United Kingdom was a member in 2019, and never of the 27.
        (2019, "DEU", "GBR", "280530", 50, 1),
        (2019, "DEU", "CHN", "280530", 50, 1),
        (2019, "GBR", "CHN", "280530", 25, 1),
    ]
    of = tables(trade(flows))
    _, found = answer(asked(importer_iso3="EU27_2020"), of)
    assert cell(found, year=2020)["share"] == 40 / 100
    assert cell(found, year=2020)["flags"] == ["bloc"]
    assert cell(found, year=2019)["share"] == 50 / 100
    _, found = answer(asked(importer_iso3="EU"), of)
    assert cell(found, year=2019)["share"] == 1.0
    # A bloc sells as one, and world exports leave out what it sells itself.
    world = asked(importer_iso3=None, measure="export_share", exporter_iso3="EU27_2020")
    _, found = answer(world, of)
    assert cell(found, year=2020)["share"] == 0.0
    # China with Hong Kong sells nothing to itself.
    _, found = answer(asked(importer_iso3=None, measure="export_share"), of)
    assert cell(found, year=2020)["share"] == pytest.approx(840 / 1800)
    assert cell(found, year=2020, territories=True)["share"] == 40 / 1000


def test_a_member_that_buys_of_its_own_bloc_is_asked_about_for_itself() -> None:
    flows: list[Flow] = [
        (2020, "FRA", "DEU", "280530", 30, 1),
        (2020, "FRA", "ITA", "280530", 10, 1),
        (2020, "FRA", "CHN", "280530", 60, 1),
        (2020, "DEU", "CHN", "280530", 900, 1),
    ]
    _, found = answer(asked(importer_iso3="FRA", exporter_iso3="EU27_2020"), tables(trade(flows)))
    assert cell(found)["share"] == 40 / 100
    assert cell(found)["rank"] == 2


@pytest.mark.parametrize(("sold", "bounds"), [(0, (0.0, 0.0)), (40, (0.0, 1.0)), (100, (1.0, 1.0))])
def test_a_code_that_mixes_minerals_gives_bounds(sold: int, bounds: tuple[float, float]) -> None:
    """Without a declared part, only who sells none or all of the code is known."""
    flows: list[Flow] = [(2020, "JPN", "CHN", "811292", sold, 1)] if sold else []
    flows += [(2020, "JPN", "DEU", "811292", 100 - sold, 1)] if sold < 100 else []
    question = asked(mineral="gallium", stated=0.4, low=0.35, high=0.45)
    _, found = answer(question, tables(trade(flows, revision="H5")))
    row = cell(found)
    assert (row["share"], row["reason"]) == (None, "basket_code")
    assert (row["share_low"], row["share_high"]) == bounds
    # Bounds that hold the figure tell nothing; those that do not speak against it.
    assert row["meets"] == (None if sold == 40 else False)


def test_declared_parts_of_a_code_narrow_its_bounds() -> None:
    """W51 of the methods: with c = 50 of 100 and B_p = 80 the bounds are 0.6 and 1."""
    flows: list[Flow] = [
        (2020, "JPN", "CHN", "811292", 80, 1),
        (2020, "JPN", "DEU", "811292", 20, 1),
    ]
    of = tables(trade(flows, revision="H5"))
    of["ref_form"] = of["ref_form"].with_columns(
        component_low=pl.when(pl.col("specificity") == "basket").then(0.5)
    )
    _, found = answer(asked(mineral="gallium", low=0.5, high=0.55), of)
    row = cell(found)
    assert (row["share_low"], row["share_high"]) == (pytest.approx(0.6), 1.0)
    assert row["meets"] is False


def test_rows_under_a_code_that_ended_are_no_share() -> None:
    flows: list[Flow] = [
        (2006, "JPN", "CHN", "811230", 3, 1),
        (2006, "JPN", "DEU", "811230", 1, 1),
        (2022, "JPN", "CHN", "811230", 9, 1),
    ]
    _, found = answer(asked(mineral="germanium", low=0.65), tables(trade(flows), codes=("811230",)))
    assert cell(found, year=2006)["share"] == 0.75
    assert (cell(found, year=2022)["share"], cell(found, year=2022)["reason"]) == (
        None,
        "code_ended",
    )


def test_codes_that_a_claim_names_take_the_minerals_place() -> None:
    of = tables(trade(RARE_EARTHS))
    _, found = answer(asked(hs6=["280530"]), of)
    assert found["basket"].unique().to_list() == ["headline"]
    assert cell(found)["share"] == 0.3
    _, found = answer(asked(mineral=None, hs6=["280530", "261100"]), of)
    assert cell(found)["share"] == 930 / 1000
    # What is named is whole or no number.
    _, found = answer(asked(mineral=None, hs6=["280530", "999999"]), of)
    assert (cell(found)["reason"], cell(found)["lacking_hs6"]) == ("partial_basket", "999999")
    assert cell(found, basket="280530")["share"] == 0.3


def test_a_stage_is_its_cleanest_forms() -> None:
    _, found = answer(asked(stage="compound"), tables(trade(RARE_EARTHS)))
    assert cell(found)["hs6"] == "284610+284690"
    assert cell(found)["share"] == 30 / 100


def test_each_year_is_read_from_the_edition_that_has_most_of_the_codes() -> None:
    older = trade(RARE_EARTHS)
    newer = trade([(2020, "JPN", "CHN", "850511", 9, 1)], edition="two", revision="H5")
    of = tables(pl.concat([older, newer]))
    of["meta_edition_code"] = pl.concat(
        [
            tables(older)["meta_edition_code"],
            pl.LazyFrame(
                {"source": "baci", "edition": "two", "hs_revision": "H5", "hs6": "850511"}
            ),
        ]
    ).select("source", "edition", "hs_revision", "hs6")
    _, found = answer(asked(), of)
    assert cell(found)["edition"] == "one"
    assert (cell(found, basket="850511")["edition"], cell(found, basket="850511")["share"]) == (
        "two",
        1.0,
    )


def test_importers_and_exporters_own_reports_stand_beside() -> None:
    reported = trade(
        [(2020, "JPN", "CHN", "280530", 9, 1), (2020, "JPN", "USA", "280530", 1, 1)],
        source="comtrade",
        edition="H5",
        revision="H5",
    )
    told = [
        trade([(2020, "JPN", "CHN", "280530", 30, 1)], "comtrade", "H5", "H5"),
        trade([(2020, "JPN", "USA", "280530", 10, 1)], "comtrade", "H6", "H6"),
    ]
    of = tables(pl.concat([trade(RARE_EARTHS), reported]), pl.concat(told))
    verdict, found = answer(asked(low=0.65), of)
    importers = cell(found, side="importer")
    assert (importers["source"], importers["share"]) == ("comtrade", 0.9)
    # Exporters report in different revisions, and are one mirror together.
    mirror = cell(found, side="exporter")
    assert (mirror["edition"], mirror["share"], mirror["flags"]) == ("H5+H6", 0.75, ["mirror"])
    # The verdict rests on the reconciled figures, and says that others differ.
    assert (verdict["primary_source"], verdict["verdict"]) == ("baci", "contradicted")
    assert "straddles" in verdict["flags"]
    assert (verdict["range_high_share"], verdict["range_high_source"]) == (1.0, "baci")
    # Korea has not reported.
    _, found = answer(asked(importer_iso3="KOR"), of)
    assert "importer" not in set(found["side"])


def test_the_order_of_rows_changes_nothing() -> None:
    rows = trade(RARE_EARTHS)
    shuffled = rows.sample(fraction=1, shuffle=True, seed=7)
    assert answer(asked(), tables(rows))[1].equals(answer(asked(), tables(shuffled))[1])
