"""What is well and what is not: versions, disk, lock, keys, Prefect, snapshot, facts, sources.

Imports neither Prefect nor Great Expectations: what they are is read from their metadata, and
whether a Prefect server answers is asked over plain HTTP.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from flows import __version__, publish, warehouse
from flows.command.shelf import size, source_rows
from flows.facts import read_facts
from flows.settings import Settings
from flows.sources.raw import sha256

PACKAGES = ("prefect", "polars", "duckdb", "great-expectations", "duckdb-sqlalchemy", "cyclopts")
PATIENCE = 3.0
"""Seconds that a Prefect server has to answer."""

Level = Literal["ok", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at: well, worth knowing, or in need of a remedy."""

    about: str
    level: Level
    says: str


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Look at everything; nothing is changed. One broken thing does not hide the others."""
    steps = (versions, disk, lock, keys, prefect, snapshot, intact, facts, sources)
    findings: list[Finding] = []
    for step in steps:
        try:
            findings += step(settings, now)
        except Exception as error:  # noqa: BLE001 - whatever broke is the finding
            findings.append(Finding(step.__name__, "bad", str(error) or type(error).__name__))
    return findings


def versions(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Versions of ours, of Python and of the packages, next to those of the lock."""
    machine = f"{platform.system()} {platform.machine()}"
    yield Finding("orewatch", "ok", f"{__version__}, Python {platform.python_version()}, {machine}")
    locked = locked_versions(settings.checkout / "requirements.lock")
    for name in PACKAGES:
        try:
            found = version(name)
        except PackageNotFoundError:
            yield Finding(name, "bad", "not installed; `make install` installs it")
            continue
        wanted = locked.get(name, found)
        says = found if found == wanted else f"{found}; requirements.lock has {wanted}"
        yield Finding(name, "ok" if found == wanted else "note", says)


def locked_versions(path: Path) -> dict[str, str]:
    """Package -> version, of requirements.lock; empty where it is missing."""
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w-]+)==([^\s;\\]+)", text, re.MULTILINE))


def disk(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Free space, next to what a run wants."""
    free = shutil.disk_usage(settings.home).free / 1e6
    last = publish.current(settings.current)
    wanted = publish.SPARE * size(last) / 1e6 if last else 0.0
    level: Level = "ok" if free >= wanted else "bad"
    need = f"a run wants {wanted:,.0f} MB" if last else "no snapshot yet to measure a run by"
    yield Finding("disk", level, f"{free:,.0f} MB free at {settings.home}; {need}")


def lock(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Who is writing."""
    holder = publish.holder(settings.lock)
    if holder is None:
        yield Finding("lock", "ok", "free")
    else:
        yield Finding("lock", "note", f"held by {holder}; a second run would exit 6")


def keys(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Which keys are there. Not a character of them is shown."""
    for name in type(settings).model_fields:
        if not name.endswith("_key"):
            continue
        value = getattr(settings, name)
        is_set = isinstance(value, SecretStr) and bool(value.get_secret_value())
        source = name.removesuffix("_key")
        says = "is set" if is_set else f"is not set; only live requests to {source} need it"
        yield Finding(f"{source} key", "ok" if is_set else "note", says)


def prefect(_settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Whether the Prefect server answers, where one is configured."""
    url = prefect_url()
    if url is None:
        says = "no server configured: a run starts one of its own, and `orewatch serve` keeps one"
        yield Finding("prefect server", "ok", says)
        return
    shown = without_password(url)
    if not url.startswith(("http://", "https://")):
        yield Finding(
            "prefect server", "bad", f"{shown} is no http address; correct PREFECT_API_URL"
        )
        return
    try:
        # Prefect's health is asked for without a password.
        with urllib.request.urlopen(f"{shown.rstrip('/')}/health", timeout=PATIENCE):  # noqa: S310
            yield Finding("prefect server", "ok", f"{shown} answers")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        remedy = "start it, or unset PREFECT_API_URL"
        yield Finding("prefect server", "bad", f"{shown} does not answer ({reason}); {remedy}")


def prefect_url() -> str | None:
    """The address of the Prefect server that is configured, by variable or by profile."""
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    profiles = Path(os.environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml")
    if not profiles.is_file():
        return None
    content = tomllib.loads(profiles.read_text(encoding="utf-8"))
    active = os.environ.get("PREFECT_PROFILE") or content.get("active", "")
    url = content.get("profiles", {}).get(active, {}).get("PREFECT_API_URL")
    return str(url) if url else None


def without_password(url: str) -> str:
    """An address without user, password, query and fragment."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))


def snapshot(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Which snapshot is current, and how old it is."""
    last = publish.current(settings.current)
    if last is None:
        yield Finding("snapshot", "note", "none yet; `orewatch run` makes one")
        return
    body = publish.read_manifest(last)
    made = datetime.fromisoformat(body["created"])
    warned = body["checks"].get("warn", 0)
    says = f"{last.name}, {age(now - made)} old, as of {body['as_of']}, {warned} warnings"
    yield Finding("snapshot", "ok" if now >= made else "note", says)


def age(passed: timedelta) -> str:
    """A time passed, in words."""
    hours = int(passed / timedelta(hours=1))
    if hours < 0:
        return "less than 0 minutes (the clock has gone back)"
    if hours < 1:
        return f"{int(passed / timedelta(minutes=1))} minutes"
    days = passed.days
    return f"{hours} hours" if days < 2 else f"{days} days"  # noqa: PLR2004


def intact(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Whether the current snapshot is what its manifest says: each file, and each table's rows."""
    last = publish.current(settings.current)
    if last is None:
        if settings.current.is_symlink():
            yield Finding("warehouse", "bad", f"{settings.current} points to no snapshot")
        return
    body = publish.read_manifest(last)
    files = [
        entry["path"]
        for entry in body["files"]
        if not (last / entry["path"]).is_file() or sha256(last / entry["path"]) != entry["sha256"]
    ]
    promised = {table["name"]: table["rows"] for table in body["tables"]}
    wrong = [f"{name} (file)" for name in files] + [
        f"{name} (rows)" for name, rows in counted(last, promised).items() if rows != promised[name]
    ]
    if wrong:
        says = f"{last.name} is not what its manifest says: {', '.join(wrong)}; publish it anew"
        yield Finding("warehouse", "bad", says)
    else:
        parts = f"{len(body['files'])} files and {len(promised)} tables"
        yield Finding("warehouse", "ok", f"{parts} are what the manifest says")


def counted(path: Path, promised: dict[str, int]) -> dict[str, int]:
    """Rows of each table of a snapshot that its manifest lists; views follow from them."""
    names = [name for name in promised if not name.startswith("view.")]
    with warehouse.snapshot_reader(path / publish.DATABASE) as con:
        return warehouse.counts(con, names)


def facts(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Whether the facts can be read, and hold together."""
    known = read_facts(settings.facts, settings.facts_overlay)
    rows = sum(frame.height for frame in known.frames.values())
    yield Finding("facts", "ok", f"{len(known.frames)} tables, {rows:,} rows")


def sources(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether every source is described, and whether its newest edition has gone stale."""
    rows = source_rows(settings, now.astimezone(UTC).date())
    stale = sorted({row["source"] for row in rows if row["freshness"] == "stale"})
    editions = sum(row["edition"] is not None for row in rows)
    says = f"{len({row['source'] for row in rows})} sources, {editions} editions"
    if stale:
        yield Finding("sources", "note", f"{says}; a newer edition is due of {', '.join(stale)}")
    else:
        yield Finding("sources", "ok", says)
