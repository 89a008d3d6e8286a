"""Judge a new edition against the one before it: is it whole, as far as that can be told?

Truncation at a line's end, a year or a reporter that fell out, amounts in another unit all read as
good data. What they cannot do is have the rows and totals of the edition before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flows.sources.contract import Edition, IncompleteError, Source
from flows.sources.editions import Part, accepted, bundled_parts


class ImplausibleError(IncompleteError):
    """An edition reads well, and has less than the one before."""


MOST_FACTOR = 30
"""A part's total may grow or shrink by less: an error of unit is a thousandfold."""
MOST_LOST = 0.02
"""Share of a part's rows that may go from one edition to the next."""
NAMED = 5


def predecessor(
    store: Path, source: Source, edition: Edition
) -> tuple[Edition, Mapping[str, Part]] | None:
    """The edition to compare with, and its rows by part.

    The same edition as it came before; else the last released one of the same HS revision.
    """
    here = accepted(store, source)
    if edition.id in here:
        return here[edition.id].edition, here[edition.id].parts
    parts: dict[str, tuple[Edition, Mapping[str, Part]]] = {
        e.id: (e, bundled_parts(source, e)) for e in source.editions if e.bundled
    }
    if edition.id in parts:
        return parts[edition.id]
    parts |= {one.edition.id: (one.edition, one.parts) for one in here.values()}
    alike = [pair for pair in parts.values() if is_alike(pair[0], edition)]
    return max(alike, key=lambda pair: age(pair[0]), default=None)


def is_alike(one: Edition, other: Edition) -> bool:
    """Whether two editions can be compared: of one series and revision, and of one author.

    The series is what an id begins with (`annual_H6`, `HS92_V202701`); the layout tells who made
    the files, unless they ship with the project.
    """
    series = one.id.partition("_")[0] == other.id.partition("_")[0]
    is_named = "_" in one.id and "_" in other.id
    layouts = {edition.layout for edition in (one, other) if not edition.bundled} - {""}
    revision = one.hs_revision == other.hs_revision
    return revision and len(layouts) <= 1 and (series or not is_named)


def age(edition: Edition) -> tuple[str, str]:
    """What orders editions: the day of release, or else of arrival; then the id."""
    came = edition.fetched.date() if edition.fetched else None
    return str(edition.released or came or ""), edition.id


def judge(store: Path, source: Source, edition: Edition, parts: Mapping[str, Part]) -> None:
    """Refuse an edition that lost parts, or a share of a part's rows, since the one before.

    Raises:
        ImplausibleError: it did; the message names the parts and what to do if they are right.

    """
    before = predecessor(store, source, edition)
    if before is None:
        return
    last, old = before
    faults = [
        fault
        for name in sorted(old)
        if (fault := lost(name, old[name], parts.get(name)) or moved(name, old[name], parts[name]))
    ]
    if not faults:
        return
    more = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
    raise ImplausibleError(
        f"{source.id} {edition.id}: not what {last.id} was: "
        f"{'; '.join(faults[:NAMED])}{more}. Fetch it again; if the source did change so, "
        "accept it by name: --accept-rows --reason TEXT"
    )


def lost(name: str, old: Part, new: Part | None) -> str | None:
    """Say what a part lost, where that is more than may be."""
    if new is None:
        return f"{name} is missing ({old.rows:,} rows before)"
    if new.rows < old.rows * (1 - MOST_LOST):
        return f"{name} has {new.rows:,} rows, {old.rows:,} before"
    return None


def moved(name: str, old: Part, new: Part) -> str | None:
    """Say how a part's total moved, where that is more than may be."""
    if old.total is None or new.total is None:
        return None
    before, now = abs(float(old.total)), abs(float(new.total))
    if min(before, now) * MOST_FACTOR >= max(before, now) or old.rows < FEW:
        return None
    return f"{name} adds up to {new.total}, {old.total} before"


FEW = 10
"""A part of fewer rows may well move by much."""
