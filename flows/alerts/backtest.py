"""A rule over the years of a snapshot: when it begins, with its hysteresis and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from flows.alerts.contract import AlertError
from flows.alerts.reading import Rule, opened
from flows.alerts.yearly import by_year, figure, spelt, watched_series
from flows.indices.formulas.alert_series import KEY, SERIES, YEARLY
from flows.settings import Settings

BARE = {"persistence": 1}
"""Beside one threshold for both, what a rule without hysteresis has."""


@dataclass(frozen=True)
class Backtest:
    """One series under one rule."""

    key: Mapping[str, str]
    name: str
    """The series in words."""
    years: list[dict[str, Any]]
    """year, value, state, fires, crosses, ends; and those of the bare rule with `bare_`."""
    why: list[str]
    """What hysteresis and persistence kept from happening."""

    def of(self, what: str) -> list[int]:
        """Years in which something happened."""
        return [row["year"] for row in self.years if row[what]]

    def as_json(self) -> dict[str, Any]:
        """Give what a program reads."""
        told = ("fires", "crosses", "ends")
        return {
            "key": dict(self.key),
            "name": self.name,
            **{name: self.of(name) for name in told},
            "without_hysteresis": {name: self.of(f"bare_{name}") for name in told},
            "why": self.why,
            "years": self.years,
        }


def backtest(
    snapshot: Path, day: date, settings: Settings, name: str, chosen: Mapping[str, str]
) -> tuple[Rule, list[Backtest]]:
    """Put a rule to every series it watches, or to those of a chosen importer and mineral.

    Raises:
        AlertError: there is no such rule over years, or no such series.
        AlertRuleError: the rule does not fit its table.

    """
    with opened(snapshot, day, settings) as ground:
        rules = {rule["rule"]: rule for rule in ground.of_kind(*YEARLY)}
        if name not in rules:
            raise AlertError(
                f"no rule over years is called {name!r}; there are: {', '.join(rules)}"
            )
        rule = rules[name]
        series = watched_series(ground, rule, chosen)
        words = spelt(ground)
    if series.is_empty():
        wanted = ", ".join(f"{column} {value}" for column, value in chosen.items()) or "its list"
        raise AlertError(f"{name}: {rule['table']} has no series for {wanted}")
    return rule, tested(series, rule, words)


def tested(series: pl.DataFrame, rule: Rule, words: Mapping[str, str]) -> list[Backtest]:
    """Put a rule to series, with its hysteresis and without."""
    bare = dict(rule) | BARE | {"off_at": rule["on_at"]}
    told = ["state", "fires", "crosses", "ends"]
    both = by_year(series, rule).join(
        by_year(series, bare).select(*SERIES, "year", pl.col(told).name.prefix("bare_")),
        on=[*SERIES, "year"],
        nulls_equal=True,
        validate="1:1",
        maintain_order="left",
    )
    found = []
    for part in both.partition_by(SERIES, maintain_order=True):
        first = part.row(0, named=True)
        key = {column: first[column] for column in KEY if first[column] is not None}
        years = part.select("year", "value", *told, *(f"bare_{name}" for name in told)).to_dicts()
        shown = ("importer_iso3", "mineral")
        name = ", ".join(words.get(key[column], key[column]) for column in shown if column in key)
        found.append(Backtest(key, name, years, reasons(years, rule)))
    return found


def reasons(years: Sequence[Mapping[str, Any]], rule: Rule) -> list[str]:
    """Say of each year in which the bare rule begins, and the rule does not, why."""
    said = []
    for place, row in enumerate(years):
        if not row["bare_fires"] or row["fires"]:
            continue
        is_held = row["state"] == "on" and place and years[place - 1]["state"] == "on"
        if not is_held:
            said.append(
                f"{row['year']}: {figure(row['value'], rule)} must last "
                f"{rule['persistence']} years to begin"
            )
            continue
        since = [r["year"] for r in years[: place + 1] if r["fires"]][-1]
        between = [r for r in years[:place] if r["year"] > since and r["value"] is not None]
        dips = [r for r in between if r["bare_state"] == "off"]
        dip = (min if rule["comparison"] in ("gt", "ge") else max)(dips, key=lambda r: r["value"])
        said.append(
            f"{row['year']}: no new alert, it had not ended: {figure(dip['value'], rule)} in "
            f"{dip['year']} is between {rule['on_at']:g}, where it begins, and "
            f"{rule['off_at']:g}, where it ends"
        )
    return said
