"""What the share of a sentence is of: an importer's imports, a supplier's exports, the world's."""

from __future__ import annotations

from dataclasses import replace

from flows.claims.asked import EXPORTS, IMPORTS, MARKET, NEEDS, PRODUCTION
from flows.claims.clause import Clause, Stated
from flows.claims.grammar import group
from flows.claims.places import EXPORTER


def whole(one: Clause, importer: str | None, exporter: str | None) -> str | None:
    """Tell what the share is of, as `--of` takes it; null where the sentence does not say."""
    if importer and exporter:
        return NEEDS if one.says("sectors") or one.says("processing") else IMPORTS
    if importer or not exporter:
        return None
    if one.says("production"):
        return PRODUCTION
    if one.says("exports") and (one.says("world") or one.says("total")):
        return EXPORTS
    return MARKET if any(one.says(name) for name in ("market", "world", "total")) else None


def said_whole(one: Clause, importer: str | None, supplier: str | None) -> str | None:
    """Give what the share is of, where it is not what goes without saying."""
    of = whole(one, importer, supplier)
    return None if of == (IMPORTS if importer else EXPORTS) else of


def of_figure(one: Clause, stated: Stated) -> Clause:
    """Give of a sentence with several figures what follows this one, up to the next."""
    if len(one.stated) == 1:
        return one
    later = [other.start for other in one.stated if other.start >= stated.end]
    return replace(one, tokens=one.tokens[stated.end : min(later, default=None)])


def of_own_exports(one: Clause, stated: Stated) -> bool:
    """Whether the share is of the supplier's exports: 40 percent of its, of China's exports."""
    texts = [token.text for token in one.tokens[stated.end : stated.end + 2]]
    if texts[:1] != ["of"] or stated.figure is None:
        return False
    after = stated.end + 1
    later = [place for place in one.places if place.start >= after]
    if later and one.tokens[later[0].start - 1].text in {"to", "into"}:
        # Exports 60 percent of wafers to Korea: of all that it exports, or of all that Korea buys.
        return any(place.role == EXPORTER and place.end <= stated.start for place in one.places)
    following = [place for place in one.places if after <= place.start <= after + 1]
    if following:
        return following[0].role == EXPORTER and following[0].opens_phrase
    if texts[1:] not in (["its"], ["their"]):
        return False
    # Who acts is meant, not who stands behind a preposition: Seoul relies on Beijing for its.
    before = [place for place in one.places if place.end <= stated.start and place.is_subject]
    return bool(before) and before[-1].role == EXPORTER


def of_the_world(one: Clause, stated: Stated) -> bool:
    """Whether the share is of what all the world has: 60 percent of the world's."""
    texts = [token.text for token in one.tokens[stated.end : stated.end + 3]]
    return texts[:1] == ["of"] and bool(group("world") & set(texts))
