"""`orewatch serve`: run what prefect.yaml declares, when it is due, on this machine.

Prefect's own `serve()` is not used. It pauses the schedules while it is down, so that what comes
due then is lost; stopped in mid-run it cancels the run; killed it leaves the run Running for
ever, and its concurrency slot taken. Here schedules stay active, what came due meanwhile runs
once after the next start, an interrupted run is put back, and a killed one is marked as crashed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os

from flows.schedule.deployments import DeploymentsError, read_deployments
from flows.schedule.memory import AlreadyServedError, only_service
from flows.schedule.server import HOST, ServerError, local_server
from flows.settings import Settings, prefect_environment

__all__ = ["AlreadyServedError", "DeploymentsError", "ServerError", "serve"]


def serve(settings: Settings, *, port: int | None = None) -> None:
    """Serve prefect.yaml until SIGTERM or SIGINT.

    Where no Prefect server is configured, one is started on 127.0.0.1 at `port` (by default
    `PREFECT_SERVER_API_PORT`, 4200), with its database under `PREFECT_HOME`.

    Raises:
        DeploymentsError: prefect.yaml cannot be served.
        AlreadyServedError: another service runs in the same home.
        ServerError: no server answers, the port is taken, or the server ended by itself.
    """
    declared = read_deployments(settings.deployments)
    os.environ.update(prefect_environment(settings.home))
    os.environ |= {"OREWATCH_HOME": str(settings.home), "OREWATCH_CHECKOUT": str(settings.checkout)}
    # Late: Prefect reads its environment when it is imported.
    from prefect.settings import (  # noqa: PLC0415
        PREFECT_API_URL,
        PREFECT_SERVER_API_PORT,
        temporary_settings,
    )

    from flows.schedule import service  # noqa: PLC0415

    with (
        only_service(settings.warehouse / ".serve") as memory,
        contextlib.chdir(settings.checkout),
        contextlib.ExitStack() as stack,
    ):
        server = None
        if PREFECT_API_URL.value() is None:
            port = port or PREFECT_SERVER_API_PORT.value()
            server = stack.enter_context(local_server(port))
            url = f"http://{HOST}:{port}/api"
            os.environ["PREFECT_API_URL"] = url
            stack.enter_context(temporary_settings({PREFECT_API_URL: url}))
        elif port is not None:
            raise ServerError(
                f"PREFECT_API_URL names the server {PREFECT_API_URL.value()}; a port is for"
                " the one started here: leave one of the two out"
            )
        asyncio.run(service.run(declared, memory, server))
