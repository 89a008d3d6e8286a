"""What the figures cannot tell, what was checked, whose data they are and how they are made."""

from __future__ import annotations

from typing import Any

from flows.report.reading import Snapshot

BADGES = {
    "A": "Confidence of 0.85 or more: trade is allocated and weighed, and its codes are clean.",
    "B": "0.70 or more.",
    "C": "0.50 or more, or more than a tenth of the trade is allocated to no country.",
    "D": "Below 0.50: weights are missing, or the codes are proxies.",
    "none": "There is no number; its reason stands in its place.",
}
"""Badge -> what it says."""


def limits(snapshot: Snapshot) -> dict[str, Any]:
    """Give the limits by source (trade first), the checks, the methods, and the words used."""
    sources = snapshot.rows(SOURCES) if snapshot.has("meta.source", "mart.trade") else []
    here = {row["source"] for row in snapshot.editions.values()}
    return {
        "trade": [row for row in sources if row["is_trade"]],
        "others": [row for row in sources if not row["is_trade"] and row["source"] in here],
        "editions": snapshot.editions,
        "checks": snapshot.rows(CHECKS) if snapshot.has("quality.check") else [],
        "warnings": snapshot.rows(WARNINGS) if snapshot.has("quality.check") else [],
        "rejected": snapshot.rows(REJECTED) if snapshot.has("quality.rejected_row") else [],
        "methods": methods(snapshot),
        "badges": BADGES,
        "bases": snapshot.all_of("ref.basis", "basis"),
        "reasons": snapshot.all_of("ref.reason", "reason"),
        "flags": snapshot.all_of("ref.flag", "flag"),
    }


def methods(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Each index: what it is, its formula and whose, and what its figures mean."""
    found = []
    for table, columns in snapshot.dictionary.items():
        if not table.startswith("indices."):
            continue
        first = columns[0]
        found.append(
            {
                "table": table,
                "meaning": first["table_meaning"],
                "formula": first["formula"],
                "citation": first["citation"],
                "figures": [c for c in columns if c["unit"] and not c["in_grain"]],
            }
        )
    return found


SOURCES = """
SELECT s.*, s.source IN (SELECT DISTINCT source FROM mart.trade) AS is_trade
FROM meta.source AS s
ORDER BY is_trade DESC, s.source
"""
CHECKS = """
SELECT outcome, count(*) AS checks FROM quality.check GROUP BY outcome ORDER BY checks DESC, outcome
"""
WARNINGS = """
SELECT "table", "check", outcome, why, message, unexpected_count
FROM quality.check
WHERE outcome NOT IN ('pass', 'not_applicable')
ORDER BY outcome, "table", "check"
"""
REJECTED = """
SELECT source, edition, rule, count(*) AS "rows", min(why) AS why
FROM quality.rejected_row
GROUP BY source, edition, rule
ORDER BY source, edition, rule
"""
