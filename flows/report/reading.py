"""What the report reads: the tables of one published snapshot, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from flows.warehouse import Connection

Row = dict[str, Any]

TABLES = "SELECT table_schema || '.' || table_name FROM information_schema.tables"
HEADLINES = "ref.report_headline"
IMPORTERS = "ref.report_importer"
EARLIER_IMPORTERS = "ref.supply_risk_importer"
"""What a snapshot has that was made before the report had a list of its own."""


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot as the report sees it."""

    con: Connection
    id: str
    as_of: date
    created: str = ""
    has_tables: frozenset[str] = field(default_factory=frozenset)

    def rows(self, sql: str) -> list[Row]:
        """Answer a query as one mapping a row."""
        return self.con.execute(sql).pl().to_dicts()

    def has(self, *tables: str) -> bool:
        """Whether the snapshot holds all of these tables."""
        return self.has_tables.issuperset(tables)

    def all_of(self, table: str, order: str = "ALL") -> list[Row]:
        """All rows of a table; none where the snapshot lacks it."""
        return self.rows(f"FROM {table} ORDER BY {order}") if self.has(table) else []

    @cached_property
    def economies(self) -> Mapping[str, str]:
        """Economy -> its name."""
        return {row["economy"]: row["name"] for row in self.all_of("mart.economy")}

    @cached_property
    def minerals(self) -> Mapping[str, Row]:
        """Mineral -> its row, by name."""
        return {row["mineral"]: row for row in self.all_of("ref.mineral", "name")}

    @cached_property
    def reasons(self) -> Mapping[str, str]:
        """Reason or flag -> what it means."""
        flags = {row["flag"]: row["meaning"] for row in self.all_of("ref.flag")}
        return flags | {row["reason"]: row["meaning"] for row in self.all_of("ref.reason")}

    @cached_property
    def importers(self) -> list[str]:
        """Economies that have a page, in their order."""
        if self.has(IMPORTERS):
            return [row["importer"] for row in self.all_of(IMPORTERS, "place, importer")]
        return [row["importer"] for row in self.all_of(EARLIER_IMPORTERS)]

    @cached_property
    def headlines(self) -> list[Row]:
        """The headline numbers, in their order."""
        return self.all_of(HEADLINES, "place, headline")

    @cached_property
    def editions(self) -> Mapping[str, Row]:
        """Source and edition, a blank between -> what is known of both."""
        sql = """
            SELECT
                e.source, e.edition, e.released, e.released_basis, e.note, e.rows, e.first_year,
                e.last_year, s.title, s.producer, s.citation, s.licence, s.limits
            FROM meta.edition AS e JOIN meta.source AS s ON s.source = e.source
            ORDER BY e.source, e.edition
        """
        return {f"{row['source']} {row['edition']}": row for row in self.rows(sql)}

    @cached_property
    def dictionary(self) -> Mapping[str, list[Row]]:
        """Table -> its columns, each with what is declared of it."""
        found: dict[str, list[Row]] = {}
        for row in self.all_of("meta.dictionary", '"table", ordinal'):
            found.setdefault(row["table"], []).append(row)
        return found

    def economy(self, code: str | None) -> str:
        """An economy's name; its code where none is known."""
        return self.economies.get(code or "", code or "")


def opened(con: Connection, manifest: Mapping[str, Any]) -> Snapshot:
    """Give a snapshot from a reader of its file and its manifest (`id`, `as_of`, `created`)."""
    as_of = manifest["as_of"]
    return Snapshot(
        con,
        str(manifest["id"]),
        as_of if isinstance(as_of, date) else date.fromisoformat(str(as_of)),
        str(manifest.get("created", "")),
        frozenset(name for (name,) in con.execute(TABLES).fetchall()),
    )
