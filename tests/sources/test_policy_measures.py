"""Policy measures: a list of one's own, the OECD's inventory, and what stops either by name.

All files here are composed. No file of the OECD's inventory was ever seen: the one below has the
shape of SDMX-CSV with labels, and columns and words that are our guess.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows.facts import Facts, read_facts
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.policy_measures import cells, oecd
from flows.sources.staging import check_keys, stage_edition

SOURCE = read_source("policy_measures")
FACTS = Path(__file__).parents[2] / "warehouse" / "facts"

MEASURE = {
    "measure": "X-1",
    "issuer_iso3": "IDN",
    "title": "Composed ban",
    "kind": "ban",
    "effective": "2020-01-01",
    "target": "ALL",
    "scope": "all_trade",
    "evidence": "read",
    "evidence_source": "composed",
    "citation": "Composed act",
    "material": "nickel ore",
    "mineral": "nickel",
    "hs_revision": "H5",
    "hs6": "260400",
}


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(FACTS)


def text_of(rows: Sequence[Mapping[str, str]], delimiter: str = ",") -> str:
    """A CSV of rows; what a row lacks is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, "", delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def staged(content: str | bytes, folder: Path, facts: Facts, **said: str) -> pl.DataFrame:
    """Stage one file the way that a file brought by hand goes."""
    path = folder / "list.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    edition = Edition(id="composed", released=None, released_basis="unknown", **said)  # type: ignore[arg-type]
    frame = stage_edition(SOURCE, edition, Raw(SOURCE.id, edition.id, folder, (path,)))
    check_keys(f"{SOURCE.id} {edition.id}", frame, SOURCE.table, facts.frames)
    return frame


def own(
    folder: Path, facts: Facts, *changes: Mapping[str, str], delimiter: str = ","
) -> pl.DataFrame:
    """Stage a list of one's own: the composed measure, once for each set of changes."""
    rows = [MEASURE | dict(change) for change in changes or [{}]]
    return staged(text_of(rows, delimiter), folder, facts, layout="user")


def test_a_list_of_ones_own_is_typed(tmp_path: Path, facts: Facts) -> None:
    row = own(tmp_path, facts, {"expires": "2021-06-30", "severity": "0.8"}).row(0, named=True)
    assert row["edition"] == "composed"
    assert (row["effective"], row["expires"]) == (date(2020, 1, 1), date(2021, 6, 30))
    assert (row["severity"], row["hs6"], row["announced"]) == (0.8, "260400", None)
    # ALL is neither a country nor a bloc.
    assert (row["target_iso3"], row["target_bloc"]) == (None, None)
    # Evidence left empty is that of the measure; there is none of what is not there.
    assert (row["effective_evidence"], row["expires_evidence"]) == ("read", "read")
    assert (row["announced_evidence"], row["suspension_evidence"]) == (None, None)


@pytest.mark.parametrize(
    ("target", "iso3", "bloc"), [("ALL", None, None), ("USA", "USA", None), ("EU", None, "EU")]
)
def test_a_target_is_all_a_country_or_a_bloc(
    tmp_path: Path, facts: Facts, target: str, iso3: str | None, bloc: str | None
) -> None:
    row = own(tmp_path, facts, {"target": target}).row(0, named=True)
    assert (row["target_iso3"], row["target_bloc"]) == (iso3, bloc)


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_and_semicolons_are_read(
    tmp_path: Path, facts: Facts, mark: str, delimiter: str
) -> None:
    text = mark + text_of([MEASURE | {"title": "Größe, 鎢"}], delimiter)
    assert staged(text, tmp_path, facts)["title"].to_list() == ["Größe, 鎢"]


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("https://example.org";"x")',
        "=cmd|' /C calc'!A0",
        "+1-2",
        "@SUM(A1)",
        "-1",
        "<script>alert(1)</script>",
        "'; DROP TABLE mart.measure; --",
    ],
)
def test_a_formula_stays_text(tmp_path: Path, facts: Facts, text: str) -> None:
    frame = own(tmp_path, facts, {"title": text, "citation": text})
    assert frame.select("title", "citation").row(0) == (text, text)


def test_order_of_columns_and_empty_rows_say_nothing(tmp_path: Path, facts: Facts) -> None:
    turned = dict(reversed(MEASURE.items()))
    text = text_of([turned]) + "," * (len(turned) - 1) + "\r\n"
    assert staged(text, tmp_path, facts).rows() == own(tmp_path, facts).rows()


def test_a_measure_may_be_suspended_twice(tmp_path: Path, facts: Facts) -> None:
    spans = [("2020-03-01", "2020-03-31"), ("2020-06-01", "")]
    suspended = [{"suspended_from": a, "suspended_until": b} for a, b in spans]
    scrap = {"material": "nickel scrap", "hs6": "750300"}
    rows = [one | goods for one in suspended for goods in ({}, scrap)]
    frame = own(tmp_path, facts, *rows)
    assert frame.height == 4
    assert frame["suspended_until"].unique().to_list() == [None, date(2020, 3, 31)]
    assert set(frame["suspension_evidence"]) == {"read"}


SUSPENDED = {"suspended_from": "2020-02-01", "suspended_until": "2020-03-01"}
LATER = {"suspended_from": "2020-03-01", "suspended_until": "2020-04-01"}
SCRAP = {"material": "nickel scrap", "hs6": "750300"}
ODD: dict[str, tuple[Sequence[Mapping[str, str]], str]] = {
    "country unknown": ([{"issuer_iso3": "QQQ"}], "issuer_iso3 QQQ not in ref.country"),
    "country by name": ([{"issuer_iso3": "China"}], "issuer_iso3 China not in ref.country"),
    "target country unknown": ([{"target": "QQQ"}], "target_iso3 QQQ not in ref.country"),
    "target bloc unknown": ([{"target": "BRICS"}], "target_bloc BRICS not in ref.bloc"),
    "target empty": ([{"target": ""}], "line 2: target is empty; write ALL"),
    "mineral unknown": ([{"mineral": "unobtainium"}], "mineral unobtainium not in ref.mineral"),
    "kind unknown": ([{"kind": "embargo"}], "kind embargo not in ref.measure_kind"),
    "scope unknown": ([{"scope": "all"}], "scope all not in ref.measure_scope"),
    "evidence unknown": ([{"evidence": "sure"}], "evidence sure not in ref.evidence"),
    "evidence of nothing": ([{"expires_evidence": "read"}], "expires_evidence without expires"),
    "title empty": ([{"title": ""}], "title is empty in 1 of 1 rows"),
    "revision unknown": ([{"hs_revision": "H9"}], "hs_revision H9 not in ref.hs_revision"),
    "code that lost its zero": ([{"hs6": "10121"}], "hs6 '10121' is not six digits"),
    "code as a number": ([{"hs6": "260400.0"}], "hs6 '260400.0' is not six digits"),
    "code without revision": ([{"hs_revision": ""}], "give both or neither"),
    "day of another style": ([{"effective": "01.01.2020"}], "effective '01.01.2020' is no day"),
    "day with slashes": ([{"expires": "2021/06/30"}], "expires '2021/06/30' is no day"),
    "day that is none": ([{"effective": "2020-02-30"}], "effective '2020-02-30' is no day"),
    "day as Excel counts": ([{"effective": "43831"}], "effective '43831' is no day"),
    "decimal comma": ([{"severity": "0,3"}], "severity '0,3' is no number; write it as 0.3"),
    "percent": ([{"severity": "30%"}], "severity '30%' is no number"),
    "not a number": ([{"severity": "nan"}], "severity 'nan' is no number"),
    "severity above one": ([{"severity": "30"}], "severity is above 1"),
    "end before start": ([{"expires": "2019-12-31"}], "expires 2019-12-31 is before effective"),
    "start before news": ([{"announced": "2020-01-02"}], "2020-01-01 is before announced"),
    "id of two measures": ([{}, SCRAP | {"kind": "tax"}], "X-1: kind is both 'ban' and 'tax'"),
    "row given twice": ([{}, {}], "2 rows share a key"),
    "suspensions overlap": ([SUSPENDED, LATER], "measure X-1: .*they overlap"),
    "open suspension goes on": (
        [SUSPENDED | {"suspended_until": ""}, LATER],
        "until None, and from 2020-03-01: they overlap",
    ),
    "suspension ends first": ([{**SUSPENDED, "suspended_until": "2020-01-15"}], "begin first"),
    "suspension never begins": ([{"suspended_until": "2020-03-01"}], "from None; it must begin"),
    "suspension after the end": ([SUSPENDED | {"expires": "2020-01-31"}], "to 2020-01-31 only"),
    "suspension before the start": (
        [{"suspended_from": "2019-01-01", "suspended_until": "2019-02-01"}],
        "it holds from 2020-01-01",
    ),
    "suspension of some goods": ([SUSPENDED, SCRAP], "its goods have different suspensions"),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_cell_stops_and_is_named(tmp_path: Path, facts: Facts, odd: str) -> None:
    rows, says = ODD[odd]
    with pytest.raises(SourceError, match=says):
        own(tmp_path, facts, *rows)


def test_letters_are_never_guessed(tmp_path: Path, facts: Facts) -> None:
    text = text_of([MEASURE | {"title": "Gr\u00f6\u00dfe"}])
    for encoding in ("cp1252", "utf-16"):
        with pytest.raises(SourceError, match=r"not UTF-8 .*save it again as CSV UTF-8"):
            staged(text.encode(encoding), tmp_path, facts)


SHAPES = {
    "a column new": (lambda t: t.replace("title", "headline", 1), "unknown columns.*'headline'"),
    "a column lost": (lambda t: t.replace(",citation,", ",note,", 1), "missing.*: citation"),
    "a column twice": (lambda t: t.replace(",citation,", ",title,", 1), "given twice: title"),
    "a cell too many": (lambda t: t.replace(",ban,", ",ban,x,", 1), "15 cells, the header has 14"),
    "a cell too few": (lambda t: t.replace(",ban,", ",", 1), "13 cells, the header has 14"),
    "a quote never closed": (lambda t: t.replace(",ban,", ',"ban,', 1), "not a CSV"),
    "no row": (lambda t: t.partition("\r\n")[0] + "\r\n", "no rows"),
    "no header": (lambda _: "", "columns missing for layout user: citation"),
    "a page": (lambda _: "<!DOCTYPE html><html></html>", "unknown columns.*DOCTYPE"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_another_shape_stops_and_is_named(tmp_path: Path, facts: Facts, shape: str) -> None:
    change, says = SHAPES[shape]
    kind = IncompleteError if shape == "no row" else SourceError
    with pytest.raises(kind, match=says):
        staged(change(text_of([MEASURE])), tmp_path, facts)


def test_columns_that_changed_places_are_refused(tmp_path: Path, facts: Facts) -> None:
    text = text_of([MEASURE]).replace("issuer_iso3,title", "title,issuer_iso3", 1)
    with pytest.raises(SourceError, match=r"issuer_iso3 Composed ban not in ref\.country"):
        staged(text, tmp_path, facts)


def test_what_is_said_of_the_edition_must_fit(tmp_path: Path, facts: Facts) -> None:
    with pytest.raises(SourceError, match="no layout 'gta'; --layout takes user or oecd"):
        staged(text_of([MEASURE]), tmp_path, facts, layout="gta")
    with pytest.raises(SourceError, match="leave out --hs-revision"):
        staged(text_of([MEASURE]), tmp_path, facts, hs_revision="H6")
    edition = Edition(id="composed", released=None, released_basis="unknown")
    with pytest.raises(SourceError, match="expected one file, got none"):
        stage_edition(SOURCE, edition, Raw(SOURCE.id, "composed", tmp_path, ()))


INVENTORY = (
    "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,REF_AREA,Reference area,MEASURE,Measure,"
    "PRODUCT,Product,TIME_PERIOD,Time period,OBS_VALUE,Observation value,OBS_STATUS,"
    "Observation status\n"
)


def observed(country: str, word: str, code: str, year: int | str, applied: str = "1") -> str:
    """One composed row of the inventory."""
    start = f"DATAFLOW,COMPOSED:DF(1.0),Composed,I,{country},Composed,M,{word},{code},ores"
    return f"{start},{year},,{applied},,A,Normal value\n"


def inventory(folder: Path, facts: Facts, *rows: str, header: str = INVENTORY) -> pl.DataFrame:
    """Stage a composed inventory."""
    return staged(header + "".join(rows), folder, facts, layout="oecd")


def test_years_in_a_row_are_one_measure(tmp_path: Path, facts: Facts) -> None:
    years = (2009, 2010, 2012, 2014, 2015)
    frame = inventory(
        tmp_path,
        facts,
        *(observed("IDN", "Export tax", "260400", year) for year in years),
        observed("IDN", "Export tax", "260400", 2011, "0"),
        observed("COD", "Export quota", "260500", 2013),
    )
    columns = ["measure", "kind", "effective", "expires"]
    assert frame.select(columns).rows() == [
        ("COD-export_quota-260500-2013", "quota", date(2013, 1, 1), date(2013, 12, 31)),
        ("IDN-export_tax-260400-2009", "tax", date(2009, 1, 1), date(2010, 12, 31)),
        ("IDN-export_tax-260400-2012", "tax", date(2012, 1, 1), date(2012, 12, 31)),
        # 2015 is the last year of the file: what came of it is not known.
        ("IDN-export_tax-260400-2014", "tax", date(2014, 1, 1), None),
    ]
    assert set(frame["effective_evidence"]) == {"inferred"}
    assert frame["expires_evidence"].to_list() == ["inferred"] * 3 + [None]
    assert set(frame["hs_revision"]) == {"H3"}
    assert frame["mineral"].null_count() == frame.height
    assert "COMPOSED:DF(1.0)" in frame["citation"][0]


ROW = observed("IDN", "Export tax", "260400", 2010)
INVENTORY_ODD = {
    "a word": (observed("IDN", "Export tariff", "260400", 2010), "unknown kind 'Export tariff'"),
    "a flag": (observed("IDN", "Export tax", "260400", 2010, "12.5"), "unknown applied '12.5'"),
    "no flag": (observed("IDN", "Export tax", "260400", 2010, ""), "unknown applied ''"),
    "a status": (ROW.replace(",A,", ",M,"), "unknown status 'M'"),
    "a month": (observed("IDN", "Export tax", "260400", "2010-01"), "'2010-01' is no year"),
    "an area": (observed("W", "Export tax", "260400", 2010), "issuer_iso3 W not in ref.country"),
    "a heading": (observed("IDN", "Export tax", "2604", 2010), "hs6 '2604' is not six digits"),
    "a year twice": (ROW + ROW, "in 2010 stands twice; another column must tell"),
    "a product's two names": (
        ROW + ROW.replace(",ores,", ",nickel ores,"),
        "title is both 'Export tax: (nickel )?ores'",
    ),
}


@pytest.mark.parametrize("odd", INVENTORY_ODD)
def test_what_the_inventory_is_not_known_to_say_stops(
    tmp_path: Path, facts: Facts, odd: str
) -> None:
    rows, says = INVENTORY_ODD[odd]
    with pytest.raises(SourceError, match=says):
        inventory(tmp_path, facts, rows)


def test_an_unknown_column_of_the_inventory_is_named_with_its_remedy(
    tmp_path: Path, facts: Facts
) -> None:
    header = INVENTORY.replace("PRODUCT,Product", "COMMODITY_HS,Commodity")
    with pytest.raises(SourceError) as stopped:
        inventory(tmp_path, facts, ROW, header=header)
    assert "'COMMODITY_HS', 'Commodity'" in str(stopped.value)
    assert str(cells.COLUMNS) in str(stopped.value)
    with pytest.raises(SourceError, match="columns missing for layout oecd: OBS_VALUE"):
        inventory(tmp_path, facts, ROW, header=INVENTORY.replace("OBS_VALUE", "DECIMALS"))


def test_columns_and_words_are_declared_whole(facts: Facts) -> None:
    known = cells.read_columns()
    assert {row.layout for row in known} == {"user", "oecd"}
    assert len({(row.layout, row.column) for row in known}) == len(known)
    # A column is taken for a field, or its row says why not; a needed one is taken.
    assert [r.column for r in known if not r.means or (r.needed == "true" and not r.field)] == []
    staged_names = {column.name for column in SOURCE.staged.columns}
    users = {row.field for row in known if row.layout == "user"}
    assert users - {"target"} <= staged_names
    assert staged_names - users == {"edition", "target_iso3", "target_bloc"}
    kinds = {means for (kind, _), means in oecd.read_labels().items() if kind == "kind"}
    assert kinds <= set(facts.frame("measure_kind")["kind"])


def test_the_source_says_what_it_does_not_know() -> None:
    assert SOURCE.editions == []
    assert SOURCE.hosts == []
    assert not (SOURCE.folder / "connect.py").exists()
    assert any("never found" in limit for limit in SOURCE.limits)
