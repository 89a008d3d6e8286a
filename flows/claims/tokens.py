"""A text as tokens and sentences: nothing in it is more than a word, a number or a mark."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST = 2_000
"""Characters of a claim; what is longer is a text, not a claim."""

INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,}")
TOKEN = re.compile(
    r"\d+(?:[.,]\d+)*|(?<![\w.])\.\d+"  # a number
    r"|[^\W\d_]+(?:'[^\W\d_]+)*'?"  # a word
    r"|[%$€£¥]|[-\N{EN DASH}\N{EM DASH},.;:?!&/]|\n"  # a mark
)
SIGNS = tuple(
    (re.compile(sign), word)
    for sign, word in (
        (r"\N{PLUS-MINUS SIGN}|\+/-", "plus or minus"),
        (r"(?<![\w)%])[-\N{MINUS SIGN}](?=\d)|\N{MINUS SIGN}", "minus"),
        (r"(?:\N{GREATER-THAN OR EQUAL TO}|>=)(?=\s*\d)", "at least"),
        (r"(?:\N{LESS-THAN OR EQUAL TO}|<=)(?=\s*\d)", "at most"),
        (r">(?=\s*\d)", "more than"),
        (r"<(?=\s*\d)", "less than"),
        (r"[~\N{ALMOST EQUAL TO}\N{TILDE OPERATOR}](?=\s*\d)", "about"),
        (r"(?<=[\d%])\+(?!\d)", "or more"),
    )
)
"""Signs before a figure, or after it, and the words they stand for."""
ENDS = frozenset({".", ";", "?", "!", "\n"})
EN_DASH, EM_DASH = "\N{EN DASH}", "\N{EM DASH}"
DASHES = frozenset({"-", EN_DASH, EM_DASH})
ABBREVIATED = frozenset({"approx", "ca", "vs", "rep", "dem", "st"})
"""What a full stop does not end a sentence after."""


class Token(NamedTuple):
    """A token: folded for comparison, and as it was written."""

    text: str
    raw: str
    possessive: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits."""
        return self.text.lstrip(".")[:1].isdecimal()


def tokens(text: str) -> list[Token]:
    """Split a text into tokens; whatever is no word, number or mark of a sentence is left out."""
    joined = INITIALS.sub(lambda found: found[0].replace(".", "") + " ", straight(text))
    for sign, word in SIGNS:
        joined = sign.sub(f" {word} ", joined)
    return list(without_hyphens([token(found[0]) for found in TOKEN.finditer(joined)]))


def straight(text: str) -> str:
    """Give a text with straight apostrophes, without accents and width, in its own case."""
    plain = unicodedata.normalize("NFKD", text).replace("\u2019", "'").replace("\u2018", "'")
    return "".join(c for c in plain if not unicodedata.combining(c))


def token(raw: str) -> Token:
    """Make a token; an ending 's, or an apostrophe after s, is kept apart."""
    text = raw.casefold()
    if text.endswith("'s"):
        return Token(text[:-2], raw, possessive=True)
    if text.endswith("'"):
        return Token(text[:-1], raw, possessive=text.endswith("s'"))
    return Token(text, raw)


def without_hyphens(found: Sequence[Token]) -> Iterator[Token]:
    """Leave out hyphens that join words; a dash between words is a comma, between figures stays."""
    for place, one in enumerate(found):
        if one.text not in DASHES:
            yield one
            continue
        around = [*found[max(place - 1, 0) : place], *found[place + 1 : place + 2]]
        if len(around) == 2 and all(other.is_number for other in around):  # noqa: PLR2004
            yield Token("-", one.raw)
        elif one.text != "-":
            yield Token(",", one.raw)


def sentences(found: Sequence[Token]) -> list[list[Token]]:
    """Split tokens into sentences, without the marks that end them."""
    split: list[list[Token]] = [[]]
    for one in found:
        if one.text in ENDS and not (split[-1] and split[-1][-1].text in ABBREVIATED):
            split.append([])
        elif one.text not in ENDS:
            split[-1].append(one)
    return [sentence for sentence in split if sentence]


def key(text: str) -> tuple[str, ...]:
    """Give the tokens of a name, for comparison with those of a text."""
    return tuple(one.text for one in tokens(text) if one.text not in {",", *ENDS, ":", "&", "/"})
