"""Contained share: which part of the metal in an importer's supply comes from each exporter.

Each form is turned into metal by its content factor before anything is added. Where the factor is
a range, a share is lowest with the least content in the exporter's goods and the greatest in all
others'.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import consumption as explained
from flows.indices.formulas.balance import contained, content_gaps
from flows.indices.formulas.basket import (
    SERIES,
    WEIGHT_MISSING_LIMIT,
    basket_traits,
    flag_list,
    series_columns,
)
from flows.indices.formulas.concentration import ratio, verdict_columns
from flows.indices.formulas.confidence import grade, score
from flows.indices.formulas.declared import measure, share

CELL = ["importer_iso3", *SERIES, "year", "basis"]


def compute(
    mart_contained_trade: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_specificity: pl.LazyFrame,
) -> pl.LazyFrame:
    """Share of every exporter in the contained metal of every importer, mineral, stage and year.

    Args:
        mart_contained_trade: amounts by form, with content factors.
        mart_basket: the codes of each series.
        ref_country: `iso3` and `kind`; exporters of kind `unallocated` are nobody's.
        ref_specificity: `specificity` and `confidence_factor`.

    """
    named = ref_country.filter(pl.col("kind") != "unallocated").select(exporter_iso3="iso3")
    rows = contained(mart_contained_trade).join(named, on="exporter_iso3", how="semi")
    traits = basket_traits(mart_basket, ref_specificity)
    return (
        shares(rows, content_gaps(mart_contained_trade))
        .join(traits, on=SERIES, how="left", validate="m:1")
        .with_columns(flags=flag_list(flags()), confidence=confidence())
    )


def shares(rows: pl.LazyFrame, gaps: pl.LazyFrame) -> pl.LazyFrame:
    """Divide contained amounts by their importer's total.

    Args:
        rows: as `balance.contained` gives them, allocated to countries.
        gaps: `has_point` and `has_bounds` by series, as `balance.content_gaps` gives them.

    """
    apart = ("value_usd", "value_without_mass_usd")
    totals = rows.group_by(CELL).agg(
        pl.col("amount", "amount_low", "amount_high").sum().name.prefix("all_"),
        weight_missing_share=ratio(pl.col(apart[1]).sum(), pl.col(apart[0]).sum()),
    )
    low, high = pl.col("amount_low"), pl.col("amount_high")
    others_high = pl.col("all_amount_high") - high
    others_low = pl.col("all_amount_low") - low
    point = pl.col("reason").is_null()
    bounded = point | ((pl.col("reason") == "content_unknown") & pl.col("has_bounds"))
    return (
        rows.join(totals, on=CELL, validate="m:1")
        .join(gaps, on=SERIES, how="left", validate="m:1")
        .with_columns(reason=reason())
        .with_columns(
            contained_kg=pl.when(point).then(pl.col("amount") / 1e6),
            import_share=pl.when(point).then(ratio(pl.col("amount"), pl.col("all_amount"))),
            import_share_low=pl.when(bounded).then(ratio(low, low + others_high)),
            import_share_high=pl.when(bounded).then(ratio(high, high + others_low)),
        )
    )


def reason() -> pl.Expr:
    """Why there is no share."""
    return (
        pl.when(pl.col("weight_missing_share") > WEIGHT_MISSING_LIMIT)
        .then(pl.lit("weight_missing"))
        .when(~pl.col("has_point"))
        .then(pl.lit("content_unknown"))
        .when(pl.col("all_amount") == 0)
        .then(pl.lit("no_trade"))
    )


def flags() -> dict[str, pl.Expr]:
    """Flags of a share."""
    return {
        "partial_basket": pl.col("is_partial"),
        "proxy": pl.col("is_proxy"),
        "range": pl.col("import_share_low") < pl.col("import_share_high"),
        "weight_missing": pl.col("weight_missing_share") > 0,
    }


def confidence() -> pl.Expr:
    """Grade a share: weights and cleanness of the codes."""
    parts = [1.0 - pl.col("weight_missing_share"), pl.col("cleanness")]
    return pl.when(pl.col("reason").is_null()).then(grade(score(parts), pl.col("is_basket")))


INDEX = Index(
    table=Table(
        schema="indices",
        name="contained_share",
        meaning="Share of the metal in an importer's supply that comes from each exporter",
        grain=("importer_iso3", "exporter_iso3", *CELL[1:]),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            Column("exporter_iso3", "text", "exporting economy", key="mart.economy.economy"),
            *series_columns(),
            measure("contained_kg", "metal contained", "kg"),
            share("import_share", "share of what is allocated to countries"),
            share("import_share_low", "with the least content here, most there"),
            share("import_share_high", "with the most content here, least there"),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="sum(mass * content) of the exporter / the same of all",
        citation="content factors in ref.form, each with its source",
    ),
    inputs=("mart.contained_trade", "mart.basket", "ref.country", "ref.specificity"),
    compute=compute,
    explain=explained.contained_share,
)
