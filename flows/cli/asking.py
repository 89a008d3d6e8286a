"""Verbs that answer from what is published."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from cyclopts import Parameter

from flows.cli.app import Json, app
from flows.command import exits


@app.command
def query(  # noqa: PLR0913 - an argument is an option of the command
    sql_or_name: str = "",
    /,
    *,
    list_: Annotated[bool, Parameter(name="--list")] = False,
    snapshot: str | None = None,
    as_of: date | None = None,
    with_: Annotated[list[str] | None, Parameter(name="--with")] = None,
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
        as_of: What was known on a day: the newest snapshot published by its end, in UTC.
        with_: A further snapshot to join, name=snapshot; its tables are name.schema.table.
        param: A parameter of the query, name=value; several may be given. A value is text.
        rows: The most rows shown: 40 in a table and 10,000 otherwise, where not said.
        seconds: The most seconds it may take.
        as_json: Print rows, columns and snapshot as JSON.
        as_csv: Print the rows as CSV; a text that begins like a formula gets an apostrophe.

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
        confined.Request(
            sql_or_name,
            snapshot,
            param or (),
            form,
            rows,
            seconds,
            as_of.isoformat() if as_of else None,
            with_ or (),
        )
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
