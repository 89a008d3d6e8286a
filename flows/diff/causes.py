"""What differs in what two snapshots were made from: the roots that every cause grows from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from flows.diff.changes import AFTER, BEFORE
from flows.diff.contract import Cause, Kind, Side
from flows.lineage import OVERLAY, files_below
from flows.warehouse import Connection

STAGING = "staging."
LOCK = "requirements.lock"
COARSE = ("code", "facts", "expectations", "lock")
"""Parts of a manifest's inputs that stand for files."""
COARSE_KINDS: Mapping[str, Kind] = {
    "code": "code_changed",
    "lock": "code_changed",
    "facts": "facts_changed",
    "expectations": "check_exception",
}

Editions = dict[tuple[str, str], str]
"""Source and edition -> hash of the raw bytes."""


@dataclass(frozen=True)
class Roots:
    """What differs: editions, files, and what is known of the tables' making."""

    before: Editions
    after: Editions
    files: tuple[Mapping[str, str], Mapping[str, str]] | None
    """Files by hash, before and after; null where a manifest does not list them."""
    reads: Mapping[str, frozenset[str]]
    """Table -> tables it reads, on either side; empty where no manifest says."""
    own: Mapping[str, frozenset[str]]
    """Table -> its own files."""
    coarse: Sequence[Cause]
    """What differs at all, where the files are not listed."""
    general: Sequence[Cause]
    """What differs of that which all tables share."""
    day: Cause | None
    """The day of the run, where it differs."""

    @property
    def is_coarse(self) -> bool:
        """Whether the manifests lack what exact attribution needs."""
        return self.files is None or not self.reads

    def editions(self, source: str) -> list[str]:
        """Editions of a source, on either side."""
        return sorted({e for s, e in self.before.keys() | self.after.keys() if s == source})

    def of_edition(self, source: str, edition: str) -> Cause | None:
        """What became of an edition; null where its bytes are the same."""
        key = (source, edition)
        what = f"{source} {edition}"
        if key not in self.before:
            return Cause("new_edition", what)
        if key not in self.after:
            return Cause("removed_edition", what)
        if self.before[key] != self.after[key]:
            return Cause("source_revision", what)
        return None

    def of_files(self, table: str) -> list[Cause]:
        """Files of a table's own that differ, each as a cause."""
        if self.files is None:
            return []
        own = self.own.get(table, frozenset())
        one, other = (files_below(side, own) for side in self.files)
        return [of_file(name) for name in sorted(differing(one, other))]


def roots(con: Connection, before: Side, after: Side) -> Roots:
    """Read off two manifests and `meta.edition` what differs."""
    inputs = (before.manifest.get("inputs", {}), after.manifest.get("inputs", {}))
    listed = (inputs[0].get("files"), inputs[1].get("files"))
    files = (listed[0], listed[1]) if listed[0] and listed[1] else None
    made = [side.manifest.get("lineage", {}) for side in (before, after)]
    reads, own = joined(made, "reads"), joined(made, "files")
    as_of = [side.manifest.get("as_of") for side in (before, after)]
    return Roots(
        editions(con, BEFORE),
        editions(con, AFTER),
        files,
        reads,
        own,
        [] if files else coarse(inputs[0], inputs[1]),
        general(before, after, files, own),
        Cause("day", f"{as_of[0]} to {as_of[1]}") if as_of[0] != as_of[1] else None,
    )


def editions(con: Connection, side: str) -> Editions:
    """Hash of the raw bytes of each edition of a snapshot."""
    sql = f"SELECT source, edition, raw_hash FROM {side}.meta.edition ORDER BY ALL"  # noqa: S608
    return {(source, edition): digest for source, edition, digest in con.execute(sql).fetchall()}


def joined(made: Sequence[Mapping[str, Any]], part: str) -> dict[str, frozenset[str]]:
    """One part of the lineage, of both sides together."""
    tables = {table for lineage in made for table in lineage}
    return {
        table: frozenset(name for lineage in made for name in lineage.get(table, {}).get(part, ()))
        for table in sorted(tables)
    }


def coarse(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Cause]:
    """What differs by the combined hashes alone."""
    names = [name for name in COARSE if one.get(name) != other.get(name)]
    return [Cause(COARSE_KINDS[name], name if name == "lock" else "") for name in names]


def general(
    before: Side,
    after: Side,
    files: tuple[Mapping[str, str], Mapping[str, str]] | None,
    own: Mapping[str, frozenset[str]],
) -> list[Cause]:
    """What all tables share and differs: the build's own code, the libraries, Python."""
    causes = []
    python = [side.manifest.get("python", "") for side in (before, after)]
    if python[0] != python[1]:
        causes.append(Cause("code_changed", f"Python {python[0]} to {python[1]}"))
    if files is None:
        return causes
    owned: set[str] = set()
    for names in own.values():
        owned |= set(files_below(files[0], names)) | set(files_below(files[1], names))
    rest = sorted(name for name in differing(*files) if name not in owned)
    shared = [name for name in rest if of_file(name).kind == "code_changed" and name != LOCK]
    if shared:
        causes.append(Cause("code_changed", f"{shared[0]}{more(len(shared) - 1)}"))
    if LOCK in rest:
        causes.append(Cause("code_changed", LOCK))
    return causes + [of_file(name) for name in rest if of_file(name).kind != "code_changed"]


def more(count: int) -> str:
    """How many others there are, in words."""
    return f" and {count} other{'' if count == 1 else 's'}" if count else ""


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    """Names whose hash differs, or that one side lacks."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def of_file(name: str) -> Cause:
    """The cause that a changed file is."""
    path = PurePosixPath(name)
    if "exception" in path.stem or path.parts[0] == "expectations":
        return Cause("check_exception", name)
    is_fact = path.parts[0] == OVERLAY or path.parts[:2] == ("warehouse", "facts")
    return Cause("facts_changed" if is_fact else "code_changed", name)
