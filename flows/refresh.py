"""The flow `refresh`: ask every source for new editions, fetch them, and judge them.

It changes nothing that is published: the next `snapshot` uses what was accepted.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.fetching import fetchable, ground_of
from flows.publish import lock
from flows.settings import Settings
from flows.sources.arrivals import Ground, Outcome
from flows.sources.contract import Source
from flows.sources.fetch import Door
from flows.sources.visit import Asked, visit_each


class RefreshError(Exception):
    """Some sources could not be refreshed; the others were."""


@task(task_run_name="refresh-{source.id}", cache_policy=NO_CACHE)
def refresh_source(source: Source, door: Door, ground: Ground, *, is_alone: bool) -> list[Outcome]:
    """Fetch what one source has new, and log what became of each edition."""
    outcomes = []
    for outcome in visit_each(door, [source], ground, is_alone=is_alone):
        get_run_logger().info("%s %s: %s", outcome.source, outcome.edition, outcome.state)
        outcomes.append(outcome)
    return outcomes


@flow(name="refresh", validate_parameters=True)
def refresh(sources: list[str] | None = None, *, keyless: bool = False) -> list[Outcome]:
    """Look for new editions of the sources, all or some, and fetch them.

    A source that fails leaves its editions as they were, and does not hold up the others.

    Raises:
        LockHeldError: another process is fetching.
        RefreshError: sources failed; it names each.

    """
    settings = Settings()
    with lock(settings.raw_lock):
        chosen = fetchable(sources)
        ground = ground_of(settings, Asked(keyless=keyless), datetime.now(UTC))
        door = Door(settings.raw, {source.id: source for source in chosen})
        is_alone = len(chosen) == 1
        outcomes = [
            outcome
            for source in chosen
            for outcome in refresh_source(source, door, ground, is_alone=is_alone)
        ]
    table = [asdict(outcome) for outcome in outcomes]
    create_table_artifact(key="editions", description="Editions looked for", table=table)
    if faults := [f"{o.source}: {o.why}" for o in outcomes if o.state == "failed"]:
        raise RefreshError("; ".join(faults))
    return outcomes
