"""The quality page: one HTML file that says whether the figures can be trusted, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import polars as pl
from jinja2 import Environment

from flows.gate.contract import Verdict, summary
from flows.report.quality_grids import all_tables, check_grid, coverage_grid
from flows.report.quality_trend import this_moment, trend
from flows.report.quality_verdict import advice_of, in_force, line_of, remarks_of, worst_first
from flows.report.quality_words import WORDS, a_day, age, day, number, spaced
from flows.report.templates import FOLDER, digest, templates

ROWS_SHOWN = 8
"""Failing rows of one check on the page; the snapshot's own table has more."""


def quality_page(  # noqa: PLR0913 - all by name: what the page shows
    *,
    snapshot_id: str,
    verdicts: Sequence[Verdict],
    coverage: pl.DataFrame,
    sources: Sequence[Mapping[str, Any]],
    tables: Sequence[Mapping[str, Any]],
    as_of: date,
    headline: str | None = None,
    earlier: Sequence[Mapping[str, Any]] = (),
    exceptions: Sequence[Mapping[str, Any]] = (),
    rejected: Sequence[Mapping[str, Any]] | None = None,
    mutants: tuple[int, int] | None = None,
    released: Mapping[str, Any] | None = None,
) -> str:
    """Give the whole page; the same arguments give the same bytes.

    `coverage` has columns source, edition, year (may be null) and rows. Each of `sources` has
    id, title, edition, released (date or None), licence, citation, rows, fresh (None where it
    is not known) and tried_live (date or None); each of `tables` has table, rows and meaning.

    `earlier` are the manifests of earlier snapshots. `exceptions` are the rows of
    `ref.check_exception`: check, most_rows, reason, owner, since and expires, days as dates or as
    text. Each of `rejected` has source, rule, why and rows; it is None where rejected rows are not
    kept. `mutants` counts the broken worlds that the checks stopped, and all of them. `released`
    has reason, by and time where a blocked run was published by hand.
    """
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    ordered = worst_first(verdicts)
    remarks = remarks_of(ordered)
    every = all_tables(tables, ordered)
    counts = summary(ordered)
    this = this_moment(
        snapshot_id=snapshot_id, as_of=as_of, counts=counts, tables=tables, sources=sources
    )
    page: str = (
        _environment()
        .get_template("quality.html.j2")
        .render(
            style=style,
            style_hash=digest(style),
            snapshot_id=snapshot_id,
            as_of=as_of,
            headline=headline,
            verdict=line_of(ordered, sources, released),
            advice=advice_of(
                ordered,
                snapshot_id=snapshot_id,
                as_of=as_of,
                sources=sources,
                exceptions=exceptions,
                released=released,
            ),
            counts=counts,
            words=WORDS,
            remarks=remarks,
            rows_shown=ROWS_SHOWN,
            tables=every,
            grid=check_grid(every, remarks),
            coverage=coverage_grid(coverage, sources),
            moments=trend(earlier, this),
            exceptions=in_force(exceptions, ordered),
            rejected=rejected,
            sources=sources,
            newest={source["id"] for source in sources if source["fresh"] is not None},
            mutants=mutants,
        )
    )
    return page


@cache
def _environment() -> Environment:
    environment = templates(_without_scheme)
    environment.filters |= {
        "day": day,
        "age": age,
        "days": _days,
        "columns": _columns,
        "legible": _legible,
        "words": spaced,
        "count": number,
        "amount": "{:,}".format,
    }
    return environment


def _without_scheme(value: object) -> object:
    """Show an address as text that no reader's software takes for a link out of the page."""
    if not isinstance(value, str) or "://" not in value:
        return value
    return value.replace("https://", "").replace("http://", "")


def _legible(value: object) -> object:
    """Round a float to six digits, as no reader needs more of a failing row."""
    return f"{value:.6g}" if isinstance(value, float) else value


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _days(value: date | str | None, as_of: date) -> int | None:
    """Days from the day of the report until another; below zero where that lies before it."""
    when = a_day(value)
    return (when - as_of).days if when else None
