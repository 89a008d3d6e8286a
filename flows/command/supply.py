"""Who supplies an importer with a mineral, year by year, and what is known of it."""

# ruff: noqa: S608 - names are declared ones, values are quoted

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flows import publish, warehouse
from flows.command import naming, shelf
from flows.command.exits import UsageError
from flows.indices.formulas.policy_spells import EVERYBODY
from flows.indices.formulas.preference import COMPARISON
from flows.lookups import listed, rows, thresholds
from flows.settings import Settings

Body = dict[str, Any]


class NoSupplyError(Exception):
    """The snapshot has no row for what was asked."""


@dataclass(frozen=True)
class Asked:
    """What was asked for."""

    importer: str
    mineral: str
    stage: str
    basis: str
    day: date
    """The day that measures are in force on."""
    snapshot: str | None = None


def supply(asked: Asked, settings: Settings) -> Body:
    """Read who supplies an importer with a mineral.

    Gives what `orewatch show --json` prints: importer, mineral, stage, basis, source, edition,
    `years` (concentration and its flags), `suppliers` (a share a year), thresholds, measures,
    sources, commands.

    Raises:
        UsageError: a word names nothing or several things, or there is no such stage or basis.
        NoSupplyError: there is no such cell.
        NoSuchSnapshotError: there is no snapshot.

    """
    path = shelf.find(settings, asked.snapshot)
    with warehouse.snapshot_reader(path / publish.DATABASE) as con:
        importer = naming.economy(
            con, asked.importer, lambda word: naming.joined("show", word, asked.mineral)
        )
        mineral = naming.mineral(
            con, asked.mineral, lambda word: naming.joined("show", importer.id, word)
        )
        check_words(con, asked)
        key = {
            "importer_iso3": importer.id,
            "mineral": mineral.id,
            "stage": asked.stage,
            "basis": asked.basis,
        }
        edition = chosen(con, key)
        cell = where(key | edition)
        years = rows(con, f"FROM indices.import_concentration WHERE {cell} ORDER BY year")
        badges = badges_of(con, key | edition)
        return {
            "snapshot": path.name,
            "importer": {"economy": importer.id, "name": importer.name},
            "mineral": {"mineral": mineral.id, "name": mineral.name},
            "stage": asked.stage,
            "basis": asked.basis,
            **edition,
            "day": asked.day,
            "years": [concentration(row, badges) for row in years],
            "suppliers": suppliers(con, cell),
            "thresholds": thresholds(con),
            "meanings": meanings(con, years),
            "measures": measures(con, key, asked.day),
            "stages": stages(con, key | edition),
            "source_of": source_of(con, edition),
            "commands": commands(key, edition, years),
        }


def check_words(con: warehouse.Connection, asked: Asked) -> None:
    """Refuse a stage or basis that no list has."""
    for name, word in (("stage", asked.stage), ("basis", asked.basis)):
        known = [row[name] for row in rows(con, f"SELECT {name} FROM ref.{name} ORDER BY 1")]
        if word not in known:
            raise UsageError(f"no {name} is called {word!r}; there are: {', '.join(known)}")


def chosen(con: warehouse.Connection, key: Mapping[str, str]) -> Body:
    """Give the source and edition to show: the one preferred for the newest year that has a number.

    Raises:
        NoSupplyError: no edition has the cell.

    """
    place = where({name: key[name] for name in ("importer_iso3", "mineral", "stage")})
    found = rows(
        con,
        f"SELECT source, edition FROM view.preferred_source WHERE {place} "
        f"AND purpose = {warehouse.text(COMPARISON)} ORDER BY is_computed DESC, year DESC LIMIT 1",
    ) or rows(
        con,
        f"SELECT source, edition FROM indices.import_concentration WHERE {where(key)} "
        "ORDER BY reason IS NULL DESC, year DESC, source, edition LIMIT 1",
    )
    if not found:
        said = ", ".join(key.values())
        kinds = rows(
            con,
            "SELECT DISTINCT stage FROM indices.import_concentration WHERE "
            f"{where({name: key[name] for name in ('importer_iso3', 'mineral')})} ORDER BY 1",
        )
        there = f"; stages there are: {', '.join(row['stage'] for row in kinds)}" if kinds else ""
        raise NoSupplyError(f"the snapshot has no supply for {said}{there}")
    return found[0]


def concentration(row: Body, badges: Mapping[int, str]) -> Body:
    """Give what is told of a year's concentration."""
    told = ("year", "hhi", "hhi_low", "hhi_high", "effective_suppliers", "cr1", "suppliers")
    more = ("top_supplier_iso3", "unallocated_share", "hs6", "flags", "reason", "confidence")
    return {name: row[name] for name in (*told, *more)} | {"badge": badges.get(row["year"])}


def badges_of(con: warehouse.Connection, key: Mapping[str, str]) -> dict[int, str]:
    """Give year -> badge of the concentration."""
    test = f"{where(key)} AND indicator = 'import_concentration'"
    return {
        row["year"]: row["badge"]
        for row in rows(con, f"SELECT year, badge FROM view.badge WHERE {test}")
    }


def suppliers(con: warehouse.Connection, cell: str) -> list[Body]:
    """Give each exporter's share of each year, the largest of the newest year first."""
    return rows(
        con,
        f"""
        WITH cell AS (FROM indices.import_share WHERE {cell}),
        last AS (
            SELECT exporter_iso3, import_share FROM cell
            WHERE year = (SELECT max(year) FROM cell)
        )
        SELECT c.exporter_iso3, e.name AS exporter, c.year, c.import_share,
            c.import_share_low, c.import_share_high, c.reason
        FROM cell AS c JOIN mart.economy AS e ON e.economy = c.exporter_iso3
        LEFT JOIN last AS l ON l.exporter_iso3 = c.exporter_iso3
        ORDER BY l.import_share DESC NULLS LAST, c.exporter_iso3, c.year
        """,
    )


def meanings(con: warehouse.Connection, years: list[Body]) -> dict[str, str]:
    """Give the meaning of each flag and reason of the newest year."""
    last = years[-1]
    words = [*last["flags"], *([last["reason"]] if last["reason"] else [])]
    sql = (
        f"SELECT flag AS word, meaning FROM ref.flag WHERE flag IN ({listed(words)}) "
        f"UNION ALL SELECT reason, meaning FROM ref.reason WHERE reason IN ({listed(words)})"
    )
    return {row["word"]: row["meaning"] for row in rows(con, sql)}


def measures(con: warehouse.Connection, key: Mapping[str, str], day: date) -> list[Body]:
    """Give the measures on a mineral that hold for an importer on a day, restricting ones first."""
    importers = listed([key["importer_iso3"], EVERYBODY])
    return rows(
        con,
        f"""
        SELECT f.source, f.edition, f.measure, max(m.title) AS title, f.exporter_iso3,
            max(e.name) AS exporter, f.kind, f.restricts, f.scope, f.severity, f.in_force_from,
            f.in_force_to, f.begins_as,
            CASE WHEN bool_and(f.confirmation = 'confirmed') THEN 'confirmed'
                ELSE 'unconfirmed' END AS confirmation,
            list_sort(list_distinct(list(f.stage) FILTER (f.stage IS NOT NULL))) AS stages
        FROM mart.measure_in_force AS f
        JOIN ref.country AS e ON e.iso3 = f.exporter_iso3
        LEFT JOIN (SELECT DISTINCT source, edition, measure, title FROM mart.measure) AS m
            ON m.source = f.source AND m.edition = f.edition AND m.measure = f.measure
        WHERE f.mineral = {warehouse.text(key["mineral"])} AND f.importer_iso3 IN ({importers})
            AND DATE '{day.isoformat()}'
                BETWEEN f.in_force_from AND coalesce(f.in_force_to, DATE '9999-12-31')
        GROUP BY f.source, f.edition, f.measure, f.exporter_iso3, f.kind, f.restricts, f.scope,
            f.severity, f.in_force_from, f.in_force_to, f.begins_as
        ORDER BY f.restricts DESC, f.severity DESC NULLS LAST, f.in_force_from, f.measure
        """,
    )


def stages(con: warehouse.Connection, key: Mapping[str, str]) -> list[str]:
    """Name the stages of the mineral that have a number for this importer and basis."""
    others = where({name: value for name, value in key.items() if name != "stage"})
    sql = (
        "SELECT DISTINCT stage FROM indices.import_concentration "
        f"WHERE {others} AND hhi IS NOT NULL ORDER BY 1"
    )
    return [row["stage"] for row in rows(con, sql)]


def source_of(con: warehouse.Connection, edition: Mapping[str, str]) -> Body | None:
    """Give title, citation and licence of the source, and the day of its edition."""
    found = rows(
        con,
        "SELECT s.source, e.edition, s.title, s.citation, s.licence, e.released, "
        "e.released_basis FROM meta.source AS s LEFT JOIN meta.edition AS e "
        f"ON e.source = s.source AND e.edition = {warehouse.text(edition['edition'])} "
        f"WHERE s.source = {warehouse.text(edition['source'])}",
    )
    return found[0] if found else None


def commands(
    key: Mapping[str, str], edition: Mapping[str, str], years: list[Body]
) -> list[dict[str, str]]:
    """Give the commands that dig deeper."""
    known = [row["year"] for row in years if row["hhi"] is not None] or [years[-1]["year"]]
    options = ["--importer", key["importer_iso3"], "--mineral", key["mineral"]]
    exact = ["--stage", key["stage"], "--basis", key["basis"], "--edition", edition["edition"]]
    explain = ["explain", "import_concentration.hhi", *options, "--year", str(known[-1]), *exact]
    where_else = f"importer={key['importer_iso3']}"
    return [
        {"what": "the arithmetic behind the newest HHI", "command": naming.joined(*explain)},
        {
            "what": "the suppliers as rows",
            "command": naming.joined(
                "query", "top_suppliers", "--param", where_else, "--param",
                f"mineral={key['mineral']}",
            ),
        },
    ]  # fmt: skip


def where(key: Mapping[str, str]) -> str:
    """Write the tests on columns as SQL."""
    return " AND ".join(
        f"{warehouse.quoted(name)} = {warehouse.text(value)}" for name, value in key.items()
    )
