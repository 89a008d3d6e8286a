"""What the Prefect server knows of prefect.yaml: registered once, retired when gone from it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import MissingFlowError
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from flows.schedule.deployments import Deployment, DeploymentsError, Schedule

PAGE = 200


async def register(client: PrefectClient, declared: Deployment) -> UUID:
    """Register a deployment, unless the server has it as it is declared.

    Registering anew deletes the runs scheduled ahead and makes them again a moment later; one
    that comes due in that moment would be lost. Prefect's own `RunnerDeployment.apply` is not
    used: of a deployment that exists it keeps the folder, and a schedule that is gone.

    Raises:
        DeploymentsError: the flow cannot be loaded, or the schedule is no cron.
    """
    version = declared.version(Path.cwd())
    for known in await ours(client):
        is_same = (known.name, known.version) == (declared.name, version)
        if is_same and _is_on(known) == _is_on(declared):
            return known.id
    try:
        flow: Flow[..., Any] = await asyncio.to_thread(
            load_flow_from_entrypoint, declared.entrypoint
        )
        schedules = [_schedule(schedule) for schedule in declared.schedules]
    except (ValueError, ImportError, AttributeError, MissingFlowError) as error:
        raise DeploymentsError(f"deployment {declared.name!r}: {error}") from error
    limit = declared.concurrency_limit
    return await client.create_deployment(
        flow_id=await client.create_flow_from_name(flow.name),
        name=declared.name,
        version=version,
        description=declared.description or flow.description,
        tags=declared.tags,
        path=str(Path.cwd()),
        entrypoint=declared.entrypoint,
        parameters=declared.parameters,
        parameter_openapi_schema=parameter_schema(flow).model_dump(exclude_unset=True),
        enforce_parameter_schema=True,
        paused=declared.paused,
        schedules=schedules,
        concurrency_limit=limit.limit if limit else None,
        concurrency_options=ConcurrencyOptions(
            collision_strategy=ConcurrencyLimitStrategy(limit.collision_strategy)
        )
        if limit
        else None,
    )


def _schedule(declared: Schedule) -> DeploymentScheduleCreate:
    cron = CronSchedule(cron=declared.cron, timezone=declared.timezone, day_or=declared.day_or)
    return DeploymentScheduleCreate(schedule=cron, active=declared.active)


def _is_on(deployment: Deployment | DeploymentResponse) -> list[bool]:
    """What may have been switched on the server, by hand or by another service's end."""
    return [deployment.paused, *(schedule.active for schedule in deployment.schedules)]


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
