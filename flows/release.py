"""Release a blocked snapshot by hand: with a reason, and a trace wherever somebody may look.

A blocked run keeps its build, its verdicts and what it was built from in its folder below
`warehouse/runs`. A release publishes exactly that build; the checks that blocked stay failed.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flows import build, publish, write
from flows.facts import read_facts
from flows.gate.contract import Verdict, blocks
from flows.gate.published import verdict_of
from flows.marts import read_models
from flows.meta import freshness_frame
from flows.settings import Settings
from flows.sources.contract import Source
from flows.sources.raw import sha256, sync

BUILD = "build.duckdb"
PLAN = "plan.json"
QUALITY = "quality.json"
LEDGER = "releases.jsonl"
DECLARED = ("code", "facts")
"""Inputs that declare the tables: the build can be published only by what built it."""


class ReleaseError(Exception):
    """A blocked run cannot be released; the message says why."""


@dataclass(frozen=True)
class Trace:
    """What is written down of a release."""

    run: str
    reason: str
    by: str
    time: str
    checks: list[str]
    """The checks that blocked, each with its outcome."""


def blocked(plan: write.Plan) -> Path:
    """Keep of a blocked run its report, and what a release needs; give its folder."""
    folder = write.blocked(plan)
    keep(plan, folder)
    return folder


def keep(plan: write.Plan, folder: Path) -> None:
    """Keep of a blocked run what a release needs; only the last blocked run keeps its build."""
    for older in folder.parent.glob(f"*/{BUILD}"):
        older.unlink()
    plan.settings.build.rename(folder / BUILD)
    body = {
        "as_of": plan.as_of.isoformat(),
        "now": plan.now.isoformat(),
        "inputs": plan.inputs,
        "sources": [source.model_dump(mode="json") for source in plan.sources],
        "build": sha256(folder / BUILD),
    }
    text = json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / PLAN).write_text(text + "\n", encoding="utf-8")
    for path in (folder / BUILD, folder / PLAN, folder):
        sync(path)


def release(settings: Settings, run: str, reason: str, now: datetime) -> Path:
    """Publish the build of a blocked run; give the snapshot.

    Raises:
        ReleaseError: there is no such run, no reason, or code or facts are others since.
        LockHeldError: another process is writing.

    """
    if not reason.strip():
        raise ReleaseError("a release needs a --reason that somebody can read later")
    with publish.lock(settings.lock):
        folder = find(settings, run)
        body = read_plan(folder, settings)
        verdicts = read_verdicts(folder / QUALITY)
        trace = Trace(
            folder.name,
            " ".join(reason.split()),
            getpass.getuser(),
            now.isoformat(timespec="seconds"),
            [f"{v.check.id} ({v.outcome})" for v in blocks(verdicts)],
        )
        publish.clear_leftovers(settings.warehouse)
        last = publish.finish_interrupted(settings.snapshots, settings.current)
        publish.check_space(settings.home, last)
        shutil.copyfile(folder / BUILD, settings.build)
        try:
            path = write.snapshot(
                plan_of(body, settings, verdicts, trace, now),
                lambda step: note(settings.warehouse / LEDGER, trace) if step == "sealed" else None,
            )
        finally:
            settings.build.unlink(missing_ok=True)
        (folder / BUILD).unlink()
        return path


def find(settings: Settings, run: str) -> Path:
    """Give the folder of a blocked run that can be released, by its name or a part of it."""
    there = sorted(path.parent for path in (settings.warehouse / "runs").glob(f"*/{PLAN}"))
    kept = [folder for folder in there if (folder / BUILD).is_file()]
    found = [folder for folder in kept if run and run in folder.name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(folder.name for folder in kept) or "none"
    raise ReleaseError(f"no one blocked run is called {run!r}; there can be released: {names}")


def read_plan(folder: Path, settings: Settings) -> dict[str, Any]:
    """Read what a blocked run was built from, and refuse where it cannot be published any more."""
    body: dict[str, Any] = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    if sha256(folder / BUILD) != body["build"]:
        raise ReleaseError(f"{folder / BUILD}: changed since the run; run again")
    now = build.inputs([], settings, freshness_frame([], date.min))
    if others := [name for name in DECLARED if now[name] != body["inputs"][name]]:
        raise ReleaseError(
            f"{folder.name}: {' and '.join(others)} changed since the run, and with them what the "
            "tables promise; run again"
        )
    return body


def read_verdicts(path: Path) -> list[Verdict]:
    """Read the verdicts of a run back from its quality.json."""
    rows = json.loads(path.read_text(encoding="utf-8"))["checks"]
    return [verdict_of(row) for row in rows]


def plan_of(
    body: Mapping[str, Any],
    settings: Settings,
    verdicts: Sequence[Verdict],
    trace: Trace,
    now: datetime,
) -> write.Plan:
    """The plan of the blocked run, to be published now, by hand."""
    models = read_models(settings.sql)
    facts = read_facts(settings.facts, settings.facts_overlay)
    given: dict[str, Any] = {
        "settings": settings,
        "tables": build.tables_without_gate(facts, models),
        "models": models,
        "sources": [Source.model_validate(source) for source in body["sources"]],
        "verdicts": verdicts,
        "inputs": body["inputs"],
        "as_of": date.fromisoformat(body["as_of"]),
        "now": now,
        "released": asdict(trace),
    }
    return write.Plan(**given)


def note(path: Path, trace: Trace) -> None:
    """Append a release to the ledger."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(trace), sort_keys=True, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
