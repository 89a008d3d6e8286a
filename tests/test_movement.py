"""How far the headline numbers moved since the last snapshot, worked out by hand."""

# ruff: noqa: S608 - the condition is the test's own

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from flows import movement, publish
from flows.indices import all_indices
from tests import world


def database(folder: Path, changes: str, tiny: world.Built) -> Path:
    """A snapshot's folder with the tiny world's tables, changed."""
    folder.mkdir()
    with duckdb.connect(folder / publish.DATABASE) as con:
        con.execute(f"ATTACH '{tiny.settings.build}' AS tiny (READ_ONLY)")
        con.execute("CREATE SCHEMA indices")
        for name in ("import_concentration", "import_share"):
            con.execute(f"CREATE TABLE indices.{name} AS FROM tiny.indices.{name}")
        con.execute(changes)
    return folder


def moved(tiny: world.Built, last: Path | None) -> pl.DataFrame:
    con = duckdb.connect(tiny.settings.build, read_only=True)
    try:
        return movement.movement(con, all_indices(), last)
    finally:
        con.close()


def test_the_first_snapshot_has_nothing_to_compare_with(tiny: world.Built) -> None:
    assert moved(tiny, None).is_empty()


def test_numbers_that_moved_appeared_and_vanished(tiny: world.Built, tmp_path: Path) -> None:
    where = "importer_iso3 = 'JPN' AND mineral = 'germanium' AND year = 2006 AND stage = 'all'"
    last = database(
        tmp_path / "last",
        f"""
        UPDATE indices.import_concentration SET hhi = hhi - 0.25 WHERE {where} AND basis = 'mass';
        UPDATE indices.import_concentration SET hhi = NULL WHERE {where} AND basis = 'value';
        """,
        tiny,
    )
    rows = {row["table"]: row for row in moved(tiny, last).to_dicts()}
    # The shares are as they were; what the last snapshot lacks altogether is not compared.
    assert set(rows) == {"indices.import_concentration", "indices.import_share"}
    found = rows["indices.import_concentration"]
    assert (found["moved"], found["appeared"], found["vanished"]) == (1, 1, 0)
    assert found["largest"] == 0.25
    assert rows["indices.import_share"]["largest"] == 0
