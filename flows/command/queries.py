"""The ready-made questions: one file of sql/queries each, asked by name.

A file opens with comment lines that say what it answers; a line `-- $name = value` declares a
parameter with its default, which is text, or null where nothing follows. One SELECT comes after.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.command.exits import UsageError

PARAMETER = re.compile(r"\$(\w+) =(.*)")
NAME = re.compile(r"[\w-]+(\.sql)?")


@dataclass(frozen=True)
class Question:
    """A question: what it answers, its SELECT, and its parameters with their values."""

    name: str
    answers: str
    sql: str
    parameters: Mapping[str, str | None] = field(default_factory=dict, hash=False)


def read_question(path: Path) -> Question:
    """Read one file of sql/queries."""
    text = path.read_text(encoding="utf-8")
    said, parameters = [], {}
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        comment = line.removeprefix("--").strip()
        if found := PARAMETER.fullmatch(comment):
            parameters[found[1]] = found[2].strip() or None
        else:
            said.append(comment)
    return Question(path.stem, " ".join(said), text, parameters)


def read_questions(folder: Path) -> list[Question]:
    """Read every ready-made question, by name."""
    return [read_question(path) for path in sorted(folder.glob("*.sql"))]


def question(sql_or_name: str, given: Sequence[str], folder: Path) -> Question:
    """Give the question of that name, or the SQL itself as one, with the values given.

    `given` are texts `name=value`; an empty value is null.

    Raises:
        UsageError: there is no question of that name, or no such parameter.

    """
    values = dict(pair(text) for text in given)
    if not NAME.fullmatch(sql_or_name):
        return Question("", "", sql_or_name, values)
    path = folder / f"{sql_or_name.removesuffix('.sql')}.sql"
    if not path.is_file():
        names = [known.stem for known in sorted(folder.glob("*.sql"))]
        near = difflib.get_close_matches(sql_or_name, names, n=1)
        meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
        raise UsageError(f"no question is called {sql_or_name!r}; {meant}")
    found = read_question(path)
    if strange := sorted(values.keys() - found.parameters.keys()):
        takes = ", ".join(found.parameters) or "none"
        raise UsageError(f"{found.name} has no parameter {', '.join(strange)}; it takes: {takes}")
    return Question(found.name, found.answers, found.sql, {**found.parameters, **values})


def pair(text: str) -> tuple[str, str | None]:
    """Split `name=value`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--param takes name=value, such as importer=KOR; not {text!r}")
    return name, value or None
