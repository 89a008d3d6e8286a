"""What every fetch starts from: which sources, judged on which facts, wanted by whom.

Shared by the flows `refresh` and `backfill` and by the command; nothing here needs Prefect.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from flows.facts import read_facts
from flows.settings import Settings
from flows.sources.arrivals import Ground, Outcome, take
from flows.sources.connect import has_connector
from flows.sources.contract import Edition, Source, SourceError, read_source, source_ids
from flows.sources.visit import Asked, wish_of


def fetchable(names: Sequence[str] | None = None) -> list[Source]:
    """The sources of these names; every source that has a connector where none is named.

    Raises:
        SourceError: there is no such source, or it cannot be fetched.

    """
    chosen = names or [name for name in source_ids() if has_connector(name)]
    sources = [read_source(name) for name in chosen]
    if by_hand := [source.id for source in sources if not has_connector(source.id)]:
        raise SourceError(
            f"{', '.join(by_hand)} cannot be fetched; a newer edition comes by "
            f"`orewatch refresh {by_hand[0]} --file PATH --edition ID`"
        )
    return sources


def ground_of(settings: Settings, asked: Asked, now: datetime, accept_because: str = "") -> Ground:
    """What arrivals are judged on: the facts as they are, and what is wanted."""
    facts = read_facts(settings.facts, settings.facts_overlay).frames
    wish = wish_of(facts, asked, now.date(), settings.source_keys)
    return Ground(settings.raw, facts, now, wish, accept_because)


def take_by_hand(source: Source, given: Edition, files: Sequence[Path], ground: Ground) -> Outcome:
    """Take files that somebody brought; what `source.yml` knows of the edition holds for them too.

    Raises:
        SourceError: a file is missing, or is not what the source promises.

    """
    declared = {edition.id: edition for edition in source.editions}.get(given.id)
    if declared is None:
        return take(source, given, list(files), ground)
    unsaid = {"id"} if given.released else {"id", "released", "released_basis"}
    said = given.model_dump(exclude_defaults=True, exclude=unsaid)
    free: dict[str, object] = {"bundled": [], "rows": None, "years": None, "hs6": [], "layout": ""}
    return take(source, declared.model_copy(update=free | said), list(files), ground)
