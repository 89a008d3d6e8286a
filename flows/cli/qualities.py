"""The verb that shows whether the figures can be trusted."""

from __future__ import annotations

from flows.cli.app import Json, app


@app.command
def quality(snapshot: str | None = None, /, *, failing: bool = False, as_json: Json = False) -> int:
    """Show the report of quality: the verdict, what needs attention, coverage, trend, sources.

    For example: `orewatch quality`, `orewatch quality --failing`, or
    `orewatch quality 20261122T221206Z-blocked --json`.

    Nothing is checked again. Exit code 0: it was published; 3: the run was blocked.

    Args:
        snapshot: Another snapshot than the current one, or a blocked run: its id, or a part of it.
        failing: Only the checks that need attention, with their first rows.
        as_json: Print the report as JSON.

    """
    from flows.command import qualities, quality_screen  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    report = qualities.read_report(Settings(), snapshot)
    return quality_screen.show_report(report, only_failing=failing, as_json=as_json)
