"""Read zip and gzip that nobody vouches for.

Nothing is ever unpacked to disk and no name in an archive is ever a path: a name is a label by
which a member is asked for. Sizes are believed only after they were counted.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flows.sources.door.limits import Limits, Meter
from flows.sources.door.refusals import CutShortError, DamagedError, NotPromisedError
from flows.sources.door.zips import safe_members

PIECE = 1 << 20
"""Bytes read and handed on at a time."""

Pieces = Generator[bytes, None, None]


@dataclass(frozen=True)
class Member:
    """A member of a zip: its name as a label, and its size as the directory states it."""

    name: str
    bytes: int


def members(path: Path, limits: Limits, label: str = "") -> list[Member]:
    """List the members of a zip, once all of them are safe to read. Folders are left out.

    `label` is what errors call the file; empty means its name.

    Raises:
        CutShortError: the central directory is not there.
        DamagedError: the central directory contradicts itself or the file.
        NotPromisedError: it is no zip.
        TooLargeError: it has, or claims, more than the limits allow.
        UnsafeArchiveError: a member is there to mislead; the message names it.

    """
    return [Member(i.filename, i.file_size) for i in safe_members(path, limits, label or path.name)]


def open_member(path: Path, name: str, limits: Limits, label: str = "") -> BinaryIO:
    """Open a member of a zip to be read once, from its start to its end.

    The reader raises as soon as more comes than the limits allow, and at the end where size or
    CRC are not what the directory states: bytes count only when the end was reached.

    Raises:
        NotPromisedError: there is no such member; the message names those that are.
        UnsafeArchiveError: see `members`.

    """
    label = label or path.name
    infos = {info.filename: info for info in safe_members(path, limits, label)}
    if name not in infos:
        raise NotPromisedError(f"{label} has no member {name}; it has {', '.join(infos)}")
    return io.BufferedReader(_Pieces(_member_pieces(path, infos[name], limits, label)), PIECE)


def open_gzip(path: Path, limits: Limits, label: str = "") -> BinaryIO:
    """Open a gzip file to be read once, from its start to its end.

    The reader raises as `open_member`'s does; it checks the CRC of each part of the file.
    """
    return io.BufferedReader(_Pieces(gzip_pieces(path, limits, label)), PIECE)


def gzip_pieces(path: Path, limits: Limits, label: str = "") -> Pieces:
    """Unpack a gzip file, piece by piece.

    Raises:
        CutShortError: it ends too early.
        DamagedError: its CRC is wrong, or something else follows it.
        TooLargeError: it unpacks to more than the limits allow.

    """
    unpack = Gunzip(limits, label or path.name)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield from unpack.feed(piece)
    unpack.finish()


class Gunzip:
    """Unpacks gzip as it comes, counting."""

    def __init__(self, limits: Limits, label: str) -> None:
        self.meter = Meter(limits, label)
        self.label = label
        self._packed = 0
        self._part = zlib.decompressobj(wbits=31)
        self._parts = 0
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what these packed bytes unpack to."""
        self._packed += len(data)
        while data:
            if not self._begun and self._parts:
                # Some writers fill the last block with zeros.
                data = data.lstrip(b"\0")
                if not data:
                    return
            self._begun = True
            yield from self._unpack(data)
            data = self._part.unused_data
            if self._part.eof:
                self._parts += 1
                self._part = zlib.decompressobj(wbits=31)
                self._begun = False

    def _unpack(self, data: bytes) -> Iterator[bytes]:
        while data and not self._part.eof:
            try:
                out = self._part.decompress(data, PIECE)
            except zlib.error as error:
                raise DamagedError(f"{self.label} is damaged ({error}); fetch it again") from None
            self.meter.count(len(out), self._packed)
            if out:
                yield out
            data = self._part.unconsumed_tail

    def finish(self) -> None:
        """Say that nothing follows.

        Raises:
            CutShortError: something should.

        """
        if self._begun or not self._parts:
            raise CutShortError(f"{self.label} ends before its gzip stream does; fetch it again")


class _Pieces(io.RawIOBase):
    """Reads what an iterator gives."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._pieces.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _member_pieces(path: Path, info: zipfile.ZipInfo, limits: Limits, label: str) -> Pieces:
    label = f"{label}: {info.filename}"
    meter = Meter(limits, label)
    try:
        with zipfile.ZipFile(path) as archive, archive.open(info) as file:
            while piece := file.read(PIECE):
                meter.count(len(piece), info.compress_size)
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DamagedError(f"{label} is damaged ({error}); fetch it again") from None
    if meter.out != info.file_size:
        raise DamagedError(
            f"{label} holds {meter.out:,} bytes where the directory says {info.file_size:,}; "
            "fetch it again"
        )
