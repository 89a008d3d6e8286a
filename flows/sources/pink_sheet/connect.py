"""The way to the Pink Sheet: a page that links to the workbook, whose address changes.

The workbook alone says which edition it is, so it is asked for to find out; while it stays
unchanged, page and workbook cost a conditional request each.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from flows.sources.connect import Ask, Offer, Request, Wish, address
from flows.sources.contract import Edition, Source, SourceError
from flows.sources.pink_sheet.workbook import edition_of

DOCUMENT = r"[0-9a-f]{32}-\d{10}"
"""What changes in the workbook's address."""


def offers(ask: Ask, source: Source, wish: Wish) -> list[Offer]:
    """Look up the workbook on the page, and offer it where its edition is new.

    Raises:
        SourceError: the page links to no workbook, or to several; or it does not say its edition.

    """
    page = ask(Request(source.id, address(source, "page"), "html"))
    request = Request(source.id, workbook(source, page.path), "xlsx")
    answer = ask(request)
    found = edition_of(answer.path)
    newest = max((edition.id for edition in wish.known), default="")
    here = {edition.id: edition for edition in wish.known}
    if found < newest:
        why = f"the page leads to the workbook of {found}, older than {newest} which is here"
        return [Offer(here[newest], (), why)]
    if found in here and not answer.is_new:
        return [Offer(here[found], (), f"updated on {found}, as the edition here")]
    edition = Edition(
        id=found,
        released=date.fromisoformat(found),
        released_basis="stated",
        note="The publisher's workbook.",
    )
    return [
        Offer(edition, (request,), f"updated on {found}; the newest here is {newest or 'none'}")
    ]


def workbook(source: Source, page: Path) -> str:
    """Find the address of the workbook on the page."""
    before, after = (re.escape(part) for part in source.addresses["workbook"].split("{document}"))
    text = page.read_text(encoding="utf-8", errors="replace")
    found = sorted({match.group() for match in re.finditer(f"{before}{DOCUMENT}{after}", text)})
    if len(found) == 1:
        return found[0]
    if found:
        raise SourceError(f"{page}: several workbooks, which is it? {', '.join(found)}")
    raise SourceError(
        f"{page}: no link like {source.addresses['workbook']}; look at {source.origin}, "
        f"and put the new form in {source.folder / 'source.yml'}"
    )
