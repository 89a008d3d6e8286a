"""The lock of the one service a home may have, and what it remembers from one to the next."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID


class AlreadyServedError(Exception):
    """Another service runs in the same home."""


@dataclass(frozen=True)
class Memory:
    """The run under way, kept in the lock file so that the next service knows of it."""

    file: Path

    def keep(self, run: UUID | None, *, stopped: bool = False) -> None:
        """Write down the run under way, and whether we are about to stop it ourselves."""
        self.file.write_text(f"{run} {'stopped' * stopped}" if run else "", encoding="utf-8")

    def recall(self) -> tuple[UUID | None, bool]:
        """Give the run that the last service left, and whether that one stopped it in order."""
        words = self.file.read_text(encoding="utf-8").split()
        return (UUID(words[0]), "stopped" in words) if words else (None, False)


@contextlib.contextmanager
def only_service(file: Path) -> Iterator[Memory]:
    """Hold the lock of this home; the system lets go of it when the process ends."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServedError(f"another `orewatch serve` holds {file}: stop it") from None
        yield Memory(file)
