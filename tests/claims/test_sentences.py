"""Sentences are read as sentences.yml expects, which was written before the parser."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.claims.asked import Asked, AskedError, question_of
from flows.claims.reading import Reading, asked_in_options, read
from flows.claims.words import NEEDED, Words, words_from
from flows.cli.app import app
from flows.facts import read_facts
from flows.settings import CHECKOUT

SENTENCES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "sentences.yml").read_text(encoding="utf-8")
)
LEAST_SENTENCES, LEAST_AMBIGUOUS = 40, 10
ARTICLE = CHECKOUT.parent / "shared" / "article.txt"


@pytest.fixture(scope="module")
def words() -> Words:
    facts = read_facts(CHECKOUT / "warehouse" / "facts")
    return words_from({name: facts.frame(name) for name in NEEDED})


def outcome(reading: Reading) -> str:
    return "ambiguous" if reading.problem else reading.outside or "reading"


def test_there_are_sentences_enough_and_traps_among_them() -> None:
    outcomes = [sentence["outcome"] for sentence in SENTENCES]
    assert len(outcomes) >= LEAST_SENTENCES
    assert outcomes.count("ambiguous") >= LEAST_AMBIGUOUS
    assert len({sentence["text"] for sentence in SENTENCES}) == len(SENTENCES)


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence["id"])
def test_a_sentence_is_read_as_expected(sentence: dict[str, Any], words: Words) -> None:
    reading = read(sentence["text"], words)
    assert outcome(reading) == sentence["outcome"], reading.problem
    if sentence["outcome"] == "ambiguous":
        assert sentence["says"] in str(reading.problem)
        assert len(reading.candidates) >= sentence.get("candidates", 0)
        assert reading.questions.is_empty()
    elif sentence["outcome"] == "reading":
        assert_question(reading.questions.row(0, named=True), sentence, words)
        assert reading.understood


def assert_question(row: dict[str, Any], sentence: dict[str, Any], words: Words) -> None:
    """Hold a question against what is expected of it."""
    kinds = {word.word: word for word in words.claim_words.values()}
    word = kinds.get(row["word"])
    kind = sentence.get("kind", "exact")
    assert (word.kind if word else "exact") == kind
    for name, column in (("importer", "importer_iso3"), ("exporter", "exporter_iso3")):
        assert row[column] == sentence.get(name)
    for name in ("measure", "mineral", "basis", "year", "stage", "rank"):
        assert row[name] == sentence.get(name), name
    assert row["hs6"] == sentence.get("hs6", [])
    assert row["decides"] == sentence.get("decides", True)
    assert row["strict"] == (kind in {"above", "below"} or bool(word and word.strict))
    for name in ("stated", "low", "high"):
        expected = sentence.get(name)
        if word and kind in {"threshold", "rank"}:
            expected = word.threshold if name == "low" else None
        assert row[name] == (expected and pytest.approx(expected, abs=1e-6)), name


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence["id"])
def test_a_command_that_is_printed_asks_what_it_says(
    sentence: dict[str, Any], words: Words
) -> None:
    reading = read(sentence["text"], words)
    printed = [candidate.asked for candidate in reading.candidates]
    for asked in [*printed, *([reading.asked] if reading.asked else [])]:
        tokens = shlex.split(asked.command())
        assert tokens[0] == "orewatch"
        _, bound, _ = app.parse_args(tokens[1:], exit_on_error=False, print_error=False)
        given = dict(bound.arguments)
        given["code"] = tuple(given.get("code") or ())
        again = Asked(**given)
        assert again == asked
        assert question_of(again, words) == question_of(asked, words)


def test_a_reading_and_its_own_command_are_one(words: Words) -> None:
    reading = read("Korea buys about 60 percent of its tungsten ore from China by weight", words)
    assert reading.asked is not None
    again = asked_in_options(reading.asked, words)
    assert again.questions.equals(reading.questions)
    assert again.understood == reading.understood


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"importer": "Atlantis"}, "Atlantis"),
        ({"importer": "Congo"}, "COD or COG"),
        ({"importer": None, "of": "imports"}, "whose imports"),
        ({"supplier": None}, "whose share"),
        ({"mineral": "orichalcum"}, "orichalcum"),
        ({"mineral": None}, "which mineral"),
        ({"share": "91.2"}, "more than the whole"),
        ({"share": "a lot"}, "no share"),
        ({"as_of": 99999999999}, "takes a year"),
        ({"share": "1e99999999"}, "no share"),
        ({"share": "1/0"}, "no share"),
        ({"share": None}, "what is claimed"),
        ({"word": "heavily"}, "figure of its own"),
        ({"share": None, "word": "about"}, "bounds a figure"),
        ({"word": "plenty"}, "not declared"),
        ({"at_least": "0.5"}, "--at-least"),
        ({"share": None, "at_least": "0.7", "at_most": "0.6"}, "above"),
        ({"basis": "volume"}, "--basis"),
        ({"stage": "dust"}, "no stage"),
        ({"code": ("010121",)}, "no code of rare_earths"),
        ({"of": "exports"}, "leave --importer out"),
        ({"of": "everything"}, "--of takes"),
    ],
)
def test_options_that_name_nothing_are_refused(
    changes: dict[str, Any], says: str, words: Words
) -> None:
    options = {"importer": "JPN", "supplier": "China", "mineral": "rare earths", "share": "91.2%"}
    question = question_of(Asked(**options), words)
    assert (question["low"], question["high"]) == (0.9115, 0.9125)
    with pytest.raises(AskedError, match=says):
        question_of(Asked(**(options | changes)), words)


@pytest.mark.skipif(not ARTICLE.is_file(), reason="the article is not beside the checkout")
def test_the_whole_article_is_several_claims_and_no_crash(words: Words) -> None:
    text = ARTICLE.read_text(encoding="utf-8")
    assert "characters" in str(read(text, words).problem)
    for paragraph in text.splitlines():
        for sentence in paragraph.replace("\N{EM DASH}", ". ").split(". "):
            assert outcome(read(sentence, words))
