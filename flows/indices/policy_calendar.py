"""Policy calendar: the days on which measures are announced, begin, end, and are suspended.

Past and to come; the next 90 days are those of a day that the reader gives. Days are those of the
facts and lists at hand: a suspension prolonged since is not in them.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import policy as explained
from flows.indices.formulas.policy_events import (
    ANNOUNCED,
    EVENTS,
    EXPIRES,
    MEASURE,
    OF_MEASURE,
    TAKES_EFFECT,
    events,
)

DAYS = tuple(OF_MEASURE.values())
UNREAD = "unconfirmed"
OF_THE_MEASURE = ("announced_confirmation", "effective_confirmation", "expires_confirmation")


def compute(
    mart_measure: pl.LazyFrame,
    mart_measure_suspension: pl.LazyFrame,
) -> pl.LazyFrame:
    """Every day of every measure.

    Args:
        mart_measure: measures and their goods.
        mart_measure_suspension: the days between which they are suspended.

    """
    told = mart_measure.group_by(MEASURE).agg(
        pl.col(
            *DAYS,
            *OF_THE_MEASURE,
            "issuer_iso3",
            "title",
            "kind",
            "restricts",
            "target",
            "scope",
            "severity",
            "citation",
            "note",
            "confirmation",
        ).first(),
        minerals=pl.col("mineral").drop_nulls().unique().sort(),
    )
    days = told.select(*MEASURE, *DAYS)
    by_day = pl.concat(
        [
            mart_measure_suspension.select(
                *MEASURE,
                day=name,
                suspension_confirmation="confirmation",
                suspension_citation="citation",
                suspension_note="note",
            )
            for name in ("suspended_from", "suspended_until")
        ]
    ).unique()
    return (
        events(days, mart_measure_suspension)
        .join(told, on=MEASURE, validate="m:1")
        .join(by_day, on=[*MEASURE, "day"], how="left")
        .with_columns(is_suspension=~pl.col("event").is_in(list(OF_MEASURE)))
        .with_columns(
            confirmation=confirmation(),
            citation=pl.when("is_suspension").then("suspension_citation").otherwise("citation"),
            note=pl.when("is_suspension").then("suspension_note").otherwise("note"),
            reason=pl.when(pl.col("severity").is_null()).then(pl.lit("not_weighted")),
        )
    )


def confirmation() -> pl.Expr:
    """Whether both the measure and the day of the event were read."""
    event = pl.col("event")
    day = (
        pl.when(event == ANNOUNCED)
        .then("announced_confirmation")
        .when(event == TAKES_EFFECT)
        .then("effective_confirmation")
        .when(event == EXPIRES)
        .then("expires_confirmation")
        .otherwise("suspension_confirmation")
    )
    unread = (pl.col("confirmation") == UNREAD) | (day == UNREAD)
    return pl.when(unread).then(pl.lit(UNREAD)).otherwise(pl.lit("confirmed"))


INDEX = Index(
    table=Table(
        schema="indices",
        name="policy_calendar",
        meaning="Days on which policy measures are announced, begin, end, and are suspended",
        grain=("day", "event", *MEASURE),
        columns=(
            Column("day", "date", "the day; of what ends, the last one that it holds"),
            Column(
                "event",
                "text",
                "what happens; lapses = last day of a suspension, after which the measure is back",
                values=EVENTS,
            ),
            Column("source", "text", "source of the measure; facts = authored by this project"),
            Column("edition", "text", "edition of the source"),
            Column("measure", "text", "the measure"),
            Column("issuer_iso3", "text", "country that issues it", key="ref.country.iso3"),
            Column("title", "text", "what it does"),
            Column("kind", "text", "its kind", key="ref.measure_kind.kind"),
            Column("restricts", "bool", "whether it holds back shipments"),
            Column("target", "text", "whose imports it is about: ALL, or an economy"),
            Column("scope", "text", "which shipments", key="ref.measure_scope.scope"),
            Column("minerals", "texts", "minerals it is about, where tracked"),
            Column(
                "severity",
                "float",
                "how hard it holds shipments back; null = it does not, or is not weighted",
                unit="ratio",
                nullable=True,
                low=0,
                high=1,
            ),
            Column("in_force_after", "bool", "whether it is in force on the day after"),
            Column(
                "confirmation",
                "text",
                "unconfirmed = the measure or the day was not read",
                values=("confirmed", UNREAD),
            ),
            Column("citation", "text", "the act", nullable=True),
            Column("note", "text", "what to know about it", nullable=True),
            Column(
                "reason",
                "text",
                "why it has no severity",
                nullable=True,
                key="ref.reason.reason",
            ),
        ),
        formula="the days of mart.measure and mart.measure_suspension, one row each",
        citation="acts as cited in each row",
    ),
    inputs=("mart.measure", "mart.measure_suspension"),
    compute=compute,
    explain=explained.policy_calendar,
)
