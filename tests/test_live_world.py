"""Every source that can be fetched, from its host to a snapshot: door, staging, marts, gate.

The hosts are this machine's and behave as the sources do; their figures are composed. The rest of
the world is the tiny one.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from pydantic import SecretStr

from flows import build, publish, quality
from flows.facts import Facts, read_facts
from flows.marts import read_models
from flows.meta import freshness_frame
from flows.settings import Settings
from flows.sources.arrivals import Ground, Outcome
from flows.sources.connect import has_connector
from flows.sources.contract import read_source, source_ids
from flows.sources.editions import tracked_codes, with_accepted
from flows.sources.raw import keep
from flows.sources.visit import Asked, visit, wish_of
from tests import world
from tests.served import bgs, cepii, comtrade, ecb, pinksheet, sciencebase, worldbank
from tests.served.host import Handler, hosts
from tests.sources.test_usgs_mcs_fetched import COMMODITIES, item

pytestmark = pytest.mark.slow

NOW = datetime(2027, 2, 1, 9, 30, tzinfo=UTC)


def zipped(revision: str) -> bytes:
    """BACI of two years: Japan's and Korea's rare earths and tungsten."""
    rows = [
        (world.CHN, world.JPN, "280530", "500.000", "50.000"),
        (world.VNM, world.JPN, "284690", "200.000", "20.000"),
        (world.CHN, world.KOR, "261100", "90.000", "9.000"),
        (world.USA, world.KOR, "261100", "10.000", ""),
    ]
    return cepii.zipped(
        {
            cepii.member(year, revision): cepii.csv_new([(year, *row) for row in rows])
            for year in (2024, 2025)
        }
    )


def handlers() -> dict[str, Handler]:
    """Every host, with something newer than what the world has."""
    names = {revision: cepii.zip_name(revision) for revision in ("HS92", "HS17")}
    zips = {name: zipped(revision) for revision, name in names.items()}
    return {
        comtrade.HOST: comtrade.handler(),
        ecb.HOST: ecb.handler(),
        bgs.HOST: bgs.handler(),
        cepii.HOST: cepii.handler(cepii.page(*names.values()), zips),
        sciencebase.HOST: sciencebase.handler({COMMODITIES: item()}),
        worldbank.HOST: worldbank.handler(),
        **pinksheet.handlers(
            pinksheet.page(pinksheet.address()), {pinksheet.DOCUMENT: pinksheet.workbook()}
        ),
    }


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(world.settings(Path()).facts)


@pytest.fixture(scope="module")
def fetched(
    tmp_path_factory: pytest.TempPathFactory, facts: Facts
) -> tuple[Settings, list[Outcome]]:
    """A home into which every source was fetched."""
    settings = world.settings(tmp_path_factory.mktemp("live"))
    asked = Asked(("JPN", "KOR", "DEU", "FRA", "VNM"), (2022, 2023), monthly=True)
    wish = wish_of(facts.frames, asked, NOW.date(), {"comtrade": SecretStr(comtrade.KEY)})
    ground = Ground(settings.raw, facts.frames, NOW, wish)
    sources = {name: read_source(name) for name in source_ids() if has_connector(name)}
    # Its composed workbook is of 1961, older than the figures that ship.
    prices = sources["pink_sheet"].model_copy(update={"editions": []})
    sources["pink_sheet"] = prices
    outcomes = []
    with pytest.MonkeyPatch.context() as patch, hosts(handlers()) as served:
        # The composed figures are fewer than those that ship with the project.
        patch.setattr("flows.sources.judge.bundled_parts", lambda *_: {})
        door = served.door(settings.raw, sources)
        for source in sources.values():
            outcomes += list(visit(door, source, ground))
    return settings, outcomes


def test_every_source_has_an_edition_accepted(
    fetched: tuple[Settings, list[Outcome]],
) -> None:
    _, outcomes = fetched
    wanted = {name for name in source_ids() if has_connector(name)}
    assert {one.source for one in outcomes if one.state == "accepted"} == wanted
    assert {one.edition for one in outcomes if one.source == "comtrade"} == {
        "annual_H5",
        "annual_H6",
        "monthly_H5",
        "monthly_H6",
    }


def test_what_was_fetched_is_published_and_its_licences_are_kept(
    fetched: tuple[Settings, list[Outcome]], facts: Facts
) -> None:
    settings, outcomes = fetched
    tiny = world.tiny(settings.home / "in")
    codes = tracked_codes(facts.frame("form_code"))
    sources = tuple(with_accepted(settings.raw, source, codes) for source in tiny.sources)
    staged: list[build.Staged] = []
    for source in sources:
        new = [edition for edition in source.editions if edition.fetched]
        staged += build.ingest(source.model_copy(update={"editions": new}), facts, settings, NOW)
        for edition in source.editions:
            if edition.fetched is None:
                files = tiny.files[source.id, edition.id]
                raw = keep(source.id, edition.id, files, settings.raw, NOW, url="composed:")
                parts = world.stage_composed(source, edition, raw)
                staged.append(build.settled(source, edition, raw, parts, facts))
    models = read_models(settings.sql)
    freshness = freshness_frame(sources, NOW.date())
    inputs = build.inputs(staged, settings, freshness)
    ground = build.Ground(facts, sources, models, staged, freshness)
    rows = build.warehouse_of(settings, ground)
    made = world.Built(settings, facts, models, sources, staged, inputs, rows, NOW.date(), NOW)
    verdicts = world.gate(made)
    blocking = [(v.check.id, v.outcome, v.observed or v.message) for v in quality.blocks(verdicts)]
    assert blocking == []
    snapshot = world.publication(made.plan(verdicts))

    held = {
        (one["id"], edition)
        for one in publish.read_manifest(snapshot)["sources"]
        for edition in one["editions"]
    }
    assert {(one.source, one.edition) for one in outcomes} <= held
    with duckdb.connect(snapshot / publish.DATABASE, read_only=True) as con:
        count = "SELECT count(*) FROM {} WHERE source = 'comtrade'"
        assert con.execute(count.format("mart.trade")).fetchone() == (0,)
        shares = con.execute(
            "SELECT exporter_iso3, import_share FROM indices.import_share "
            "WHERE source = 'comtrade' AND edition = 'annual_H6' AND importer_iso3 = 'JPN' "
            "AND mineral = 'rare_earths' "
            "AND stage = 'all' AND basis = 'value' AND year = 2022 ORDER BY ALL"
        ).fetchall()
        # 1,001 + 3,000, 12 and 250 of 4,263 whole dollars that are allocated to countries.
        assert shares == [("CHN", 0.939), ("TWN", 0.003), ("VNM", 0.059)]
        rolling = con.execute(count.format("indices.rolling_share")).fetchone()
        assert rolling is not None
        assert rolling[0] > 0
    text = json.dumps(publish.read_manifest(snapshot))
    assert comtrade.KEY not in text
