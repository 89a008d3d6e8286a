"""Find BACI's newest version on CEPII's page; an edition is the zip of one HS revision.

`addresses` in source.yml says which revisions are fetched: `zip_H0` is the zip's address for H0,
with `{version}` where the version stands. A version never changes once it is out; a correction has
a letter of its own. So an unchanged version costs the one small request for the page.
"""

from __future__ import annotations

from datetime import date, timedelta

from flows.sources.baci.page import Page, begun, newest, released
from flows.sources.baci.stage import WHOLE
from flows.sources.connect import Ask, Offer, Request, Wish, address
from flows.sources.contract import Edition, Source, SourceError

INFERRED = "The page states no day of release; it is taken as the end of the version's month."
ZIP = "zip_"
"""What the names of the zips' addresses begin with; the HS revision follows."""


def offers(ask: Ask, source: Source, wish: Wish) -> list[Offer]:
    """Offer the newest version of each HS revision in which a code is tracked.

    A version that is here is offered again, and served from the kept answer; where its bundled
    rows hold all that is tracked, the offer has no request. An offer names no codes: a whole zip
    carries those that are tracked whenever it is staged.

    Raises:
        SourceError: the page does not link to a revision's zip, or none is tracked.

    """
    page = Page(ask(Request(source.id, address(source, "page"), "html")).path)
    revisions = [name.removeprefix(ZIP) for name in source.addresses if name.startswith(ZIP)]
    tracked = [revision for revision in revisions if wish.codes.get(revision)]
    if not tracked:
        raise SourceError(
            f"{source.id}: no HS code is tracked in any of {', '.join(revisions)}; see the "
            "minerals in warehouse/facts"
        )
    return [offer(source, wish, page, revision) for revision in tracked]


def offer(source: Source, wish: Wish, page: Page, revision: str) -> Offer:
    """Offer one revision's newest version."""
    version = newest(page, source.addresses[ZIP + revision])
    url = address(source, ZIP + revision, version=version)
    id_ = url.rpartition("/")[2].removesuffix(".zip").removeprefix("BACI_")
    stated = released(page, version)
    edition = Edition(
        id=id_,
        released=stated or end_of_month(begun(version)),
        released_basis="stated" if stated else "inferred",
        note="" if stated else INFERRED,
        layout=WHOLE,
        hs_revision=revision,
        basis=["value", "mass"],
    )
    known = {one.id: one for one in wish.known if one.hs_revision == revision}
    here = known.get(id_)
    more = len(set(wish.codes[revision]) - set(here.hs6)) if here else 0
    request = Request(source.id, url, "zip", mark=version)
    if here is None:
        others = ", ".join(sorted(known)) or "nothing"
        why = f"{id_} is the newest on CEPII's page; of {revision} there is {others} here"
    elif here.fetched:
        why = f"unchanged: {id_} is here since {here.fetched:%Y-%m-%d} and still the newest"
    elif more:
        why = f"{id_} ships with the project without {more} of the codes tracked; its zip has them"
    else:
        why = f"unchanged: {id_} ships with the project with all the codes tracked"
        return Offer(edition, (), why)
    return Offer(edition, (request,), why)


def end_of_month(first: date) -> date:
    """The last day of the month that begins on `first`."""
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
