"""Show what `prune` removed, or would."""

from __future__ import annotations

from flows.command.terminal import count, note, print_json, show_rows
from flows.prune import prune
from flows.settings import Settings


def prune_and_show(settings: Settings, keep: int, *, dry_run: bool, as_json: bool) -> int:
    """Remove old snapshots and say how many bytes that freed.

    Raises:
        PruneError: fewer than one is to be kept.
        LockHeldError: another process is writing.

    """
    done = prune(settings, keep, dry_run=dry_run)
    gone = [one for one in done if one.state != "in use"]
    freed = sum(one.bytes for one in gone)
    if as_json:
        rows = [{"id": one.name, "bytes": one.bytes, "state": one.state} for one in done]
        print_json({"snapshots": rows, "bytes_freed": 0 if dry_run else freed})
        return 0
    if done:
        show_rows(
            ("snapshot", "MB", "state"), [(o.name, round(o.bytes / 1e6, 1), o.state) for o in done]
        )
    verb = "would be freed" if dry_run else "freed"
    note(f"{count(len(gone), 'snapshot')}, {freed / 1e6:,.1f} MB ({freed:,} bytes) {verb}")
    return 0
