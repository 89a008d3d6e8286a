"""The ECB's reference rates: the CSV and its traps, the way to it, and rates against the dollar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from flows import warehouse
from flows.facts import Facts, read_facts
from flows.marts import read_model
from flows.settings import CHECKOUT
from flows.sources.arrivals import Ground
from flows.sources.connect import Wish, connector
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.ecb_rates import connect
from flows.sources.ecb_rates.connect import spans
from flows.sources.editions import with_accepted
from flows.sources.staging import check_keys, stage_edition
from flows.sources.visit import visit
from tests.served import ecb
from tests.served.host import Asked, Handler, hosts
from tests.served.stamped import stamped

SOURCE = read_source("ecb_rates")
EDITION = Edition(id="2026-10", released=date(2026, 11, 2), released_basis="inferred")
ROWS = 1362
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RECORDED = Path(__file__).parents[3] / "shared/data/api/fx/ecb-exr-usd-eur-2026-05-raw.xml"


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(CHECKOUT / "warehouse" / "facts")


def staged(folder: Path, text: str, edition: Edition = EDITION) -> pl.DataFrame:
    path = folder / "composed.csv"
    path.write_bytes(text.encode())
    return stage_edition(SOURCE, edition, Raw(SOURCE.id, edition.id, folder, (path,)))


def rows() -> list[ecb.Row]:
    return ecb.rows_of(ecb.published())


def test_months_and_years_are_units_of_the_currency_for_a_euro(
    tmp_path: Path, facts: Facts
) -> None:
    frame = staged(tmp_path, ecb.text_of(rows()))
    check_keys("composed", frame, SOURCE.table, facts.frames)
    # Three currencies for 27 years and 10 months; the yuan 9 months, 20 years and 10 months.
    assert frame.height == ROWS == 3 * (27 * 12 + 10 + 27) + (9 + 20 * 12 + 10 + 20)
    won = frame.filter(currency="KRW", year=2025)
    assert won["month"].to_list() == [*range(1, 13), None]
    assert won["frequency"].to_list() == ["month"] * 12 + ["year"]
    assert won["rate"].unique().to_list() == [1600.0]


def test_columns_are_found_by_their_names(tmp_path: Path) -> None:
    text = ecb.text_of(rows())
    turned = ecb.text_of(rows(), ecb.HEADER[::-1])
    assert staged(tmp_path, turned).equals(staged(tmp_path, text))
    assert staged(tmp_path, "\ufeff" + text).equals(staged(tmp_path, text))


def test_all_digits_are_kept(tmp_path: Path) -> None:
    lines = rows()
    lines[-1] |= {"OBS_VALUE": "1.1417478260869562"}
    frame = staged(tmp_path, ecb.text_of(lines))
    assert frame.filter(currency="USD", year=2025, frequency="year")["rate"].item() == (
        1.1417478260869562
    )


def test_a_missing_rate_is_nothing_and_says_so(tmp_path: Path) -> None:
    for nothing in ("", "NaN"):
        lines = rows()
        lines[0] |= {"OBS_VALUE": nothing, "OBS_STATUS": "M"}
        row = staged(tmp_path, ecb.text_of(lines)).row(0, named=True)
        assert (row["currency"], row["rate"], row["status"]) == ("CNY", None, "missing")


def test_daily_rates_are_left_out_as_listed(tmp_path: Path) -> None:
    days = [
        ecb.row("D", "USD", "2026-10-30", 1.2),
        ecb.row("D", "USD", "2026-10-31", None, OBS_STATUS="H"),
    ]
    assert staged(tmp_path, ecb.text_of([*rows(), *days])).height == len(rows())


def cell(**changed: str) -> Callable[[list[ecb.Row]], str]:
    """Change cells of the first line, the yuan's April 2005."""

    def change(lines: list[ecb.Row]) -> str:
        assert changed.keys() <= lines[0].keys()
        return ecb.text_of([lines[0] | changed, *lines[1:]])

    return change


DRIFT: dict[str, tuple[Callable[[list[ecb.Row]], str], str]] = {
    "a currency never seen": (
        cell(CURRENCY="GBP", KEY="EXR.M.GBP.EUR.SP00.A", UNIT="GBP"),
        "line 2: unknown currency 'GBP'; say in .*labels.csv",
    ),
    "a frequency never seen": (cell(FREQ="Q"), "unknown frequency 'Q'"),
    "a status never seen": (cell(OBS_STATUS="X"), "unknown status 'X'"),
    "rates of another currency": (
        cell(CURRENCY_DENOM="GBP"),
        "CURRENCY_DENOM is 'GBP', expected 'EUR'",
    ),
    "rates of the end of the month": (cell(EXR_SUFFIX="E"), "EXR_SUFFIX is 'E', expected 'A'"),
    "an effective exchange rate": (cell(EXR_TYPE="EN00"), "EXR_TYPE is 'EN00', expected 'SP00'"),
    "hundreds in place of units": (cell(UNIT_MULT="2"), "UNIT_MULT is '2', expected '0'"),
    "a unit of another currency": (
        cell(UNIT="JPY"),
        "series EXR.M.CNY.EUR.SP00.A in JPY is not what its columns say",
    ),
    "swapped columns": (cell(KEY="EXR.M.JPY.EUR.SP00.A"), "columns shifted"),
    "a day among the months": (cell(TIME_PERIOD="2025-01-31"), "'2025-01-31' is no month"),
    "a thirteenth month": (cell(TIME_PERIOD="2025-13"), "'2025-13' is no month"),
    "an empty rate called normal": (cell(OBS_VALUE=""), "the rate is '' with the status normal"),
    "a rate called missing": (cell(OBS_STATUS="M"), "the rate is '8.0' with the status missing"),
    "a rate in words": (cell(OBS_VALUE="n/a"), "the rate is 'n/a'"),
    "a decimal comma": (cell(OBS_VALUE="8,0"), "the rate is '8,0'"),
    "a rate of 0": (cell(OBS_VALUE="0.0"), "a rate of 0"),
    "a rate below 0": (cell(OBS_VALUE="-8.0"), "the rate is '-8.0'"),
    "a column lost": (
        lambda lines: ecb.text_of(lines, [n for n in ecb.HEADER if n != "UNIT_MULT"]),
        "columns lost: UNIT_MULT; never seen: none",
    ),
    "a column never seen": (
        lambda lines: ecb.text_of(lines, [*ecb.HEADER, "VALID_FROM"]),
        "columns lost: none; never seen: VALID_FROM",
    ),
    "a line of another width": (
        lambda lines: ecb.text_of(lines).replace(",CNY,0\r\n", ",CNY,0,0\r\n", 1),
        "line 2: 33 cells, the header has 32",
    ),
    "no CSV": (lambda _: '"\r\n', "not a CSV"),
    "a period twice": (
        lambda lines: ecb.text_of([lines[0], *lines]),
        "CNY by month lacks 2005-05, or has a period twice",
    ),
    "a month after the edition": (
        lambda lines: ecb.text_of([*lines, ecb.row("M", "USD", "2026-11", 1.2)]),
        "USD has 2026-11, later than the edition 2026-10",
    ),
}
PARTS: dict[str, tuple[Callable[[ecb.Row], bool], str]] = {
    "a currency left out": (lambda r: r["CURRENCY"] != "JPY", "JPY by year ends with nothing"),
    "the years left out": (
        lambda r: r["FREQ"] != "A",
        "CNY by year ends with nothing, due is 2025",
    ),
    "a month left out": (
        lambda r: r["TIME_PERIOD"] != "2026-03",
        "CNY by month lacks 2026-03, or has a period twice",
    ),
    "the first month left out": (
        lambda r: r["TIME_PERIOD"] != "1999-01",
        "JPY by month begins with 1999-02, due is 1999-01; fetch it again",
    ),
    "the yuan's first month left out": (
        lambda r: r["TIME_PERIOD"] != "2005-04" or r["CURRENCY"] != "CNY",
        "CNY by month begins with 2005-05, due is 2005-04",
    ),
    "the first years left out": (
        lambda r: r["FREQ"] != "A" or r["TIME_PERIOD"] > "2006" or r["CURRENCY"] == "CNY",
        "JPY by year begins with 2007, due is 1999",
    ),
    "the yuan's first whole year left out": (
        lambda r: r["FREQ"] != "A" or r["TIME_PERIOD"] != "2006",
        "CNY by year begins with 2007, due is 2006",
    ),
    "the last month left out": (
        lambda r: r["TIME_PERIOD"] != "2026-10",
        "CNY by month ends with 2026-09, due is 2026-10",
    ),
}


@pytest.mark.parametrize("fault", DRIFT)
def test_what_drifts_is_refused_and_named(tmp_path: Path, fault: str) -> None:
    change, says = DRIFT[fault]
    text = change(rows())
    with pytest.raises(SourceError, match=says):
        staged(tmp_path, text)


@pytest.mark.parametrize("fault", PARTS)
def test_a_part_is_refused_and_what_is_missing_is_named(tmp_path: Path, fault: str) -> None:
    is_there, says = PARTS[fault]
    text = ecb.text_of([row for row in rows() if is_there(row)])
    with pytest.raises(IncompleteError, match=says):
        staged(tmp_path, text)


def test_a_cut_or_re_encoded_file_and_a_nameless_edition_are_refused(tmp_path: Path) -> None:
    text = ecb.text_of(rows())
    for lost in (1, 2, 40):
        with pytest.raises(IncompleteError, match="ends in the middle of a line"):
            staged(tmp_path, text[:-lost])
    path = tmp_path / "composed.csv"
    path.write_bytes(text.replace("Euro", "\u20ac").encode("cp1252"))
    with pytest.raises(SourceError, match="not UTF-8"):
        stage_edition(SOURCE, EDITION, Raw(SOURCE.id, EDITION.id, tmp_path, (path,)))
    with pytest.raises(SourceError, match="named after its last whole month"):
        staged(tmp_path, text, EDITION.model_copy(update={"id": "2026-11-22"}))


@pytest.mark.parametrize(("newest", "is_whole"), [("2026-12", True), ("2027-01", False)])
def test_the_mean_of_a_year_may_come_after_its_last_month(
    tmp_path: Path,
    newest: str,
    is_whole: bool,  # noqa: FBT001
) -> None:
    lines = [r for r in ecb.rows_of(ecb.published(newest)) if r["TIME_PERIOD"] != "2026"]
    edition = EDITION.model_copy(update={"id": newest})
    if is_whole:
        assert staged(tmp_path, ecb.text_of(lines), edition).height == ROWS + 4 * 2
        return
    with pytest.raises(IncompleteError, match="CNY by year ends with 2025, due is 2026"):
        staged(tmp_path, ecb.text_of(lines), edition)


def test_a_series_may_begin_earlier_than_is_known(tmp_path: Path) -> None:
    earlier = [ecb.row("M", "CNY", f"2005-{month:02d}", 10.0) for month in range(1, 4)] + [
        ecb.row("A", "CNY", "2005", 10.0)
    ]
    assert staged(tmp_path, ecb.text_of([*rows(), *earlier])).height == ROWS + 4


@pytest.mark.skipif(not RECORDED.is_file(), reason="no recorded answer in ../shared")
def test_a_recorded_series_says_what_a_line_here_must_say() -> None:
    text = RECORDED.read_text(encoding="utf-8")
    line = ecb.row("M", "USD", "2026-05", 1.16732)
    for name in ("FREQ", "CURRENCY", "CURRENCY_DENOM", "EXR_TYPE", "EXR_SUFFIX", "UNIT_MULT"):
        assert f'<generic:Value id="{name}" value="{line[name]}"/>' in text, name
    for name in ("UNIT", "TIME_FORMAT", "OBS_STATUS", "COLLECTION", "UNIT_INDEX_BASE"):
        assert f'<generic:Value id="{name}" value="{line[name]}"/>' in text, name


# The way in.


def wish(**some: Any) -> Wish:  # noqa: ANN401
    return replace(Wish(date(2026, 11, 22)), **some)


def test_from_the_service_to_an_accepted_edition(tmp_path: Path, facts: Facts) -> None:
    ground = Ground(tmp_path, facts.frames, NOW, wish())
    with hosts({ecb.HOST: ecb.handler()}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (dry,) = visit(door, SOURCE, ground, is_dry=True)
        assert (dry.state, dry.edition, dry.requests) == ("wanted", "2026-10", 2)
        (outcome,) = visit(door, SOURCE, ground)
        assert (outcome.state, outcome.rows, outcome.requests) == ("accepted", ROWS, 2)
        monthly, annual = running.log[-2:]
        assert monthly.path == "/service/data/EXR/M.CNY+JPY+KRW+USD.EUR.SP00.A"
        assert monthly.params["endPeriod"] == "2026-10"
        assert annual.path == "/service/data/EXR/A.CNY+JPY+KRW+USD.EUR.SP00.A"
        assert annual.params["endPeriod"] == "2025"
        source = with_accepted(tmp_path, SOURCE, {})
        # The day on which the answer says that the rates were changed last.
        assert source.editions[0].released == date(2026, 11, 2)
        before = len(running.log)
        (again,) = visit(door, source, ground)
        assert again.state == "unchanged"
        # One small request, and nothing came back.
        assert len(running.log) == before + 1
        assert running.log[-1].params["lastNObservations"] == "1"
        assert running.log[-1].headers["if-modified-since"] == ecb.MODIFIED


def test_a_running_month_is_not_fetched(tmp_path: Path) -> None:
    with hosts({ecb.HOST: ecb.handler(ecb.published("2026-11"))}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, wish())
        assert offer.edition.id == "2026-10"
        brought = connect.bring(door, SOURCE, offer)
        assert [one.name for one in brought] == ["month.csv", "year.csv"]
        (late,) = connect.offers(door, SOURCE, wish(today=date(2026, 12, 1)))
        assert late.edition.id == "2026-11"


def test_a_month_not_yet_published_is_not_promised(tmp_path: Path) -> None:
    with hosts({ecb.HOST: ecb.handler(modified="")}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, wish(today=date(2026, 12, 1)))
        assert offer.edition.id == "2026-10"
        # Without a Last-Modified the day of the visit stands for the release.
        assert offer.edition.released == date(2026, 12, 1)
        assert offer.edition.released_basis == "inferred"


def test_a_year_is_asked_for_when_it_is_over() -> None:
    assert spans("2026-12")["year"]["endPeriod"] == "2026"
    assert spans("2027-01")["year"]["endPeriod"] == "2026"
    assert spans("2026-11")["year"]["endPeriod"] == "2025"


def without_yen(text: str, asked: Asked) -> str:  # noqa: ARG001
    """Leave one currency out."""
    return "".join(line for line in text.splitlines(keepends=True) if ".JPY." not in line)


@pytest.mark.parametrize("host", [lambda handler: handler, stamped], ids=["plain", "unchanged"])
def test_an_answer_without_a_currency_is_refused_and_asked_for_again(
    tmp_path: Path, host: Callable[[Handler], Handler]
) -> None:
    is_bad = True

    def spoil(text: str, asked: Asked) -> str:
        return without_yen(text, asked) if is_bad else text

    with hosts({ecb.HOST: host(ecb.handler(spoil=spoil, modified=""))}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        way = connector(SOURCE.id)
        (offer,) = way.offers(door, SOURCE, wish())
        with pytest.raises(IncompleteError, match="JPY by month ends with nothing"):
            way.bring(door, SOURCE, offer)
        is_bad = False
        assert len(way.bring(door, SOURCE, offer)) == 2


def test_the_hosts_own_errors_are_told(tmp_path: Path) -> None:
    with hosts({ecb.HOST: ecb.handler({})}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        with pytest.raises(SourceError, match="answers 404 Not Found: No Series was returned"):
            connect.offers(door, SOURCE, wish())
    with hosts(
        {ecb.HOST: ecb.handler(spoil=lambda text, _: text.split("\n")[0] + "\n")}
    ) as running:
        door = running.door(tmp_path / "empty", {SOURCE.id: SOURCE})
        with pytest.raises(IncompleteError, match="no month of USD"):
            connect.offers(door, SOURCE, wish())


# The mart, and the checks that keep it.

MODEL = read_model(CHECKOUT / "sql" / "marts" / "exchange_rate.sql", "mart")
SUITE = yaml.safe_load((CHECKOUT / "expectations" / "mart.exchange_rate.yml").read_text("utf-8"))
QUERIES = {
    one["meta"]["name"]: one["kwargs"]["unexpected_rows_query"] for one in SUITE["expectations"]
}


@pytest.fixture
def con(tmp_path: Path) -> Iterator[warehouse.Connection]:
    """A warehouse with composed rates and their mart; one rate of the dollar is missing."""
    lines = rows()
    for line in lines:
        if (line["CURRENCY"], line["TIME_PERIOD"]) == ("USD", "2026-02"):
            line |= {"OBS_VALUE": "", "OBS_STATUS": "M"}
        if (line["CURRENCY"], line["TIME_PERIOD"]) == ("USD", "2026-03"):
            line |= {"OBS_VALUE": "1.6"}
    frame = staged(tmp_path, ecb.text_of(lines))
    with warehouse.build(tmp_path / "b.duckdb", threads=1, memory_limit="200MB") as connection:
        warehouse.write(connection, SOURCE.table, frame)
        warehouse.run_model(connection, MODEL)
        yield connection


def failing(con: warehouse.Connection, check: str) -> int:
    return len(con.execute(QUERIES[check].replace("{batch}", "mart.exchange_rate")).fetchall())


def test_rates_against_the_dollar_are_quotients_of_the_same_period(
    con: warehouse.Connection,
) -> None:
    def rates(currency: str, year: int, month: int | None) -> tuple[Any, ...]:
        (row,) = con.execute(
            "SELECT rate_per_euro, rate_per_dollar FROM mart.exchange_rate "
            "WHERE currency = ? AND year = ? AND month IS NOT DISTINCT FROM ?",
            [currency, year, month],
        ).fetchall()
        return tuple(row)

    assert rates("JPY", 2026, 1) == (160.0, 128.0)  # 160 / 1.25
    assert rates("JPY", 2026, 3) == (160.0, 100.0)  # 160 / 1.6
    assert rates("KRW", 2025, None) == (1600.0, 1280.0)  # 1600 / 1.25
    assert rates("USD", 2026, 3) == (1.6, 1.0)
    assert rates("KRW", 2026, 2) == (1600.0, None)
    assert {name: failing(con, name) for name in QUERIES} == dict.fromkeys(QUERIES, 0)


@pytest.mark.parametrize(
    ("mutation", "check"),
    [
        ("UPDATE mart.exchange_rate SET rate_per_euro = 1 WHERE year = 2026", "rates_are_those"),
        ("UPDATE mart.exchange_rate SET status = 'normal'", "rates_are_those"),
        ("DELETE FROM mart.exchange_rate WHERE month IS NULL", "rates_are_those"),
        ("UPDATE mart.exchange_rate SET year = year + 1", "rates_are_those"),
        (
            "UPDATE mart.exchange_rate SET rate_per_dollar = 1 / rate_per_dollar",
            "a_rate_per_dollar",
        ),
        ("UPDATE mart.exchange_rate SET rate_per_dollar = 0 WHERE month = 2", "a_rate_per_dollar"),
        (
            "UPDATE mart.exchange_rate SET rate_per_euro = 100 * rate_per_euro WHERE month IS NULL",
            "an_annual_average",
        ),
    ],
)
def test_a_broken_mart_trips_its_check(
    con: warehouse.Connection, mutation: str, check: str
) -> None:
    (name,) = (one for one in QUERIES if one.startswith(check))
    con.execute(mutation)
    assert failing(con, name) > 0


def test_without_an_edition_the_mart_is_empty(con: warehouse.Connection) -> None:
    con.execute("DELETE FROM staging.ecb_rates")
    assert warehouse.run_model(con, MODEL) == 0
    assert MODEL.table.sources == (SOURCE.id,)
