"""What every trade index shares: amounts by basis, and what is to be said of their basket."""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column
from flows.indices.formulas.concentration import (
    UNALLOCATED_HIGH,
    measures,
    totals,
    unallocated_share,
    where_known,
)
from flows.indices.formulas.confidence import grade, score

SERIES = ("source", "edition", "mineral", "stage")
"""What a basket belongs to."""

WEIGHT_MISSING_LIMIT = 0.05
"""Above this share of value without weight, a mass cell is null (reason weight_missing)."""


def by_basis(trade: pl.LazyFrame) -> pl.LazyFrame:
    """Lay value and mass of `mart.mineral_trade` below each other as `basis` and `amount`."""
    return pl.concat(bases(trade))


def bases(trade: pl.LazyFrame) -> list[pl.LazyFrame]:
    """Take `mart.mineral_trade` by value and by mass.

    Each has `basis` and `amount` (Int64; USD or kg; null = none). Text becomes categorical, which
    makes millions of rows small and quick.
    """
    trade = categorical(trade)
    return [
        trade.with_columns(basis=basis("value"), amount=pl.col("value_usd")),
        trade.with_columns(basis=basis("mass"), amount=pl.col("mass_kg")),
    ]


def basis(name: str) -> pl.Expr:
    """Name a basis."""
    return pl.lit(name).cast(pl.Categorical)


def categorical(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Make text columns categorical, so that they join with those of `by_basis`."""
    return frame.with_columns(pl.col(pl.String).cast(pl.Categorical))


def basket_traits(basket: pl.LazyFrame, specificity: pl.LazyFrame) -> pl.LazyFrame:
    """What holds for every cell of a series: one row for each of `SERIES`.

    Gives `hs6` (codes summed, joined by +), `cleanness` (0..1, of the least clean code),
    `is_proxy`, `is_basket`, `is_partial` (an equally clean code is not carried) and `stages`.
    """
    used = pl.col("exclusion").is_null()
    return (
        basket.join(specificity, on="specificity", how="left", validate="m:1")
        .group_by(SERIES)
        .agg(
            hs6=pl.col("hs6").filter(used).sort().str.join("+"),
            cleanness=pl.col("confidence_factor").filter(used).min(),
            is_proxy=(used & (pl.col("specificity") == "proxy")).any(),
            is_basket=(used & (pl.col("specificity") == "basket")).any(),
            is_partial=(pl.col("exclusion") == "not_carried").any(),
            stages=pl.col("form_stage").filter(used).n_unique(),
        )
    )


def flag_list(flags: dict[str, pl.Expr]) -> pl.Expr:
    """List the names of the flags that hold, in order of name."""
    named = [
        pl.when(flags[name].fill_null(value=False)).then(pl.lit(name)) for name in sorted(flags)
    ]
    return pl.concat_list(named).list.drop_nulls()


def trade_reason(total: pl.Expr) -> pl.Expr:
    """Why a trade cell cannot be computed; null where it can.

    Reads `basis`, `ended_usd`, `basket_usd`, `unallocated`, `weight_missing_share` of the cell.
    """
    nothing = total.is_null() | (total == 0)
    mass = pl.col("basis") == "mass"
    return (
        pl.when(mass & (pl.col("weight_missing_share") > WEIGHT_MISSING_LIMIT))
        .then(pl.lit("weight_missing"))
        .when(~nothing)
        .then(None)
        .when(pl.col("unallocated") > 0)
        .then(pl.lit("unallocated_only"))
        .when(pl.col("ended_usd") > 0)
        .then(pl.lit("code_ended"))
        .when(pl.col("basket_usd") > 0)
        .then(pl.lit("basket_code"))
        .otherwise(pl.lit("no_trade"))
    )


def missing_weight() -> pl.Expr:
    """Share of a cell's value whose rows report no weight; null where there is no value."""
    value = pl.col("value_usd")
    return pl.when(value > 0).then(pl.col("value_without_mass_usd") / value)


def series_columns() -> tuple[Column, ...]:
    """Declare the columns that say which mineral, stage, year, basis, source and edition."""
    return (
        Column("mineral", "text", "mineral", key="ref.mineral.mineral"),
        Column("stage", "text", "stage; all = the headline forms", key="ref.stage.stage"),
        Column("year", "year", "calendar year", low=1900, high=2100),
        Column("basis", "text", "what is measured", key="ref.basis.basis"),
        Column("source", "text", "source of the rows", key="meta.source.source"),
        Column("edition", "text", "edition of the source"),
    )


def trade_columns() -> tuple[Column, ...]:
    """Declare what a trade index says of its basket and weights."""
    return (
        Column("hs6", "text", "HS codes summed, joined by +", nullable=True),
        Column(
            "weight_missing_share",
            "float",
            "share of the value whose rows report no weight",
            unit="share",
            nullable=True,
            low=0,
            high=1,
        ),
    )


def trade_flags() -> dict[str, pl.Expr]:
    """Flags of a trade cell, from its totals and its basket's traits."""
    known = pl.col("reason").is_null()
    stray = (pl.col("ended_usd") > 0) | (pl.col("basket_usd") > 0)
    return {
        "mixed_stages": (pl.col("basis") == "mass") & (pl.col("stages") > 1),
        "partial_basket": pl.col("is_partial") | (known & stray),
        "proxy": pl.col("is_proxy"),
        "single_supplier": known & (pl.col("suppliers") == 1),
        "tie": known & pl.col("tied"),
        "unallocated_high": pl.col("unallocated_share") > UNALLOCATED_HIGH,
    }


def trade_parts() -> dict[str, pl.Expr]:
    """Parts of a trade cell's confidence, by their columns in `indices.certainty`.

    Allocation, weights (mass only) and cleanness of the codes; null where a part is not known.
    """
    unknown = pl.lit(None, pl.Float64)
    return {
        "c_alloc": 1.0 - pl.col("unallocated_share"),
        "c_mirror": unknown,
        "c_weight": pl.when(pl.col("basis") == "mass").then(1.0 - pl.col("weight_missing_share")),
        "c_hs": pl.col("cleanness"),
        "c_time": unknown,
    }


def capped() -> pl.Expr:
    """Whether a trade cell's confidence is C at best."""
    return pl.col("is_basket") | (pl.col("unallocated_share") > UNALLOCATED_HIGH)


def trade_confidence() -> pl.Expr:
    """Grade a trade cell by its parts."""
    graded = grade(score(list(trade_parts().values())), capped())
    return pl.when(pl.col("reason").is_null()).then(graded)


def trade_cells(
    trade: pl.LazyFrame, exporters: pl.LazyFrame, actor: str | None = None
) -> pl.LazyFrame:
    """Totals of each cell of `actor` and series, with the amounts that tell why there is none.

    Args:
        trade: columns of `mart.mineral_trade`.
        exporters: `iso3` and `kind`; those of kind `unallocated` are nobody's.
        actor: the importer's column, or none for the world.

    """
    keys = [*([actor] if actor else []), "mineral", "stage", "year", "basis", "source", "edition"]
    apart = ("value_usd", "value_without_mass_usd", "ended_usd", "basket_usd")
    allocated = categorical(
        exporters.select(exporter_iso3="iso3", allocated=pl.col("kind") != "unallocated")
    )
    # One basis after the other: half the rows in memory at a time.
    return pl.concat(
        totals(
            amounts.join(allocated, on="exporter_iso3", how="left", validate="m:1"),
            keys,
            "exporter_iso3",
            also=apart,
        )
        for amounts in bases(trade)
    )


def ended(cells: pl.LazyFrame, basket: pl.LazyFrame, actor: str | None = None) -> pl.LazyFrame:
    """Cells of series whose every code has ended by then: null, with the reason, not absent.

    One for each year of the edition and each `actor` that ever traded the mineral under its codes.
    """
    used = categorical(basket).filter(pl.col("exclusion").is_null())
    ends = (
        used.group_by(SERIES)
        .agg(
            end=pl.col("last_year").max(),
            goes_on=pl.col("last_year").is_null().any(),
            hs6=pl.col("hs6").cast(pl.String).sort().str.join("+"),
        )
        .filter(~pl.col("goes_on"))
    )
    keys = [*([actor] if actor else []), *SERIES, "basis"]
    years = cells.select("source", "edition", "year").unique()
    return (
        cells.select(keys)
        .unique()
        .join(ends, on=SERIES, validate="m:1")
        .join(years, on=["source", "edition"])
        .filter(pl.col("year") > pl.col("end"))
        .join(cells, on=[*keys, "year"], how="anti")
        .select(
            *keys,
            "year",
            "hs6",
            suppliers=pl.lit(0, pl.Int64),
            reason=pl.lit("code_ended"),
            flags=pl.lit([], pl.List(pl.String)),
        )
    )


def judged(cells: pl.LazyFrame, traits: pl.LazyFrame) -> pl.LazyFrame:
    """Add to trade cells their measures, or the reason why there are none, flags, confidence."""
    return (
        cells.join(categorical(traits), on=SERIES, how="left", validate="m:1")
        .with_columns(weight_missing_share=missing_weight(), unallocated_share=unallocated_share())
        .with_columns(reason=trade_reason(pl.col("total")))
        .with_columns(flags=flag_list(trade_flags()), confidence=trade_confidence())
        .with_columns(
            **where_known(measures() | {"top_supplier_iso3": pl.col("top_supplier_iso3")})
        )
    )
