"""What prefect.yaml may say, read and checked.

The file has Prefect's own shape, and of it only what a service on one machine can keep. Any other
key is refused: Prefect passes over some keys in silence, and a schedule that is not understood is
a job that does not run.
"""

from __future__ import annotations

import hashlib
import zoneinfo
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails


class DeploymentsError(Exception):
    """prefect.yaml says something that cannot be served."""


def _known_timezone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone, such as UTC or Europe/Berlin")
    return name


class Declared(BaseModel):
    """Base of all parts of prefect.yaml: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(Declared):
    """When a deployment runs. The time zone is never left to the machine."""

    cron: str
    timezone: Annotated[str, AfterValidator(_known_timezone)]
    day_or: bool = True
    """Cron's way: where day of month and day of week are both given, either will do."""
    active: bool = True


class ConcurrencyLimit(Declared):
    """How many runs of a deployment may be under way, and what becomes of one more."""

    limit: int = Field(ge=1)
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]


class Deployment(Declared):
    """A flow, its parameters and its schedules."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    entrypoint: str = Field(pattern=r"^[\w/.-]+\.py:\w+$")
    """`path.py:function`, from the folder of prefect.yaml."""
    description: str = ""
    tags: list[str] = Field(default_factory=list)
    parameters: dict[str, Any] = Field(default_factory=dict)
    schedules: list[Schedule] = Field(default_factory=list)
    concurrency_limit: ConcurrencyLimit | None = None
    paused: bool = False

    def version(self, folder: Path) -> str:
        """Give a hash of the declaration and of the flow's file.

        What is registered under the same version need not be registered again.
        """
        file = folder / self.entrypoint.rpartition(":")[0]
        content = self.model_dump_json().encode() + file.read_bytes()
        return hashlib.sha256(content).hexdigest()[:12]


class PrefectFile(Declared):
    """The whole of prefect.yaml."""

    name: str = ""
    prefect_version: str = Field(default="", alias="prefect-version")
    deployments: list[Deployment] = Field(min_length=1)


PARTS: dict[str, type[Declared]] = {
    "": PrefectFile,
    "deployments": Deployment,
    "schedules": Schedule,
    "concurrency_limit": ConcurrencyLimit,
}


def read_deployments(path: Path) -> list[Deployment]:
    """Read and check prefect.yaml.

    Raises:
        DeploymentsError: the file is missing or no YAML; a key is not understood, missing or has
            a wrong value; two deployments have one name; an entrypoint's file does not exist.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        declared = PrefectFile.model_validate(content).deployments
    except FileNotFoundError:
        raise DeploymentsError(f"{path} does not exist: it declares what is served") from None
    except yaml.YAMLError as error:
        raise DeploymentsError(f"{path} is no YAML: {error}") from error
    except ValidationError as error:
        said = "\n".join(_said(content, detail) for detail in error.errors())
        raise DeploymentsError(f"{path} cannot be served:\n{said}") from None
    names = [deployment.name for deployment in declared]
    for deployment in declared:
        if names.count(deployment.name) > 1:
            raise DeploymentsError(f"{path}: two deployments are called {deployment.name!r}")
        file = path.parent / deployment.entrypoint.rpartition(":")[0]
        if not file.is_file():
            raise DeploymentsError(
                f"{path}: deployment {deployment.name!r}: entrypoint: there is no {file}"
            )
    return declared


def _said(content: Any, detail: ErrorDetails) -> str:  # noqa: ANN401 (YAML may hold anything)
    """Put an error in words that name the deployment, not its place in the list."""
    keys = [key for key in detail["loc"] if isinstance(key, str)]
    where = ""
    match detail["loc"]:
        case ("deployments", int(place), *_):
            entry = content["deployments"][place]
            name = entry.get("name", f"number {place + 1}") if isinstance(entry, dict) else entry
            where, keys = f"deployment {name!r}: ", keys[1:]
    if detail["type"] != "extra_forbidden":
        return f"  {where}{'.'.join(keys)}: {detail['msg']}"
    part = PARTS[next((k for k in reversed(detail["loc"][:-1]) if isinstance(k, str)), "")]
    known = ", ".join(field.alias or name for name, field in part.model_fields.items())
    return f"  {where}key {'.'.join(keys)!r} is not understood; these are: {known}"
