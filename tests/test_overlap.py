"""Where two sources tell of the same trade: every expected number is worked by hand.

The world is composed in `tests/overlap.py`; amounts there are in units of 1,009 dollars and 1,013
kilograms, which cancel in every share.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows import quality, warehouse
from flows.command import queries
from flows.command.explaining.account import result
from flows.command.explaining.indicator import figures
from flows.command.explaining.reader import Reader
from flows.indices import all_indices
from flows.indices.contract import Index
from flows.indices.formulas.preference import PREFERENCE
from flows.settings import CHECKOUT
from tests import overlap, world
from tests.overlap import ANNUAL, EXPORTS, KG, MONTHLY, USD
from tests.world import HS92

TOLERANCE = 1e-12
Row = dict[str, Any]
INDICES = {index.table.id: index for index in all_indices()}


@pytest.fixture(scope="module")
def tables(overlapped: world.Built) -> dict[str, pl.DataFrame]:
    """Every mart, index and view."""
    with warehouse.snapshot_reader(overlapped.settings.build) as con:
        return {
            t.id: warehouse.frame(con, t.id)
            for t in overlapped.tables
            if t.schema in {"mart", "indices", "view"}
        }


def one(frame: pl.DataFrame, **where: object) -> Row:
    """The one row that is asked for."""
    tests = [pl.col(k).is_null() if v is None else pl.col(k) == v for k, v in where.items()]
    return frame.row(by_predicate=pl.all_horizontal(tests), named=True)


def near(wanted: Fraction | float | None) -> object:
    return None if wanted is None else pytest.approx(float(wanted), abs=TOLERANCE, rel=0)


# --- marts: kept apart by source and edition


def test_imports_are_those_that_the_importer_reports(tables: dict[str, pl.DataFrame]) -> None:
    frame = tables["mart.trade"].filter(source="comtrade", importer_iso3="DEU", year=2022)
    rows = dict(frame.select("exporter_iso3", pl.struct("value_usd", "mass_kg")).rows())
    assert rows == {
        # 0.499 dollars are rounded away, once.
        "CHN": {"value_usd": 6600 * USD, "mass_kg": 600 * KG},
        "VNM": {"value_usd": 3300 * USD, "mass_kg": 250 * KG},
        "JPN": {"value_usd": 550 * USD, "mass_kg": 100 * KG},
        # Two codes, one row; its weight is not known where a part of it is not.
        "USA": {"value_usd": 550 * USD, "mass_kg": None},
        # What is nobody's stays apart; what came back from Germany is no import.
        "X_899": {"value_usd": 1100 * USD, "mass_kg": 100 * KG},
    }
    assert frame["edition"].unique().to_list() == [ANNUAL]


def test_monthly_rows_are_in_no_annual_table(tables: dict[str, pl.DataFrame]) -> None:
    assert tables["mart.trade"].filter(edition=MONTHLY).is_empty()
    monthly = tables["mart.monthly_trade"]
    # Thirteen months and two more rows of Japan's; eleven months twice and a row of Korea's.
    assert monthly.height == 13 + 2 + 2 * 11 + 1
    assert monthly.filter(importer_iso3="JPN", exporter_iso3="JPN").is_empty()


def test_the_mirror_is_what_exporters_report(tables: dict[str, pl.DataFrame]) -> None:
    keys = ("edition", "hs6", "importer_iso3", "exporter_iso3", "value_usd", "mass_kg")
    assert tables["mart.mirror_trade"].select(keys).rows() == [
        (EXPORTS, "261100", "DEU", "KOR", 50 * USD, 5 * KG),
        (ANNUAL, "261100", "DEU", "CHN", 6000 * USD, 590 * KG),
        (ANNUAL, "261100", "DEU", "VNM", 2000 * USD, None),
        (ANNUAL, "261100", "JPN", "USA", 100 * USD, 10 * KG),
        (ANNUAL, "284690", "KOR", "CHN", 90 * USD, 10 * KG),
    ]


def test_the_balance_counts_what_is_in_no_other_table(tables: dict[str, pl.DataFrame]) -> None:
    where = {"reporter_iso3": "DEU", "flow": "import", "year": 2022, "month": None}
    row = one(tables["mart.partner_balance"], **where)
    partners = 6600 + 3300 + 550 + 300 + 250 + 100 + 1100
    told = {
        "partners_usd": partners * USD + Decimal("0.499"),
        "world_usd": partners * USD + Decimal("0.500"),
        "difference_usd": Decimal("0.001"),
        "to_itself_usd": Decimal(100 * USD),
        "unallocated_usd": Decimal(1100 * USD),
        "rows": 7,
        "rows_to_itself": 1,
        "rows_without_mass": 1,
        "rows_with_estimated_mass": 1,
        "most_rows_a_key": 1,
        "reporter_codes": 1,
    }
    assert {name: row[name] for name in told} == told
    japans = {"reporter_iso3": "JPN", "frequency": "monthly", "year": 2022, "month": 3}
    assert one(tables["mart.partner_balance"], **japans)["to_itself_usd"] == USD


def test_a_bloc_is_summed_where_all_of_its_members_report(tables: dict[str, pl.DataFrame]) -> None:
    report = tables["mart.bloc_report"].filter(source="comtrade", bloc="EU27_2020")
    assert report.select("year", "members", "members_reporting", "is_whole").rows() == [
        (2022, 27, 1, False),
        (2023, 27, 27, True),
    ]
    union = tables["indices.import_share"].filter(
        source="comtrade", importer_iso3="EU27_2020", stage="ore", basis="value"
    )
    # 27 of China's and 3 of the United States'; France's 5 stay within.
    assert union.select("year", "exporter_iso3", "import_share").rows() == [
        (2023, "CHN", 0.9),
        (2023, "USA", 0.1),
    ]
    # A source that covers every importer is not asked who reports.
    whole = tables["mart.bloc_report"].filter(source="baci")
    assert whole["is_whole"].all()
    assert whole["members_reporting"].null_count() == whole.height


def test_what_needs_the_worlds_trade_is_of_sources_that_have_it(
    tables: dict[str, pl.DataFrame], overlapped: world.Built
) -> None:
    wrapped = {n for n, index in INDICES.items() if hasattr(index.compute, "__wrapped__")}
    assert wrapped == {
        "indices.choke_point",
        "indices.diversification",
        "indices.eu_supply_risk",
        "indices.export_concentration",
        "indices.geodep",
        "indices.geopolrisk",
        "indices.import_reliance",
        "indices.strategic_dependency",
        "indices.world_supply",
    }
    assert {n for n in wrapped if PREFERENCE not in INDICES[n].inputs} == set()
    for name in sorted(wrapped | {"indices.exposure", "indices.supply_benchmark"}):
        assert "comtrade" not in tables[name]["source"], name
    assert {part.source.id for part in overlapped.staged} >= {"baci", "comtrade"}
    for name in ("import_share", "import_concentration", "certainty", "supplier_turnover"):
        assert "comtrade" in tables[f"indices.{name}"]["source"], name


# --- declared preference


@pytest.mark.parametrize(
    ("importer", "mineral", "year", "purpose", "source"),
    [
        ("DEU", "tungsten", 2022, "importer", "comtrade"),
        ("DEU", "tungsten", 2022, "comparison", "baci"),
        # Before the reports begin, and where there is none.
        ("DEU", "tungsten", 2006, "importer", "baci"),
        ("JPN", "rare_earths", 2022, "importer", "baci"),
        # After BACI ends.
        ("DEU", "tungsten", 2023, "importer", "comtrade"),
    ],
)
def test_the_declared_source_is_used(  # noqa: PLR0913, PLR0917
    tables: dict[str, pl.DataFrame],
    importer: str,
    mineral: str,
    year: int,
    purpose: str,
    source: str,
) -> None:
    cell = {"importer_iso3": importer, "mineral": mineral, "year": year, "stage": "all"}
    row = one(tables["view.preferred_source"], **cell, purpose=purpose)
    assert (row["source"], row["is_computed"]) == (source, True)
    assert row["report"] == {"comtrade": "importer", "baci": "reconciled"}[source]


def test_no_source_for_comparison_after_baci_ends(tables: dict[str, pl.DataFrame]) -> None:
    found = tables["view.preferred_source"].filter(year=2023, importer_iso3="DEU")
    assert found["purpose"].unique().to_list() == ["importer"]


def test_dependency_says_for_what_each_row_is_the_one_to_use(
    tables: dict[str, pl.DataFrame],
) -> None:
    cell = {"importer_iso3": "DEU", "exporter_iso3": "CHN", "stage": "ore", "basis": "value"}
    rows = tables["view.dependency"].filter(year=2022, mineral="tungsten", **cell)
    assert sorted(rows.select("source", "edition", "import_share", "preferred_for").rows()) == [
        ("baci", HS92, near(Fraction(6, 11)), ["comparison"]),
        ("comtrade", ANNUAL, near(Fraction(3, 5)), ["importer"]),
    ]


def test_ready_made_questions_give_one_row_a_cell(overlapped: world.Built) -> None:
    folder = CHECKOUT / "sql/queries"
    given = ["importer=DEU", "mineral=tungsten", "stage=ore", "exporter=CHN"]
    with warehouse.snapshot_reader(overlapped.settings.build) as con:

        def ask(name: str, words: Sequence[str]) -> list[Row]:
            asked = queries.question(name, words, folder)
            frame, _ = warehouse.answer(con, asked.sql, asked.parameters, most_rows=99, seconds=9)
            return frame.to_dicts()

        series = ask("share_over_time", given)
        assert [(row["year"], row["source"]) for row in series] == [
            (1998, "baci"),
            (2006, "baci"),
            (2022, "comtrade"),
            (2023, "comtrade"),
        ]
        compared = ask("share_over_time", [*given, "purpose=comparison"])
        assert {row["source"] for row in compared} == {"baci"}
        top = ask("top_suppliers", [*given[:3], "year=2022"])
        assert [row["exporter"] for row in top] == ["China", "Vietnam", "Japan", "United States"]
        assert {row["source"] for row in top} == {"comtrade"}
        (china,) = (r for r in ask("dependency_on_china", given[:1]) if r["mineral"] == "Tungsten")
        # The latest year: China has 1 of 9.
        assert (china["year"], china["value_share"]) == (2023, near(Fraction(1, 9)))
        (most,) = (r for r in ask("most_concentrated", given[:1]) if r["mineral"] == "Tungsten")
        assert (most["year"], most["top_supplier"], most["source"]) == (2023, "France", "comtrade")


# --- agreement


def agreement(tables: dict[str, pl.DataFrame], **where: object) -> Row:
    cell = {"importer_iso3": "DEU", "mineral": "tungsten", "stage": "ore", "year": 2022}
    return one(tables["indices.source_agreement"], **cell, **where)


def test_the_importers_own_report_against_baci(tables: dict[str, pl.DataFrame]) -> None:
    row = agreement(tables, basis="value", against="source")
    assert (row["source"], row["other_source"], row["other_edition"]) == ("comtrade", "baci", HS92)
    # .6 .3 .05 .05 of what is allocated, against 6, 3, 1.5 and .5 of 11.
    gaps = [Fraction(a, 20) - Fraction(b, 22) for a, b in ((12, 12), (6, 6), (1, 3), (1, 1))]
    told = {
        "share_distance": sum(map(abs, gaps)) / 2,
        "overlap": 1 - sum(map(abs, gaps)) / 2,
        "largest_difference": Fraction(19, 220),
        # Nobody's part counts in the amounts: 12,100 units against 11 million dollars.
        "amount_ratio": Fraction(12_100 * USD, 11_000_000),
        "compared_share": Fraction(1),
    }
    for name, wanted in told.items():
        assert row[name] == near(wanted), name
    assert told["share_distance"] == Fraction(19, 220)
    assert (row["largest_difference_iso3"], row["exporters"]) == ("JPN", 4)
    assert (row["same_top_supplier"], row["top_supplier_iso3"]) == (True, "CHN")
    assert (row["flags"], row["reason"]) == (["revisions_differ"], None)


def test_the_same_by_weight(tables: dict[str, pl.DataFrame]) -> None:
    row = agreement(tables, basis="mass", against="source")
    # The United States' row has no weight here: 600, 250 and 100 of 950; there 50 of 1,000.
    shares = ((600, 600), (250, 250), (100, 100), (0, 50))
    gaps = [abs(Fraction(a, 950) - Fraction(b, 1000)) for a, b in shares]
    assert row["share_distance"] == near(sum(gaps) / 2)
    assert sum(gaps) / 2 == Fraction(1, 20)
    assert (row["largest_difference_iso3"], row["largest_difference"]) == ("USA", near(0.05))
    assert row["amount_ratio"] == near(Fraction(1050 * KG, 1_000_000))


def test_the_importers_report_against_the_mirror(tables: dict[str, pl.DataFrame]) -> None:
    row = agreement(tables, basis="value", against="mirror", other_edition=ANNUAL)
    # China, Viet Nam and the United States report; Japan does not, and is left out on both sides.
    mine, theirs = (6600, 3300, 550), (6000, 2000, 0)
    gaps = [
        abs(Fraction(a, 10_450) - Fraction(b, 8_000)) for a, b in zip(mine, theirs, strict=True)
    ]
    assert row["share_distance"] == near(sum(gaps) / 2)
    assert sum(gaps) / 2 == Fraction(9, 76)
    assert (row["largest_difference_iso3"], row["largest_difference"]) == (
        "CHN",
        near(Fraction(9, 76)),
    )
    assert row["amount_ratio"] == near(Fraction(10_450, 8_000))
    assert row["compared_share"] == near(Fraction(10_450, 12_100))
    assert (row["flags"], row["reason"]) == (["mirror"], None)
    # Viet Nam gives no weight for a quarter of the value.
    by_weight = agreement(tables, basis="mass", against="mirror", other_edition=ANNUAL)
    assert (by_weight["share_distance"], by_weight["reason"]) == (None, "weight_missing")


def test_a_mirror_of_what_the_importer_does_not_name(tables: dict[str, pl.DataFrame]) -> None:
    row = agreement(tables, basis="value", against="mirror", other_edition=EXPORTS)
    assert (row["reason"], row["exporters"], row["overlap"]) == ("no_trade", 1, None)
    assert row["flags"] == ["mirror", "revisions_differ"]


def test_who_does_not_report_is_not_compared(tables: dict[str, pl.DataFrame]) -> None:
    frame = tables["indices.source_agreement"]
    assert set(frame["importer_iso3"]) == {"DEU", "KOR"}
    # Korea reports, but no metal: BACI has some.
    korea = {"importer_iso3": "KOR", "mineral": "rare_earths", "basis": "value"}
    metal = one(frame, **korea, stage="metal", against="source")
    assert (metal["reason"], metal["exporters"]) == ("no_trade", 1)
    same = one(frame, **korea, stage="compound", against="source")
    assert (same["share_distance"], same["overlap"], same["largest_difference_iso3"]) == (
        0,
        1,
        None,
    )
    assert same["flags"] == ["revisions_differ", "tie"]


# --- twelve months

JAPAN: dict[tuple[int, int], tuple[dict[str, int], int]] = {
    (2022, 1): ({"CHN": 10, "VNM": 30}, 1),
    (2022, 6): ({"CHN": 60, "VNM": 30}, 6),
    (2022, 12): ({"CHN": 120, "VNM": 30}, 12),
    (2023, 1): ({"CHN": 120, "DEU": 6}, 12),
}


@pytest.mark.parametrize(("end", "told"), JAPAN.items())
def test_shares_of_twelve_months(
    tables: dict[str, pl.DataFrame], end: tuple[int, int], told: tuple[dict[str, int], int]
) -> None:
    amounts, months = told
    cell = {"importer_iso3": "JPN", "mineral": "rare_earths", "stage": "compound"}
    window = {"year": end[0], "month": end[1], "basis": "value"}
    rows = tables["indices.rolling_share"].filter(**cell, **window)
    total = sum(amounts.values())
    found = dict(rows.select("exporter_iso3", "import_share").rows())
    assert found == {who: near(Fraction(x, total)) for who, x in amounts.items()}
    flags = [] if months == 12 else ["provisional"]
    assert {(row["months"], *row["flags"]) for row in rows.to_dicts()} == {(months, *flags)}
    row = one(tables["indices.rolling_concentration"], **cell, **window)
    assert row["hhi"] == near(sum(Fraction(x, total) ** 2 for x in amounts.values()))
    assert (row["months"], row["suppliers"], row["top_supplier_iso3"]) == (
        months,
        2,
        max(amounts, key=amounts.__getitem__),
    )
    assert row["flags"] == flags


def test_a_month_that_is_missing_makes_a_window_provisional(
    tables: dict[str, pl.DataFrame],
) -> None:
    frame = tables["indices.rolling_concentration"].filter(
        importer_iso3="KOR", mineral="rare_earths", stage="compound", basis="value"
    )
    # No window ends with June, which Korea does not report.
    assert sorted(frame["month"]) == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12]
    row = one(frame, year=2022, month=12)
    assert (row["months"], row["hhi"], row["unallocated_share"]) == (11, 1.0, near(Fraction(1, 6)))
    assert row["hhi_low"] == near(Fraction(55, 66) ** 2)
    assert row["flags"] == ["provisional", "single_supplier", "unallocated_high"]
    # Score: (5/6 * 1 * 0.7) to the power 1/3 is 0.836; what is nobody's caps it at C.
    assert row["confidence"] == "C"


def test_a_mineral_bought_once_is_in_twelve_windows(tables: dict[str, pl.DataFrame]) -> None:
    frame = tables["indices.rolling_share"].filter(
        importer_iso3="KOR", mineral="tungsten", stage="ore", basis="mass"
    )
    # March to December, June not being there; the year after Korea reports nothing.
    assert sorted(frame["month"]) == [3, 4, 5, 7, 8, 9, 10, 11, 12]
    assert frame["import_share"].to_list() == [1.0] * 9


# --- explained


@pytest.mark.parametrize(
    "name",
    [
        "indices.cap_distance",
        "indices.certainty",
        "indices.import_concentration",
        "indices.import_share",
        "indices.rolling_concentration",
        "indices.rolling_share",
        "indices.source_agreement",
    ],
)
def test_what_is_explained_equals_the_table(overlapped: world.Built, name: str) -> None:
    """Over the file as built; of a published one the rows are gone, and no number is explained."""
    index = INDICES[name]
    with warehouse.snapshot_reader(overlapped.settings.build) as con:
        rows = con.execute(
            f"SELECT * FROM {name} WHERE source = 'comtrade' ORDER BY hash({index.table.grain[0]}, "  # noqa: S608
            f"{', '.join(index.table.grain)}) LIMIT 40"
        ).pl()
        assert rows.height >= 20
        for row in rows.iter_rows(named=True):
            assert_explained(con, index, row)


def assert_explained(con: warehouse.Connection, index: Index, row: Row) -> None:
    assert index.explain
    read = Reader(con)
    sheet = index.explain(row, read)
    told = [result(read, sheet, row, column) for column in figures(index.table)]
    wrong = [(one.column.name, one.published, one.evaluated) for one in told if not one.is_equal]
    assert wrong == [], {name: row[name] for name in index.table.grain}


@pytest.mark.slow
def test_the_order_of_rows_changes_no_number(overlapped: world.Built, tmp_path: Path) -> None:
    again = overlap.overlapping(tmp_path / "in", shuffled=7)
    other = world.built(world.settings(tmp_path, threads=1), again)
    names = [t.id for t in other.tables if t.schema in {"mart", "indices"}]
    one, two = (world.contents(made.settings.build, names) for made in (overlapped, other))
    assert {name for name in names if one[name] != two[name]} == set()


# --- broken worlds


@pytest.fixture(scope="module")
def off(tmp_path_factory: pytest.TempPathFactory) -> world.Built:
    """World rows off by more than rounding; a row there twice; France under two codes."""
    home = tmp_path_factory.mktemp("off")
    extra = (overlap.GERMANYS[0], *(overlap.Row("import", code, *FRENCH) for code in (250, 251)))
    composed = overlap.overlapping(home / "in", extra=extra, world_off=9)
    return world.built(world.settings(home), composed)


FRENCH = (156, "284690", 1, 1, 2022)


def put(built: world.Built, database: Path, names: set[str]) -> dict[str, quality.Verdict]:
    """Put the checks of these names; give those that block, by id."""
    checks = [check for check in built.checks() if check.name in names]
    asked = {check.table for check in checks}
    assert {check.name for check in checks} == names
    tables = [t for t in built.tables if t.id in asked]
    verdicts = quality.run_checks(database, checks, tables, built.present)
    return {v.check.id: v for v in quality.blocks(verdicts)}


def test_partners_that_do_not_add_up_to_world_are_caught(off: world.Built) -> None:
    names = {"partners_add_up_to_world", "one_row_a_key", "one_code_reports_for_an_economy"}
    found = put(off, off.settings.build, names)
    assert set(found) == {f"mart.partner_balance.{name}" for name in names}
    apart = found["mart.partner_balance.partners_add_up_to_world"].rows
    # Off by 0.010 dollars: within 0.001 a row only where there are ten rows.
    assert {row["difference_usd"] for row in apart} == {"0.010", "0.020"}
    assert all(row["rows"] < 10 for row in apart)
    (twice,) = found["mart.partner_balance.one_row_a_key"].rows
    assert (twice["reporter_iso3"], twice["most_rows_a_key"]) == ("DEU", 2)
    (codes,) = found["mart.partner_balance.one_code_reports_for_an_economy"].rows
    assert (codes["reporter_iso3"], codes["reporter_codes"]) == ("FRA", 2)


FACTS = {
    "ref.source_preference.source_is_known": (
        "UPDATE ref.source_preference SET source = 'nobodys' WHERE source = 'baci'"
    ),
    "ref.source_preference.order_is_without_ties": (
        "UPDATE ref.source_preference SET preference = 1"
    ),
    "ref.source_preference.every_source_of_trade_is_declared": "",
}
TABLES = {
    "mart.partner_balance.there_is_a_world_row": (
        "UPDATE mart.partner_balance SET world_usd = NULL, difference_usd = NULL"
    ),
    "mart.partner_balance.parts_are_parts": (
        "UPDATE mart.partner_balance SET to_itself_usd = partners_usd + 1"
    ),
    "view.preferred_source.a_source_is_used_for_what_it_is_declared_for": (
        "CREATE OR REPLACE VIEW view.preferred_source AS "
        "SELECT * REPLACE ('comtrade' AS source) FROM view_before WHERE year > 2000"
    ),
    "view.preferred_source.every_cell_has_its_source": "",
    "indices.rolling_share.incomplete_windows_are_provisional": (
        "UPDATE indices.rolling_share SET flags = [] WHERE months < 12"
    ),
    "indices.source_agreement.a_mirror_is_flagged": (
        "UPDATE indices.source_agreement SET flags = [] WHERE against = 'mirror'"
    ),
    **{
        f"{name}.its_source_covers_every_importer": f"UPDATE {name} SET source = 'comtrade'"  # noqa: S608
        for name, index in INDICES.items()
        if hasattr(index.compute, "__wrapped__")
    },
}
"""Check -> what breaks its world; all of a group at once."""


@pytest.mark.parametrize("faults", [FACTS, TABLES], ids=["facts", "tables"])
def test_each_check_of_its_own_kind_has_a_world_that_it_stops(
    overlapped: world.Built, tmp_path: Path, faults: dict[str, str]
) -> None:
    database = tmp_path / "broken.duckdb"
    shutil.copyfile(overlapped.settings.build, database)
    with duckdb.connect(database) as con:
        con.execute("CREATE TABLE view_before AS SELECT * FROM view.preferred_source")
        for sql in filter(None, faults.values()):
            con.execute(sql)
    found = put(overlapped, database, {name.rpartition(".")[2] for name in faults})
    assert set(found) >= set(faults)
    assert {v.outcome for v in found.values()} == {"fail"}
