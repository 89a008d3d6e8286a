"""The verb that draws who supplies whom."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flows.cli.app import Json, app
from flows.command import exits


@app.command
def show(  # noqa: PLR0913 - an argument is an option of the command
    importer: str,
    mineral: str,
    /,
    *,
    stage: str = "all",
    basis: str = "value",
    years: int | None = None,
    day: date | None = None,
    snapshot: str | None = None,
    as_json: Json = False,
) -> int:
    """Show who supplies an importer with a mineral: shares over the years, concentration, measures.

    For example: `orewatch show JPN rare_earths`, or `orewatch show "South Korea" graphite
    --basis mass`.

    Exit code 1: there is no such supply; 2: a word names nothing, or several things, and the
    commands that would do are printed.

    Args:
        importer: The importing economy or bloc: its code or its name.
        mineral: The mineral: its id or its name.
        stage: The stage; `all`, the headline forms, where not said.
        basis: The basis, `value` or `mass`; `value` where not said.
        years: How many years have a column; as many as fit, where not said.
        day: The day that measures are in force on. The default is today in UTC.
        snapshot: Another snapshot than the current one: its id, or a part of it.
        as_json: Print everything that was read as JSON.

    """
    if years is not None and years < 1:
        raise exits.UsageError("--years takes a number of years, 1 or more")
    from flows.command import showing  # noqa: PLC0415
    from flows.command.supply import Asked  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    asked = Asked(importer, mineral, stage, basis, day or datetime.now(UTC).date(), snapshot)
    return showing.show(asked, Settings(), years=years, as_json=as_json)
