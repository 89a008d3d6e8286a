"""Spells of policy measures: from when to when each holds, for whom and for which codes.

A spell is an uninterrupted run of days in which one measure holds for one importer (or for all) and
one form of a mineral. Three kinds: `in_force`; `suspended`, the days that a suspension takes out of
it; `member`, where it holds for a member of a bloc and not for the bloc. Only the first counts.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from flows.indices.formulas.basket import SERIES
from flows.indices.formulas.mineral_rows import ENDLESS as LAST_YEAR
from flows.indices.formulas.policy_events import MEASURE

EVERYBODY = "ALL"
ALL_TRADE = "all_trade"
ENDLESS = date(9999, 12, 31)
MILLI = 1000
"""Severities are counted in thousandths, so that no order of sums changes a digit."""
SPELL = {
    "measure": pl.String,
    "mineral": pl.String,
    "form": pl.String,
    "exporter_iso3": pl.String,
    "audience": pl.String,
    "severity_milli": pl.Int64,
    "kind": pl.String,
    "unconfirmed": pl.Boolean,
    "first_day": pl.Date,
    "last_day": pl.Date,
}


def spells(
    measure: pl.LazyFrame,
    suspension: pl.LazyFrame,
    in_force: pl.LazyFrame,
    bloc_member: pl.LazyFrame,
) -> pl.DataFrame:
    """Every spell of the measures that restrict all trade in a form that is tracked.

    Args:
        measure: columns of `mart.measure`.
        suspension: columns of `mart.measure_suspension`.
        in_force: columns of `mart.measure_in_force`.
        bloc_member: `bloc`, `iso3`, `from_year`, `to_year`.

    """
    unconfirmed = pl.col("confirmation") == "unconfirmed"
    rows = (
        in_force.filter("restricts", pl.col("scope") == ALL_TRADE, pl.col("form").is_not_null())
        .with_columns(
            severity_milli=(pl.col("severity") * MILLI).round().cast(pl.Int64),
            audience=pl.col("importer_iso3"),
            kind=pl.lit("in_force"),
            unconfirmed=unconfirmed,
            first_day=pl.col("in_force_from"),
            last_day=pl.col("in_force_to").fill_null(ENDLESS),
        )
        .collect()
        .lazy()
    )
    paused = suspended(rows, measure, suspension)
    names = pl.concat_str(MEASURE, separator="/").alias("measure")
    return (
        pl.concat([rows, paused, on_members(rows, bloc_member)], how="diagonal_relaxed")
        .select(names, *[name for name in SPELL if name != "measure"])
        .cast(SPELL)  # type: ignore[arg-type]
        .unique()
        .collect()
    )


def suspended(rows: pl.LazyFrame, measure: pl.LazyFrame, suspension: pl.LazyFrame) -> pl.LazyFrame:
    """Days that suspensions take out of the spells of their measures."""
    held = measure.select(*MEASURE, "effective", "expires").unique()
    goods = [*MEASURE, "mineral", "form", "exporter_iso3", "audience", "severity_milli"]
    days = suspension.select(
        *MEASURE,
        "suspended_from",
        "suspended_until",
        unconfirmed=pl.col("confirmation") == "unconfirmed",
    )
    return (
        rows.select(goods)
        .unique()
        .join(held, on=MEASURE)
        .join(days, on=MEASURE)
        .with_columns(
            kind=pl.lit("suspended"),
            first_day=pl.max_horizontal("suspended_from", "effective"),
            last_day=pl.min_horizontal(
                pl.col("suspended_until").fill_null(ENDLESS), pl.col("expires").fill_null(ENDLESS)
            ),
        )
        .filter(pl.col("first_day") <= pl.col("last_day"))
    )


def on_members(rows: pl.LazyFrame, bloc_member: pl.LazyFrame) -> pl.LazyFrame:
    """Spells that hold for a member of a bloc in that year, as seen from a bloc they miss."""
    named = [*MEASURE, "mineral", "form", "audience", "first_day"]
    return (
        rows.join(bloc_member, left_on="audience", right_on="iso3")
        .filter(is_member())
        .with_columns(audience=pl.col("bloc"), kind=pl.lit("member"))
        .join(rows.select(named), on=named, how="anti")
    )


def covering(spells: pl.DataFrame, basket: pl.LazyFrame) -> pl.DataFrame:
    """Spells beside every HS code of every stage that they are about: `SERIES`, `hs6`, `SPELL`."""
    codes = basket.filter(pl.col("exclusion").is_null()).select(*SERIES, "hs6", "form")
    return (
        codes.join(spells.lazy(), on=["mineral", "form"])
        .sort(*SERIES, "measure", "hs6", "audience", "exporter_iso3", "first_day", "kind")
        .with_row_index("spell")
        .collect()
    )


def audiences(covers: pl.DataFrame, bloc_member: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Whose timelines there are (`SERIES`, `audience`), and the rows of `covers` in each.

    A timeline is that of all importers, or of one that a measure names, or of one that issues one
    itself: its measures do not hold for its own imports, nor for those of its bloc.
    """
    timeline = [*SERIES, "audience"]
    own = issued(covers, bloc_member)
    general = covers.filter(pl.col("audience") == EVERYBODY)
    special = covers.filter(pl.col("audience") != EVERYBODY)
    everybody = covers.select(*SERIES, audience=pl.lit(EVERYBODY))
    whose = pl.concat([everybody, covers.select(timeline), own.select(timeline)]).unique()
    anybodys = whose.join(general.drop("audience"), on=SERIES)
    both = pl.concat([anybodys, special.select(anybodys.columns)])
    return whose, both.join(own, on=[*timeline, "spell"], how="anti")


def issued(covers: pl.DataFrame, bloc_member: pl.LazyFrame) -> pl.DataFrame:
    """Issuers, and the blocs that they are in, beside their own measures."""
    blocs = covers.join(bloc_member.collect(), left_on="exporter_iso3", right_on="iso3")
    names = [*SERIES, "spell"]
    return pl.concat(
        [
            covers.select(*names, audience="exporter_iso3"),
            blocs.filter(is_member()).select(*names, audience="bloc"),
        ]
    ).unique()


def is_member() -> pl.Expr:
    """Whether an economy is a member of a bloc in the year in which a spell begins."""
    begins, ends = pl.col("from_year").fill_null(0), pl.col("to_year").fill_null(LAST_YEAR)
    return pl.col("first_day").dt.year().is_between(begins, ends)
