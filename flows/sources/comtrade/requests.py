"""What is asked of UN Comtrade: requests of one reporter and year, pinned, within every limit.

A request asks for both flows and all tracked codes of a reporter's year (its months, where they are
monthly), and for all partners by naming none. So a pull goes on where it ended by reporter and
year, an annual answer stays below the row limit (151 codes, 2 flows, at most some 230 partners),
and where a request meets a limit it is halved: by codes, then by periods, then by flows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlencode

from flows.sources.comtrade.errors import PINS, VARIABLES, KeyMissingError
from flows.sources.comtrade.faults import faults
from flows.sources.connect import Request, Secret, Wish, address
from flows.sources.contract import Source

HEADER = "Ocp-Apim-Subscription-Key"
MOST_PERIODS = 12
MOST_CHARACTERS = 4000
"""Of a URL; the host refuses those of about 4,096."""
ROW_CAPS = {100_000, 250_000}
"""Rows at which an answer is cut off: with a free key, and with one that is paid for."""
KEYLESS_CAP = 500
FETCHED = re.compile(r"\d+_\d{4,6}(?:-\d{4,6})?_[0-9a-f]{12}\.json", re.ASCII)
"""What `file_name` gives."""
SPLIT = ("cmdCode", "period", "flowCode")
"""Parameters whose lists are halved, in this order."""


@dataclass(frozen=True)
class Dataset:
    """What the source announces of one reporter's period."""

    reporter: int
    period: str
    """YYYY or YYYYMM."""
    revision: str
    """HS revision that the reporter used."""
    mark: str
    """Changes with the data: the source's checksum and time of release."""
    released: str
    """YYYY-MM-DD."""


@dataclass(frozen=True)
class Service:
    """Which of UN Comtrade's two services is asked, and with what key."""

    source: Source
    frequency: str
    """A or M."""
    secret: Secret | None
    """Null for the smaller service without a key."""

    @property
    def suffix(self) -> str:
        """What the names of the addresses end in."""
        return "" if self.secret else "_keyless"

    def request(self, name: str, params: dict[str, str], mark: str = "") -> Request:
        """One request to the address of that name."""
        return Request(
            source=self.source.id,
            url=address(self.source, name + self.suffix, frequency=self.frequency),
            expects="json",
            params=params,
            mark=mark,
            secret=self.secret,
            faults=faults,
        )


def secret_of(source: Source, wish: Wish) -> Secret | None:
    """The key; null where the service without one is asked for in so many words.

    Raises:
        KeyMissingError: there is no key, and it was not.

    """
    if wish.keyless:
        return None
    if source.id not in wish.keys:
        raise KeyMissingError(
            f"{source.id}: no key: set {VARIABLES} to the primary key of a free account; or ask "
            "for the preview without one, by `--keyless`: one period and one code a call"
        )
    return Secret(HEADER, wish.keys[source.id])


def availability(
    service: Service, reporters: Sequence[str], periods: Sequence[str]
) -> Iterator[Request]:
    """The small requests: which datasets there are, with their checksums."""
    for start in range(0, len(periods), MOST_PERIODS):
        chunk = ",".join(periods[start : start + MOST_PERIODS])
        params = {"reporterCode": ",".join(reporters), "period": chunk}
        yield service.request("available", params)


def data_requests(
    service: Service, datasets: Iterable[Dataset], codes: Sequence[str]
) -> Iterator[Request]:
    """The requests that fetch datasets of one HS revision, with the marks that they change with."""

    def year(dataset: Dataset) -> tuple[int, str]:
        return dataset.reporter, dataset.period[:4]

    in_order = sorted(datasets, key=lambda one: (one.reporter, one.period))
    for (reporter, _), group in groupby(in_order, key=year):
        held = list(group)
        params = {
            "reporterCode": str(reporter),
            "period": ",".join(one.period for one in held),
            "cmdCode": ",".join(codes),
            "flowCode": "M,X",
            **PINS,
        }
        marks = {one.period: one.mark for one in held}
        yield from fitting(service.request("data", params), marks, is_keyless=not service.secret)


def fitting(request: Request, marks: dict[str, str], *, is_keyless: bool) -> Iterator[Request]:
    """Halve a request until it is within the limits of its service."""
    single = ("cmdCode", "period") if is_keyless else ()
    too_long = len(request.url) + 1 + len(urlencode(request.params)) > MOST_CHARACTERS
    name = next((n for n in single if "," in request.params[n]), "cmdCode" if too_long else "")
    if not name:
        held = request.params["period"].split(",")
        yield replace(request, mark=" ".join(f"{p}:{marks[p]}" for p in held))
        return
    for half in halved(request, name):
        yield from fitting(half, marks, is_keyless=is_keyless)


def halved(request: Request, name: str) -> tuple[Request, Request]:
    """Two requests with half a list each."""
    values = request.params[name].split(",")
    middle = (len(values) + 1) // 2
    first, second = ",".join(values[:middle]), ",".join(values[middle:])
    params = dict(request.params)
    return (
        replace(request, params=params | {name: first}),
        replace(request, params=params | {name: second}),
    )


def parts(request: Request) -> tuple[Request, Request] | None:
    """The halves of a request whose answer was cut at the row limit; null where it has none."""
    name = next((n for n in SPLIT if "," in request.params[n]), None)
    return halved(request, name) if name else None


def is_cut(request: Request, rows: int) -> bool:
    """Whether an answer of so many rows was cut at the row limit, or may have been."""
    if request.secret is None:
        return rows >= KEYLESS_CAP
    return rows in ROW_CAPS or rows > max(ROW_CAPS)


def is_full(service: Service, rows: int) -> bool:
    """Whether so many announcements may be all that the host gives at once."""
    return rows in ROW_CAPS or (service.secret is None and rows == KEYLESS_CAP)


def file_name(request: Request) -> str:
    """What an answer is called in its edition: reporter, first and last period, and a hash."""
    periods = request.params["period"].split(",")
    asked = urlencode(sorted(request.params.items()))
    digest = hashlib.sha256(f"{request.url}?{asked}".encode()).hexdigest()[:12]
    span = "-".join(dict.fromkeys((periods[0], periods[-1])))
    return f"{request.params['reporterCode']}_{span}_{digest}.json"
