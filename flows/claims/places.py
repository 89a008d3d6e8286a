"""Who imports and who supplies, by what stands around a country's name in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows.claims.grammar import group
from flows.claims.tokens import Token
from flows.claims.words import Words, longest

IMPORTER, EXPORTER = "importer", "exporter"

MARKS = frozenset({",", ":", "&", "/"})

FAR = 14
"""Tokens between a subject and its verb."""
NEAR = 5
"""Tokens of the phrase that a possessive opens."""


@dataclass(frozen=True)
class Place:
    """An economy named in a sentence, and the part it plays there."""

    start: int
    end: int
    economies: tuple[str, ...]
    """One, or several where the name means several."""
    opens_phrase: bool
    """Whether it is an adjective or a possessive."""
    is_adjective: bool
    is_subject: bool
    """Whether no preposition stands before it."""
    role: str | None = None


def places(sentence: Sequence[Token], words: Words) -> list[Place]:
    """Find every economy that a sentence names, with its role as far as the sentence tells."""
    found = list(named(sentence, words))
    roles: list[str | None] = [own_role(sentence, found, place) for place in range(len(found))]
    for place in reversed(range(len(found) - 1)):
        if roles[place] is None and is_joined(sentence, found[place], found[place + 1]):
            roles[place] = roles[place + 1]
    for place in range(1, len(found)):
        if roles[place] is None and is_joined(sentence, found[place - 1], found[place]):
            roles[place] = roles[place - 1]
    return remaining([replace(one, role=role) for one, role in zip(found, roles, strict=True)])


def named(sentence: Sequence[Token], words: Words) -> list[Place]:
    """Find the names of economies: capitalised, unless nothing in the sentence is."""
    all_small = not any(token.raw[0].isupper() for token in sentence)
    found, start = [], 0
    while start < len(sentence):
        length = longest(words.places, sentence, start)
        spelt = tuple(token.text for token in sentence[start : start + length])
        last = sentence[start + length - 1] if length else None
        if last is None or not is_name(
            sentence[start : start + length], words, all_small=all_small
        ):
            start += 1
            continue
        is_adjective = spelt in words.adjectives
        opens = is_adjective or last.possessive
        before = sentence[start - 1].text if start else ""
        found.append(
            Place(
                start,
                start + length,
                words.places[spelt],
                opens,
                is_adjective,
                before not in group("prepositions"),
            )
        )
        start += length
    return found


def is_name(spelt: Sequence[Token], words: Words, *, all_small: bool) -> bool:
    """Whether a spelling is written as a name is; initials only in capitals."""
    if tuple(token.text for token in spelt) in words.initials:
        return all(token.raw.removesuffix("'s").isupper() for token in spelt)
    return all_small or any(token.raw[0].isupper() for token in spelt)


def own_role(sentence: Sequence[Token], found: Sequence[Place], place: int) -> str | None:
    """Give the role that a name's own surroundings tell: before it, its phrase, its verb."""
    one = found[place]
    limit = found[place + 1].start if place + 1 < len(found) else len(sentence)
    if role := role_before(sentence, one):
        return role
    if one.opens_phrase:
        return role_of_phrase(sentence, one, limit)
    return role_of_verb(sentence, one, limit)


def role_before(sentence: Sequence[Token], one: Place) -> str | None:
    """Give the role that the preposition before a name tells."""
    texts = [token.text for token in sentence[: one.start]]
    while texts and texts[-1] in group("skipped"):
        texts.pop()
    if not texts:
        return None
    last, second, said = texts[-1], texts[-2] if len(texts) > 1 else "", set(texts)
    leans, of_share = second in group("leaning"), second == "share"
    by_supplier = second in group("by_supplier")
    exporter = {
        "from": True,
        "on": bool((group("leaning") | group("import_verbs")) & said),
        "by": by_supplier,
        "in": second in group("placed"),
        "of": of_share and not one.opens_phrase,
    }
    importer = {
        "by": bool(group("by_importer") & said) and not by_supplier,
        "of": leans and not one.opens_phrase,
        "to": second not in {"compared", "due"} and not one.is_adjective,
        "into": not one.is_adjective,
    }
    if exporter.get(last):
        return EXPORTER
    return IMPORTER if importer.get(last) else None


def role_of_phrase(sentence: Sequence[Token], one: Place, limit: int) -> str | None:
    """Give the role that the phrase of a possessive or an adjective tells: Japan's ... imports."""
    phrase = []
    for token in sentence[one.end : min(limit, one.end + NEAR)]:
        if token.text in group("breaks") | MARKS:
            break
        phrase.append(token.text)
    for text in phrase:
        if text in group("import_heads"):
            return IMPORTER
        if text in group("export_heads"):
            return EXPORTER
        if text in group("supply_heads"):
            return EXPORTER if one.is_adjective else IMPORTER
    # An adjective without a noun says where the goods are from: three quarters were Chinese.
    return EXPORTER if one.is_adjective and not phrase else None


def role_of_verb(sentence: Sequence[Token], one: Place, limit: int) -> str | None:
    """Give the role that the next verb tells, up to the next name."""
    for place in range(one.end, min(limit, one.end + FAR)):
        token = sentence[place]
        follows = sentence[place + 1].text if place + 1 < len(sentence) else ""
        if token.text in group("supply_heads") and follows == "of":
            # A noun, and no verb: China is the main source of.
            return EXPORTER
        if token.text in group("import_verbs"):
            return IMPORTER
        if token.text in group("export_verbs"):
            return EXPORTER
    return None


def is_joined(sentence: Sequence[Token], one: Place, other: Place) -> bool:
    """Whether only `and`, a comma or the like stands between two names."""
    between = [t.text for t in sentence[one.end : other.start] if t.text not in group("skipped")]
    if not between or len(between) > 2 or not set(between) <= group("joints") | MARKS:  # noqa: PLR2004
        return False
    return between != [","] or one.opens_phrase == other.opens_phrase


def remaining(found: Sequence[Place]) -> list[Place]:
    """Give the one role that is left to names that have none."""
    roles = {one.role for one in found} - {None}
    if len(roles) != 1:
        return list(found)
    left = IMPORTER if EXPORTER in roles else EXPORTER
    return [one if one.role else replace(one, role=left) for one in found]


def economies(found: Sequence[Place], role: str | None) -> list[tuple[str, ...]]:
    """Give the economies of a role, each once, in the order of the sentence."""
    return list(dict.fromkeys(one.economies for one in found if one.role == role))
