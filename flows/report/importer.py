"""A page an importer: its exposures ranked, measures that hold for it, single points of failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.report.cells import BASES, Cells
from flows.report.mineral import dependency
from flows.report.policy import in_force, touching
from flows.report.reading import Row, Snapshot
from flows.warehouse import text

MOST_SINGLE = 24
"""Single points of failure listed: those under a measure, then by worth; all are in the table."""


def importers(snapshot: Snapshot, cells: Cells) -> list[dict[str, Any]]:
    """Give the pages of all importers, in their order."""
    why = {row["importer"]: row["why"] for row in snapshot.all_of("ref.report_importer")}
    caps = snapshot.all_of("ref.cap", "cap")
    above = above_cap(snapshot)
    exposed, bought = policy_exposure(snapshot), imports(snapshot)
    return [
        page(snapshot, cells, one, above, exposed, bought) | {"why": why.get(one, ""), "caps": caps}
        for one in snapshot.importers
    ]


def page(  # noqa: PLR0913, PLR0917 - what other tables know of the same cells, each by its name
    snapshot: Snapshot,
    cells: Cells,
    importer: str,
    above: Mapping[tuple[str, ...], Row],
    exposed: Mapping[tuple[str, ...], Row],
    bought: Mapping[tuple[str, ...], Row],
) -> dict[str, Any]:
    """One importer; its exposures from the largest share of a first supplier down."""
    held = in_force(snapshot, importer)
    rows = [dependency(snapshot, cells, importer, one) for one in cells.stages]
    for row in rows:
        row["measures"] = measures_on(held, row)
        row["above"] = {basis: over(above, row[basis]) for basis in BASES}
        row["exposed"] = over(exposed, row["value"])
        row["bought"] = (over(bought, row["value"]) or {}).get("value_usd")
    rows.sort(key=rank)
    # A share of years ago, of a code that has ended since, is no weakness of today.
    single = [row for row in rows if row["is_current"] and any(row["above"].values())]
    # The whole of next to nothing matters less than two thirds of a billion.
    single.sort(key=lambda row: (not row["measures"], -(row["bought"] or 0)))
    return {
        "id": importer,
        "name": snapshot.economy(importer),
        "rows": rows,
        "known": sum(bool(row["value"] and row["value"]["hhi"] is not None) for row in rows),
        "held": held,
        "single": single,
        "most_single": MOST_SINGLE,
        "under_measure": [row for row in single if row["measures"]],
        "has_exposure": bool(exposed),
    }


def rank(row: Row) -> tuple[float, str]:
    """Sort by the first supplier's share, the largest first, those without a number last."""
    share = row["value"]["import_share"] if row["value"] else None
    return (-share if share is not None else 1.0, row["mineral"])


def measures_on(held: list[Row], row: Row) -> list[Row]:
    """Measures in force on what the first supplier, by value or by mass, exports of it."""
    leaders = {row[basis]["top_supplier_iso3"] for basis in BASES if row[basis]}
    found = [m for one in sorted(leaders - {None}) for m in touching(held, row["mineral"], one)]
    return list({(m["measure"], m["exporter_iso3"]): m for m in found}.values())


CELL = ("importer_iso3", "mineral", "stage", "year", "basis", "source", "edition")


def over(found: Mapping[tuple[str, ...], Row], cell: Row | None) -> Row | None:
    """The row of another table for the same cell."""
    return found.get(tuple(str(cell[part]) for part in CELL)) if cell else None


def keyed(rows: list[Row]) -> dict[tuple[str, ...], Row]:
    """Rows by the cell they belong to."""
    return {tuple(str(row[part]) for part in CELL): row for row in rows}


def above_cap(snapshot: Snapshot) -> dict[tuple[str, ...], Row]:
    """Cells in which one supplier has more than a declared cap."""
    if not snapshot.has("indices.cap_distance"):
        return {}
    return keyed(snapshot.rows(ABOVE.format(importers=listed(snapshot))))


def policy_exposure(snapshot: Snapshot) -> dict[tuple[str, ...], Row]:
    """Cells with the part of supply that is under a measure on the snapshot's day."""
    if not snapshot.has("indices.policy_exposure"):
        return {}
    day = snapshot.as_of.isoformat()
    return keyed(snapshot.rows(EXPOSED.format(importers=listed(snapshot), day=day)))


def imports(snapshot: Snapshot) -> dict[tuple[str, ...], Row]:
    """Cells by value with what the importer bought in all, `value_usd`."""
    if not snapshot.has("mart.mineral_trade"):
        return {}
    return keyed(snapshot.rows(BOUGHT.format(importers=listed(snapshot))))


def listed(snapshot: Snapshot) -> str:
    """The importers as a list of SQL."""
    return ", ".join(text(one) for one in snapshot.importers) or "''"


ABOVE = """
SELECT importer_iso3, mineral, stage, year, basis, source, edition, cap, above_cap
FROM indices.cap_distance
WHERE above_cap AND importer_iso3 IN ({importers})
ORDER BY ALL
"""
BOUGHT = """
SELECT
    importer_iso3, mineral, stage, year, 'value' AS basis, source, edition,
    CAST(sum(value_usd) AS BIGINT) AS value_usd
FROM mart.mineral_trade
WHERE importer_iso3 IN ({importers}) AND value_usd IS NOT NULL
GROUP BY ALL
ORDER BY ALL
"""
EXPOSED = """
SELECT
    importer_iso3, mineral, stage, year, basis, source, edition, in_force_from, exposed_share,
    confirmation
FROM indices.policy_exposure
WHERE in_force_from <= DATE '{day}' AND coalesce(in_force_to, DATE '9999-12-31') >= DATE '{day}'
    AND importer_iso3 IN ({importers})
ORDER BY ALL
"""
