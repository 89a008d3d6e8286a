"""Production concentration: how few countries a mineral is mined, smelted or refined in.

What the source gives for "other countries", and the part of its world total that belongs to
producers whose figure it withholds, are allocated to no country. Figures of two measures (gross
weight, oxide content) are never added: a stage that has several is null (mixed_measures).
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import production as explained
from flows.indices.formulas.basket import flag_list, series_columns
from flows.indices.formulas.concentration import (
    UNALLOCATED_HIGH,
    measure_columns,
    measures,
    totals,
    unallocated_share,
    verdict_columns,
    where_known,
)
from flows.indices.formulas.confidence import grade, score

KEYS = ["mineral", "stage", "year", "basis", "source", "edition"]


def compute(mart_production: pl.LazyFrame) -> pl.LazyFrame:
    """Concentration of world production of every mineral, stage and year over countries.

    Args:
        mart_production: production by country, with OTHER and WORLD.

    """
    apart = mart_production.group_by(KEYS).agg(
        measures=pl.col("measure").n_unique(),
        measure=pl.col("measure").unique().sort().str.join("; "),
    )
    rows = mart_production.filter(pl.col("area_kind") != "world").with_columns(
        amount=pl.col("mass_kg"), allocated=pl.col("area_kind") == "country"
    )
    summed = totals(merged(rows), KEYS, "area")
    cells = (
        summed.join(known_and_withheld(mart_production), on=KEYS, how="left", validate="1:1")
        .join(apart, on=KEYS, validate="1:1")
        .with_columns(
            unallocated=pl.col("unallocated") + pl.col("withheld_kg"),
            withheld_share=withheld_share(),
        )
    )
    return (
        cells.with_columns(unallocated_share=unallocated_share(), reason=reason())
        .with_columns(flags=flag_list(flags()), confidence=confidence())
        .with_columns(
            **where_known(measures() | {"top_supplier_iso3": pl.col("top_supplier_iso3")}),
            weight_missing_share=pl.col("withheld_share"),
        )
    )


def merged(rows: pl.LazyFrame) -> pl.LazyFrame:
    """One row a cell and area; cells of several measures get no number later on anyway."""
    amount = pl.when(pl.col("amount").count() > 0).then(pl.col("amount").sum())
    return rows.group_by([*KEYS, "area", "allocated"]).agg(amount=amount)


def known_and_withheld(production: pl.LazyFrame) -> pl.LazyFrame:
    """By cell: how many producers have no figure, and how much of the world total is theirs.

    The remainder of a rounded world total is counted only where a figure is missing.
    """
    country = pl.col("area_kind") == "country"
    world = pl.col("mass_kg").filter(pl.col("area_kind") == "world").max()
    rest = world - pl.col("mass_kg").filter(pl.col("area_kind") != "world").sum()
    missing = (country & (pl.col("unknown_products") > 0)).sum()
    return production.group_by(KEYS).agg(
        missing=missing,
        confidential=(country & pl.col("status").str.contains("withheld")).any(),
        estimated=(country & pl.col("is_estimated")).any(),
        withheld_kg=pl.when((missing > 0) & (rest > 0)).then(rest).otherwise(0),
    )


def withheld_share() -> pl.Expr:
    """Part of the whole that belongs to producers without a figure; null if there is nothing."""
    whole = pl.col("total").fill_null(0) + pl.col("unallocated") + pl.col("withheld_kg")
    return pl.when(whole > 0).then(pl.col("withheld_kg") / whole)


def reason() -> pl.Expr:
    """Why a cell cannot be computed; null where it can."""
    nothing = pl.col("total").is_null() | (pl.col("total") == 0)
    return (
        pl.when(pl.col("measures") > 1)
        .then(pl.lit("mixed_measures"))
        .when(~nothing)
        .then(None)
        .when(pl.col("confidential"))
        .then(pl.lit("withheld"))
        .otherwise(pl.lit("not_reported"))
    )


def flags() -> dict[str, pl.Expr]:
    """Flags of a cell."""
    return {
        "estimated": pl.col("estimated"),
        "single_supplier": pl.col("suppliers") == 1,
        "tie": pl.col("tied"),
        "not_all_reported": pl.col("missing") > 0,
        "unallocated_high": pl.col("unallocated_share") > UNALLOCATED_HIGH,
        "withheld": pl.col("confidential"),
    }


def confidence() -> pl.Expr:
    """Grade a cell by what is allocated; a missing producer or a tenth unallocated caps at C."""
    capped = (pl.col("missing") > 0) | (pl.col("unallocated_share") > UNALLOCATED_HIGH)
    graded = grade(score([1.0 - pl.col("unallocated_share")]), capped)
    return pl.when(pl.col("reason").is_null()).then(graded)


INDEX = Index(
    table=Table(
        schema="indices",
        name="production_concentration",
        meaning="Concentration of world production of a mineral over countries",
        grain=tuple(KEYS),
        columns=(
            *series_columns(),
            Column("measure", "text", "what the figures measure"),
            *measure_columns("producing countries"),
            Column(
                "weight_missing_share",
                "float",
                "part of the world total that belongs to producers without a figure",
                unit="share",
                nullable=True,
                low=0,
                high=1,
            ),
            *verdict_columns(),
        ),
        sources=("usgs_mcs",),
        formula="sum(s_c^2) over producing countries c",
        citation="Hirschman (1964), American Economic Review 54(5); Herfindahl (1950)",
    ),
    inputs=("mart.production",),
    compute=compute,
    explain=explained.production_concentration,
)
