"""Fetch new editions from the terminal, or take files that somebody brought."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from flows.command.exits import CODES, UsageError
from flows.command.terminal import console, count, note, print_json
from flows.fetching import fetchable, ground_of, take_by_hand
from flows.publish import lock
from flows.settings import Settings
from flows.sources.arrivals import Outcome
from flows.sources.contract import Edition, read_source
from flows.sources.visit import Asked, visit_each

MARKS = {
    "accepted": ("✓", "green"),
    "unchanged": ("·", "dim"),
    "wanted": ("+", "cyan"),
    "skipped": ("-", "yellow"),
    "failed": ("✗", "bold red"),
}
"""State -> its mark and colour."""


@dataclass(frozen=True)
class ByHand:
    """Files that somebody brought, and what is said of their edition."""

    files: Sequence[Path]
    edition: str | None = None
    layout: str = ""
    hs_revision: str | None = None
    released: date | None = None

    def described(self, source: str) -> Edition:
        """The edition as it was said.

        Raises:
            UsageError: it has no id.

        """
        if not self.edition:
            raise UsageError(f"which edition of {source} is it? Name it: --edition ID")
        return Edition(
            id=self.edition,
            released=self.released,
            released_basis="stated" if self.released else "unknown",
            layout=self.layout,
            hs_revision=self.hs_revision,
        )


def refresh(
    names: Sequence[str], asked: Asked, *, is_dry: bool, because: str, as_json: bool
) -> int:
    """Visit sources, all that can be where none is named; give the exit code."""
    settings = Settings()
    # Late: it takes the HTTP library along.
    from flows.sources.fetch import Door  # noqa: PLC0415

    with lock(settings.raw_lock):
        sources = fetchable(names)
        ground = ground_of(settings, asked, datetime.now(UTC), because)
        door = Door(settings.raw, {source.id: source for source in sources})
        with told(as_json=as_json) as tell:
            visited = visit_each(door, sources, ground, is_dry=is_dry, is_alone=bool(names))
            outcomes = list(tell(visited))
    return finish(outcomes, as_json=as_json, is_dry=is_dry)


def take(name: str, brought: ByHand, *, because: str, as_json: bool) -> int:
    """Take files by hand; give the exit code.

    Raises:
        SourceError: they are not what the source promises.

    """
    settings = Settings()
    source = read_source(name)
    edition = brought.described(name)
    with lock(settings.raw_lock):
        ground = ground_of(settings, Asked(), datetime.now(UTC), because)
        outcome = take_by_hand(source, edition, brought.files, ground)
    if not as_json:
        console(is_error=True).print(line(outcome))
    return finish([outcome], as_json=as_json, is_dry=False)


@contextmanager
def told(*, as_json: bool) -> Iterator[Teller]:
    """Print each outcome as it comes, with a moving line for what goes on; nothing for programs."""
    out = Console(stderr=True, highlight=False, markup=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    is_off = as_json or not sys.stderr.isatty()
    with Progress(*columns, console=out, transient=True, disable=is_off) as moving:
        moving.add_task("asking the sources")
        yield Teller(out, is_silent=as_json)


@dataclass(frozen=True)
class Teller:
    """Prints outcomes on their way through."""

    out: Console
    is_silent: bool

    def __call__(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Print each outcome, and pass it on."""
        for outcome in outcomes:
            if not self.is_silent:
                self.out.print(line(outcome))
            yield outcome


def line(outcome: Outcome) -> Text:
    """One outcome on one line."""
    mark, style = MARKS[outcome.state]
    size = f", {outcome.bytes / 1e6:,.1f} MB" if outcome.bytes else ""
    asked = f" ({count(outcome.requests, 'request')}{size})" if outcome.requests else ""
    rows = f" {outcome.rows:,} rows" if outcome.rows else ""
    what = f"{outcome.source} {outcome.edition}".strip()
    return Text.assemble(
        (f"{mark} ", style), (what, "bold"), f" {outcome.state}{rows}{asked}: {outcome.why}"
    )


def finish(outcomes: Sequence[Outcome], *, as_json: bool, is_dry: bool) -> int:
    """Say what to do next; give the exit code."""
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    elif is_dry and all(outcome.state != "failed" for outcome in outcomes):
        note("nothing was fetched; without --dry-run it would be")
    elif any(outcome.state == "accepted" for outcome in outcomes):
        note("`orewatch run` publishes a snapshot of what is here now")
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    if not failed:
        return 0
    is_part = all(outcome.is_incomplete for outcome in failed)
    return CODES["IncompleteError"] if is_part else 1
