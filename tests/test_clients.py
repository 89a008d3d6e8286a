"""The published file opens in DuckDB from 1.2 on, its views too: several versions read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import exported, world

VERSIONS = ("1.2.0", "1.3.2", "1.4.4", "2.0.0")
"""The oldest that is promised, the last of each line since, and the first of the next."""

READER = """
import json, sys
import duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("SET enable_progress_bar = false")
views = [name for (name,) in con.execute(
    "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
tables = [name for (name,) in con.execute(
    "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal").fetchall()]
counts = {name: con.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
          for name in views + tables}
for name in views:
    con.execute(f"SELECT * FROM {name} LIMIT 5").fetchall()
shares = con.execute(
    "SELECT year, basis, round(import_share, 3) FROM view.dependency WHERE importer_iso3 = 'JPN' "
    "AND exporter_iso3 = 'CHN' AND mineral = 'rare_earths' AND stage = 'all' "
    "AND year IN (2007, 2024) AND list_contains(preferred_for, 'comparison') ORDER BY ALL"
).fetchall()
told = con.execute(
    "SELECT count(*) FROM duckdb_columns() WHERE comment IS NOT NULL AND NOT internal"
).fetchone()[0]
parquet = con.execute(f"SELECT count(*) FROM '{sys.argv[2]}'").fetchone()[0]
print(json.dumps({"version": duckdb.__version__, "views": views, "counts": counts,
                  "shares": shares, "told": told, "parquet": parquet}))
"""


@pytest.fixture(scope="module")
def published(built: world.Built) -> tuple[Path, Path]:
    """The bundled file as it is published, and one of its tables as Parquet."""
    snapshot = exported.bundled(built)
    return snapshot / "orewatch.duckdb", snapshot / "parquet/indices.export_concentration.parquet"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Install a version of the package into a folder of its own; skip where that cannot be done."""

    def install(version: str) -> Path:
        folder: Path = tmp_path_factory.mktemp("client") / version
        options = ["install", "--quiet", "--no-deps", "--target", str(folder)]
        base = getattr(sys, "_base_executable", sys.executable)
        uv = Path(sys.executable).with_name("uv")
        said = ""
        for command in ([base, "-m", "pip"], [str(uv), "pip"]):
            found = subprocess.run(
                [*command, *options, f"duckdb=={version}"],
                capture_output=True,
                text=True,
                check=False,
            )
            if found.returncode == 0:
                return folder
            said = found.stderr.strip().splitlines()[-1] if found.stderr.strip() else said
        pytest.skip(f"duckdb {version} cannot be installed here: {said}")

    return install


def read(database: Path, parquet: Path, package: Path | None) -> dict[str, Any]:
    """What a client says of the file; null is our own version."""
    environment = {**os.environ, "PYTHONPATH": str(package or "")}
    done = subprocess.run(
        [sys.executable, "-c", READER, str(database), str(parquet)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("version", VERSIONS)
def test_another_version_reads_the_same(
    version: str, published: tuple[Path, Path], client: Callable[[str], Path]
) -> None:
    ours = read(*published, None)
    theirs = read(*published, client(version))
    assert theirs["version"] == version
    assert {"view.dependency", "view.concentration", "view.claims"} <= set(theirs["views"])
    assert {**theirs, "version": ""} == {**ours, "version": ""}
    # The article's figure, and what the newest year has.
    assert [2007, "value", 0.912] in theirs["shares"]
    assert [2024, "value", 0.378] in theirs["shares"]
