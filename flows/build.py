"""The steps of a run, as plain functions: ingest, stage, index, and what was put in.

`flows/snapshot.py` strings them together under Prefect; nothing here needs it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import polars as pl

from flows import __version__, horizon, lineage, meta, movement, rejected, warehouse
from flows.facts import Facts
from flows.indices import all_indices
from flows.indices.contract import Index, Table, argument, publish
from flows.marts import Model
from flows.progress import report
from flows.publish import combined_hash, tree_hash
from flows.settings import Settings
from flows.sources.contract import FOLDER, Edition, Raw, Source, read_source, source_ids
from flows.sources.editions import raw_of, tracked_codes, with_accepted
from flows.sources.quarantine import Parts
from flows.sources.raw import keep_bundled, sha256
from flows.sources.staging import known_parts, stage_parts

CODE_PATTERNS = ("*.py", "*.sql", "*.yml", "*.yaml", "*.csv", "*.j2", "*.css", "*.js", "*.json")


@dataclass(frozen=True)
class Staged:
    """One edition of a source: its raw bytes, its staged rows, and those set aside."""

    source: Source
    edition: Edition
    raw: Raw
    parts: Parts

    @property
    def rows(self) -> pl.DataFrame:
        """The staged rows."""
        return self.parts.rows


@dataclass(frozen=True)
class Ground:
    """What a warehouse is built from."""

    facts: Facts
    sources: Sequence[Source]
    models: Sequence[Model]
    staged: Sequence[Staged]
    freshness: pl.DataFrame
    last: Path | None = None
    """The snapshot to compare with."""


def known_sources(settings: Settings, facts: Facts) -> list[Source]:
    """Every source with the editions that are here: bundled, or fetched and accepted."""
    codes = tracked_codes(facts.frame("form_code"))
    return [with_accepted(settings.raw, read_source(name), codes) for name in source_ids()]


def ingest(source: Source, facts: Facts, settings: Settings, now: datetime) -> list[Staged]:
    """Keep the raw bytes of every edition of a source, and stage them.

    Raises:
        SourceError: bytes are missing, or are not what `source.yml` promises.

    """
    staged = []
    for edition in source.editions:
        if edition.fetched:
            raw = raw_of(settings.raw, source, edition)
        else:
            raw = keep_bundled(source, edition, settings.raw, now)
        parts = staged_parts(source, edition, raw, settings)
        staged.append(settled(source, edition, raw, parts, facts))
    return staged


def settled(source: Source, edition: Edition, raw: Raw, parts: Parts, facts: Facts) -> Staged:
    """Hold staged rows against the facts.

    Raises:
        SourceError: more rows than allowed have a value that no fact knows.

    """
    known = known_parts(f"{source.id} {edition.id}", parts, source, facts.frames)
    return Staged(source, edition, raw, known)


def staged_parts(source: Source, edition: Edition, raw: Raw, settings: Settings) -> Parts:
    """Stage an edition; of a fetched one, which may be gigabytes, keep the rows for the next run.

    They are kept under the hash of all that made them: the bytes, the reader, the promise.
    """
    if edition.fetched is None:
        return stage_parts(source, edition, raw)
    reader = tree_hash([FOLDER], CODE_PATTERNS, FOLDER)
    made_of = {"raw": raw.folder.name, "reader": reader, "edition": edition.model_dump_json()}
    kept = settings.staged / source.id / f"{combined_hash(made_of)}.parquet"
    apart, proof = kept.with_suffix(".rejected"), kept.with_suffix(".sha256")
    if all(path.is_file() for path in (kept, apart, proof)):
        *hashes, rows_in = proof.read_text().split()
        if hashes == [sha256(kept), sha256(apart)]:
            return Parts(pl.read_parquet(kept), pl.read_parquet(apart), int(rows_in))
    parts = stage_parts(source, edition, raw)
    kept.parent.mkdir(parents=True, exist_ok=True)
    hashes = []
    for path, frame in ((kept, parts.rows), (apart, parts.rejected)):
        aside = path.with_name(f".{path.stem}-{os.getpid()}")
        frame.write_parquet(aside)
        hashes.append(sha256(aside))
        aside.replace(path)
    proof.write_text(f"{hashes[0]} {hashes[1]} {parts.rows_in}")
    return parts


def inputs(
    staged: Iterable[Staged],
    settings: Settings,
    freshness: pl.DataFrame,
    exceptions: Sequence[str] = (),
    ahead: str = "",
) -> dict[str, Any]:
    """What a snapshot is made of, each with its hash; equal inputs give an equal snapshot.

    The run's day counts only through what it changes: which sources are stale, which exceptions
    are in force, and which events of policy lie `ahead`.
    """
    raw = {
        f"{s.source.id} {s.edition.id}": f"{s.raw.folder.name} {s.edition.model_dump_json()}"
        for s in staged
    }
    root = settings.checkout
    facts = [settings.facts, *([settings.facts_overlay] if settings.facts_overlay else [])]
    parts = {
        "raw": combined_hash(raw),
        "code": tree_hash([root / "flows", settings.sql], CODE_PATTERNS, root),
        "facts": tree_hash(facts, CODE_PATTERNS, root),
        "expectations": tree_hash([settings.expectations], CODE_PATTERNS, root),
        "lock": tree_hash([root], ["requirements.lock"], root),
        "stale": ",".join(freshness.filter(pl.col("stale"))["source"]),
        "exceptions": ",".join(sorted(exceptions)),
        "ahead": ahead,
    }
    combined = {"version": __version__, **parts, "all": combined_hash(parts)}
    return combined | {"files": lineage.files(settings)}


def ahead(facts: Facts, staged: Iterable[Staged], day: date) -> str:
    """The events of policy that lie ahead of a day, of our facts and of what sources bring."""
    measures, suspensions = facts.frame("measure"), facts.frame("measure_suspension")
    brought = [s.rows for s in staged if s.source.id == horizon.SOURCE]
    rows = pl.concat(brought) if brought else None
    return horizon.ahead(measures, suspensions, day, brought=rows)


def load(
    con: warehouse.Connection, staged: Sequence[Staged], facts: Facts, sources: Sequence[Source]
) -> dict[str, int]:
    """Write facts, what is known of the sources, and the staged rows; give rows by table."""
    rows = {t.id: warehouse.write(con, t, facts.frames[t.id]) for t in facts.tables}
    editions = [meta.edition_row(s.source, s.edition, s.parts, s.raw.folder.name) for s in staged]
    apart = rejected.rejected_frame((s.source, s.edition, s.parts.rejected) for s in staged)
    rows |= {
        t.id: warehouse.write(con, t, frame)
        for t, frame in (
            (meta.SOURCE, meta.source_frame(sources)),
            (meta.EDITION, meta.edition_frame(editions)),
            (meta.EDITION_CODE, meta.edition_code_frame(sources)),
            (meta.VERSION, meta.version_frame()),
            (rejected.REJECTED_ROW, apart),
        )
    }
    for source in sources:
        parts = [s.rows for s in staged if s.source.id == source.id]
        frame = pl.concat(parts) if parts else pl.DataFrame(schema=source.table.polars)
        rows[source.table.id] = warehouse.write(con, source.table, frame)
    return rows


def index(con: warehouse.Connection, indices: Sequence[Index]) -> dict[str, int]:
    """Compute every index over the marts, and over indices that come before it; give the rows.

    A frame is read when the first index needs it, and let go after the last. One table is
    written while the next is computed.
    """
    ordered = in_order(indices)
    last_use = {name: place for place, one in enumerate(ordered) for name in one.inputs}
    made: dict[str, pl.LazyFrame] = {}
    rows = {}
    with ThreadPoolExecutor(max_workers=1) as writer, warehouse.beside(con) as other:
        written: Future[int] | None = None
        for place, one in enumerate(ordered):
            for name in set(one.inputs) - made.keys():
                made[name] = warehouse.frame(con, name).lazy()
            result = publish(one.compute(**{argument(n): made[n] for n in one.inputs}), one.table)
            rows[one.table.id] = result.height
            if written:
                written.result()
            written = writer.submit(warehouse.write, other, one.table, result)
            if last_use.get(one.table.id, place) > place:
                made[one.table.id] = result.lazy()
            made = {name: kept for name, kept in made.items() if last_use[name] > place}
        if written:
            written.result()
    return rows


def in_order(indices: Sequence[Index]) -> list[Index]:
    """Order indices so that each comes soon after those it reads."""
    by_id = {one.table.id: one for one in indices}
    graph = {name: sorted(by_id.keys() & set(one.inputs)) for name, one in by_id.items()}
    return [by_id[name] for name in TopologicalSorter(graph).static_order()]


def tables_without_gate(facts: Facts, models: Sequence[Model]) -> list[Table]:
    """Every published table that is there before the gate: facts, meta, marts, indices, views."""
    return [
        *facts.tables,
        meta.SOURCE,
        meta.EDITION,
        meta.EDITION_CODE,
        meta.DICTIONARY,
        meta.VERSION,
        *(model.table for model in models if model.table.schema == "mart"),
        *(one.table for one in all_indices()),
        meta.FRESHNESS,
        rejected.REJECTED_ROW,
        movement.MOVEMENT,
        *(model.table for model in models if model.table.schema == "view"),
    ]


def warehouse_of(settings: Settings, ground: Ground) -> dict[str, int]:
    """Build the whole warehouse file: facts, staging, marts, indices, views; give rows by table."""
    facts, models = ground.facts, ground.models
    with warehouse.build(
        settings.build, threads=settings.threads, memory_limit=settings.memory_limit
    ) as con:
        rows = load(con, ground.staged, facts, ground.sources)
        rows[meta.FRESHNESS.id] = warehouse.write(con, meta.FRESHNESS, ground.freshness)
        dictionary = meta.dictionary_frame(tables_without_gate(facts, models))
        rows[meta.DICTIONARY.id] = warehouse.write(con, meta.DICTIONARY, dictionary)
        done = warehouse.run_models(con, [m for m in models if m.table.schema == "mart"])
        report("stage", f"{sum(done.values()):,} rows in {len(done)} marts")
        indexed = index(con, all_indices())
        report("index", f"{sum(indexed.values()):,} rows in {len(indexed)} indices")
        moved = movement.movement(con, all_indices(), ground.last)
        rows[movement.MOVEMENT.id] = warehouse.write(con, movement.MOVEMENT, moved)
        views = warehouse.run_models(con, [m for m in models if m.table.schema == "view"])
        return rows | done | indexed | views
