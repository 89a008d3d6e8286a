"""What the published file says of itself: sources, editions, codes carried, columns, version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import polars as pl

from flows.indices.contract import Column, Table
from flows.sources.contract import Edition, Source
from flows.sources.quarantine import Parts

SCHEMA_VERSION = 1
"""Goes up when a published table or column is renamed or removed."""

SOURCE = Table(
    schema="meta",
    name="source",
    meaning="Sources of the figures, with licence and citation",
    grain=("source",),
    columns=(
        Column("source", "text", "id of the source"),
        Column("title", "text", "title"),
        Column("producer", "text", "who produces it"),
        Column("origin", "text", "where it is published"),
        Column("citation", "text", "how to cite it"),
        Column("licence", "text", "name of the licence"),
        Column("licence_url", "text", "where the licence stands"),
        Column("publish", "text", "what may be published", values=("open", "derived_only")),
        Column("schedule", "text", "when new editions come"),
        Column("tried_live", "date", "day of the last try against the live source", nullable=True),
        Column("limits", "texts", "what the source cannot tell"),
    ),
)

EDITION = Table(
    schema="meta",
    name="edition",
    meaning="Editions of the sources in this file",
    grain=("source", "edition"),
    columns=(
        Column("source", "text", "id of the source", key="meta.source.source"),
        Column("edition", "text", "id of the edition"),
        Column("released", "date", "day the source released it; null = not known", nullable=True),
        Column(
            "released_basis",
            "text",
            "how that day is known",
            values=("stated", "inferred", "unknown"),
        ),
        Column(
            "hs_revision", "text", "HS revision of its codes, where it has codes", nullable=True
        ),
        Column("rows", "int", "rows after staging", unit="count", low=1),
        Column("rows_in", "int", "rows that its reader gave", unit="count", low=1),
        Column(
            "rows_rejected",
            "int",
            "of these, rows set aside (quality.rejected_row), the others being `rows`",
            unit="count",
            low=0,
        ),
        Column("first_year", "year", "first year, where it has years", nullable=True),
        Column("last_year", "year", "last year", nullable=True),
        Column("raw_hash", "text", "hash of its raw bytes"),
        Column(
            "fetched", "date", "day its bytes came here; null = they ship with it", nullable=True
        ),
        Column(
            "remark",
            "text",
            "why it was accepted although it has less than the edition before; empty otherwise",
        ),
        Column("note", "text", "what to know of it"),
    ),
)

EDITION_CODE = Table(
    schema="meta",
    name="edition_code",
    meaning="HS codes that each edition of a trade source carries",
    grain=("source", "edition", "hs6"),
    columns=(
        Column("source", "text", "id of the source", key="meta.source.source"),
        Column("edition", "text", "id of the edition"),
        Column("hs_revision", "text", "HS revision", key="ref.hs_revision.hs_revision"),
        Column("hs6", "text", "HS code"),
    ),
)

FRESHNESS = Table(
    schema="quality",
    name="freshness",
    meaning="Whether the newest edition of each source is older than the source's rhythm allows",
    grain=("source",),
    columns=(
        Column("source", "text", "id of the source", key="meta.source.source"),
        Column("edition", "text", "its newest edition with a known release"),
        Column("released", "date", "day the source released it"),
        Column("fresh_until", "date", "day after which it counts as stale"),
        Column("stale", "bool", "whether it is stale on the run's day"),
    ),
)

DICTIONARY = Table(
    schema="meta",
    name="dictionary",
    meaning="Every column of every table in this file: type, unit, meaning",
    grain=("table", "ordinal"),
    columns=(
        Column("table", "text", "schema and table"),
        Column("ordinal", "int", "place of the column", unit="count", low=1),
        Column("column", "text", "column"),
        Column("type", "text", "type"),
        Column("unit", "text", "unit; empty for names and codes"),
        Column("meaning", "text", "what it means"),
        Column("nullable", "bool", "whether it may be null"),
        Column("key", "text", "the column that its values are found in; empty if none"),
        Column("in_grain", "bool", "whether it is part of what makes a row"),
        Column("table_meaning", "text", "what the table holds"),
        Column("formula", "text", "formula of an index; empty otherwise"),
        Column("citation", "text", "where the formula comes from"),
    ),
)

VERSION = Table(
    schema="meta",
    name="schema_version",
    meaning="Version of the published tables and columns",
    grain=("schema_version",),
    columns=(Column("schema_version", "int", "goes up when a name changes", unit="count", low=1),),
)


def source_frame(sources: Iterable[Source]) -> pl.DataFrame:
    """Rows of `meta.source`."""
    rows = [
        {
            "source": s.id,
            "title": s.title,
            "producer": s.producer,
            "origin": s.origin,
            "citation": s.citation.strip(),
            "licence": s.licence.name,
            "licence_url": s.licence.url,
            "publish": s.licence.publish,
            "schedule": s.schedule,
            "tried_live": s.tried_live,
            "limits": s.limits,
        }
        for s in sources
    ]
    return pl.DataFrame(rows, schema=SOURCE.polars).sort("source")


def edition_row(source: Source, edition: Edition, parts: Parts, raw_hash: str) -> dict[str, object]:
    """One row of `meta.edition`, from the edition's staged rows and those set aside."""
    rows = parts.rows
    years = rows["year"] if "year" in rows.columns else None
    return {
        "source": source.id,
        "edition": edition.id,
        "released": edition.released,
        "released_basis": edition.released_basis,
        "hs_revision": edition.hs_revision,
        "rows": rows.height,
        "rows_in": parts.rows_in,
        "rows_rejected": parts.rejected.height,
        "first_year": years.min() if years is not None else None,
        "last_year": years.max() if years is not None else None,
        "raw_hash": raw_hash,
        "fetched": edition.fetched.date() if edition.fetched else None,
        "remark": edition.remark,
        "note": edition.note.strip(),
    }


def edition_frame(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Rows of `meta.edition`."""
    return pl.DataFrame(rows, schema=EDITION.polars).sort("source", "edition")


def edition_code_frame(sources: Iterable[Source]) -> pl.DataFrame:
    """Rows of `meta.edition_code`."""
    rows = [
        {"source": s.id, "edition": e.id, "hs_revision": e.hs_revision, "hs6": code}
        for s in sources
        for e in s.editions
        for code in e.hs6
    ]
    return pl.DataFrame(rows, schema=EDITION_CODE.polars).sort("source", "edition", "hs6")


def freshness_frame(sources: Iterable[Source], as_of: date) -> pl.DataFrame:
    """Rows of `quality.freshness`: the newest edition of each source on a day."""
    rows = []
    for source in sources:
        known = [(e.released, e.id) for e in source.editions if e.released]
        if not known:
            continue
        released, edition = max(known)
        fresh_until = date.fromordinal(released.toordinal() + source.fresh_days)
        rows.append(
            {
                "source": source.id,
                "edition": edition,
                "released": released,
                "fresh_until": fresh_until,
                "stale": as_of > fresh_until,
            }
        )
    return pl.DataFrame(rows, schema=FRESHNESS.polars).sort("source")


def dictionary_frame(tables: Iterable[Table]) -> pl.DataFrame:
    """Rows of `meta.dictionary`, made from the declarations."""
    rows = [
        {
            "table": table.id,
            "ordinal": place,
            "column": c.name,
            "type": c.type,
            "unit": c.unit,
            "meaning": c.meaning,
            "nullable": c.nullable,
            "key": c.key,
            "in_grain": c.name in table.grain,
            "table_meaning": " ".join(table.meaning.split()),
            "formula": table.formula,
            "citation": table.citation,
        }
        for table in tables
        for place, c in enumerate(table.columns, start=1)
    ]
    return pl.DataFrame(rows, schema=DICTIONARY.polars).sort("table", "ordinal")


def version_frame() -> pl.DataFrame:
    """The one row of `meta.schema_version`."""
    return pl.DataFrame({"schema_version": [SCHEMA_VERSION]}, schema=VERSION.polars)
