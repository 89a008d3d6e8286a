"""How the states of alerts explain themselves: by the figure that the rule watches."""

from __future__ import annotations

from flows.indices.explained.sheet import Read, Row, Sheet, literal, plus

KEY = ("importer_iso3", "mineral", "stage", "basis", "source", "edition")


def alert(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.alert`."""
    sheet = Sheet()
    (rule,) = read("ref.alert_rule", rule=cell["rule"])
    sheet.add("on_at", literal(rule["on_at"]), rule["unit"], rule["source"])
    sheet.add("off_at", literal(rule["off_at"]), rule["unit"], rule["hysteresis_why"] or "")
    years = figures(cell, rule, read)
    expressions = {year: expression(year, years, rule) for year in years}
    known = [year for year, written in expressions.items() if written]
    sheet.add("known_years", plus("1" for _ in known), "count", "years with a number")
    if cell["value"] is not None:
        about = f"{rule['table']}.{rule['column']}"
        sheet.add("value", expressions[cell["year"]], rule["unit"], about)
    return sheet


def figures(cell: Row, rule: Row, read: Read) -> dict[int, list[Row]]:
    """Rows of the watched table that belong to the series, by year."""
    where: dict[str, object] = dict(text.split("=", 1) for text in rule["filters"])
    where |= {name: cell[name] for name in KEY if cell[name] is not None}
    years: dict[int, list[Row]] = {}
    for row in read(rule["table"], **where):
        years.setdefault(row["year"], []).append(row)
    return years


def expression(year: int, years: dict[int, list[Row]], rule: Row) -> str:
    """Write what is held against the thresholds in a year; empty where it has no number."""
    if rule["kind"] == "rank":
        return rank(years[year], rule)
    now, before = (figure(years.get(one, []), rule) for one in (year, year - 1))
    if rule["kind"] == "level":
        return now
    if not now or not before:
        return ""
    if rule["kind"] == "change":
        return f"{now} - {before}"
    return f"{now} / {before} - 1" if float(before.strip("()")) != 0 else ""


def figure(rows: list[Row], rule: Row) -> str:
    """The figure of the one row of a year; empty where there is none."""
    values = [row[rule["column"]] for row in rows if row[rule["column"]] is not None]
    return literal(float(values[0])) if values else ""


def rank(rows: list[Row], rule: Row) -> str:
    """Count who has more than the one that the rule is about."""
    name, value = rule["ranked"].split("=", 1)
    known = [row for row in rows if row[rule["column"]] is not None]
    own = max((row[rule["column"]] for row in known if str(row[name]) == value), default=0.0)
    if not any(row[rule["column"]] > 0 for row in known):
        return ""
    larger = sum(row[rule["column"]] > max(own, 0.0) for row in known)
    return plus(["1"] * (larger + 1))
