"""The two maps of the report: rows of each source by year, and each table by kind of check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from flows.gate.contract import OUTCOMES, Outcome, Verdict, summary
from flows.report.quality_families import FAMILIES, Family, family_of
from flows.report.quality_verdict import Remark
from flows.report.quality_words import short

STEPS = ((10_000, 5), (1_000, 4), (100, 3), (10, 2), (1, 1), (0, 0))
"""Rows from which a cell of the coverage has which shade."""

YEARS_SHOWN = 32
"""Years that fit across a page; earlier ones are added up in one column."""

SCHEMAS: Mapping[str, str] = {
    "view": "What analysts query first",
    "indices": "Indices",
    "mart": "Figures of the sources",
    "quality": "Quality",
    "ref": "Facts: names, codes, units, lists",
    "meta": "What the file says of itself",
}
"""Schema -> what its tables are, in the order in which a reader meets them."""


def coverage_grid(coverage: pl.DataFrame, sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Arrange coverage as one line for each source and edition, one cell for each year.

    A year without rows between the first and the last of a line is a gap. An edition without
    years has its rows apart.
    """
    cells: dict[tuple[str, str], dict[int | None, int]] = {}
    for source, edition, year, rows in coverage.select("source", "edition", "year", "rows").rows():
        line = cells.setdefault((source, edition), {})
        line[year] = line.get(year, 0) + rows
    for one in sources:
        cells.setdefault((one["id"], one["edition"]), {None: one["rows"] or 0})
    known = {year for line in cells.values() for year in line if year is not None}
    years = list(range(min(known), max(known) + 1)) if known else []
    shown = years[-YEARS_SHOWN:]
    earlier = years[: -len(shown)] if shown else []
    lines = [_line(name, cells[name], earlier, shown) for name in sorted(cells)]
    return {
        "heads": [*(f"to {year}" for year in earlier[-1:]), *(str(year) for year in shown)],
        "lines": lines,
        "yearless": any(line["yearless"] for line in lines),
        "gaps": sum(len(line["gaps"]) for line in lines),
    }


def _line(
    name: tuple[str, str], line: Mapping[int | None, int], earlier: list[int], shown: list[int]
) -> dict[str, Any]:
    held = sorted(year for year, rows in line.items() if year is not None and rows)
    inside = range(held[0], held[-1] + 1) if held else range(0)
    gaps = [year for year in inside if not line.get(year)]
    before = [_cell(sum(line.get(year, 0) for year in earlier), is_gap=False)] if earlier else []
    return {
        "source": name[0],
        "edition": name[1],
        "cells": [*before, *(_cell(line.get(y, 0), is_gap=y in gaps) for y in shown)],
        "first": held[0] if held else None,
        "last": held[-1] if held else None,
        "gaps": gaps,
        "yearless": line.get(None, 0),
        "total": sum(line.values()),
    }


def _cell(rows: int, *, is_gap: bool) -> dict[str, Any]:
    shade = next(shade for floor, shade in STEPS if rows >= floor)
    return {"rows": rows, "shade": shade, "text": short(rows), "gap": is_gap}


def all_tables(
    tables: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict]
) -> list[dict[str, Any]]:
    """Tables as given, and after them any that only a check speaks of, such as a lost one.

    `verdicts` come the worst first.
    """
    given = {table["table"] for table in tables}
    lost = sorted({v.check.table for v in verdicts} - given)
    every = [*tables, *({"table": name, "rows": None, "meaning": ""} for name in lost)]
    own: dict[str, list[Verdict]] = {}
    for v in verdicts:
        own.setdefault(v.check.table, []).append(v)
    return [
        {
            **table,
            "number": place,
            "verdicts": own.get(table["table"], []),
            "counts": {k: n for k, n in summary(own.get(table["table"], [])).items() if n},
            "worst": worst_of(own.get(table["table"], [])),
        }
        for place, table in enumerate(every, start=1)
    ]


def worst_of(verdicts: Sequence[Verdict]) -> Outcome:
    """The outcome that stands for several; no check at all is no pass.

    What did not apply stands for them only where nothing else was asked.
    """
    if not verdicts:
        return "vacuous"
    found = {v.outcome for v in verdicts}
    if found > {"not_applicable"}:
        found -= {"not_applicable"}
    return min(found, key=OUTCOMES.index)


def check_grid(tables: Sequence[dict[str, Any]], remarks: Sequence[Remark]) -> dict[str, Any]:
    """Arrange tables by schema, and the checks of each by family: a cell has the worst outcome.

    `tables` are those of `all_tables`. A family that no check belongs to has no column.
    """
    number = {v.check.id: remark.number for remark in remarks for v in remark.verdicts}
    used = {family_of(v.check).id for table in tables for v in table["verdicts"]}
    families = [family for family in FAMILIES if family.id in used]
    groups: dict[str, list[dict[str, Any]]] = {}
    for table in tables:
        groups.setdefault(table["table"].partition(".")[0], []).append(table)
    order = [*(s for s in SCHEMAS if s in groups), *sorted(groups.keys() - SCHEMAS.keys())]
    return {
        "families": families,
        "groups": [
            {
                "schema": schema,
                "title": SCHEMAS.get(schema, schema),
                "total": check_cells(
                    [v for t in groups[schema] for v in t["verdicts"]], families, {}
                ),
                "lines": [
                    {
                        **table,
                        "name": table["table"].removeprefix(f"{schema}."),
                        "cells": check_cells(table["verdicts"], families, number),
                    }
                    for table in groups[schema]
                ],
            }
            for schema in order
        ],
    }


def check_cells(
    verdicts: Sequence[Verdict], families: Sequence[Family], number: Mapping[str, int]
) -> list[dict[str, Any] | None]:
    """One cell for each family: outcome, how many checks have it, of how many; null without any.

    `number` gives the remark that a check is spoken of in.
    """
    by_family: dict[str, list[Verdict]] = {}
    for v in verdicts:
        by_family.setdefault(family_of(v.check).id, []).append(v)
    cells: list[dict[str, Any] | None] = []
    for family in families:
        own = by_family.get(family.id)
        if not own:
            cells.append(None)
            continue
        outcome = worst_of(own)
        struck = [v for v in own if v.outcome == outcome]
        remark = next((number[v.check.id] for v in struck if v.check.id in number), None)
        cells.append({"outcome": outcome, "n": len(struck), "of": len(own), "remark": remark})
    return cells
