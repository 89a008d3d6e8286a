"""A sentence taken apart: its figures, the words that bound them, who, what, when and by what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flows.claims.asked import FIRST_YEAR, LAST_YEAR
from flows.claims.figures import BARE, SHARE, Figure, figures, in_context
from flows.claims.grammar import group
from flows.claims.materials import Material, materials
from flows.claims.places import EXPORTER, IMPORTER, Place, economies, places
from flows.claims.tokens import Token
from flows.claims.words import MOST_TOKENS, ClaimWord, Words, longest

STANDALONE = frozenset({"threshold", "rank"})
"""Kinds of word that stand for a figure; the others bound one."""
NEAR = 5
"""Tokens after an earlier figure within which a year is that figure's."""


@dataclass(frozen=True)
class Stated:
    """What is claimed: a figure with the word that bounds it, or a word that stands for one."""

    figure: Figure | None
    word: ClaimWord | None
    start: int
    end: int


@dataclass(frozen=True)
class Clause:
    """One sentence, taken apart."""

    tokens: tuple[Token, ...]
    stated: tuple[Stated, ...]
    others: tuple[Figure, ...]
    """Figures that are no shares, and those of years or without a unit."""
    places: tuple[Place, ...]
    materials: tuple[Material, ...]
    years: tuple[int, ...]
    is_relative: bool
    is_span: bool
    """Whether a year opens or ends a span: since 2015, in the 2010s."""
    basis: str | None
    negations: tuple[str, ...]

    def economies(self, role: str | None) -> list[tuple[str, ...]]:
        """Give the economies of a role, each once; of no role those that have none elsewhere."""
        found = economies(self.places, role)
        if role is not None:
            return found
        known = {*self.economies(IMPORTER), *self.economies(EXPORTER)}
        return [meant for meant in found if meant not in known]

    @property
    def says_of_whom(self) -> bool:
        """Whether a share without an importer is said to be of the world's trade or output."""
        return any(self.says(name) for name in ("world", "total", "production", "market"))

    def says(self, name: str) -> bool:
        """Whether the sentence holds a word of a group of the grammar."""
        return any(token.text in group(name) for token in self.tokens)


def clause(sentence: Sequence[Token], words: Words) -> Clause:
    """Take a sentence apart."""
    found = figures(sentence, words)
    bounded = [bound(one, sentence, words) for one in found if one.kind == SHARE]
    # Behind "up from" or "compared with" stands what the figure was elsewhere or before.
    now = [one for one in bounded if not (one.figure and one.figure.is_earlier)]
    stated = now or bounded
    taken = {place for one in bounded for place in range(one.start, one.end)}
    earlier = [one for one in bounded if one not in stated]
    named = materials(sentence, words)
    of_names = {place for one in named for place in range(one.start, one.end)}
    alone = list(standalone(sentence, words, taken | of_names))
    covered = taken | {place for one in alone for place in range(one.start, one.end)}
    return Clause(
        tuple(sentence),
        tuple(stated or alone),
        tuple(one for one in found if one.kind != SHARE),
        tuple(places(sentence, words)),
        tuple(named),
        tuple(years(sentence, found, earlier)),
        is_relative(sentence),
        is_span(sentence),
        basis(sentence, found),
        tuple(negations(sentence, covered)),
    )


def bound(one: Figure, sentence: Sequence[Token], words: Words) -> Stated:
    """Give a figure with the word right before it, or right after it."""
    texts = [token.text for token in sentence]
    for length in range(min(MOST_TOKENS, one.start), 0, -1):
        word = words.claim_words.get(tuple(texts[one.start - length : one.start]))
        if word and word.kind not in STANDALONE:
            start = one.start - length
            return Stated(in_context(one, sentence, start), word, start, one.end)
    context = in_context(one, sentence, one.start)
    length = longest(words.claim_words, sentence, one.end)
    word = words.claim_words.get(tuple(texts[one.end : one.end + length]))
    if word and word.kind not in STANDALONE:
        return Stated(context, word, one.start, one.end + length)
    return Stated(context, None, one.start, one.end)


def standalone(sentence: Sequence[Token], words: Words, taken: set[int]) -> Iterator[Stated]:
    """Find the words that stand for a figure, apart from what a figure's own words cover."""
    start = 0
    while start < len(sentence):
        length = longest(words.claim_words, sentence, start)
        spelt = tuple(token.text for token in sentence[start : start + length])
        word = words.claim_words.get(spelt)
        is_other_rank = start > 0 and sentence[start - 1].text in group("ordinals")
        is_free = not is_other_rank and not taken & set(range(start, start + length))
        if word and word.kind in STANDALONE and is_free:
            yield Stated(None, word, start, start + length)
        start += max(length, 1)


def years(
    sentence: Sequence[Token], found: Sequence[Figure], earlier: Sequence[Stated]
) -> list[int]:
    """Find the years that a sentence names, each once, without those of earlier figures."""
    theirs = {one.end + far for one in earlier for far in range(NEAR)}
    bare = [one for one in found if one.kind == BARE]
    said = []
    for one in bare:
        text = sentence[one.start].text
        if is_year(text) and one.start not in theirs:
            said.append(int(text))
    return list(dict.fromkeys(said))


def is_year(text: str) -> bool:
    """Whether a token is written as a year is."""
    is_written = len(text) == 4 and text.isascii() and text.isdecimal()  # noqa: PLR2004
    return is_written and FIRST_YEAR <= int(text) <= LAST_YEAR


def is_relative(sentence: Sequence[Token]) -> bool:
    """Whether a sentence names a time by the day of reading: last year, days ago."""
    texts = [token.text for token in sentence]
    pairs = pairwise(texts)
    periods = group("relative_periods")
    return "ago" in texts or any(a in group("relative") and b in periods for a, b in pairs)


def is_span(sentence: Sequence[Token]) -> bool:
    """Whether a year opens or ends a span of years."""
    texts = [token.text for token in sentence]
    return any(
        group("spans") & set(texts[max(place - 2, 0) : place])
        or texts[max(place - 1, 0) : place] in (["from"], ["to"])
        or texts[place + 1 : place + 2] == ["s"]
        or (texts[place + 1 : place + 2] in (["-"], ["/"]) and sentence[place + 2 : place + 3])
        for place, text in enumerate(texts)
        if is_year(text)
    )


def basis(sentence: Sequence[Token], found: Sequence[Figure]) -> str | None:
    """Give the basis that is named: by weight, in tonnes, by value; null for none or both."""
    quantities = {place for one in found for place in range(one.start, one.end)}
    said = set()
    for place, token in enumerate(sentence):
        before = sentence[place - 1].text if place else ""
        is_measured = before in group("measured")
        if token.text in group("mass_units") and place not in quantities:
            said.add("mass")
        if token.text in group("mass") and is_measured:
            said.add("mass")
        if (token.text in group("value") and is_measured) or token.text in group("spending"):
            said.add("value")
    return said.pop() if len(said) == 1 else None


def negations(sentence: Sequence[Token], covered: set[int]) -> Iterator[str]:
    """Yield the words that negate a sentence, apart from those within a bound (no more than)."""
    for place, token in enumerate(sentence):
        if place not in covered and (token.text in group("negations") or token.text[-3:] == "n't"):
            yield token.text
