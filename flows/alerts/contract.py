"""What an alert is, and how it is told from others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SEVERITIES = ("critical", "high", "medium", "low")
"""The most severe first."""

Status = Literal["new", "ongoing", "ended"]


class AlertError(Exception):
    """Alerts cannot be told, remembered or sent; the message says what to do."""


@dataclass(frozen=True)
class Alert:
    """One thing that a rule is about, and what became of it since it was last looked at."""

    rule: str
    kind: str
    title: str
    what: str
    """One sentence."""
    severity: str
    since: str
    """Day, year or snapshot in which it began."""
    key: Mapping[str, str]
    """What it is about: importer and mineral, a measure, a source, a run."""
    value: float | None = None
    threshold: float | None = None
    unit: str | None = None
    day: str | None = None
    """Of a measure: the day of the event, as YYYY-MM-DD."""
    is_recent: bool = True
    """Whether it began in the newest figures; one that did not is no news where its rule is new."""
    is_outranked: bool = False
    """Whether a more severe rule of its family holds of the same thing."""
    status: Status = "new"
    acknowledged: Mapping[str, str] | None = None
    """Time, reason and by whom."""
    known_as: str = field(default="", repr=False)
    """The id it was first remembered by; empty = its own."""

    @property
    def id(self) -> str:
        """Name it: the same for the same rule, key and beginning."""
        return self.known_as or identity(self.rule, self.key, self.since)

    @property
    def text(self) -> str:
        """Title and sentence."""
        return f"{self.title}: {self.what}"

    @property
    def is_open(self) -> bool:
        """Whether somebody should still look at it."""
        return self.status != "ended" and not self.is_outranked and self.acknowledged is None

    def as_json(self) -> dict[str, Any]:
        """Give what a program reads."""
        body = asdict(self)
        del body["known_as"]
        return {"id": self.id, **body}


def identity(rule: str, key: Mapping[str, str], since: str) -> str:
    """Hash rule, key and beginning into 12 letters."""
    body = json.dumps([rule, dict(key), since], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def by_severity(alert: Alert) -> tuple[int, str, list[int], list[str]]:
    """Order alerts: the most severe first, of one rule those that began last."""
    place = SEVERITIES.index(alert.severity)
    latest = [-ord(letter) for letter in alert.since]
    return place, alert.rule, latest, list(alert.key.values())
