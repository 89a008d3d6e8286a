"""Visit a source: which editions it has, which of them are new, and bring those.

The plain steps behind `orewatch refresh` and the flows `refresh` and `backfill`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl
from pydantic import SecretStr

from flows.sources.arrivals import Ground, Outcome, State, alike, bring
from flows.sources.connect import Ask, NoKeyError, Offer, Wish, connector
from flows.sources.contract import IncompleteError, Source, SourceError
from flows.sources.editions import Accepted, accepted, tracked_codes, with_accepted


@dataclass(frozen=True)
class Asked:
    """What a person or a schedule asks of the sources, beside the newest there is."""

    reporters: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    monthly: bool = False
    keyless: bool = False


def wish_of(
    facts: Mapping[str, pl.DataFrame], asked: Asked, today: date, keys: Mapping[str, SecretStr]
) -> Wish:
    """Say in a connector's terms what is wanted.

    Raises:
        SourceError: a reporter is no country of the facts.

    """
    known = set(facts["ref.country"]["iso3"])
    if unknown := sorted(set(asked.reporters) - known):
        raise SourceError(
            f"no country {', '.join(unknown)} in warehouse/facts; name reporters by ISO alpha-3"
        )
    codes = tracked_codes(facts["ref.form_code"])
    return Wish(
        today=today,
        codes={revision: tuple(found) for revision, found in codes.items()},
        reporters=asked.reporters,
        years=asked.years,
        monthly=asked.monthly,
        keys=keys,
        keyless=asked.keyless,
        country_codes=codes_in_force(facts["ref.country_code"], today),
    )


def codes_in_force(country_code: pl.DataFrame, today: date) -> dict[str, dict[str, str]]:
    """By system: ISO alpha-3 -> the code in force on a day."""
    now = country_code.filter(
        pl.col("from_year").fill_null(0) <= today.year,
        pl.col("to_year").fill_null(9999) >= today.year,
    ).sort("system", "iso3", pl.col("from_year").fill_null(0), "code")
    found: dict[str, dict[str, str]] = {}
    for system, iso3, code in now.select("system", "iso3", "code").rows():
        found.setdefault(system, {})[iso3] = code
    return found


def widened(store: Path, source: Source, wish: Wish) -> Wish:
    """The wish, with what earlier visits asked for: a refresh never narrows an edition."""
    held = list(accepted(store, source).values())
    reporters = {code for one in held for code in one.reporters}
    asked = wish.reporters or tuple(source.default_reporters)
    spans = [one.years for one in held if one.years]
    newest = wish.today.year
    years = wish.years or (newest - source.default_years, newest)
    if spans:
        years = (min(years[0], *(s[0] for s in spans)), max(years[1], *(s[1] for s in spans)))
    return replace(
        wish,
        reporters=tuple(sorted(reporters | set(asked))),
        years=years,
        monthly=wish.monthly or any(one.monthly for one in held),
        known=tuple(with_accepted(store, source, wish.codes).editions),
    )


def visit_each(
    ask: Ask,
    sources: Sequence[Source],
    ground: Ground,
    *,
    is_dry: bool = False,
    is_alone: bool = False,
) -> Iterator[Outcome]:
    """Visit several sources. One that fails leaves its editions as they were, and is told of.

    A source without its key is skipped, unless it `is_alone`.
    """
    for source in sources:
        try:
            yield from visit(ask, source, ground, is_dry=is_dry)
        except NoKeyError as error:
            yield Outcome(source.id, "", "failed" if is_alone else "skipped", str(error))
        except (SourceError, OSError) as error:
            yield Outcome(source.id, "", "failed", str(error), is_incomplete=is_part(error))


def is_part(error: Exception) -> bool:
    """Whether a source gave only a part of what it promised."""
    return isinstance(error, IncompleteError)


def visit(ask: Ask, source: Source, ground: Ground, *, is_dry: bool = False) -> Iterator[Outcome]:
    """Ask a source what it has, and bring what is new, an edition at a time.

    A dry visit makes the small requests only, and says what it would bring, and why.

    Raises:
        FetchError: a request failed; what came before is kept.
        SourceError: what came is not what the source promises.

    """
    ground = replace(ground, wish=widened(ground.store, source, ground.wish))
    held = accepted(ground.store, source)
    for offer in connector(source.id).offers(ask, source, ground.wish):
        if is_dry:
            yield look(ask, source, offer, held.get(offer.edition.id))
        elif offer.requests:
            yield bring(ask, source, offer, ground)
        else:
            yield Outcome(source.id, offer.edition.id, "unchanged", offer.why)


def look(ask: Ask, source: Source, offer: Offer, here: Accepted | None) -> Outcome:
    """Say what would be fetched of an offer: nothing where the kept answers are those accepted."""
    lacking = [request for request in offer.requests if not ask.holds(request)]
    is_here = here is not None and alike(here.edition, offer.edition)
    kept = {ask(request).sha256 for request in offer.requests} if not lacking else set()
    is_same = not lacking and here is not None and kept <= set(here.raw.hashes.values())
    state: State = "unchanged" if not offer.requests or (is_here and is_same) else "wanted"
    return Outcome(source.id, offer.edition.id, state, offer.why, requests=len(lacking))
