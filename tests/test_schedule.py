"""`orewatch serve`: prefect.yaml is understood or refused; no run is lost, none is doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import pytest

from flows.schedule import AlreadyServedError
from flows.schedule.deployments import DeploymentsError, read_deployments
from flows.schedule.memory import only_service
from flows.settings import CHECKOUT

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

T = TypeVar("T")

FLOW = """
    import time
    from pathlib import Path
    from prefect import flow


    @flow
    def demo(seconds: float = 0) -> None:
        with Path("log").open("a") as log:
            log.write("started ")
        time.sleep(seconds)
        with Path("log").open("a") as log:
            log.write("ended ")
"""
YAML = """
    name: demo
    deployments:
      - name: demo
        entrypoint: demo.py:demo
        schedules:
          - {cron: 0 6 3 * *, timezone: UTC}
        concurrency_limit: {limit: 1, collision_strategy: CANCEL_NEW}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "demo.py").write_text(dedent(FLOW))
    (tmp_path / "prefect.yaml").write_text(dedent(YAML))
    return tmp_path


def test_the_projects_own_file_is_served_monthly_one_at_a_time() -> None:
    (snapshot,) = [d for d in read_deployments(CHECKOUT / "prefect.yaml") if d.name == "snapshot"]
    assert [(s.cron, s.timezone, s.active) for s in snapshot.schedules] == [
        ("0 6 3 * *", "UTC", True)
    ]
    assert snapshot.concurrency_limit is not None
    assert snapshot.concurrency_limit.model_dump() == {
        "limit": 1,
        "collision_strategy": "CANCEL_NEW",
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schedules:", "shedules:", r"deployment 'demo': key 'shedules' is not understood"),
        ("timezone:", "tz:", r"deployment 'demo': key 'schedules.tz' is not understood"),
        ("limit: 1", "limits: 1", r"key 'concurrency_limit.limits' is not understood"),
        ("name: demo\ndep", "work: demo\ndep", r"key 'work' is not understood"),
        ("UTC", "Mars/Base", r"'Mars/Base' is no IANA time zone"),
        ("demo.py:", "gone.py:", r"deployment 'demo': entrypoint: there is no .*gone.py"),
        ("CANCEL_NEW", "DROP", r"concurrency_limit.collision_strategy: Input should be 'ENQUEUE'"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(
    checkout: Path, old: str, new: str, said: str
) -> None:
    file = checkout / "prefect.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(DeploymentsError, match=said):
        read_deployments(file)


def test_a_name_is_declared_once(checkout: Path) -> None:
    file = checkout / "prefect.yaml"
    head, entry = file.read_text().split("deployments:\n")
    file.write_text(f"{head}deployments:\n{entry}{entry}")
    with pytest.raises(DeploymentsError, match="two deployments are called 'demo'"):
        read_deployments(file)


def test_a_home_has_one_service(tmp_path: Path) -> None:
    with only_service(tmp_path / "lock"), pytest.raises(AlreadyServedError):
        only_service(tmp_path / "lock").__enter__()
    with only_service(tmp_path / "lock"):
        pass


def test_a_server_of_its_own_plans_the_runs_and_stops_in_order(
    checkout: Path, free_port: int
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: PLC0415

    with (
        temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port}/api"}),
        served(checkout, port=free_port) as service,
    ):
        (deployment,) = ours(checkout)
        assert [schedule.active for schedule in deployment.schedules] == [True]
        planned = [when for _, when in eventually(lambda: runs_of(deployment.id, "SCHEDULED"))]
        assert {(when.day, when.hour, when.utcoffset()) for when in planned if when} == {
            (3, 6, timedelta(0))
        }
        assert len(set(planned)) == len(planned) > 1
        started = time.monotonic()
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0
        assert time.monotonic() - started < 15
    assert (checkout / "warehouse" / ".prefect" / "prefect.db").exists()


@pytest.mark.slow
def test_a_restart_neither_loses_nor_doubles(checkout: Path, prefect_server: str) -> None:
    with served(checkout):
        (before,) = ours(checkout)
        planned = eventually(lambda: runs_of(before.id, "SCHEDULED"))
    due = create_run(before.id)
    with served(checkout):
        eventually(lambda: state_of(due) == "Completed")
        (after,) = ours(checkout)
    assert after.id == before.id
    assert [s.id for s in after.schedules] == [s.id for s in before.schedules]
    assert not after.paused
    assert runs_of(before.id, "SCHEDULED") == planned
    assert (checkout / "log").read_text() == "started ended "
    assert prefect_server in os.environ["PREFECT_API_URL"]


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_changed_declaration_replaces_the_schedule_and_a_paused_one_is_resumed(
    checkout: Path,
) -> None:
    with served(checkout):
        (before,) = ours(checkout)
    with client() as server:
        server.pause_deployment(before.id)
    file = checkout / "prefect.yaml"
    file.write_text(file.read_text().replace("0 6 3 * *", "0 7 4 * *"))
    with served(checkout):
        (after,) = ours(checkout)
    assert (after.id, after.paused) == (before.id, False)
    assert [s.schedule.model_dump()["cron"] for s in after.schedules] == ["0 7 4 * *"]
    lines = file.read_text().replace("- name: demo", "- name: other").splitlines()
    file.write_text(
        "\n".join(line for line in lines if "schedules" not in line and "cron" not in line)
    )
    with served(checkout):
        found = {d.name: (d.paused, len(d.schedules)) for d in ours(checkout)}
    assert found == {"demo": (True, 1), "other": (False, 0)}


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_run_that_the_stop_interrupts_runs_again(checkout: Path) -> None:
    with served(checkout) as service:
        (deployment,) = ours(checkout)
        run = create_run(deployment.id, seconds=12)
        eventually((checkout / "log").exists)
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0
    assert (checkout / "log").read_text() == "started "
    with served(checkout):
        eventually(lambda: state_of(run) == "Completed")
    assert (checkout / "log").read_text() == "started started ended "


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_run_that_a_kill_left_is_marked_as_crashed_and_frees_its_slot(checkout: Path) -> None:
    with served(checkout) as service:
        (deployment,) = ours(checkout)
        left = create_run(deployment.id, seconds=60)
        eventually((checkout / "log").exists)
        children = children_of(service.pid)
        assert children
        for pid in (service.pid, *children):
            os.kill(pid, signal.SIGKILL)
        service.wait()
    assert state_of(left) == "Running"
    with served(checkout):
        eventually(lambda: state_of(left) == "Crashed")
        following = create_run(deployment.id)
        eventually(lambda: state_of(following) == "Completed")
    assert (checkout / "log").read_text() == "started started ended "


@pytest.mark.slow
def test_server_and_run_do_not_outlive_a_killed_service(checkout: Path, free_port: int) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: PLC0415

    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port}/api"}):
        with served(checkout, port=free_port) as service:
            (deployment,) = ours(checkout)
            run = create_run(deployment.id, seconds=60)
            eventually((checkout / "log").exists)
            children = children_of(service.pid)
            service.kill()
            service.wait()
            assert len(children) == 2
            eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
        with served(checkout, port=free_port):
            assert state_of(run) == "Crashed"
    assert (checkout / "log").read_text() == "started "


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_run_is_cancelled_on_request(checkout: Path) -> None:
    from prefect.states import Cancelling  # noqa: PLC0415

    with served(checkout):
        (deployment,) = ours(checkout)
        run = create_run(deployment.id, seconds=60)
        eventually((checkout / "log").exists)
        with client() as server:
            server.set_flow_run_state(run, Cancelling())
        eventually(lambda: state_of(run) == "Cancelled")
    assert (checkout / "log").read_text() == "started "


@contextmanager
def served(checkout: Path, *, port: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """A service in a process of its own, from when it says that it serves.

    With a port it finds no server configured, and starts its own.
    """
    code = (
        "from pathlib import Path; from flows.schedule import serve;"
        "from flows.settings import Settings; here = Path.cwd();"
        f"serve(Settings(home=here, checkout=here), port={port})"
    )
    unset = ("PREFECT_API_URL", "PREFECT_HOME") if port else ()
    environ = {name: value for name, value in os.environ.items() if name not in unset}
    said = checkout / "said"
    with (
        said.open("w") as err,
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=checkout, env=environ, stderr=err, text=True
        ) as service,
    ):
        try:
            eventually(lambda: service.poll() is not None or " - serving " in said.read_text())
            assert service.poll() is None, said.read_text()
            yield service
        finally:
            service.terminate()
            service.wait(40)


def eventually(look: Callable[[], T], seconds: float = 60) -> T:
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return seen


def client() -> SyncPrefectClient:
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    return get_client(sync_client=True)


def ours(checkout: Path) -> list[DeploymentResponse]:
    with client() as server:
        return [d for d in server.read_deployments() if d.path == str(checkout)]


def create_run(deployment: UUID, seconds: float = 0) -> UUID:
    with client() as server:
        return server.create_flow_run_from_deployment(
            deployment, parameters={"seconds": seconds}
        ).id


def state_of(run: UUID) -> str:
    with client() as server:
        return str(server.read_flow_run(run).state_name)


def runs_of(deployment: UUID, state: str) -> set[tuple[UUID, datetime | None]]:
    """The runs planned by the schedule, with their times."""
    from prefect.client.schemas.filters import FlowRunFilter  # noqa: PLC0415

    chosen = {"deployment_id": {"any_": [deployment]}, "state": {"type": {"any_": [state]}}}
    with client() as server:
        runs = server.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(chosen))
    return {(run.id, run.expected_start_time) for run in runs if run.auto_scheduled}


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]
