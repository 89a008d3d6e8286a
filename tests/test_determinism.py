"""Same numbers on every run: whatever the threads, the order of rows, the time zone, the locale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import world

CHECKOUT = world.settings(Path()).checkout
ONE = {
    "POLARS_MAX_THREADS": "1",
    "OREWATCH_THREADS": "1",
    "PYTHONHASHSEED": "1",
    "TZ": "UTC",
    "LC_ALL": "C",
}
OTHER = {
    "POLARS_MAX_THREADS": "4",
    "OREWATCH_THREADS": "3",
    "PYTHONHASHSEED": "2",
    # Quarter hours ahead of UTC, another day for part of it; dotless i and decimal commas.
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "tr_TR.UTF-8",
}
HOLDS_RAW_HASHES = "meta.edition"


def run(home: Path, environment: dict[str, str], *options: str) -> dict[str, Any]:
    """Build from an empty warehouse in a process of its own; give inputs and hashes of tables."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.world", str(home), *options],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["threads"] == int(environment["POLARS_MAX_THREADS"])
    return result


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """Names whose hashes differ."""
    return {name for name in one | other if one.get(name) != other.get(name)}


def test_two_runs_of_the_tiny_world_are_the_same(tmp_path: Path) -> None:
    one = run(tmp_path / "one", ONE)
    other = run(tmp_path / "other", OTHER)
    assert one["inputs"] == other["inputs"]
    assert len(one["tables"]) > 20
    assert differing(one["tables"], other["tables"]) == set()


@pytest.mark.slow
def test_the_order_of_rows_changes_nothing_but_the_raw_hashes(tmp_path: Path) -> None:
    one = run(tmp_path / "one", ONE)
    other = run(tmp_path / "other", OTHER, "--shuffled", "7")
    assert differing(one["inputs"], other["inputs"]) == {"raw", "all"}
    assert differing(one["tables"], other["tables"]) == {HOLDS_RAW_HASHES}


@pytest.mark.slow
def test_two_runs_of_the_bundled_figures_are_the_same(tmp_path: Path) -> None:
    one = run(tmp_path / "one", ONE, "--bundled")
    other = run(tmp_path / "other", OTHER, "--bundled")
    assert one["inputs"] == other["inputs"]
    assert differing(one["tables"], other["tables"]) == set()
