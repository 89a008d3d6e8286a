"""The words and numbers in which a person is told of quality, on a page or at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from flows.gate.contract import Outcome

WORDS: Mapping[Outcome, tuple[str, str]] = {
    "fail": ("failed", "The data break a rule that must hold. Nothing is published."),
    "error": ("broke", "The check could not be carried out. Nothing is published."),
    "vacuous": ("saw nothing", "There were no rows to check. Nothing is published."),
    "warn": ("warned", "The data are unusual, and are published with this remark."),
    "not_applicable": ("did not apply", "Something it needs is absent; it proves nothing."),
    "pass": ("passed", "The rule holds in every row."),
}
"""Outcome -> the word shown, and what it means."""

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def number(count: int, noun: str) -> str:
    """An amount and its noun, in the plural where it is not one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(parts: Sequence[str]) -> str:
    """Parts as a sentence names them."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def first_of(parts: Sequence[str], most: int, noun: str) -> str:
    """The first parts, and how many of that noun more there are."""
    left = len(parts) - most
    return listed([*parts[:most], f"{number(left, noun)} more"] if left > 0 else parts)


def spaced(name: str) -> str:
    """A name in snake_case as words."""
    return name.replace("_", " ")


def a_day(value: date | str | None) -> date | None:
    """A day as a date, which JSON holds as text; null where it is none."""
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def day(value: date | str | None) -> str:
    """A day as people write it; what is no day as it stands."""
    when = a_day(value)
    if when is None:
        return str(value or "")
    # Not strftime: its month follows the machine's locale.
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def age(since: date, as_of: date) -> str:
    """The time since a day, in months or years."""
    months = (as_of.year - since.year) * 12 + as_of.month - since.month - (as_of.day < since.day)
    if months < 1:
        return "under a month"
    if months < 24:  # noqa: PLR2004 - up to two years people count in months
        return number(months, "month")
    return f"{months // 12} years"


def short(rows: int) -> str:
    """An amount in at most four signs, as a narrow cell needs it."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if rows >= unit:
            amount = rows / unit
            return f"{amount:.1f}{name}" if amount < 9.95 else f"{amount:.0f}{name}"  # noqa: PLR2004
    return str(rows)
