"""How the indices over an importer's suppliers, and over the world's, explain themselves."""

from __future__ import annotations

from collections.abc import Sequence

from flows.indices.explained.sheet import Read, Row, Sheet, literal, plus, within
from flows.indices.explained.supply import Supply, concentration, counted, shares
from flows.indices.explained.trade import UNIT, bought, sold

ENDS = ("", "_low", "_high")


def import_share(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.import_share`."""
    sheet = Sheet()
    share_of(sheet, bought(sheet, read, cell), cell)
    return sheet


def share_of(sheet: Sheet, supply: Supply, cell: Row) -> None:
    """Write the share of a cell's exporter, and its bounds."""
    if cell["import_share"] is None:
        return
    x, whole = supply.x(cell["exporter_iso3"]), supply.whole
    sheet.add("import_share", f"{x} / {supply.total}", "share")
    sheet.add("import_share_low", f"{x} / {whole}", "share", "the rest is nobody's")
    high = f"({x} + {supply.unallocated}) / {whole}"
    sheet.add("import_share_high", high, "share", "the rest is this exporter's")


def import_concentration(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.import_concentration`."""
    sheet = Sheet()
    return judged(sheet, bought(sheet, read, cell), cell)


def export_concentration(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.export_concentration`."""
    sheet = Sheet()
    return judged(sheet, sold(sheet, read, cell), cell)


def judged(sheet: Sheet, supply: Supply, cell: Row) -> Sheet:
    """Write the concentration of a cell, or where it has a reason only what is still known."""
    if cell["reason"] is None:
        concentration(supply)
    else:
        counted(supply)
    return sheet


def supplier_turnover(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.supplier_turnover`."""
    sheet = Sheet()
    now = bought(sheet, read, cell)
    before = bought(sheet, read, {**cell, "year": cell["year"] - 1}, "before_")
    if cell["reason"] is not None:
        return sheet
    both = [who for who in now.suppliers if who in before.suppliers]
    least = [f"min({now.s(who)}, {before.s(who)})" for who in both]
    shares(now)
    shares(before)
    sheet.add("turnover", f"1 - ({plus(least)})", "share", "1 - what both years have in common")
    kept = [f"min({now.x(who)} / {now.whole}, {before.x(who)} / {before.whole})" for who in both]
    sheet.add("turnover_high", f"1 - ({plus(kept)})", "share", "the rest changed")
    rest = f"{now.unallocated} / {now.whole} - {before.unallocated} / {before.whole}"
    low = within(f"turnover_high - {rest}", 0, None)
    sheet.add("turnover_low", low, "share", "the rest did not change")
    return sheet


def non_allied_share(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.non_allied_share`."""
    sheet = Sheet()
    supply = bought(sheet, read, cell)
    if cell["reason"] is not None:
        return sheet
    listed = read("ref.alliance_member", alliance=cell["alliance"], version=cell["version"])
    allies = {row["iso3"] for row in listed}
    others = [supply.x(who) for who in supply.suppliers if who not in allies]
    u, whole = supply.unallocated, supply.whole
    sheet.add("others", plus(others), UNIT[cell["basis"]], f"not in {cell['alliance']}")
    sheet.add("non_allied_share", f"others / {supply.total}", "share")
    sheet.add("non_allied_share_low", f"others / {whole}", "share", "the rest is allied")
    sheet.add("non_allied_share_high", f"(others + {u}) / {whole}", "share", "none of it is")
    return sheet


def cap_distance(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.cap_distance`."""
    sheet = Sheet()
    supply = bought(sheet, read, cell)
    if cell["reason"] is not None:
        return sheet
    cap = read("ref.cap", cap=cell["cap"])[0]
    sheet.add("cap", literal(cap["share"]), "share", cap["source"])
    unit, top, total, u = UNIT[cell["basis"]], supply.largest, supply.total, supply.unallocated
    ends = ((top, total), (top, supply.whole), (f"({top} + {u})", supply.whole))
    for end, (most, everything) in zip(ENDS, ends, strict=True):
        moved = within(f"{most} - cap * {everything}", 0, None)
        sheet.add(f"reallocate_amount{end}", moved, unit)
        added = within(f"{most} / cap - {everything}", 0, None)
        sheet.add(f"added_amount{end}", added, unit)
    sheet.add("above_cap", "reallocate_amount > 0")
    return sheet


def met(sheet: Sheet, name: str, value: str, limit: Row) -> None:
    """Write whether a value meets a threshold of `ref.threshold`: 1 yes, 0 no."""
    sign = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}[limit["comparison"]]
    threshold = f"{value} {sign} {literal(limit['threshold'])}"
    sheet.add(name, threshold, "", f"{limit['screen']} {limit['criterion']}: {limit['source']}")


def flagged_years(sheet: Sheet, read: Read, column: str, cell: Row, windows: Sequence[int]) -> None:
    """Write in how many of the last years the same cell was flagged, and in how many known.

    Args:
        sheet: where to.
        read: reads the flags as published, 1 or 0.
        column: table and column of the flag.
        cell: what the rows of all years share, and the year.
        windows: lengths in years, this year included.

    """
    table, _, flag = column.rpartition(".")
    for window in windows:
        years = range(cell["year"] - window + 1, cell["year"] + 1)
        rows = {row["year"]: row[flag] for row in read(table, **{**cell, "year": list(years)})}
        known = [year for year in years if rows.get(year) is not None]
        for year in known:
            sheet.add(f"{flag}_{year}", str(int(rows[year])), "", f"{column} of {year}")
        named = [f"{flag}_{year}" for year in known]
        sheet.add(f"years_flagged_{window}", plus(named), "count")
        sheet.add(f"years_known_{window}", f"count({', '.join(named)})", "count")
