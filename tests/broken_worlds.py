"""Worlds broken in raw bytes, facts or code, taken from stage to gate; all composed.

`tests/broken_worlds.yml` says of each what stops it: the error of the facts or of staging with
some of its words, or the exact set of checks; or, where it is published with a remark, the check
that warns. `python -m tests.broken_worlds NAME ...` prints what is seen.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import yaml

from flows import build, publish, quality, rejected
from flows.indices import all_indices
from flows.minerals import FactError
from flows.settings import CHECKOUT, Settings
from flows.sources.contract import SourceError
from tests import overlap, world
from tests.overlap import COMPOUND, EXPORTS, METAL, Row
from tests.world import (
    CHN,
    DEU,
    HS17_FLOWS,
    HS92,
    HS92_FLOWS,
    JPN,
    KOR,
    TO_ITSELF,
    USA,
    VNM,
    Flow,
)

EXPECTED = CHECKOUT / "tests" / "broken_worlds.yml"
BACI, USGS, WGI = ("baci", HS92), ("usgs_mcs", "2024"), ("worldbank_wgi", "2024")


@dataclass(frozen=True)
class Broken:
    """One fault: in the files of the world, in the checkout (facts, SQL), or in the code."""

    raw: Callable[[world.World, Path], world.World] = lambda sound, _: sound
    checkout: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    code: Callable[[], AbstractContextManager[object]] = nullcontext
    is_revised: bool = False
    """Whether the sound world was published before it."""


def flows_with(change: Callable[[Flow], Flow | None]) -> list[Flow]:
    """The HS92 rows after a change; rows that become None are lost."""
    return [new for flow in HS92_FLOWS if (new := change(flow))]


def times(flow: Flow, value: int, mass: int) -> Flow:
    """A flow with its amounts multiplied."""
    weight = flow[5] if flow[5] == "NA" else f"{float(flow[5]) * mass:.3f}"
    return (*flow[:4], f"{float(flow[4]) * value:.3f}", weight)


def baci(
    change: Callable[[Flow], Flow | None], reviewed: Mapping[str, object] | None = None
) -> Broken:
    """Another BACI zip; with `reviewed`, the edition promises what was counted before."""

    def raw(sound: world.World, folder: Path) -> world.World:
        path = world.baci_zip(folder / "broken", flows_with(change))
        broken = filed(sound, BACI, path)
        return promised(broken, BACI, reviewed) if reviewed else broken

    return Broken(raw)


def in_year(year: int, value: int = 1, mass: int = 1) -> Callable[[Flow], Flow]:
    """Amounts of one year multiplied."""
    return lambda flow: times(flow, value, mass) if flow[0] == year else flow


def filed(sound: world.World, key: tuple[str, str], *paths: Path) -> world.World:
    """The world with other files for one edition."""
    return replace(sound, files={**sound.files, key: paths})


def promised(sound: world.World, key: tuple[str, str], update: Mapping[str, object]) -> world.World:
    """The world with other promises of one edition in its source.yml."""
    sources = []
    for source in sound.sources:
        editions = [
            e.model_copy(update=dict(update)) if (source.id, e.id) == key else e
            for e in source.editions
        ]
        sources.append(source.model_copy(update={"editions": editions}))
    return replace(sound, sources=tuple(sources))


def text(key: tuple[str, str], *swaps: tuple[str, str]) -> Broken:
    """The text file of an edition, with words replaced wherever they stand."""

    def raw(sound: world.World, folder: Path) -> world.World:
        (path,) = sound.files[key]
        words = path.read_text(encoding="utf-8")
        for old, new in swaps:
            assert old in words, old
            words = words.replace(old, new)
        broken = folder / "broken" / path.name
        broken.parent.mkdir(parents=True, exist_ok=True)
        broken.write_text(words, encoding="utf-8")
        return filed(sound, key, broken)

    return Broken(raw)


def usgs(change: Callable[[world.Figure], world.Figure | None]) -> Broken:
    """Other printed figures in the edition of 2024."""

    def raw(sound: world.World, folder: Path) -> world.World:
        rows = [new for row in world.PRINTED["2024"] if (new := change(row))]
        return filed(sound, USGS, world.usgs_csv(folder / "broken", "2024", rows))

    return Broken(raw)


def in_kilograms(row: world.Figure) -> world.Figure:
    """A printed figure in kilograms, still called tonnes."""
    number = row[3].replace(",", "")
    return (*row[:3], f"{int(number) * 1000:,}" if number.isdigit() else row[3])


def wgi(keep: pl.Expr) -> Broken:
    """Governance of which only some rows are there."""

    def raw(sound: world.World, folder: Path) -> world.World:
        (path,) = sound.files[WGI]
        broken = folder / "broken" / path.name
        broken.parent.mkdir(parents=True, exist_ok=True)
        pl.read_parquet(path).filter(keep).write_parquet(broken)
        return filed(sound, WGI, broken)

    return Broken(raw)


def file_twice(sound: world.World, folder: Path) -> world.World:
    """A file of BACI that came twice under two names."""
    one = world.baci_csv(folder / "one", "HS17", HS17_FLOWS)
    two = one.with_name("BACI_HS17_Y2022_V202601_copy.csv")
    shutil.copyfile(one, two)
    return filed(sound, ("baci", world.HS17), one, two)


def nothing(sound: world.World, folder: Path) -> world.World:
    """BACI's file with its header and no row."""
    path = folder / "broken" / "BACI_HS17_Y2022_V202601.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(world.baci_text([]), encoding="utf-8")
    return filed(sound, ("baci", world.HS17), path)


def more(*flows: Flow) -> Broken:
    """Further rows of BACI."""
    return Broken(
        lambda sound, folder: filed(
            sound, BACI, world.baci_zip(folder / "broken", [*HS92_FLOWS, *flows])
        )
    )


LITTLE: Flow = (2006, DEU, DEU, "261100", "1.000", "0.100")
"""A flow to oneself that is less than a thousandth of the edition's value."""

FLAKE, LUMP = "250410", "250490"
GRAPHITE: tuple[Flow, ...] = (
    (2022, CHN, DEU, FLAKE, "900.000", "900.000"),
    (2022, VNM, DEU, FLAKE, "100.000", "100.000"),
    (2022, CHN, DEU, LUMP, "10.000", "10.000"),
    (2022, CHN, USA, FLAKE, "600.000", "600.000"),
    (2022, VNM, USA, FLAKE, "200.000", "200.000"),
    (2022, USA, JPN, FLAKE, "50.000", "50.000"),
    (2022, DEU, JPN, FLAKE, "100.000", "100.000"),
    (2022, CHN, KOR, FLAKE, "50.000", "50.000"),
)
MINED = (("China", "9,000"), ("Germany", "300"), ("United States", "100"), (world.WORLD, "9,400"))


def with_graphite(sound: world.World, folder: Path) -> world.World:
    """A mineral whose output and trade are in one unit: consumption and reliance have numbers."""
    path = world.baci_zip(folder / "graphite", [*HS92_FLOWS, *GRAPHITE])
    codes = sorted({flow[3] for flow in (*HS92_FLOWS, *GRAPHITE)})
    wider = promised(filed(sound, BACI, path), BACI, {"hs6": codes})
    mined = [(world.GRAPHITE, area, 2022, tonnes) for area, tonnes in MINED]
    printed = world.usgs_csv(folder / "graphite", "2024", [*world.PRINTED["2024"], *mined])
    return filed(wider, USGS, printed)


def reported(*rows: Row) -> Callable[[world.World, Path], world.World]:
    """UN Comtrade's reports beside BACI, with further rows."""
    return lambda _, folder: overlap.overlapping(folder / "overlap", extra=rows)


def alike(sound: world.World, folder: Path) -> world.World:
    """A code that both sources have in one HS revision: all of it China's in BACI, here a half."""
    beside = reported()(sound, folder)
    halves = [Row("import", JPN, partner, MAGNETS, 50, 5) for partner in (CHN, VNM)]
    schema = next(one for one in beside.sources if one.id == "comtrade").table.polars
    rows = overlap.staged(EXPORTS, "H5", [*overlap.KOREAS_EXPORTS, *halves], schema)
    beside = replace(beside, rows={**beside.rows, ("comtrade", EXPORTS): rows})
    return promised(beside, ("comtrade", EXPORTS), {"hs6": [*overlap.CODES, MAGNETS]})


MAGNETS = "850511"


def told(importer: int, imports: int, exports: int) -> list[Row]:
    """What an importer and China report of the same trade."""
    sides = (("import", (importer, CHN), imports), ("export", (CHN, importer), exports))
    codes = (METAL, "284610", COMPOUND)
    return [Row(flow, *who, code, value, 30) for code in codes for flow, who, value in sides]


OTHER_FIRST = [
    Row("import", JPN, partner, code, value, value)
    for code in (METAL, "284610", COMPOUND)
    for partner, value in ((VNM, 900), (CHN, 100))
]
"""Japan's largest supplier is another than BACI's."""


def weightless(sound: world.World, folder: Path) -> world.World:
    """A weight without a value in UN Comtrade's report, more of it let pass than is."""
    partners = [Row("import", DEU, CHN, COMPOUND, 9, 3), Row("import", DEU, KOR, COMPOUND, 0, 7)]
    beside = reported(*partners)(sound, folder)
    sources = []
    for source in beside.sources:
        rules = [rule.model_copy(update={"most_share": 0.5}) for rule in source.staged.rejects]
        table = source.staged.model_copy(update={"rejects": rules})
        sources.append(source.model_copy(update={"staged": table}))
    return replace(beside, sources=tuple(sources))


def told_whole() -> AbstractContextManager[object]:
    """Rows set aside are told whole, whatever the licence."""
    frame = rejected.rejected_frame

    def wrong(parts: Any) -> pl.DataFrame:  # noqa: ANN401
        return frame(parts).with_columns(row=pl.col("row_key"))

    return patch.object(rejected, "rejected_frame", wrong)


def of_nothing() -> AbstractContextManager[object]:
    """Rows set aside are of an edition that is not there."""
    frame = rejected.rejected_frame

    def wrong(parts: Any) -> pl.DataFrame:  # noqa: ANN401
        return frame(parts).with_columns(edition=pl.lit("HS92_V209901"))

    return patch.object(rejected, "rejected_frame", wrong)


def forgotten() -> AbstractContextManager[object]:
    """Rows set aside are nowhere."""
    frame = rejected.rejected_frame
    return patch.object(rejected, "rejected_frame", lambda parts: frame(parts).clear())


def index_bug(
    name: str, column: str, change: pl.Expr
) -> Callable[[], AbstractContextManager[object]]:
    """Replace an index by one that gets a column wrong."""

    def patched() -> AbstractContextManager[object]:
        indices = []
        for index in all_indices():
            if index.table.name != name:
                indices.append(index)
                continue

            def wrong(
                _compute: Callable[..., pl.LazyFrame] = index.compute, **inputs: pl.LazyFrame
            ) -> pl.LazyFrame:
                return _compute(**inputs).with_columns(change.alias(column))

            indices.append(replace(index, compute=wrong))
        return patch.object(build, "all_indices", lambda: indices)

    return patched


MINERALS = "warehouse/facts/minerals"
CODES = "warehouse/facts/country_codes.csv"
SHARE = pl.col("import_share")


def bug(
    name: str,
    column: str,
    change: pl.Expr,
    raw: Callable[[world.World, Path], world.World] = with_graphite,
) -> Broken:
    """A world in which an index has numbers, and gets a column wrong."""
    return Broken(raw, code=index_bug(name, column, change))


def point(column: str) -> pl.Expr:
    """A column that lies outside its bounds."""
    return pl.col(column) + 0.5


WORLDS: Mapping[str, Broken] = {
    # Raw bytes that staging must refuse.
    "a year is missing": baci(
        lambda f: None if f[0] == 2006 else f, {"rows": len(HS92_FLOWS), "years": (1998, 2022)}
    ),
    "the last year is missing": baci(
        lambda f: None if f[0] == 2022 else f, {"years": (1998, 2022)}
    ),
    "a code has no row": baci(lambda f: None if f[3] == "284610" else f),
    "columns are shifted": text(("baci", world.HS17), (f"2022,{CHN},{JPN}", f"2022,7,{CHN},{JPN}")),
    "a column is renamed": text(("baci", world.HS17), ("t,i,j,k,v,q", "t,i,j,k,q,v2")),
    "a country code is unknown": baci(lambda f: (f[0], 999, *f[2:]) if f[1] == DEU else f),
    "a file came twice": Broken(file_twice),
    "a file has no row": Broken(nothing),
    "a printed column is renamed": text(USGS, ("year", "jahr")),
    "a commodity is unknown": text(USGS, ("antim", "antimm")),
    "a figure is no number": text(USGS, ("40,000", "40.000.0")),
    "a unit is unknown": text(USGS, (",t,", ",tt,")),
    "a country is unknown": text(USGS, ("Tajikistan", "Tajikstan")),
    "governance is empty": wgi(pl.lit(value=False)),
    "a claim's anchor moved": text(("article", "2026-01"), ("91.2 percent", "912 percent")),
    "a flow to oneself": more(TO_ITSELF),
    # Facts that reading must refuse.
    "a stage is misspelt": Broken(
        checkout={f"{MINERALS}/tungsten.yaml": ("stage: ore", "stage: orre")}
    ),
    "a code is claimed twice": Broken(
        checkout={f"{MINERALS}/tungsten.yaml": ('["284180"]', '["261100"]')}
    ),
    "an alias matches two minerals": Broken(
        checkout={f"{MINERALS}/tungsten.yaml": ("wolfram", "Germanium")}
    ),
    "an alias matches two countries": Broken(
        checkout={CODES: ("name,", "name,JAPAN,KOR,,,\nname,")}
    ),
    # What only the gate can see.
    "weights in kg instead of tonnes": baci(in_year(2022, mass=1000)),
    "values in units instead of thousands": baci(in_year(2022, value=1000)),
    "values and weights in thousands": baci(in_year(2006, value=1000, mass=1000)),
    "amounts changed places": baci(
        lambda f: (*f[:4], f[5], f[4]) if f[0] == 1998 else f  # kUSD under tonnes, and back
    ),
    "production in kg instead of tonnes": usgs(in_kilograms),
    "governance of the largest exporter is missing": wgi(pl.col("code") != "CHN"),
    "a dimension of governance is missing": wgi(
        (pl.col("code") != "JPN") | (pl.col("dimension") != "rl")
    ),
    "an ore is called a metal": Broken(
        checkout={f"{MINERALS}/tungsten.yaml": ("stage: ore", "stage: metal")}
    ),
    "a code is claimed by two minerals": Broken(
        checkout={
            f"{MINERALS}/antimony.yaml": (
                'H0: ["261710"], H1',
                'H0: ["261710", "261100"], H1',
            )
        }
    ),
    "a mart forgets the thousand": Broken(
        checkout={"sql/marts/trade.sql": ("value_kusd * 1000", "value_kusd * 1")}
    ),
    "shares do not sum": Broken(code=index_bug("import_share", "import_share", SHARE * 0.9)),
    "an index lost its suppliers": Broken(
        code=index_bug("import_concentration", "hhi", pl.lit(None, pl.Float64))
    ),
    "what is borrowed is not flagged": bug("eu_supply_risk", "flags", pl.lit([], pl.List(pl.Utf8))),
    "a weighted concentration is in other units": bug(
        "eu_supply_risk", "hhi_wgi_t_eu", pl.col("hhi_wgi_t_eu") * 10
    ),
    "an exposure outside its bounds": bug("exposure", "exposure", point("exposure")),
    "a risk outside its bounds": bug("geopolrisk", "score", point("score")),
    "a reliance outside its bounds": bug(
        "import_reliance", "net_import_reliance", point("net_import_reliance")
    ),
    "a benchmark read from the wrong side": bug("supply_benchmark", "is_met", ~pl.col("is_met")),
    "a mirror that does not say so": bug(
        "source_agreement", "flags", pl.lit([], pl.List(pl.Utf8)), reported()
    ),
    "the largest by another name": bug(
        "source_agreement",
        "other_top_supplier_iso3",
        pl.when(pl.col("reason").is_null()).then(pl.lit("VNM")),
        reported(),
    ),
    "an overlap that is no complement": bug(
        "source_agreement", "overlap", pl.col("overlap") * 0.5, reported()
    ),
    # Rows that are set aside.
    "rows set aside are lost": replace(more(LITTLE), code=forgotten),
    "many small rows are set aside": more(
        *((2022, code, code, "284690", "0.100", "0.010") for code in (DEU, JPN, KOR))
    ),
    "a row set aside is told against its licence": Broken(weightless, code=told_whole),
    "rows are set aside from nothing": replace(more(LITTLE), code=of_nothing),
    "a difference that cannot be": Broken(
        checkout={"warehouse/facts/source_differences.csv": ("JPN,CHN,252922", "JPN,CHN,25292")}
    ),
    "a row is set aside": more(LITTLE),
    # Two reports of the same trade.
    "exports reported in other units": Broken(
        reported(*told(DEU, 100_000, 100), *told(USA, 100_000, 100))
    ),
    "importer and exporters tell of other amounts": Broken(reported(*told(DEU, 300, 100))),
    "another supplier is the first": Broken(reported(*OTHER_FIRST)),
    "a share that was reviewed moved": Broken(alike),
    # A snapshot and the one before.
    "numbers moved by a tenth": replace(
        baci(lambda f: times(f, 2, 2) if f[1] == VNM else f), is_revised=True
    ),
    "numbers vanished": replace(
        baci(lambda f: None if f[:3] == (2022, CHN, KOR) else f), is_revised=True
    ),
}


@dataclass(frozen=True)
class Stopped:
    """Where a world was stopped, by what error with which words, or by which checks."""

    by: str
    error: str = ""
    says: str = ""
    checks: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    """Checks that warn; of one that nobody stops."""
    shown: frozenset[str] = frozenset()
    """Those of the checks that show rows."""


def checkout(folder: Path, changes: Mapping[str, tuple[str, str]]) -> Path:
    """A copy of what people author, with words replaced once."""
    copy = folder / "checkout"
    for name in ("flows", "sql", "expectations", "warehouse/facts"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copyfile(CHECKOUT / name, copy / name)
    for name, (old, new) in changes.items():
        words = (copy / name).read_text(encoding="utf-8")
        assert old in words, f"{name} does not say {old}"
        (copy / name).write_text(words.replace(old, new, 1), encoding="utf-8")
    return copy


def stopped(broken: Broken, home: Path) -> Stopped:
    """Take a world from its files to the gate, and say what stopped it."""
    where: Settings = world.settings(home)
    if broken.checkout:
        where = world.settings(home, checkout=checkout(home, broken.checkout))
    sound = world.tiny(home / "in")
    last = before(sound, home / "before") if broken.is_revised else None
    try:
        with broken.code():
            made = world.built(where, broken.raw(sound, home), last=last)
    except FactError as error:
        return Stopped("facts", type(error).__name__, str(error))
    except SourceError as error:
        return Stopped("staging", type(error).__name__, str(error))
    verdicts = world.gate(made)
    shown = frozenset(v.check.id for v in verdicts if v.rows)
    if blocking := quality.blocks(verdicts):
        return Stopped("gate", checks=tuple(sorted(v.check.id for v in blocking)), shown=shown)
    warned = tuple(sorted(v.check.id for v in verdicts if v.outcome == "warn"))
    return Stopped("nobody", warned=warned, shown=shown)


def before(sound: world.World, home: Path) -> Path:
    """The folder of a snapshot with what the sound world comes to."""
    made = world.built(world.settings(home), sound)
    made.settings.build.rename(home / publish.DATABASE)
    return home


def expected() -> dict[str, dict[str, Any]]:
    """What is committed of each world."""
    read: dict[str, dict[str, Any]] = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))
    return read


def main(names: list[str]) -> None:
    """Print what stops the worlds named, all of them where none is."""
    for name in names or WORLDS:
        with tempfile.TemporaryDirectory() as folder:
            seen = stopped(WORLDS[name], Path(folder))
        told = {"stopped_by": seen.by, "error": seen.error, "says": seen.says}
        told |= {"checks": list(seen.checks), "warned": list(seen.warned)}
        print(yaml.safe_dump({name: {k: v for k, v in told.items() if v}}, width=160), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
