"""Publish a snapshot: whole or not at all, and never changed afterwards.

Files are written aside, hashed into a manifest, synced, renamed into place; then the pointer
`warehouse/current` moves. Readers open the versioned path, so none waits and none sees a change.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows.sources.raw import sha256, sync

DATABASE = "orewatch.duckdb"
MANIFEST = "manifest.json"
PART = ".part"
SPARE = 3
"""Free space wanted, in sizes of the last snapshot."""

Step = Callable[[str], None]


class PublishError(Exception):
    """A snapshot cannot be written, or is not what its manifest says."""


class LockHeldError(Exception):
    """Another process is writing."""


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Be the only writer. The lock goes when the process does, however it ends.

    Raises:
        LockHeldError: another process holds it; the message says which.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise LockHeldError(
                f"another run is writing ({file.read().strip() or 'unknown'}); "
                "wait for it to end, or stop it"
            ) from error
        file.truncate(0)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {started}")
        file.flush()
        yield


def holder(path: Path) -> str | None:
    """Who holds the lock now, in words; null where it is free."""
    if not path.is_file():
        return None
    with path.open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read().strip() or "unknown"
    return None


def content_hash(parts: Iterable[pl.DataFrame]) -> str:
    """Hash of a table's logical content: names, types, values and nulls, row after row.

    Independent of how the rows are stored and cut into parts; rows count in the order they come.
    """
    streams: dict[str, Any] = {}
    for part in parts:
        streams["columns"] = hashlib.sha256(repr(part.schema).encode())
        for column in part.columns:
            for kind, data in column_bytes(part[column]):
                stream = streams.setdefault(f"{column} {kind}", hashlib.sha256())
                stream.update(data)
    return combined_hash({name: stream.hexdigest() for name, stream in streams.items()})


def column_bytes(series: pl.Series) -> Iterator[tuple[str, bytes]]:
    """Bytes of a column: where it is null, and its values, nulls as zero or nothing."""
    yield f"{series.dtype} nulls", series.is_null().to_numpy().tobytes()
    if isinstance(series.dtype, pl.List):
        yield "sizes", series.list.len().fill_null(0).cast(pl.Int64).to_numpy().tobytes()
        yield from column_bytes(series.explode(empty_as_null=False, keep_nulls=False))
        return
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        yield "values", series.fill_null(0).to_numpy().tobytes()
        return
    words = series.cast(pl.String).fill_null("")
    yield "lengths", words.str.len_bytes().cast(pl.Int64).to_numpy().tobytes()
    yield "letters", words.str.join("").item().encode() if words.len() else b""


def combined_hash(hashes: Mapping[str, str]) -> str:
    """One hash of many, by name."""
    lines = "".join(f"{name} {value}\n" for name, value in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def tree_hash(folders: Sequence[Path], patterns: Sequence[str], root: Path) -> str:
    """Hash of the text files below folders, by their paths relative to `root`."""
    files = {p for folder in folders for pattern in patterns for p in folder.rglob(pattern)}
    named = {str(os.path.relpath(p, root)): sha256(p) for p in files if p.is_file()}
    return combined_hash(named)


def clear_leftovers(warehouse: Path) -> list[str]:
    """Remove what interrupted runs left; give the names. Call under the lock."""
    folders = [*warehouse.glob(f"snapshots/.*{PART}"), *arriving(warehouse / "raw")]
    links = list(warehouse.glob(".current-*"))
    for folder in folders:
        shutil.rmtree(folder)
    for link in links:
        link.unlink()
    return sorted(path.name for path in [*folders, *links])


def arriving(raw: Path) -> list[Path]:
    """Folders of bytes that were being kept; none while another process fetches, whose they are."""
    if not raw.is_dir():
        return []
    try:
        with lock(raw / ".lock"):
            return list(raw.glob("*/*/.incoming-*"))
    except LockHeldError:
        return []


def check_space(home: Path, last: Path | None) -> None:
    """Refuse to begin where the disk would fill.

    Raises:
        PublishError: less is free than three times the last snapshot.

    """
    if last is None:
        return
    size = size_of(last)
    free = shutil.disk_usage(home).free
    if free < SPARE * size:
        raise PublishError(
            f"{home}: {free / 1e6:,.0f} MB free, {SPARE * size / 1e6:,.0f} MB wanted "
            f"({SPARE} times the last snapshot); free some space, or prune old snapshots"
        )


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def current(pointer: Path) -> Path | None:
    """The snapshot the pointer names, as its versioned path; null before the first."""
    if not pointer.is_symlink():
        return None
    target = pointer.resolve()
    return target if (target / MANIFEST).is_file() else None


def read_manifest(snapshot: Path) -> dict[str, Any]:
    """Read a snapshot's manifest.

    Raises:
        PublishError: there is none, or it is damaged.

    """
    try:
        manifest: dict[str, Any] = json.loads((snapshot / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise PublishError(f"{snapshot}: no readable {MANIFEST}: {error}") from error
    return manifest


def snapshots(folder: Path) -> list[Path]:
    """All whole snapshots, oldest first."""
    return sorted(p.parent for p in folder.glob(f"[0-9]*/{MANIFEST}"))


def snapshot_id(now: datetime, content: str) -> str:
    """`<UTC time>-<short hash>`."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{content[:8]}"


@contextmanager
def aside(folder: Path, name: str) -> Iterator[Path]:
    """Give a folder to write a snapshot in; it goes if anything fails.

    Raises:
        PublishError: the disk is full or otherwise refuses; the last snapshot stays.

    """
    part = folder / f".{name}{PART}"
    part.mkdir(parents=True)
    try:
        yield part
    except BaseException as error:
        written = size_of(part)
        shutil.rmtree(part, ignore_errors=True)
        if disk_refused(error):
            raise PublishError(
                f"{folder}: the disk refused after {written / 1e6:,.0f} MB ({error}); the last "
                f"snapshot stays. {shutil.disk_usage(folder).free / 1e6:,.0f} MB are free now, "
                f"{SPARE * max(written, 1) / 1e6:,.0f} MB at least are needed: free some space, "
                "then run again"
            ) from error
        raise


def disk_refused(error: BaseException) -> bool:
    """Whether an error is the disk's: of Python, or passed on by DuckDB or Polars in words."""
    if isinstance(error, OSError):
        return error.errno in REFUSALS
    words = str(error).lower()
    return any(os.strerror(number).lower() in words for number in REFUSALS)


REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def seal(
    part: Path,
    manifest: Mapping[str, Any],
    describe: Callable[[list[dict[str, Any]]], Mapping[str, Any]] = lambda _: {},
) -> None:
    """Add every file's hash and size to the manifest and write it, last of all files.

    `describe` gives, of those files, what else the manifest is to say.
    """
    files = [
        {
            "path": str(path.relative_to(part)),
            "bytes": path.stat().st_size,
            "sha256": sha256(path),
        }
        for path in sorted(part.rglob("*"))
        if path.is_file()
    ]
    whole = {**manifest, "files": files, **describe(files)}
    body = json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False)
    (part / MANIFEST).write_text(body + "\n", encoding="utf-8")
    for path in part.rglob("*"):
        sync(path)
    sync(part)


def release(part: Path, folder: Path, name: str, pointer: Path, step: Step) -> Path:
    """Rename the sealed folder into place, then move the pointer. `step` is told of each."""
    target = folder / name
    if target.exists():
        raise PublishError(f"{target} exists already; a snapshot is never changed")
    part.rename(target)
    sync(folder)
    step("renamed")
    point(pointer, target)
    step("pointed")
    return target


def finish_interrupted(folder: Path, pointer: Path) -> Path | None:
    """Point at the newest whole snapshot, which a run killed just before that step left unnamed.

    Gives the current snapshot; null where there is none. Call under the lock.
    """
    whole, named = snapshots(folder), current(pointer)
    if whole and (named is None or named.name < whole[-1].name):
        point(pointer, whole[-1])
        return whole[-1].resolve()
    return named


def point(pointer: Path, target: Path) -> None:
    """Move the pointer to a snapshot, in one step, by a relative link."""
    fresh = pointer.with_name(f".{pointer.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(target, pointer.parent))
    fresh.replace(pointer)
    sync(pointer.parent)
