"""What a connector is: how a source's editions are found and fetched, part by part.

A connector is `connect.py` in a source's folder. It asks through the one door (`fetch.py`) and
nowhere else, so it has two functions and no network of its own:

    offers(ask, source, wish) -> list[Offer]     small requests: which editions are there
    bring(ask, source, offer) -> list[Brought]   the edition's files; where it is absent, `fetched`

An offer is no promise kept: `flows/sources/editions.py` stages and judges what was brought before
any flow uses it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal, Protocol

from pydantic import SecretStr

from flows.sources.contract import FOLDER, Edition, Source, SourceError

Kind = Literal["zip", "gzip", "csv", "json", "xlsx", "html"]
"""What an answer must be; anything else is refused."""

Faults = Callable[[int, Mapping[str, str], bytes], SourceError | None]
"""Status, headers and body (cut at 64 KiB) of an answer -> the source's own error, if it is one."""


class FetchError(SourceError):
    """The network, or the host at its other end, did not give what was asked for."""


class NoKeyError(SourceError):
    """The source wants a key and there is none; the message names the variable."""


@dataclass(frozen=True)
class Secret:
    """A key, and the header in which alone it travels."""

    header: str
    value: SecretStr


@dataclass(frozen=True)
class Request:
    """One request. Equal `url` and `params` are the same request, whatever key it travels with."""

    source: str
    url: str
    expects: Kind
    params: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    """The source's own change marker (a checksum, a release time). A kept answer to the same
    request with the same mark is used again without asking; empty means ask conditionally."""
    secret: Secret | None = None
    faults: Faults | None = None
    """The source's own reading of an answer that is an error, also of one with status 200."""


@dataclass(frozen=True)
class Answer:
    """A whole answer, kept: its bytes as they came, and what the ledger says of it."""

    request: Request
    path: Path
    sha256: str
    bytes: int
    headers: Mapping[str, str]
    time: datetime
    """When these bytes came."""
    is_new: bool
    """Whether they came just now; false where kept bytes serve again."""


class Ask(Protocol):
    """The door, as a connector sees it."""

    def __call__(self, request: Request) -> Answer:
        """Ask once, politely, with retries; or give the kept answer where it still holds.

        Raises:
            FetchError: see `flows/sources/fetch.py` for its kinds.
            SourceError: what `request.faults` made of the answer.

        """

    def holds(self, request: Request) -> bool:
        """Whether a kept answer serves, without asking: same request, same mark, not empty."""

    def spoil(self, answer: Answer, why: str) -> None:
        """Say that a kept answer turned out to be none: it never serves again, its bytes stay."""


@dataclass(frozen=True)
class Wish:
    """What is wanted of the sources: the same for every connector, which uses its part."""

    today: date
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """HS codes tracked, by HS revision (H0 to H6)."""
    reporters: tuple[str, ...] = ()
    """Importers wanted, as ISO alpha-3; empty means the source's default."""
    years: tuple[int, int] | None = None
    """First and last year wanted; null means what the source's default says."""
    monthly: bool = False
    keys: Mapping[str, SecretStr] = field(default_factory=dict)
    """Keys by source id; a source without one may need none, or say which variable is missing."""
    keyless: bool = False
    """Whether the source's smaller service without a key is asked for, in so many words."""
    known: tuple[Edition, ...] = ()
    """Editions already here, bundled and accepted."""
    country_codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By system of `ref.country_code`: ISO alpha-3 -> the system's code, as of today."""


@dataclass(frozen=True)
class Offer:
    """An edition that the source has: what it would take to fetch it, and why one would."""

    edition: Edition
    requests: tuple[Request, ...]
    why: str


@dataclass(frozen=True)
class Brought:
    """One file of a fetched edition: its name in the edition, and the kept answer behind it."""

    name: str
    answer: Answer


Offers = Callable[[Ask, Source, Wish], list[Offer]]
Bring = Callable[[Ask, Source, Offer], list[Brought]]


@dataclass(frozen=True)
class Connector:
    """A source's way in."""

    offers: Offers
    bring: Bring


def has_connector(source_id: str) -> bool:
    """Whether a source can be fetched at all; an article cannot."""
    return (FOLDER / source_id / "connect.py").is_file()


def connector(source_id: str) -> Connector:
    """Give the source's connector.

    Raises:
        SourceError: it has none.

    """
    if not has_connector(source_id):
        raise SourceError(
            f"{source_id} cannot be fetched; a newer edition comes by "
            f"`orewatch refresh {source_id} --file PATH --edition ID`"
        )
    module = importlib.import_module(f"flows.sources.{source_id}.connect")
    return Connector(module.offers, getattr(module, "bring", fetched))


def fetched(ask: Ask, source: Source, offer: Offer) -> list[Brought]:  # noqa: ARG001
    """Fetch an offer's requests as they stand: a file each, named as its URL ends."""
    return [Brought(file_name(request), ask(request)) for request in offer.requests]


def file_name(request: Request) -> str:
    """The last part of a request's path."""
    return request.url.rstrip("/").rpartition("/")[2]


def address(source: Source, name: str, **parts: str) -> str:
    """Fill one of the address patterns of `source.yml`.

    Raises:
        SourceError: `source.yml` has no address of that name.

    """
    if name not in source.addresses:
        raise SourceError(f"{source.folder / 'source.yml'}: addresses lacks {name}")
    return source.addresses[name].format(**parts)
