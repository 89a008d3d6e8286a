"""Read a claim in plain English: one question where it says one thing, else what it may mean.

Nothing is guessed. Where a sentence could mean several things, or denies, or compares, the reading
has a problem and the commands that would ask each of its meanings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

import polars as pl

from flows.claims.asked import Asked, AskedError, question_of
from flows.claims.clause import Clause, Stated, clause
from flows.claims.faults import faults
from flows.claims.figures import BARE
from flows.claims.materials import Material, materials_of
from flows.claims.places import EXPORTER, IMPORTER
from flows.claims.tokens import LONGEST, sentences, straight, tokens
from flows.claims.understood import understood
from flows.claims.wholes import of_figure, said_whole
from flows.claims.words import Words
from flows.indices.formulas.claim_question import QUESTION

NOT_CHECKABLE, OPINION = "not_checkable", "opinion"
AMOUNTS = ("mass", "money", "volume")
"""Quantities that trade data hold, but that are no shares."""
MOST_CANDIDATES = 6


@dataclass(frozen=True)
class Candidate:
    """One thing that a text may mean."""

    asked: Asked
    understood: str

    @property
    def command(self) -> str:
        """The command that asks it."""
        return self.asked.command()


@dataclass(frozen=True)
class Reading:
    """What a text was read as: a question, or a problem, or a claim beyond trade data."""

    questions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(QUESTION)))
    """One row of QUESTION where the text says one thing; else none."""
    understood: str = ""
    candidates: tuple[Candidate, ...] = ()
    problem: str | None = None
    outside: str | None = None
    """The verdict of a claim that asks nothing of trade: not_checkable or opinion."""
    why: str = ""
    asked: Asked | None = None


def read(text: str, words: Words) -> Reading:
    """Read a text; it is data, whatever stands in it.

    Args:
        text: one claim in English, of at most LONGEST characters.
        words: names, aliases and declared words of the facts.

    """
    # Some single characters unfold to many, so what is read is bounded too.
    if len(text) > LONGEST or len(straight(text)) > 2 * LONGEST:
        return Reading(
            problem=f"{len(text):,} characters are no claim; {LONGEST:,} is the most. "
            "Give the one sentence that is to be checked"
        )
    clauses = [clause(sentence, words) for sentence in sentences(tokens(text))]
    claiming = [one for one in clauses if one.stated]
    if not claiming:
        return without_figure(clauses)
    many = len(claiming) > 1 or any(len(one.stated) > 1 for one in claiming)
    problems = ["it states several figures"] if many else []
    meanings = [(one, stated) for one in claiming for stated in one.stated]
    for one in claiming:
        problems += [fault for fault in faults(one, words) if fault not in problems]
    found = list(islice(candidates(meanings, words), MOST_CANDIDATES + 1))
    if problems or len(found) != 1:
        if not problems:
            problems = ["it does not say whose share of what it claims"]
        return Reading(
            problem="; ".join(problems) + (", and more" if len(found) > MOST_CANDIDATES else ""),
            candidates=tuple(found[:MOST_CANDIDATES]),
        )
    row = question_of(found[0].asked, words)
    questions = pl.DataFrame([row], schema=dict(QUESTION))
    return Reading(questions, found[0].understood, asked=found[0].asked)


def asked_in_options(asked: Asked, words: Words) -> Reading:
    """Read a claim that is given in options.

    Raises:
        AskedError: a name is not known, or options are missing or clash.

    """
    row = question_of(asked, words)
    questions = pl.DataFrame([row], schema=dict(QUESTION))
    return Reading(questions, understood(asked, row, words), asked=asked)


def without_figure(clauses: Sequence[Clause]) -> Reading:
    """Say what a text is that states no share and no declared word."""
    kinds = [one.kind for part in clauses for one in part.others if one.kind != BARE]
    if amounts := [kind for kind in kinds if kind.startswith(AMOUNTS)]:
        kind = amounts[0].partition("_")[0]
        return Reading(
            problem=f"it states an amount ({kind}), and only a share can be checked here; "
            "`orewatch query` gives the amounts of mart.trade"
        )
    if kinds:
        return Reading(
            understood=f"A {kinds[0].replace('_', ' ')}, not a share of trade.",
            outside=NOT_CHECKABLE,
            why="No trade data can show it; it takes a source that measures it.",
        )
    if any(part.says("opinions") for part in clauses):
        return Reading(
            understood="A judgement, with no figure and no declared word.",
            outside=OPINION,
            why="A judgement is no figure; nothing is held against it.",
        )
    return Reading(
        problem="no figure of a share is in it (91.2 percent, a third), nor a word that is "
        "declared to stand for one (heavily, dominates)"
    )


def candidates(meanings: Sequence[tuple[Clause, Stated]], words: Words) -> Iterator[Candidate]:
    """Yield each thing that the sentences may mean, as far as it can be asked."""
    seen = set()
    for one, stated in meanings:
        for asked in askable(one, stated):
            try:
                row = question_of(asked, words)
            except AskedError:
                continue
            if asked not in seen:
                seen.add(asked)
                yield Candidate(asked, understood(asked, row, words))


def askable(one: Clause, stated: Stated) -> Iterator[Asked]:
    """Yield what one figure of a sentence may ask: each importer, supplier, mineral and year."""
    nobody: list[str | None] = [None]
    importers = [code for meant in one.economies(IMPORTER) for code in meant] or nobody
    suppliers = [code for meant in one.economies(EXPORTER) for code in meant] or nobody
    if unclear := [code for meant in one.economies(None) for code in meant]:
        importers = importers if importers != nobody else [*unclear]
        suppliers = suppliers if suppliers != nobody else [*unclear]
    years: list[int | None] = [*one.years] or [None]
    for importer, supplier, material, year in product(
        importers, suppliers, nearest(one, stated), years
    ):
        if importer == supplier:
            continue
        said = Asked(
            importer=importer,
            supplier=supplier,
            mineral=material.mineral,
            as_of=year,
            basis=one.basis,
            stage=material.stage,
            code=material.hs6,
            of=said_whole(of_figure(one, stated), importer, supplier),
        )
        yield with_figure(said, stated)


def nearest(one: Clause, stated: Stated) -> list[Material]:
    """Give the minerals of a figure: where each figure has its own, the next one after it."""
    if len(one.stated) > 1:
        following = [m for m in one.materials if m.start >= stated.end]
        return materials_of(following[:1] or one.materials)
    return materials_of(one.materials)


def with_figure(asked: Asked, stated: Stated) -> Asked:
    """Give what is asked with the figure or the word that is claimed."""
    word = stated.word.word if stated.word else None
    if stated.figure is None:
        return replace(asked, word=word)
    if stated.figure.upper:
        return replace(asked, at_least=stated.figure.text, at_most=stated.figure.upper)
    return replace(asked, share=stated.figure.text, word=word)
