"""Their words and ours: `labels.csv`.

Kinds of label: `type` (commodity and sub-commodity, where needed the note beside the figure too ->
mineral, stage, basis, measure, product), `country` (name -> ISO alpha-3, the code that is printed
where it is another, the years in which the name counts), `statistic`, `unit` and `precision` (what
stands beside the figure -> what kind of figure it is). `ignored` says why a row is left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flows.sources.contract import SourceError

PATH = Path(__file__).with_name("labels.csv")
ANY = "*"
NO_CODE = "-"


@dataclass(frozen=True, slots=True)
class Label:
    """One row of `labels.csv`."""

    kind: str
    commodity: str
    label: str
    note: str
    """A note to the figure under which alone this label holds; empty where it always does."""
    mineral: str
    stage: str
    basis: str
    measure: str
    product: str
    weighed: str
    """What the figures of a type, or of a unit, weigh: gross, metal or oxide."""
    means: str
    """The country, unit or kind of figure that the label stands for."""
    code: str
    """The country code printed, where it is not ours: `-` for none, `*` for whichever."""
    from_year: str
    to_year: str
    ignored: str
    """Why what bears this label is left out; empty where it is taken."""

    def fits_code(self, printed: str) -> bool:
        """Whether the country code printed beside a country's name is the one expected."""
        expected = {"": self.means, NO_CODE: ""}.get(self.code, self.code)
        return self.code == ANY or printed == expected

    def covers(self, year: int) -> bool:
        """Whether the label counts in a year."""
        return int(self.from_year or 0) <= year <= int(self.to_year or 9999)


Key = tuple[str, str, str, str]


class Labels:
    """All labels; an unknown one is an error that names it."""

    def __init__(self, path: Path = PATH) -> None:
        self._path = path
        self._rows: dict[Key, Label] = {}
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                label = Label(**row)
                key = (label.kind, label.commodity, label.label, label.note)
                if key in self._rows:
                    raise SourceError(f"{path}: {key} stands twice; keep one")
                self._rows[key] = label

    @property
    def commodities(self) -> list[str]:
        """Commodities of which some row is taken."""
        rows = self._rows.values()
        return sorted({r.commodity for r in rows if r.kind == "type" and not r.ignored})

    @property
    def statistics(self) -> list[str]:
        """Kinds of statistic that are taken."""
        rows = self._rows.values()
        return sorted({r.label for r in rows if r.kind == "statistic" and not r.ignored})

    def of_type(self, commodity: str, sub: str, notes: Iterable[str], where: str) -> Label:
        """Give the label of a sub-commodity, or of its whole commodity where it is ignored.

        Raises:
            SourceError: neither is known.

        """
        for label, note in (*((sub, note) for note in notes), (sub, ""), (ANY, "")):
            if row := self._rows.get(("type", commodity, label, note)):
                return row
        raise self._unknown("commodity", f"{commodity!r}, {sub!r}", where)

    def of(self, kind: str, label: str, where: str) -> Label:
        """Give the label of another kind.

        Raises:
            SourceError: it is not known.

        """
        if row := self._rows.get((kind, "", label, "")):
            return row
        raise self._unknown(kind, repr(label), where)

    def _unknown(self, kind: str, label: str, where: str) -> SourceError:
        return SourceError(
            f"{where}: unknown {kind} {label}; say in {self._path} what it is, or why it is ignored"
        )
