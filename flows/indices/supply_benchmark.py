"""Benchmarks that a bloc has set itself for its supply, as parts of its annual consumption.

Own output stands in for capacity. Reaching a benchmark is undecided where its bounds lie on both
sides of the threshold and there is no point.
Source: Regulation (EU) 2024/1252 (Critical Raw Materials Act), Article 5.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import consumption as explained
from flows.indices.formulas.basket import series_columns
from flows.indices.formulas.concentration import verdict_columns
from flows.indices.formulas.declared import ENDS, ranged
from flows.indices.formulas.domestic_production import plain

CELL = ["importer_iso3", "mineral", "stage", "year", "basis", "source", "edition"]
SHARED = [*CELL, "production_stage", "reason", "flags", "confidence"]


def compute(
    indices_import_reliance: pl.LazyFrame,
    indices_exposure: pl.LazyFrame,
    ref_benchmark: pl.LazyFrame,
) -> pl.LazyFrame:
    """Every benchmark of every bloc for each mineral, stage and year with commensurable output.

    Args:
        indices_import_reliance: self-sufficiency of the blocs.
        indices_exposure: what they use from each exporter.
        ref_benchmark: the benchmarks and whose they are.

    """
    marks = ref_benchmark.rename({"bloc": "importer_iso3"})
    cells = plain(indices_import_reliance).filter(pl.col("production_stage").is_not_null())
    judged = cells.join(marks, on="importer_iso3")
    output = judged.filter(pl.col("measure_right") == "production").filter(
        pl.col("production_stages").list.contains(pl.col("production_stage"))
    )
    named = {f"part_of_consumption{end}": f"self_sufficiency{end}" for end in ENDS}
    recycled = judged.filter(pl.col("measure_right") == "secondary_production").with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in named
    )
    suppliers = judged.filter(pl.col("measure_right") == "largest_supplier")
    parts = [
        output.with_columns(**{name: pl.col(column) for name, column in named.items()}),
        recycled.with_columns(reason=pl.lit("not_reported"), confidence=pl.lit(None, pl.String)),
        suppliers.join(largest(plain(indices_exposure)), on=CELL, how="left", validate="m:1"),
    ]
    columns = [*SHARED, "benchmark", "direction", "threshold", *named]
    return pl.concat(
        [part.select(*columns, supplier(part)) for part in parts], how="vertical"
    ).with_columns(is_met=is_met())


def supplier(part: pl.LazyFrame) -> pl.Expr:
    """Largest supplier, where a part of the table has one."""
    if "supplier" in part.collect_schema():
        return pl.col("supplier").alias("supplier_iso3")
    return pl.lit(None, pl.String).alias("supplier_iso3")


def largest(exposure: pl.LazyFrame) -> pl.LazyFrame:
    """Greatest part of consumption from one exporter, by point where there is one.

    Gives `CELL`, `supplier` (the first by code if tied) and `part_of_consumption` with bounds: the
    greatest of all lower and of all upper bounds.
    """
    by = pl.coalesce("part_of_consumption", "part_of_consumption_high")
    return exposure.group_by(CELL).agg(
        supplier=pl.col("exporter_iso3")
        .sort_by(by, "exporter_iso3", descending=[True, False], nulls_last=True)
        .first(),
        **{f"part_of_consumption{end}": pl.col(f"part_of_consumption{end}").max() for end in ENDS},
    )


def is_met() -> pl.Expr:
    """Whether a benchmark is met; null where that is not decided."""
    share, limit = pl.col("part_of_consumption"), pl.col("threshold")
    low, high = pl.col("part_of_consumption_low"), pl.col("part_of_consumption_high")
    least = pl.col("direction") == "at_least"
    meets = pl.when(least).then(share >= limit).otherwise(share <= limit)
    surely = pl.when(least).then(low >= limit).otherwise(high <= limit)
    never = pl.when(least).then(high < limit).otherwise(low > limit)
    bounded = pl.when(surely).then(pl.lit(value=True)).when(never).then(pl.lit(value=False))
    return pl.coalesce(meets, bounded)


INDEX = Index(
    table=Table(
        schema="indices",
        name="supply_benchmark",
        meaning="Benchmarks that a bloc has set itself for its supply, and whether it meets them",
        grain=("importer_iso3", "benchmark", *CELL[1:]),
        columns=(
            Column("importer_iso3", "text", "the bloc", key="mart.economy.economy"),
            Column("benchmark", "text", "the benchmark", key="ref.benchmark.benchmark"),
            *series_columns(),
            Column("production_stage", "text", "stage of the output", key="ref.stage.stage"),
            *ranged("part_of_consumption", "part of consumption", "ratio"),
            Column("threshold", "float", "its threshold", unit="share", low=0, high=1),
            Column(
                "direction",
                "text",
                "which side of the threshold meets it",
                values=("at_least", "at_most"),
            ),
            Column("is_met", "bool", "whether it is met; null = undecided", nullable=True),
            Column(
                "supplier_iso3",
                "text",
                "largest supplier, where it is about one",
                nullable=True,
                key="mart.economy.economy",
            ),
            *verdict_columns(),
        ),
        sources=("baci", "usgs_mcs"),
        formula="own output / consumption; largest supplier's share * imports / consumption",
        citation="Regulation (EU) 2024/1252, Article 5",
        may_be_empty=True,
    ),
    inputs=("indices.import_reliance", "indices.exposure", "ref.benchmark"),
    compute=compute,
    explain=explained.supply_benchmark,
)
