"""How supply risk from the inputs that an EU study publishes explains itself."""

from __future__ import annotations

from flows.indices.explained.governed import (
    ENDS,
    Weighed,
    bottleneck,
    bounded,
    concentrated,
    risk,
    scores,
)
from flows.indices.explained.sheet import Read, Row, Sheet, literal, plus, within
from flows.indices.formulas.eu_study_inputs import BORROWED, OMITTED_BELOW, SHARES_AT_LEAST
from flows.indices.formulas.supply_risk import EI_THRESHOLD, SR_THRESHOLD, WORST

BILLIONTHS = 9
"""Shares are counted to as many decimals."""


def eu_supply_risk_study(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.eu_supply_risk_study`."""
    sheet = Sheet()
    if cell["members"] is not None:
        group(sheet, read, cell)
    else:
        own(sheet, read, cell)
    thresholds(sheet, cell)
    rivals = read(
        "indices.eu_supply_risk_study", edition=cell["edition"], material=cell["material"]
    )
    bottleneck(sheet, cell, [row for row in rivals if row["stage"] != cell["stage"]])
    return sheet


def own(sheet: Sheet, read: Read, cell: Row) -> None:
    """Write supply risk and economic importance of a material from its own inputs."""
    where = {"edition": cell["edition"], "material": cell["material"]}
    given = read("mart.eu_input", **where)
    published = [row for row in given if row["supply_data_used"] and row["stage"] == cell["stage"]]
    used = cell["supply_data_used"] or ""
    for side, supply, word in (("gs", "global", "GS"), ("eu", "eu", "EUS")):
        if published:
            as_published(sheet, f"hhi_wgi_t_{side}", published[0])
        elif word in used:
            listed(sheet, read, cell, side, supply)
    for name in ("import_reliance", *BORROWED):
        inputs(sheet, read, cell, name)
    risk(sheet, cell)
    importance(sheet, read, cell)


def as_published(sheet: Sheet, name: str, row: Row) -> None:
    """Write a concentration and its bounds as the edition publishes them."""
    for end in ENDS:
        if row[f"{name}{end}"] is not None:
            sheet.add(f"{name}{end}", literal(row[f"{name}{end}"]), "score", "as published")


def inputs(sheet: Sheet, read: Read, cell: Row, name: str) -> None:
    """Write an input as the edition publishes it, or where it may be lent the last one before."""
    rows = [
        row
        for row in read("mart.eu_input", material=cell["material"])
        if row["edition"] == cell["edition"]
        or (name in BORROWED and row["edition"] < cell["edition"])
    ]
    found = {}
    for row in sorted(rows, key=lambda row: str(row["edition"])):
        for end in ENDS:
            if row[f"{name}{end}"] is not None:
                found[end] = (literal(row[f"{name}{end}"]), f"{row['source']} {row['edition']}")
    if f"{name}_low" in cell:
        bounded(sheet, cell, name, found)
    else:
        for end, (expression, says) in found.items():
            sheet.add(f"{name}{end}", expression, "ratio", says)


def listed(sheet: Sheet, read: Read, cell: Row, side: str, supply: str) -> None:
    """Write the concentration of published shares; what is not listed counts as atomistic."""
    where = {name: cell[name] for name in ("edition", "material", "stage")}
    rows = read("mart.eu_supply_share", **where, supply=supply)
    scores(sheet, read, int(cell["edition"]) - 1, [row["area"] for row in rows])
    suppliers = []
    for row in rows:
        low, high = (literal(round(row[f"share_{end}"], BILLIONTHS)) for end in ("low", "high"))
        share = f"s_{side}_{row['area']}"
        middle = f"({low} + {high}) / 2"
        point = middle if row["share"] is None else literal(round(row["share"], BILLIONTHS))
        sheet.add(share, point, "share", f"{low} to {high}")
        suppliers.append(Weighed(row["area"], (share, low, high), row["trade_parameter"]))
    name = f"hhi_wgi_t_{side}"
    total = f"{name}_listed"
    sheet.add(total, plus(one.shares[0] for one in suppliers), "share", "all shares listed")
    rest, top = f"{name}_rest", max(float(one.shares[2]) for one in suppliers)
    sheet.add(rest, within(f"1 - {total}"), "share", "not listed")
    is_most = sheet[total] >= SHARES_AT_LEAST
    more = f"{rest} * {literal(OMITTED_BELOW)}"
    more = more if is_most else f"2 * {literal(top)} * {rest} + {rest}**2"
    worst = literal(WORST * max(one.parameter for one in suppliers))
    concentrated(sheet, name, suppliers, f"({more}) * {worst}")
    if not is_most:
        sheet.lines.pop(name, None)


def importance(sheet: Sheet, read: Read, cell: Row) -> None:
    """Write economic importance: value added behind the uses, times substitution."""
    uses = read("mart.eu_use", edition=cell["edition"], material=cell["material"])
    if cell["economic_importance_high"] is None or not uses:
        return
    everything = read("mart.eu_use", edition=cell["edition"])
    highest = max(round(row["value_added_meur"] or 0) for row in everything)
    sheet.add("highest", str(highest), "MEUR", "value added of the largest sector")
    for end in ENDS:
        if cell[f"economic_importance{end}"] is None:
            continue
        terms = []
        for row in uses:
            low_high = (row["share_low"] + row["share_high"]) / 2
            share = row[f"share{end}"] if row[f"share{end}"] is not None else low_high
            added = row["value_added_meur"]
            if added is not None or end == "_high":
                sector = "highest" if added is None else str(round(added))
                terms.append(f"{literal(share)} * {sector}")
        says = plus(row["application"] for row in uses)
        used = within(f"10 * ({plus(terms)}) / highest", 0, WORST)
        sheet.add(f"use_importance{end}", used, "score", says)
        expression = f"use_importance{end} * si_ei{end}"
        sheet.add(f"economic_importance{end}", expression, "score")


def thresholds(sheet: Sheet, cell: Row) -> None:
    """Write how the material stands to the thresholds, as computed and as displayed."""
    if "economic_importance" in sheet:
        shown = "floor(economic_importance * 10 + 0.5 + 1e-9) / 10"
        sheet.add("economic_importance_1dp", shown, "score")
    for end, tail in (("raw", ""), ("1dp", "_1dp")):
        if cell[f"critical_{end}"] is None:
            continue
        tests = [
            f"{name}{tail} >= {literal(limit)}"
            for name, limit in (
                ("supply_risk", SR_THRESHOLD),
                ("economic_importance", EI_THRESHOLD),
            )
            if f"{name}{tail}" in sheet
        ]
        sheet.add(f"critical_{end}", f"min({', '.join(tests)}, 1)")


def group(sheet: Sheet, read: Read, cell: Row) -> None:
    """Write the means over the members of a group, each with its own arithmetic."""
    belonging = read("mart.eu_material", material_group=cell["material"])
    where = {"edition": cell["edition"], "stage": cell["stage"]}
    members = [row["material"] for row in belonging]
    rows = read("indices.eu_supply_risk_study", **where, material=members)
    for row in rows:
        member = Sheet()
        own(member, read, row)
        sheet.embed(member, f"{row['material']}_")
    assessed = [row["material"] for row in rows if row["reason"] != "not_reported"]
    sheet.add("members", str(len(assessed)), "count", plus(assessed))
    for name in ("supply_risk", "economic_importance"):
        for end in ENDS:
            if cell[f"{name}{end}"] is not None:
                mean = plus(f"{row['material']}_{name}{end}" for row in rows)
                sheet.add(f"{name}{end}", f"({mean}) / {len(rows)}", "score", "mean of the members")
    if "supply_risk" in sheet:
        sheet.add("supply_risk_1dp", "floor(supply_risk * 10 + 0.5 + 1e-9) / 10", "score")
        sheet.add("reaches_sr_raw", f"supply_risk >= {literal(SR_THRESHOLD)}")
        sheet.add("reaches_sr_1dp", f"supply_risk_1dp >= {literal(SR_THRESHOLD)}")
