"""A firm's own purchases held against a snapshot; every file is composed here."""

from __future__ import annotations

import csv
import io
import json
import socket
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from flows import publish, warehouse
from flows.command import supply
from flows.purchases import amounts, lists, matching, reading
from flows.purchases.answer import Asked, answer
from flows.purchases.answer import problems as known_problems
from flows.purchases.contract import Options, PurchaseError
from flows.sources import workbook
from tests import world
from tests.command import Orewatch, Said
from tests.supplied import supplied_home

DAY = "2026-11-23"
HEAD = "Material,HS code,Country,Quantity,Unit,Value,Currency\n"
# 1,000 in all: 800 from China, of which 600 under the code of a measure.
FIRM = (
    HEAD
    + "rare earths,280530,China,10,t,600,EUR\n"
    + "rare earths,,Viet Nam,5,t,200,EUR\n"
    + "Wolfram,,CHN,2,t,200,EUR\n"
)

Expose = Callable[..., Said]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OREWATCH_HOME", str(supplied_home()))
    return supplied_home()


@pytest.fixture(scope="module")
def known() -> lists.Lists:
    """The facts that rows are matched by."""
    path = publish.current(supplied_home() / "warehouse/current")
    assert path
    with warehouse.snapshot_reader(path / publish.DATABASE) as con:
        return lists.read_lists(con)


@pytest.fixture
def expose(home: Path, tmp_path: Path, orewatch: Orewatch) -> Expose:
    """Hold a text, or bytes, against the composed snapshot."""
    del home

    def run(content: str | bytes, *options: str, name: str = "firm.csv") -> Said:
        path = tmp_path / name
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        usual = {"--importer": "JPN", "--day": DAY}
        added = [
            one for name, value in usual.items() if name not in options for one in (name, value)
        ]
        return orewatch("exposure", str(path), *added, *options)

    return run


def problems(said: Said) -> list[str]:
    return [row["problem"] for row in said.json["unmatched"]]


def test_shares_of_spend_by_hand(expose: Expose) -> None:
    said = expose(FIRM, "--json")
    assert said.code == 0, said.err
    overall = said.json["overall"]
    assert (overall["amount"], overall["rows"], overall["largest_supplier_iso3"]) == (
        1000,
        3,
        "CHN",
    )
    assert overall["largest_share"] == 0.8
    # 0.8 squared and 0.2 squared.
    assert overall["hhi"] == pytest.approx(0.68)
    # Tungsten alone has a single country.
    assert overall["sole_country_share"] == 0.2
    assert overall["under_measure_share"] == 0.6
    assert overall["under_measure_by_name_share"] == 0
    # Japan's top supplier: China for metal and for tungsten; Vietnam is none.
    assert overall["top_supplier_share"] == 0.8
    # 800 at -0.5 and 200 at 0.1.
    assert overall["governance"] == pytest.approx(-0.38)


def test_what_is_above_a_threshold_by_hand(expose: Expose) -> None:
    above = {
        (row["figure"], row["threshold"]): row["share"]
        for row in expose(FIRM, "--json").json["overall"]["above"]
    }
    # HHI: metal 0.82, tungsten 0.58, and rare earths as a whole 0.38.
    # A supplier's share: China's 0.9 of metal and 0.7 of tungsten, Vietnam's 0.3.
    assert above == {("hhi", 0.4): 0.8, ("import_share", 0.65): 0.8}


def test_each_mineral_beside_the_country_and_the_world(expose: Expose) -> None:
    rare, tungsten = expose(FIRM, "--json").json["minerals"]
    assert (rare["mineral"], tungsten["mineral"]) == ("rare_earths", "tungsten")
    # 600 and 200 of 800: 0.75 and 0.25.
    assert (rare["largest_share"], rare["hhi"], rare["suppliers"]) == (0.75, 0.625, 2)
    assert rare["country"]["stage"] == "metal"
    assert rare["country"]["hhi"] == pytest.approx(0.82)
    assert (rare["production"]["hhi"], rare["production"]["top_producer"]) == (0.5, "China")
    assert tungsten["hhi"] == 1
    assert tungsten["country"]["hhi"] == pytest.approx(0.58)
    assert tungsten["production"]["hhi"] is None


def test_every_index_is_joined(expose: Expose) -> None:
    found = {
        (row["index"], row["figure"], row["mineral"], row["supplier_iso3"]): row["value"]
        for row in expose(FIRM, "--json").json["indices"]
    }
    assert found["import_concentration", "cr1", "tungsten", None] == 0.7
    assert found["import_share", "import_share", "tungsten", "CHN"] == 0.7
    # Of suppliers only those bought from.
    assert ("import_share", "import_share", "tungsten", "PRT") not in found


def test_a_measure_counts_on_its_days_and_for_its_importer(expose: Expose) -> None:
    gallium = HEAD + "gallium,,China,1,t,100,EUR\n" + "rare earths,280530,China,1,t,100,EUR\n"
    before = expose(gallium, "--json", "--day", "2026-11-27").json["overall"]
    after = expose(gallium, "--json", "--day", "2026-11-28").json["overall"]
    later = expose(gallium, "--json", "--day", "2026-12-01").json
    assert before["by_measure"] == {"M1": 0.5}
    assert after["by_measure"] == {"M1": 0.5, "M2": 0.5}
    assert (after["under_measure_by_name_share"], after["under_measure_unconfirmed_share"]) == (
        0.5,
        0.5,
    )
    assert later["overall"]["by_measure"] == {"M2": 0.5}
    assert [row["measure"] for row in later["measures"]] == ["M2"]


def test_a_code_is_under_the_measures_on_it_alone(expose: Expose) -> None:
    rows = (
        HEAD + "rare earths,280530,China,1,t,400,EUR\n" + "rare earths,284690,China,1,t,300,EUR\n"
    )
    rows += "rare earths,,China,1,t,200,EUR\n" + "rare earths,280530,Viet Nam,1,t,100,EUR\n"
    overall = expose(rows, "--json").json["overall"]
    # The metal's code and what has no code; not the compound's, nor the neighbour's metal.
    assert (overall["under_measure_share"], overall["under_measure_by_name_share"]) == (0.6, 0.2)
    assert overall["by_measure"] == {"M1": 0.6}
    # A measure that names no code may hold for any code of its mineral.
    ore = HEAD + "wolfram,261100,China,1,t,1,EUR\n"
    assert expose(ore, "--json").json["overall"]["under_measure_share"] == 0
    told = expose(ore, "--json", "--day", "2027-01-01").json["overall"]
    assert (told["by_measure"], told["under_measure_by_name_share"]) == ({"M5": 1}, 1)


def test_a_figure_that_is_not_known_is_told_apart(expose: Expose) -> None:
    gallium = HEAD + "gallium,,China,1,t,300,EUR\n" + "wolfram,,China,1,t,100,EUR\n"
    overall = expose(gallium, "--json").json["overall"]
    assert [(row["share"], row["unknown_share"]) for row in overall["above"]] == [(0.25, 0.75)] * 2
    mineral = expose(gallium, "--json").json["minerals"][0]
    assert (mineral["country"]["hhi"], mineral["country"]["reason"]) == (None, "basket_code")


BAD = (
    ("unobtainium,,China,1,t,1,EUR", "material_unknown"),
    (",,China,1,t,2,EUR", "material_missing"),
    ("gallium and tungsten,,China,1,t,4,EUR", "material_ambiguous"),
    ("cobalt-free cell,,China,1,t,8,EUR", "material_unknown"),
    (",811292,China,1,t,16,EUR", "code_ambiguous"),
    (",010121,China,1,t,32,EUR", "code_unknown"),
    (",28,China,1,t,64,EUR", "code_invalid"),
    ("gallium,261100,China,1,t,128,EUR", "material_and_code_differ"),
    ("gallium,,Atlantis,1,t,256,EUR", "country_unknown"),
    ("gallium,,,1,t,512,EUR", "country_missing"),
    ("gallium,,Soviet Union,1,t,1024,EUR", "no_single_country"),
    ("gallium,,European Union,1,t,2048,EUR", "no_single_country"),
    ("gallium,,China,1,t,,EUR", "number_missing"),
    ("gallium,,China,1,t,n/a,EUR", "number_bad"),
    ("gallium,,China,1,t,-5,EUR", "number_negative"),
    ("gallium,,China,1,t,4096,", "currency_missing"),
    ("gallium,,China,1,t,8192,$", "currency_unknown"),
    ("gallium,,China,1,t,16384,EUR,surplus", "line_broken"),
)


def test_each_row_counts_or_has_its_problem(expose: Expose) -> None:
    said = expose(FIRM + "\n".join(line for line, _ in BAD) + "\n\n", "--json")
    body = said.json
    assert problems(said) == [problem for _, problem in BAD]
    assert body["rows"] == {
        "all": len(BAD) + 3,
        "matched": 3,
        "unmatched": len(BAD),
        "unmatched_without_amount": 3,
    }
    # Every amount above is a power of two: the sum shows which are in it.
    assert body["amounts"] == {"all": 1000 + 32767, "matched": 1000, "unmatched": 32767}
    assert body["overall"]["amount"] == 1000
    assert [row["line"] for row in body["unmatched"]] == list(range(5, 5 + len(BAD)))
    assert all(row["remedy"] and row["meaning"] for row in body["unmatched"])


def test_the_screen_names_them_too_and_that_nothing_left(expose: Expose) -> None:
    said = expose(FIRM + BAD[0][0] + "\n" + BAD[13][0] + "\n")
    assert "5 rows, 1,001.00 EUR; 3 matched" in said.out
    assert "material_unknown" in said.out
    assert "number_bad" in said.out
    assert "nothing of the file has left it" in said.out
    # The mixed set of the thousand and the one does not round to it.
    assert "0.800  China" in said.out


def test_nothing_matched_is_exit_1(expose: Expose) -> None:
    assert expose(HEAD + BAD[0][0] + "\n").code == 1


def test_a_row_that_no_name_is_unclear_of_is_read_with_a_remark(expose: Expose) -> None:
    said = expose(HEAD + "Tungsten powder 99.9%,,China,1,t,1,EUR\n", "--json").json
    assert said["minerals"][0]["mineral"] == "tungsten"
    assert said["remarks"][0]["says"] == "'Tungsten powder 99.9%' is read as tungsten"


@pytest.mark.parametrize(
    ("code", "digits", "remark"),
    [
        ("280530", "280530", ""),
        ("2805.30", "280530", ""),
        ("2805.30.00", "280530", "cut to 280530"),
        ("HS 2805 30", "280530", ""),
        ("28053000", "280530", "cut to 280530"),
        ("280530000", "280530", "cut to 280530"),
        ("2805300000", "280530", "cut to 280530"),
        ("280530.0", "280530", ""),
        # A spreadsheet took them for numbers.
        ("10121", "010121", "a zero was lost"),
        ("2805.3", "280530", "a zero was lost"),
        ("101.21", "010121", "a zero was lost"),
        ("1012100", "010121", "a zero was lost"),
        ("2805", None, ""),
        ("abc", None, ""),
        ("٢٨٠٥٣٠", None, ""),
        ("12345678901234", None, ""),
    ],
)
def test_codes_as_offices_write_them(code: str, digits: str | None, remark: str) -> None:
    found, notes = matching.six_digits(code)
    assert found == digits
    assert remark in " ".join(notes)
    assert bool(notes) == bool(remark)


def test_a_shared_code_is_the_mineral_that_it_is_clean_for(known: lists.Lists) -> None:
    # Exact for rare earths, a basket for the heavy ones among them.
    found = matching.bought(None, "280530", known)
    assert (found.mineral, found.stage) == ("rare_earths", "metal")
    assert "heavy_rare_earths" in " ".join(found.notes)
    assert matching.bought("gallium", "811292", known).mineral == "gallium"
    assert matching.bought("gallium", "999999", known).mineral == "gallium"
    assert matching.bought("heavy rare earths", "280530", known).mineral == "heavy_rare_earths"


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1234.5", "point", "1234.5"),
        ("1,234.50", "point", "1234.5"),
        ("1.234,50", "comma", "1234.5"),
        ("1 234,50", "comma", "1234.5"),
        ("1'234.50", "point", "1234.5"),
        ("1\u202f234", None, "1234"),
        ("1,234,567", "point", "1234567"),
        (".5", "point", "0.5"),
        ("1.5e3", "point", "1500"),
        ("1,234", "point", "1234"),
        ("1,234", "comma", "1.234"),
        ("1.234", "comma", "1234"),
        ("0", None, "0"),
    ],
)
def test_numbers_as_offices_write_them(text: str, mark: Any, number: str) -> None:  # noqa: ANN401
    assert amounts.amount(text, mark) == (round(float(number) * 1_000_000), None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1,234", "number_ambiguous"),
        ("12.345", "number_ambiguous"),
        ("EUR 5", "number_bad"),
        ("1,23,456.7", "number_bad"),
        ("1.2.3", "number_bad"),
        ("nan", "number_bad"),
        ("inf", "number_bad"),
        ("1e99", "number_bad"),
        ("#REF!", "number_bad"),
        ("=1+1", "number_bad"),
        ("٣", "number_bad"),
        ("5-", "number_negative"),
        ("(5.0)", "number_negative"),
        ("\u22125", "number_negative"),
        (None, "number_missing"),
    ],
)
def test_what_is_no_number_is_none(text: str | None, problem: str) -> None:
    assert amounts.amount(text, None) == (None, problem)


def test_the_decimal_mark_is_that_of_the_file(expose: Expose) -> None:
    german = "Werkstoff;Ursprungsland;Menge;Einheit;Wert;Währung\n"
    rows = german + "Wolfram;China;1.000;t;1.234,50;EUR\n" + "Wolfram;China;0,5;t;2.000;EUR\n"
    assert expose(rows, "--json").json["amounts"]["all"] == 3234.5
    open_ = german + "Wolfram;China;1;t;1.234;EUR\n"
    assert problems(expose(open_, "--json")) == ["number_ambiguous"]
    assert expose(open_, "--json", "--decimal", "comma").json["amounts"]["all"] == 1234
    assert expose(open_, "--json", "--decimal", "point").json["amounts"]["all"] == 1.234
    both = german + "Wolfram;China;1;t;0,5;EUR\n" + "Wolfram;China;1;t;0.5;EUR\n"
    said = expose(both)
    assert (said.code, "--decimal" in said.err) == (1, True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(encoding: str, separator: str, tmp_path: Path) -> None:
    rows = [["Material", "Land", "Wert EUR"], ["Wolfram", "Türkei", "5"], ["Wolfram", "China", "7"]]
    path = tmp_path / "firm.csv"
    path.write_bytes("".join(separator.join(row) + "\r\n" for row in rows).encode(encoding))
    sheet = reading.read(path, Options())
    assert [list(row) for row in sheet.rows] == rows[1:]
    assert sheet.columns == {"material": 0, "country": 1, "value": 2}
    assert sheet.words == {"value": "EUR"}
    assert any("cp1252" in note for note in sheet.notes) == (encoding == "cp1252")


def test_a_title_a_separator_line_and_a_named_encoding(expose: Expose) -> None:
    body = "sep=;\nPurchases of 2026\n\nMaterial;Country;Value\nWolfram;China;7\n"
    said = expose(body, "--json").json
    assert said["amounts"]["matched"] == 7
    assert "no currency is named: all amounts are taken to be of one" in said["notes"]
    japanese = "品目,原産国,金額\ntungsten,China,7\n".encode("cp932")
    assert expose(japanese, "--json", "--encoding", "cp932").json["amounts"]["matched"] == 7
    assert expose(FIRM, "--encoding", "klingon").code == 1


def test_columns_may_be_named(expose: Expose) -> None:
    rows = "Bez,Woher,Kosten\nWolfram,China,7\n"
    said = expose(rows)
    assert said.code == 1
    assert "'Bez', 'Woher', 'Kosten'" in said.err
    named = "material=Bez,country=Woher,value=Kosten"
    assert expose(rows, "--json", "--columns", named).json["amounts"]["matched"] == 7
    assert expose(rows, "--columns", "material=Nix").code == 1
    assert expose(rows, "--columns", "smell=Bez").code == 1
    assert expose(rows, "--columns", "Bez").code == 2


def test_of_two_headers_the_surer_is_taken_and_two_alike_are_refused(expose: Expose) -> None:
    said = expose("Description,Material,Country,Value\nx,Wolfram,China,7\n", "--json").json
    assert said["amounts"]["matched"] == 7
    assert any("'Description' is not" in note for note in said["notes"])
    twice = expose("Material,Country,Value,Value\nWolfram,China,7,8\n")
    assert (twice.code, "may all be the value" in twice.err) == (1, True)


def test_currencies_are_never_added(expose: Expose) -> None:
    rows = HEAD + "Wolfram,,China,1,t,125,USD\n" + "Wolfram,,China,1,t,100,EUR\n"
    rows += "Wolfram,,China,1,t,100,EUR\n"
    said = expose(rows, "--json").json
    # October's 1.25 USD a euro.
    assert said["amounts"]["all"] == 300
    assert (said["currency"], said["converted"]["rates_of"]) == ("EUR", "2026-10")
    # The yen has a rate of September only, when a euro was 1.5 USD: 125 USD are 83.33 EUR.
    yen = expose(rows + "Wolfram,,China,1,t,15000,JPY\n", "--json").json
    assert yen["converted"]["rates_of"] == "2026-09"
    assert yen["amounts"]["all"] == pytest.approx(200 + 125 / 1.5 + 100)
    won = expose(rows + "Wolfram,,China,1,t,15000,KRW\n")
    assert won.code == 1
    assert "different currencies are never added" in won.err
    early = expose(rows, "--day", "2026-08-31")
    assert early.code == 1
    thousand = HEAD + "Wolfram,,China,1,t,2.5,kUSD\n"
    assert expose(thousand, "--json").json["amounts"]["all"] == 2500


def test_without_values_masses_stand_and_are_not_added(expose: Expose) -> None:
    rows = "Material,Country,Quantity,Unit\nWolfram,China,2,t\nWolfram,Vietnam,500,kg\n"
    rows += "Gallium,China,1,MT\nGallium,China,1,\n"
    said = expose(rows, "--json")
    body = said.json
    assert (body["basis"], body["overall"]) == ("mass", None)
    assert body["minerals"][0]["largest_share"] == 0.8
    # MT is no million tonnes.
    assert problems(said) == ["unit_unknown", "unit_missing"]


def test_an_empty_table_is_an_error(expose: Expose) -> None:
    for content, says in (
        ("", "empty"),
        (HEAD, "no row"),
        (HEAD + "\n , \n", "no row"),
        ("a,b\n1,2\n", "no column"),
        (b"\x00\x01\x02\x03" * 100, "no "),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, ".xls"),
        (b"PK\x03\x04" + b"\0" * 100, "not read"),
        (HEAD + '"open,,China\n' * 20_000, "CSV"),
    ):
        said = expose(content)
        assert (said.code, says in said.err) == (1, True), (content[:20], said.err)
        assert "Traceback" not in said.err


def test_too_many_rows_are_refused(expose: Expose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    assert "more than 2 rows" in expose(FIRM).err


Fill = Callable[[xlsxwriter.Workbook], None]


def book(path: Path, rows: Sequence[Sequence[object]], more: Fill | None = None) -> bytes:
    """A workbook with these cells."""
    with xlsxwriter.Workbook(path) as made:
        made.add_worksheet("Cover").write(0, 0, "Purchases")
        sheet = made.add_worksheet("Data")
        for place, row in enumerate(rows, start=2):
            for column, cell in enumerate(row):
                sheet.write(place, column, cell)
        if more:
            more(made)
    return path.read_bytes()


CELLS = [
    ["Material", "HS", "Country", "Qty", "Unit", "Value", "Cur"],
    ["rare earths", 280530, "China", 10, "t", 600.25, "EUR"],
    ["rare earths", "", "Viet Nam", 5, "t", 200, "EUR"],
    ["rare earths", 2805.3, "China", 1, "t", 200, "EUR"],
]


def test_a_workbook_is_read(expose: Expose, tmp_path: Path) -> None:
    content = book(tmp_path / "made.xlsx", CELLS)
    body = expose(content, "--json", name="firm.xlsx").json
    assert body["amounts"] == {"all": 1000.25, "matched": 1000.25, "unmatched": 0}
    assert body["overall"]["under_measure_share"] == pytest.approx(800.25 / 1000.25)
    # What it is, its content says.
    assert expose(content, "--json", name="firm.csv").json["rows"]["matched"] == 3
    assert expose(content, "--sheet", "Nope", name="firm.xlsx").code == 1
    assert expose(content, "--sheet", "Cover", name="firm.xlsx").code == 1


def test_texts_among_the_numbers_of_a_workbook(expose: Expose, tmp_path: Path) -> None:
    rows = [*CELLS, ["wolfram", "", "China", 1, "t", "1.234,50", "EUR"]]
    rows += [["wolfram", "", "China", 1, "t", "1.234", "EUR"]]
    said = expose(book(tmp_path / "made.xlsx", rows), "--json", name="firm.xlsx")
    assert said.json["amounts"]["all"] == 1000.25 + 1234.5
    assert problems(said) == ["number_ambiguous"]


def test_formulas_of_a_workbook_are_told_of(expose: Expose, tmp_path: Path) -> None:
    def formula(made: xlsxwriter.Workbook) -> None:
        made.get_worksheet_by_name("Data").write_formula(6, 5, "=1+1")

    rows = [*CELLS, ["rare earths", "", "China", 1, "t", "", "EUR"]]
    said = expose(book(tmp_path / "made.xlsx", rows, formula), "--json", name="firm.xlsx").json
    assert "1 cells hold formulas: what they last came to is read" in said["notes"]
    assert "1 rows have an amount of 0" in said["notes"]


def repacked(content: bytes, changed: Mapping[str, bytes]) -> bytes:
    """The same zip with some members changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in [*old.namelist(), *(set(changed) - set(old.namelist()))]:
            new.writestr(name, changed[name] if name in changed else old.read(name))
    return out.getvalue()


def test_hostile_workbooks_are_refused(expose: Expose, tmp_path: Path) -> None:
    content = book(tmp_path / "made.xlsx", CELLS)
    sheet = "xl/worksheets/sheet2.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        text = made.read(sheet)
    far = text.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"/></row></sheetData>')
    assert far != text
    for hostile, says in (
        (repacked(content, {"xl/bomb.xml": b" " * 50_000_000}), "times its size"),
        (repacked(content, {sheet: far}), "more cells than"),
        (repacked(content, {sheet: b"<no"}), "firm.xlsx"),
        (repacked(content, {"../../evil": b"x"}), "not read"),
        (content[: len(content) // 2], "not read"),
    ):
        said = expose(hostile, name="firm.xlsx")
        assert (said.code, says in said.err) == (1, True), said.err
        assert "Traceback" not in said.err
        assert "fetch it again" not in said.err


def test_a_header_that_never_ends_is_none(tmp_path: Path) -> None:
    path = tmp_path / "firm.csv"
    path.write_text("material,country,value," + "(" * 100_000 + "\nWolfram,China,1,\n")
    assert set(reading.read(path, Options()).columns) == {"material", "country", "value"}


def test_the_currency_to_convert_to_may_be_spelt_as_in_the_file(expose: Expose) -> None:
    rows = HEAD + "Wolfram,,China,1,t,100,EUR\n" + "Wolfram,,China,1,t,100,usd\n"
    found = [expose(rows, "--json", "--to", word).json for word in ("USD", "usd")]
    assert found[0]["overall"] == found[1]["overall"]
    # 1.25 dollars for a euro in October.
    assert found[1]["overall"]["amount"] == 225
    said = expose(rows, "--to", "thalers")
    assert (said.code, "no currency is called 'thalers'" in said.err) == (1, True)


def test_a_column_has_its_place() -> None:
    assert [workbook.place(one) for one in (b"A", b"Z", b"AA", b"XFD")] == [1, 26, 27, 16384]


def test_what_comes_from_outside_is_no_formula_in_the_csv(expose: Expose, tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    rows = "Material,Country,Value,Note,amount\n"
    rows += '"=HYPERLINK(""x"")",China,1,@SUM(A1),-5\n' + "Wolfram,China,2, +1+1,=1\n"
    said = expose(rows, "--csv", str(out))
    assert said.code == 0, said.err
    text = out.read_text(encoding="utf-8-sig")
    header, first, second = list(csv.reader(io.StringIO(text)))
    assert first[0] == '\'=HYPERLINK("x")'
    assert first[3:5] == ["'@SUM(A1)", "-5"]
    assert second[3:5] == ["'+1+1", "'=1"]
    assert header[4] == "amount (file)"
    told = dict(zip(header, second, strict=True))
    assert (told["amount"], told["mineral"], told["supplier_iso3"]) == ("2.0", "tungsten", "CHN")
    assert float(told["country_hhi"]) == pytest.approx(0.58)
    assert float(told["import_concentration.cr1"]) == 0.7
    assert dict(zip(header, first, strict=True))["problem"] == "material_unknown"
    dangerous = [cell for row in (first, second) for cell in row if cell[:1] in {*"=+@\t"}]
    assert dangerous == []


def test_a_formula_behind_a_separator_is_none_and_an_amount_stays(
    expose: Expose, tmp_path: Path
) -> None:
    out = tmp_path / "rows.csv"
    rows = "Material;Country;Value;Note;Note;=Sum\n"
    rows += 'Wolfram;China;-1,5;a line\u2028;"x; =HYPERLINK(1)";"\n=1"\n'
    assert expose(rows, "--csv", str(out)).code == 1
    header, row = list(csv.reader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert header[3:6] == ["Note", "Note", "'=Sum"]
    assert row[2] == "-1,5"
    assert row[4:6] == ["x; '=HYPERLINK(1)", "'=1"]


def test_a_link_that_leads_nowhere_is_not_followed(expose: Expose, tmp_path: Path) -> None:
    out, beyond = tmp_path / "rows.csv", tmp_path / "beyond.csv"
    out.symlink_to(beyond)
    assert expose(FIRM, "--csv", str(out)).code == 2
    assert not beyond.exists()
    said = expose(FIRM, "--csv", str(tmp_path / "no" / "rows.csv"))
    assert (said.code, "is no folder" in said.err) == (1, True)


def test_only_the_file_asked_for_is_written(
    expose: Expose, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    assert expose(FIRM).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["firm.csv"]
    out = tmp_path / "rows.csv"
    assert expose(FIRM, "--csv", str(out)).code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["firm.csv", "rows.csv"]
    after = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    assert before == after
    # Nothing is ever replaced, the firm's own file least of all.
    assert expose(FIRM, "--csv", str(out)).code == 2
    assert expose(FIRM, "--csv", str(tmp_path / "firm.csv")).code == 2


def test_what_a_terminal_would_obey_is_only_shown(expose: Expose) -> None:
    said = expose(HEAD + "\x1b[2Jevil,,\u202echina,1,t,1,EUR\n")
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out


def test_the_importer_may_be_a_name_or_unclear(expose: Expose) -> None:
    assert expose(FIRM, "--importer", "Japan").code == 0
    said = expose(FIRM, "--importer", "Korea")
    assert said.code == 2
    assert "--importer KOR" in said.err


def test_what_comes_from_home_is_no_import(expose: Expose) -> None:
    said = expose(HEAD + "Wolfram,,Japan,1,t,1,EUR\n", "--json").json
    assert any("are no imports" in note for note in said["notes"])
    assert said["overall"]["above"][1]["unknown_share"] == 1


def test_the_order_of_rows_changes_nothing(expose: Expose) -> None:
    head, *rows = (FIRM + BAD[3][0] + "\n").splitlines()
    first = expose("\n".join([head, *rows]) + "\n", "--json").json
    second = expose("\n".join([head, *reversed(rows)]) + "\n", "--json").json
    for name in ("overall", "minerals", "amounts", "measures", "indices"):
        assert json.dumps(first[name]) == json.dumps(second[name])


def test_problems_are_a_closed_list() -> None:
    texts = "".join(path.read_text("utf-8") for path in reading.COLUMNS.parent.glob("*.py"))
    assert [name for name in known_problems() if f'"{name}"' not in texts] == []


def test_no_alias_means_two_columns() -> None:
    with reading.COLUMNS.open(encoding="utf-8", newline="") as file:
        words = [
            w for row in csv.DictReader(file) for w in [row["column"], *row["aliases"].split("|")]
        ]
    twice = {word for word in words if words.count(word) > 1} - set(reading.aliases())
    assert twice == set()


def test_a_day_is_a_day() -> None:
    assert date.fromisoformat(DAY)
    with pytest.raises(PurchaseError, match="no such file"):
        reading.read(Path("/nowhere/at/all.csv"), Options())


def test_on_the_bundled_figures(built: world.Built, tmp_path: Path) -> None:
    path = tmp_path / "firm.csv"
    path.write_text(FIRM + "gallium,811292,China,1,t,1000,EUR\n", encoding="utf-8")
    sheet, day = reading.read(path, Options()), date(2026, 11, 23)
    with warehouse.snapshot_reader(built.settings.build) as con:
        found = answer(con, sheet, Options(), Asked("JPN", day))
        lone = supply.suppliers(
            con,
            "importer_iso3 = 'JPN' AND mineral = 'rare_earths' AND stage = 'all' "
            "AND basis = 'value' AND edition = 'HS92_V202601'",
        )
    assert found.unmatched.height == 0
    assert found.overall is not None
    # China's licences on gallium hold for everyone since August 2023, by the law's own date.
    assert {"CN-2023-23", "CN-2025-18"} <= found.overall["by_measure"].keys()
    assert found.overall["under_measure_share"] >= 0.8
    # The shares that the data have beside the article's 91.2 percent.
    shares = {row["year"]: row["import_share"] for row in lone if row["exporter_iso3"] == "CHN"}
    assert (round(shares[2007], 3), round(shares[2024], 3)) == (0.912, 0.378)
