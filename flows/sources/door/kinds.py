"""Whether an answer is what was promised, by its bytes and not by what its host calls it.

What cannot be seen here: a CSV or a page that was cut exactly at the end of a line, by a host that
claims the shorter length or none. Its rows are counted when it is staged.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flows.sources.connect import Kind
from flows.sources.door import archives
from flows.sources.door.limits import Limits
from flows.sources.door.parse import BOM, unparsed
from flows.sources.door.refusals import CutShortError, NotPromisedError

HEAD = 4096
SMALL = 16_000_000
"""Bytes up to which a document is parsed, or an archive unpacked, whole."""
IT = "the answer"
PAGE = re.compile(rb"<(!doctype html|html|head|body|title)\b", re.IGNORECASE)
STARTS: dict[Kind, re.Pattern[bytes]] = {
    "zip": re.compile(rb"PK"),
    "xlsx": re.compile(rb"PK"),
    "gzip": re.compile(rb"\x1f\x8b"),
    "json": re.compile(rb"[{\[]"),
    "csv": re.compile(rb"[^{<]"),
    "html": re.compile(rb"(?s).*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE),
}
TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
WORDS = 160


@dataclass(frozen=True)
class Body:
    """Bytes to look at."""

    path: Path
    head: bytes
    limits: Limits
    is_measured: bool
    """Whether the host stated where they end."""

    @property
    def start(self) -> bytes:
        """The first bytes that say something."""
        return self.head.removeprefix(BOM).lstrip()


def check(path: Path, kind: Kind, limits: Limits, *, is_measured: bool) -> None:
    """Refuse bytes that are not of a kind, whole.

    `is_measured` says whether the host stated where the answer ends.

    Raises:
        CutShortError: they end before their end.
        RefusalError: see `flows/sources/door/refusals.py` for its other kinds.

    """
    with path.open("rb") as file:
        body = Body(path, file.read(HEAD), limits, is_measured)
    if not body.start:
        raise CutShortError("the answer is empty; run again, and see the source's own page")
    if kind != "html" and PAGE.match(body.start):
        raise NotPromisedError(f"a web page in place of {kind}; it says {_said(body.head)!r}")
    if not STARTS[kind].match(body.start):
        raise NotPromisedError(f"no {kind}; it starts with {_said(body.head)!r}")
    CHECKS[kind](body)


def _zip(body: Body) -> None:
    """Read the directory; unpack all of it where that is little."""
    found = archives.members(body.path, body.limits, IT)
    if sum(member.bytes for member in found) > SMALL:
        return
    for member in found:
        with archives.open_member(body.path, member.name, body.limits, IT) as file:
            while file.read(archives.PIECE):
                pass


def _xlsx(body: Body) -> None:
    _zip(body)
    names = {member.name for member in archives.members(body.path, body.limits, IT)}
    if lacking := {"[Content_Types].xml", "xl/workbook.xml"} - names:
        raise NotPromisedError(f"a zip, but no workbook: it lacks {', '.join(sorted(lacking))}")


def _gzip(body: Body) -> None:
    """Unpack it all, which is what its CRC is for."""
    for _ in archives.gzip_pieces(body.path, body.limits, IT):
        pass


def _json(body: Body) -> None:
    """Parse it; a very long one is only held against the brackets that it opens."""
    if body.path.stat().st_size > SMALL:
        _refuse_open(body.path)
        return
    problem = unparsed(body.path.read_bytes())
    if problem:
        # A document cut anywhere has a bracket open; one that closes them all is merely wrong.
        _refuse_open(body.path)
        raise NotPromisedError(f"no JSON ({problem})")


def _refuse_open(path: Path) -> None:
    with _mapped(path) as data:
        bare = TEXTS.sub(b"", data)
    # A quote that is left opens a text that never ends.
    is_closed = bare.rstrip()[-1:] in {b"}", b"]"} and b'"' not in bare
    if not is_closed or any(bare.count(a) > bare.count(b) for a, b in (b"{}", b"[]")):
        raise CutShortError("the JSON ends with a bracket open; run again")


def _csv(body: Body) -> None:
    """Look for what no CSV has, and for a last line that is whole."""
    with _mapped(body.path) as data:
        if data.find(b"\0") >= 0:
            raise NotPromisedError("no CSV in UTF-8 or cp1252: it holds NUL bytes")
        if data[-1:] == b"\n":
            return
        last = data[data.rfind(b"\n") + 1 :]
    first = body.head.split(b"\n", 1)[0]
    separator = max(b",", b";", b"\t", b"|", key=first.count)
    if not (body.is_measured and last.count(separator) >= first.count(separator)):
        raise CutShortError(f"the CSV ends in the middle of a line ({_said(last)!r}); run again")


def _html(body: Body) -> None:
    with body.path.open("rb") as file:
        file.seek(max(0, body.path.stat().st_size - HEAD))
        is_ended = b"</html" in file.read().lower()
    if not (body.is_measured or is_ended):
        raise CutShortError("the page ends before its end; run again")


CHECKS: dict[Kind, Callable[[Body], None]] = {
    "zip": _zip,
    "xlsx": _xlsx,
    "gzip": _gzip,
    "json": _json,
    "csv": _csv,
    "html": _html,
}


def _mapped(path: Path) -> mmap.mmap:
    """Give a file's bytes without reading them into memory."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _said(data: bytes) -> str:
    """The title of a page, or its first words."""
    title = TITLE.search(data)
    text = title.group(1) if title else re.sub(rb"<[^>]*>", b" ", data)
    words = " ".join((text.strip() or data).decode("utf-8", "replace").split())
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words[:WORDS]
    )
