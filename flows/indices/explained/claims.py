"""How cells of claims, and the verdicts on claims, explain themselves."""

from __future__ import annotations

from flows.indices.explained.sheet import Read, Row, Sheet, literal, within
from flows.indices.explained.supply import Supply, shares
from flows.indices.explained.trade import by_exporter, members
from flows.indices.formulas.claim_question import half_unit_of, interval
from flows.indices.formulas.mineral_rows import ENDLESS

PRIMARY = {"primary_low_share": "share_low", "primary_high_share": "share_high"}


def claim_cell(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.claim_cell`."""
    sheet = Sheet()
    share_lines(sheet, cell, read)
    told = read("indices.claim_verdict", claim_id=cell["claim_id"])
    if told and cell["distance"] is not None:
        sheet.add("distance", distance(told[0]), "share")
    return sheet


def distance(told: Row) -> str:
    """Write how far a share is from the figure, or from what meets the claim."""
    stated, low, high = (told[f"stated_{name}share"] for name in ("", "low_", "high_"))
    if stated is not None:
        return f"max(share - {literal(stated)}, {literal(stated)} - share)"
    ends = [f"{literal(low)} - share"] if low is not None else []
    ends += [f"share - {literal(high)}"] if high is not None else []
    return f"max(0, {', '.join(ends)})"


def share_lines(sheet: Sheet, cell: Row, read: Read) -> None:
    """Write the share of a cell and its bounds, from the rows by code; none where it has none."""
    if cell["share_low"] is None:
        return
    rows = sold_rows(read, cell)
    supply = by_exporter(
        sheet, read, cell, rows, lambda row: f"{row['importer_iso3']} {row['hs6']}"
    )
    who = cell["exporter_iso3"]
    x = supply.x(who) if who in supply.suppliers else "0"
    if cell["reason"] == "basket_code":
        bounds(sheet, read, cell, (x, supply.total))
        return
    sheet.add("share", f"{x} / {supply.total}", "share")
    sheet.add("share_low", f"{x} / {supply.whole}", "share", "the rest is nobody's")
    high = f"({x} + {supply.unallocated}) / {supply.whole}"
    sheet.add("share_high", high, "share", "the rest is this exporter's")
    spread(sheet, supply, x)


def spread(sheet: Sheet, supply: Supply, x: str) -> None:
    """Write the concentration of a cell's exporters, and the rank of the one asked about."""
    shares(supply)
    sheet.add("hhi", " + ".join(f"{supply.s(who)}**2" for who in supply.suppliers), "hhi")
    above = [supply.x(who) for who in supply.suppliers]
    sheet.add("rank", " + ".join(["1", *(f"({one} > {x})" for one in above)]), "rank")


def bounds(sheet: Sheet, read: Read, cell: Row, amounts: tuple[str, str]) -> None:
    """Write the bounds of a share of a code that mixes minerals."""
    x, total = amounts
    parts = [form["component_low"] for form in forms_of(read, cell)]
    if None in parts:
        # Who sells none of the code sells none of the mineral, and who sells all of it all.
        sheet.add("share_low", f"({x} >= {total})", "share")
        sheet.add("share_high", f"({x} > 0)", "share")
        return
    least = sheet.add("component", f"min({', '.join(literal(part) for part in parts)}, 1)", "share")
    if not least:
        sheet.add("share_low", "0", "share")
        sheet.add("share_high", "1", "share")
        return
    part = f"(component * {total})"
    sheet.add("share_low", within(f"({x} + {part} - {total}) / {part}"), "share")
    sheet.add("share_high", within(f"{x} / {part}"), "share")


def forms_of(read: Read, cell: Row) -> list[Row]:
    """Give the forms of a cell's mineral, or of any, that its codes stand for in its year."""
    mineral = {"mineral": cell["mineral"]} if cell["mineral"] is not None else {}
    year = cell["year"]
    found: list[Row] = []
    for code in read("ref.form_code", hs6=cell["hs6"].split("+"), **mineral):
        (form,) = read("ref.form", mineral=code["mineral"], form=code["form"])
        if form["first_year"] <= year <= (form["last_year"] or ENDLESS):
            found.append({**form, "hs6": code["hs6"]})
    return found


def sold_rows(read: Read, cell: Row) -> list[Row]:
    """Give the rows that a cell sums, importers and exporters named as they act in it."""
    codes = set(cell["hs6"].split("+"))
    if cell["mineral"] is not None:
        mixes = cell["reason"] == "basket_code"
        forms = forms_of(read, cell)
        codes = {f["hs6"] for f in forms if (f["specificity"] == "basket") == mixes}
    acts = acting(read, cell)
    importer = cell["importer_iso3"]
    buyers = [own for own, actor in acts.items() if actor == importer]
    where = {"importer_iso3": sorted({importer, *buyers})} if importer is not None else {}
    is_mirror = cell["side"] == "exporter"
    rows = read(
        "mart.mirror_trade" if is_mirror else "mart.trade",
        source=cell["source"],
        edition=cell["edition"].split("+"),
        year=cell["year"],
        hs6=sorted(codes),
        **where,
    )
    # A member that buys of its own bloc is asked about for itself.
    buys_as = {own: actor for own, actor in acts.items() if importer in {None, actor}}
    named: list[Row] = [
        {
            **row,
            "importer_iso3": buys_as.get(row["importer_iso3"], row["importer_iso3"]),
            "exporter_iso3": acts.get(row["exporter_iso3"], row["exporter_iso3"]),
        }
        for row in rows
    ]
    return [
        row
        for row in named
        if row["importer_iso3"] != row["exporter_iso3"] and importer in {None, row["importer_iso3"]}
    ]


def acting(read: Read, cell: Row) -> dict[str, str]:
    """Say who acts as whom in a cell: members as their bloc, territories as their country."""
    parties = [cell[name] for name in ("importer_iso3", "exporter_iso3") if cell[name] is not None]
    acts = {}
    if cell["territories"]:
        acts = {row["iso3"]: row["of_iso3"] for row in read("ref.territory")}
    for party in reversed(parties):
        acts |= dict.fromkeys(members(read, party, cell["year"]), party)
    return acts


def claim_verdict(row: Row, read: Read) -> Sheet:
    """Explain a row of `indices.claim_verdict`."""
    sheet = Sheet()
    stated(sheet, row, read)
    cells = read("indices.claim_cell", claim_id=row["claim_id"])
    primary = [cell for cell in cells if cell["is_primary"]]
    if row["questions"] == 1 and primary:
        own = Sheet()
        share_lines(own, primary[0], read)
        sheet.embed(own, "primary_")
        for name, line in PRIMARY.items():
            if line in own:
                sheet.add(name, f"primary_{line}", "share")
    years = {cell["question"]: cell["year"] for cell in primary}
    known = [cell for cell in cells if cell["share"] is not None]
    there = [literal(c["share"]) for c in known if c["year"] == years.get(c["question"])]
    if there:
        sheet.add("range_low_share", f"min({', '.join([*there, there[0]])})", "share")
        sheet.add("range_high_share", f"max({', '.join([*there, there[0]])})", "share")
    if row["nearest_share"] is not None:
        nearest = min(cell["distance"] for cell in known if cell["distance"] is not None)
        close = [cell["share"] for cell in known if cell["distance"] == nearest]
        sheet.add("nearest_share", literal(close[close.index(row["nearest_share"])]), "share")
    sheet.add("questions", str(len({cell["question"] for cell in cells})), "count")
    sheet.add("cells", str(len(cells)), "count")
    sheet.add("computed_cells", str(len(known)), "count")
    return sheet


def stated(sheet: Sheet, row: Row, read: Read) -> None:
    """Write the figure that a claim states, and what meets it."""
    (claim,) = read("mart.claim", claim_id=row["claim_id"])
    word = read("ref.claim_word", word=row["word"])[0] if row["word"] else {}
    if row["stated_share"] is not None:
        (unit,) = read("ref.unit", unit=claim["unit"])
        factor = unit["factor"]
        figure = sheet.add("stated_share", f"{claim['value']:g} * {literal(factor)}", "share")
        half = half_unit_of(f"{claim['value']:g}") * factor
        kind = word.get("kind", "exact")
        low, high, _ = interval(float(figure), half, kind, word.get("allowance"))
    else:
        low, high = word.get("threshold") if row["questions"] else None, None
    for name, end in (("stated_low_share", low), ("stated_high_share", high)):
        if end is not None:
            sheet.add(name, literal(end), "share")
