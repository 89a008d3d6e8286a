"""Bytes that no reader foresaw, composed: each becomes an error of the source, and none escapes."""

from __future__ import annotations

import csv
import json
import zipfile
import zlib
from collections.abc import Callable
from decimal import InvalidOperation
from gzip import BadGzipFile
from pathlib import Path

import polars as pl
import pytest

from flows.sources import staging
from flows.sources.bgs_wms import connect as bgs_connect
from flows.sources.comtrade.faults import faults as comtrade_faults
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.door.kinds import check
from flows.sources.door.limits import Limits
from flows.sources.door.parse import parsed, parsed_or_none, unparsed
from flows.sources.door.refusals import NotPromisedError
from flows.sources.ecb_rates import connect as ecb_connect
from flows.sources.staging import stage_edition

DEEP = b"[" * 100_000 + b"]" * 100_000


def staged(source: str, edition: str, path: Path) -> pl.DataFrame:
    one = Edition(id=edition, released=None)
    return stage_edition(read_source(source), one, Raw(source, edition, path.parent, (path,)))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("two\nlines"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        KeyError("year"),
        IndexError("list index out of range"),
        RecursionError("maximum recursion depth exceeded"),
        OverflowError("int too large"),
        InvalidOperation("no number"),
        EOFError("ended early"),
        csv.Error("line contains NUL"),
        zipfile.BadZipFile("File is not a zip file"),
        BadGzipFile("Not a gzipped file"),
        zlib.error("Error -3"),
        pl.exceptions.ComputeError("no such thing"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_reader_raises_names_source_edition_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:  # noqa: ARG001
        raise error

    monkeypatch.setattr(staging, "stage_function", lambda _: stage)
    path = tmp_path / "composed.csv"
    with pytest.raises(SourceError) as stopped:
        staged("baci", "2099", path)
    assert type(stopped.value) is SourceError
    assert str(stopped.value).startswith(f"baci 2099: cannot read {path}: {type(error).__name__}: ")
    assert "\n" not in str(stopped.value)
    assert stopped.value.__cause__ is error


def test_what_is_no_fault_of_the_bytes_is_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:  # noqa: ARG001
        raise TypeError("a mistake of ours")

    monkeypatch.setattr(staging, "stage_function", lambda _: stage)
    with pytest.raises(TypeError, match="a mistake of ours"):
        staged("baci", "2099", tmp_path / "composed.csv")


def test_an_edition_of_the_usgs_is_named_after_its_year(tmp_path: Path) -> None:
    for name in ("2027x", "x", "\u0662\u0660\u0662\u0667"):
        with pytest.raises(SourceError, match=f"usgs_mcs {name}: an edition is named after its"):
            staged("usgs_mcs", name, tmp_path / "composed.csv")


def test_an_empty_file_of_eu_crm_is_an_error_of_the_source(tmp_path: Path) -> None:
    path = tmp_path / "composed.csv"
    path.write_bytes(b"")
    with pytest.raises(SourceError, match=r"composed\.csv"):
        staged("eu_crm", "2023", path)


def test_json_that_is_nested_too_deeply_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "composed.json"
    path.write_bytes(b'{"features": ' + DEEP + b"}")
    with pytest.raises(SourceError, match=r"composed\.json: no JSON of any use: nested deeper"):
        staged("bgs_wms", "2099-01-01", path)
    with pytest.raises(NotPromisedError, match="nested deeper than any data is"):
        check(path, "json", Limits(1, 1, 1), is_measured=True)


def test_json_is_parsed_or_refused() -> None:
    good = {"a": [1, None, "\u20ac"]}
    data = b"\xef\xbb\xbf" + json.dumps(good, ensure_ascii=False).encode()
    assert parsed(data, "here") == parsed_or_none(data) == good
    assert not unparsed(data)
    for bad in (data[:-1], b"", b"\xff\xfe{", b'{"a": }', b"9" * 5000):
        with pytest.raises(IncompleteError, match=r"^here: no whole JSON \(.+\); fetch it again$"):
            parsed(bad, "here")
        assert parsed_or_none(bad) is None
        assert unparsed(bad)
    with pytest.raises(SourceError, match=r"^here: no JSON of any use") as stopped:
        parsed(DEEP, "here")
    assert not isinstance(stopped.value, IncompleteError)
    assert parsed_or_none(DEEP) is None


@pytest.mark.parametrize("read", [bgs_connect.faults, ecb_connect.faults, comtrade_faults])
def test_an_answer_that_is_nested_too_deeply_is_no_error_of_its_own(
    read: Callable[[int, dict[str, str], bytes], SourceError | None],
) -> None:
    assert read(200, {}, DEEP[:60_000]) is None
    assert read(200, {}, b"[" * 30_000 + b"]" * 30_000) is None
