"""The facts as authored, and every way in which a broken fact must stop."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.facts import FactError, Facts, fold, read_facts

FOLDER = Path(__file__).parents[1] / "warehouse" / "facts"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "classification"


def words(text: str) -> list[str]:
    return text.split()


HS92 = words("""
250410 250490 251020 251110 251910 252890 252922 260200 260300 260400 260500 260600 260800 260900
261000 261100 261390 261400 261510 261690 261710 270112 280450 280480 280490 280530 282200 282520
282530 283691 284610 284690 711011 711019 711021 711031 720292 720293 760110 810110 810310 810510
810600 810710 811211 811230
""")
HS17 = words("""
250490 251010 251110 252800 252910 252922 260200 260600 270112 280429 280469 280470 280480 282200
283691 283692 711011 711021 720292 720293 740311 750210 810194 810320 810411 810820 811010 811212
811292 850511
""")


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(FOLDER)


def one(facts: Facts, system: str, code: str) -> list[str]:
    return facts.frame("country_code").filter(system=system, code=code)["iso3"].to_list()


def members(facts: Facts, bloc: str, year: int) -> set[str]:
    frame = facts.frame("bloc_member").filter(
        pl.col("bloc") == bloc,
        pl.col("from_year").fill_null(0) <= year,
        pl.col("to_year").fill_null(9999) >= year,
    )
    return set(frame["iso3"])


def test_each_declared_table_has_its_frame_and_types(facts: Facts) -> None:
    assert [table.id for table in facts.tables] == list(facts.frames)
    for table in facts.tables:
        assert dict(facts.frames[table.id].schema) == {
            name: pl.Schema({name: dtype})[name] for name, dtype in table.polars.items()
        }


def test_units_of_columns_are_units(facts: Facts) -> None:
    units = {column.unit for table in facts.tables for column in table.columns} - {""}
    assert units <= set(facts.frame("unit")["unit"])


def test_special_codes_are_the_countries_of_methods_1_10(facts: Facts) -> None:
    expected = {"251": "FRA", "579": "NOR", "699": "IND", "757": "CHE", "842": "USA", "490": "TWN"}
    expected |= {"58": "BLX", "891": "SCG", "810": "SUN", "890": "YUG", "711": "ZA1"}
    assert {code: one(facts, "comtrade", code)[0] for code in expected} == expected


def test_unallocated_areas_of_methods_1_2_are_no_country(facts: Facts) -> None:
    codes = words("899 837 838 839 568 577 527 636 637 290 471 472 473 492 697 221 129 879")
    ids = [one(facts, "comtrade", code)[0] for code in codes]
    assert ids == [f"X_{code}" for code in codes]
    kinds = facts.frame("country").filter(kind="unallocated")["iso3"]
    assert set(kinds) == set(ids)


def test_two_lists_share_a_number_but_not_a_meaning(facts: Facts) -> None:
    assert one(facts, "iso_numeric", "492") == ["MCO"]
    assert one(facts, "comtrade", "492") == ["X_492"]


def test_historic_codes_end(facts: Facts) -> None:
    ends = facts.frame("country_code").filter(system="comtrade").select("code", "to_year")
    last = dict(ends.iter_rows())
    assert {code: last[code] for code in ("58", "711", "530", "891", "736", "280")} == {
        "58": 1998, "711": 1999, "530": 2010, "891": 2005, "736": 2011, "280": 1990,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spelling", "iso3"),
    [
        ("south korea", "KOR"), ("Korea, Republic of", "KOR"), ("Burma", "MMR"),
        ("Congo (Kinshasa)", "COD"), ("TURKEY", "TUR"), ("Türkiye", "TUR"), ("USA", "USA"),
        ("Côte d\u2019Ivoire", "CIV"), ("Taiwan", "TWN"), ("Soviet Union", "SUN"),
    ],
)  # fmt: skip
def test_spellings(facts: Facts, spelling: str, iso3: str) -> None:
    names = facts.frame("country_code").filter(system="name")
    known = {fold(name): country for name, country in names.select("code", "iso3").iter_rows()}
    assert known[fold(spelling)] == iso3


def test_every_country_answers_to_its_own_name(facts: Facts) -> None:
    names = facts.frame("country_code").filter(system="name").select("iso3", name="code")
    lost = facts.frame("country").join(names, on=["iso3", "name"], how="anti")
    assert lost["iso3"].to_list() == []


@pytest.mark.parametrize(
    ("year", "size"),
    [(1960, 6), (1973, 9), (1981, 10), (1986, 12), (1995, 15), (2004, 25), (2007, 27), (2013, 28),
     (2019, 28), (2020, 27)],
)  # fmt: skip
def test_size_of_the_union(facts: Facts, year: int, size: int) -> None:
    assert len(members(facts, "EU", year) - {"BLX"}) == size


def test_the_27_of_2020_are_members_in_every_year(facts: Facts) -> None:
    assert members(facts, "EU27_2020", 2024) == members(facts, "EU", 2024)
    assert members(facts, "EU27_2020", 1995) == members(facts, "EU", 2024) | {"BLX"}


def test_confidence_factors_are_those_of_methods_13_4(facts: Facts) -> None:
    factors = dict(
        facts.frame("specificity").select("specificity", "confidence_factor").iter_rows()
    )
    assert factors == {"exact": 1.0, "dominant": 0.8, "proxy": 0.6, "basket": 0.4, "context": None}


@pytest.mark.parametrize(
    "word",
    ["rare earths", "heavy rare earths", "graphite", "tungsten", "gallium", "germanium", "antimony",
     "lithium", "hydrogen fluoride", "photoresists", "fluorinated polyimide", "silicon wafers",
     "semiconductors", "memory chips", "semiconductor equipment"],
)  # fmt: skip
def test_what_the_article_names_is_one_mineral(facts: Facts, word: str) -> None:
    assert facts.frame("mineral").filter(pl.col("aliases").list.contains(word)).height == 1


@pytest.mark.parametrize(("revision", "codes"), [("H0", HS92), ("H5", HS17)])
def test_bundled_codes_belong_to_a_mineral(facts: Facts, revision: str, codes: list[str]) -> None:
    known = set(facts.frame("form_code").filter(hs_revision=revision)["hs6"])
    assert set(codes) <= known


def test_headline_of_rare_earths_is_the_three_exact_codes(facts: Facts) -> None:
    forms = facts.frame("form").filter(pl.col("headline"), mineral="rare_earths")
    codes = facts.frame("form_code").join(forms, on=["mineral", "form"]).filter(hs_revision="H0")
    assert codes["hs6"].sort().to_list() == ["280530", "284610", "284690"]
    assert set(forms["specificity"]) == {"exact"}


def test_germanium_ends_with_hs2007_and_is_never_continued(facts: Facts) -> None:
    form = facts.frame("form").filter(mineral="germanium", form="germanium_all").row(0, named=True)
    assert (form["first_year"], form["last_year"]) == (1988, 2006)
    codes = facts.frame("form_code").filter(mineral="germanium", form="germanium_all")
    assert codes["hs_revision"].to_list() == ["H0", "H1", "H2"]


@pytest.mark.parametrize(
    ("mineral", "revisions"),
    [("gallium", "H0 H1 H2 H3 H4 H5 H6"), ("indium", "H0 H1 H2 H3 H4 H5 H6"),
     ("niobium", "H0 H1 H2 H3 H4 H5 H6"), ("germanium", "H3 H4 H5 H6"), ("vanadium", "H3 H4 H5 H6"),
     ("hafnium", "H0 H1 H2 H3 H4 H5"), ("rhenium", "H0 H1 H2 H3 H4 H5")],
)  # fmt: skip
def test_who_was_in_the_8112_9x_basket_when(facts: Facts, mineral: str, revisions: str) -> None:
    form = facts.frame("form_code").filter(mineral=mineral, form=f"{mineral}_metal_basket")
    assert form["hs_revision"].sort().to_list() == revisions.split()
    expected = {r: "811291" if r in {"H0", "H1"} else "811292" for r in revisions.split()}
    assert dict(form.select("hs_revision", "hs6").iter_rows()) == expected


def test_one_borate_code_is_not_all_borates_after_2011(facts: Facts) -> None:
    held = facts.frame("form_code").filter(hs_revision="H0", hs6="252890")
    forms = held.join(facts.frame("form"), on=["mineral", "form"])
    assert forms["last_year"].to_list() == [2011]


def test_headlines_are_clean_and_a_proxy_only_where_nothing_is_cleaner(facts: Facts) -> None:
    forms = facts.frame("form")
    heads = forms.filter("headline")
    assert set(heads["specificity"]) <= {"exact", "dominant", "proxy"}
    by_proxy = heads.filter(specificity="proxy")["mineral"]
    cleaner = forms.filter(pl.col("specificity").is_in(["exact", "dominant"]))["mineral"]
    assert not set(by_proxy) & set(cleaner)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.name)
def test_rows_are_sorted(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert rows == sorted(rows)


def test_each_code_stands_in_the_official_lists(facts: Facts) -> None:
    path = SHARED / "hs_codes.csv"
    if not path.is_file():
        pytest.skip("the classification files are not beside the checkout")
    known = {("252910", f"H{n}") for n in range(7)}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known |= {(row["hs6"], revision) for revision in row["valid_in"].split("|")}
            known |= {(code, f"H{n}") for n in range(7) for code in row[f"H{n}"].split("|")}
    ours = set(facts.frame("form_code").select("hs6", "hs_revision").iter_rows())
    assert ours - known == set()


def test_every_code_of_baci_is_a_country(facts: Facts) -> None:
    path = SHARED / "baci_country_codes_V202601.csv"
    if not path.is_file():
        pytest.skip("the classification files are not beside the checkout")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 238
    wrong = {
        row["country_code"]: row["country_iso3"]
        for row in rows
        if one(facts, "comtrade", row["country_code"]) != [row["country_iso3"]]
    }
    # Ours on purpose: Belgium-Luxembourg, Taiwan, and an area that is no country.
    assert wrong == {"58": "BEL", "490": "S19", "697": "R20"}


# Broken worlds: a copy of the facts, one thing wrong in it, and the words the error must have.


def write(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def add(line: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")

    return change


def swap(old: str, new: str) -> Callable[[Path], None]:
    return lambda path: write(path, old, new)


BROKEN = [
    ("countries.csv", add("JPN,Nippon,country,,,"), "given 2 times: {'iso3': 'JPN'}"),
    ("countries.csv", add("QQQ,Nowhere,planet,,,"), "'planet' is none of country"),
    ("countries.csv", add("QQQ,,country,,,"), "name None is empty"),
    ("countries.csv", add("QQQ,Nowhere,country,early,,"), "from_year is no year"),
    ("countries.csv", swap("kind,", "sort,"), "header is"),
    ("country_codes.csv", add("comtrade,9998,QQQ,,,"), "'QQQ' is not in ref.country.iso3"),
    ("country_codes.csv", add("comtrade,392,KOR,,,"), "392 is both JPN and KOR"),
    ("country_codes.csv", add("name,JAPAN,KOR,,,"), "Japan is both KOR and JPN"),
    ("country_codes.csv", add("comtrade,9998,JPN,2001,1999,"), "from_year is after to_year"),
    ("country_codes.csv", add("comtrade, 9998,JPN,,,"), "outer spaces"),
    ("blocs.csv", add("EU,QQQ,1999,,x,"), "'QQQ' is not in ref.country.iso3"),
    ("blocs.csv", add("EU,JPN,1999,1990,x,"), "from_year is after to_year"),
    ("blocs_names.csv", swap("G-7", "Japan"), "'Japan' means both JPN and G7"),
    ("units.csv", swap("t,Metric ton,mass,kg,", "t,Metric ton,mass,stone,"), "'stone' is not in"),
    ("specificity.csv", swap("0.4", "1.4"), "confidence_factor 1.4 is above 1"),
    ("minerals/tungsten.yaml", swap("stage: ore", "stage: orre"), "'orre' is not in ref.stage"),
    ("minerals/tungsten.yaml", swap("stage: ore", "stages: ore"), "forms.0.stages: Extra inputs"),
    ("minerals/tungsten.yaml", swap("specificity: exact", "specificity: sure"), "'sure' is not in"),
    ("minerals/tungsten.yaml", swap('H0: ["261100"]', 'H0: ["26110"]'), "forms.0.hs.H0.0"),
    ("minerals/tungsten.yaml", swap('H0: ["261100"]', "H0: [261100]"), "valid string"),
    ("minerals/tungsten.yaml", swap('H0: ["261100"]', 'H9: ["261100"]'), "H9 is not in hs_rev"),
    ("minerals/tungsten.yaml", swap('H1: ["261100"], ', ""), "H1 is left out between others"),
    ("minerals/tungsten.yaml", swap("[tungsten_ore,", "[tungsten_or,"), "no form tungsten_or;"),
    ("minerals/tungsten.yaml", swap("[tungsten_ore,", "[tungsten_oxides,"), "is basket"),
    ("minerals/tungsten.yaml", swap('["284180"]', '["261100"]'), "H0 is in tungsten_ore too"),
    ("minerals/tungsten.yaml", swap("id: tungstates", "id: tungsten_ore"), "id is given twice"),
    ("minerals/tungsten.yaml", swap("value: 0.7", "low: 1\n      value: 0.7"), "not low <="),
    ("minerals/tungsten.yaml", swap("unit: share", "unit: percent"), "content.unit"),
    ("minerals/tungsten.yaml", swap("wolfram", "Germanium"), "means both germanium and tungsten"),
    ("minerals/tungsten.yaml", add("forms: []"), "'forms' named twice"),
    ("minerals/tungsten.yaml", add("  - ["), "cannot be read"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "change", "said"), BROKEN, ids=[b[2] for b in BROKEN])
def test_a_broken_fact_stops_and_is_named(
    tmp_path: Path, file: str, change: Callable[[Path], None], said: str
) -> None:
    shutil.copytree(FOLDER, tmp_path / "facts")
    change(tmp_path / "facts" / file)
    with pytest.raises(FactError) as stopped:
        read_facts(tmp_path / "facts")
    assert said in str(stopped.value)
    assert Path(file).name in str(stopped.value)


OWN = """
name: Unobtainium
aliases: [handwavium]
headline: [unobtainium_ore]
forms:
  - id: unobtainium_ore
    name: ores
    stage: ore
    hs: {H4: ["261799"], H5: ["261799"]}
    specificity: dominant
    content: null
"""


def test_an_overlay_adds_a_mineral_and_a_spelling(tmp_path: Path, facts: Facts) -> None:
    (tmp_path / "minerals").mkdir()
    (tmp_path / "minerals" / "unobtainium.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "country_codes.csv").write_text(
        "system,code,iso3,from_year,to_year,note\nname,Land of the Rising Sun,JPN,,,\n",
        encoding="utf-8",
    )
    both = read_facts(FOLDER, tmp_path)
    form = both.frame("form").filter(mineral="unobtainium").row(0, named=True)
    assert (form["first_year"], form["last_year"]) == (2012, 2021)
    assert both.frame("mineral").height == facts.frame("mineral").height + 1
    assert one(both, "name", "Land of the Rising Sun") == ["JPN"]


def test_an_overlay_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "minerals").mkdir()
    (tmp_path / "minerals" / "tungsten.yaml").write_text(OWN, encoding="utf-8")
    with pytest.raises(FactError, match="mineral tungsten exists already"):
        read_facts(FOLDER, tmp_path)


def test_an_overlay_holds_only_what_facts_hold(tmp_path: Path) -> None:
    (tmp_path / "country_code.csv").write_text("", encoding="utf-8")
    with pytest.raises(FactError, match=r"country_code\.csv: an overlay cannot hold this"):
        read_facts(FOLDER, tmp_path)
    with pytest.raises(FactError, match="no such folder"):
        read_facts(FOLDER, tmp_path / "absent")
