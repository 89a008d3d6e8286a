"""What every test starts from: no setting of this machine, a Prefect of its own, built worlds."""

from __future__ import annotations

import os
import socket
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.schedule.server import HOST, local_server
from flows.settings import prefect_environment
from tests import command, overlap, world

# Before any test module imports Prefect, which reads its environment then.
_home = tempfile.TemporaryDirectory(prefix="orewatch-tests-")
for _name in [n for n in os.environ if n.startswith(("OREWATCH_", "COMTRADE_", "PREFECT_"))]:
    del os.environ[_name]
os.environ["PREFECT_HOME"] = _home.name
os.environ.update(prefect_environment(Path(_home.name)))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count whatever needs the bundled world, a minute to build, among the slow tests."""
    for item in items:
        if "built" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> world.Built:
    """The warehouse of the bundled figures, built once; read its file, never write to it."""
    home = tmp_path_factory.mktemp("built")
    return world.built(world.settings(home), world.bundled())


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> world.Built:
    """The warehouse of the tiny world, built once; copy its file before changing it."""
    home = tmp_path_factory.mktemp("tiny")
    return world.built(world.settings(home), world.tiny(home / "in"))


@pytest.fixture(scope="session")
def overlapped(tmp_path_factory: pytest.TempPathFactory) -> world.Built:
    """The warehouse of the tiny world with a second source of trade; copy it before changing it."""
    home = tmp_path_factory.mktemp("overlapped")
    return world.built(world.settings(home), overlap.overlapping(home / "in"))


@pytest.fixture(name="orewatch")
def _orewatch(capfd: pytest.CaptureFixture[str]) -> command.Orewatch:
    """The command `orewatch`, run within the test."""
    return command.orewatch(capfd)


@pytest.fixture
def free_port() -> int:
    """A port of this machine that nothing listened on a moment ago."""
    return _free_port()


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """A real Prefect server of this session; the address of its API, which is set for all."""
    from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: PLC0415

    port = _free_port()
    url = f"http://{HOST}:{port}/api"
    with local_server(port) as server:
        deadline = time.monotonic() + 120
        while not _is_healthy(url):
            assert server.poll() is None, "the Prefect server ended while starting"
            assert time.monotonic() < deadline, "the Prefect server did not start"
            time.sleep(0.2)
        os.environ["PREFECT_API_URL"] = url
        with temporary_settings({PREFECT_API_URL: url}):
            yield url
        del os.environ["PREFECT_API_URL"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
