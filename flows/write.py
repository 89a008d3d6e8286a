"""Write what a run came to: the files of a snapshot, or the report of a blocked run."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows import __version__, history, licence, meta, package, publish, quality, warehouse
from flows.export.described import in_words
from flows.gate.validation import validation_results
from flows.indices.contract import Table
from flows.marts import Model
from flows.rejected import REJECTED_ROW, by_rule
from flows.report.page import write_report
from flows.report.quality import quality_page
from flows.settings import Settings
from flows.sources.contract import Source


@dataclass(frozen=True)
class Plan:
    """All that a snapshot is written from."""

    settings: Settings
    tables: Sequence[Table]
    models: Sequence[Model]
    sources: Sequence[Source]
    verdicts: Sequence[quality.Verdict]
    inputs: dict[str, Any]
    as_of: date
    now: datetime
    released: dict[str, Any] | None = None
    """Of a release by hand: run, reason, who, when, and the checks that blocked."""
    report_page: bool = True
    """Whether report.html is written."""

    @property
    def gate_tables(self) -> list[tuple[Table, pl.DataFrame]]:
        """The tables that only the gate can fill."""
        return [
            (quality.CHECK_TABLE, quality.check_frame(self.verdicts)),
            (quality.FAILING_ROW_TABLE, quality.failing_row_frame(self.verdicts)),
        ]


def snapshot(plan: Plan, step: publish.Step = lambda _: None) -> Path:
    """Publish the built tables; give the path of the new snapshot."""
    settings = plan.settings
    with publish.aside(settings.snapshots, f"run-{plan.now:%Y%m%dT%H%M%SZ}") as part:
        step("begun")
        database = part / publish.DATABASE
        kept, held = licence.let_out(settings, plan.tables, plan.models, plan.sources)
        verdicts = licence.shown(plan.verdicts, plan.tables, held, kept)
        plan = replace(plan, verdicts=verdicts)
        with warehouse.build(
            settings.build,
            threads=settings.threads,
            memory_limit=settings.memory_limit,
            anew=False,
        ) as con:
            rows = warehouse.finish(con, plan.tables, plan.gate_tables)
        settings.build.rename(database)
        licence.confirm(database, plan.tables, kept)
        step("database written")
        declared = [*plan.tables, *(table for table, _ in plan.gate_tables)]
        stored = [table for table in declared if table.schema != "view"]
        hashes = export(database, part / "parquet", stored)
        step("parquet written")
        content = publish.combined_hash(hashes)
        name = publish.snapshot_id(plan.now, content)
        report_files(plan, part, name, database)
        body = manifest(plan, name, rows, hashes)
        body["held_back"] = held
        body["lineage"] = history.made_from(database, plan.models, plan.sources, settings)
        history.write_history(settings, part, body)
        if plan.report_page:
            write_report(database, part, body)
        step("reports written")
        publish.seal(part, body, lambda files: package.datapackage(body, files, declared))
        step("sealed")
        return publish.release(part, settings.snapshots, name, settings.current, step)


def blocked(plan: Plan) -> Path:
    """Keep the quality report of a blocked run beside the snapshots; give its folder."""
    folder = plan.settings.warehouse / "runs" / f"{plan.now:%Y%m%dT%H%M%SZ}-blocked"
    folder.mkdir(parents=True, exist_ok=True)
    report_files(plan, folder, folder.name, plan.settings.build)
    return folder


def export(database: Path, folder: Path, tables: Sequence[Table]) -> dict[str, str]:
    """Write each table as Parquet; give the hash of each one's content. Views follow from them."""
    folder.mkdir()
    # What a file says of itself names no snapshot: the same table stays the same bytes.
    warehouse.export_parquet(database, folder, {t.id: in_words(t) for t in tables})
    with warehouse.snapshot_reader(database) as con:
        return {t.id: publish.content_hash(warehouse.batches(con, t.id)) for t in tables}


def report_files(plan: Plan, folder: Path, name: str, database: Path) -> None:
    """Write quality.json, quality.html, and the verdicts in Great Expectations' own shape."""
    body = quality.quality_json(plan.verdicts, snapshot_id=name, as_of=plan.as_of)
    body["mutants"] = mutants()
    if plan.released:
        body["released_by_hand"] = plan.released
    write_json(folder / "quality.json", body)
    results = validation_results(plan.verdicts, run=name, now=plan.now)
    write_json(folder / "validation_results.json", results)
    with warehouse.snapshot_reader(database) as con:
        coverage = warehouse.frame(con, "mart.coverage")
        editions = warehouse.frame(con, "meta.edition")
        stale = warehouse.frame(con, "quality.freshness")
        exceptions = warehouse.frame(con, "ref.check_exception").to_dicts()
        apart = by_rule(warehouse.frame(con, REJECTED_ROW.id))
        counted = warehouse.counts(con, [table.id for table in plan.tables])
    earlier = publish.snapshots(plan.settings.snapshots)[-TREND:]
    page = quality_page(
        snapshot_id=name,
        verdicts=plan.verdicts,
        coverage=coverage,
        sources=source_rows(plan.sources, editions, stale),
        tables=[{"table": t.id, "rows": counted[t.id], "meaning": t.meaning} for t in plan.tables],
        as_of=plan.as_of,
        headline=history.released_words(plan.released) if plan.released else None,
        earlier=[publish.read_manifest(path) for path in earlier],
        exceptions=exceptions,
        rejected=apart,
        mutants=mutants(),
        released=plan.released,
    )
    (folder / "quality.html").write_text(page, encoding="utf-8")


TREND = 11
"""Earlier snapshots that the report compares with."""


def mutants() -> tuple[int, int] | None:
    """How many broken worlds the gate's own tests stop, of how many; null before any count."""
    if not MUTANTS.is_file():
        return None
    counted = json.loads(MUTANTS.read_text(encoding="utf-8"))
    return counted["killed"], counted["all"]


MUTANTS = Path(__file__).parent / "gate" / "mutants.json"


def write_json(path: Path, body: object) -> None:
    """Write JSON, the same for the same content."""
    text = json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    path.write_text(text + "\n", encoding="utf-8")


def source_rows(
    sources: Sequence[Source], editions: pl.DataFrame, stale: pl.DataFrame
) -> list[dict[str, Any]]:
    """One row an edition, with what the report says of its source."""
    by_id = {source.id: source for source in sources}
    is_stale = dict(stale.select("source", "stale").rows())
    newest = dict(stale.select("source", "edition").rows())
    rows = []
    for edition in editions.iter_rows(named=True):
        source = by_id[edition["source"]]
        is_newest = newest.get(source.id) == edition["edition"]
        rows.append(
            {
                "id": source.id,
                "title": source.title,
                "edition": edition["edition"],
                "released": edition["released"],
                "licence": source.licence.name,
                "citation": source.citation.strip(),
                "rows": edition["rows"],
                "fresh": not is_stale[source.id] if is_newest else None,
                "tried_live": source.tried_live,
            }
        )
    return rows


def manifest(plan: Plan, name: str, rows: dict[str, int], hashes: dict[str, str]) -> dict[str, Any]:
    """What the snapshot is: content, inputs, sources, verdicts."""
    return {
        "id": name,
        "created": plan.now.isoformat(timespec="seconds"),
        "as_of": plan.as_of.isoformat(),
        "orewatch": __version__,
        "python": platform.python_version(),
        "schema_version": meta.SCHEMA_VERSION,
        "content": publish.combined_hash(hashes),
        "inputs": plan.inputs,
        "checks": quality.summary(plan.verdicts),
        **({"released_by_hand": plan.released} if plan.released else {}),
        "tables": [
            {"name": table, "rows": rows[table], "content": hashes.get(table)}
            for table in sorted(rows)
        ],
        "sources": [
            {
                "id": source.id,
                "title": source.title,
                "producer": source.producer,
                "editions": [edition.id for edition in source.editions],
                "released": newest_release(source),
                "licence": source.licence.model_dump(),
                "citation": source.citation.strip(),
                "origin": source.origin,
            }
            for source in plan.sources
        ],
    }


def newest_release(source: Source) -> str | None:
    """The last day on which the source released an edition that is here."""
    return max((str(e.released) for e in source.editions if e.released), default=None)


def row_counts(body: dict[str, Any]) -> dict[str, int]:
    """Rows by table, from a manifest."""
    return {table["name"]: table["rows"] for table in body["tables"]}
