"""The tiny world with a second source of the same trade, composed by us: UN Comtrade's reports.

Its rows are composed as staged, few enough to work every number out by hand. Nothing in them is a
figure that a source ever published. Values are multiples of 1,009 dollars and weights of 1,013
kilograms, so that none of them is an amount of another source: where one turns up in a snapshot, it
came from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import polars as pl

from flows.facts import Facts, read_facts
from flows.sources.contract import Edition, read_source
from tests import world
from tests.world import CHN, DEU, FRA, GBR, JPN, KOR, NES, TWN, USA, VNM

ANNUAL, EXPORTS, MONTHLY = "annual_H6", "annual_H5", "monthly_H6"
USD, KG = 1_009, 1_013
TUNGSTEN, COMPOUND, METAL = "261100", "284690", "280530"
CODES = (METAL, "284610", COMPOUND, TUNGSTEN)
OTHER_USA = 840
"""A second code of the United States."""


class Row(NamedTuple):
    """One row of a report, in multiples of `USD` and `KG`."""

    flow: str
    reporter: int
    partner: int
    code: str
    value: int
    weight: int | None
    year: int = 2022
    month: int | None = None
    thousandths: int = 0
    """Thousandths of a dollar beside."""
    is_estimated: bool = False


GERMANYS = (
    Row("import", DEU, CHN, TUNGSTEN, 6600, 600, thousandths=499),
    Row("import", DEU, VNM, TUNGSTEN, 3300, 250),
    Row("import", DEU, JPN, TUNGSTEN, 550, 100),
    # The United States under two codes, one of them without weight.
    Row("import", DEU, USA, TUNGSTEN, 300, 30, is_estimated=True),
    Row("import", DEU, OTHER_USA, TUNGSTEN, 250, None),
    # What came back, and what is nobody's.
    Row("import", DEU, DEU, TUNGSTEN, 100, 10),
    Row("import", DEU, NES, TUNGSTEN, 1100, 100),
)
KOREAS = (
    Row("import", KOR, CHN, COMPOUND, 100, 10),
    Row("import", KOR, USA, COMPOUND, 100, 10),
)
CHINAS = (
    Row("export", CHN, DEU, TUNGSTEN, 6000, 590),
    Row("export", CHN, KOR, COMPOUND, 90, 10),
)
OTHERS_EXPORTS = (
    # A weight is missing where Germany has one.
    Row("export", VNM, DEU, TUNGSTEN, 2000, None),
    Row("export", USA, JPN, TUNGSTEN, 100, 10),
)
KOREAS_EXPORTS = (Row("export", KOR, DEU, TUNGSTEN, 50, 5),)
"""In another HS revision; Germany has nothing of it."""

MONTHS = [(2022, month) for month in range(1, 13)] + [(2023, 1)]
JAPANS_MONTHS = (
    *(Row("import", JPN, CHN, COMPOUND, 10, 2, *month) for month in MONTHS),
    Row("import", JPN, VNM, COMPOUND, 30, 5, 2022, 1),
    Row("import", JPN, JPN, COMPOUND, 1, 1, 2022, 3),
    Row("import", JPN, DEU, COMPOUND, 6, None, 2023, 1),
)
KOREAS_MONTHS = (
    # June is not there, and nothing after the year.
    *(
        Row("import", KOR, CHN, COMPOUND, 5, 1, *m)
        for m in MONTHS
        if m not in {(2022, 6), MONTHS[-1]}
    ),
    *(
        Row("import", KOR, NES, COMPOUND, 1, 1, *m)
        for m in MONTHS
        if m not in {(2022, 6), MONTHS[-1]}
    ),
    Row("import", KOR, VNM, TUNGSTEN, 7, 3, 2022, 3),
)


def unions(facts: Facts) -> Iterable[Row]:
    """Tungsten ore of 2023: a unit from China to every member of the Union, and some besides."""
    members = facts.frame("bloc_member").filter(
        pl.col("bloc") == "EU27_2020", pl.col("to_year").fill_null(9999) >= 2023
    )["iso3"]
    codes = facts.frame("country_code").filter(
        (pl.col("system") == "comtrade") & pl.col("to_year").is_null()
    )
    by_iso3 = {iso3: int(code) for iso3, code in codes.sort("code").select("iso3", "code").rows()}
    for iso3 in members:
        yield Row("import", by_iso3[iso3], CHN, TUNGSTEN, 1, 1, 2023)
    # Within the Union, and from outside it.
    yield Row("import", DEU, FRA, TUNGSTEN, 5, 5, 2023)
    yield Row("import", DEU, USA, TUNGSTEN, 3, 3, 2023)
    yield Row("import", GBR, TWN, TUNGSTEN, 2, 2, 2023)


def overlapping(
    folder: Path, *, extra: Sequence[Row] = (), world_off: int = 0, shuffled: int | None = None
) -> world.World:
    """The tiny world below `folder`, and UN Comtrade's editions beside BACI's.

    `extra` are further annual rows; `world_off` thousandths of a dollar are added to every World
    row, beside the one thousandth that rounding may leave. `shuffled` seeds another order of rows.
    """
    facts = read_facts(world.settings(folder).facts)
    annual = [*GERMANYS, *KOREAS, *CHINAS, *OTHERS_EXPORTS, *unions(facts), *extra]
    months = [*JAPANS_MONTHS, *KOREAS_MONTHS]
    editions = {ANNUAL: ("H6", annual), EXPORTS: ("H5", KOREAS_EXPORTS), MONTHLY: ("H6", months)}
    source = read_source("comtrade")
    source = source.model_copy(
        update={"editions": [edition(name, revision) for name, (revision, _) in editions.items()]}
    )
    schema = source.table.polars
    whole = world.tiny(folder, shuffled=shuffled)
    rows = {
        ("comtrade", name): staged(name, revision, listed, schema, world_off)
        for name, (revision, listed) in editions.items()
    }
    if shuffled is not None:
        rows = {
            key: frame.sample(fraction=1, shuffle=True, seed=shuffled)
            for key, frame in rows.items()
        }
    sources = tuple(source if one.id == source.id else one for one in whole.sources)
    return replace(whole, sources=sources, rows=rows)


def edition(name: str, revision: str) -> Edition:
    """One edition: a frequency and an HS revision."""
    return Edition(
        id=name,
        released=date(2026, 11, 1),
        hs_revision=revision,
        hs6=list(CODES),
        basis=["value", "mass"],
    )


def staged(
    name: str, revision: str, rows: Sequence[Row], schema: dict[str, object], world_off: int = 0
) -> pl.DataFrame:
    """The rows as staged, each group with its World row."""
    frequency = name.partition("_")[0]
    flat = [
        {
            "edition": name,
            "hs_revision": revision,
            "hs6": row.code,
            "frequency": frequency,
            "year": row.year,
            "month": row.month,
            "flow": row.flow,
            "reporter_code": row.reporter,
            "partner_code": row.partner,
            "value_usd": row.value * USD + Decimal(row.thousandths) / 1000,
            "mass_kg": None if row.weight is None else Decimal(row.weight * KG),
            "is_mass_estimated": row.is_estimated,
        }
        for row in rows
    ]
    keys = ("edition", "hs_revision", "hs6", "frequency", "year", "month", "flow", "reporter_code")
    groups: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for one in flat:
        groups.setdefault(tuple(one[key] for key in keys), []).append(one)
    whole = [
        {
            **dict(zip(keys, key, strict=True)),
            "partner_code": None,
            "value_usd": sum(Decimal(str(one["value_usd"])) for one in group)
            + Decimal(1 + world_off) / 1000,
            "mass_kg": None,
            "is_mass_estimated": False,
        }
        for key, group in groups.items()
    ]
    return pl.DataFrame([*flat, *whole], schema=schema)


def amounts() -> set[int]:
    """Every amount of a partner, in whole dollars and kilograms, that is large enough to tell."""
    rows = [*GERMANYS, *KOREAS, *CHINAS, *OTHERS_EXPORTS, *KOREAS_EXPORTS]
    rows += [*JAPANS_MONTHS, *KOREAS_MONTHS]
    found = {row.value * USD for row in rows} | {row.weight * KG for row in rows if row.weight}
    return {x for x in found | in_marts() if x > SMALL}


SMALL = 5_000
"""Below, a number may be a count as well."""


def in_marts() -> set[int]:
    """Amounts that partners have in the marts: the United States under both codes together."""
    imported = (6600, 3300, 550, 1100, 100, 10, 30, 6, 5, 7)
    exported = (6000, 2000, 50, 90)
    return {x * USD for x in (*imported, *exported)} | {x * KG for x in (600, 590, 250, 100, 10, 5)}
