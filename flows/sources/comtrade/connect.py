"""Find and fetch UN Comtrade: what each reporter announces, and the answers that hold it.

An edition is a frequency and an HS revision (`annual_H6`): all reporters that used that revision.
Its offer is complete, so that the newest arrival replaces the one before it.

What not to assume:
- an answer with status 200 and no rows is also the answer to a wrong question. Codes and reporters
  come from the facts, datasets from the source's own announcements, and a reporter's period that
  was announced and has no import of any tracked code is refused as incomplete. One code without
  rows is no trade, or suppressed trade.
- a kept answer counts as long as the checksums and release times of its datasets are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from flows.sources.comtrade.announcements import announced
from flows.sources.comtrade.arrival import refuse_empty, whole
from flows.sources.comtrade.balance import FREQUENCIES
from flows.sources.comtrade.errors import VARIABLES, TooManyCallsError
from flows.sources.comtrade.requests import (
    Dataset,
    Service,
    data_requests,
    file_name,
    secret_of,
)
from flows.sources.connect import Ask, Brought, Offer, Wish
from flows.sources.contract import Edition, Source, SourceError


def offers(ask: Ask, source: Source, wish: Wish) -> list[Offer]:
    """Ask what is announced, and offer an edition for each frequency and HS revision in it.

    Raises:
        KeyMissingError: there is no key, and the preview was not asked for.
        EmptyError: nothing is announced for any reporter.
        TooManyCallsError: the preview would need more requests than a day allows.
        SourceError: a reporter has no code, a revision no tracked codes, or an answer is faulty.

    """
    secret = secret_of(source, wish)
    names = reporter_names(source, wish)
    found = []
    for frequency in FREQUENCIES if wish.monthly else ("A",):
        service = Service(source, frequency, secret)
        datasets = announced(ask, service, names, periods(source, wish, frequency))
        for revision in sorted({one.revision for one in datasets}):
            alike = [one for one in datasets if one.revision == revision]
            found.append(offer(service, alike, names, tracked(wish, revision, alike)))
    if wish.keyless:
        refuse_many(ask, source, found)
    return found


def refuse_many(ask: Ask, source: Source, found: Iterable[Offer]) -> None:
    """Refuse offers that would need more requests than the day's calls; kept answers are none.

    Raises:
        TooManyCallsError: saying how many it would be.

    """
    most = source.manners.calls_a_day
    due = sum(not ask.holds(request) for one in found for request in one.requests)
    if most is not None and due > most:
        raise TooManyCallsError(
            f"{source.id}: without a key it would be {due:,} requests, one a period and code; "
            f"{most:,} are allowed a day (calls_a_day in source.yml). Ask for less by --reporter "
            f"and --years, or set a key: {VARIABLES}"
        )


def bring(ask: Ask, source: Source, offer: Offer) -> list[Brought]:
    """Fetch an offer's answers, halving each that was cut; every one is checked as it comes.

    Raises:
        TruncatedError: an answer was cut and its request cannot be halved.
        EmptyError: a reporter's period that was announced came without imports.
        SourceError: an answer is not what was asked for; see `arrival.py`.

    """
    came = [one for request in offer.requests for one in whole(ask, request, offer.edition)]
    refuse_empty(ask, source, offer, came)
    return [Brought(file_name(one.answer.request), one.answer) for one in came]


def reporter_names(source: Source, wish: Wish) -> dict[int, str]:
    """The reporters wanted: UN Comtrade's code -> ISO alpha-3.

    Raises:
        SourceError: one of them has no code.

    """
    codes = wish.country_codes.get(source.id, {})
    wanted = sorted(wish.reporters or source.default_reporters)
    if unknown := [iso3 for iso3 in wanted if iso3 not in codes]:
        raise SourceError(
            f"{source.id}: no code of UN Comtrade for {', '.join(unknown)} in "
            "warehouse/facts/country_codes.csv; leave it out, or add the code"
        )
    return {int(codes[iso3]): iso3 for iso3 in wanted}


def periods(source: Source, wish: Wish, frequency: str) -> list[str]:
    """The periods to ask about: YYYY, or YYYYMM up to the present month."""
    first, last = wish.years or (wish.today.year - source.default_years, wish.today.year)
    years = range(first, min(last, wish.today.year) + 1)
    if frequency == "A":
        return [str(year) for year in years]
    months = [f"{year}{month:02}" for year in years for month in range(1, 13)]
    return [month for month in months if month <= f"{wish.today:%Y%m}"]


def tracked(wish: Wish, revision: str, datasets: list[Dataset]) -> list[str]:
    """The codes tracked in a revision.

    Raises:
        SourceError: there are none, as when countries begin to use a new one.

    """
    if codes := wish.codes.get(revision):
        return sorted(codes)
    who = sorted({one.reporter for one in datasets})
    raise SourceError(
        f"comtrade: reporters {who} announce data in revision {revision}, of which no code is "
        "tracked; add its codes to warehouse/facts/minerals, or leave them or the years out"
    )


def offer(
    service: Service, datasets: list[Dataset], names: Mapping[int, str], codes: list[str]
) -> Offer:
    """Offer the datasets of one frequency and revision as an edition."""
    revision, requests = datasets[0].revision, tuple(data_requests(service, datasets, codes))
    years = [int(one.period[:4]) for one in datasets]
    digest = hashlib.sha256("\n".join(f"{one}" for one in datasets).encode()).hexdigest()[:12]
    edition = Edition(
        id=f"{FREQUENCIES[service.frequency]}_{revision}",
        released=date.fromisoformat(max(one.released for one in datasets)),
        released_basis="stated",
        note=f"{'; '.join(coverage(datasets, names))}. Datasets {digest}.",
        years=(min(years), max(years)),
        hs_revision=revision,
        hs6=codes,
        basis=["value", "mass"],
    )
    absent = sorted(set(names.values()) - {names[one.reporter] for one in datasets})
    nothing = f"; nothing in this revision from {', '.join(absent)}" if absent else ""
    return Offer(
        edition,
        requests,
        f"{len(datasets)} datasets of {len(names) - len(absent)} reporters, the last released on "
        f"{edition.released}, in {len(requests)} requests{nothing}",
    )


def coverage(datasets: Iterable[Dataset], names: Mapping[int, str]) -> Iterator[str]:
    """Which reporters there are for which periods, those with the same ones together."""
    held: dict[str, list[str]] = {}
    for one in datasets:
        held.setdefault(names[one.reporter], []).append(one.period)
    together: dict[tuple[str, ...], list[str]] = {}
    for name, found in sorted(held.items()):
        together.setdefault(tuple(sorted(found)), []).append(name)
    for periods_held, group in together.items():
        span = "-".join(dict.fromkeys((periods_held[0], periods_held[-1])))
        yield f"{', '.join(group)}: {span} ({len(periods_held)})"
