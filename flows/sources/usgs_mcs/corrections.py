"""Known errors of the source: `corrections.yml`, each entry guarded by what it expects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import yaml
from pydantic import TypeAdapter

from flows.sources.contract import Promise, SourceError
from flows.sources.usgs_mcs.layouts import Printed

PATH = Path(__file__).with_name("corrections.yml")

Field = Literal["commodity", "country", "type", "unit", "value", "note"]


class Correction(Promise):
    """One known error: which figures, what they must say, what is put instead, and why."""

    edition: str
    match: dict[Field, str]
    expect: dict[Field, str]
    action: dict[Field, str]
    rows: int
    """Figures that it must touch."""
    reason: str


def read_corrections(edition: str, path: Path = PATH) -> list[Correction]:
    """Read the corrections of one edition."""
    every = TypeAdapter(list[Correction]).validate_python(yaml.safe_load(path.read_text("utf-8")))
    return [correction for correction in every if correction.edition == edition]


def correct(figures: Sequence[Printed], corrections: Sequence[Correction]) -> list[Printed]:
    """Apply corrections in their order.

    Raises:
        SourceError: one touches another number of figures, or finds another original, than it says.

    """
    corrected = list(figures)
    for correction in corrections:
        touched = [i for i, f in enumerate(corrected) if holds(f, correction.match)]
        if len(touched) != correction.rows:
            raise SourceError(
                f"corrections.yml: {correction.match} of edition {correction.edition} touches "
                f"{len(touched)} figures, {correction.rows} expected; review the entry"
            )
        for i in touched:
            if not holds(corrected[i], correction.expect):
                raise SourceError(
                    f"corrections.yml: expects {correction.expect} and finds {corrected[i]}; "
                    "the source may have been mended, review the entry"
                )
            corrected[i] = replace(corrected[i], **correction.action)  # type: ignore[arg-type]
    return corrected


def holds(figure: Printed, expected: dict[Field, str]) -> bool:
    """Whether a figure says all that is expected."""
    return all(getattr(figure, field) == value for field, value in expected.items())
