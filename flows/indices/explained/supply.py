"""Who supplies how much, written as lines, and how concentrated that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.indices.explained.arithmetic import Number
from flows.indices.explained.sheet import Sheet, plus, within


@dataclass(frozen=True)
class Amount:
    """What one supplier supplies: the figures to add, and what each of them is of."""

    terms: Sequence[int]
    labels: Sequence[str]


@dataclass(frozen=True)
class Supply:
    """Lines `<prefix>x_<who>`, `<prefix>total` and `<prefix>unallocated` of a sheet."""

    sheet: Sheet
    prefix: str
    suppliers: tuple[str, ...]
    """Those with an amount above 0, the largest first, ties by code."""

    def x(self, who: str) -> str:
        """Name the line of a supplier's amount."""
        return f"{self.prefix}x_{who}"

    def s(self, who: str) -> str:
        """Name the line of a supplier's share."""
        return f"{self.prefix}s_{who}"

    @property
    def total(self) -> str:
        """Name the line of what is allocated to countries."""
        return f"{self.prefix}total"

    @property
    def unallocated(self) -> str:
        """Name the line of what is allocated to none."""
        return f"{self.prefix}unallocated"

    @property
    def whole(self) -> str:
        """Write both together."""
        return f"({self.total} + {self.unallocated})"

    @property
    def largest(self) -> str:
        """Name the line of the largest amount."""
        return self.x(self.suppliers[0])

    def value(self, name: str) -> Number:
        """Give the value of a line."""
        return self.sheet[f"{self.prefix}{name}"]


def supplied(  # noqa: PLR0913, PLR0917 - the sheet, and what is on it
    sheet: Sheet,
    named: Mapping[str, Amount],
    nobodys: Mapping[str, Amount],
    unit: str,
    prefix: str = "",
    besides: Sequence[str] = (),
) -> Supply:
    """Write the amounts of suppliers that are countries, and of what is no country's.

    Args:
        sheet: where to.
        named: countries.
        nobodys: areas that are no country.
        unit: of the amounts.
        prefix: of the lines' names.
        besides: further lines that are no country's.

    """
    order = sorted(named, key=lambda who: (-sum(named[who].terms), who))
    for kind, amounts, whos in (("x", named, order), ("u", nobodys, sorted(nobodys))):
        for who in whos:
            amount = amounts[who]
            sheet.add(f"{prefix}{kind}_{who}", plus(amount.terms), unit, plus(amount.labels))
    known = tuple(who for who in order if sum(named[who].terms) > 0)
    supply = Supply(sheet, prefix, known)
    sheet.add(supply.total, plus(supply.x(who) for who in known), unit, "allocated to countries")
    nobody = plus([*(f"{prefix}u_{who}" for who in sorted(nobodys)), *besides])
    sheet.add(supply.unallocated, nobody, unit, "allocated to no country")
    return supply


def counted(supply: Supply) -> None:
    """Write the number of suppliers, and the part that is no country's."""
    sheet, prefix = supply.sheet, supply.prefix
    arguments = ", ".join(supply.x(who) for who in supply.suppliers)
    sheet.add(f"{prefix}suppliers", f"count({arguments})", "count")
    if supply.value("total") + supply.value("unallocated") > 0:
        share = f"{supply.unallocated} / {supply.whole}"
        sheet.add(f"{prefix}unallocated_share", share, "share")


def shares(supply: Supply) -> None:
    """Write the share of each supplier."""
    for who in supply.suppliers:
        supply.sheet.add(supply.s(who), f"{supply.x(who)} / {supply.total}", "share")


def concentration(supply: Supply) -> None:
    """Write the shares, the HHI with its bounds, and what comes with it."""
    sheet, p = supply.sheet, supply.prefix
    total, u, whole = supply.total, supply.unallocated, supply.whole
    hhi, n, top = f"{p}hhi", f"{p}suppliers", supply.largest
    s = [supply.s(who) for who in supply.suppliers]
    shares(supply)
    counted(supply)
    sheet.add(hhi, plus(f"{share}**2" for share in s), "hhi")
    sheet.add(f"{p}hhi_low", f"{hhi} * ({total} / {whole})**2", "hhi", "the rest is nobody's")
    sheet.add(
        f"{p}hhi_high",
        f"{p}hhi_low + (2 * {top} * {u} + {u}**2) / {whole}**2",
        "hhi",
        "the rest is the largest supplier's",
    )
    normalised = "1" if len(s) == 1 else within(f"({hhi} - 1 / {n}) / (1 - 1 / {n})")
    sheet.add(f"{p}hhi_normalised", normalised, "hhi")
    sheet.add(f"{p}effective_suppliers", f"1 / {hhi}", "count")
    sheet.add(f"{p}cr1", s[0], "share")
    sheet.add(f"{p}cr3", plus(s[:3]), "share")
    entropy(supply)


def entropy(supply: Supply) -> None:
    """Write Shannon's entropy of the shares."""
    s = [supply.s(who) for who in supply.suppliers]
    terms = plus(f"{share} * ln({share})" for share in s)
    supply.sheet.add(f"{supply.prefix}entropy", within(f"-({terms})", 0, None), "nats")
