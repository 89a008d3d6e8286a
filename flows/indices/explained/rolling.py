"""How the indices over twelve months explain themselves."""

from __future__ import annotations

from flows.indices.explained.imports import judged, share_of
from flows.indices.explained.sheet import Read, Row, Sheet
from flows.indices.explained.supply import Supply
from flows.indices.explained.trade import by_exporter, counts

MONTHS = 12


def rolling_share(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.rolling_share`."""
    sheet = Sheet()
    share_of(sheet, bought(sheet, read, cell), cell)
    return sheet


def rolling_concentration(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.rolling_concentration`."""
    sheet = Sheet()
    return judged(sheet, bought(sheet, read, cell), cell)


def bought(sheet: Sheet, read: Read, cell: Row) -> Supply:
    """Write what an importer buys from each exporter in the window, month by month and by code."""
    reporter = {name: cell[name] for name in ("source", "edition", "importer_iso3")}
    rows = [
        row
        for row in read("mart.monthly_trade", **reporter, year=[cell["year"] - 1, cell["year"]])
        if 0 <= number(cell) - number(row) < MONTHS
    ]
    known = sorted({number(row) for row in rows})
    for month in known:
        sheet.add(f"month_{month // MONTHS}_{month % MONTHS + 1}", "1", "", "is reported")
    named = (f"month_{month // MONTHS}_{month % MONTHS + 1}" for month in known)
    sheet.add("months", f"count({', '.join(named)})", "count")
    series = {name: cell[name] for name in ("mineral", "stage", "source", "edition")}
    codes = {row["hs6"]: row for row in read("mart.basket", **series, exclusion=None)}
    summed = [row for row in rows if row["hs6"] in codes and counts(codes[row["hs6"]], row["year"])]
    return by_exporter(
        sheet, read, cell, summed, lambda row: f"{row['hs6']} {row['year']}-{row['month']:02}"
    )


def number(row: Row) -> int:
    """Number a row's month, so that a month more is 1 more."""
    return int(row["year"]) * MONTHS + int(row["month"]) - 1
