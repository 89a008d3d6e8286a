"""The set-up: the lock is whole and names no address; make explains itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from flows.settings import CHECKOUT

LOCK = (CHECKOUT / "requirements.lock").read_text()
PINS = {
    name: Version(version)
    for name, version in re.findall(r"^([\w.-]+)==([^ ;]+)", LOCK, re.MULTILINE)
}


def declared() -> list[str]:
    content = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    return [
        *content["build-system"]["requires"],
        *content["project"]["dependencies"],
        *content["dependency-groups"]["dev"],
    ]


@pytest.mark.parametrize("line", declared())
def test_what_is_declared_is_locked(line: str) -> None:
    wanted = Requirement(line)
    assert PINS[wanted.name.lower().replace("_", "-")] in wanted.specifier


def test_every_pin_has_a_hash_and_nothing_names_a_place() -> None:
    entries = re.split(r"\n(?=\S)", LOCK.split("\n", 2)[2].strip())
    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[\w.-]+==\S+ .*\\\n( +--hash=sha256:[0-9a-f]{64}( \\\n)?)+$", entry)
    assert not re.search(r"://|index-url|find-links| /|file:", LOCK)


def test_make_alone_lists_every_target() -> None:
    listed = run_make(CHECKOUT).stdout
    makefile = (CHECKOUT / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split()
    assert {"run", "test", "lint", "lock", "serve"} <= set(targets)
    for target in targets:
        assert re.search(rf"^  make {target} +\w", listed, re.MULTILINE), target


@pytest.mark.parametrize(("version", "said"), [("3.9.18", "is Python 3.9.18"), ("", "is missing")])
def test_a_python_that_is_too_old_is_named(tmp_path: Path, version: str, said: str) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, tmp_path)
    python = tmp_path / "python"
    if version:
        python.write_text(f'#!/bin/sh\n[ "$1" = -V ] && echo Python {version}\nexit 1\n')
        python.chmod(0o755)
    done = run_make(tmp_path, "install", f"PYTHON={python}")
    assert done.returncode != 0
    assert "orewatch needs Python 3.11 or later" in done.stderr
    assert said in done.stderr


def test_ci_runs_the_linters_and_all_tests() -> None:
    script = CHECKOUT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    subprocess.run(["/bin/bash", "-n", str(script)], check=True)
    assert script.read_text().split()[-6:] == ["make", "lint", "make", "test", "make", "test-slow"]


def run_make(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    return subprocess.run([make, *args], cwd=folder, capture_output=True, text=True, check=False)
