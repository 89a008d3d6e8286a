"""Build a snapshot's numbers anew from the raw bytes that were kept, and compare."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from flows import build, licence, publish, warehouse
from flows.facts import Facts, read_facts
from flows.marts import read_models
from flows.meta import freshness_frame
from flows.settings import Settings
from flows.sources.contract import Edition, Raw, Source
from flows.sources.editions import carrying, read, tracked_codes
from flows.sources.raw import folder_hash, sha256
from flows.sources.staging import stage_parts

SAME = ("code", "facts", "lock")
"""Inputs without which the numbers cannot be the same."""
GATE = "quality."
"""Tables that the gate fills are not numbers; freshness is, and follows from the day."""


class VerifyError(Exception):
    """A snapshot is not what its manifest says; the message names the first difference."""


def recomputed(
    snapshot: Path,
    body: Mapping[str, Any],
    settings: Settings,
    sources: Sequence[Source] | None,
) -> str:
    """Build everything anew in a folder aside and compare contents; say what came of it.

    Where code or facts are others now, or raw bytes were not kept, says so instead.

    Raises:
        VerifyError: a table's content differs, or kept bytes were changed.

    """
    now = build.inputs([], settings, freshness_frame([], date.min))
    if others := [name for name in SAME if now[name] != body["inputs"].get(name)]:
        return f"not recomputed: {', '.join(others)} is not what it was then"
    facts = read_facts(settings.facts, settings.facts_overlay)
    known = build.known_sources(settings, facts) if sources is None else sources
    kept = raw_bytes(snapshot)
    absent = [f"{s} {e}" for s, e, digest in kept if not (settings.raw / s / e / digest).is_dir()]
    if absent:
        return f"not recomputed: the raw bytes of {', '.join(absent)} are not kept"
    described = {
        (source.id, edition.id): (source, edition)
        for source in known
        for edition in source.editions
    }
    if strange := [f"{s} {e}" for s, e, _ in kept if (s, e) not in described]:
        return f"not recomputed: nothing describes {', '.join(strange)} any more"
    staged = [
        staged_again(settings.raw, *described[source, edition], digest, facts)
        for source, edition, digest in kept
    ]
    with tempfile.TemporaryDirectory(prefix="orewatch-rebuild-") as folder:
        aside = settings.model_copy(update={"home": Path(folder)})
        ground = ground_of(body, known, staged, facts, settings)
        build.warehouse_of(aside, ground)
        # What was published is what the licences let out.
        tables_built = build.tables_without_gate(facts, ground.models)
        licence.let_out(aside, tables_built, ground.models, ground.sources)
        tables = compared(aside.build, body)
    return f"{tables} tables are the same, built anew from {len(kept)} kept editions"


def raw_bytes(snapshot: Path) -> list[tuple[str, str, str]]:
    """Source, edition and hash of the raw bytes that a snapshot was made from."""
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        frame = warehouse.frame(con, "meta.edition")
    return list(frame.select("source", "edition", "raw_hash").iter_rows())


def staged_again(
    store: Path, source: Source, edition: Edition, digest: str, facts: Facts
) -> build.Staged:
    """Stage kept bytes of an edition, by what was said of it when they came."""
    folder = store / source.id / edition.id / digest
    raw = read_raw(folder)
    said = folder.with_suffix(".json")
    if said.is_file():
        codes = tracked_codes(facts.frame("form_code"))
        edition = carrying(read(said, source).edition, codes)
    parts = stage_parts(source, edition, raw)
    return build.settled(source, edition, raw, parts, facts)


def ground_of(
    body: Mapping[str, Any],
    known: Sequence[Source],
    staged: Sequence[build.Staged],
    facts: Facts,
    settings: Settings,
) -> build.Ground:
    """What the snapshot was built from: sources with the editions that it holds."""
    sources = [
        source.model_copy(
            update={"editions": [one.edition for one in staged if one.source.id == source.id]}
        )
        for source in known
    ]
    freshness = freshness_frame(sources, date.fromisoformat(body["as_of"]))
    return build.Ground(facts, sources, read_models(settings.sql), staged, freshness)


def read_raw(folder: Path) -> Raw:
    """Give kept bytes, unchanged since."""
    files = tuple(sorted(path for path in folder.iterdir() if path.is_file()))
    digest = folder_hash({path.name: sha256(path) for path in files})
    if digest != folder.name:
        raise VerifyError(
            f"{folder}: its bytes have the hash {digest}: changed since they were kept"
        )
    return Raw(folder.parent.parent.name, folder.parent.name, folder, files)


def compared(built: Path, body: Mapping[str, Any]) -> int:
    """Compare the content of every table that a build fills; give how many there are."""
    listed = {t["name"]: t["content"] for t in body["tables"] if t["content"]}
    with warehouse.snapshot_reader(built) as con:
        sql = "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
        there = {name for (name,) in con.execute(sql).fetchall()}
        names = sorted(listed.keys() & there)
        for name in names:
            if publish.content_hash(warehouse.batches(con, name)) != listed[name]:
                raise VerifyError(f"{name}: built anew from the raw bytes, its content is another")
    lost = sorted(n for n in listed.keys() - there if not n.startswith(GATE))
    if lost:
        raise VerifyError(f"{lost[0]}: built anew from the raw bytes, there is no such table")
    return len(names)
