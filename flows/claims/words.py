"""The words a claim may be written in: names and aliases of the facts, as a snapshot holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows import publish, warehouse
from flows.claims.ask import check_tables
from flows.claims.tokens import Token, key
from flows.spellings import economies, minerals

Key = tuple[str, ...]


@dataclass(frozen=True)
class ClaimWord:
    """A row of ref.claim_word."""

    word: str
    kind: str
    threshold: float | None = None
    hhi: float | None = None
    rank: int | None = None
    strict: bool = False
    allowance: float | None = None


@dataclass(frozen=True)
class Form:
    """A traded form of a mineral, with the codes that carry it."""

    mineral: str
    form: str
    stage: str
    tier: int
    headline: bool
    tokens: frozenset[str]
    hs6: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """All that a text is compared with; every key is the tokens of a spelling."""

    places: Mapping[Key, tuple[str, ...]]
    """Spelling -> economies it may mean: one, or several where it is ambiguous."""
    adjectives: frozenset[Key]
    initials: frozenset[Key]
    minerals: Mapping[Key, str]
    forms: Mapping[str, tuple[Form, ...]]
    claim_words: Mapping[Key, ClaimWord]
    units: Mapping[Key, str]
    """Spelling -> the kind of quantity."""
    names: Mapping[str, str]
    """Economy or mineral -> its name."""
    stages: frozenset[str]
    economies: frozenset[str]

    def name(self, code: str | None) -> str:
        """Give the name of an economy or mineral; the code itself where it has none."""
        return self.names.get(code or "", code or "the world")

    def spelt(self, meant: Sequence[str]) -> str:
        """Give the names of what a spelling may mean."""
        return " or ".join(self.name(code) for code in meant)


NEEDED = (
    "country",
    "country_code",
    "country_word",
    "bloc",
    "mineral",
    "form",
    "form_code",
    "specificity",
    "stage",
    "unit",
    "claim_word",
)
"""Tables of ref that hold the words."""

LEAST = 9
"""Tier of what is never summed."""


def words_of(snapshot: Path) -> Words:
    """Read the words from a snapshot.

    Raises:
        ClaimError: an older version made the snapshot, and some of the tables are not in it.

    """
    names = [f"ref.{name}" for name in NEEDED]
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        check_tables(con, names)
        return words_from({name: warehouse.frame(con, f"ref.{name}") for name in NEEDED})


def words_from(frames: Mapping[str, pl.DataFrame]) -> Words:
    """Make the words from frames of the tables in NEEDED."""
    places, adjectives, initials = place_words(frames)
    names = {one.id: one.name for one in economies(frames)}
    names |= {one.id: one.name[:1].lower() + one.name[1:] for one in minerals(frames)}
    return Words(
        places=places,
        adjectives=adjectives,
        initials=initials,
        minerals={key(one.word.replace("_", " ")): one.id for one in minerals(frames)},
        forms=forms(frames),
        claim_words=claim_words(frames["claim_word"]),
        units={
            key(spelling): row["quantity"]
            for row in frames["unit"].iter_rows(named=True)
            for spelling in (*row["aliases"], row["unit"])
            if key(spelling)
        },
        names=names,
        stages=frozenset(frames["stage"]["stage"]),
        economies=frozenset(frames["country"]["iso3"]) | frozenset(frames["bloc"]["bloc"]),
    )


def place_words(
    frames: Mapping[str, pl.DataFrame],
) -> tuple[dict[Key, tuple[str, ...]], frozenset[Key], frozenset[Key]]:
    """Give the spellings of economies, those that are adjectives, and those that are initials."""
    found: dict[Key, set[str]] = {}
    kinds: dict[str, set[Key]] = {"adjective": set(), "initials": set()}
    for spelling, economy, kind in spellings(frames):
        if "," in spelling or not (words := key(spelling)):
            continue
        found.setdefault(words, set()).add(economy)
        kinds.setdefault(kind, set()).add(words)
    plural = {words: tuple(sorted(meant)) for words, meant in found.items()}
    return plural, frozenset(kinds["adjective"]), frozenset(kinds["initials"])


def spellings(frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, str, str]]:
    """Yield spelling, economy and kind of every name; areas that are no country have none."""
    for one in economies(frames):
        if one.group == "bloc" or (one.group == "country" and one.kind == "name"):
            yield one.word.replace("_", " "), one.id, "name"
    yield from frames["country_word"].select("word", "iso3", "kind").iter_rows()


def forms(frames: Mapping[str, pl.DataFrame]) -> dict[str, tuple[Form, ...]]:
    """Give the forms of each mineral, with the words that tell them apart."""
    tiers = dict(frames["specificity"].select("specificity", "tier").iter_rows())
    codes: dict[tuple[str, str], set[str]] = {}
    for mineral, form, hs6 in frames["form_code"].select("mineral", "form", "hs6").iter_rows():
        codes.setdefault((mineral, form), set()).add(hs6)
    made: dict[str, list[Form]] = {}
    for row in frames["form"].iter_rows(named=True):
        mineral, form = row["mineral"], row["form"]
        spelt = f"{row['name']} {form.replace('_', ' ')}"
        own = {singular(word) for word in key(mineral.replace("_", " "))}
        made.setdefault(mineral, []).append(
            Form(
                mineral,
                form,
                row["stage"],
                tiers.get(row["specificity"]) or LEAST,
                row["headline"],
                frozenset(map(singular, key(spelt))) - own - PLAIN,
                tuple(sorted(codes.get((mineral, form), ()))),
            )
        )
    return {mineral: tuple(rows) for mineral, rows in made.items()}


PLAIN = frozenset(
    {"all", "and", "at", "basket", "form", "forms", "in", "least", "made", "mixed", "not", "of"}
    | {"or", "other", "percent", "than", "the", "to", "with"}
)
"""Words of the forms' names that tell nothing apart."""


def claim_words(frame: pl.DataFrame) -> dict[Key, ClaimWord]:
    """Give each declared word under all of its spellings."""
    columns = list(ClaimWord.__dataclass_fields__)
    found: dict[Key, ClaimWord] = {}
    for row in frame.iter_rows(named=True):
        declared = ClaimWord(**{name: row[name] for name in columns})
        for spelling in (row["word"], *row["aliases"]):
            found[key(spelling)] = declared
    return found


def singular(word: str) -> str:
    """Give a word without the ending of its plural, as far as the names of forms need it."""
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def longest(table: Mapping[Key, Any], sentence: Sequence[Token], start: int) -> int:
    """Give how many tokens from `start` on are a key of the table: the most; 0 where none are."""
    most = min(MOST_TOKENS, len(sentence) - start)
    for length in range(most, 0, -1):
        if tuple(one.text for one in sentence[start : start + length]) in table:
            return length
    return 0


MOST_TOKENS = 9
"""Tokens of the longest spelling that is looked for."""
