"""World demand by country: what it imports, or what it makes, imports and does not export.

The second is known only where output and trade are weighed alike (`ref.consumption`). Trade is
of the edition that has weights, the last by name where several do.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.suppliers import CELL, plain

SERIES = CELL[1:]
MADE = ["mineral", "stage", "measure", "basis", "year"]
"""What a production figure is of, whatever its edition."""


def importers(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Sum what each country imports: SERIES, country, bought."""
    return plain(rows.group_by(*SERIES, country="importer_iso3").agg(bought=pl.col("x").sum()))


def exporters(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Sum what each country exports: SERIES, country, allocated, amount."""
    return plain(
        rows.group_by(*SERIES, country="exporter_iso3").agg(
            pl.col("allocated").first(), pl.col("amount").sum()
        )
    )


def net_imports(
    bought: pl.LazyFrame, sold: pl.LazyFrame, world: pl.LazyFrame, pairs: pl.LazyFrame
) -> pl.LazyFrame:
    """Imports less exports of each country, by the production that they can be added to.

    Args:
        bought: as `importers` gives it.
        sold: as `exporters` gives it.
        world: `SERIES` of the world's trade and `reason`, null where it has a number.
        pairs: `ref.consumption`.

    Gives `MADE`, country and net_kg.

    """
    traded = ["mineral", "stage", "year"]
    usable = world.filter(pl.col("reason").is_null(), pl.col("basis") == "mass")
    chosen = usable.group_by(traded).agg(pl.col("source", "edition").max())
    sides = pl.concat(
        [
            bought.select(*SERIES, "country", net_kg="bought"),
            sold.filter("allocated").select(*SERIES, "country", net_kg=-pl.col("amount")),
        ]
    )
    same = (
        pairs.filter(pl.col("basis") == "mass")
        .group_by("mineral", "production_stage", "measure", "basis")
        .agg(stage=pl.col("trade_stage").min())
    )
    return (
        sides.filter(pl.col("basis") == "mass")
        .drop("basis")
        .join(chosen, on=[*traded, "source", "edition"], how="semi")
        .join(same, on=["mineral", "stage"])
        .group_by("mineral", "production_stage", "measure", "basis", "year", "country")
        .agg(pl.col("net_kg").sum())
        .rename({"production_stage": "stage"})
    )
