"""Say in one sentence how a claim was understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.claims.asked import Asked
from flows.claims.words import Words
from flows.indices.formulas.claim_question import EXPORT_SHARE

OF = {
    "production": "; it speaks of production, of which trade only informs",
    "market": "; it speaks of a market, of which trade only informs",
    "needs": "; it speaks of the needs of a sector or a step, of which imports only inform",
}


def understood(asked: Asked, row: Mapping[str, Any], words: Words) -> str:
    """Say whose share of what, when and by what, and what would meet the claim."""
    supplier, importer = row["exporter_iso3"], row["importer_iso3"]
    if row["measure"] == EXPORT_SHARE:
        whole = f"{of(words.name(supplier))} share of the world's exports"
    else:
        whole = f"{of(words.name(supplier))} share of {of(words.name(importer))} imports"
    parts = [f"{whole} of {words.name(row['mineral'])}{narrowed(row)}"]
    parts.append(f"in {row['year']}" if row["year"] else "in the newest year")
    parts.append(f"by {row['basis']}" if row["basis"] else "by value first, and by mass")
    return f"{', '.join(parts)}: {wanted(asked, row)}{OF.get(asked.of or '', '')}."


def of(name: str) -> str:
    """Write a name as a possessive."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def narrowed(row: Mapping[str, Any]) -> str:
    """Say which codes or stage of the mineral are meant."""
    if row["hs6"]:
        return f" (HS {', '.join(row['hs6'])})"
    return f" (stage {row['stage']})" if row["stage"] else ""


def wanted(asked: Asked, row: Mapping[str, Any]) -> str:
    """Say what was stated, and what meets it."""
    bounds = interval(row)
    if row["stated"] is not None:
        word = f"{row['word']} " if row["word"] else ""
        digits = max(len((asked.share or "").partition(".")[2]) - 2, 0)
        return f"{word}{100 * row['stated']:.{digits}f} percent, met by {bounds}"
    if row["word"]:
        parts = [bounds] if bounds else []
        parts += [f"rank {row['rank']} or better"] if row["rank"] else []
        parts += [f"an HHI above {row['hhi']:g}"] if row["hhi"] else []
        return f"{row['word']!r}, declared as {' and '.join(parts)}"
    return bounds


def interval(row: Mapping[str, Any]) -> str:
    """Write an interval in percent."""
    low, high = row["low"], row["high"]
    if low is not None and high is not None:
        return f"{percent(low)} to {percent(high)} percent"
    if low is None and high is None:
        return ""
    way = {(True, True): "more than", (True, False): "at least"}
    way |= {(False, True): "less than", (False, False): "at most"}
    edge = low if low is not None else high
    return f"{way[low is not None, bool(row['strict'])]} {percent(edge)} percent"


def percent(share: float) -> str:
    """Write a share in percent, as short as it is exact to a hundredth."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".")
