"""What an economy imports, exports and produces of a mineral, in one basis, with bounds."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.formulas import domestic_production as domestic
from flows.indices.formulas.basket import SERIES, categorical

KEYS = [*SERIES, "year", "basis"]
ENDS = ("importer_iso3", "exporter_iso3")
MICRO = 1_000_000
"""Contained metal is summed in whole milligrams: kilograms times content in millionths."""

BOUNDS = ("amount_low", "amount_high")
APART = ("value_usd", "value_without_mass_usd", "ended_usd", "basket_usd")


def gross(trade: pl.LazyFrame) -> pl.LazyFrame:
    """Take the weight of `mart.mineral_trade` as amounts in kg, basis `mass`."""
    return trade.with_columns(basis=pl.lit("mass"), amount=pl.col("mass_kg"))


def contained(trade: pl.LazyFrame) -> pl.LazyFrame:
    """Sum the contained metal of `mart.contained_trade` over forms, in mg, basis `contained_metal`.

    A form without factor adds nothing; `content_gaps` tells which series have such forms.
    """
    factors = {"amount": "content", "amount_low": "content_low", "amount_high": "content_high"}
    millionths = {
        name: pl.col("mass_kg") * (pl.col(factor) * MICRO).round().cast(pl.Int64)
        for name, factor in factors.items()
    }
    return (
        trade.with_columns(
            value_usd=pl.col("value_usd").fill_null(0),
            basis=pl.lit("contained_metal"),
            **millionths,
        )
        .group_by(*ENDS, *KEYS)
        .agg(
            pl.col("amount", *BOUNDS, *APART[:2]).sum(),
        )
        .with_columns(pl.lit(0, pl.Int64).alias(name) for name in APART[2:])
    )


def content_gaps(trade: pl.LazyFrame) -> pl.LazyFrame:
    """Tell by series whether every traded form has a content factor (`has_point`, `has_bounds`)."""
    return trade.group_by(SERIES).agg(
        has_point=pl.col("content").is_not_null().all(),
        has_bounds=pl.col("content_high").is_not_null().all(),
    )


def both_ways(
    amounts: pl.LazyFrame, blocs: pl.LazyFrame, belonging: pl.LazyFrame, columns: Sequence[str]
) -> pl.LazyFrame:
    """Sum the imports and exports of every economy and bloc; none reported counts as 0.

    Args:
        amounts: `importer_iso3` (blocs among them, without trade between members),
            `exporter_iso3`, `KEYS` and `columns`.
        blocs: `bloc`.
        belonging: `bloc`, `iso3`, `year` of the blocs that trade as one.
        columns: whole numbers to sum.

    Gives `importer_iso3` (the economy), `KEYS`, and `columns` with the prefixes `imports_` and
    `exports_`.

    """
    amounts, belonging = categorical(amounts.select(*ENDS, *KEYS, *columns)), categorical(belonging)
    unions = categorical(blocs.select(importer_iso3="bloc"))
    countries = amounts.join(unions, on="importer_iso3", how="anti")
    inner = belonging.select("bloc", "year", importer_iso3="iso3")
    outward = countries.join(
        belonging, left_on=["exporter_iso3", "year"], right_on=["iso3", "year"]
    ).join(inner, on=["bloc", "year", "importer_iso3"], how="anti")
    imports = summed(amounts, "importer_iso3", columns, "imports_")
    exports = pl.concat(
        [
            summed(countries, "exporter_iso3", columns, "exports_"),
            summed(outward, "bloc", columns, "exports_"),
        ]
    )
    keys = ["importer_iso3", *KEYS]
    joined = imports.lazy().join(exports.lazy(), on=keys, how="full", coalesce=True)
    return joined.with_columns(pl.exclude(keys).fill_null(0))


def summed(
    amounts: pl.LazyFrame, economy: str, columns: Sequence[str], prefix: str
) -> pl.DataFrame:
    """Sum amounts by economy and `KEYS`, at once, so that the rows need not stay in memory."""
    sums = amounts.group_by(economy, *KEYS).agg(pl.col(columns).sum().name.prefix(prefix))
    named = sums.select(pl.col(economy).alias("importer_iso3"), pl.exclude(economy))
    return domestic.plain(named).collect()


def balances(
    amounts: pl.LazyFrame,
    production: pl.LazyFrame,
    pairs: pl.LazyFrame,
    blocs: pl.LazyFrame,
    members: pl.LazyFrame,
) -> pl.LazyFrame:
    """Put beside each other what every economy imports, exports and produces.

    Args:
        amounts: as `gross` or `contained` gives them.
        production: as `mart.production`.
        pairs: which production goes with which trade, as `ref.consumption`.
        blocs: `bloc`.
        members: `bloc`, `iso3`, `from_year`, `to_year` of the blocs that trade as one.

    Gives `both_ways`' columns in kg, the pair's `production_stage` and `measure` (null = none is
    commensurable), and what `domestic_production.with_production` adds.

    """
    belonging = domestic.memberships(amounts, members)
    newest = domestic.latest(production, domestic.WHERE)
    unit = pl.when(pl.col("basis") == "contained_metal").then(float(MICRO)).otherwise(1.0)
    ranged = "amount_low" in amounts.collect_schema()
    summed = ["amount", *(BOUNDS if ranged else ()), *APART]
    weights = {
        f"{side}_{bound}": pl.col(f"{side}_{bound if ranged else 'amount'}") / unit
        for side in ("imports", "exports")
        for bound in ("amount", *BOUNDS)
    }
    cells = (
        both_ways(amounts, blocs, belonging, summed)
        .with_columns(**weights)
        .join(
            pairs.filter(pl.col("basis").is_not_null()).select(
                "mineral", "production_stage", "measure", "basis", stage="trade_stage"
            ),
            on=["mineral", "stage", "basis"],
            how="left",
            validate="m:1",
        )
    )
    return domestic.with_production(
        cells, domestic.produced(newest, belonging), domestic.unlisted(newest)
    )
