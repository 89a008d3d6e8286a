"""What every basket of a question holds in a year, and what is traded under it.

Amounts are whole dollars and kilograms; sums of them, and of their squares, are exact in any order.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.claim_basket import CLEAN, SERIES
from flows.indices.formulas.claim_question import KEY
from flows.indices.formulas.claim_rows import CODE
from flows.indices.formulas.concentration import wide_product

NAMED = [*SERIES, "edition_name"]
CELL = [*NAMED, "territories", "basis"]


def read_codes(chosen: pl.LazyFrame, codes: pl.LazyFrame) -> pl.LazyFrame:
    """List the codes of every basket in the edition picked for a year, and which are summed.

    A code that mixes minerals is summed only where nothing else stands for the basket.

    Args:
        chosen: `claim_basket.picked`.
        codes: `claim_basket.codes_of`.

    """
    in_force = pl.col("year").is_between(pl.col("first_year"), pl.col("last_year"))
    used = pl.col("is_carried") & pl.col("in_force")
    mixes = pl.col("specificity") == "basket"
    place = [*KEY, "basket", "source", "edition"]
    return (
        chosen.join(codes.drop("hs_revision"), on=place)
        .with_columns(in_force=in_force.fill_null(value=False), mixes=mixes.fill_null(value=False))
        .with_columns(is_used=used)
        .with_columns(is_pure=(~pl.col("is_used") | pl.col("mixes")).all().over(NAMED))
        .with_columns(is_summed=pl.col("is_used") & (~pl.col("mixes") | pl.col("is_pure")))
    )


def traits(read: pl.LazyFrame) -> pl.LazyFrame:
    """What holds of a basket in a year, whoever trades: one row for each of `NAMED`."""
    carried, used = pl.col("is_carried"), pl.col("is_used")
    has_code = pl.col("hs6").is_not_null()
    clean = (pl.col("tier") == CLEAN).fill_null(value=False)
    least = pl.col("component_low").filter(used)
    return read.group_by(NAMED).agg(
        hs6=pl.col("hs6").filter(carried).unique().sort().str.join("+"),
        lacking=pl.col("hs6").filter(has_code & ~carried).unique().sort().str.join("+"),
        has_code=has_code.any(),
        has_carried=carried.any(),
        is_partial=(has_code & ~carried).any(),
        has_used=used.any(),
        not_begun=(carried & (pl.col("year") < pl.col("first_year"))).any(),
        is_basket=used.any() & pl.col("is_pure").all(),
        is_proxy=(used & ~clean & ~pl.col("mixes")).any(),
        cleanness=pl.col("cleanness").filter(used).min(),
        stages=pl.col("form_stage").filter(used).n_unique(),
        least=pl.when(least.is_not_null().all()).then(least.min()),
    )


def sums(
    sold: pl.LazyFrame, read: pl.LazyFrame, questions: pl.LazyFrame, ref_country: pl.LazyFrame
) -> pl.LazyFrame:
    """Sum what the exporter sells and what all sell, of every cell that has trade.

    Args:
        sold: `claim_rows.flows`.
        read: `read_codes`.
        questions: who the exporter is.
        ref_country: `iso3` and `kind`; of kind `unallocated` is nobody.

    Gives `CELL`, x, total, unallocated, squares, above (exporters that sell more), is_weighed
    (whether the exporter's amount is known), value_usd, value_without_mass_usd, ended_usd,
    basket_usd.

    """
    summed = pl.col("is_summed")
    unnamed = ref_country.filter(pl.col("kind") == "unallocated").select(
        exporter_iso3="iso3", unnamed=pl.lit(value=True)
    )
    place = [name for name in CODE if name != "territories"]
    states = read.select(*NAMED, "edition", "hs6", "is_summed", "in_force").unique()
    sellers = (
        sold.join(states, on=place)
        .group_by(*NAMED, "territories", "exporter_iso3")
        .agg(
            pl.col("value_usd", "value_without_mass_usd", "mass_kg").filter(summed).sum(),
            is_sold=summed.any(),
            is_weighed=pl.col("mass_kg").filter(summed).count() > 0,
            ended_usd=pl.col("value_usd").filter(~pl.col("in_force")).sum(),
            basket_usd=pl.col("value_usd").filter(pl.col("in_force") & ~summed).sum(),
        )
        .join(unnamed, on="exporter_iso3", how="left", validate="m:1")
        .join(questions.select(*KEY, asked_iso3="exporter_iso3"), on=KEY, validate="m:1")
        .with_columns(
            unnamed=pl.col("unnamed").fill_null(value=False),
            is_asked=pl.col("exporter_iso3") == pl.col("asked_iso3"),
        )
        .collect()
        .lazy()
    )
    value = sellers.with_columns(basis=pl.lit("value"), amount="value_usd", is_weighed="is_sold")
    mass = sellers.with_columns(basis=pl.lit("mass"), amount="mass_kg")
    return pl.concat([of_cells(value), of_cells(mass)])


def of_cells(sellers: pl.LazyFrame) -> pl.LazyFrame:
    """Sum sellers by cell, and count those who sell more than the exporter asked about."""
    amount, named = pl.col("amount"), ~pl.col("unnamed")
    totals = sellers.group_by(CELL).agg(
        pl.col("value_usd", "value_without_mass_usd", "ended_usd", "basket_usd").sum(),
        x=amount.filter("is_asked").sum(),
        total=amount.filter(named).sum(),
        unallocated=amount.filter(~named).sum(),
        squares=wide_product(amount, amount).filter(named).sum(),
        is_weighed=(~pl.col("is_asked") | pl.col("is_weighed") | (pl.col("value_usd") == 0)).all(),
    )
    more = sellers.filter(named).join(totals.select(*CELL, "x"), on=CELL).group_by(CELL)
    above = more.agg(above=(amount > pl.col("x")).sum().cast(pl.Int64))
    return totals.join(above, on=CELL, how="left", validate="1:1")
