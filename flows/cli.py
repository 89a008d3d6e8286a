"""The command `orewatch`: a verb is a few lines over a module of the house.

What takes long to import is imported within the verb that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from flows import __version__
from flows.command import exits

app = App(
    name="orewatch",
    help="Critical-minerals risk indicators, checked before they are published.",
    version=__version__,
    default_parameter=Parameter(negative=(), show_default=False),
)
article = App(name="article", help="The article's claims.")
app.command(article)

Json = Annotated[bool, Parameter(name="--json")]


@app.command
def run(*, as_of: date | None = None, as_json: Json = False, verbose: bool = False) -> int:
    """Ingest, index, check and publish a snapshot, or say that nothing is new.

    For example: `orewatch run`, or `orewatch run --as-of 2026-11-22`.

    Exit code 0: published, or nothing new; 3: a check blocks; 4: a source is incomplete; 6: another
    run is writing.

    Args:
        as_of: The day of the run; it decides what counts as stale. The default is today in UTC.
        as_json: Print the outcome as JSON.
        verbose: Show Prefect's own log too.

    """
    from flows.command import outcome, watching  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    try:
        done = watching.run(settings, as_of, is_verbose=verbose)
    except Exception as error:
        if type(error).__name__ != "GateBlockedError":
            raise
        outcome.show_blocked(error, settings, as_json=as_json)
        return exits.CODES["GateBlockedError"]
    outcome.show_published(done, settings, as_json=as_json)
    return 0


@app.command
def query(  # noqa: PLR0913 - an argument is an option of the command
    sql_or_name: str = "",
    /,
    *,
    list_: Annotated[bool, Parameter(name="--list")] = False,
    snapshot: str | None = None,
    param: Annotated[list[str] | None, Parameter(name="--param")] = None,
    rows: int | None = None,
    seconds: float = 30,
    as_json: Json = False,
    as_csv: Annotated[bool, Parameter(name="--csv")] = False,
) -> int:
    """Ask a published snapshot: one SELECT, or a ready-made question by name.

    For example: `orewatch query headline`, `orewatch query top_suppliers --param importer=KOR`, or
    `orewatch query "FROM mart.claim SELECT claim_id, anchor" --csv`.

    Nothing can be written, no file or network reached, no setting changed; time and memory are
    bounded.

    Args:
        sql_or_name: The SELECT, or the name of a question.
        list_: List the ready-made questions.
        snapshot: Another snapshot than the current one: its id, or a part of it.
        param: A parameter of the query, name=value; several may be given. A value is text.
        rows: The most rows shown: 40 in a table and 10,000 otherwise, where not said.
        seconds: The most seconds it may take.
        as_json: Print rows, columns and snapshot as JSON.
        as_csv: Print the rows as CSV.

    """
    if list_:
        from flows.command import listings  # noqa: PLC0415

        return listings.show_questions(as_json=as_json)
    if not sql_or_name or (as_json and as_csv):
        raise exits.UsageError(
            "query takes a SELECT or a name (--list shows them), --json or --csv"
        )
    if seconds <= 0 or (rows is not None and rows <= 0):
        raise exits.UsageError("--seconds and --rows must be above 0")
    from flows.command import confined  # noqa: PLC0415

    form: confined.Form = "json" if as_json else "csv" if as_csv else "table"
    return confined.answer(
        confined.Request(sql_or_name, snapshot, param or (), form, rows, seconds)
    )


@app.command
def explain(  # noqa: PLR0913 - an argument is an option of the command
    indicator: str,
    /,
    *,
    importer: str | None = None,
    supplier: str | None = None,
    mineral: str | None = None,
    year: str | None = None,
    stage: str | None = None,
    basis: str | None = None,
    source: str | None = None,
    edition: str | None = None,
    key: Annotated[list[str] | None, Parameter(name="--key")] = None,
    snapshot: str | None = None,
    as_json: Json = False,
) -> int:
    """Explain a published number: its arithmetic from source rows to result, worked out again.

    For example: `orewatch explain import_concentration.hhi --importer JPN --mineral rare_earths
    --year 2023`.

    Exit code 1: there is no such number, or it does not equal the table; 2: several fit.

    Args:
        indicator: An index, or one of its figures as `index.figure`.
        importer: The importing economy or bloc.
        supplier: The exporting economy.
        mineral: The mineral.
        year: The year.
        stage: The stage; `all` where several fit.
        basis: The basis; `value` where several fit.
        source: The source of the rows; `baci` where several fit.
        edition: The edition of the source.
        key: Anything else that tells numbers apart, name=value; several may be given.
        snapshot: Another snapshot than the current one: its id, or a part of it.
        as_json: Print every row and line as JSON.

    """
    from flows.command import explain as explaining  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    said = {
        "importer_iso3": importer,
        "exporter_iso3": supplier,
        "mineral": mineral,
        "year": year,
        "stage": stage,
        "basis": basis,
        "source": source,
        "edition": edition,
    }
    asked = explaining.Asked(indicator, said, key or (), snapshot)
    return explaining.explain(asked, Settings(), as_json=as_json)


@app.command
def snapshots(*, as_json: Json = False) -> int:
    """List the published snapshots, oldest first; a star marks the current one.

    For example: `orewatch snapshots --json`.

    Args:
        as_json: Print them as JSON.

    """
    from flows.command import listings, shelf  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    listings.show_snapshots(shelf.snapshot_rows(Settings()), as_json=as_json)
    return 0


@article.command
def verify(path: Path, /) -> int:
    """Check that every figure quoted stands in a copy of the article, where the claims say.

    For example: `orewatch article verify article.txt`.

    Exit code 1 at the first that differs.

    Args:
        path: The copy of the article, as UTF-8 text.

    """
    from flows.claims.copies import verify_copy  # noqa: PLC0415

    sys.stdout.write(f"{verify_copy(path)}\n")
    return 0


@app.command
def sources(*, as_of: date | None = None, as_json: Json = False) -> int:
    """List the sources: editions, licence, freshness, rows, and whether ever tried live.

    For example: `orewatch sources --as-of 2027-06-30`.

    Args:
        as_of: The day to judge freshness on. The default is today in UTC.
        as_json: Print them as JSON.

    """
    from flows.command import listings, shelf  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    day = as_of or datetime.now(UTC).date()
    listings.show_sources(shelf.source_rows(Settings(), day), day, as_json=as_json)
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error that has a reader is one message, never a traceback."""
    try:
        app(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        # Whoever read our output has gone, as in `orewatch sources | head`.
        sys.stdout = None
        sys.exit(0)
    except Exception as error:
        code = exits.exit_code(error)
        if code is None:
            raise
        exits.complain(exits.message(error))
        sys.exit(code)
