"""What changed since the last snapshot, what comes next, and what is worth an alarm now."""

from __future__ import annotations

from typing import Any

from flows.report.policy import coming
from flows.report.reading import Snapshot

MOST_ALERTS = 60
"""Alerts shown; the table has them all."""


def since(snapshot: Snapshot, changes: str | None) -> dict[str, Any]:
    """Give the parts of the page; `changes` is the text of the snapshot's changes.md."""
    alerts = None
    if snapshot.has("view.alerts"):
        alerts = [
            row
            for row in snapshot.all_of("view.alerts")
            if row["importer_iso3"] is None or row["importer_iso3"] in snapshot.importers
        ]
        order = ["critical", "high", "medium", "low"]
        alerts.sort(key=lambda row: (order.index(row["severity"]), -row["since_year"]))
    return {
        "blocks": blocks(changes or ""),
        "movement": [
            row
            for row in snapshot.all_of("quality.movement")
            if row["moved"] or row["appeared"] or row["vanished"]
        ],
        "has_movement": snapshot.has("quality.movement"),
        "coming": coming(snapshot),
        "alerts": alerts,
        "most_alerts": MOST_ALERTS,
    }


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


def split(line: str) -> list[str]:
    """Cells of a line of a Markdown table; a bar after a backslash is part of its cell."""
    inner = line.strip().strip("|").replace("\\|", "\0")
    return [cell.replace("\0", "|") for cell in inner.split("|")]
