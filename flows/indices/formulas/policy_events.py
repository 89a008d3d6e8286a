"""Days on which something happens to a policy measure.

`announced`, `takes_effect` (its first day), `suspended` (the first day of a suspension), `lapses`
(the last day of a suspension; the measure is back on the day after), `expires` (its last day).
"""

from __future__ import annotations

import polars as pl

MEASURE = ["source", "edition", "measure"]
ANNOUNCED, TAKES_EFFECT, EXPIRES = "announced", "takes_effect", "expires"
SUSPENDED, LAPSES = "suspended", "lapses"
EVENTS = (ANNOUNCED, TAKES_EFFECT, SUSPENDED, LAPSES, EXPIRES)
OF_MEASURE = {ANNOUNCED: "announced", TAKES_EFFECT: "effective", EXPIRES: "expires"}
"""Event -> the day of the measure that it is on."""
OF_SUSPENSION = {SUSPENDED: "suspended_from", LAPSES: "suspended_until"}


def events(measures: pl.LazyFrame, suspensions: pl.LazyFrame) -> pl.LazyFrame:
    """Every day that is known, past and to come: `MEASURE`, `event`, `day`, `in_force_after`.

    Args:
        measures: `MEASURE`, `announced`, `effective` and `expires`; one row a measure.
        suspensions: `MEASURE`, `suspended_from` and `suspended_until`; null = no end is known.

    `in_force_after` says whether the measure is in force on the day after the event: a measure that
    is suspended when it takes effect is not, nor is one whose next suspension follows at once.

    """
    found = pl.concat(
        [
            rows.select(*MEASURE, event=pl.lit(event), day=pl.col(name))
            for rows, days in ((measures, OF_MEASURE), (suspensions, OF_SUSPENSION))
            for event, name in days.items()
        ]
    ).filter(pl.col("day").is_not_null())
    following = pl.col("day") + pl.duration(days=1)
    paused = (
        found.join(suspensions.select(*MEASURE, *OF_SUSPENSION.values()), on=MEASURE)
        .filter(
            following.is_between(
                pl.col("suspended_from"), pl.coalesce("suspended_until", following)
            )
        )
        .select(*MEASURE, "event", "day", is_paused=pl.lit(value=True))
        .unique()
    )
    holds = (following >= pl.col("effective")) & (following <= pl.coalesce("expires", following))
    return (
        found.join(measures.select(*MEASURE, "effective", "expires"), on=MEASURE, how="left")
        .join(paused, on=[*MEASURE, "event", "day"], how="left")
        .with_columns(in_force_after=holds & pl.col("is_paused").is_null())
        .select(*MEASURE, "event", "day", "in_force_after")
    )
