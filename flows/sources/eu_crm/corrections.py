"""Known errors of the transcription: `corrections.yml`, each entry guarded by what it expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import Field, TypeAdapter

from flows.sources.contract import Promise, SourceError

PATH = Path(__file__).with_name("corrections.yml")

Row = Mapping[str, str]


class Correction(Promise):
    """One known error: which rows, what they must say, what is put instead or left out, and why."""

    edition: str
    match: dict[str, str]
    expect: dict[str, str]
    action: dict[str, str] = Field(default_factory=dict)
    drop: int = 0
    """How many of the rows are left out, the last ones first: rows that stand twice."""
    rows: int
    """Rows that it must touch."""
    reason: str


def read_corrections(edition: str, path: Path = PATH) -> list[Correction]:
    """Read the corrections of one edition."""
    every = TypeAdapter(list[Correction]).validate_python(yaml.safe_load(path.read_text("utf-8")))
    return [correction for correction in every if correction.edition == edition]


def correct(rows: Sequence[Row], corrections: Sequence[Correction]) -> list[Row]:
    """Apply corrections in their order.

    Raises:
        SourceError: one touches another number of rows, or finds another original, than it says.

    """
    corrected = list(rows)
    for correction in corrections:
        touched = [i for i, row in enumerate(corrected) if holds(row, correction.match)]
        if len(touched) != correction.rows:
            raise SourceError(
                f"{PATH}: {correction.match} of edition {correction.edition} touches "
                f"{len(touched)} rows, {correction.rows} expected; review the entry"
            )
        for i in touched:
            if not holds(corrected[i], correction.expect):
                raise SourceError(
                    f"{PATH}: expects {correction.expect} and finds {corrected[i]}; "
                    "the source may have been mended, review the entry"
                )
            corrected[i] = {**corrected[i], **correction.action}
        for i in sorted(touched[len(touched) - correction.drop :], reverse=True):
            del corrected[i]
    return corrected


def holds(row: Row, expected: Row) -> bool:
    """Whether a row says all that is expected."""
    return all(row[field] == value for field, value in expected.items())
