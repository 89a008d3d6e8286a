"""How quality went over the last snapshots: checks by outcome, rows, and the age of the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flows.gate.contract import BLOCKING
from flows.report.quality_words import a_day

SHOWN = 12
"""Snapshots shown, this one included."""

MEASURES = ("stopped", "warned", "silent", "passed", "rows", "stale", "oldest")
"""What is shown of each snapshot, each with a bar that is full at the greatest of all."""


def moment(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a manifest says of one snapshot; null where it does not say.

    `oldest` is the age in days of the source whose newest dated edition is the oldest.
    """
    counts = manifest.get("checks", {})
    as_of = a_day(manifest.get("as_of"))
    tables = manifest.get("tables")
    stale = manifest.get("inputs", {}).get("stale")
    return {
        "id": str(manifest.get("id", "")),
        "created": str(manifest.get("created", "")),
        "as_of": as_of,
        "stopped": sum(counts.get(name, 0) for name in BLOCKING) if counts else None,
        "warned": counts.get("warn"),
        "silent": counts.get("not_applicable"),
        "passed": counts.get("pass"),
        "rows": None if tables is None else _rows(tables),
        "stale": None if stale is None else len([name for name in stale.split(",") if name]),
        "oldest": _oldest(manifest.get("sources", ()), as_of),
    }


def _rows(tables: Sequence[Mapping[str, Any]]) -> int:
    """Rows of all tables but the gate's own; a view holds none of its own."""
    return sum(t["rows"] for t in tables if not t["name"].startswith(("view.", "quality.")))


def _oldest(sources: Sequence[Mapping[str, Any]], as_of: date | None) -> int | None:
    """`released` of a source of the manifest: the day of its newest dated edition."""
    days = [day for source in sources if (day := a_day(source.get("released")))]
    return (as_of - min(days)).days if days and as_of else None


def this_moment(
    *,
    snapshot_id: str,
    as_of: date,
    counts: Mapping[str, int],
    tables: Sequence[Mapping[str, Any]],
    sources: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Give the moment of the snapshot that the report is of, whose manifest is not yet written.

    A blocked run that is looked at later has neither rows nor sources: they are null.
    """
    counted = [{"name": t["table"], "rows": t["rows"]} for t in tables if t["rows"] is not None]
    stale = ",".join(source["id"] for source in sources if source["fresh"] is False)
    newest: dict[str, date] = {}
    for source in sources:
        if released := a_day(source["released"]):
            newest[source["id"]] = max(released, newest.get(source["id"], released))
    return moment(
        {
            "id": snapshot_id,
            "created": "",
            "as_of": as_of.isoformat(),
            "checks": counts,
            "tables": counted or None,
            "inputs": {"stale": stale if sources else None},
            "sources": [{"released": day.isoformat()} for day in newest.values()],
        }
    )


def trend(earlier: Sequence[Mapping[str, Any]], this: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Arrange the last moments, the newest first, with the share of a full bar for each measure.

    `earlier` are manifests of other snapshots, in any order; `this` is the report's own moment.
    """
    others = [moment(body) for body in earlier if body.get("id") != this["id"]]
    ordered = [this, *sorted(others, key=lambda one: (one["created"], one["id"]), reverse=True)]
    shown = ordered[:SHOWN]
    most = {name: max((one[name] or 0) for one in shown) for name in MEASURES}
    return [
        {
            **one,
            "is_this": place == 0,
            "bars": {n: (one[n] or 0) / most[n] if most[n] else 0 for n in MEASURES},
            "change": _change(one["rows"], before["rows"] if before else None),
        }
        for place, (one, before) in enumerate(zip(shown, [*ordered[1:], None], strict=False))
    ]


def _change(rows: int | None, before: int | None) -> str:
    """How rows moved since the snapshot before; nothing where there is none to compare with."""
    if rows is None or before is None:
        return ""
    return "as before" if rows == before else f"{rows - before:+,}".replace("-", "\u2212")
