"""Supply risk and economic importance after the EU's method of 2017: the formulas.

SR = (HHI_GS * IR/2 + HHI_EU * (1 - IR/2)) * (1 - EoL-RIR) * SI_SR, where HHI = sum(S_c^2 WGI_c t_c)
over suppliers c, of global supply and of EU sourcing; WGI is governance from 0 to 10, 10 the worst.
EI = 10 * sum(A_s VA_s) / max(VA) * SI_EI, A_s the part of the use in sector s. The scale of EI is
our reading: it reproduces what is published, but stands in no text we know.
Source: European Commission (2017), Methodology for establishing the EU list of critical raw
materials; Regulation (EU) 2024/1252, Annex II.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.formulas.concentration import ratio, wide_product

WORST = 10.0
QUANTUM = 10**12
"""Scores are summed as whole numbers of 1/10^12, exactly, in any order."""

DIMENSIONS = 6
SR_THRESHOLD = 1.0
EI_THRESHOLD = 2.8
GOVERNANCE_LIMIT = 0.05
"""Suppliers without a score that hold more than this part leave no point, only bounds."""
GOVERNANCE_MAX_AGE = 2
"""A score stands in for at most this many later years without one."""

BOUNDED = ("hhi_wgi_t_gs", "hhi_wgi_t_eu", "import_reliance", "eol_rir", "si_sr")
"""What supply risk is computed from; each comes with `_low` and `_high`."""


def scaled_governance(mean: pl.Expr) -> pl.Expr:
    """Map the mean of the six estimates to risk: (2.5 - mean) * 2 within 0..10; null stays null."""
    return pl.when(mean.is_not_null()).then(((2.5 - mean) * 2.0).clip(0.0, WORST))


def governance_scores(estimates: pl.LazyFrame) -> pl.LazyFrame:
    """Governance risk of each country and year: `area`, `governance_year`, `wgi` (0..10).

    Args:
        estimates: `iso3`, `year`, `dimension`, `estimate`, of one edition. A year in which not
            all six dimensions are known has no score.

    """
    fixed = (pl.col("estimate") * QUANTUM).round().cast(pl.Int64)
    sums = estimates.group_by(area="iso3", governance_year="year").agg(
        total=fixed.sum(), known=pl.col("estimate").count()
    )
    mean = pl.when(pl.col("known") == DIMENSIONS).then(
        pl.col("total").cast(pl.Float64) / (DIMENSIONS * QUANTUM)
    )
    return sums.select("area", "governance_year", wgi=scaled_governance(mean))


def governance_year(years: pl.LazyFrame, scores: pl.LazyFrame) -> pl.LazyFrame:
    """Give each `year` its `governance_year`: the same, or the last one at most two before."""
    age = pl.col("year") - pl.col("governance_year")
    return (
        years.select("year")
        .unique()
        .join(scores.select("governance_year").unique(), how="cross")
        .filter(age.is_between(0, GOVERNANCE_MAX_AGE))
        .group_by("year")
        .agg(pl.col("governance_year").max())
    )


def weighted_squares(rows: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Sum S^2 * WGI * t of each cell, exactly, before the one division.

    Args:
        rows: `keys`, `amount` with `amount_low` and `amount_high` (Int64; null = unknown),
            `allocated` (whether a country is named), `wgi` (0..10; null = no score),
            `trade_parameter`.
        keys: what makes a cell.

    Gives `total`, `unallocated`, `largest`, `ungoverned`, `parameter_high` and, as whole numbers of
    1/10^12, `squares_best` and `squares_worst` (a supplier without a score has 0 or 10),
    `squares_low` and `squares_high` (of the bounds of the amounts as well).

    """
    named = pl.col("allocated")
    x = pl.when(named).then(pl.col("amount"))
    best, worst = weight(pl.col("wgi").fill_null(0.0)), weight(pl.col("wgi").fill_null(WORST))
    low = pl.when(named).then(pl.col("amount_low"))
    high = pl.when(named).then(pl.col("amount_high"))
    parts = {
        "total": x,
        "unallocated": pl.when(~named).then(pl.col("amount")),
        "ungoverned": pl.when(pl.col("wgi").is_null()).then(x),
        "squares_best": wide_product(x, x) * best,
        "squares_worst": wide_product(x, x) * worst,
        "squares_low": wide_product(low, low) * best,
        "squares_high": wide_product(high, high) * worst,
    }
    extremes = {"largest": high, "parameter_high": pl.when(named).then(pl.col("trade_parameter"))}
    return (
        rows.select(*keys, **parts, **extremes)
        .group_by(keys)
        .agg(pl.col(list(parts)).sum(), pl.col(list(extremes)).max())
    )


def weight(wgi: pl.Expr) -> pl.Expr:
    """Multiply governance and trade parameter, as a whole number of 1/10^12."""
    return (wgi * pl.col("trade_parameter") * QUANTUM).round().cast(pl.Int128)


def weighted_concentration(whole: pl.Expr, squares: pl.Expr) -> pl.Expr:
    """Divide a sum of `weighted_squares` by the square of the whole; null where that is 0."""
    return ratio(squares, wide_product(whole, whole)) / QUANTUM


def governed(whole: pl.Expr) -> dict[str, pl.Expr]:
    """Point of a cell: between its suppliers without score at their best and their worst.

    Gives `hhi_wgi_t` (null where they hold too much) and `ungoverned_share`.
    """
    share = ratio(pl.col("ungoverned"), whole)
    best = weighted_concentration(whole, pl.col("squares_best"))
    worst = weighted_concentration(whole, pl.col("squares_worst"))
    return {
        "hhi_wgi_t": pl.when(share <= GOVERNANCE_LIMIT).then((best + worst) / 2.0),
        "ungoverned_share": share,
    }


def core(gs: pl.Expr, eu: pl.Expr, reliance: pl.Expr) -> pl.Expr:
    """Weigh global supply and EU sourcing by import reliance; where one is null, the other alone.

    A negative reliance counts as 0.
    """
    ir = pl.when(reliance.is_not_null()).then(reliance.clip(0.0, 1.0))
    both = gs * ir / 2.0 + eu * (1.0 - ir / 2.0)
    return pl.when(eu.is_null()).then(gs).when(gs.is_null()).then(eu).otherwise(both)


def supply_risk(weighted: pl.Expr, recycling: pl.Expr, substitution: pl.Expr) -> pl.Expr:
    """Reduce the weighted concentration by recycling and substitution."""
    return weighted * (1.0 - recycling) * substitution


def risk_and_bounds() -> dict[str, pl.Expr]:
    """Supply risk of a row with its bounds, from `BOUNDED`, `uses_gs` and `uses_eu`.

    What is not used counts as missing; what is used and null leaves no point. The bounds are the
    outermost corners of the inputs' bounds.
    """
    gs, eu = (used(f"hhi_wgi_t_{side}", f"uses_{side}") for side in ("gs", "eu"))
    both = pl.col("uses_gs") & pl.col("uses_eu")
    lost = (pl.col("uses_gs") & gs.is_null()) | (pl.col("uses_eu") & eu.is_null())
    point = supply_risk(core(gs, eu, pl.col("import_reliance")), pl.col("eol_rir"), pl.col("si_sr"))
    ends = {}
    for end, other in (("low", "high"), ("high", "low")):
        corners = [
            core(
                used(f"hhi_wgi_t_gs_{end}", "uses_gs"),
                used(f"hhi_wgi_t_eu_{end}", "uses_eu"),
                pl.col(f"import_reliance_{reliance}"),
            )
            for reliance in ("low", "high")
        ]
        corner = pl.min_horizontal(corners) if end == "low" else pl.max_horizontal(corners)
        ends[end] = supply_risk(corner, pl.col(f"eol_rir_{other}"), pl.col(f"si_sr_{end}"))
    known = ~lost & (~both | pl.col("import_reliance").is_not_null())
    return {
        "supply_risk": pl.when(known).then(point),
        "supply_risk_low": ends["low"],
        "supply_risk_high": ends["high"],
    }


def used(column: str, flag: str) -> pl.Expr:
    """A column where the flag holds, else null."""
    return pl.when(pl.col(flag)).then(pl.col(column))


def economic_importance(uses: pl.LazyFrame, keys: Sequence[str], highest: pl.Expr) -> pl.LazyFrame:
    """Value added behind the uses of a material, from 0 to 10, before substitution.

    Args:
        uses: `keys`, `share` with `share_low` and `share_high` (0..1), `value_added_meur` (whole
            millions; null = no sector is named), and what `highest` reads.
        keys: what makes a material.
        highest: the value added of the largest sector.

    Gives `value_added_meur` (weighted), `use_importance` with `_low` and `_high`, and
    `unassigned_use_share`. A use without sector adds nothing to point and lower bound, and the
    largest sector's to the upper.

    """
    added, no_sector = pl.col("value_added_meur"), pl.col("value_added_meur").is_null()
    parts = {
        "point": fixed("share") * millions(added),
        "low": fixed("share_low") * millions(added),
        "high": fixed("share_high") * millions(added.fill_null(highest)),
        "unassigned": pl.when(no_sector).then(fixed("share")),
    }
    sums = (
        uses.select(*keys, highest=millions(highest), **parts)
        .group_by(keys)
        .agg(pl.col("highest").max(), pl.col(list(parts)).sum())
    )
    scale = {
        name: (WORST * ratio(pl.col(part), pl.col("highest") * QUANTUM)).clip(0.0, WORST)
        for name, part in (
            ("use_importance", "point"),
            ("use_importance_low", "low"),
            ("use_importance_high", "high"),
        )
    }
    return sums.select(
        *keys,
        value_added_meur=pl.col("point").cast(pl.Float64) / QUANTUM,
        **scale,
        unassigned_use_share=pl.col("unassigned").cast(pl.Float64) / QUANTUM,
    )


def fixed(column: str) -> pl.Expr:
    """Write shares as whole numbers of 1/10^12."""
    return (pl.col(column) * QUANTUM).round().cast(pl.Int128)


def millions(added: pl.Expr) -> pl.Expr:
    """Write value added as a whole number of millions."""
    return added.round().cast(pl.Int128)


def substitution_indices(parts: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Substitution indices SI_EI and SI_SR from applications and substitutes.

    Args:
        parts: `keys`, `share` (of the application), `subshare` (of a substitute within it; the
            material itself is one with all parameters 1), `scp` (cost and performance), `sp`
            (production), `scr` (criticality), `sco` (co-production). The grids are the study's.
        keys: what makes a material.

    """
    carried = pl.col("share") * pl.col("subshare")
    supply = (pl.col("sp") * pl.col("scr") * pl.col("sco")).cbrt()
    parts = parts.select(
        *keys,
        si_ei=(carried * pl.col("scp") * 2.0**50).round().cast(pl.Int64),
        si_sr=(carried * supply * 2.0**50).round().cast(pl.Int64),
    )
    return parts.group_by(keys).agg(pl.col("si_ei", "si_sr").sum().cast(pl.Float64) / 2.0**50)


def one_decimal(value: pl.Expr) -> pl.Expr:
    """Round as the studies display: half a tenth upwards."""
    return (value * 10.0 + 0.5 + 1e-9).floor() / 10.0


def reaches() -> dict[str, pl.Expr]:
    """Hold supply risk against its threshold, as computed (`_raw`) and as displayed (`_1dp`)."""
    risk = pl.col("supply_risk")
    return {
        "supply_risk_1dp": one_decimal(risk),
        "reaches_sr_raw": risk >= SR_THRESHOLD,
        "reaches_sr_1dp": one_decimal(risk) >= SR_THRESHOLD,
    }


def critical() -> dict[str, pl.Expr]:
    """Hold supply risk and economic importance against their thresholds, raw and as displayed.

    Where importance is null, a material is not critical if supply risk alone rules it out, else
    null.
    """
    importance = pl.col("economic_importance")
    return {
        "economic_importance_1dp": one_decimal(importance),
        "critical_raw": reaches()["reaches_sr_raw"] & (importance >= EI_THRESHOLD),
        "critical_1dp": reaches()["reaches_sr_1dp"] & (one_decimal(importance) >= EI_THRESHOLD),
    }


TIE = 1e-9


def is_bottleneck(within: Sequence[str]) -> pl.Expr:
    """Whether a stage has the highest supply risk of its material; null where that is open.

    It is open without a point, and where a stage without a point may yet be the higher one. Stages
    that differ by no more than the last digits of a float are equally high.
    """
    risk = pl.col("supply_risk")
    rivals = pl.when(risk.is_null()).then(pl.col("supply_risk_high")).max().over(within)
    return (
        pl.when(risk < risk.max().over(within) - TIE)
        .then(statement=False)
        .when(risk.is_not_null() & (rivals.fill_null(0.0) <= risk + TIE))
        .then(statement=True)
    )
