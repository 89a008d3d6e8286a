"""UN Comtrade's answers, strictly read: the envelope, and a row's 47 keys.

What not to assume:
- all 47 keys are in every row; a key more or less means that the API changed, and stops.
- values carry the noise of floating point (100497881.85000001): they are rounded to 0.001 USD.
- a missing weight is null or 0.0, and neither is a weight of zero.
- annual rows have month 52, and World is a partner like any other, of code 0.
- `countOnly` gives a count and an object of nulls in place of rows; never read it as rows.
"""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from flows.sources.comtrade.errors import ChangedError, CountError, ServerError

STRICT = ConfigDict(extra="forbid", strict=True)
KINDS = {
    "extra_forbidden": "new key",
    "missing": "lost key",
    "list_type": "is no list of rows (the answer to countOnly has none)",
}
BOM = b"\xef\xbb\xbf"
SHOWN = 5

Amount = Annotated[float, Field(ge=0, lt=1e14, allow_inf_nan=False)]


@with_config(STRICT)
class Row(TypedDict):
    """One row of trade, its keys as the API names and orders them."""

    typeCode: str
    freqCode: str
    refPeriodId: int
    refYear: int
    refMonth: int
    period: str
    reporterCode: int
    reporterISO: str | None
    reporterDesc: str | None
    flowCode: str
    flowDesc: str | None
    partnerCode: int
    partnerISO: str | None
    partnerDesc: str | None
    partner2Code: int
    partner2ISO: str | None
    partner2Desc: str | None
    classificationCode: str
    classificationSearchCode: str
    isOriginalClassification: bool
    cmdCode: str
    cmdDesc: str | None
    aggrLevel: int | None
    isLeaf: bool | None
    customsCode: str
    customsDesc: str | None
    mosCode: str
    motCode: int
    motDesc: str | None
    qtyUnitCode: int | None
    qtyUnitAbbr: str | None
    qty: Amount | None
    isQtyEstimated: bool
    altQtyUnitCode: int | None
    altQtyUnitAbbr: str | None
    altQty: Amount | None
    isAltQtyEstimated: bool
    netWgt: Amount | None
    isNetWgtEstimated: bool
    grossWgt: Amount | None
    isGrossWgtEstimated: bool
    cifvalue: Amount | None
    fobvalue: Amount | None
    primaryValue: Amount
    legacyEstimationFlag: int | None
    isReported: bool | None
    isAggregate: bool | None


@with_config(STRICT)
class Trade(TypedDict):
    """An answer with rows of trade."""

    elapsedTime: str
    count: int
    data: list[Row]
    error: str | None


TRADE = TypeAdapter(Trade)
ROWS = TypeAdapter(list[Row])

COLUMNS = {
    "typeCode": pl.String,
    "freqCode": pl.String,
    "refYear": pl.Int64,
    "refMonth": pl.Int64,
    "period": pl.String,
    "reporterCode": pl.Int64,
    "flowCode": pl.String,
    "partnerCode": pl.Int64,
    "partner2Code": pl.Int64,
    "classificationCode": pl.String,
    "isOriginalClassification": pl.Boolean,
    "cmdCode": pl.String,
    "customsCode": pl.String,
    "mosCode": pl.String,
    "motCode": pl.Int64,
    "netWgt": pl.Float64,
    "isNetWgtEstimated": pl.Boolean,
    "cifvalue": pl.Float64,
    "fobvalue": pl.Float64,
    "primaryValue": pl.Float64,
}
"""What is used of a row; the rest is checked, and left in the raw bytes."""


def read_rows(data: bytes, name: str) -> pl.DataFrame:
    """Read an answer, or a bare list of its rows; gives the columns of `COLUMNS`.

    Raises:
        ChangedError: a key is new, lost or of another type, or it is no such answer.
        CountError: it holds another number of rows than it says.
        ServerError: it reports an error.

    """
    body = data.removeprefix(BOM).lstrip()
    try:
        if body.startswith(b"["):
            rows = ROWS.validate_json(body)
        else:
            answer = TRADE.validate_json(body)
            refuse_report(name, answer["count"], len(answer["data"]), answer["error"])
            rows = answer["data"]
    except ValidationError as error:
        raise changed(name, error) from None
    columns: dict[str, Any] = {key: [row.get(key) for row in rows] for key in COLUMNS}
    return pl.DataFrame(columns, schema=COLUMNS)


def refuse_report(name: str, count: int, rows: int, error: str | None) -> None:
    """Refuse an answer that reports an error, or counts otherwise than it holds."""
    if error:
        raise ServerError(f"{name}: UN Comtrade reports an error in a good answer: {error[:300]}")
    if count != rows:
        raise CountError(f"{name}: says {count} rows and holds {rows}; fetch it again")


def changed(name: str, error: ValidationError) -> ChangedError:
    """Say in which keys an answer differs from those known, and show the first place."""
    found = error.errors(include_url=False, include_context=False)
    faults: dict[str, str] = {}
    for one in found:
        where = [str(part) for part in one["loc"]]
        key = where[-1] if where else "answer"
        kind = KINDS.get(one["type"], one["msg"])
        given = "" if one["type"] == "missing" else f", given {one['input']!r:.60}"
        faults.setdefault(f"{key}: {kind}", f"at {'.'.join(where) or 'its start'}{given}")
    shown = "; ".join(f"{fault} ({place})" for fault, place in list(faults.items())[:SHOWN])
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return ChangedError(
        f"{name}: no answer of UN Comtrade as known: {shown}{more}. Where the API changed, "
        "flows/sources/comtrade/layouts.py must learn it"
    )
