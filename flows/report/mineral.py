"""A page a mineral: who depends on whom, what the codes hold, how a number is worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows.report.cells import Cells
from flows.report.matrix import bounded, why
from flows.report.numbers import edition_of
from flows.report.reading import Row, Snapshot
from flows.warehouse import text

MADE_IN = "indices.production_concentration"
WORKED = 5
"""Suppliers that a worked example names."""


def minerals(
    snapshot: Snapshot, cells: Cells, measures: Mapping[str, Sequence[Row]]
) -> list[dict[str, Any]]:
    """Give the pages of all minerals, by name."""
    codes, made = read(snapshot, "ref.form", CODES), read(snapshot, MADE_IN, MADE)
    priced = read(snapshot, "mart.price", "SELECT DISTINCT mineral FROM mart.price")
    examples = {one: example(snapshot, cells, one) for one in cells.stages}
    amounts = worked(snapshot, [row for row in examples.values() if row])
    return [
        {
            "id": mineral,
            "name": row["name"],
            "note": row["note"],
            "stage": cells.stages.get(mineral),
            "only": cells.only.get(mineral, ""),
            "rows": [dependency(snapshot, cells, one, mineral) for one in snapshot.importers]
            if mineral in cells.stages
            else [],
            "codes": codes.get(mineral, []),
            "made": made.get(mineral, []),
            "measures": measures.get(mineral, []),
            "has_price": mineral in priced,
            "example": examples.get(mineral),
            "amounts": amounts.get(mineral, []),
            "traded_from": sorted({edition_of(r) for r in cells.rows if r["mineral"] == mineral}),
            "made_from": sorted({edition_of(r) for r in made.get(mineral, [])}),
        }
        for mineral, row in snapshot.minerals.items()
    ]


def read(snapshot: Snapshot, table: str, sql: str) -> dict[str, list[Row]]:
    """Mineral -> rows of a query; none where the snapshot lacks the table."""
    return by_mineral(snapshot.rows(sql)) if snapshot.has(table) else {}


def by_mineral(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by their mineral."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["mineral"], []).append(row)
    return found


def dependency(snapshot: Snapshot, cells: Cells, importer: str, mineral: str) -> dict[str, Any]:
    """One importer's line: its newest cells by value and by mass, and why one is missing."""
    value, mass = cells.latest(importer, mineral)
    return {
        "importer": importer,
        "name": snapshot.economy(importer),
        "mineral": mineral,
        "mineral_name": snapshot.minerals[mineral]["name"],
        "only": cells.only.get(mineral, ""),
        "value": value,
        "mass": mass,
        "before": cells.before(value) if value else None,
        "range": bounded(value),
        "is_current": cells.is_current(value or mass),
        "why": why(value["reason"] if value else None),
        "mass_why": why(mass["reason"] if mass else None),
    }


def example(snapshot: Snapshot, cells: Cells, mineral: str) -> Row | None:
    """The cell that is worked out in full: the first importer's that has a number by value."""
    newest = (cells.latest(importer, mineral)[0] for importer in snapshot.importers)
    return next((row for row in newest if row and row["hhi"] is not None), None)


def worked(snapshot: Snapshot, examples: Sequence[Row]) -> dict[str, list[Row]]:
    """Mineral -> the amounts that its example is worked out from, the largest first.

    Each has exporter_iso3, value_usd, the share of the tables, and of the whole cell `total_usd`
    and `suppliers`.
    """
    if not examples or not snapshot.has("mart.mineral_trade"):
        return {}
    key = ("importer_iso3", "mineral", "stage", "year", "source", "edition")
    asked = ", ".join(
        "(" + ", ".join(text(str(row[part])) for part in key) + ")" for row in examples
    )
    return by_mineral(snapshot.rows(AMOUNTS.format(asked=asked, shown=WORKED)))


AMOUNTS = """
WITH asked(importer_iso3, mineral, stage, year, source, edition) AS (VALUES {asked})
SELECT
    t.mineral, t.exporter_iso3, t.value_usd, s.import_share,
    sum(t.value_usd) OVER (PARTITION BY t.mineral) AS total_usd,
    count(*) OVER (PARTITION BY t.mineral) AS suppliers
FROM mart.mineral_trade AS t
JOIN asked AS a
    ON a.importer_iso3 = t.importer_iso3 AND a.mineral = t.mineral AND a.stage = t.stage
    AND CAST(a.year AS INTEGER) = t.year AND a.source = t.source AND a.edition = t.edition
JOIN indices.import_share AS s
    ON s.importer_iso3 = t.importer_iso3 AND s.exporter_iso3 = t.exporter_iso3
    AND s.mineral = t.mineral AND s.stage = t.stage AND s.year = t.year AND s.basis = 'value'
    AND s.source = t.source AND s.edition = t.edition
WHERE t.value_usd > 0
QUALIFY row_number() OVER (
    PARTITION BY t.mineral ORDER BY t.value_usd DESC, t.exporter_iso3
) <= {shown}
ORDER BY t.mineral, t.value_usd DESC, t.exporter_iso3
"""
CODES = """
SELECT
    f.mineral, f.form, f.name, f.stage, f.specificity, f.headline, f.last_year, f.note,
    string_agg(DISTINCT c.hs6, ', ' ORDER BY c.hs6) AS hs6, s.meaning AS specificity_meaning
FROM ref.form AS f
LEFT JOIN ref.form_code AS c ON c.mineral = f.mineral AND c.form = f.form
LEFT JOIN ref.specificity AS s ON s.specificity = f.specificity
GROUP BY ALL
ORDER BY f.mineral, f.headline DESC, f.stage, f.form
"""
MADE = """
SELECT *
FROM indices.production_concentration
QUALIFY row_number() OVER (
    PARTITION BY mineral, source, stage, basis, measure ORDER BY year DESC, edition DESC
) = 1
ORDER BY mineral, stage <> 'mine', stage, source, basis, measure
"""
