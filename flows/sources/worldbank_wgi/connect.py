"""Fetch the governance estimates by the World Bank's API: one indicator a dimension.

An edition is a state of the database, known by its day of update. Every answer states that day, so
one row of one indicator tells whether there is anything new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import count, groupby

from flows.sources.connect import Answer, Ask, Brought, Offer, Request, Wish, file_name
from flows.sources.contract import Edition, IncompleteError, Source, SourceError
from flows.sources.worldbank_wgi.pages import DATABASE, Page, faults_of, read_page, whole
from flows.sources.worldbank_wgi.stage import API, edition_id

ESTIMATE = "estimate_"
"""What the names of the estimates' addresses begin with; the dimension follows."""
MOST_ROWS = 20_000
"""Rows of a page, the most that the service gives."""


def offers(ask: Ask, source: Source, wish: Wish) -> list[Offer]:
    """Offer the database as it is now.

    Raises:
        SourceError: the service refuses, or its answer is not in its form.

    """
    urls = [url for name, url in source.addresses.items() if name.startswith(ESTIMATE)]
    probe = asking(source, urls[0], page=1, rows=1)
    about = page_of(ask(probe), probe).about
    day = about.lastupdated
    edition = Edition(
        id=edition_id(day),
        released=day,
        note="As the World Bank's API gave it; its day of update names it.",
        layout=API,
    )
    requests = tuple(asking(source, url, page=1, mark=day) for url in urls)
    here = {one.id: one for one in wish.known}.get(edition.id)
    why = f"the database was updated on {day}; that state is not here"
    if here:
        why = f"unchanged: the database was last updated on {day}, and that state is here"
    return [Offer(edition, requests, why)]


def asking(
    source: Source, url: str, page: int, rows: int = MOST_ROWS, mark: date | None = None
) -> Request:
    """Ask for a page of an indicator."""
    params = {"format": "json", "source": DATABASE, "per_page": str(rows), "page": str(page)}
    request = Request(source.id, url, "json", params, mark=str(mark or ""))
    return replace(request, faults=faults_of(file_name(request)))


def page_of(answer: Answer, request: Request) -> Page:
    """Read an answer, and hold it against what was asked for.

    Raises:
        IncompleteError: it is another page, or has fewer rows than it announces.
        SourceError: it is an error, of another indicator, or not in the service's form.

    """
    where = f"{file_name(request)}, page {request.params['page']}"
    page = read_page(answer.path.read_bytes(), where)
    about = page.about
    if page.indicator != file_name(request):
        raise SourceError(f"{where}: the rows are of {page.indicator}")
    if str(about.page) != request.params["page"]:
        raise IncompleteError(f"{where}: page {about.page} came in its place; run again")
    due = min(about.per_page, about.total - (about.page - 1) * about.per_page)
    if len(page.rows) != due or about.pages != -(-about.total // about.per_page):
        raise IncompleteError(
            f"{where}: {len(page.rows)} rows came, {due} due of {about.total} in {about.pages} "
            "pages; run again"
        )
    return page


def bring(ask: Ask, source: Source, offer: Offer) -> list[Brought]:
    """Fetch all pages of each indicator, all of the state that was offered.

    Raises:
        IncompleteError: a page or a row is missing, or the database was updated meanwhile.
        SourceError: the service refuses, or an answer is not in its form.

    """
    brought: list[tuple[Brought, Page]] = []
    for request in offer.requests:
        brought += pages_of(ask, source, offer, request)
    for _, pairs in groupby(brought, key=lambda pair: pair[1].indicator):
        ones, pages = zip(*pairs, strict=True)
        try:
            whole(pages)
        except SourceError as error:
            for one in ones:
                ask.spoil(one.answer, str(error))
            raise
    return [one for one, _ in brought]


def pages_of(
    ask: Ask, source: Source, offer: Offer, first: Request
) -> Sequence[tuple[Brought, Page]]:
    """Fetch an indicator's pages, as many as it says there are."""
    found: list[tuple[Brought, Page]] = []
    for number in count(1):
        request = asking(source, first.url, page=number, mark=offer.edition.released)
        answer, page = sound(ask, request)
        if page.about.lastupdated != offer.edition.released:
            error = IncompleteError(
                f"{page.where}: of {page.about.lastupdated}, offered was {offer.edition.released}: "
                "the database was updated meanwhile; run again"
            )
            ask.spoil(answer, str(error))
            raise error
        found.append((Brought(f"{page.indicator}_page{number}.json", answer), page))
        if number >= page.about.pages:
            return found
    raise AssertionError("an indicator has a last page")


def sound(ask: Ask, request: Request) -> tuple[Answer, Page]:
    """Ask, and ask anew where a kept answer is not what is due."""
    answer = ask(request)
    try:
        return answer, page_of(answer, request)
    except SourceError as error:
        # Without this the host may say that nothing changed, and the same bytes serve again.
        ask.spoil(answer, str(error))
        if answer.is_new:
            raise
    answer = ask(request)
    return answer, page_of(answer, request)
