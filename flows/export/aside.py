"""Write a file or a folder aside and put it in place whole, or leave nothing."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.sources.raw import sync

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
LINKLESS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV, errno.EMLINK})
"""How a file system that has no hard links says so."""


class ExportError(Exception):
    """The file cannot be written, or not as asked."""


@contextmanager
def aside(out: Path, *, force: bool) -> Iterator[Path]:
    """Give a path to write at, beside `out`; afterwards it is at `out`, or nowhere.

    `force` replaces a file; a folder is never replaced.

    Raises:
        ExportError: `out` is there already, its folder is not, or the disk is full.

    """
    refuse(out, force=force)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise ExportError(f"cannot write in {out.parent}: {error.strerror}") from error
    try:
        part = folder / out.name
        yield part
        put(part, out, force=force)
    except Exception as error:
        if is_full(error):
            free = shutil.disk_usage(out.parent).free / 1e6
            raise ExportError(
                f"the disk is full: {out} was not written, and nothing of it is left; "
                f"{free:,.0f} MB are free. Free some space, or name another place"
            ) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse(out: Path, *, force: bool) -> None:
    """Refuse to write where something is, or where no folder is."""
    if not out.parent.is_dir():
        raise ExportError(f"{out.parent} is no folder; make it first, or name another")
    if out.is_dir():
        raise ExportError(f"{out} is there already, and a folder is never replaced; name another")
    if out.exists() and not out.is_file():
        raise ExportError(f"{out} is no file, and is never replaced; name another")
    if os.path.lexists(out) and not force:
        raise ExportError(f"{out} is there already; --force replaces it, or name another")


def put(part: Path, out: Path, *, force: bool) -> None:
    """Move what was written into place; without `force` never over what came meanwhile."""
    files = sorted(part.rglob("*")) if part.is_dir() else [part]
    for path in [*files, *([part] if part.is_dir() else [])]:
        sync(path)
    try:
        if part.is_dir():
            out.mkdir()
            part.rename(out)
        elif force:
            part.replace(out)
        else:
            link(part, out)
    except FileExistsError as error:
        raise ExportError(f"{out} came to be there meanwhile; it was left as it is") from error
    sync(out.parent)


def link(part: Path, out: Path) -> None:
    """Give a file its name, which must be free."""
    try:
        os.link(part, out)
    except OSError as error:
        if error.errno not in LINKLESS:
            raise
        with out.open("xb"):
            pass
        part.replace(out)


def is_full(error: BaseException | None) -> bool:
    """Whether the disk is full, whichever library found out."""
    if error is None:
        return False
    words = str(error).lower()
    said = "no space left" in words or "file too large" in words
    wrapped = [one for one in error.args if isinstance(one, BaseException)]
    return (
        getattr(error, "errno", None) in FULL
        or said
        or any(is_full(one) for one in (*wrapped, error.__cause__))
    )
