"""Hold the rows of each measure against each other: a measure said twice must be said alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import cast

from flows.sources.contract import SourceError
from flows.sources.policy_measures.user import Record

GOODS = ("material", "mineral", "hs_revision", "hs6", "code_evidence")
SUSPENSION = (
    "suspended_from",
    "suspended_until",
    "suspension_evidence",
    "suspension_citation",
)
"""What may differ between the rows of a measure; all else is the measure's own."""
HS6 = re.compile(r"\d{6}")


def check_measures(path: Path, records: Sequence[Record]) -> None:
    """Refuse measures whose rows contradict each other, or whose days cannot be.

    Raises:
        SourceError: naming the measure and what is wrong.

    """
    measures: dict[object, list[Record]] = {}
    for one in records:
        check_code(path, one)
        measures.setdefault(one.get("measure"), []).append(one)
    for measure, rows in measures.items():
        where = f"{path}: measure {measure}"
        check_alike(where, rows)
        check_days(where, rows[0])
        check_suspensions(where, rows)


def check_code(path: Path, one: Record) -> None:
    """Refuse a code that is not six digits, or stands without its revision."""
    hs6, revision = cast("str | None", one.get("hs6")), one.get("hs_revision")
    where = f"{path}: measure {one.get('measure')}"
    if hs6 is not None and not HS6.fullmatch(hs6):
        raise SourceError(f"{where}: hs6 {hs6!r} is not six digits; keep codes as text")
    if (hs6 is None) != (revision is None):
        raise SourceError(f"{where}: hs6 {hs6} with hs_revision {revision}; give both or neither")


def check_alike(where: str, rows: Sequence[Record]) -> None:
    """Refuse two rows of one id that say different things of the measure."""
    first = rows[0]
    for other in rows[1:]:
        for name in first.keys() - {*GOODS, *SUSPENSION}:
            if first[name] != other[name]:
                raise SourceError(
                    f"{where}: {name} is both {first[name]!r} and {other[name]!r}; "
                    "an id stands for one measure"
                )


def check_days(where: str, one: Record) -> None:
    """Refuse days out of order."""
    for earlier, later in (("announced", "effective"), ("effective", "expires")):
        if out_of_order(one, earlier, later):
            raise SourceError(f"{where}: {later} {one[later]} is before {earlier} {one[earlier]}")


def check_suspensions(where: str, rows: Sequence[Record]) -> None:
    """Refuse suspensions that end early, overlap, or do not hold for all goods of the measure."""
    by_goods: dict[object, set[object]] = {}
    spans: dict[object, Record] = {}
    for one in rows:
        suspension = picked(one, SUSPENSION)
        by_goods.setdefault(picked(one, GOODS), set()).add(suspension)
        if any(suspension):
            spans[suspension] = one
    if len({frozenset(found) for found in by_goods.values()}) > 1:
        raise SourceError(
            f"{where}: its goods have different suspensions; give each of them on a row with each "
            "of the goods, or make two measures"
        )
    for one in spans.values():
        if one["suspended_from"] is None or out_of_order(one, "suspended_from", "suspended_until"):
            raise SourceError(
                f"{where}: suspended until {one['suspended_until']}, "
                f"from {one['suspended_from']}; it must begin, and begin first"
            )
        if out_of_order(one, "effective", "suspended_until") or (
            out_of_order(one, "suspended_from", "expires")
        ):
            raise SourceError(
                f"{where}: suspended from {one['suspended_from']} until {one['suspended_until']}, "
                f"but it holds from {one['effective']} to {one['expires']} only"
            )
    check_overlap(where, list(spans.values()))


def check_overlap(where: str, suspended: Sequence[Record]) -> None:
    """Refuse two suspensions that share a day."""
    for one, other in pairwise(sorted(suspended, key=beginning)):
        end = cast("date | None", one["suspended_until"])
        if end is None or beginning(other) <= end:
            raise SourceError(
                f"{where}: suspended from {beginning(one)} until {end}, and from "
                f"{beginning(other)}: they overlap; make them one"
            )


def picked(one: Record, names: Sequence[str]) -> tuple[object, ...]:
    """Some fields of a record."""
    return tuple(one.get(name) for name in names)


def beginning(one: Record) -> date:
    """First day of a record's suspension."""
    return cast("date", one["suspended_from"])


def out_of_order(one: Mapping[str, object], earlier: str, later: str) -> bool:
    """Tell whether two days, both known, are out of order."""
    a, b = cast("date | None", one.get(earlier)), cast("date | None", one.get(later))
    return a is not None and b is not None and b < a
