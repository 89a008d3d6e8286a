"""The EU studies' inputs: what is bundled, what its words mean, and the known errors of it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from flows.sources.contract import Raw, SourceError, read_source
from flows.sources.eu_crm import corrections
from flows.sources.eu_crm.stage import LAYOUT, read
from flows.sources.staging import stage_edition, stage_unreviewed

STUDY = Path(__file__).parents[3] / "shared/data/eu_crm"
SOURCE = read_source("eu_crm")
FILES = {edition.id: edition.bundled[0] for edition in SOURCE.editions}


def staged(year: str) -> pl.DataFrame:
    """The bundled edition of a year, against its ledger."""
    edition = next(edition for edition in SOURCE.editions if edition.id == year)
    folder = SOURCE.folder / "bundled"
    return stage_edition(SOURCE, edition, Raw(SOURCE.id, year, folder, (folder / FILES[year],)))


@pytest.fixture(scope="module")
def study_2017() -> pl.DataFrame:
    return staged("2017")


@pytest.fixture(scope="module")
def study_2023() -> pl.DataFrame:
    return staged("2023")


def composed(folder: Path, *rows: str) -> pl.DataFrame:
    """Stage composed rows of our layout, without corrections."""
    path = folder / "composed.csv"
    path.write_text("\n".join([",".join(LAYOUT), *rows]) + "\n", encoding="utf-8")
    edition = SOURCE.editions[0].model_copy(update={"rows": None, "bundled": []})
    return stage_unreviewed(SOURCE, edition, Raw(SOURCE.id, edition.id, folder, (path,)))


def test_every_material_of_2017_has_its_seven_inputs(study_2017: pl.DataFrame) -> None:
    inputs = study_2017.filter(pl.col("measure") != "group")
    assert inputs["material"].n_unique() == 81
    assert inputs.group_by("material").len()["len"].unique().to_list() == [7]


def test_materials_that_we_do_not_track_keep_their_own_id(study_2017: pl.DataFrame) -> None:
    mineral = dict(study_2017.select("material", "mineral").iter_rows())
    assert {mineral[name] for name in ("aggregates", "natural_rubber", "gold")} == {None}
    assert mineral["natural_graphite"] == "graphite"
    assert mineral["bauxite"] == mineral["aluminium"] == "aluminium"
    assert mineral["dysprosium"] == "heavy_rare_earths"


def test_a_figure_carries_its_rounding(study_2017: pl.DataFrame) -> None:
    def figure(material: str, measure: str) -> tuple[object, ...]:
        key = (pl.col("material") == material) & (pl.col("measure") == measure)
        return study_2017.filter(key).select("value", "low", "high", "unit").row(0)

    # W20: half a unit of the last digit.
    assert figure("magnesium", "hhi_wgi_t_gs") == (4.4, 4.35, 4.45, "score")
    assert figure("magnesium", "eol_rir") == (9.0, 8.5, 9.5, "percent")
    assert figure("pgms", "import_reliance") == (99.6, 99.55, 99.65, "percent")
    assert figure("beryllium", "import_reliance") == (None, None, None, "percent")


def test_a_recycling_rate_as_share_lost_its_trailing_zero(study_2023: pl.DataFrame) -> None:
    rate = study_2023.filter((pl.col("measure") == "eol_rir") & (pl.col("material") == "cadmium"))
    assert rate.select("value_text", "low", "high", "unit").row(0) == ("0.3", 0.295, 0.305, "share")


def test_below_a_tenth_of_a_percent_is_kept_as_a_bound(study_2023: pl.DataFrame) -> None:
    below = study_2023.filter(pl.col("status") == "below")
    assert below.height == 514
    assert below.select("value_text", "value", "low", "high").unique().rows() == [
        ("<0.1%", None, 0.0, 0.1)
    ]


def test_spellings_of_a_country_are_one(study_2023: pl.DataFrame) -> None:
    brazil = study_2023.filter((pl.col("material") == "niobium") & (pl.col("value_text") == "82%"))
    assert brazil["area"].to_list() == ["BRA"]  # printed as Brasil
    assert {"TWN", "LBN", "TUR", "COD", "COG", "HKG"} <= set(study_2023["area"].drop_nulls())


def test_every_sector_has_one_value_added(study_2023: pl.DataFrame) -> None:
    uses = study_2023.filter(pl.col("sector").is_not_null())
    added = dict(uses.select("sector", "value_added_meur").unique().iter_rows())
    assert len(added) == uses.select("sector", "value_added_meur").unique().height == 18
    assert (added["C23"], added["C28"]) == (64990, 204200)  # W23
    assert uses.filter(pl.col("material") == "magnesium")["value"].sum() == 100


def test_a_correction_refuses_what_was_mended() -> None:
    rows = read(SOURCE.folder / "bundled" / FILES["2023"])
    known = corrections.read_corrections("2023")
    mended = [{**r, "value_added": "64561"} if r["material"] == "Manganese" else r for r in rows]
    with pytest.raises(SourceError, match="may have been mended"):
        corrections.correct(mended, known)
    with pytest.raises(SourceError, match="touches 0 rows, 1 expected"):
        corrections.correct([r for r in rows if r["item"] != "Metalware"], known)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("eol_rir,Unobtainium,Extraction,,,5,,,", "unknown material 'Unobtainium'"),
        ("eol_rir,Cobalt,Smelting,,,5,,,", "unknown stage 'Smelting'"),
        ("eu_supply_share,Cobalt,E,Atlantis,,5%,1,,", "unknown country 'Atlantis'"),
        ("eol_rir,Cobalt,Extraction,,,about 5,,,", "'about 5' is no figure"),
        ("price,Cobalt,Extraction,,,5,,,", "unknown measure price"),
        ("use_share,Cobalt,,,Magnets,5%,,Magnets,10", "no NACE code"),
        ("eol_rir,Cobalt,Extraction,,,5", "line 2 has not 9 fields"),
    ],
)
def test_a_strange_row_is_named(row: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        composed(tmp_path, row)


def table(name: str) -> list[dict[str, str]]:
    """Read one of the study's tables as transcribed."""
    return list(csv.DictReader(io.StringIO((STUDY / name).read_bytes().decode("cp1252"))))


@pytest.mark.skipif(not STUDY.is_dir(), reason="the EU studies' tables are not in ../shared")
def test_bundled_holds_every_figure_of_the_tables() -> None:
    bundled = [r for year in FILES for r in read(SOURCE.folder / "bundled" / FILES[year])]
    found = Counter((r["measure"], r["material"], r["country"], r["figure"]) for r in bundled)
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    columns = {
        "import_reliance": "import_reliance_pct",
        "eol_rir": "eol_rir_pct",
        "hhi_wgi_t_eu": "hhi_wgi_t_eu28",
    }
    for measure in ("supply_data_used", "si_ei", "si_sr", "hhi_wgi_t_gs", *columns):
        for row in table("eu_crm_2017_inputs.csv"):
            wanted[measure, row["material"], "", row[columns.get(measure, measure)]] += 1
    for supply in ("eu", "global"):
        for row in table(f"{supply}_supply_shares_t_2023.csv"):
            wanted[f"{supply}_supply_share", row["Material"], row["Country"], row["Share"]] += 1
    for row in table("eol_rir_2023.csv"):
        wanted["eol_rir", row["material"], "", row["eol_rir"]] += 1
    for row in table("material_use_shares_2023.csv"):
        wanted["use_share", row["Material"], "", row["Share"]] += 1
    assert found - wanted == Counter({k: n for k, n in found.items() if k[0] == "group"})
    assert not wanted - found
