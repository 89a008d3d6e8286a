"""The snapshot's figures for what was bought: supply of the country, measures, governance, indices.

A cell is an importer's supply of a mineral at a stage, by value, of one source, edition and year:
the newest year of the last five that has a number, else the newest year with its reason.
"""

# ruff: noqa: S608 - names are declared ones or quoted, values are quoted

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from flows import lookups, warehouse
from flows.indices.formulas.policy_spells import EVERYBODY
from flows.indices.formulas.preference import COMPARISON
from flows.lookups import Row, listed, rows

RECENT = 5
"""Years back from the newest in which a number still stands for today."""
WHOLE = "all"
"""The stage that sums a mineral's headline forms."""
SHIPMENTS = ("all_trade", "end_use")
"""Scopes of measures on the issuer's own shipments of goods (ref.measure_scope)."""


@dataclass(frozen=True)
class Question:
    """Whose purchases they are, and the day that measures are in force on."""

    importer: str
    minerals: Sequence[str]
    day: date


def cells(con: warehouse.Connection, asked: Question) -> pl.DataFrame:
    """Give a row a mineral and stage: source, edition, year, hhi, top supplier, flags, reason."""
    return con.execute(
        f"""
        WITH p AS (
            SELECT *, max(year) OVER (PARTITION BY mineral, stage) AS newest
            FROM view.preferred_source
            WHERE importer_iso3 = {warehouse.text(asked.importer)}
                AND purpose = {warehouse.text(COMPARISON)} AND mineral IN ({listed(asked.minerals)})
        ),
        best AS (
            SELECT * FROM p
            QUALIFY row_number() OVER (
                PARTITION BY mineral, stage
                ORDER BY is_computed AND year > newest - {RECENT} DESC, year DESC
            ) = 1
        )
        SELECT c.mineral, c.stage, c.source, c.edition, c.year, c.hhi, c.cr1,
            c.top_supplier_iso3, e.name AS top_supplier, c.flags, c.reason, c.confidence
        FROM best AS b
        JOIN indices.import_concentration AS c
            ON c.importer_iso3 = b.importer_iso3 AND c.mineral = b.mineral AND c.stage = b.stage
            AND c.year = b.year AND c.source = b.source AND c.edition = b.edition
            AND c.basis = 'value'
        LEFT JOIN mart.economy AS e ON e.economy = c.top_supplier_iso3
        ORDER BY c.mineral, c.stage
        """
    ).pl()


def shares(con: warehouse.Connection, asked: Question, found: pl.DataFrame) -> pl.DataFrame:
    """Give the importer's share from each exporter in these cells."""
    return (
        con.execute(
            f"""
            SELECT mineral, stage, source, edition, year, exporter_iso3 AS supplier_iso3,
                import_share
            FROM indices.import_share
            WHERE importer_iso3 = {warehouse.text(asked.importer)} AND basis = 'value'
                AND mineral IN ({listed(asked.minerals)})
            """
        )
        .pl()
        .join(found.select(CELL), on=CELL, how="semi")
        .select("mineral", "stage", "supplier_iso3", "import_share")
    )


CELL = ["mineral", "stage", "source", "edition", "year"]


def measures(con: warehouse.Connection, asked: Question) -> list[Row]:
    """Give the measures on shipments in force on the day for this importer, a row a code."""
    importers = listed([asked.importer, EVERYBODY])
    return rows(
        con,
        f"""
        SELECT f.source, f.edition, f.measure, m.title, f.exporter_iso3, f.mineral, f.hs6, f.form,
            f.kind, f.scope, f.severity, f.in_force_from, f.in_force_to, f.confirmation
        FROM mart.measure_in_force AS f
        LEFT JOIN (SELECT DISTINCT source, edition, measure, title FROM mart.measure) AS m
            ON m.source = f.source AND m.edition = f.edition AND m.measure = f.measure
        WHERE f.restricts AND f.scope IN ({listed(SHIPMENTS)})
            AND f.importer_iso3 IN ({importers}) AND f.mineral IN ({listed(asked.minerals)})
            AND DATE '{asked.day.isoformat()}'
                BETWEEN f.in_force_from AND coalesce(f.in_force_to, DATE '9999-12-31')
        ORDER BY f.measure, f.mineral, f.hs6
        """,
    )


def home(con: warehouse.Connection, importer: str) -> list[str]:
    """Give the countries whose goods are no imports: the importer's own, or a bloc's members."""
    found = rows(
        con,
        "SELECT iso3 FROM ref.bloc_member WHERE to_year IS NULL "
        f"AND bloc = {warehouse.text(importer)} ORDER BY iso3",
    )
    return [importer, *(row["iso3"] for row in found)]


def governance(con: warehouse.Connection, suppliers: Sequence[str]) -> pl.DataFrame:
    """Give each supplier country's newest scores, and their mean; null where one is not known."""
    return con.execute(
        f"""
        WITH newest AS (
            SELECT DISTINCT ON (iso3) iso3, year, edition
            FROM mart.governance WHERE iso3 IN ({listed(suppliers)}) AND estimate IS NOT NULL
            ORDER BY iso3, year DESC, edition DESC
        )
        SELECT g.iso3 AS supplier_iso3, g.year AS governance_year,
            CASE WHEN count(g.estimate) = 6 THEN avg(g.estimate ORDER BY g.dimension) END
                AS governance
        FROM mart.governance AS g
        JOIN newest AS n ON n.iso3 = g.iso3 AND n.year = g.year AND n.edition = g.edition
        GROUP BY g.iso3, g.year ORDER BY g.iso3
        """
    ).pl()


def production(con: warehouse.Connection, minerals: Sequence[str]) -> pl.DataFrame:
    """Give the concentration of world production of each mineral, at its first stage with any."""
    return con.execute(
        f"""
        SELECT c.mineral, c.stage AS production_stage, c.year AS production_year,
            c.hhi AS production_hhi, c.cr1 AS production_cr1, c.top_supplier_iso3 AS producer_iso3,
            e.name AS top_producer, c.source AS production_source, c.edition AS production_edition,
            c.flags AS production_flags
        FROM indices.production_concentration AS c
        JOIN ref.production_stage AS p
            ON p.production_stage = c.stage AND p.trade_stage = {warehouse.text(WHOLE)}
        LEFT JOIN mart.economy AS e ON e.economy = c.top_supplier_iso3
        WHERE c.mineral IN ({listed(minerals)}) AND c.hhi IS NOT NULL
        QUALIFY row_number() OVER (
            PARTITION BY c.mineral
            ORDER BY p.preference, c.year DESC, c.source DESC, c.edition DESC, c.basis
        ) = 1
        ORDER BY c.mineral
        """
    ).pl()


def thresholds(con: warehouse.Connection) -> dict[str, list[Row]]:
    """Give the thresholds for a country's concentration and for one supplier's share."""
    found: dict[str, list[Row]] = {"hhi": [], "import_share": []}
    for row in lookups.thresholds(con):
        found[row["figure"]].append({name: row[name] for name in ("threshold", "whose")})
    return found


def every_index(con: warehouse.Connection, asked: Question, found: pl.DataFrame) -> pl.DataFrame:
    """Give the figures of every index for these cells, one a row.

    Columns: index, figure, variant (what else its grain holds, name=value), mineral, stage,
    supplier_iso3 (null where the figure is not of one), year, source, edition, unit, value, reason.
    Bounds are left out.
    """
    parts = [
        figures_of(con, name, columns, asked, found)
        for name, columns in tables(con).items()
        if {"mineral", "stage", "year", "source", "edition"} <= columns["grain"].keys()
    ]
    empty = pl.DataFrame(schema=LONG)
    return pl.concat([empty, *parts]).sort(
        "mineral", "stage", "index", "variant", "supplier_iso3", "figure", nulls_last=True
    )


LONG = {
    "index": pl.String(),
    "figure": pl.String(),
    "variant": pl.String(),
    "mineral": pl.String(),
    "stage": pl.String(),
    "supplier_iso3": pl.String(),
    "year": pl.Int32(),
    "source": pl.String(),
    "edition": pl.String(),
    "unit": pl.String(),
    "value": pl.Float64(),
    "reason": pl.String(),
}


def tables(con: warehouse.Connection) -> dict[str, dict[str, dict[str, str]]]:
    """Give index -> its key and its figures, each with type or unit, as the dictionary has them."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows(con, "FROM meta.dictionary WHERE \"table\" LIKE 'indices.%' ORDER BY ALL"):
        name = row["table"].removeprefix("indices.")
        kinds = found.setdefault(name, {"grain": {}, "figures": {}, "others": {}})
        is_bound = row["column"].endswith(("_low", "_high"))
        if row["in_grain"]:
            kinds["grain"][row["column"]] = row["type"]
        elif row["type"] == "float" and not is_bound:
            kinds["figures"][row["column"]] = row["unit"]
        else:
            kinds["others"][row["column"]] = row["type"]
    return found


def figures_of(
    con: warehouse.Connection,
    name: str,
    columns: Mapping[str, Mapping[str, str]],
    asked: Question,
    found: pl.DataFrame,
) -> pl.DataFrame:
    """Give the figures of one index for these cells."""
    grain, figures = columns["grain"], columns["figures"]
    tests = [f"mineral IN ({listed(asked.minerals)})"]
    if "importer_iso3" in grain:
        tests.append(f"importer_iso3 = {warehouse.text(asked.importer)}")
    told = [*CELL, "importer_iso3", "exporter_iso3"]
    more = [one for one in grain if one not in told]
    if not figures:
        return pl.DataFrame(schema=LONG)
    frame = con.execute(f"SELECT * FROM indices.{name} WHERE {' AND '.join(tests)}").pl()
    frame = frame.join(found.select(CELL), on=CELL, how="semi")
    variant = pl.concat_str(
        [pl.lit(f"{one}=") + pl.col(one).cast(pl.String) for one in more], separator=" "
    )
    return (
        frame.with_columns(
            variant=variant if more else pl.lit(""),
            index=pl.lit(name),
            supplier_iso3=pl.col("exporter_iso3")
            if "exporter_iso3" in grain
            else pl.lit(None, dtype=pl.String),
            reason=pl.col("reason") if "reason" in frame.columns else pl.lit(None, dtype=pl.String),
        )
        .unpivot(
            on=list(figures),
            index=["index", "variant", *CELL, "supplier_iso3", "reason"],
            variable_name="figure",
            value_name="value",
        )
        .with_columns(
            unit=pl.col("figure").replace_strict(figures),
            reason=pl.when(pl.col("value").is_null()).then("reason"),
        )
        .select(pl.col(one).cast(kind) for one, kind in LONG.items())
    )
