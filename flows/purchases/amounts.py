"""Read amounts, units and currencies as offices write them, or say why they cannot be read.

Amounts are whole millionths of their unit, so that sums are exact in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from flows.facts import fold
from flows.purchases.contract import Mark, PurchaseError

MICRO = 1_000_000
MOST = 10**15
"""Above it, nothing is an amount that anybody bought."""
CURRENCY = re.compile("[A-Z]{3}")
BLANKS = re.compile("[\\s\u00a0\u202f'\u2019]+")
"""Between thousands, beside point and comma."""
GROUPED = re.compile("[0-9]{1,3}([\\s\u00a0\u202f'\u2019][0-9]{3})+([.,][0-9]+)?")
PLAIN = re.compile("[0-9]+")
EXPONENT = re.compile("[0-9]+([.][0-9]+)?[eE][+-]?[0-9]{1,3}")
EITHER = re.compile("[1-9][0-9]{0,2}[.,][0-9]{3}")
"""A thousand or a fraction: 1,234 and 1.234 say both."""
MINUS = "-\u2212\u2013"

FORMS: Mapping[Mark, tuple[re.Pattern[str], ...]] = {
    "point": (
        re.compile("[0-9]*[.][0-9]+"),
        re.compile("[1-9][0-9]{0,2}(,[0-9]{3})+([.][0-9]+)?"),
        EXPONENT,
    ),
    "comma": (re.compile("[0-9]*,[0-9]+"), re.compile("[1-9][0-9]{0,2}([.][0-9]{3})+(,[0-9]+)?")),
}
"""Decimal mark -> the forms of a number with it."""

Read = tuple[int | None, str | None]
"""Millionths, and the problem where there are none."""


def marks(texts: Iterable[str]) -> set[Mark]:
    """Give the decimal marks that texts are evidence of; a number that may be either is none."""
    found: set[Mark] = set()
    for text in texts:
        bare = unsigned(text)[0]
        spaced = GROUPED.fullmatch(bare)
        if EITHER.fullmatch(bare) or PLAIN.fullmatch(bare):
            continue
        word = BLANKS.sub("", bare) if spaced else bare
        if PLAIN.fullmatch(word):
            continue
        found |= {mark for mark, forms in FORMS.items() if any(f.fullmatch(word) for f in forms)}
    return found


def settled(texts: Iterable[str], said: Mark | None, *, is_workbook: bool) -> Mark | None:
    """Settle the decimal mark of a file: as said, or by its evidence; null where there is none.

    A workbook's numbers come with a point; where texts with a comma stand among them, a number
    that may be either is left open.

    Raises:
        PurchaseError: the file has both marks.

    """
    if said:
        return said
    found = marks(texts)
    if len(found) > 1 and not is_workbook:
        raise PurchaseError(
            "some numbers have a decimal point and others a decimal comma; write them alike, or "
            "say which is meant: --decimal point or --decimal comma"
        )
    if is_workbook:
        return None if "comma" in found else "point"
    return next(iter(found), None)


def amount(text: str | None, mark: Mark | None) -> Read:
    """Read one amount: its millionths, or else the problem."""
    if text is None:
        return None, "number_missing"
    bare, is_negative = unsigned(text)
    if EITHER.fullmatch(bare) and mark is None:
        return None, "number_ambiguous"
    if GROUPED.fullmatch(bare):
        bare = BLANKS.sub("", bare)
    known: tuple[Mark, ...] = (mark,) if mark else ("point", "comma")
    word = next((plain(bare, one) for one in known if fits(bare, one)), None)
    if word is None:
        return None, "number_bad"
    value = Decimal(word)
    if value > MOST:
        return None, "number_bad"
    if is_negative and value:
        return None, "number_negative"
    return int((value * MICRO).to_integral_value()), None


def fits(bare: str, mark: Mark) -> bool:
    """Whether a text is a number with this decimal mark."""
    return bool(PLAIN.fullmatch(bare)) or any(form.fullmatch(bare) for form in FORMS[mark])


def plain(bare: str, mark: Mark) -> str:
    """Write a number with a decimal point and nothing between thousands."""
    return bare.replace(",", "") if mark == "point" else bare.replace(".", "").replace(",", ".")


def unsigned(text: str) -> tuple[str, bool]:
    """Give a number without its sign, and whether it is negative: -5, 5-, (5)."""
    bare = text.strip()
    if bare.startswith("(") and bare.endswith(")"):
        return bare[1:-1].strip(), True
    if bare[:1] in MINUS and bare[:1]:
        return bare[1:].strip(), True
    if bare[-1:] in MINUS and bare[-1:]:
        return bare[:-1].strip(), True
    return bare.removeprefix("+").strip(), False


def currency(
    text: str | None, money: Mapping[str, tuple[str, int]]
) -> tuple[str | None, int, str | None]:
    """Read a currency: its ISO 4217 code, how many of it one is, or else the problem.

    Args:
        text: as written: a code, or a name or multiple that `ref.unit` has.
        money: folded spelling -> code and factor.

    """
    if text is None:
        return None, 1, "currency_missing"
    if known := money.get(fold(text)):
        return *known, None
    code = text.strip().upper()
    return (code, 1, None) if CURRENCY.fullmatch(code) else (None, 1, "currency_unknown")


def unit(
    text: str | None, masses: Mapping[str, float], spelt: Mapping[str, float]
) -> tuple[float | None, str | None]:
    """Read a unit of mass: kilograms in one, or else the problem.

    An id counts as it is written: Mt is a million tonnes, and MT most often one.

    Args:
        text: as written.
        masses: id -> kilograms.
        spelt: other folded spelling -> kilograms.

    """
    if text is None:
        return None, "unit_missing"
    if (kg := masses.get(text.strip())) is not None:
        return kg, None
    if (kg := spelt.get(fold(text))) is not None:
        return kg, None
    return None, "unit_unknown"
