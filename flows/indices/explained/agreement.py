"""How the agreement of sources explains itself."""

from __future__ import annotations

from flows.indices.explained.sheet import Read, Row, Sheet, plus
from flows.indices.explained.supply import Supply, shares
from flows.indices.explained.trade import bought_rows, by_exporter, counts


def source_agreement(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.source_agreement`."""
    sheet = Sheet()
    is_mirror = cell["against"] == "mirror"
    other = {**cell, "source": cell["other_source"], "edition": cell["other_edition"]}
    rows = bought_rows(read, cell)
    if is_mirror:
        there = {name: other[name] for name in ("source", "edition", "year")}
        reporters = {row["exporter_iso3"] for row in read("mart.mirror_trade", **there)}
        everything = by_exporter(sheet, read, cell, rows, code, "all_")
        rows = [row for row in rows if row["exporter_iso3"] in reporters]
    own = by_exporter(sheet, read, cell, rows, code, "own_")
    theirs = mirrored_rows(read, other) if is_mirror else bought_rows(read, other)
    others = by_exporter(sheet, read, other, theirs, code, "other_")
    either = sorted({*own.suppliers, *others.suppliers})
    names = [(own if who in own.suppliers else others).x(who) for who in either]
    sheet.add("exporters", f"count({', '.join(names)})", "count")
    if cell["reason"] is not None:
        return sheet
    compared(sheet, own, others, either)
    part = f"{own.whole} / {everything.whole}" if is_mirror else "1"
    sheet.add("compared_share", part, "share", "what the other side could know of")
    return sheet


def code(row: Row) -> str:
    """Say what a row is of."""
    return f"{row['importer_iso3']} {row['hs6']}"


def mirrored_rows(read: Read, cell: Row) -> list[Row]:
    """Give the rows of exports to an importer, under the codes of the basket that are summed."""
    series = {name: cell[name] for name in ("mineral", "stage", "source", "edition")}
    codes = {row["hs6"]: row for row in read("mart.basket", **series, exclusion=None)}
    there = {name: cell[name] for name in ("source", "edition", "year", "importer_iso3")}
    rows = read("mart.mirror_trade", **there, hs6=list(codes))
    return [row for row in rows if counts(codes[row["hs6"]], int(cell["year"]))]


def compared(sheet: Sheet, own: Supply, others: Supply, either: list[str]) -> None:
    """Write the shares of both sides, and how far they are apart."""
    shares(own)
    shares(others)
    gaps = []
    for who in either:
        mine = own.s(who) if who in own.suppliers else "0"
        theirs = others.s(who) if who in others.suppliers else "0"
        gap = f"gap_{who}"
        sheet.add(gap, f"max({mine} - {theirs}, {theirs} - {mine})", "share")
        gaps.append(gap)
    sheet.add("amount_ratio", f"{own.whole} / {others.whole}", "ratio")
    sheet.add("share_distance", f"({plus(gaps)}) / 2", "share")
    sheet.add("overlap", "1 - share_distance", "share")
    sheet.add("largest_difference", f"max({', '.join(gaps)})", "share")
