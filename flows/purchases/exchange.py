"""Amounts of several currencies: brought to one by the rates of a month, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import polars as pl

from flows import warehouse
from flows.lookups import rows
from flows.purchases.contract import PurchaseError

BASE = "EUR"
"""The currency that rates are given against, ISO 4217."""


@dataclass(frozen=True)
class Money:
    """The currency that amounts are in, and what brought them there."""

    currency: str | None
    """Null where the file names none."""
    rates_of: str | None = None
    """The month whose average rates were used, as 2026-10; null where nothing was converted."""
    source: str | None = None


def in_one_currency(
    con: warehouse.Connection, frame: pl.DataFrame, wanted: str | None, day: date
) -> tuple[pl.DataFrame, Money]:
    """Give the rows with `amount_micro` in one currency, exact where only one is there.

    Args:
        con: a snapshot's file.
        frame: the rows.
        wanted: the currency to convert to; null = the one of most rows.
        day: rates are those of the newest month up to its own that has all of them.

    Raises:
        PurchaseError: there are several currencies and no rates for them.

    """
    usable = frame.filter(
        pl.col("value_micro").is_not_null() & pl.col("currency_problem").is_null()
    )
    found = (
        usable.group_by("currency_code")
        .len()
        .sort("len", "currency_code", descending=[True, False])
    )
    counts: dict[str | None, int] = dict(found.rows())
    if len(counts) <= 1 and (wanted is None or wanted in counts):
        own = next(iter(counts), wanted)
        return frame.with_columns(amount_micro=pl.col("value_micro")), Money(own)
    to = wanted or next(iter(counts))
    if to is None or None in counts:
        raise PurchaseError("no currency is named in the file; --currency names it, then --to")
    named = [code for code in counts if code]
    rates, month, source = rates_for(con, [*named, to], day)
    if month is None:
        listed = ", ".join(f"{code} ({count:,} rows)" for code, count in counts.items())
        raise PurchaseError(
            f"amounts in {listed}: different currencies are never added, and the snapshot has no "
            f"exchange rates for all of them up to {day}; bring the file to one currency, or fetch "
            "the rates: orewatch refresh ecb_rates, then orewatch run"
        )
    converted = pl.Series(
        "amount_micro",
        [
            None if value is None or code not in rates else round(value * rates[to] / rates[code])
            for value, code in frame.select("value_micro", "currency_code").rows()
        ],
        dtype=pl.Int128,
    )
    return frame.with_columns(converted), Money(to, month, source)


def rates_for(
    con: warehouse.Connection, codes: list[str], day: date
) -> tuple[Mapping[str, Fraction], str | None, str | None]:
    """Give units of each currency for one euro in the newest month that has all of them."""
    wanted = {code for code in codes if code != BASE}
    listed = ", ".join(warehouse.text(code) for code in sorted(wanted)) or "NULL"
    found = rows(
        con,
        f"""
        SELECT source, edition, year, month, currency, rate_per_euro
        FROM mart.exchange_rate
        WHERE frequency = 'month' AND currency IN ({listed}) AND rate_per_euro > 0
            AND year * 100 + month <= {day.year * 100 + day.month}
        ORDER BY year, month, source, edition
        """,  # noqa: S608 - values are quoted
    )
    months: dict[tuple[int, int], dict[str, Fraction]] = {}
    named: dict[tuple[int, int], str] = {}
    for row in found:
        key = (row["year"], row["month"])
        months.setdefault(key, {})[row["currency"]] = Fraction(row["rate_per_euro"])
        named[key] = f"{row['source']} {row['edition']}"
    whole = [key for key, rates in months.items() if wanted <= rates.keys()]
    if not whole:
        return {}, None, None
    last = max(whole)
    return months[last] | {BASE: Fraction(1)}, f"{last[0]}-{last[1]:02d}", named[last]
