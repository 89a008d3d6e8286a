"""The quality page: one HTML file that says whether the figures can be trusted, and why."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.gate.contract import BLOCKING, OUTCOMES, Outcome, Verdict, blocks, summary

FOLDER = Path(__file__).parent

WORDS: Mapping[Outcome, tuple[str, str]] = {
    "fail": ("failed", "The data break a rule that must hold. Nothing is published."),
    "error": ("broke", "The check could not be carried out. Nothing is published."),
    "vacuous": ("saw nothing", "There were no rows to check. Nothing is published."),
    "warn": ("warned", "The data are unusual, and are published with this remark."),
    "not_applicable": ("did not apply", "Something it needs is absent; it proves nothing."),
    "pass": ("passed", "The rule holds in every row."),
}
"""Outcome -> the word shown, and what it means."""

REMEDIES: Mapping[Outcome, str] = {
    "fail": "Trace the rows to their source; correct the source's labels, the facts or the code, "
    "and run again. The last published snapshot stays as it was.",
    "error": "Mend the check, or the table that it reads, and run again.",
    "vacuous": "Find out why the table is empty: a source that brought nothing, or a join that "
    "matched nothing.",
    "warn": "Look at the rows before quoting a figure from this table.",
}

STEPS = ((10_000, 5), (1_000, 4), (100, 3), (10, 2), (1, 1), (0, 0))
"""Rows from which a cell of the coverage grid has which shade."""

YEARS_SHOWN = 32
"""Years that fit across a page; earlier ones are added up in one column."""

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def quality_page(  # noqa: PLR0913 - all by name: what the page shows
    *,
    snapshot_id: str,
    verdicts: Sequence[Verdict],
    coverage: pl.DataFrame,
    sources: Sequence[Mapping[str, Any]],
    tables: Sequence[Mapping[str, Any]],
    as_of: date,
    headline: str | None = None,
) -> str:
    """Give the whole page; the same arguments give the same bytes.

    `coverage` has columns source, edition, year (may be null) and rows. Each of `sources` has
    id, title, edition, released (date or None), licence, citation, rows, fresh (None where it
    is not known) and tried_live (date or None); each of `tables` has table, rows and meaning.
    """
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    ordered = sorted(verdicts, key=_worst_first)
    page: str = (
        _environment()
        .get_template("quality.html.j2")
        .render(
            style=style,
            style_hash=digest,
            snapshot_id=snapshot_id,
            as_of=as_of,
            headline=headline,
            verdict=_verdict(ordered, sources),
            counts=summary(ordered),
            words=WORDS,
            remedies=REMEDIES,
            remarks=_remarks(ordered),
            tables=[_table(table, ordered) for table in _all_tables(tables, ordered)],
            coverage=_grid(coverage),
            sources=sources,
        )
    )
    return page


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_without_scheme,
    )
    environment.filters |= {"day": _day, "age": _age, "columns": _columns, "words": _spaced}
    return environment


def _without_scheme(value: object) -> object:
    """Show an address as text that no reader's software takes for a link out of the page."""
    if not isinstance(value, str) or "://" not in value:
        return value
    return value.replace("https://", "").replace("http://", "")


def _worst_first(verdict: Verdict) -> tuple[int, str, str]:
    return OUTCOMES.index(verdict.outcome), verdict.check.table, verdict.check.name


def _remarks(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Gather what needs attention; checks of a table silent for one reason share a remark."""
    remarks: dict[tuple[str, ...], list[Verdict]] = {}
    for v in verdicts:
        if v.outcome in REMEDIES:
            apart = v.check.name if v.rows or not v.message else ""
            remarks.setdefault((v.outcome, v.check.table, v.message, apart), []).append(v)
    return [{"first": group[0], "all": group} for group in remarks.values()]


def _verdict(verdicts: Sequence[Verdict], sources: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The verdict in one line: its weight, the sentence, and the counts in words."""
    counts = summary(verdicts)
    stopping = len(blocks(verdicts))
    if stopping:
        weight, sentence = "fail", f"Not published: {_number(stopping, 'check')} stopped it."
    elif not counts["pass"] + counts["warn"]:
        weight, sentence = "fail", "Not published: nothing was checked."
    elif counts["warn"]:
        remarks = _number(counts["warn"], "remark")
        weight, sentence = "warn", f"Fit to use, with {remarks} to read first."
    else:
        weight, sentence = "pass", "Fit to use: every check that applies has passed."
    return {"weight": weight, "sentence": sentence, "detail": _detail(verdicts, counts, sources)}


def _detail(
    verdicts: Sequence[Verdict], counts: Mapping[str, int], sources: Sequence[Mapping[str, Any]]
) -> str:
    tables = len({v.check.table for v in verdicts})
    parts = [f"{counts[outcome]:,} {WORDS[outcome][0]}" for outcome in OUTCOMES if counts[outcome]]
    detail = f"{_number(len(verdicts), 'check')} on {_number(tables, 'table')}: {_listed(parts)}."
    stale = sum(1 for source in sources if source["fresh"] is False)
    if stale:
        is_are = "is" if stale == 1 else "are"
        detail += f" {_number(stale, 'source')} {is_are} older than the schedule asks for."
    return detail if verdicts else "A run without checks proves nothing."


def _all_tables(
    tables: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict]
) -> list[Mapping[str, Any]]:
    """Tables as given, and after them any that only a check speaks of, such as a lost one."""
    given = {table["table"] for table in tables}
    lost = sorted({v.check.table for v in verdicts} - given)
    return [*tables, *({"table": name, "rows": None, "meaning": ""} for name in lost)]


def _table(table: Mapping[str, Any], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    own = [v for v in verdicts if v.check.table == table["table"]]
    worst: Outcome = own[0].outcome if own else "vacuous"
    return {
        **table,
        "verdicts": own,
        "counts": {name: n for name, n in summary(own).items() if n},
        "worst": "pass" if worst == "not_applicable" and len(own) > 1 else worst,
        "open": worst in BLOCKING,
    }


def _grid(coverage: pl.DataFrame) -> dict[str, Any]:
    """Arrange coverage as one line for each source and edition, one cell for each year."""
    cells: dict[tuple[str, str], dict[int | None, int]] = {}
    for source, edition, year, rows in coverage.select("source", "edition", "year", "rows").rows():
        line = cells.setdefault((source, edition), {})
        line[year] = line.get(year, 0) + rows
    known = sorted({year for line in cells.values() for year in line if year is not None})
    years = list(range(known[0], known[-1] + 1)) if known else []
    shown = years[-YEARS_SHOWN:]
    earlier = years[: -len(shown)] if shown else []
    lines = []
    for (source, edition), line in sorted(cells.items()):
        before = [sum(line.get(year, 0) for year in earlier)] if earlier else []
        counts = [*before, *(line.get(year, 0) for year in shown)]
        lines.append(
            {
                "source": source,
                "edition": edition,
                "cells": [_cell(count) for count in counts],
                "yearless": line.get(None, 0),
                "total": sum(line.values()),
            }
        )
    return {
        "heads": [*(f"to {year}" for year in earlier[-1:]), *(str(year) for year in shown)],
        "lines": lines,
        "yearless": any(line["yearless"] for line in lines),
    }


def _cell(rows: int) -> dict[str, Any]:
    shade = next(shade for floor, shade in STEPS if rows >= floor)
    return {"rows": rows, "shade": shade, "text": _short(rows)}


def _short(rows: int) -> str:
    if rows < 1_000:  # noqa: PLR2004 - from here on thousands are shown
        return str(rows)
    thousands = rows / 1_000
    return f"{thousands:.1f}k" if thousands < 9.95 else f"{thousands:,.0f}k"  # noqa: PLR2004


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _day(day: date | None) -> str:
    # Not strftime: its month follows the machine's locale.
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}" if day else ""


def _age(day: date, as_of: date) -> str:
    months = (as_of.year - day.year) * 12 + as_of.month - day.month - (as_of.day < day.day)
    if months < 1:
        return "under a month old"
    if months < 24:  # noqa: PLR2004 - up to two years people count in months
        return f"{_number(months, 'month')} old"
    return f"{months // 12} years old"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
