"""Who reads a snapshot: readers hold it by a shared lock, and what is held is not removed.

A lock goes when its process does. DuckDB locks the file that it has open too, so that a reader of
another program counts as well.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.publish import DATABASE, MANIFEST, PublishError


@contextmanager
def reading(snapshot: Path) -> Iterator[Path]:
    """Hold a snapshot for as long as the block lasts; others may hold it too.

    Raises:
        PublishError: there is none, or it was removed a moment ago.

    """
    path = snapshot / MANIFEST
    gone = f"{snapshot}: there is no such snapshot any more"
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise PublishError(gone) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        # It may have been renamed between opening and locking.
        if not path.is_file() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
            raise PublishError(gone)
        yield snapshot


@contextmanager
def removing(snapshot: Path) -> Iterator[bool]:
    """Hold a snapshot alone; give whether that was possible: nobody reads it."""
    with (snapshot / MANIFEST).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield not is_open(snapshot / DATABASE)


def is_open(database: Path) -> bool:
    """Whether another process has a DuckDB file open, by whatever program."""
    if not database.is_file():
        return False
    with database.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
