"""The quality page: what it says, and that nothing in it can reach out or run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from flows.gate.contract import OUTCOMES, Check, Outcome, Verdict
from flows.report.quality import quality_page

HOSTILE = '<script>alert("x")</script>'
COVERAGE = pl.DataFrame(
    [("baci", "V1", year, 12_345) for year in range(1990, 2025)]
    + [("article", "2026-06", None, 7), ("baci", "V1", 2024, 5)],
    schema=["source", "edition", "year", "rows"],
    orient="row",
)
SOURCES: list[dict[str, Any]] = [
    {
        "id": "baci",
        "title": "BACI",
        "edition": "V1",
        "released": date(2026, 1, 22),
        "licence": "Etalab 2.0",
        "citation": "CEPII, https://example.org/baci?a=1&b=2",
        "rows": 12,
        "fresh": False,
        "tried_live": None,
    },
]
TABLES: list[dict[str, Any]] = [{"table": "mart.trade", "rows": 1234, "meaning": "Trade"}]


def verdict(outcome: Outcome, name: str = "it_holds", **parts: Any) -> Verdict:  # noqa: ANN401
    why = "Because it must."
    check = Check("mart.trade", name, "authored", "expect", {}, "critical", why, "Somewhere")
    return Verdict(check, outcome, **parts)


def page(*verdicts: Verdict, **parts: Any) -> str:  # noqa: ANN401
    given: dict[str, Any] = {
        "snapshot_id": "s-1",
        "verdicts": verdicts,
        "coverage": COVERAGE,
        "sources": SOURCES,
        "tables": TABLES,
        "as_of": date(2026, 11, 1),
        "headline": f"Headline {HOSTILE}",
    }
    return quality_page(**given | parts)


class Reader(HTMLParser):
    """Collects elements, attributes that hold addresses, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag not in {"meta", "use", "path", "circle", "rect"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += "" if "style" in self.open else data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def hostile_page() -> str:
    row: Mapping[str, Any] = {"iso3": HOSTILE, HOSTILE: 1.5, "url": "http://example.org"}
    return page(
        verdict("fail", unexpected_count=1, rows=(row,), message=HOSTILE, observed=HOSTILE),
        snapshot_id=HOSTILE,
        tables=[{"table": HOSTILE, "rows": 1, "meaning": HOSTILE}],
    )


def test_no_address_leads_out_and_nothing_runs() -> None:
    html = hostile_page()
    reader = read(html)
    assert "http" not in html.replace("http-equiv", "")
    assert "//" not in html
    assert "url(" not in html
    assert "@import" not in html
    assert set(reader.tags).isdisjoint({"script", "link", "img", "iframe", "object", "form"})
    assert all(address.startswith("#") for address in reader.addresses)
    assert not {name for name in reader.attributes if name.startswith("on") or name == "style"}
    assert "default-src 'none'" in html


def test_what_a_row_holds_stays_text() -> None:
    assert HOSTILE in read(hostile_page()).text


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ("pass", "Fit to use: every check that applies has passed."),
        ("not_applicable", "Fit to use: every check that applies has passed."),
        ("warn", "Fit to use, with 1 remark to read first."),
        ("fail", "Not published: 1 check stopped it."),
        ("error", "Not published: 1 check stopped it."),
        ("vacuous", "Not published: 1 check stopped it."),
    ],
)
def test_the_verdict_comes_first_in_one_line(outcome: Outcome, sentence: str) -> None:
    text = read(page(verdict("pass", "other"), verdict(outcome))).text
    assert sentence in text
    assert text.index(sentence) < text.index("What needs attention")


def test_no_check_at_all_is_not_fit_to_use() -> None:
    assert "Not published: nothing was checked." in read(page()).text
    assert "Not published: nothing was checked." in read(page(verdict("not_applicable"))).text


def test_what_failed_stands_before_what_warned_with_its_rows() -> None:
    text = read(
        page(
            verdict("warn", "a_warning", observed="3 failing in 9 rows"),
            verdict("fail", "z_failure", unexpected_count=30, rows=({"iso3": "JPN", "x": None},)),
        )
    ).text
    attention = text[text.index("What needs attention") : text.index("Table by table")]
    assert attention.index("z failure") < attention.index("a warning")
    for shown in ("JPN", "null", "The first 1 failing rows", "Somewhere", "3 failing in 9 rows"):
        assert shown in attention


def test_every_outcome_is_told_by_word_and_by_mark() -> None:
    html = page(*(verdict(outcome, f"check_{outcome}") for outcome in OUTCOMES))
    for word in ("failed", "broke", "saw nothing", "warned", "did not apply", "passed"):
        assert word in read(html).text
    for outcome in OUTCOMES:
        assert f'<symbol id="{outcome}"' in html
        assert f'<use href="#{outcome}"/>' in html


def test_checks_silent_for_one_reason_share_a_remark() -> None:
    verdicts = [verdict("vacuous", f"check_{n}", message="no rows") for n in range(5)]
    text = read(page(*verdicts)).text
    attention = text[text.index("What needs attention") : text.index("Table by table")]
    assert attention.count("no rows") == 1
    assert "5 checks" in attention
    assert all(f"check {n}" in attention for n in range(5))


def test_a_table_that_only_a_check_knows_is_shown_as_not_there() -> None:
    assert "not there" in read(page(verdict("error"), tables=[])).text


def test_a_table_without_a_check_is_not_shown_as_passed() -> None:
    tables = [*TABLES, {"table": "mart.odd", "rows": 3, "meaning": "Odd"}]
    assert "not checked" in read(page(verdict("pass"), tables=tables)).text


def test_coverage_adds_up_and_keeps_what_does_not_fit() -> None:
    text = read(page(verdict("pass"))).text
    coverage = text[text.index("Coverage by source and year") : text.index("Where every figure")]
    # 35 years do not fit: the first three are added up.
    assert "to 1992" in coverage
    assert "37k" in coverage
    assert f"{35 * 12_345 + 5:,}" in coverage
    assert "no year" in coverage
    assert "Fit to use" in read(page(verdict("pass"), coverage=COVERAGE.clear())).text


def test_a_stale_source_is_said_in_the_verdict() -> None:
    text = read(page(verdict("pass"))).text
    assert "1 source is older than the schedule asks for." in text
    assert "9 months old" in text
    assert "never tried live" in text


def test_the_same_arguments_give_the_same_bytes_in_any_order_of_checks() -> None:
    verdicts = [verdict(outcome, f"check_{outcome}") for outcome in OUTCOMES]
    assert page(*verdicts) == page(*reversed(verdicts))


def test_headings_step_down_one_by_one_and_columns_have_heads() -> None:
    html = page(verdict("fail", rows=({"a": 1},), unexpected_count=1))
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert '<html lang="en">' in html
    assert "<th>" not in html
