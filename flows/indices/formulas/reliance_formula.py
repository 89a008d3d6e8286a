"""Import reliance: formulas, and their bounds where production or content is only known to a range.

Production p, imports i, exports e and stock release r (stocks at the beginning minus at the end).
Sources: USGS Mineral Commodity Summaries, appendix; European Commission (2017), Methodology for
establishing the EU list of critical raw materials; Regulation (EU) 2024/1252, Article 5.
"""

from __future__ import annotations

import polars as pl

NO_RELEASE = pl.lit(0)


def apparent_consumption(
    p: pl.Expr, i: pl.Expr, e: pl.Expr, release: pl.Expr = NO_RELEASE
) -> pl.Expr:
    """Production + imports - exports + stock release."""
    return p + i - e + release


def share_of(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Divide; null where the whole is not positive."""
    return pl.when(whole > 0).then(part / whole)


def net_import_reliance(
    p: pl.Expr, i: pl.Expr, e: pl.Expr, release: pl.Expr = NO_RELEASE
) -> pl.Expr:
    """(i - e + r) / apparent consumption; negative for a net exporter, null without consumption."""
    return share_of(i - e + release, apparent_consumption(p, i, e, release))


def eu_import_reliance(p: pl.Expr, i: pl.Expr, e: pl.Expr) -> pl.Expr:
    """Net imports / (production + net imports), not below 0 as the EU's study uses it."""
    return share_of(i - e, p + i - e).clip(0.0, None)


def gross_import_dependency(p: pl.Expr, i: pl.Expr) -> pl.Expr:
    """Imports / (production + imports)."""
    return share_of(i, p + i)


def self_sufficiency(p: pl.Expr, consumption: pl.Expr) -> pl.Expr:
    """Production / apparent consumption; above 1 for a net exporter."""
    return share_of(p, consumption)


def consumption_share(share: pl.Expr, i: pl.Expr, consumption: pl.Expr) -> pl.Expr:
    """Part of consumption that comes from one partner: its import share times i / consumption."""
    return share * share_of(i, consumption)


def exposure(share: pl.Expr, reliance: pl.Expr) -> pl.Expr:
    """Import share of a partner times net import reliance; a net exporter is exposed to none."""
    return share * reliance.clip(0.0, None)


def display(reliance: pl.Expr) -> pl.Expr:
    """Write a reliance as USGS does: E for a net exporter, else whole percent."""
    percent = (reliance * 100).round().cast(pl.Int64).cast(pl.String)
    return pl.when(reliance < 0).then(pl.lit("E")).otherwise(percent)


def reliance_bounds(
    p: tuple[pl.Expr, pl.Expr], net: tuple[pl.Expr, pl.Expr]
) -> tuple[pl.Expr, pl.Expr]:
    """Bounds of net / (p + net) for p and net imports within theirs.

    It grows with net; with p it falls where net is positive and rises where it is negative. An
    upper bound of p that is null is none: the ratio then comes as near to 0 as one likes. Null
    where there is no bound.
    """
    (p_low, p_high), (n_low, n_high) = p, net
    least = (
        pl.when((n_low > 0) & p_high.is_null())
        .then(0.0)
        .when(n_low > 0)
        .then(share_of(n_low, p_high + n_low))
        .otherwise(share_of(n_low, p_low + n_low))
    )
    most = (
        pl.when(n_high > 0)
        .then(share_of(n_high, p_low + n_high))
        .when(p_high.is_null())
        .then(0.0)
        .otherwise(share_of(n_high, p_high + n_high))
    )
    return least, most


def dependency_bounds(
    p: tuple[pl.Expr, pl.Expr], i: tuple[pl.Expr, pl.Expr]
) -> tuple[pl.Expr, pl.Expr]:
    """Bounds of imports / (production + imports)."""
    (p_low, p_high), (i_low, i_high) = p, i
    least = pl.when(p_high.is_null()).then(0.0).otherwise(share_of(i_low, p_high + i_low))
    return least, share_of(i_high, p_low + i_high)
