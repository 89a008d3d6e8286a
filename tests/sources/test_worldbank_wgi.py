"""The World Bank's governance estimates: the bundled figures, the workbook, and its traps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from polars.testing import assert_frame_equal

from flows.sources.contract import Edition, Raw, SourceError, read_source
from flows.sources.staging import stage_edition

WORKBOOK = Path(__file__).parents[3] / "shared/data/governance/wgi_2024_update.xlsx"
SOURCE = read_source("worldbank_wgi")
HEADER = ["codeindyr", "code", "countryname", "year", "indicator", "estimate", "stddev"]


def staged(path: Path, **changes: object) -> pl.DataFrame:
    """Stage one file as the reviewed edition, or as it is changed here."""
    edition = SOURCE.editions[0].model_copy(update=changes)
    raw = Raw(SOURCE.id, edition.id, path.parent, (path,))
    return stage_edition(SOURCE, edition, raw)


def composed(path: Path, rows: list[list[Any]], header: list[str] = HEADER) -> Path:
    """Write a composed workbook in the Bank's layout, beside a sheet of notes."""
    with xlsxwriter.Workbook(path) as book:
        for name, content in {"Notes": [["composed"]], "Data": [header, *rows]}.items():
            sheet = book.add_worksheet(name)
            for line, row in enumerate(content):
                sheet.write_row(line, 0, row)
    return path


def row(code: str, year: int, estimate: object, dimension: str = "pv") -> list[Any]:
    """One composed row of the Bank's workbook."""
    return [f"{code}{dimension}{year}", code, "composed", year, dimension, estimate, 0.2]


@pytest.fixture(scope="module")
def bundled() -> pl.DataFrame:
    """The bundled edition, staged."""
    return staged(SOURCE.folder / "bundled" / SOURCE.editions[0].bundled[0])


def estimate(frame: pl.DataFrame, iso3: str, year: int, dimension: str) -> float | None:
    """The one estimate of a country, year and dimension."""
    key = (pl.col("iso3") == iso3) & (pl.col("year") == year) & (pl.col("dimension") == dimension)
    value: float | None = frame.filter(key)["estimate"].item()
    return value


def test_bundled_has_every_country_year_and_dimension(bundled: pl.DataFrame) -> None:
    assert bundled.height == 214 * 25 * 6
    assert bundled["iso3"].n_unique() == 214
    assert bundled.group_by("dimension").len()["len"].to_list() == [214 * 25] * 6


def test_china_is_near_the_earlier_edition_of_w33(bundled: pl.DataFrame) -> None:
    # W33 of methods.md quotes an earlier edition; a rescaling moves the second decimal.
    value = estimate(bundled, "CHN", 2022, "pv")
    assert value == pytest.approx(-0.44107362627983093, abs=0.02)
    assert value == -0.45127671957015991  # the workbook's own cell, all its digits


def test_taiwan_has_scores_of_its_own(bundled: pl.DataFrame) -> None:
    taiwan = bundled.filter(pl.col("iso3") == "TWN")
    assert taiwan["estimate"].null_count() == 0
    assert estimate(bundled, "TWN", 2022, "pv") == pytest.approx(0.7663744, abs=1e-7)


def test_old_codes_are_todays_countries(bundled: pl.DataFrame) -> None:
    found = set(bundled["iso3"])
    assert {"COD", "ROU", "TLS", "AND", "XKX", "PSE"} <= found
    assert not {"ZAR", "ROM", "TMP", "ADO", "KSV", "WBG"} & found


def test_missing_stays_missing_and_keeps_its_row(bundled: pl.DataFrame) -> None:
    assert bundled["estimate"].null_count() == 1126
    assert estimate(bundled, "NIU", 1996, "pv") is None
    assert bundled.filter(pl.col("estimate") == 0.0).is_empty()


@pytest.mark.skipif(not WORKBOOK.is_file(), reason="the World Bank's workbook is not in ../shared")
def test_bundled_is_the_workbook(bundled: pl.DataFrame) -> None:
    assert_frame_equal(bundled, staged(WORKBOOK), check_exact=True)


def test_workbook_is_read_by_its_columns(tmp_path: Path) -> None:
    rows = [row("ZAR", 2022, -1.123456789012345), row("ROM", 2022, ".."), row("CHN", 2021, -0.5)]
    unbundled = {"bundled": [], "rows": 3, "years": (2021, 2022)}  # no ledger knows composed rows
    frame = staged(composed(tmp_path / "wgi.xlsx", rows), **unbundled)
    assert frame.select("edition", "iso3", "year", "dimension", "estimate").rows() == [
        ("2024", "CHN", 2021, "pv", -0.5),
        ("2024", "COD", 2022, "pv", -1.123456789012345),
        ("2024", "ROU", 2022, "pv", None),
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row("QQQ", 2022, 0.1), row("CHN", 2022, 0.1)], "unknown country codes QQQ; "),
        ([row("CHN", 2022, "n/a")], r"column estimate .* 1 rows.*'line': 2.*'n/a'"),
        ([row("CHN", 2022, None)], "column estimate"),
        ([row("CHN", 2022, 0.1), row("CHN", 2022, 0.1)], "2 rows share a key"),
        ([row("CHN", 2022, 0.1, "xx")], "dimension is no value promised"),
        ([row("CHN", 2022, 57.1)], "estimate is above 5"),
        ([row("CHN", "2022 ", 0.1)], "column year"),  # type: ignore[arg-type]
        ([row("ROM", 2022, 0.1), row("China", 2022, 0.1)], "column code .*'line': 3"),
    ],
)
def test_a_strange_cell_is_named(rows: list[list[Any]], message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        staged(composed(tmp_path / "wgi.xlsx", rows), rows=None, years=None)


def test_a_lost_column_names_the_sheets(tmp_path: Path) -> None:
    header = ["score" if name == "estimate" else name for name in HEADER]
    path = composed(tmp_path / "wgi.xlsx", [row("CHN", 2022, 0.1)], header)
    with pytest.raises(SourceError, match="sheet Data lacks estimate"):
        staged(path)


def test_a_lost_row_is_counted(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="1 rows after staging, 32100 reviewed"):
        staged(composed(tmp_path / "wgi.xlsx", [row("CHN", 2022, 0.1)]))


def test_a_damaged_workbook_and_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "wgi.xlsx").write_bytes(b"PK not a workbook")
    with pytest.raises(SourceError, match="cannot be read as a workbook"):
        staged(tmp_path / "wgi.xlsx")
    (tmp_path / "wgi.csv").write_text("composed")
    with pytest.raises(SourceError, match="neither the World Bank's workbook"):
        staged(tmp_path / "wgi.csv")
    with pytest.raises(SourceError, match="expected one file, got none"):
        stage_edition(SOURCE, Edition(id="x", released=None), Raw(SOURCE.id, "x", tmp_path, ()))
