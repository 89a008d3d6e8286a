"""Which mineral a sentence speaks of, and which form of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from flows.claims.grammar import group
from flows.claims.tokens import Token
from flows.claims.words import Form, Words, longest, singular

AFTER, BEFORE = 3, 2
"""Tokens around a mineral's name that may tell its form."""


@dataclass(frozen=True)
class Material:
    """A mineral named in a sentence, with the codes or the stage of the form that is named."""

    start: int
    end: int
    mineral: str
    hs6: tuple[str, ...] = ()
    """Empty: the mineral's own."""
    stage: str | None = None
    forms: tuple[str, ...] = ()


def materials(sentence: Sequence[Token], words: Words) -> list[Material]:
    """Find every mineral that a sentence names, the longest spelling first."""
    found, start = [], 0
    while start < len(sentence):
        length = longest(words.minerals, sentence, start)
        if not length:
            start += 1
            continue
        spelt = tuple(token.text for token in sentence[start : start + length])
        found.append(with_form(sentence, start, start + length, words.minerals[spelt], words))
        start += length
    return found


def with_form(
    sentence: Sequence[Token], start: int, end: int, mineral: str, words: Words
) -> Material:
    """Give the mineral at these tokens with the form that they and their neighbours name.

    A word of a stage within the mineral's own name (rare earth metals) is a part of the name.
    """
    known = words.forms.get(mineral, ())
    telling = frozenset[str]().union(*(form.tokens for form in known))
    within = {singular(token.text) for token in sentence[start:end]} - words.stages
    said = within | around(sentence, start, end, telling | words.stages)
    best = chosen(known, said - words.stages)
    if not best:
        return of_stage(Material(start, end, mineral), known, said & words.stages)
    if {form.form for form in best} >= {form.form for form in known if form.headline}:
        return Material(start, end, mineral)
    codes = tuple(sorted({code for form in best for code in form.hs6}))
    return Material(start, end, mineral, codes, None, tuple(form.form for form in best))


def around(sentence: Sequence[Token], start: int, end: int, telling: frozenset[str]) -> set[str]:
    """Give the words next to a mineral's name that tell a form, as far as they follow closely."""
    said: set[str] = set()
    for place in range(end, min(end + AFTER, len(sentence))):
        text = singular(sentence[place].text)
        if text in telling:
            said.add(text)
        elif not joins(sentence, place, telling):
            break
    for token in reversed(sentence[max(start - BEFORE, 0) : start]):
        if singular(token.text) not in telling:
            break
        said.add(singular(token.text))
    return said


def joins(sentence: Sequence[Token], place: int, telling: frozenset[str]) -> bool:
    """Whether a token joins two words that tell forms: compounds and metals."""
    following = sentence[place + 1].text if place + 1 < len(sentence) else ""
    return sentence[place].text in group("joints") and singular(following) in telling


def chosen(known: Sequence[Form], said: set[str]) -> list[Form]:
    """Give the forms that share most words with what was said; of these the cleanest."""
    scores = {form: len(form.tokens & said) for form in known}
    most = max(scores.values(), default=0)
    if not most:
        return []
    best = [form for form, score in scores.items() if score == most]
    cleanest = min(form.tier for form in best)
    return [form for form in best if form.tier == cleanest]


def of_stage(bare: Material, known: Sequence[Form], stages: set[str]) -> Material:
    """Give the mineral at the one stage that was said: by its code where it has a single form."""
    at = [form for form in known if form.stage in stages]
    if len(stages) != 1 or not at:
        return bare
    if len(at) == 1:
        return Material(bare.start, bare.end, bare.mineral, at[0].hs6, None, (at[0].form,))
    return Material(bare.start, bare.end, bare.mineral, stage=next(iter(stages)))


def materials_of(found: Iterable[Material]) -> list[Material]:
    """Give the different materials of a sentence; a bare name says nothing beside its form."""
    bare = {m.mineral: replace(m, start=0, end=0) for m in found if not (m.hs6 or m.stage)}
    formed = [replace(m, start=0, end=0) for m in found if m.hs6 or m.stage]
    minerals = {material.mineral for material in formed}
    left = [material for mineral, material in bare.items() if mineral not in minerals]
    return list(dict.fromkeys([*formed, *left]))
