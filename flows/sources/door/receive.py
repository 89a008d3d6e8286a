"""What becomes of an answer: kept with a ledger row, or refused with one."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from flows.sources.connect import Answer, Request
from flows.sources.contract import SourceError
from flows.sources.door import keys, kinds
from flows.sources.door.addresses import Place, redirected
from flows.sources.door.answers import Answers, Row
from flows.sources.door.bodies import beginning, body
from flows.sources.door.letters import SHOWN, Errand, Letter, note, refuse
from flows.sources.door.limits import Limits
from flows.sources.door.refusals import (
    AddressRefusedError,
    KeyLeakError,
    QuotaError,
    RedirectRefusedError,
)
from flows.sources.door.statuses import LATER, refusal

MOST_REDIRECTS = 5
MEASURES = ("content-length", "transfer-encoding")
"""Headers that say where an answer ends."""


def receive(letter: Letter, errand: Errand) -> Answer:
    """Keep a good answer and give it, or say why it is none. Either way the ledger has a row.

    Raises:
        RefusalError: see `flows/sources/door/refusals.py`.
        SourceError: what the source's own reading made of it.

    """
    if letter.status == HTTPStatus.NOT_MODIFIED and errand.kept and errand.conditions:
        kept = errand.kept
        note(letter, errand, bytes=kept.bytes, sha256=kept.sha256)
        return errand.answers.answer(errand.request, kept, is_new=False)
    if letter.status != HTTPStatus.OK:
        raise _error(letter, errand)
    return _kept(letter, errand)


def redirect(letter: Letter, errand: Errand, way: tuple[Place, ...]) -> Place:
    """Check where a host sends us, by all rules that held for the first address.

    Raises:
        RedirectRefusedError: the door does not go there.

    """
    location = letter.headers.get("location", "")
    try:
        if keys.MASK in location:
            raise RedirectRefusedError("the host sent the key back in a redirect")
        if len(way) > MOST_REDIRECTS:
            raise RedirectRefusedError(f"more than {MOST_REDIRECTS} redirects")
        after = redirected(way[-1], location, errand.source.hosts)
        if after in way:
            raise RedirectRefusedError(f"redirected in a circle, to {after.url}")
    except AddressRefusedError as error:
        refused = RedirectRefusedError(f"redirected to {location[:500]!r}: {error}")
        refuse(letter, errand, refused)
    else:
        note(letter, errand, bytes=0)
        return after
    raise refused


def conditions(row: Row) -> dict[str, str]:
    """Headers that ask only for what has changed since."""
    named = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {ask: row.headers[name] for name, ask in named.items() if row.headers.get(name)}


def reads_as_fault(answers: Answers, request: Request, row: Row) -> bool:
    """Whether the source's own reading, which may have learnt since, takes kept bytes for an error.

    Only short ones are read again: that is what errors are.
    """
    if request.faults is None or row.bytes > SHOWN:
        return False
    kept = answers.path(row.sha256 or "").read_bytes()
    return request.faults(row.status, row.headers, kept) is not None


def _error(letter: Letter, errand: Errand) -> SourceError:
    """Read an answer with another status than 200."""
    came = beginning(letter, errand, SHOWN)
    secret = errand.request.secret
    shown = keys.scrubbed_bytes(came, secret)[:SHOWN]
    error = refusal(letter.status, letter.headers, shown, letter.time)
    fault = _fault(letter, errand, shown)
    is_clean = not keys.held_by(came, secret)
    refuse(letter, errand, fault or error, came[:SHOWN] if is_clean else b"", len(came))
    if isinstance(error, QuotaError) and error.seconds is None:
        # A source's own words may tell how long, where no header does.
        error.seconds = getattr(fault, "seconds", None)
    if letter.status in LATER or isinstance(error, QuotaError):
        # The door's own error is what makes everybody wait; the source's is raised in its place.
        error.fault = fault
        return error
    return fault or error


def _fault(letter: Letter, errand: Errand, shown: bytes) -> SourceError | None:
    read = errand.request.faults
    return read(letter.status, letter.headers, shown) if read else None


def _kept(letter: Letter, errand: Errand) -> Answer:
    """Write an answer aside, look at it, and keep it."""
    shown = bytearray()
    size = 0
    digest = hashlib.sha256()
    with errand.answers.incoming() as (path, file):
        try:
            for piece in body(letter, errand):
                size += len(piece)
                shown += piece[: SHOWN + 1 - len(shown)]
                digest.update(piece)
                file.write(piece)
            file.flush()
            if size <= SHOWN and (fault := _fault(letter, errand, bytes(shown))):
                raise fault
            is_measured = not letter.headers.keys().isdisjoint(MEASURES)
            limits = Limits.of(errand.source.manners)
            kinds.check(path, errand.request.expects, limits, is_measured=is_measured)
        except SourceError as error:
            is_clean = size <= SHOWN and not isinstance(error, KeyLeakError)
            refuse(letter, errand, error, bytes(shown) if is_clean else b"", size)
            raise
        errand.answers.keep(path, digest.hexdigest())
    row = note(letter, errand, bytes=size, sha256=digest.hexdigest())
    return errand.answers.answer(errand.request, row, is_new=True)
