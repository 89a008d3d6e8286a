"""Check a claim: read it, have it answered, and show the answer as a card, as JSON or as a file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.claims import ask
from flows.claims import check as checks
from flows.claims.asked import Asked, AskedError
from flows.claims.reading import Reading, asked_in_options, read
from flows.claims.words import Words, words_of
from flows.command import claim_screen, shelf, terminal
from flows.command.exits import UsageError
from flows.settings import Settings

ID = re.compile(r"[Cc][0-9]{1,6}")


class AmbiguousClaimError(UsageError):
    """A claim that cannot be read, or in several ways; what it says has the candidate commands."""


@dataclass(frozen=True)
class Request:
    """What was asked of the command."""

    claim: str | None = None
    options: Asked = field(default_factory=Asked)
    snapshot: str | None = None
    article: bool = False
    as_json: bool = False
    every_cell: bool = False
    html: Path | None = None
    png: Path | None = None


def check(request: Request, settings: Settings) -> int:
    """Answer a request; 0 whatever the verdict.

    Raises:
        UsageError: nothing or too much was given, or the claim cannot be read as one.
        NoSuchSnapshotError: there is no snapshot.

    """
    given = [request.claim is not None, request.options != Asked(), request.article]
    if sum(given) != 1:
        raise UsageError("give one of: a sentence or an id; options such as --importer; --article")
    if request.article and (request.html or request.png or request.every_cell):
        raise UsageError("--article is a table; for a card give one claim: orewatch check C010")
    snapshot = shelf.find(settings, request.snapshot)
    words = words_of(snapshot)
    if request.article:
        return article(request, snapshot, words)
    answer = answered(request, snapshot, words)
    if request.as_json:
        terminal.print_json(answer)
    else:
        claim_screen.show_card(answer, every_cell=request.every_cell)
    for path in write_files(request, answer):
        if not request.as_json:
            claim_screen.wrote(path)
    return 0


def answered(request: Request, snapshot: Path, words: Words) -> checks.Answer:
    """Answer one claim."""
    # What is no UTF-8 on the command line comes as a lone surrogate, which nothing can print.
    text = request.claim and request.claim.encode("utf-8", "replace").decode()
    if text is not None and ID.fullmatch(text.strip()):
        return of_article(text.strip().upper(), request, snapshot, words)
    reading = understood(text, request.options, words)
    if reading.outside or reading.asked is None:
        repeat = f"orewatch check {shlex.quote(text or '')}{pinned(request, snapshot)}"
        return checks.beyond(reading, text or "", snapshot, words, repeat)
    if reading.asked.as_of and reading.asked.as_of > datetime.now(UTC).year:
        raise UsageError(f"{reading.asked.as_of} lies ahead; no data can show it yet")
    found = ask.answered(reading.questions, snapshot)
    said = {
        "claim": text,
        "understood": reading.understood,
        "question": reading.questions.row(0, named=True),
        "repeat": reading.asked.command() + pinned(request, snapshot),
    }
    return checks.answer(found.verdict, found.cells, snapshot, words, said)


def understood(text: str | None, options: Asked, words: Words) -> Reading:
    """Read a sentence or options.

    Raises:
        AmbiguousClaimError: it cannot be read, or in several ways.
        UsageError: an option names nothing.

    """
    if text is None:
        try:
            return asked_in_options(options, words)
        except AskedError as error:
            raise UsageError(str(error)) from error
    reading = read(text, words)
    if reading.problem is None:
        return reading
    message = [f"the claim is not checked, because {reading.problem}"]
    if reading.candidates:
        message.append("if you mean one of these, give it:")
    for candidate in reading.candidates:
        message += [f"  {candidate.command}", f"    {candidate.understood}"]
    raise AmbiguousClaimError("\n".join(message))


def of_article(claim_id: str, request: Request, snapshot: Path, words: Words) -> checks.Answer:
    """Answer one of the article's claims from what the snapshot holds."""
    claims = checks.claims(snapshot)
    if claim_id not in claims:
        ids = sorted(claims)
        raise UsageError(f"the article has no claim {claim_id}; it has {ids[0]} to {ids[-1]}")
    found = ask.recorded(claim_id, snapshot)
    said = {
        "claim": claims[claim_id]["anchor"],
        "claim_id": claim_id,
        "repeat": f"orewatch check {claim_id}{pinned(request, snapshot)}",
    }
    return checks.answer(found.verdict, found.cells, snapshot, words, said)


def pinned(request: Request, snapshot: Path) -> str:
    """Give the option that names the snapshot, where the request named one."""
    return f" --snapshot {snapshot.name}" if request.snapshot else ""


def article(request: Request, snapshot: Path, words: Words) -> int:
    """Show all of the article's claims with their verdicts."""
    claims = checks.claims(snapshot)
    answers = [
        checks.in_brief(row, claims[row["claim_id"]], snapshot, words)
        for row in checks.verdicts(snapshot)
    ]
    if request.as_json:
        terminal.print_json({"snapshot": snapshot.name, "claims": answers})
    else:
        claim_screen.show_article(answers, snapshot.name)
    return 0


def write_files(request: Request, answer: Mapping[str, Any]) -> list[Path]:
    """Write the card as the files that were asked for; give their paths."""
    if request.html is None and request.png is None:
        return []
    from flows.report import claim_card  # noqa: PLC0415

    made: dict[Path, Callable[[Mapping[str, Any]], bytes]] = {}
    if request.html is not None:
        made[request.html] = lambda told: claim_card.claim_card(told).encode("utf-8")
    if request.png is not None:
        made[request.png] = claim_card.claim_png
    for path, card in made.items():
        try:
            path.write_bytes(card(answer))
        except OSError as error:
            raise UsageError(
                f"{path} cannot be written ({error.strerror}); name a file in a folder of your own"
            ) from error
    return list(made)
