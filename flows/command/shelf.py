"""What is there: the snapshots of a home, and the sources they were made from."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from flows import publish, warehouse
from flows.meta import freshness_frame
from flows.settings import Settings
from flows.sources.contract import Edition, Source, read_source, source_ids
from flows.sources.editions import with_accepted


class NoSuchSnapshotError(Exception):
    """There is no snapshot, or none of that name."""


def find(settings: Settings, wanted: str | None = None) -> Path:
    """Give the versioned path of a snapshot: the current one, or the one that `wanted` names.

    `wanted` is an id, or a part of one that no other id holds.

    Raises:
        NoSuchSnapshotError: there is none, or several match.

    """
    if wanted is None or wanted == "current":
        if last := publish.current(settings.current):
            return last
        raise NoSuchSnapshotError(
            f"{settings.warehouse} holds no snapshot yet; `orewatch run` makes one"
        )
    paths = publish.snapshots(settings.snapshots)
    found = [path for path in paths if path.name == wanted] or [
        path for path in paths if wanted in path.name
    ]
    if len(found) == 1:
        return found[0]
    fault = f"several snapshots match {wanted!r}" if found else f"no snapshot is called {wanted!r}"
    names = ", ".join(path.name for path in found or paths) or "none"
    raise NoSuchSnapshotError(f"{fault}; there are: {names}")


def size(snapshot: Path) -> int:
    """Bytes of all files of a snapshot."""
    return sum(path.stat().st_size for path in snapshot.rglob("*") if path.is_file())


def snapshot_rows(settings: Settings) -> list[dict[str, Any]]:
    """One row a snapshot, oldest first: id, created, as_of, tables, rows, checks, bytes, current.

    Rows are those of the tables; a view holds none of its own.
    """
    last = publish.current(settings.current)
    rows = []
    for path in publish.snapshots(settings.snapshots):
        body = publish.read_manifest(path)
        tables = [table for table in body["tables"] if not table["name"].startswith("view.")]
        rows.append(
            {
                "id": body["id"],
                "created": body["created"],
                "as_of": body["as_of"],
                "tables": len(tables),
                "rows": sum(table["rows"] for table in tables),
                "checks": body["checks"],
                "bytes": size(path),
                "current": path == last,
            }
        )
    return rows


def source_rows(settings: Settings, as_of: date) -> list[dict[str, Any]]:
    """One row an edition of each source: licence, freshness on a day, rows in the current snapshot.

    `freshness` is `fresh`, `stale`, `superseded` (the source has a newer edition), `undated`, or
    `not here` of a source that ships no figures and was not fetched, which has one row without an
    edition; `rows` is null where the snapshot lacks the edition, or there is no snapshot.
    """
    sources = [with_accepted(settings.raw, read_source(name), {}) for name in source_ids()]
    fresh = {row["source"]: row for row in freshness_frame(sources, as_of).iter_rows(named=True)}
    held = edition_rows(settings)
    return [
        source_row(source, edition, fresh.get(source.id), held)
        for source in sources
        for edition in (*source.editions, *((None,) if not source.editions else ()))
    ]


def source_row(
    source: Source,
    edition: Edition | None,
    newest: dict[str, Any] | None,
    held: dict[tuple[str, str], int],
) -> dict[str, Any]:
    """One edition of a source, or the source itself where none of it is here."""
    told: dict[str, Any] = {
        "source": source.id,
        "title": source.title,
        "edition": None,
        "released": None,
        "released_basis": None,
        "freshness": "not here",
        "rows": None,
        "licence": source.licence.name,
        "publish": source.licence.publish,
        "tried_live": tried_live(source),
        "origin": source.origin,
    }
    if edition is None:
        return told
    return told | {
        "edition": edition.id,
        "released": edition.released.isoformat() if edition.released else None,
        "released_basis": edition.released_basis,
        "freshness": freshness(edition, newest),
        "rows": held.get((source.id, edition.id)),
    }


def freshness(edition: Edition, newest: dict[str, Any] | None) -> str:
    """Say how fresh an edition is, next to the newest dated one of its source."""
    if edition.released is None or newest is None:
        return "undated"
    if newest["edition"] != edition.id:
        return "superseded"
    return "stale" if newest["stale"] else "fresh"


def tried_live(source: Source) -> str | None:
    """The day the live source was last tried; null where it never was."""
    return source.tried_live.isoformat() if source.tried_live else None


def edition_rows(settings: Settings) -> dict[tuple[str, str], int]:
    """Rows of each edition in the current snapshot; none where there is no snapshot."""
    last = publish.current(settings.current)
    if last is None:
        return {}
    with warehouse.snapshot_reader(last / publish.DATABASE) as con:
        frame = warehouse.frame(con, "meta.edition")
    return {
        (source, edition): rows
        for source, edition, rows in frame.select("source", "edition", "rows").rows()
    }
