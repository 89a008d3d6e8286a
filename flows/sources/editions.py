"""Which editions of a source are here: those that ship with the project, and those accepted since.

An accepted edition is a folder of kept bytes and, beside it, a descriptor of the same name:
`raw/<source>/<edition>/<hash>/` and `<hash>.json`. The descriptor is written last, by rename, so
that an edition is there whole or not at all; bytes without one are no edition. Where an edition was
accepted more than once, the newest counts, and the earlier bytes stay.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.sources import ledger
from flows.sources.contract import Edition, Raw, Source, SourceError
from flows.sources.raw import sync, verify

ACCEPTED = "*/*.json"


@dataclass(frozen=True)
class Accepted:
    """An edition that was brought, staged and judged: its promise, its bytes, its counts."""

    edition: Edition
    raw: Raw
    hashes: Mapping[str, str]
    """SHA-256 by file."""
    parts: Mapping[str, int]
    """Staged rows by the part that the source's ledger counts by."""
    reporters: tuple[str, ...] = ()
    """Importers asked for, where the source is asked by importer."""
    years: tuple[int, int] | None = None
    """Years asked for, where the source is asked by year."""


def accept(store: Path, accepted: Accepted) -> Path:
    """Write an edition's descriptor; from now on flows use it. Gives its path."""
    raw = accepted.raw
    path = raw.folder.with_suffix(".json")
    body = {
        "edition": accepted.edition.model_dump(mode="json"),
        "files": dict(sorted(accepted.hashes.items())),
        "parts": dict(sorted(accepted.parts.items())),
        "reporters": sorted(accepted.reporters),
        "years": accepted.years,
    }
    aside = store / f".{raw.source}-{raw.folder.name}-{os.getpid()}"
    text = json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False)
    aside.write_text(text + "\n", encoding="utf-8")
    sync(aside)
    aside.replace(path)
    sync(path.parent)
    return path


def accepted(store: Path, source: Source) -> dict[str, Accepted]:
    """Every accepted edition of a source by its id, each as it was accepted last.

    Raises:
        SourceError: a descriptor cannot be read.

    """
    found: dict[str, Accepted] = {}
    for path in sorted((store / source.id).glob(ACCEPTED)):
        one = read(path, source)
        before = found.get(one.edition.id)
        if before is None or arrival(before) < arrival(one):
            found[one.edition.id] = one
    return dict(sorted(found.items()))


def arrival(one: Accepted) -> tuple[float, str]:
    """What orders arrivals: the time, then the hash."""
    fetched = one.edition.fetched
    return (fetched.timestamp() if fetched else 0.0, one.raw.folder.name)


def read(path: Path, source: Source) -> Accepted:
    """Read one descriptor."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        edition = Edition.model_validate(body["edition"])
        folder = path.with_suffix("")
        files = tuple(folder / name for name in sorted(body["files"]))
        return Accepted(
            edition,
            Raw(source.id, edition.id, folder, files),
            body["files"],
            body["parts"],
            tuple(body["reporters"]),
            tuple(body["years"]) if body["years"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path}: no readable descriptor of an edition ({error}); "
            f"delete it, and fetch {source.id} again"
        ) from error


def with_accepted(store: Path, source: Source, codes: Mapping[str, list[str]]) -> Source:
    """The source with all its editions: an accepted one takes the place of one bundled by its id.

    An accepted edition of whole files carries every code tracked (`codes`, by HS revision), so
    that a mineral added to the facts needs nothing fetched again.
    """
    newer = accepted(store, source)
    kept = [edition for edition in source.editions if edition.id not in newer]
    brought = [carrying(one.edition, codes) for one in newer.values()]
    return source.model_copy(update={"editions": [*kept, *brought]})


def carrying(edition: Edition, codes: Mapping[str, list[str]]) -> Edition:
    """The edition, with the tracked codes of its revision where it names none itself."""
    if edition.hs6 or edition.hs_revision is None:
        return edition
    return edition.model_copy(update={"hs6": sorted(codes.get(edition.hs_revision, []))})


def tracked_codes(form_code: pl.DataFrame) -> dict[str, list[str]]:
    """HS codes that some mineral needs, by HS revision, from `ref.form_code`."""
    by_revision = form_code.group_by("hs_revision").agg(pl.col("hs6").unique().sort())
    return dict(by_revision.sort("hs_revision").rows())


def raw_of(store: Path, source: Source, edition: Edition) -> Raw:
    """The kept bytes of an accepted edition, unchanged since.

    Raises:
        SourceError: there are none, or they were changed.

    """
    one = accepted(store, source).get(edition.id)
    if one is None:
        raise SourceError(f"{source.id} {edition.id}: not among the accepted editions in {store}")
    verify(one.raw, one.hashes)
    return one.raw


def parts_of(source: Source, edition: Edition, rows: pl.DataFrame) -> dict[str, int]:
    """Staged rows by part."""
    counted = ledger.count(source, edition, rows)
    return dict(counted.select("part", "rows").rows())


def bundled_parts(source: Source, edition: Edition) -> dict[str, int]:
    """Rows by part of a bundled edition, from the reviewed ledger; empty where there is none."""
    path = source.folder / ledger.LEDGER
    if not path.is_file():
        return {}
    reviewed = ledger.read(path).filter(pl.col("edition") == edition.id)
    return dict(reviewed.select("part", "rows").rows())
