"""The way to the BGS World Mineral Statistics: an OGC API, asked page by page.

The service says how many rows match and nothing of editions, so the number of production rows is
the change marker, with the year, since revised figures may leave the number as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from flows.sources.bgs_wms.labels import Labels
from flows.sources.bgs_wms.pages import Page, follow, read_page
from flows.sources.connect import Answer, Ask, Brought, Offer, Request, Wish, address
from flows.sources.contract import Edition, IncompleteError, Source, SourceError
from flows.sources.door.parse import parsed_or_none

LIMIT = 2000
"""Rows a page. The service takes more, but others saw pages of 10,000 rows end early."""
MOST_PAGES = 100
FILTERS = ("bgs_commodity_trans", "bgs_statistic_type_trans")
BAD_REQUEST, TOO_MANY, SERVER_FAULT = 400, 429, 500


def offers(ask: Ask, source: Source, wish: Wish) -> list[Offer]:
    """Ask how many rows of production there are; offer all of them where the number is new."""
    labels = Labels()
    (production,) = labels.statistics
    params = {"f": "json", "bgs_statistic_type_trans": production}
    matched = read_page(ask(rows_of(source, params | {"limit": "1"})).path).matched
    if not matched:
        raise IncompleteError("bgs_wms: the service has no row of production; run again later")
    note = f"{matched:,} rows of production matched in {wish.today.year}"
    if known := [edition for edition in wish.known if edition.note == note]:
        return [Offer(known[-1], (), f"{note}, as in {known[-1].id}")]
    edition = Edition(id=wish.today.isoformat(), released=None, released_basis="unknown", note=note)
    paging = {"limit": str(LIMIT), "offset": "0"}
    first = [
        rows_of(source, params | {"bgs_commodity_trans": commodity} | paging, mark=note)
        for commodity in labels.commodities
    ]
    return [Offer(edition, tuple(first), note)]


def rows_of(source: Source, params: Mapping[str, str], mark: str = "") -> Request:
    """Make a request for rows."""
    return Request(source.id, address(source, "items"), "json", params, mark=mark, faults=faults)


def bring(ask: Ask, source: Source, offer: Offer) -> list[Brought]:  # noqa: ARG001
    """Fetch every page of every commodity.

    Raises:
        IncompleteError: pages do not add up to what the service says it has.

    """
    return [page for request in offer.requests for page in pages_of(ask, request)]


def pages_of(ask: Ask, first: Request) -> list[Brought]:
    """Fetch the pages of one commodity, as long as rows are due."""
    commodity = first.params["bgs_commodity_trans"]
    brought: list[Brought] = []
    pages: list[Page] = []
    while not pages or sum(len(page.rows) for page in pages) < pages[0].matched:
        offset = sum(len(page.rows) for page in pages)
        request = replace(first, params={**first.params, "offset": str(offset)})
        one, page = next_page(ask, request, pages)
        brought.append(replace(one, name=f"{slug(commodity)}-{offset}.json"))
        pages.append(page)
        if not page.matched or len(pages) > MOST_PAGES:
            error = IncompleteError(
                f"bgs_wms: {page.matched} rows of {commodity!r} on {len(pages)} pages; if the "
                "service has another name for it now, say so in labels.csv"
            )
            ask.spoil(one.answer, str(error))
            raise error
    return brought


def next_page(ask: Ask, request: Request, before: Sequence[Page]) -> tuple[Brought, Page]:
    """Fetch one page; one that cannot be used is asked for once more, also where it was kept.

    Raises:
        SourceError: it is no page of what was asked for.
        IncompleteError: it does not follow the pages before it.

    """
    answer = ask(request)
    try:
        return Brought("", answer), sound_page(answer, request, before)
    except SourceError as error:
        # Without this the host may say that nothing changed, and the same bytes serve again.
        ask.spoil(answer, str(error))
    again = ask(request)
    return Brought("", again), sound_page(again, request, before)


def sound_page(answer: Answer, request: Request, before: Sequence[Page]) -> Page:
    """Read a page, and look whether it is what is due."""
    page = read_page(answer.path)
    refuse_others(page, request)
    follow(page, before, LIMIT)
    return page


def refuse_others(page: Page, request: Request) -> None:
    """Refuse rows that were not asked for: a service that does not know a filter leaves it out."""
    for name in FILTERS:
        if others := sorted({row[name] for row in page.rows} - {request.params[name]}):
            raise SourceError(
                f"{page.path}: asked for {name}={request.params[name]!r} and got "
                f"{', '.join(others[:5])}; the service left the filter out"
            )


def slug(commodity: str) -> str:
    """A commodity as a file's name."""
    return re.sub(r"[^a-z0-9]+", "_", commodity.lower()).strip("_")


def faults(status: int, headers: Mapping[str, str], body: bytes) -> SourceError | None:  # noqa: ARG001
    """Read the service's own account of an error; a fault of the server is the door's to retry."""
    if status == TOO_MANY or status >= SERVER_FAULT:
        return None
    match parsed_or_none(body):
        case {"code": str(code), "description": str(description)}:
            return SourceError(f"bgs_wms: the service answers {status} {code}: {description}")
    return None
