"""How contained shares, exposure and benchmarks explain themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from flows.indices.explained.imports import ENDS, share_of
from flows.indices.explained.reliance import FACTOR, MILLIONTHS, related
from flows.indices.explained.sheet import Not, Read, Row, Sheet, literal, of_series, plus
from flows.indices.explained.trade import bought

CELL = ("importer_iso3", "mineral", "stage", "year", "basis", "source", "edition")


def contained_share(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.contained_share`."""
    sheet = Sheet()
    shares_of_metal(sheet, read, cell)
    if cell["contained_kg"] is not None:
        sheet.add("contained_kg", f"m_{cell['exporter_iso3']}", "kg")
    return sheet


def shares_of_metal(sheet: Sheet, read: Read, cell: Row) -> None:
    """Write the metal from each exporter that is a country, and the share of a cell's exporter."""
    where = of_series(cell, importer_iso3=cell["importer_iso3"])
    nobodys = Not(tuple(row["iso3"] for row in read("ref.country", kind="unallocated")))
    rows = read("mart.contained_trade", **where, exporter_iso3=nobodys)
    by_exporter: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_exporter[row["exporter_iso3"]].append(row)
    this = cell["exporter_iso3"]
    for end in ENDS:
        if cell[f"import_share{end}"] is None:
            continue
        for exporter, found in by_exporter.items():
            metal(sheet, f"m{end}_{exporter}", found, FACTOR[end])
    others = [exporter for exporter in by_exporter if exporter != this]
    for end, opposite in (("", ""), ("_low", "_high"), ("_high", "_low")):
        if cell[f"import_share{end}"] is None:
            continue
        rest = plus([f"m{end}_{this}", *(f"m{opposite}_{who}" for who in others)])
        says = f"{this} with {FACTOR[end]}, all others with {FACTOR[opposite]}"
        sheet.add(f"import_share{end}", f"m{end}_{this} / ({rest})", "share", says)


def metal(sheet: Sheet, name: str, rows: Sequence[Row], factor: str) -> None:
    """Write the metal in an exporter's goods."""
    terms = [
        f"{row['mass_kg']} * {literal(round(row[factor], MILLIONTHS))}"
        for row in rows
        if row["mass_kg"] is not None and row[factor] is not None
    ]
    sheet.add(name, plus(terms), "kg", plus(row["form"] for row in rows))


def exposure(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.exposure`."""
    sheet = Sheet()
    key = {name: cell[name] for name in CELL}
    if cell["basis"] == "mass":
        share_of(sheet, bought(sheet, read, cell, "from_"), cell)
    else:
        shares_of_metal(sheet, read, cell)
    related(sheet, read, read("indices.import_reliance", **key)[0])
    hung(sheet)
    return sheet


def hung(sheet: Sheet) -> None:
    """Write exposure and part of consumption, from share, reliance, imports and consumption."""
    for end, opposite in (("", ""), ("_low", "_high"), ("_high", "_low")):
        share, reliance = f"import_share{end}", f"net_import_reliance{end}"
        if share not in sheet:
            continue
        if reliance in sheet:
            sheet.add(f"exposure{end}", f"{share} * max({reliance}, 0)", "share")
        elif end == "_low":
            sheet.add("exposure_low", "0", "share", "reliance has no lower bound")
        use, imports = f"apparent_consumption_kg{opposite}", f"imports_kg{end}"
        if use in sheet and imports in sheet and sheet[use] > 0:
            sheet.add(f"part_of_consumption{end}", f"{share} * ({imports} / {use})", "ratio")
        elif end == "_low" and use not in sheet:
            sheet.add("part_of_consumption_low", "0", "ratio", "consumption has no upper bound")


def supply_benchmark(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.supply_benchmark`."""
    sheet = Sheet()
    mark = read("ref.benchmark", benchmark=cell["benchmark"], bloc=cell["importer_iso3"])[0]
    sheet.add("threshold", literal(mark["threshold"]), "share", mark["source"])
    key = {name: cell[name] for name in CELL}
    parts = dict.fromkeys((f"part_of_consumption{end}" for end in ENDS), "")
    if mark["measure"] == "production":
        related(sheet, read, read("indices.import_reliance", **key)[0])
        ends = [end for end in ENDS if f"self_sufficiency{end}" in sheet]
        parts |= {f"part_of_consumption{end}": f"self_sufficiency{end}" for end in ends}
    if mark["measure"] == "largest_supplier":
        parts |= largest(sheet, read, key)
    for name, expression in parts.items():
        if expression:
            sheet.add(name, expression, "ratio")
    decided(sheet, cell)
    return sheet


def largest(sheet: Sheet, read: Read, key: Row) -> dict[str, str]:
    """Write what every exporter makes up of consumption; give the greatest of each end."""
    found = {}
    rows = read("indices.exposure", **key)
    for end in ENDS:
        name = f"part_of_consumption{end}"
        known = {row["exporter_iso3"]: row[name] for row in rows if row[name] is not None}
        for exporter, part in known.items():
            sheet.add(f"part{end}_{exporter}", literal(part), "ratio", f"indices.exposure.{name}")
        names = ", ".join(f"part{end}_{exporter}" for exporter in known)
        found[name] = f"max({names}, 0)" if known else ""
    return found


def decided(sheet: Sheet, cell: Row) -> None:
    """Write whether the benchmark is met: by the point, else by a bound that settles it."""
    if cell["is_met"] is None:
        return
    sign, is_least = (">=", True) if cell["direction"] == "at_least" else ("<=", False)
    ends = ("_low", "_high") if is_least else ("_high", "_low")
    by = ["part_of_consumption", *(f"part_of_consumption{ends[0 if cell['is_met'] else 1]}",)]
    chosen = next(name for name in by if name in sheet)
    sheet.add("is_met", f"{chosen} {sign} threshold")
