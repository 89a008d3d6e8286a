"""The governance estimates by the World Bank's API: pages, errors with status 200, odd answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.facts import Facts, read_facts
from flows.settings import CHECKOUT
from flows.sources.arrivals import Ground
from flows.sources.connect import Offer, Wish
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.editions import raw_of, with_accepted
from flows.sources.staging import stage_edition
from flows.sources.visit import visit
from flows.sources.worldbank_wgi import connect
from flows.sources.worldbank_wgi.pages import read_page, refused
from flows.sources.worldbank_wgi.stage import API
from tests.served import worldbank
from tests.served.host import Handler, Reply, hosts
from tests.served.stamped import stamped
from tests.served.worldbank import CODES, UPDATED, answer, estimates

SOURCE = read_source("worldbank_wgi")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EDITION = Edition(id=f"API_{UPDATED}", released=date.fromisoformat(UPDATED), layout=API)
ROWS = len(estimates(CODES[0]))
SHARED = Path(__file__).parents[3] / "shared/data/api/worldbank"


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(CHECKOUT / "warehouse" / "facts")


def staged(folder: Path, answers: dict[str, bytes], edition: Edition = EDITION) -> pl.DataFrame:
    for name, body in answers.items():
        (folder / name).write_bytes(body)
    files = tuple(folder / name for name in sorted(answers))
    return stage_edition(SOURCE, edition, Raw(SOURCE.id, edition.id, folder, files))


def answers() -> dict[str, bytes]:
    return {f"{code}_page1.json": answer(estimates(code)) for code in CODES}


def fetched(folder: Path, handler: Handler) -> list[Offer]:
    """Offer and bring through the real door."""
    with hosts({worldbank.HOST: handler}) as served:
        door = served.door(folder, {SOURCE.id: SOURCE})
        offers = connect.offers(door, SOURCE, Wish(NOW.date()))
        for offer in offers:
            connect.bring(door, SOURCE, offer)
        return offers


# Through the real door.


def test_from_the_api_to_an_accepted_edition(
    tmp_path: Path, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.sources.judge.bundled_parts", lambda *_: {})
    ground = Ground(tmp_path, facts.frames, NOW, Wish(NOW.date()))
    with hosts({worldbank.HOST: worldbank.handler()}) as served:
        door = served.door(tmp_path, {SOURCE.id: SOURCE})
        (dry,) = visit(door, SOURCE, ground, is_dry=True)
        assert (dry.state, dry.edition, dry.requests) == ("wanted", EDITION.id, 6)
        assert len(served.log) == 1
        (outcome,) = visit(door, SOURCE, ground)
        assert (outcome.state, outcome.rows) == ("accepted", 6 * (ROWS - len(worldbank.YEARS)))
        assert [one.params["per_page"] for one in served.log[1:]] == ["1", *["20000"] * 6]
        assert all(one.params["source"] == "3" for one in served.log)
        before = len(served.log)
        known = with_accepted(tmp_path, SOURCE, {})
        (again,) = visit(door, known, ground)
        assert again.state == "unchanged"
        assert "unchanged: the database was last updated on 2026-09-25" in again.why
        assert len(served.log) == before + 1
    newest = known.editions[-1]
    assert (newest.released, newest.released_basis) == (date(2026, 9, 25), "stated")
    kept = raw_of(tmp_path, known, newest)
    assert [path.name for path in kept.files] == sorted(answers())
    # The bundled edition stays as it is, beside it.
    assert [one.id for one in known.editions] == ["2024", EDITION.id]


def test_pages_are_fetched_as_many_as_there_are(tmp_path: Path) -> None:
    with hosts({worldbank.HOST: worldbank.handler(most=5)}) as served:
        door = served.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, Wish(NOW.date()))
        brought = connect.bring(door, SOURCE, offer)
    assert len(brought) == 6 * -(-ROWS // 5)
    paged = {one.name: one.answer.path.read_bytes() for one in brought}
    assert staged(tmp_path, paged).equals(staged(tmp_path, answers()))


Change = Callable[[list[Any]], Any]


def mutated(change: Change, code: str = CODES[2], page: str = "1", most: int = 20_000) -> Handler:
    """The service, with the answer about one indicator changed."""
    usual = worldbank.handler(most=most)

    def host(asked: Any) -> Reply:  # noqa: ANN401
        reply = usual(asked)
        is_meant = asked.path.endswith(code) and asked.params["page"] == page
        if not is_meant or asked.params["per_page"] == "1":
            return reply
        made = change(json.loads(reply.body))
        return replace(reply, body=made if isinstance(made, bytes) else json.dumps(made).encode())

    return host


def about(**changes: object) -> Change:
    return lambda body: [body[0] | changes, body[1]]


def rows(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Change:
    return lambda body: [body[0], change(body[1])]


REFUSED: dict[str, tuple[Change, type[SourceError], str]] = {
    "the code is gone": (
        lambda _: worldbank.ARCHIVED,
        SourceError,
        r"not found, or archived \(id 175.* PV\.EST was the old one, GOV_WGI_PV\.EST its suc",
    ),
    "another error": (
        lambda _: worldbank.INVALID,
        SourceError,
        r"GOV_WGI_PV\.EST: the World Bank refuses: id 120, Invalid value",
    ),
    "markup": (
        lambda _: worldbank.MARKUP,
        SourceError,
        r"GOV_WGI_PV\.EST: markup in place of JSON: id 120, Invalid value: The provided",
    ),
    "null rows": (lambda body: [body[0], None], IncompleteError, r"no rows, of 12 in all"),
    "no rows": (rows(lambda _: []), IncompleteError, "no rows, of 12 in all"),
    "fewer rows": (rows(lambda r: r[:-1]), IncompleteError, "11 rows came, 12 due of 12"),
    "more rows": (rows(lambda r: [*r, r[0]]), IncompleteError, "13 rows came, 12 due of 12"),
    "more announced": (about(total=13), IncompleteError, "12 rows came, 13 due of 13"),
    "a wrong count of pages": (about(pages=2), IncompleteError, "12 due of 12 in 2 pages"),
    "another page": (about(page=2), IncompleteError, "page 2 came in its place"),
    "updated meanwhile": (
        about(lastupdated="2026-09-26"),
        IncompleteError,
        "of 2026-09-26, offered was 2026-09-25: the database was updated meanwhile",
    ),
    "another database": (about(sourceid="2"), SourceError, "database 2; asked for one indicator"),
    "another indicator": (
        lambda body: json.loads(answer(estimates(CODES[0]))) if body else body,
        SourceError,
        r"the rows are of GOV_WGI_CC\.EST",
    ),
    "two indicators": (
        rows(lambda r: [*r[:-1], estimates(CODES[0])[0]]),
        SourceError,
        r"rows of GOV_WGI_CC\.EST, GOV_WGI_PV\.EST",
    ),
    "a key lost": (
        rows(lambda r: [{k: v for k, v in one.items() if k != "value"} for one in r]),
        SourceError,
        r"not in the World Bank's form: 1\.0\.value: Field required.*and 7 more",
    ),
    "a key new": (
        rows(lambda r: [one | {"scale": "0-100"} for one in r]),
        SourceError,
        r"1\.0\.scale: Extra inputs are not permitted",
    ),
    "a key renamed": (
        rows(
            lambda r: [
                {"iso3" if k == "countryiso3code" else k: v for k, v in one.items()} for one in r
            ]
        ),
        SourceError,
        r"countryiso3code: Field required",
    ),
    "an estimate as text": (
        rows(lambda r: [r[0] | {"value": "-0,5"}, *r[1:]]),
        SourceError,
        r"1\.0\.value",
    ),
    "an estimate not a number": (
        lambda body: json.dumps([body[0], [body[1][0] | {"value": float("nan")}]]).encode(),
        SourceError,
        r"value",
    ),
    "a month": (rows(lambda r: [r[0] | {"date": "2023M01"}, *r[1:]]), SourceError, r"1\.0\.date"),
    "swapped": (lambda body: body[::-1], SourceError, "not in the World Bank's form"),
    "an object": (lambda body: body[0], SourceError, "not in the World Bank's form"),
}


@pytest.mark.parametrize("drift", REFUSED)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(tmp_path: Path, drift: str) -> None:
    change, kind, says = REFUSED[drift]
    with pytest.raises(kind, match=f"(?s){says}"):
        fetched(tmp_path, mutated(change))


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(200, worldbank.ARCHIVED), SourceError),
        (Reply(200, b"<!DOCTYPE html><html><title>Sorry</title></html>"), SourceError),
        (Reply(200, answer(estimates(CODES[0])), cut_at=300), IncompleteError),
        (Reply(200, answer(estimates(CODES[0]))[:300]), IncompleteError),
        (Reply(200, b""), IncompleteError),
        (Reply(400, worldbank.INVALID), SourceError),
    ],
    ids=["archived", "a page", "cut", "cut and measured", "empty", "status 400"],
)
def test_the_first_question_may_fail_too(
    tmp_path: Path, reply: Reply, kind: type[SourceError]
) -> None:
    with pytest.raises(kind):
        fetched(tmp_path, lambda _: reply)


@pytest.mark.parametrize("host", [lambda handler: handler, stamped], ids=["plain", "unchanged"])
def test_a_page_lost_on_the_way_is_asked_for_again(
    tmp_path: Path, host: Callable[[Handler], Handler]
) -> None:
    """What was kept and is not what is due never serves twice."""
    with hosts({worldbank.HOST: host(mutated(rows(lambda r: r[:-1])))}) as served:
        door = served.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, Wish(NOW.date()))
        with pytest.raises(IncompleteError, match="11 rows came, 12 due"):
            connect.bring(door, SOURCE, offer)
    with hosts({worldbank.HOST: host(worldbank.handler())}) as served:
        door = served.door(tmp_path, {SOURCE.id: SOURCE})
        assert len(connect.bring(door, SOURCE, offer)) == 6
        # Those that had come whole are not fetched twice.
        assert [one.path.rpartition("/")[2] for one in served.log] == list(CODES[2:])


@pytest.mark.parametrize(
    ("change", "page", "most", "says"),
    [
        ({"lastupdated": "2026-09-24"}, "1", 20_000, "of 2026-09-24, offered was 2026-09-25"),
        ({"total": 13}, "2", 5, "the first page said"),
    ],
    ids=["of another day", "of another number"],
)
def test_pages_that_contradict_each_other_never_serve_again(
    tmp_path: Path, change: dict[str, object], page: str, most: int, says: str
) -> None:
    bad = stamped(mutated(about(**change), page=page, most=most))
    with hosts({worldbank.HOST: bad}) as served:
        door = served.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, Wish(NOW.date()))
        with pytest.raises(IncompleteError, match=says):
            connect.bring(door, SOURCE, offer)
    with hosts({worldbank.HOST: stamped(worldbank.handler(most=most))}) as served:
        door = served.door(tmp_path, {SOURCE.id: SOURCE})
        assert len(connect.bring(door, SOURCE, offer)) == 6 * -(-ROWS // most)


# What the answers hold.


def test_estimates_are_taken_as_they_are(tmp_path: Path) -> None:
    frame = staged(tmp_path, answers())
    found = {
        tuple(row): value
        for *row, value in frame.select("iso3", "year", "dimension", "estimate").rows()
    }
    assert found["CHN", 2023, "cc"] == -0.5
    assert found["CHN", 2022, "va"] == -0.5 + 0.01 * 5 - 0.1
    assert found["JPN", 2023, "cc"] == 1.0
    assert found["XKX", 2023, "pv"] is None
    assert {(one[0], one[1]) for one in found} == {
        (iso3, year) for iso3 in ("CHN", "COD", "JPN", "TWN", "XKX") for year in (2022, 2023)
    }
    assert frame["edition"].unique().to_list() == [EDITION.id]


def test_an_economy_without_a_code_is_known_by_its_name(tmp_path: Path) -> None:
    frame = staged(tmp_path, answers()).filter(iso3="TWN", year=2023, dimension="cc")
    assert frame["estimate"].to_list() == [0.75]


Table = list[dict[str, Any]]
FAULTS: dict[str, tuple[Callable[[Table], Table], str]] = {
    "an unknown code": (
        lambda r: [r[0] | {"countryiso3code": "QQQ"}, *r[1:]],
        "unknown country codes QQQ; give each its iso3, or the reason",
    ),
    "an unknown name": (
        lambda r: [
            r[0] | {"countryiso3code": "", "country": {"id": "1W", "value": "Atlantis"}},
            *r[1:],
        ],
        "unknown country codes Atlantis",
    ),
    "neither code nor name": (
        lambda r: [r[0] | {"countryiso3code": None, "country": {"id": "", "value": ""}}, *r[1:]],
        "unknown country codes ;",
    ),
    "a row twice": (lambda r: [*r[:-1], r[0]], "2 rows share a key"),
    "a score in place of an estimate": (
        lambda r: [r[0] | {"value": 57.1}, *r[1:]],
        "estimate is above 5",
    ),
    "a year before the first": (
        lambda r: [r[0] | {"date": "1960"}, *r[1:]],
        "year is below 1996",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_strange_row_is_named(tmp_path: Path, fault: str) -> None:
    change, says = FAULTS[fault]
    bodies = answers() | {f"{CODES[0]}_page1.json": answer(change(estimates(CODES[0])))}
    with pytest.raises(SourceError, match=says):
        staged(tmp_path, bodies)


def as_indicator(code: str) -> Sequence[dict[str, Any]]:
    return [one | {"indicator": {"id": code, "value": "x"}} for one in estimates(CODES[0])]


def shortened(body: bytes) -> bytes:
    about_it, found = json.loads(body)
    return json.dumps([about_it, found[:-1]]).encode()


def test_a_set_of_answers_must_be_whole_and_of_one_state(tmp_path: Path) -> None:
    every = answers()
    first = f"{CODES[0]}_page1.json"
    without = {name: body for name, body in every.items() if name != first}
    paged = {f"{CODES[0]}_page{n}.json": answer(estimates(CODES[0]), n, 5) for n in (1, 2, 3)}
    other_day = {first: answer(estimates(CODES[0]), updated="2025-09-25")}
    scores = {first: answer(as_indicator("GOV_WGI_CC.SC"))}
    cases = [
        (without, IncompleteError, "no answer for cc in"),
        (without | dict(list(paged.items())[:2]), IncompleteError, "pages 1, 2 of 3"),
        (without | dict(list(paged.items())[1:]), IncompleteError, "pages 2, 3 of 3"),
        (without | other_day, SourceError, "answers of 2025-09-25, 2026-09-25; .*never mixed"),
        (without | scores, SourceError, r"GOV_WGI_CC\.SC is none of the six estimates"),
        (
            without | paged | {f"{CODES[0]}_page3.json": answer(estimates(CODES[0])[:11], 3, 5)},
            IncompleteError,
            "the first page said",
        ),
        (every | {first: shortened(every[first])}, IncompleteError, "11 rows came, 12 announced"),
        (every | {first: worldbank.ARCHIVED}, SourceError, "was not found, or archived"),
    ]
    for number, (bodies, kind, says) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(kind, match=says):
            staged(folder, bodies)
    assert staged(tmp_path, without | paged).equals(staged(tmp_path, every))


def test_answers_of_another_day_than_the_editions_are_refused(tmp_path: Path) -> None:
    other = EDITION.model_copy(update={"id": "API_2025-09-25"})
    with pytest.raises(SourceError, match="API_2025-09-25: answers of 2026-09-25"):
        staged(tmp_path, answers(), other)
    # By hand they may be called as one likes, and are still of one day.
    by_hand = EDITION.model_copy(update={"id": "2026", "layout": ""})
    assert staged(tmp_path, answers(), by_hand)["edition"].unique().to_list() == ["2026"]


# What was recorded of the real thing.

RECORDED = SHARED / "worldbank_wdi_NY.GDP.MKTP.CD_USA_DNK_2020_2021_raw.json"
WRAPPED = SHARED / "wdi-demographic-foundation-usa-jpn-2022-2023.json"
ERROR = SHARED / "error_indicator_archived.json"


@pytest.mark.skipif(not RECORDED.is_file(), reason="no ../shared/data")
def test_recorded_answers_have_the_form_that_is_read() -> None:
    bodies = [RECORDED.read_bytes()]
    wrapped = json.loads(WRAPPED.read_text(encoding="utf-8"))["requests"]
    bodies += [json.dumps(one["response"]).encode() for one in wrapped]
    for body in bodies:
        # Of another database, which is all that is wrong with them.
        with pytest.raises(SourceError, match="database 2; asked for one indicator"):
            read_page(body, "recorded")
        page = read_page(
            body.replace(b'"sourceid":"2"', b'"sourceid":"3"').replace(
                b'"sourceid": "2"', b'"sourceid": "3"'
            ),
            "recorded",
        )
        assert len(page.rows) == page.about.total


@pytest.mark.skipif(not ERROR.is_file(), reason="no ../shared/data")
def test_the_recorded_error_is_read() -> None:
    assert "archived (id 175" in str(refused(ERROR.read_bytes(), "GOV_WGI_RL.EST"))
