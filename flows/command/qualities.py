"""The report of quality as it was kept, of a snapshot or of a run that was blocked.

Nothing is checked again: it is read from quality.json, the manifest and the published file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from flows import publish, warehouse
from flows.command.shelf import NoSuchSnapshotError, find
from flows.gate.contract import Verdict
from flows.gate.published import verdict_of
from flows.rejected import REJECTED_ROW, by_rule
from flows.report.quality_grids import all_tables, coverage_grid
from flows.report.quality_trend import this_moment, trend
from flows.report.quality_verdict import Advice, Line, advice_of, in_force, line_of, worst_first
from flows.settings import Settings

REPORT = "quality.json"
BUILD = "build.duckdb"
"""The file that the last blocked run keeps."""
BLOCKED = "-blocked"
"""How the folder of a blocked run ends."""

STAMP = len("20260131T000000Z")
"""Letters of the time that a snapshot's or a run's name begins with."""


class QualityReportError(Exception):
    """A report of quality is missing or damaged."""


@dataclass(frozen=True)
class Report:
    """What is known of the quality of a snapshot, or of a blocked run."""

    folder: Path
    is_published: bool
    as_of: date
    verdicts: list[Verdict]
    """The worst first."""
    line: Line
    advice: list[Advice]
    tables: list[dict[str, Any]]
    """Those of `quality_grids.all_tables`."""
    coverage: dict[str, Any] | None
    """That of `quality_grids.coverage_grid`; null for a blocked run that no longer has its file."""
    sources: list[dict[str, Any]]
    trend: list[dict[str, Any]]
    exceptions: list[dict[str, Any]]
    rejected: list[dict[str, Any]] | None
    body: dict[str, Any]
    """The content of quality.json."""
    later: str | None
    """A run after this snapshot that was blocked."""

    @property
    def is_blocked(self) -> bool:
        """Whether nothing was published of it."""
        return not self.is_published


def read_report(settings: Settings, wanted: str | None = None) -> Report:
    """Read the report of the current snapshot, or of the snapshot or blocked run named.

    Where nothing was published yet, it is that of the newest blocked run.

    Raises:
        NoSuchSnapshotError: there is none, or several match.
        QualityReportError: there is one, but its report is missing or damaged.

    """
    folder = _folder(settings, wanted)
    body = _body(folder / REPORT)
    try:
        verdicts = worst_first([verdict_of(one) for one in body["checks"]])
        as_of = date.fromisoformat(body["as_of"])
    except (KeyError, TypeError, ValueError) as error:
        raise QualityReportError(
            f"{folder / REPORT}: not a report of quality: {error!r}"
        ) from error
    is_published = (folder / publish.MANIFEST).is_file()
    manifest = publish.read_manifest(folder) if is_published else {}
    released = manifest.get("released_by_hand")
    built = folder / (publish.DATABASE if is_published else BUILD)
    held = _held(built) if built.is_file() else Held()
    sources, exceptions = held.sources, in_force(held.exceptions, verdicts)
    rows = {table["name"]: table["rows"] for table in manifest.get("tables", ())}
    names = sorted({*rows, *(v.check.table for v in verdicts)} - GATE_TABLES)
    tables = [{"table": name, "rows": rows.get(name), "meaning": ""} for name in names]
    this = this_moment(
        snapshot_id=folder.name,
        as_of=as_of,
        counts=body["counts"],
        tables=tables,
        sources=sources,
    )
    return Report(
        folder=folder,
        is_published=is_published,
        as_of=as_of,
        verdicts=verdicts,
        line=line_of(verdicts, sources, released),
        advice=advice_of(
            verdicts,
            snapshot_id=folder.name,
            as_of=as_of,
            sources=sources,
            exceptions=exceptions,
            released=released,
        ),
        tables=all_tables(tables, verdicts),
        coverage=None if held.coverage is None else coverage_grid(held.coverage, sources),
        sources=sources,
        trend=trend([publish.read_manifest(path) for path in _before(settings, folder)], this),
        exceptions=exceptions,
        rejected=held.rejected,
        body=body,
        later=_later(settings, folder) if is_published else None,
    )


GATE_TABLES = frozenset({"quality.check", "quality.failing_row"})
"""Tables that hold what the gate found; it does not judge them."""


def blocked_runs(settings: Settings) -> list[Path]:
    """Folders of the runs that were blocked, oldest first."""
    return sorted(
        path.parent for path in (settings.warehouse / "runs").glob(f"*{BLOCKED}/{REPORT}")
    )


def _folder(settings: Settings, wanted: str | None) -> Path:
    runs = blocked_runs(settings)
    if wanted is None or wanted == "current":
        if wanted is None and runs and publish.current(settings.current) is None:
            return runs[-1]
        return find(settings, wanted)
    found = [path for path in runs if wanted in path.name]
    if not found:
        return find(settings, wanted)
    found += [path for path in publish.snapshots(settings.snapshots) if wanted in path.name]
    if len(found) == 1:
        return found[0]
    if exact := [path for path in found if path.name == wanted]:
        return exact[0]
    names = ", ".join(path.name for path in found)
    raise NoSuchSnapshotError(f"several snapshots and blocked runs match {wanted!r}: {names}")


def _body(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise QualityReportError(
            f"{path}: no readable report of quality ({error}); `orewatch doctor` says whether "
            "the snapshot is whole"
        ) from error
    if not isinstance(body, dict):
        raise QualityReportError(f"{path}: not a report of quality")
    return body


@dataclass(frozen=True)
class Held:
    """What the file of a snapshot, or of a blocked run, says beside the checks."""

    sources: list[dict[str, Any]] = field(default_factory=list)
    coverage: pl.DataFrame | None = None
    exceptions: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] | None = None


def _held(database: Path) -> Held:
    """Read sources by edition as the page shows them, coverage, exceptions, rejected rows."""
    with warehouse.snapshot_reader(database) as con:
        editions = warehouse.frame(con, "meta.edition")
        sources = warehouse.frame(con, "meta.source")
        freshness = warehouse.frame(con, "quality.freshness")
        coverage = warehouse.frame(con, "mart.coverage")
        there = {name for (name,) in con.execute(TABLES).fetchall()}
        ledger = warehouse.frame(con, LEDGER).to_dicts() if LEDGER in there else []
        rejected = by_rule(warehouse.frame(con, REJECTED)) if REJECTED in there else None
    newest = freshness.select("source", "edition", ~pl.col("stale").alias("fresh"))
    joined = (
        editions.select("source", "edition", "released", "rows")
        .join(
            sources.select("source", "title", "licence", "citation", "tried_live"),
            on="source",
            how="left",
        )
        .join(newest, on=["source", "edition"], how="left")
        .sort("source", "edition")
        .rename({"source": "id"})
    )
    return Held(joined.to_dicts(), coverage, ledger, rejected)


LEDGER = "ref.check_exception"
REJECTED = REJECTED_ROW.id
TABLES = "SELECT table_schema || '.' || table_name FROM information_schema.tables"


def _before(settings: Settings, folder: Path) -> list[Path]:
    """Snapshots that were published before this one, or before this run."""
    paths = publish.snapshots(settings.snapshots)
    return [path for path in paths if path.name[:STAMP] < folder.name[:STAMP]]


def _later(settings: Settings, folder: Path) -> str | None:
    runs = [run.name for run in blocked_runs(settings) if run.name[:STAMP] > folder.name[:STAMP]]
    return runs[-1] if runs else None
