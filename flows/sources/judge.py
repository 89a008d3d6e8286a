"""Judge a new edition against the one before it: is it whole, as far as that can be told?

Truncation at a line's end, a year that fell out, a column of weights in another unit all read as
good data. What they cannot do is look like the edition before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flows.sources.contract import Edition, IncompleteError, Source
from flows.sources.editions import accepted, bundled_parts


class ImplausibleError(IncompleteError):
    """An edition reads well, and has less than the one before."""


MOST_LOST = 0.02
"""Share of a part's rows that may go from one edition to the next."""
NAMED = 5


def predecessor(
    store: Path, source: Source, edition: Edition
) -> tuple[Edition, Mapping[str, int]] | None:
    """The edition to compare with, and its rows by part.

    The same edition as it came before; else the last released one of the same HS revision.
    """
    here = accepted(store, source)
    if edition.id in here:
        return here[edition.id].edition, here[edition.id].parts
    parts: dict[str, tuple[Edition, Mapping[str, int]]] = {
        e.id: (e, bundled_parts(source, e)) for e in source.editions if e.bundled
    }
    if edition.id in parts:
        return parts[edition.id]
    parts |= {one.edition.id: (one.edition, one.parts) for one in here.values()}
    alike = [pair for pair in parts.values() if kind(pair[0]) == kind(edition)]
    return max(alike, key=lambda pair: age(pair[0]), default=None)


def kind(edition: Edition) -> tuple[str | None, str]:
    """What editions must share to be compared: the revision, and who laid them out."""
    shipped = "" if edition.bundled else edition.layout
    return edition.hs_revision, shipped


def age(edition: Edition) -> tuple[str, str]:
    """What orders editions: the day of release, or else of arrival; then the id."""
    came = edition.fetched.date() if edition.fetched else None
    return str(edition.released or came or ""), edition.id


def judge(store: Path, source: Source, edition: Edition, parts: Mapping[str, int]) -> None:
    """Refuse an edition that lost parts, or a share of a part's rows, since the one before.

    Raises:
        ImplausibleError: it did; the message names the parts and what to do if they are right.

    """
    before = predecessor(store, source, edition)
    if before is None:
        return
    last, old = before
    faults = [fault for part in sorted(old) if (fault := lost(part, old[part], parts.get(part, 0)))]
    if not faults:
        return
    more = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
    raise ImplausibleError(
        f"{source.id} {edition.id}: less than {last.id} by {source.staged.ledger.part}: "
        f"{'; '.join(faults[:NAMED])}{more}. Fetch it again; if the source did drop these rows, "
        "accept it by name: --accept-rows --reason TEXT"
    )


def lost(part: str, old: int, new: int) -> str | None:
    """Say what a part lost, where that is more than may be."""
    if new == 0:
        return f"{part} is missing ({old:,} rows before)"
    if new < old * (1 - MOST_LOST):
        return f"{part} has {new:,} rows, {old:,} before"
    return None
