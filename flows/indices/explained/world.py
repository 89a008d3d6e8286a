"""How world supply explains itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from flows.indices.explained.production import made
from flows.indices.explained.sheet import Read, Row, Sheet, plus, within
from flows.indices.explained.supply import Supply, counted
from flows.indices.explained.trade import AMOUNT, UNIT, of_world, world_rows


def world_supply(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.world_supply`."""
    sheet = Sheet()
    scope = read("ref.supply_scope", scope=cell["scope"])[0]
    without = scope["without_iso3"]
    supply, demand = (
        exports(sheet, read, cell, without)
        if cell["supply"] == "exports"
        else production(sheet, read, cell, without)
    )
    counted(supply)
    if cell["reason"] is None:
        measures(sheet, supply, has_demand=demand)
    return sheet


def exports(sheet: Sheet, read: Read, cell: Row, without: str | None) -> tuple[Supply, bool]:
    """Write what exporters sell, and as demand what importers buy from countries."""
    rows = world_rows(read, cell)
    supply = of_world(sheet, read, cell, [r for r in rows if r["exporter_iso3"] != without])
    nobodys = {row["iso3"] for row in read("ref.country", kind="unallocated")}
    bought: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        amount = row[AMOUNT[cell["basis"]]]
        if amount and row["exporter_iso3"] not in nobodys and row["importer_iso3"] != without:
            bought[row["importer_iso3"]].append(amount)
    demanded(sheet, supply, bought, UNIT[cell["basis"]])
    return supply, sheet["demand"] > sheet["demand_top"]


def demanded(sheet: Sheet, supply: Supply, bought: Mapping[str, Sequence[int]], unit: str) -> None:
    """Write what each importer buys, what all do, and what the largest supplier does."""
    for importer, amounts in bought.items():
        sheet.add(f"b_{importer}", plus(amounts), unit)
    sheet.add("demand", plus(f"b_{importer}" for importer in bought), unit, "what importers buy")
    top = supply.suppliers[0] if supply.suppliers else ""
    own = f"b_{top}" if top in bought else "0"
    sheet.add("demand_top", own, unit, f"what {top} buys itself")


def production(sheet: Sheet, read: Read, cell: Row, without: str | None) -> tuple[Supply, bool]:
    """Write what producers make, and as demand what they make and import less what they export."""
    keys = ("mineral", "stage", "year", "basis", "source", "edition")
    where = {name: cell[name] for name in keys}
    supply = made(sheet, read, where, without=without or "")
    measures = {row["measure"] for row in read("mart.production", **where)}
    pairs = [
        row["trade_stage"]
        for measure in measures
        for row in read(
            "ref.consumption",
            mineral=cell["mineral"],
            production_stage=cell["stage"],
            measure=measure,
            basis="mass",
        )
    ]
    if len(measures) > 1 or not pairs or not supply.suppliers:
        return supply, False
    return supply, net_demand(sheet, read, cell, supply, (min(pairs), without))


def net_demand(
    sheet: Sheet, read: Read, cell: Row, supply: Supply, trade: tuple[str, str | None]
) -> bool:
    """Write each country's net imports, and demand as output with them, where trade has weights."""
    stage, without = trade
    key = {"mineral": cell["mineral"], "stage": stage, "year": cell["year"], "basis": "mass"}
    usable = read("indices.export_concentration", **key, reason=None)
    if cell["basis"] != "mass" or not usable:
        return False
    chosen = {name: max(row[name] for row in usable) for name in ("source", "edition")}
    nobodys = {row["iso3"] for row in read("ref.country", kind="unallocated")}
    net: dict[str, int] = defaultdict(int)
    for row in world_rows(read, {**key, **chosen}):
        if row["exporter_iso3"] not in nobodys:
            net[row["importer_iso3"]] += row["mass_kg"] or 0
            net[row["exporter_iso3"]] -= row["mass_kg"] or 0
    net.pop(without or "", None)
    known = {who: amount for who, amount in sorted(net.items()) if amount}
    for who, amount in known.items():
        sheet.add(f"net_{who}", plus([amount]), "kg", f"imports less exports, {stage}")
    total = f"{supply.total} + {plus(f'net_{who}' for who in known)}"
    sheet.add("demand", total, "kg", "output and net imports of all countries")
    top = supply.suppliers[0]
    own = f"{supply.largest} + net_{top}" if top in known else supply.largest
    sheet.add("demand_top", within(own, 0, None), "kg", f"output and net imports of {top}")
    return sheet["demand"] > sheet["demand_top"]


def measures(sheet: Sheet, supply: Supply, *, has_demand: bool) -> None:
    """Write the share of the three largest, and what is left without the first."""
    total, u, whole = supply.total, supply.unallocated, supply.whole
    three = f"({plus(supply.x(who) for who in supply.suppliers[:3])})"
    sheet.add("cr3", f"{three} / {total}", "share")
    sheet.add("cr3_low", f"{three} / {whole}", "share", "the rest is nobody's")
    sheet.add("cr3_high", f"({three} + {u}) / {whole}", "share", "the rest is one of theirs")
    unit = sheet.lines[total].unit
    sheet.add("rest", f"{total} - {supply.largest}", unit, "supply without the largest")
    demand = "demand" if has_demand else total
    ratios = {"n1_all_demand": demand}
    if has_demand:
        sheet.add("outside", "demand - demand_top", unit, "demand without the largest supplier's")
        ratios["n1_coverage"] = "outside"
    for name, by in ratios.items():
        sheet.add(name, f"rest / {by}", "ratio")
        sheet.add(f"{name}_low", f"rest / ({by} + {u})", "ratio", "the rest is the largest's")
        high = f"max({name}, (rest + {u}) / ({by} + {u}))"
        sheet.add(f"{name}_high", high, "ratio", "the rest is others'")
    if has_demand:
        sheet.add("n1_gap", within("1 - n1_coverage", 0, None), "share")
