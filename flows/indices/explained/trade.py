"""Rows of trade as lines: what an importer buys, and what the world's exporters sell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from flows.indices.explained.sheet import Not, Read, Row, Sheet, of_series, plus
from flows.indices.explained.supply import Amount, Supply, supplied
from flows.indices.formulas.mineral_rows import ENDLESS

AMOUNT = {"value": "value_usd", "mass": "mass_kg"}
UNIT = {"value": "USD", "mass": "kg"}

Terms = dict[str, list[tuple[int, str]]]
"""Supplier -> its figures, each with what it is of."""


def members(read: Read, economy: str, year: int) -> list[str]:
    """Give the members of a bloc in a year; none where it is no bloc."""
    rows = read("ref.bloc_member", bloc=economy)
    return sorted(
        {
            row["iso3"]
            for row in rows
            if (row["from_year"] or 0) <= year <= (row["to_year"] or ENDLESS)
        }
    )


def blocs(read: Read) -> Not:
    """Give all importers but blocs."""
    return Not(tuple(row["bloc"] for row in read("ref.bloc")))


def bought_rows(read: Read, cell: Row) -> list[Row]:
    """Give the rows of `mart.trade` under the codes of a cell's basket that are summed.

    A code counts in the years in which it means the mineral, and only where it mixes no others.
    """
    series = {name: cell[name] for name in ("mineral", "stage", "source", "edition")}
    year = int(cell["year"])
    codes = {row["hs6"]: row for row in read("mart.basket", **series, exclusion=None)}
    inside = members(read, cell["importer_iso3"], year)
    buyers = inside or [cell["importer_iso3"]]
    # Rows of codes that do not count are read too: where there is no number, they show why.
    rows = read(
        "mart.trade",
        source=cell["source"],
        edition=cell["edition"],
        year=year,
        hs6=list(codes),
        importer_iso3=buyers,
        exporter_iso3=Not(tuple(buyers)),
    )
    return [row for row in rows if counts(codes[row["hs6"]], year)]


def counts(code: Row, year: int) -> bool:
    """Whether a code of a basket is summed in a year."""
    begun, last = code["first_year"] <= year, code["last_year"]
    return code["specificity"] != "basket" and begun and (last is None or year <= last)


def bought(sheet: Sheet, read: Read, cell: Row, prefix: str = "") -> Supply:
    """Write what an importer buys from each exporter, from the rows by code (and member)."""
    rows = bought_rows(read, cell)
    several = len({row["importer_iso3"] for row in rows}) > 1

    def label(row: Row) -> str:
        return f"{row['importer_iso3']} {row['hs6']}" if several else str(row["hs6"])

    return by_exporter(sheet, read, cell, rows, label, prefix)


def by_exporter(  # noqa: PLR0913, PLR0917 - the sheet, and what is on it
    sheet: Sheet,
    read: Read,
    cell: Row,
    rows: Iterable[Row],
    label: Callable[[Row], str],
    prefix: str = "",
) -> Supply:
    """Write what comes from each exporter, from rows by code; `label` says what a row is of."""
    rows = list(rows)
    terms: Terms = defaultdict(list)
    for row in rows:
        if row[AMOUNT[cell["basis"]]] is not None:
            terms[row["exporter_iso3"]].append((row[AMOUNT[cell["basis"]]], label(row)))
    supply = allocated(sheet, read, terms, UNIT[cell["basis"]], prefix)
    without = [row for row in rows if row["mass_kg"] is None]
    values = {
        "value_usd": sums((row["exporter_iso3"], row["value_usd"]) for row in rows),
        "value_without_mass_usd": sums((row["exporter_iso3"], row["value_usd"]) for row in without),
    }
    weights(sheet, values, prefix)
    return supply


def sold(sheet: Sheet, read: Read, cell: Row, prefix: str = "") -> Supply:
    """Write what each exporter sells to the world, from the rows by importer."""
    return of_world(sheet, read, cell, world_rows(read, cell), prefix)


def world_rows(read: Read, cell: Row) -> list[Row]:
    """Give the rows of `mart.mineral_trade` of a series and year whose importers are no blocs."""
    return read("mart.mineral_trade", **of_series(cell), importer_iso3=blocs(read))


def of_world(sheet: Sheet, read: Read, cell: Row, rows: Iterable[Row], prefix: str = "") -> Supply:
    """Write what each exporter of these rows sells."""
    rows = list(rows)
    terms: Terms = defaultdict(list)
    for row in rows:
        if row[AMOUNT[cell["basis"]]] is not None:
            amount = row[AMOUNT[cell["basis"]]]
            terms[row["exporter_iso3"]].append((amount, row["importer_iso3"]))
    supply = allocated(sheet, read, terms, UNIT[cell["basis"]], prefix)
    names = ("value_usd", "value_without_mass_usd")
    values = {name: sums((row["exporter_iso3"], row[name] or 0) for row in rows) for name in names}
    weights(sheet, values, prefix)
    return supply


def allocated(sheet: Sheet, read: Read, terms: Terms, unit: str, prefix: str) -> Supply:
    """Write amounts by exporter, apart where an exporter is no country."""
    kinds = {row["iso3"]: row["kind"] for row in read("ref.country", iso3=list(terms))}
    amounts = {who: Amount(*zip(*found, strict=True)) for who, found in terms.items()}
    nobodys = {who: one for who, one in amounts.items() if kinds[who] == "unallocated"}
    named = {who: one for who, one in amounts.items() if who not in nobodys}
    return supplied(sheet, named, nobodys, unit, prefix)


def sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sum by name; names whose sum is 0 are left out."""
    found: dict[str, int] = defaultdict(int)
    for name, amount in pairs:
        found[name] += amount
    return {name: found[name] for name in sorted(found) if found[name]}


def weights(sheet: Sheet, values: Mapping[str, Mapping[str, int]], prefix: str) -> None:
    """Write which part of the value has rows without weight."""
    for name, amounts in values.items():
        sheet.add(f"{prefix}{name}", plus(amounts.values()), "USD", plus(amounts))
    if sheet[f"{prefix}value_usd"] > 0:
        share = f"{prefix}value_without_mass_usd / {prefix}value_usd"
        sheet.add(f"{prefix}weight_missing_share", share, "share")
