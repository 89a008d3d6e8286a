"""BACI's zip: which members it must have, and their rows one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import polars as pl

from flows.sources.baci.rows import rows
from flows.sources.contract import IncompleteError, SourceError
from flows.sources.door import archives
from flows.sources.door.limits import Limits
from flows.sources.door.refusals import CutShortError, DamagedError, NotPromisedError

MEMBER = re.compile(r"BACI_(?P<revision>HS\d\d)_Y(?P<year>\d{4})_V(?P<version>\w+)\.csv")
BESIDE = re.compile(r"(country_codes|product_codes)\w*\.csv|readme\w*\.txt", re.IGNORECASE)
"""What lies beside the trade: lists of codes, and the readme."""
VINTAGE = re.compile(r"(?P<revision>HS\d\d)_V(?P<version>\d{6}[a-z]?)")
"""Revision and version, in an edition's id or the zip's name."""


class Yearly(NamedTuple):
    """One member with a year's trade."""

    revision: str
    version: str
    year: int
    name: str


def yearly(path: Path, vintage: str, limits: Limits, *, whole: bool = True) -> list[Yearly]:
    """List the members that hold trade, by year.

    `vintage` is the edition's id or the zip's name: all must have the revision and version that
    stand in it (`HS92_V202601`), or the same where none do. `whole` asks for every year between
    the first and the last.

    Raises:
        IncompleteError: a year is missing, or the zip is damaged.
        SourceError: a member is of another revision or version, doubled, or unknown.

    """
    with damage(path):
        names = [member.name for member in archives.members(path, limits)]
    found = sorted(filter(None, (recognised(name, path) for name in names)), key=lambda m: m.year)
    refuse_mixed(found, vintage, path)
    for one, other in pairwise(found):
        if one.year == other.year:
            raise SourceError(f"{path}: {one.name} and {other.name} are both of {one.year}")
        if whole and other.year != one.year + 1:
            raise IncompleteError(
                f"{path}: no member of the year {one.year + 1}, between {one.name} and "
                f"{other.name}; fetch it again"
            )
    return found


def recognised(name: str, path: Path) -> Yearly | None:
    """Read a member's name; null for what lies beside the trade."""
    base = PurePosixPath(name).name
    if match := MEMBER.fullmatch(base):
        return Yearly(match["revision"], match["version"], int(match["year"]), name)
    if BESIDE.fullmatch(base):
        return None
    raise SourceError(f"{path}: unknown member {name}; say in {Path(__file__).name} what it is")


def refuse_mixed(found: list[Yearly], vintage: str, path: Path) -> None:
    """Refuse a member of another revision or version."""
    if not found:
        return
    known = VINTAGE.search(vintage)
    expected = (known["revision"], known["version"]) if known else found[0][:2]
    for member in found:
        if member[:2] != expected:
            raise SourceError(
                f"{path}: member {member.name} is not of {expected[0]}, version {expected[1]}"
            )


def zip_rows(path: Path, member: Yearly, limits: Limits) -> Iterator[pl.DataFrame]:
    """Read one member as it unpacks; its size and CRC are checked at its end.

    Raises:
        IncompleteError: the zip is damaged.
        SourceError: a row is not BACI's.

    """
    with damage(path), archives.open_member(path, member.name, limits) as file:
        yield from rows(file, f"{path.name}:{member.name}", member.year)


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Say of a damaged zip which file it is."""
    try:
        yield
    except (CutShortError, DamagedError, NotPromisedError) as error:
        kind = SourceError if isinstance(error, NotPromisedError) else IncompleteError
        raise kind(f"{path}: damaged zip ({error}); fetch it again") from error
