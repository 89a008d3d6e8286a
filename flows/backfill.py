"""The flow `backfill`: fetch a range of years of one source, a year at a time, resumable.

Each year is a task of its own, newest first; what it fetched is kept, so that a run that was
stopped goes on where it was. At the end the source's editions are accepted with all years.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.fetching import fetchable, ground_of
from flows.publish import lock
from flows.settings import Settings
from flows.sources.arrivals import Ground, Outcome
from flows.sources.connect import connector
from flows.sources.contract import IncompleteError, Source
from flows.sources.fetch import Door
from flows.sources.visit import Asked, visit, widened


@task(task_run_name="{source.id}-{year}", cache_policy=NO_CACHE)
def fetch_year(source: Source, door: Door, ground: Ground, year: int) -> int:
    """Fetch and keep one year's answers; give how many came anew. Accepts nothing yet."""
    wish = replace(ground.wish, years=(year, year))
    asked = connector(source.id)
    try:
        offers = asked.offers(door, source, wish)
    except IncompleteError as error:
        # Nothing is announced for the year; if that is so for all, the last step says it.
        get_run_logger().info("%s %d: %s", source.id, year, error)
        return 0
    brought = [one for offer in offers for one in asked.bring(door, source, offer)]
    new = sum(one.answer.is_new for one in brought)
    get_run_logger().info("%s %d: %d answers, %d of them new", source.id, year, len(brought), new)
    return new


@flow(name="backfill", validate_parameters=True)
def backfill(  # noqa: PLR0913 - an argument is a parameter of the deployment
    source: str,
    first_year: int,
    last_year: int,
    *,
    reporters: list[str] | None = None,
    monthly: bool = False,
    keyless: bool = False,
) -> list[Outcome]:
    """Fetch a range of years of a source, and accept what came.

    Raises:
        LockHeldError: another process is fetching.
        SourceError: a year failed; the years before it are kept, and are not fetched again.
        ValueError: the range is empty.

    """
    if first_year > last_year:
        raise ValueError(f"no year from {first_year} to {last_year}")
    settings = Settings()
    with lock(settings.raw_lock):
        (chosen,) = fetchable([source])
        asked = Asked(tuple(reporters or ()), (first_year, last_year), monthly, keyless)
        ground = ground_of(settings, asked, datetime.now(UTC))
        door = Door(settings.raw, {chosen.id: chosen})
        whole = replace(ground, wish=widened(settings.raw, chosen, ground.wish))
        for year in range(last_year, first_year - 1, -1):
            fetch_year(chosen, door, whole, year)
        return list(visit(door, chosen, ground))
