"""GeoPolRisk as a table: score, midpoint and characterisation factors, by two conventions.

The arithmetic is in `geopolrisk_formula.py`. `geopolrisk` computes it from any tables; `compute`
from the marts.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import geopolitics as explained
from flows.indices.formulas.basket import SERIES, basket_traits, flag_list, series_columns
from flows.indices.formulas.concentration import UNALLOCATED_HIGH, verdict_columns
from flows.indices.formulas.confidence import grade
from flows.indices.formulas.confidence import score as confidence_score
from flows.indices.formulas.declared import mass, measure, ranged, share
from flows.indices.formulas.geopolrisk_formula import (
    CORRECTED,
    GOVERNANCE_LIMIT,
    PEER,
    Convention,
    risks,
    with_factors,
)
from flows.indices.formulas.preference import PREFERENCE, comparable

THOUSANDTHS = 1000
"""Weights and values of foreign tables are kept to a thousandth of their unit."""

MEMBERS = {"bloc": pl.String, "iso3": pl.String, "from_year": pl.Int32, "to_year": pl.Int32}


def geopolrisk(  # noqa: PLR0913 - each argument is a table or a choice
    trade: pl.LazyFrame,
    production: pl.LazyFrame,
    governance: pl.LazyFrame,
    *,
    members: pl.LazyFrame | None = None,
    reference_mineral: str = "",
    constant: float | None = None,
    conventions: Sequence[Convention] = (PEER, CORRECTED),
) -> pl.LazyFrame:
    """GeoPolRisk from any tables, without the bundled facts.

    Args:
        trade: `importer_iso3`, `exporter_iso3`, `mineral`, `year`, `mass_kg` (null = unknown),
            `value_usd`; amounts whole or not, kept to a thousandth.
        production: `iso3`, `mineral`, `year`, `mass_kg`, in the units of trade.
        governance: `iso3`, `year`, `pv`: political stability, -2.5 to 2.5; null = unknown.
        members: blocs: `bloc`, `iso3`, `from_year`, `to_year` (null = no limit).
        reference_mineral: mineral whose midpoint of the same economy and year divides `gsp_local`.
        constant: midpoint that divides `gsp_oecd_const`, in USD/kg.
        conventions: `PEER`, `CORRECTED` or one of your own.

    Gives a row for each importer, mineral, year and `mode`: `hhi`, `import_risk`, `score`,
    `price`, `midpoint`, `gsp_local`, `gsp_oecd_const`, with bounds and `reason`.

    """
    whole = {name: whole_thousandths(name).alias(name) for name in ("mass_kg", "value_usd")}
    one = pl.lit("all")
    rows = trade.with_columns(
        pl.col("year").cast(pl.Int32), stage=one, source=pl.lit(""), edition=pl.lit(""), **whole
    ).with_columns(
        value_without_mass_usd=pl.when(pl.col("mass_kg").is_null())
        .then(pl.col("value_usd"))
        .otherwise(0),
        ended_usd=pl.lit(0),
        basket_usd=pl.lit(0),
    )
    output = production.with_columns(
        pl.col("year").cast(pl.Int32),
        whole["mass_kg"],
        area="iso3",
        area_kind=pl.lit("country"),
        stage=one,
        source=pl.lit(""),
        edition=pl.lit(""),
        basis=pl.lit("mass"),
        measure=pl.lit("mass"),
        mass_low_kg=pl.lit(None, pl.Int64),
        mass_high_kg=pl.lit(None, pl.Int64),
        unknown_products=pl.col("mass_kg").is_null().cast(pl.Int64),
        status=pl.when(pl.col("mass_kg").is_null())
        .then(pl.lit("not_available"))
        .otherwise(pl.lit("reported")),
        is_estimated=pl.lit(value=False),
    )
    stages = pl.LazyFrame({"trade_stage": ["all"], "production_stage": ["all"], "preference": [1]})
    pairs = output.select(
        "mineral", "measure", "basis", production_stage=one, trade_stage=one
    ).unique()
    blocs = pl.LazyFrame(schema=MEMBERS) if members is None else members
    scored = governance.with_columns(pl.col("year").cast(pl.Int32))
    reference = pl.LazyFrame(
        {"mineral": [reference_mineral], "stage": ["all"], "constant": [constant]},
        schema_overrides={"constant": pl.Float64},
    )
    found = with_factors(risks(rows, output, scored, stages, pairs, blocs, conventions), reference)
    back = pl.col("imports_kg", "produced_kg", "unknown_kg") / THOUSANDTHS
    return found.with_columns(back).drop("stage", "source", "edition")


def whole_thousandths(name: str) -> pl.Expr:
    """Turn amounts into whole thousandths."""
    return (pl.col(name) * THOUSANDTHS).round().cast(pl.Int64)


def compute(  # noqa: PLR0913, PLR0917 - each argument is a table
    mart_mineral_trade: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    mart_production: pl.LazyFrame,
    mart_governance: pl.LazyFrame,
    ref_bloc: pl.LazyFrame,
    ref_bloc_member: pl.LazyFrame,
    ref_consumption: pl.LazyFrame,
    ref_production_stage: pl.LazyFrame,
    ref_reference_substance: pl.LazyFrame,
    ref_specificity: pl.LazyFrame,
) -> pl.LazyFrame:
    """GeoPolRisk of every importer, bloc, mineral, stage and year, by both conventions.

    Args:
        mart_mineral_trade: amounts by importer and exporter; blocs are made anew, from countries.
        mart_basket: the codes of each series.
        mart_production: production by country.
        mart_governance: six dimensions; `pv` is read, of the last edition.
        ref_bloc: which blocs trade as one.
        ref_bloc_member: who belongs to them.
        ref_consumption: which production is in the units of which trade.
        ref_production_stage: which stage of production a stage of trade depends on.
        ref_reference_substance: in terms of what the factor is stated.
        ref_specificity: `specificity` and `confidence_factor`.

    """
    trade = mart_mineral_trade.join(
        ref_bloc.select(importer_iso3="bloc"), on="importer_iso3", how="anti"
    )
    stability = mart_governance.filter(
        (pl.col("dimension") == "pv") & (pl.col("edition") == pl.col("edition").max())
    ).select("iso3", "year", pv="estimate")
    members = ref_bloc_member.join(ref_bloc.filter("customs_union"), on="bloc", how="semi")
    reference = ref_reference_substance.filter(pl.col("method") == "geopolrisk")
    cells = with_factors(
        risks(trade, mart_production, stability, ref_production_stage, ref_consumption, members),
        reference,
    )
    traits = basket_traits(mart_basket, ref_specificity)
    return cells.join(traits, on=SERIES, how="left", validate="m:1").with_columns(
        basis=pl.lit("mass"), flags=flag_list(flags()), confidence=confidence()
    )


def wide_production() -> pl.Expr:
    """Whether domestic production might exceed the point by more than a twentieth of imports."""
    room = pl.col("own_high_kg") - pl.col("own_kg")
    return pl.col("is_unlisted") & (room.is_null() | (room > 0.05 * pl.col("imports_kg")))


def flags() -> dict[str, pl.Expr]:
    """Flags of a cell."""
    age = pl.col("year") - pl.col("governance_year")
    return {
        "estimated": pl.col("is_estimated"),
        "governance_carried": age > 0,
        "governance_missing": pl.col("governance_missing_share") > 0,
        "mixed_stages": pl.col("stages") > 1,
        "mixed_units": pl.col("mixes_units"),
        "partial_basket": pl.col("is_partial"),
        "production_unlisted": wide_production(),
        "proxy": pl.col("is_proxy"),
        "weight_missing": pl.col("weight_missing_share") > 0,
    }


def confidence() -> pl.Expr:
    """Grade a cell: governance, weights, world production, codes; gaps in production cap at C."""
    unknown = pl.col("production_unallocated_share")
    parts = [
        1.0 - pl.col("governance_missing_share"),
        1.0 - pl.col("weight_missing_share"),
        1.0 - unknown,
        pl.col("cleanness"),
    ]
    gaps = wide_production() | (unknown > UNALLOCATED_HIGH) | pl.col("mixes_units")
    capped = gaps | pl.col("is_basket") | (pl.col("governance_missing_share") > GOVERNANCE_LIMIT)
    return pl.when(pl.col("reason").is_null()).then(grade(confidence_score(parts), capped))


INDEX = Index(
    table=Table(
        schema="indices",
        name="geopolrisk",
        meaning="GeoPolRisk of an importer's supply of a mineral, as its tool and as checked here",
        grain=("importer_iso3", "mineral", "stage", "year", "mode", "basis", "source", "edition"),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *series_columns(),
            Column(
                "mode",
                "text",
                "peer = the published tool's conventions; corrected = units and gaps are checked",
                values=("corrected", "peer"),
            ),
            Column(
                "intra_bloc",
                "text",
                "trade within a bloc: zero = imports with g of 0; dropped = no imports",
                values=("dropped", "zero"),
            ),
            *ranged("hhi", "HHI of the world production behind the stage", "hhi", high=1.0),
            *ranged("import_risk", "sum(g f) / (domestic production + imports)", "share", high=1.0),
            *ranged("score", "hhi times import_risk", "share", high=1.0),
            *ranged("midpoint", "score times price (kUSD/t is the same number)", "USD_per_kg"),
            *ranged("gsp_local", "kg of copper a kg, copper of the same economy and year", "ratio"),
            *ranged("gsp_oecd_const", "kg of copper a kg, one copper midpoint for all", "ratio"),
            share("import_governance", "mean g of what is imported, by weight"),
            mass("imports_kg", "imports whose weight is reported"),
            mass("produced_kg", "domestic production, as measured"),
            measure("price", "import value by import weight", "USD_per_kg"),
            share("governance_missing_share", "weight from exporters without g"),
            share("weight_missing_share", "value whose rows report no weight"),
            Column("governance_year", "year", "year of g", nullable=True),
            Column(
                "production_stage",
                "text",
                "stage of production",
                nullable=True,
                key="ref.stage.stage",
            ),
            Column("measure", "text", "what the production figures measure", nullable=True),
            Column("production_edition", "text", "edition of the production", nullable=True),
            Column("hs6", "text", "HS codes summed, joined by +", nullable=True),
            *verdict_columns(),
            Column(
                "gsp_local_reason",
                "text",
                "why there is no gsp_local although there is a score",
                nullable=True,
                key="ref.reason.reason",
            ),
        ),
        sources=("baci", "usgs_mcs", "worldbank_wgi"),
        formula="hhi * sum(g_i f_i) / (p + F); midpoint = score * price; gsp = midpoint / copper's",
        citation=(
            "Gemechu et al. (2016); Santillan-Saldivar et al. (2022); Koyamparambath et al. (2024)"
        ),
    ),
    inputs=(
        "mart.mineral_trade",
        "mart.basket",
        "mart.production",
        "mart.governance",
        "ref.bloc",
        "ref.bloc_member",
        "ref.consumption",
        "ref.production_stage",
        "ref.reference_substance",
        "ref.specificity",
        PREFERENCE,
    ),
    compute=comparable(compute),
    explain=explained.geopolrisk,
)
