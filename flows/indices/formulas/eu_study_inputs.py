"""What supply risk is computed from in an EU study: concentrations, inputs by material, uses.

2017 publishes weighted concentrations; from the shares of 2023 they are computed here, with our
governance scores of the year before the edition.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas import supply_risk as method

CELL = ["edition", "material", "stage"]
ONE = 10**9
"""Shares are counted in billionths."""

OMITTED_BELOW = 0.01
"""Shares below this are left out of EU sourcing."""
SHARES_AT_LEAST = 0.75
"""Listed shares that sum to less leave no point."""


def last_edition(governance: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the last edition of the governance estimates."""
    return governance.filter(pl.col("edition") == pl.col("edition").max())


def published(given: pl.LazyFrame) -> pl.LazyFrame:
    """Concentrations that a study publishes, and which of them it uses."""
    used = pl.col("supply_data_used")
    names = [f"hhi_wgi_t_{side}{end}" for side in ("gs", "eu") for end in ("", "_low", "_high")]
    return given.filter(used.is_not_null()).select(
        *CELL, *names, "supply_data_used", uses_gs=used != "EUS only", uses_eu=used != "GS only"
    )


def concentrations(shares: pl.LazyFrame, estimates: pl.LazyFrame) -> pl.LazyFrame:
    """Concentrations from published shares, with governance of the last year before the edition."""
    scores = method.governance_scores(estimates)
    years = shares.select("edition", year=pl.col("edition").cast(pl.Int32) - 1).unique()
    carried = years.join(method.governance_year(years, scores), on="year")
    rows = shares.join(carried, on="edition").join(
        scores, on=["area", "governance_year"], how="left", validate="m:1"
    )
    middle = pl.coalesce("share", (pl.col("share_low") + pl.col("share_high")) / 2.0)
    keys = [*CELL, "supply", "governance_year"]
    cells = method.weighted_squares(
        rows.with_columns(
            amount=whole(middle),
            amount_low=whole(pl.col("share_low")),
            amount_high=whole(pl.col("share_high")),
            allocated=pl.lit(value=True),
        ),
        keys,
    ).with_columns(**shared_concentration())
    sides = [
        cells.filter(pl.col("supply") == supply).select(
            *CELL,
            "governance_year",
            pl.lit(value=True).alias(f"uses_{side}"),
            *(
                pl.col(name).alias(name.replace("hhi_wgi_t", f"hhi_wgi_t_{side}"))
                for name in ("hhi_wgi_t", "hhi_wgi_t_low", "hhi_wgi_t_high")
            ),
            pl.col("share_sum").alias(f"share_sum_{side}"),
            pl.col("ungoverned_share").alias(f"ungoverned_{side}"),
        )
        for supply, side in (("global", "gs"), ("eu", "eu"))
    ]
    return (
        sides[0]
        .join(sides[1], on=[*CELL, "governance_year"], how="full", coalesce=True, validate="1:1")
        .with_columns(pl.col("uses_gs", "uses_eu").fill_null(value=False))
        .with_columns(supply_data_used=data_used())
    )


def whole(share: pl.Expr) -> pl.Expr:
    """Write a share as a whole number of billionths."""
    return (share * ONE).round().cast(pl.Int64)


def shared_concentration() -> dict[str, pl.Expr]:
    """Concentration where amounts are shares of one: what is not listed counts as atomistic.

    Gives `hhi_wgi_t` (null where too little is listed) with bounds; the upper one gives the rest to
    suppliers just below what is listed, or where too little is listed to the largest one.
    """
    one = pl.lit(ONE, pl.Int64)
    total = pl.col("total").cast(pl.Float64) / ONE
    rest = (1.0 - total).clip(0.0, 1.0)
    top = pl.col("largest").cast(pl.Float64) / ONE
    added = (
        pl.when(total >= SHARES_AT_LEAST)
        .then(rest * OMITTED_BELOW)
        .otherwise(2.0 * top * rest + rest * rest)
    )
    point = method.governed(one)
    return {
        "hhi_wgi_t": pl.when(total >= SHARES_AT_LEAST).then(point["hhi_wgi_t"]),
        "hhi_wgi_t_low": method.weighted_concentration(one, pl.col("squares_low")),
        "hhi_wgi_t_high": method.weighted_concentration(one, pl.col("squares_high"))
        + added * method.WORST * pl.col("parameter_high"),
        "share_sum": total,
        "ungoverned_share": point["ungoverned_share"],
    }


def data_used() -> pl.Expr:
    """Name what is used, in the studies' own words."""
    return (
        pl.when(pl.col("uses_gs") & pl.col("uses_eu"))
        .then(pl.lit("GS + EUS"))
        .when(pl.col("uses_gs"))
        .then(pl.lit("GS only"))
        .when(pl.col("uses_eu"))
        .then(pl.lit("EUS only"))
    )


BORROWED = ("eol_rir", "si_sr", "si_ei")


def inputs(given: pl.LazyFrame) -> pl.LazyFrame:
    """Import reliance, recycling and substitution; what an edition lacks comes from the last one.

    Adds `borrowed`: the names of what was borrowed.
    """
    editions = given.select("edition").unique()
    materials = given.select("material").unique()
    names = [name + end for name in BORROWED for end in ("", "_low", "_high")]
    reliance = ["import_reliance", "import_reliance_low", "import_reliance_high"]
    keys = ["edition", "material"]
    full = editions.join(materials, how="cross").join(
        given.select(*keys, *reliance, *names), on=keys, how="left", validate="1:1"
    )
    earlier = {
        name: pl.col(name).forward_fill().over("material", order_by="edition") for name in names
    }
    lent = [
        pl.when(pl.col(name).is_null() & earlier[name].is_not_null()).then(pl.lit(name))
        for name in BORROWED
    ]
    return full.select(*keys, *reliance, **earlier, borrowed=pl.concat_list(lent).list.drop_nulls())


def importance(uses: pl.LazyFrame) -> pl.LazyFrame:
    """Importance of the uses of each material, before substitution."""
    keys = ["edition", "material"]
    highest = uses.group_by("edition").agg(highest=pl.col("value_added_meur").max())
    middle = pl.coalesce("share", (pl.col("share_low") + pl.col("share_high")) / 2.0)
    rows = uses.join(highest, on="edition").with_columns(share=middle)
    return method.economic_importance(rows, keys, pl.col("highest"))
