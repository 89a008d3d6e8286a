"""The dependency of each importer on each mineral, by year and basis, as the tables have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from flows.report.reading import Row, Snapshot
from flows.warehouse import text

BASES = ("value", "mass")
SHOWN = 5
"""Suppliers of one importer that a chart tells apart; the others are what is left of the whole."""

Key = tuple[str, str]
"""Importer and mineral."""


@dataclass(frozen=True)
class Cells:
    """All cells of the importers shown: one row an importer, mineral, year and basis."""

    rows: Sequence[Row]
    suppliers: Sequence[Row]
    stages: Mapping[str, str]
    """Mineral -> the stage that stands for it: all where it has one, else the best known."""
    only: Mapping[str, str]
    """Mineral -> the one kind of goods that its cells count, where they count no other."""

    @cached_property
    def history(self) -> Mapping[tuple[str, ...], list[Row]]:
        """Importer, mineral and basis -> its years in order."""
        return grouped(self.rows, "importer_iso3", "mineral", "basis")

    @cached_property
    def by_supplier(self) -> Mapping[tuple[str, ...], list[Row]]:
        """Importer, mineral and basis -> the shares of its main suppliers."""
        return grouped(self.suppliers, "importer_iso3", "mineral", "basis")

    def latest(self, importer: str, mineral: str) -> tuple[Row | None, Row | None]:
        """The newest year that can be computed: its cells by value and by mass.

        Where none can, the newest year there is, with its reason.
        """
        by_value = self.history.get((importer, mineral, BASES[0]), [])
        by_mass = self.history.get((importer, mineral, BASES[1]), [])
        either = by_value or by_mass
        if not either:
            return None, None
        known = [r["year"] for r in by_value if r["hhi"] is not None] or [
            r["year"] for r in by_mass if r["hhi"] is not None
        ]
        year = max(known or [row["year"] for row in either])
        return at(by_value, year), at(by_mass, year)

    def is_current(self, row: Row | None) -> bool:
        """Whether no later year is there, be it one without a number."""
        if row is None:
            return False
        key = (row["importer_iso3"], row["mineral"], row["basis"])
        return bool(row["year"] == self.history[key][-1]["year"])

    def before(self, row: Row) -> Row | None:
        """The cell of the year before."""
        key = (row["importer_iso3"], row["mineral"], row["basis"])
        return at(self.history.get(key, []), row["year"] - 1)


def at(rows: Iterable[Row], year: int) -> Row | None:
    """The row of a year."""
    return next((row for row in rows if row["year"] == year), None)


def grouped(rows: Iterable[Row], *keys: str) -> dict[tuple[str, ...], list[Row]]:
    """Rows by a key, in their order."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def read_cells(snapshot: Snapshot) -> Cells:
    """Read the cells of all importers shown, and of those that a headline names."""
    wanted = {*snapshot.importers, *(row["importer"] for row in snapshot.headlines)}
    if not wanted or not snapshot.has("indices.import_concentration", "view.preferred_source"):
        return Cells([], [], {}, {})
    scope = SCOPE.format(importers=", ".join(text(one) for one in sorted(wanted)))
    rows = snapshot.rows(scope + CELLS)
    exporters = {(row["mineral"], row["exporter_iso3"]) for row in snapshot.headlines}
    asked = ", ".join(f"({text(m)}, {text(x)})" for m, x in sorted(exporters)) or "('', '')"
    suppliers = snapshot.rows(scope + SUPPLIERS.format(asked=asked, shown=SHOWN))
    stages = {row["mineral"]: row["stage"] for row in rows}
    return Cells(rows, suppliers, stages, single_stage(snapshot, stages))


PLAIN = ("mineral", "metal", "gas")
"""Stages at which a mineral is what its name says."""


def single_stage(snapshot: Snapshot, stages: Mapping[str, str]) -> dict[str, str]:
    """Mineral -> the stage of all goods counted for it; who reads tin must know that it is ore.

    Not of a mineral that is counted at several stages, or at one that its name means already.
    """
    found = {mineral: {stage} for mineral, stage in stages.items() if stage != "all"}
    for row in snapshot.all_of("ref.form"):
        if row["headline"] and stages.get(row["mineral"]) == "all":
            found.setdefault(row["mineral"], set()).add(row["stage"])
    return {
        mineral: stage
        for mineral, (stage, *others) in found.items()
        if not others and stage not in PLAIN
    }


SCOPE = """
WITH computed AS (
    SELECT mineral, stage, count(*) FILTER (hhi IS NOT NULL) AS cells
    FROM indices.import_concentration
    WHERE importer_iso3 IN ({importers})
    GROUP BY mineral, stage
),
picked AS (
    SELECT mineral, stage FROM computed
    QUALIFY row_number() OVER (
        PARTITION BY mineral ORDER BY stage <> 'all' OR cells = 0, cells DESC, stage
    ) = 1
),
preferred AS (
    SELECT p.importer_iso3, p.mineral, p.stage, p.year, p.source, p.edition
    FROM view.preferred_source AS p
    SEMI JOIN picked AS k ON k.mineral = p.mineral AND k.stage = p.stage
    WHERE p.purpose = 'importer' AND p.importer_iso3 IN ({importers})
)
"""
CELLS = """
SELECT
    c.importer_iso3, c.mineral, c.stage, c.year, c.basis, c.source, c.edition, c.hhi, c.hhi_low,
    c.hhi_high, c.suppliers, c.top_supplier_iso3, s.import_share, s.import_share_low,
    s.import_share_high, c.hs6, c.reason, coalesce(b.badge, c.confidence, 'none') AS badge
FROM indices.import_concentration AS c
SEMI JOIN preferred AS p
    ON p.importer_iso3 = c.importer_iso3 AND p.mineral = c.mineral AND p.stage = c.stage
    AND p.year = c.year AND p.source = c.source AND p.edition = c.edition
LEFT JOIN indices.import_share AS s
    ON s.importer_iso3 = c.importer_iso3 AND s.exporter_iso3 = c.top_supplier_iso3
    AND s.mineral = c.mineral AND s.stage = c.stage AND s.year = c.year AND s.basis = c.basis
    AND s.source = c.source AND s.edition = c.edition
LEFT JOIN (FROM view.badge WHERE indicator = 'import_concentration') AS b
    ON b.importer_iso3 = c.importer_iso3 AND b.mineral = c.mineral AND b.stage = c.stage
    AND b.year = c.year AND b.basis = c.basis AND b.source = c.source AND b.edition = c.edition
WHERE c.basis IN ('value', 'mass')
ORDER BY c.importer_iso3, c.mineral, c.basis, c.year
"""
SUPPLIERS = """
, share AS (
    SELECT s.*
    FROM indices.import_share AS s
    SEMI JOIN preferred AS p
        ON p.importer_iso3 = s.importer_iso3 AND p.mineral = s.mineral AND p.stage = s.stage
        AND p.year = s.year AND p.source = s.source AND p.edition = s.edition
    WHERE s.basis IN ('value', 'mass')
),
ranked AS (
    -- Those that mattered over time, and whoever leads in the newest year.
    SELECT
        importer_iso3, mineral, basis, exporter_iso3,
        row_number() OVER (
            PARTITION BY importer_iso3, mineral, basis
            ORDER BY
                (mineral, exporter_iso3) IN ({asked}) DESC,
                sum(CAST(round(import_share * 1000000) AS BIGINT)) DESC NULLS LAST, exporter_iso3
        ) AS place
    FROM share
    GROUP BY importer_iso3, mineral, basis, exporter_iso3
    HAVING sum(CAST(round(import_share * 1000000) AS BIGINT)) > 0
)
SELECT
    s.importer_iso3, s.mineral, s.stage, s.basis, s.exporter_iso3, s.year, s.import_share,
    s.import_share_low, s.import_share_high, s.source, s.edition, r.place
FROM share AS s
JOIN ranked AS r
    ON r.importer_iso3 = s.importer_iso3 AND r.mineral = s.mineral AND r.basis = s.basis
    AND r.exporter_iso3 = s.exporter_iso3
WHERE r.place <= {shown}
ORDER BY s.importer_iso3, s.mineral, s.basis, r.place, s.year
"""
