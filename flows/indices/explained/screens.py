"""How the dependency screens and the choke point explain themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flows.indices.explained.imports import ENDS, flagged_years, met
from flows.indices.explained.sheet import Not, Read, Row, Sheet, of_series, plus
from flows.indices.explained.supply import Supply, concentration
from flows.indices.explained.trade import AMOUNT, UNIT, blocs, bought, members, of_world, world_rows

CELL = ("importer_iso3", "mineral", "stage", "year", "basis", "source", "edition")
NO_EXPORTS_RATIO = 9999
"""What GeoDep puts for imports / exports where nothing is exported."""


def strategic_dependency(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.strategic_dependency`."""
    sheet = Sheet()
    supply = bought(sheet, read, cell)
    if cell["reason"] is None:
        concentration(supply)
        exports(sheet, read, cell)
        sheet.add("sold", "exported + exported_within", UNIT[cell["basis"]], "those within count")
        cdi(sheet, supply)
        limits = thresholds(read, "cdi")
        values = {"import_hhi": "cdi1", "extra_share": "cdi2", "import_export_ratio": "cdi3"}
        for end in ENDS:
            ended = {name: f"{value}{end}" for name, value in values.items()}
            answers(sheet, limits, ended, "dependent", end)
    years(sheet, read, cell, "indices.strategic_dependency.dependent", [5])
    return sheet


def cdi(sheet: Sheet, supply: Supply) -> None:
    """Write CDI1 to CDI3 with their bounds; CDI3 is none where nothing is exported."""
    total, u, whole, inner = supply.total, supply.unallocated, supply.whole, "exported_within"
    for end in ENDS:
        sheet.add(f"cdi1{end}", f"hhi{end}", "hhi")
    sheet.add("cdi2", f"{total} / ({total} + {inner})", "share")
    sheet.add("cdi2_low", f"{total} / ({whole} + {inner})", "share", "the rest is from within")
    sheet.add("cdi2_high", f"{whole} / ({whole} + {inner})", "share", "the rest is from outside")
    if sheet["sold"] > 0:
        sheet.add("cdi3", f"{total} / sold", "ratio")
        sheet.add("cdi3_low", f"{total} / sold", "ratio", "the rest is from within")
        sheet.add("cdi3_high", f"({total} + {u}) / sold", "ratio", "the rest is from outside")
    if sheet["exported"] > 0:
        sheet.add("cdi3_extra", f"{total} / exported", "ratio")


def geodep(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.geodep`."""
    sheet = Sheet()
    supply = bought(sheet, read, cell)
    if cell["reason"] in {None, "too_few_years"}:
        concentration(supply)
        world = of_world(sheet, read, cell, world_rows(read, cell), "world_")
        concentration(world)
        exports(sheet, read, cell)
        sheet.add("sold", "exported", UNIT[cell["basis"]], "a bloc's to others only")
        for end in ENDS:
            sheet.add(f"import_hhi{end}", f"hhi{end}", "hhi")
            sheet.add(f"export_hhi{end}", f"world_hhi{end}", "hhi")
        none = sheet["sold"] == 0
        ratio = str(NO_EXPORTS_RATIO) if none else f"{supply.whole} / sold"
        sheet.add("import_export_ratio", ratio, "ratio", "nothing is exported" if none else "")
        limits = thresholds(read, "geodep")
        for end in ENDS:
            values = {name: f"{name}{end}" for name in ("import_hhi", "export_hhi")}
            values["import_export_ratio"] = "import_export_ratio"
            answers(sheet, limits, values, "flagged", end)
    years(sheet, read, cell, "indices.geodep.flagged", [3, 5])
    if cell["reason"] is None:
        met(sheet, "dependent", "years_flagged_3", thresholds(read, "geodep")["years"])
    return sheet


def thresholds(read: Read, screen: str) -> dict[str, Row]:
    """Give the thresholds of a screen by criterion."""
    return {row["criterion"]: row for row in read("ref.threshold", screen=screen)}


def answers(
    sheet: Sheet, limits: Mapping[str, Row], values: Mapping[str, str], verdict: str, end: str
) -> None:
    """Write which criteria are met at the point or an end, and whether all are: 1 yes, 0 no."""
    names = []
    for criterion, value in values.items():
        names.append(f"{criterion}_met{end}")
        if value in sheet:
            met(sheet, names[-1], value, limits[criterion])
        else:
            sheet.add(names[-1], "1", "", "nothing is exported")
    sheet.add(f"{verdict}{end}", f"min({', '.join(names)})")


def years(sheet: Sheet, read: Read, cell: Row, column: str, windows: Sequence[int]) -> None:
    """Write in how many of the last years a cell was flagged."""
    key = {name: cell[name] for name in CELL if name in cell}
    flagged_years(sheet, read, column, key, windows)


def exports(sheet: Sheet, read: Read, cell: Row) -> None:
    """Write what an economy exports: to others, and a bloc's members to each other."""
    economy = cell["importer_iso3"]
    inside = members(read, economy, cell["year"])
    rows = read(
        "mart.mineral_trade",
        **of_series(cell),
        exporter_iso3=inside or [economy],
        importer_iso3=blocs(read),
        value_usd=Not((None,)),
    )
    outside = [row for row in rows if row["importer_iso3"] not in inside]
    within = [row for row in rows if row["importer_iso3"] in inside]
    by_seller(sheet, cell, "exported", outside)
    by_seller(sheet, cell, "exported_within", within)


def by_seller(sheet: Sheet, cell: Row, name: str, rows: Iterable[Row]) -> None:
    """Write what each seller sells to whom, and the sum of all."""
    amount, unit = AMOUNT[cell["basis"]], UNIT[cell["basis"]]
    sellers: dict[str, list[Row]] = {}
    for row in rows:
        if row[amount] is not None:
            sellers.setdefault(row["exporter_iso3"], []).append(row)
    for seller, sales in sellers.items():
        buyers = plus(row["importer_iso3"] for row in sales)
        sheet.add(f"{name}_{seller}", plus(row[amount] for row in sales), unit, buyers)
    sheet.add(name, plus(f"{name}_{seller}" for seller in sellers), unit)


def choke_point(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.choke_point`."""
    sheet = Sheet()
    rows = world_rows(read, cell)
    supply = of_world(sheet, read, cell, rows)
    if cell["reason"] is None:
        around(sheet, supply, cell, rows)
        limits = thresholds(read, "choke_point")
        ends = {"": ("", ""), "_low": ("_low", "_high"), "_high": ("_high", "_low")}
        for end, (first, others) in ends.items():
            values = {"cr1": f"cr1{first}"}
            values |= {name: f"{name}{others}" for name in ("second_share", "residual_trade")}
            answers(sheet, limits, values, "choke_point", end)
    years(sheet, read, cell, "indices.choke_point.choke_point", [5])
    return sheet


def around(sheet: Sheet, supply: Supply, cell: Row, rows: Sequence[Row]) -> None:
    """Write the first and second exporter's shares, and the trade that is left without the first.

    What is no country's is in no trade of the point.
    """
    unit, first = UNIT[cell["basis"]], supply.suppliers[0]
    amounts = [
        (row["exporter_iso3"], row[AMOUNT[cell["basis"]]])
        for row in rows
        if row["importer_iso3"] == first and row["exporter_iso3"] in supply.suppliers
    ]
    known = {who: amount for who, amount in amounts if amount}
    sheet.add("bought_by_first", plus(known.values()), unit, plus(known))
    second = supply.x(supply.suppliers[1]) if len(supply.suppliers) > 1 else "0"
    left = f"({supply.total} - {supply.largest} - bought_by_first)"
    parts = {"cr1": supply.largest, "second_share": second, "residual_trade": left}
    for name, part in parts.items():
        sheet.add(name, f"{part} / {supply.total}", "share")
        sheet.add(f"{name}_low", f"{part} / {supply.whole}", "share")
        high = f"({part} + {supply.unallocated}) / {supply.whole}"
        sheet.add(f"{name}_high", high, "share")
