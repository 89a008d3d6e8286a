"""A small published file for the report, composed by us: only the tables that it reads.

None of its figures is a source's. Names and quotes carry whatever a page must not trust.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from flows.indices.contract import Table

SCRIPT = "<script>alert(1)</script>"
BREAK = "</script><script>alert(2)</script><!--"
LINK = "javascript:alert(3)"
QUOTE = "\"'><img src=x onerror=alert(4)>"

MANIFEST = {"id": "20261120T093000Z-c0ffee00", "as_of": "2026-11-20", "created": "2026-11-20"}
HELD = {"source": "baci", "edition": "V1"}
SHARES: Mapping[int, tuple[float, ...] | None] = {
    # Of China, of Vietnam; what is left is a third country's. 2021 has no number.
    2014: (0.4, 0.5),
    2020: (0.912, 0.05),
    2021: None,
    2022: (0.6, 0.3),
    2023: (0.506, 0.4),
    2024: (0.378, 0.4),
}
EXPORTERS = ("CHN", "VNM", "MMR")


def cells(importer: str, mineral: str, basis: str) -> tuple[list[dict[str, Any]], ...]:
    """Concentration and shares of one importer; by mass the shares are turned round."""
    rows, shares = [], []
    for year, known in SHARES.items():
        key = HELD | {"importer_iso3": importer, "mineral": mineral, "stage": "all"}
        key |= {"year": year, "basis": basis}
        if known is None:
            rows.append(key | {"reason": "code_ended", "suppliers": 0})
            continue
        first, second = known if basis == "value" else reversed(known)
        parts = dict(zip(EXPORTERS, (first, second, round(1 - first - second, 3)), strict=True))
        top = max(parts, key=lambda one: parts[one])
        hhi = sum(share**2 for share in parts.values())
        rows.append(
            key
            | {"hhi": hhi, "hhi_low": hhi, "hhi_high": hhi, "suppliers": 3, "confidence": "A"}
            | {"top_supplier_iso3": top, "hs6": "000001+000002"}
        )
        shares += [
            key
            | {"exporter_iso3": exporter, "import_share": share}
            | {"import_share_low": share, "import_share_high": share}
            for exporter, share in parts.items()
        ]
    return rows, shares


def rows_of(
    importers: Sequence[str] = ("JPN", "KOR"), minerals: Sequence[str] = ("rare_earths", "tungsten")
) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table."""
    concentration, shares = [], []
    for importer in importers:
        for mineral in minerals:
            for basis in ("value", "mass"):
                some, more = cells(importer, mineral, basis)
                concentration += some
                shares += more
    concentration += [
        HELD
        | {"importer_iso3": importer, "mineral": "neon", "stage": "all", "year": 2024}
        | {"basis": basis, "reason": "code_ended", "suppliers": 0}
        for importer in importers
        for basis in ("value", "mass")
    ]
    economies = {"JPN": "Japan", "KOR": f"Korea {SCRIPT}", "CHN": f"China {BREAK}"}
    economies |= {"VNM": "Vietnam", "MMR": "Myanmar"} | {i: i for i in importers[2:]}
    names = {one: one.replace("_", " ").capitalize() for one in minerals}
    names["neon"] = "Neon"
    names["tungsten"] = f"Tungsten {QUOTE}"
    measure = HELD | {"measure": "X-1", "mineral": "rare_earths", "source": "facts"}
    measure |= {"title": f"Licences {SCRIPT}", "kind": "licence", "citation": LINK}
    measure |= {"confirmation": "confirmed", "severity": 0.3, "restricts": True}
    return {
        "ref.report_importer": [
            {"importer": one, "place": place, "why": "Because"}
            for place, one in enumerate(importers, start=1)
        ],
        "ref.report_headline": [
            {"headline": "one", "place": 1, "claim_id": "C010", "importer": "JPN"}
            | {"exporter_iso3": "CHN", "mineral": "rare_earths", "why": "The central figure"}
        ],
        "mart.economy": [
            {"economy": k, "name": v, "kind": "country"} for k, v in economies.items()
        ],
        "ref.mineral": [
            {"mineral": k, "name": v, "aliases": [], "note": f"Note {SCRIPT}"}
            for k, v in names.items()
        ],
        "ref.reason": [{"reason": "code_ended", "meaning": "The code ended"}],
        "ref.flag": [{"flag": "tie", "meaning": "A tie"}],
        "ref.basis": [{"basis": "value", "meaning": "In USD", "unit": "USD"}],
        "ref.cap": [
            {"cap": "one", "name": "A cap", "share": 0.65, "source": "An act", "note": "Own"}
        ],
        "ref.threshold": [
            {"screen": "own", "criterion": "import_hhi", "threshold": 0.4, "unit": "hhi"}
        ],
        "ref.form": [
            {"mineral": "rare_earths", "form": "metal", "name": f"metals {QUOTE}"}
            | {"stage": "metal", "specificity": "exact", "headline": True, "last_year": None}
            | {"note": "All in one code"}
        ],
        "ref.form_code": [
            {"mineral": "rare_earths", "form": "metal", "hs_revision": "H0", "hs6": "000001"}
        ],
        "ref.specificity": [{"specificity": "exact", "meaning": "Nothing else"}],
        "indices.import_concentration": concentration,
        "indices.import_share": shares,
        "indices.cap_distance": [
            {k: row[k] for k in ("importer_iso3", "mineral", "stage", "year", "basis")}
            | HELD
            | {"cap": "one", "above_cap": True}
            for row in concentration
            if row["year"] == 2024 and "hhi" in row
        ],
        "view.preferred_source": [
            {k: row[k] for k in ("importer_iso3", "mineral", "stage", "year")}
            | HELD
            | {"purpose": "importer", "is_computed": "hhi" in row}
            for row in concentration
            if row["basis"] == "value"
        ],
        "view.badge": [
            {k: row[k] for k in ("importer_iso3", "mineral", "stage", "year", "basis")}
            | HELD
            | {"indicator": "import_concentration", "badge": row.get("confidence", "none")}
            for row in concentration
        ],
        "meta.source": [
            {"source": "baci", "title": f"Trade {SCRIPT}", "producer": "Us", "citation": LINK}
            | {"licence": "CC0", "limits": [f"A limit {QUOTE}"]},
            {"source": "article", "title": "The article", "producer": "Them", "citation": "It"}
            | {"licence": "quoted", "limits": ["A press text"]},
        ],
        "meta.edition": [
            HELD
            | {"released": date(2026, 1, 31), "released_basis": "stated", "rows": 5, "note": ""}
            | {"first_year": 2014, "last_year": 2024},
            HELD
            | {"source": "article", "edition": "1"}
            | {"released": date(2026, 1, 14), "released_basis": "stated", "rows": 1, "note": ""}
            | {"first_year": None, "last_year": None},
        ],
        "mart.trade": [HELD],
        "mart.mineral_trade": [
            HELD
            | {"importer_iso3": "JPN", "mineral": "rare_earths", "stage": "all", "year": 2024}
            | {"exporter_iso3": exporter, "value_usd": dollars}
            for exporter, dollars in zip(
                EXPORTERS, (378_000_000, 400_000_000, 222_000_000), strict=True
            )
        ],
        "mart.claim": [
            {"claim_id": "C010", "value": 91.2, "unit": "percent", "flow": "M", "metric": "share"}
            | {"mineral": "rare_earths", "reporter": "JPN", "partner": "CHN", "subject": "JPN"}
            | {"counterpart": "CHN", "anchor": f"91.2 percent {SCRIPT}", "as_of": "2024"}
            | {"as_of_kind": "inferred", "how_to_check": "Look", "checkable": "data"}
            | {"qualifier": None, "low": None, "high": None}
        ],
        "indices.production_concentration": [
            {"source": "usgs", "edition": "1", "mineral": "rare_earths", "stage": "mine"}
            | {"basis": "mass", "measure": "ore", "year": 2024, "cr1": 0.7, "hhi": 0.58}
            | {"top_supplier_iso3": "CHN", "flags": ["tie"], "reason": None}
        ],
        "mart.production": [
            {"source": "usgs", "edition": "1", "mineral": "rare_earths", "stage": "mine"}
            | {"basis": "mass", "measure": "ore", "year": 2024, "area": area}
            | {"area_kind": "country", "mass_kg": kg}
            for area, kg in (("CHN", 7_000), ("VNM", 3_000))
        ],
        "mart.price": [
            HELD
            | {"series": "Ore", "year": 2024, "month": month, "mineral": "rare_earths"}
            | {"published_price": 10.0 + month, "published_unit": "USD_per_t"}
            for month in range(1, 13)
        ],
        "mart.measure": [
            measure
            | {"effective": date(2023, 8, 1), "expires": None, "target": "ALL"}
            | {"issuer_iso3": "CHN", "material": "all"}
        ],
        "mart.measure_in_force": [
            measure
            | {"exporter_iso3": "CHN", "importer_iso3": "ALL", "begins_as": "effective"}
            | {"in_force_from": date(2023, 8, 1), "in_force_to": date(2026, 12, 1)}
            | {"ends_as": "expired"}
        ],
        "quality.check": [
            {"table": "mart.trade", "check": "one", "outcome": "pass", "why": "", "message": None}
            | {"unexpected_count": 0}
        ],
    }


def dictionary(tables: Iterable[Table]) -> list[dict[str, Any]]:
    """What the house declares of the tables, as meta.dictionary has it."""
    return [
        {
            "table": table.id,
            "ordinal": place,
            "column": column.name,
            "type": column.type,
            "unit": column.unit,
            "meaning": column.meaning,
            "in_grain": column.name in table.grain,
            "table_meaning": table.meaning,
            "formula": table.formula,
            "citation": table.citation,
        }
        for table in tables
        for place, column in enumerate(table.columns)
    ]


def written(path: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    """Write the tables into a file as a snapshot has it; give its path."""
    con = duckdb.connect(str(path))
    try:
        for name, some in rows.items():
            frame = pl.DataFrame(list(some), infer_schema_length=None).to_arrow()
            con.execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}")
            con.register("incoming", frame)
            con.execute(f"CREATE TABLE {name} AS FROM incoming")
            con.unregister("incoming")
    finally:
        con.close()
    return path
