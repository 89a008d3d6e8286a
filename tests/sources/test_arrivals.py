"""From files that somebody brought to an edition that the flow uses, or to a refusal that says why.

The files are composed (tests/world.py); the way is the one that a download goes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from flows import build
from flows.facts import Facts, read_facts
from flows.fetching import fetchable, take_by_hand
from flows.publish import clear_leftovers, lock
from flows.settings import CHECKOUT, Settings
from flows.sources.arrivals import Ground, Outcome, span
from flows.sources.connect import Wish
from flows.sources.contract import Edition, IncompleteError, SourceError, read_source
from flows.sources.editions import accepted, raw_of, with_accepted
from flows.sources.judge import is_alike
from flows.sources.visit import Asked, widened, wish_of
from tests import world

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SOURCE = read_source("baci")
NEXT = Edition(id="HS92_V202701", released=None, released_basis="unknown", hs_revision="H0")
FLOWS = [*world.HS92_FLOWS, world.UNTRACKED]


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(CHECKOUT / "warehouse" / "facts")


@pytest.fixture
def ground(tmp_path: Path, facts: Facts) -> Ground:
    return Ground(tmp_path / "warehouse" / "raw", facts.frames, NOW, Wish(NOW.date()))


@pytest.fixture(autouse=True)
def _nothing_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The composed world is smaller than the bundled edition that it would be judged against."""
    monkeypatch.setattr("flows.sources.judge.bundled_parts", lambda *_: {})


def brought(ground: Ground, folder: Path, flows: Any, **changes: Any) -> Outcome:  # noqa: ANN401
    path = world.baci_zip(folder, flows)
    return take_by_hand(SOURCE, NEXT.model_copy(update=changes), [path], ground)


def test_files_become_an_edition_beside_the_bundled_ones(ground: Ground, tmp_path: Path) -> None:
    outcome = brought(ground, tmp_path / "in", FLOWS)
    assert (outcome.state, outcome.rows) == ("accepted", len(world.HS92_FLOWS))
    source = with_accepted(ground.store, SOURCE, {"H0": ["261100", "280530"]})
    assert [e.id for e in source.editions] == [*(e.id for e in SOURCE.editions), NEXT.id]
    newest = source.editions[-1]
    # Whole files carry whatever the facts track now, not what they tracked then.
    assert (newest.fetched, newest.hs6) == (NOW, ["261100", "280530"])
    raw = raw_of(ground.store, source, newest)
    assert [path.name for path in raw.files] == ["BACI_HS92_V202601.zip"]
    row = (ground.store / "ledger.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert json.loads(row)["url"] == "by hand"


def test_the_same_bytes_again_change_nothing(ground: Ground, tmp_path: Path) -> None:
    brought(ground, tmp_path / "a", FLOWS)
    later = replace(ground, now=NOW + timedelta(days=1))
    assert brought(later, tmp_path / "b", FLOWS).state == "unchanged"
    assert accepted(ground.store, SOURCE)[NEXT.id].edition.fetched == NOW


def test_a_later_arrival_counts_and_the_earlier_bytes_stay(ground: Ground, tmp_path: Path) -> None:
    brought(ground, tmp_path / "a", FLOWS)
    first = accepted(ground.store, SOURCE)[NEXT.id].raw
    more = [*FLOWS, (2022, world.CHN, world.JPN, "261100", "1.000", "1.000")]
    later = replace(ground, now=NOW + timedelta(days=1))
    assert brought(later, tmp_path / "b", more).state == "accepted"
    second = accepted(ground.store, SOURCE)[NEXT.id].raw
    assert second.folder != first.folder
    assert all(path.is_file() for path in first.files)


def test_an_edition_that_lost_rows_is_refused_by_part(ground: Ground, tmp_path: Path) -> None:
    brought(ground, tmp_path / "a", FLOWS)
    fewer = [flow for flow in FLOWS if flow[3] != "280530"]
    later = replace(ground, now=NOW + timedelta(days=1))
    wanted = r"not what HS92_V202701 was: hs6 280530 is missing \(4 rows before\).*--accept-rows"
    with pytest.raises(IncompleteError, match=wanted):
        brought(later, tmp_path / "b", fewer)
    assert accepted(ground.store, SOURCE)[NEXT.id].edition.fetched == NOW
    named = replace(later, accept_because="dropped by the source, see its notes")
    assert brought(named, tmp_path / "b", fewer).state == "accepted"
    remark = accepted(ground.store, SOURCE)[NEXT.id].edition.remark
    assert remark.startswith("dropped by the source, see its notes (accepted although: ")


def test_a_new_edition_is_judged_against_the_last_of_its_revision(
    ground: Ground, tmp_path: Path
) -> None:
    brought(ground, tmp_path / "a", FLOWS)
    fewer = [flow for flow in FLOWS if flow[3] != "280530"]
    with pytest.raises(IncompleteError, match="HS92_V202801: not what HS92_V202701 was"):
        brought(ground, tmp_path / "b", fewer, id="HS92_V202801")
    # Another revision has other codes; there is nothing to compare it with.
    assert brought(ground, tmp_path / "b", fewer, id="X", hs_revision="H5").state == "accepted"


def test_a_year_that_fell_out_and_another_unit_are_named(ground: Ground, tmp_path: Path) -> None:
    many = [(2022, c, world.JPN, "261100", "5.000", "1.000") for c in range(100, 112)]
    known = [156, 251, 276, 392, 410, 490, 699, 704, 757, 826, 842, 124]
    flows = [
        (t, c, world.USA if c != world.USA else world.JPN, k, v, q)
        for (t, _, _, k, v, q), c in zip(many, known, strict=True)
    ]
    brought(ground, tmp_path / "a", [*flows, (2023, *flows[0][1:])])
    with pytest.raises(IncompleteError, match=r"year 2023 is missing"):
        brought(ground, tmp_path / "b", flows)
    dear = [(*flow[:4], "5000.000", flow[5]) for flow in [*flows, (2023, *flows[0][1:])]]
    with pytest.raises(IncompleteError, match=r"hs6 261100 adds up to 65000\.000, 65\.000 before"):
        brought(ground, tmp_path / "c", dear)


def test_a_first_edition_is_held_against_what_ships(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with pytest.raises(IncompleteError, match="not what HS92_V202601 was"):
        brought(ground, tmp_path / "a", FLOWS)


def test_a_day_to_come_is_no_release(ground: Ground, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a day that is yet to come"):
        brought(ground, tmp_path / "a", FLOWS, released=date(2099, 1, 22))


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x", "/x"])
def test_an_edition_is_no_path(name: str) -> None:
    with pytest.raises(ValueError, match="id"):
        Edition(id=name, released=None)


def test_a_run_keeps_to_the_promise_it_read(ground: Ground, tmp_path: Path) -> None:
    """Another process accepts newer bytes between the look at the editions and their reading."""
    brought(ground, tmp_path / "a", FLOWS)
    seen = with_accepted(ground.store, SOURCE, {})
    more = [*FLOWS, (2022, world.CHN, world.JPN, "261100", "1.000", "1.000")]
    brought(replace(ground, now=NOW + timedelta(days=1)), tmp_path / "b", more)
    first, second = seen.editions[-1], with_accepted(ground.store, SOURCE, {}).editions[-1]
    assert raw_of(ground.store, seen, first) != raw_of(ground.store, seen, second)
    assert (first.fetched, second.fetched) == (NOW, NOW + timedelta(days=1))


def test_what_is_of_another_series_or_author_is_no_predecessor() -> None:
    one = Edition(id="annual_H6", released=None, hs_revision="H6")
    assert is_alike(one, one.model_copy(update={"id": "annual_H6"}))
    assert not is_alike(one, one.model_copy(update={"id": "monthly_H6"}))
    assert not is_alike(one, one.model_copy(update={"hs_revision": "H5"}))
    mine, theirs = (one.model_copy(update={"layout": name}) for name in ("user", "oecd"))
    assert not is_alike(mine, theirs)
    # What ships has a layout of its own, and is the first thing to compare with.
    assert is_alike(mine, one.model_copy(update={"bundled": ["x.parquet"], "layout": "tidy"}))


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"<!DOCTYPE html>", "damaged zip"), (b"", "damaged zip")],
    ids=["a page", "nothing"],
)
def test_bytes_that_cannot_be_staged_are_no_edition(
    ground: Ground, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=says):
        take_by_hand(SOURCE, NEXT, [path], ground)
    assert accepted(ground.store, SOURCE) == {}
    with pytest.raises(SourceError, match="no file"):
        take_by_hand(SOURCE, NEXT, [tmp_path / "gone.zip"], ground)


def test_kept_bytes_that_were_changed_are_refused(ground: Ground, tmp_path: Path) -> None:
    brought(ground, tmp_path / "a", FLOWS)
    kept = accepted(ground.store, SOURCE)[NEXT.id]
    with kept.raw.files[0].open("ab") as file:
        file.write(b"more")
    with pytest.raises(SourceError, match="changed or lost since it was kept"):
        raw_of(ground.store, SOURCE, kept.edition)


def test_bytes_without_their_descriptor_are_no_edition(ground: Ground, tmp_path: Path) -> None:
    brought(ground, tmp_path / "a", FLOWS)
    descriptor = accepted(ground.store, SOURCE)[NEXT.id].raw.folder.with_suffix(".json")
    text = descriptor.read_text(encoding="utf-8")
    descriptor.write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(SourceError, match="no readable descriptor"):
        accepted(ground.store, SOURCE)
    descriptor.unlink()
    assert accepted(ground.store, SOURCE) == {}


def test_the_flow_stages_what_was_accepted(facts: Facts, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    ground = Ground(settings.raw, facts.frames, NOW, Wish(NOW.date()))
    before = {s.id: s for s in build.known_sources(settings, facts)}
    assert before["baci"].editions == SOURCE.editions
    brought(ground, tmp_path / "in", FLOWS)
    (baci,) = (s for s in build.known_sources(settings, facts) if s.id == "baci")
    only = baci.model_copy(update={"editions": baci.editions[-1:]})
    (staged,) = build.ingest(only, facts, settings, NOW)
    assert staged.rows.height == len(world.HS92_FLOWS)
    assert staged.raw.folder.is_relative_to(settings.raw)
    (kept,) = (settings.staged / "baci").glob("*.parquet")
    (again,) = build.ingest(only, facts, settings, NOW)
    assert_frame_equal(again.rows, staged.rows)
    # Another promise is another reading: what is kept for this one does not serve.
    other = only.editions[0].model_copy(update={"hs6": ["261100"]})
    kept.with_suffix(".parquet").write_bytes(b"")
    (mended,) = build.ingest(only, facts, settings, NOW)
    assert_frame_equal(mended.rows, staged.rows)
    (fewer,) = build.ingest(only.model_copy(update={"editions": [other]}), facts, settings, NOW)
    assert set(fewer.rows["hs6"]) == {"261100"}
    assert kept.is_file()


def test_a_refresh_never_narrows_what_was_asked_before(ground: Ground, tmp_path: Path) -> None:
    asked = replace(ground, wish=Wish(NOW.date(), reporters=("JPN",), years=(2015, 2016)))
    brought(asked, tmp_path / "in", FLOWS)
    wish = widened(ground.store, SOURCE, Wish(NOW.date()))
    assert wish.reporters == ("JPN",)
    assert wish.years == (2015, 2026)
    assert span(None, (1, 2)) == (1, 2)


def test_a_wish_knows_the_codes_of_today(facts: Facts) -> None:
    wish = wish_of(facts.frames, Asked(reporters=("JPN",)), NOW.date(), {})
    assert wish.country_codes["comtrade"]["USA"] == "842"
    assert "284610" in wish.codes["H0"]
    # Germanium's own code ended with HS2007 (methods.md, validity).
    assert "811230" in wish.codes["H2"]
    assert "811230" not in wish.codes["H3"]
    with pytest.raises(SourceError, match="no country JAP in warehouse/facts"):
        wish_of(facts.frames, Asked(reporters=("JAP",)), NOW.date(), {})


def test_a_source_without_a_connector_is_fed_by_hand() -> None:
    with pytest.raises(SourceError, match="orewatch refresh article --file PATH --edition ID"):
        fetchable(["article"])


def test_a_run_leaves_alone_what_another_process_is_fetching(tmp_path: Path) -> None:
    arriving = tmp_path / "raw" / "baci" / "x" / ".incoming-1"
    arriving.mkdir(parents=True)
    with lock(tmp_path / "raw" / ".lock"):
        assert clear_leftovers(tmp_path) == []
    assert clear_leftovers(tmp_path) == [".incoming-1"]
