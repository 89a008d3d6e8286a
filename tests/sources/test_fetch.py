"""The door to HTTP, against real local hosts. Everything they serve is composed here."""

from __future__ import annotations

import ast
import gzip
import inspect
import io
import json
import logging
import signal
import subprocess
import sys
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Literal

import pytest
import stamina
from pydantic import SecretStr

from flows.settings import CHECKOUT, Settings
from flows.sources.connect import Answer, FetchError, Kind, Request, Secret
from flows.sources.contract import IncompleteError, Source, SourceError
from flows.sources.door import bodies, kinds, refusals
from flows.sources.door.answers import Answers, Row
from flows.sources.door.letters import SHOWN
from flows.sources.door.limits import Limits
from flows.sources.door.trust import tls_context
from flows.sources.fetch import AGENT, Door
from tests.served.host import Asked, Handler, Reply, Served, hosts

CANARY = "canary-7f3a9c51e2d84b60"
KEY = Secret("Composed-Key", SecretStr(CANARY))
A, B = "a.test", "b.test"
JSON = b'{"rows": [1, 2]}'
CSV = b"year,value\n2020,1\n2021,2\n"


def source(*names: str, **manners: float) -> Source:
    """Compose a source whose hosts these are."""
    chosen = {"seconds_between": 0, "read_seconds": 5} | manners
    return Source.model_validate(
        {
            "id": "composed",
            "title": "Composed",
            "producer": "nobody",
            "origin": f"https://{A}/",
            "hosts": list(names or (A,)),
            "manners": chosen,
            "citation": "none",
            "licence": {"name": "none", "url": "", "publish": "open"},
            "schedule": "never",
            "fresh_days": 1,
            "tried_live": None,
            "limits": [],
            "editions": [],
            "staged": {"meaning": "none", "grain": [], "ledger": {"part": "none"}, "columns": []},
        }
    )


def ask(path: str = "/data", expects: Kind = "json", **more: Any) -> Request:  # noqa: ANN401
    return Request("composed", f"https://{A}{path}", expects, **more)


def always(reply: Reply) -> Handler:
    return lambda _: reply


def one_by_one(*replies: Reply) -> Handler:
    """Give one reply after another, and the last for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def rows(store: Path) -> list[Row]:
    return Answers(store, "composed").rows()


def nothing_good(store: Path) -> bool:
    """Whether no row of the ledger, and no file in waiting, could serve as an answer."""
    answers = Answers(store, "composed")
    waiting = list(answers.folder.glob(".incoming-*")) if answers.folder.exists() else []
    return not waiting and not any(row.is_good for row in answers.rows())


@pytest.fixture
def _at_once() -> Iterator[None]:
    """No second try."""
    stamina.set_active(False)
    yield
    stamina.set_active(True)


at_once = pytest.mark.usefixtures("_at_once")
Framing = Literal["length", "chunked", "close"]


def refused(
    served: Served, store: Path, request: Request | None = None, **manners: float
) -> FetchError:
    """Ask, be refused, and see that nothing counts as good."""
    with pytest.raises(FetchError) as caught:
        served.door(store, {"composed": source(A, B, **manners)})(request or ask())
    assert nothing_good(store)
    assert str(caught.value).startswith("composed: https://")
    return caught.value


# What an answer is, and when a kept one serves again


def test_an_answer_is_kept_with_its_row(tmp_path: Path) -> None:
    reply = Reply(body=JSON, headers={"ETag": '"v1"', "Set-Cookie": "who=you", "X-Odd": "1"})
    with hosts({A: always(reply)}) as served:
        answer = served.door(tmp_path, {"composed": source()})(
            ask("/a b", params={"code": "1,2", "name": "x y&z"}, secret=KEY)
        )
        asked = served.log[0]
    assert answer.path.read_bytes() == JSON
    assert answer.is_new
    # printf '{"rows": [1, 2]}' | sha256sum
    digest = "6d7de5a8faabb2a3c8b5297dcdb0054f70f9f887ed18b265ea171c168312542e"
    assert answer.sha256 == digest
    assert answer.path == tmp_path / "composed" / "answers" / digest[:2] / digest
    assert asked == Asked(
        method="GET",
        host=A,
        path="/a%20b",
        params={"code": "1,2", "name": "x y&z"},
        headers={
            "host": A,
            "user-agent": AGENT,
            "accept": "*/*",
            "accept-encoding": "identity",
            "connection": "close",
            "composed-key": CANARY,
        },
    )
    (row,) = rows(tmp_path)
    assert row.is_good
    assert (row.url, row.params) == (f"https://{A}/a b", {"code": "1,2", "name": "x y&z"})
    assert (row.status, row.bytes, row.sha256) == (200, len(JSON), digest)
    assert row.headers == {"etag": '"v1"', "content-length": str(len(JSON))}


def test_the_same_mark_is_not_asked_twice(tmp_path: Path) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        door = served.door(tmp_path, {"composed": source()})
        assert not door.holds(ask(mark="m1"))
        first = door(ask(mark="m1"))
        assert door.holds(ask(mark="m1"))
        assert not door.holds(ask(mark="m2"))
        assert not door.holds(ask())
        again = served.door(tmp_path, {"composed": source()})(ask(mark="m1", secret=KEY))
        assert len(served.log) == 1
        other = door(ask(mark="m2"))
        assert len(served.log) == 2
        assert "if-none-match" not in served.log[1].headers
    assert (again.path, again.time, again.is_new) == (first.path, first.time, False)
    assert other.is_new


@pytest.mark.parametrize(
    ("header", "value", "condition"),
    [
        ("ETag", '"v1"', "if-none-match"),
        ("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT", "if-modified-since"),
    ],
)
def test_an_unchanged_answer_costs_one_small_request(
    tmp_path: Path, header: str, value: str, condition: str
) -> None:
    def handler(asked: Asked) -> Reply:
        if asked.headers.get(condition) == value:
            return Reply(304, headers={header: value})
        return Reply(body=JSON, headers={header: value})

    with hosts({A: handler}) as served:
        door = served.door(tmp_path, {"composed": source()})
        first, second = door(ask()), door(ask())
    assert (second.path, second.time, second.is_new) == (first.path, first.time, False)
    assert [row.status for row in rows(tmp_path)] == [200, 304]


def test_what_differs_is_another_request(tmp_path: Path) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        door = served.door(tmp_path, {"composed": source()})
        door(ask(mark="m"))
        door(ask(mark="m", params={"p": "1"}))
        door(ask("/other", mark="m"))
        with pytest.raises(refusals.NotPromisedError):
            door(ask(mark="m", expects="zip"))
        assert len(served.log) == 4


def test_changed_kept_bytes_are_named_and_fetched_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reply = Reply(body=JSON, headers={"ETag": '"v1"'})
    with hosts({A: always(reply)}) as served:
        first = served.door(tmp_path, {"composed": source()})(ask(mark="m"))
        first.path.write_bytes(b'{"rows": [9, 9]}')
        door = served.door(tmp_path, {"composed": source()})
        assert not door.holds(ask(mark="m"))
        again = door(ask(mark="m"))
        assert "if-none-match" not in served.log[1].headers
        assert again.path.read_bytes() == JSON
        assert "changed or lost" in rows(tmp_path)[-1].note
        assert f"{first.path}: changed or lost" in caplog.text
        again.path.unlink()
        served.door(tmp_path, {"composed": source()})(ask())
        assert "if-none-match" not in served.log[2].headers


def test_an_unasked_304_is_no_answer(tmp_path: Path) -> None:
    with hosts({A: one_by_one(Reply(304), Reply(body=JSON), Reply(304))}) as served:
        assert isinstance(refused(served, tmp_path), refusals.OddStatusError)
        door = served.door(tmp_path, {"composed": source()})
        door(ask())
        # What is kept has no ETag to ask by.
        with pytest.raises(refusals.OddStatusError):
            door(ask())


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_every_framing_is_read(tmp_path: Path, framing: Framing) -> None:
    reply = Reply(body=CSV, framing=framing, is_polite=True)
    with hosts({A: always(reply)}) as served:
        answer = served.door(tmp_path, {"composed": source()})(ask(expects="csv"))
    assert answer.path.read_bytes() == CSV


def test_gzip_on_the_way_is_undone_and_noted(tmp_path: Path) -> None:
    reply = Reply(body=gzip.compress(CSV), headers={"Content-Encoding": "gzip"})
    with hosts({A: always(reply)}) as served:
        door = served.door(tmp_path, {"composed": source()})
        assert door(ask(expects="csv")).path.read_bytes() == CSV
        # A gzip file so labelled is one gzip, and kept as it is.
        assert door(ask(expects="gzip")).path.read_bytes() == reply.body
    assert [row.decoded for row in rows(tmp_path)] == ["gzip", ""]


# Where the door goes


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (f"http://{A}/", "http in place of https"),
        (f"ftp://{A}/", "ftp in place of https"),
        ("//a.test/", "no scheme in place of https"),
        (f"https://{A}:8443/", "port 8443"),
        (f"https://{A}:99999/", "no URL"),
        (f"https://user:word@{A}/", "user name"),
        (f"https://{A}@evil.test/", "user name"),
        ("https://evil.test/", "evil.test is not among the source's hosts (a.test, b.test)"),
        (f"https://{A}./", "a.test. is not among"),
        (f"https://x.{A}/", "x.a.test is not among"),
        ("https://127.0.0.1/", "127.0.0.1 is not among"),
        ("https://[::1]/", "::1 is not among"),
        (f"https://{A}\\@evil.test/", "backslash"),
        (f"https://{A}/\r\nX: 1", "control character"),
        (f"https://{A}\t/", "control character"),
        ("https:///", "no host is not among"),
    ],
)
def test_a_url_that_is_never_asked(tmp_path: Path, url: str, what: str) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        door = served.door(tmp_path, {"composed": source(A, B)})
        with pytest.raises(refusals.AddressRefusedError) as caught:
            door(Request("composed", url, "json"))
        assert what in str(caught.value)
        assert served.names == []


@pytest.mark.parametrize(
    ("location", "what"),
    [
        ("https://127.0.0.1/", "127.0.0.1 is not among"),
        ("https://169.254.169.254/latest/meta-data/", "169.254.169.254 is not among"),
        ("https://[::1]/", "::1 is not among"),
        ("https://2130706433/", "2130706433 is not among"),
        ("https://evil.test/", "evil.test is not among"),
        ("//evil.test/x", "evil.test is not among"),
        (f"http://{A}/data2", "http in place of https"),
        (f"https://{A}:8443/", "port 8443"),
        (f"https://me@{A}/", "user name"),
        ("/data", "in a circle"),
        ("", "in a circle"),
        ("https://inner.test/", "no public address"),
        ("https://[", "no URL"),
        ("https://a.test:port/", "no URL"),
        ("\\\\evil.test/", "backslash"),
    ],
)
def test_a_redirect_that_is_never_followed(tmp_path: Path, location: str, what: str) -> None:
    replies = always(Reply(302, headers={"Location": location}))
    with hosts({A: replies, B: replies, "inner.test": replies}) as served:
        served.addresses["inner.test"] = ["10.0.0.1"]
        with pytest.raises(refusals.RedirectRefusedError) as caught:
            served.door(tmp_path, {"composed": source(A, B, "inner.test")})(ask(secret=KEY))
        assert what in str(caught.value)
        assert [asked.host for asked in served.log] == [A]
    assert rows(tmp_path)[0].status == 302
    assert nothing_good(tmp_path)


def test_redirects_end(tmp_path: Path) -> None:
    def handler(asked: Asked) -> Reply:
        number = int(asked.path.removeprefix("/"))
        return Reply(301, headers={"Location": f"/{number + 1}"})

    with hosts({A: handler}) as served:
        error = refused(served, tmp_path, ask("/0"))
        assert isinstance(error, refusals.RedirectRefusedError)
        assert "more than 5 redirects" in str(error)
        assert served.paths() == ["/0", "/1", "/2", "/3", "/4", "/5"]


def test_the_key_stays_with_the_first_host(tmp_path: Path) -> None:
    """Not to another host, and not back to the first one by way of another."""
    ways = {
        (A, "/data"): Reply(302, headers={"Location": "/here"}),
        (A, "/here"): Reply(307, headers={"Location": f"https://{B}/there"}),
        (B, "/there"): Reply(308, headers={"Location": f"https://{A}/back"}),
        (A, "/back"): Reply(body=JSON),
    }

    def handler(asked: Asked) -> Reply:
        return ways[asked.host, asked.path]

    with hosts({A: handler, B: handler}) as served:
        door = served.door(tmp_path, {"composed": source(A, B)})
        answer = door(ask(secret=KEY))
        had_key = [(asked.host, "composed-key" in asked.headers) for asked in served.log]
        assert had_key == [(A, True), (A, True), (B, False), (A, False)]
        assert all(CANARY not in str(asked) for asked in served.log if asked.host == B)
        assert served.names == [A, A, B, A]
    assert answer.path.read_bytes() == JSON
    *redirects, last = rows(tmp_path)
    assert [row.is_good for row in redirects] == [False, False, False]
    assert last.via == [f"https://{A}/here", f"https://{B}/there", f"https://{A}/back"]
    assert last.url == f"https://{A}/data"


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:8.8.8.8"],
        ["fe80::1%eth0"],
        ["10.1.2.3"],
        ["8.8.8.8", "192.168.0.1"],
        ["2606:4700::1111", "fd00::1"],
        ["0.0.0.0"],  # noqa: S104 - nothing is bound to it
        ["rubbish"],
    ],
)
def test_a_name_that_resolves_to_no_public_address(tmp_path: Path, answer: list[str]) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        served.addresses[A] = answer
        error = refused(served, tmp_path)
        assert isinstance(error, refusals.AddressRefusedError)
        assert f"resolves to {answer[-1]}, which is no public address" in str(error)
        assert served.names == []


def test_an_address_is_used_as_it_was_checked(tmp_path: Path) -> None:
    """A name server that changes its answer is asked, and judged, for each connection."""
    said = iter([["11.0.0.7"], ["127.0.0.1"]])
    went: list[tuple[str, int]] = []
    with hosts({A: always(Reply(body=JSON))}) as served:

        def wire(ip: str, port: int) -> tuple[str, int]:
            went.append((ip, port))
            return served.wire(ip, port)

        door = served.door(
            tmp_path, {"composed": source()}, resolver=lambda _: next(said), wire=wire
        )
        door(ask("/1"))
        with pytest.raises(refusals.AddressRefusedError, match=r"127\.0\.0\.1"):
            door(ask("/2"))
        assert went == [("11.0.0.7", 443)]
        assert served.paths() == ["/1"]


def test_another_address_is_tried_where_one_is_dead(tmp_path: Path, free_port: int) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        served.addresses[A] = ["11.0.0.1", "11.0.0.2"]
        door = served.door(
            tmp_path,
            {"composed": source()},
            wire=lambda ip, _: ("127.0.0.1", free_port if ip == "11.0.0.1" else served.port),
        )
        assert door(ask()).is_new


def test_a_host_that_is_not_there(tmp_path: Path, free_port: int) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        door = served.door(
            tmp_path, {"composed": source()}, wire=lambda _ip, _port: ("127.0.0.1", free_port)
        )
        with pytest.raises(refusals.UnreachableError, match="no connection"):
            door(ask())
        assert len(served.clock.slept) == 2
        served.addresses.clear()
        with pytest.raises(refusals.UnreachableError, match="does not resolve"):
            served.door(tmp_path, {"composed": source()})(ask())


def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    with hosts({A: always(Reply(body=JSON))}, certified=(B,)) as served:
        error = refused(served, tmp_path)
        assert isinstance(error, refusals.CertificateError)
        assert "Hostname mismatch" in str(error)
        assert served.log == []


# What is no answer


@pytest.mark.parametrize(
    ("reply", "kind", "what"),
    [
        (Reply(401, b"no such key"), refusals.KeyRefusedError, "no such key"),
        (Reply(403, b"go away"), refusals.ForbiddenError, "go away"),
        (Reply(403, b'{"message": "Out of call volume quota."}'), refusals.QuotaError, "quota"),
        (Reply(403, headers={"Retry-After": "3600"}), refusals.QuotaError, "in 3,600 seconds"),
        (Reply(404, b"<h1>Gone</h1>"), refusals.NotFoundError, "'Gone'"),
        (Reply(410), refusals.NotFoundError, "410"),
        (Reply(400, b'{"error": "periods {said}"}'), refusals.RequestRefusedError, "periods"),
        (Reply(204), refusals.OddStatusError, "204"),
        (Reply(206, JSON), refusals.OddStatusError, "206"),
        (Reply(300, JSON), refusals.OddStatusError, "300"),
    ],
)
def test_a_status_is_its_own_error(
    tmp_path: Path, reply: Reply, kind: type[FetchError], what: str
) -> None:
    with hosts({A: always(reply)}) as served:
        error = refused(served, tmp_path)
        assert type(error) is kind
        assert what in str(error)
        assert len(served.log) == 1
    (row,) = rows(tmp_path)
    assert (row.status, row.refused is None) == (reply.status, False)
    if reply.body:
        kept = Answers(tmp_path, "composed").path(row.sha256 or "")
        assert kept.read_bytes() == reply.body


def test_a_quota_tells_when(tmp_path: Path) -> None:
    with hosts({A: always(Reply(403, headers={"Retry-After": "3600"}))}) as served:
        error = refused(served, tmp_path)
        assert isinstance(error, refusals.QuotaError)
        assert error.seconds == 3600
        # The next one, in any process, does not even ask.
        assert "asked not to be asked before" in str(refused(served, tmp_path, ask("/other")))
        assert len(served.log) == 1


class OutError(SourceError):
    """A source's own reading of a used-up quota."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__("out of calls")
        self.seconds = seconds


@pytest.mark.parametrize(
    ("headers", "seconds", "is_deferred"),
    [({"Retry-After": "3600"}, None, True), ({}, 3600, True), ({}, None, False)],
    ids=["the header tells", "the source's words tell", "nobody tells"],
)
def test_a_quota_that_the_source_reads_is_waited_for_by_all(
    tmp_path: Path, headers: dict[str, str], seconds: float | None, *, is_deferred: bool
) -> None:
    spent = Reply(403, b'{"message": "Out of call volume quota."}', headers)
    with hosts({A: always(spent)}) as served:
        sources = {"composed": source()}
        for path in ("/1", "/2"):
            with pytest.raises(SourceError) as caught:
                served.door(tmp_path, sources)(ask(path, faults=lambda *_: OutError(seconds)))
            # What the source makes of it is the error raised, as long as the host is asked.
            is_asked = path == "/1" or not is_deferred
            assert type(caught.value) is (OutError if is_asked else refusals.TooManyRequestsError)
        assert len(served.log) == (1 if is_deferred else 2)


def test_a_failure_that_passes(tmp_path: Path) -> None:
    with hosts({A: one_by_one(Reply(500), Reply(503), Reply(body=JSON))}) as served:
        assert served.door(tmp_path, {"composed": source()})(ask()).is_new
        assert len(served.log) == 3
        # 2 and 4 seconds, each with up to one of jitter
        assert 6 <= sum(served.clock.slept) <= 8
    assert [row.status for row in rows(tmp_path)] == [500, 503, 200]


def test_a_failure_that_stays(tmp_path: Path) -> None:
    with hosts({A: always(Reply(500, b"Something went wrong"))}) as served:
        error = refused(served, tmp_path)
        assert isinstance(error, refusals.HostFaultError)
        assert "Something went wrong" in str(error)
        assert len(served.log) == 3


def test_too_many_requests_are_asked_later(tmp_path: Path) -> None:
    busy = Reply(429, b"Try again in 7 seconds.", {"Retry-After": "7"})
    with hosts({A: one_by_one(busy, busy, Reply(body=JSON))}) as served:
        assert served.door(tmp_path, {"composed": source()})(ask()).is_new
        assert 14 <= sum(served.clock.slept) <= 16


def test_too_many_requests_by_date(tmp_path: Path) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
        busy = Reply(429, headers={"Retry-After": until})
        served.handlers[A] = one_by_one(busy, Reply(body=JSON))
        served.door(tmp_path, {"composed": source()})(ask())
        assert 58 <= sum(served.clock.slept) <= 62


def test_too_many_requests_for_ever(tmp_path: Path) -> None:
    with hosts({A: always(Reply(429, headers={"Retry-After": "1"}))}) as served:
        assert isinstance(refused(served, tmp_path), refusals.TooManyRequestsError)
        assert len(served.log) == 6


def test_a_long_wait_is_said_and_not_slept(tmp_path: Path) -> None:
    with hosts({A: always(Reply(429, headers={"Retry-After": "121"}))}) as served:
        error = refused(served, tmp_path)
        assert isinstance(error, refusals.TooManyRequestsError)
        assert "in 121 seconds" in str(error)
        # The next one, in any process, does not even ask.
        later = refused(served, tmp_path)
        assert "asked not to be asked before" in str(later)
        assert (len(served.log), served.clock.slept) == (1, [])


def test_a_quota_of_our_own(tmp_path: Path) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        sources = {"composed": source(calls_a_day=2)}
        served.door(tmp_path, sources)(ask("/1"))
        served.door(tmp_path, sources)(ask("/2"))
        with pytest.raises(refusals.QuotaError, match=r"the 2 calls .* after .* 00:00 UTC"):
            served.door(tmp_path, sources)(ask("/3"))
        assert len(served.log) == 2
        # Whoever allows more in source.yml is not held up by our own count of before.
        served.door(tmp_path, {"composed": source(calls_a_day=3)})(ask("/3"))
        assert served.clock.slept == []


def test_tries_are_nobody_elses_news(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The library that counts tries logs each at WARNING, which Python shows to everybody."""
    caplog.set_level(logging.DEBUG)
    with hosts({A: always(Reply(500))}) as served:
        refused(served, tmp_path)
        assert len(served.log) == 3
    assert [one for one in caplog.records if one.name == "stamina"] == []
    # Only the door's own: whoever uses the library beside it still hears of it.
    for attempt in stamina.retry_context(on=ValueError, attempts=2, wait_initial=0, wait_jitter=0):
        with attempt:
            if attempt.num == 1:
                raise ValueError
    assert [one.name for one in caplog.records].count("stamina") == 1


class OwnError(SourceError):
    """A source's own."""


def test_the_sources_own_reading_comes_first(tmp_path: Path) -> None:
    seen: list[tuple[int, str]] = []

    def faults(status: int, headers: Mapping[str, str], body: bytes) -> SourceError | None:
        seen.append((status, headers["content-length"]))
        return OwnError(f"own: {body.decode()}") if b"bad" in body else None

    replies = [Reply(400, b"bad"), Reply(body=b'{"bad": 1}'), Reply(body=JSON)]
    with hosts({A: one_by_one(*replies)}) as served:
        door = served.door(tmp_path, {"composed": source()})
        for _ in range(2):
            with pytest.raises(OwnError, match=r"own: .*bad"):
                door(ask(faults=faults))
        assert nothing_good(tmp_path)
        assert door(ask(faults=faults)).is_new
        assert seen == [(400, "3"), (200, "10"), (200, "16")]
    assert rows(tmp_path)[1].refused == 'OwnError: own: {"bad": 1}'


def test_a_key_in_the_words_of_a_source_is_not_kept(tmp_path: Path) -> None:
    with hosts({A: always(Reply(400))}) as served, pytest.raises(OwnError):
        served.door(tmp_path, {"composed": source()})(
            ask(secret=KEY, faults=lambda *_: OwnError(f"refused: {CANARY}"))
        )
    assert rows(tmp_path)[0].refused == "OwnError: refused: [key]"


def test_the_sources_own_reading_of_a_failure_comes_last(tmp_path: Path) -> None:
    def faults(status: int, _headers: object, _body: bytes) -> SourceError | None:
        return OwnError("no such edition") if status == 500 else None

    with hosts({A: always(Reply(500))}) as served:
        with pytest.raises(OwnError):
            served.door(tmp_path, {"composed": source()})(ask(faults=faults))
        assert len(served.log) == 3


def test_a_reading_that_has_learnt_is_applied_to_what_is_kept(tmp_path: Path) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        door = served.door(tmp_path, {"composed": source()})
        door(ask(mark="m"))
        with pytest.raises(OwnError):
            door(ask(mark="m", faults=lambda *_: OwnError("an error after all")))
        assert len(served.log) == 2


PAGE = b"<!DOCTYPE html><html><head><title>Missing key</title></head><body>x</body></html>"


@pytest.mark.parametrize("kind", ["zip", "gzip", "csv", "json", "xlsx"])
def test_a_page_in_place_of_data(tmp_path: Path, kind: Kind) -> None:
    with hosts({A: always(Reply(body=PAGE))}) as served:
        error = refused(served, tmp_path, ask(expects=kind))
    assert isinstance(error, refusals.NotPromisedError)
    assert f"a web page in place of {kind}; it says 'Missing key'" in str(error)


@at_once
@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("json", b"", refusals.CutShortError),
        ("json", b"null", refusals.NotPromisedError),
        ("json", b'{"a": }', refusals.NotPromisedError),
        ("json", b"[" * 100_000 + b"]" * 100_000, refusals.NotPromisedError),
        ("csv", JSON, refusals.NotPromisedError),
        ("csv", CSV.decode().encode("utf-16"), refusals.NotPromisedError),
        ("csv", b"<?xml version='1.0'?><fault/>\n", refusals.NotPromisedError),
        ("zip", JSON, refusals.NotPromisedError),
        ("gzip", CSV, refusals.NotPromisedError),
        ("html", CSV, refusals.NotPromisedError),
        ("html", b"", refusals.CutShortError),
    ],
)
def test_a_body_of_another_kind(
    tmp_path: Path, kind: Kind, body: bytes, error: type[FetchError]
) -> None:
    with hosts({A: always(Reply(body=body))}) as served:
        assert type(refused(served, tmp_path, ask(expects=kind))) is error


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("json", b"\xef\xbb\xbf" + JSON),
        ("csv", b"\xef\xbb\xbf" + CSV),
        ("csv", b"a;b\r\n1;2,5"),
        ("html", b"<p><html><body>hello"),
        ("zip", zipped(a=b"1")),
        ("xlsx", zipped(**{"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a/>"})),
        ("gzip", gzip.compress(CSV) + gzip.compress(CSV) + b"\0" * 512),
    ],
)
def test_a_body_of_the_kind(tmp_path: Path, kind: Kind, body: bytes) -> None:
    with hosts({A: always(Reply(body=body))}) as served:
        answer = served.door(tmp_path, {"composed": source()})(ask(expects=kind))
    assert answer.path.read_bytes() == body


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    with hosts({A: always(Reply(body=zipped(a=b"1")))}) as served:
        error = refused(served, tmp_path, ask(expects="xlsx"))
    assert "a zip, but no workbook" in str(error)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_too_many_bytes(tmp_path: Path, framing: Framing) -> None:
    reply = Reply(body=CSV * 1000, framing=framing)
    with hosts({A: always(reply)}) as served:
        error = refused(served, tmp_path, ask(expects="csv"), most_megabytes=0.02)
    assert isinstance(error, refusals.TooLargeError)
    assert "more than 20,000 bytes" in str(error)


def bomb() -> bytes:
    """Pack 64 MB of zeros into 64 kB."""
    return gzip.compress(bytes(64_000_000))


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_a_gzip_bomb(tmp_path: Path, headers: dict[str, str]) -> None:
    kind: Kind = "csv" if headers else "gzip"
    with hosts({A: always(Reply(body=bomb(), headers=headers))}) as served:
        error = refused(served, tmp_path, ask(expects=kind))
        assert isinstance(error, refusals.TooLargeError)
        assert "more than 100 times its size" in str(error)
        small = {"most_ratio": 1e9, "most_unpacked_megabytes": 30}
        error = refused(served, tmp_path, ask(expects=kind), **small)
        assert "more than 30,000,000 bytes" in str(error)


@at_once
def test_a_very_long_json_is_held_against_its_brackets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too long to be parsed here; brackets and quotes in its texts are no brackets."""
    monkeypatch.setattr(kinds, "SMALL", 0)
    body = b' {"a}]": [{"b": "}]\\\\\\"]}"}, {"c": "\xc3\xa9{[["}], "d": [[]]}\n'
    assert json.loads(body)
    path = tmp_path / "it"
    limits = Limits.of(source().manners)
    for size in range(1, len(body) - 1):
        path.write_bytes(body[:size])
        with pytest.raises(refusals.CutShortError):
            kinds.check(path, "json", limits, is_measured=False)
    path.write_bytes(body)
    kinds.check(path, "json", limits, is_measured=False)


def test_an_encoding_that_was_not_asked_for(tmp_path: Path) -> None:
    with hosts({A: always(Reply(body=JSON, headers={"Content-Encoding": "br"}))}) as served:
        assert "encoded as 'br'" in str(refused(served, tmp_path))


@at_once
@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=JSON, pause=2),
        Reply(body=JSON, head_pause=0.15, headers={f"X-{n}": "1" for n in range(20)}),
        Reply(body=CSV * 40, piece_pause=2),
    ],
    ids=["silence", "dripping head", "body"],
)
def test_a_slow_host(tmp_path: Path, reply: Reply) -> None:
    with hosts({A: always(reply)}) as served:
        begun = time.monotonic()
        error = refused(served, tmp_path, read_seconds=0.3)
        assert isinstance(error, refusals.TooSlowError)
        assert time.monotonic() - begun < 1.5


@at_once
def test_a_dripping_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, the answer does not."""
    monkeypatch.setattr(bodies, "PATIENCE", 1)
    with hosts({A: always(Reply(body=b"1" * 60_000, piece_pause=0.05))}) as served:
        error = refused(served, tmp_path, read_seconds=0.4)
    assert isinstance(error, refusals.TooSlowError)
    assert "bytes came in" in str(error)


@at_once
def test_an_error_whose_body_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 1)
    with hosts({A: always(Reply(404, b"gone " * 10_000, piece_pause=0.05))}) as served:
        begun = time.monotonic()
        assert isinstance(refused(served, tmp_path, read_seconds=0.4), refusals.NotFoundError)
        assert time.monotonic() - begun < 2
        served.handlers[A] = always(Reply(404, b"gone", cut_at=2))
        assert isinstance(refused(served, tmp_path), refusals.NotFoundError)


# Bodies that were cut


def thirty_thousand(kind: Kind) -> bytes:
    """Compose about 30,000 bytes of a kind, as they travel."""
    state, lines = 1, ["year,code,value"]
    while len(lines) < 2200:
        state = state * 48271 % 2147483647
        lines.append(f"20{state % 20:02},{state % 9973},{state}")
    text = "\n".join(lines).encode() + b"\n"
    if kind == "json":
        return json.dumps({"data": [line.split(",") for line in lines[:1000]]}).encode()
    if kind == "gzip":
        return gzip.compress(text)
    if kind == "zip":
        return zipped(**{"a.csv": text[:30_000], "b.csv": text[30_000:]})
    return text[:30_000].rpartition(b"\n")[0] + b"\n"


@at_once
@pytest.mark.parametrize(
    "framing",
    [
        "length",
        pytest.param("chunked", marks=pytest.mark.slow),
        pytest.param("close", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "gzip", "json", "csv"])
def test_a_body_cut_anywhere(tmp_path: Path, kind: Kind, framing: Framing) -> None:
    """At every thousandth byte: refused by name, and nothing of it counts."""
    body = thirty_thousand(kind)
    assert 20_000 < len(body) < 40_000

    def handler(asked: Asked) -> Reply:
        cut = int(asked.path.removeprefix("/"))
        return Reply(body=body, cut_at=cut if cut < len(body) else None, framing=framing)

    with hosts({A: handler}) as served:
        door = served.door(tmp_path, {"composed": source()})
        for cut in range(0, len(body), 1000):
            with pytest.raises(IncompleteError) as caught:
                door(ask(f"/{cut}", expects=kind))
            assert isinstance(caught.value, refusals.CutShortError), cut
        assert nothing_good(tmp_path)
        if framing != "close":
            assert door(ask(f"/{len(body)}", expects=kind)).path.read_bytes() == body


@at_once
@pytest.mark.parametrize("kind", ["zip", "gzip", "json", "csv"])
def test_a_body_cut_with_a_polite_goodbye(tmp_path: Path, kind: Kind) -> None:
    """No length, no chunks, a proper end of the connection: only the bytes can tell.

    A CSV that ends with a line is the one that cannot: its rows are counted when it is staged.
    """
    body = thirty_thousand(kind)
    with hosts(
        {A: lambda a: Reply(body=body[: int(a.path[1:])], framing="close", is_polite=True)}
    ) as served:
        door = served.door(tmp_path, {"composed": source()})
        for cut in range(0, len(body), 1000):
            if kind == "csv" and body[:cut].endswith(b"\n"):
                continue
            with pytest.raises(IncompleteError):
                door(ask(f"/{cut}", expects=kind))
        assert nothing_good(tmp_path)


@at_once
@pytest.mark.parametrize("kind", ["zip", "gzip", "json"])
def test_a_length_that_lies(tmp_path: Path, kind: Kind) -> None:
    """The host claims less than there is, or more."""
    body = thirty_thousand(kind)
    short = len(body) - 1003
    assert body[short - 1 : short] != b"\n"
    with hosts({A: always(Reply(body=body, length=short, framing="close"))}) as served:
        assert isinstance(refused(served, tmp_path, ask(expects=kind)), IncompleteError)
        served.handlers[A] = always(Reply(body=body, length=len(body) + 1, framing="close"))
        assert isinstance(refused(served, tmp_path, ask(expects=kind)), IncompleteError)


@at_once
@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_csv_cut_at_the_end_of_a_line(tmp_path: Path, framing: Framing) -> None:
    """Its bytes are a good CSV; that it is cut shows in how the connection ended."""
    with hosts({A: always(Reply(body=CSV, cut_at=CSV.index(b"2021"), framing=framing))}) as served:
        error = refused(served, tmp_path, ask(expects="csv"))
    assert isinstance(error, refusals.CutShortError)


@at_once
def test_a_page_that_was_cut(tmp_path: Path) -> None:
    for size in (len(PAGE) - 8, len(PAGE)):
        reply = Reply(body=PAGE[:size], framing="close", is_polite=True)
        with hosts({A: always(reply)}) as served:
            if size < len(PAGE):
                error = refused(served, tmp_path, ask(expects="html"))
                assert isinstance(error, refusals.CutShortError)
            else:
                served.door(tmp_path, {"composed": source()})(ask(expects="html"))


def test_what_only_a_count_of_rows_can_tell(tmp_path: Path) -> None:
    """A host that claims the shorter length: staging counts the rows, the door cannot."""
    cut = CSV.index(b"2021")
    with hosts({A: always(Reply(body=CSV, length=cut, framing="close"))}) as served:
        answer = served.door(tmp_path, {"composed": source()})(ask(expects="csv"))
    assert answer.path.read_bytes() == CSV[:cut]


def test_a_cut_body_is_asked_for_again(tmp_path: Path) -> None:
    cut = Reply(body=JSON, cut_at=5)
    with hosts({A: one_by_one(cut, cut, Reply(body=JSON))}) as served:
        assert served.door(tmp_path, {"composed": source()})(ask()).is_new
        assert len(served.log) == 3


@at_once
def test_damage_is_seen(tmp_path: Path) -> None:
    kinds: tuple[Kind, ...] = ("gzip", "zip")
    for kind in kinds:
        body = bytearray(thirty_thousand(kind))
        body[15_000] ^= 1
        with hosts({A: always(Reply(body=bytes(body)))}) as served:
            error = refused(served, tmp_path, ask(expects=kind))
        assert isinstance(error, refusals.DamagedError)
        assert isinstance(error, IncompleteError)


KILLED = """
import sys
from pathlib import Path
from tests.served.host import Reply, hosts
from tests.sources.test_fetch import A, CSV, ask, source

store = Path(sys.argv[1])
with hosts({A: lambda _: Reply(body=CSV * 2000, piece_pause=0.01)}) as served:
    served.door(store, {"composed": source()})(ask(expects="csv"))
"""


def test_a_download_killed_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)])
    folder = tmp_path / "composed" / "answers"
    deadline = time.monotonic() + 20
    while not (folder.is_dir() and list(folder.iterdir())):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (left,) = folder.iterdir()
    assert left.name.startswith(".incoming-")
    answers = Answers(tmp_path, "composed")
    assert answers.rows() == []
    assert answers.last(ask(expects="csv")) is None
    with hosts({A: always(Reply(body=CSV))}) as served:
        door = served.door(tmp_path, {"composed": source()})
        assert door(ask(expects="csv")).is_new


# The key


def leaks(store: Path, caplog: pytest.LogCaptureFixture, error: BaseException | None) -> list[str]:
    """Where the key can be found."""
    found = [str(path) for path in store.rglob("*") if path.is_file() and key_in(path.read_bytes())]
    if key_in(caplog.text.encode()) or any(key_in(repr(vars(r)).encode()) for r in caplog.records):
        found.append("log")
    if error is not None:
        below = error.__traceback__.tb_next if error.__traceback__ else None
        # The first frame is this test's own, which knows the key.
        trace = traceback.TracebackException(type(error), error, below, capture_locals=True)
        found += [line for line in trace.format() if key_in(line.encode())]
        chain = [error, error.__cause__, error.__context__]
        if any(key_in(repr(e).encode() + repr(vars(e)).encode()) for e in chain if e):
            found.append("exception")
        if error.__context__ is not None or error.__cause__ is not None:
            found.append("a chained exception")
    return found


def key_in(data: bytes) -> bool:
    """Whether bytes hold the key, or enough of its start to matter."""
    return CANARY[:10].encode() in data or CANARY[:10].upper().encode() in data


ECHOES: dict[str, Callable[[Asked], Reply]] = {
    "error body": lambda a: Reply(401, f"bad key {a.headers['composed-key']}".encode()),
    "error body, loud": lambda a: Reply(400, a.headers["composed-key"].upper().encode()),
    "error header": lambda a: Reply(400, b"x", {"ETag": a.headers["composed-key"]}),
    "answer": lambda a: Reply(body=json.dumps({"k": a.headers["composed-key"]}).encode()),
    "packed answer": lambda a: Reply(
        body=gzip.compress(json.dumps({"k": a.headers["composed-key"]}).encode()),
        headers={"Content-Encoding": "gzip"},
    ),
    "answer header": lambda a: Reply(body=b"{", headers={"ETag": a.headers["composed-key"]}),
    "redirect": lambda a: Reply(302, headers={"Location": f"/?k={a.headers['composed-key']}"}),
    "redirect to another": lambda a: Reply(
        302, headers={"Location": f"https://{B}/{a.headers['composed-key']}"}
    ),
    "cut": lambda _: Reply(body=JSON, cut_at=3),
    "failure": lambda a: Reply(500, a.headers["composed-key"].encode()),
    "no HTTP": lambda a: Reply(200, headers={"X: y\r\nbroken": a.headers["composed-key"]}),
    "slow": lambda _: Reply(body=JSON, pause=1),
    "long failure": lambda a: Reply(
        500, b"." * (SHOWN - 15) + a.headers["composed-key"].encode() + b"." * 200
    ),
    "good": lambda _: Reply(body=JSON),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_the_key_is_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture, echo: str) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    error: BaseException | None = None
    with hosts({A: ECHOES[echo], B: always(Reply(body=JSON))}) as served:
        door = served.door(tmp_path, {"composed": source(A, B, read_seconds=0.3)})
        try:
            door(ask(secret=KEY))
        except FetchError as caught:
            error = caught
        assert (error is None) == (echo == "good")
        assert leaks(tmp_path, caplog, error) == []
        assert not [asked for asked in served.log if asked.host == B]


def test_a_key_split_over_two_pieces_is_seen(tmp_path: Path) -> None:
    body = b"x" * (1 << 17)
    body = body[: (1 << 17) - 10] + CANARY.encode() + body
    with hosts({A: always(Reply(body=b'["' + body + b'"]', piece_pause=1e-6))}) as served:
        error = refused(served, tmp_path, ask(secret=KEY))
    assert isinstance(error, refusals.KeyLeakError)


@pytest.mark.parametrize("key", ["", "short", f"{CANARY}\n", f" {CANARY}", f"{CANARY}é"])
def test_a_key_that_no_header_carries(tmp_path: Path, key: str) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        error = refused(served, tmp_path, ask(secret=Secret("Composed-Key", SecretStr(key))))
        assert isinstance(error, refusals.KeyRefusedError)
        assert CANARY not in str(error)
        assert served.names == []


@pytest.mark.parametrize("where", [{"params": {"key": CANARY}}, {"path": f"/{CANARY}/x"}])
def test_a_key_in_the_url_is_refused(tmp_path: Path, where: dict[str, Any]) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        error = refused(served, tmp_path, ask(secret=KEY, **where))
        assert isinstance(error, refusals.KeyLeakError)
        assert CANARY not in str(error)
        assert served.names == []


def test_an_answer_prints_without_its_key(tmp_path: Path) -> None:
    with hosts({A: always(Reply(body=JSON))}) as served:
        answer: Answer = served.door(tmp_path, {"composed": source()})(ask(secret=KEY))
    assert CANARY not in repr(answer)


# What could open the door, and does not

DOOR = [CHECKOUT / "flows/sources/fetch.py", *(CHECKOUT / "flows/sources/door").glob("*.py")]


def test_nothing_of_the_door_reads_the_environment_or_a_setting() -> None:
    assert len(DOOR) > 10
    for name in DOOR:
        tree = ast.parse(name.read_text("utf-8"))
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        } | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not (named | imported) & {"environ", "getenv", "flows.settings", "Settings"}, name


def test_nobody_but_a_test_gives_the_door_its_doors() -> None:
    """The arguments that lead elsewhere are passed by no module and named by no setting."""
    doors = {"resolver", "tls", "wire", "sleep", "now"}
    assert doors == {
        name
        for name, parameter in inspect.signature(Door).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert not doors & set(Settings.model_fields)
    for path in sorted((CHECKOUT / "flows").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Door":
                assert node.keywords == [], f"{path}:{node.lineno}"
                assert len(node.args) == 2, f"{path}:{node.lineno}"


def test_no_variable_opens_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    """No proxy, no other certificate authority, no password file, no log of TLS's keys."""
    with hosts({A: always(Reply(body=JSON))}) as served:
        authority = tmp_path / "authority.pem"
        served.authority.cert_pem.write_to_path(str(authority))
        (tmp_path / ".netrc").write_text(f"machine {A} login me password {CANARY}\n")
        (tmp_path / ".netrc").chmod(0o600)
        proxy = f"http://127.0.0.1:{free_port}"
        opening = {
            **dict.fromkeys(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"], proxy),
            **dict.fromkeys(
                ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"], str(authority)
            ),
            "SSL_CERT_DIR": str(tmp_path),
            "SSLKEYLOGFILE": str(tmp_path / "keylog"),
            "HOME": str(tmp_path),
            "NETRC": str(tmp_path / ".netrc"),
            "PYTHONHTTPSVERIFY": "0",
            **{f"OREWATCH_{name}": "x" for name in ("RESOLVER", "TLS", "WIRE", "HOSTS", "PROXY")},
        }
        for name, value in opening.items():
            monkeypatch.setenv(name, value)
        store = tmp_path / "store"
        with pytest.raises(refusals.CertificateError):
            served.door(store, {"composed": source()}, tls=None)(ask())
        assert served.door(store, {"composed": source()})(ask()).is_new
        assert "authorization" not in served.log[0].headers
        assert not (tmp_path / "keylog").exists()
        with pytest.raises(refusals.AddressRefusedError):
            served.door(store, {"composed": source()})(Request("composed", f"https://{B}/", "json"))


def test_a_lax_context_is_refused(tmp_path: Path) -> None:
    lax = tls_context()
    lax.check_hostname = False
    with pytest.raises(ValueError, match="verifies certificate and host"):
        Door(tmp_path, {}, tls=lax)


def test_a_source_that_is_not_of_this_door(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="composed is none of nothing"):
        Door(tmp_path, {})(ask())
