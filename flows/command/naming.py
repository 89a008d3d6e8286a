"""Which economy and which mineral a word names, as the facts of a snapshot spell them."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from flows import spellings, warehouse
from flows.command.exits import UsageError
from flows.command.terminal import plain
from flows.facts import fold
from flows.spellings import Spelling, economies, minerals

MOST = 8
"""Candidates that are shown."""
LONGEST = 200
"""Characters of a word that candidates are looked for; a longer one is no name."""
CLOSE = 0.75
"""How alike two spellings must be for one to stand in the message about the other."""


@dataclass(frozen=True)
class Named:
    """What a word names: its id, and its name in English."""

    id: str
    name: str


def economy(con: warehouse.Connection, text: str, command: Callable[[str], str]) -> Named:
    """Give the economy or bloc that a word names: its code, or a name of it.

    Args:
        con: a snapshot's file.
        text: the word.
        command: what to type for a candidate's id.

    Raises:
        UsageError: it names none, or several; the message has the commands that would do.

    """
    known = economies(spellings.read(con))
    return one("an economy", text, words(one for one in known if one.kind != "letters"), command)


def mineral(con: warehouse.Connection, text: str, command: Callable[[str], str]) -> Named:
    """Give the mineral that a word names: its id, its name or another spelling.

    Raises:
        UsageError: it names none, or several; the message has the commands that would do.

    """
    return one("a mineral", text, words(minerals(spellings.read(con))), command)


def words(known: Iterable[Spelling]) -> dict[str, dict[str, Named]]:
    """Give folded spelling -> id -> what it names."""
    found: dict[str, dict[str, Named]] = {}
    for spelt in known:
        found.setdefault(fold(spelt.word), {})[spelt.id] = Named(spelt.id, spelt.name)
    return found


def one(
    kind: str,
    text: str,
    known: Mapping[str, Mapping[str, Named]],
    command: Callable[[str], str],
) -> Named:
    """Give the one that a word names, or refuse with candidates."""
    shown, named = plain(text), known.get(fold(text), {})
    if len(named) == 1:
        return next(iter(named.values()))
    if named:
        said = f"{shown!r} names several; say which"
        raise UsageError(refusal(said, named.values(), command))
    near = nearest(fold(text), known)
    said = f"{shown!r} names no {kind.split()[1]}"
    if not near:
        raise UsageError(f"{said}; `orewatch query` asks for those that there are")
    raise UsageError(refusal(f"{said}; did you mean", near, command))


def nearest(word: str, known: Mapping[str, Mapping[str, Named]]) -> list[Named]:
    """Give what is spelt alike: what holds the word first, then what differs by some letters."""
    if not word or len(word) > LONGEST:
        return []
    holding = [spelling for spelling in known if word in spelling]
    alike = difflib.get_close_matches(word, known, n=MOST, cutoff=CLOSE)
    found = {n.id: n for spelling in [*sorted(holding), *alike] for n in known[spelling].values()}
    return [*found.values()][:MOST]


def refusal(said: str, candidates: Iterable[Named], command: Callable[[str], str]) -> str:
    """Write candidates, each with the command that asks for it."""
    lines = [f"  {command(one.id)}  ({one.name})" for one in candidates]
    return "\n".join([f"{said}:", *lines])


def joined(*parts: str) -> str:
    """Write a command so that a shell reads these parts."""
    return shlex.join(("orewatch", *parts))
