"""What UN Comtrade announces: a row a reporter's period, with what changes when its data do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from flows.sources.comtrade.errors import (
    ChangedError,
    EmptyError,
    OtherAnswerError,
    TruncatedError,
)
from flows.sources.comtrade.layouts import BOM, STRICT, changed, refuse_report
from flows.sources.comtrade.requests import Dataset, Service, availability, is_full
from flows.sources.connect import Answer, Ask
from flows.sources.contract import SourceError


@with_config(STRICT)
class Announcement(TypedDict):
    """One dataset that is there: a reporter's period."""

    datasetCode: int
    typeCode: str
    freqCode: str
    period: int
    reporterCode: int
    reporterISO: str | None
    reporterDesc: str | None
    classificationCode: str
    classificationSearchCode: str
    isOriginalClassification: bool
    isExtendedFlowCode: bool
    isExtendedPartnerCode: bool
    isExtendedPartner2Code: bool
    isExtendedCmdCode: bool
    isExtendedCustomsCode: bool
    isExtendedMotCode: bool
    totalRecords: int
    datasetChecksum: int
    firstReleased: str
    lastReleased: str


@with_config(STRICT)
class Available(TypedDict):
    """An answer with announcements."""

    elapsedTime: str
    count: int
    data: list[Announcement]
    error: str | None


AVAILABLE = TypeAdapter(Available)


def announced(
    ask: Ask, service: Service, names: Mapping[int, str], wanted: list[str]
) -> list[Dataset]:
    """Ask which of the reporters' periods there are.

    Raises:
        EmptyError: none; also the answer to a question that the API does not understand.
        ChangedError: a reporter's period is announced twice.
        TruncatedError: there are as many as the host gives at once.

    """
    found: dict[tuple[int, str], Dataset] = {}
    for request in availability(service, [str(code) for code in names], wanted):
        answer = ask(request)
        try:
            rows = read_whole(answer, service)
        except SourceError as error:
            ask.spoil(answer, str(error))
            raise
        for row in rows:
            one = dataset(row, service.frequency, request.url)
            # The service without a key may answer for everybody and always.
            if one.reporter not in names or one.period not in wanted or not row["totalRecords"]:
                continue
            if (key := (one.reporter, one.period)) in found:
                raise ChangedError(f"{request.url}: {key} is announced twice")
            found[key] = one
    if not found:
        raise EmptyError(
            f"{service.source.id}: nothing is announced of {', '.join(names.values())} for "
            f"{', '.join(wanted) or 'no period at all'}; name other reporters or years"
        )
    return [found[key] for key in sorted(found)]


def dataset(row: Announcement, frequency: str, where: str) -> Dataset:
    """Read one announcement.

    Raises:
        ChangedError: its time of release is none.
        OtherAnswerError: it is of services, or of the other frequency.

    """
    if (row["typeCode"], row["freqCode"]) != ("C", frequency):
        raise OtherAnswerError(f"{where}: asked for goods by {frequency}, given {row}")
    day = row["lastReleased"][:10]
    try:
        date.fromisoformat(day)
    except ValueError:
        raise ChangedError(f"{where}: lastReleased is no time: {row}") from None
    return Dataset(
        reporter=row["reporterCode"],
        period=str(row["period"]),
        revision=row["classificationCode"],
        mark=f"{row['datasetChecksum']}@{row['lastReleased']}",
        released=day,
    )


def read_whole(answer: Answer, service: Service) -> list[Announcement]:
    """Read an answer of announcements that was not cut.

    Raises:
        TruncatedError: it may have been cut.
        SourceError: see `read_available`.

    """
    name = f"{answer.request.url} ({answer.path})"
    rows = read_available(answer.path.read_bytes(), name)
    if is_full(service, len(rows)):
        raise TruncatedError(
            f"{name}: {len(rows):,} announcements, the most that are given at once: some may be "
            "missing; ask for less by --reporter and --years"
        )
    return rows


def read_available(data: bytes, name: str) -> list[Announcement]:
    """Read an answer of announcements.

    Raises:
        ChangedError: a key is new, lost or of another type, or it is no such answer.
        CountError: it holds another number of rows than it says.
        ServerError: it reports an error.

    """
    try:
        answer = AVAILABLE.validate_json(data.removeprefix(BOM))
    except ValidationError as error:
        raise changed(name, error) from None
    refuse_report(name, answer["count"], len(answer["data"]), answer["error"])
    return answer["data"]
