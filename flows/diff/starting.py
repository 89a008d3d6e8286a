"""Where causes start: at the editions that a table stages, and at the files that are its own."""

# ruff: noqa: S608 - names are those that the snapshots declare, quoted

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from flows.diff.causes import STAGING
from flows.diff.changes import AFTER, BEFORE, literal, name_of
from flows.diff.contract import Cause, Kind, Shape
from flows.diff.run import PERIODS, Trace
from flows.warehouse import quoted

SAID = ("meta.source", "meta.edition", "meta.edition_code", "quality.freshness")
"""Tables of what is said of sources and editions."""


@dataclass(frozen=True)
class Roads:
    """Causes with the keys of the rows they start from; a null key stands for every one."""

    names: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]
    """Keys in the order of `names`, then the cause's number."""


def starting(run: Trace, table: str) -> list[Roads]:
    """Causes that begin at a table: of its sources' editions, of its own files, of its inputs."""
    roots = run.roots
    if roots.is_coarse:
        return coarse(run, table)
    reads = roots.reads.get(table)
    roads = []
    if table in SAID:
        roads.append(of_said(run, table))
    for read in sorted(reads or ()):
        if read.startswith(STAGING):
            roads.append(of_source(run, table, read.removeprefix(STAGING)))
            roads.append(everywhere(run, roots.of_files(read)))
        elif read in run.added:
            roads.append(everywhere(run, [run.added[read]]))
    if table not in SAID:
        roads += of_files(run, table)
    if reads is None:
        checks = [cause for cause in run.roots.general if cause.kind == "check_exception"]
        roads.append(everywhere(run, checks))
    return roads


def everywhere(run: Trace, causes: Iterable[Cause]) -> Roads:
    """Causes that act on every row of a table."""
    return Roads((), [(run.number(cause),) for cause in causes])


def of_files(run: Trace, table: str) -> list[Roads]:
    """A table's own files that differ; a mineral's file acts on that mineral."""
    causes = run.roots.of_files(table)
    if "mineral" not in run.shapes[table].grain:
        return [everywhere(run, causes)]
    of_mineral = [c for c in causes if PurePosixPath(c.what).parent.name == "minerals"]
    rows = [(PurePosixPath(c.what).stem, run.number(c)) for c in of_mineral]
    others = [cause for cause in causes if cause not in of_mineral]
    return [everywhere(run, others), Roads(("mineral",), rows)]


def of_source(run: Trace, table: str, source: str) -> Roads:
    """What became of a source's editions, by edition and period of a table that stages it."""
    shape, roots = run.shapes[table], run.roots
    if "edition" not in shape.grain:
        found = [roots.of_edition(source, edition) for edition in roots.editions(source)]
        return everywhere(run, [cause for cause in found if cause])
    names = [name for name in PERIODS if name in shape.columns]
    before, after = (periods(run, side, shape, source, names) for side in (BEFORE, AFTER))
    known = {tuple(when) for _, *when in before}
    rows: list[tuple[object, ...]] = []
    for place in sorted(before | after, key=str):
        edition, *when = place
        cause = roots.of_edition(source, str(edition))
        if cause is None:
            continue
        kind: Kind = cause.kind
        if kind == "source_revision" and place not in before:
            kind = "new_period"
        elif kind == "source_revision" and place not in after:
            kind = "removed_period"
        elif kind == "new_edition" and before and tuple(when) not in known:
            kind = "new_period"
        what = cause.what if kind == cause.kind else f"{cause.what}, {period_words(when)}"
        rows.append((*place, run.number(Cause(kind, what))))
    return Roads(("edition", *names), rows)


def period_words(when: Sequence[object]) -> str:
    """A year, or a month of a year."""
    return "-".join(f"{int(str(part)):02}" for part in when if part is not None)


def periods(
    run: Trace, side: str, shape: Shape, source: str, names: Sequence[str]
) -> set[tuple[object, ...]]:
    """Editions of a source and their periods, as a table has them on one side."""
    columns = ", ".join(["edition", *(quoted(name) for name in names)])
    mine = f"WHERE source = {literal(source)}" if "source" in shape.columns else ""
    sql = f"SELECT DISTINCT {columns} FROM {side}.{shape.table} {mine}"
    return set(run.con.execute(sql).fetchall())


def of_said(run: Trace, table: str) -> Roads:
    """What became of editions, and of what their source's description says."""
    roots = run.roots
    said = {PurePosixPath(c.what).parent.name: c for c in roots.of_files(table)}
    rows: list[tuple[object, ...]] = []
    for source in sorted({source for source, _ in roots.before.keys() | roots.after.keys()}):
        for edition in roots.editions(source):
            cause = roots.of_edition(source, edition)
            if cause is None and table == "meta.edition_code":
                cause = said.get(source)
            elif cause is None or cause.kind == "source_revision":
                rows += [(source, edition, run.number(said[source]))] if source in said else []
            rows += [(source, edition, run.number(cause))] if cause else []
    grain = run.shapes[table].grain
    if "edition" in grain:
        return Roads(("source", "edition"), rows)
    if table == "quality.freshness" and roots.day:
        rows += [(None, None, run.number(roots.day))]
    return Roads(("source",), sorted({(row[0], row[2]) for row in rows}, key=str))


def coarse(run: Trace, table: str) -> list[Roads]:
    """Causes where only combined hashes are known: whatever differs may have acted."""
    if table.startswith("ref."):
        facts = [cause for cause in run.roots.coarse if cause.kind == "facts_changed"]
        return [everywhere(run, facts or run.roots.coarse)]
    roads = [everywhere(run, run.roots.coarse)]
    # Where they may be null, as an alert's may, they decide of no cause: see `Trace.parts`.
    by_source = {"source", "edition"} <= set(run.parts(table))
    sources = sorted({source for source, _ in run.roots.before.keys() | run.roots.after.keys()})
    if table == "quality.freshness" and run.roots.day:
        roads.append(everywhere(run, [run.roots.day]))
    if not by_source:
        return [*roads, everywhere(run, of_all_editions(run))]
    here = quoted("source")
    sql = f"SELECT DISTINCT {here} FROM {name_of('parts', table)}"
    met = {source for (source,) in run.con.execute(sql).fetchall()}
    for source in sources:
        road = of_source(run, table, source)
        rows = [(source, *row) for row in road.rows]
        roads.append(Roads(("source", *road.names), rows))
        causes = [run.roots.of_edition(source, edition) for edition in run.roots.editions(source)]
        numbers = [run.number(cause) for cause in causes if cause]
        others = [(other, number) for other in sorted(met - {source}) for number in numbers]
        roads.append(Roads(("source",), others))
    return roads


def of_all_editions(run: Trace) -> list[Cause]:
    """What became of every edition that is not the same."""
    keys = sorted(run.roots.before.keys() | run.roots.after.keys())
    causes = [run.roots.of_edition(source, edition) for source, edition in keys]
    return [cause for cause in causes if cause]
