"""The main flow: ingest the figures, index them, check every table, publish a snapshot.

The steps are plain functions of `flows.build`, `flows.quality` and `flows.publish`; here they
become tasks of Prefect, with their own retries, logs and artifacts.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows import build, publish, quality, release, write
from flows.alerts.delivery import after_run
from flows.facts import Facts, read_facts
from flows.gate.tolerance import Tolerated, in_force, read_exceptions, tolerated
from flows.marts import read_models
from flows.meta import freshness_frame
from flows.progress import report
from flows.settings import Settings
from flows.sources.contract import Source


class GateBlockedError(Exception):
    """A check blocks the snapshot; nothing was published."""

    def __init__(self, verdicts: Sequence[quality.Verdict], folder: Path) -> None:
        """Name the checks that block, and where the whole report lies."""
        names = ", ".join(f"{v.check.id} ({v.outcome})" for v in verdicts)
        super().__init__(f"{len(verdicts)} checks block the snapshot: {names}; see {folder}")
        self.verdicts = list(verdicts)
        self.folder = folder


@dataclass(frozen=True)
class Published:
    """What a run came to: the snapshot that is current now, and whether it is a new one."""

    path: Path
    is_new: bool
    checks: dict[str, int]
    rows: dict[str, int]


def is_passing_fault(_task: object, _run: object, state: Any) -> bool:  # noqa: ANN401
    """Whether trying again may help: the disk or network failed, not the content."""
    return isinstance(state.result(raise_on_failure=False), OSError)


@task(
    task_run_name="ingest-{source.id}",
    retries=3,
    retry_delay_seconds=[1, 5, 20],
    retry_condition_fn=is_passing_fault,
    cache_policy=NO_CACHE,
)
def ingest(source: Source, facts: Facts, settings: Settings, now: datetime) -> list[build.Staged]:
    """Keep and stage every edition of one source; log its rows."""
    staged = build.ingest(source, facts, settings, now)
    for part in staged:
        get_run_logger().info("%s %s: %d rows", source.id, part.edition.id, part.rows.height)
    detail = ", ".join(f"{part.edition.id} {part.rows.height:,} rows" for part in staged)
    report(f"ingest {source.id}", detail)
    return staged


@task(cache_policy=NO_CACHE)
def index(settings: Settings, ground: build.Ground) -> dict[str, int]:
    """Build the warehouse: staging, marts in their order, indices; give rows by table."""
    rows = build.warehouse_of(settings, ground)
    get_run_logger().info("rows by table: %s", rows)
    return rows


@task(cache_policy=NO_CACHE)
def check(
    settings: Settings,
    tables: Sequence[Any],
    present: set[str],
    exceptions: Sequence[Tolerated],
    day: date,
) -> list[quality.Verdict]:
    """Put every check to the built tables, and apply the ledger of exceptions."""
    checks = [c for table in tables for c in quality.implied_checks(table)]
    checks += quality.authored_checks(settings.expectations, tables)
    found = quality.run_checks(settings.build, checks, tables, present)
    verdicts = tolerated(found, exceptions, day)
    counts = quality.summary(verdicts)
    get_run_logger().info("checks: %s", counts)
    report("check", words(counts))
    return verdicts


@task(cache_policy=NO_CACHE)
def alert(settings: Settings, day: date, now: datetime, outcome: str, message: str = "") -> None:
    """Write down how the run ended, and send what is new since, where a channel is configured."""
    sent = after_run(settings, day, now, outcome, message)
    for fault in sent.faults:
        get_run_logger().warning("alerts: %s", fault)
        report("alert", fault)


@flow(name="snapshot", validate_parameters=True)
def snapshot(as_of: date | None = None, *, report_page: bool = True) -> Published:
    """Ingest, stage, index, check, publish; then raise the alarms.

    Args:
        as_of: the day of the run; the default is today in UTC.
        report_page: whether report.html is written, which takes some seconds.

    Raises:
        LockHeldError: another run is writing.
        SourceError: a source is not what it promises.
        GateBlockedError: a check blocks; the last snapshot stays as it was.

    """
    settings = Settings()
    now = datetime.now(UTC)
    day = as_of or now.date()
    try:
        done = published(settings, day, now, report_page=report_page)
    except publish.LockHeldError:
        raise
    except Exception as error:
        outcome = "blocked" if isinstance(error, GateBlockedError) else "failed"
        alert(settings, day, datetime.now(UTC), outcome, str(error))
        raise
    alert(settings, day, datetime.now(UTC), "published" if done.is_new else "nothing_new")
    return done


def published(settings: Settings, day: date, now: datetime, *, report_page: bool) -> Published:
    """Do all that makes a snapshot; raise what `snapshot` raises."""
    with ExitStack() as stack:
        stack.enter_context(publish.lock(settings.lock))
        stack.callback(settings.build.unlink, missing_ok=True)
        publish.clear_leftovers(settings.warehouse)
        last = publish.finish_interrupted(settings.snapshots, settings.current)
        publish.check_space(settings.home, last)

        facts = read_facts(settings.facts, settings.facts_overlay)
        sources = build.known_sources(settings, facts)
        models = read_models(settings.sql)
        runs = [ingest.submit(source, facts, settings, now) for source in sources]
        staged = [part for run in runs for part in run.result()]

        freshness = freshness_frame(sources, day)
        exceptions = read_exceptions(facts.frame("check_exception"))
        ahead = build.ahead(facts, staged, day)
        inputs = build.inputs(staged, settings, freshness, in_force(exceptions, day), ahead)
        if last and (manifest := publish.read_manifest(last))["inputs"] == inputs:
            report("publish", f"nothing new: the inputs are those of {last.name}")
            counts = write.row_counts(manifest)
            return Published(last, is_new=False, checks=manifest["checks"], rows=counts)

        Thread(target=quality.warm, daemon=True).start()
        rows = index(settings, build.Ground(facts, sources, models, staged, freshness, last))
        tables = build.tables_without_gate(facts, models)
        present = {part.source.id for part in staged}
        verdicts = check(settings, tables, present, exceptions, day)
        plan = write.Plan(
            settings, tables, models, sources, verdicts, inputs, day, now, report_page=report_page
        )
        show(verdicts, rows)
        if blocking := quality.blocks(verdicts):
            raise GateBlockedError(blocking, release.blocked(plan))
        path = write.snapshot(plan)
        report("publish", path.name)
        rows = write.row_counts(publish.read_manifest(path))
        return Published(path, is_new=True, checks=quality.summary(verdicts), rows=rows)


def show(verdicts: Sequence[quality.Verdict], rows: dict[str, int]) -> None:
    """Leave the quality table and the row counts as artifacts of the run."""
    create_table_artifact(
        key="quality",
        description=f"Checks: {words(quality.summary(verdicts))}",
        table=[
            {
                "table": v.check.table,
                "check": v.check.name,
                "outcome": v.outcome,
                "why": v.check.why,
            }
            for v in sorted(verdicts, key=lambda v: quality.OUTCOMES.index(v.outcome))
        ],
    )
    lines = "\n".join(f"| {name} | {count:,} |" for name, count in sorted(rows.items()))
    create_markdown_artifact(
        key="rows", description="Rows by table", markdown=f"| table | rows |\n|---|---:|\n{lines}"
    )


def words(counts: dict[str, int]) -> str:
    """Counts of outcomes in words, those that did not occur left out."""
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
