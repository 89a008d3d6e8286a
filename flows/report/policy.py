"""Policy measures as the report tells them: in force on its day, and what comes next."""

# ruff: noqa: S608 - what is put into a query are days and quoted texts

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flows.indices.formulas.policy_spells import EVERYBODY
from flows.report.reading import Row, Snapshot
from flows.warehouse import text

HORIZON = timedelta(days=90)
"""How far ahead the report looks."""


def measures(snapshot: Snapshot) -> dict[str, list[Row]]:
    """Mineral -> the measures on it, the newest first; `in_force` on the snapshot's day."""
    if not snapshot.has("mart.measure", "mart.measure_in_force"):
        return {}
    found: dict[str, list[Row]] = {}
    for row in snapshot.rows(MEASURES.format(day=snapshot.as_of.isoformat())):
        found.setdefault(row["mineral"], []).append(row)
    return found


MEASURES = """
WITH now AS (
    SELECT DISTINCT source, edition, measure, mineral FROM mart.measure_in_force
    WHERE in_force_from <= DATE '{day}' AND coalesce(in_force_to, DATE '9999-12-31') >= DATE '{day}'
)
SELECT
    m.mineral, m.measure, m.source, m.edition, m.issuer_iso3, m.title, m.kind, m.effective,
    m.expires, m.target, m.severity, m.confirmation, m.citation, m.restricts,
    string_agg(DISTINCT m.material, '; ' ORDER BY m.material) AS goods,
    count(n.measure) > 0 AS in_force
FROM mart.measure AS m
LEFT JOIN now AS n
    ON n.source = m.source AND n.edition = m.edition AND n.measure = m.measure
    AND n.mineral IS NOT DISTINCT FROM m.mineral
WHERE m.mineral IS NOT NULL
GROUP BY ALL
ORDER BY m.mineral, m.effective DESC, m.measure, m.source, m.edition
"""


def in_force(snapshot: Snapshot, importer: str) -> list[Row]:
    """Measures in force on the snapshot's day that hold for an importer, one row a measure."""
    if not snapshot.has("mart.measure", "mart.measure_in_force"):
        return []
    day = snapshot.as_of.isoformat()
    return snapshot.rows(IN_FORCE.format(day=day, importer=text(importer), everyone=EVERYBODY))


IN_FORCE = """
WITH held AS (
    SELECT
        source, edition, measure, severity, confirmation, mineral, exporter_iso3, in_force_from,
        in_force_to
    FROM mart.measure_in_force
    WHERE in_force_from <= DATE '{day}' AND coalesce(in_force_to, DATE '9999-12-31') >= DATE '{day}'
        AND restricts AND mineral IS NOT NULL AND importer_iso3 IN ('{everyone}', {importer})
)
SELECT
    h.source, h.edition, h.measure, h.exporter_iso3, m.title, m.kind, m.citation,
    max(h.severity) AS severity, min(h.in_force_from) AS since, max(h.in_force_to) AS until,
    min(h.confirmation) AS confirmation,
    list_sort(list(DISTINCT h.mineral)) AS minerals
FROM held AS h
JOIN (
    SELECT DISTINCT source, edition, measure, title, kind, citation FROM mart.measure
) AS m ON m.source = h.source AND m.edition = h.edition AND m.measure = h.measure
GROUP BY ALL
ORDER BY severity DESC NULLS LAST, since DESC, h.measure, h.exporter_iso3
"""


def touching(held: Iterable[Row], mineral: str, exporter: str | None) -> list[Row]:
    """Measures on a mineral from one exporter."""
    return [m for m in held if mineral in m["minerals"] and m["exporter_iso3"] == exporter]


def coming(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What begins, ends or lapses in the ninety days from the snapshot's day on."""
    first, last = snapshot.as_of, snapshot.as_of + HORIZON
    if snapshot.has("indices.policy_calendar"):
        sql = f"""
            SELECT * FROM indices.policy_calendar
            WHERE day BETWEEN DATE '{first}' AND DATE '{last}' ORDER BY ALL
        """
        return [from_calendar(row) for row in snapshot.rows(sql)]
    if not snapshot.has("mart.measure", "mart.measure_in_force"):
        return []
    return snapshot.rows(COMING.format(first=first, last=last))


EVENTS = {
    "announced": "is announced",
    "takes_effect": "takes effect",
    "suspended": "is suspended",
    "lapses": "last day of its suspension; in force again the day after",
    "expires": "last day in force",
}


def from_calendar(row: Row) -> dict[str, Any]:
    """A row of the calendar as the report shows it."""
    minerals = row.get("minerals") or ([row["mineral"]] if row.get("mineral") else [])
    return {
        "day": row["day"],
        "event": EVENTS.get(row["event"], str(row["event"])),
        "title": row["title"],
        "measure": row["measure"],
        "issuer_iso3": row.get("issuer_iso3"),
        "target": row.get("target"),
        "minerals": minerals,
        "confirmation": row.get("confirmation"),
    }


COMING = """
WITH days AS (
    SELECT in_force_from AS day, begins_as AS event, * FROM mart.measure_in_force
    UNION ALL
    SELECT in_force_to AS day, 'last day: ' || coalesce(ends_as, 'ends') AS event, *
    FROM mart.measure_in_force
)
SELECT
    d.day, d.event, m.title, d.measure, m.issuer_iso3, m.target,
    list_sort(list(DISTINCT d.mineral) FILTER (d.mineral IS NOT NULL)) AS minerals,
    min(d.confirmation) AS confirmation
FROM days AS d
JOIN (SELECT DISTINCT source, edition, measure, title, issuer_iso3, target FROM mart.measure) AS m
    ON m.source = d.source AND m.edition = d.edition AND m.measure = d.measure
WHERE d.day BETWEEN DATE '{first}' AND DATE '{last}'
GROUP BY ALL
ORDER BY d.day, d.event, d.measure
"""
