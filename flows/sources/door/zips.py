"""Whether a zip may be read at all: its directory and each member's own header, before any data.

The standard library reads what the directory says. A file can be made so that another reader, or
the same one a moment later, reads something else; what is ambiguous is refused here.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import unicodedata
import zipfile
from pathlib import Path
from typing import BinaryIO

from flows.sources.door.limits import Limits, Meter
from flows.sources.door.refusals import (
    CutShortError,
    DamagedError,
    NotPromisedError,
    TooLargeError,
    UnsafeArchiveError,
)

NAME_BYTES = 2048
"""Bytes of the directory that a member may take, on average."""
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ENCRYPTED = 0x1 | 0x40 | 0x2000
ENDS_LATER = 0x8
"""Flag of a member whose sizes follow its data."""
UTF_8 = 0x800
"""Flag of a member whose name is not in cp437."""
ELSEWHERE = 0xFFFFFFFF
"""A size that stands in the zip64 part."""
MANY = 0xFFFF
"""A number of members that does."""
LOCAL = struct.Struct("<4s2xHH8xIIHH")
"""A member's header: signature, flags, method, packed, unpacked, name and extra bytes."""
END = struct.Struct("<4s6xHIIH")
"""The end of the directory: signature, members, its size and start, bytes of comment."""
END_64 = struct.Struct("<4s28xQQQ")
"""The same of a large zip: signature, members, size and start."""
LOCATOR_64 = struct.Struct("<4s4xQ4x")
COMMENT = 0xFFFF


def safe_members(path: Path, limits: Limits, label: str) -> list[zipfile.ZipInfo]:
    """List the members of a zip, without folders, once all of them are safe to read.

    Raises:
        RefusalError: see `archives.members`.

    """
    count, start, size = _directory(path, label)
    if size > limits.most_members * NAME_BYTES:
        raise TooLargeError(f"{label} has a directory of {size:,} bytes; {_more_members()}")
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            infos = archive.infolist()
            if len(infos) != count:
                raise DamagedError(
                    f"{label} lists {len(infos):,} members and claims {count:,}; fetch it again"
                )
            _refuse_many(label, infos, limits)
            for info in infos:
                _refuse_unsafe(label, info)
            _refuse_twins(label, infos)
            _refuse_overlaps(label, file, infos, start)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError) as error:
        raise DamagedError(f"{label} is a damaged zip ({error}); fetch it again") from None
    return [info for info in infos if not info.is_dir()]


def _refuse_many(label: str, infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Hold what the directory claims against the limits; what comes is counted again."""
    if len(infos) > limits.most_members:
        raise TooLargeError(f"{label} has {len(infos):,} members; {_more_members()}")
    meter = Meter(limits, label)
    meter.count(sum(i.file_size for i in infos), sum(i.compress_size for i in infos))


def _more_members() -> str:
    return "if it should, raise most_members in source.yml"


def _directory(path: Path, label: str) -> tuple[int, int, int]:
    """Members, start and size of the directory, before anything reads it into memory."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\3\4":
            raise NotPromisedError(f"{label} does not start as a zip with members does")
        length = file.seek(0, io.SEEK_END)
        file.seek(max(0, length - END.size - COMMENT))
        tail = file.read()
        at = tail.rfind(b"PK\5\6")
        if at < 0 or len(tail) - at < END.size:
            raise CutShortError(f"{label} ends before its directory does; fetch it again")
        _, count, size, start, comment = END.unpack_from(tail, at)
        end = length - len(tail) + at
        if end + END.size + comment != length:
            raise DamagedError(f"{label} does not end where its directory does")
        if ELSEWHERE in {size, start} or count == MANY:
            end, count, size, start = _directory_64(label, file, tail[:at], length)
    if start + size != end:
        raise DamagedError(f"{label}: its directory is not where the file says")
    return count, start, size


def _directory_64(
    label: str, file: BinaryIO, before: bytes, length: int
) -> tuple[int, int, int, int]:
    """End, members, size and start of the directory of a large zip."""
    lost = DamagedError(f"{label} claims a zip64 directory that is not there")
    if len(before) < LOCATOR_64.size:
        raise lost
    signature, record = LOCATOR_64.unpack(before[-LOCATOR_64.size :])
    if signature != b"PK\6\7" or record > length:
        raise lost
    file.seek(record)
    body = file.read(END_64.size)
    if len(body) != END_64.size or body[:4] != b"PK\6\6":
        raise lost
    _, count, size, start = END_64.unpack(body)
    return record, count, size, start


def _refuse_unsafe(label: str, info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    reasons: dict[str, bool] = {
        "has a letter in its name that cannot be printed": not name.isprintable(),
        "has no name": not name.strip("/ "),
        "has a backslash in its name": "\\" in name,
        "has an absolute path for a name": name.startswith("/"),
        "has a drive for a name": bool(re.match(r"[A-Za-z]:", name)),
        "leads out of its folder": ".." in name.split("/"),
        "is a link or a device": kind not in {0, stat.S_IFREG, stat.S_IFDIR},
        "is encrypted": bool(info.flag_bits & ENCRYPTED),
        f"is packed by method {info.compress_type}": info.compress_type not in METHODS,
        "is a folder with content": info.is_dir() and info.file_size > 0,
    }
    for reason, holds in reasons.items():
        if holds:
            raise UnsafeArchiveError(f"{label}: member {name!r} {reason}; nothing of it is read")


def _refuse_twins(label: str, infos: list[zipfile.ZipInfo]) -> None:
    seen: dict[str, str] = {}
    for info in infos:
        name = unicodedata.normalize("NFKC", info.filename).casefold().rstrip("/")
        if name in seen:
            raise UnsafeArchiveError(
                f"{label}: members {seen[name]!r} and {info.filename!r} are of one name; "
                "nothing of it is read"
            )
        seen[name] = info.filename


def _refuse_overlaps(
    label: str, file: BinaryIO, infos: list[zipfile.ZipInfo], directory: int
) -> None:
    """Each member's own header must agree with the directory, and no two share a byte."""
    end, before = 0, ""
    for info in sorted(infos, key=lambda info: info.header_offset):
        name = info.orig_filename
        if info.header_offset < end:
            raise UnsafeArchiveError(
                f"{label}: members {before!r} and {name!r} share their bytes; nothing of it is read"
            )
        end, before = info.header_offset + _local_bytes(label, file, info), name
    if end > directory:
        raise UnsafeArchiveError(
            f"{label}: member {before!r} reaches into the directory; nothing of it is read"
        )


def _local_bytes(label: str, file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Bytes that a member takes, by its own header and the directory's size."""
    file.seek(info.header_offset)
    header = file.read(LOCAL.size)
    if len(header) != LOCAL.size or header[:4] != b"PK\3\4":
        raise DamagedError(f"{label}: member {info.orig_filename!r} is not where it should be")
    _, flags, method, packed, unpacked, name_bytes, extra_bytes = LOCAL.unpack(header)
    name = file.read(name_bytes).decode("utf-8" if flags & UTF_8 else "cp437")
    is_open = bool(flags & ENDS_LATER) or ELSEWHERE in {packed, unpacked}
    sizes_agree = is_open or (packed, unpacked) == (info.compress_size, info.file_size)
    if (name, method) != (info.orig_filename, info.compress_type) or not sizes_agree:
        raise UnsafeArchiveError(
            f"{label}: member {info.orig_filename!r} says otherwise of itself than the directory; "
            "nothing of it is read"
        )
    taken: int = LOCAL.size + name_bytes + extra_bytes + info.compress_size
    return taken
