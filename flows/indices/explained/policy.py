"""How the indices on policy measures explain themselves."""

from __future__ import annotations

from datetime import date
from typing import Any

from flows.indices.explained.sheet import Read, Row, Sheet, literal, plus
from flows.indices.explained.supply import Supply
from flows.indices.explained.trade import (
    AMOUNT,
    UNIT,
    bought,
    bought_rows,
    by_exporter,
    counts,
    members,
)
from flows.indices.formulas.mineral_rows import ENDLESS
from flows.indices.formulas.policy_spells import ALL_TRADE, EVERYBODY
from flows.indices.formulas.windows import MONTHS

KG_PER_T = 1000
SHARES = ("exposed_share", "exposed_share_low", "exposed_share_high", "weighted_share")


def policy_calendar(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.policy_calendar`."""
    sheet = Sheet()
    key = {name: cell[name] for name in ("source", "edition", "measure")}
    found = [row["severity"] for row in read("mart.measure", **key)]
    if found[0] is not None:
        sheet.add("severity", literal(found[0]), "ratio", f"of a {cell['kind']}")
    return sheet


def policy_exposure(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.policy_exposure`."""
    sheet = Sheet()
    if not cell["measures"]:
        for name in SHARES:
            sheet.add(name, "0", "share", "no measure is in force")
        return sheet
    supply = bought(sheet, read, cell)
    if cell["reason"] is not None:
        return sheet
    held = in_force(cell, read)
    exposed = [who for who in supply.suppliers if who in cell["exporters"]]
    unit, u = UNIT[cell["basis"]], supply.unallocated
    rows = bought_rows(read, cell)
    for who in exposed:
        theirs = [row for row in held if row["exporter_iso3"] == who]
        worst = max((row["severity"] or 0 for row in theirs), default=0)
        named = {row["measure"] for row in theirs}
        sheet.add(
            f"severity_{who}", literal(worst), "ratio", f"worst of {', '.join(sorted(named))}"
        )
        codes = {row["hs6"] for row in theirs}
        covered = [
            row[AMOUNT[cell["basis"]]] or 0
            for row in rows
            if row["exporter_iso3"] == who and row["hs6"] in codes
        ]
        sheet.add(f"covered_{who}", plus(covered), unit, plus(sorted(codes)))
    sheet.add("exposed", plus(supply.x(who) for who in exposed), unit, "under a measure")
    weighted = plus(f"{supply.x(who)} * severity_{who}" for who in exposed)
    covered_by = plus(f"covered_{who}" for who in exposed)
    sheet.add("exposed_share", f"exposed / {supply.total}", "share")
    sheet.add("exposed_share_low", f"({covered_by}) / {supply.whole}", "share", "codes named")
    sheet.add("exposed_share_high", f"(exposed + {u}) / {supply.whole}", "share", "the rest is too")
    sheet.add("weighted_share", f"({weighted}) / {supply.total}", "share")
    return sheet


def in_force(cell: Row, read: Read) -> list[dict[str, Any]]:
    """Give the intervals that hold on the first day of a stretch, each with a code it is about."""
    series = {name: cell[name] for name in ("mineral", "stage", "source", "edition")}
    codes = read("mart.basket", **series, exclusion=None)
    rows = read(
        "mart.measure_in_force",
        mineral=cell["mineral"],
        form=sorted({code["form"] for code in codes}),
        exporter_iso3=list(cell["exporters"]),
        importer_iso3=[EVERYBODY, cell["importer_iso3"]],
        restricts=True,
        scope=ALL_TRADE,
    )
    day = cell["in_force_from"]
    return [
        {**row, "hs6": code["hs6"]}
        for row in rows
        for code in codes
        if code["form"] == row["form"]
        and row["in_force_from"] <= day <= (row["in_force_to"] or date.max)
    ]


def event_window(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.event_window`."""
    sheet = Sheet()
    for window, sign in (("before", -1), ("after", 1)):
        amount = f"{window}_amount"
        periods = counted(cell, read, sign)
        written = ", ".join(str(period) for period in periods)
        sheet.add(f"periods_{window}", f"count({written})" if periods else "0", "count")
        value = cell[window] if cell[amount] is None else cell[amount]
        if value is None:
            continue
        rows = [row for period in periods for row in rows_of(cell, read, period)]
        supply = by_exporter(sheet, read, cell, rows, label, f"{window}_")
        name = window if cell[amount] is None else amount
        sheet.add(name, figure(sheet, supply, cell, rows), cell["unit"], cell["side"])
    if cell["change"] is not None:
        sheet.add("change", "after - before")
    if cell["change_ratio"] is not None:
        end = "" if cell["before_amount"] is None else "_amount"
        sheet.add("change_ratio", f"after{end} / before{end}", "ratio")
    return sheet


def figure(sheet: Sheet, supply: Supply, cell: Row, rows: list[Row]) -> str:
    """Write a figure of one side of a window."""
    is_issuers = cell["side"] == "issuer"
    whose = [who for who in supply.suppliers if (who == cell["exporter_iso3"]) == is_issuers]
    side, window = f"{supply.prefix}side", supply.prefix
    sheet.add(side, plus(supply.x(who) for who in whose), UNIT[cell["basis"]], cell["side"])
    if cell["figure"] == "import_share":
        return f"{side} / {supply.total}"
    if cell["figure"] == "hhi":
        everybody = supply.suppliers if is_issuers else whose
        whole = supply.total if is_issuers else side
        return plus(f"({supply.x(who)} / {whole})**2" for who in everybody)
    if cell["figure"] == "mass_kg":
        return f"{side} / periods_{window.rstrip('_')}"
    usd = [row["value_usd"] for row in rows if row["exporter_iso3"] in whose and row["mass_kg"]]
    sheet.add(f"{window}usd", plus(usd), "USD", "of what has a weight")
    return f"{window}usd * {KG_PER_T} / {side}"


def counted(cell: Row, read: Read, sign: int) -> list[int]:
    """Give the years, or months since the year 0, of a window that count."""
    day = cell["day"]
    is_yearly = cell["frequency"] == "year"
    at = day.year if is_yearly else day.year * MONTHS + day.month - 1
    steps = sorted(at + sign * step for step in range(1, cell["span"] + 1))
    return [period for period in steps if known(cell, read, period)]


def known(cell: Row, read: Read, period: int) -> bool:
    """Whether the importer reports the period, its codes are in force, and no reason is against."""
    whose = {name: cell[name] for name in ("importer_iso3", "source", "edition")}
    series = {name: cell[name] for name in ("mineral", "stage", "source", "edition")}
    codes = read("mart.basket", **series, exclusion=None)
    year = period if cell["frequency"] == "year" else period // MONTHS
    begun = min(code["first_year"] for code in codes) <= year
    if not begun or year > max(code["last_year"] or ENDLESS for code in codes):
        return False
    if cell["frequency"] == "month":
        return bool(read("mart.monthly_trade", **whose, year=year, month=period % MONTHS + 1))
    cells = read("indices.import_concentration", **whose, year=year, basis=cell["basis"])
    own = (cell["mineral"], cell["stage"])
    reasons = [row["reason"] for row in cells if (row["mineral"], row["stage"]) == own]
    return bool(cells) and all(why in {None, "no_trade"} for why in reasons)


def rows_of(cell: Row, read: Read, period: int) -> list[Row]:
    """Give the rows by code of one period that are summed."""
    if cell["frequency"] == "year":
        return [{**row, "period": period} for row in bought_rows(read, {**cell, "year": period})]
    year, month = period // MONTHS, period % MONTHS + 1
    series = {name: cell[name] for name in ("mineral", "stage", "source", "edition")}
    codes = {row["hs6"]: row for row in read("mart.basket", **series, exclusion=None)}
    rows = read(
        "mart.monthly_trade",
        source=cell["source"],
        edition=cell["edition"],
        year=year,
        month=month,
        hs6=list(codes),
        importer_iso3=members(read, cell["importer_iso3"], year) or [cell["importer_iso3"]],
    )
    return [
        {**row, "period": f"{year}-{month:02}"} for row in rows if counts(codes[row["hs6"]], year)
    ]


def label(row: Row) -> str:
    """Say what a row is of."""
    return f"{row['importer_iso3']} {row['hs6']} {row['period']}"
