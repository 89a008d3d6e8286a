"""The ledger of tolerated exceptions: for so many rows, until a day, and only while it bites."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from flows.gate.contract import Check, Outcome, Verdict, blocks
from flows.gate.tolerance import Tolerated, read_exceptions, tolerated

DAY = date(2026, 11, 20)
CHECK = Check("mart.trade", "x_is_y", "authored", "t", {}, "critical", "why")
FAILS = Verdict(CHECK, "fail", "2 failing in 9 rows", 2)
LEDGER = Tolerated(
    "mart.trade.x_is_y", 2, "known since 2024", "A. Analyst", date(2026, 1, 1), date(2026, 12, 31)
)


def outcomes(verdict: Verdict, exception: Tolerated, day: date = DAY) -> list[tuple[str, str]]:
    return [(v.check.id, v.outcome) for v in tolerated([verdict], [exception], day)]


def test_a_covered_failure_warns_and_says_why() -> None:
    (verdict,) = tolerated([FAILS], [LEDGER], DAY)
    assert verdict.outcome == "warn"
    assert verdict.message == "tolerated until 2026-12-31: known since 2024 (A. Analyst)"


@pytest.mark.parametrize(
    ("verdict", "exception", "day"),
    [
        (FAILS, LEDGER, date(2027, 1, 1)),
        (FAILS, LEDGER, date(2025, 12, 31)),
        (replace(FAILS, unexpected_count=3), LEDGER, DAY),
        (replace(FAILS, unexpected_count=None), LEDGER, DAY),
    ],
    ids=["expired", "not yet", "more rows", "rows not counted"],
)
def test_what_the_ledger_does_not_cover_blocks(
    verdict: Verdict, exception: Tolerated, day: date
) -> None:
    (found,) = tolerated([verdict], [exception], day)
    assert found.outcome == "fail"
    assert "exception" in found.message


@pytest.mark.parametrize("outcome", ["error", "vacuous"])
def test_a_check_that_did_not_answer_is_never_tolerated(outcome: Outcome) -> None:
    verdicts = tolerated([replace(FAILS, outcome=outcome)], [LEDGER], DAY)
    assert verdicts[0].outcome == outcome


def test_an_exception_that_no_longer_bites_blocks() -> None:
    passes = replace(FAILS, outcome="pass", unexpected_count=0)
    verdicts = tolerated([passes], [LEDGER], DAY)
    (blocking,) = blocks(verdicts)
    assert blocking.check.id == "ref.check_exception.mart_trade_x_is_y_still_fails"
    assert "remove its row" in blocking.message
    assert blocks(tolerated([], [LEDGER], DAY))
    assert tolerated([passes], [], DAY) == [passes]


def test_the_ledger_is_read_as_it_stands() -> None:
    frame = pl.DataFrame([vars(LEDGER)])
    assert read_exceptions(frame) == [LEDGER]
