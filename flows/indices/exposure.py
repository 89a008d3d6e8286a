"""Exposure: which part of what an economy uses hangs on one exporter.

exposure = import share * net import reliance; part of consumption = import share * imports /
consumption, above 1 where imports are sent on. Bounds are the outermost of both factors.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import consumption as explained
from flows.indices.formulas import reliance_formula as formula
from flows.indices.formulas.basket import series_columns
from flows.indices.formulas.concentration import verdict_columns
from flows.indices.formulas.declared import ranged
from flows.indices.formulas.domestic_production import plain

CELL = ["importer_iso3", "mineral", "stage", "year", "basis", "source", "edition"]
SHARES = ["import_share", "import_share_low", "import_share_high"]


def compute(
    indices_import_reliance: pl.LazyFrame,
    indices_import_share: pl.LazyFrame,
    indices_contained_share: pl.LazyFrame,
) -> pl.LazyFrame:
    """Exposure of every economy whose reliance is known, at least to a range, to every exporter.

    Args:
        indices_import_reliance: reliance and consumption of every economy.
        indices_import_share: shares by weight.
        indices_contained_share: shares of contained metal.

    """
    known = pl.any_horizontal(
        pl.col(name).is_not_null()
        for name in ("net_import_reliance", "net_import_reliance_low", "net_import_reliance_high")
    )
    cells = plain(indices_import_reliance).filter(known).rename({"reason": "reliance_reason"})
    columns = ["exporter_iso3", *CELL, *SHARES, "reason"]
    shares = pl.concat(
        [
            plain(table.select(columns)).join(cells.select(CELL), on=CELL, how="semi")
            for table in (
                indices_import_share.filter(pl.col("basis") == "mass"),
                indices_contained_share,
            )
        ]
    )
    return exposed(shares.join(cells, on=CELL, validate="m:1"))


def exposed(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Compute exposure and part of consumption.

    Args:
        cells: `import_share`, `net_import_reliance`, `imports_kg` and `apparent_consumption_kg`,
            each with bounds, `reason` of the share and `reliance_reason`.

    """
    share, reliance = pl.col("import_share"), pl.col("net_import_reliance")
    use = pl.col("apparent_consumption_kg")
    low, high = pl.col("import_share_low"), pl.col("import_share_high")
    unbounded = pl.col("apparent_consumption_kg_high").is_null()
    least = formula.consumption_share(
        low, pl.col("imports_kg_low"), pl.col("apparent_consumption_kg_high")
    )
    return cells.with_columns(
        reason=pl.coalesce("reliance_reason", "reason"),
        exposure=formula.exposure(share, reliance),
        exposure_low=formula.exposure(low, pl.col("net_import_reliance_low").fill_null(0.0)),
        exposure_high=formula.exposure(high, pl.col("net_import_reliance_high")),
        part_of_consumption=formula.consumption_share(share, pl.col("imports_kg"), use),
        part_of_consumption_low=pl.when(unbounded).then(low * 0.0).otherwise(least),
        part_of_consumption_high=formula.consumption_share(
            high, pl.col("imports_kg_high"), pl.col("apparent_consumption_kg_low")
        ),
    ).with_columns(
        confidence=pl.when(pl.col("reason").is_null()).then(pl.col("confidence")),
    )


INDEX = Index(
    table=Table(
        schema="indices",
        name="exposure",
        meaning="Which part of what an economy uses of a mineral hangs on one exporter",
        grain=("importer_iso3", "exporter_iso3", *CELL[1:]),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            Column("exporter_iso3", "text", "exporting economy", key="mart.economy.economy"),
            *series_columns(),
            *ranged("import_share", "share of imports in this basis", "share", high=1.0),
            *ranged("exposure", "import share times net import reliance", "share", high=1.0),
            *ranged("part_of_consumption", "import share times imports / consumption", "ratio"),
            *verdict_columns(),
        ),
        sources=("baci", "usgs_mcs"),
        formula="s_p * NIR; s_p * imports / consumption",
        citation="Regulation (EU) 2024/1252, Article 5(1)(b), for the share of consumption",
        may_be_empty=True,
    ),
    inputs=("indices.import_reliance", "indices.import_share", "indices.contained_share"),
    compute=compute,
    explain=explained.exposure,
)
