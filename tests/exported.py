"""Snapshots to export from: a composed one with texts of an outsider, and the bundled one.

In the composed one no figure and no name is a source's.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from unittest.mock import patch

from flows import build, meta, publish, warehouse, write
from flows.facts import read_facts
from flows.marts import read_models
from flows.settings import CHECKOUT
from tests import published, world

FORMULA = "=HYPERLINK(A1)"
LINK = "https://invalid.test/=x"

CLAIM = {
    "claim_id": "C900",
    "claim_type": "statistic",
    "metric": "composed",
    "value": -1.5,
    "unit": "percent",
    "hs6": ["010121", "284690"],
    "as_of_from": date(2024, 1, 31),
    "checkable": "data",
    "as_of_kind": "stated",
}
ROWS: Mapping[str, Sequence[Mapping[str, object]]] = {
    "mart.claim": [
        CLAIM | {"anchor": FORMULA, "subject_note": "-5", "qualifier": "-5 percent"},
        CLAIM
        | {
            "claim_id": "C901",
            "value": None,
            "hs6": None,
            "as_of_from": date(1899, 12, 31),
            "anchor": LINK,
            "subject_note": "é 中",
            "qualifier": "two\n=lines",
            "subject": "",
        },
    ],
    "mart.economy": [
        {"economy": "JPN", "name": "Japan"},
        {"economy": "CHN", "name": "<script>alert(1)</script>"},
        {"economy": "VNM", "name": "@SUM(1+1)"},
    ],
    "meta.source": [{"source": "baci", "title": "+title", "licence": "-licence", "limits": ["=a"]}],
}


@cache
def home() -> Path:
    """Give a home with one such snapshot, made once in a process; not to be changed."""
    folder = tempfile.TemporaryDirectory(prefix="orewatch-exported-")
    atexit.register(folder.cleanup)
    path = Path(folder.name)
    facts = read_facts(CHECKOUT / "warehouse/facts")
    tables = build.tables_without_gate(facts, read_models(CHECKOUT / "sql"))
    words = {"meta.dictionary": meta.dictionary_frame(tables).to_dicts()}
    with patch.dict(published.ROWS, {**ROWS, **words}):  # type: ignore[arg-type]
        published.publish_composed(path)
    return path


_BUNDLED: dict[Path, Path] = {}


def bundled(built: world.Built) -> Path:
    """Give a snapshot of the bundled figures, without verdicts: its DuckDB file and Parquet."""
    source = built.settings.build
    if source not in _BUNDLED:
        folder = tempfile.TemporaryDirectory(prefix="orewatch-bundled-")
        atexit.register(folder.cleanup)
        path = Path(folder.name)
        database = path / publish.DATABASE
        shutil.copyfile(source, database)
        with warehouse.build(database, threads=2, memory_limit="2GiB", anew=False) as con:
            warehouse.finish(con, built.tables, built.plan().gate_tables)
        stored = [table for table in built.tables if table.schema != "view"]
        write.export(database, path / "parquet", stored)
        _BUNDLED[source] = path
    return _BUNDLED[source]
