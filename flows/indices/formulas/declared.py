"""Declare figures and their bounds as columns."""

from __future__ import annotations

from flows.indices.contract import Column

ENDS = {"": "", "_low": "lower bound: ", "_high": "upper bound: "}


def measure(
    name: str, meaning: str, unit: str, *, low: float | None = 0.0, high: float | None = None
) -> Column:
    """Declare a figure that may be unknown."""
    return Column(name, "float", meaning, unit=unit, nullable=True, low=low, high=high)


def share(name: str, meaning: str) -> Column:
    """Declare a part of a whole that may be unknown."""
    return measure(name, meaning, "share", high=1.0)


def ranged(
    name: str, meaning: str, unit: str, *, low: float | None = 0.0, high: float | None = None
) -> tuple[Column, ...]:
    """Declare a figure and its bounds, `_low` and `_high`."""
    return tuple(
        measure(name + end, word + meaning, unit, low=low, high=high) for end, word in ENDS.items()
    )


def ranged_mass(name: str, meaning: str) -> tuple[Column, ...]:
    """Declare a weight in whole kilograms and its bounds."""
    return tuple(mass(name + end, word + meaning) for end, word in ENDS.items())


def mass(name: str, meaning: str) -> Column:
    """Declare a weight in whole kilograms that may be unknown."""
    return Column(name, "int", meaning, unit="kg", nullable=True, low=0)
