"""A tiny consistent world as raw bytes, composed by us, and the whole job over it.

The composed figures are few enough to work the indices out by hand; where they can, they are
those of the worked examples W01 to W09 and W58 of the methods. The files have the layouts in
which the sources publish, so that they go the whole way: raw, staging, marts, indices, checks,
snapshot. Nothing in them is a figure that a source ever published.

`python -m tests.world HOME` runs it in a process of its own (see `main`).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import pickle
import random
import resource
import shutil
import signal
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import polars as pl

from flows import build, publish, quality, warehouse, write
from flows.facts import Facts, read_facts
from flows.indices.contract import Table
from flows.marts import Model, read_models
from flows.meta import freshness_frame
from flows.settings import Settings
from flows.sources.contract import Edition, Raw, Source, read_source, source_ids
from flows.sources.quarantine import Parts, by_condition, whole
from flows.sources.raw import keep
from flows.sources.staging import stage_parts

T = TypeVar("T")

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DAY = date(2026, 11, 20)

HS92, HS17 = "HS92_V202601", "HS17_2022"
JPN, CHN, KOR, DEU, USA = 392, 156, 410, 276, 842
FRA, GBR, VNM, TWN, BLX, NES = 251, 826, 704, 490, 58, 899

Flow = tuple[int, int, int, str, str, str]
"""BACI's row: year, exporter, importer, code, thousand USD, tonnes."""

W01 = (
    (CHN, "6000.000", "600.000"),
    (VNM, "3000.000", "250.000"),
    (JPN, "1500.000", "100.000"),
    (USA, "500.000", "50.000"),
)

HS92_FLOWS: tuple[Flow, ...] = (
    # Belgium and Luxembourg trade as one until 1998, and are a member of the Union.
    (1998, CHN, JPN, "284690", "900.000", "300.000"),
    (1998, BLX, JPN, "284690", "100.000", "20.000"),
    (1998, BLX, DEU, "261100", "50.000", "5.000"),
    (1998, CHN, DEU, "261100", "150.000", "15.000"),
    # All of it is nobody's.
    (1998, NES, USA, "261100", "70.000", "7.000"),
    # W02: Germany's tungsten ore, with 250 t of nobody's.
    *((2006, exporter, DEU, "261100", v, q) for exporter, v, q in W01),
    (2006, NES, DEU, "261100", "2500.000", "250.000"),
    # Trade within the Union: with the United Kingdom inside (EU) and outside (EU27_2020).
    (2006, GBR, FRA, "261100", "200.000", "20.000"),
    (2006, DEU, FRA, "261100", "100.000", "10.000"),
    (2006, CHN, GBR, "261100", "400.000", "40.000"),
    (2006, DEU, GBR, "261100", "100.000", "10.000"),
    # Germanium has its code until 2006; in mass its two suppliers tie.
    (2006, CHN, JPN, "811230", "300.000", "1.000"),
    (2006, DEU, JPN, "811230", "100.000", "1.000"),
    # A stray under the code that ended.
    (2022, CHN, JPN, "811230", "77.000", "7.000"),
    # W01: Germany's tungsten ore again, all of it allocated.
    *((2022, exporter, DEU, "261100", v, q) for exporter, v, q in W01),
    # Japan's rare earths: two stages, a tie, a weight missing on 40 of 1,640.
    (2022, CHN, JPN, "280530", "500.000", "50.000"),
    (2022, VNM, JPN, "280530", "500.000", "50.000"),
    (2022, CHN, JPN, "284610", "100.000", "100.000"),
    (2022, CHN, JPN, "284690", "300.000", "30.000"),
    (2022, VNM, JPN, "284690", "200.000", "20.000"),
    (2022, USA, JPN, "284690", "40.000", "NA"),
    # Korea's: half the value has no weight; metal from one supplier.
    (2022, CHN, KOR, "284690", "100.000", "NA"),
    (2022, USA, KOR, "284690", "100.000", "10.000"),
    (2022, CHN, KOR, "280530", "10.000", "1.000"),
    # The United States': a weight reported as zero; Taiwan beside four fifths of nobody's.
    (2022, CHN, USA, "280530", "5.000", "0.000"),
    (2022, TWN, USA, "284690", "20.000", "2.000"),
    (2022, NES, USA, "284690", "80.000", "8.000"),
)
HS17_FLOWS: tuple[Flow, ...] = (
    # A basket of metals, a proxy, a clean code; no weights.
    (2022, CHN, JPN, "811292", "800.000", "NA"),
    (2022, DEU, JPN, "811292", "200.000", "NA"),
    (2022, CHN, JPN, "850511", "300.000", "NA"),
    (2022, CHN, KOR, "811010", "60.000", "NA"),
    (2022, VNM, KOR, "811010", "40.000", "NA"),
)
TO_ITSELF: Flow = (2006, DEU, DEU, "261100", "200.000", "20.000")
"""W02's re-import; BACI has no such rows, so this world has none either."""

UNTRACKED: Flow = (2022, CHN, JPN, "010121", "9.000", "1.000")
"""A row of BACI that no mineral needs, its code written without its zero as BACI's own are."""

ANTIMONY = ("antim", "Mine production, contained antimony")
GRAPHITE = ("graph", "Mine production, graphite")
WORLD, OTHERS = "World total (rounded)", "Other countries"
Figure = tuple[tuple[str, str], str, int, str]
"""Commodity with its type, country, year, tonnes as printed."""

PRINTED: Mapping[str, Sequence[Figure]] = {
    # Two editions print 2022: two vintages.
    "2023": (
        (ANTIMONY, "China", 2021, "61,000"),
        (ANTIMONY, "Tajikistan", 2021, "13,000"),
        (ANTIMONY, WORLD, 2021, "74,000"),
        (ANTIMONY, "China", 2022, "60,000"),
        (ANTIMONY, "Tajikistan", 2022, "20,000"),
        (ANTIMONY, OTHERS, 2022, "10,000"),
        (ANTIMONY, "Burma", 2022, "W"),
        (ANTIMONY, WORLD, 2022, "100,000"),
        (GRAPHITE, "China", 2021, "900"),
        (GRAPHITE, "Madagascar", 2021, "100"),
    ),
    "2024": (
        (ANTIMONY, "China", 2022, "40,000"),
        (ANTIMONY, "Tajikistan", 2022, "20,000"),
        (ANTIMONY, "Burma", 2022, "20,000"),
        (ANTIMONY, WORLD, 2022, "80,000"),
        (ANTIMONY, "China", 2023, "NA"),
        (ANTIMONY, WORLD, 2023, "NA"),
    ),
}
SCORES = {"CHN": -0.5, "JPN": 1.0, "DEU": 0.6, "KOR": 0.7, "USA": 0.0, "VNM": None}
DIMENSIONS = ("cc", "ge", "pv", "rl", "rq", "va")


@dataclass(frozen=True)
class World:
    """Sources with the editions of this world, and the files of each edition."""

    sources: tuple[Source, ...]
    files: Mapping[tuple[str, str], tuple[Path, ...]]
    rows: Mapping[tuple[str, str], pl.DataFrame] = field(default_factory=dict)
    """Staged rows of editions that are composed without files."""


@dataclass(frozen=True)
class Built:
    """A built warehouse file, before its gate, and what it was built from."""

    settings: Settings
    facts: Facts
    models: list[Model]
    sources: tuple[Source, ...]
    staged: list[build.Staged]
    inputs: dict[str, Any]
    rows: dict[str, int]
    day: date
    now: datetime

    @property
    def tables(self) -> list[Table]:
        """Every table to be published but the gate's own."""
        return build.tables_without_gate(self.facts, self.models)

    @property
    def present(self) -> set[str]:
        """Sources that are there."""
        return {part.source.id for part in self.staged}

    def checks(self) -> list[quality.Check]:
        """Every check of every table."""
        implied = [check for table in self.tables for check in quality.implied_checks(table)]
        return implied + quality.authored_checks(self.settings.expectations, self.tables)

    def plan(self, verdicts: Sequence[quality.Verdict] = ()) -> write.Plan:
        """All that a snapshot is written from."""
        return write.Plan(
            self.settings,
            self.tables,
            self.models,
            self.sources,
            verdicts,
            self.inputs,
            self.day,
            self.now,
        )


def bundled() -> World:
    """The figures that ship with the project."""
    sources = tuple(read_source(name) for name in source_ids())
    files = {
        (source.id, edition.id): tuple(source.folder / "bundled" / n for n in edition.bundled)
        for source in sources
        for edition in source.editions
    }
    return World(sources, files)


def tiny(folder: Path, *, shuffled: int | None = None, extra: Sequence[Flow] = ()) -> World:
    """Write the composed files below `folder`.

    `shuffled` seeds another order of all rows; `extra` are further rows of the HS92 edition.
    """
    order = random.Random(shuffled) if shuffled is not None else None  # noqa: S311
    baci = {
        HS92: baci_zip(folder / HS92, mixed([*HS92_FLOWS, UNTRACKED, *extra], order)),
        HS17: baci_csv(folder / HS17, "HS17", mixed(HS17_FLOWS, order)),
    }
    usgs = {e: usgs_csv(folder / f"usgs_{e}", e, mixed(rows, order)) for e, rows in PRINTED.items()}
    files: dict[tuple[str, str], tuple[Path, ...]] = {}
    files |= {("baci", e): (path,) for e, path in baci.items()}
    files |= {("usgs_mcs", e): (path,) for e, path in usgs.items()}
    files["worldbank_wgi", "2024"] = (wgi_parquet(folder / "wgi", order),)
    codes = {HS92: sorted({f[3] for f in HS92_FLOWS}), HS17: sorted({f[3] for f in HS17_FLOWS})}
    composed = {
        "baci": narrowed("baci", {e: {"hs6": codes[e]} for e in baci}),
        "usgs_mcs": narrowed("usgs_mcs", {e: {} for e in PRINTED}),
        "worldbank_wgi": narrowed("worldbank_wgi", {"2024": {}}),
    }
    whole = bundled()
    # The others, the article among them, are small enough as they are.
    files |= {key: paths for key, paths in whole.files.items() if key[0] not in composed}
    sources = tuple(composed.get(source.id, source) for source in whole.sources)
    return World(sources, files)


def narrowed(source_id: str, editions: Mapping[str, Mapping[str, object]]) -> Source:
    """A source with some of its editions, free of what was reviewed of the published bytes."""
    source = read_source(source_id)
    free: dict[str, object] = {"bundled": [], "rows": None, "years": None}
    kept = [
        edition.model_copy(update=free | dict(editions[edition.id]))
        for edition in source.editions
        if edition.id in editions
    ]
    return source.model_copy(update={"editions": kept})


def mixed(rows: Iterable[T], order: random.Random | None) -> list[T]:
    """The rows, in another order where one is wanted."""
    listed = list(rows)
    if order:
        order.shuffle(listed)
    return listed


def baci_text(flows: Iterable[Flow]) -> str:
    """BACI's own CSV: amounts padded, codes without their leading zero."""
    lines = [f"{t},{i},{j},{int(k)},{v:>15},{q:>15}\n" for t, i, j, k, v, q in flows]
    return "".join(["t,i,j,k,v,q\n", *lines])


def baci_zip(folder: Path, flows: Sequence[Flow]) -> Path:
    """The zip as CEPII publishes it: a member a year, lists of codes beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "BACI_HS92_V202601.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for year in sorted({flow[0] for flow in flows}):
            text = baci_text(flow for flow in flows if flow[0] == year)
            archive.writestr(zipfile.ZipInfo(f"BACI_HS92_Y{year}_V202601.csv"), text)
        archive.writestr(zipfile.ZipInfo("country_codes_V202601.csv"), "country_code\n156\n")
        archive.writestr(zipfile.ZipInfo("Readme.txt"), "Composed for tests.\n")
    return path


def baci_csv(folder: Path, revision: str, flows: Sequence[Flow]) -> Path:
    """One member of the zip, on its own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"BACI_{revision}_Y{flows[0][0]}_V202601.csv"
    path.write_text(baci_text(flows), encoding="utf-8")
    return path


def usgs_csv(folder: Path, edition: str, rows: Sequence[Figure]) -> Path:
    """One edition in the tidy layout, its later year all estimates."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"mcs{edition}.csv"
    later = int(edition) - 1
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("commodity", "country", "type", "unit", "year", "value", "estimated", "note"))
    for (commodity, kind), country, year, value in rows:
        estimated = str(year == later).lower()
        writer.writerow((commodity, country, kind, "t", year, value, estimated, ""))
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def wgi_parquet(folder: Path, order: random.Random | None) -> Path:
    """Governance of a few countries in two years."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "wgi_2024.parquet"
    rows = [
        (code, year, dimension, score)
        for code, score in SCORES.items()
        for year in (2006, 2022)
        for dimension in DIMENSIONS
    ]
    schema = {"code": pl.String, "year": pl.Int32, "dimension": pl.String, "estimate": pl.Float64}
    pl.DataFrame(mixed(rows, order), schema=schema, orient="row").write_parquet(path)
    return path


def settings(home: Path, **changes: Any) -> Settings:  # noqa: ANN401
    """Settings of a home of the test's own."""
    wanted: dict[str, Any] = {"home": home, "threads": 2, **changes}
    return Settings(**wanted)


def ingest(world: World, facts: Facts, where: Settings, now: datetime) -> list[build.Staged]:
    """Keep and stage every edition of the world; as `build.ingest` does with bundled files."""
    staged = []
    for source in world.sources:
        for edition in source.editions:
            if (source.id, edition.id) in world.rows:
                raw, parts = without_files(source, edition), composed_parts(world, source, edition)
            else:
                files = world.files[source.id, edition.id]
                raw = keep(source.id, edition.id, files, where.raw, now, url="composed:")
                parts = stage_composed(source, edition, raw)
            staged.append(build.settled(source, edition, raw, parts, facts))
    return staged


def composed_parts(world: World, source: Source, edition: Edition) -> Parts:
    """Rows that are composed as staged, after the rules of their source."""
    rows = whole(world.rows[source.id, edition.id])
    return by_condition(f"{source.id} {edition.id}", rows, source.staged, edition)


def without_files(source: Source, edition: Edition) -> Raw:
    """The raw bytes of an edition whose rows are composed as staged: none."""
    return Raw(source.id, edition.id, Path(f"composed-{edition.id}"), ())


def stage_composed(source: Source, edition: Edition, raw: Raw) -> Parts:
    """Stage an edition; the corrections of published figures have nothing to touch in composed."""
    if edition.bundled:
        return stage_parts(source, edition, raw)
    with patch("flows.sources.usgs_mcs.stage.read_corrections", return_value=[]):
        return stage_parts(source, edition, raw)


def built(
    where: Settings,
    world: World,
    *,
    day: date = DAY,
    now: datetime = NOW,
    last: Path | None = None,
) -> Built:
    """Build the warehouse file of a world: raw, staging, marts, indices; `last` came before it."""
    facts = read_facts(where.facts, where.facts_overlay)
    models = read_models(where.sql)
    staged = ingest(world, facts, where, now)
    freshness = freshness_frame(world.sources, day)
    inputs = build.inputs(staged, where, freshness)
    ground = build.Ground(facts, world.sources, models, staged, freshness, last)
    rows = build.warehouse_of(where, ground)
    return Built(where, facts, models, world.sources, staged, inputs, rows, day, now)


def gate(made: Built) -> list[quality.Verdict]:
    """Put every check to the built file."""
    return quality.run_checks(made.settings.build, made.checks(), made.tables, made.present)


def publication(plan: write.Plan, step: publish.Step = lambda _: None) -> Path:
    """Publish a built file as the flow does: alone, after clearing what was left."""
    with publish.lock(plan.settings.lock):
        publish.clear_leftovers(plan.settings.warehouse)
        publish.check_space(plan.settings.home, publish.current(plan.settings.current))
        return write.snapshot(plan, step)


def run(home: Path, world: World, *, day: date = DAY, now: datetime = NOW, **changes: Any) -> Path:  # noqa: ANN401
    """Do the whole job without Prefect; give the snapshot.

    Raises:
        AssertionError: a check blocks.

    """
    made = built(settings(home, **changes), world, day=day, now=now)
    verdicts = gate(made)
    blocking = [(v.check.id, v.outcome, v.observed or v.message) for v in quality.blocks(verdicts)]
    assert not blocking, blocking
    return publication(made.plan(verdicts))


def contents(database: Path, names: Iterable[str]) -> dict[str, str]:
    """Hash of the content of each table of a file."""
    with warehouse.snapshot_reader(database) as con:
        return {name: publish.content_hash(warehouse.batches(con, name)) for name in names}


def publish_pickled(pickled: Path, home: Path, fatal_step: str, *, full_disk: bool) -> None:
    """Publish a kept plan in another home; at a step be killed, or find the disk full."""
    plan: write.Plan = pickle.loads(pickled.read_bytes())  # noqa: S301 the test wrote it

    def on(step: str) -> None:
        if step != fatal_step:
            return
        if not full_disk:
            os.kill(os.getpid(), signal.SIGKILL)
        # The kernel refuses every write past this size, as it does on a full disk.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    where = plan.settings.model_copy(update={"home": home})
    where.build.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(plan.settings.build, where.build)
    publication(replace(plan, settings=where), on)


def main() -> None:
    """`HOME` builds there and prints the hash of every table; `--plan` publishes a kept plan."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--shuffled", type=int)
    parser.add_argument("--bundled", action="store_true")
    parser.add_argument("--plan", type=Path)
    parser.add_argument("--fatal-step", default="")
    parser.add_argument("--full-disk", action="store_true")
    options = parser.parse_args()
    if options.plan:
        publish_pickled(options.plan, options.home, options.fatal_step, full_disk=options.full_disk)
        return
    world = bundled() if options.bundled else tiny(options.home / "in", shuffled=options.shuffled)
    made = built(Settings(home=options.home), world)
    hashes = contents(made.settings.build, [t.id for t in made.tables if t.schema != "view"])
    print(json.dumps({"threads": pl.thread_pool_size(), "inputs": made.inputs, "tables": hashes}))  # noqa: T201


if __name__ == "__main__":
    main()
