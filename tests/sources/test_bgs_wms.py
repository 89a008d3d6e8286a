"""BGS World Mineral Statistics: pages and downloads, what a figure is, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.facts import Facts, read_facts
from flows.settings import CHECKOUT
from flows.sources.arrivals import Ground
from flows.sources.bgs_wms import connect
from flows.sources.bgs_wms.labels import Labels
from flows.sources.connect import Wish, connector, has_connector
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.editions import with_accepted
from flows.sources.staging import check_keys, stage_edition
from flows.sources.visit import visit
from tests.served import bgs
from tests.served.host import Asked, Handler, hosts
from tests.served.stamped import stamped

SOURCE = read_source("bgs_wms")
EDITION = Edition(id="2026-11-22", released=None, released_basis="unknown")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
REAL = Path(__file__).parents[3] / "shared/data/production/bgs"
SAMPLES = Path(__file__).parents[3] / "shared/data/api/bgs"

Change = Callable[[bgs.Properties], None]


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(CHECKOUT / "warehouse" / "facts")


def download(folder: Path, rows: Sequence[bgs.Properties], *, bom: bool = False) -> Path:
    """Write rows as a download, with the geometry beside them and columns in an odd order."""
    names = ["x", "y", *sorted(rows[0], reverse=True)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        cells = {"x": "1.0", "y": "1.0"} | {n: "" if v is None else v for n, v in row.items()}
        cells["year"] = str(row["year"]).replace("T", " ").rstrip("Z")
        writer.writerow([cells[name] for name in names])
    path = folder / "composed.csv"
    path.write_text(text.getvalue(), encoding="utf-8-sig" if bom else "utf-8")
    return path


def pages(folder: Path, *contents: Sequence[bgs.Properties], matched: int) -> list[Path]:
    """Write rows as pages of one series."""
    offset, paths = 0, []
    for rows in contents:
        path = folder / f"antimony_mine-{offset}.json"
        features = [bgs.feature(n, row) for n, row in enumerate(rows)]
        body = {"numberMatched": matched, "numberReturned": len(rows), "features": features}
        path.write_text(json.dumps(body), encoding="utf-8")
        paths.append(path)
        offset += len(rows)
    return paths


def staged(*files: Path) -> pl.DataFrame:
    raw = Raw(SOURCE.id, EDITION.id, files[0].parent, files)
    return stage_edition(SOURCE, EDITION, raw)


def cell(frame: pl.DataFrame, **key: Any) -> dict[str, Any]:  # noqa: ANN401
    test = pl.all_horizontal(pl.col(name) == value for name, value in key.items())
    return frame.row(by_predicate=test, named=True)


@pytest.mark.parametrize("bom", [False, True])
def test_a_download_is_read_by_the_names_of_its_columns(tmp_path: Path, bom: bool) -> None:  # noqa: FBT001
    frame = staged(download(tmp_path, bgs.ANTIMONY, bom=bom))
    assert frame.height == len(bgs.ANTIMONY)
    china = cell(frame, iso3="CHN", year=2022)
    assert (china["mineral"], china["stage"], china["basis"]) == (
        "antimony",
        "mine",
        "contained_metal",
    )
    assert (china["measure"], china["value"], china["unit"]) == ("antimony content", 60_000, "t")


def test_pages_give_the_rows_of_the_download(tmp_path: Path) -> None:
    whole = pages(tmp_path, bgs.ANTIMONY[:3], bgs.ANTIMONY[3:6], bgs.ANTIMONY[6:], matched=7)
    assert staged(*whole).equals(staged(download(tmp_path, bgs.ANTIMONY)))


def test_nil_is_zero_and_not_available_is_nothing(tmp_path: Path) -> None:
    frame = staged(download(tmp_path, bgs.ANTIMONY))
    shown = {
        row["iso3"]: (row["status"], row["value"], row["high"])
        for row in frame.filter(year=2023).iter_rows(named=True)
    }
    assert shown["JPN"] == ("nil", 0.0, None)
    assert shown["BOL"] == ("not_available", None, None)
    # Printed as 0, and neither 0 nor unknown: more than 0 but less than 0.5.
    assert shown["CAN"] == ("below", None, 0.5)
    assert shown["CHN"] == ("estimated", 40_000.5, None)
    assert cell(frame, iso3="CHN", year=2023)["note"] == "Estimates.|Composed."


def test_an_empty_cell_without_a_word_is_blank(tmp_path: Path) -> None:
    rows = [bgs.row("antimony, mine", "China", "CHN", 2022, quantity=None)]
    row = staged(download(tmp_path, rows)).row(0, named=True)
    assert (row["status"], row["value"]) == ("blank", None)


def test_congo_is_the_republic_though_it_carries_the_code_of_its_neighbour(tmp_path: Path) -> None:
    frame = staged(download(tmp_path, bgs.ANTIMONY))
    assert cell(frame, iso3="COG")["value"] == 5
    assert cell(frame, iso3="COD")["value"] == 7


def test_minerals_and_oxides_of_rare_earths_are_two_measures(tmp_path: Path) -> None:
    rows = [
        bgs.row("rare earth minerals", "China", "CHN", 2010),
        bgs.row("rare earth oxides", "China", "CHN", 2010),
        bgs.row("rare earth minerals", "China", "CHN", 2010, bgs_sub_commodity_trans=None),
    ]
    frame = staged(download(tmp_path, rows))
    assert set(frame["mineral"]) == {"rare_earths"}
    assert frame["measure"].n_unique() == 3


def test_a_content_told_by_the_note_alone_is_a_content(tmp_path: Path) -> None:
    noted = {"concat_figure_notes_code": "a", "bgs_sub_commodity_trans": None}
    rows = [
        bgs.row(
            "lithium minerals", "USA", "USA", 2001, **noted, concat_figure_notes_text="Li content."
        ),
        bgs.row(
            "lithium minerals", "Chile", "CHL", 2001, **noted, concat_figure_notes_text="Carbonate."
        ),
        bgs.row("lithium minerals", "China", "CHN", 2001, bgs_sub_commodity_trans=None),
    ]
    frame = staged(download(tmp_path, rows))
    assert cell(frame, iso3="USA")["basis"] == "contained_metal"
    assert cell(frame, iso3="CHL")["measure"] == "lithium carbonate, with other compounds"
    assert cell(frame, iso3="CHN")["measure"] == "lithium minerals, unspecified"


def test_germany_is_counted_under_one_name_a_year(tmp_path: Path) -> None:
    none = {"quantity": None, "data_precision_description": bgs.NOT_AVAILABLE}
    rows = [
        bgs.row("graphite", "German Federal Republic", "DEU", 1990, quantity=10_400),
        bgs.row("graphite", "Germany", "DEU", 1990, **none),
        bgs.row("graphite", "German Federal Republic", "DEU", 1991, **none),
        bgs.row("graphite", "Germany", "DEU", 1991, quantity=8_900),
    ]
    frame = staged(download(tmp_path, rows))
    assert frame.select("iso3", "year", "value").rows() == [
        ("DEU", 1990, 10_400.0),
        ("DEU", 1991, 8_900.0),
    ]
    rows[1] |= {"quantity": 1, "data_precision_description": None}
    with pytest.raises(SourceError, match=r"Germany has a figure for 1990.*count twice"):
        staged(download(tmp_path, rows))


def test_what_is_not_tracked_is_left_out_as_listed(tmp_path: Path) -> None:
    rows = [
        *bgs.ANTIMONY[:1],
        bgs.row("iron ore", "China", "CHN", 2022),
        bgs.row("antimony, mine", "China", "CHN", 2022, bgs_statistic_type_trans="Exports"),
        bgs.row("platinum group metals, mine", "Peru", "PER", 2022, bgs_sub_commodity_trans=None),
    ]
    assert staged(download(tmp_path, rows)).height == 1


DRIFT: dict[str, tuple[dict[str, Any], str]] = {
    "a commodity never seen": (
        {"bgs_commodity_trans": "unobtainium"},
        "row [23]: unknown commodity 'unobtainium', ''; say in .*labels.csv",
    ),
    "a sub-commodity never seen": (
        {"bgs_sub_commodity_trans": "Powder"},
        "unknown commodity 'antimony, mine', 'Powder'",
    ),
    "a country never seen": ({"country_trans": "Atlantis"}, "unknown country 'Atlantis'"),
    "another country's code": (
        {"country_iso3_code": "JPN"},
        "China has the code 'JPN', expected CHN; columns shifted",
    ),
    "a statistic never seen": (
        {"bgs_statistic_type_trans": "Reserves"},
        "unknown statistic 'Reserves'",
    ),
    "a unit never seen": ({"units": "short tons"}, "unknown unit 'short tons'"),
    "another thing weighed": (
        {"units": bgs.TONNES},
        r"antimony, mine is in tonnes \(metric\), which weighs gross; labels.csv says metal",
    ),
    "a precision never seen": (
        {"data_precision_description": "Rounded"},
        "unknown precision 'Rounded'",
    ),
    "a quantity in words": ({"quantity": "some"}, "quantity 'some' is no number"),
    "a decimal comma": ({"quantity": "1,5"}, "quantity '1,5' is no number"),
    "a negative quantity": ({"quantity": -1}, "quantity '-1' is no number"),
    "a quantity that is nil": (
        {"quantity": 3, "data_precision_description": bgs.NIL},
        r"quantity 3 beside 'Nil \(nothing produced\)'",
    ),
    "a quantity not available": (
        {"quantity": 0, "data_precision_description": bgs.NOT_AVAILABLE},
        "quantity 0 beside 'Figures not available'",
    ),
    "an estimate by code alone": (
        {"concat_figure_notes_code": "*"},
        r"notes '\*' and '' differ on being an estimate",
    ),
    "an estimate by text alone": (
        {"concat_figure_notes_text": "Estimates."},
        "differ on being an estimate",
    ),
    "half a year": ({"year": "2022-07-01T00:00:00Z"}, "is no first of January"),
}


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("fault", DRIFT)
def test_what_drifts_is_refused_and_named(tmp_path: Path, fault: str, form: str) -> None:
    changed, says = DRIFT[fault]
    rows = [bgs.ANTIMONY[2], bgs.ANTIMONY[0] | changed]
    files = [download(tmp_path, rows)] if form == "csv" else pages(tmp_path, rows, matched=2)
    with pytest.raises(SourceError, match=says):
        staged(*files)


def test_a_column_lost_or_never_seen_is_named(tmp_path: Path) -> None:
    lost = {name: value for name, value in bgs.ANTIMONY[0].items() if name != "units"}
    new = bgs.ANTIMONY[0] | {"tonnage": 1}
    for row, says in ((lost, "columns lost: units"), (new, "columns never seen: tonnage")):
        with pytest.raises(SourceError, match=f"composed.csv: {says}"):
            staged(download(tmp_path, [row]))
        with pytest.raises(SourceError, match=f"antimony_mine-0.json row 1: {says}"):
            staged(*pages(tmp_path, [row], matched=1))


def test_a_row_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="2 rows share a key"):
        staged(download(tmp_path, [bgs.ANTIMONY[0], bgs.ANTIMONY[0]]))


def mutated(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_a_damaged_download_is_refused(tmp_path: Path) -> None:
    path = download(tmp_path, bgs.ANTIMONY)
    data = path.read_bytes()
    for lost in (1, 5, 60):
        path.write_bytes(data[:-lost])
        with pytest.raises(IncompleteError, match=r"composed\.csv: ends in the middle of a line"):
            staged(path)
    path.write_bytes(data.replace(b"China", "Türkiye".encode("cp1252"), 1))
    with pytest.raises(SourceError, match="not UTF-8"):
        staged(path)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="row 2: 29 cells, the header has 28"):
        staged(mutated(path, "China", "China,"))
    (tmp_path / "composed.xlsx").write_bytes(data)
    with pytest.raises(SourceError, match="neither a page"):
        staged(tmp_path / "composed.xlsx")


def test_pages_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    rows = bgs.ANTIMONY
    with pytest.raises(IncompleteError, match=r"3 rows from row 3 on, 4 are due of 7"):
        staged(*pages(tmp_path, rows[:3], rows[3:6], matched=7))
    with pytest.raises(IncompleteError, match="1 rows came twice"):
        staged(*pages(tmp_path, rows[:4], rows[3:6], matched=7))
    first, second = pages(tmp_path, rows[:4], rows[4:], matched=7)
    mutated(first, '"numberMatched": 7', '"numberMatched": 8')
    with pytest.raises(IncompleteError, match="7 rows match, 8 did on the first page"):
        staged(first, second)
    (one_page,) = pages(tmp_path, rows, matched=7)
    mutated(one_page, '"numberReturned": 7', '"numberReturned": 6')
    with pytest.raises(IncompleteError, match="7 rows, the page says 6"):
        staged(one_page)
    one_page.write_bytes(one_page.read_bytes()[:-20])
    with pytest.raises(IncompleteError, match="no whole JSON"):
        staged(one_page)
    one_page.write_text('{"features": []}', encoding="utf-8")
    with pytest.raises(SourceError, match="numberMatched, numberReturned or features is lost"):
        staged(one_page)


# The way in.


def wish(**changed: Any) -> Wish:  # noqa: ANN401
    return replace(Wish(date(2026, 11, 22)), **changed)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of three rows, so that a small table has several."""
    monkeypatch.setattr(connect, "LIMIT", 3)


@pytest.mark.usefixtures("small_pages")
def test_from_the_service_to_an_accepted_edition(tmp_path: Path, facts: Facts) -> None:
    assert has_connector(SOURCE.id)
    ground = Ground(tmp_path, facts.frames, NOW, wish())
    with hosts({bgs.HOST: bgs.handler()}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (dry,) = visit(door, SOURCE, ground, is_dry=True)
        assert (dry.state, dry.requests) == ("wanted", len(Labels().commodities))
        assert dry.why == f"{len(bgs.ROWS) - 1} rows of production matched in 2026"
        (outcome,) = visit(door, SOURCE, ground)
        assert (outcome.state, outcome.edition) == ("accepted", "2026-11-22")
        # Antimony has three pages, every other commodity one.
        assert outcome.requests == len(Labels().commodities) + 2
        # All but the iron ore, which was never asked for.
        assert outcome.rows == len(bgs.ROWS) - 2
        asked = [one.params.get("bgs_commodity_trans") for one in running.log]
        assert "iron ore" not in asked
        before = len(running.log)
        later = replace(ground, wish=wish(today=date(2026, 11, 29)))
        (again,) = visit(door, with_accepted(tmp_path, SOURCE, {}), later)
        assert (again.state, again.edition) == ("unchanged", "2026-11-22")
        assert len(running.log) == before + 1


@pytest.mark.usefixtures("small_pages")
def test_a_visit_that_broke_off_takes_up_where_it_ended(tmp_path: Path) -> None:
    is_down = True

    def spoil(page: bgs.Page, asked: Asked) -> bgs.Page:
        late = asked.params.get("bgs_commodity_trans", "") > "m"
        return {"lost": True} if is_down and late else page

    with hosts({bgs.HOST: bgs.handler(spoil=spoil)}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        way = connector(SOURCE.id)
        (offer,) = way.offers(door, SOURCE, wish())
        few = {"antimony, mine", "bauxite", "graphite", "tin, mine", "zinc, mine"}
        kept = [one for one in offer.requests if one.params["bgs_commodity_trans"] in few]
        offer = replace(offer, requests=tuple(kept))
        with pytest.raises(SourceError, match="no page: numberMatched"):
            way.bring(door, SOURCE, offer)
        first = len(running.log)
        is_down = False
        way.bring(door, SOURCE, offer)
        asked = [one.params["bgs_commodity_trans"] for one in running.log[first:]]
        assert set(asked) == {"tin, mine", "zinc, mine"}


def short(page: bgs.Page, asked: Asked) -> bgs.Page:
    """Lose the last row of a first page, and own up to it in the count."""
    if asked.params.get("offset") != "0" or page["numberReturned"] < 2:
        return page
    return page | {"features": page["features"][:-1], "numberReturned": page["numberReturned"] - 1}


def repeated(page: bgs.Page, asked: Asked) -> bgs.Page:
    """Give the first page whatever the offset."""
    if asked.params.get("offset", "0") == "0" or not page["features"]:
        return page
    first = [bgs.feature(n, one) for n, one in enumerate(bgs.ANTIMONY[: page["numberReturned"]])]
    return page | {"features": first}


def grown(page: bgs.Page, asked: Asked) -> bgs.Page:
    """Have a row more from the second page on."""
    return page | {
        "numberMatched": page["numberMatched"] + (asked.params.get("offset", "0") != "0")
    }


def emptied(page: bgs.Page, asked: Asked) -> bgs.Page:
    """Know nothing of one commodity."""
    if asked.params.get("bgs_commodity_trans") != "antimony, mine":
        return page
    return page | {"numberMatched": 0, "numberReturned": 0, "features": []}


def unfiltered(page: bgs.Page, asked: Asked) -> bgs.Page:
    """Give rows of whatever commodity."""
    if "bgs_commodity_trans" not in asked.params:
        return page
    rows = [bgs.feature(n, one) for n, one in enumerate(bgs.ROWS[-4:-1])]
    return page | {"numberMatched": 99, "numberReturned": 3, "features": rows}


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (short, IncompleteError, "2 rows from row 0 on, 3 are due of 7"),
        (repeated, IncompleteError, "3 rows came twice in rows 0 to 6"),
        (grown, IncompleteError, "8 rows match, 7 did on the first page"),
        (emptied, IncompleteError, "0 rows of 'antimony, mine' on 1 pages"),
        (unfiltered, SourceError, "the service left the filter out"),
    ],
)
def test_pages_that_lie_are_refused(
    tmp_path: Path,
    spoil: Callable[[bgs.Page, Asked], bgs.Page],
    error: type[SourceError],
    says: str,
) -> None:
    with hosts({bgs.HOST: bgs.handler(spoil=spoil)}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, wish())
        wanted = [r for r in offer.requests if r.params["bgs_commodity_trans"] == "antimony, mine"]
        with pytest.raises(error, match=says):
            connect.bring(door, SOURCE, replace(offer, requests=tuple(wanted)))


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("host", [lambda handler: handler, stamped], ids=["plain", "unchanged"])
def test_a_bad_page_that_was_kept_is_asked_for_again(
    tmp_path: Path, host: Callable[[Handler], Handler]
) -> None:
    is_bad = True

    def spoil(page: bgs.Page, asked: Asked) -> bgs.Page:
        return short(page, asked) if is_bad else page

    with hosts({bgs.HOST: host(bgs.handler(spoil=spoil))}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, wish())
        wanted = [r for r in offer.requests if r.params["bgs_commodity_trans"] == "antimony, mine"]
        offer = replace(offer, requests=tuple(wanted))
        with pytest.raises(IncompleteError):
            connect.bring(door, SOURCE, offer)
        is_bad = False
        assert len(connect.bring(door, SOURCE, offer)) == 3


@pytest.mark.usefixtures("small_pages")
def test_an_empty_page_never_serves_again(tmp_path: Path) -> None:
    is_bad = True

    def spoil(page: bgs.Page, asked: Asked) -> bgs.Page:
        return emptied(page, asked) if is_bad else page

    with hosts({bgs.HOST: stamped(bgs.handler(spoil=spoil))}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, wish())
        wanted = [r for r in offer.requests if r.params["bgs_commodity_trans"] == "antimony, mine"]
        offer = replace(offer, requests=tuple(wanted))
        with pytest.raises(IncompleteError, match="0 rows of 'antimony, mine'"):
            connect.bring(door, SOURCE, offer)
        is_bad = False
        assert len(connect.bring(door, SOURCE, offer)) == 3


def test_a_new_year_or_another_count_is_a_new_edition(tmp_path: Path) -> None:
    with hosts({bgs.HOST: bgs.handler()}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        (offer,) = connect.offers(door, SOURCE, wish())
        known = wish(known=(offer.edition,))
        (same,) = connect.offers(door, SOURCE, known)
        assert (same.edition, same.requests) == (offer.edition, ())
        (next_year,) = connect.offers(door, SOURCE, replace(known, today=date(2027, 1, 2)))
        assert next_year.edition.id == "2027-01-02"
        assert next_year.requests
        fewer = offer.edition.model_copy(update={"note": "12 rows of production matched in 2026"})
        (other,) = connect.offers(door, SOURCE, wish(known=(fewer,)))
        assert other.requests


def test_the_services_own_errors_are_told(tmp_path: Path) -> None:
    def refuse(asked: Asked) -> Any:  # noqa: ANN401, ARG001
        return bgs.error(400, "InvalidParameterValue", "unknown filter")

    with hosts({bgs.HOST: refuse}) as running:
        door = running.door(tmp_path, {SOURCE.id: SOURCE})
        with pytest.raises(
            SourceError, match="the service answers 400 InvalidParameterValue: unknown filter"
        ):
            connect.offers(door, SOURCE, wish())
    with hosts({bgs.HOST: bgs.handler([])}) as running:
        door = running.door(tmp_path / "empty", {SOURCE.id: SOURCE})
        with pytest.raises(IncompleteError, match="no row of production"):
            connect.offers(door, SOURCE, wish())


def test_labels_name_minerals_units_and_countries_that_are_known(facts: Facts) -> None:
    with (SOURCE.folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {
        "mineral": set(facts.frame("mineral")["mineral"]),
        "country": set(facts.frame("country")["iso3"]),
        "unit": set(facts.frame("unit")["unit"]),
    }
    for row in rows:
        if row["kind"] == "type":
            assert bool(row["mineral"]) != bool(row["ignored"]), row
            assert not row["mineral"] or row["mineral"] in known["mineral"], row
        elif row["kind"] in known:
            assert row["means"] in known[row["kind"]], row
    # Everything that is fetched has a composed commodity in the service above.
    assert set(Labels().commodities) == set(bgs.COMMODITIES) - {"iron ore"}


# The publisher's own downloads.

needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the BGS's files are not in ../shared")


@pytest.fixture(scope="module")
def real() -> pl.DataFrame:
    return staged(*sorted(REAL.glob("*.csv")))


@needs_real
def test_every_row_of_all_14_files_is_staged_or_ignored_as_listed(
    real: pl.DataFrame, facts: Facts
) -> None:
    files = sorted(REAL.glob("*.csv"))
    assert len(files) == 14
    check_keys("bgs", real, SOURCE.table, facts.frames)
    # Of 27,487 lines 1,449 are of alloys and platinum metals that labels.csv ignores. 28 more are
    # empty: Germany before 1991, and the two former states after 1990.
    assert real.height == 27_487 - 1_449 - 28


@needs_real
def test_real_figures_are_read_as_published(real: pl.DataFrame) -> None:
    assert cell(real, mineral="gallium", iso3="KAZ", year=2007)["value"] == 19
    assert cell(real, mineral="gallium", iso3="CHN", year=2006)["status"] == "not_available"
    assert cell(real, mineral="gallium", iso3="RUS", year=2008)["status"] == "estimated"
    japan = cell(real, mineral="germanium", iso3="JPN", year=1998)
    assert (japan["status"], japan["value"], japan["high"]) == ("below", None, 0.5)
    platinum = cell(real, mineral="platinum", iso3="ZAF", year=2022)
    assert (platinum["value"], platinum["unit"]) == (124_401, "kg")
    congo = cell(real, mineral="copper", stage="mine", iso3="COG", year=2023)
    assert congo["value"] == 8_400
    assert cell(real, mineral="graphite", iso3="DEU", year=1990)["value"] == 10_400
    assert real.filter(pl.col("value") == 0)["status"].unique().to_list() == ["nil"]
    lithium = real.filter(mineral="lithium", iso3="CHL", year=2022, stage="mine")
    content = lithium.filter(basis="contained_metal")["value"].sum()
    assert content == 37_967 + 0  # of carbonate and of chloride; of hydroxide stands under refinery


@needs_real
def test_the_samples_of_the_service_are_read_too() -> None:
    assert staged(SAMPLES / "BGS_gallium_production.csv").height == 82
    assert staged(SAMPLES / "BGS_germanium_production.csv").height == 223
    assert staged(SAMPLES / "BGS_REs_production.EXCERPT.csv")["measure"].n_unique() > 1
