"""What the Prefect server knows of prefect.yaml: registered once, retired when gone from it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.schedule.deployments import Deployment, DeploymentsError

PAGE = 200


async def register(client: PrefectClient, declared: Deployment) -> UUID:
    """Register a deployment, unless the server has it as it is declared.

    Registering anew deletes the runs scheduled ahead and makes them again a moment later; one
    that comes due in that moment would be lost.
    """
    version = declared.version(Path.cwd())
    for known in await ours(client):
        is_same = (known.name, known.version) == (declared.name, version)
        if is_same and _is_on(known) == _is_on(declared):
            return known.id
    try:
        deployment = await asyncio.to_thread(
            RunnerDeployment.from_entrypoint,
            declared.entrypoint,
            name=declared.name,
            version=version,
            description=declared.description or None,
            tags=declared.tags,
            parameters=declared.parameters,
            paused=declared.paused,
            schedules=[
                Cron(s.cron, timezone=s.timezone, day_or=s.day_or, active=s.active)
                for s in declared.schedules
            ],
            concurrency_limit=_limit(declared),
        )
    except (ValueError, ImportError, AttributeError) as error:
        raise DeploymentsError(f"deployment {declared.name!r}: {error}") from error
    return await deployment.aapply()


def _is_on(deployment: Deployment | DeploymentResponse) -> list[bool]:
    """What may have been switched on the server, by hand or by another service's end."""
    return [deployment.paused, *(schedule.active for schedule in deployment.schedules)]


def _limit(declared: Deployment) -> ConcurrencyLimitConfig | None:
    if declared.concurrency_limit is None:
        return None
    return ConcurrencyLimitConfig(
        limit=declared.concurrency_limit.limit,
        collision_strategy=ConcurrencyLimitStrategy(declared.concurrency_limit.collision_strategy),
    )


async def ours(client: PrefectClient) -> list[DeploymentResponse]:
    """Give the deployments that were registered from this checkout."""
    found: list[DeploymentResponse] = []
    while page := await client.read_deployments(offset=len(found), limit=PAGE):
        found += page
    return [deployment for deployment in found if deployment.path == str(Path.cwd())]


async def retire(client: PrefectClient, served: list[UUID]) -> list[str]:
    """Pause what prefect.yaml no longer declares, as its runs would come due for nobody.

    Gives the names.
    """
    others = [known for known in await ours(client) if known.id not in served and not known.paused]
    for known in others:
        await client.pause_deployment(known.id)
    return [known.name for known in others]
