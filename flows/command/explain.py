"""Explain a published number: the arithmetic from source rows to the result, worked out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flows import publish, warehouse
from flows.command import shelf
from flows.command.exits import UsageError
from flows.command.explaining import shown
from flows.command.explaining.account import account
from flows.command.explaining.cell import find
from flows.command.explaining.indicator import indicator
from flows.command.explaining.reader import Reader
from flows.settings import Settings


@dataclass(frozen=True)
class Asked:
    """What was asked for: a word, its key as far as said, and of which snapshot."""

    word: str
    key: Mapping[str, str | None] = field(default_factory=dict)
    """Column of the key -> text; null = not said."""
    more: Sequence[str] = ()
    """Further ones, each `name=value`."""
    snapshot: str | None = None


def explain(asked: Asked, settings: Settings, *, as_json: bool) -> int:
    """Explain one number, or all of a row; give 1 where the arithmetic does not equal the table.

    Raises:
        UsageError: the word or the key names nothing, or several numbers.
        NoSuchNumberError: no row has the key.
        NoSuchSnapshotError: there is no snapshot.

    """
    said = {**asked.key, **dict(pair(text) for text in asked.more)}
    given = {name: text for name, text in said.items() if text is not None}
    wanted = indicator(asked.word, said=given)
    snapshot = shelf.find(settings, asked.snapshot)
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        row = find(con, wanted, given)
        told = account(Reader(con), wanted, row)
    if as_json:
        shown.print_account(told, snapshot.name)
    else:
        shown.show_account(told, snapshot.name)
    return 0 if all(one.is_equal or one.is_withheld for one in told.results) else 1


def pair(text: str) -> tuple[str, str]:
    """Split `name=value`."""
    name, _, value = text.partition("=")
    if not name or not value:
        raise UsageError(f"--key takes name=value, such as mode=corrected; not {text!r}")
    return name, value
