"""Domestic production: what an economy or a bloc produces itself, with bounds where unknown.

A producer whose figure is withheld may produce anything from the printed lower bound up. A country
that the source does not list is at most all of its "other countries". Null is never 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

WHERE = ["mineral", "production_stage", "measure", "year"]
"""What a production figure is of."""


def plain(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Turn categorical columns into text, so that tables join however they came."""
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def latest(production: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Keep of each of `keys` the last edition that has it; `stage` becomes `production_stage`.

    Args:
        production: as `mart.production`.
        keys: columns of the result, such as `WHERE`.

    """
    named = production.rename({"stage": "production_stage"})
    last = named.group_by(keys).agg(pl.col("edition").max())
    return named.join(last, on=[*keys, "edition"], how="semi")


def memberships(trade: pl.LazyFrame, members: pl.LazyFrame) -> pl.LazyFrame:
    """List the members of every bloc in every year of `trade`: `bloc`, `iso3`, `year`."""
    years = trade.select("year").unique()
    inside = pl.col("year").is_between(
        pl.col("from_year").fill_null(0), pl.col("to_year").fill_null(9999)
    )
    return members.join(years, how="cross").filter(inside).select("bloc", "iso3", "year")


def produced(production: pl.LazyFrame, belonging: pl.LazyFrame) -> pl.LazyFrame:
    """Production of every listed country, and of every bloc with a listed member.

    Args:
        production: of one edition for each of `WHERE` (see `latest`).
        belonging: `bloc`, `iso3`, `year` (see `memberships`).

    Gives `importer_iso3`, `WHERE` and in kg `listed_kg` (null = a figure is withheld),
    `listed_low_kg`, `listed_high_kg` (null = no bound is known), `is_estimated`, `is_withheld`
    (as confidential), `is_bloc`.

    """
    countries = production.filter(pl.col("area_kind") == "country").select(
        *WHERE,
        importer_iso3="area",
        listed_kg=pl.when(pl.col("unknown_products") == 0).then(pl.col("mass_kg")),
        listed_low_kg=pl.col("mass_kg").fill_null(0) + pl.col("mass_low_kg").fill_null(0),
        listed_high_kg=upper_bound(),
        is_estimated="is_estimated",
        is_withheld=pl.col("status").str.contains("withheld"),
    )
    joined = countries.join(belonging, left_on=["importer_iso3", "year"], right_on=["iso3", "year"])
    blocs = joined.group_by("bloc", *WHERE).agg(
        *(whole_sum(name) for name in ("listed_kg", "listed_low_kg", "listed_high_kg")),
        pl.col(TRAITS).any(),
    )
    return pl.concat(
        [
            countries.with_columns(is_bloc=False),
            blocs.rename({"bloc": "importer_iso3"})
            .with_columns(is_bloc=True)
            .select("importer_iso3", *WHERE, *AMOUNTS, "is_bloc"),
        ],
        how="diagonal",
    )


TRAITS = ("is_estimated", "is_withheld")
AMOUNTS = ("listed_kg", "listed_low_kg", "listed_high_kg", *TRAITS)


def upper_bound() -> pl.Expr:
    """Most that a country may produce: its figure, or the printed upper bound of a lone product."""
    unknown = pl.col("unknown_products")
    bounded = pl.col("mass_kg").fill_null(0) + pl.col("mass_high_kg")
    return pl.when(unknown == 0).then(pl.col("mass_kg")).when(unknown == 1).then(bounded)


def whole_sum(name: str) -> pl.Expr:
    """Sum a column of whole numbers; null where one of them is."""
    values = pl.col(name)
    return pl.when(values.null_count() == 0).then(values.sum()).alias(name)


def unlisted(production: pl.LazyFrame) -> pl.LazyFrame:
    """For each of `WHERE` what all countries that are not listed produce together: `other_kg`.

    0 where the source has no such row; null where its figure is withheld.
    """
    other = pl.col("area_kind") == "other"
    amount = pl.when(other).then(pl.col("mass_kg"))
    return production.group_by(WHERE).agg(
        edition=pl.col("edition").max(),
        other_kg=pl.when(other.any() & (amount.count() == 0)).then(None).otherwise(amount.sum()),
    )


def with_production(
    cells: pl.LazyFrame, listed: pl.LazyFrame, others: pl.LazyFrame
) -> pl.LazyFrame:
    """Add to cells of `importer_iso3` and `WHERE` what they produce.

    Adds `produced_kg` (an unlisted producer counts as 0; null = withheld, or no figures at all),
    `produced_low_kg`, `produced_high_kg` (null = no bound is known), `has_figures`, `is_unlisted`
    (nothing or a part is among the source's "other countries"), `is_estimated`, `is_withheld`,
    `production_edition`.
    """
    known = pl.col("has_figures")
    named = pl.col("listed_low_kg").is_not_null()
    room = pl.when(named & ~pl.col("is_bloc")).then(0).otherwise(pl.col("other_kg"))
    high = pl.when(named).then(pl.col("listed_high_kg")).otherwise(0)
    point = pl.when(named).then(pl.col("listed_kg")).otherwise(0)
    return (
        cells.join(others.rename({"edition": "production_edition"}), on=WHERE, how="left")
        .join(listed, on=["importer_iso3", *WHERE], how="left", validate="m:1")
        .with_columns(has_figures=pl.col("production_edition").is_not_null())
        .with_columns(
            produced_kg=pl.when(known).then(point),
            produced_low_kg=pl.when(known).then(pl.col("listed_low_kg").fill_null(0)),
            produced_high_kg=pl.when(known).then(high + room),
            is_unlisted=known & (room.is_null() | (room > 0)),
            **{name: pl.col(name).fill_null(value=False) for name in TRAITS},
        )
        .drop("other_kg", "listed_kg", "listed_low_kg", "listed_high_kg", "is_bloc")
    )
