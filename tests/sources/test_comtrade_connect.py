"""UN Comtrade found and fetched through the real door, from hosts of the tests' own.

The API behaves as documented and its rows are composed (`tests/served/comtrade.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from flows.facts import read_facts
from flows.settings import CHECKOUT
from flows.sources import visit
from flows.sources.arrivals import Ground
from flows.sources.comtrade import errors, requests
from flows.sources.comtrade.connect import bring, offers
from flows.sources.connect import Brought, Offer, Request, Wish
from flows.sources.contract import Raw, SourceError, read_source
from flows.sources.door.refusals import TooManyRequestsError
from flows.sources.fetch import Door
from flows.sources.staging import stage_edition
from tests.served import comtrade
from tests.served.comtrade import CHN, HOST, JPN, KEY, KOR, VNM
from tests.served.host import Asked, Reply, Served, hosts
from tests.served.stamped import stamped

SOURCE = read_source("comtrade")
CODES = ("280530", "284690")
WISH = Wish(
    today=date(2024, 6, 1),
    codes={"H5": CODES, "H6": CODES},
    reporters=("DEU", "FRA", "JPN", "KOR", "VNM"),
    years=(2022, 2023),
    keys={"comtrade": SecretStr(KEY)},
    country_codes={
        "comtrade": {"DEU": "276", "FRA": "251", "JPN": "392", "KOR": "410", "VNM": "704"}
    },
)
SMALL = replace(WISH, reporters=("JPN", "KOR"))


class Trip:
    """Visits to the hosts, each by a new process as far as the door can tell."""

    def __init__(self, served: Served, api: comtrade.Comtrade, store: Path) -> None:
        self.served, self.api, self.store = served, api, store

    def door(self) -> Door:
        return self.served.door(self.store, {SOURCE.id: SOURCE})

    def offers(self, wish: Wish = WISH) -> list[Offer]:
        return offers(self.door(), SOURCE, wish)

    def bring(self, wish: Wish = WISH) -> list[Brought]:
        """Bring the first edition."""
        return bring(self.door(), SOURCE, self.offers(wish)[0])

    def asked(self, kind: str = "get") -> list[dict[str, str]]:
        """Parameters of the requests of a kind that reached the host, in order."""
        return [one.params for one in self.served.log if one.path.split("/")[3] == kind]


Start = Callable[..., Trip]


class Present:
    """Whichever API the present test has begun."""

    api: comtrade.Comtrade

    def __call__(self, asked: Asked) -> Reply:
        return self.api(asked)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Served, Present]]:
    """One host for the tests of this file."""
    present = Present()
    with hosts({HOST: present}) as served:
        yield served, present


@pytest.fixture
def start(running: tuple[Served, Present], tmp_path: Path) -> Start:
    """Begin the API anew, with what a test wants of it."""
    served, present = running

    def begin(**options: object) -> Trip:
        present.api = comtrade.handler(**options)
        served.log.clear()
        return Trip(served, present.api, tmp_path)

    return begin


def staged(offer: Offer, brought: list[Brought], folder: Path) -> pl.DataFrame:
    """Stage what was brought, as the job does."""
    folder.mkdir()
    for one in brought:
        (folder / one.name).write_bytes(one.answer.path.read_bytes())
    files = tuple(sorted(folder.iterdir()))
    assert len(files) == len(brought)
    return stage_edition(SOURCE, offer.edition, Raw(SOURCE.id, offer.edition.id, folder, files))


def world(trade: tuple[comtrade.Trade, ...] = comtrade.TRADE) -> dict[tuple[int, str, str], int]:
    """By hand: what each reporter's partners add up to, in thousandths of a USD."""
    found: dict[tuple[int, str, str], int] = {}
    for reporter, flow, code, _, usd, _ in trade:
        key = (reporter, {"M": "import", "X": "export"}[flow], code)
        found[key] = found.get(key, 0) + round(float(usd) * 1000)
    return found


def test_annual_and_monthly_editions_go_the_whole_way(start: Start, tmp_path: Path) -> None:
    trip = start()
    found = trip.offers(replace(WISH, monthly=True))
    assert [one.edition.id for one in found] == [
        *("annual_H5", "annual_H6", "monthly_H5", "monthly_H6")
    ]
    for one in found:
        rows = staged(one, bring(trip.door(), SOURCE, one), tmp_path / one.edition.id)
        last = rows.filter(
            pl.col("year") == 2023, pl.col("month").is_null() | (pl.col("month") == 2)
        )
        sums = {
            (r["reporter_code"], r["flow"], r["hs6"]): int(r["value_usd"] * 1000)
            for r in last.filter(pl.col("partner_code").is_null()).rows(named=True)
        }
        # The second period has twice the amounts of the table.
        assert sums == {
            key: 2 * value
            for key, value in world().items()
            if (key[0] == VNM) == one.edition.id.endswith("H5")
        }
    # Three announcements, a reporter's year each, and no more.
    assert len(trip.asked("getDa")) == 3
    assert len(trip.asked()) == 5 * 2 + 5
    assert {one.headers["ocp-apim-subscription-key"] for one in trip.served.log} == {KEY}


def test_what_came_is_accepted_by_the_job(start: Start) -> None:
    """The whole visit, as `orewatch refresh` makes it, with the checkout's own facts."""
    trip = start()
    facts = read_facts(CHECKOUT / "warehouse" / "facts").frames
    asked = visit.Asked(reporters=SMALL.reporters, years=SMALL.years)
    now = datetime(2026, 11, 20, tzinfo=UTC)
    wish = visit.wish_of(facts, asked, now.date(), SMALL.keys)
    ground = Ground(trip.store, facts, now, wish)
    (one,) = visit.visit(trip.door(), SOURCE, ground)
    # Japan has 9 rows a year, Korea 5.
    assert (one.edition, one.state, one.requests, one.rows) == ("annual_H6", "accepted", 4, 28)
    (again,) = visit.visit(trip.door(), SOURCE, ground)
    assert again.state == "unchanged"
    # All tracked codes of the revision were asked for at once.
    assert len(trip.asked()) == 4
    assert trip.asked()[0]["cmdCode"].split(",") == list(wish.codes["H6"])


def test_an_offer_says_what_it_is(start: Start) -> None:
    one = start().offers()[1]
    edition = one.edition
    assert (edition.id, edition.hs_revision, edition.hs6) == ("annual_H6", "H6", list(CODES))
    assert (edition.released, edition.released_basis) == (date(2026, 3, 23), "stated")
    assert (edition.years, edition.basis) == ((2022, 2023), ["value", "mass"])
    assert edition.note.startswith("DEU, FRA, JPN, KOR: 2022-2023 (2). Datasets ")
    assert one.why == (
        "8 datasets of 4 reporters, the last released on 2026-03-23, in 8 requests; "
        "nothing in this revision from VNM"
    )


def test_every_request_is_pinned_and_within_the_limits(start: Start) -> None:
    trip = start(monthly=tuple(f"2023{month:02}" for month in range(1, 13)))
    wish = replace(WISH, monthly=True)
    for one in trip.offers(wish):
        bring(trip.door(), SOURCE, one)
    asked = trip.asked()
    assert len(asked) == 15
    for params in asked:
        assert {name: params[name] for name in errors.PINS} == {
            "breakdownMode": "classic",
            "partner2Code": "0",
            "customsCode": "C00",
            "motCode": "0",
            "includeDesc": "false",
        }
        assert "partnerCode" not in params
        assert "," not in params["reporterCode"]
        assert len(params["period"].split(",")) <= 12
        assert params["flowCode"] == "M,X"
        assert not any("all" in value.lower().split(",") for value in params.values())
    # Two years of months are asked about twelve at a time.
    assert [len(one["period"].split(",")) for one in trip.asked("getDa")] == [2, 12, 12]


def test_a_connector_that_does_not_pin_is_caught(start: Start) -> None:
    trip = start()
    alone = replace(WISH, reporters=("DEU",), codes={"H6": ("280530",)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "PINS", {})
        # World and one partner; three dimensions of a total and two parts.
        with pytest.raises(errors.PinError, match="partner2Code is 704, 842 in 36 of 54 rows"):
            trip.bring(alone)
        # Japan breaks nothing down: nothing would show there.
        assert trip.bring(replace(SMALL, reporters=("JPN",)))
    assert trip.bring(alone)


def test_a_service_that_does_not_heed_the_pins_is_caught(start: Start) -> None:
    wish = replace(WISH, reporters=("FRA",), keyless=True)
    with pytest.raises(errors.PinError, match="customsCode is C01, C07 in 12 of 18 rows"):
        start(pins_work=False).bring(wish)


def test_an_unchanged_dataset_is_not_asked_for_again(start: Start) -> None:
    trip = start()
    first = trip.bring(SMALL)
    assert [one.answer.is_new for one in first] == [True] * 4
    again = trip.bring(SMALL)
    assert [one.answer.is_new for one in again] == [False] * 4
    assert [one.name for one in again] == [one.name for one in first]
    assert (len(trip.asked()), len(trip.asked("getDa"))) == (4, 2)
    # Korea revises a year: only that is asked for, and the offer is another.
    before = trip.offers(SMALL)[0]
    trip.api.checksums[(KOR, "2022")] = 7
    assert trip.offers(SMALL)[0].edition != before.edition
    assert [one.answer.is_new for one in trip.bring(SMALL)] == [False, False, True, False]
    assert [(p["reporterCode"], p["period"]) for p in trip.asked()[4:]] == [("410", "2022")]


def test_a_killed_fetch_goes_on_where_it_ended(start: Start, tmp_path: Path) -> None:
    trip = start()
    offer = trip.offers()[1]

    class KilledError(BaseException):
        """Stands for the process ending."""

    door, left = trip.door(), 4

    def mortal(request: Request) -> Any:  # noqa: ANN401
        nonlocal left
        if not left:
            raise KilledError
        left -= 1
        return door(request)

    with pytest.raises(KilledError):
        bring(mortal, SOURCE, offer)
    assert len(trip.asked()) == 4
    brought = bring(trip.door(), SOURCE, offer)
    asked = [(p["reporterCode"], p["period"]) for p in trip.asked()]
    assert len(asked) == len(set(asked)) == 8
    assert [one.answer.is_new for one in brought] == [False] * 4 + [True] * 4
    rows = staged(offer, brought, tmp_path / "in")
    # 14 partners' rows and 10 World rows a year.
    assert rows.height == 2 * 24
    assert not rows.select(SOURCE.staged.grain).is_duplicated().any()


def test_an_answer_cut_at_the_limit_is_halved_and_never_used(start: Start, tmp_path: Path) -> None:
    # Japan's year has 9 rows: 7 of imports (4 and 3), 2 of exports.
    trip = start(cap=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "ROW_CAPS", {5})
        offer = trip.offers(replace(WISH, reporters=("JPN",)))[0]
        brought = bring(trip.door(), SOURCE, offer)
    asked = [(p["period"], p["cmdCode"], p["flowCode"]) for p in trip.asked()]
    assert asked[:5] == [
        ("2022", "280530,284690", "M,X"),
        ("2022", "280530", "M,X"),
        ("2022", "280530", "M"),
        ("2022", "280530", "X"),
        ("2022", "284690", "M,X"),
    ]
    assert len(asked) == 10
    kept = [(p["cmdCode"], p["flowCode"]) for p in (one.answer.request.params for one in brought)]
    assert kept == [("280530", "M"), ("280530", "X"), ("284690", "M,X")] * 2
    assert staged(offer, brought, tmp_path / "in").height == 18


def test_months_are_halved_after_codes(start: Start) -> None:
    trip = start(cap=6)
    wish = replace(WISH, reporters=("KOR",), codes={"H6": ("284690",)}, monthly=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "ROW_CAPS", {6})
        monthly = trip.offers(wish)[1]
        bring(trip.door(), SOURCE, monthly)
    asked = [(p["period"], p["cmdCode"]) for p in trip.asked()]
    assert asked == [("202301,202302", "284690"), ("202301", "284690"), ("202302", "284690")]


def test_what_is_cut_and_has_no_halves_is_refused(start: Start) -> None:
    trip = start(cap=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "ROW_CAPS", {3})
        with pytest.raises(
            errors.TruncatedError,
            match="3 rows, the most that are given at once, for reporter 392, period 2022, flow M",
        ):
            trip.bring(SMALL)


def test_long_lists_of_codes_are_asked_for_in_parts(start: Start) -> None:
    many = tuple(f"{number:06}" for number in range(280000, 280900))
    offer = start().offers(replace(SMALL, codes={"H6": many}))[0]
    assert len(offer.requests) == 4 * 4
    whole = [code for one in offer.requests[:4] for code in one.params["cmdCode"].split(",")]
    assert tuple(whole) == many
    assert max(len(one.params["cmdCode"].split(",")) for one in offer.requests) == 225


# ------------------------------------------------------------------------------------- keyless


def test_without_a_key_nothing_is_asked_unless_the_preview_was_asked_for(start: Start) -> None:
    trip = start()
    with pytest.raises(
        errors.KeyMissingError, match=r"COMTRADE_API_KEY \(or COMTRADE_PRIMARY\).*`--keyless`"
    ):
        trip.offers(replace(WISH, keys={}))
    assert trip.served.log == []


def test_the_preview_gives_the_same_rows(start: Start, tmp_path: Path) -> None:
    trip = start()
    keyed = trip.offers(SMALL)[0]
    rows = staged(keyed, bring(trip.door(), SOURCE, keyed), tmp_path / "keyed")
    asked = len(trip.served.log)
    free = trip.offers(replace(SMALL, keyless=True))[0]
    found = staged(free, bring(trip.door(), SOURCE, free), tmp_path / "free")
    assert found.equals(rows)
    assert free.edition == keyed.edition
    log = trip.served.log[asked:]
    assert {one.path.rsplit("/", 3)[0] for one in log} == {"/public/v1/getDA", "/public/v1/preview"}
    assert [one for one in log if KEY in str(one)] == []
    previews = [one.params for one in log if "preview" in one.path]
    # Two reporters, two years, two codes: one period and one code a call.
    assert len(previews) == 8
    assert {len(p["period"].split(",")) for p in previews} == {1}
    assert {len(p["cmdCode"].split(",")) for p in previews} == {1}


def test_a_preview_that_is_full_was_cut(start: Start) -> None:
    trip = start(preview_cap=4)
    wish = replace(SMALL, keyless=True, years=(2022, 2022), codes={"H6": ("280530",)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "KEYLESS_CAP", 4)
        with pytest.raises(errors.TruncatedError, match=r"4 rows, .* flow M: it was cut"):
            trip.bring(wish)
    # Flows are the only list left to halve.
    assert [one["flowCode"] for one in trip.asked("preview")] == ["M,X", "M"]


@pytest.mark.parametrize(("most", "is_refused"), [(7, True), (8, False)])
def test_a_preview_of_more_than_a_day_is_refused_beforehand(
    start: Start, most: int, *, is_refused: bool
) -> None:
    trip = start()
    manners = SOURCE.manners.model_copy(update={"calls_a_day": most})
    source = SOURCE.model_copy(update={"manners": manners})
    wish = replace(SMALL, keyless=True)
    if not is_refused:
        assert len(offers(trip.door(), source, wish)[0].requests) == 8
        return
    with pytest.raises(
        errors.TooManyCallsError, match=r"be 8 requests, .* 7 are .*--reporter and --years"
    ):
        offers(trip.door(), source, wish)
    assert trip.asked("preview") == []
    # What is kept costs nothing.
    trip.bring(replace(wish, reporters=("JPN",)))
    assert len(offers(trip.door(), source, wish)[0].requests) == 8
    # With a key nobody is held up: the day's calls end, and the next day goes on.
    assert offers(trip.door(), source, SMALL)


# -------------------------------------------------------------------------------------- errors

FAULTS: dict[str, tuple[comtrade.Fault, type[SourceError], str, int]] = {
    # Name: answer to the second request, error, words, requests that went out in all.
    "401": (comtrade.refused_key(), errors.KeyExpiredError, "COMTRADE_API_KEY .*not help", 2),
    "403 for the quota": (
        comtrade.quota_spent(),
        errors.QuotaSpentError,
        r"used up \(403\); it opens again in 05:12:33\. Run again then: what came before is kept",
        2,
    ),
    "403 for the subscription": (
        comtrade.reply({"error": "User not allowed", "details": None}, 403),
        errors.NotAllowedError,
        "403: User not allowed. The key is no key for this service",
        2,
    ),
    "400 for a count": (
        comtrade.reply({"error": "Maximum number of periods is 12", "details": None}, 400),
        errors.BadRequestError,
        "400: Maximum number of periods is 12. Trying again will not help",
        2,
    ),
    "400 for a field": (
        comtrade.invalid("flowCode"),
        errors.BadRequestError,
        "400: Invalid parameter value; The field flowCode is invalid.",
        2,
    ),
    "400 of the preview": (
        comtrade.reply({"ErrorMessage": "The field reporterCode is invalid"}, 400),
        errors.BadRequestError,
        "The field reporterCode is invalid",
        2,
    ),
    "400 in the old shape": (
        comtrade.reply({"errorObject": {"errorMessage": "No such period"}}, 400),
        errors.BadRequestError,
        "400: No such period.",
        2,
    ),
    "404 for the length": (
        Reply(404, b"The resource you are looking for has been removed, had its name changed."),
        errors.LongAddressError,
        "where a request is too long",
        2,
    ),
    "414": (Reply(414, b"URI Too Long"), errors.LongAddressError, "URI Too Long.", 2),
    "404 as a page": (
        Reply(404, b"\xef\xbb\xbf<html><body>Not <b>found</b></body></html>"),
        errors.NoSuchAddressError,
        "404: Not found. Its addresses may have changed",
        2,
    ),
    "every call rejected": (
        comtrade.reply({"statusCode": 403, "message": "All calls are rejected by policy."}, 403),
        errors.PolicyError,
        "It closed this service",
        2,
    ),
    "an error with status 200": (
        comtrade.reply({"error": "Something went wrong. Please try again.", "details": None}),
        errors.ServerError,
        "an error in a good answer: Something went wrong",
        2,
    ),
    "a refused key with status 200": (
        Reply(200, comtrade.refused_key().body),
        errors.KeyExpiredError,
        "refuses the key",
        2,
    ),
    # Tried again by the door, and then given up.
    "500": (comtrade.failed(), errors.ServerError, "500: Something went wrong", 4),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_error_of_the_api_is_an_error_of_its_own(start: Start, fault: str) -> None:
    answer, error, says, requests_out = FAULTS[fault]
    trip = start(faults=dict.fromkeys(range(2, 30), answer))
    with pytest.raises(error, match=says) as stopped:
        trip.bring(SMALL)
    assert type(stopped.value) is error
    assert KEY not in str(stopped.value)
    assert len(trip.served.log) == requests_out


@pytest.mark.parametrize("says", ["05:12:33.", "1.05:12:33."])
def test_a_spent_quota_is_not_asked_again_by_anybody(start: Start, says: str) -> None:
    """With the header or without, the host is left alone for as long as it says."""
    text = f"Out of call volume quota. Quota will be replenished in {says}"
    spent = comtrade.reply({"statusCode": 403, "message": text}, 403)
    trip = start(faults=dict.fromkeys(range(2, 30), spent))
    with pytest.raises(errors.QuotaSpentError, match=rf"in {says.rstrip('.')}\.") as stopped:
        trip.bring(SMALL)
    assert stopped.value.seconds == 5 * 3600 + 12 * 60 + 33 + (86_400 if says[1] == "." else 0)
    with pytest.raises(TooManyRequestsError, match="asked not to be asked before"):
        trip.offers(SMALL)
    assert len(trip.served.log) == 2


def test_too_many_requests_are_waited_for_and_then_given_up(start: Start) -> None:
    trip = start(faults={2: comtrade.too_fast(7)})
    assert len(trip.bring(SMALL)) == 4
    assert any(seconds >= 7 for seconds in trip.served.clock.slept)
    trip.api.faults = dict.fromkeys(range(trip.api.asked + 1, 99), comtrade.too_fast())
    with pytest.raises(errors.RateError, match=r"429: Rate limit is exceeded.*Retry-After: 1"):
        trip.offers(SMALL)


def test_a_key_that_the_host_repeats_is_not_repeated(start: Start) -> None:
    echo = comtrade.reply({"error": f"bad key {KEY}", "details": None}, 400)
    trip = start(faults={2: echo})
    with pytest.raises(errors.BadRequestError, match="bad key") as stopped:
        trip.bring(SMALL)
    assert KEY not in repr(stopped.value)


def test_an_hs_revision_is_never_asked_for_by_its_code(start: Start) -> None:
    trip = start()
    trip.bring(SMALL)
    assert {one.path.rsplit("/", 1)[1] for one in trip.served.log} == {"HS"}


Envelope = dict[str, Any]


def every(**values: object) -> Callable[[Envelope], Envelope]:
    def change(body: Envelope) -> Envelope:
        for row in body["data"]:
            row.update(values)
        return body

    return change


def without(key: str, *values: object) -> Callable[[Envelope], Envelope]:
    def change(body: Envelope) -> Envelope:
        return comtrade.envelope([row for row in body["data"] if row[key] not in values])

    return change


ANSWERS: dict[str, tuple[Callable[[Envelope], object], type[SourceError], str]] = {
    "another reporter": (
        every(reporterCode=410),
        errors.OtherAnswerError,
        "reporter_code 410 in 9 of 9 rows of an answer to reporter 392, period 2022",
    ),
    "another period": (
        every(period="2019", refYear=2019, refPeriodId=20190101),
        errors.OtherAnswerError,
        "period 2019 in 9 of 9 rows",
    ),
    "months in place of a year": (
        every(freqCode="M", refMonth=1, period="202201"),
        errors.OtherAnswerError,
        "period 202201 in",
    ),
    "another code": (every(cmdCode="261100"), errors.DuplicatedError, "rows share a key"),
    "another code for one": (
        lambda body: [row.update(cmdCode="261100") for row in body["data"][7:]] and body,
        errors.OtherAnswerError,
        "hs6 261100 in 2 of 9 rows",
    ),
    "another revision than announced": (
        every(classificationCode="H5"),
        errors.OtherAnswerError,
        "hs_revision H5 in 9 of 9 rows .* in H6",
    ),
    "rows without their envelope": (
        lambda body: body["data"],
        errors.ChangedError,
        "a bare list in place of an answer",
    ),
    "nothing": (without("typeCode", "C"), errors.EmptyError, "for 392 2022, 392 2023, 410 2022"),
    "no imports": (without("flowCode", "M"), errors.EmptyError, "no import of any tracked code"),
    "one reporter empty": (
        without("reporterCode", KOR),
        errors.EmptyError,
        r"for 410 2022, 410 2023 \(UN Comtrade's codes\).*An empty answer is no zero",
    ),
    "no World row": (without("partnerCode", 0), errors.UnbalancedError, "no World row"),
    "a partner lost": (without("partnerCode", CHN), errors.UnbalancedError, "do not add up"),
    "rows counted only": (
        lambda body: body | {"data": {}},
        errors.ChangedError,
        "no list of rows",
    ),
    "a new key": (every(tariff=None), errors.ChangedError, "tariff: new key"),
    "the rows of every customs procedure": (every(customsCode="C01"), errors.PinError, "C01"),
    "one row too few": (
        lambda body: body | {"data": body["data"][:-1]},
        errors.CountError,
        "says 9 rows and holds 8",
    ),
}


@pytest.mark.parametrize("change", ANSWERS)
def test_a_wrong_answer_is_refused_before_it_is_an_edition(start: Start, change: str) -> None:
    make, error, says = ANSWERS[change]
    trip = start(change=make)
    with pytest.raises(error, match=f"(?s){says}") as stopped:
        trip.bring(SMALL)
    assert type(stopped.value) is error
    # The refused answer is taken back: the next run asks again, and goes on.
    trip.api.change = None
    assert len(trip.bring(SMALL)) == 4


ANNOUNCED: dict[str, tuple[Callable[[Envelope], object], type[SourceError], str]] = {
    "nothing at all": (
        without("typeCode", "C"),
        errors.EmptyError,
        "nothing is announced of JPN, KOR for 2022, 2023",
    ),
    "others only": (every(reporterCode=999), errors.EmptyError, "nothing is announced"),
    "without rows": (every(totalRecords=0), errors.EmptyError, "nothing is announced"),
    "a reporter twice": (
        lambda body: comtrade.envelope([*body["data"], body["data"][0]]),
        errors.ChangedError,
        r"\(392, '2022'\) is announced twice",
    ),
    "a key lost": (
        lambda body: [row.pop("datasetChecksum") for row in body["data"]] and body,
        errors.ChangedError,
        "datasetChecksum: lost key",
    ),
    "a key new": (every(isExtendedMosCode=False), errors.ChangedError, "isExtendedMosCode: new"),
    "a checksum as text": (every(datasetChecksum="1"), errors.ChangedError, "datasetChecksum"),
    "no time of release": (every(lastReleased="soon"), errors.ChangedError, "lastReleased is no"),
    "services": (every(typeCode="S"), errors.OtherAnswerError, "asked for goods by A"),
    "months": (every(freqCode="M"), errors.OtherAnswerError, "asked for goods by A"),
    "a revision that nobody tracks": (
        every(classificationCode="H7"),
        SourceError,
        r"reporters \[392, 410\] announce data in revision H7",
    ),
    "a count that is wrong": (lambda body: body | {"count": 9}, errors.CountError, "says 9 rows"),
}


@pytest.mark.parametrize("change", ANNOUNCED)
def test_a_wrong_announcement_is_refused(start: Start, change: str) -> None:
    make, error, says = ANNOUNCED[change]
    with pytest.raises(error, match=says):
        start(announce=make).offers(SMALL)


@pytest.mark.parametrize(
    ("caps", "is_keyless"), [({"ROW_CAPS": {4}}, False), ({"KEYLESS_CAP": 4}, True)]
)
def test_as_many_announcements_as_are_given_at_once_were_cut(
    start: Start, monkeypatch: pytest.MonkeyPatch, caps: dict[str, Any], *, is_keyless: bool
) -> None:
    trip = start()
    wish = replace(SMALL, keyless=is_keyless)
    for name, value in caps.items():
        monkeypatch.setattr(requests, name, value)
    with pytest.raises(errors.TruncatedError, match=r"4 announcements, .*--reporter and --years"):
        trip.offers(wish)
    assert trip.offers(replace(wish, years=(2023, 2023)))
    # The smaller service's limit is not that of the other one.
    if is_keyless:
        assert trip.offers(SMALL)


def test_an_announcement_that_is_refused_never_serves_again(start: Start) -> None:
    trip = start(announce=lambda body: body | {"count": 9})
    api = Present()
    api.api = trip.api
    with hosts({HOST: stamped(api)}) as served:
        door = served.door(trip.store, {SOURCE.id: SOURCE})
        with pytest.raises(errors.CountError):
            offers(door, SOURCE, SMALL)
        trip.api.announce = None
        assert offers(door, SOURCE, SMALL)


def test_a_reporter_without_data_or_code_is_named(start: Start) -> None:
    trip = start(trade=tuple(one for one in comtrade.TRADE if one[0] != KOR))
    assert trip.offers(SMALL)[0].why.endswith("; nothing in this revision from KOR")
    with pytest.raises(SourceError, match=r"no code of UN Comtrade for XKX in .*country_codes"):
        trip.offers(replace(SMALL, reporters=("JPN", "XKX")))


def test_years_are_the_last_ones_where_nobody_names_others(start: Start) -> None:
    trip = start()
    trip.offers(replace(SMALL, years=None, today=date(2023, 2, 14), monthly=True))
    asked = [one["period"].split(",") for one in trip.asked("getDa")]
    assert asked[0] == ["2020", "2021", "2022", "2023"]
    # Months up to the present one, twelve a call.
    assert [len(one) for one in asked[1:]] == [12, 12, 12, 2]
    assert asked[4] == ["202301", "202302"]


def test_the_defaults_are_countries_with_a_code() -> None:
    assert len(SOURCE.default_reporters) == len(set(SOURCE.default_reporters))
    assert {"JPN", "KOR", "CHN", "USA", "TWN"} <= set(SOURCE.default_reporters)
    assert JPN == 392
