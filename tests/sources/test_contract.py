"""What a source promises, and that staged rows are held against it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.indices.contract import Table
from flows.sources import contract, staging
from flows.sources.contract import (
    IncompleteError,
    Raw,
    Source,
    SourceError,
    read_source,
    source_ids,
)

PROMISE = """
id: composed
title: Composed
producer: tests
origin: https://example.org/data
hosts: [example.org]
citation: Composed for tests.
licence: {name: none, url: "", publish: open}
schedule: never
fresh_days: 10
tried_live: null
limits: [composed]
editions:
  - {id: "1", released: 2024-01-31, hs_revision: H0, hs6: ["010121"], years: [2020, 2021], rows: 2}
staged:
  meaning: Composed
  grain: [edition, hs6, year]
  ledger: {part: hs6, total: amount}
  columns:
    - {name: edition, type: text, meaning: edition}
    - {name: hs6, type: text, meaning: code}
    - {name: year, type: year, meaning: year, low: 1995}
    - {name: kind, type: text, meaning: kind, values: [one, two]}
    - {name: amount, type: float, meaning: amount, unit: t, nullable: true, low: 0}
"""
ROWS = pl.DataFrame(
    {"hs6": ["010121"] * 2, "year": [2021, 2020], "kind": ["one", "two"], "amount": [1.0, None]},
    schema_overrides={"year": pl.Int32},
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of sources with one in it."""
    (tmp_path / "composed").mkdir()
    (tmp_path / "composed" / "source.yml").write_text(PROMISE, encoding="utf-8")
    monkeypatch.setattr(contract, "FOLDER", tmp_path)
    return tmp_path


def staged(source: Source, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    monkeypatch.setattr(staging, "stage_function", lambda _: lambda *_: rows.lazy())
    raw = Raw(source.id, "1", source.folder, ())
    return staging.stage_edition(source, source.editions[0], raw)


def test_our_own_sources_keep_the_shape() -> None:
    assert {"article", "baci", "usgs_mcs", "worldbank_wgi"} <= set(source_ids())
    for name in source_ids():
        source = read_source(name)
        assert source.limits, name
        assert source.table.id == f"staging.{name}"
        assert len({edition.id for edition in source.editions}) == len(source.editions)
        for edition in source.editions:
            lost = [n for n in edition.bundled if not (source.folder / "bundled" / n).is_file()]
            assert lost == []
            assert edition.rows is not None, f"{name} {edition.id} is not reviewed"
            assert (edition.released is None) == (edition.released_basis == "unknown")
        # Nothing lies in a folder that no edition names.
        named = {n for edition in source.editions for n in edition.bundled}
        assert {path.name for path in (source.folder / "bundled").glob("*")} == named


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title: Composed", "titel: Composed", "titel"),
        ("publish: open", "publish: perhaps", "publish"),
        ("fresh_days: 10", "fresh_days: soon", "fresh_days"),
        ("id: composed", "id: other", "id is 'other', the folder is 'composed'"),
        ("limits: [composed]\n", "", "limits"),
    ],
)
def test_a_broken_promise_stops_and_names_the_file(
    folder: Path, old: str, new: str, says: str
) -> None:
    path = folder / "composed" / "source.yml"
    path.write_text(PROMISE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SourceError, match=rf"(?s)composed/source\.yml: .*{says}"):
        read_source("composed")


def test_an_unknown_source_is_answered_with_those_there_are(folder: Path) -> None:
    assert source_ids() == ["composed"]
    with pytest.raises(SourceError, match="no source 'comtrade'; there are: composed"):
        read_source("comtrade")
    assert (folder / "composed").is_dir()


@pytest.mark.usefixtures("folder")
def test_rows_come_out_as_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    source = read_source("composed")
    frame = staged(source, ROWS, monkeypatch)
    assert dict(frame.schema) == source.table.polars
    assert frame.rows() == [
        ("1", "010121", 2020, "two", None),
        ("1", "010121", 2021, "one", 1.0),
    ]


Change = Callable[[pl.DataFrame], pl.DataFrame]
FAULTS: dict[str, tuple[Change, type[SourceError], str]] = {
    "a column lost": (lambda f: f.drop("kind"), SourceError, "columns missing .*: kind"),
    "a column new": (lambda f: f.with_columns(x=1), SourceError, "not promised .*: x"),
    "a column re-typed": (
        lambda f: f.with_columns(pl.col("hs6").cast(pl.Int64)),
        SourceError,
        "column hs6 is Int64, promised String",
    ),
    "a code that lost its zero": (
        lambda f: f.with_columns(hs6=pl.lit("10121")),
        IncompleteError,
        "no row of the codes 010121",
    ),
    "an empty cell": (
        lambda f: f.with_columns(kind=pl.lit(None, pl.String)),
        SourceError,
        "kind is empty in 2 of 2 rows; the first: .*'year': 2020",
    ),
    "a value below": (
        lambda f: f.with_columns(amount=pl.lit(-1.0)),
        SourceError,
        r"amount is below 0\.0",
    ),
    "a word never promised": (
        lambda f: f.with_columns(kind=pl.lit("three")),
        SourceError,
        "kind is no value promised",
    ),
    "a row twice": (
        lambda f: f.with_columns(year=pl.lit(2020, pl.Int32)),
        SourceError,
        "2 rows share a key; the first: .*'year': 2020",
    ),
    "no rows": (lambda f: f.clear(), IncompleteError, "no rows"),
    "a row lost": (lambda f: f.head(1), IncompleteError, "1 rows after staging, 2 reviewed"),
    "another year": (
        lambda f: f.with_columns(pl.col("year") + 1),
        IncompleteError,
        r"years \(2021, 2022\), promised \(2020, 2021\)",
    ),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("fault", FAULTS)
def test_rows_that_break_the_promise_stop_and_are_named(
    monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    change, error, says = FAULTS[fault]
    source = read_source("composed")
    with pytest.raises(error, match=f"composed 1: .*{says}"):
        staged(source, change(ROWS), monkeypatch)


def test_a_key_that_no_fact_knows_is_named() -> None:
    facts = {
        "ref.country_code": pl.DataFrame(
            {
                "system": ["comtrade", "comtrade", "iso"],
                "code": ["156", "58", "999"],
                "from_year": [None, None, None],
                "to_year": [None, 1998, None],
            },
            schema_overrides={"from_year": pl.Int32, "to_year": pl.Int32},
        )
    }
    table = read_source("baci").table
    frame = pl.DataFrame(
        {"importer_code": [156, 58], "exporter_code": [156, 156], "year": [2024, 1998]},
        schema_overrides={"year": pl.Int32},
    )
    staging.check_keys("composed", frame, only(table), facts)
    for code, year in ((999, 2024), (58, 1999)):
        bad = frame.with_columns(importer_code=pl.lit(code, pl.Int64), year=pl.lit(year, pl.Int32))
        with pytest.raises(SourceError, match=f"importer_code {code} not in ref.country_code"):
            staging.check_keys("composed", bad, only(table), facts)


def only(table: Table) -> Table:
    """The table with those columns alone that hold country codes."""
    kept = tuple(c for c in table.columns if c.name in {"importer_code", "exporter_code"})
    return Table("staging", "composed", "Composed", (), kept)
