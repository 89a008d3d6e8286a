"""How much an archive may hold, and the counting of what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from flows.sources.contract import Manners
from flows.sources.door.refusals import TooLargeError

FLOOR = 1 << 20
"""Unpacked bytes below which a ratio says nothing."""


@dataclass(frozen=True)
class Limits:
    """What an archive may hold at most."""

    most_bytes: int
    most_ratio: float
    most_members: int

    @classmethod
    def of(cls, manners: Manners) -> Self:
        """Give the limits of a source."""
        most = int(manners.most_unpacked_megabytes * 1_000_000)
        return cls(most, manners.most_ratio, manners.most_members)


class Meter:
    """Counts unpacked bytes against the limits."""

    def __init__(self, limits: Limits, label: str) -> None:
        self.limits = limits
        self.label = label
        self.out = 0

    def count(self, out: int, packed: int) -> None:
        """Add unpacked bytes that came of so many packed ones in all.

        Raises:
            TooLargeError: they are more than the limits allow.

        """
        self.out += out
        if self.out > self.limits.most_bytes:
            raise TooLargeError(
                f"{self.label} unpacks to more than {self.limits.most_bytes:,} bytes; if it "
                "should, raise most_unpacked_megabytes in source.yml"
            )
        if self.out > FLOOR and self.out > self.limits.most_ratio * max(packed, 1):
            raise TooLargeError(
                f"{self.label} unpacks to more than {self.limits.most_ratio:g} times its size; if "
                "it should, raise most_ratio in source.yml"
            )
