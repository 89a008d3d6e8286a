"""Words for what a question asks: who, of whom, what, and what would meet it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from flows.indices.formulas.claim_question import EXPORT_SHARE, Tables

Row = dict[str, Any]

BASES = {"value": "by value", "mass": "by mass"}


@dataclass(frozen=True)
class Names:
    """Names of economies and minerals and meanings of reasons, by their ids."""

    economies: Mapping[str, str]
    minerals: Mapping[str, str]
    reasons: Mapping[str, str]
    codes: Mapping[str, list[str]]
    """Codes of each mineral in the newest revision that has any."""

    @classmethod
    def of(cls, tables: Tables) -> Self:
        """Read the names."""
        economies = tables["mart_economy"].select("economy", "name").collect()
        minerals = tables["ref_mineral"].select("mineral", "name").collect()
        reasons = tables["ref_reason"].select("reason", "meaning").collect()
        newest = pl.col("hs_revision") == pl.col("hs_revision").max().over("mineral")
        codes = tables["ref_form_code"].filter(newest).group_by("mineral")
        return cls(
            dict(economies.iter_rows()),
            {mineral: lowered(name) for mineral, name in minerals.iter_rows()},
            {reason: lowered(meaning) for reason, meaning in reasons.iter_rows()},
            dict(codes.agg(pl.col("hs6").unique().sort()).collect().iter_rows()),
        )

    def economy(self, iso3: str | None) -> str:
        """Name an economy; null is the world."""
        return self.economies.get(iso3, iso3) if iso3 else "the world"

    def goods(self, question: Row) -> str:
        """Name what is traded: the mineral, or the codes."""
        codes = question.get("hs6") or []
        mineral = question["mineral"]
        named = f"HS {', '.join(codes)}" if codes else ""
        if mineral is None:
            return named or "the goods"
        goods = self.minerals.get(mineral, mineral)
        stage = f" ({question['stage']})" if question.get("stage") else ""
        return f"{goods}{stage} ({named})" if named else f"{goods}{stage}"


def lowered(text: str) -> str:
    """Begin with a small letter."""
    return text[:1].lower() + text[1:]


def percent(share: float | None) -> str:
    """Write a share as a percentage, to a tenth: as fine as any source lets out."""
    return f"{share * 100:.1f}" if share is not None else "?"


def figure(share: float) -> str:
    """Write a share that somebody stated as a percentage, with the digits it has."""
    return f"{share * 100:.6f}".rstrip("0").rstrip(".")


def subject(question: Row, names: Names) -> str:
    """Say whose share of what a question asks."""
    exporter, goods = names.economy(question["exporter_iso3"]), names.goods(question)
    if question["measure"] == EXPORT_SHARE or question["importer_iso3"] is None:
        return f"the share of {exporter} in world exports of {goods}"
    importer = names.economy(question["importer_iso3"])
    return f"the share of {exporter} in imports of {goods} by {importer}"


def subjects(questions: list[Row], names: Names) -> str:
    """Say whose share of what several questions ask, each on its own."""
    first = questions[0]
    if len(questions) == 1:
        return subject(first, names)
    exporters = listed(names.economy(one["exporter_iso3"]) for one in questions)
    goods = listed(names.goods(one) for one in questions)
    opening = f"the share of {exporters} in"
    if first["measure"] == EXPORT_SHARE:
        return f"{opening} world exports of {goods}, each on its own"
    importers = listed(names.economy(one["importer_iso3"]) for one in questions)
    return f"{opening} imports of {goods} by {importers}, each on its own"


def listed(names: Iterable[str]) -> str:
    """List names once each: a, b and c."""
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} and {last}" if others else last


def criterion(question: Row) -> str:
    """Say what meets a question; empty where nothing does."""
    parts = [limits(question)]
    rank, hhi = question.get("rank"), question.get("hhi")
    if rank is not None:
        parts.append("first of all" if rank == 1 else f"among the first {rank}")
    if hhi is not None:
        parts.append(f"an HHI above {hhi:g}")
    return " and ".join(part for part in parts if part)


def limits(question: Row) -> str:
    """Say between which shares a question is met."""
    low, high, strict = question["low"], question["high"], question["strict"]
    if low is not None and high is not None:
        ends, stated = f"{figure(low)} to {figure(high)}", question["stated"]
        return f"{ends} percent" if stated is None else f"{figure(stated)} percent ({ends})"
    if low is not None:
        return f"{'above' if strict else 'at least'} {figure(low)} percent"
    if high is not None:
        return f"{'below' if strict else 'at most'} {figure(high)} percent"
    return ""
