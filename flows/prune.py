"""Remove old snapshots: never the current one, never one in use, each in one step."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from flows import publish
from flows.holding import removing
from flows.settings import Settings
from flows.sources.raw import sync


class PruneError(Exception):
    """What is to be kept cannot be told."""


@dataclass(frozen=True)
class Pruned:
    """What came of one old snapshot."""

    name: str
    bytes: int
    state: str
    """`removed`, `would be removed`, or `in use`."""


def prune(settings: Settings, keep: int, *, dry_run: bool = False) -> list[Pruned]:
    """Remove all snapshots but the newest `keep` and the current one; give what came of each.

    Each is renamed aside, out of every reader's sight, and then deleted; what an interruption
    leaves aside the next run clears. With `dry_run` nothing is touched.

    Raises:
        PruneError: `keep` is below 1, or no snapshot is current.
        LockHeldError: another process is writing.

    """
    if keep < 1:
        raise PruneError(f"--keep {keep}: at least 1 snapshot is kept")
    with publish.lock(settings.lock):
        if not dry_run:
            publish.clear_leftovers(settings.warehouse)
        current = publish.finish_interrupted(settings.snapshots, settings.current)
        whole = publish.snapshots(settings.snapshots)
        if current is None and whole:
            raise PruneError(f"{settings.current} names no snapshot; none is removed")
        kept = {path.name for path in whole[-keep:]} | ({current.name} if current else set())
        return [remove(path, dry_run=dry_run) for path in whole if path.name not in kept]


def remove(snapshot: Path, *, dry_run: bool) -> Pruned:
    """Remove one snapshot, unless somebody reads it."""
    size = publish.size_of(snapshot)
    aside = snapshot.with_name(f".pruned-{snapshot.name}{publish.PART}")
    with removing(snapshot) as is_free:
        if not is_free:
            return Pruned(snapshot.name, size, "in use")
        if dry_run:
            return Pruned(snapshot.name, size, "would be removed")
        snapshot.rename(aside)
        sync(snapshot.parent)
    shutil.rmtree(aside)
    return Pruned(snapshot.name, size, "removed")
