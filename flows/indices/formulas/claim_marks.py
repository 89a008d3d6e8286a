"""What is said of a claim's cell: why it has no share, whether it meets the claim, its flags."""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.basket import WEIGHT_MISSING_LIMIT
from flows.indices.formulas.claim_basket import WITH_PROXIES
from flows.indices.formulas.claim_rows import MIRROR
from flows.indices.formulas.concentration import UNALLOCATED_HIGH
from flows.indices.formulas.confidence import grade, score


def why_none() -> pl.Expr:
    """Why a cell has no share; null where it has."""
    mass = pl.col("basis") == "mass"
    unweighed = (pl.col("weight_missing_share") > WEIGHT_MISSING_LIMIT) | ~pl.col("is_weighed")
    # A mineral's headline may lack a code, as everywhere; what a claim itself names may not.
    with_proxies = pl.col("basket") == WITH_PROXIES
    named = pl.col("asked_hs6").list.len() > 0
    reasons = {
        "revision_lacks_code": ~pl.col("has_code"),
        "edition_lacks_code": ~pl.col("has_carried"),
        "partial_basket": pl.col("is_partial") & (with_proxies | named),
        "code_not_begun": ~pl.col("has_used") & pl.col("not_begun"),
        "code_ended": ~pl.col("has_used"),
        "weight_missing": mass & unweighed.fill_null(value=False),
        "basket_code": pl.col("is_basket") & (pl.col("total") > 0),
        "": pl.col("total") > 0,
        "unallocated_only": pl.col("unallocated") > 0,
    }
    found = pl.lit("no_trade")
    for reason, holds in reversed(reasons.items()):
        found = pl.when(holds.fill_null(value=False)).then(pl.lit(reason or None)).otherwise(found)
    return found


def meets() -> pl.Expr:
    """Whether a cell meets the claim; null where nothing is asked or it cannot be told.

    Bounds tell only where they lie wholly outside.
    """
    low, high, strict = pl.col("low"), pl.col("high"), pl.col("strict")
    share = pl.col("share")
    below = pl.when(strict).then(share <= low).otherwise(share < low).fill_null(value=False)
    above = pl.when(strict).then(share >= high).otherwise(share > high).fill_null(value=False)
    rank = (pl.col("rank_found") > pl.col("rank")).fill_null(value=False)
    spread = (pl.col("hhi_found") <= pl.col("hhi")).fill_null(value=False)
    outside = (pl.col("share_high") < low) | (pl.col("share_low") > high)
    outside = outside.fill_null(value=False)
    asks = pl.any_horizontal(pl.col("low", "high", "rank", "hhi").is_not_null())
    return (
        pl.when(~asks)
        .then(None)
        .when(share.is_not_null())
        .then(~(below | above | rank | spread))
        .when(pl.col("is_bounded") & outside)
        .then(pl.lit(value=False))
    )


def distance() -> pl.Expr:
    """How far a cell's share is from the figure, or from what meets the claim; null for neither."""
    share, low, high = pl.col("share"), pl.col("low"), pl.col("high")
    outside = pl.max_horizontal(low - share, share - high, pl.lit(0.0))
    asked = low.is_not_null() | high.is_not_null()
    return pl.coalesce(
        (share - pl.col("stated")).abs(), pl.when(asked & share.is_not_null()).then(outside)
    )


def flags() -> dict[str, pl.Expr]:
    """Give the flags of a cell."""
    stray = (pl.col("ended_usd") > 0) | (pl.col("basket_usd") > 0)
    known = pl.col("share_low").is_not_null()
    return {
        "bloc": pl.col("is_bloc"),
        "mirror": pl.col("side") == MIRROR,
        "mixed_stages": (pl.col("basis") == "mass") & (pl.col("stages") > 1),
        "partial_basket": known & (pl.col("is_partial") | stray),
        "proxy": pl.col("is_proxy"),
        "range": pl.col("is_bounded"),
        "territories": pl.col("territories"),
        "unallocated_high": pl.col("unallocated_share") > UNALLOCATED_HIGH,
    }


def confidence() -> pl.Expr:
    """Grade a cell by what is allocated, what has a weight, and how clean its codes are."""
    mass = pl.col("basis") == "mass"
    parts = [
        1.0 - pl.col("unallocated_share"),
        pl.when(mass).then(1.0 - pl.col("weight_missing_share")),
        pl.col("cleanness"),
    ]
    graded = grade(score(parts), pl.col("unallocated_share") > UNALLOCATED_HIGH)
    return pl.when(pl.col("share").is_not_null()).then(graded)
