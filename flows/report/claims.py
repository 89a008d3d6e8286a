"""The article's claims, each with the verdict that the data give, or why they give none."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

from flows.indices.formulas.claim_asked import WORLD
from flows.report.numbers import cited
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
FOLDED = ("not_checkable", "opinion")
"""Verdicts of claims that no figure decides: there for whoever looks, folded away."""
TOLD = ("primary_share", "range_low_share", "range_high_share", "nearest_share")
TOLD_STATED = ("stated_share", "stated_low_share", "stated_high_share")
FIGURE = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)(?= percent| to |\))")
ABSENT = "not in this snapshot"


def claims(snapshot: Snapshot) -> dict[str, Any]:
    """Give all claims with their verdicts, what they add up to, and whether there are verdicts."""
    verdicts = {r["claim_id"]: r for r in snapshot.all_of("indices.claim_verdict", "claim_id")}
    rows = [card(snapshot, row, verdicts) for row in snapshot.all_of("mart.claim", "claim_id")]
    order = list(VERDICTS)
    places = {row["claim_id"]: row["place"] for row in snapshot.headlines}
    last = len(rows)
    # What the brief shows comes first, as it does there; then the others by verdict.
    rows.sort(
        key=lambda row: (
            row["verdict"] in FOLDED,
            places.get(row["id"], last),
            order.index(row["verdict"]) if row["verdict"] in order else -1,
        )
    )
    counts = {
        one: sum(row["verdict"] == one for row in rows)
        for one in [*VERDICTS, *sorted({row["verdict"] for row in rows} - VERDICTS.keys())]
    }
    return {
        "rows": rows,
        "groups": [
            (verdict, found)
            for verdict in ("", *FOLDED)
            if (found := [row for row in rows if folded(row["verdict"]) == verdict])
        ],
        "counts": {one: count for one, count in counts.items() if count},
        "meanings": VERDICTS,
        "has_verdicts": bool(verdicts),
    }


def folded(verdict: str) -> str:
    """The fold that a claim is in; empty where it is in none."""
    return verdict if verdict in FOLDED else ""


def card(snapshot: Snapshot, row: Row, verdicts: dict[str, Row]) -> dict[str, Any]:
    """One claim as its card shows it."""
    told = verdicts.get(row["claim_id"])
    mineral = snapshot.minerals.get(row["mineral"] or "", {})
    return {
        "id": row["claim_id"],
        "row": row,
        "told": told,
        "verdict": told["verdict"] if told else ABSENT,
        "why": linked(told["why"], told) if told else "",
        "edition": edition(told) if told else None,
        # Where the why names it already, it need not be said twice.
        "needs": told["needs"] if told and (told["needs"] or "") not in told["why"] else None,
        "subject": named(snapshot, row["subject"]),
        "counterpart": named(snapshot, row["counterpart"]),
        "mineral": mineral.get("name") or (row["mineral"] or "").replace("_", " "),
        "has_page": row["mineral"] in snapshot.minerals,
        "stated": stated(row),
    }


def edition(told: Row) -> str | None:
    """Source and edition of the number that decided, as its citation names them."""
    parts = (told.get("primary_source"), told.get("primary_edition"))
    return f"{parts[0]} {parts[1]}" if all(parts) else None


def linked(why: str, told: Row) -> Markup:
    """The reasons of a verdict, with the shares in it that the verdict's row holds as citations."""
    known: dict[str, str] = {}
    for column in (*TOLD, *TOLD_STATED):
        if (share := told.get(column)) is not None:
            # In the prose the figures of the data have one decimal, what a claim states its own.
            forms = [f"{share * 100:.1f}", f"{share * 100:.2f}", f"{share * 100:g}"]
            for form in forms if column in TOLD_STATED else forms[:1]:
                known.setdefault(form, column)
    parts, last = [], 0
    for found in FIGURE.finditer(why):
        if column := known.get(found[0], ""):
            parts += [escape(why[last : found.start()]), cited(found[0], f"cv.{column}")]
            last = found.end()
    return Markup("").join([*parts, escape(why[last:])])


def named(snapshot: Snapshot, codes: str | None) -> str:
    """One economy or several, in words."""
    found = [code for code in (codes or "").split(";") if code]
    return ", ".join("the world" if one == WORLD else snapshot.economy(one) for one in found)


def stated(row: Row) -> str:
    """The share or the word that a claim states; other figures stand in its own words already."""
    if row["unit"] == "percent" and row["value"] is not None:
        return f"{row['value']:g} percent"
    return row["qualifier"] or ""
