"""What words and codes mean, as the facts of a snapshot have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flows import spellings, warehouse
from flows.facts import fold
from flows.lookups import rows


@dataclass(frozen=True)
class Code:
    """What an HS code is to a mineral."""

    mineral: str
    form: str
    stage: str
    specificity: str
    tier: int | None
    """How cleanly it stands for the mineral, 1 first; null where it is never summed."""
    is_clean: bool
    """Whether the code is the mineral's own, or mostly."""
    hs_revision: str
    """The newest revision that has it."""


@dataclass(frozen=True)
class Country:
    """What a spelling of a country means."""

    iso3: str
    name: str
    kind: str
    """bloc, or the kind of ref.country."""


@dataclass(frozen=True)
class Lists:
    """The facts that purchases are matched by."""

    minerals: Mapping[str, str]
    """Folded spelling -> mineral, the longer before the shorter."""
    names: Mapping[str, str]
    """Mineral -> its name."""
    codes: Mapping[str, tuple[Code, ...]]
    """HS code of any revision -> the minerals that it holds."""
    measured: Mapping[str, frozenset[str]]
    """HS code that only measures name -> minerals."""
    countries: Mapping[str, tuple[Country, ...]]
    """Folded spelling or code -> what it may mean."""
    money: Mapping[str, tuple[str, int]]
    """Folded spelling of a currency -> its code, and how many of it one is."""
    masses: Mapping[str, float]
    """Unit of mass -> kilograms."""
    spelt_masses: Mapping[str, float]
    """Other folded spelling -> kilograms."""
    newest_revision: str
    revision_names: Mapping[str, str]


def read_lists(con: warehouse.Connection) -> Lists:
    """Read the facts that purchases are matched by from a snapshot's file."""
    frames = spellings.read(con)
    minerals = [*spellings.minerals(frames)]
    spelt = {fold(one.word): one.id for one in minerals}
    units = rows(con, "SELECT unit, quantity, base_unit, factor, aliases FROM ref.unit")
    masses = {u["unit"]: u["factor"] for u in units if u["quantity"] == "mass"}
    revisions = rows(con, "SELECT hs_revision, name FROM ref.hs_revision ORDER BY in_force_from")
    return Lists(
        minerals={word: spelt[word] for word in sorted(spelt, key=lambda one: (-len(one), one))},
        names={one.id: one.name for one in minerals},
        codes=codes(con),
        measured=measured(con),
        countries=countries(spellings.economies(frames)),
        money={
            fold(word): (u["base_unit"], int(u["factor"]))
            for u in units
            if u["quantity"].startswith("money_")
            for word in (u["unit"], *u["aliases"])
        },
        masses=masses,
        spelt_masses={
            fold(word): u["factor"]
            for u in units
            if u["quantity"] == "mass"
            for word in (u["unit"], *u["aliases"])
            # MT is most often a metric ton, and folded it is a million of them.
            if word != u["unit"] or word == word.lower()
        },
        newest_revision=revisions[-1]["hs_revision"],
        revision_names={row["hs_revision"]: row["name"] for row in revisions},
    )


def codes(con: warehouse.Connection) -> dict[str, tuple[Code, ...]]:
    """Give HS code -> what it is to each mineral, as of the newest revision that has it."""
    found: dict[str, dict[str, Code]] = {}
    for row in rows(
        con,
        """
        SELECT c.hs6, c.mineral, c.form, f.stage, f.specificity, s.tier, s.headline AS is_clean,
            c.hs_revision
        FROM ref.form_code AS c
        JOIN ref.form AS f ON f.mineral = c.mineral AND f.form = c.form
        JOIN ref.specificity AS s ON s.specificity = f.specificity
        JOIN ref.hs_revision AS r ON r.hs_revision = c.hs_revision
        -- What only stands near a mineral is never counted as it.
        WHERE f.specificity <> 'context'
        ORDER BY r.in_force_from, c.hs6, c.mineral
        """,
    ):
        hs6 = row.pop("hs6")
        found.setdefault(hs6, {})[row["mineral"]] = Code(**row)
    return {hs6: tuple(them.values()) for hs6, them in found.items()}


def measured(con: warehouse.Connection) -> dict[str, frozenset[str]]:
    """Give HS code of a measure -> the minerals that it holds there."""
    found: dict[str, set[str]] = {}
    sql = "SELECT DISTINCT hs6, mineral FROM mart.measure_in_force"
    for row in rows(con, f"{sql} WHERE hs6 IS NOT NULL AND mineral IS NOT NULL"):
        found.setdefault(row["hs6"], set()).add(row["mineral"])
    return {hs6: frozenset(them) for hs6, them in found.items()}


def countries(known: Iterable[spellings.Spelling]) -> dict[str, tuple[Country, ...]]:
    """Give folded spelling or letters -> the countries, and what is none, that they may mean."""
    found: dict[str, dict[str, Country]] = {}
    for one in known:
        found.setdefault(fold(one.word), {})[one.id] = Country(one.id, one.name, one.group)
    return {word: tuple(them.values()) for word, them in found.items()}
