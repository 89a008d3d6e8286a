"""Stage the World Bank's Worldwide Governance Indicators: a row a country, year and dimension.

What not to assume:
- the codes are the Bank's own, some long out of use (ZAR is COD, ROM is ROU, TMP is TLS);
  labels.csv says which country each one is.
- `..` is an estimate the Bank could not make: null, never zero.
- estimates are rescaled in every edition: a difference between two editions is no change.
- before 2002 there is an estimate every second year only.
- a cell read as text loses digits: the workbook holds more than it shows.
- the API names countries by ISO's codes, and some by no code at all, Taiwan among them: those are
  known by their names, and so are the aggregates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import fastexcel
import polars as pl

from flows.sources.contract import (
    Edition,
    IncompleteError,
    Raw,
    SourceError,
    read_source,
)
from flows.sources.worldbank_wgi.pages import ESTIMATE, Page, read_page, whole

LABELS = Path(__file__).with_name("labels.csv")
WORKBOOK = {"code": "code", "year": "year", "indicator": "dimension", "estimate": "estimate"}
"""The workbook's columns -> ours."""
BUNDLED = {
    "code": pl.String(),
    "year": pl.Int32(),
    "dimension": pl.String(),
    "estimate": pl.Float64(),
}
MISSING = ".."
API = "api"
"""Layout of an edition that is the API's answers."""


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read the edition's one file, the Bank's workbook or our Parquet, or the API's answers.

    Gives iso3, year, dimension and estimate (standard normal units, null = not estimated).

    Raises:
        IncompleteError: an answer of the API, or a row of one, is missing.
        SourceError: a sheet, column, code or cell is not the Bank's.

    """
    if edition.layout == API or {path.suffix for path in raw.files} == {".json"}:
        return labelled(read_answers(raw, edition), raw.folder).lazy()
    if len(raw.files) != 1:
        names = ", ".join(path.name for path in raw.files) or "none"
        raise SourceError(f"worldbank_wgi {edition.id}: expected one file, got {names}")
    path = raw.files[0]
    return labelled(read(path), path).lazy()


def read_answers(raw: Raw, edition: Edition) -> pl.DataFrame:
    """Read the API's answers into the columns of `BUNDLED`; a country without code by its name.

    Raises:
        IncompleteError: a dimension, a page or a row is missing.
        SourceError: an answer is an error, of another edition, or no estimate.

    """
    pages = [read_page(path.read_bytes(), str(path)) for path in raw.files]
    by_dimension: dict[str, list[Page]] = {}
    for page in pages:
        match = ESTIMATE.fullmatch(page.indicator)
        if match is None:
            raise SourceError(f"{page.where}: {page.indicator} is none of the six estimates")
        by_dimension.setdefault(match["dimension"].lower(), []).append(page)
    (column,) = (c for c in read_source(raw.source).staged.columns if c.name == "dimension")
    if lacking := set(column.values) - by_dimension.keys():
        raise IncompleteError(
            f"{raw.source} {edition.id}: no answer for {', '.join(sorted(lacking))} in {raw.folder}"
        )
    refuse_other_editions(pages, edition)
    return pl.DataFrame(
        [
            (row.countryiso3code or row.country.value, int(row.date), dimension, row.value)
            for dimension, found in sorted(by_dimension.items())
            for page in whole(found)
            for row in page.rows
        ],
        schema=BUNDLED,
        orient="row",
    )


def refuse_other_editions(pages: Sequence[Page], edition: Edition) -> None:
    """Refuse answers of two states of the database, or of another than the edition's."""
    days = sorted({page.about.lastupdated for page in pages})
    if len(days) > 1 or (edition.layout == API and edition_id(days[0]) != edition.id):
        raise SourceError(
            f"worldbank_wgi {edition.id}: answers of {', '.join(map(str, days))}; estimates of "
            "different updates are never mixed: fetch all six again"
        )


def edition_id(day: date) -> str:
    """Name the state of the database that was updated on a day."""
    return f"API_{day}"


def read(path: Path) -> pl.DataFrame:
    """Read one file by its kind into the columns of `BUNDLED`."""
    if path.suffix == ".parquet":
        return read_parquet(path)
    if path.suffix == ".xlsx":
        return read_workbook(path)
    raise SourceError(f"{path}: neither the World Bank's workbook (.xlsx) nor our Parquet file")


def read_parquet(path: Path) -> pl.DataFrame:
    """Read the bundled layout: typed, the Bank's codes, null where there is no estimate."""
    frame = pl.read_parquet(path)
    if dict(frame.schema) != BUNDLED:
        raise SourceError(f"{path}: columns {dict(frame.schema)}, expected {BUNDLED}")
    return frame


def read_workbook(path: Path) -> pl.DataFrame:
    """Read the Bank's workbook, twice: numbers in full, and the text of cells that hold none."""
    columns = list(WORKBOOK)
    try:
        book = fastexcel.read_excel(path)
        sheet = find_sheet(book, path)
        numbers = book.load_sheet(sheet, use_columns=["estimate"], dtypes={"estimate": "float"})
        cells = book.load_sheet(sheet, use_columns=columns, dtypes=dict.fromkeys(columns, "string"))
    except fastexcel.FastExcelError as error:
        raise SourceError(f"{path}: cannot be read as a workbook ({error})") from error
    text = cells.to_polars()
    frame = text.with_columns(number=numbers.to_polars()["estimate"])
    where = f"{path}, sheet {sheet}"
    refuse(frame, where, "code", pl.col("code").str.contains(r"^[A-Z]{3}$"))
    refuse(frame, where, "year", pl.col("year").str.contains(r"^\d{4}$"))
    refuse(frame, where, "indicator", pl.col("indicator").is_not_null())
    number_or_missing = pl.col("number").is_not_null() | (pl.col("estimate") == MISSING)
    refuse(frame, where, "estimate", number_or_missing)
    typed = frame.with_columns(pl.col("year").cast(pl.Int32), estimate=pl.col("number"))
    return typed.drop("number").rename(WORKBOOK).select(list(BUNDLED))


def find_sheet(book: fastexcel.ExcelReader, path: Path) -> str:
    """Give the one sheet that has the columns; copies name their sheets as they like."""
    lost = {name: lost_columns(book, name) for name in book.sheet_names}
    fitting = [name for name, missing in lost.items() if not missing]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise SourceError(f"{path}: several sheets hold the estimates: {', '.join(fitting)}")
    found = "; ".join(f"sheet {name} lacks {', '.join(lost[name])}" for name in lost)
    raise SourceError(f"{path}: no sheet has the columns {', '.join(WORKBOOK)}: {found}")


def lost_columns(book: fastexcel.ExcelReader, sheet: str) -> list[str]:
    """Name the columns we read that a sheet has not."""
    columns = book.load_sheet(sheet, n_rows=0).available_columns()
    return sorted(set(WORKBOOK) - {column.name for column in columns})


def refuse(frame: pl.DataFrame, where: str, column: str, fits: pl.Expr) -> None:
    """Refuse the rows that do not fit, and show the first with its line in the sheet."""
    bad = frame.with_row_index("line", offset=2).filter(~fits.fill_null(value=False))
    if bad.height:
        raise SourceError(
            f"{where}: column {column} does not read as the World Bank's in {bad.height} rows; "
            f"the first: {bad.drop('number').row(0, named=True)}"
        )


def labelled(published: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Turn the Bank's codes into ours; every row is kept, or ignored for a listed reason."""
    labels = pl.read_csv(LABELS, infer_schema=False)
    undecided = labels.filter(pl.col("iso3").is_null() == pl.col("ignored_because").is_null())
    if undecided.height:
        names = ", ".join(undecided["name"])
        raise SourceError(f"{LABELS}: {names}: write either an iso3 or a reason to ignore it")
    by_name = labels.with_columns(code=pl.col("name"))
    labels = pl.concat([labels.drop_nulls("code"), by_name]).drop("name").unique()
    unknown = published.join(labels, on="code", how="anti")["code"].unique().sort().to_list()
    if unknown:
        raise SourceError(
            f"{path}: unknown country codes {'; '.join(unknown)}; "
            f"give each its iso3, or the reason to ignore it, in {LABELS}"
        )
    rows = published.join(labels, on="code", validate="m:1")
    return rows.filter(pl.col("iso3").is_not_null()).select("iso3", "year", "dimension", "estimate")
