"""Production bounds: the HHI of world production where the source lists only some producers.

What the source gives for other countries, and what it withholds, is a rest r beside the listed.
See `bounds.py` for what a rest can be. The point of `production_concentration` leaves it out.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import production as explained
from flows.indices.formulas.basket import series_columns
from flows.indices.formulas.bounds import rest_bounds
from flows.indices.formulas.concentration import (
    totals,
    unallocated_share,
    verdict_columns,
    where_known,
)
from flows.indices.formulas.declared import measure
from flows.indices.formulas.suppliers import VERDICT, plain
from flows.indices.production_concentration import KEYS, known_and_withheld, merged

BOUNDS = ("hhi_low", "hhi_high_no_larger", "hhi_high_one", "hhi_high_named")


def compute(
    mart_production: pl.LazyFrame, indices_production_concentration: pl.LazyFrame
) -> pl.LazyFrame:
    """Bounds of the concentration of world production of every mineral, stage and year.

    Args:
        mart_production: production by country, with OTHER and WORLD.
        indices_production_concentration: flags, reason and confidence of each cell.

    """
    listed = mart_production.filter(pl.col("area_kind") != "world").with_columns(
        amount=pl.col("mass_kg"), allocated=pl.col("area_kind") == "country"
    )
    rows = merged(listed)
    smallest = (
        rows.filter("allocated", pl.col("amount") > 0)
        .group_by(KEYS)
        .agg(smallest=pl.col("amount").min())
    )
    cells = (
        plain(indices_production_concentration.select(*KEYS, *VERDICT))
        .join(totals(rows, KEYS, "area"), on=KEYS, how="left", validate="1:1")
        .join(smallest, on=KEYS, how="left", validate="1:1")
        .join(known_and_withheld(mart_production), on=KEYS, how="left", validate="1:1")
        .with_columns(unallocated=pl.col("unallocated") + pl.col("withheld_kg"))
        .with_columns(
            rest=pl.col("unallocated"), everything=pl.col("total") + pl.col("unallocated")
        )
    )
    bounds = rest_bounds()
    return cells.with_columns(
        **where_known({name: bounds[name] for name in BOUNDS}),
        rest_share=unallocated_share(),
        suppliers=pl.col("suppliers").fill_null(0),
    )


INDEX = Index(
    table=Table(
        schema="indices",
        name="production_bounds",
        meaning="Bounds of the concentration of world production with producers not listed",
        grain=tuple(KEYS),
        columns=(
            *series_columns(),
            Column("suppliers", "int", "countries with a figure", unit="count", low=0),
            Column(
                "rest_share",
                "float",
                "part of the whole that is not theirs",
                unit="share",
                nullable=True,
                low=0,
                high=1,
            ),
            measure("hhi_low", "if the rest is atomistic", "hhi", high=1.0),
            measure(
                "hhi_high_no_larger", "if no other exceeds the smallest listed", "hhi", high=1.0
            ),
            measure("hhi_high_one", "if the rest is one other country's", "hhi", high=1.0),
            measure("hhi_high_named", "if the rest is the largest country's", "hhi", high=1.0),
            *verdict_columns(),
        ),
        sources=("usgs_mcs",),
        formula="sum(s_c^2) + what the rest can add",
        citation="Kvalseth (2018), PMC6190613, on majorization",
    ),
    inputs=("mart.production", "indices.production_concentration"),
    compute=compute,
    explain=explained.production_bounds,
)
