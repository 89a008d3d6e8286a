"""The store of raw bytes: kept unchanged, found again by SHA-256, every arrival in a ledger.

`raw/<source>/<edition>/<hash>/<file>`: the folder's name is the hash of all that lies in it, so
bytes that differ never share a folder and nothing kept is ever written over.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from flows.sources.contract import Edition, Raw, Source, SourceError

LEDGER = "ledger.jsonl"
HASH_CHARACTERS = 16


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_bundled(source: Source, edition: Edition, store: Path, now: datetime) -> Raw:
    """Keep the bytes that ship with the project, as if they had been downloaded.

    Raises:
        SourceError: a bundled file is missing.

    """
    files = [source.folder / "bundled" / name for name in edition.bundled]
    for path in files:
        if not path.is_file():
            raise SourceError(f"{source.id} {edition.id}: {path} is missing; restore the checkout")
    return keep(source.id, edition.id, files, store, now, url=f"bundled:{source.id}/{edition.id}")


def keep(  # noqa: PLR0913 - what, whose, where, when and whence
    source_id: str,
    edition_id: str,
    files: Sequence[Path] | Mapping[str, Path],
    store: Path,
    now: datetime,
    *,
    url: str | Mapping[str, str],
) -> Raw:
    """Copy files into the store, once; the ledger gets a row for each file that is new.

    `files` may name each file otherwise than its path does, `url` give each its own.

    Raises:
        SourceError: what is kept under that hash was changed since, or a name is used twice.

    """
    named = files if isinstance(files, Mapping) else {path.name: path for path in files}
    if len(named) != len(files):
        raise SourceError(f"{source_id} {edition_id}: two files of one name")
    hashes = {name: sha256(path) for name, path in named.items()}
    folder = store / source_id / edition_id / folder_hash(hashes)
    paths = tuple(folder / name for name in sorted(hashes))
    kept = Raw(source_id, edition_id, folder, paths, hashes)
    if folder.is_dir():
        verify(kept)
        return kept
    copy_whole(named, folder, store)
    rows = [
        {
            "source": source_id,
            "edition": edition_id,
            "file": str((folder / name).relative_to(store)),
            "url": url if isinstance(url, str) else url[name],
            "time": now.isoformat(timespec="seconds"),
            "bytes": (folder / name).stat().st_size,
            "sha256": digest,
        }
        for name, digest in sorted(hashes.items())
    ]
    note(store, rows)
    return kept


def folder_hash(hashes: Mapping[str, str]) -> str:
    """Hash of a set of files, by their names and hashes."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:HASH_CHARACTERS]


def verify(raw: Raw) -> None:
    """Refuse kept bytes that are no longer what they were."""
    for path in raw.files:
        if not path.is_file() or sha256(path) != raw.hashes[path.name]:
            raise SourceError(
                f"{path}: changed or lost since it was kept; "
                f"delete {raw.folder} and run again to fetch it anew"
            )


def copy_whole(files: Mapping[str, Path], folder: Path, store: Path) -> None:
    """Copy files into a new folder that appears only when all of it is on disk.

    What lies in the store already never changes, so a second name for it takes no room.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".incoming-"))
    try:
        for name, path in files.items():
            put(path, aside / name, store)
            sync(aside / name)
        aside.rename(folder)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        if not folder.is_dir():
            raise
    sync(folder.parent)


def put(path: Path, target: Path, store: Path) -> None:
    """Give a kept file a second name, or copy one that is not ours or cannot have one."""
    if path.resolve().is_relative_to(store.resolve()):
        try:
            target.hardlink_to(path)
        except OSError:
            pass
        else:
            return
    shutil.copyfile(path, target)


def note(store: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Append rows to the ledger, a line each."""
    with (store / LEDGER).open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.writelines(json.dumps(row, sort_keys=True) + "\n" for row in rows)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Ask the disk to hold a file or a folder's entries for good."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
