"""The service itself: look what is due, run it in a child process, one at a time."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from datetime import UTC, datetime
from uuid import UUID

from prefect import states
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas import OrchestrationResult, filters
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.logging import get_logger
from prefect.logging.configuration import setup_logging

from flows import tether
from flows.schedule.deployments import Deployment
from flows.schedule.memory import Memory
from flows.schedule.registry import ours, register, retire
from flows.schedule.server import ServerError

POLL_SECONDS = 5.0
WATCH_SECONDS = 1.0
STOP_SECONDS = 20.0
START_SECONDS = 120.0


log = get_logger("orewatch")


async def run(
    declared: list[Deployment], memory: Memory, server: subprocess.Popen[bytes] | None
) -> None:
    """Register what is declared, settle what the last service left, then run what is due.

    Raises:
        ServerError: the server does not answer, or ended by itself.
        DeploymentsError: a deployment cannot be registered.
    """
    setup_logging()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with get_client() as client:
        await _wait_for_server(client, server, stop)
        if stop.is_set():
            return
        served = [await register(client, deployment) for deployment in declared]
        for name in await retire(client, served):
            log.info("paused %s, which prefect.yaml no longer declares", name)
        await _settle(client, memory, alone=server is not None)
        if late := await _due(client, served):
            log.info("%d came due while nothing served; they run now, one by one", len(late))
        log.info("serving %s; %s", ", ".join(d.name for d in declared), client.api_url)
        while not stop.is_set():
            if server is not None and server.poll() is not None:
                raise ServerError(f"the Prefect server ended with code {server.returncode}")
            try:
                await _run_next(client, served, memory, stop)
            except Exception:
                # A service outlives what ails its server for a while.
                log.exception("will try again")
            await _wait(stop, POLL_SECONDS)
    log.info("stopped")


async def _run_next(
    client: PrefectClient, served: list[UUID], memory: Memory, stop: asyncio.Event
) -> None:
    for flow_run in (await _due(client, served))[:1]:
        await _execute(client, flow_run, memory, stop)
    if not stop.is_set():
        await _settle(client, memory, alone=False)


async def _wait_for_server(
    client: PrefectClient, server: subprocess.Popen[bytes] | None, stop: asyncio.Event
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while (error := await client.api_healthcheck()) is not None and not stop.is_set():
        if server is not None and server.poll() is not None:
            raise ServerError(
                f"the Prefect server did not start; it ended with {server.returncode}"
            )
        if time.monotonic() > deadline:
            raise ServerError(f"no Prefect server answers at {client.api_url}: {error}")
        await _wait(stop, 0.3)


async def _settle(client: PrefectClient, memory: Memory, *, alone: bool) -> None:
    """Settle runs whose process is gone: put back what we stopped, mark others as crashed.

    On a server of our own nothing else runs this checkout's deployments (`alone`); on a shared
    one another machine may, so that only the run this home remembers is touched.
    """
    left, was_stopped = memory.recall()
    if left is None and not alone:
        return
    unfinished = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    chosen = filters.FlowRunFilter(
        id=filters.FlowRunFilterId(any_=[left]) if left and not alone else None,
        deployment_id=filters.FlowRunFilterDeploymentId(any_=[d.id for d in await ours(client)]),
        state=filters.FlowRunFilterState(
            type=filters.FlowRunFilterStateType(any_=[*unfinished, StateType.CRASHED])
        ),
    )
    for flow_run in await client.read_flow_runs(flow_run_filter=chosen):
        if flow_run.id == left and was_stopped:
            await _force(client, flow_run, states.Scheduled(message="put back: interrupted"))
        elif flow_run.state_type in unfinished:
            await _force(client, flow_run, states.Crashed(message="its process is gone"))
    memory.keep(None)


async def _force(client: PrefectClient, flow_run: FlowRun, state: State[None]) -> None:
    await client.set_flow_run_state(flow_run.id, state, force=True)
    log.info("%s was left %s; now %s", flow_run.name, flow_run.state_name, state.name)


async def _due(client: PrefectClient, served: list[UUID]) -> list[FlowRun]:
    """Give the runs that should have started by now, the earliest first."""
    now = datetime.now(UTC)
    due = await client.get_scheduled_flow_runs_for_deployments(served, scheduled_before=now)
    return sorted(due, key=lambda run: run.next_scheduled_start_time or now)


async def _execute(
    client: PrefectClient, flow_run: FlowRun, memory: Memory, stop: asyncio.Event
) -> None:
    """Run one flow run in a child process, until it ends, is cancelled, or we are stopped."""
    taken: OrchestrationResult[None] = await client.set_flow_run_state(
        flow_run.id, states.Pending()
    )
    if taken.state is None or not taken.state.is_pending():
        return  # cancelled meanwhile, by the user or by the concurrency limit
    memory.keep(flow_run.id)
    child = await asyncio.create_subprocess_exec(
        *tether.command("prefect.engine", str(flow_run.id)), start_new_session=True
    )
    ended = asyncio.create_task(child.wait())
    is_cancelled = await _watch(client, flow_run.id, ended, stop)
    if ended.done():
        return
    # Remembered before it is done: the server may be told to stop at the same time.
    memory.keep(flow_run.id, stopped=not is_cancelled)
    await _end(child, ended)
    if is_cancelled:
        await _force(client, flow_run, states.Cancelled())


async def _watch(
    client: PrefectClient, run: UUID, ended: asyncio.Task[int], stop: asyncio.Event
) -> bool:
    """Wait until the run ends, we are stopped, or the user cancels it: true for the last."""
    while not ended.done() and not stop.is_set():
        await _wait(stop, WATCH_SECONDS)
        try:
            state = (await client.read_flow_run(run)).state
        except Exception as error:  # noqa: BLE001 (the run goes on while its server is away)
            log.warning("cannot see whether it was cancelled: %s", error)
            continue
        if state is not None and state.is_cancelling():
            return True
    return False


async def _end(child: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    child.terminate()
    await asyncio.wait({ended}, timeout=STOP_SECONDS)
    if not ended.done():
        child.kill()
        await ended


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
