"""What was bought and where: a mineral by name or customs code, a country by name or letters.

What not to assume: a spreadsheet takes a code for a number, and loses a zero before it or behind
its point; a national code has more digits than the six that countries share; one code may hold
several minerals, and then only the material's name tells which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from flows.facts import fold
from flows.purchases.lists import Code, Lists

SIX = 6
LONGEST = 13
"""Digits of the longest national code."""
DECIMAL = re.compile(r"(?P<heading>\d{3,4})\.(?P<rest>\d{1,2})")
WHOLE = re.compile(r"(?P<digits>\d{4,})\.0+")
BETWEEN = re.compile(r"[\s\u00a0\u202f.\-/]+")
PREFIX = re.compile(r"(hs|hts|cn|taric|code|no)[\s.:]*", re.IGNORECASE)


@dataclass(frozen=True)
class Bought:
    """What a row is about, or why that is not known."""

    mineral: str | None = None
    hs6: str | None = None
    form: str | None = None
    stage: str | None = None
    """Stage of the form; null where only the mineral is known."""
    problem: str | None = None
    detail: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class From:
    """Which country a row is about, or why that is not known."""

    iso3: str | None = None
    name: str | None = None
    problem: str | None = None
    detail: str = ""


def bought(material: str | None, code: str | None, lists: Lists) -> Bought:
    """Say which mineral a row is about, by its material, its code, or both."""
    named = by_name(material, lists)
    if code is None:
        return named
    hs6, notes = six_digits(code)
    if hs6 is None and named.mineral:
        return replace(named, notes=(*named.notes, f"code {code!r} has no six digits"))
    if hs6 is None:
        return Bought(problem="code_invalid", detail=code)
    holds = lists.codes.get(hs6, ())
    if named.mineral:
        return of_both(named, hs6, holds, notes, lists)
    return by_code(hs6, holds, notes, lists)


def of_both(
    named: Bought, hs6: str, holds: tuple[Code, ...], notes: tuple[str, ...], lists: Lists
) -> Bought:
    """Put together what material and code say; a code of other minerals only contradicts it."""
    own = next((one for one in holds if one.mineral == named.mineral), None)
    notes = (*named.notes, *notes)
    if own:
        return of_code(own, hs6, notes, lists)
    others = {one.mineral for one in holds} | lists.measured.get(hs6, frozenset())
    if others and named.mineral not in others:
        words = f"{named.mineral}, but {hs6} is of {', '.join(sorted(others))}"
        return Bought(hs6=hs6, problem="material_and_code_differ", detail=words, notes=notes)
    return replace(named, hs6=hs6, notes=(*notes, f"code {hs6} is not tracked for the material"))


def by_code(hs6: str, holds: tuple[Code, ...], notes: tuple[str, ...], lists: Lists) -> Bought:
    """Say which mineral a code is; one that is clean for one of them alone is that one's."""
    clean = [one for one in holds if one.is_clean]
    if not holds:
        return Bought(hs6=hs6, problem="code_unknown", detail=hs6, notes=notes)
    if len(holds) > 1 and len(clean) != 1:
        words = f"{hs6} holds {', '.join(sorted(one.mineral for one in holds))}"
        return Bought(hs6=hs6, problem="code_ambiguous", detail=words, notes=notes)
    one = clean[0] if clean else holds[0]
    others = sorted(other.mineral for other in holds if other is not one)
    if others:
        notes = (*notes, f"{hs6} is {one.specificity} for {one.mineral}; {', '.join(others)} too")
    return of_code(one, hs6, notes, lists)


def of_code(one: Code, hs6: str, notes: tuple[str, ...], lists: Lists) -> Bought:
    """Give what a code of a mineral says, and what to know of it."""
    if not one.is_clean:
        notes = (*notes, f"{hs6} is only a {one.specificity} code of {one.mineral}")
    if one.hs_revision != lists.newest_revision:
        name = lists.revision_names[one.hs_revision]
        notes = (*notes, f"{hs6} is a code of {name}, which later revisions lack")
    return Bought(one.mineral, hs6, one.form, one.stage, notes=notes)


def by_name(text: str | None, lists: Lists) -> Bought:
    """Say which mineral a material is: by its whole name, or the one name that it holds.

    A name beside a hyphen does not count: what is cobalt-free holds no cobalt.
    """
    if text is None:
        return Bought(problem="material_missing")
    word = fold(text)
    if mineral := lists.minerals.get(word):
        return Bought(mineral)
    held = {mineral for _, mineral in names_within(word, lists)}
    if len(held) > 1:
        words = f"{text!r} names {', '.join(sorted(held))}"
        return Bought(problem="material_ambiguous", detail=words)
    if not held:
        return Bought(problem="material_unknown", detail=text)
    mineral = held.pop()
    return Bought(mineral, notes=(f"{text!r} is read as {mineral}",))


def names_within(word: str, lists: Lists) -> Iterator[tuple[str, str]]:
    """Give each name that stands in a text as words of its own, the longer before the shorter."""
    for name, mineral in lists.minerals.items():
        if name in word and (found := re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", word)):
            word = word[: found.start()] + "\0" * len(name) + word[found.end() :]
            yield name, mineral


def six_digits(text: str) -> tuple[str | None, tuple[str, ...]]:
    """Give the six digits of a customs code, and what was done to it; null where there are none."""
    bare = PREFIX.sub("", text.strip(), count=1)
    if whole := WHOLE.fullmatch(bare):
        bare = whole["digits"]
    if found := DECIMAL.fullmatch(bare):
        restored = found["heading"].rjust(4, "0") + found["rest"].ljust(2, "0")
        changed = restored != found["heading"] + found["rest"]
        return restored, ((f"code {text} read as {restored}: a zero was lost",) if changed else ())
    digits = BETWEEN.sub("", bare)
    if not (digits.isascii() and digits.isdecimal()) or not SIX - 1 <= len(digits) <= LONGEST:
        return None, ()
    notes: tuple[str, ...] = ()
    # National codes have 8, 9 (Japan's) or 10 digits: only 5 and 7 are a zero short for certain.
    if len(digits) in {SIX - 1, SIX + 1}:
        digits = "0" + digits
        notes = (f"code {text} read as {digits}: a zero was lost",)
    if len(digits) > SIX:
        notes = (*notes, f"code {digits} cut to {digits[:SIX]}")
    return digits[:SIX], notes


def origin(text: str | None, lists: Lists) -> From:
    """Say which country a text names; a bloc, or a state that is no more, is none."""
    if text is None:
        return From(problem="country_missing")
    found = lists.countries.get(fold(text), ())
    if not found:
        return From(problem="country_unknown", detail=text)
    present = [one for one in found if one.kind == "country"]
    if len(present) > 1:
        words = f"{text!r} may be {', '.join(sorted(one.name for one in present))}"
        return From(problem="country_ambiguous", detail=words)
    if not present:
        return From(problem="no_single_country", detail=f"{text!r}: {found[0].kind}")
    return From(present[0].iso3, present[0].name)
