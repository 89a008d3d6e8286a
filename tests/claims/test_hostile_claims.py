"""Whatever stands in a claim is data: it is read or refused, never run, and nothing breaks."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.claims.reading import Reading, read
from flows.claims.tokens import LONGEST
from flows.claims.words import NEEDED, Words, words_from
from flows.facts import read_facts
from flows.settings import CHECKOUT

CLAIM = "Japan imports 91.2 percent of rare earths from China"
HOSTILE = {
    "sql": f"{CLAIM}'; DROP TABLE mart.trade; --",
    "sql-file": f"{CLAIM}\" UNION FROM read_text('/etc/passwd')",
    "html": f"<script>alert(1)</script>{CLAIM}<img src=x onerror=alert(1)>",
    "shell": f"{CLAIM} $(touch /tmp/owned) `id` && rm -rf / | cat",
    "template": f"{{{{ 7*7 }}}} {CLAIM} %s {{0}}",
    "control": f"\x1b[2J\x1b]0;owned\x07{CLAIM}\x08\x00\x7f",
    "right-to-left": f"\u202e{CLAIM}\u202c\u2066",
    "null": f"\x00{CLAIM}\x00",
    "surrogate": f"\ud800{CLAIM}\udfff",
    "combining": CLAIM + "\u0301" * 500,
    "expanding": "\ufdfa" * LONGEST,
    "digits": "9" * LONGEST,
    "commas": "1," * (LONGEST // 2),
    "points": "1." * (LONGEST // 2),
    "initials": "A." * (LONGEST // 2),
    "apostrophes": "a'" * (LONGEST // 2),
    "numerals": "\u0663\u0663\u0663 percent of rare earths, \u00b2 percent, \u2468 percent",
    "empty": "",
    "spaces": " \n\t\u00a0",
    "one mark": "%",
    "the ends": "percent of 60 -",
}


@pytest.fixture(scope="module")
def words() -> Words:
    return known()


def known() -> Words:
    facts = read_facts(CHECKOUT / "warehouse" / "facts")
    return words_from({name: facts.frame(name) for name in NEEDED})


def assert_answered(reading: Reading) -> None:
    """One question, or a problem, or a verdict beyond trade: one of them, always."""
    said = (not reading.questions.is_empty(), reading.problem is not None, bool(reading.outside))
    assert sum(said) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_read_or_refused_at_once(name: str, words: Words) -> None:
    start = time.process_time()
    assert_answered(read(HOSTILE[name], words))
    assert time.process_time() - start < 1


@pytest.mark.parametrize("name", ["control", "right-to-left", "null", "surrogate"])
def test_what_cannot_be_seen_does_not_change_what_is_read(name: str, words: Words) -> None:
    assert read(HOSTILE[name], words).questions.equals(read(CLAIM, words).questions)


def test_a_megabyte_is_refused_by_its_length(words: Words) -> None:
    start = time.process_time()
    reading = read(CLAIM * 20_000, words)
    assert time.process_time() - start < 1
    assert "2,000 is the most" in str(reading.problem)


PIECES = st.sampled_from(
    [
        *("Japan", "China's", "Korean", "Congo", "from", "to", "on", "imports", "exports", "its"),
        *("60 percent", "a third", "one in three", "up from", "between", "and", "$", "5 tonnes"),
        *(
            "rare earths",
            "graphite",
            "magnets",
            "tungsten powder",
            "heavily",
            "not",
            "no more than",
        ),
        *("in 2020", "by weight", "more than half", ",", "-", ".", "or more", "of", "the world's"),
    ]
)
WORDS = known()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200) | st.lists(PIECES, max_size=25).map(" ".join))
def test_reading_never_raises(text: str) -> None:
    assert_answered(read(text, WORDS))


@settings(max_examples=50, deadline=None)
@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_reading_twice_gives_the_same(text: str) -> None:
    one, other = read(text, WORDS), read(text, WORDS)
    assert one.questions.equals(other.questions)
    assert (one.problem, one.candidates) == (other.problem, other.candidates)
