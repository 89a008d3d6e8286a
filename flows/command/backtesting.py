"""A rule of alerts put to all years, on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from flows.alerts.backtest import Backtest, backtest
from flows.alerts.reading import Rule
from flows.command.alerting import Asked, resolved
from flows.command.shelf import find
from flows.command.terminal import console, note, plain, print_json, show_rows
from flows.settings import Settings


def test(asked: Asked, settings: Settings, name: str) -> int:
    """Put a rule to all years, and show when it would have begun."""
    snapshot = find(settings, asked.snapshot)
    chosen = resolved(asked, snapshot)
    rule, found = backtest(snapshot, asked.day, settings, name, chosen)
    if asked.is_json:
        told = {key: value for key, value in rule.items() if value not in (None, [])}
        body: dict[str, Any] = {"snapshot": snapshot.name, "rule": told}
        print_json(body | {"series": [series.as_json() for series in found]})
        return 0
    out = console()
    out.print(Text(plain(rule["title"], None), style="bold"))
    out.print(Text(terms(rule), style="dim"))
    out.print()
    if len(found) == 1:
        show_years(found[0])
    else:
        show_rows(
            ["series", "from", "to", "begins in", "of these crossing", "without hysteresis"],
            [summary_row(series) for series in found],
        )
    note(f"{len(found):,} series · snapshot {snapshot.name}")
    return 0


def terms(rule: Rule) -> str:
    """Say when a rule begins and ends."""
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    lasting = "" if rule["persistence"] == 1 else f" for {rule['persistence']} years"
    return (
        f"{rule['table']}.{rule['column']}: begins {words[rule['comparison']]} {rule['on_at']:g}, "
        f"ends when no longer {words[rule['comparison']]} {rule['off_at']:g}{lasting}"
    )


def summary_row(series: Backtest) -> list[object]:
    """One series in a line."""
    known = [row["year"] for row in series.years if row["value"] is not None] or [None]
    return [
        series.name,
        str(known[0]),
        str(known[-1]),
        years(series.of("fires")),
        years(series.of("crosses")),
        years(series.of("bare_fires")),
    ]


def show_years(series: Backtest) -> None:
    """Print one series year by year, and what the hysteresis changed."""
    show_rows(
        ["year", "value", "state", "", "without hysteresis"],
        [
            [row["year"], row["value"], row["state"], event(row, ""), bare(row)]
            for row in series.years
        ],
    )
    begins, crosses = series.of("fires"), series.of("crosses")
    note(f"{series.name}: begins in {years(begins)}; crosses in {years(crosses)}")
    if begins and begins[0] not in crosses:
        note(f"in {begins[0]}, the first year known, it was beyond the threshold already")
    note(f"without hysteresis and persistence: begins in {years(series.of('bare_fires'))}")
    for reason in series.why:
        note(f"  {reason}")


def bare(row: dict[str, Any]) -> str:
    """State without hysteresis, and what happened."""
    return " ".join(word for word in (row["bare_state"], event(row, "bare_")) if word)


def event(row: dict[str, Any], prefix: str) -> str:
    """What happened in a year."""
    if row[f"{prefix}fires"]:
        return "begins" if row[f"{prefix}crosses"] else "begins (first year known)"
    return "ends" if row[f"{prefix}ends"] else ""


def years(found: Sequence[int]) -> str:
    """Years in a line."""
    return ", ".join(map(str, found)) or "none"
