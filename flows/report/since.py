"""What changed since the last snapshot, what comes next, and what is worth an alarm now."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from flows.report.policy import coming
from flows.report.reading import Row, Snapshot

MOST_ALERTS = 20
"""Alerts of a rule that are shown; the table has them all."""
SEVERITIES = ("critical", "high", "medium", "low")


def since(snapshot: Snapshot, changes: str | None) -> dict[str, Any]:
    """Give the parts of the page; `changes` is the text of the snapshot's changes.md."""
    told = blocks(changes or "")
    return {
        "lead": [block["text"] for block in told if block["kind"] == "text"],
        "tables": titled(told),
        "movement": [
            row
            for row in snapshot.all_of("quality.movement")
            if row["moved"] or row["appeared"] or row["vanished"]
        ],
        "coming": coming(snapshot),
        "alerts": alerts(snapshot),
        "most_alerts": MOST_ALERTS,
    }


def alerts(snapshot: Snapshot) -> list[dict[str, Any]] | None:
    """Rules that are crossed for the importers of the report, the most severe first.

    Each with its rows, the newest crossing first, and how many began in the newest year; null
    where the snapshot has no alerts.
    """
    if not snapshot.has("view.alerts"):
        return None
    rules = {row["rule"]: row for row in snapshot.all_of("ref.alert_rule")}
    found: dict[str, dict[str, Any]] = {}
    for row in snapshot.all_of("view.alerts"):
        if row["importer_iso3"] and row["importer_iso3"] not in snapshot.importers:
            continue
        declared = rules.get(row["rule"], {})
        rule = found.setdefault(row["rule"], {**row, "unit": declared.get("unit"), "rows": []})
        rule["rows"].append(row | {"ends": is_ending(row, declared.get("comparison"))})
    for rule in found.values():
        rule["rows"].sort(key=lambda row: (-row["since_year"], -abs(row["value"] or 0)))
        rule["newest"] = max(row["year"] for row in rule["rows"])
        rule["fresh"] = sum(row["since_year"] == rule["newest"] for row in rule["rows"])
    return sorted(found.values(), key=lambda one: (SEVERITIES.index(one["severity"]), one["rule"]))


def is_ending(row: Row, comparison: str | None) -> bool:
    """Whether the newest value no longer compares so: the alert ends where that persists."""
    holds = STILL.get(comparison or "")
    if holds is None or row["value"] is None:
        return False
    return not holds(row["value"], row["off_at"])


STILL: Mapping[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
"""Comparison of a rule -> whether a value still compares so."""


def blocks(markdown: str) -> list[dict[str, Any]]:
    """Read our own Markdown of changes: headings, paragraphs and tables, all of it as text."""
    found: list[dict[str, Any]] = []
    for line in markdown.splitlines():
        if line.startswith("#"):
            found.append({"kind": "heading", "text": line.lstrip("# ")})
        elif line.startswith("|"):
            cells = [cell.replace("\\|", "|").strip() for cell in split(line)]
            if found and found[-1]["kind"] == "table":
                found[-1]["rows"].append(cells)
            else:
                found.append({"kind": "table", "head": cells, "rows": []})
        elif line.strip():
            found.append({"kind": "text", "text": line.strip()})
    for block in found:
        if block["kind"] == "table":
            block["rows"] = [row for row in block["rows"] if set("".join(row)) != {"-"}]
    # The page has a title of its own.
    return [block for place, block in enumerate(found) if place or block["kind"] != "heading"]


def titled(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tables, each with the heading that it stands under."""
    found, title = [], ""
    for block in told:
        if block["kind"] == "heading":
            title = block["text"]
        elif block["kind"] == "table":
            found.append(block | {"title": title})
    return found


def split(line: str) -> list[str]:
    """Cells of a line of a Markdown table; a bar after a backslash is part of its cell."""
    inner = line.strip().strip("|").replace("\\|", "\0")
    return [cell.replace("\0", "|") for cell in inner.split("|")]
