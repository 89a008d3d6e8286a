"""Concentration weighted by governance and trade parameter, and supply risk, as lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flows.indices.explained.sheet import Read, Row, Sheet, literal, plus, within
from flows.indices.formulas.supply_risk import (
    DIMENSIONS,
    GOVERNANCE_LIMIT,
    GOVERNANCE_MAX_AGE,
    SR_THRESHOLD,
    WORST,
)

ENDS = ("", "_low", "_high")
BORROWED = ("eol_rir", "si_sr")


@dataclass(frozen=True)
class Weighed:
    """A supplier: its area, the expressions of its share and its bounds, its trade parameter."""

    area: str
    shares: tuple[str, str, str]
    parameter: float


def scores(sheet: Sheet, read: Read, year: int, areas: Iterable[str]) -> None:
    """Write governance risk 0..10 of each area that has a score, as `wgi_<area>`.

    Scores are those of the year, or of the last of two years before it that has any.
    """
    years = list(range(year - GOVERNANCE_MAX_AGE, year + 1))
    rows = read("mart.governance", iso3=sorted(set(areas)), year=years)
    if not rows:
        return
    edition = max(row["edition"] for row in rows)
    last = max(row["year"] for row in rows if row["edition"] == edition)
    estimates: dict[str, list[Row]] = {}
    for row in rows:
        if (row["edition"], row["year"]) == (edition, last) and row["estimate"] is not None:
            estimates.setdefault(row["iso3"], []).append(row)
    for area, known in estimates.items():
        if len(known) == DIMENSIONS:
            mean = f"({plus(row['estimate'] for row in known)}) / {DIMENSIONS}"
            says = f"{plus(row['dimension'] for row in known)}, {last}, {edition}"
            scaled = within(f"(2.5 - {mean}) * 2", 0, WORST)
            sheet.add(f"wgi_{area}", scaled, "score", says)


def concentrated(sheet: Sheet, name: str, suppliers: Sequence[Weighed], added: str) -> None:
    """Write sum(S^2 WGI t) with its bounds: `<name>`, `<name>_low`, `<name>_high`.

    A supplier without a score counts as halfway, as best (0) and as worst (10); where such
    suppliers hold too much there is no point. `added` is what the upper bound has on top.
    """
    lost = [one.shares[0] for one in suppliers if f"wgi_{one.area}" not in sheet]
    sheet.add(f"{name}_ungoverned", plus(lost), "share", "of suppliers without a score")
    assumed = (literal(WORST / 2), "0", literal(WORST))
    for place, (end, score) in enumerate(zip(ENDS, assumed, strict=True)):
        terms = [
            f"({one.shares[place]})**2 * "
            f"{f'wgi_{one.area}' if f'wgi_{one.area}' in sheet else score}"
            f" * {literal(one.parameter)}"
            for one in suppliers
        ]
        if end == "" and sheet[f"{name}_ungoverned"] > GOVERNANCE_LIMIT:
            continue
        terms += [added] if end == "_high" else []
        says = plus(one.area for one in suppliers)
        sheet.add(f"{name}{end}", plus(terms), "score", says)


def risk(sheet: Sheet, cell: Row) -> None:
    """Write supply risk and its bounds, from the lines of its inputs."""
    if cell["supply_risk"] is not None:
        reduced = "(1 - eol_rir) * si_sr"
        sheet.add("supply_risk", f"({core(sheet, cell, '', '')}) * {reduced}", "score")
        sheet.add("supply_risk_1dp", "floor(supply_risk * 10 + 0.5 + 1e-9) / 10", "score")
        sheet.add("reaches_sr_raw", f"supply_risk >= {literal(SR_THRESHOLD)}")
        sheet.add("reaches_sr_1dp", f"supply_risk_1dp >= {literal(SR_THRESHOLD)}")
    for end, other, outer in (("_low", "_high", "min"), ("_high", "_low", "max")):
        if cell[f"supply_risk{end}"] is None:
            continue
        corners = dict.fromkeys(core(sheet, cell, end, reliance) for reliance in ENDS[1:])
        corner = f"{outer}({', '.join(corners)})"
        reduced = f"(1 - eol_rir{other}) * si_sr{end}"
        sheet.add(f"supply_risk{end}", f"{corner} * {reduced}", "score", "outermost corner")


def core(sheet: Sheet, cell: Row, end: str, reliance: str) -> str:
    """Weigh global supply and sourcing by import reliance; where one does not count, the other."""
    used = cell["supply_data_used"]
    gs, eu = f"hhi_wgi_t_gs{end}", f"hhi_wgi_t_eu{end}"
    if "EUS" not in used or eu not in sheet:
        return gs
    if "GS" not in used or gs not in sheet:
        return eu
    half = f"{within(f'import_reliance{reliance}')} / 2"
    return f"{gs} * {half} + {eu} * (1 - {half})"


def bounded(sheet: Sheet, cell: Row, name: str, given: Mapping[str, tuple[str, str]]) -> None:
    """Write an input of 0..1 and its bounds: what is given, else all that it can be."""
    open_ends = {"_low": "0", "_high": "1"}
    for end in ENDS:
        if cell[f"{name}{end}"] is None:
            continue
        if given.get(end):
            sheet.add(f"{name}{end}", given[end][0], "share", given[end][1])
        else:
            sheet.add(f"{name}{end}", open_ends[end], "share", "not known: all it can be")


def bottleneck(sheet: Sheet, cell: Row, rivals: Sequence[Row]) -> None:
    """Write whether no other stage has, or may have, a higher supply risk: 1 yes, 0 no."""
    if cell["is_bottleneck"] is None:
        return
    bars = []
    for place, row in enumerate(rivals, start=1):
        name = "supply_risk" if row["supply_risk"] is not None else "supply_risk_high"
        if row[name] is not None:
            stage = f"{row['stage']} {row.get('form_stage', '')}".strip()
            sheet.add(f"rival_{place}", literal(row[name]), "score", f"{name} of {stage}")
            bars.append(f"rival_{place}")
    highest = f"max({', '.join([*bars, '0'])})"
    # A stage that ties with a published, rounded one is as high.
    sheet.add("is_bottleneck", f"supply_risk + 1e-12 >= {highest}")
