"""Alerts of a day: measures ahead and new, stale sources, runs that failed, nothing published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta
from typing import Any

from flows.alerts.contract import Alert, AlertError
from flows.alerts.reading import Ground, Rule, midnight
from flows.alerts.runs import last_run
from flows.alerts.yearly import spelt
from flows.indices.formulas.policy_spells import EVERYBODY

EVENTS = {
    "effective": "takes effect on {day}",
    "resumed": "is in force from {day}, as its suspension lapses",
    "expired": "is in force for the last time on {day}",
    "suspended": "is in force for the last time on {day}, then suspended",
    "announced": "was announced on {day}",
}
MEASURES = """
WITH events AS (
    SELECT
        source, edition, measure, mineral, importer_iso3, in_force_from AS day,
        begins_as AS event, from_confirmation AS confirmation
    FROM mart.measure_in_force WHERE restricts
    UNION ALL
    SELECT
        source, edition, measure, mineral, importer_iso3, in_force_to, ends_as, to_confirmation
    FROM mart.measure_in_force WHERE restricts AND in_force_to IS NOT NULL
    UNION ALL
    SELECT
        source, edition, measure, mineral, target, announced, 'announced', announced_confirmation
    FROM mart.measure WHERE restricts AND announced IS NOT NULL
),
titles AS (
    SELECT
        source, edition, measure, any_value(title) AS title,
        any_value(issuer_iso3) AS issuer_iso3
    FROM mart.measure GROUP BY ALL
)
SELECT
    e.source, e.edition, e.measure, e.event, e.day, t.title, t.issuer_iso3,
    list(DISTINCT e.mineral ORDER BY e.mineral) FILTER (e.mineral IS NOT NULL) AS minerals,
    list(DISTINCT e.importer_iso3 ORDER BY e.importer_iso3) AS importers,
    max(e.confirmation) AS confirmation
FROM events AS e JOIN titles AS t USING (source, edition, measure)
WHERE e.day BETWEEN ? AND ?
GROUP BY e.source, e.edition, e.measure, e.event, e.day, t.title, t.issuer_iso3
ORDER BY e.day, e.measure, e.event
"""


def alerts(ground: Ground) -> Iterator[Alert]:
    """Give what the rules of a day find."""
    for rule in ground.of_kind("measure_ahead", "measure_new"):
        yield from measures(ground, rule)
    for rule in ground.of_kind("source_stale"):
        yield from stale(ground, rule)
    for rule in ground.of_kind("not_published"):
        yield from silence(ground, rule)
    for rule in ground.of_kind("run_failed"):
        yield from failed(ground, rule)


def measures(ground: Ground, rule: Rule) -> Iterator[Alert]:
    """Give the events of measures within so many days ahead, or back and today."""
    days = timedelta(days=needed(rule))
    is_ahead = rule["kind"] == "measure_ahead"
    first = ground.day + timedelta(days=1) if is_ahead else ground.day - days
    last = ground.day + days if is_ahead else ground.day
    words = spelt(ground)
    for row in ground.asked(MEASURES, first, last):
        importers = concerned(row["importers"], ground.watched(rule))
        about = set(row["minerals"] or [])
        if not importers or (rule["minerals"] and not about & set(rule["minerals"])):
            continue
        yield plain(
            rule,
            {name: row[name] for name in ("source", "measure", "event")},
            str(row["day"]),
            measure_sentence(row, importers, words, ground.day),
            day=str(row["day"]),
        )


def concerned(importers: Sequence[str], watched: Sequence[str]) -> list[str]:
    """Of the importers that a measure is about, those that are watched."""
    if EVERYBODY in importers or not watched:
        return [EVERYBODY] if EVERYBODY in importers else list(importers)
    return [economy for economy in importers if economy in watched]


def measure_sentence(
    row: dict[str, Any], importers: Sequence[str], words: dict[str, str], day: date
) -> str:
    """Say which measure, what becomes of it on which day, and whom it concerns."""
    apart = (row["day"] - day).days
    when = f"in {apart} days" if apart > 1 else "tomorrow" if apart == 1 else ""
    minerals = ", ".join(words.get(mineral, mineral) for mineral in row["minerals"] or [])
    whom = ", ".join(words.get(economy, economy) for economy in importers if economy != EVERYBODY)
    issuer = words.get(row["issuer_iso3"], row["issuer_iso3"])
    event = EVENTS[row["event"]].format(day=row["day"])
    parts = [
        f"{issuer}, {row['measure']} ({row['title']}) {event}",
        when,
        f"for {whom}" if whom else "for every importer",
        minerals,
        "unconfirmed" if row["confirmation"] == "unconfirmed" else "",
    ]
    return "; ".join(part for part in parts if part)


def stale(ground: Ground, rule: Rule) -> Iterator[Alert]:
    """Give the sources whose next edition is overdue on the day."""
    if "quality.freshness" not in ground.tables:
        return
    rows = ground.asked("FROM quality.freshness WHERE fresh_until < ? ORDER BY source", ground.day)
    for row in rows:
        said = f"{row['source']}: {row['edition']} was to be followed by {row['fresh_until']}"
        yield plain(rule, {"source": row["source"]}, str(row["fresh_until"]), said)


def silence(ground: Ground, rule: Rule) -> Iterator[Alert]:
    """Tell of a snapshot that is older than so many days."""
    published = midnight(ground.created)
    days = needed(rule)
    passed = (ground.day - published).days
    if passed <= days:
        return
    said = f"the newest snapshot, {ground.snapshot.name}, is of {published}, {passed} days ago"
    since = published + timedelta(days=days + 1)
    yield plain(rule, {"snapshot": ground.snapshot.name}, str(since), said)


def failed(ground: Ground, rule: Rule) -> Iterator[Alert]:
    """Tell of a last run that failed or was blocked since the snapshot was published."""
    run = last_run(ground.settings)
    if run is None or not run.is_failure:
        return
    if run.time <= ground.created or midnight(run.time) > ground.day:
        return
    stamp = f"{run.time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    how = "was blocked" if run.outcome == "blocked" else "failed"
    yield plain(rule, {"run": stamp}, stamp, f"the run of {stamp} {how}: {run.message}")


def needed(rule: Rule) -> int:
    """Days of a rule.

    Raises:
        AlertError: it gives none.

    """
    if rule["days"] is None:
        raise AlertError(f"alerts.yml: {rule['rule']}: a rule of kind {rule['kind']} needs days")
    return int(rule["days"])


def plain(
    rule: Rule, key: dict[str, str], since: str, said: str, *, day: str | None = None
) -> Alert:
    """Make an alert of a rule without threshold."""
    return Alert(
        rule=rule["rule"],
        kind=rule["kind"],
        title=rule["title"],
        what=said,
        severity=rule["severity"],
        since=since,
        key=key,
        day=day,
    )
