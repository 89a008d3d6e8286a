"""What comes of an offer: brought, kept, staged, judged, and only then accepted.

Nothing else makes an edition one that a flow uses. A fault at any step leaves the editions as they
were; the answers kept on the way serve the next try.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import polars as pl

from flows.sources import raw
from flows.sources.connect import Ask, Offer, Wish, connector
from flows.sources.contract import Edition, IncompleteError, Raw, Source, SourceError
from flows.sources.editions import (
    Accepted,
    Part,
    accept,
    accepted,
    carrying,
    parts_of,
    tracked_codes,
)
from flows.sources.judge import ImplausibleError, judge
from flows.sources.staging import known_parts, stage_parts

State = Literal["unchanged", "accepted", "wanted", "skipped", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one offer, or would."""

    source: str
    edition: str
    state: State
    why: str
    requests: int = 0
    """Requests that went out, or would."""
    bytes: int = 0
    """Bytes that came with them."""
    rows: int = 0
    """Rows after staging."""
    is_incomplete: bool = False
    """Whether it failed because a part of what was promised is missing."""


@dataclass(frozen=True)
class Ground:
    """What an arrival is judged on."""

    store: Path
    facts: Mapping[str, pl.DataFrame]
    now: datetime
    wish: Wish
    accept_because: str = ""
    """Why an edition that looks implausible is to be accepted; empty where it is not."""


def bring(ask: Ask, source: Source, offer: Offer, ground: Ground) -> Outcome:
    """Fetch what an offer holds, and accept it where it is good.

    Raises:
        FetchError: a request failed.
        SourceError: what came is not what the source promises, or is implausible.

    """
    brought = connector(source.id).bring(ask, source, offer)
    if not brought:
        raise IncompleteError(f"{source.id} {offer.edition.id}: nothing came")
    named = {one.name: one.answer.path for one in brought}
    if len(named) != len(brought):
        raise SourceError(f"{source.id} {offer.edition.id}: two answers would be one file")
    new = [one.answer for one in brought if one.answer.is_new]
    newest = max(one.answer.time for one in brought)
    urls = {one.name: one.answer.request.url for one in brought}
    kept = raw.keep(source.id, offer.edition.id, named, ground.store, ground.now, url=urls)
    edition = offer.edition.model_copy(update={"fetched": newest})
    try:
        done = settle(source, edition, kept, ground)
    except ImplausibleError:
        raise
    except IncompleteError as error:
        # They came whole and hold a part: only the source can give the rest. Of another fault, such
        # as a label that is not known here yet, the bytes are innocent and are not fetched again.
        for one in brought:
            ask.spoil(one.answer, str(error))
        raise
    return replace(
        done,
        why=offer.why,
        requests=len(new),
        bytes=sum(answer.bytes for answer in new),
    )


def take(source: Source, edition: Edition, files: list[Path], ground: Ground) -> Outcome:
    """Take files that somebody brought by hand, the same way.

    Raises:
        SourceError: a file is missing, or as for `bring`.

    """
    if absent := [str(path) for path in files if not path.is_file()]:
        raise SourceError(f"{source.id} {edition.id}: no file {', '.join(absent)}")
    kept = raw.keep(source.id, edition.id, files, ground.store, ground.now, url="by hand")
    came = edition.model_copy(update={"fetched": ground.now})
    done = settle(source, came, kept, ground)
    return replace(done, why="by hand", bytes=sum(path.stat().st_size for path in files))


def settle(source: Source, edition: Edition, kept: Raw, ground: Ground) -> Outcome:
    """Stage, check and judge kept bytes; accept them, unless they are those in use already."""
    where = f"{source.id} {edition.id}"
    if edition.released and edition.released > ground.now.date() + timedelta(days=1):
        raise SourceError(f"{where}: released on {edition.released}, a day that is yet to come")
    before = accepted(ground.store, source).get(edition.id)
    if before and before.raw.folder == kept.folder and alike(before.edition, edition):
        return Outcome(source.id, edition.id, "unchanged", "", rows=before.rows)
    read = carrying(edition, tracked_codes(ground.facts["ref.form_code"]))
    rows = known_parts(where, stage_parts(source, read, kept), source, ground.facts).rows
    parts = parts_of(source, edition, rows)
    remark = judged(source, edition, parts, ground)
    years = span(before.years if before else None, ground.wish.years)
    reporters = sorted({*(before.reporters if before else ()), *ground.wish.reporters})
    final = edition.model_copy(update={"remark": remark})
    monthly = ground.wish.monthly or bool(before and before.monthly)
    one = Accepted(final, kept, parts, ground.now, tuple(reporters), years, monthly)
    accept(ground.store, one)
    return Outcome(source.id, edition.id, "accepted", "", rows=rows.height)


def judged(source: Source, edition: Edition, parts: Mapping[str, Part], ground: Ground) -> str:
    """Judge an edition; give why it is accepted nevertheless, where somebody said so."""
    try:
        judge(ground.store, source, edition, parts)
    except IncompleteError as error:
        if not ground.accept_because:
            raise
        return f"{ground.accept_because} (accepted although: {error})"
    return ""


def alike(one: Edition, other: Edition) -> bool:
    """Whether two editions promise the same, whenever they came."""
    free = {"fetched": None, "remark": ""}
    return one.model_copy(update=free) == other.model_copy(update=free)


def span(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    """The years of both."""
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])
