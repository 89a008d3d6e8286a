"""Verbs that hand a snapshot over: as files for other tools, and as a dictionary."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from flows.cli.app import Json, app
from flows.command import exits


@app.command
def export(  # noqa: PLR0913 - an argument is an option of the command
    *tables: str,
    query: str = "",
    param: Annotated[list[str] | None, Parameter(name="--param")] = None,
    form: Annotated[
        Literal["xlsx", "csv", "parquet", "json"] | None, Parameter(name="--format")
    ] = None,
    out: Path | None = None,
    snapshot: str | None = None,
    force: bool = False,
    seconds: float = 120,
    as_json: Json = False,
) -> int:
    """Write tables of a snapshot, or an answer, as Excel, CSV, Parquet or JSON.

    For example: `orewatch export --out brief.xlsx`,
    `orewatch export import_concentration --format parquet`, or
    `orewatch export --query top_suppliers --param importer=KOR --out korea.csv`.

    Without a name: what one wants first, the newest year of the views and the headline indices.
    Several tables as CSV or Parquet make a folder. The file is whole or not there.

    Args:
        tables: Tables or views, with or without their schema; `orewatch dictionary` lists them.
        query: A SELECT, or the name of a ready-made question, in place of tables.
        param: A parameter of the query, name=value; several may be given.
        form: What to write; without it what the ending of --out says, or else xlsx.
        out: The file, or a folder to put it in; the default is a name with the snapshot's id, here.
        snapshot: Another snapshot than the current one: its id, or a part of it.
        force: Replace a file that is there.
        seconds: The most seconds a query may take.
        as_json: Print what was written as JSON.

    """
    if query and tables:
        raise exits.UsageError("export takes tables or --query, not both")
    if param and not query:
        raise exits.UsageError("--param is for --query")
    from flows.command import exporting  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    wanted = exporting.Wanted(tables, query, param or (), form, out, snapshot, force, seconds)
    return exporting.export(wanted, Settings(), as_json=as_json)


@app.command
def dictionary(
    table: str = "",
    /,
    *,
    snapshot: str | None = None,
    as_json: Json = False,
    markdown: bool = False,
) -> int:
    """List every table; or tell a table's columns: unit, meaning, formula, and why one is null.

    For example: `orewatch dictionary`, `orewatch dictionary import_concentration`, or
    `orewatch dictionary --markdown > dictionary.md`.

    Without a snapshot it tells what a run would publish.

    Args:
        table: A table with or without its schema, or a whole schema.
        snapshot: Another snapshot than the current one: its id, or a part of it.
        as_json: Print tables with all columns as JSON.
        markdown: Print tables with all columns as Markdown.

    """
    if as_json and markdown:
        raise exits.UsageError("dictionary takes --json or --markdown")
    from flows.command import dictionary as telling  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    form: telling.Form = "json" if as_json else "markdown" if markdown else "screen"
    return telling.tell(Settings(), table, snapshot, form)
