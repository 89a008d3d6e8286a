from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.staging import stage_edition
from flows.sources.usgs_mcs.corrections import Correction, correct, read_corrections
from flows.sources.usgs_mcs.labels import Labels
from flows.sources.usgs_mcs.layouts import Printed, read_commodity, read_wide
from flows.sources.usgs_mcs.stage import Figure, read_figure

SOURCE = read_source("usgs_mcs")
EDITIONS = {edition.id: edition for edition in SOURCE.editions}
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "production"
WIDE = "usgs_MCS2025_World_Data.csv"


def edition(id_: str) -> Edition:
    return EDITIONS[id_]


def bundled(id_: str) -> Path:
    return SOURCE.folder / "bundled" / f"mcs{id_}.csv"


def stage_files(id_: str, *files: Path) -> pl.DataFrame:
    return stage_edition(SOURCE, edition(id_), Raw(SOURCE.id, id_, files[0].parent, files))


def stage_bundled(id_: str) -> pl.DataFrame:
    return stage_files(id_, bundled(id_))


def stage_mutant(folder: Path, old: str, new: str, encoding: str = "utf-8") -> pl.DataFrame:
    """Stage edition 2024 with one text replaced, the first time it stands there."""
    text = bundled("2024").read_text(encoding="utf-8")
    assert old in text
    path = folder / "mcs2024.csv"
    path.write_bytes(text.replace(old, new, 1).encode(encoding))
    return stage_files("2024", path)


def cell(frame: pl.DataFrame, mineral: str, stage: str, area: str, year: int) -> dict[str, object]:
    keys = {"mineral": mineral, "stage": stage, "area": area, "year": year}
    return frame.row(
        by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in keys.items()), named=True
    )


def printed(value: str) -> Printed:
    return Printed("tin", "China", "Mine production", "t", 2022, value, False, "", "row 2")  # noqa: FBT003


@pytest.mark.parametrize("id_", EDITIONS)
def test_every_bundled_edition_keeps_its_promise(id_: str) -> None:
    frame = stage_bundled(id_)
    numbers = frame.filter(pl.col("status").is_in(["reported", "estimated"]))
    assert numbers["value"].null_count() == 0
    assert frame.join(numbers, on=list(SOURCE.staged.grain), how="anti")["value"].is_null().all()


def test_two_editions_of_one_year_are_two_vintages() -> None:
    old = cell(stage_bundled("2023"), "antimony", "mine", "CHN", 2022)
    new = cell(stage_bundled("2024"), "antimony", "mine", "CHN", 2022)
    assert (old["edition"], old["value"], old["unit"]) == ("2023", 60_000, "t")
    assert (new["edition"], new["value"], new["unit"]) == ("2024", 40_000, "t")
    assert old["measure"] == new["measure"] == "antimony content"


@pytest.mark.parametrize("id_", ["2023", "2024"])
def test_withheld_and_not_available_stay_apart_and_are_no_zero(id_: str) -> None:
    frame = stage_bundled(id_)
    usa = cell(frame, "germanium", "refinery", "USA", int(id_) - 1)
    world = cell(frame, "germanium", "refinery", "WORLD", int(id_) - 1)
    assert (usa["value_text"], usa["value"], usa["status"]) == ("W", None, "withheld")
    assert (world["value_text"], world["value"], world["status"]) == ("NA", None, "not_available")
    zero = cell(frame, "antimony", "mine", "USA", int(id_) - 1)
    assert (zero["value_text"], zero["value"], zero["status"]) == ("0", 0.0, "estimated")


def test_a_blank_of_2025_is_withheld_only_where_its_note_says_so() -> None:
    frame = stage_bundled("2025")
    assert cell(frame, "lithium", "mine", "USA", 2024)["status"] == "withheld"
    assert cell(frame, "fluorspar", "mine", "USA", 2024)["status"] == "not_available"
    assert cell(frame, "germanium", "refinery", "USA", 2024)["status"] == "blank"


def test_estimates_are_told_by_column_note_and_footnote_letter() -> None:
    frame = stage_bundled("2024")
    assert cell(frame, "tungsten", "mine", "CHN", 2022)["status"] == "estimated"
    assert cell(frame, "lithium", "mine", "CHL", 2022)["status"] == "reported"
    assert cell(frame, "lithium", "mine", "CHN", 2022)["status"] == "estimated"
    assert cell(frame, "platinum", "mine", "RUS", 2022)["status"] == "estimated"
    assert cell(frame, "magnesium", "smelter", "CHN", 2022)["status"] == "reported"
    vanadium = cell(frame, "vanadium", "mine", "RUS", 2022)
    assert (vanadium["value_text"], vanadium["value"]) == ("e20,000", 20_000)


def test_wrong_units_of_the_source_are_corrected() -> None:
    assert cell(stage_bundled("2023"), "chromium", "mine", "WORLD", 2021)["unit"] == "kt"
    titanium = stage_bundled("2025").filter(mineral="titanium", stage="mine")
    assert titanium["unit"].unique().to_list() == ["kt"]


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("0", Figure("reported", 0.0)),
        ("72,000", Figure("reported", 72_000.0)),
        ("e20,000", Figure("estimated", 20_000.0)),
        ("3,000-4,000", Figure("range", low=3_000.0, high=4_000.0)),
        ("3,000\u20134,000", Figure("range", low=3_000.0, high=4_000.0)),
        (">50", Figure("above", low=50.0)),
        ("<1", Figure("below", high=1.0)),
        ("W", Figure("withheld")),
        ("NA", Figure("not_available")),
        ("\u2014", Figure("none")),
        ("", Figure("blank")),
    ],
)
def test_what_is_printed_is_read_and_never_made_zero(text: str, figure: Figure) -> None:
    assert read_figure(printed(text), Labels("2024")) == figure


@pytest.mark.parametrize("text", ["1,20", "12 000", "about 50", "1.200,5"])
def test_a_figure_of_no_known_form_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match=text):
        read_figure(printed(text), Labels("2024"))


@pytest.mark.parametrize("id_", EDITIONS)
def test_the_published_layout_gives_the_rows_of_the_bundled_one(id_: str) -> None:
    files = [REAL / WIDE]
    if edition(id_).layout == "commodity_files":
        files = [REAL / "usgs_mcs_2023_2024" / name for name in Labels(id_).files]
    if not all(path.is_file() for path in files):
        pytest.skip("the publisher's files are not beside this checkout")
    assert stage_files(id_, *files).equals(stage_bundled(id_))


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("antim,China,", "antim,Atlantis,", "unknown country 'Atlantis'"),
        (
            '"Mine production, contained antimony"',
            '"Mine production, new"',
            "unknown type 'antim', 'Mine production, new'",
        ),
        ("antim,", "unobtainium,", "unknown type 'unobtainium'"),
        (",t,2022,40000,", ",stone,2022,40000,", "unknown unit 'stone'"),
        (",t,2022,40000,", ",t,2022,n.a.,", "unknown word 'n.a.'"),
        ("Also estimated in 2022", "Also guessed", "unknown note 'Also guessed'"),
        ("commodity,country,type", "commodity,region,type", "layout never seen.*region"),
        (",t,2022,40000,false,", ",t,2022,40000,false,,", "row 58: 9 cells"),
        (",t,2022,40000,false,", ",2022,40000,false,t,", "columns shifted"),
    ],
)
def test_what_is_unknown_or_shifted_is_refused_and_named(
    tmp_path: Path, old: str, new: str, names: str
) -> None:
    with pytest.raises(SourceError, match=names):
        stage_mutant(tmp_path, old, new)


@pytest.mark.parametrize("lost", [1, 3, 40])
def test_a_file_cut_in_a_row_is_refused(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "mcs2024.csv"
    path.write_bytes(bundled("2024").read_bytes()[:-lost])
    with pytest.raises(IncompleteError, match=r"mcs2024\.csv: ends in the middle of a line"):
        stage_files("2024", path)


def test_a_file_cut_between_two_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mcs2024.csv"
    path.write_bytes(b"".join(bundled("2024").read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(SourceError, match="1229 rows after staging, 1230 reviewed"):
        stage_files("2024", path)


def test_a_reencoded_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not UTF-8"):
        stage_mutant(tmp_path, "antim", "antim", encoding="cp1252")


HEADER = "Source,Country,Type,Prod_kt_2022,Prod_kt_est_2023,Prod_note,Reserves_kt,,\r\n"
ROW = 'MCS 2024,"Korea, Republic\u00a0of ",Mine production,"1,200 ",\u00a0 NA,,5,,\r\n'


def write_composed(folder: Path, text: str, encoding: str = "utf-8-sig") -> Path:
    path = folder / "composed.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_composed_commodity_file_is_read_without_its_typesetting(tmp_path: Path) -> None:
    path = write_composed(tmp_path, HEADER + ROW + ",,,,,,,,\r\n")
    first, last = read_commodity(path, "tin", 2024)
    assert (first.country, first.unit, first.year) == ("Korea, Republic of", "kt", 2022)
    assert (first.value, first.estimated) == ("1,200", False)
    assert (last.year, last.value, last.estimated) == (2023, "NA", True)


@pytest.mark.parametrize(
    ("text", "encoding", "names"),
    [
        (HEADER.replace("Prod_kt_2022", "Output"), "utf-8-sig", "layout never seen.*Output"),
        (HEADER.replace("Type,", ""), "utf-8-sig", "layout never seen"),
        (HEADER.replace("Prod_kt_2022", "Prod_kt_2021"), "utf-8-sig", "years of another edition"),
        (HEADER + ROW.replace("MCS 2024,", ""), "utf-8-sig", "row 2: 8 cells"),
        (HEADER + ROW.replace("MCS 2024,", "5,"), "utf-8-sig", "columns shifted"),
        (HEADER + ROW[:-9], "utf-8-sig", "ends in the middle of a line"),
        (HEADER + ROW, "cp1252", "not UTF-8"),
        (HEADER, "cp1252", "no byte order mark"),
    ],
)
def test_a_broken_commodity_file_is_refused(
    tmp_path: Path, text: str, encoding: str, names: str
) -> None:
    path = write_composed(tmp_path, text, encoding)
    with pytest.raises(SourceError, match=names):
        list(read_commodity(path, "tin", 2024))


def test_a_composed_wide_file_is_read_without_its_typesetting(tmp_path: Path) -> None:
    header = (
        "SOURCE,COMMODITY,COUNTRY,TYPE,UNIT_MEAS,PROD_2023,PROD_EST_ 2024,PROD_NOTES,"
        "CAP_2023,CAP_EST_ 2024,CAP_NOTES,RESERVES_2024,RESERVE_NOTES\n"
    )
    row = "MCS2025,Tin ,United\u00a0States,Mine production,metric tons,,7,W for 23-24,,,,,\n"
    first, last = read_wide(write_composed(tmp_path, header + row), 2025)
    assert (first.commodity, first.country, first.year) == ("Tin", "United States", 2023)
    assert (first.value, first.estimated, first.note) == ("", False, "W for 23-24")
    assert (last.year, last.value, last.estimated) == (2024, "7", True)


def test_a_wide_file_of_another_year_is_a_layout_never_seen(tmp_path: Path) -> None:
    path = write_composed(tmp_path, "SOURCE,COMMODITY,COUNTRY,TYPE,UNIT_MEAS,PROD_2022\r\n")
    with pytest.raises(SourceError, match=r"layout never seen.*PROD_2022.*PROD_2023"):
        list(read_wide(path, 2025))


def test_a_published_file_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    path = write_composed(tmp_path, HEADER)
    with pytest.raises(SourceError, match=r"unknown file composed\.csv"):
        stage_files("2024", path)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"match": {"commodity": "chrome"}}, "touches 0 figures, 1 expected"),
        ({"expect": {"unit": "kg"}}, "expects .*kg.* and finds"),
    ],
)
def test_a_correction_that_no_longer_fits_is_refused(
    changes: dict[str, dict[str, str]], names: str
) -> None:
    entry = {"edition": "2024", "match": {"commodity": "tin"}, "expect": {"unit": "t"}}
    entry |= {"action": {"unit": "kt"}, "rows": 1, "reason": "composed"}
    fits = Correction.model_validate(entry)
    assert correct([printed("5")], [fits])[0].unit == "kt"
    with pytest.raises(SourceError, match=names):
        correct([printed("5")], [Correction.model_validate(entry | changes)])


def test_every_correction_belongs_to_an_edition() -> None:
    assert sum(len(read_corrections(id_)) for id_ in EDITIONS) == 4
