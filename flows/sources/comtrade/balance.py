"""What holds of every pull of UN Comtrade: one row a key, and partners that add up to World.

Both are free: they show trade that is there several times, and trade that is missing. Rows here
are tidy: they have the columns of `TIDY`, and World is a partner, of code 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from flows.sources.comtrade.errors import PINNED, DuplicatedError, UnbalancedError

WORLD = 0
DECIMAL = pl.Decimal(18, 3)
GROUP = ("frequency", "year", "month", "flow", "reporter_code", "hs6")
KEY = (*GROUP, "partner_code")
TIDY = {
    "frequency": pl.String,
    "year": pl.Int32,
    "month": pl.Int64,
    "flow": pl.String,
    "reporter_code": pl.Int64,
    "hs6": pl.String,
    "partner_code": pl.Int64,
    "hs_revision": pl.String,
    "value_usd": DECIMAL,
    "mass_kg": DECIMAL,
    "is_mass_estimated": pl.Boolean,
}
FREQUENCIES: Mapping[str, str] = {"A": "annual", "M": "monthly"}
FLOWS: Mapping[str, str] = {"M": "import", "X": "export"}
TOLERANCE = Decimal("0.001")
"""USD by which each partner's row may be rounded."""


def amount(name: str) -> pl.Expr:
    """An amount to three decimals, which takes the noise of floating point away."""
    return pl.col(name).cast(DECIMAL)


def weight(name: str) -> pl.Expr:
    """A net weight to three decimals; 0 and null both mean that none was reported."""
    return pl.when(pl.col(name) > 0).then(pl.col(name)).cast(DECIMAL)


def refuse_doubled(where: str, rows: pl.DataFrame) -> None:
    """Refuse rows that share a key, and say how often each reporter's trade is there.

    Raises:
        DuplicatedError: naming each reporter with its factor, and the repair.

    """
    doubled = rows.filter(pl.struct(KEY).is_duplicated())
    if not doubled.height:
        return
    found = factors(rows)
    named = ", ".join(f"{code} {times(*span)}" for code, span in found.items())
    key = doubled.select(KEY).row(0, named=True)
    raise DuplicatedError(
        f"{where}: {doubled.height} of {rows.height} rows share a key; trade by UN Comtrade's code "
        f"of the reporter is there: {named}. The first key: {key}. It was pulled without pinned "
        f"dimensions: pull it again with {PINNED}; a flat file can be repaired, one row a key (the "
        "largest), by the layout flat_largest",
        found,
    )


def factors(rows: pl.DataFrame) -> dict[int, tuple[float, float]]:
    """How often trade is there, for each reporter with doubled keys: least and most of its groups.

    All partners' rows by the largest World row, to two digits; where a group has none, the rows
    a key. Sorted by the most, downwards.
    """
    partner, value = pl.col("partner_code"), pl.col("value_usd").cast(pl.Float64)
    groups = (
        rows.group_by(GROUP)
        .agg(
            keys=partner.n_unique(),
            rows=pl.len(),
            world=value.filter(partner == WORLD).max(),
            partners=value.filter(partner != WORLD).sum(),
        )
        .with_columns(
            factor=pl.when(pl.col("world") > 0)
            .then(pl.col("partners") / pl.col("world"))
            .otherwise(pl.col("rows") / pl.col("keys"))
            .round(2),
        )
    )
    spans = (
        groups.group_by("reporter_code")
        .agg(
            least=pl.col("factor").min(),
            most=pl.col("factor").max(),
            is_doubled=(pl.col("rows") > pl.col("keys")).any(),
        )
        .filter("is_doubled")
        .sort(pl.col("most"), -pl.col("reporter_code"), descending=True)
    )
    return {code: (least, most) for code, least, most, _ in spans.iter_rows()}


def times(least: float, most: float) -> str:
    """A factor in words."""
    return f"{most:g} times" if least == most else f"{least:g} to {most:g} times"


def refuse_unbalanced(where: str, rows: pl.DataFrame) -> None:
    """Refuse rows whose partners do not add up to their World row within 0.001 USD a row.

    Raises:
        UnbalancedError: naming the first group, and how many there are.

    """
    groups = balance(rows)
    allowed = pl.col("partners") * pl.lit(TOLERANCE, DECIMAL)
    off = groups.filter(
        pl.col("world").is_null() | ((pl.col("world") - pl.col("sum")).abs() > allowed)
    )
    if not off.height:
        return
    first = off.sort(GROUP).row(0, named=True)
    group = {name: first[name] for name in GROUP if first[name] is not None}
    says = "no World row" if first["world"] is None else f"World {first['world']} USD"
    raise UnbalancedError(
        f"{where}: in {off.height} of {groups.height} groups the partners do not add up to World; "
        f"the first: {group}: {says}, {first['partners']} partners with {first['sum']} USD. "
        "Rows are missing or there twice; fetch all partners again, with pinned dimensions"
    )


def balance(rows: pl.DataFrame) -> pl.DataFrame:
    """World, sum of partners (USD, exact) and number of partners, a row a group."""
    is_world = pl.col("partner_code") == WORLD
    value = pl.col("value_usd")
    return rows.group_by(GROUP).agg(
        world=value.filter(is_world).first(),
        sum=value.filter(~is_world).sum(),
        partners=(~is_world).sum(),
    )


def largest(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep one row a key, the one of the largest value; among equals the heaviest.

    Of a total and its parts by customs procedure, transport and second partner, the total is the
    largest. Nothing is proven by that: `refuse_unbalanced` must hold afterwards.
    """
    order = rows.sort("value_usd", "mass_kg", descending=True, nulls_last=True, maintain_order=True)
    return order.unique(KEY, keep="first", maintain_order=True)
