"""Every setting and environment variable, typed, in one place.

Most have the prefix `OREWATCH_`; keys for sources keep the names their owners gave them. What is
authored (sql, expectations, facts) belongs to the checkout; what is made at run time belongs to
the home, which is the checkout too unless `OREWATCH_HOME` names another folder.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "OREWATCH_"
CHECKOUT = Path(__file__).resolve().parent.parent

Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().resolve())]


def _cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(BaseSettings):
    """What may be configured, and the places that follow from it.

    `Settings()` reads the environment; an argument wins over it.

    Raises:
        pydantic.ValidationError: a value is out of its bounds, or an `OREWATCH_` variable is
            set that nothing here reads.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        # An error must not print the keys that were read along.
        hide_input_in_errors=True,
    )

    home: Folder = CHECKOUT
    """Where `warehouse/` is made."""
    checkout: Folder = CHECKOUT
    """Where `sql/`, `expectations/` and `warehouse/facts/` are read."""
    facts_overlay: Folder | None = Field(default=None, validation_alias=PREFIX + "FACTS")
    """A folder of the user's own facts, laid over those of the checkout."""
    threads: int = Field(default_factory=_cores, ge=1)
    memory_limit: str = Field(default="512MiB", pattern=r"^\d+(\.\d+)? ?([KMGT]i?)?B$")
    """DuckDB's, as it writes it."""
    comtrade_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("COMTRADE_API_KEY", "COMTRADE_PRIMARY")
    )

    alert_webhook: SecretStr | None = None
    """Where `orewatch alerts --send` posts; whoever knows such an address may post there."""
    alert_block: str | None = Field(default=None, pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")
    """A notification block of Prefect that alerts are sent through, as type/name."""
    alert_severity: Literal["critical", "high", "medium", "low"] = "high"
    """The least severe alerts that are sent; all are shown."""

    @model_validator(mode="after")
    def _no_unread_variables(self) -> Self:
        """A misspelt variable would otherwise be a setting that silently does nothing."""
        read = {PREFIX + name.upper() for name in type(self).model_fields} - {
            PREFIX + "FACTS_OVERLAY",
            PREFIX + "COMTRADE_KEY",
        } | {PREFIX + "FACTS"}
        unread = sorted({n for n in os.environ if n.startswith(PREFIX)} - read)
        if unread:
            raise ValueError(
                f"nothing reads {', '.join(unread)}; the variables are {', '.join(sorted(read))}"
            )
        return self

    @property
    def source_keys(self) -> dict[str, SecretStr]:
        """Keys by the source that wants them."""
        return {"comtrade": self.comtrade_key} if self.comtrade_key else {}

    @property
    def warehouse(self) -> Path:
        """The folder of everything made at run time."""
        return self.home / "warehouse"

    @property
    def raw(self) -> Path:
        """Source bytes as they came, and their ledger."""
        return self.warehouse / "raw"

    @property
    def staged(self) -> Path:
        """Rows of fetched editions, as they were staged; made again where it is missing."""
        return self.warehouse / "staged"

    @property
    def raw_lock(self) -> Path:
        """Held by the one process that may fetch."""
        return self.raw / ".lock"

    @property
    def snapshots(self) -> Path:
        """One folder a published snapshot."""
        return self.warehouse / "snapshots"

    @property
    def current(self) -> Path:
        """The symlink to the snapshot that readers get."""
        return self.warehouse / "current"

    @property
    def build(self) -> Path:
        """The DuckDB file that a run builds in; no reader opens it."""
        return self.warehouse / "build.duckdb"

    @property
    def lock(self) -> Path:
        """Held by the one process that may write."""
        return self.warehouse / "lock"

    @property
    def alerts(self) -> Path:
        """What is remembered of alerts between runs: seen, sent, acknowledged."""
        return self.warehouse / "alerts"

    @property
    def sql(self) -> Path:
        """Marts, views and queries."""
        return self.checkout / "sql"

    @property
    def expectations(self) -> Path:
        """One suite a table."""
        return self.checkout / "expectations"

    @property
    def facts(self) -> Path:
        """Authored judgements and figures."""
        return self.checkout / "warehouse" / "facts"

    @property
    def deployments(self) -> Path:
        """What `orewatch serve` serves."""
        return self.checkout / "prefect.yaml"


def prefect_environment(home: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Give the variables to set before Prefect or Great Expectations is imported.

    Only those that `environ` lacks, so that what the user has set stands:
    `os.environ.update(prefect_environment(home))`.
    """
    wanted = {
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # Right after installation the temporary server needs more than the default 20 s.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        # Its remarks on a busy database come at the end of a run, when nobody needs them.
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }
    if not _prefect_is_configured(environ):
        wanted["PREFECT_HOME"] = str(home / "warehouse" / ".prefect")
    return {name: value for name, value in wanted.items() if name not in environ}


def _prefect_is_configured(environ: Mapping[str, str]) -> bool:
    """Whether the user has a Prefect of their own, by variable or by their profile."""
    named = ("PREFECT_HOME", "PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH")
    if any(environ.get(name) for name in named):
        return True
    profiles = Path.home() / ".prefect" / "profiles.toml"
    if not profiles.is_file():
        return False
    content = tomllib.loads(profiles.read_text(encoding="utf-8"))
    active = content.get("profiles", {}).get(content.get("active", ""), {})
    return "PREFECT_API_URL" in active
