"""USGS fetched: from ScienceBase's item to an accepted edition, and the long layout's oddities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.facts import Facts, read_facts
from flows.settings import CHECKOUT
from flows.sources.arrivals import Ground
from flows.sources.connect import Brought, FetchError, Offer, Wish
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.editions import with_accepted
from flows.sources.staging import stage_edition
from flows.sources.usgs_mcs import connect
from flows.sources.visit import visit
from tests.served import sciencebase
from tests.served.host import Handler, Reply, hosts
from tests.served.sciencebase import COMMODITIES, FIGURES, HEADER, NAME, Item, long_csv, row
from tests.served.stamped import stamped

SOURCE = read_source("usgs_mcs")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EDITION = Edition(id="2026", released=date(2026, 2, 6), layout="long")
BUNDLED = tuple(SOURCE.editions)
EXCERPT = (
    Path(__file__).parents[3] / "shared/data/api/usgs/MCS2026_Commodities_Data.EXCERPT-critical.csv"
)
STAGED_ROWS = 13


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(CHECKOUT / "warehouse" / "facts")


def item(**changes: Any) -> Item:  # noqa: ANN401
    return Item(COMMODITIES, **({"files": {NAME: long_csv()}} | changes))


def offered(folder: Path, *items: Item, known: tuple[Edition, ...] = BUNDLED) -> list[Offer]:
    with hosts({sciencebase.HOST: sciencebase.handler({i.id: i for i in items})}) as served:
        door = served.door(folder, {SOURCE.id: SOURCE})
        return connect.offers(door, SOURCE, Wish(NOW.date(), known=known))


def brought(folder: Path, offer: Offer, handler: Handler) -> list[Brought]:
    with hosts({sciencebase.HOST: handler}) as served:
        return connect.bring(served.door(folder, {SOURCE.id: SOURCE}), SOURCE, offer)


def staged(folder: Path, data: bytes, **changes: object) -> pl.DataFrame:
    path = folder / NAME
    path.write_bytes(data)
    edition = EDITION.model_copy(update=changes)
    return stage_edition(SOURCE, edition, Raw(SOURCE.id, edition.id, folder, (path,)))


# Through the real door.


def test_from_an_item_to_an_accepted_edition(
    tmp_path: Path, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.sources.judge.bundled_parts", lambda *_: {})
    ground = Ground(tmp_path, facts.frames, NOW, Wish(NOW.date()))
    first = item()
    items = {COMMODITIES: first}
    with hosts({sciencebase.HOST: sciencebase.handler(items)}) as served:
        door = served.door(tmp_path, {SOURCE.id: SOURCE})
        (dry,) = visit(door, SOURCE, ground, is_dry=True)
        assert (dry.state, dry.edition) == ("wanted", "2026")
        assert served.paths() == [f"/catalog/item/{COMMODITIES}"]
        (outcome,) = visit(door, SOURCE, ground)
        assert (outcome.state, outcome.rows) == ("accepted", STAGED_ROWS)
        before = len(served.log)
        (again,) = visit(door, with_accepted(tmp_path, SOURCE, {}), ground)
        assert (again.state, len(served.log)) == ("unchanged", before + 1)
        assert "edition 2026 is here since 2026-" in again.why
        # A revised file has another checksum.
        revised = [*sciencebase.good(), row(sciencebase.TUNGSTEN, "Russia", "2025", "2,000")]
        items[COMMODITIES] = item(files={NAME: long_csv(revised)})
        (newer,) = visit(door, with_accepted(tmp_path, SOURCE, {}), ground)
        assert (newer.state, newer.rows) == ("accepted", STAGED_ROWS + 1)
    edition = with_accepted(tmp_path, SOURCE, {}).editions[-1]
    assert (edition.id, edition.layout, edition.released) == ("2026", "long", date(2026, 2, 6))


def test_what_ships_is_not_offered_and_the_rest_is(tmp_path: Path) -> None:
    (offer,) = offered(tmp_path, item())
    assert (offer.edition.id, offer.edition.layout) == ("2026", "long")
    older = Item(
        "6798fd34d34ea8c18376e8ee",
        {"MCS2025_World_Data.csv": b"composed\n"},
        title="U.S. Geological Survey Mineral Commodity Summaries 2025 Data Release (composed)",
    )
    packed = replace(older, id="677eaf95d34e760b392c4970", files={"World.zip": b"PK"})
    first, _ = offered(tmp_path, item(), older, packed, known=())
    assert (first.edition.id, first.edition.layout) == ("2025", "wide")
    # The first of its items holds the file packed away; the second has it.
    assert older.id in first.requests[0].url


def test_the_second_item_serves_where_the_first_lacks_the_file(tmp_path: Path) -> None:
    without = item(files={"MCS2026_metadata.xml": b"<x/>"})
    second = Item(FIGURES, {NAME: long_csv()})
    (offer,) = offered(tmp_path, without, second)
    assert FIGURES in offer.requests[0].url
    assert offer.requests[0].params["f"].startswith("__disk__")
    with pytest.raises(SourceError, match=rf"no file {NAME} in .*they have MCS2026_metadata\.xml"):
        offered(tmp_path, without, replace(second, files={}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"title": "Mineral Commodity Summaries 2027 Data Release"},
            "not the Mineral Commodity Summaries 2026",
        ),
        ({"title": None}, "no item of ScienceBase .*title"),
        ({"files": None}, "no item of ScienceBase .*files"),
        ({"files": [{"name": NAME}]}, r"no item of ScienceBase \(files\.0\.url"),
        ({"files": []}, f"no file {NAME} in"),
        (
            {"files": [{"name": NAME, "url": "https://www.sciencebase.gov/x?f=1", "size": 9}]},
            "states neither checksum nor dateUploaded",
        ),
    ],
)
def test_an_odd_item_is_refused(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(SourceError, match=says):
        offered(tmp_path, item(changed=changes), Item(FIGURES, {}))


def test_a_file_on_another_host_is_never_asked_for(tmp_path: Path) -> None:
    away = item().json()["files"][0] | {"url": "https://elsewhere.test/catalog/file/get/1?f=2"}
    (offer,) = offered(tmp_path, item(changed={"files": [away]}))
    with pytest.raises(FetchError, match=r"elsewhere\.test"):
        brought(tmp_path, offer, sciencebase.handler({}))


@pytest.mark.parametrize(
    ("day", "released", "basis"),
    [
        ("2026-02-06", date(2026, 2, 6), "stated"),
        ("2026", None, "unknown"),
        ("soon", None, "unknown"),
    ],
)
def test_the_day_of_publication_is_the_items(
    tmp_path: Path, day: str, released: date | None, basis: str
) -> None:
    (offer,) = offered(tmp_path, item(published=day))
    assert (offer.edition.released, offer.edition.released_basis) == (released, basis)


@pytest.mark.parametrize("host", [lambda handler: handler, stamped], ids=["plain", "unchanged"])
def test_a_file_is_held_against_size_and_checksum(
    tmp_path: Path, host: Callable[[Handler], Handler]
) -> None:
    good = item()
    (offer,) = offered(tmp_path, good)
    whole = good.files[NAME]
    last = whole.rindex(b"\r\n", 0, len(whole) - 2) + 2
    served: dict[str, Callable[[], bytes]] = {
        "bytes came, its item states": lambda: whole[:last],
        "its md5 is": lambda: whole.replace(b"67,100", b"97,100"),
    }
    for says, body in served.items():
        data = body()
        with pytest.raises(IncompleteError, match=says):
            brought(tmp_path, offer, host(lambda _, data=data: Reply(200, data)))  # type: ignore[misc]
    # What was kept and is not what the item states never serves, also where nobody held it
    # against the item yet: a process may be killed before.
    bad = {sciencebase.HOST: host(lambda _: Reply(200, whole[:last]))}
    with hosts(bad) as running:
        assert running.door(tmp_path, {SOURCE.id: SOURCE})(offer.requests[0]).bytes == last
    (one,) = brought(tmp_path, offer, host(sciencebase.handler({COMMODITIES: good})))
    assert (one.name, one.answer.path.read_bytes()) == (NAME, whole)


@pytest.mark.parametrize(
    "body",
    [b"<!DOCTYPE html><html><title>Captcha</title></html>", b"{}", b""],
    ids=["a page", "JSON", "nothing"],
)
def test_what_is_no_csv_is_never_brought(tmp_path: Path, body: bytes) -> None:
    (offer,) = offered(tmp_path, item())
    with pytest.raises(SourceError):
        brought(tmp_path, offer, lambda _: Reply(200, body))


# The long layout.


def test_world_production_is_taken_as_printed(tmp_path: Path) -> None:
    frame = staged(tmp_path, long_csv())
    figures = {
        (r["mineral"], r["area"], r["year"]): (r["value_text"], r["value"], r["low"], r["status"])
        for r in frame.rows(named=True)
    }
    assert figures == {
        ("tungsten", "USA", 2024): ("\u2014", None, None, "none"),
        ("tungsten", "CHN", 2024): ("67,100", 67_100.0, None, "estimated"),
        ("tungsten", "AUT", 2024): ("840", 840.0, None, "reported"),
        ("tungsten", "KOR", 2024): ("W", None, None, "withheld"),
        ("tungsten", "ESP", 2024): ("700", 700.0, None, "reported"),
        ("tungsten", "WORLD", 2024): ("68,600", 68_600.0, None, "estimated"),
        ("tungsten", "CHN", 2025): ("67,000", 67_000.0, None, "estimated"),
        ("tungsten", "AUT", 2025): ("840", 840.0, None, "estimated"),
        ("tungsten", "KOR", 2025): (">50", None, 50.0, "above"),
        ("tungsten", "ESP", 2025): ("NA", None, None, "not_available"),
        ("tungsten", "WORLD", 2025): ("68,000", 68_000.0, None, "estimated"),
        ("gallium", "CHN", 2024): ("839,000", 839_000.0, None, "reported"),
        ("gallium", "CHN", 2025): ("900,000", 900_000.0, None, "estimated"),
    }
    assert frame.height == STAGED_ROWS
    units = frame.select("mineral", "unit", "stage", "basis").unique().sort("mineral").rows()
    assert units == [
        ("gallium", "kg", "refinery", "contained_metal"),
        ("tungsten", "t", "mine", "contained_metal"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_mended_encoding_reads_the_same(tmp_path: Path, encoding: str) -> None:
    assert staged(tmp_path, long_csv(encoding=encoding)).equals(staged(tmp_path, long_csv()))
    unix = long_csv().replace(b"\r\n", b"\n")
    assert staged(tmp_path, unix).equals(staged(tmp_path, long_csv()))


def swapped(one: str, other: str) -> list[str]:
    names = {one: other, other: one}
    return [names.get(name, name) for name in HEADER]


def edited(old: str, new: str) -> bytes:
    data = long_csv()
    assert old.encode("cp1252") in data
    return data.replace(old.encode("cp1252"), new.encode("cp1252"), 1)


DRIFT: dict[str, tuple[bytes, str]] = {
    "a column lost": (
        long_csv([line[:-1] for line in sciencebase.good()], HEADER[:-1]),
        "layout never seen. Columns found: MCS chapter, Section.*Is critical mineral 2025. Exp",
    ),
    "a column new": (
        long_csv([(*line, "x") for line in sciencebase.good()], [*HEADER, "Rank"]),
        "layout never seen.*Other notes, Rank. Expected",
    ),
    "a column renamed": (
        long_csv(header=[n.replace("Value", "Quantity") for n in HEADER]),
        "layout never seen.*Quantity",
    ),
    "columns swapped": (
        long_csv(header=swapped("Country", "Commodity")),
        "layout never seen. Columns found: MCS chapter, Section, Country, Commodity",
    ),
    "next year's list of critical minerals": (
        long_csv(header=[n.replace("2025", "2028") for n in HEADER]),
        "layout never seen.*Is critical mineral 2028",
    ),
    "the layout of 2025": (
        b"\xef\xbb\xbfSOURCE,COMMODITY,COUNTRY,TYPE,UNIT_MEAS,PROD_2023\r\n",
        "layout never seen.*SOURCE, COMMODITY",
    ),
    "an unknown chapter": (
        edited(
            "TUNGSTEN,World Mine Production and Reserves,Tungsten",
            "TIN,World Mine Production and Reserves,Unobtainium",
        ),
        "row 2: unknown type 'Unobtainium', 'Mine production'; say in .*labels.csv what it is",
    ),
    "an unknown detail": (
        edited("Mine production,", "Smelter production,"),
        "unknown type 'Tungsten', 'Smelter production'",
    ),
    "an unknown section": (
        edited("World Mine Production and Reserves", "World Refinery Production"),
        "unknown section 'World Refinery Production'",
    ),
    "an unknown statistic": (edited("Production,Mine", "Output,Mine"), "statistic 'Output'"),
    "a span of years in the world's production": (
        edited("metric tons,2024,\u2014", "metric tons,2023\u201324,\u2014"),
        "unknown year '2023\u201324'",
    ),
    "a year that is none": (
        edited("metric tons,2024,\u2014", "metric tons,2025_estimated,\u2014"),
        "unknown year '2025_estimated'",
    ),
    "another edition's year": (
        edited("metric tons,2024,\u2014", "metric tons,2023,\u2014"),
        "row 2: year 2023 in edition 2026; columns shifted",
    ),
    "an unknown country": (edited("Austria", "Atlantis"), "unknown country 'Atlantis'"),
    "an unknown unit": (edited("metric tons,2024", "short tons,2024"), "unit 'short tons'"),
    "an unknown note": (edited("Reported.", "Guessed."), "unknown note 'Guessed.'"),
    "an unknown part of a note": (
        edited("Estimated. -- Estimated from Asian Metal Ltd.", "Estimated. -- Revised."),
        "unknown note 'Revised.'",
    ),
    "an unknown word": (edited("\u2014", "n.a."), "unknown word 'n.a.'"),
    "a decimal comma": (edited('"67,100"', '"67100,5"'), "unknown word '67100,5'"),
    "a row cut short": (edited("Reported.,Yes,(composed)", "Reported."), "row 4: 10 cells"),
    "columns shifted": (edited("2024,840,", "840,2024,"), "unknown year '840'"),
    "a cut end": (long_csv()[:-5], "ends in the middle of a line"),
    "an empty file": (b"", "ends in the middle of a line"),
    "a quote never closed": (edited('"67,100"', '"67,100'), "not a CSV"),
    "a row twice": (
        long_csv([*sciencebase.good(), sciencebase.good()[1]]),
        "2 rows share a key",
    ),
    "a note that contradicts itself": (
        long_csv(sciencebase.rows()),
        "row 8: the note says both estimated and reported",
    ),
}


@pytest.mark.parametrize("drift", DRIFT)
def test_drift_of_the_long_layout_is_refused_and_named(tmp_path: Path, drift: str) -> None:
    data, says = DRIFT[drift]
    with pytest.raises(SourceError, match=f"(?s){says}"):
        staged(tmp_path, data)


def test_bytes_in_no_known_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="neither cp1252 nor UTF-8"):
        staged(tmp_path, long_csv().replace(b"Austria", b"\x81\x8d"))


def test_all_unknown_labels_are_named_at_once(tmp_path: Path) -> None:
    place = ("TIN", sciencebase.MINE, "Tin")
    strange = [
        row(place, "Peru", "2024", "1"),
        row(("SILVER", sciencebase.MINE, "Silver"), "Peru", "2024", "1"),
        row(sciencebase.TUNGSTEN, "Atlantis", "2024", "1", "Guessed."),
    ]
    with pytest.raises(SourceError) as stopped:
        staged(tmp_path, long_csv([*sciencebase.good(), *strange, strange[0]]))
    said = str(stopped.value)
    for what in ("type 'Tin'", "type 'Silver'", "country 'Atlantis'", "note 'Guessed.'"):
        assert said.count(f"unknown {what}") == 1


def test_a_later_figure_without_a_note_is_no_estimate_of_ours(tmp_path: Path) -> None:
    lines = [row(sciencebase.TUNGSTEN, "Spain", "2025", "800")]
    assert staged(tmp_path, long_csv(lines))["status"].to_list() == ["reported"]


# What was recorded of the real thing.


@pytest.mark.skipif(not EXCERPT.is_file(), reason="no ../shared/data")
def test_the_recorded_excerpt_adds_up_to_its_printed_totals(tmp_path: Path) -> None:
    frame = staged(tmp_path, EXCERPT.read_bytes())
    totals = {
        (m, y): (v, t)
        for m, y, v, t in frame.group_by("mineral", "year")
        .agg(
            pl.col("value").filter(pl.col("area_kind") != "world").sum(),
            pl.col("value").filter(pl.col("area_kind") == "world").sum().alias("total"),
        )
        .rows()
    }
    # Printed and rounded by the publisher.
    assert {key: total for key, (_, total) in totals.items()} == {
        ("cobalt", 2024): 302_000,
        ("cobalt", 2025): 310_000,
        ("gallium", 2024): 848_000,
        ("gallium", 2025): 900_000,
        ("graphite", 2024): 1_550_000,
        ("graphite", 2025): 1_800_000,
        ("rare_earths", 2024): 380_000,
        ("rare_earths", 2025): 390_000,
        ("tungsten", 2024): 82_000,
        ("tungsten", 2025): 85_000,
    }
    assert all(abs(parts - total) <= 0.03 * total for parts, total in totals.values())
    assert frame.filter(pl.col("year") == 2025, pl.col("status") == "reported").is_empty()
