"""A local Prefect server: a child process, bound to this machine, gone with its parent."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator

from flows import tether

HOST = "127.0.0.1"
STOP_SECONDS = 15.0


class ServerError(Exception):
    """The server cannot start, or did not stay."""


@contextlib.contextmanager
def local_server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server on `port`, with its database under `PREFECT_HOME`; it is not yet ready.

    Raises:
        ServerError: the port is taken.
    """
    _wait_for_port(port)
    own = {
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        # A page in the user's browser must not be able to start or change runs.
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{port}",
        # Marking a run as late cancels it while another holds the slot, be that one long dead.
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }
    server = subprocess.Popen(  # noqa: S603
        tether.command(
            "uvicorn",
            "--factory",
            "prefect.server.api.server:create_app",
            *("--host", HOST, "--port", str(port), "--log-level", "warning"),
        ),
        env=os.environ | own,
        # Ctrl-C in a terminal reaches the whole group; the server has to outlive the runs.
        start_new_session=True,
    )
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for_port(port: int) -> None:
    """Wait a little: the server of a service that was killed needs a moment to notice."""
    deadline = time.monotonic() + 2 * tether.GRACE_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ServerError(
                        f"port {port} is taken: name another with --port, or, if a Prefect"
                        f" server holds it, set PREFECT_API_URL=http://{HOST}:{port}/api"
                    ) from error
            else:
                return
        time.sleep(0.2)
