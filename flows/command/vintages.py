"""Which snapshot is meant: what was known on a day, and which two are compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from flows import publish
from flows.command.exits import UsageError
from flows.command.shelf import NoSuchSnapshotError, find
from flows.settings import Settings

NAME = re.compile("[a-z][a-z0-9_]*")
TAKEN = frozenset({"main", "memory", "orewatch", "system", "temp"})
"""Names that DuckDB has for databases and schemas of its own, and that of our file."""


def chosen(settings: Settings, wanted: str | None, as_of: str | None) -> Path:
    """Give the snapshot that a question is put to: by name, by day, or else the current one.

    Raises:
        UsageError: both a name and a day are given.
        NoSuchSnapshotError: there is none.

    """
    if as_of is None:
        return find(settings, wanted)
    if wanted is not None:
        raise UsageError("--snapshot names a snapshot and --as-of finds one; give one of them")
    return known_on(settings, date.fromisoformat(as_of))


def named(settings: Settings, texts: Sequence[str]) -> dict[str, Path]:
    """Give further snapshots by the name that SQL is to know each by, from texts `name=snapshot`.

    Raises:
        UsageError: a name is none, is taken, or is given twice.
        NoSuchSnapshotError: there is no such snapshot.

    """
    found: dict[str, Path] = {}
    for text in texts:
        name, equals, wanted = text.partition("=")
        if not equals or not wanted or not NAME.fullmatch(name):
            raise UsageError(f"--with takes name=snapshot, such as before=20261020; not {text!r}")
        if name in TAKEN or name in found:
            raise UsageError(f"--with {text}: the name {name} is taken; choose another")
        found[name] = find(settings, wanted)
    return found


def known_on(settings: Settings, day: date) -> Path:
    """Give the newest snapshot that had been published by the end of a day, in UTC.

    Raises:
        NoSuchSnapshotError: none had been.

    """
    known = [(created(path), path) for path in publish.snapshots(settings.snapshots)]
    earlier = [(time, path) for time, path in known if time.astimezone(UTC).date() <= day]
    if earlier:
        return max(earlier)[1]
    first = f"the first is of {min(known)[0].date()}" if known else "there is none at all"
    raise NoSuchSnapshotError(f"no snapshot had been published by {day}; {first}")


def created(snapshot: Path) -> datetime:
    """When a snapshot was published."""
    return datetime.fromisoformat(publish.read_manifest(snapshot)["created"])


def pair(settings: Settings, names: Sequence[str]) -> tuple[Path, Path]:
    """Give the two snapshots to compare: those named, or one against the current, or the last two.

    Raises:
        NoSuchSnapshotError: one is not there, or there are not two.

    """
    if len(names) > 1:
        before, after = (find(settings, name) for name in names[:2])
    elif names:
        before, after = find(settings, names[0]), find(settings)
    else:
        after = find(settings)
        older = [path for path in publish.snapshots(settings.snapshots) if path.name < after.name]
        if not older:
            raise NoSuchSnapshotError(
                f"{after.name} is the only snapshot up to now; there is nothing to compare it with"
            )
        before = older[-1]
    if before == after:
        raise NoSuchSnapshotError(f"{before.name} is both sides; name two different snapshots")
    return before, after
