"""Bounds of what is only partly known: the rest of a list, rounded shares, codes that mix minerals.

A list names the shares of k suppliers and leaves a rest r. The HHI is at least what the named
give (the rest is atomistic), or with at most m others the same plus r^2/m; at most the named
plus r^2 (the rest is one other), less if no other exceeds the smallest named, c: then the rest
fills floor(r/c) suppliers of c and one with what remains. If the rest may belong to the named,
the largest takes it. Published shares add half a unit of rounding to both ends.

A code mixes minerals; of its value B, B_p is partner p's and the component makes up C. Then p's
share of the component lies between max(0, (B_p + C - B) / C) and min(1, B_p / C) (Frechet).
Sources: Kvalseth (2018), PMC6190613 (majorization); Frechet (1935).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.formulas.concentration import ratio, wide_product

ONE = 10**12
"""Shares are summed as whole numbers of 1/10^12, exactly, in any order."""


def listed_bounds(
    shares: pl.LazyFrame, keys: Sequence[str], *, half_unit: float = 0.0, others: int | None = None
) -> pl.LazyFrame:
    """Bounds of the HHI where a list names some suppliers and leaves a rest.

    Args:
        shares: `keys` and `share` (0..1), one named supplier a row.
        keys: what makes a list.
        half_unit: half of the last unit of the shares; 0.005 for whole percentages.
        others: most suppliers that the rest can be; None is no limit.

    Gives `keys` and, for each list, what `rest_bounds` does; ends take the rounding outwards.

    """
    least, most = pl.col("share") - half_unit, pl.col("share") + half_unit
    lows = summed(shares.with_columns(part=whole(least.clip(0.0, 1.0))), keys)
    highs = summed(shares.with_columns(part=whole(most.clip(0.0, 1.0))), keys)
    slack = whole(pl.lit(2.0 * half_unit)) * pl.col("named")
    rest = (ONE - pl.col("total")).clip(0, ONE)
    low = lows.with_columns(rest=(rest - slack).clip(0, ONE), everything=pl.lit(ONE))
    high = highs.with_columns(rest=(rest + slack).clip(0, ONE), everything=pl.lit(ONE))
    bounds = rest_bounds(others)
    ends = {name: name.startswith("hhi_low") for name in bounds}
    lower = low.select(*keys, **{name: bounds[name] for name, is_low in ends.items() if is_low})
    upper = high.select(
        *keys, **{name: bounds[name].clip(None, 1.0) for name, is_low in ends.items() if not is_low}
    )
    return lower.join(upper, on=list(keys), validate="1:1")


def whole(share: pl.Expr) -> pl.Expr:
    """Write a share as a whole number."""
    return (share * ONE).round().cast(pl.Int64)


def summed(parts: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Sum whole parts and their squares by list."""
    part = pl.col("part")
    return (
        parts.with_columns(squares=wide_product(part, part))
        .group_by(keys)
        .agg(
            pl.col("squares").sum(),
            total=part.sum(),
            largest=part.max(),
            smallest=part.min(),
            named=part.count().cast(pl.Int64),
        )
    )


def rest_bounds(others: int | None = None) -> dict[str, pl.Expr]:
    """Bounds of the HHI of a list, from whole numbers.

    Reads `squares`, `largest` and `smallest` of the named, `rest` and `everything`; amounts or
    shares in any unit. Null where nothing is known.

    Gives hhi_low (the rest is atomistic), hhi_low_others (it is at most `others` suppliers),
    hhi_high_no_larger (none of it exceeds the smallest named), hhi_high_one (it is one other
    supplier), hhi_high_named (it is the largest's).
    """
    squares, rest, everything = pl.col("squares"), pl.col("rest"), pl.col("everything")
    smallest = pl.when(pl.col("smallest") > 0).then(pl.col("smallest"))
    full = rest // smallest
    remainder = rest - full * smallest
    filled = wide_product(full, smallest) * smallest.cast(pl.Int128)
    product = wide_product(everything, everything)
    rest_squared = wide_product(rest, rest)
    spread = ratio(squares, product)
    if others is not None:
        spread = ratio(squares * others + rest_squared, product * others)
    return {
        "hhi_low": ratio(squares, product),
        "hhi_low_others": spread,
        "hhi_high_no_larger": ratio(squares + filled + wide_product(remainder, remainder), product),
        "hhi_high_one": ratio(squares + rest_squared, product),
        "hhi_high_named": ratio(
            squares + wide_product(pl.col("largest"), rest) * 2 + rest_squared, product
        ),
    }


def component_bounds(partner: pl.Expr, basket: pl.Expr, least: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Bounds of a partner's share of one component of a basket.

    Both ends are widest where the component is smallest, so its greatest part changes nothing.

    Args:
        partner: what the partner supplies of the basket.
        basket: all of the basket.
        least: least part that the component makes of the basket, 0..1; null = not known.

    """
    component = basket * least
    low = ((partner + component - basket) / component).clip(0.0, 1.0)
    high = (partner / component).clip(0.0, 1.0)
    known = least.is_not_null() & (basket > 0)
    nothing = known & (component == 0)
    return (
        pl.when(nothing).then(0.0).when(known).then(low),
        pl.when(nothing).then(1.0).when(known).then(high),
    )


def component_shares(
    mart_mineral_trade: pl.LazyFrame, mart_basket: pl.LazyFrame, ref_form: pl.LazyFrame
) -> pl.LazyFrame:
    """Bounds of import shares of minerals that are only traded within baskets, by value.

    Args:
        mart_mineral_trade: `basket_usd` by importer and exporter.
        mart_basket: the codes of each series.
        ref_form: `component_low` of each mineral's form, null where none is declared.

    Gives the grain of `indices.import_share` with `basis` value, `low` and `high`; no row where a
    code of the basket has no declared component.

    """
    series = ["mineral", "stage", "source", "edition"]
    cell = [*series, "importer_iso3", "year"]
    declared = (
        mart_basket.filter(pl.col("exclusion").is_null(), pl.col("specificity") == "basket")
        .join(ref_form.select("mineral", "form", "component_low"), on=["mineral", "form"])
        .group_by(series)
        .agg(
            least=pl.col("component_low").min(),
            complete=pl.col("component_low").is_not_null().all(),
        )
        .filter("complete")
        .drop("complete")
    )
    rows = mart_mineral_trade.filter(pl.col("basket_usd") > 0).join(
        declared, on=series, validate="m:1"
    )
    totals = rows.group_by(cell).agg(basket=pl.col("basket_usd").sum())
    low, high = component_bounds(pl.col("basket_usd"), pl.col("basket"), pl.col("least"))
    return rows.join(totals, on=cell, validate="m:1").select(
        *cell, "exporter_iso3", basis=pl.lit("value"), low=low, high=high
    )
