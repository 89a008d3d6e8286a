"""How economies and minerals are spelt: one list, of which each reader of words takes its part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import polars as pl

from flows import warehouse

TABLES = ("country", "country_code", "country_word", "bloc", "mineral")
"""Tables of ref that hold them."""


class Spelling(NamedTuple):
    """A word for an economy or a mineral."""

    word: str
    id: str
    name: str
    """The English name of what it means."""
    group: str
    """Which that is: mineral, bloc, or the kind of ref.country."""
    kind: Literal["id", "name", "letters"]
    """Its id, one of its names, or a code in use that has letters."""


def read(con: warehouse.Connection) -> dict[str, pl.DataFrame]:
    """Read the tables that hold them from a snapshot's file."""
    return {name: warehouse.frame(con, f"ref.{name}") for name in TABLES}


def economies(frames: Mapping[str, pl.DataFrame]) -> Iterator[Spelling]:
    """Yield every spelling of countries and blocs.

    Codes of digits are left out: systems differ in what they mean.
    """
    known = {}
    for iso3, name, group in frames["country"].select("iso3", "name", "kind").rows():
        known[iso3] = (iso3, name, group)
        yield Spelling(iso3, *known[iso3], "id")
        yield Spelling(name, *known[iso3], "name")
    columns = ("system", "code", "iso3", "to_year")
    for system, code, iso3, to_year in frames["country_code"].select(columns).rows():
        if system == "name":
            yield Spelling(code, *known[iso3], "name")
        elif to_year is None and not code.isdecimal():
            yield Spelling(code, *known[iso3], "letters")
    # A list that has one Congo only would have the other's trade under its name.
    listed = set(frames["country_code"].filter(system="name")["code"])
    for word, iso3, kind in frames["country_word"].select("word", "iso3", "kind").rows():
        if kind == "name" and word in listed:
            yield Spelling(word, *known[iso3], "name")
    for bloc, name, aliases in frames["bloc"].select("bloc", "name", "aliases").rows():
        yield Spelling(bloc, bloc, name, "bloc", "id")
        for word in (name, *aliases):
            yield Spelling(word, bloc, name, "bloc", "name")


def minerals(frames: Mapping[str, pl.DataFrame]) -> Iterator[Spelling]:
    """Yield every spelling of minerals."""
    for mineral, name, aliases in frames["mineral"].select("mineral", "name", "aliases").rows():
        yield Spelling(mineral, mineral, name, "mineral", "id")
        for word in (name, *aliases):
            yield Spelling(word, mineral, name, "mineral", "name")
