"""What `orewatch export` writes: whole or not at all, typed, harmless, the same every time."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import resource
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import fastexcel
import polars as pl
import pytest
from pyarrow import parquet

from flows import publish, warehouse
from flows.command import answers, terminal
from flows.export import aside, cells, rows, workbook
from flows.export.described import Described, Field, in_words
from flows.export.selection import Part
from flows.indices.contract import Column, Table
from flows.settings import CHECKOUT
from flows.warehouse import export_parquet
from tests import exported
from tests.command import Orewatch

MAIN = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("OREWATCH_HOME", str(exported.home()))
    monkeypatch.chdir(tmp_path)
    return exported.home()


# --- texts from outside -------------------------------------------------------------------------

DANGEROUS = [
    ("=1+1", "'=1+1"),
    ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
    ("-2+3", "'-2+3"),
    ("@SUM(1)", "'@SUM(1)"),
    ("\t=1", "'\t'=1"),
    ("\rname", "'\rname"),
    ("\nname", "'\nname"),
    (" =1", "' =1"),
    ("\u00a0=1", "'\u00a0=1"),
    ("\u200b=1", "'\u200b=1"),
    ("\ufeff=1", "'\ufeff=1"),
    ("\uff1d1+1", "'\uff1d1+1"),
    ("line\n=1", "line\n'=1"),
    ("line\r\n  @x", "line\r\n  '@x"),
    ("a;=1", "a;'=1"),
    ("a, @x", "a, '@x"),
    ("-5 percent", "'-5 percent"),
    ("--5", "'--5"),
    ("=", "'="),
]
HARMLESS = [
    *("-5", "-1.5", "+3", "-1e-3", "-.5", "", "a=1", "280530+284610", "2504.10/.90"),
    *("Korea, -5 percent", "x@y", "'=1", "1-2", "C010|C011", "é"),
]


@pytest.mark.parametrize(("given", "wanted"), DANGEROUS)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(given: str, wanted: str) -> None:
    assert cells.harmless_text(given) == wanted


@pytest.mark.parametrize("given", HARMLESS)
def test_other_texts_and_numbers_stay_as_they_are(given: str) -> None:
    assert cells.harmless_text(given) == given


def test_columns_of_numbers_are_not_touched_and_names_are() -> None:
    given = pl.DataFrame({"=a": ["-1.5", "=x", None], "n": [-1.5, -2.0, None], "k": [-1, 0, None]})
    assert cells.harmless(given).to_dict(as_series=False) == {
        "'=a": ["-1.5", "'=x", None],
        "n": [-1.5, -2.0, None],
        "k": [-1, 0, None],
    }


def test_what_no_file_holds_becomes_plain() -> None:
    given = pl.DataFrame(
        {
            "texts": [["a", "b"], [], None],
            "numbers": [[1, 2], [], None],
            "amount": [Decimal("1.250"), None, None],
            "whole": pl.Series([2**70, 1, None], dtype=pl.Int128),
            "row": [{"a": 1}, {"a": 2}, None],
            "bytes": [b"\x01", b"", None],
        }
    )
    assert cells.flat(given).to_dict(as_series=False) == {
        "texts": ["a|b", "", None],
        "numbers": ["[1, 2]", "[]", None],
        "amount": [1.25, None, None],
        "whole": [str(2**70), "1", None],
        "row": ['{"a": 1}', '{"a": 2}', None],
        "bytes": ["01", "", None],
    }


def test_the_csv_of_a_query_is_as_harmless(orewatch: Orewatch) -> None:
    sql = "SELECT anchor AS \"=x\", qualifier, value FROM mart.claim WHERE claim_id = 'C900'"
    said = orewatch("query", sql, "--csv")
    assert said.out == "'=x,qualifier,value\n'=HYPERLINK(A1),'-5 percent,-1.5\n"


def test_the_csv_of_a_query_takes_any_type() -> None:
    given = pl.DataFrame({"l": [["=a", "b"]], "s": [{"x": 1}]})
    said = terminal.as_csv(answers.Answer("snapshot", given, is_cut=False))
    assert said == 'l,s\n\'=a|b,"{""x"": 1}"\n'


def sheet_xml(path: Path, place: int) -> ET.Element:
    """The XML of a sheet, by its place in the workbook."""
    with zipfile.ZipFile(path) as archive:
        return ET.fromstring(archive.read(f"xl/worksheets/sheet{place}.xml"))  # noqa: S314


def cell(sheet: ET.Element, address: str) -> tuple[str | None, str]:
    """Type and content of a cell."""
    found = sheet.find(f".//m:c[@r='{address}']", MAIN)
    assert found is not None, address
    return found.get("t"), "".join(found.itertext())


def address(path: Path, sheet: str, column: str, row: int) -> str:
    header = fastexcel.read_excel(path).load_sheet(sheet, header_row=None, n_rows=1).to_polars()
    place = [str(value) for value in header.row(0)].index(column) + 1
    return f"{column_letters(place)}{row}"


def column_letters(place: int) -> str:
    # Not the house's own: A..Z, AA..AZ by hand.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return alphabet[place - 1] if place <= 26 else "A" + alphabet[place - 27]


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The claims as a workbook."""
    from flows.command import exporting  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    out: Path = tmp_path_factory.mktemp("claims") / "claims.xlsx"
    wanted = exporting.Wanted(tables=("mart.claim",), out=out)
    assert exporting.export(wanted, Settings(home=exported.home()), as_json=True) == 0
    return out


def test_every_cell_is_of_its_type(claims: Path) -> None:
    sheet = sheet_xml(claims, 2)

    def at(column: str, row: int = 2) -> tuple[str | None, str]:
        return cell(sheet, address(claims, "mart.claim", column, row))

    # A string, never a formula; a link stays text.
    assert at("anchor") == ("inlineStr", exported.FORMULA)
    assert at("anchor", 3) == ("inlineStr", exported.LINK)
    assert at("value") == (None, "-1.5")
    assert at("hs6") == ("inlineStr", "010121|284690")
    # Day 45,322 of Excel's calendar; what it has no day for is text.
    assert at("as_of_from") == (None, "45322")
    assert at("as_of_from", 3) == ("inlineStr", "1899-12-31")
    assert sheet.findall(".//m:f", MAIN) == []
    assert sheet.findall(".//m:hyperlink", MAIN) == []
    # Null is an empty cell, not a zero and not the word.
    missing = address(claims, "mart.claim", "value", 3)
    assert sheet.find(f".//m:c[@r='{missing}']", MAIN) is None


def test_a_day_reads_as_a_day_and_a_code_with_its_zero(claims: Path) -> None:
    first = fastexcel.read_excel(claims).load_sheet("mart.claim", n_rows=1).to_polars()
    sheet = fastexcel.read_excel(claims).load_sheet("mart.claim").to_polars()
    assert first["as_of_from"][0] == datetime(2024, 1, 31)  # noqa: DTZ001 Excel knows no zone
    assert sheet["hs6"][0] == "010121|284690"
    assert sheet["subject_note"].to_list() == ["-5", "é 中"]


def test_the_sheet_is_ready_to_be_used(claims: Path) -> None:
    sheet = sheet_xml(claims, 2)
    pane = sheet.find(".//m:pane", MAIN)
    assert pane is not None
    assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
    last = column_letters(len(warehouse_columns("mart.claim")))
    found = sheet.find(".//m:autoFilter", MAIN)
    assert found is not None
    assert found.get("ref") == f"A1:{last}3"
    widths = [float(col.get("width", 0)) for col in sheet.findall(".//m:col", MAIN)]
    assert min(widths) >= 8
    assert max(widths) <= 61
    with zipfile.ZipFile(claims) as archive:
        notes = archive.read("xl/comments1.xml").decode()
    assert "number of the claim" in notes
    assert "Unit: " not in re.findall(r"<t[^>]*>(number of the claim[^<]*)<", notes)[0]


def warehouse_columns(table: str) -> list[str]:
    path = publish.current(exported.home() / "warehouse/current")
    assert path
    with warehouse.snapshot_reader(path / publish.DATABASE) as con:
        return [row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()]


def test_the_workbook_says_what_it_is_and_whose(claims: Path) -> None:
    book = fastexcel.read_excel(claims)
    assert book.sheet_names == ["Notes", "mart.claim", "Columns", "Sources"]
    notes = book.load_sheet("Notes", header_row=None).to_polars()
    words = " ".join(str(value) for row in notes.rows() for value in row if value)
    assert "20261120T093000Z-c0ffee00" in words
    assert "An empty cell is no number" in words
    sources = book.load_sheet("Sources").to_polars()
    assert sources["title"].to_list()[0] == "+title"
    assert sources["licence"].to_list()[0] == "-licence"
    assert sources["limits"].to_list()[0] == "=a"
    columns = book.load_sheet("Columns").to_polars()
    assert columns.filter(pl.col("column") == "value")["meaning"].item().startswith("the figure as")


def test_the_same_snapshot_gives_the_same_bytes(orewatch: Orewatch, tmp_path: Path) -> None:
    for form in ("xlsx", "json", "csv", "parquet"):
        for name in ("one", "two"):
            out = tmp_path / f"{name}.{form}"
            assert orewatch("export", "claim", "--out", str(out)).code == 0
        assert (tmp_path / f"one.{form}").read_bytes() == (tmp_path / f"two.{form}").read_bytes()
    # The workbook's only date is the snapshot's.
    with zipfile.ZipFile(tmp_path / "one.xlsx") as archive:
        days = set(
            re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", archive.read("docProps/core.xml").decode())
        )
        packed = {one.date_time for one in archive.infolist()}
    assert days == {"2026-11-20T09:30:00Z"}
    assert {day[0] for day in packed} == {1980}


def part(frame: pl.DataFrame, name: str = "t", height: int | None = None) -> Part:
    """Rows to write that no snapshot has."""
    columns = tuple(Field(column) for column in frame.columns)
    told = Described(name, "composed", columns)
    return Part(told, frame.height if height is None else height, lambda: iter([frame]))


ABOUT = workbook.About("composed", "2026-11-20T09:30:00+00:00", "2026-11-20", {"pass": 1}, [])


def test_a_table_that_no_sheet_holds_is_refused_and_parquet_is_named(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1]})
    out = tmp_path / "large.xlsx"
    # 1,048,576 rows are a sheet, one of them the header.
    workbook.check_size([part(frame, height=1_048_575)])
    with pytest.raises(aside.ExportError, match="--format parquet"):
        workbook.write_workbook(out, [part(frame, height=1_048_576)], ABOUT)
    assert not out.exists()


def test_values_that_excel_would_spoil_are_text(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "whole": [10**15 - 1, 10**15],
            "real": [float("nan"), float("inf")],
            "long": ["x" * 40_000, "_x0041_"],
            "truth": [True, False],
        }
    )
    out = tmp_path / "t.xlsx"
    workbook.write_workbook(out, [part(frame)], ABOUT)
    sheet = sheet_xml(out, 2)
    assert cell(sheet, "A2") == (None, str(10**15 - 1))
    assert cell(sheet, "A3") == ("inlineStr", str(10**15))
    assert cell(sheet, "B2")[0] == "inlineStr"
    assert len(cell(sheet, "C2")[1]) == rows.MOST_CHARACTERS
    assert cell(sheet, "D2") == ("b", "1")
    loaded = fastexcel.read_excel(out).load_sheet("t", dtypes={"long": "string"}).to_polars()
    assert loaded["long"][1] == "_x0041_"
    notes = fastexcel.read_excel(out).load_sheet("Notes", header_row=None).to_polars()
    assert "1 texts were longer" in " ".join(str(v) for row in notes.rows() for v in row if v)


def test_sheets_have_names_that_excel_takes() -> None:
    taken: set[str] = {"notes"}
    names = [
        workbook.sheet_name(name, taken)
        for name in ("indices.production_concentration", "a/b:c", "Notes", "x" * 40, "x" * 40)
    ]
    assert names == ["production_concentration", "a_b_c", "Notes~2", "x" * 31, "x" * 29 + "~2"]


def test_csv_keeps_codes_and_numbers_and_no_formula(orewatch: Orewatch, tmp_path: Path) -> None:
    out = tmp_path / "claims.csv"
    assert orewatch("export", "mart.claim", "--out", str(out)).code == 0
    first, second = csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))
    assert first["anchor"] == "'" + exported.FORMULA
    assert first["hs6"] == "010121|284690"
    assert (first["value"], first["subject_note"]) == ("-1.5", "-5")
    assert first["as_of_from"] == "2024-01-31"
    assert second["qualifier"] == "two\n'=lines"
    assert second["value"] == ""


def test_parquet_keeps_types_and_says_what_it_holds(orewatch: Orewatch, tmp_path: Path) -> None:
    out = tmp_path / "claims.parquet"
    assert orewatch("export", "mart.claim", "--out", str(out)).code == 0
    frame = pl.read_parquet(out)
    assert frame.schema["hs6"] == pl.List(pl.String)
    assert frame.schema["as_of_from"] == pl.Date
    # Nobody runs a Parquet file: its texts are as they came.
    assert frame["anchor"][0] == exported.FORMULA
    said = json.loads(parquet.read_metadata(out).metadata[b"orewatch"])
    assert said["snapshot"]["id"] == "20261120T093000Z-c0ffee00"
    assert said["sources"][0]["licence"] == "-licence"
    assert {column["name"]: column["meaning"] for column in said["columns"]}["claim_id"]


def test_json_is_records_schema_snapshot_and_sources(orewatch: Orewatch, tmp_path: Path) -> None:
    out = tmp_path / "claims.json"
    assert orewatch("export", "mart.claim", "mart.economy", "--out", str(out)).code == 0
    body = json.loads(out.read_text(encoding="utf-8"))
    assert list(body) == ["snapshot", "sources", "tables"]
    claims, economies = body["tables"]
    assert [row["claim_id"] for row in claims["records"]] == ["C900", "C901"]
    assert claims["records"][0]["hs6"] == ["010121", "284690"]
    assert claims["records"][0]["as_of_from"] == "2024-01-31"
    assert claims["records"][1]["value"] is None
    assert claims["grain"] == ["claim_id"]
    assert {c["name"]: c["type"] for c in claims["columns"]}["value"] == "float"
    assert [row["name"] for row in economies["records"]][1] == "<script>alert(1)</script>"


def test_a_number_that_json_lacks_is_null(tmp_path: Path) -> None:
    from flows.export import files  # noqa: PLC0415

    frame = pl.DataFrame({"a": [float("nan"), float("-inf"), 0.1]})
    files.write_json(tmp_path / "t.json", [part(frame), part(frame.clear())], ABOUT)
    body = json.loads((tmp_path / "t.json").read_text())
    assert body["tables"][0]["records"] == [{"a": None}, {"a": None}, {"a": 0.1}]
    assert body["tables"][1]["records"] == []


def test_several_tables_make_a_folder(orewatch: Orewatch, tmp_path: Path) -> None:
    said = orewatch("export", "claim", "economy", "--format", "csv", "--out", "folder", "--json")
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == [
        *("about.json", "mart.claim.csv", "mart.economy.csv"),
    ]
    assert said.json["tables"][1] == {"name": "mart.economy", "rows": 3, "which": ""}
    about = json.loads((tmp_path / "folder/about.json").read_text(encoding="utf-8"))
    assert about["snapshot"]["id"] == said.json["snapshot"]
    assert "records" not in about["tables"][0]


def test_without_a_name_it_is_what_one_wants_first(orewatch: Orewatch, tmp_path: Path) -> None:
    said = orewatch("export", "--json")
    tables = {one["name"]: one for one in said.json["tables"]}
    assert {"view.dependency", "view.concentration", "indices.export_concentration"} <= set(tables)
    assert "newest year" in tables["view.dependency"]["which"]
    assert said.json["path"] == str(tmp_path / "orewatch-20261120T093000Z-c0ffee00.xlsx")
    sheet = fastexcel.read_excel(said.json["path"]).load_sheet("view.dependency").to_polars()
    assert set(sheet["year"]) == {2024}


def test_an_answer_is_exported_with_its_parameters(orewatch: Orewatch, tmp_path: Path) -> None:
    asked = ("--query", "share_over_time", "--param", "exporter=VNM", "--out", "a.json")
    assert orewatch("export", *asked).code == 0
    table = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["tables"][0]
    assert "exporter=VNM" in table["which_rows"]
    assert [row["value_share"] for row in table["records"]] == [0.622]
    assert next(c for c in table["columns"] if c["name"] == "year")["meaning"] == ""
    assert "supplier" in table["meaning"]


def test_a_query_stays_locked(orewatch: Orewatch, tmp_path: Path) -> None:
    for sql in ("SELECT * FROM read_csv('/etc/passwd')", "COPY (SELECT 1) TO 'x.csv'"):
        said = orewatch("export", "--query", sql, "--out", "q.csv")
        assert (said.code, said.out) == (1, "")
        assert "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("clams",), 1, "did you mean"),
        (("--query", "SELECT 1", "claim"), 2, "not both"),
        (("--param", "a=b"), 2, "--query"),
        (("claim", "--format", "csv", "--out", "a.xlsx"), 2, "which is it"),
        (("claim", "--out", "nowhere/a.xlsx"), 1, "no folder"),
        (("claim", "--format", "pdf"), 2, "pdf"),
        (("claim", "--out", "a.pdf"), 2, "none of xlsx"),
    ],
)
def test_a_wrong_wish_is_one_message(
    orewatch: Orewatch, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    said = orewatch("export", *arguments)
    assert said.code == code
    assert says in said.err + said.out
    assert "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over_without_force(orewatch: Orewatch, tmp_path: Path) -> None:
    out = tmp_path / "claims.csv"
    out.write_text("mine")
    said = orewatch("export", "claim", "--out", str(out))
    assert said.code == 1
    assert "--force" in said.err
    assert out.read_text() == "mine"
    assert orewatch("export", "claim", "--out", str(out), "--force").code == 0
    assert out.read_text(encoding="utf-8").startswith("claim_id,")
    # A pipe or a folder never is, whatever one says.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert orewatch("export", "claim", "--out", str(pipe), "--force").code == 1
    assert pipe.is_fifo()
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(aside.ExportError, match="never replaced"), aside.aside(folder, force=True):
        pass


def test_what_comes_to_be_there_meanwhile_stays(tmp_path: Path) -> None:
    out = tmp_path / "a.csv"

    def write() -> None:
        with aside.aside(out, force=False) as path:
            path.write_text("ours")
            out.write_text("theirs")

    with pytest.raises(aside.ExportError, match="meanwhile"):
        write()
    assert out.read_text() == "theirs"
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow past 2 kB: the kernel refuses the rest, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# The workbook's library leaves its own files to the collector when it cannot go on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("form", ["xlsx", "csv", "parquet", "json"])
def test_a_full_disk_leaves_nothing_half(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_files: None
) -> None:
    from flows.command import exporting  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    assert small_files is None
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    tables = ("mart.economy", "meta.dictionary") if form in {"csv", "parquet"} else ("dictionary",)
    wanted = exporting.Wanted(tables=tables, form=form, out=tmp_path / "out")
    with pytest.raises(aside.ExportError, match="the disk is full"):
        exporting.export(wanted, Settings(home=exported.home()), as_json=True)
    assert list(tmp_path.iterdir()) == []


def test_an_error_within_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with aside.aside(tmp_path / "a", force=False) as path:
            path.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_readable_as_others_are(orewatch: Orewatch, tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        orewatch("export", "claim", "economy", "--format", "csv", "--out", "folder")
        orewatch("export", "claim", "--out", "a.csv")
    finally:
        os.umask(mask)
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755


# --- what travels with the snapshot's own files -------------------------------------------------

TABLE = Table(
    "mart",
    "t",
    "it's composed",
    ("a",),
    (Column("a", "int", "first; {curly} 'quoted'", unit="kg"), Column("b", "text", "second")),
    formula="a / b",
    citation="Nobody (2026)",
)


def test_the_snapshots_parquet_tells_its_columns_and_keeps_its_bytes(tmp_path: Path) -> None:
    database = tmp_path / "t.duckdb"
    frame = pl.DataFrame({"a": [1], "b": ["x"]})
    with warehouse.build(database, threads=1, memory_limit="256MiB") as con:
        warehouse.write(con, TABLE, frame)
        warehouse.finish(con, [TABLE], [])
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        export_parquet(database, tmp_path / name, {TABLE.id: in_words(TABLE)})
        files.append(tmp_path / name / "mart.t.parquet")
    assert files[0].read_bytes() == files[1].read_bytes()
    said = json.loads(parquet.read_metadata(files[0]).metadata[b"orewatch"])
    assert said["meaning"] == "it's composed"
    assert said["grain"] == ["a"]
    assert said["columns"][0] | {"key": ""} == said["columns"][0]
    assert (said["columns"][0]["meaning"], said["columns"][0]["unit"]) == (
        "first; {curly} 'quoted'",
        "kg",
    )
    assert publish.content_hash([pl.read_parquet(files[0])]) == publish.content_hash([frame])
    # And in the file itself, as comments.
    with warehouse.snapshot_reader(database) as con:
        comments = con.execute("SELECT comment FROM duckdb_tables()").fetchall()
    assert comments == [("it's composed · Formula: a / b · Nobody (2026)",)]


def test_a_declaration_in_words_is_the_same_for_the_same_table() -> None:
    assert in_words(TABLE) == in_words(replace(TABLE))
    assert in_words(TABLE) != in_words(replace(TABLE, meaning="another"))


def test_the_default_tables_are_tables_of_the_house() -> None:
    from flows.build import tables_without_gate  # noqa: PLC0415
    from flows.export.selection import FIRST  # noqa: PLC0415
    from flows.facts import read_facts  # noqa: PLC0415
    from flows.marts import read_models  # noqa: PLC0415

    facts = read_facts(CHECKOUT / "warehouse/facts")
    known = {one.id for one in tables_without_gate(facts, read_models(CHECKOUT / "sql"))}
    assert set(FIRST) <= known


def test_days_before_excels_calendar(tmp_path: Path) -> None:
    frame = pl.DataFrame({"d": [date(1900, 2, 28), date(1900, 3, 1)]})
    workbook.write_workbook(tmp_path / "d.xlsx", [part(frame)], ABOUT)
    sheet = sheet_xml(tmp_path / "d.xlsx", 2)
    assert cell(sheet, "A2") == ("inlineStr", "1900-02-28")
    # Excel takes 1900 for a leap year: 1 March is its day 61.
    assert cell(sheet, "A3") == (None, "61")
