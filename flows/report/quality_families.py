"""Kinds of checks: what each kind asks of a table, and what to do where the answer is no.

A check belongs to the first family whose pattern is found in its name, so that a table of
hundreds of checks can be read at one glance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flows.gate.contract import Check, Outcome
from flows.report.quality_words import spaced


@dataclass(frozen=True)
class Family:
    """One kind of check."""

    id: str
    title: str
    """Stands over a narrow column."""
    asks: str
    remedy: str
    """What the person who keeps the data does where a row fails."""
    pattern: str
    """Found in the words of a check's name."""


FAMILIES = (
    Family(
        "tolerated",
        "Tolerated",
        "Does each tolerated exception still cover a failure?",
        "Remove its row from warehouse/facts/check_exceptions.csv.",
        r" still fails$",
    ),
    Family(
        "shape",
        "Shape",
        "Has the table the columns it declares, and rows?",
        "Compare the columns named with the table's declaration; if rows are missing, find the "
        "source or the join that brought none.",
        r"^columns are as declared$|^table (is not empty|has at most one row)$",
    ),
    Family(
        "keys",
        "Keys",
        "Is there one row for each key, and none twice?",
        "Look for what was taken twice: a file of the source, or a code that two entries of the "
        "facts claim.",
        r"^grain is unique$",
    ),
    Family(
        "filled",
        "Filled",
        "Is everything there that must never be empty?",
        "Find where the value was lost. If the source leaves it empty, the table must say why.",
        r" is not null$",
    ),
    Family(
        "known",
        "Known",
        "Is every word and code one that the facts know?",
        "If the word or code is right, add it to the facts or to the source's labels; if not, "
        "correct the label.",
        r" (is|are) (listed|known)$",
    ),
    Family(
        "source",
        "Source",
        "Are the figures those of the source, none lost, added or changed?",
        "Compare the rows with the source's own publication: a row was dropped, doubled or "
        "changed on the way in.",
        r"\bstaged\b",
    ),
    Family(
        "ranges",
        "Ranges",
        "Does every figure lie where it can lie, and within its own range?",
        "Compare the row with the figure as printed: a unit (kilograms or tonnes, dollars or "
        "thousands), a shifted column or a slip of the pen.",
        r" is finite$|\b(within|between|at (least|most)|ranges?|bounds|interval|rounding)\b",
    ),
    Family(
        "reasons",
        "Reasons",
        "Has every missing number a reason, and no number an excuse?",
        "Find the rule that gave the reason, and whether it is true of this row.",
        r"\b(reasons?|flagged)\b",
    ),
    Family(
        "fresh",
        "Fresh",
        "Is the newest edition of each source as new as the source's rhythm allows?",
        "Ask the source for a newer edition with orewatch refresh; until one is here, say the "
        "date of the edition beside the figure.",
        r"\bfresh\b",
    ),
    Family(
        "plausible",
        "Plausible",
        "Is what is new or unusual also true?",
        "Look the rows up where the source publishes them. If they are true, write an exception "
        "with its reason and the day it ends; if not, correct them.",
        r"\b(outliers?|jumps?|mirrors?|gaps?|moved?|plausible|(un)?mapped|unusual|unit values?)\b",
    ),
    Family(
        "sums",
        "Sums",
        "Worked out again by another way, does the same number come out?",
        "Two ways to one number disagree. Follow the first row with orewatch explain, and find "
        "which way is wrong.",
        r"\b(recomputed|sums?|follows?|formula|1 over|add up|over total|average|mean of|times)\b",
    ),
    Family(
        "agreement",
        "Agreement",
        "Do tables that show the same thing show the same?",
        "Two tables differ on one thing. Find which of them was made from older or other rows.",
        r"\b((is|are) (that|those) of|agrees?|same)\b",
    ),
    Family(
        "own",
        "Own rules",
        "Does the table keep the rules written for it alone?",
        "Trace the rows to their source; correct the source's labels, the facts or the code.",
        "",
    ),
)

REMEDIES: dict[Outcome, str] = {
    "error": "Mend the check, or the table that it reads, and run again.",
    "vacuous": "Find out why the table is empty: a source that brought nothing, or a join that "
    "matched nothing. Then run again.",
}
"""What to do where no row is to blame."""


def family_of(check: Check) -> Family:
    """Give the family of a check."""
    return next(family for family in FAMILIES if re.search(family.pattern, spaced(check.name)))


def remedy_of(check: Check, outcome: Outcome) -> str:
    """Say what to do about a check with an outcome that needs attention."""
    if outcome in REMEDIES:
        return REMEDIES[outcome]
    remedy = family_of(check).remedy
    if outcome == "fail":
        return f"{remedy} Then run again; the last published snapshot stays as it was."
    return f"Read the rows before quoting a figure from this table. {remedy}"
