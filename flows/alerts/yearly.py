"""Alerts of rules over years: those that the index has, and those on tables that it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from flows.alerts.contract import SEVERITIES, Alert
from flows.alerts.reading import STATES, Ground, Rule
from flows.indices.alert import WATCHED, told
from flows.indices.formulas.alert_series import (
    KEY,
    YEARLY,
    AlertRuleError,
    check_rule,
    pairs,
    series_of,
)
from flows.indices.formulas.alert_states import states
from flows.warehouse import quoted

NAMED = ("importer_iso3", "mineral")
"""What a sentence names first."""
USUAL = {"stage": "all", "basis": "value"}
"""What a sentence leaves out."""


def alerts(ground: Ground) -> Iterator[Alert]:
    """Give what is on, of every rule over years."""
    rules = {rule["rule"]: rule for rule in ground.of_kind(*YEARLY)}
    rows = ground.asked(f"FROM {STATES} WHERE state = 'on'")
    for rule in rules.values():
        if rule["table"] not in WATCHED:
            rows += [row for row in latest(ground, rule) if row["state"] == "on"]
    words = spelt(ground)
    best = strongest(rows, rules)
    for row in rows:
        rule = rules[row["rule"]]
        yield alert(row, rule, words, is_outranked=best[thing(row, rule)] != rule["rule"])


def latest(ground: Ground, rule: Rule) -> list[dict[str, Any]]:
    """State of the series of a rule whose table the index does not watch."""
    series = watched_series(ground, rule)
    return told(series.lazy(), pl.LazyFrame([rule], infer_schema_length=None)).collect().to_dicts()


def watched_series(
    ground: Ground, rule: Rule, chosen: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Read the series that a rule watches, of those rows alone that it is about.

    `chosen` narrows it down further, to a column's value.

    Raises:
        AlertRuleError: the rule does not fit its table, or there is none.

    """
    check_rule(rule)
    table = rule["table"]
    if table not in ground.tables:
        raise AlertRuleError(f"alerts.yml: {rule['rule']}: the snapshot has no table {table}")
    columns = ground.frame(f"FROM {table} LIMIT 0").columns
    wanted = pairs(rule["filters"], rule, columns) + list((chosen or {}).items())
    tests = [f"CAST({quoted(name)} AS VARCHAR) = ?" for name, _ in wanted]
    values: list[object] = [value for _, value in wanted]
    watched = ground.watched(rule)
    if watched and "importer_iso3" in columns and "importer_iso3" not in (chosen or {}):
        tests.append("importer_iso3 IN (SELECT unnest(?))")
        values.append(list(watched))
    rows = ground.frame(f"FROM {table} WHERE {' AND '.join(tests) or 'true'}", *values)
    return series_of(rows.lazy(), rule, [] if chosen else watched).collect()


def by_year(series: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """State of series in each year, under a rule."""
    return states(series.lazy(), pl.LazyFrame([rule], infer_schema_length=None)).collect()


def thing(row: Mapping[str, Any], rule: Rule) -> tuple[object, ...]:
    """What rules of one family share."""
    return (rule["family"] or rule["rule"], *(row[name] for name in KEY[:4]))


def strongest(
    rows: Sequence[Mapping[str, Any]], rules: Mapping[str, Rule]
) -> dict[tuple[object, ...], str]:
    """Of each thing, the most severe rule that is on."""
    ordered = sorted(
        rows,
        key=lambda row: (SEVERITIES.index(rules[row["rule"]]["severity"]), row["rule"]),
        reverse=True,
    )
    return {thing(row, rules[row["rule"]]): row["rule"] for row in ordered}


def spelt(ground: Ground) -> dict[str, str]:
    """Economies and minerals -> their names."""
    rows = ground.asked(
        "SELECT economy AS id, name FROM mart.economy "
        "UNION ALL SELECT mineral, name FROM ref.mineral"
    )
    return {row["id"]: row["name"] for row in rows}


def alert(
    row: Mapping[str, Any], rule: Rule, words: Mapping[str, str], *, is_outranked: bool
) -> Alert:
    """Make an alert of a series that is on."""
    return Alert(
        rule=rule["rule"],
        kind=rule["kind"],
        title=rule["title"],
        what=sentence(row, rule, words),
        severity=rule["severity"],
        since=str(row["since_year"]),
        key={name: row[name] for name in KEY if row[name] is not None and name != "edition"},
        value=row["value"],
        threshold=row["on_at"],
        unit=rule["unit"],
        is_recent=row["crossed_years"][-1:] == [str(row["year"])],
        is_outranked=is_outranked,
    )


def sentence(row: Mapping[str, Any], rule: Rule, words: Mapping[str, str]) -> str:
    """Say what is on: where, how much, since when, and who supplies most."""
    about = [words.get(row[name], row[name]) for name in NAMED if row[name] is not None]
    about += [str(row[n]) for n, usual in USUAL.items() if row[n] not in (None, usual)]
    number = "no number" if row["value"] is None else figure(row["value"], rule)
    said = f"{', '.join(about)}: {number} in {row['year']}"
    if (supplier := row["top_supplier_iso3"]) is not None:
        said += f", most from {words.get(supplier, supplier)}"
    crossed = row["fired_years"][-1] in row["crossed_years"]
    return f"{said}; since {row['since_year']}{'' if crossed else ', the first year known'}"


def figure(value: float, rule: Rule) -> str:
    """Write a value: a rank and a count are whole, a change has a sign."""
    if rule["kind"] == "rank":
        return f"rank {value:.0f}"
    sign = "+" if rule["kind"] in ("change", "relative_change") else ""
    return f"{value:.0f}" if rule["unit"] == "count" else f"{value:{sign}.3f}"
