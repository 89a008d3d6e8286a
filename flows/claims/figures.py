"""The figures of a sentence: percents, fractions and ranges, in digits and in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from flows.claims.grammar import group
from flows.claims.tokens import Token
from flows.claims.words import Words, longest

SHARE, BARE = "share", "bare"
"""Kinds of figure beside those of the units: part of a whole; a number without a unit."""

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
TEENS = ["eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"]
TEENS += ["seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBERS: Mapping[str, int] = (
    {word: value for value, word in enumerate([*ONES, *TEENS])}
    | {word: 20 + 10 * place for place, word in enumerate(TENS)}
    | {"hundred": 100}
)
PARTS: Mapping[str, int] = {
    word + end: value
    for value, names in enumerate(
        (
            ("third",),
            ("quarter", "fourth"),
            ("fifth",),
            ("sixth",),
            ("seventh",),
            ("eighth",),
            ("ninth",),
            ("tenth",),
        ),
        3,
    )
    for word in names
    for end in ("", "s")
} | {"half": 2, "halves": 2}
"""Name of a part of a whole -> how many make it."""
PERCENT = frozenset({"%", "percent", "pct"})
CURRENCIES = frozenset({"$", "€", "£", "¥"})
JOINTS = (("out", "of", "every"), ("in", "every"), ("out", "of"), ("of", "every"), ("in",))
"""Between the parts and their whole: one in three, nine out of every ten."""
WHOLES = frozenset({"2", "3", "4", "5", "6", "7", "8", "9", "10", "20", "100"})
NOT_PARTS = frozenset({"first", "second", "latter", "other"})
"""Before `half`: the second half of a year is no part of a whole."""
LARGEST = 1e15
"""Beyond this a number is no quantity that anybody states."""


@dataclass(frozen=True)
class Figure:
    """A figure: where it stands, what kind it is, and what it says."""

    start: int
    end: int
    """The token after its last."""
    kind: str
    """SHARE, BARE, or a quantity of ref.unit such as mass or duration."""
    text: str = ""
    """The share as it can be given to `--share`: `0.912`, `1/3`."""
    upper: str = ""
    """The upper end of a range, likewise; empty where there is none."""
    is_change: bool = False
    is_earlier: bool = False


def figures(sentence: Sequence[Token], words: Words) -> list[Figure]:
    """Find every figure of a sentence, in order; none overlap."""
    found: list[Figure] = []
    place = 0
    while place < len(sentence):
        one = figure(sentence, place, words)
        if one is None:
            place += 1
            continue
        found.append(one)
        place = one.end
    return found


def figure(sentence: Sequence[Token], start: int, words: Words) -> Figure | None:
    """Read the figure that begins at a token, if one does."""
    if sentence[start].text in CURRENCIES:
        number = number_at(sentence, start + 1)
        return Figure(start, skip_scale(sentence, number[1]), "money") if number else None
    if part := fraction(sentence, start):
        return part
    number = number_at(sentence, start)
    if number is None:
        return None
    value, end = number
    upper = range_end(sentence, start, end)
    after = skip_scale(sentence, upper[1] if upper else end)
    kind, last = unit_at(sentence, after, words)
    if upper and kind == BARE:
        # Two numbers without a unit are no range that says anything.
        upper, (kind, last) = None, unit_at(sentence, skip_scale(sentence, end), words)
    if kind != SHARE:
        return Figure(start, last, kind)
    top = percent(upper[0]) if upper else ""
    return Figure(start, last, SHARE, percent(value), top)


def in_context(one: Figure, sentence: Sequence[Token], start: int) -> Figure:
    """Mark a figure that is a change or an earlier level by what stands beside it.

    `start` is its first token, or that of the word that bounds it.
    """
    before = [token.text for token in sentence[max(start - 3, 0) : start]]
    last = before[-1] if before else ""
    follows = sentence[one.end].text if one.end < len(sentence) else ""
    is_compared = last in {"to", "with"} and before[-2:-1] == ["compared"]
    is_old = last in group("earlier") or is_compared
    if is_old and one.upper and last == "from" and group("moves") & set(before[:-1]):
        return replace(one, text=one.upper, upper="")
    is_moved = last in group("moves") and not (last == "up" and set(before) & group("making"))
    if last == "by":
        is_moved = bool(group("moves") & set(before[:-1]))
    return replace(one, is_change=is_moved or follows in group("changes"), is_earlier=is_old)


def number_at(sentence: Sequence[Token], start: int) -> tuple[str, int] | None:
    """Read a number in digits or words; give it as a decimal, and the token after it."""
    if start >= len(sentence):
        return None
    token = sentence[start]
    if token.is_number:
        value = decimal(token.text)
        return (value, start + 1) if value is not None else None
    if token.text not in NUMBERS:
        return None
    count, end = NUMBERS[token.text], start + 1
    following = sentence[end].text if end < len(sentence) else ""
    if token.text in TENS and following in ONES[1:10]:
        count, end = count + NUMBERS[following], end + 1
    elif following == "hundred":
        count, end = count * NUMBERS[following], end + 1
    return str(count), end


def decimal(text: str) -> str | None:
    """Give a number as a decimal with a point; null where its marks fit no way of writing."""
    if not text.isascii():
        return None
    text = f"0{text}" if text.startswith(".") else text
    whole, _, decimals = text.rpartition(".") if "." in text else (text, "", "")
    groups = (whole or decimals).split(",")
    if len(groups) == 2 and not decimals and 1 <= len(groups[1]) < 3:  # noqa: PLR2004
        whole, decimals = groups[0], groups[1]
    elif all(len(group) == 3 for group in groups[1:]):  # noqa: PLR2004
        whole = "".join(groups)
    else:
        return None
    if not whole.isdecimal() or (decimals and not decimals.isdecimal()):
        return None
    value = f"{whole}.{decimals}" if decimals else whole
    return value if float(value) < LARGEST else None


def range_end(sentence: Sequence[Token], start: int, end: int) -> tuple[str, int] | None:
    """Read the upper end of `between 60 and 70`, `60 to 70`, `60 percent to 70`, `60-70`."""
    before = sentence[start - 1].text if start else ""
    after = end
    if after < len(sentence) and sentence[after].text in PERCENT:
        after += 1
    if after >= len(sentence):
        return None
    joint = sentence[after].text
    is_joined = joint == "and" if before == "between" else joint in {"-", "to"}
    if not is_joined or (before == "from" and after > end):
        return None
    return number_at(sentence, after + 1)


def fraction(sentence: Sequence[Token], start: int) -> Figure | None:
    """Read `a third`, `two thirds`, `half`, `three quarters`, `one in three`, `9 out of 10`."""
    texts = [token.text for token in sentence[start : start + 5]]
    before = sentence[start - 1].text if start else ""
    if texts[0] == "half" and before not in NOT_PARTS:
        return Figure(start, start + 1, SHARE, "1/2")
    if texts[0] in {"a", "the"} and len(texts) > 1 and texts[1] in PARTS:
        is_plain = texts[0] == "a" or texts[1] == "half"
        return Figure(start, start + 2, SHARE, f"1/{PARTS[texts[1]]}") if is_plain else None
    return fraction_of_numbers(sentence, start)


def fraction_of_numbers(sentence: Sequence[Token], start: int) -> Figure | None:
    """Read a fraction that begins with a number: two thirds, 1/3 of, one in three, 9 out of 10."""
    number = number_at(sentence, start)
    if number is None or not number[0].isdecimal() or len(number[0]) > 2:  # noqa: PLR2004
        return None
    count, end = int(number[0]), number[1]
    rest = [token.text for token in sentence[end : end + 3]]
    if rest[:1] == ["/"] and rest[2:] == ["of"] and rest[1] in WHOLES:
        return Figure(start, end + 2, SHARE, f"{count}/{rest[1]}")
    if rest and rest[0] in PARTS:
        return Figure(start, end + 1, SHARE, f"{count}/{PARTS[rest[0]]}")
    for joint in JOINTS:
        if tuple(rest[: len(joint)]) != joint:
            continue
        whole = number_at(sentence, end + len(joint))
        if whole and whole[0] in WHOLES:
            return Figure(start, whole[1], SHARE, f"{count}/{whole[0]}")
    return None


def unit_at(sentence: Sequence[Token], start: int, words: Words) -> tuple[str, int]:
    """Read the unit at a token; give the kind of quantity, and the token after it."""
    if start < len(sentence) and sentence[start].text in PERCENT:
        return SHARE, start + 1
    if [token.text for token in sentence[start : start + 2]] == ["per", "cent"]:
        return SHARE, start + 2
    if length := longest(words.units, sentence, start):
        quantity = words.units[tuple(token.text for token in sentence[start : start + length])]
        return quantity, start + length
    return BARE, start


def skip_scale(sentence: Sequence[Token], start: int) -> int:
    """Give the token after a word such as million."""
    while start < len(sentence) and sentence[start].text in group("scales"):
        start += 1
    return start


def percent(value: str) -> str:
    """Give a percent as a share, digit by digit: 91.2 is 0.912, 90 is 0.90, 5.0 is 0.050."""
    whole, _, decimals = value.partition(".")
    digits = whole.zfill(3)
    return f"{int(digits[:-2])}.{digits[-2:]}{decimals}"


def amount(text: str) -> tuple[float, float] | None:
    """Read a share as `--share` takes it: 0.912, 91.2%, 2/3; give it with half a unit of its digit.

    The last digit is at least a whole percent: 0.9 is read as 90 percent, and a fraction as a
    figure in whole percent.
    """
    plain = text.strip()
    if plain.endswith("%"):
        value = decimal(plain[:-1].strip())
        plain = percent(value) if value else ""
    if not WRITTEN.fullmatch(plain):
        return None
    try:
        share = float(Fraction(plain))
    except ZeroDivisionError:
        return None
    return share, 0.5 * 10.0 ** -max(len(plain.partition(".")[2]), 2)


WRITTEN = re.compile(r"[0-9]{1,4}(\.[0-9]{0,12})?|\.[0-9]{1,12}|[0-9]{1,3}/[0-9]{1,3}")
"""A share as a decimal or a fraction; short, so that nobody has it worked out for hours."""
