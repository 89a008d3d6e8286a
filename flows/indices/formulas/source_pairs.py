"""Pairs of reports of the same trade: which editions overlap, and whether they sum the same codes.

A pair is two sides of one mineral, stage and year. `against` says what the other side is: another
`edition` of the source, another `source`, or the exporters' own reports, the `mirror`.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.basket import SERIES

TRADE, MIRROR = "mart.trade", "mart.mirror_trade"
HEAD = ["source", "edition"]
OTHER = ["other_source", "other_edition"]
KEY = ["mineral", "stage", "year", *HEAD, *OTHER, "against"]
PAIR = "pair"
ENDLESS = 9999
LAST_RANK = 99


def pairs(coverage: pl.LazyFrame, basket: pl.LazyFrame, preference: pl.LazyFrame) -> pl.LazyFrame:
    """List the pairs of editions that have a mineral, stage and year in common.

    Args:
        coverage: columns of `mart.coverage`: which table, source and edition has which year.
        basket: columns of `mart.basket`.
        preference: columns of `ref.source_preference`; the source preferred for importers stands
            first.

    Gives `pair` (its number as text), `KEY`, `alike` (both sum the same forms, whole) and
    `revisions_differ`.

    """
    years = pl.concat([editions(coverage, preference), mirrors(coverage)])
    own = series(basket, years.select(*HEAD, "year"))
    other = series(basket, years.select("year", source="other_source", edition="other_edition"))
    other = other.rename(
        {name: f"other_{name}" for name in (*HEAD, "codes", "forms", "is_whole", "hs_revision")}
    )
    return (
        years.join(own, on=[*HEAD, "year"])
        .join(other, on=[*OTHER, "year", "mineral", "stage"])
        .with_columns(
            alike=same_basket(),
            revisions_differ=pl.col("hs_revision") != pl.col("other_hs_revision"),
        )
        .sort(KEY)
        .with_row_index(PAIR)
        .select(pl.col(PAIR).cast(pl.String), *KEY, "alike", "revisions_differ")
    )


def editions(coverage: pl.LazyFrame, preference: pl.LazyFrame) -> pl.LazyFrame:
    """Pair every two editions of imports that share a year, the preferred source first."""
    ranks = preference.filter(pl.col("purpose") == "importer").select("source", "preference")
    there = (
        coverage.filter(pl.col("table") == TRADE)
        .select(*HEAD, "year")
        .join(ranks, on="source", how="left")
        .select(*HEAD, "year", rank=pl.concat_str(place(), *HEAD, separator=" "))
    )
    both = there.join(
        there.rename({"source": "other_source", "edition": "other_edition", "rank": "other_rank"}),
        on="year",
    )
    is_same = pl.col("source") == pl.col("other_source")
    against = pl.when(is_same).then(pl.lit("edition")).otherwise(pl.lit("source"))
    return both.filter(pl.col("rank") < pl.col("other_rank")).select(
        *HEAD, *OTHER, "year", against=against
    )


def place() -> pl.Expr:
    """Write a preference so that it sorts as text; what is not declared comes last."""
    return pl.col("preference").fill_null(LAST_RANK).cast(pl.String).str.zfill(2)


def mirrors(coverage: pl.LazyFrame) -> pl.LazyFrame:
    """Pair every edition of imports with those of the same source's exports, year by year."""
    return (
        coverage.filter(pl.col("table") == TRADE)
        .select(*HEAD, "year")
        .join(
            coverage.filter(pl.col("table") == MIRROR).select(
                "source", "year", other_edition="edition"
            ),
            on=["source", "year"],
        )
        .select(*HEAD, "other_edition", "year", other_source="source", against=pl.lit("mirror"))
        .select(*HEAD, *OTHER, "year", "against")
    )


def series(basket: pl.LazyFrame, years: pl.LazyFrame) -> pl.LazyFrame:
    """Say of every series in every year which forms and codes it sums.

    Gives `SERIES`, `year`, `hs_revision`, `codes` and `forms` (sorted, joined by +) and `is_whole`:
    the edition carries every code of these forms.
    """
    in_force = pl.col("year").is_between(
        pl.col("first_year"), pl.col("last_year").fill_null(ENDLESS)
    )
    used = pl.col("exclusion").is_null()
    lost = pl.col("exclusion") == "not_carried"
    forms = pl.col("form").filter(used)
    return (
        basket.join(years.unique(), on=HEAD)
        .filter(in_force)
        .group_by(*SERIES, "year")
        .agg(
            pl.col("hs_revision").first(),
            codes=pl.col("hs6").filter(used).sort().str.join("+"),
            forms=forms.unique().sort().str.join("+"),
            is_whole=~pl.col("form").filter(lost).is_in(forms.implode()).any(),
        )
    )


def same_basket() -> pl.Expr:
    """Whether both sides sum the same: the same codes of one revision, or the same forms, whole."""
    same_codes = (pl.col("hs_revision") == pl.col("other_hs_revision")) & (
        pl.col("codes") == pl.col("other_codes")
    )
    whole = pl.col("is_whole") & pl.col("other_is_whole")
    return same_codes | ((pl.col("forms") == pl.col("other_forms")) & whole)
