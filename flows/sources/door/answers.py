"""The answers of a source: kept as they came, found by what was asked, each with a ledger row.

`store/<source>/answers/<two letters>/<sha256>` holds the bytes, `store/<source>/answers.jsonl` a
row for every answer, good or refused. Bytes are on disk before their row is; what has no good row
does not count, so a process killed at any point leaves nothing that could be taken for an answer.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.sources.connect import Answer, Kind, Request
from flows.sources.contract import SourceError
from flows.sources.raw import sha256, sync

FOLDER = "answers"
LEDGER = "answers.jsonl"
INCOMING = ".incoming-"
JUST_MADE = 60.0
"""Seconds for which a file may be there without its lock yet."""

log = logging.getLogger(__name__)


class Row(BaseModel):
    """One answer of a host."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    url: str
    """As asked, without parameters; no key is ever in it."""
    params: dict[str, str] = Field(default_factory=dict)
    expects: Kind
    mark: str = ""
    time: datetime
    """When it came."""
    status: int
    headers: dict[str, str] = Field(default_factory=dict)
    bytes: int
    sha256: str | None = None
    """Of the kept bytes; null where none were kept."""
    decoded: str = ""
    """The Content-Encoding that was undone before the bytes were kept."""
    via: list[str] = Field(default_factory=list)
    """Where redirects led, in order."""
    refused: str | None = None
    """Why it is no answer; null where it is one."""
    note: str = ""
    is_spoilt: bool = False
    """Whether it takes back an earlier row, whose bytes turned out to be no answer."""

    @property
    def is_good(self) -> bool:
        """Whether it may serve again."""
        return self.status == HTTPStatus.OK and self.refused is None and self.sha256 is not None


class Answers:
    """The kept answers of one source."""

    def __init__(self, store: Path, source_id: str) -> None:
        self.source_id = source_id
        self.folder = store / source_id / FOLDER
        self.ledger = store / source_id / LEDGER
        self._reading = threading.Lock()
        self._good: dict[str, list[Row]] = {}
        self._read_to = 0
        self._lines = 0
        self._proven: set[tuple[object, ...]] = set()
        self._swept = False

    def rows(self) -> list[Row]:
        """Read the ledger, whole.

        Raises:
            SourceError: a line cannot be read; the message names it.

        """
        return [row for row, _, _ in self._read(0, 0)]

    def last(self, request: Request) -> Row | None:
        """Give the newest good answer to this request; with its mark, if it has one.

        Raises:
            SourceError: a line of the ledger cannot be read.

        """
        with self._reading:
            for row, end, line in self._read(self._read_to, self._lines):
                self._read_to, self._lines = end, line
                known = self._good.setdefault(_identity(row), [])
                if row.is_good:
                    known.append(row)
                elif row.is_spoilt:
                    known[:] = [one for one in known if one.sha256 != row.sha256]
            found = list(self._good.get(_identity(request), []))
        return next((row for row in reversed(found) if request.mark in {"", row.mark}), None)

    def is_intact(self, row: Row) -> bool:
        """Whether the bytes of a row are still what they were. Says so in the log where not."""
        path = self.path(row.sha256 or "")
        with suppress(OSError):
            state = path.stat()
            proof = (path, state.st_ino, state.st_size, state.st_mtime_ns)
            if proof in self._proven:
                return True
            if sha256(path) == row.sha256:
                self._proven.add(proof)
                return True
        log.warning("%s: changed or lost since it was kept; it is fetched again", path)
        return False

    def path(self, digest: str) -> Path:
        """Where bytes of that hash lie."""
        return self.folder / digest[:2] / digest

    def answer(self, request: Request, row: Row, *, is_new: bool) -> Answer:
        """Give a good row as an answer."""
        digest = row.sha256 or ""
        path = self.path(digest)
        return Answer(request, path, digest, row.bytes, row.headers, row.time, is_new)

    def spoil(self, answer: Answer, why: str, now: datetime) -> None:
        """Take back a good row: what it kept turned out to be no answer."""
        asked = answer.request
        self.note(
            Row(
                source=asked.source,
                url=asked.url,
                params=dict(asked.params),
                expects=asked.expects,
                mark=asked.mark,
                time=now,
                status=HTTPStatus.OK,
                bytes=answer.bytes,
                sha256=answer.sha256,
                refused=why,
                is_spoilt=True,
            )
        )

    @contextmanager
    def incoming(self) -> Iterator[tuple[Path, BinaryIO]]:
        """Open a new file for bytes that are coming; it goes when the block ends, unless kept.

        The file is locked, so that the next process knows the leavings of a killed one.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        path = self.folder / f"{INCOMING}{secrets.token_hex(8)}"
        try:
            with path.open("x+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield path, file
        except OSError as error:
            error.filename = error.filename or str(path)
            raise
        finally:
            path.unlink(missing_ok=True)

    def keep(self, path: Path, digest: str) -> None:
        """Give incoming bytes their name, once they are on disk."""
        target = self.path(digest)
        target.parent.mkdir(exist_ok=True)
        sync(path)
        path.replace(target)
        sync(target.parent)
        sync(self.folder)

    def keep_small(self, data: bytes) -> str:
        """Keep bytes that fit in memory; give their hash."""
        digest = hashlib.sha256(data).hexdigest()
        with self.incoming() as (path, file):
            file.write(data)
            file.flush()
            self.keep(path, digest)
        return digest

    def note(self, row: Row) -> None:
        """Append a row, whole and on disk, or not at all."""
        line = (json.dumps(row.model_dump(mode="json"), sort_keys=True) + "\n").encode()
        self.ledger.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.ledger, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            end = self._mend(handle)
            written = 0
            try:
                written = os.write(handle, line)
                os.fsync(handle)
            finally:
                if written != len(line):
                    os.ftruncate(handle, end)
            if written != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.ledger))
        finally:
            os.close(handle)

    def _mend(self, handle: int) -> int:
        """Cut off a row that a crash left unfinished; give where the next one starts."""
        size = os.fstat(handle).st_size
        end = size
        while end and os.pread(handle, 1, end - 1) != b"\n":
            end -= 1
        if end != size:
            log.warning("%s: an unfinished last row was cut off", self.ledger)
            os.ftruncate(handle, end)
        return end

    def _read(self, start: int, line: int) -> Iterator[tuple[Row, int, int]]:
        """Read rows from a place on; give each with the place and the line where it ends."""
        if not self.ledger.is_file():
            return
        with self.ledger.open("rb") as file:
            file.seek(start)
            for number, text in enumerate(file, start=line + 1):
                if not text.endswith(b"\n"):
                    log.warning(
                        "%s: line %d was never finished and does not count", self.ledger, number
                    )
                    return
                yield self._row(text, number), file.tell(), number

    def _row(self, text: bytes, number: int) -> Row:
        try:
            return Row.model_validate_json(text)
        except ValidationError as error:
            what = "; ".join(f"{e['loc']}: {e['msg']}" for e in error.errors(include_input=False))
            raise SourceError(
                f"{self.ledger}: line {number} cannot be read ({what}); restore the file, or move "
                f"it and {self.folder} away to fetch everything again"
            ) from None

    def _sweep(self) -> None:
        """Remove what killed processes left half-written: old files that nobody has locked."""
        if self._swept:
            return
        self._swept = True
        for path in self.folder.glob(f"{INCOMING}*"):
            with suppress(OSError), path.open("rb") as file:
                if time.time() - path.stat().st_mtime < JUST_MADE:
                    continue
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)


def _identity(asked: Row | Request) -> str:
    """What makes two requests the same; what is expected too, since it was checked."""
    return json.dumps([asked.url, sorted(asked.params.items()), asked.expects])
