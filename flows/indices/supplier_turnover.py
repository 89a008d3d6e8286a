"""Supplier turnover: how much of an importer's supply changed hands since the year before.

Turnover = 1/2 sum |s_p,t - s_p,t-1| = 1 - sum min(s_p,t, s_p,t-1), over shares of what is
allocated to countries. Only the very year before counts; where it has no number, nor has this.
The unallocated part of either year may be a stayer's or a newcomer's: `_low` takes all of it as
unchanged supply, `_high` none.
Source: Bray and Curtis (1957), on shares.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import imports as explained
from flows.indices.formulas.basket import series_columns
from flows.indices.formulas.cells import CELL as CELL_ID
from flows.indices.formulas.cells import cell_numbers, names_of
from flows.indices.formulas.concentration import ratio, verdict_columns, wide_product
from flows.indices.formulas.declared import share
from flows.indices.formulas.suppliers import CELL, VERDICT, plain, supplier_bases, verdicts

SIZES = ["total", "unallocated"]
SERIES = [name for name in CELL if name != "year"]
SERIES_ID = "__series"


def compute(
    mart_mineral_trade: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    indices_import_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Turnover of every importer, mineral, stage, year and basis against the year before.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        ref_country: `iso3` and `kind`.
        indices_import_concentration: flags, reason and confidence of each cell.

    """
    cells = pl.concat(kept(rows) for rows in supplier_bases(mart_mineral_trade, ref_country))
    given = verdicts(indices_import_concentration)
    before = given.select(
        *SERIES,
        pl.col("year") + 1,
        pl.col(VERDICT).name.suffix("_before"),
        known_before=pl.lit(value=True),
    )
    return judged(
        given.join(before, on=CELL, how="left", validate="1:1").join(
            cells, on=CELL, how="left", validate="1:1"
        )
    )


def kept(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Sum, for each cell of one basis, what it has in common with the year before.

    Gives `CELL`, the sizes of both years, and over the product of these sizes `kept`, of what is
    allocated, and `kept_least`, of everything. Sizes of a year that is not there are null.
    """
    given = rows.collect()
    given = given.with_columns(
        cell_numbers(given, CELL).alias(CELL_ID),
        cell_numbers(given, [*SERIES, "exporter_iso3"]).alias(SERIES_ID),
    )
    pairs = pairs_of_years(given).collect()
    now = given.lazy().select(CELL_ID, SERIES_ID, "year", "x").drop_nulls()
    before = now.select(SERIES_ID, pl.col("year") + 1, x_before="x")
    x, x_before = pl.col("x"), pl.col("x_before")
    total, total_before = pl.col("total"), pl.col("total_before")
    whole = total + pl.col("unallocated")
    whole_before = total_before + pl.col("unallocated_before")
    common = (
        now.join(before, on=[SERIES_ID, "year"], validate="1:1")
        .join(pairs.lazy(), on=CELL_ID, validate="m:1")
        .with_columns(kept=smaller(x, total, x_before, total_before))
        .with_columns(kept_least=smaller(x, whole, x_before, whole_before))
        .group_by(CELL_ID)
        .agg(pl.col("kept", "kept_least").sum())
    )
    return plain(pairs.lazy().join(common, on=CELL_ID, how="left").drop(CELL_ID))


def pairs_of_years(given: pl.DataFrame) -> pl.LazyFrame:
    """Size of each cell, and of the same one a year before."""
    nobodys = pl.when(~pl.col("allocated")).then(pl.col("amount"))
    sizes = (
        given.lazy()
        .select(CELL_ID, "x", nobodys=nobodys)
        .group_by(CELL_ID)
        .agg(total=pl.col("x").sum(), unallocated=pl.col("nobodys").sum())
    )
    cells = names_of(given, CELL).lazy().join(sizes, on=CELL_ID, validate="1:1")
    before = cells.select(*SERIES, pl.col("year") + 1, pl.col(SIZES).name.suffix("_before"))
    return cells.join(before, on=CELL, how="left", validate="1:1")


def smaller(x: pl.Expr, total: pl.Expr, x_before: pl.Expr, total_before: pl.Expr) -> pl.Expr:
    """Smaller share of two years, times both totals."""
    return pl.min_horizontal(wide_product(x, total_before), wide_product(x_before, total))


def judged(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """Add the measures, or the reason why there are none, flags and confidence."""
    before_fails = pl.col("known_before").is_null() | pl.col("reason_before").is_not_null()
    reason = pl.coalesce("reason", pl.when(before_fails).then(pl.lit("no_previous_year")))
    known = pl.col("reason").is_null()
    return pairs.with_columns(reason=reason).with_columns(
        **{name: pl.when(known).then(value) for name, value in measures().items()},
        flags=pl.when(known)
        .then(pl.col("flags").list.set_union("flags_before").list.sort())
        .otherwise("flags"),
        confidence=pl.when(known).then(pl.max_horizontal("confidence", "confidence_before")),
    )


def measures() -> dict[str, pl.Expr]:
    """Turnover and its bounds, from the totals of both years and what they have in common."""
    total, total_before = pl.col("total"), pl.col("total_before")
    u, u_before = pl.col("unallocated"), pl.col("unallocated_before")
    whole, whole_before = total + u, total_before + u_before
    kept, kept_least = pl.col("kept").fill_null(0), pl.col("kept_least").fill_null(0)
    product, widest = wide_product(total, total_before), wide_product(whole, whole_before)
    nobodys = wide_product(u, whole_before) + wide_product(u_before, whole)
    low = ratio(widest - kept_least - nobodys, widest)
    return {
        "turnover": ratio(product - kept, product),
        "turnover_low": low.clip(0.0, None),
        "turnover_high": ratio(widest - kept_least, widest),
    }


INDEX = Index(
    table=Table(
        schema="indices",
        name="supplier_turnover",
        meaning="Part of an importer's supply that changed exporter since the year before",
        grain=tuple(CELL),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *series_columns(),
            share("turnover", "part of the supply that changed exporter"),
            share("turnover_low", "if the unallocated parts did not change"),
            share("turnover_high", "if all of them did"),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="1/2 sum |s_p,t - s_p,t-1|",
        citation="Bray and Curtis (1957), Ecological Monographs 27(4), on shares",
    ),
    inputs=("mart.mineral_trade", "ref.country", "indices.import_concentration"),
    compute=compute,
    explain=explained.supplier_turnover,
)
