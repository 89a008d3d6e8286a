"""UN Comtrade's API, as it behaves according to its OpenAPI files and to recorded answers.

Every row is composed: `TRADE` is a small table of invented amounts, the same for each period but
for a factor. What is the API's own are its shapes, limits, silences and words of error. Where it
was never recorded (403, 404, the preview's 400) the words are those that others report.

    served = handler(key="...", faults={3: too_fast()})
    with hosts({HOST: served}) as host: ...
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tests.served.host import Asked, Reply

HOST = "comtradeapi.un.org"
KEY = "composed-key-0123456789abcdef01"
MOST_PERIODS = 12
MOST_CHARACTERS = 4096

JPN, KOR, DEU, FRA, VNM = 392, 410, 276, 251, 704
CHN, USA, TWN, NES = 156, 842, 490, 899

Trade = tuple[int, str, str, int, str, str | None]
"""Reporter, flow, code, partner, USD, kg (null: not reported)."""

TRADE: tuple[Trade, ...] = (
    (JPN, "M", "280530", CHN, "1000.500", "400.000"),
    (JPN, "M", "280530", VNM, "250.250", "100.500"),
    (JPN, "M", "280530", NES, "0.125", None),
    (JPN, "M", "284690", CHN, "3000.000", "1500.000"),
    (JPN, "M", "284690", TWN, "12.345", "6.000"),
    (JPN, "X", "280530", USA, "77.700", "7.000"),
    (KOR, "M", "280530", CHN, "640.000", None),
    (KOR, "M", "284690", CHN, "500.000", "200.000"),
    (KOR, "M", "284690", JPN, "100.000", "20.000"),
    (DEU, "M", "280530", CHN, "910.910", "90.000"),
    (DEU, "M", "284690", USA, "5.005", "1.000"),
    (DEU, "X", "284690", FRA, "44.000", "4.000"),
    (FRA, "M", "280530", DEU, "30.000", "3.000"),
    (FRA, "M", "284690", CHN, "20.020", "2.000"),
    (VNM, "M", "280530", CHN, "8.000", "0.800"),
    (VNM, "M", "284690", CHN, "9.000", "0.900"),
)
EARLIER = {VNM: "H5"}
"""Reporters that still use an earlier HS revision; the others use H6."""
DETAILED = {DEU: ("customsCode", "motCode", "partner2Code"), FRA: ("customsCode", "motCode")}
"""Side dimensions that a reporter breaks down: each doubles what comes unless it is pinned."""
PARTS: Mapping[str, tuple[Any, Any]] = {
    "customsCode": ("C01", "C07"),
    "motCode": (1000, 2100),
    "partner2Code": (VNM, USA),
}
"""What a total is broken down to: three quarters of it, and the rest."""
FLOWS = ("M", "X", "RX", "RM", "MIP", "XIP", "MOP", "XOP", "MIF", "XIF", "DX", "FM")
CLASSES = ("HS", "SS", "S4", "S3", "S2", "S1", "BE", "EB", "EB02", "EB10", "TM")
REVISIONS = ("H0", "H1", "H2", "H3", "H4", "H5", "H6")

Fault = Reply | Callable[[Reply], Reply]
Change = Callable[[dict[str, Any]], Any]


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    """A JSON body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = json.dumps(body, separators=(",", ":")).encode()
    return Reply(status, data, {"Content-Type": "application/json; charset=utf-8"} | named)


def refused_key() -> Reply:
    """401, as recorded."""
    return reply(
        {
            "statusCode": 401,
            "message": "Access denied due to invalid subscription key. Make sure to provide a "
            "valid key for an active subscription.",
        },
        401,
    )


def too_fast(seconds: int = 1) -> Reply:
    """429, as recorded."""
    text = f"Rate limit is exceeded. Try again in {seconds} seconds."
    return reply({"statusCode": 429, "message": text}, 429, Retry_After=str(seconds))


def quota_spent(seconds: int = 18_753) -> Reply:
    """403, as reported."""
    text = "Out of call volume quota. Quota will be replenished in 05:12:33."
    return reply({"statusCode": 403, "message": text}, 403, Retry_After=str(seconds))


def failed() -> Reply:
    """500, as recorded."""
    return reply({"error": "Something went wrong. Please try again.", "details": None}, 500)


def invalid(name: str) -> Reply:
    """400 for a parameter, as recorded."""
    detail = {"memberNames": [name], "errorMessage": f"The field {name} is invalid"}
    return reply({"error": "Invalid parameter value", "details": [detail]}, 400)


def envelope(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A good answer."""
    return {"elapsedTime": "0.12 secs", "count": len(rows), "data": list(rows), "error": ""}


@dataclass
class Comtrade:
    """The API, with what a test wants of it."""

    key: str = KEY
    trade: Sequence[Trade] = TRADE
    annual: tuple[str, ...] = ("2022", "2023")
    monthly: tuple[str, ...] = ("202301", "202302")
    cap: int = 100_000
    preview_cap: int = 500
    pins_work: bool = True
    """Whether the pins are obeyed; the preview's never were documented."""
    faults: dict[int, Fault] = field(default_factory=dict)
    """By number of the request, from 1: what to answer, or what to make of the answer."""
    change: Change | None = None
    """What to make of the envelope of every answer with rows of trade."""
    announce: Change | None = None
    """What to make of the envelope of every announcement."""
    checksums: dict[tuple[int, str], int] = field(default_factory=dict)
    """Of reporter and period, where a test changes a dataset."""
    asked: int = 0

    def __call__(self, asked: Asked) -> Reply:
        """Answer one request."""
        self.asked += 1
        fault = self.faults.get(self.asked)
        if isinstance(fault, Reply):
            return fault
        answer = self.answer(asked)
        return fault(answer) if fault else answer

    def answer(self, asked: Asked) -> Reply:
        """Answer as the API would."""
        if len(f"{asked.path}?{urlencode(asked.params)}") > MOST_CHARACTERS:
            text = "The resource you are looking for has been removed, had its name changed, or is "
            return Reply(404, f"{text}temporarily unavailable.".encode())
        _, service, version, kind, *rest = asked.path.split("/")
        where = f"{service}/{version}/{kind}"
        if service == "data" and asked.headers.get("ocp-apim-subscription-key") != self.key:
            return refused_key()
        if where not in KINDS or len(rest) != 3 or rest[0] not in {"C", "S"}:
            return Reply(404, b"\xef\xbb\xbf<?xml version='1.0'?><Error>ResourceNotFound</Error>")
        return KINDS[where](self, asked, rest[1], rest[2])

    def data(self, asked: Asked, frequency: str, classes: str) -> Reply:
        """`data/v1/get`."""
        if classes == "H6":
            return failed()
        if len(listed(asked, "period")) > MOST_PERIODS:
            return reply({"error": "Maximum number of periods is 12", "details": None}, 400)
        if classes in REVISIONS:
            return reply(envelope([]))
        return wrong(asked, classes, CLASSES) or self.rows(asked, frequency, self.cap)

    def preview(self, asked: Asked, frequency: str, classes: str) -> Reply:
        """`public/v1/preview`."""
        for name in ("period", "cmdCode"):
            if len(listed(asked, name)) > 1:
                return reply({"ErrorMessage": f"The field {name} is invalid"}, 400)
        fault = wrong(asked, classes, (*CLASSES, *REVISIONS))
        return fault or self.rows(asked, frequency, self.preview_cap)

    def available(self, asked: Asked, frequency: str, classes: str) -> Reply:
        """`getDa`, in either service."""
        if fault := wrong(asked, classes, (*CLASSES, *REVISIONS)):
            return fault
        rows = [
            self.announcement(reporter, period, frequency)
            for reporter in sorted({one[0] for one in self.trade})
            for period in (self.annual if frequency == "A" else self.monthly)
            if named(asked, "reporterCode", reporter) and named(asked, "period", period)
        ]
        body = envelope(rows)
        return reply(self.announce(body) if self.announce else body)

    def rows(self, asked: Asked, frequency: str, cap: int) -> Reply:
        """Rows, cut at the limit without a word."""
        found = [
            row
            for row in self.records(asked, frequency)
            if all(named(asked, name, row[name]) for name in (FILTERS if self.pins_work else ASKED))
        ]
        body = envelope(found[:cap])
        if asked.params.get("countOnly") == "true":
            body["data"] = dict.fromkeys(record(0, "0", "M", "0", 0))
        return reply(self.change(body) if self.change else body)

    def records(self, asked: Asked, frequency: str) -> Iterator[dict[str, Any]]:
        """All rows of a frequency, World before its partners."""
        is_classic = self.pins_work and asked.params.get("breakdownMode") == "classic"
        groups: dict[tuple[int, str, str], list[Trade]] = {}
        for one in self.trade:
            groups.setdefault((one[0], one[1], one[2]), []).append(one)
        for number, period in enumerate(self.annual if frequency == "A" else self.monthly, 1):
            for (reporter, flow, code), partners in groups.items():
                weights = [Decimal(one[5]) for one in partners if one[5]]
                world = sum((Decimal(one[4]) for one in partners), Decimal())
                total = (reporter, flow, code, 0, str(world), str(sum(weights, Decimal())))
                for one in (total, *partners):
                    row = record(reporter, period, flow, code, one[3])
                    yield from broken_down(filled(row, one, number), is_classic=is_classic)

    def announcement(self, reporter: int, period: str, frequency: str) -> dict[str, Any]:
        """One row of `getDa`."""
        return {
            "datasetCode": int(f"20{reporter}{period}01202100"),
            "typeCode": "C",
            "freqCode": frequency,
            "period": int(period),
            "reporterCode": reporter,
            "reporterISO": None,
            "reporterDesc": None,
            "classificationCode": EARLIER.get(reporter, "H6"),
            "classificationSearchCode": "HS",
            "isOriginalClassification": True,
            "isExtendedFlowCode": False,
            "isExtendedPartnerCode": True,
            "isExtendedPartner2Code": "partner2Code" in DETAILED.get(reporter, ()),
            "isExtendedCmdCode": True,
            "isExtendedCustomsCode": "customsCode" in DETAILED.get(reporter, ()),
            "isExtendedMotCode": "motCode" in DETAILED.get(reporter, ()),
            "totalRecords": 1000,
            "datasetChecksum": self.checksums.get((reporter, period), -1_000_000 - reporter),
            "firstReleased": "2026-02-02T04:52:35.2166667",
            "lastReleased": f"2026-{3 if frequency == 'A' else 9:02}-{period[-2:]}T17:13:50",
        }


Kind = Callable[[Comtrade, Asked, str, str], Reply]
KINDS: Mapping[str, Kind] = {
    "data/v1/get": Comtrade.data,
    "data/v1/getDa": Comtrade.available,
    "public/v1/preview": Comtrade.preview,
    "public/v1/getDA": Comtrade.available,
}
ASKED = ("reporterCode", "period", "partnerCode", "cmdCode", "flowCode")
FILTERS = (*ASKED, "partner2Code", "customsCode", "motCode")


def handler(**options: Any) -> Comtrade:  # noqa: ANN401
    """Give the API, as `tests/served/host.py` serves it."""
    return Comtrade(**options)


def listed(asked: Asked, name: str) -> list[str]:
    """A parameter's comma list; empty where it was not sent."""
    return [value for value in asked.params.get(name, "").split(",") if value]


def named(asked: Asked, name: str, value: object) -> bool:
    """Whether a parameter lets a value through."""
    return not listed(asked, name) or str(value).upper() in {v.upper() for v in listed(asked, name)}


def wrong(asked: Asked, classes: str, known: Sequence[str]) -> Reply | None:
    """400 where a parameter has no possible value; a well-formed wrong one is not found out."""
    if classes not in known:
        return invalid("clCode")
    if any(value.upper() not in FLOWS for value in listed(asked, "flowCode")):
        return invalid("flowCode")
    for name in ("reporterCode", "partnerCode", "period", "motCode"):
        if not all(value.isdigit() for value in listed(asked, name)):
            return invalid(name)
    return None


def record(reporter: int, period: str, flow: str, code: str, partner: int) -> dict[str, Any]:
    """One row, its 47 keys in the API's order, without amounts."""
    year, month = int(period[:4]), int(period[4:] or 52)
    return {
        "typeCode": "C",
        "freqCode": "M" if period[4:] else "A",
        "refPeriodId": int(f"{year}{month if period[4:] else 1:02}01"),
        "refYear": year,
        "refMonth": month,
        "period": period,
        "reporterCode": reporter,
        **dict.fromkeys(("reporterISO", "reporterDesc")),
        "flowCode": flow,
        "flowDesc": None,
        "partnerCode": partner,
        **dict.fromkeys(("partnerISO", "partnerDesc")),
        "partner2Code": 0,
        **dict.fromkeys(("partner2ISO", "partner2Desc")),
        "classificationCode": EARLIER.get(reporter, "H6"),
        "classificationSearchCode": "HS",
        "isOriginalClassification": True,
        "cmdCode": code,
        **dict.fromkeys(("cmdDesc", "aggrLevel", "isLeaf")),
        "customsCode": "C00",
        "customsDesc": None,
        "mosCode": "0",
        "motCode": 0,
        "motDesc": None,
        "qtyUnitCode": -1,
        "qtyUnitAbbr": None,
        "qty": 0.0,
        "isQtyEstimated": False,
        "altQtyUnitCode": -1,
        "altQtyUnitAbbr": None,
        "altQty": 0.0,
        "isAltQtyEstimated": False,
        "netWgt": None,
        "isNetWgtEstimated": False,
        "grossWgt": 0.0,
        "isGrossWgtEstimated": False,
        "cifvalue": None,
        "fobvalue": None,
        "primaryValue": 0.0,
        "legacyEstimationFlag": 0,
        "isReported": False,
        "isAggregate": True,
    }


def filled(row: dict[str, Any], trade: Trade, factor: int) -> dict[str, Any]:
    """A row with its amounts, as floats with the noise that they have."""
    value = float(Decimal(trade[4]) * factor)
    weight = float(Decimal(trade[5]) * factor) if trade[5] else None
    side = "cifvalue" if trade[1] == "M" else "fobvalue"
    estimated = not weight
    return row | {
        "primaryValue": value,
        side: value,
        "netWgt": weight,
        "isNetWgtEstimated": estimated,
        "legacyEstimationFlag": 4 if estimated else 0,
    }


def broken_down(row: dict[str, Any], *, is_classic: bool) -> Iterator[dict[str, Any]]:
    """A row, and the parts that the default mode sends with it."""
    rows = [row]
    for name in () if is_classic else DETAILED.get(row["reporterCode"], ()):
        rows += [part for one in rows for part in parted(one, name)]
    yield from rows


def parted(row: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The two parts of a row by one dimension; their values add up to its own."""
    whole = Decimal(str(row["primaryValue"]))
    most = (whole * Decimal("0.75")).quantize(Decimal("0.001"))
    side = "cifvalue" if row["flowCode"] == "M" else "fobvalue"
    for code, value in zip(PARTS[name], (float(most), float(whole - most)), strict=True):
        yield row | {name: code, "primaryValue": value, side: value, "netWgt": None}
