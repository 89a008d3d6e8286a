"""Why a sentence cannot be taken as one claim: each reason in words, for its reader."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from flows.claims.clause import Clause
from flows.claims.doubts import doubts
from flows.claims.figures import amount
from flows.claims.grammar import group
from flows.claims.materials import materials_of
from flows.claims.places import EXPORTER, IMPORTER
from flows.claims.wholes import of_own_exports, of_the_world
from flows.claims.words import Words


def faults(one: Clause, words: Words) -> Iterator[str]:
    """Say why a sentence cannot be taken as one claim."""
    if one.negations:
        said = ", ".join(one.negations)
        yield f"it negates ({said}), and what is denied may be the figure or the fact"
    if one.says("unreal"):
        yield "it speaks of what may be or shall be, not of what is"
    if says_of_a_firm(one):
        yield "its figure may be a firm's, and trade data know only countries"
    yield from faults_of_figures(one)
    yield from faults_of_minerals(one, words)
    yield from faults_of_places(one, words)
    yield from faults_of_years(one)
    yield from doubts(one, words)


def faults_of_minerals(one: Clause, words: Words) -> Iterator[str]:
    """Say why it is not plain what is traded."""
    minerals = list(dict.fromkeys(material.mineral for material in one.materials))
    if not minerals:
        yield "it names no mineral that is known (`orewatch query 'FROM ref.mineral'` lists them)"
    if len(minerals) > 1:
        yield f"it names several minerals ({', '.join(words.name(m) for m in minerals)})"
    if says_more_than(one):
        yield "it joins the mineral with something else"
    if len(minerals) == 1 and len(materials_of(one.materials)) > 1:
        yield "it names several forms of the mineral"


def faults_of_years(one: Clause) -> Iterator[str]:
    """Say why it is not plain when."""
    if len(one.years) > 1:
        yield f"it names more than one year ({', '.join(str(year) for year in one.years)})"
    if one.is_span:
        yield "it names a span of years: name one year"
    if one.is_relative and not one.years:
        yield "its year depends on the day it is read: name the year"


def faults_of_figures(one: Clause) -> Iterator[str]:
    """Say why the figures of a sentence are no levels of a share that is computed here."""
    stated = [said.figure for said in one.stated if said.figure]
    if one.economies(IMPORTER) and any(of_own_exports(one, said) for said in one.stated):
        yield "its share may be of the supplier's own exports; only shares of imports are computed"
    if one.economies(IMPORTER) and any(of_the_world(one, said) for said in one.stated):
        yield "its share is of the world's, and not of the importer's imports"
    if any(figure.is_change for figure in stated):
        yield "its figure is a change, and only a level can be checked"
    elif any(figure.is_earlier for figure in stated):
        yield "its only figure is an earlier one, to compare with"
    if any((amount(figure.upper or figure.text) or (0.0,))[0] > 1 for figure in stated):
        yield "its figure is more than the whole, which no share is"


def faults_of_places(one: Clause, words: Words) -> Iterator[str]:
    """Say why it is not plain who imports and who supplies."""
    for role, name in ((IMPORTER, "importer"), (EXPORTER, "supplier")):
        found = one.economies(role)
        if len(found) > 1:
            yield f"it may mean more than one {name} ({', '.join(map(words.spelt, found))})"
        for meant in found:
            if len(meant) > 1:
                yield f"one name means several countries: {words.spelt(meant)}"
    if unclear := one.economies(None):
        yield (
            "it does not say who is the importer and who the supplier "
            f"({', '.join(map(words.spelt, unclear))})"
        )
    elif not one.economies(EXPORTER):
        yield "it names no supplier"
    elif not one.economies(IMPORTER) and not one.says_of_whom:
        yield "it does not say whose trade the share is of: an importer's, or the world's"
    both = set(one.economies(IMPORTER)) & set(one.economies(EXPORTER))
    if both:
        yield f"{words.spelt(both.pop())} is both importer and supplier in it"


def says_of_a_firm(one: Clause) -> bool:
    """Whether a sentence names a firm: firms like, companies such as."""
    texts = [token.text for token in one.tokens]
    return any(a in group("firms") and b in group("naming") for a, b in pairwise(texts))


def says_more_than(one: Clause) -> bool:
    """Whether a mineral is joined with a thing that is not known: oil and rare earths."""
    texts = [token.text for token in one.tokens]
    spans = [(material.start, material.end) for material in one.materials]
    spans += [(place.start, place.end) for place in one.places]
    spans += [(stated.start, stated.end) for stated in one.stated]
    known = {place for start, end in spans for place in range(start, end)}
    for material in one.materials:
        before, thing = texts[material.start - 1 : material.start], material.start - 2
        if before in (["and"], ["or"]) and thing >= 0 and thing not in known:
            return True
        if texts[material.end : material.end + 2] in (["and", "other"], ["or", "other"]):
            return True
    return False
