"""Thresholds of the screens, as `ref.threshold` gives them: none stands in the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from flows.indices.contract import Column

COMPARISONS: Mapping[str, Callable[[pl.Expr, float], pl.Expr]] = {
    "gt": lambda value, threshold: value > threshold,
    "ge": lambda value, threshold: value >= threshold,
    "lt": lambda value, threshold: value < threshold,
    "le": lambda value, threshold: value <= threshold,
}
"""Words of `ref.threshold.comparison`."""


@dataclass(frozen=True)
class Threshold:
    """One criterion's threshold, how a value must compare to meet it, and if it was verified."""

    comparison: str
    value: float
    verified: bool

    def met(self, value: pl.Expr) -> pl.Expr:
        """Whether a value meets the criterion; null where the value is."""
        return COMPARISONS[self.comparison](value, self.value)


def thresholds(
    ref_threshold: pl.LazyFrame, screen: str, criteria: tuple[str, ...]
) -> dict[str, Threshold]:
    """Give the threshold of each criterion of a screen.

    Raises:
        ValueError: a criterion has no threshold.

    """
    rows = ref_threshold.filter(pl.col("screen") == screen).collect()
    found = {
        row["criterion"]: Threshold(row["comparison"], row["threshold"], row["verified"])
        for row in rows.iter_rows(named=True)
    }
    if missing := sorted(set(criteria) - found.keys()):
        raise ValueError(
            f"thresholds.csv has no threshold of screen {screen} for: {', '.join(missing)}; "
            "add a row for each"
        )
    return {name: found[name] for name in criteria}


def unverified(bounds: Mapping[str, Threshold]) -> pl.Expr:
    """Whether a threshold was not checked against its publication."""
    return pl.lit(any(not bound.verified for bound in bounds.values()))


def yes_no(name: str, meaning: str) -> Column:
    """Declare the answer to a test; null where it cannot be told."""
    return Column(name, "bool", meaning, nullable=True)
