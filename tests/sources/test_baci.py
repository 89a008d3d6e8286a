"""BACI as published: what is read, and each way in which a file can be broken."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.facts import Facts, read_facts
from flows.settings import CHECKOUT
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.staging import check_keys, stage_edition
from tests import world

SOURCE = read_source("baci")
NAME = "BACI_HS92_Y2022_V202601.csv"
CSV = """t,i,j,k,v,q
2022,156,392,280530,      500.000,       50.000
2022,704,392,280530,      500.250,           NA
2022,842,392,10121,         0.001,        0.000
2022,490,410,280530,       10.000,
"""


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(CHECKOUT / "warehouse" / "facts")


def edition(**changes: object) -> Edition:
    """An edition without what was reviewed of published bytes."""
    free: dict[str, object] = {"bundled": [], "rows": None, "years": None, "hs6": []}
    return SOURCE.editions[0].model_copy(update=free | changes)


def staged(*paths: Path, **changes: object) -> pl.DataFrame:
    one = edition(**changes)
    return stage_edition(SOURCE, one, Raw(SOURCE.id, one.id, paths[0].parent, paths))


def written(folder: Path, text: str | bytes, name: str = NAME) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_padded_amounts_missing_weights_and_lost_zeros(tmp_path: Path) -> None:
    rows = staged(written(tmp_path, CSV)).rows(named=True)
    found = [(r["hs6"], r["exporter_code"], r["value_kusd"], r["quantity_t"]) for r in rows]
    assert found == [
        ("010121", 842, Decimal("0.001"), Decimal("0.000")),
        ("280530", 156, Decimal("500.000"), Decimal("50.000")),
        ("280530", 704, Decimal("500.250"), None),
        ("280530", 490, Decimal("10.000"), None),
    ]
    assert {(r["year"], r["hs_revision"], r["edition"]) for r in rows} == {
        (2022, "H0", "HS92_V202601")
    }


def test_the_zip_its_members_and_the_bundled_layout_are_one(tmp_path: Path) -> None:
    flows = [f for f in world.HS92_FLOWS if f[0] == 2022]
    zipped = staged(world.baci_zip(tmp_path, flows))
    member = staged(world.baci_csv(tmp_path, "HS92", flows))
    assert_frame_equal(zipped, member)
    schema = {name: pl.Decimal(18, 3) if name in "vq" else pl.Int16 for name in "tijvq"}
    frame = pl.DataFrame(
        [(t, i, j, k, Decimal(v), None if q == "NA" else Decimal(q)) for t, i, j, k, v, q in flows],
        schema={name: schema.get(name, pl.String) for name in "tijkvq"},
        orient="row",
    )
    frame.write_parquet(tmp_path / "bundled.parquet")
    assert_frame_equal(zipped, staged(tmp_path / "bundled.parquet"))


def test_codes_that_are_not_tracked_are_left_in_the_raw_bytes(tmp_path: Path) -> None:
    rows = staged(written(tmp_path, CSV), hs6=["280530"])
    assert set(rows["hs6"]) == {"280530"}
    with pytest.raises(IncompleteError, match="no row of the codes 284690"):
        staged(written(tmp_path, CSV), hs6=["280530", "284690"])


Change = Callable[[str], str | bytes]
FAULTS: dict[str, tuple[Change, str]] = {
    "truncated in a line": (lambda t: t[:-9], r"ends in the middle of a line; fetch it again"),
    "no line end at the end": (lambda t: t.rstrip("\n"), r"ends in the middle of a line"),
    "in UTF-16": (lambda t: t.encode("utf-16"), r"header .*expected \('t', 'i', 'j'"),
    "in another alphabet": (
        lambda t: t.replace("NA", "n/d é").encode("latin-1"),
        rf"{NAME}|cannot read",
    ),
    "a web page": (lambda _: "<!DOCTYPE html>\n<html>Not found</html>\n", r"header .*DOCTYPE"),
    "empty": (lambda _: "", r"header \(''.*expected"),
    "without a header": (lambda t: t.split("\n", 1)[1], r"header \('2022', '156'"),
    "columns in another order": (
        lambda t: t.replace("t,i,j,k,v,q", "t,j,i,k,v,q"),
        r"header \('t', 'j', 'i'",
    ),
    "a column lost": (lambda t: t.replace("t,i,j,k,v,q", "t,i,j,k,v"), r"header \('t', 'i'"),
    "cells shifted": (
        lambda t: t.replace(
            "2022,704,392,280530,      500.250", "2022,704,392,      500.250,280530"
        ),
        r"column k does not read as BACI's in 1 rows.*'line': 3",
    ),
    "decimal comma": (
        lambda t: t.replace("50.000\n", "50,000\n"),
        r"line 2 has other than 6 cells: .*50,000",
    ),
    # It would read as a weight that is not reported.
    "a row cut short": (
        lambda t: t.replace(",       50.000", ""),
        r"line 2 has other than 6 cells: '2022,156,392,280530,      500\.000'",
    ),
    "a blank line": (lambda t: t + "\n", r"line 6 has other than 6 cells: ''"),
    "exponents": (
        lambda t: t.replace("      500.000", "5e2"),
        r"column v does not read.*'line': 2.*'v': '5e2'",
    ),
    "a weight that is a word": (
        lambda t: t.replace("       50.000", "n.a."),
        r"column q does not read.*'q': 'n\.a\.'",
    ),
    "a negative value": (lambda t: t.replace("500.250", "-500.250"), r"column v .*-500\.250"),
    "a value missing": (lambda t: t.replace("      500.250", ""), r"column v .*'line': 3"),
    "a country by name": (lambda t: t.replace("704", "VNM"), r"column i .*'i': 'VNM'"),
    "a code of eight digits": (lambda t: t.replace("10121", "01012100"), r"column k .*01012100"),
    "a duplicated row": (
        lambda t: t + "2022,156,392,280530,1.000,1.000\n",
        r"2 rows share a key; the first: .*'hs6': '280530', 'year': 2022",
    ),
    "a year before HS": (lambda t: t.replace("2022,490", "1066,490"), r"year is below 1988"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_file_stops_and_is_named(tmp_path: Path, fault: str) -> None:
    change, says = FAULTS[fault]
    with pytest.raises(SourceError, match=f"(?s){says}") as stopped:
        staged(written(tmp_path, change(CSV)))
    assert NAME in str(stopped.value) or "baci HS92_V202601" in str(stopped.value)


def test_a_truncation_at_a_lines_end_is_found_by_what_was_reviewed(tmp_path: Path) -> None:
    path = written(tmp_path, CSV.rsplit("2022,490", 1)[0])
    assert staged(path).height == 3
    with pytest.raises(IncompleteError, match="3 rows after staging, 4 reviewed"):
        staged(path, rows=4)
    with pytest.raises(IncompleteError, match=r"years \(2022, 2022\), promised \(2021, 2022\)"):
        staged(path, years=(2021, 2022))


def test_a_damaged_zip_stops(tmp_path: Path) -> None:
    path = world.baci_zip(tmp_path, world.HS92_FLOWS)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(SourceError, match=r"V202601\.zip: damaged zip .*fetch it again"):
        staged(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Readme.txt", "Composed.")
    with pytest.raises(SourceError, match="no BACI file"):
        staged(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(NAME, CSV)
    path.write_bytes(path.read_bytes().replace(b"500.250", b"900.250"))
    with pytest.raises(SourceError, match=r"damaged zip .*CRC"):
        staged(path)


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"trade\.xlsx: neither BACI's zip"):
        staged(written(tmp_path, b"PK", "trade.xlsx"))
    pl.DataFrame({"t": [2022], "i": [156]}).write_parquet(tmp_path / "short.parquet")
    with pytest.raises(SourceError, match=r"short\.parquet: columns \('t', 'i'\), expected"):
        staged(tmp_path / "short.parquet")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("2022,156,", "2022,999,", r"exporter_code 999 not in ref\.country_code, 1 rows"),
        (",410,", ",7,", r"importer_code 7 not in ref\.country_code"),
        # Belgium-Luxembourg ended with 1998.
        ("2022,704,", "2022,58,", r"exporter_code 58 not in ref\.country_code"),
    ],
)
def test_an_unknown_country_stops_and_is_named(
    tmp_path: Path, facts: Facts, old: str, new: str, says: str
) -> None:
    def check(text: str) -> None:
        frame: Any = staged(written(tmp_path, text))
        check_keys("baci composed", frame, SOURCE.table, facts.frames)

    check(CSV)
    with pytest.raises(SourceError, match=says + r".*add it to warehouse/facts"):
        check(CSV.replace(old, new))


def test_what_is_bundled_is_what_was_reviewed() -> None:
    for one in SOURCE.editions:
        paths = tuple(SOURCE.folder / "bundled" / name for name in one.bundled)
        frame = stage_edition(SOURCE, one, Raw(SOURCE.id, one.id, paths[0].parent, paths))
        assert frame.height == one.rows
        assert set(frame["hs6"]) == set(one.hs6)
