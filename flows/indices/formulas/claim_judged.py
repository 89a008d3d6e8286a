"""Every question judged by its primary cell, with what the other cells say beside it."""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.claim_basket import HEADLINE
from flows.indices.formulas.claim_question import KEY

VERDICTS = ("supported", "contradicted", "outdated", "inconclusive", "not_checkable", "opinion")
SUPPORTED, CONTRADICTED, OUTDATED, INCONCLUSIVE, NOT_CHECKABLE, OPINION = VERDICTS
RECENT_YEARS = 5
"""A claim that was met in one of the last so many years is not outdated."""

PRIMARY = {
    "primary_share": "share",
    "primary_low_share": "share_low",
    "primary_high_share": "share_high",
    "primary_rank": "rank",
    "primary_hhi": "hhi",
    "primary_year": "year",
    "primary_basis": "basis",
    "primary_source": "source",
    "primary_edition": "edition",
    "primary_hs6": "hs6",
    "meets": "meets",
    "flags": "flags",
    "reason": "reason",
    "confidence": "confidence",
}
NEAREST = ("share", "year", "basis", "basket", "source", "territories")


def by_question(questions: pl.LazyFrame, cells: pl.LazyFrame) -> pl.DataFrame:
    """Judge every question by its primary cell, and sum up what the other cells say."""
    primary = cells.filter("is_primary").select(*KEY, **PRIMARY)
    place = cells.filter("is_primary").select(
        *KEY, "basis", "source", "side", primary_meets="meets", primary_at="year"
    )
    joined = questions
    for part in (primary, met(cells, place), spread(cells, place), nearest(cells), sizes(cells)):
        joined = joined.join(part, on=KEY, how="left", validate="1:1")
    return (
        joined.with_columns(
            pl.col("met_years").fill_null([]), pl.col("straddles").fill_null(value=False)
        )
        .with_columns(verdict=verdict())
        .collect()
    )


def is_headline() -> pl.Expr:
    """Whether a cell is of the headline, territories apart."""
    return (pl.col("basket") == HEADLINE) & ~pl.col("territories")


def met(cells: pl.LazyFrame, place: pl.LazyFrame) -> pl.LazyFrame:
    """List the years, up to the primary one, in which its basket and basis met the claim."""
    return (
        cells.filter(is_headline())
        .join(place, on=[*KEY, "basis", "source", "side"], validate="m:1")
        .filter("meets", pl.col("year") <= pl.col("primary_at"))
        .group_by(KEY)
        .agg(met_years=pl.col("year").sort())
    )


def spread(cells: pl.LazyFrame, place: pl.LazyFrame) -> pl.LazyFrame:
    """Give the least and the greatest share of the primary year, and whether they disagree."""
    share = pl.col("share")
    there = cells.join(place.select(*KEY, "primary_meets", "primary_at"), on=KEY, validate="m:1")
    return (
        there.filter(pl.col("year") == pl.col("primary_at"), share.is_not_null())
        .group_by(KEY)
        .agg(
            range_low_share=share.min(),
            range_high_share=share.max(),
            range_low_source=pl.col("source").sort_by("share", "source").first(),
            range_high_source=pl.col("source").sort_by("share", "source").last(),
            straddles=(pl.col("meets") != pl.col("primary_meets")).any(),
        )
    )


def nearest(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Give the cell that comes nearest to the claim; among equals the newest and the plainest."""
    ordered = cells.filter(pl.col("distance").is_not_null()).sort(
        *KEY,
        "distance",
        -pl.col("year"),
        pl.col("basket") != HEADLINE,
        pl.col("basis") != "value",
        "territories",
        "source",
        "side",
        "basket",
        "edition",
    )
    return ordered.group_by(KEY, maintain_order=True).agg(
        pl.col(name).first().alias(f"nearest_{name}") for name in NEAREST
    )


def sizes(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Count the cells, list the codes they lack, and say why the newest headline has no share.

    That is of the headline by value where it is asked both ways, as the primary cell would be.
    """
    last = is_headline() & (pl.col("year") == pl.col("year").max())
    return (
        cells.sort(*KEY, pl.col("basis") != "value", "source", "side")
        .group_by(KEY, maintain_order=True)
        .agg(
            cells=pl.len().cast(pl.Int64),
            computed_cells=pl.col("share").count().cast(pl.Int64),
            missing=pl.col("lacking_hs6").filter(is_headline()).drop_nulls().unique().sort(),
            why_none=pl.col("reason").filter(last).first(),
        )
    )


def verdict() -> pl.Expr:
    """Judge a question; see the module."""
    asks = pl.any_horizontal(pl.col("low", "high", "rank", "hhi").is_not_null())
    speaks = pl.col("primary_low_share").is_not_null()
    proxy = pl.col("flags").list.contains("proxy")
    newest = pl.col("met_years").list.max()
    verdicts = {
        OPINION: ~asks,
        NOT_CHECKABLE: ~speaks,
        INCONCLUSIVE: ~pl.col("decides") | proxy | pl.col("meets").is_null(),
        SUPPORTED: pl.col("meets"),
        OUTDATED: newest <= pl.col("primary_year") - RECENT_YEARS,
    }
    found = pl.lit(CONTRADICTED)
    for name, holds in reversed(verdicts.items()):
        found = pl.when(holds.fill_null(value=False)).then(pl.lit(name)).otherwise(found)
    return found
