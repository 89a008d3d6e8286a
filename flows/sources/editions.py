"""Which editions of a source are here: those that ship with the project, and those accepted since.

An accepted edition is a folder of kept bytes and, beside it, a descriptor of the same name:
`raw/<source>/<edition>/<hash>/` and `<hash>.json`. The descriptor is written last, by rename, so
that an edition is there whole or not at all; bytes without one are no edition. Where an edition was
accepted more than once, the newest counts, and the earlier bytes stay.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.sources import ledger
from flows.sources.contract import Edition, Raw, Source, SourceError
from flows.sources.raw import sync, verify

ACCEPTED = "*/*.json"


@dataclass(frozen=True)
class Part:
    """A part of an edition: its rows, and the exact sum of what the ledger adds up."""

    rows: int
    total: str | None = None


@dataclass(frozen=True)
class Accepted:
    """An edition that was brought, staged and judged: its promise, its bytes, its counts."""

    edition: Edition
    raw: Raw
    parts: Mapping[str, Part]
    """Staged rows and totals by what the source is judged by."""
    accepted: datetime
    """When it was: the last acceptance of an edition is the one in use."""
    reporters: tuple[str, ...] = ()
    """Importers asked for, where the source is asked by importer."""
    years: tuple[int, int] | None = None
    """Years asked for, where the source is asked by year."""
    monthly: bool = False
    """Whether months were asked for."""

    @property
    def rows(self) -> int:
        """Rows after staging."""
        by = next(iter(self.parts), "").partition(" ")[0]
        return sum(part.rows for name, part in self.parts.items() if name.partition(" ")[0] == by)


def accept(store: Path, accepted: Accepted) -> Path:
    """Write an edition's descriptor; from now on flows use it. Gives its path."""
    raw = accepted.raw
    path = raw.folder.with_suffix(".json")
    body = {
        "edition": accepted.edition.model_dump(mode="json"),
        "files": dict(sorted(raw.hashes.items())),
        "parts": {name: asdict(part) for name, part in sorted(accepted.parts.items())},
        "accepted": accepted.accepted.isoformat(),
        "monthly": accepted.monthly,
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
    """What orders arrivals: the time of acceptance, then the hash."""
    return (one.accepted.timestamp(), one.raw.folder.name)


def read(path: Path, source: Source) -> Accepted:
    """Read one descriptor."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        edition = Edition.model_validate(body["edition"])
        folder = path.with_suffix("")
        files = tuple(folder / name for name in sorted(body["files"]))
        return Accepted(
            edition,
            Raw(source.id, edition.id, folder, files, body["files"]),
            {name: Part(**part) for name, part in body["parts"].items()},
            datetime.fromisoformat(body["accepted"]),
            tuple(body["reporters"]),
            tuple(body["years"]) if body["years"] else None,
            body["monthly"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path}: no readable descriptor of an edition ({error}); "
            f"delete it, and fetch {source.id} again"
        ) from error


def with_accepted(store: Path, source: Source, codes: Mapping[str, Sequence[str]]) -> Source:
    """The source with all its editions: an accepted one takes the place of one bundled by its id.

    An accepted edition of whole files carries every code tracked (`codes`, by HS revision), so
    that a mineral added to the facts needs nothing fetched again.
    """
    newer = accepted(store, source)
    kept = [edition for edition in source.editions if edition.id not in newer]
    brought = [carrying(one.edition, codes) for one in newer.values()]
    return source.model_copy(update={"editions": [*kept, *brought]})


def carrying(edition: Edition, codes: Mapping[str, Sequence[str]]) -> Edition:
    """The edition, with the tracked codes of its revision where it names none itself."""
    if edition.hs6 or edition.hs_revision is None:
        return edition
    return edition.model_copy(update={"hs6": sorted(codes.get(edition.hs_revision, []))})


def tracked_codes(form_code: pl.DataFrame) -> dict[str, list[str]]:
    """HS codes that some mineral needs, by HS revision, from `ref.form_code`."""
    by_revision = form_code.group_by("hs_revision").agg(pl.col("hs6").unique().sort())
    return dict(by_revision.sort("hs_revision").rows())


def raw_of(store: Path, source: Source, edition: Edition) -> Raw:
    """The kept bytes that came with this promise, unchanged since.

    A refresh may have accepted others meanwhile; these are still the ones that were promised.

    Raises:
        SourceError: there are none, or they were changed.

    """
    for path in sorted((store / source.id / edition.id).glob("*.json")):
        one = read(path, source)
        if one.edition.model_copy(update={"hs6": edition.hs6}) == edition:
            verify(one.raw)
            return one.raw
    raise SourceError(f"{source.id} {edition.id}: not among the accepted editions in {store}")


def parts_of(source: Source, edition: Edition, rows: pl.DataFrame) -> dict[str, Part]:
    """Staged rows and totals by what the source is judged by; names begin with the columns."""
    declared = source.staged.ledger
    found: dict[str, Part] = {}
    for by in source.staged.judged_by or [declared.part]:
        columns = [pl.col(name).cast(pl.String).fill_null("none") for name in by.split("+")]
        keyed = rows.with_columns(pl.concat_str(columns, separator=" ").alias(declared.part))
        counted = ledger.count(source, edition, keyed)
        for part, count, total in counted.select("part", "rows", "total").rows():
            found[f"{by} {part}"] = Part(count, total if declared.total else None)
    return found


def bundled_parts(source: Source, edition: Edition) -> dict[str, Part]:
    """Parts of a bundled edition, from its reviewed ledger and years; empty where none is known."""
    path = source.folder / ledger.LEDGER
    if not path.is_file():
        return {}
    declared, judged = source.staged.ledger, source.staged.judged_by
    reviewed = ledger.read(path).filter(pl.col("edition") == edition.id)
    found = {
        f"{declared.part} {part}": Part(rows, total if declared.total else None)
        for part, rows, total in reviewed.select("part", "rows", "total").rows()
        if not judged or declared.part in judged
    }
    if edition.years and "year" in judged and declared.part != "year":
        first, last = edition.years
        found |= {f"year {year}": Part(1) for year in range(first, last + 1)}
    return found
