"""Hold the anchors of the article's claims against a copy of the article."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

BOM = b"\xef\xbb\xbf"


class AnchorError(Exception):
    """A copy of the article does not hold an anchor where the claim says."""


@dataclass(frozen=True)
class AnchorReport:
    """What was verified: all anchors hold; `difference` is empty if the file is the source."""

    path: Path
    checked: int
    sha256: str
    source_sha256: str
    difference: str

    @property
    def same_file(self) -> bool:
        """Whether the file is the source, byte for byte."""
        return self.sha256 == self.source_sha256


def verify_anchors(claims: pl.DataFrame, path: Path) -> AnchorReport:
    """Check every anchor at its characters and at its bytes, in the order of the text.

    `claims` are rows of the staged article: claim_id, anchor, char_start, char_end, byte_start,
    byte_end, source_sha256, source_chars and source_bytes. A file that is not the source, but
    holds every anchor in its place, passes; the report says how it differs.

    Raises:
        AnchorError: the file cannot be read as UTF-8, there are no claims, or an anchor differs.

    """
    source = the_source(claims)
    data = read_bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    difference = describe_difference(data, source)
    text = decode(data, path, difference)
    rows = claims.sort("byte_start", "claim_id").to_dicts()
    for claim in rows:
        check_anchor(claim, text, data, f"{path}: {difference or 'the file is the source'}")
    return AnchorReport(path, len(rows), digest, str(source["source_sha256"]), difference)


def the_source(claims: pl.DataFrame) -> dict[str, Any]:
    """Give the hash and the lengths of the one source of all claims."""
    sources = claims.select("source_sha256", "source_chars", "source_bytes").unique()
    if sources.height != 1:
        raise AnchorError(f"claims of one article are needed; these are of {sources.height}")
    return sources.row(0, named=True)


def read_bytes(path: Path) -> bytes:
    """Read the file's bytes, unchanged."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise AnchorError(f"{path}: cannot be read ({error.strerror})") from error


def decode(data: bytes, path: Path, difference: str) -> str:
    """Read the bytes as UTF-8; a byte order mark stays a character."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AnchorError(
            f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8 ({difference})"
        ) from error


def describe_difference(data: bytes, source: Mapping[str, Any]) -> str:
    """Say how a file differs from the source as far as its bytes tell; empty if it does not."""
    if is_source(data, source):
        return ""
    plain = data.removeprefix(BOM).replace(b"\r\n", b"\n")
    ends_added = not is_source(plain, source) and is_source(plain.rstrip(b"\n"), source)
    marks = [
        name
        for name, found in (
            ("a byte order mark at its start", data.startswith(BOM)),
            ("CRLF line ends", b"\r\n" in data),
            ("line ends added at its end", ends_added),
        )
        if found
    ]
    if ends_added or is_source(plain, source):
        return f"the file is the source saved anew, with {' and '.join(marks)}; undo that"
    also = f", and has {' and '.join(marks)}" if marks else ""
    return (
        f"the file is not the source: {len(data)} bytes, the source has "
        f"{source['source_bytes']}, SHA-256 differs{also}"
    )


def is_source(data: bytes, source: Mapping[str, Any]) -> bool:
    """Whether these bytes are the source's."""
    digest: str = source["source_sha256"]
    return hashlib.sha256(data).hexdigest() == digest


def check_anchor(claim: Mapping[str, Any], text: str, data: bytes, where: str) -> None:
    """Compare one anchor with what stands at its characters and at its bytes."""
    anchor: str = claim["anchor"]
    in_text = text[claim["char_start"] : claim["char_end"]]
    in_data = data[claim["byte_start"] : claim["byte_end"]].decode("utf-8", "replace")
    for unit, start, end, found in (
        ("characters", claim["char_start"], claim["char_end"], in_text),
        ("bytes", claim["byte_start"], claim["byte_end"], in_data),
    ):
        if found != anchor:
            raise AnchorError(
                f"{claim['claim_id']}: expected {anchor!r} at {unit} {start} to {end}, "
                f"found {found!r}{stands_at(text, anchor)}. {where}"
            )


def stands_at(text: str, anchor: str) -> str:
    """Say where the anchor stands instead, if it does so once."""
    if text.count(anchor) != 1:
        return ""
    return f"; it stands at character {text.index(anchor)} instead"
