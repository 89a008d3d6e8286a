"""Their words and ours: `labels.csv`, held for one edition.

Kinds of label: `file` (a published file -> its commodity), `type` (commodity and type, where
needed the country too -> mineral, stage, basis, measure, product), `country` (spelling -> area),
`unit`, `note` (what a note says of a figure's status), `word` (what is printed in place of a
figure), and of the long layout `section`, `statistic` and `year`. `ignored` says why a file or a
row is left out. Edition `*` is every edition.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from flows.sources.contract import Raw, SourceError

PATH = Path(__file__).with_name("labels.csv")


@dataclass(frozen=True, slots=True)
class Label:
    """One row of `labels.csv`."""

    edition: str
    kind: str
    commodity: str
    label: str
    country: str
    mineral: str
    stage: str
    basis: str
    measure: str
    product: str
    means: str
    """The commodity, area or unit id that the label stands for."""
    status: str
    """What the label says of the status of the figures under it; empty where nothing."""
    ignored: str
    """Why what bears this label is left out; empty where it is taken."""


Key = tuple[str, str, str, str]


UNKNOWN = Label(**dict.fromkeys([f.name for f in fields(Label)], "") | {"ignored": "unknown"})
"""Stands for a label that is not known, until all of those are told of at once."""
SHOWN = 40


class Labels:
    """The labels of one edition; an unknown one is an error that names it.

    With `defers`, unknown ones are gathered instead, for `refuse_unknown` to name together.
    """

    def __init__(self, edition: str, path: Path = PATH, *, defers: bool = False) -> None:
        self._edition = edition
        self._path = path
        self._defers = defers
        self._unknown: dict[str, str] = {}
        self._rows: dict[Key, Label] = {}
        for row in read_rows(path):
            if row.edition not in {edition, "*"}:
                continue
            key = (row.kind, row.commodity, row.label, row.country)
            if key in self._rows:
                raise SourceError(f"{path}: {key} stands twice for edition {edition}; keep one")
            self._rows[key] = row

    @property
    def files(self) -> Mapping[str, str]:
        """File name -> commodity, for the files that are read."""
        rows = self._rows.values()
        return {r.label: r.means for r in rows if r.kind == "file" and not r.ignored}

    def refuse_unlisted(self, raw: Raw) -> None:
        """Refuse a file that is neither read nor ignored by name.

        Raises:
            SourceError: there is such a file.

        """
        known = {row.label for row in self._rows.values() if row.kind == "file"}
        if strange := sorted({path.name for path in raw.files} - known):
            self._tell("file", ", ".join(strange), str(raw.folder))
            self.refuse_unknown()

    def of_type(self, commodity: str, type_: str, country: str, where: str) -> Label:
        """Give the label of a commodity's type, or of the whole commodity where it is ignored.

        Raises:
            SourceError: neither is known.

        """
        for label, only in ((type_, country), (type_, ""), ("*", "")):
            if row := self._rows.get(("type", commodity, label, only)):
                return row
        return self._tell("type", f"{commodity!r}, {type_!r}", where)

    def of(self, kind: str, label: str, where: str) -> Label:
        """Give the label of another kind.

        Raises:
            SourceError: it is not known.

        """
        if row := self._rows.get((kind, "", label, "")):
            return row
        return self._tell(kind, repr(label), where)

    def refuse_unknown(self) -> None:
        """Refuse what was asked for and is not known, all of it at once.

        Raises:
            SourceError: there was such a label.

        """
        if not self._unknown:
            return
        told = [f"{where}: unknown {what}" for what, where in self._unknown.items()]
        more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        raise SourceError(
            f"usgs_mcs {self._edition}, {'; '.join(told[:SHOWN])}{more}; "
            f"say in {self._path} what it is, or why it is ignored"
        )

    def _tell(self, kind: str, label: str, where: str) -> Label:
        self._unknown.setdefault(f"{kind} {label}", where)
        if not self._defers:
            self.refuse_unknown()
        return UNKNOWN


def read_rows(path: Path) -> Iterator[Label]:
    """Read the rows of `labels.csv`."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            yield Label(**row)
