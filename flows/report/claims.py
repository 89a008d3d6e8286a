"""The article's claims, each with the verdict that the data give, or why they give none."""

from __future__ import annotations

from typing import Any

from flows.report.reading import Row, Snapshot

VERDICTS = {
    "supported": "The data show what the claim says.",
    "contradicted": "The data show something else in every reading.",
    "outdated": "It was so in earlier years, and no longer is.",
    "inconclusive": "Some readings support it, others do not.",
    "not_checkable": "The data that it would take are not here.",
    "opinion": "A judgement or a forecast; data do not decide it.",
}
"""Verdict -> what it means; in the order in which they are shown."""
ABSENT = "not in this snapshot"


def claims(snapshot: Snapshot) -> dict[str, Any]:
    """Give all claims with their verdicts, what they add up to, and whether there are verdicts."""
    verdicts = {r["claim_id"]: r for r in snapshot.all_of("indices.claim_verdict", "claim_id")}
    rows = [card(snapshot, row, verdicts) for row in snapshot.all_of("mart.claim", "claim_id")]
    order = list(VERDICTS)
    rows.sort(key=lambda row: order.index(row["verdict"]) if row["verdict"] in order else -1)
    counts = {
        one: sum(row["verdict"] == one for row in rows)
        for one in [*VERDICTS, *sorted({row["verdict"] for row in rows} - VERDICTS.keys())]
    }
    return {
        "rows": rows,
        "counts": {one: count for one, count in counts.items() if count},
        "meanings": VERDICTS,
        "has_verdicts": bool(verdicts),
    }


def card(snapshot: Snapshot, row: Row, verdicts: dict[str, Row]) -> dict[str, Any]:
    """One claim as its card shows it."""
    told = verdicts.get(row["claim_id"])
    mineral = snapshot.minerals.get(row["mineral"] or "", {})
    return {
        "id": row["claim_id"],
        "row": row,
        "told": told,
        "verdict": told["verdict"] if told else ABSENT,
        # Where the why names it already, it need not be said twice.
        "needs": told["needs"] if told and (told["needs"] or "") not in told["why"] else None,
        "subject": named(snapshot, row["subject"]),
        "counterpart": named(snapshot, row["counterpart"]),
        "mineral": mineral.get("name") or (row["mineral"] or "").replace("_", " "),
        "has_page": row["mineral"] in snapshot.minerals,
        "stated": stated(row),
    }


def named(snapshot: Snapshot, codes: str | None) -> str:
    """One economy or several, in words."""
    return ", ".join(snapshot.economy(code) for code in (codes or "").split(";") if code)


def stated(row: Row) -> str:
    """The share or the word that a claim states; other figures stand in its own words already."""
    if row["unit"] == "percent" and row["value"] is not None:
        return f"{row['value']:g} percent"
    return row["qualifier"] or ""
