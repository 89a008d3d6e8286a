"""A small published snapshot, composed by us: every table of the house, a few rows in some.

Of its figures only those of Japan's rare earths are a source's: the shares that the data must
show beside the article's claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from flows import build, meta, publish, quality, warehouse
from flows.facts import read_facts
from flows.indices.contract import Table
from flows.marts import read_models
from flows.settings import Settings

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DEFAULTS: Mapping[str, object] = {
    "text": "composed",
    "int": 0,
    "year": 2024,
    "float": 0.0,
    "decimal": 0,
    "bool": False,
    "date": date(2026, 1, 31),
    "texts": [],
}

CELL = {
    "importer_iso3": "JPN",
    "exporter_iso3": "CHN",
    "mineral": "rare_earths",
    "stage": "all",
    "source": "baci",
    "edition": "HS92_V202601",
    "hs6": "280530+284610+284690",
    "confidence": "A",
    "suppliers": 2,
}
SHARES = (
    (2007, "value", "CHN", 0.912),
    (2007, "mass", "CHN", 0.858),
    (2015, "value", "CHN", 0.345),
    (2015, "mass", "CHN", None),
    (2024, "value", "CHN", 0.378),
    (2024, "mass", "CHN", 0.661),
    (2024, "value", "VNM", 0.622),
    (2024, "mass", "VNM", 0.339),
)
ANTIMONY = {"source": "usgs_mcs", "mineral": "antimony", "stage": "mine", "area": "CHN"}

ROWS: Mapping[str, Sequence[Mapping[str, object]]] = {
    "mart.claim": [
        {
            "claim_id": "C010",
            "value": 91.2,
            "unit": "percent",
            "flow": "M",
            "mineral": "rare_earths",
            "reporter": "JPN",
            "partner": "CHN",
            "anchor": "91.2 percent",
            "as_of": "2024",
            "as_of_kind": "inferred",
        }
    ],
    "mart.economy": [
        {"economy": "JPN", "name": "Japan"},
        {"economy": "CHN", "name": "China"},
        {"economy": "VNM", "name": "Vietnam"},
    ],
    "mart.production": [
        ANTIMONY | {"edition": "2023", "year": 2022, "mass_kg": 60_000_000},
        ANTIMONY | {"edition": "2024", "year": 2022, "mass_kg": 40_000_000},
    ],
    "indices.import_share": [
        CELL | {"year": year, "basis": basis, "exporter_iso3": exporter, "import_share": share}
        for year, basis, exporter, share in SHARES
    ],
    "indices.import_concentration": [
        *(
            CELL | {"year": year, "basis": basis, "top_supplier_iso3": "CHN", "hhi": 0.5}
            for year in (2007, 2015, 2024)
            for basis in ("value", "mass")
        ),
        CELL | {"mineral": "gallium", "basis": "value", "year": 2024, "reason": "basket_code"},
    ],
    "meta.edition": [
        {"source": "baci", "edition": "HS92_V202601", "rows": 5},
        {"source": "usgs_mcs", "edition": "2023", "rows": 1, "released": date(2023, 1, 31)},
        {"source": "usgs_mcs", "edition": "2024", "rows": 1, "released": date(2024, 1, 31)},
    ],
    "meta.source": [{"source": "baci"}, {"source": "usgs_mcs"}],
    "quality.freshness": [{"source": "baci", "edition": "HS92_V202601"}],
    "quality.check": [
        {"table": "mart.claim", "check": "rows_exist", "outcome": "pass"},
        {"table": "mart.economy", "check": "names_are_short", "outcome": "warn"},
    ],
}


def frame(table: Table, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Rows as the table declares them: what is not given is null, or any value where it may not."""
    default = {c.name: None if c.nullable else DEFAULTS[c.type] for c in table.columns}
    known = [default | {k: v for k, v in row.items() if k in default} for row in rows]
    return pl.DataFrame(known, schema=table.polars)


def publish_composed(home: Path, now: datetime = NOW) -> Path:
    """Publish the composed snapshot in a home; give its path."""
    settings = Settings(home=home)
    facts = read_facts(settings.facts)
    models = read_models(settings.sql)
    tables = build.tables_without_gate(facts, models)
    gate = [quality.CHECK_TABLE, quality.FAILING_ROW_TABLE]
    with warehouse.build(settings.build, threads=1, memory_limit="256MiB") as con:
        for table in tables:
            if table.schema != "view":
                rows = facts.frames.get(table.id, frame(table, ROWS.get(table.id, ())))
                warehouse.write(con, table, rows)
        warehouse.run_models(con, [m for m in models if m.table.schema == "view"])
        counts = warehouse.finish(con, tables, [(t, frame(t, ROWS.get(t.id, ()))) for t in gate])
    name = publish.snapshot_id(now, "c0ffee00")
    with publish.aside(settings.snapshots, name) as part:
        settings.build.rename(part / publish.DATABASE)
        publish.seal(part, manifest(name, now, counts))
        return publish.release(part, settings.snapshots, name, settings.current, lambda _: None)


def manifest(name: str, now: datetime, counts: Mapping[str, int]) -> dict[str, Any]:
    """As much of a manifest as readers look at."""
    return {
        "id": name,
        "created": now.isoformat(timespec="seconds"),
        "as_of": now.date().isoformat(),
        "schema_version": meta.SCHEMA_VERSION,
        "checks": {"fail": 0, "error": 0, "vacuous": 0, "warn": 1, "not_applicable": 0, "pass": 1},
        "tables": [{"name": table, "rows": rows} for table, rows in sorted(counts.items())],
    }
