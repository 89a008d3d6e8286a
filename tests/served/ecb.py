"""The ECB's data service as it behaves: series by key, a span of periods, the newest ones only.

Columns are those of `format=csvdata`; every rate is composed, and so is the wording of errors.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.served.host import Asked, Handler, Reply

HOST = "data-api.ecb.europa.eu"
PATH = "/service/data/EXR/"
MODIFIED = "Mon, 02 Nov 2026 15:04:05 GMT"
HEADER = """
KEY FREQ CURRENCY CURRENCY_DENOM EXR_TYPE EXR_SUFFIX TIME_PERIOD OBS_VALUE OBS_STATUS OBS_CONF
OBS_PRE_BREAK OBS_COM TIME_FORMAT BREAKS COLLECTION COMPILING_ORG DISS_ORG DOM_SER_IDS PUBL_ECB
PUBL_MU PUBL_PUBLIC UNIT_INDEX_BASE COMPILATION COVERAGE DECIMALS NAT_TITLE SOURCE_AGENCY SOURCE_PUB
TITLE TITLE_COMPL UNIT UNIT_MULT
""".split()  # noqa: SIM905 - a list of 32 names is read more easily so
RATES = {"CNY": 8.0, "JPY": 160.0, "KRW": 1600.0, "USD": 1.25}
"""Units for one euro, in every month; the dollar's quotients are easy to check by hand."""
FIRST = {"CNY": "2005-04", "JPY": "1999-01", "KRW": "1999-01", "USD": "1999-01"}
"""First months, as they are known; a first year is a whole one."""
LAST = "2026-10"

Row = dict[str, Any]
Series = dict[tuple[str, str], dict[str, float]]


def months(first: str, last: str) -> list[str]:
    """Months from one to another."""
    one, other = (int(text[:4]) * 12 + int(text[5:]) - 1 for text in (first, last))
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in range(one, other + 1)]


def published(last: str = LAST) -> Series:
    """Months up to `last` and the whole years among them, by frequency and currency."""
    series = {}
    for currency, rate in RATES.items():
        span = months(FIRST[currency], last)
        whole = [month[:4] for month in span if month.endswith("-01") and month[:4] < last[:4]]
        series["M", currency] = dict.fromkeys(span, rate)
        series["A", currency] = dict.fromkeys(whole, rate)
    return series


def row(letter: str, currency: str, period: str, rate: float | None, **changed: str) -> Row:
    """One line of the CSV."""
    made: Row = dict.fromkeys(HEADER, "") | {
        "KEY": f"EXR.{letter}.{currency}.EUR.SP00.A",
        "FREQ": letter,
        "CURRENCY": currency,
        "CURRENCY_DENOM": "EUR",
        "EXR_TYPE": "SP00",
        "EXR_SUFFIX": "A",
        "TIME_PERIOD": period,
        "OBS_VALUE": "" if rate is None else str(rate),
        "OBS_STATUS": "A",
        "OBS_CONF": "F",
        "TIME_FORMAT": {"M": "P1M", "A": "P1Y", "D": "P1D"}[letter],
        "COLLECTION": "A",
        "UNIT_INDEX_BASE": "99Q1=100",
        "DECIMALS": "4",
        "SOURCE_AGENCY": "4F0",
        "TITLE": f"{currency}/Euro ECB reference exchange rate",
        "TITLE_COMPL": f"ECB reference exchange rate, {currency}/Euro, 2.15 pm (C.E.T.)",
        "UNIT": currency,
        "UNIT_MULT": "0",
    }
    assert changed.keys() <= made.keys()
    return made | changed


def rows_of(series: Series) -> list[Row]:
    """Every line of some series."""
    return [
        row(*key, period, rate) for key, rates in series.items() for period, rate in rates.items()
    ]


def text_of(rows: Iterable[Mapping[str, Any]], header: Sequence[str] = tuple(HEADER)) -> str:
    """Write lines as the service does, with its line ends."""
    file = io.StringIO()
    writer = csv.DictWriter(file, header, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def unspoilt(text: str, asked: Asked) -> str:  # noqa: ARG001
    """Leave an answer as it is."""
    return text


def handler(
    series: Series | None = None,
    spoil: Callable[[str, Asked], str] = unspoilt,
    modified: str = MODIFIED,
) -> Handler:
    """Serve series; `spoil` may change the text before it leaves."""
    known = published() if series is None else series

    def answer(asked: Asked) -> Reply:
        letter, currencies, *rest = asked.path.removeprefix(PATH).split(".")
        if rest != ["EUR", "SP00", "A"] or asked.params.get("format") != "csvdata":
            return fault(400, "Bad Request", "The key or the format is not supported")
        found = {}
        for currency in currencies.split("+"):
            rates = known.get((letter, currency), {})
            periods = sorted(period for period in rates if within(period, asked.params))
            newest = int(asked.params.get("lastNObservations", len(periods)))
            if kept := periods[len(periods) - newest :]:
                found[letter, currency] = {period: rates[period] for period in kept}
        if not found:
            return fault(404, "Not Found", "No Series was returned for the query")
        if modified and asked.headers.get("if-modified-since") == modified:
            return Reply(304)
        text = spoil(text_of(rows_of(found)), asked)
        stamp = {"Last-Modified": modified} if modified else {}
        return Reply(200, text.encode(), {"Content-Type": "text/csv", **stamp})

    return answer


def within(period: str, params: Mapping[str, str]) -> bool:
    """Whether a period lies in the span asked for."""
    first, last = params.get("startPeriod", ""), params.get("endPeriod", "9999")
    return first[: len(period)] <= period <= last


def fault(status: int, title: str, detail: str) -> Reply:
    """An error as the service words it."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/problem+json"})
