"""Rows of production as lines: what the world's countries make, and what an economy makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from flows.indices.explained.sheet import Read, Row, Sheet, literal, plus
from flows.indices.explained.supply import Amount, Supply, concentration, counted, supplied

KEYS = ("mineral", "stage", "year", "basis", "source", "edition")


def production_concentration(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.production_concentration`."""
    sheet = Sheet()
    supply = made(sheet, read, {name: cell[name] for name in KEYS})
    if cell["reason"] is None:
        concentration(supply)
    else:
        counted(supply)
    if supply.value("total") + supply.value("unallocated") > 0:
        says = "part of producers without a figure"
        sheet.add("weight_missing_share", f"withheld / {supply.whole}", "share", says)
    return sheet


def made(sheet: Sheet, read: Read, where: Row, prefix: str = "", without: str = "") -> Supply:
    """Write what each country makes, and what is no listed country's.

    Args:
        sheet: where to.
        read: reads `mart.production`.
        where: which rows of it: mineral, stage, year and edition at least.
        prefix: of the lines' names.
        without: a country left out of the suppliers, as a scope asks for.

    """
    rows = read("mart.production", **where)
    named: dict[str, Amount] = {}
    nobodys: dict[str, Amount] = {}
    for kind, found in (("country", named), ("other", nobodys)):
        terms: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row["area_kind"] == kind and row["mass_kg"] is not None and row["area"] != without:
                terms[row["area"]].append(row)
        for area, parts in terms.items():
            labels = [f"{row['measure']}, {row['status']}" for row in parts]
            found[area] = Amount([row["mass_kg"] for row in parts], labels)
    withheld(sheet, rows, prefix)
    return supplied(sheet, named, nobodys, "kg", prefix, [f"{prefix}withheld"])


def withheld(sheet: Sheet, rows: Sequence[Row], prefix: str) -> None:
    """Write the part of the world total that belongs to producers without a figure."""
    missing = [row for row in rows if row["area_kind"] == "country" and row["unknown_products"]]
    world = [row["mass_kg"] for row in rows if row["area_kind"] == "world" and row["mass_kg"]]
    listed = [row["mass_kg"] for row in rows if row["area_kind"] != "world" and row["mass_kg"]]
    rest = max(world) - sum(listed) if world else 0
    if not missing or rest <= 0:
        sheet.add(f"{prefix}withheld", "0", "kg", "no figure is missing from the world total")
        return
    expression = f"{literal(max(world))} - ({plus(listed)})"
    says = "world total less all listed; without a figure: " + plus(row["area"] for row in missing)
    sheet.add(f"{prefix}withheld", expression, "kg", says)


def production_bounds(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.production_bounds`."""
    sheet = Sheet()
    supply = made(sheet, read, {name: cell[name] for name in KEYS})
    rest, whole = supply.unallocated, supply.whole
    counted(supply)
    if "unallocated_share" in sheet:
        sheet.add("rest_share", "unallocated_share", "share")
    if cell["reason"] is not None:
        return sheet
    squares = plus(f"({supply.x(who)} / {whole})**2" for who in supply.suppliers)
    sheet.add("hhi_low", squares, "hhi", "the rest is atomistic")
    smallest, top = supply.x(supply.suppliers[-1]), supply.largest
    sheet.add("full", f"floor({rest} / {smallest})", "count", "others as large as the smallest")
    filled = f"full * {smallest}**2 + ({rest} - full * {smallest})**2"
    says = "no other exceeds the smallest listed"
    sheet.add("hhi_high_no_larger", f"hhi_low + ({filled}) / {whole}**2", "hhi", says)
    one = f"hhi_low + ({rest} / {whole})**2"
    sheet.add("hhi_high_one", one, "hhi", "the rest is one other country's")
    named = f"hhi_low + (2 * {top} * {rest} + {rest}**2) / {whole}**2"
    sheet.add("hhi_high_named", named, "hhi", "the rest is the largest country's")
    return sheet


@dataclass(frozen=True)
class Output:
    """Which lines of an economy's own output are known, and what the source counts apart."""

    has_figures: bool = False
    point: bool = False
    high: bool = False
    is_unlisted: bool = False


def own_output(
    sheet: Sheet, read: Read, where: Row, makers: Sequence[str], *, is_bloc: bool
) -> Output:
    """Write what an economy makes itself as `produced_kg`, `produced_low_kg`, `produced_high_kg`.

    A bound or point that is not known has no line. A maker that the source does not list has
    nothing as its point, and at most all of its "other countries".

    Args:
        sheet: where to.
        read: reads `mart.production`.
        where: mineral, stage, measure, year and edition of the production; a null where no
            production goes with the trade.
        makers: the economy, or the members of the bloc.
        is_bloc: whether members may be missing from the list.

    """
    rows = read("mart.production", **where) if None not in where.values() else []
    if not rows:
        return Output()
    listed = [row for row in rows if row["area_kind"] == "country" and row["area"] in makers]
    points = [row["mass_kg"] if row["unknown_products"] == 0 else None for row in listed]
    highs = [*(most(row) for row in listed), *([] if listed and not is_bloc else [others(rows)])]
    says = plus(f"{row['area']} ({row['status']})" for row in listed)
    says = says if listed else "not listed by the source"
    lows = [(row["mass_kg"] or 0) + (row["mass_low_kg"] or 0) for row in listed]
    written(sheet, "produced_low_kg", lows, says)
    return Output(
        has_figures=True,
        point=written(sheet, "produced_kg", points, says),
        high=written(sheet, "produced_high_kg", highs, f"{says}; and what others are said to make"),
        is_unlisted=not (listed and not is_bloc) and others(rows) != 0,
    )


def most(row: Row) -> int | None:
    """Give the most that a country may make: its figure, or the bound of a lone product."""
    if row["unknown_products"] == 0:
        return int(row["mass_kg"])
    if row["unknown_products"] == 1 and row["mass_high_kg"] is not None:
        return int((row["mass_kg"] or 0) + row["mass_high_kg"])
    return None


def others(rows: Sequence[Row]) -> int | None:
    """Give what countries that are not listed make together; null where that is withheld."""
    amounts = [row["mass_kg"] for row in rows if row["area_kind"] == "other"]
    known = [amount for amount in amounts if amount is not None]
    return None if amounts and not known else sum(known)


def written(sheet: Sheet, name: str, amounts: Sequence[int | None], says: str) -> bool:
    """Write a sum of weights, and say whether it is known."""
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts):
        return False
    sheet.add(name, plus(known), "kg", says)
    return True
