"""Which cells supply risk is computed for, whose supply counts as own, and what is borrowed."""

from __future__ import annotations

import polars as pl

from flows.indices.formulas import domestic_production as domestic
from flows.indices.formulas import eu_study_inputs
from flows.indices.formulas import supply_risk as method


def study_stages(stages: pl.LazyFrame) -> pl.LazyFrame:
    """Map a stage of trade to extraction (mine) or processing (refinery), and to its production.

    A stage of trade that depends on mines first is extraction; mine output is never the supply of
    a processed form. Gives `form_stage`, `stage`, `production_stage`, `preference`.
    """
    mined = pl.col("production_stage") == "mine"
    first = mined.sort_by("preference").first().over("trade_stage")
    return (
        stages.filter(pl.col("trade_stage") != "all")
        .with_columns(stage=pl.when(first).then(pl.lit("mine")).otherwise(pl.lit("refinery")))
        .filter(mined == (pl.col("stage") == "mine"))
        .select("stage", "production_stage", "preference", form_stage="trade_stage")
    )


def own_members(
    importers: pl.LazyFrame, members: pl.LazyFrame, years: pl.LazyFrame
) -> pl.LazyFrame:
    """Whose supply is an importer's own: itself, or a bloc's members, by year."""
    own = importers.select(importer_iso3="importer", own="member_trade_parameter")
    blocs = domestic.memberships(years, members).select("year", importer_iso3="bloc", area="iso3")
    alone = own.join(blocs, on="importer_iso3", how="anti").join(years, how="cross")
    return pl.concat(
        [
            blocs.join(own, on="importer_iso3").select(
                "importer_iso3", "area", "year", member_trade_parameter="own"
            ),
            alone.select(
                "importer_iso3",
                "year",
                area="importer_iso3",
                member_trade_parameter="own",
            ).select("importer_iso3", "area", "year", "member_trade_parameter"),
        ]
    )


def trade_parameters(shares: pl.LazyFrame, materials: pl.LazyFrame) -> pl.LazyFrame:
    """Trade parameter of a mineral, stage and country: of the last study, the highest."""
    return (
        shares.filter(pl.col("edition") == pl.col("edition").max())
        .join(materials.filter(pl.col("mineral").is_not_null()), on="material")
        .group_by("mineral", "stage", "area")
        .agg(given_parameter=pl.col("trade_parameter").max())
    )


def produced_for(importers: pl.LazyFrame, production: pl.LazyFrame) -> pl.LazyFrame:
    """World production once for each importer, which weighs the producers its own way."""
    mined = pl.col("production_stage") == "mine"
    return (
        production.filter(pl.col("area_kind") != "world")
        .select("mineral", "production_stage", "year", "area", "area_kind", "mass_kg")
        .join(importers.select(importer_iso3="importer"), how="cross")
        .with_columns(
            allocated=pl.col("area_kind") == "country",
            stage=pl.when(mined).then(pl.lit("mine")).otherwise(pl.lit("refinery")),
        )
    )


def bought_by(
    importers: pl.LazyFrame, trade: pl.LazyFrame, countries: pl.LazyFrame
) -> pl.LazyFrame:
    """Imports of the importers, with whether their origin is a country."""
    named = countries.select(exporter_iso3="iso3", allocated=pl.col("kind") != "unallocated")
    return (
        trade.join(importers.select(importer_iso3="importer"), on="importer_iso3", how="semi")
        .join(named, on="exporter_iso3", how="left", validate="m:1")
        .rename({"exporter_iso3": "area"})
    )


def universe(
    importers: pl.LazyFrame, trade: pl.LazyFrame, production: pl.LazyFrame, stages: pl.LazyFrame
) -> pl.LazyFrame:
    """Every importer's cells: each form that is traded, and each production without such a form.

    A form takes the first production stage that has figures. Adds `uses_gs` and `uses_eu`.
    """
    flow = ["mineral", "year", "source", "edition"]
    output = production.select("mineral", "year", "production_stage").unique()
    behind = (
        stages.join(output, on="production_stage")
        .group_by("mineral", "year", "form_stage", "stage")
        .agg(pl.col("production_stage").sort_by("preference").first())
    )
    traded = (
        trade.select(*flow, "form_stage", "stage")
        .unique()
        .join(behind, on=["mineral", "year", "form_stage", "stage"], how="left", validate="m:1")
        .with_columns(uses_gs=pl.col("production_stage").is_not_null(), uses_eu=pl.lit(value=True))
    )
    mined = pl.col("production_stage") == "mine"
    untraded = (
        trade.select("year", "source", "edition")
        .unique()
        .join(output, on="year")
        .with_columns(stage=pl.when(mined).then(pl.lit("mine")).otherwise(pl.lit("refinery")))
        .join(traded, on=[*flow, "stage"], how="anti")
        .with_columns(
            form_stage=pl.col("production_stage"),
            uses_gs=pl.lit(value=True),
            uses_eu=pl.lit(value=False),
        )
    )
    bases = pl.LazyFrame({"basis": ["mass", "value"]})
    names = [*flow, "stage", "form_stage", "production_stage", "uses_gs", "uses_eu"]
    return (
        pl.concat([traded.select(names), untraded.select(names)])
        .join(importers.select(importer_iso3="importer"), how="cross")
        .join(bases, how="cross")
    )


LENT = ("eol_rir", "si_sr")


def lent(inputs: pl.LazyFrame, materials: pl.LazyFrame) -> pl.LazyFrame:
    """Recycling and substitution of a mineral and stage: the mean of the study's materials.

    Materials that the study assesses at this very stage come before others. Bounds are the
    outermost of the materials'.
    """
    staged = inputs.group_by("material").agg(assessed=pl.col("stage").drop_nulls().first())
    groups = materials.select(material="material_group").unique()
    rows = (
        eu_study_inputs.inputs(inputs)
        .filter(pl.col("edition") == pl.col("edition").max())
        .join(materials.filter(pl.col("mineral").is_not_null()), on="material")
        .join(groups, on="material", how="anti")
        .join(staged, on="material", how="left")
        .join(pl.LazyFrame({"stage": ["mine", "refinery"]}), how="cross")
    )
    fits = (pl.col("assessed") == pl.col("stage")) & pl.col("si_sr").is_not_null()
    chosen = rows.filter(fits.fill_null(value=False) | ~fits.any().over("mineral", "stage"))
    means = {
        name: (pl.col(name) * method.QUANTUM).round().cast(pl.Int64).sum().cast(pl.Float64)
        / (pl.when(pl.col(name).count() > 0).then(pl.col(name).count()) * method.QUANTUM)
        for name in LENT
    }
    ends = {f"{name}_low": pl.col(f"{name}_low").min() for name in LENT}
    ends |= {f"{name}_high": pl.col(f"{name}_high").max() for name in LENT}
    return chosen.group_by("mineral", "stage").agg(**means, **ends)
