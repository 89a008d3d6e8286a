"""The verb for a firm's own purchases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from flows.cli.app import Json, app
from flows.command import exits


@app.command
def exposure(  # noqa: PLR0913 - an argument is an option of the command
    file: Path,
    /,
    *,
    importer: str,
    day: date | None = None,
    columns: Annotated[list[str] | None, Parameter(name="--columns")] = None,
    currency: str | None = None,
    to: str | None = None,
    decimal: Literal["point", "comma"] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    snapshot: str | None = None,
    as_json: Json = False,
    csv: Annotated[Path | None, Parameter(name="--csv")] = None,
) -> int:
    """Hold a file of your own purchases against the figures: how exposed is what you buy?

    For example: `orewatch exposure purchases.xlsx --importer JPN`, or `orewatch exposure
    einkauf.csv --importer DEU --columns material=Werkstoff,country=Lieferland --csv rows.csv`.

    The file has a row a purchase: material or HS code, country, and value or quantity, with
    currency and unit. Rows that cannot be matched are listed with the reason. Nothing leaves this
    machine, and nothing is written but the file that `--csv` names.

    Exit code 1: the file cannot be used, or no row of it could be matched.

    Args:
        file: A CSV or an .xlsx workbook.
        importer: The economy or bloc that the goods come into: its code or its name.
        day: The day that measures are in force on. The default is today in UTC.
        columns: Which header is which column, as column=header, several joined by commas or given
            apart; the columns are material, hs, country, quantity, unit, value, currency.
        currency: The currency of amounts that name none.
        to: The currency to convert to, where the file has several.
        decimal: The decimal mark, where the file's numbers do not settle it.
        encoding: The encoding of a CSV, where it is neither UTF-8 nor Windows'.
        sheet: The sheet of a workbook; the first that has the columns, where not said.
        snapshot: Another snapshot than the current one: its id, or a part of it.
        as_json: Print everything as JSON: rows, minerals, measures, the figures of every index.
        csv: A new file that gets every row with what was found for it.

    """
    from flows.command import purchases  # noqa: PLC0415
    from flows.purchases.contract import Options  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    said = dict(pair(text) for word in columns or () for text in word.split(","))
    options = Options(said, sheet, encoding, decimal, currency)
    on = day or datetime.now(UTC).date()
    wanted = purchases.Wanted(file, importer, on, options, to, snapshot, csv)
    return purchases.expose(wanted, Settings(), as_json=as_json)


def pair(text: str) -> tuple[str, str]:
    """Split `column=header`."""
    name, _, header = text.partition("=")
    if not name.strip() or not header.strip():
        raise exits.UsageError(
            f"--columns takes column=header, such as material=Werkstoff; not {text!r}"
        )
    return name.strip(), header.strip()
