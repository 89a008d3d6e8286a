"""A claim as a question: whose share, of whose trade, in what, when, and what would meet it.

Written from the article's claims (`claim_reading.py`) or from a sentence that a user types. What
answers it are `claim_cells.cells` and `claim_verdict.verdicts`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

QUESTION: Mapping[str, pl.DataType | type[pl.DataType]] = {
    # Who asks; a typed claim has an id of its own.
    "claim_id": pl.String,
    # Ordinal within the claim, from 1: two importers or three minerals are several questions.
    "question": pl.Int64,
    # A row of MEASURES.
    "measure": pl.String,
    # Economies or blocs of mart.economy; null = the world.
    "importer_iso3": pl.String,
    "exporter_iso3": pl.String,
    "mineral": pl.String,
    # Codes to use instead of the mineral's own; empty = the mineral's.
    "hs6": pl.List(pl.String),
    # Stage of processing; null = the mineral's headline.
    "stage": pl.String,
    # null = both, value being primary.
    "basis": pl.String,
    # Year the claim speaks of; null = the newest there is.
    "year": pl.Int32,
    # The figure as stated, 0..1.
    "stated": pl.Float64,
    # What meets the claim, both ends included unless `strict`; null = open on that side.
    "low": pl.Float64,
    "high": pl.Float64,
    # Whether low and high themselves do not meet it (above, less than).
    "strict": pl.Boolean,
    # Rank the exporter must have, and what the HHI must exceed; null = not asked.
    "rank": pl.Int64,
    "hhi": pl.Float64,
    # A row of ref.claim_word.
    "word": pl.String,
    # Whether trade decides it; false = trade only informs.
    "decides": pl.Boolean,
}
"""Columns of a frame of questions, one row a question."""

KEY = ["claim_id", "question"]

Tables = Mapping[str, pl.LazyFrame]
"""Tables of the warehouse by name, `ref_form` for `ref.form`."""

IMPORT_SHARE, EXPORT_SHARE, COUNT_ABOVE = "import_share", "export_share", "count_above"
MEASURES = (IMPORT_SHARE, EXPORT_SHARE, COUNT_ABOVE)
"""Exporter's share of the importer's imports; of world exports; how many questions are met."""


def question(**given: object) -> dict[str, object]:
    """Give a row of QUESTION: what is given, and for the rest that nothing is asked.

    Raises:
        KeyError: a name that is no column of QUESTION.

    """
    if strange := sorted(given.keys() - QUESTION.keys()):
        raise KeyError(f"no column of a question: {', '.join(strange)}")
    nothing = dict.fromkeys(QUESTION)
    usual = {"claim_id": "-", "question": 1, "measure": IMPORT_SHARE, "hs6": [], "decides": True}
    return nothing | usual | {"strict": False} | given


def interval(
    stated: float, half_unit: float, kind: str, allowance: float | None = None
) -> tuple[float | None, float | None, bool]:
    """Give what meets a stated share: low, high, and whether the ends themselves do not.

    Half a unit of the last digit that was stated, and what the word allows besides, relative to
    the figure. "Less than" and "more than" are taken at the figure; "at least 9" is met by what is
    printed as 9.

    Args:
        stated: the figure, 0..1.
        half_unit: half a unit of its last digit, 0..1; 0.0005 for 91.2 percent.
        kind: `ref.claim_word.kind`; of a threshold or rank the figure is that of the word.
        allowance: `ref.claim_word.allowance`, a ratio; null = none.

    """
    if kind in {"above", "below"}:
        return (stated, None, True) if kind == "above" else (None, stated, True)
    slack = stated * (allowance or 0.0)
    below = half_unit + (0.0 if kind == "just_over" else slack)
    above = half_unit + (0.0 if kind == "nearly" else slack)
    low, high = max(tidy(stated - below), 0.0), min(tidy(stated + above), 1.0)
    return None if kind == "at_most" else low, None if kind == "at_least" else high, False


def half_unit_of(number: str) -> float:
    """Half a unit of the last digit of a number as it is written: 0.05 of 91.2, 0.5 of 90."""
    _, _, decimals = number.strip().partition(".")
    return 0.5 * 10.0 ** -len(decimals)


def tidy(share: float) -> float:
    """Give a share without the dust of binary arithmetic: 0.9115, not 0.9115000000000001."""
    return round(share, 12)
