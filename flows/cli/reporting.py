"""The verb that shows the report people forward."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.cli.app import Json, app


@app.command
def report(
    snapshot: str | None = None,
    /,
    *,
    out: Path | None = None,
    open_it: Annotated[bool, Parameter(name="--open")] = False,
    as_json: Json = False,
) -> None:
    """Give the report of a snapshot: one HTML file that needs no network, to read, mail and print.

    For example: `orewatch report --open`, or `orewatch report 20261122T221206Z --out brief.html`.

    A snapshot that was published without one gets it beside the snapshots, which stay as they are.

    Args:
        snapshot: Another snapshot than the current one: its id, or a part of it.
        out: Write it to this file instead.
        open_it: Show it in the browser.
        as_json: Print where it lies as JSON.

    """
    from flows.command import reporting  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    reporting.show_report(
        reporting.report(Settings(), snapshot, out), open_it=open_it, as_json=as_json
    )
