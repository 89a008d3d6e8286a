"""Timelines of policy measures: stretches of days between which nothing changes."""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.basket import SERIES
from flows.indices.formulas.policy_spells import ENDLESS

FIRST_YEAR = 2009
"""First year of a timeline; the shares of the year before are its first."""
TIMELINE = [*SERIES, "audience"]
STRETCH = [*TIMELINE, "in_force_from"]


def stretches(
    whose: pl.DataFrame, members: pl.DataFrame, years: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cut each timeline where something changes, and join again what is equal.

    Args:
        whose: the timelines, as `audiences` gives them.
        members: the spells in each, likewise.
        years: `source`, `edition`, `first` and `newest`: years of the shares of each edition.

    Gives the stretches (`STRETCH`, `in_force_to`, null = open; `year` of the shares, the last full
    one before the first day or the newest; `counts`, whether a measure is in force), and the rows
    of `members` that are active in each.

    """
    timelines = whose.join(years, on=["source", "edition"])
    days = cuts(members, timelines)
    active = (
        days.join(members, on=TIMELINE)
        .filter(pl.col("in_force_from").is_between(pl.col("first_day"), pl.col("last_day")))
        .sort("spell")
    )
    told = active.group_by(STRETCH).agg(
        signature=pl.col("spell"), counts=(pl.col("kind") == "in_force").any()
    )
    cut = (
        days.join(told, on=STRETCH, how="left")
        .with_columns(pl.col("counts").fill_null(value=False))
        .sort(STRETCH)
    )
    joined = merged(cut)
    return joined, joined.select(STRETCH).join(active, on=STRETCH)


def cuts(members: pl.DataFrame, timelines: pl.DataFrame) -> pl.DataFrame:
    """Days on which a timeline may change, each with its last day and the year of its shares."""
    starts = members.select(*TIMELINE, in_force_from="first_day")
    ends = members.filter(pl.col("last_day") < ENDLESS).select(
        *TIMELINE, in_force_from=pl.col("last_day") + pl.duration(days=1)
    )
    opening = pl.max_horizontal(pl.col("first") + 1, pl.lit(FIRST_YEAR))
    turns = (
        timelines.select(*TIMELINE, turn=pl.int_ranges(opening, pl.col("newest") + 2))
        .explode("turn")
        .drop_nulls()
        .select(*TIMELINE, in_force_from=pl.date(pl.col("turn"), 1, 1))
    )
    following = pl.col("in_force_from").shift(-1).over(*TIMELINE)
    return (
        pl.concat([starts, ends, turns])
        .unique()
        .join(timelines, on=TIMELINE)
        .filter(pl.col("in_force_from").dt.year() >= opening)
        .sort(STRETCH)
        .select(
            *STRETCH,
            in_force_to=following - pl.duration(days=1),
            year=pl.min_horizontal(pl.col("in_force_from").dt.year() - 1, "newest").cast(pl.Int32),
        )
    )


def merged(cut: pl.DataFrame) -> pl.DataFrame:
    """Join neighbours with the same spells and, where one is in force, the same year of shares."""
    before = (
        pl.col("signature").list.eval(pl.element().cast(pl.String)).list.join(",").fill_null("")
    )
    named = cut.with_columns(spells_named=before)
    same = (
        (pl.col("spells_named") == pl.col("spells_named").shift(1))
        & ((pl.col("year") == pl.col("year").shift(1)) | ~pl.col("counts"))
    ).over(TIMELINE)
    return (
        named.with_columns(run=(~same.fill_null(value=False)).cum_sum().over(TIMELINE))
        .group_by(*TIMELINE, "run", maintain_order=True)
        .agg(
            pl.col("in_force_from").first(),
            pl.col("in_force_to").last(),
            pl.col("year").first(),
            pl.col("counts").first(),
        )
        .select(*STRETCH, "in_force_to", "year", "counts")
    )
