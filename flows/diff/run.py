"""What a tracing works on: the tables that differ, the roots, and the causes met so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flows.diff.causes import Roots
from flows.diff.contract import Cause, Shape
from flows.warehouse import Connection

KEPT_APART = ("mineral", "source", "edition", "year")
"""Parts of a key that no table mixes: years with later ones, editions within their source."""
PERIODS = ("year", "month")
"""What a period is named by; a year without a month is the whole of it."""

WITHIN: Mapping[str, tuple[str, ...]] = {
    "mart.trade": ("year", "hs6"),
    "mart.mirror_trade": ("year", "hs6"),
    "mart.monthly_trade": ("year", "month", "hs6"),
    "mart.partner_balance": ("year", "month", "hs6"),
    "mart.bloc_report": ("year",),
    "mart.coverage": ("year", "source", "edition"),
    "mart.mineral_trade": ("year", "exporter_iso3"),
    "mart.contained_trade": ("year", "exporter_iso3"),
    "indices.import_share": ("year", "importer_iso3"),
    "indices.import_concentration": ("year", "importer_iso3"),
    "indices.cap_distance": ("year", "importer_iso3", "cap"),
    "indices.non_allied_share": ("year", "importer_iso3", "alliance", "version"),
    "indices.contained_share": ("year", "importer_iso3"),
    "indices.supplier_turnover": ("importer_iso3",),
    "indices.certainty": ("year", "importer_iso3"),
    "indices.source_agreement": ("year", "importer_iso3"),
    "indices.rolling_share": ("importer_iso3",),
    "indices.rolling_concentration": ("importer_iso3",),
    "indices.export_concentration": ("year",),
    "indices.production_concentration": ("year",),
    "indices.production_bounds": ("year",),
    "indices.world_supply": ("year", "scope"),
}
"""Table -> further parts of the key within which each of its rows is made."""


@dataclass
class Trace:
    """What is followed: the scratch file, the roots, the tables that differ, the causes met."""

    con: Connection
    roots: Roots
    shapes: Mapping[str, Shape]
    """Tables of which rows differ."""
    added: Mapping[str, Cause] = field(default_factory=dict)
    """Tables that came or went, each with its cause."""
    causes: list[Cause] = field(default_factory=list)

    def number(self, cause: Cause) -> int:
        """The number under which the scratch file knows a cause."""
        if cause not in self.causes:
            self.causes.append(cause)
        return self.causes.index(cause)

    def parts(self, table: str) -> list[str]:
        """Parts of the key that decide which causes reach a row; none but a month is ever null."""
        wanted = {*KEPT_APART, *WITHIN.get(table, ())}
        for reader, read in self.roots.reads.items():
            if table in read:
                wanted |= set(WITHIN.get(reader, ()))
        shape = self.shapes[table]
        kept = wanted - shape.nullable | {"month"}
        return [name for name in shape.grain if name in kept]
