"""What the rules look at, read from a published file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows import publish, warehouse
from flows.alerts.contract import AlertError
from flows.settings import Settings

RULES, WATCH, STATES = "ref.alert_rule", "ref.watch", "indices.alert"
BEFORE = "before"
"""Name under which the snapshot before is attached."""

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Ground:
    """A snapshot open for reading, with what every rule needs of it."""

    con: warehouse.Connection
    snapshot: Path
    before: Path | None
    """The snapshot before it."""
    day: date
    settings: Settings
    rules: Sequence[Rule]
    lists: Mapping[str, Sequence[str]]
    """List -> economies."""
    tables: frozenset[str]
    """Tables of the snapshot; those of the one before under `before.`."""

    def of_kind(self, *kinds: str) -> list[Rule]:
        """Rules of some kinds."""
        return [rule for rule in self.rules if rule["kind"] in kinds]

    def watched(self, rule: Rule) -> Sequence[str]:
        """Economies that a rule is about; empty = every one."""
        return self.lists.get(rule["watch"] or "", [])

    def asked(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """Rows that answer a query."""
        return self.con.execute(sql, list(parameters)).pl().to_dicts()

    def frame(self, sql: str, *parameters: object) -> pl.DataFrame:
        """Give the answer to a query as a frame."""
        return self.con.execute(sql, list(parameters)).pl()

    @property
    def created(self) -> datetime:
        """When the snapshot was published."""
        return datetime.fromisoformat(publish.read_manifest(self.snapshot)["created"])


@contextmanager
def opened(snapshot: Path, day: date, settings: Settings) -> Iterator[Ground]:
    """Open a snapshot, and the one before it where there is one.

    Raises:
        AlertError: it was made before there were alerts.

    """
    earlier = [path for path in publish.snapshots(settings.snapshots) if path.name < snapshot.name]
    before = earlier[-1] if earlier else None
    others = {BEFORE: before / publish.DATABASE} if before else {}
    with warehouse.snapshot_reader(snapshot / publish.DATABASE, beside=others) as con:
        tables = names(con)
        if missing := sorted({RULES, WATCH, STATES} - tables):
            raise AlertError(
                f"{snapshot.name} holds no {missing[0]}: it was published before there were "
                "alerts; run `orewatch run`, then ask again"
            )
        yield Ground(
            con,
            snapshot,
            before,
            day,
            settings,
            warehouse.frame(con, RULES).to_dicts(),
            dict(warehouse.frame(con, WATCH).group_by("watch").agg("iso3").iter_rows()),
            tables,
        )


def names(con: warehouse.Connection) -> frozenset[str]:
    """Tables and views of the open files; those of the one before with its name in front."""
    rows = con.execute(
        "SELECT database_name, schema_name, table_name FROM duckdb_tables() UNION ALL "
        "SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal"
    ).fetchall()
    return frozenset(
        f"{BEFORE}.{schema}.{name}" if database == BEFORE else f"{schema}.{name}"
        for database, schema, name in rows
    )


def midnight(moment: datetime) -> date:
    """The day of a moment, in UTC."""
    return moment.astimezone(UTC).date()
