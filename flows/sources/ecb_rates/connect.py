"""The way to the ECB's reference rates: one series tells the newest month, two requests the rest.

An edition is named after its last whole month; its release is the answer's Last-Modified, or the
day of the visit where the host gives none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from email.utils import parsedate_to_datetime

from flows.sources.connect import Answer, Ask, Brought, Offer, Request, Wish, address
from flows.sources.contract import Edition, IncompleteError, Source, SourceError
from flows.sources.door.parse import parsed_or_none
from flows.sources.ecb_rates.rates import (
    PINNED,
    Labels,
    read_labels,
    read_rates,
    refuse_gaps,
    taken,
)

MONTHLY, ANNUAL = "month", "year"
FIRST_YEAR = 1999
DECEMBER = 12
TOO_MANY, SERVER_FAULT = 429, 500
SHOWN = 200


def offers(ask: Ask, source: Source, wish: Wish) -> list[Offer]:
    """Ask for the newest month of one currency; offer all rates up to it, if it is new.

    Raises:
        SourceError: the answer is no rate.

    """
    labels = read_labels()
    currencies = taken(labels, "currency")
    last = {"lastNObservations": "1"}
    answer = ask(series(source, labels, MONTHLY, currencies[-1:], last))
    months = [f"{r.year}-{r.month:02d}" for r in read_rates(answer.path, labels) if r.month]
    if not months:
        raise IncompleteError(f"ecb_rates: no month of {currencies[-1]}; run again later")
    whole = wish.today.replace(day=1) - timedelta(days=1)
    newest = min(max(months), f"{whole:%Y-%m}")
    known = {edition.id: edition for edition in wish.known}
    edition = known.get(newest) or edition_of(newest, answer, wish.today)
    requests = tuple(
        series(source, labels, frequency, currencies, span, mark=newest)
        for frequency, span in spans(newest).items()
    )
    return [Offer(edition, requests, f"rates up to {newest}")]


def edition_of(newest: str, answer: Answer, today: date) -> Edition:
    """Make the edition of a month, released when the answer says that it was changed last."""
    try:
        released = parsedate_to_datetime(answer.headers.get("last-modified", "")).date()
    except ValueError:
        released = today
    return Edition(id=newest, released=released, released_basis="inferred")


def spans(newest: str) -> dict[str, dict[str, str]]:
    """By frequency: the first and last period wanted, up to a month; a running year has no mean."""
    year, month = (int(part) for part in newest.split("-"))
    last_year = year if month == DECEMBER else year - 1
    return {
        MONTHLY: {"startPeriod": f"{FIRST_YEAR}-01", "endPeriod": newest},
        ANNUAL: {"startPeriod": str(FIRST_YEAR), "endPeriod": str(last_year)},
    }


def series(  # noqa: PLR0913, PLR0917 - what, how often, of whom, since when
    source: Source,
    labels: Labels,
    frequency: str,
    currencies: list[str],
    params: Mapping[str, str],
    mark: str = "",
) -> Request:
    """Make the request for series of one frequency."""
    (letter,) = [one for one in taken(labels, "frequency") if labels["frequency", one] == frequency]
    pins = (PINNED[name] for name in ("CURRENCY_DENOM", "EXR_TYPE", "EXR_SUFFIX"))
    url = address(source, "series", key=".".join([letter, "+".join(currencies), *pins]))
    asked = {"format": "csvdata", **params}
    return Request(source.id, url, "csv", asked, mark=mark, faults=faults)


def bring(ask: Ask, source: Source, offer: Offer) -> list[Brought]:  # noqa: ARG001
    """Fetch months and years; one that cannot be used is asked for once more, kept or not.

    Raises:
        IncompleteError: a currency or a period is missing.

    """
    pairs = zip((MONTHLY, ANNUAL), offer.requests, strict=True)
    return [whole(ask, request, frequency, offer.edition) for frequency, request in pairs]


def whole(ask: Ask, request: Request, frequency: str, edition: Edition) -> Brought:
    """Fetch the rates of one frequency, whole."""
    answer = ask(request)
    try:
        refuse_part(answer, frequency, edition)
    except SourceError as error:
        # Without this the host may say that nothing changed, and the same bytes serve again.
        ask.spoil(answer, str(error))
        answer = ask(request)
        refuse_part(answer, frequency, edition)
    return Brought(f"{frequency}.csv", answer)


def refuse_part(answer: Answer, frequency: str, edition: Edition) -> None:
    """Refuse an answer that is not all the rates that are due."""
    labels = read_labels()
    rates = read_rates(answer.path, labels)
    refuse_gaps(rates, labels, frequency, edition.id, f"ecb_rates {edition.id}")


def faults(status: int, headers: Mapping[str, str], body: bytes) -> SourceError | None:  # noqa: ARG001
    """Read the host's own account of an error; a fault of the server is the door's to retry."""
    if status == TOO_MANY or status >= SERVER_FAULT:
        return None
    match parsed_or_none(body):
        case {"title": str(title), "detail": str(detail)}:
            return SourceError(f"ecb_rates: the host answers {status} {title}: {detail[:SHOWN]}")
    return None
