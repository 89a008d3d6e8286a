"""Verify a copy of the article against the claims that ship with the project."""

from __future__ import annotations

from pathlib import Path

from flows.claims.anchors import verify_anchors
from flows.sources.contract import Raw, read_source, stage_function


def verify_copy(path: Path) -> str:
    """Check every claim's anchor in a copy of the article; say what was found.

    Raises:
        AnchorError: the copy cannot be read, or an anchor differs: the first of them.
        SourceError: the claims themselves are not what `source.yml` promises.

    """
    source = read_source("article")
    edition = source.editions[-1]
    folder = source.folder / "bundled"
    raw = Raw(source.id, edition.id, folder, tuple(folder / name for name in edition.bundled))
    report = verify_anchors(stage_function(source.id)(raw, edition).collect(), path)
    held = f"{report.checked} of {report.checked} anchors stand where the claims say"
    if report.same_file:
        return f"{path}: {held}; the file is the source, byte for byte"
    return (
        f"{path}: {held}, but {report.difference}\n"
        f"  SHA-256 of the file    {report.sha256}\n"
        f"  SHA-256 of the source  {report.source_sha256}"
    )
