"""What the report's script reads: the charts and their figures, and what citations tell."""

from __future__ import annotations

import json
from typing import Any

from flows.report import charts, looks, numbers, series
from flows.report.cells import BASES, SHOWN, Cells
from flows.report.reading import Row, Snapshot

ROOM = 1_100_000
"""Bytes for the charts' figures: of both bases, or by value alone, or of fewer suppliers."""
FEW = 3
"""Suppliers that a chart tells apart where there is room for no more."""


def facts(snapshot: Snapshot, cells: Cells) -> dict[str, Any]:
    """What the page's script needs: the charts and their figures, and what citations tell."""
    first = min((row["year"] for row in cells.rows), default=0)
    return {
        "snapshot": {"id": snapshot.id, "as_of": snapshot.as_of, "created": snapshot.created},
        "editions": [edition(name, row) for name, row in snapshot.editions.items()],
        "tables": declarations(snapshot),
        "names": names(snapshot, cells),
        "minerals": {one: row["name"] for one, row in snapshot.minerals.items()},
        "importers": snapshot.importers,
        "reasons": snapshot.reasons,
        "series": fitting(snapshot, cells),
        "events": series.events(snapshot),
        "limits": thresholds(snapshot),
        "claims": claimed(snapshot),
        "production": series.production(snapshot),
        "prices": series.prices(snapshot, first),
        "charts": charts.templates(),
        "often": {short: name for name, short in numbers.OFTEN.items()},
        "looks": {
            "light": looks.LIGHT | {"config": looks.config(looks.LIGHT)},
            "dark": looks.DARK | {"config": looks.config(looks.DARK)},
        },
    }


def fitting(snapshot: Snapshot, cells: Cells) -> dict[str, Any]:
    """The charts' series by both bases; where the page would grow too large, of less."""
    found: dict[str, Any] = {}
    for bases, most in ((BASES, SHOWN), (BASES[:1], SHOWN), (BASES[:1], FEW)):
        found = series.series(snapshot, cells, bases, most)
        if len(embedded(found)) <= ROOM:
            break
    return found


def edition(name: str, row: Row) -> dict[str, Any]:
    """What a citation tells of an edition."""
    parts = ("title", "producer", "citation", "licence", "released", "released_basis")
    return {"id": name} | {part: row[part] for part in parts}


def declarations(snapshot: Snapshot) -> dict[str, Any]:
    """Short name of a table -> what is declared of it, for citations and queries."""
    found = {}
    for short, table in numbers.TABLES.items():
        if not (columns := snapshot.dictionary.get(table)):
            continue
        found[short] = {
            "table": table,
            "meaning": columns[0]["table_meaning"],
            "formula": columns[0]["formula"],
            "citation": columns[0]["citation"],
            "from": newest(snapshot, numbers.MADE_FROM.get(short)),
            "grain": [[c["column"], c["type"]] for c in columns if c["in_grain"]],
            "columns": {
                c["column"]: [c["unit"], c["meaning"]] for c in columns if not c["in_grain"]
            },
        }
    return found


def newest(snapshot: Snapshot, source: str | None) -> str | None:
    """The newest edition of a source, as citations name it."""
    return max((n for n, row in snapshot.editions.items() if row["source"] == source), default=None)


def names(snapshot: Snapshot, cells: Cells) -> dict[str, str]:
    """Names of the economies that the charts name."""
    shown = {*snapshot.importers, *(row["exporter_iso3"] for row in cells.suppliers)}
    shown |= {row["x"] for rows in series.production(snapshot).values() for row in rows}
    return {one: snapshot.economy(one) for one in sorted(shown)}


def thresholds(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Thresholds of the HHI of imports that dependency screens use."""
    if not snapshot.has("ref.threshold"):
        return []
    return snapshot.rows(THRESHOLDS)


THRESHOLDS = """
SELECT DISTINCT threshold AS "at" FROM ref.threshold WHERE criterion = 'import_hhi' ORDER BY "at"
"""


def claimed(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Claims of a share, as bands of the chart they belong to."""
    if not snapshot.has("mart.claim"):
        return []
    told = {row["claim_id"]: row for row in snapshot.all_of("indices.claim_verdict")}
    found = []
    for row in snapshot.rows(CLAIMED):
        share = float(row["value"]) / 100
        verdict = told.get(row["claim_id"], {})
        found.append(
            {
                "i": row["reporter"],
                "x": row["partner"],
                "m": row["mineral"],
                "share": share,
                "low": verdict.get("stated_low_share") or share,
                "high": verdict.get("stated_high_share") or share,
                "words": f"claimed: {row['value']:g}% from {snapshot.economy(row['partner'])}",
                "id": row["claim_id"],
            }
        )
    return found


CLAIMED = """
SELECT claim_id, reporter, partner, mineral, value
FROM mart.claim
WHERE unit = 'percent' AND flow = 'M' AND value IS NOT NULL AND mineral IS NOT NULL
    AND reporter IS NOT NULL AND partner IS NOT NULL AND checkable = 'data'
ORDER BY claim_id
"""


def embedded(body: object) -> str:
    """JSON that can stand within a page: nothing in it ends a script or begins a comment."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
