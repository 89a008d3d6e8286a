"""The recipes of sql/recipes run as they stand, where their tool is here."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import warehouse
from flows.settings import CHECKOUT
from tests import exported, world
from tests.command import Orewatch

RECIPES = CHECKOUT / "sql/recipes"
NOTEBOOK = RECIPES / "brief.ipynb"


@pytest.fixture(scope="module")
def snapshot(built: world.Built) -> Path:
    """The bundled figures as DuckDB and Parquet."""
    return exported.bundled(built)


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_polars(snapshot: Path) -> None:
    said = run(sys.executable, str(RECIPES / "polars_recipe.py"), str(snapshot))
    # The share by value of 2024.
    assert "0.37774" in said
    assert "[share]" in said


def test_pandas(snapshot: Path) -> None:
    pytest.importorskip("pandas")
    said = run(sys.executable, str(RECIPES / "pandas_recipe.py"), str(snapshot))
    line = next(line for line in said.splitlines() if line.startswith("rare_earths"))
    assert line.split()[1:] == ["0.193", "0.266", "0.326", "0.477"]
    assert "code_ended" in said


def statements(text: str) -> Iterator[str]:
    """The statements of a script of the shell, as it would run them."""
    bare = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    yield from (one.strip() for one in bare.split(";") if one.strip())


def test_the_shells_script(snapshot: Path) -> None:
    # The shell is not among the packages; its script goes through the same engine.
    text = (RECIPES / "duckdb.sql").read_text(encoding="utf-8")
    with warehouse.snapshot_reader(snapshot / "orewatch.duckdb") as con:
        answers = [con.execute(one).fetchall() for one in statements(text)]
    assert len(answers) == 7
    assert all(answers)
    assert ("China", 2024, 0.378) in [row[:3] for row in answers[2]]


def test_the_shell_itself(snapshot: Path) -> None:
    shell = shutil.which("duckdb")
    if shell is None:
        pytest.skip("no DuckDB shell here")
    text = (RECIPES / "duckdb.sql").read_text(encoding="utf-8")
    done = subprocess.run(
        [shell, "-readonly", str(snapshot / "orewatch.duckdb")],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_r(snapshot: Path) -> None:
    shell = shutil.which("Rscript")
    if shell is None:
        pytest.skip("no R here")
    asked = "quit(status = !all(sapply(c('DBI', 'duckdb'), requireNamespace, quietly = TRUE)))"
    if subprocess.run([shell, "-e", asked], capture_output=True, check=False).returncode:
        pytest.skip("R has no duckdb package here")
    assert "China" in run(shell, str(RECIPES / "r_recipe.R"), str(snapshot))


def cells() -> list[dict[str, Any]]:
    body = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (body["nbformat"], body["nbformat_minor"]) == (4, 5)
    found: list[dict[str, Any]] = body["cells"]
    return found


def test_the_notebook_is_clean() -> None:
    assert len({cell["id"] for cell in cells()}) == len(cells())
    code = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_the_notebook_reproduces_the_brief(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OREWATCH_SNAPSHOT", str(snapshot))
    space: dict[str, Any] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for cell in (one for one in cells() if one["cell_type"] == "code"):
            exec("".join(cell["source"]), space)  # noqa: S102 our own notebook
    brief = space["brief"]
    # The article's figure, and what BACI has beside it.
    assert brief["claimed"] == pytest.approx(0.912)
    assert (brief["newest year"], brief["by value"], brief["by mass"]) == (2024, 0.378, 0.661)
    assert (brief["nearest"], brief["nearest year"], brief["nearest basis"]) == (
        0.912,
        2007,
        "value",
    )
    assert brief["HHI by value"] == 0.266
    assert space["compared"] > 50
    assert "all equal to what is published" in said.getvalue()


def test_the_commands_of_the_recipe_for_excel_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orewatch: Orewatch
) -> None:
    monkeypatch.setenv("OREWATCH_HOME", str(exported.home()))
    monkeypatch.chdir(tmp_path)
    text = (RECIPES / "excel.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("orewatch export")]
    assert len(lines) == 3
    for line in lines:
        said = orewatch(*line.partition("#")[0].split()[1:])
        assert said.code == 0, said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("brief.xlsx", "hhi.xlsx", "korea.xlsx"),
    ]
