"""An answer on its way in, the errand that it answers, and its row in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flows.sources.connect import Request
from flows.sources.contract import Source, SourceError
from flows.sources.door import keys
from flows.sources.door.answers import Answers, Row

SHOWN = 65_536
"""Bytes of an answer that a source's own reading is shown, and that are kept of an error."""
MATTER = (
    "etag",
    "last-modified",
    "content-type",
    "content-length",
    "content-encoding",
    "date",
    "retry-after",
)
"""Headers that the ledger keeps."""
HEADER = 1000
"""Characters kept of a header."""
GZIP = ("gzip", "x-gzip")


@dataclass(frozen=True)
class Errand:
    """One request and all that goes with it."""

    request: Request
    source: Source
    answers: Answers
    kept: Row | None = None
    """The good answer that is here already, if its bytes are."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Letter:
    """An answer as it arrives."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case; free of the key."""
    pieces: Iterator[bytes]
    """The body as it travels; raises refusals only."""
    via: tuple[str, ...]
    time: datetime


def refuse(
    letter: Letter, errand: Errand, error: SourceError, body: bytes = b"", size: int = 0
) -> None:
    """Note an answer that is none; what is given of its body is kept, and is free of the key."""
    note(
        letter,
        errand,
        bytes=size,
        sha256=errand.answers.keep_small(body) if body else None,
        refused=keys.scrubbed(f"{type(error).__name__}: {error}", errand.request.secret),
    )


def note(letter: Letter, errand: Errand, **more: Any) -> Row:  # noqa: ANN401 - fields of Row
    """Put an answer into the ledger."""
    request = errand.request
    row = Row(
        source=request.source,
        url=request.url,
        params=dict(request.params),
        expects=request.expects,
        mark=request.mark,
        time=letter.time,
        status=letter.status,
        headers={n: v[:HEADER] for n, v in letter.headers.items() if n in MATTER},
        decoded=encoding(letter, errand) if letter.status == HTTPStatus.OK else "",
        via=list(letter.via),
        note=errand.note,
        **more,
    )
    errand.answers.note(row)
    return row


def encoding(letter: Letter, errand: Errand) -> str:
    """Give the Content-Encoding that is to be undone; empty where there is none."""
    named = letter.headers.get("content-encoding", "").strip().lower()
    if named in {"", "identity"}:
        return ""
    # A gzip file that is also labelled as packed for the way is one gzip, not two.
    return "" if errand.request.expects == "gzip" and named in GZIP else named
