"""What each economy exports of a mineral: a country in all, a bloc to others and within."""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.basket import WEIGHT_MISSING_LIMIT
from flows.indices.formulas.suppliers import CELL

KEY = ["mineral", "stage", "year", "source", "edition"]
AMOUNTS = ["value_usd", "mass_kg", "value_without_mass_usd"]


def exports(
    mart_mineral_trade: pl.LazyFrame, ref_bloc: pl.LazyFrame, ref_bloc_member: pl.LazyFrame
) -> pl.LazyFrame:
    """Sum exports of every economy, mineral, stage, year and basis.

    Args:
        mart_mineral_trade: amounts by importer and exporter; blocs as importers are left out.
        ref_bloc: `bloc` and `customs_union`; only customs unions are economies.
        ref_bloc_member: `bloc`, `iso3`, `from_year`, `to_year`.

    Gives `CELL` (the exporting economy as importer_iso3), exported and exported_within: whole
    numbers, what goes to others and what goes to other members; and exports_known, false on the
    mass basis where too much of the value reports no weight. No row where nothing is exported.

    """
    flows = mart_mineral_trade.join(
        ref_bloc.select(importer_iso3="bloc"), on="importer_iso3", how="anti"
    ).filter(pl.col("value_usd").is_not_null())
    countries = flows.group_by("exporter_iso3", *KEY).agg(pl.col(AMOUNTS).sum())
    alone = countries.select(
        *KEY,
        *AMOUNTS,
        *(pl.lit(0, pl.Int64).alias(f"{name}_within") for name in AMOUNTS),
        importer_iso3="exporter_iso3",
    )
    economies = pl.concat([alone, of_blocs(flows, ref_bloc, ref_bloc_member)], how="diagonal")
    return pl.concat([on_value(economies), on_mass(economies)])


def of_blocs(
    flows: pl.LazyFrame, ref_bloc: pl.LazyFrame, ref_bloc_member: pl.LazyFrame
) -> pl.LazyFrame:
    """Sum what members of each bloc export to others and to each other."""
    unions = ref_bloc.filter("customs_union").select("bloc")
    members = ref_bloc_member.join(unions, on="bloc", how="semi").select(
        "bloc", "iso3", "from_year", "to_year"
    )
    there = pl.col("year").is_between(
        pl.col("from_year").fill_null(0), pl.col("to_year").fill_null(9999)
    )
    theirs = (
        flows.join(members, left_on="exporter_iso3", right_on="iso3")
        .filter(there)
        .drop("from_year", "to_year")
        .join(
            members.with_columns(is_member=pl.lit(value=True)),
            left_on=["bloc", "importer_iso3"],
            right_on=["bloc", "iso3"],
            how="left",
            validate="m:1",
        )
    )
    inner = pl.col("is_member").fill_null(value=False) & there
    return (
        theirs.with_columns(
            *(pl.when(~inner).then(pl.col(name)).alias(name) for name in AMOUNTS),
            *(pl.when(inner).then(pl.col(name)).alias(f"{name}_within") for name in AMOUNTS),
        )
        .group_by(pl.col("bloc").alias("importer_iso3"), *KEY)
        .agg(pl.col(*AMOUNTS, *(f"{name}_within" for name in AMOUNTS)).sum())
    )


def on_value(economies: pl.LazyFrame) -> pl.LazyFrame:
    """Take the value as what is exported."""
    return economies.select(
        *KEY,
        "importer_iso3",
        basis=pl.lit("value"),
        exported="value_usd",
        exported_within="value_usd_within",
        exports_known=pl.lit(value=True),
    )


def on_mass(economies: pl.LazyFrame) -> pl.LazyFrame:
    """Take the mass as what is exported."""
    missing = pl.col("value_without_mass_usd") + pl.col("value_without_mass_usd_within")
    value = pl.col("value_usd") + pl.col("value_usd_within")
    return economies.select(
        *KEY,
        "importer_iso3",
        basis=pl.lit("mass"),
        exported="mass_kg",
        exported_within="mass_kg_within",
        exports_known=missing <= WEIGHT_MISSING_LIMIT * value,
    )


def with_exports(cells: pl.LazyFrame, sold: pl.LazyFrame) -> pl.LazyFrame:
    """Add what `exports` gives to cells; 0 where there is no row, a reason where not known."""
    unknown = pl.when(~pl.col("exports_known")).then(pl.lit("weight_missing"))
    return cells.join(sold, on=CELL, how="left", validate="1:1").with_columns(
        pl.col("exported", "exported_within").fill_null(0),
        reason=pl.coalesce("reason", unknown),
    )
