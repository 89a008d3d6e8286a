"""How supply risk from trade, production and governance explains itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.indices.explained.eu_lent import lent
from flows.indices.explained.governed import Weighed, bottleneck, concentrated, risk, scores
from flows.indices.explained.production import made, own_output
from flows.indices.explained.sheet import Not, Read, Row, Sheet, literal, of_series, plus
from flows.indices.explained.supply import Supply
from flows.indices.explained.trade import AMOUNT, UNIT, allocated, blocs, members
from flows.indices.formulas.supply_risk import WORST


@dataclass(frozen=True)
class Importer:
    """An importer: who belongs to it, and the trade parameter of its own supply."""

    economy: str
    makers: tuple[str, ...]
    is_bloc: bool
    parameter: float


def eu_supply_risk(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.eu_supply_risk`."""
    sheet = Sheet()
    economy = cell["importer_iso3"]
    listed = read("ref.supply_risk_importer", importer=economy)[0]
    inside = tuple(members(read, economy, cell["year"]))
    parameter = listed["member_trade_parameter"]
    importer = Importer(economy, inside or (economy,), bool(inside), parameter)
    if "GS" in cell["supply_data_used"]:
        world(sheet, read, cell, importer)
    if "EUS" in cell["supply_data_used"]:
        sourcing(sheet, read, cell, importer)
    lent(sheet, read, cell)
    risk(sheet, cell)
    key = ("importer_iso3", "mineral", "year", "basis", "source", "edition")
    rows = read("indices.eu_supply_risk", **{name: cell[name] for name in key})
    this = (cell["stage"], cell["form_stage"])
    bottleneck(sheet, cell, [row for row in rows if (row["stage"], row["form_stage"]) != this])
    return sheet


def production_of(cell: Row) -> dict[str, object]:
    """Say which rows of production stand behind a cell."""
    return {
        "mineral": cell["mineral"],
        "stage": cell["production_stage"],
        "year": cell["year"],
        "edition": cell["production_edition"],
    }


def world(sheet: Sheet, read: Read, cell: Row, importer: Importer) -> None:
    """Write the weighted concentration of world production."""
    where = production_of(cell)
    if cell["hhi_wgi_t_gs_low"] is None or None in where.values():
        return
    rows = read("mart.production", **where)
    areas = [row["area"] for row in rows if row["area_kind"] == "country"]
    supply = made(sheet, read, where, "world_")
    weigh(sheet, read, cell, importer, (supply, "hhi_wgi_t_gs", areas))


def weigh(
    sheet: Sheet,
    read: Read,
    cell: Row,
    importer: Importer,
    of: tuple[Supply, str, Sequence[str]],
) -> None:
    """Write the concentration of a supply, weighted by governance and trade parameter.

    The point counts what is allocated to countries; the lower bound keeps the rest as nobody's,
    the upper gives it to the largest supplier at the worst score.
    """
    supply, name, areas = of
    scores(sheet, read, cell["year"], areas)
    parameters = trade_parameters(read, cell, importer, areas)
    suppliers = []
    for who in supply.suppliers:
        share = f"{supply.x(who)} / {supply.whole}"
        shares = (f"{supply.x(who)} / {supply.total}", share, share)
        suppliers.append(Weighed(who, shares, parameters[who]))
    u, whole, top = supply.unallocated, supply.whole, supply.largest
    worst = literal(WORST * max(parameters.values()))
    added = f"{u} * (2 * {top} + {u}) / {whole}**2 * {worst}"
    concentrated(sheet, name, suppliers, added)


def trade_parameters(
    read: Read, cell: Row, importer: Importer, areas: Sequence[str]
) -> dict[str, float]:
    """Give each area's trade parameter: a member's own, else the study's, at least 1."""
    mineral = read("mart.eu_material", mineral=cell["mineral"])
    materials = [row["material"] for row in mineral]
    where = {"material": materials, "stage": cell["stage"]}
    rows = read("mart.eu_supply_share", **where, area=list(areas))
    editions = read("meta.edition", source=rows[0]["source"]) if rows else []
    last = max((row["edition"] for row in editions), default="")
    given: dict[str, float] = {}
    for row in rows:
        if row["edition"] == last:
            given[row["area"]] = max(given.get(row["area"], 1.0), row["trade_parameter"])
    own = dict.fromkeys(importer.makers, importer.parameter)
    return {area: own.get(area, given.get(area, 1.0)) for area in areas}


def sourcing(sheet: Sheet, read: Read, cell: Row, importer: Importer) -> None:
    """Write the weighted concentration of imports and own output together, and import reliance."""
    series = of_series(cell) | {"stage": cell["form_stage"]}
    rows = read("mart.mineral_trade", **series, importer_iso3=importer.economy)
    column = AMOUNT[cell["basis"]]
    terms = {
        row["exporter_iso3"]: [(row[column], row["exporter_iso3"])]
        for row in rows
        if row[column] is not None
    }
    if cell["hhi_wgi_t_eu_high"] is None:
        return
    supply = allocated(sheet, read, terms, UNIT[cell["basis"]], "from_")
    kinds = read("ref.country", iso3=[row["exporter_iso3"] for row in rows])
    countries = [row["iso3"] for row in kinds if row["kind"] != "unallocated"]
    weigh(sheet, read, cell, importer, (supply, "imports_hhi", countries))
    weights = {row["exporter_iso3"]: row["mass_kg"] for row in rows if row["mass_kg"]}
    sheet.add("imports_kg", plus(weights.values()), "kg", plus(weights))
    sold(sheet, read, series, importer)
    has_figures, is_unlisted = own(sheet, read, cell, importer)
    reliance(sheet)
    together(sheet, cell, has_figures=has_figures, is_unlisted=is_unlisted)


def sold(sheet: Sheet, read: Read, series: Row, importer: Importer) -> None:
    """Write the weight of what the importer, or a bloc's members, sell to other countries."""
    away = Not((*blocs(read).values, *importer.makers))
    rows = read(
        "mart.mineral_trade",
        **series,
        exporter_iso3=list(importer.makers),
        importer_iso3=away,
        mass_kg=Not((None, 0)),
    )
    kinds = read("ref.country", iso3=sorted({row["importer_iso3"] for row in rows}))
    countries = {row["iso3"] for row in kinds if row["kind"] == "country"}
    sellers: dict[str, list[Row]] = {}
    for row in rows:
        if row["importer_iso3"] in countries:
            sellers.setdefault(row["exporter_iso3"], []).append(row)
    for seller, sales in sellers.items():
        says = plus(row["importer_iso3"] for row in sales)
        sheet.add(f"exports_{seller}", plus(row["mass_kg"] for row in sales), "kg", says)
    sheet.add("exports_kg", plus(f"exports_{seller}" for seller in sellers), "kg")


def own(sheet: Sheet, read: Read, cell: Row, importer: Importer) -> tuple[bool, bool]:
    """Write own output in the unit of trade, and its concentration over the makers.

    Gives whether the source has figures at all, and whether a maker may be among its others.
    """
    where = production_of(cell)
    rows = read("mart.production", **where) if None not in where.values() else []
    where |= {"measure": min((row["measure"] for row in rows), default=None)}
    bloc = importer.is_bloc
    output = own_output(sheet, read, where, importer.makers, is_bloc=bloc)
    pairs = read(
        "ref.consumption",
        mineral=cell["mineral"],
        production_stage=where["stage"],
        measure=where["measure"],
        trade_stage=cell["form_stage"],
    )
    is_same = bool(pairs) and pairs[0]["basis"] == "mass"
    if output.point and (is_same or sheet["produced_kg"] == 0):
        sheet.add("own_kg", "produced_kg", "kg", "own output in the unit of trade")
    low = "produced_low_kg" if is_same and output.has_figures else "0"
    sheet.add("own_low_kg", low, "kg")
    if output.high and (is_same or sheet["produced_high_kg"] == 0):
        sheet.add("own_high_kg", "produced_high_kg", "kg")
    makers = [row for row in rows if row["area"] in importer.makers and row["mass_kg"] is not None]
    home(sheet, read, cell, importer, makers)
    return output.has_figures, output.is_unlisted


def home(sheet: Sheet, read: Read, cell: Row, importer: Importer, makers: Sequence[Row]) -> None:
    """Write the concentration of own output over the makers, and their worst score."""
    scores(sheet, read, cell["year"], importer.makers)
    parameter = literal(importer.parameter)
    worst = [
        f"wgi_{who} * {parameter}" if f"wgi_{who}" in sheet else f"{WORST} * {parameter}"
        for who in importer.makers
    ]
    sheet.add("own_worst", f"max({', '.join(worst)})", "score", "the worst of the own makers")
    if not sum(row["mass_kg"] for row in makers):
        return
    total = f"({plus(row['mass_kg'] for row in makers)})"
    suppliers = [
        Weighed(row["area"], (f"{row['mass_kg']} / {total}",) * 3, importer.parameter)
        for row in makers
    ]
    concentrated(sheet, "own_hhi", suppliers, "0")


def reliance(sheet: Sheet) -> None:
    """Write import reliance (I - E) / (P + I - E) and its bounds, where there are any."""
    net = sheet.add("net", "imports_kg - exports_kg", "kg")
    for end, own_kg in (("", "own_kg"), ("_low", "own_high_kg"), ("_high", "own_low_kg")):
        name = f"import_reliance{end}"
        if own_kg not in sheet:
            if end:
                sheet.add(name, "0", "share", "output has no bound")
            continue
        if sheet[own_kg] == 0 and (sheet["imports_kg"] > 0 or end == "_high"):
            says = "nothing need be made at home" if end else "nothing is made at home"
            sheet.add(name, "1", "share", says)
        elif net <= 0:
            sheet.add(name, "0", "share", "a net exporter")
        else:
            sheet.add(name, f"net / ({own_kg} + net)", "share")


def together(sheet: Sheet, cell: Row, *, has_figures: bool, is_unlisted: bool) -> None:
    """Write the concentration of imports and own output together, w imports' part of both."""
    bought = "imports_kg"
    own_kg = sheet.get("own_kg")
    if not has_figures or own_kg == 0:
        sheet.add("w", "1", "share", "imports alone count")
    elif own_kg is not None and sheet[bought] + own_kg > 0:
        sheet.add("w", f"{bought} / ({bought} + own_kg)", "share", "part of imports")
    added = ""
    if "w" in sheet and sheet["w"] < 1:
        added = " + (1 - w)**2 * own_hhi"
    name = "hhi_wgi_t_eu"
    if cell[name] is not None:
        sheet.add(name, f"w**2 * imports_hhi{added}", "score")
    high = sheet.get("own_high_kg")
    if high is not None and high == sheet["own_low_kg"]:
        for end in ("_low", "_high"):
            sheet.add(f"{name}{end}", f"w**2 * imports_hhi{end}{added}", "score")
        return
    is_home = has_figures and sheet["produced_low_kg"] > 0 and not is_unlisted
    if is_home and "own_hhi" in sheet and sheet["own_hhi"] > 0:
        least = "imports_hhi_low * own_hhi / (imports_hhi_low + own_hhi)"
    elif high is not None and sheet[bought] + high > 0:
        least = f"({bought} / ({bought} + own_high_kg))**2 * imports_hhi_low"
    else:
        least = "0"
    sheet.add(f"{name}_low", least, "score", "the mix of imports and own output is open")
    sheet.add(f"{name}_high", "max(imports_hhi_high, own_worst)", "score")
