"""Import concentration: how few exporters an importer's supply of a mineral comes from."""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import imports as explained
from flows.indices.formulas import basket, concentration


def compute(
    mart_mineral_trade: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_specificity: pl.LazyFrame,
) -> pl.LazyFrame:
    """Concentration of every importer, mineral, stage, year and basis over exporters.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        mart_basket: the codes of each series.
        ref_country: `iso3` and `kind`.
        ref_specificity: `specificity` and `confidence_factor`.

    """
    cells = basket.trade_cells(mart_mineral_trade, ref_country, "importer_iso3")
    known = basket.judged(cells, basket.basket_traits(mart_basket, ref_specificity))
    gone = basket.ended(cells, mart_basket, "importer_iso3")
    return pl.concat([known, gone], how="diagonal_relaxed")


INDEX = Index(
    table=Table(
        schema="indices",
        name="import_concentration",
        meaning="Concentration of an importer's supply of a mineral over exporters",
        grain=("importer_iso3", "mineral", "stage", "year", "basis", "source", "edition"),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *basket.series_columns(),
            *concentration.measure_columns("exporters"),
            *basket.trade_columns(),
            *concentration.verdict_columns(),
        ),
        sources=("baci",),
        formula="sum(s_p^2) over exporters p",
        citation="Hirschman (1964), American Economic Review 54(5); Herfindahl (1950)",
    ),
    inputs=("mart.mineral_trade", "mart.basket", "ref.country", "ref.specificity"),
    compute=compute,
    explain=explained.import_concentration,
)
