"""Numbers as the report shows them: rounded at the end, with their citation, null as its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

from markupsafe import Markup

TABLES: Mapping[str, str] = {
    "is": "indices.import_share",
    "ic": "indices.import_concentration",
    "cd": "indices.cap_distance",
    "pc": "indices.production_concentration",
    "pe": "indices.policy_exposure",
    "cv": "indices.claim_verdict",
    "mt": "mart.mineral_trade",
    "mp": "mart.production",
    "pr": "mart.price",
    "cl": "mart.claim",
    "qm": "quality.movement",
    "va": "view.alerts",
}
"""Short name within the page -> table that its numbers are cited from."""

MADE_FROM: Mapping[str, str] = {"cl": "article"}
"""Short name of a table whose rows name no source -> the source it is of."""

OFTEN: Mapping[str, str] = {"is.import_share": "s", "ic.hhi": "h"}
"""Columns that stand on a page some thousand times, by one letter."""

KEYS: Mapping[str, str] = {
    "i": "importer_iso3",
    "x": "exporter_iso3",
    "m": "mineral",
    "s": "stage",
    "y": "year",
    "b": "basis",
    "e": "source and edition",
    "k": "anything else, as JSON",
    "since": "year that a change is counted from",
    "total": "what is cited is the sum over the rows of its key",
}
"""Short name of a part of a number's key, as an attribute of it or of what it stands in."""

MILLION, BILLION, THOUSAND = 1_000_000, 1_000_000_000, 1_000
BLANK = "\u2009"
"""A thin blank between a figure and its unit."""
MINUS = "\u2212"


def cited(text: str, column: str, **key: object) -> Markup:
    """Give a number that leads to its citation; `column` is its table's short name and column."""
    parts = Markup("").join(
        Markup(' data-{}="{}"').format(name, value)
        for name, value in key.items()
        if value is not None
    )
    head = Markup('<button data-n="{}"').format(OFTEN.get(column, column))
    return head + parts + Markup(">{}</button>").format(text)


def extra(**key: object) -> str:
    """Give the part of a key that has no short name of its own."""
    return json.dumps(key, ensure_ascii=False, sort_keys=True, default=str)


def edition_of(row: Mapping[str, object]) -> str:
    """A row's source and edition, as its citation names them."""
    return f"{row['source']} {row['edition']}"


def percent(share: float | None) -> str:
    """A share of 0 to 1 in percent, with one decimal."""
    return "" if share is None else f"{share * 100:.1f}%"


def whole_percent(share: float | None) -> str:
    """A share in whole percent, for narrow cells; 100 only where it is all."""
    if share is None:
        return ""
    return f"{min(round(share * 100), 99) if share < 1 else 100}%"


def spread(low: float | None, high: float | None) -> str:
    """A range of shares; one figure where its ends look the same."""
    if low is None or high is None:
        return ""
    first, last = f"{low * 100:.1f}", f"{high * 100:.1f}"
    return f"{first}%" if first == last else f"{first} to {last}%"


def index(value: float | None) -> str:
    """An index of 0 to 1 with two decimals."""
    return "" if value is None else f"{value:.2f}"


def measured(value: float | None, unit: str | None) -> str:
    """A value in its unit: a share in percent, a rank whole, anything else with two decimals."""
    if value is None:
        return ""
    if unit == "share":
        return percent(value)
    return f"{value:.0f}" if unit in {"rank", "count"} else index(value)


def points(change: float) -> str:
    """A change of a share in percentage points, with its sign."""
    shown = f"{abs(change) * 100:.1f}"
    sign = "" if float(shown) == 0 else ("+" if change > 0 else MINUS)
    return f"{sign}{shown}{BLANK}pp"


def dollars(amount: int | None) -> str:
    """An amount of US dollars, in millions from a million on."""
    if amount is None:
        return ""
    if amount >= BILLION:
        return f"{amount / BILLION:,.2f}{BLANK}bn USD"
    if amount >= MILLION:
        return f"{amount / MILLION:,.1f}{BLANK}M USD"
    return f"{amount:,} USD"


def year_of(day: date) -> float:
    """A day as a year and the part of it that has gone, as a time axis has it."""
    first, next_first = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return round(day.year + (day - first).days / (next_first - first).days, 3)
