"""A claim's card: what it shows, and that a claim from outside stays text in it."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from flows.report.claim_card import claim_card, claim_png, composed, facts
from flows.report.claim_chart import share_chart
from tests.report import small
from tests.report.test_report_page import Seen

PRIMARY = {"basket": "headline", "source": "baci", "edition": "V1", "side": "reconciled"}
CELLS = [
    PRIMARY
    | {"territories": False, "question": 1, "year": year, "basis": basis, "share": share}
    | {"share_low": share, "share_high": share, "meets": None, "reason": None}
    | {"is_primary": (year, basis) == (2024, "value")}
    for basis, some in (
        ("value", {2022: 0.6, 2023: None, 2024: 0.378}),
        ("mass", {2022: 0.7, 2024: 0.661}),
    )
    for year, share in some.items()
]
ANSWER: dict[str, Any] = {
    "claim": f"Japan imports 91.2 percent {small.SCRIPT}{small.BREAK}",
    "claim_id": None,
    "understood": "The share of China in imports of rare earths by Japan",
    "verdict": "contradicted",
    "why": f"It was 37.8 percent {small.QUOTE}",
    "needs": None,
    "reason": None,
    "confidence": "A",
    "flags": [],
    "asked": {"measure": "import_share", "stated": 0.912, "low": 0.9115, "high": 0.9125},
    "primary": {"share": 0.378, "year": 2024, "basis": "value"},
    "range": {"low": 0.178, "high": 0.761, "year": 2024, "cells": 16},
    "nearest": {"share": 0.912, "year": 2007, "basis": "value", "text": "nearest"},
    "met_years": [2007],
    "cells": CELLS,
    "events": [
        {"day": "2023-08-01", "what": "effective", "title": "Licences", "confirmation": "confirmed"}
    ],
    "sources": [{"source": "baci", "edition": "V1", "title": "Trade", "citation": small.LINK}],
    "snapshot": "20261120T093000Z-c0ffee00",
    "repeat": "orewatch check 'Japan imports 91.2 percent'",
}


@pytest.fixture(scope="module", name="card")
def _card() -> str:
    return claim_card(ANSWER)


def test_the_card_says_what_was_asked_and_found(card: str) -> None:
    """Claim, verdict, the four numbers, sources, snapshot and command."""
    words = Seen(card).words
    for part in ("Contradicted", "91.2%", "37.8%", "17.8 to 76.1%", "c0ffee00", ANSWER["repeat"]):
        assert part in words
    assert facts(ANSWER)[1] == ("The data, 2024 by value", "37.8%")


def test_a_claim_from_outside_stays_text(card: str) -> None:
    """Markup in a claim is shown; the page has no script, no address and no handler."""
    seen = Seen(card)
    for hostile in (small.SCRIPT, small.BREAK, small.QUOTE, small.LINK):
        assert hostile in seen.words
    assert seen.scripts == []
    for tag, some in seen.tags:
        assert tag not in {"a", "iframe", "link", "form"}
        assert (some.get("src") or "data:image/svg+xml;base64,").startswith("data:image/svg+xml;")
        assert not [name for name in some if name.startswith("on") or name == "style"]
    policy = next(some["content"] or "" for _, some in seen.tags if "http-equiv" in some)
    style = card.split("<style>")[1].split("</style>", maxsplit=1)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "script-src" not in policy
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;")


def test_the_same_answer_gives_the_same_card(card: str) -> None:
    """Byte for byte."""
    assert claim_card(ANSWER) == card


def test_the_chart_has_the_band_and_keeps_the_gap() -> None:
    """The claim's bounds, a point a cell of the primary basket, and no number in 2023."""
    spec = share_chart(CELLS, claim={"low": None, "high": 0.65, "words": "at most"}, events=[])
    assert spec
    data = list(spec["datasets"].values())
    assert [{"low": 0.0, "high": 0.65, "middle": 0.325, "words": "at most"}] in data
    lines = next(rows for rows in data if "basis" in rows[0])
    assert len(lines) == 5
    assert {"year": 2023, "share": None, "basis": "by value"} in lines
    assert share_chart([]) is None


def test_an_answer_without_numbers_has_a_card_too() -> None:
    """What no data decide is said in words, without chart or table."""
    empty = {"verdict": "opinion", "primary": None, "range": None, "nearest": None, "cells": []}
    answer = ANSWER | empty | {"events": [], "sources": [], "asked": {"measure": None}}
    words = Seen(claim_card(answer)).words
    assert "Opinion" in words
    assert "counted every way" not in words


def test_the_picture_is_one_of_text_and_chart() -> None:
    """Texts stand in its data, where nothing is evaluated; lines end where the picture does."""
    spec = composed(ANSWER)
    texts = [
        line
        for part in spec["vconcat"]
        if "data" in part
        for line in part["data"]["values"][0]["lines"]
    ]
    assert any(re.search("orewatch, snapshot 20261120T093000Z-c0ffee00", line) for line in texts)
    assert max(len(line) for line in texts) <= 136


@pytest.mark.slow
def test_the_picture_is_a_png() -> None:
    """It is drawn, at twice the size of the screen."""
    assert claim_png(ANSWER).startswith(b"\x89PNG")
