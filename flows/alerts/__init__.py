"""Alerts: what is beyond its threshold, turned, due or overdue; remembered between runs, and sent.

The rules are facts (`ref.alert_rule`) and their yearly states an index (`indices.alert`). Here
comes in what depends on a day, on the snapshot before and on runs, and what was seen, sent and
acknowledged before.
"""

from __future__ import annotations

from flows.alerts.contract import Alert, AlertError
from flows.alerts.current import current, found

__all__ = ["Alert", "AlertError", "current", "found"]
