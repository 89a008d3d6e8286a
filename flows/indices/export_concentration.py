"""Export concentration: how few exporters the world's trade in a mineral comes from."""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Index, Table
from flows.indices.explained import imports as explained
from flows.indices.formulas import basket, concentration
from flows.indices.formulas.preference import PREFERENCE, comparable

APART = ("value_usd", "mass_kg", "value_without_mass_usd", "ended_usd", "basket_usd")
KEYS = ("source", "edition", "mineral", "stage", "year", "exporter_iso3")


def compute(
    mart_mineral_trade: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    ref_bloc: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_specificity: pl.LazyFrame,
) -> pl.LazyFrame:
    """Concentration of world exports of every mineral, stage, year and basis over exporters.

    Args:
        mart_mineral_trade: amounts by importer and exporter; blocs as importers are left out.
        mart_basket: the codes of each series.
        ref_bloc: `bloc`.
        ref_country: `iso3` and `kind`.
        ref_specificity: `specificity` and `confidence_factor`.

    """
    world = (
        mart_mineral_trade.join(
            ref_bloc.select(importer_iso3="bloc"), on="importer_iso3", how="anti"
        )
        .group_by(KEYS)
        .agg(
            pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in APART
        )
    )
    cells = basket.trade_cells(world, ref_country)
    known = basket.judged(cells, basket.basket_traits(mart_basket, ref_specificity))
    return pl.concat([known, basket.ended(cells, mart_basket)], how="diagonal_relaxed")


INDEX = Index(
    table=Table(
        schema="indices",
        name="export_concentration",
        meaning="Concentration of world exports of a mineral over exporters",
        grain=("mineral", "stage", "year", "basis", "source", "edition"),
        columns=(
            *basket.series_columns(),
            *concentration.measure_columns("exporters"),
            *basket.trade_columns(),
            *concentration.verdict_columns(),
        ),
        sources=("baci",),
        formula="sum(s_e^2) over exporters e of world exports",
        citation="Hirschman (1964), American Economic Review 54(5); Herfindahl (1950)",
    ),
    inputs=(
        "mart.mineral_trade",
        "mart.basket",
        "ref.bloc",
        "ref.country",
        "ref.specificity",
        PREFERENCE,
    ),
    compute=comparable(compute),
    explain=explained.export_concentration,
)
