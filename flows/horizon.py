"""What the policy calendar holds for the days ahead, as a short text for a run's inputs.

A snapshot is published anew when its inputs changed. The calendar's next days change with the day
alone: measures take effect, expire, and suspensions lapse, though no figure moved. The text is the
same as long as the same events lie ahead.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import polars as pl

from flows.indices.formulas.policy_events import MEASURE, OF_MEASURE, OF_SUSPENSION, events

SOURCE = "policy_measures"
"""The source whose rows are measures too."""
DAYS = 90
"""How far the calendar looks ahead."""
OURS = {"source": "facts", "edition": "authored"}
"""As `sql/marts/measure.sql` names the measures of the facts."""


def ahead(
    measure: pl.DataFrame,
    suspension: pl.DataFrame,
    day: date,
    *,
    brought: pl.DataFrame | None = None,
    days: int = DAYS,
) -> str:
    """List the events after a day, up to `days` later: `day event source/edition/measure; ...`.

    Args:
        measure: `ref.measure`, days as YYYY-MM-DD.
        suspension: `ref.measure_suspension`, likewise.
        day: the run's day; what happens on it is no longer ahead.
        brought: staged rows of `policy_measures`, where there are any.
        days: how many days ahead.

    """
    named = [pl.lit(value).alias(name) for name, value in OURS.items()]
    measures = measure.select(*named, "measure", *dated(OF_MEASURE.values()))
    suspensions = suspension.select(*named, "measure", *dated(OF_SUSPENSION.values()))
    if brought is not None and not brought.is_empty():
        theirs = brought.with_columns(pl.lit(SOURCE).alias("source"))
        measures = pl.concat([measures, theirs.select(measures.columns).unique()])
        paused = theirs.filter(pl.col("suspended_from").is_not_null())
        suspensions = pl.concat([suspensions, paused.select(suspensions.columns).unique()])
    soon = (
        events(measures.lazy(), suspensions.lazy())
        .filter(pl.col("day") > day, pl.col("day") <= day + timedelta(days=days))
        .select("day", "event", *MEASURE)
        .unique()
        .sort("day", "event", *MEASURE)
        .collect()
    )
    return "; ".join(f"{when} {event} {'/'.join(names)}" for when, event, *names in soon.rows())


def dated(names: Iterable[str]) -> list[pl.Expr]:
    """Days of the facts, written as YYYY-MM-DD, as days; empty is none."""
    return [
        pl.col(name).cast(pl.String).replace("", None).str.to_date("%Y-%m-%d", strict=True)
        for name in names
    ]
