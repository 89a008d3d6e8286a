"""How GeoPolRisk explains itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from flows.indices.explained.imports import ENDS
from flows.indices.explained.production import made, own_output
from flows.indices.explained.sheet import Read, Row, Sheet, literal, of_series, plus, within
from flows.indices.explained.supply import concentration, counted
from flows.indices.explained.trade import members
from flows.indices.formulas.geopolrisk_formula import CORRECTED, GOVERNANCE_LIMIT, PEER, Convention

CONVENTIONS = {one.name: one for one in (PEER, CORRECTED)}


def geopolrisk(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.geopolrisk`."""
    sheet = scored(cell, read)
    factors(sheet, read, cell)
    return sheet


def scored(cell: Row, read: Read) -> Sheet:
    """Write everything but the factors, which need another cell's midpoint."""
    sheet = Sheet()
    convention = CONVENTIONS[cell["mode"]]
    inside = members(read, cell["importer_iso3"], cell["year"])
    imports(sheet, read, cell, inside, convention)
    makers = inside or [cell["importer_iso3"]]
    own(sheet, read, cell, makers, convention)
    if cell["production_edition"] is not None:
        output = made(sheet, read, produced(cell), "world_")
        if cell["hhi"] is not None:
            concentration(output)
            for end in ENDS:
                sheet.add(f"hhi{end}", f"world_hhi{end}", "hhi", "of world production")
        else:
            counted(output)
    risks(sheet, cell)
    return sheet


def produced(cell: Row) -> Row:
    """Say which production stands behind a cell."""
    return {
        "mineral": cell["mineral"],
        "stage": cell["production_stage"],
        "measure": cell["measure"],
        "year": cell["year"],
        "edition": cell["production_edition"],
    }


def imports(
    sheet: Sheet, read: Read, cell: Row, inside: Sequence[str], convention: Convention
) -> None:
    """Write the weight from each exporter, its g, and sums of both; trade within a bloc apart."""
    where = of_series(cell, importer_iso3=list(inside) or [cell["importer_iso3"]])
    rows = read("mart.mineral_trade", **where)
    outer = [row for row in rows if row["exporter_iso3"] not in inside]
    inner = [row for row in rows if row["exporter_iso3"] in inside]
    exporters = by_exporter(outer)
    weigh(sheet, exporters)
    known = governed(sheet, read, cell, list(exporters))
    kept = convention.intra_bloc == "zero"
    within_bloc(sheet, inner, kept=kept)
    sheet.add("imports_kg", "mass + mass_inside" if kept else "mass", "kg")
    lost = [f"f_{who}" for who in exporters if f"f_{who}" in sheet and who not in known]
    sheet.add("ungoverned", plus(lost), "kg", "from exporters without a score")
    terms = [f"f_{who} * g_{who}" for who in exporters if f"f_{who}" in sheet and who in known]
    if convention.missing_governance is not None:
        terms += [f"{literal(convention.missing_governance)} * ungoverned"]
    sheet.add("weighted_kg", plus(terms), "kg", "sum of g f")
    if sheet["imports_kg"]:
        sheet.add("governance_missing_share", "ungoverned / imports_kg", "share")
    priced(sheet, outer, inner if kept else [], checked=convention.checked)


def by_exporter(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Sort rows by exporter."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["exporter_iso3"]].append(row)
    return found


def weigh(sheet: Sheet, exporters: dict[str, list[Row]]) -> None:
    """Write the weight that each exporter sends, and the sum."""
    for exporter, rows in exporters.items():
        known = [row for row in rows if row["mass_kg"] is not None]
        says = plus(row["importer_iso3"] for row in known)
        if known:
            sheet.add(f"f_{exporter}", plus(row["mass_kg"] for row in known), "kg", says)
    names = [f"f_{exporter}" for exporter in exporters if f"f_{exporter}" in sheet]
    sheet.add("mass", plus(names), "kg", "imports from outside")


def within_bloc(sheet: Sheet, rows: Sequence[Row], *, kept: bool) -> None:
    """Write the weight that a bloc's members send each other, where it counts as imports."""
    if not kept:
        return
    sellers = by_exporter([row for row in rows if row["mass_kg"]])
    for seller, sales in sellers.items():
        says = plus(row["importer_iso3"] for row in sales)
        sheet.add(f"inside_{seller}", plus(row["mass_kg"] for row in sales), "kg", says)
    total = plus(f"inside_{seller}" for seller in sellers)
    sheet.add("mass_inside", total, "kg", "trade within the bloc, with g = 0")


def governed(sheet: Sheet, read: Read, cell: Row, exporters: Sequence[str]) -> set[str]:
    """Write g of each exporter that has a score, from political stability."""
    if cell["governance_year"] is None:
        return set()
    where = {"dimension": "pv", "year": cell["governance_year"], "iso3": list(exporters)}
    rows = read("mart.governance", **where)
    newest = max((row["edition"] for row in rows), default=None)
    scored = set()
    for row in rows:
        if row["edition"] == newest and row["estimate"] is not None:
            g = within(f"(2.5 - {literal(row['estimate'])}) / 5")
            says = f"political stability {row['year']}, {row['source']} {row['edition']}"
            sheet.add(f"g_{row['iso3']}", g, "share", says)
            scored.add(row["iso3"])
    return scored


def priced(sheet: Sheet, outer: Sequence[Row], inner: Sequence[Row], *, checked: bool) -> None:
    """Write the value of the imports, which part of it has no weight, and the price."""
    for name, rows in (("value_usd", [*outer, *inner]), ("value_without_mass_usd", outer)):
        sums = {who: sum(r[name] or 0 for r in found) for who, found in by_exporter(rows).items()}
        known = {who: amount for who, amount in sums.items() if amount}
        sheet.add(name, plus(known.values()), "USD", plus(known))
    if sheet["value_usd"]:
        sheet.add("weight_missing_share", "value_without_mass_usd / value_usd", "share")
    if sheet["imports_kg"]:
        value = "(value_usd - value_without_mass_usd)" if checked else "value_usd"
        sheet.add("price", f"{value} / imports_kg", "USD_per_kg")


def own(sheet: Sheet, read: Read, cell: Row, makers: Sequence[str], convention: Convention) -> None:
    """Write domestic production, in the units of trade where they are checked: point and bounds."""
    is_bloc = makers != [cell["importer_iso3"]]
    output = own_output(sheet, read, produced(cell), makers, is_bloc=is_bloc)
    low = "produced_low_kg" if output.has_figures else "0"
    if not convention.checked:
        sheet.add("own_kg", low, "kg", "as the tool takes it: what is missing is none")
        return
    pairs = read(
        "ref.consumption",
        mineral=cell["mineral"],
        production_stage=cell["production_stage"],
        measure=cell["measure"],
        trade_stage=cell["stage"],
    )
    is_same = bool(pairs) and pairs[0]["basis"] == "mass"
    if output.point and (is_same or sheet["produced_kg"] == 0):
        sheet.add("own_kg", "produced_kg", "kg", "in the units of trade")
    sheet.add("own_low_kg", low if pairs else "0", "kg", "weighs at least that as traded")
    if output.high and (is_same or sheet["produced_high_kg"] == 0):
        sheet.add("own_high_kg", "produced_high_kg", "kg")


def risks(sheet: Sheet, cell: Row) -> None:
    """Write risk, score and midpoint: each where the cell has one."""
    lost = "ungoverned" if cell["mode"] == CORRECTED.name else "0"
    sheet.add("governed_kg", f"imports_kg - {lost}", "kg", "imports from exporters with g")
    share = sheet.get("governance_missing_share") or 0
    if sheet["governed_kg"] > 0 and (lost == "0" or share <= GOVERNANCE_LIMIT):
        sheet.add("import_governance", "weighted_kg / governed_kg", "share", "mean g")
    least = "weighted_kg / (own_high_kg + imports_kg)" if "own_high_kg" in sheet else "0"
    wanted = {
        "import_risk": ("weighted_kg / (own_kg + governed_kg)", "share"),
        "import_risk_low": (least, "share"),
        "import_risk_high": ("(weighted_kg + ungoverned) / (own_low_kg + imports_kg)", "share"),
    }
    for end in ENDS:
        wanted[f"score{end}"] = (f"hhi{end} * import_risk{end}", "share")
        wanted[f"midpoint{end}"] = (f"score{end} * price", "USD_per_kg")
    write_known(sheet, cell, wanted)


def write_known(sheet: Sheet, cell: Row, wanted: Mapping[str, tuple[str, str]]) -> None:
    """Write the lines of columns that have a number."""
    for name, (expression, unit) in wanted.items():
        if cell[name] is not None:
            sheet.add(name, expression, unit)


def factors(sheet: Sheet, read: Read, cell: Row) -> None:
    """Write the midpoints in terms of the reference substance's, with its own arithmetic."""
    substance = read("ref.reference_substance", method="geopolrisk")[0]
    key = {name: cell[name] for name in ("importer_iso3", "year", "mode", "source", "edition")}
    where = {"mineral": substance["mineral"], "stage": substance["stage"], **key}
    if any(cell[f"gsp_local{end}"] is not None for end in ENDS):
        for row in read("indices.geopolrisk", **where):
            sheet.embed(scored(row, read), "reference_")
    constant = literal(substance["constant"])
    sheet.add("reference_constant", constant, substance["unit"], substance["source"])
    wanted = {}
    for end, opposite in (("", ""), ("_low", "_high"), ("_high", "_low")):
        local = f"midpoint{end} / reference_midpoint{opposite}"
        wanted[f"gsp_local{end}"] = (local, "ratio")
        wanted[f"gsp_oecd_const{end}"] = (f"midpoint{end} / reference_constant", "ratio")
    write_known(sheet, cell, wanted)
