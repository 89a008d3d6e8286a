"""How import reliance explains itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from flows.indices.explained.imports import ENDS
from flows.indices.explained.production import Output, own_output
from flows.indices.explained.sheet import Not, Read, Row, Sheet, literal, of_series, plus, within
from flows.indices.explained.trade import blocs, members

FACTOR = {"": "content", "_low": "content_low", "_high": "content_high"}
MILLIONTHS = 6
"""Content factors count to as many decimals."""


def import_reliance(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.import_reliance`."""
    sheet = Sheet()
    related(sheet, read, cell)
    return sheet


def related(sheet: Sheet, read: Read, cell: Row) -> None:
    """Write what an economy imports, exports and makes, and every ratio of these."""
    economy, year = cell["importer_iso3"], cell["year"]
    inside = members(read, economy, year)
    makers = inside or [economy]
    away = Not((*blocs(read).values, *inside))
    sides = {
        "imports": {"importer_iso3": economy},
        "exports": {"exporter_iso3": makers, "importer_iso3": away},
    }
    table = "mart.mineral_trade" if cell["basis"] == "mass" else "mart.contained_trade"
    gaps = []
    for side, where in sides.items():
        rows = read(table, **of_series(cell), **where)
        for end in ENDS:
            if cell[f"{side}_kg{end}"] is not None:
                weighed(sheet, side, end, rows)
                sheet.add(f"{side}_kg{end}", f"round({side}{end})", "kg")
        gaps += [f"{side}_gap"] if gap(sheet, side, rows) else []
    if gaps:
        sheet.add("weight_missing_share", f"max({', '.join(gaps)}, 0)", "share")
    where = {
        "mineral": cell["mineral"],
        "stage": cell["production_stage"],
        "measure": cell["measure"],
        "year": year,
        "edition": cell["production_edition"],
    }
    output = own_output(sheet, read, where, makers, is_bloc=bool(inside))
    if cell["reason"] is None:
        points(sheet)
    if any(cell[f"{name}_high"] is not None for name in BOUNDED):
        bounds(sheet, output)


BOUNDED = ("net_import_reliance", "gross_import_dependency")


def weighed(sheet: Sheet, side: str, end: str, rows: Sequence[Row]) -> None:
    """Write a side of trade by form, and where there are content factors as metal."""
    forms: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["mass_kg"]:
            forms[row.get("form", "")].append(row)
    terms = []
    for form, found in forms.items():
        name = f"{side}_of_{form}" if form else f"{side}_gross"
        by_seller(sheet, name, found, side)
        factor = found[0].get(FACTOR[end]) or 0.0
        terms.append(f"{name} * {literal(round(factor, MILLIONTHS))}" if form else name)
    says = "weight by content factor of each form" if "" not in forms and forms else ""
    sheet.add(f"{side}{end}", plus(terms), "kg", says)


def by_seller(sheet: Sheet, name: str, rows: Sequence[Row], side: str) -> None:
    """Write the weights that make a sum: of imports by exporter, of exports by seller and buyer."""
    sellers: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        sellers[row["exporter_iso3"]].append(row)
    if side == "imports" or len(sellers) == 1:
        partner = "exporter_iso3" if side == "imports" else "importer_iso3"
        says = plus(row[partner] for row in rows)
        sheet.add(name, plus(row["mass_kg"] for row in rows), "kg", says)
        return
    for seller, sales in sellers.items():
        says = plus(row["importer_iso3"] for row in sales)
        sheet.add(f"{name}_{seller}", plus(row["mass_kg"] for row in sales), "kg", says)
    sheet.add(name, plus(f"{name}_{seller}" for seller in sellers), "kg")


def gap(sheet: Sheet, side: str, rows: Sequence[Row]) -> bool:
    """Write which part of a side's value has no weight; false where there is no value."""
    partner = "exporter_iso3" if side == "imports" else "importer_iso3"
    for name in ("value_usd", "value_without_mass_usd"):
        sums: dict[str, int] = defaultdict(int)
        for row in rows:
            sums[row[partner]] += row[name] or 0
        known = {who: amount for who, amount in sums.items() if amount}
        sheet.add(f"{side}_{name}", plus(known.values()), "USD", plus(known))
    if not sheet[f"{side}_value_usd"]:
        return False
    sheet.add(f"{side}_gap", f"{side}_value_without_mass_usd / {side}_value_usd", "share")
    return True


def points(sheet: Sheet) -> None:
    """Write every figure of a cell, from output, imports and exports."""
    sheet.add("consumption", "produced_kg + imports - exports", "kg", "stocks count as unchanged")
    sheet.add("apparent_consumption_kg", "round(consumption)", "kg")
    sheet.add("net_import_reliance", "(imports - exports) / consumption", "ratio")
    sheet.add("net_import_reliance_score", within("net_import_reliance", 0, None), "share")
    sheet.add("eu_import_reliance", within("net_import_reliance", 0, None), "share")
    if sheet["produced_kg"] + sheet["imports"] > 0:
        dependency = "imports / (produced_kg + imports)"
        sheet.add("gross_import_dependency", dependency, "share")
    sheet.add("self_sufficiency", "produced_kg / consumption", "ratio")


def bounds(sheet: Sheet, output: Output) -> None:
    """Write bounds of every figure; one that is not known, or not bounded, has no line."""
    sheet.add("net_low", "imports_low - exports_high", "kg")
    sheet.add("net_high", "imports_high - exports_low", "kg")
    low, high = ends_of_reliance(sheet, output)
    most = "produced_high_kg + net_high" if output.high else None
    possible = most is None or sheet.add("consumption_high", most, "kg") > 0
    if output.has_figures:
        least = within("produced_low_kg + net_low", 0, None)
        sheet.add("consumption_low", least, "kg")
        sheet.add("apparent_consumption_kg_low", "round(consumption_low)", "kg")
    if possible and most:
        sheet.add("apparent_consumption_kg_high", "round(consumption_high)", "kg")
    if low:
        sheet.add("net_import_reliance_low", low, "ratio")
        sheet.add("self_sufficiency_high", "1 - net_import_reliance_low", "ratio")
    if high:
        sheet.add("net_import_reliance_high", high, "ratio")
        sheet.add("self_sufficiency_low", "1 - net_import_reliance_high", "ratio")
        eu = within("net_import_reliance_high", 0, None)
        sheet.add("eu_import_reliance_high", eu, "share")
    if possible:
        eu = within("net_import_reliance_low", 0, None) if low else "0"
        sheet.add("eu_import_reliance_low", eu, "share")
    dependency(sheet, output)


def ends_of_reliance(sheet: Sheet, output: Output) -> tuple[str | None, str | None]:
    """Write the least and the most that net imports can be of consumption; null = no bound."""
    least: str | None
    most: str | None
    if sheet["net_low"] > 0:
        least = over(sheet, "net_low", "produced_high_kg") if output.high else "0"
    else:
        least = over(sheet, "net_low", "produced_low_kg")
    if sheet["net_high"] > 0:
        most = over(sheet, "net_high", "produced_low_kg")
    else:
        most = over(sheet, "net_high", "produced_high_kg") if output.high else "0"
    return least, most


def over(sheet: Sheet, net: str, own: str) -> str | None:
    """Write net / (own + net); null where that is not positive, or own is not known."""
    if own not in sheet or sheet[own] + sheet[net] <= 0:
        return None
    return f"{net} / ({own} + {net})"


def dependency(sheet: Sheet, output: Output) -> None:
    """Write the bounds of imports / (output + imports)."""
    low = over(sheet, "imports_low", "produced_high_kg") if output.high else "0"
    high = over(sheet, "imports_high", "produced_low_kg")
    for end, bound in (("low", low), ("high", high)):
        if bound:
            sheet.add(f"gross_import_dependency_{end}", bound, "share")
