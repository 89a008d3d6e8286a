"""Read the ECB's CSV (`format=csvdata` of the dataset EXR): one observation a line.

Every line says which series it is from, and that it is an average of reference rates of the euro
in plain units; a line that says otherwise is refused. Columns are found by name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.sources.contract import IncompleteError, SourceError
from flows.sources.door.parse import csv_lines

LABELS = Path(__file__).with_name("labels.csv")
NAMES = """
    KEY FREQ CURRENCY CURRENCY_DENOM EXR_TYPE EXR_SUFFIX TIME_PERIOD OBS_VALUE OBS_STATUS OBS_CONF
    OBS_PRE_BREAK OBS_COM TIME_FORMAT BREAKS COLLECTION COMPILING_ORG DISS_ORG DOM_SER_IDS PUBL_ECB
    PUBL_MU PUBL_PUBLIC UNIT_INDEX_BASE COMPILATION COVERAGE DECIMALS NAT_TITLE SOURCE_AGENCY
    SOURCE_PUB TITLE TITLE_COMPL UNIT UNIT_MULT
"""
COLUMNS = frozenset(NAMES.split())
PINNED = {"CURRENCY_DENOM": "EUR", "EXR_TYPE": "SP00", "EXR_SUFFIX": "A", "UNIT_MULT": "0"}
"""What every line must say: per euro, a reference rate, an average, in units."""
KEY = "EXR.{FREQ}.{CURRENCY}.{CURRENCY_DENOM}.{EXR_TYPE}.{EXR_SUFFIX}"
FORMS = {
    "month": re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])"),
    "year": re.compile(r"(?P<year>\d{4})"),
}
NUMBER = re.compile(r"\d+(?:\.\d+)?")
NONE = {"", "NaN"}
MONTHS = 12

Labels = Mapping[tuple[str, str], str]
"""Kind and label -> what it means; empty where it is ignored."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One observation."""

    currency: str
    frequency: str
    year: int
    month: int | None
    rate: float | None
    status: str


def read_labels() -> Labels:
    """Read `labels.csv`."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        return {(row["kind"], row["label"]): row["means"] for row in csv.DictReader(file)}


def taken(labels: Labels, kind: str) -> list[str]:
    """Labels of a kind that are not ignored."""
    return sorted(label for (of, label), means in labels.items() if of == kind and means)


def read_rates(path: Path, labels: Labels) -> list[Rate]:
    """Read the observations that labels.csv takes.

    Raises:
        SourceError: a column or label is unknown, or a line is of another kind of rate.
        IncompleteError: the file ends in the middle of a line.

    """
    rates = []
    for where, row in read_lines(path):
        known = {kind: meant(labels, kind, row[name], where) for kind, name in KINDS.items()}
        refuse_another(row, where)
        if all(known.values()):
            rates.append(read_rate(row, known, where))
    return rates


KINDS = {"currency": "CURRENCY", "frequency": "FREQ", "status": "OBS_STATUS"}
"""Kind of label -> column."""


def read_lines(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Read the lines by the names of the columns, with where each stands."""
    header, lines = csv_lines(path)
    if set(header) != COLUMNS or len(header) != len(COLUMNS):
        lost, new = sorted(COLUMNS - set(header)), sorted(set(header) - COLUMNS)
        raise SourceError(
            f"{path}: columns lost: {', '.join(lost) or 'none'}; never seen: "
            f"{', '.join(new) or 'none'}; found: {', '.join(header)}"
        )
    rows = []
    for number, cells in enumerate(lines, start=2):
        if len(cells) != len(header):
            raise SourceError(
                f"{path} line {number}: {len(cells)} cells, the header has {len(header)}"
            )
        rows.append((f"{path.name} line {number}", dict(zip(header, cells, strict=True))))
    return rows


def meant(labels: Labels, kind: str, label: str, where: str) -> str:
    """Say what a label means; empty where it is ignored."""
    if (kind, label) not in labels:
        raise SourceError(f"{where}: unknown {kind} {label!r}; say in {LABELS} what it is")
    return labels[kind, label]


def refuse_another(row: Mapping[str, str], where: str) -> None:
    """Refuse a line that is no average reference rate of the euro in plain units."""
    for name, expected in PINNED.items():
        if row[name] != expected:
            raise SourceError(f"{where}: {name} is {row[name]!r}, expected {expected!r}")
    if row["KEY"] != KEY.format_map(row) or row["UNIT"] != row["CURRENCY"]:
        raise SourceError(
            f"{where}: series {row['KEY']} in {row['UNIT']} is not what its columns say: "
            f"{KEY.format_map(row)}; columns shifted?"
        )


def read_rate(row: Mapping[str, str], known: Mapping[str, str], where: str) -> Rate:
    """Read one observation."""
    frequency, status = known["frequency"], known["status"]
    match = FORMS[frequency].fullmatch(row["TIME_PERIOD"])
    if not match:
        raise SourceError(f"{where}: {row['TIME_PERIOD']!r} is no {frequency}")
    text = row["OBS_VALUE"].strip()
    is_none = text in NONE
    if is_none != (status == "missing") or (not is_none and not NUMBER.fullmatch(text)):
        raise SourceError(f"{where}: the rate is {text!r} with the status {status}")
    rate = None if is_none else float(text)
    if rate == 0:
        raise SourceError(f"{where}: a rate of 0")
    month = int(match["month"]) if frequency == "month" else None
    return Rate(known["currency"], frequency, int(match["year"]), month, rate, status)


def refuse_gaps(
    rates: Iterable[Rate], labels: Labels, frequency: str, newest: str, where: str
) -> None:
    """Refuse rates of one frequency that leave out a currency or a period up to `newest`, YYYY-MM.

    Annual averages may still lack the year that `newest` ends. A series may begin before labels.csv
    says that it does, and never after.

    Raises:
        IncompleteError: one is missing, or stands twice.
        SourceError: one is newer than the edition.

    """
    year, month = (int(part) for part in newest.split("-"))
    end = year * MONTHS + month - 1 if frequency == "month" else year - (month < MONTHS)
    grace = 0 if frequency == "month" else int(month == MONTHS)
    rates = [rate for rate in rates if rate.frequency == frequency]
    for currency in taken(labels, "currency"):
        found = sorted(
            place(rate) for rate in rates if rate.currency == labels["currency", currency]
        )
        if not found or found[-1] < end - grace:
            last = said(found[-1], frequency) if found else "nothing"
            raise IncompleteError(
                f"{where}: {currency} by {frequency} ends with {last}, due is "
                f"{said(end, frequency)}; fetch it again"
            )
        if found[-1] > end:
            raise SourceError(
                f"{where}: {currency} has {said(found[-1], frequency)}, later than the edition "
                f"{newest}; name it by its last whole month"
            )
        if found[0] > (first := begin(labels, currency, frequency)):
            raise IncompleteError(
                f"{where}: {currency} by {frequency} begins with {said(found[0], frequency)}, due "
                f"is {said(first, frequency)}; fetch it again"
            )
        for one, expected in zip(found, range(found[0], found[0] + len(found)), strict=True):
            if one != expected:
                raise IncompleteError(
                    f"{where}: {currency} by {frequency} lacks {said(expected, frequency)}, or "
                    f"has a period twice; fetch it again"
                )


def begin(labels: Labels, currency: str, frequency: str) -> int:
    """Give the place by which a currency's rates begin: its first month, or first whole year."""
    text = meant(labels, "first_month", currency, "ecb_rates")
    if not (match := FORMS["month"].fullmatch(text)):
        raise SourceError(f"{LABELS}: first_month of {currency} is {text!r}, no month")
    year, month = int(match["year"]), int(match["month"])
    return year * MONTHS + month - 1 if frequency == "month" else year + (month > 1)


def place(rate: Rate) -> int:
    """Months, or years, since the year 0."""
    return rate.year if rate.month is None else rate.year * MONTHS + rate.month - 1


def said(number: int, frequency: str) -> str:
    """Write a place as a period."""
    if frequency == "year":
        return str(number)
    return f"{number // MONTHS}-{number % MONTHS + 1:02d}"
