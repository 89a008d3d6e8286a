"""The Pink Sheet: the bundled figures, the workbook and its traps, and the way to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from flows import warehouse
from flows.facts import Facts, read_facts
from flows.marts import read_model
from flows.settings import CHECKOUT
from flows.sources.arrivals import Ground
from flows.sources.connect import FetchError, Wish, fetched
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.editions import with_accepted
from flows.sources.pink_sheet import connect
from flows.sources.staging import check_keys, stage_edition
from flows.sources.visit import visit
from tests.served import pinksheet
from tests.served.host import hosts
from tests.served.pinksheet import SERIES, handlers, page, table

SOURCE = read_source("pink_sheet")
BUNDLED = SOURCE.editions[0]
COMPOSED = Edition(id="1961-01-05", released=date(1961, 1, 5))
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
REAL = Path(__file__).parents[3] / "shared/data/prices/worldbank_pink_sheet_monthly.xlsx"

Cells = pinksheet.Cells


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(CHECKOUT / "warehouse" / "facts")


@pytest.fixture(scope="module")
def bundled() -> pl.DataFrame:
    path = SOURCE.folder / "bundled" / BUNDLED.bundled[0]
    return stage_edition(SOURCE, BUNDLED, Raw(SOURCE.id, BUNDLED.id, path.parent, (path,)))


def staged(path: Path, edition: Edition = COMPOSED) -> pl.DataFrame:
    return stage_edition(SOURCE, edition, Raw(SOURCE.id, edition.id, path.parent, (path,)))


def composed(folder: Path, cells: Cells | None = None, **changed: str) -> Path:
    path = folder / "prices.xlsx"
    path.write_bytes(pinksheet.workbook(cells=cells, **changed))
    return path


def test_the_bundled_series_are_whole(bundled: pl.DataFrame, facts: Facts) -> None:
    check_keys("bundled", bundled, SOURCE.table, facts.frames)
    # January 1960 to May 2026.
    assert bundled.group_by("series").len()["len"].to_list() == [66 * 12 + 5] * 7
    first = bundled.filter(year=1960, month=1)
    shown = {row["series"]: (row["price"], row["unit"]) for row in first.iter_rows(named=True)}
    # As the publisher's sheet shows them.
    assert shown["Copper"] == (715.4, "USD_per_t")
    assert shown["Platinum"] == (83.5, "USD_per_troy_oz")
    assert shown["Phosphate rock"] == (13, "USD_per_t")


def test_a_price_not_published_is_a_row_with_nothing(bundled: pl.DataFrame) -> None:
    nothing = bundled.filter(pl.col("price").is_null())
    assert nothing.select("series", "year", "month").rows() == [("Phosphate rock", 2023, 11)]


@pytest.mark.skipif(not REAL.is_file(), reason="the World Bank's workbook is not in ../shared")
def test_bundled_is_the_workbook(bundled: pl.DataFrame) -> None:
    assert_frame_equal(bundled, staged(REAL, BUNDLED), check_exact=True)


def test_a_workbook_is_read_by_its_names(tmp_path: Path) -> None:
    frame = staged(composed(tmp_path))
    assert frame.height == 7 * 12
    assert set(frame["series"]) == {
        *("Aluminum", "Copper", "Nickel", "Phosphate rock", "Platinum", "Tin", "Zinc")
    }
    # The seventh series in its printed order is tin, footnote stars and all.
    assert frame.filter(series="Tin", year=1960, month=12)["price"].item() == 612.25
    assert frame.filter(series="Platinum")["unit"].unique().item() == "USD_per_troy_oz"
    turned = dict(reversed(SERIES.items()))
    other = staged(composed(tmp_path, table(turned)))
    assert other.filter(series="Tin", month=12)["price"].item() == 312.25


def test_digits_that_a_sheet_does_not_show_are_kept(tmp_path: Path) -> None:
    cells = table()
    cells[2][6] = 1.123456789012345
    frame = staged(composed(tmp_path, cells))
    assert frame.filter(series="Copper", month=1)["price"].item() == 1.123456789012345


def changed(line: int, name: str, cell: Any) -> Callable[[Cells], Cells]:  # noqa: ANN401
    """Change one cell: line 0 has the names, 1 the units, 2 the first month."""

    def change(cells: Cells) -> Cells:
        column = 0 if name == "month" else 1 + list(SERIES).index(name)
        cells[line][column] = cell
        return cells

    return change


@pytest.mark.parametrize("missing", ["\u2026", "..."])
def test_both_ellipses_are_nothing(tmp_path: Path, missing: str) -> None:
    cells = changed(4, "Zinc", missing)(table())
    frame = staged(composed(tmp_path, cells))
    row = frame.filter(series="Zinc", month=3)
    assert row["price"].to_list() == [None]
    assert frame["price"].null_count() == 1


DRIFT: dict[str, tuple[Callable[[Cells], Cells], str]] = {
    "a series never seen": (changed(0, "Copper", "Lithium"), "unknown series Lithium; give each"),
    "a series renamed": (changed(0, "Zinc", "Coal, Australian"), "series lost: Zinc; renamed"),
    "a series twice": (changed(0, "Zinc", "Copper"), "series named twice: Copper"),
    "a unit never seen": (changed(1, "Copper", "($/lb)"), r"Copper is in \(\$/lb\)"),
    "another unit": (
        changed(1, "Copper", "($/kg)"),
        r"is in \(\$/kg\), .*labels.csv says \(\$/mt\)",
    ),
    "another unit of one ignored": (changed(1, "Urea ", "($/kg)"), r"Urea is in \(\$/kg\)"),
    "no unit": (changed(1, "Copper", ""), "series 'Copper' with the unit ''; columns shifted"),
    "no name": (changed(0, "Copper", ""), r"series '' with the unit '\(\$/mt\)'; columns shifted"),
    "neither name nor unit": (
        lambda cells: changed(1, "Copper", "")(changed(0, "Copper", "")(cells)),
        "prices below no name",
    ),
    "an empty cell": (changed(4, "Zinc", ""), "Zinc 1960M3: '' is neither a price nor"),
    "a word": (changed(4, "Zinc", "n/a"), "Zinc 1960M3: 'n/a' is neither"),
    "a decimal comma": (changed(4, "Zinc", "1,5"), "Zinc 1960M3: '1,5' is neither"),
    "a price of 0": (changed(4, "Zinc", 0), "Zinc 1960M3: '0' is neither"),
    "a price below 0": (changed(4, "Zinc", -2), "Zinc 1960M3: '-2' is neither"),
    "a month in words": (changed(4, "month", "March 1960"), "'March 1960' is no month"),
    "a thirteenth month": (changed(13, "month", "1960M13"), "'1960M13' is no month"),
    "a month left out": (lambda c: c[:4] + c[5:], "after 1960M02 comes 1960M04"),
    "a month twice": (lambda c: c[:5] + c[4:], "after 1960M03 comes 1960M03"),
    "the last month left out": (lambda c: c[:-1], "updated on 1961-01-05, and ends with 1960M11"),
    "the first month left out": (lambda c: c[:2] + c[3:], "no month 1960M01"),
}


@pytest.mark.parametrize("fault", DRIFT)
def test_what_drifts_is_refused_and_named(tmp_path: Path, fault: str) -> None:
    change, says = DRIFT[fault]
    path = composed(tmp_path, change(table()))
    with pytest.raises(SourceError, match=says):
        staged(path)


def test_a_month_that_is_missing_is_incomplete(tmp_path: Path) -> None:
    for fault in ("a month left out", "the last month left out", "a series renamed"):
        path = composed(tmp_path, DRIFT[fault][0](table()))
        with pytest.raises(IncompleteError):
            staged(path)


@pytest.mark.parametrize(
    ("updated", "says"),
    [
        ("Updated on June 02, 2026", "updated on 2026-06-02, the edition is called 1961-01-05"),
        ("Updated on Jan 05, 1961", "'Jan 05, 1961', which is no day"),
        ("Updated on January 35, 1961", "'January 35, 1961', which is no day"),
        ("updated today", "no line 'Updated on"),
    ],
)
def test_the_day_must_be_that_of_the_edition(tmp_path: Path, updated: str, says: str) -> None:
    path = composed(tmp_path, updated=updated)
    with pytest.raises(SourceError, match=says):
        staged(path)


def test_a_damaged_file_and_another_kind_are_refused(tmp_path: Path) -> None:
    path = composed(tmp_path, sheet="Prices")
    with pytest.raises(SourceError, match="no sheet 'Monthly Prices'; there are AFOSHEET, Prices"):
        staged(path)
    path.write_bytes(b"PK no workbook")
    with pytest.raises(SourceError) as stopped:
        staged(path)
    said = str(stopped.value)
    assert said.startswith(f"{path}: cannot be read as a workbook (")
    assert said.endswith("); fetch it again")
    # One line, and the path stands in it once.
    assert "\n" not in said
    assert said.count(str(path)) == 1
    (tmp_path / "prices.csv").write_text("composed", encoding="utf-8")
    with pytest.raises(SourceError, match="neither the World Bank's workbook"):
        staged(tmp_path / "prices.csv")
    with pytest.raises(SourceError, match="expected one file, got none"):
        stage_edition(SOURCE, COMPOSED, Raw(SOURCE.id, COMPOSED.id, tmp_path, ()))
    pl.DataFrame({"series": ["Copper"]}).write_parquet(tmp_path / "prices.parquet")
    with pytest.raises(SourceError, match=r"columns .*expected"):
        staged(tmp_path / "prices.parquet")


# The way in.


def wish(**some: Any) -> Wish:  # noqa: ANN401
    return replace(Wish(date(2026, 11, 22)), **some)


NEWER = pinksheet.workbook("Updated on January 05, 1961")
NOTHING_KNOWN = SOURCE.model_copy(update={"editions": []})


def test_from_the_page_to_an_accepted_edition(tmp_path: Path, facts: Facts) -> None:
    ground = Ground(tmp_path, facts.frames, NOW, wish())
    with hosts(handlers(page(pinksheet.address()), {pinksheet.DOCUMENT: NEWER})) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (dry,) = visit(door, NOTHING_KNOWN, ground, is_dry=True)
        assert (dry.state, dry.edition) == ("wanted", "1961-01-05")
        (outcome,) = visit(door, NOTHING_KNOWN, ground)
        assert (outcome.state, outcome.rows) == ("accepted", 84)
        before = len(running.log)
        (again,) = visit(door, with_accepted(tmp_path, NOTHING_KNOWN, {}), ground)
        assert again.state == "unchanged"
        assert all("if-none-match" in one.headers for one in running.log[before:])
        assert len(running.log) == before + 2


def test_the_bundled_edition_outlives_an_older_workbook(tmp_path: Path) -> None:
    with hosts(handlers(page(pinksheet.address()), {pinksheet.DOCUMENT: NEWER})) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, wish(known=tuple(SOURCE.editions)))
        assert (offer.edition, offer.requests) == (BUNDLED, ())
        assert "older than 2026-06-02 which is here" in offer.why


def test_the_workbook_is_looked_up_each_time(tmp_path: Path) -> None:
    files = {pinksheet.DOCUMENT: NEWER, pinksheet.OLD_DOCUMENT: pinksheet.workbook()}
    for document in files:
        twice = page(pinksheet.address(document), pinksheet.address(document))
        with hosts(handlers(twice, files)) as running:
            door = running.door(tmp_path, {SOURCE.id: SOURCE})
            (offer,) = connect.offers(door, SOURCE, wish())
            assert [one.url for one in offer.requests] == [pinksheet.address(document)]


@pytest.mark.parametrize(
    ("html", "says"),
    [
        (page(), "no link like https://thedocs.worldbank.org/en/doc/{document}/related/"),
        (page("https://evil.test/CMO-Historical-Data-Monthly.xlsx"), "no link like"),
        (
            page(pinksheet.address(), pinksheet.address(pinksheet.OLD_DOCUMENT)),
            "several workbooks, which is it",
        ),
    ],
)
def test_a_page_without_the_one_link_is_refused(tmp_path: Path, html: bytes, says: str) -> None:
    with hosts(handlers(html, {pinksheet.DOCUMENT: NEWER})) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        with pytest.raises(SourceError, match=says):
            connect.offers(door, SOURCE, wish())


def test_a_page_in_place_of_the_workbook_is_refused(tmp_path: Path) -> None:
    with hosts(handlers(page(pinksheet.address()), {pinksheet.DOCUMENT: page()})) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        with pytest.raises(FetchError):
            connect.offers(door, SOURCE, wish())


def test_a_workbook_changed_between_two_requests_is_not_taken(tmp_path: Path) -> None:
    files = {pinksheet.DOCUMENT: NEWER}
    with hosts(handlers(page(pinksheet.address()), files)) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, wish())
        files[pinksheet.DOCUMENT] = pinksheet.workbook("Updated on January 06, 1961")
        (brought,) = fetched(door, SOURCE, offer)
        path = tmp_path / brought.name
        path.write_bytes(brought.answer.path.read_bytes())
        with pytest.raises(SourceError, match="updated on 1961-01-06, the edition is called"):
            staged(path, offer.edition)


# The mart, and the checks that keep it.

MODEL = read_model(CHECKOUT / "sql" / "marts" / "price.sql", "mart")
SUITE = yaml.safe_load((CHECKOUT / "expectations" / "mart.price.yml").read_text("utf-8"))
QUERIES = {
    one["meta"]["name"]: one["kwargs"]["unexpected_rows_query"] for one in SUITE["expectations"]
}


@pytest.fixture
def con(tmp_path: Path, facts: Facts, bundled: pl.DataFrame) -> Iterator[warehouse.Connection]:
    """A warehouse with the bundled prices and their mart."""
    (unit,) = (table for table in facts.tables if table.id == "ref.unit")
    with warehouse.build(tmp_path / "b.duckdb", threads=1, memory_limit="200MB") as connection:
        warehouse.write(connection, unit, facts.frame("unit"))
        warehouse.write(connection, SOURCE.table, bundled)
        warehouse.run_model(connection, MODEL)
        yield connection


def failing(con: warehouse.Connection, check: str) -> int:
    return len(con.execute(QUERIES[check].replace("{batch}", "mart.price")).fetchall())


def test_prices_are_by_the_kilogram_and_as_published(con: warehouse.Connection) -> None:
    rows = con.execute(
        "SELECT mineral, price, published_price, published_unit FROM mart.price "
        "WHERE year = 2026 AND month = 5 AND series IN ('Copper', 'Platinum') ORDER BY series"
    ).fetchall()
    copper, platinum = rows
    assert copper == ("copper", pytest.approx(13.54319), 13_543.19, "USD_per_t")
    # A troy ounce is 31.1034768 g.
    assert platinum[:3] == ("platinum", pytest.approx(1998.39 / 0.0311034768), 1998.39)
    assert {name: failing(con, name) for name in QUERIES} == dict.fromkeys(QUERIES, 0)


@pytest.mark.parametrize(
    ("mutation", "check"),
    [
        ("UPDATE mart.price SET price = price + 1 WHERE month = 7", "prices_are_those"),
        ("UPDATE mart.price SET price = 0 WHERE price IS NULL", "prices_are_those"),
        ("UPDATE mart.price SET published_unit = 'USD_per_kg'", "prices_are_those"),
        ("DELETE FROM mart.price WHERE series = 'Tin'", "prices_are_those"),
        ("INSERT INTO mart.price SELECT * REPLACE (1959 AS year) FROM mart.price", "prices_are"),
        ("UPDATE mart.price SET mineral = 'tin'", "prices_are_those"),
        ("DELETE FROM mart.price WHERE year = 2000 AND month = 3", "no_month_is_left_out"),
        ("UPDATE mart.price SET price = price * 1000 WHERE year > 1990", "no_price_jumps_tenfold"),
    ],
)
def test_a_broken_mart_trips_its_check(
    con: warehouse.Connection, mutation: str, check: str
) -> None:
    (name,) = (one for one in QUERIES if one.startswith(check))
    con.execute(mutation)
    assert failing(con, name) > 0


def test_without_an_edition_the_mart_is_empty(con: warehouse.Connection) -> None:
    con.execute("DELETE FROM staging.pink_sheet")
    assert warehouse.run_model(con, MODEL) == 0
    assert MODEL.table.sources == (SOURCE.id,)
