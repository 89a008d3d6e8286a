"""Every alert of a day: what the rules find, and what is remembered of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flows.alerts.contract import Alert, by_severity
from flows.alerts.dated import alerts as of_the_day
from flows.alerts.memory import TELLS_ITS_END, read
from flows.alerts.reading import opened
from flows.alerts.turned import alerts as turned
from flows.alerts.yearly import alerts as yearly
from flows.settings import Settings


def current(snapshot: Path, day: date, settings: Settings) -> list[Alert]:
    """Give the alerts of a snapshot on a day, the most severe first; nothing is written.

    Args:
        snapshot: folder of the snapshot.
        day: the day; nothing here reads the clock.
        settings: where runs and the memory of alerts are found.

    Each says whether it is new, ongoing or ended since alerts were last sent, and whether it was
    acknowledged.

    Raises:
        AlertError: the snapshot has no rules, or what is remembered is damaged.
        AlertRuleError: a rule does not fit its table.

    """
    told = read(settings).told(found(snapshot, day, settings))
    # What was due has come, and is told as such by another rule.
    shown = (one for one in told if one.status != "ended" or one.kind in TELLS_ITS_END)
    return sorted(shown, key=by_severity)


def found(snapshot: Path, day: date, settings: Settings) -> list[Alert]:
    """Give what the rules find in a snapshot on a day, whatever was known before."""
    return looked(snapshot, day, settings)[0]


def looked(snapshot: Path, day: date, settings: Settings) -> tuple[list[Alert], list[str]]:
    """Give what the rules find, and every rule that was looked at."""
    with opened(snapshot, day, settings) as ground:
        alerts = [*yearly(ground), *of_the_day(ground), *turned(ground)]
        return alerts, [rule["rule"] for rule in ground.rules]
