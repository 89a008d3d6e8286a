"""Find the editions of the Mineral Commodity Summaries among the items of ScienceBase.

`addresses` in source.yml says which file each edition is and which items may hold it. An item
states each file's address, size and checksum: the checksum tells a revised file from the one that
is here, and what came is held against both.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, Field, ValidationError

from flows.sources.connect import Answer, Ask, Brought, Offer, Request, Wish
from flows.sources.contract import Edition, IncompleteError, Source, SourceError

FILE = re.compile(r"file_(?P<layout>[a-z]+)_(?P<edition>\d{4})")
ALGORITHMS = ("md5", "sha1", "sha256")


class Checksum(BaseModel):
    """A file's checksum, as its item states it."""

    type: str
    value: str


class File(BaseModel):
    """One file of an item."""

    name: str
    url: str
    size: int
    checksum: Checksum | None = None
    dateUploaded: str = ""  # noqa: N815 - ScienceBase's own name


class Day(BaseModel):
    """One of an item's dates."""

    type: str
    dateString: str  # noqa: N815 - ScienceBase's own name


class Item(BaseModel):
    """What is read of an item of ScienceBase."""

    id: str
    title: str
    files: list[File] = Field(default_factory=list)
    dates: list[Day] = Field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """An edition as source.yml knows it."""

    id: str
    layout: str
    file: str
    items: tuple[str, ...]


def offers(ask: Ask, source: Source, wish: Wish) -> list[Offer]:
    """Offer each edition that does not ship with the project.

    One that is here is offered again; its file is fetched again only if its checksum changed.

    Raises:
        SourceError: an item is not the edition's, or none holds its file.

    """
    here = {edition.id: edition for edition in wish.known}
    shipped = {id_ for id_, edition in here.items() if edition.fetched is None}
    return [
        offer(ask, source, known, here.get(known.id))
        for known in editions(source)
        if known.id not in shipped
    ]


def editions(source: Source) -> list[Known]:
    """The editions of which source.yml says where they are, the oldest first."""
    found = []
    for name, file in source.addresses.items():
        if match := FILE.fullmatch(name):
            prefix = f"item_{match['edition']}_"
            items = [url for key, url in source.addresses.items() if key.startswith(prefix)]
            found.append(Known(match["edition"], match["layout"], file, tuple(items)))
    return sorted(found, key=lambda known: known.id)


def offer(ask: Ask, source: Source, known: Known, here: Edition | None) -> Offer:
    """Offer one edition, of the first item that holds its file."""
    seen: list[str] = []
    for url in known.items:
        item = read_item(ask(Request(source.id, url, "json", {"format": "json"})), known)
        for file in item.files:
            if file.name == known.file:
                return of_file(source, known, item, file, here)
        seen += [file.name for file in item.files]
    raise SourceError(
        f"{source.id} {known.id}: no file {known.file} in {', '.join(known.items)}; they have "
        f"{', '.join(seen) or 'none'}. See `addresses` in usgs_mcs/source.yml"
    )


def read_item(answer: Answer, known: Known) -> Item:
    """Read an item's JSON.

    Raises:
        SourceError: it is no item, or of another edition.

    """
    try:
        item = Item.model_validate_json(answer.path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SourceError(f"{answer.request.url}: no item of ScienceBase ({faults})") from error
    if f"Mineral Commodity Summaries {known.id}" not in item.title:
        raise SourceError(
            f"{answer.request.url}: is {item.title!r}, not the Mineral Commodity Summaries "
            f"{known.id}; see `addresses` in usgs_mcs/source.yml"
        )
    return item


def of_file(source: Source, known: Known, item: Item, file: File, here: Edition | None) -> Offer:
    """Offer the edition's file."""
    mark = f"{marked(file)} {file.size}"
    address = urlsplit(file.url)
    request = Request(
        source.id,
        address._replace(query="", fragment="").geturl(),
        "csv",
        dict(parse_qsl(address.query, keep_blank_values=True)),
        mark=mark,
    )
    day = released(item)
    edition = Edition(
        id=known.id,
        released=day,
        released_basis="stated" if day else "unknown",
        note=f"The publisher's one CSV file, from item {item.id} of ScienceBase.",
        layout=known.layout,
    )
    why = f"edition {known.id} is on ScienceBase, and not here"
    if here and here.fetched:
        why = (
            f"edition {known.id} is here since {here.fetched:%Y-%m-%d}; {known.file} comes again "
            "only if its checksum changed"
        )
    return Offer(edition, (request,), why)


def marked(file: File) -> str:
    """Give what changes with a file's content.

    Raises:
        SourceError: its item states neither a checksum nor when it was uploaded.

    """
    if file.checksum:
        return f"{file.checksum.type.lower().replace('-', '')}:{file.checksum.value.lower()}"
    if file.dateUploaded:
        return f"uploaded:{file.dateUploaded}"
    raise SourceError(f"{file.url}: its item states neither checksum nor dateUploaded")


def released(item: Item) -> date | None:
    """The day of publication that an item states."""
    for day in item.dates:
        if day.type.lower() == "publication":
            try:
                return datetime.fromisoformat(day.dateString).date()
            except ValueError:
                return None
    return None


def bring(ask: Ask, source: Source, offer: Offer) -> list[Brought]:
    """Fetch the edition's file, and hold it against the size and checksum that its item states.

    Raises:
        IncompleteError: it is not what the item states.

    """
    (request,) = offer.requests
    answer = ask(request)
    if not answer.is_new and (problem := fault(answer, request.mark)):
        # Without this the host may say that nothing changed, and the same bytes serve again.
        ask.spoil(answer, problem)
        answer = ask(request)
    if problem := fault(answer, request.mark):
        ask.spoil(answer, problem)
        raise IncompleteError(
            f"{source.id} {offer.edition.id}: {request.url}: {problem}; run again"
        )
    (name,) = (known.file for known in editions(source) if known.id == offer.edition.id)
    return [Brought(name, answer)]


def fault(answer: Answer, mark: str) -> str:
    """Say what an answer has otherwise than its mark; empty where nothing."""
    stated, _, size = mark.rpartition(" ")
    if answer.bytes != int(size):
        return f"{answer.bytes:,} bytes came, its item states {int(size):,}"
    algorithm, _, value = stated.partition(":")
    if algorithm not in ALGORITHMS:
        return ""
    made: Any = hashlib.new(algorithm, usedforsecurity=False)
    with answer.path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: made).hexdigest()
    return "" if found == value else f"its {algorithm} is {found}, its item states {value}"
