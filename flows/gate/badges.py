"""`view.badge`: the verdict on every published number of an importer, with its reasons.

Made from the declarations of the indices, so that an index cannot be forgotten. It is a view: the
grades stand in the indices, the staleness of their sources in `quality.freshness`.
"""

# ruff: noqa: S608 - every name is a declared one

from __future__ import annotations

from collections.abc import Sequence

from flows.indices.contract import Column, Index, Table

KEYS = ("importer_iso3", "mineral", "stage", "year", "basis", "source", "edition")
"""What a cell is told by; what else is in an index's grain makes its variants."""
NEEDED = (*KEYS, "confidence", "reason", "flags")

BADGE = Table(
    schema="view",
    name="badge",
    meaning=(
        "The verdict on every number of an importer, mineral, year and indicator: a badge, "
        "and the reasons for it"
    ),
    grain=("indicator", *KEYS, "variant"),
    columns=(
        Column("indicator", "text", "table of the index"),
        Column("importer_iso3", "text", "importing economy or bloc", key="mart.economy.economy"),
        Column("mineral", "text", "mineral", key="ref.mineral.mineral"),
        Column("stage", "text", "stage; all = the headline forms", key="ref.stage.stage"),
        Column("year", "year", "calendar year"),
        Column("basis", "text", "what is measured"),
        Column("source", "text", "source of the rows", key="meta.source.source"),
        Column("edition", "text", "edition of the source"),
        Column("variant", "text", "what else tells the number apart; empty where nothing does"),
        Column(
            "badge",
            "text",
            "A to D as graded; stale = the source's newest edition is overdue; blocked = a check "
            "nulled it; none = there is no number, for the reason given",
            values=("A", "B", "C", "D", "stale", "blocked", "none"),
        ),
        Column("confidence", "text", "the grade itself, also of a stale number", nullable=True),
        Column("reasons", "texts", "why: the reason there is no number, flags, staleness"),
    ),
)


def badge_sql(indices: Sequence[Index]) -> str:
    """Give the view over every index that has an importer and a grade."""
    return " UNION ALL ".join(part(index.table) for index in indices if is_graded(index.table))


def is_graded(table: Table) -> bool:
    """Whether a table has all that a cell is told and judged by, and no exporter."""
    return set(NEEDED) <= table.polars.keys() and "exporter_iso3" not in table.grain


def part(table: Table) -> str:
    """The cells of one index."""
    keys = ", ".join(f"i.{name}" for name in KEYS)
    others = [name for name in table.grain if name not in KEYS]
    told = ", ".join(f"i.{name}" for name in others)
    variant = f"concat_ws(' ', {told})" if others else "''"
    stale = "coalesce(f.stale, false)"
    return (
        f"SELECT '{table.name}' AS indicator, {keys}, {variant} AS variant, "
        "CASE WHEN i.reason = 'blocked' THEN 'blocked' WHEN i.confidence IS NULL THEN 'none' "
        f"WHEN {stale} THEN 'stale' ELSE i.confidence END AS badge, i.confidence, "
        "list_concat(list_concat(CASE WHEN i.reason IS NULL THEN [] ELSE [i.reason] END, i.flags), "
        f"CASE WHEN {stale} THEN ['stale'] ELSE [] END) AS reasons "
        f"FROM {table.id} AS i LEFT JOIN quality.freshness AS f ON f.source = i.source"
    )
