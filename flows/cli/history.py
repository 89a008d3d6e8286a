"""Verbs over the history of the snapshots."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flows.cli.app import Json, app
from flows.command import exits


@app.command
def diff(  # noqa: PLR0913 - an argument is an option of the command
    *snapshots: str,
    fail: float | None = None,
    rows: int | None = None,
    parquet: Path | None = None,
    as_json: Json = False,
    markdown: bool = False,
    html: bool = False,
) -> int:
    """Show every published number that changed, appeared or vanished between two snapshots.

    For example: `orewatch diff` (the last two), `orewatch diff 20261120` (that one against the
    current), or `orewatch diff 20261020 20261120 --fail 0.05`.

    Exit code 7: a share or a concentration moved by more than `--fail`.

    Args:
        snapshots: One or two snapshots: their ids, or parts of them.
        fail: A share within 0 and 1.
        rows: The most rows in the JSON: 1,000 where not said.
        parquet: A new folder that gets every row that differs, one file a table.
        as_json: Print it as JSON.
        markdown: Print it as Markdown.
        html: Print it as one HTML page.

    """
    if as_json + markdown + html > 1:
        raise exits.UsageError("diff takes one of --json, --markdown and --html")
    from flows.command import differing  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    form: differing.Form = (
        "json" if as_json else "markdown" if markdown else "html" if html else "table"
    )
    return differing.differ(differing.Asked(snapshots, form, fail, rows, parquet), Settings())


@app.command
def verify(snapshot: str | None = None, /, *, quick: bool = False, as_json: Json = False) -> int:
    """Hold a snapshot against its manifest, and build its numbers anew where the bytes are kept.

    For example: `orewatch verify`, or `orewatch verify 20261120 --quick`.

    Exit code 1: something differs; the first difference is named.

    Args:
        snapshot: Another snapshot than the current one: its id, or a part of it.
        quick: Leave out the building anew.
        as_json: Print what was looked at as JSON.

    """
    from flows.command.verifying import verify_and_show  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    return verify_and_show(Settings(), snapshot, quick=quick, as_json=as_json)


@app.command
def prune(*, keep: int, dry_run: bool = False, as_json: Json = False) -> int:
    """Remove the oldest snapshots; never the current one, nor one that somebody reads.

    For example: `orewatch prune --keep 12 --dry-run`.

    Exit code 6: another run is writing.

    Args:
        keep: How many of the newest stay.
        dry_run: Only say what would be removed.
        as_json: Print what was removed as JSON.

    """
    from flows.command.pruning import prune_and_show  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    return prune_and_show(Settings(), keep, dry_run=dry_run, as_json=as_json)


@app.command
def publish(*, release: str, reason: str, as_json: Json = False) -> int:
    """Publish what a check blocked, by hand; who, when and why is kept with it.

    For example: `orewatch publish --release 20261120T093000Z --reason "the source confirmed it"`.

    Exit code 6: another run is writing.

    Args:
        release: The blocked run: the name of its folder in warehouse/runs, or a part of it.
        reason: Why it is right nevertheless.
        as_json: Print the outcome as JSON.

    """
    from flows.command.releasing import release_and_show  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    return release_and_show(Settings(), release, reason, datetime.now(UTC), as_json=as_json)
