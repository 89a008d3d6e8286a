"""What the command says of itself: help of every verb, completion of every shell, its version."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from flows import __version__
from flows.cli import app
from tests.command import Orewatch

LATE = {"article"}
"""Names that only hold others."""


def verbs(parent: App, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    """Every command with the words that call it."""
    for name in parent:
        if not name.startswith("-"):
            yield (*path, name), parent[name]
            yield from verbs(parent[name], (*path, name))


VERBS = {" ".join(words): verb for words, verb in verbs(app)}
CALLED = sorted(name for name, verb in VERBS.items() if verb.default_command)


def test_every_verb_is_looked_at() -> None:
    assert {"run", "query", "show", "exposure", "completion", "article verify"} <= set(CALLED)
    assert set(VERBS) - set(CALLED) <= LATE


@pytest.mark.parametrize("name", CALLED)
def test_help_has_an_example_of_its_own(name: str) -> None:
    text = " ".join((VERBS[name].default_command.__doc__ or "").split())
    assert re.search(rf"For example[^`]*`[^`]*orewatch {name}\b", text), name


@pytest.mark.parametrize("name", CALLED)
def test_help_opens_with_one_line_that_says_what_it_does(name: str) -> None:
    first, blank, *_ = [*(VERBS[name].default_command.__doc__ or "").splitlines(), "", ""]
    assert first.endswith((".", "?")), first
    assert blank == "", f"{name}: the first line goes on"


@pytest.mark.parametrize("name", CALLED)
def test_help_describes_every_option(name: str) -> None:
    docs = VERBS[name].default_command.__doc__ or ""
    described = dict(re.findall(r"^ {8}(\w+): (\S.*)$", docs.partition("Args:")[2], re.MULTILINE))
    taken = set()
    for argument in VERBS[name].assemble_argument_collection():
        own = argument.field_info.name
        taken.add(own)
        assert len(described.get(own, "").split()) > 1 or described.get(own) == "Why.", (
            f"{name}: {argument.names[0]} has no description"
        )
    assert described.keys() <= taken, f"{name}: describes what it does not take"


@pytest.mark.parametrize("name", ["show", "exposure", "completion"])
def test_help_is_shown(name: str, orewatch: Orewatch) -> None:
    said = orewatch(*name.split(), "--help")
    assert said.code == 0
    assert f"Usage: orewatch {name}" in said.out
    assert "For example" in said.out


def test_version_is_one_line(orewatch: Orewatch) -> None:
    assert orewatch("--version").out == f"{__version__}\n"


def test_completion_is_a_script_that_bash_takes(orewatch: Orewatch, tmp_path: Path) -> None:
    said = orewatch("completion", "bash")
    assert said.code == 0
    script = tmp_path / "orewatch.bash"
    script.write_text(said.out, encoding="utf-8")
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)  # noqa: S607
    assert (done.returncode, done.stderr) == (0, "")
    for name in CALLED:
        assert name.split()[0] in said.out


ASKED = """
source {script}
COMP_WORDS=(orewatch {words}); COMP_CWORD={place}
_orewatch 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("expo",), "exposure"),
        (("show", "--sta"), "--stage"),
        (("exposure", "--imp"), "--importer"),
    ],
)
def test_bash_completes_verbs_and_options(
    words: tuple[str, ...], expected: str, orewatch: Orewatch, tmp_path: Path
) -> None:
    script = tmp_path / "orewatch.bash"
    script.write_text(orewatch("completion", "bash").out, encoding="utf-8")
    asked = ASKED.format(script=script, words=" ".join(words), place=len(words))
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=False)  # noqa: S607
    assert expected in done.stdout.split()


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_other_shells_have_a_script_too(shell: str, orewatch: Orewatch) -> None:
    said = orewatch("completion", shell)
    assert said.code == 0
    assert "exposure" in said.out


def test_completion_touches_no_file(
    orewatch: Orewatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    orewatch("completion", "bash")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_shell_is_refused(orewatch: Orewatch) -> None:
    assert orewatch("completion", "cobol").code == 2
