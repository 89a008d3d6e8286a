"""The body of an answer as it comes: counted, timed, unpacked, and free of the key."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

from flows.sources.door import keys
from flows.sources.door.archives import Gunzip
from flows.sources.door.letters import GZIP, Errand, Letter, encoding
from flows.sources.door.limits import Limits
from flows.sources.door.refusals import (
    CutShortError,
    NotPromisedError,
    RefusalError,
    TooLargeError,
    TooSlowError,
)

A_KEY = 1024
"""Bytes of the longest key, which must not be cut in two before it is looked for."""
PATIENCE = 5
"""Times `read_seconds` that an answer may take from its head on, besides what its bytes earn."""
SLOWEST = 50_000
"""Bytes that earn an answer a second more."""


def body(letter: Letter, errand: Errand) -> Iterator[bytes]:
    """Give the body's bytes as they are to be kept, within all limits."""
    pieces = _decoded(_measured(letter, errand), letter, errand)
    return keys.watched(pieces, errand.request.secret)


def beginning(letter: Letter, errand: Errand, most: int) -> bytes:
    """Give the first bytes of an error's body: as many as come in time, and a few more than asked.

    Never an error itself: what is wrong is known already.
    """
    patience = PATIENCE * errand.source.manners.read_seconds
    begun, came = time.monotonic(), b""
    with suppress(RefusalError):
        for piece in letter.pieces:
            came += piece
            if len(came) >= most + A_KEY or time.monotonic() - begun > patience:
                break
    return came


def _measured(letter: Letter, errand: Errand) -> Iterator[bytes]:
    """Count the body as it comes, against time, limit and Content-Length."""
    manners = errand.source.manners
    most = int(manners.most_megabytes * 1_000_000)
    stated = letter.headers.get("content-length", "")
    length = int(stated) if stated.isascii() and stated.isdigit() else None
    too_large = f"more than {most:,} bytes; if it should be, raise most_megabytes in source.yml"
    if length is not None and length > most:
        raise TooLargeError(f"{length:,} bytes are announced, {too_large}")
    begun, size = time.monotonic(), 0
    for piece in letter.pieces:
        size += len(piece)
        if size > most:
            raise TooLargeError(too_large)
        if time.monotonic() - begun > PATIENCE * manners.read_seconds + size / SLOWEST:
            raise TooSlowError(
                f"only {size:,} bytes came in {time.monotonic() - begun:,.0f} s; run again later, "
                "or raise read_seconds in source.yml"
            )
        yield piece
    if length is not None and size != length:
        raise CutShortError(f"{size:,} bytes came of {length:,}; run again")


def _decoded(pieces: Iterator[bytes], letter: Letter, errand: Errand) -> Iterator[bytes]:
    """Undo a Content-Encoding that nobody asked for."""
    named = encoding(letter, errand)
    if not named:
        yield from pieces
        return
    if named not in GZIP:
        raise NotPromisedError(f"encoded as {named!r}, which was not asked for")
    unpack = Gunzip(Limits.of(errand.source.manners), "the answer")
    for piece in pieces:
        yield from unpack.feed(piece)
    unpack.finish()
