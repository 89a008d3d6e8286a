"""The verb that tells what is beyond its threshold, turned, due or overdue."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from cyclopts import Parameter

from flows.cli.app import Json, app
from flows.command import exits


@app.command
def alerts(  # noqa: PLR0913 - an argument is an option of the command
    *,
    day: date | None = None,
    snapshot: str | None = None,
    importer: str | None = None,
    mineral: str | None = None,
    at_least: Literal["critical", "high", "medium", "low"] = "low",
    all_: Annotated[bool, Parameter(name="--all")] = False,
    dry_run: bool = False,
    send: bool = False,
    ack: Annotated[list[str] | None, Parameter(name="--ack")] = None,
    reason: str = "",
    backtest: str | None = None,
    fail: bool = False,
    as_json: Json = False,
) -> int:
    """Show what raises an alert, the most severe first; test a rule, acknowledge, send.

    For example: `orewatch alerts --importer JPN`, `orewatch alerts --at-least critical --fail`,
    `orewatch alerts --ack 6022d2894eae --reason "stock for a year"`, or
    `orewatch alerts --backtest one_supplier_above_65 --importer JPN --mineral rare_earths`.

    The rules are rows of ref.alert_rule. Nothing is written or sent without --send or --ack. What
    is sent goes to the webhook in OREWATCH_ALERT_WEBHOOK, and through the Prefect block that
    OREWATCH_ALERT_BLOCK names, from the severity in OREWATCH_ALERT_SEVERITY on (high, where it is
    not set); what fails is sent again next time, under the same key.

    Exit code 1: a channel took not all; 6: another process is sending; 7: with `--fail`, an alert
    is on that nobody acknowledged.

    Args:
        day: The day to look on, as YYYY-MM-DD. The default is today in UTC.
        snapshot: Another snapshot than the current one: its id, or a part of it.
        importer: Only alerts of this importer; of a test any importer.
        mineral: Only alerts of this mineral.
        at_least: The least severity that is shown and that `--fail` minds.
        all_: Show every one, and those that a more severe rule of the same family outranks.
        dry_run: Show what would be sent; nothing is sent or written.
        send: Send what is new through every channel that is set, and remember it.
        ack: Acknowledge an alert: its id, the beginning of it, or all; several may be given.
        reason: Why it is acknowledged.
        backtest: A rule to put to all years, with its hysteresis and without.
        fail: Exit with 7 where an alert is on that nobody acknowledged.
        as_json: Print it as JSON.

    """
    if sum([dry_run, send, bool(ack), bool(backtest)]) > 1:
        raise exits.UsageError("alerts takes one of --dry-run, --send, --ack and --backtest")
    if reason and not ack:
        raise exits.UsageError("--reason belongs to --ack")
    from flows.command import alerting  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    now = datetime.now(UTC)
    asked = alerting.Asked(
        day or now.date(), now, snapshot, importer, mineral, at_least, all_, fail, as_json
    )
    if backtest:
        from flows.command import backtesting  # noqa: PLC0415

        return backtesting.test(asked, Settings(), backtest)
    if ack:
        return alerting.acknowledge(asked, Settings(), ack, reason)
    if dry_run:
        return alerting.rehearse(asked, Settings())
    if send:
        return alerting.send(asked, Settings())
    return alerting.show(asked, Settings())
