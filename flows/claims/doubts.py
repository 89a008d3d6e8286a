"""What makes a sentence say another thing than its words add up to: denials, exceptions, parts.

Each reason here stood in a sentence that was read with confidence, and wrongly.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from flows.claims.clause import Clause, is_year
from flows.claims.figures import BARE, NUMBERS
from flows.claims.grammar import group
from flows.claims.places import IMPORTER, MARKS
from flows.claims.words import Words, singular

NEAR = 4
"""Tokens before a figure within which a further number is a part of what is stated."""
COMPOSED = frozenset({"is", "are", "was", "were", "with", "contain", "contains", "containing"})
"""Before a figure and a mineral: what is made of it to that part."""
LONGEST_WHOLE = 9
"""Tokens that may say what a share is of."""
HALVES = frozenset({"half", "quarter"})


def doubts(one: Clause, words: Words) -> Iterator[str]:
    """Say what makes the plain reading of a sentence doubtful."""
    texts = [token.text for token in one.tokens]
    if said := sorted(set(texts) & group("denials")):
        yield f"it says that something is not so ({', '.join(said)})"
    if excepts(one):
        yield "it may speak of all but a country or a part"
    if said := sorted(set(texts) & group("other_shares")):
        yield f"its figure may be of another thing than trade ({', '.join(said)})"
    if thing := of_what_else(one):
        yield f"its share is of something else ({thing})"
    if is_held_abroad(one):
        yield "its share may be of what the other country itself has or makes"
    if is_import_reliance(texts):
        yield "its figure may be the reliance on all imports, whoever supplies them"
    yield from doubts_of_figures(one)
    yield from doubts_of_what(one, words)
    yield from doubts_of_names(one)
    yield from doubts_of_time(one)


def doubts_of_figures(one: Clause) -> Iterator[str]:
    """Say what more is stated beside a figure than the figure."""
    texts = [token.text for token in one.tokens]
    for stated in one.stated:
        if stated.figure is None:
            continue
        start = stated.figure.start
        if texts[start - 1 : start] == ["minus"]:
            yield "its figure has a minus or a margin before it"
        elif any(
            other.kind == BARE
            and start - NEAR <= other.start < start
            and not is_year(texts[other.start])
            and (one.tokens[other.start].is_number or texts[other.start] in NUMBERS)
            and texts[other.start] != "one"
            for other in one.others
        ):
            yield "another number stands right before its figure"
        is_compared = stated.word is not None and stated.word.kind in {"above", "below"}
        if is_compared and stated.end > stated.figure.end and texts[stated.figure.end] != "or":
            yield "its figure is a change, and only a level can be checked"
        before = texts[max(stated.start - 2, 0) : stated.start]
        if said := [text for text in before if text in group("hedges")]:
            yield f"what {said[0]!r} makes of its figure is not declared"


def doubts_of_what(one: Clause, words: Words) -> Iterator[str]:
    """Say where the mineral's name is a part of another thing's, or the whole is another."""
    texts = [token.text for token in one.tokens]
    for material in one.materials:
        telling = {w for form in words.forms.get(material.mineral, ()) for w in form.tokens}
        end = material.end
        while end < len(texts) and singular(texts[end]) in telling | words.stages:
            end += 1
        before = texts[material.start - 1] if material.start else ""
        if end < len(texts) and singular(texts[end]) in group("products"):
            yield f"it names a thing made of the mineral, which has no code here ({texts[end]})"
        if before in group("kinds") - telling:
            yield f"it names a kind of the mineral that has no code here ({before})"
    if is_composition(one):
        yield "its share may be of all goods, of which the mineral is a part"


def doubts_of_names(one: Clause) -> Iterator[str]:
    """Say where the name of a country is a part of another name, or a firm's may be meant."""
    spans = [(named.start, named.end) for named in one.places]
    taken = {at for start, end in spans for at in range(start, end)}
    taken |= {at for named in one.materials for at in range(named.start, named.end)}
    for start, end in spans:
        before = one.tokens[start - 1].raw if start else ""
        after = one.tokens[end].raw if end < len(one.tokens) else ""
        is_part = before.casefold() in group("name_starts") and before[0].isupper()
        if is_part or (after.casefold() in group("name_ends") and after[0].isupper()):
            yield "the name of a country may be a part of another name"
    if all(token.raw[0].isupper() for token in one.tokens if token.raw[0].isalpha()):
        return
    verbs = group("import_verbs") | group("export_verbs")
    for place, token in enumerate(one.tokens[:-1]):
        is_name = token.raw[0].isupper() and token.text not in group("pronouns")
        is_common = any(token.text in group(name) for name in ("import_heads", "export_heads"))
        if is_name and not is_common and place not in taken:
            follows = one.tokens[place + 1]
            if follows.text in verbs and follows.raw[0].islower():
                yield f"{token.raw} may be a firm or a region, and trade data know only countries"


def doubts_of_time(one: Clause) -> Iterator[str]:
    """Say where a sentence speaks of a part of a year, of a document's year or of long ago."""
    texts = [token.text for token in one.tokens]
    for place, text in enumerate(texts):
        following = texts[place + 1 : place + 4]
        is_month = text in group("months") and any(is_year(other) for other in following)
        is_part = text in HALVES and texts[place - 1 : place] in (["first"], ["second"])
        if is_month or is_part or text in group("parts_of_year"):
            yield "it names a part of a year or a fiscal year; only calendar years are computed"
            break
    if any(
        is_year(text) and group("documents") & set(texts[place + 1 : place + 6])
        for place, text in enumerate(texts)
    ):
        yield "its year may be that of a document or an act: name the year of the trade"
    for other in one.others:
        said, before = texts[other.start], texts[other.start - 1 : other.start]
        is_number = other.kind == BARE and one.tokens[other.start].is_number
        if is_number and before == ["in"] and not is_year(said):
            yield f"{said} may be a year that no data reach: name it in four digits"
    is_former = bool(group("former") & set(texts)) or ("used", "to") in pairwise(texts)
    if is_former and not one.years:
        yield "it speaks of an earlier time or of several years: name the year"


def excepts(one: Clause) -> bool:
    """Whether a country or a figure is what a sentence leaves out: outside China, all but."""
    texts = [token.text for token in one.tokens]
    starts = {place.start for place in one.places} | {stated.start for stated in one.stated}
    for start in starts:
        before = texts[max(start - 2, 0) : start]
        if group("exceptions") & set(before[-1:]):
            return True
        if before in (["apart", "from"], ["aside", "from"], ["other", "than"], ["except", "for"]):
            return True
        if before[1:] == ["but"] and before[0] in group("everything"):
            return True
    return False


def of_what_else(one: Clause) -> str:
    """Give what a share is of, where that is neither the mineral nor trade in it; else nothing."""
    known = {"import_heads", "export_heads", "supply_heads", "mass", "mass_units", "value", "total"}
    known |= {"spending", "world", "market", "production", "wholes"}
    starts = {material.start for material in one.materials}
    for stated in one.stated:
        if stated.figure is None or [t.text for t in one.tokens[stated.end :]][:1] != ["of"]:
            continue
        phrase: list[str] = []
        for place in range(stated.end + 1, min(stated.end + LONGEST_WHOLE, len(one.tokens))):
            text = one.tokens[place].text
            is_known = text != "import" and any(text in group(name) for name in known)
            if place in starts or is_known:
                phrase = []
                break
            ends = group("ends_of_whole") | group("breaks") | group("import_verbs") | MARKS
            if text in (ends - {"of"}) or (phrase and text in group("export_verbs")):
                break
            phrase.append(one.tokens[place].raw)
        if set(map(str.casefold, phrase)) - {"the", "its", "their", "all"}:
            return " ".join(phrase)
    return ""


def is_held_abroad(one: Clause) -> bool:
    """Whether somebody holds a part of what another country has: controls 80 percent of its."""
    texts = [token.text for token in one.tokens]
    if not group("holding") & set(texts) or group("import_heads") & set(texts):
        return False
    return any(
        place.role == IMPORTER
        and place.opens_phrase
        and texts[stated.end : stated.end + 1] == ["of"]
        and place.start in {stated.end + 1, stated.end + 2}
        and group("holding") & set(texts[max(stated.start - 2, 0) : stated.start])
        for place in one.places
        for stated in one.stated
    )


def is_import_reliance(texts: list[str]) -> bool:
    """Whether a sentence speaks of imports from anywhere: relies on imports for 90 percent."""
    return any(
        texts[place : place + 3] == ["on", "imports", "for"]
        or texts[place : place + 2] == ["import", "reliance"]
        for place in range(len(texts))
    )


def is_composition(one: Clause) -> bool:
    """Whether the mineral is a part of all imports: 65 percent of Japan's imports are gallium."""
    texts = [token.text for token in one.tokens]
    for stated in one.stated:
        if stated.figure is None:
            continue
        before, rest = texts[: stated.start], texts[stated.end :]
        starts = {material.start for material in one.materials}
        if stated.end in starts and COMPOSED & set(before[-2:]):
            return True
        of_what = rest[1:6] if rest[:1] == ["of"] else []
        if not {"import", "imports"} & set(of_what):
            continue
        named = [start for start in starts if start >= stated.end]
        if named and {"is", "are", "was", "were"} & set(texts[stated.end : named[0]]):
            return True
        makes = bool(group("making") & set(before[-3:]))
        if makes and not named and any(m.end >= stated.start - 3 for m in one.materials):
            return True
    return False
