"""Verbs that make snapshots, and look after the house."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flows.cli.app import Json, app
from flows.command import exits


@app.command
def run(
    *,
    as_of: date | None = None,
    no_report: bool = False,
    as_json: Json = False,
    verbose: bool = False,
) -> int:
    """Ingest, index, check and publish a snapshot, or say that nothing is new.

    For example: `orewatch run`, or `orewatch run --as-of 2026-11-22`.

    Exit code 0: published, or nothing new; 3: a check blocks; 4: a source is incomplete; 6: another
    run is writing.

    Args:
        as_of: The day of the run; it decides what counts as stale. The default is today in UTC.
        no_report: Leave out report.html, which takes some seconds.
        as_json: Print the outcome as JSON.
        verbose: Show Prefect's own log too.

    """
    from flows.command import outcome, watching  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    try:
        done = watching.run(settings, as_of, is_verbose=verbose, report_page=not no_report)
    except Exception as error:
        if type(error).__name__ != "GateBlockedError":
            raise
        outcome.show_blocked(error, settings, as_json=as_json)
        return exits.CODES["GateBlockedError"]
    outcome.show_published(done, settings, as_json=as_json)
    return 0


@app.command
def serve(*, port: int | None = None) -> int:
    """Run what prefect.yaml declares when it is due, until stopped.

    For example: `orewatch serve --port 4210`.

    Args:
        port: Port of the local Prefect server, where none is configured. The default is 4200.

    """
    from flows.schedule import serve as serve_until_stopped  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    serve_until_stopped(Settings(), port=port)
    return 0


@app.command
def doctor(*, as_json: Json = False) -> int:
    """Look at versions, disk, lock, keys, Prefect, snapshot, facts and sources.

    For example: `orewatch doctor`.

    Keys are never printed. Exit code 1 where something needs a remedy.

    Args:
        as_json: Print the findings as JSON.

    """
    from flows.command import listings  # noqa: PLC0415
    from flows.command.doctor import examine  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    return listings.show_findings(examine(Settings(), datetime.now(UTC)), as_json=as_json)
