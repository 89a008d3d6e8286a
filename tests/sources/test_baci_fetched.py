"""BACI fetched: from CEPII's page to an accepted edition, each way in which a zip can be wrong."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.facts import Facts, read_facts
from flows.settings import CHECKOUT
from flows.sources.arrivals import Ground
from flows.sources.baci import connect, rows
from flows.sources.baci.stage import WHOLE, to_parquet
from flows.sources.connect import FetchError, Offer, Wish
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.editions import tracked_codes, with_accepted
from flows.sources.staging import stage_edition
from flows.sources.visit import Asked as AskedFor
from flows.sources.visit import visit, wish_of
from tests.served import cepii
from tests.served.cepii import member, page, yearly, zip_name, zipped
from tests.served.host import Reply, hosts

SOURCE = read_source("baci")
NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
EDITION = Edition(id="HS92_V202701", released=None, hs_revision="H0", layout=WHOLE)
H0, H5 = zip_name(), zip_name("HS17")
CODES = {"H0": ("280530", "284690"), "H5": ("811292",)}
YEARS = (2024, 2025, 2026)
ROWS: list[cepii.Row] = [
    (2026, 156, 392, "280530", "500.25", "50"),
    (2026, 842, 392, "010121", "0.001", ""),
    (2026, 490, 410, "284690", "10", "0.5"),
]
SHARED = Path(__file__).parents[3] / "shared/data"


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(CHECKOUT / "warehouse" / "facts")


def offered(folder: Path, html: bytes, wish: Wish) -> list[Offer]:
    with hosts({cepii.HOST: cepii.handler(html, {})}) as served:
        return connect.offers(served.door(folder, {SOURCE.id: SOURCE}), SOURCE, wish)


def wish(**changes: object) -> Wish:
    return replace(Wish(NOW.date(), codes=CODES), **changes)  # type: ignore[arg-type]


def written(folder: Path, members: dict[str, bytes], name: str = H0) -> Path:
    path = folder / name
    path.write_bytes(zipped(members))
    return path


def staged(path: Path, edition: Edition = EDITION) -> pl.DataFrame:
    return stage_edition(SOURCE, edition, Raw(SOURCE.id, edition.id, path.parent, (path,)))


# Through the real door.


def test_from_the_page_to_an_accepted_edition(
    tmp_path: Path, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.sources.judge.bundled_parts", lambda *_: {})
    codes = tracked_codes(facts.frames["ref.form_code"])
    html = page(H0, H5, zip_name(version="202601"))
    zips = {H0: yearly(YEARS, codes["H0"]), H5: yearly((2025, 2026), codes["H5"], "HS17")}
    ground = Ground(tmp_path, facts.frames, NOW, wish_of(facts.frames, AskedFor(), NOW.date(), {}))
    with hosts({cepii.HOST: cepii.handler(html, zips)}) as served:
        door = served.door(tmp_path, {SOURCE.id: SOURCE})
        dry = list(visit(door, SOURCE, ground, is_dry=True))
        assert [(one.edition, one.state) for one in dry] == [
            ("HS92_V202701", "wanted"),
            ("HS17_V202701", "wanted"),
        ]
        assert served.paths() == [cepii.PAGE]
        done = list(visit(door, SOURCE, ground))
        assert [(one.state, one.rows) for one in done] == [
            ("accepted", 3 * len(codes["H0"])),
            ("accepted", 2 * len(codes["H5"])),
        ]
        before = len(served.log)
        known = with_accepted(tmp_path, SOURCE, codes)
        again = list(visit(door, known, ground))
        assert {one.state for one in again} == {"unchanged"}
        assert "HS92_V202701 is here since" in again[0].why
        # One small request, and no body with it.
        assert len(served.log) == before + 1
        assert "if-none-match" in served.log[-1].headers


def test_the_version_is_the_pages_and_never_todays(tmp_path: Path) -> None:
    html = page(zip_name(version="202401"), zip_name(version="202401b"), zip_name("HS17", "202501"))
    today = wish(today=date(2031, 1, 1))
    first, second = offered(tmp_path, html, today)
    assert (first.edition.id, second.edition.id) == ("HS92_V202401b", "HS17_V202501")
    assert [(one.hs_revision, one.layout) for one in (first.edition, second.edition)] == [
        ("H0", WHOLE),
        ("H5", WHOLE),
    ]
    (request,) = first.requests
    assert request.url == f"https://{cepii.HOST}{cepii.DATA}BACI_HS92_V202401b.zip"
    assert (request.expects, request.mark) == ("zip", "202401b")


@pytest.mark.parametrize(
    ("says", "day", "basis"),
    [
        ("Version 202701 was released on 2027-01-22.", date(2027, 1, 22), "stated"),
        ("V202701 (updated 22 January 2027).", date(2027, 1, 22), "stated"),
        ("Version : 202701 Release Date : 2027 01 22", date(2027, 1, 22), "stated"),
        # Of another version, of a day before it began, of no day at all.
        ("Version 202601 was released on 2026-01-22.", date(2027, 1, 31), "inferred"),
        ("Version 202701, last updated 2019-05-05", date(2027, 1, 31), "inferred"),
        ("Version 202701 was released on 2027-13-45.", date(2027, 1, 31), "inferred"),
        ("", date(2027, 1, 31), "inferred"),
    ],
)
def test_a_day_of_release_is_stated_or_said_to_be_inferred(
    tmp_path: Path, says: str, day: date, basis: str
) -> None:
    edition = offered(tmp_path, page(H0, H5, says=says), wish())[0].edition
    assert (edition.released, edition.released_basis) == (day, basis)
    assert (basis == "inferred") == ("states no day" in edition.note)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([H0], r"links to no BACI_HS17_V\{version\}\.zip; it links to .*BACI_HS92_V202701\.zip"),
        ([], r"links to no BACI_HS92_V.*it links to #top, FAQ_BACI\.html"),
        (["BACI_HS92_latest.zip", H5], r"it links to .*BACI_HS92_latest\.zip"),
    ],
)
def test_a_page_without_a_link_shows_what_it_links_to(
    tmp_path: Path, names: list[str], says: str
) -> None:
    with pytest.raises(SourceError, match=says):
        offered(tmp_path, page(*names), wish())


def test_what_is_here_decides_what_is_said_and_asked(tmp_path: Path) -> None:
    bundled = replace_edition(bundled=["hs92.parquet"], hs6=["280530"])
    cases = {
        "without 1 of the codes tracked": (bundled, 1),
        "ships with the project with all": (replace_edition(hs6=[*CODES["H0"], "260300"]), 0),
        "is here since 2027-02-01 and still": (replace_edition(fetched=datetime(2027, 2, 1)), 1),  # noqa: DTZ001
        "there is HS92_V202601 here": (replace_edition(id="HS92_V202601"), 1),
    }
    for says, (known, requests) in cases.items():
        first, second = offered(tmp_path, page(H0, H5), wish(known=(known,)))
        assert says in first.why
        assert len(first.requests) == requests
        assert "of H5 there is nothing here" in second.why
        # The codes are those tracked when it is staged.
        assert first.edition.hs6 == []


def replace_edition(**changes: object) -> Edition:
    return EDITION.model_copy(update=changes)


def test_only_revisions_with_tracked_codes_are_offered(tmp_path: Path) -> None:
    (only,) = offered(tmp_path, page(H0, H5), wish(codes={"H5": ("811292",), "H6": ("811292",)}))
    assert only.edition.id == "HS17_V202701"
    with pytest.raises(SourceError, match="no HS code is tracked in any of H0, H5"):
        offered(tmp_path, page(H0, H5), wish(codes={}))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<!DOCTYPE html><html><title>Maintenance</title></html>"),
        Reply(200, yearly(YEARS, CODES["H0"]), cut_at=900),
        Reply(200, yearly(YEARS, CODES["H0"])[:900]),
        Reply(404, b"<html>gone</html>"),
    ],
    ids=["a page", "a cut body", "a cut zip", "nothing there"],
)
def test_what_is_no_whole_zip_is_never_brought(tmp_path: Path, reply: Reply) -> None:
    page_only = cepii.handler(page(H0), {})
    handlers = {cepii.HOST: lambda a: reply if a.path.endswith(".zip") else page_only(a)}
    with hosts(handlers) as served:
        door = served.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, wish(codes={"H0": CODES["H0"]}))
        with pytest.raises(FetchError):
            door(offer.requests[0])
        assert not door.holds(offer.requests[0])


# What a zip may hold.

Members = dict[str, bytes]
GOOD = {member(year): cepii.csv_new([(year, *row[1:]) for row in ROWS]) for year in YEARS}
LAST = member(2026)


def changed(old: bytes, new: bytes) -> Members:
    assert old in GOOD[LAST]
    return GOOD | {LAST: GOOD[LAST].replace(old, new)}


READ_RIGHTLY = {
    "as published": GOOD,
    "older layout": {
        member(year): cepii.csv_old([(year, *row[1:]) for row in ROWS]) for year in YEARS
    },
    "a byte order mark": GOOD | {LAST: b"\xef\xbb\xbf" + GOOD[LAST]},
    "padded, NA, lost zeros": GOOD
    | {
        LAST: b"t,i,j,k,v,q\n2026,156,392,280530,        500.250,  50.000\n"
        b"2026,842,392,10121,0.001,                         NA\n2026,490,410,284690,10,0.5\n"
    },
    "blanks and quotes about cells": changed(b"500.25", b'" 500.25 "'),
    "columns added to the lists of codes": GOOD | {"country_codes_V202701b.csv": b"a,b,c\n"},
}


@pytest.mark.parametrize("drift", READ_RIGHTLY)
def test_a_harmless_change_reads_the_same(tmp_path: Path, drift: str) -> None:
    assert_frame_equal(
        staged(written(tmp_path, READ_RIGHTLY[drift])), staged(written(tmp_path, GOOD))
    )


REFUSED: dict[str, tuple[Members, type[SourceError], str]] = {
    "a year missing in the middle": (
        {name: data for name, data in GOOD.items() if "2025" not in name},
        IncompleteError,
        r"no member of the year 2025, between BACI_HS92_Y2024_V202701\.csv and",
    ),
    "a member of another version": (
        {member(2024, version="202601"): GOOD[member(2024)]} | dict(list(GOOD.items())[1:]),
        SourceError,
        r"BACI_HS92_Y2024_V202601\.csv is not of HS92, version 202701",
    ),
    "a member of another revision": (
        GOOD | {member(2027, "HS17"): GOOD[LAST]},
        SourceError,
        r"BACI_HS17_Y2027_V202701\.csv is not of HS92",
    ),
    "all of another version than the edition": (
        {name.replace("202701", "202601"): data for name, data in GOOD.items()},
        SourceError,
        "is not of HS92, version 202701",
    ),
    "a year twice": (
        GOOD | {f"again/{LAST}": GOOD[LAST]},
        SourceError,
        r"BACI_HS92_Y2026_V202701\.csv and again/BACI_HS92_Y2026_V202701\.csv are both of 2026",
    ),
    "an unknown member": (
        GOOD | {"BACI_HS92_Y2026_V202701 (1).csv": GOOD[LAST]},
        SourceError,
        r"unknown member BACI_HS92_Y2026_V202701 \(1\)\.csv",
    ),
    "no trade at all": ({}, SourceError, "no BACI file"),
    "a row of another year": (
        changed(b"2026,490", b"2025,490"),
        SourceError,
        r"1 rows are not of the year in its name, 2026; the first, line 4, is of 2025",
    ),
    "a column lost": (changed(b"v,q", b"v"), SourceError, r"header \('t', 'i', 'j', 'k', 'v'\)"),
    "a column new": (changed(b"v,q", b"v,q,bec"), SourceError, r"header .*'bec'"),
    "columns swapped": (changed(b"i,j", b"j,i"), SourceError, r"header \('t', 'j', 'i'"),
    "a column renamed": (changed(b"t,i", b"year,i"), SourceError, r"header \('year', 'i'"),
    "another separator": (changed(b",", b";"), SourceError, r"header .*t;i;j;k;v;q"),
    "columns swapped under the header": (
        GOOD | {LAST: b"t,i,j,k,v,q\n2026,156,392,500.25,280530,50\n"},
        SourceError,
        r"column k does not read as BACI's.*'line': 2",
    ),
    "a decimal comma": (
        changed(b"500.25", b"500,25"),
        SourceError,
        r"line 2 has other than 6 cells: '2026,156,392,280530,500,25,50'",
    ),
    "a decimal comma in quotes": (
        changed(b"500.25", b'"500,25"'),
        SourceError,
        "line 2 has other than 6 cells",
    ),
    "cp1252": (changed(b"500.25", b"n\xe9ant"), SourceError, "BACI_HS92_Y2026_V202701.*line"),
    "UTF-16": (
        GOOD | {LAST: GOOD[LAST].decode().encode("utf-16")},
        SourceError,
        r"header .*expected",
    ),
    "a fourth decimal": (
        changed(b"500.25", b"500.2501"),
        SourceError,
        r"column v does not read as BACI's in 1 rows.*'line': 2.*500\.2501",
    ),
    "an exponent": (changed(b"500.25", b"5e2"), SourceError, r"column v .*'v': '5e2'"),
    "a negative value": (changed(b"500.25", b"-500.25"), SourceError, r"column v .*'-500\.25'"),
    "a value missing": (changed(b"500.25", b""), SourceError, r"column v .*'line': 2"),
    "a value not available": (changed(b"500.25", b"NA"), SourceError, r"column v .*'v': 'NA'"),
    "a value too large to hold": (
        changed(b"500.25", b"1234567890123456.5"),
        SourceError,
        r"BACI_HS92_Y2026_V202701|cannot read",
    ),
    "a value without a digit before its point": (
        changed(b"500.25", b".25"),
        SourceError,
        r"column v .*'v': '\.25'",
    ),
    "an infinite value": (changed(b"500.25", b"inf"), SourceError, r"column v .*'v': 'inf'"),
    "a cell cut short": (changed(b",500.25", b""), SourceError, "line 2 has other than 6 cells"),
    "a weight cut off": (
        changed(b",10,0.5\n", b",10\n"),
        SourceError,
        "line 4 has other than 6 cells: '2026,490,410,284690,10'",
    ),
    "a blank line": (changed(b"2026,842", b"\n2026,842"), SourceError, "line 3 .*cells: ''"),
    "a code of eight digits": (changed(b"280530", b"28053000"), SourceError, r"k .*'28053000'"),
    "a country by letters": (changed(b"842", b"USA"), SourceError, r"column i .*'i': 'USA'"),
    "a country of four digits": (changed(b"842", b"8420"), SourceError, r"column i .*'8420'"),
    "a line cut": (GOOD | {LAST: GOOD[LAST][:-3]}, SourceError, "ends in the middle of a line"),
    "only a header": (GOOD | {LAST: b"t,i,j,k,v,q"}, SourceError, "ends in the middle of a line"),
    "a page for a member": (
        GOOD | {LAST: b"<!DOCTYPE html>\n<html></html>\n"},
        SourceError,
        "header .*DOCTYPE",
    ),
    "an empty member": (GOOD | {LAST: b""}, SourceError, r"header \(''"),
    "a doubled row": (
        changed(b"2026,842,392,010121,0.001,\n", b"2026,156,392,280530,1,1\n"),
        SourceError,
        "2 rows share a key",
    ),
}


@pytest.mark.parametrize("drift", REFUSED)
def test_a_harmful_change_is_refused_and_named(tmp_path: Path, drift: str) -> None:
    members, kind, says = REFUSED[drift]
    with pytest.raises(kind, match=f"(?s){says}"):
        staged(written(tmp_path, members))


def test_a_damaged_zip_is_refused_wherever_it_is_damaged(tmp_path: Path) -> None:
    whole = zipped(GOOD)
    path = tmp_path / H0
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place])
        with pytest.raises(SourceError, match="damaged zip"):
            staged(path)
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for name, data in GOOD.items():
            archive.writestr(name, data)
    path.write_bytes(stored.getvalue().replace(b"500.25", b"900.25"))
    with pytest.raises(IncompleteError, match=r"BACI_HS92_V202701\.zip: damaged zip .*CRC"):
        staged(path)


def test_years_out_of_order_and_a_folder_in_the_zip_are_no_fault(tmp_path: Path) -> None:
    turned = {f"BACI_HS92_V202701/{name}": GOOD[name] for name in reversed(GOOD)}
    assert_frame_equal(staged(written(tmp_path, turned)), staged(written(tmp_path, GOOD)))


def test_a_zip_of_another_version_is_not_taken_for_the_editions(tmp_path: Path) -> None:
    older = {name.replace("202701", "202601"): data for name, data in GOOD.items()}
    path = written(tmp_path, older, zip_name(version="202601"))
    with pytest.raises(SourceError, match="is not of HS92, version 202701"):
        staged(path)
    assert staged(path, EDITION.model_copy(update={"id": "HS92_V202601"})).height == 9


def test_files_without_a_layout_may_leave_years_out(tmp_path: Path) -> None:
    path = written(tmp_path, {member(y): GOOD[member(y)] for y in (2024, 2026)})
    by_hand = EDITION.model_copy(update={"layout": ""})
    assert staged(path, by_hand)["year"].unique().to_list() == [2024, 2026]
    with pytest.raises(SourceError, match="is not of HS92, version 202702"):
        staged(path.rename(tmp_path / zip_name(version="202702")), by_hand)


# Piece by piece.


def random_rows(count: int) -> list[cepii.Row]:
    dice = random.Random(7)  # noqa: S311
    drawn = (
        (
            2026,
            dice.randrange(4, 900),
            dice.randrange(4, 900),
            f"{dice.randrange(10110, 980000):06d}",
            f"{dice.randrange(10**9)}.{dice.randrange(1000):03d}",
            dice.choice(["", f"{dice.randrange(10**6)}.{dice.randrange(1000):03d}", "7", "0"]),
        )
        for _ in range(count)
    )
    return sorted({row[1:4]: row for row in drawn}.values())


def expected(found: list[cepii.Row]) -> list[tuple[object, ...]]:
    return [(t, i, j, k, Decimal(v), Decimal(q) if q else None) for t, i, j, k, v, q in found]


def read(data: bytes) -> Iterator[pl.DataFrame]:
    return rows.rows(io.BytesIO(data), "composed.csv", 2026)


@pytest.mark.parametrize("size", [64, 100, 1000, 1 << 20])
@pytest.mark.parametrize("layout", [cepii.csv_new, cepii.csv_old])
def test_the_size_of_a_piece_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, size: int, layout: Callable[..., bytes]
) -> None:
    monkeypatch.setattr(rows, "PIECE", size)
    data = random_rows(60)
    found = pl.concat(read(layout(data)))
    assert found.schema == rows.ROWS
    assert found.rows() == expected(data)


def test_both_readers_agree_and_the_fast_one_reads_both_layouts() -> None:
    data = random_rows(2000)
    for layout in (cepii.csv_new, cepii.csv_old):
        _, _, piece = layout(data).partition(b"\n")
        fast = rows.plain(piece)
        assert fast is not None
        assert_frame_equal(fast, rows.careful(piece, "composed.csv", 2))
        assert fast.rows() == expected(data)


@pytest.mark.parametrize(
    "cell",
    [
        b"1.2345",
        b".5",
        b"5.",
        b".",
        b"1e3",
        b"-1",
        b"+1",
        b"inf",
        b"NaN",
        b"1 2",
        b"0x1",
        b"\xa01",
        b"'1'",
        b"",
    ],
)
def test_the_fast_reader_passes_on_what_it_could_misread(cell: bytes) -> None:
    good = b"2026,156,392,280530,1.234,1\n"
    assert rows.plain(good * 3) is not None
    assert rows.plain(good + good.replace(b"1.234", cell) + good) is None


def test_a_fault_is_named_by_its_line_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PIECE", 200)
    lines = cepii.csv_new(random_rows(100)).splitlines(keepends=True)
    lines[70] = lines[70].replace(b"2026,", b"2026,x", 1)
    with pytest.raises(SourceError, match=r"composed\.csv: column i .*'line': 71"):
        list(read(b"".join(lines)))
    lines[70] = b"2025" + lines[69][4:]
    with pytest.raises(SourceError, match="line 71, is of 2025"):
        list(read(b"".join(lines)))
    with pytest.raises(SourceError, match="no line ends within 200 bytes"):
        list(read(lines[0] + b"1" * 1000 + b"\n"))


# To Parquet.


@pytest.mark.parametrize("revision", ["HS92", "HS96", "HS02", "HS07", "HS12", "HS17", "HS22"])
def test_a_zip_of_any_revision_goes_to_parquet(tmp_path: Path, revision: str) -> None:
    path = tmp_path / zip_name(revision)
    path.write_bytes(yearly(YEARS, ("280530", "010121"), revision))
    assert to_parquet(path, tmp_path / "all.parquet") == 6
    assert to_parquet(path, tmp_path / "one.parquet", hs6=["010121"]) == 3
    every = pl.read_parquet(tmp_path / "all.parquet")
    assert every.schema == rows.ROWS
    assert every.row(1) == (2024, 156, 392, "010121", Decimal("2024.001"), Decimal("1.500"))
    assert every.row(0) == (2024, 156, 392, "280530", Decimal("2024.000"), None)
    assert pl.read_parquet(tmp_path / "one.parquet").equals(every.filter(k="010121"))
    # What is written is a file of an edition again.
    edition = EDITION.model_copy(update={"layout": ""})
    assert_frame_equal(staged(tmp_path / "all.parquet", edition), staged(path, edition))


def test_parquet_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    out.write_bytes(b"before")
    path = written(tmp_path, GOOD | {LAST: GOOD[LAST][:-3]})
    with pytest.raises(SourceError, match="ends in the middle of a line"):
        to_parquet(path, out)
    assert out.read_bytes() == b"before"
    assert sorted(p.name for p in tmp_path.iterdir()) == [H0, "out.parquet"]
    with pytest.raises(IncompleteError, match="no member of the year 2025"):
        to_parquet(written(tmp_path, {m: d for m, d in GOOD.items() if "Y2025" not in m}), out)
    with pytest.raises(SourceError, match="no member with trade"):
        to_parquet(written(tmp_path, {}), out)


# What was recorded of the real thing.

RAW = SHARED / "trade/baci_hs92_2021_raw_layout_2_exporters.csv"
SAMPLE = SHARED / "api/baci/baci_trade_sample_HS92_V202401b.csv"
README = SHARED / "api/baci/baci_readme.txt"


@pytest.mark.parametrize("path", [RAW, SAMPLE], ids=["older layout", "recent layout"])
@pytest.mark.skipif(not RAW.is_file() or not SAMPLE.is_file(), reason="no ../shared/data")
def test_recorded_rows_read_as_a_plain_reader_reads_them(path: Path) -> None:
    with path.open("rb") as file:
        found = pl.concat(rows.rows(file, path.name, 2021))
    with path.open(encoding="utf-8-sig", newline="") as text:
        cells = [
            (
                *(int(row[name]) for name in "tij"),
                row["k"].strip().zfill(6),
                Decimal(row["v"].strip()),
                None if row["q"].strip() in {"NA", ""} else Decimal(row["q"].strip()),
            )
            for row in csv.DictReader(text)
        ]
    assert found.rows() == cells


@pytest.mark.skipif(not README.is_file(), reason="no ../shared/data")
def test_the_recorded_readme_dates_its_version(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    html = page(zip_name(version="202201"), zip_name("HS17", "202201"), says=text)
    edition = offered(tmp_path, html, wish())[0].edition
    assert (edition.id, edition.released) == ("HS92_V202201", date(2022, 2, 24))
