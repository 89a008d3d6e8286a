"""How exposed purchases are: parts of the matched spend, over all minerals and for each.

Every part is of the matched amount, a share from 0 to 1; where a figure is not known for some of
it, that part is told beside it. Sums are of whole millionths, and each share is one division.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from flows.purchases.amounts import MICRO

Row = dict[str, Any]
Group = Mapping[str, Any]

GROUPED = (
    "mineral",
    "supplier_iso3",
    "supplier",
    "import_share",
    "hhi",
    "top_supplier_iso3",
    "governance",
    "under",
    "unconfirmed",
    "measures",
)
"""What tells groups of rows apart; all else of a row is the same or does not count here."""


def groups(matched: pl.DataFrame) -> list[Row]:
    """Sum the amounts of rows that are alike in all that counts."""
    summed = matched.group_by(GROUPED).agg(amount=pl.col("amount_micro").sum(), rows=pl.len())
    order = ["mineral", "supplier_iso3", "under", "import_share", "hhi"]
    return [*summed.sort(order, nulls_last=True).iter_rows(named=True)]


def exposure(found: Sequence[Group], thresholds: Mapping[str, Sequence[Row]]) -> Row:
    """Give the exposure of a set of purchases.

    Returns:
        amount, rows, suppliers (countries), the largest one with its share, hhi (sum of squared
        shares of countries), and the parts under a measure, above thresholds, from the importing
        country's own top supplier; mean governance weighted by amount over what has a score.

    """
    total = sum(group["amount"] for group in found)
    by_country = sums(found, "supplier_iso3")
    names = {group["supplier_iso3"]: group["supplier"] for group in found}
    top = min(by_country, key=lambda iso3: (-by_country[iso3], iso3)) if by_country else None
    squares = sum(amount**2 for amount in by_country.values())

    def part(test: Callable[[Group], object]) -> float | None:
        chosen = sum(group["amount"] for group in found if test(group))
        return chosen / total if total else None

    return {
        "amount": total / MICRO,
        "rows": sum(group["rows"] for group in found),
        "suppliers": len(by_country),
        "largest_supplier_iso3": top,
        "largest_supplier": names.get(top),
        "largest_share": by_country[top] / total if top and total else None,
        "hhi": squares / total**2 if total else None,
        "under_measure_share": part(lambda group: group["under"]),
        "under_measure_by_name_share": part(lambda group: group["under"] == "mineral"),
        "under_measure_unconfirmed_share": part(lambda group: group["unconfirmed"]),
        "top_supplier_share": part(
            lambda group: (
                group["top_supplier_iso3"] and group["supplier_iso3"] == group["top_supplier_iso3"]
            )
        ),
        "top_supplier_unknown_share": part(lambda group: group["top_supplier_iso3"] is None),
        "above": [
            {
                "figure": figure,
                "threshold": row["threshold"],
                "whose": row["whose"],
                "share": part(over(figure, row["threshold"])),
                "unknown_share": part(unknown(figure)),
            }
            for figure, them in thresholds.items()
            for row in them
        ],
        "governance": mean_governance(found),
        "governance_missing_share": part(lambda group: group["governance"] is None),
    }


def over(figure: str, threshold: float) -> Callable[[Group], bool]:
    """Give the test whether a group's figure is above a threshold."""
    return lambda group: group[figure] is not None and group[figure] > threshold


def unknown(figure: str) -> Callable[[Group], bool]:
    """Give the test whether a group's figure is not known."""
    return lambda group: group[figure] is None


def sums(found: Sequence[Group], name: str) -> dict[str, int]:
    """Sum the amounts by what a column holds."""
    summed: dict[str, int] = {}
    for group in found:
        summed[group[name]] = summed.get(group[name], 0) + group["amount"]
    return summed


def mean_governance(found: Sequence[Group]) -> float | None:
    """Give the mean score of the supplying countries, each weighted by what comes from it."""
    scored = [group for group in found if group["governance"] is not None and group["amount"]]
    weight = sum(group["amount"] for group in scored)
    if not weight:
        return None
    return float(sum(group["amount"] / weight * group["governance"] for group in scored))


def sole_share(found: Sequence[Group]) -> float | None:
    """Give the part spent on minerals that come from a single country each."""
    total = sum(group["amount"] for group in found)
    countries: dict[str, set[str]] = {}
    for group in found:
        countries.setdefault(group["mineral"], set()).add(group["supplier_iso3"])
    chosen = sum(group["amount"] for group in found if len(countries[group["mineral"]]) == 1)
    return chosen / total if total else None


def by_measure(found: Sequence[Group]) -> dict[str, float]:
    """Give measure -> the part that it is on; one purchase may be under several."""
    total = sum(group["amount"] for group in found)
    summed: dict[str, int] = {}
    for group in found:
        for measure in group["measures"]:
            summed[measure] = summed.get(measure, 0) + group["amount"]
    return {measure: amount / total for measure, amount in sorted(summed.items()) if total}
