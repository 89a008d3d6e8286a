"""What the verdicts come to: one line, what it rests on, what to do about it, what to read first.

The same words stand on the page and at the terminal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flows.gate.contract import BLOCKING, OUTCOMES, Outcome, Verdict, blocks, summary
from flows.report.quality_families import remedy_of
from flows.report.quality_words import WORDS, a_day, age, day, first_of, listed, number

SOON = 30
"""Days within which an exception that ends is spoken of."""
NAMED = 4
"""Tables or checks named in a sentence; more are counted."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Line:
    """The verdict: the outcome whose mark it bears, one sentence, and what it rests on."""

    weight: Outcome
    sentence: str
    detail: str


@dataclass(frozen=True)
class Remark:
    """What needs attention: one check, or checks of one table that are silent for one reason."""

    number: int
    verdicts: tuple[Verdict, ...]
    remedy: str

    @property
    def first(self) -> Verdict:
        """The verdict that speaks for all."""
        return self.verdicts[0]


@dataclass(frozen=True)
class Advice:
    """One thing to do."""

    reader: bool
    """Whether it is for who reads the figures; else for who keeps the data."""
    text: str


def worst_first(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts in the order in which people are shown them."""
    return sorted(verdicts, key=lambda v: (OUTCOMES.index(v.outcome), v.check.table, v.check.name))


def line_of(
    verdicts: Sequence[Verdict], sources: Rows, released: Mapping[str, Any] | None = None
) -> Line:
    """Give the verdict in one line.

    `released` has reason, by and time where a blocked run was published by hand.
    """
    counts = summary(verdicts)
    stopping = len(blocks(verdicts))
    released = released if stopping else None
    weight: Outcome = "fail"
    if released:
        sentence = f"Published by hand, although {number(stopping, 'check')} stopped it."
    elif stopping:
        sentence = f"Not published: {number(stopping, 'check')} stopped it."
    elif not counts["pass"] + counts["warn"]:
        sentence = "Not published: nothing was checked."
    elif counts["warn"]:
        weight = "warn"
        sentence = f"Fit to use, with {number(counts['warn'], 'remark')} to read first."
    else:
        weight, sentence = "pass", "Fit to use: every check that applies has passed."
    return Line(weight, sentence, _detail(verdicts, sources, released))


def _detail(verdicts: Sequence[Verdict], sources: Rows, released: Mapping[str, Any] | None) -> str:
    if not verdicts:
        return "A run without checks proves nothing."
    tables = number(len({v.check.table for v in verdicts}), "table")
    detail = f"{number(len(verdicts), 'check')} on {tables}: {counted(summary(verdicts))}."
    if stale := sum(1 for source in sources if source["fresh"] is False):
        is_are = "is" if stale == 1 else "are"
        detail += f" {number(stale, 'source')} {is_are} older than the schedule asks for."
    if released:
        by = f"By {released['by']} on {day(released['time'])}"
        detail += f" {by}, for this reason: {released['reason']}"
    return detail


def counted(counts: Mapping[str, int]) -> str:
    """Counts by outcome in words; what did not occur is left out."""
    parts = [f"{counts[name]:,} {WORDS[name][0]}" for name in OUTCOMES if counts.get(name)]
    return listed(parts)


def remarks_of(verdicts: Sequence[Verdict]) -> list[Remark]:
    """Gather what needs attention, the worst first.

    Checks of a table silent for one reason share a remark; one with rows has its own.
    """
    groups: dict[tuple[str, ...], list[Verdict]] = {}
    for v in worst_first(verdicts):
        if v.outcome in BLOCKING or v.outcome == "warn":
            apart = v.check.name if v.rows or not v.message else ""
            groups.setdefault((v.outcome, v.check.table, v.message, apart), []).append(v)
    return [
        Remark(place, tuple(group), remedy_of(group[0].check, group[0].outcome))
        for place, group in enumerate(groups.values(), start=1)
    ]


def advice_of(  # noqa: PLR0913 - all by name: what the report knows
    verdicts: Sequence[Verdict],
    *,
    snapshot_id: str,
    as_of: date,
    sources: Rows,
    exceptions: Rows = (),
    released: Mapping[str, Any] | None = None,
) -> list[Advice]:
    """Say what to do, first those who read the figures, then those who keep the data."""
    blocking = blocks(verdicts)
    is_checked = any(v.outcome in {"pass", "warn"} for v in verdicts)
    is_blocked = (bool(blocking) and not released) or not is_checked
    said = [_reading(verdicts, snapshot_id, is_blocked=is_blocked)]
    if blocking:
        tables = first_of(sorted({v.check.table for v in blocking}), NAMED, "table")
        checks = "check that stopped" if len(blocking) == 1 else "checks that stopped"
        text = f"Mend the {len(blocking):,} {checks} the run, on {tables}: each stands below."
        said.append(Advice(reader=False, text=text))
    stale = [source for source in sources if source["fresh"] is False]
    if stale and not is_blocked:
        said.append(_about_stale(stale, as_of))
    said += _looking(stale)
    said += _about_absent(verdicts)
    said += _about_ending(exceptions, as_of)
    return sorted(said, key=lambda one: not one.reader)


def _reading(verdicts: Sequence[Verdict], snapshot_id: str, *, is_blocked: bool) -> Advice:
    if is_blocked:
        text = "Quote no figure from this run. The last published snapshot stays as it was: use it."
        return Advice(reader=True, text=text)
    quoting = f"name the snapshot, {snapshot_id}: by it anybody finds the same figure again."
    spoken_of = [*blocks(verdicts), *(v for v in verdicts if v.outcome == "warn")]
    warned = sorted({v.check.table for v in spoken_of})
    if not warned:
        return Advice(reader=True, text=f"Use the figures. When you quote one, {quoting}")
    tables = first_of(warned, NAMED, "table")
    text = f"Before you quote a figure, read the remarks on {tables}. Then {quoting}"
    return Advice(reader=True, text=text)


def _about_stale(stale: Rows, as_of: date) -> Advice:
    parts = []
    for source in stale:
        released = a_day(source["released"])
        old = f" ({age(released, as_of)} old)" if released else ""
        parts.append(f"{source['title']}, edition {source['edition']}{old}")
    figures = first_of(parts, NAMED, "source")
    text = f"Say the edition beside a figure of {figures}: a newer one may have revised it."
    return Advice(reader=True, text=text)


def _looking(stale: Rows) -> list[Advice]:
    if not stale:
        return []
    commands = listed([f"orewatch refresh {source['id']}" for source in stale])
    return [Advice(reader=False, text=f"Look for newer editions: {commands}")]


def _about_absent(verdicts: Sequence[Verdict]) -> list[Advice]:
    """Checks that could not be put for want of a source; an empty table wants none."""
    silent = [v for v in verdicts if v.outcome == "not_applicable" and "absent" in v.message]
    if not silent:
        return []
    names = sorted({name for v in silent for name in v.check.sources if name in v.message})
    wanted = listed(names) or "a source"
    text = f"{number(len(silent), 'check')} did not apply, for want of {wanted}: what they guard "
    return [Advice(reader=False, text=f"{text}is unguarded until that is there.")]


def in_force(exceptions: Rows, verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Rows of `ref.check_exception` with the rows that each covers now, the first to end first."""
    found = {v.check.id: v.unexpected_count for v in verdicts}
    ordered = sorted(exceptions, key=lambda one: (str(one["expires"]), one["check"]))
    return [{**one, "rows": found.get(one["check"])} for one in ordered]


def _about_ending(exceptions: Rows, as_of: date) -> list[Advice]:
    ends = ((one, a_day(one.get("expires"))) for one in exceptions)
    ending = [one["check"] for one, end in ends if end and (end - as_of).days <= SOON]
    if not ending:
        return []
    what = first_of(sorted(ending), NAMED, "check")
    text = f"Renew or mend what is tolerated for no more than {SOON} days: the exception of {what}."
    return [Advice(reader=False, text=text)]
