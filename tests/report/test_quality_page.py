"""The quality page: what it says, and that nothing in it can reach out or run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from flows.gate.contract import OUTCOMES, Check, Outcome, Verdict
from flows.gate.implied import implied_checks
from flows.indices.contract import Column, Table
from flows.report.quality import quality_page
from flows.report.quality_families import FAMILIES, REMEDIES, family_of, remedy_of
from flows.report.quality_grids import coverage_grid
from flows.report.quality_trend import SHOWN
from flows.settings import CHECKOUT

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


EXCEPTIONS: list[dict[str, Any]] = [
    {
        "check": "mart.trade.weights_are_there",
        "most_rows": 2000,
        "reason": "The island weighs nothing.",
        "owner": "M. Okafor",
        "since": date(2026, 1, 2),
        "expires": "2026-11-21",
    },
    {
        "check": "mart.trade.values_are_there",
        "most_rows": 5,
        "reason": "Told so.",
        "owner": "M. Okafor",
        "since": "2026-01-02",
        "expires": date(2026, 10, 30),
    },
]
REJECTED: list[dict[str, Any]] = [
    {"source": "baci", "rule": "country_unknown", "why": "Nobody knows the code.", "rows": 312},
    {"source": "baci", "rule": "below_zero", "why": "Trade is never below zero.", "rows": 1},
]


def manifest(month: int, **parts: Any) -> dict[str, Any]:  # noqa: ANN401
    """As much of a manifest as the trend reads."""
    body: dict[str, Any] = {
        "id": f"2026{month:02d}01T000000Z-aaaaaaaa",
        "created": f"2026-{month:02d}-01T00:00:00+00:00",
        "as_of": f"2026-{month:02d}-01",
        "checks": {"fail": 0, "error": 0, "vacuous": 0, "warn": 7, "not_applicable": 3, "pass": 90},
        "tables": [
            {"name": "mart.trade", "rows": 1000 + month},
            {"name": "view.trade", "rows": 5_000_000},
        ],
        "inputs": {"stale": "baci,usgs_mcs"},
        "sources": [{"released": "2025-12-31"}, {"released": None}],
    }
    return body | parts


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
    """Collects elements, attributes that hold addresses, ids, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag not in {"meta", "use", "path", "circle", "rect"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"meta", "use", "path", "circle", "rect"}:
            assert self.open.pop() == tag
        self.text += " " if tag in {"td", "th", "dt", "dd", "small"} else ""

    def handle_data(self, data: str) -> None:
        self.text += "" if "style" in self.open else data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def part(html: str, begins: str, ends: str) -> str:
    """The text of the page between two headings, spaces as one."""
    text = " ".join(read(html).text.split())
    text = text[text.index("How to read this") :]  # the navigation names the parts too
    return text[text.index(begins) : text.index(ends)]


def hostile_page() -> str:
    """A page where every text that comes from outside would like to be more than text."""
    row: Mapping[str, Any] = {"iso3": HOSTILE, HOSTILE: 1.5, "url": "http://example.org"}
    check = Check(HOSTILE, HOSTILE, "authored", "expect", {}, "critical", HOSTILE, HOSTILE)
    coverage = COVERAGE.with_columns(source=pl.lit(HOSTILE), edition=pl.lit(HOSTILE))
    text = dict.fromkeys(("title", "id", "edition", "licence", "citation"), HOSTILE)
    tolerated = dict.fromkeys(("check", "reason", "owner", "since", "expires"), HOSTILE)
    return page(
        verdict("fail", unexpected_count=1, rows=(row,), message=HOSTILE, observed=HOSTILE),
        Verdict(check, "warn", unexpected_count=1, rows=(row,)),
        snapshot_id=HOSTILE,
        coverage=coverage,
        sources=[SOURCES[0] | text],
        tables=[{"table": HOSTILE, "rows": 1, "meaning": HOSTILE}],
        earlier=[manifest(1, id=HOSTILE, as_of=HOSTILE)],
        exceptions=[tolerated | {"most_rows": 1}],
        rejected=[{"source": HOSTILE, "rule": HOSTILE, "why": HOSTILE, "rows": 1}],
        released={"reason": HOSTILE, "by": HOSTILE, "time": HOSTILE},
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
    style = re.search(r"<style>(.*)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in html


def test_what_a_row_holds_stays_text() -> None:
    html = hostile_page()
    assert "<script" not in html
    # 6 texts of the source, 5 and 2 of the ledgers, 8 and more of verdicts, tables and trend.
    assert read(html).text.count(HOSTILE) > 25


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
    attention = text[text.index("What needs attention") : text.index("Tables by kind of check")]
    assert attention.index("z failure") < attention.index("a warning")
    first = "The first 1 failing rows of 30; what is kept of the others stands in quality.json"
    for shown in ("JPN", "null", first, "Somewhere", "3 failing in 9 rows"):
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
    attention = text[text.index("What needs attention") : text.index("Tables by kind of check")]
    assert attention.count("no rows") == 1
    assert "5 checks" in attention
    assert all(f"check {n}" in attention for n in range(5))


def test_a_table_that_only_a_check_knows_is_shown_as_not_there() -> None:
    assert "not there" in read(page(verdict("error"), tables=[])).text


def test_a_table_without_a_check_is_not_shown_as_passed() -> None:
    tables = [*TABLES, {"table": "mart.odd", "rows": 3, "meaning": "Odd"}]
    assert "not checked" in read(page(verdict("pass"), tables=tables)).text


def test_coverage_adds_up_and_keeps_what_does_not_fit() -> None:
    coverage = part(page(verdict("pass")), "Coverage by source and year", "Trend over")
    # 35 years do not fit: the first three are added up.
    assert "to 1992" in coverage
    assert "37k" in coverage
    assert f"{35 * 12_345 + 5:,}" in coverage
    assert "no year" in coverage
    assert "No year is missing" in coverage
    assert "Fit to use" in read(page(verdict("pass"), coverage=COVERAGE.clear())).text


def test_a_year_that_is_missing_is_a_gap_and_one_before_the_first_is_none() -> None:
    rows = [("wgi", "2024", year, 10) for year in (1996, 1998, 2000, 2001)]
    rows += [("baci", "V1", year, 7) for year in (1995, 2001)]
    frame = pl.DataFrame(rows, schema=COVERAGE.schema, orient="row")
    html = page(verdict("pass"), coverage=frame)
    assert html.count('<td class="gap">gap</td>') == 2 + 5
    assert "7 years without figures lie between years that have some" in read(html).text
    lines = {line["source"]: line for line in coverage_grid(frame, [])["lines"]}
    assert lines["wgi"]["gaps"] == [1997, 1999]
    assert [cell["gap"] for cell in lines["wgi"]["cells"]].count(True) == 2
    assert not lines["wgi"]["cells"][0]["gap"]


def test_an_edition_without_years_has_its_line_too() -> None:
    sources = [*SOURCES, SOURCES[0] | {"id": "article", "edition": "2026-01", "rows": 89}]
    lines = coverage_grid(COVERAGE, sources)["lines"]
    assert [(x["source"], x["edition"], x["total"]) for x in lines] == [
        ("article", "2026-01", 89),
        ("article", "2026-06", 7),
        ("baci", "V1", 35 * 12_345 + 5),
    ]
    assert coverage_grid(COVERAGE.clear(), sources)["lines"][1]["yearless"] == 12


def test_tables_are_mapped_by_kind_of_check_with_mark_word_and_count() -> None:
    verdicts = [
        verdict("fail", "shares_sum_to_one", unexpected_count=3),
        verdict("pass", "rows_sum_up_by_sums"),
        verdict("pass", "iso3_is_not_null"),
        verdict("not_applicable", "year_is_not_null"),
    ]
    html = page(*verdicts)
    cells = re.findall(r'<td class="cell (\w+)">(.*?)</td>', html)
    sums = [(outcome, body) for outcome, body in cells if "1<span" in body and outcome == "fail"]
    assert len(sums) == 2  # of the table, and of its schema
    for outcome, body in cells:
        assert f'<use href="#{outcome}"/>' in body or outcome == "blank"
        assert 'class="sr"' in body
    text = part(html, "Tables by kind of check", "Coverage by source")
    assert "failed 1 of 2" in text
    assert "passed 1 of 2" in text
    assert "Figures of the sources mart" in text
    assert '<a href="#r1">' in sums[1][1]


def test_every_link_on_the_page_leads_somewhere() -> None:
    html = page(*(verdict(outcome, f"check_{outcome}") for outcome in OUTCOMES))
    reader = read(html)
    assert len(set(reader.ids)) == len(reader.ids)
    assert {address.removeprefix("#") for address in reader.addresses} <= set(reader.ids)
    assert {"r1", "t1"} <= set(reader.ids)


def test_every_implied_check_has_a_family_and_any_other_one_too() -> None:
    columns = (
        Column("iso3", "text", "Country", key="ref.country.iso3"),
        Column("share", "float", "Share", low=0, high=1),
        Column("rows", "int", "Rows", low=0),
        Column("kind", "text", "Kind", values=("a", "b")),
    )
    table = Table("mart", "trade", "Trade", ("iso3",), columns)
    found = {family_of(check).id for check in implied_checks(table)}
    assert found == {"shape", "keys", "filled", "known", "ranges"}
    by_name = {
        "rows_are_those_of_the_staged_source": "source",
        "hhi_or_a_reason": "reasons",
        "partners_sum_to_the_world": "sums",
        "consumption_is_as_told": "own",
        "verdict_is_that_of_import_share": "agreement",
        "newest_edition_is_fresh": "fresh",
        "unit_values_are_no_outliers": "plausible",
        "no_flow_to_oneself": "own",
        "mart_trade_no_jumps_still_fails": "tolerated",
    }
    assert {name: family_of(verdict("pass", name).check).id for name in by_name} == by_name


@pytest.mark.parametrize("outcome", ["fail", "error", "vacuous", "warn"])
def test_what_needs_attention_says_what_to_do(outcome: Outcome) -> None:
    one = verdict(outcome, "iso3_is_known")
    remedy = remedy_of(one.check, outcome)
    expected = REMEDIES.get(outcome, "add it to the facts or to the source's labels")
    assert expected in remedy
    assert remedy in part(page(one), "What needs attention", "Tables by kind")


def advice(html: str) -> str:
    text = " ".join(read(html).text.split())
    return text[text.index("What to do") : text.index("Attention")]


def test_a_reader_is_told_what_to_do() -> None:
    sound = advice(page(verdict("pass"), sources=[]))
    assert "Use the figures. When you quote one, name the snapshot, s-1" in sound
    assert "If you keep the data" not in sound
    warned = advice(page(verdict("warn")))
    assert "read the remarks on mart.trade. Then name the snapshot, s-1" in warned
    assert "Say the edition beside a figure of BACI, edition V1 (9 months old)" in warned
    assert "orewatch refresh baci" in warned
    stopped = advice(page(verdict("fail"), verdict("pass", "other")))
    assert "Quote no figure from this run." in stopped
    assert "Mend the 1 check that stopped the run, on mart.trade" in stopped
    assert "Say the edition" not in stopped
    assert "Quote no figure" in advice(page())


def test_what_is_unguarded_for_want_of_a_source_is_said() -> None:
    why = "needs the source comtrade, which is absent"
    check = Check("mart.trade", "c", "authored", "expect", {}, "critical", "w", "", ("comtrade",))
    text = advice(page(verdict("pass"), Verdict(check, "not_applicable", message=why)))
    assert "1 check did not apply, for want of comtrade" in text
    empty = verdict("not_applicable", message="declared as may be empty")
    assert "did not apply" not in advice(page(verdict("pass", "other"), empty))


def test_the_trend_goes_back_from_this_snapshot() -> None:
    tables = [{"table": "mart.trade", "rows": 1_008, "meaning": ""}]
    earlier = [manifest(month) for month in (3, 10, 9)]
    html = page(verdict("pass"), tables=tables, earlier=[*earlier, manifest(1, id="s-1")])
    text = part(html, "Trend over the last snapshots", "Exceptions in force")
    places = [text.index(day) for day in ("1 November", "1 October", "1 September", "1 March")]
    assert places == sorted(places)
    assert "(this one)" in text
    assert "1 January" not in text  # the same snapshot is not compared with itself
    # Rows of views are none of their own: 1,010 in October, 1,009 in September, 1,008 now.
    for shown in ("1,008 \u22122", "1,010 +1", "1,009 +6", "1,003"):
        assert shown in text, shown
    assert "274" in text  # 31 December 2025 to 1 October 2026
    assert "283" in text  # 22 January to 1 November 2026
    assert "not recorded" not in text


def test_the_trend_shows_no_more_than_a_page_and_says_what_is_not_recorded() -> None:
    earlier = [manifest(m % 12 + 1, id=f"s{m}", created=f"2026-01-{m + 10}") for m in range(20)]
    text = part(page(verdict("pass"), earlier=earlier), "Trend over", "Exceptions in force")
    assert [f"s{m} " in text for m in (19, 9, 8)] == [True, True, False]
    assert SHOWN == 12
    bare = page(verdict("pass"), earlier=[{"id": "bare"}])
    assert part(bare, "Trend over", "Exceptions in force").count("not recorded") == 8
    assert "This is the first snapshot" in read(page(verdict("pass"))).text


def test_exceptions_are_listed_with_the_days_they_have_left() -> None:
    message = "tolerated until 2026-11-21: The island weighs nothing. (M. Okafor)"
    known = verdict("warn", "weights_are_there", unexpected_count=1312, message=message)
    html = page(known, exceptions=EXCEPTIONS)
    text = part(html, "Exceptions in force", "Rows rejected")
    for shown in (
        "weights are there",
        "The island weighs nothing.",
        "M. Okafor",
        "2 January 2026",
        "21 November 2026",
        "in 20 days",
        "1,312 of at most 2,000",
        "2 days ago",
        "none of at most 5",
    ):
        assert shown in text, shown
    assert text.index("values are there") < text.index("weights are there")
    assert "the exception of mart.trade.values_are_there and mart.trade.weights" in advice(html)
    none = page(verdict("pass"))
    assert "None: nothing that a check found is tolerated." in read(none).text


def test_rejected_rows_are_counted_by_source_and_rule() -> None:
    html = page(verdict("pass"), rejected=REJECTED)
    text = part(html, "Rows rejected", "Where every figure")
    assert "313 rows came in and were kept apart" in text
    assert "baci country unknown Nobody knows the code. 312" in text
    assert "Rejected rows are not recorded" in read(page(verdict("pass"))).text
    assert "every row that came in is in its table" in read(page(verdict("pass"), rejected=[])).text


def test_the_share_of_mutants_killed_is_said() -> None:
    said = read(page(verdict("pass"), mutants=(412, 415))).text
    assert "412 of 415 worlds broken on purpose" in said
    assert "(99.3 percent); what the others break would go unseen." in said
    assert "(100.0 percent)." in read(page(verdict("pass"), mutants=(9, 9))).text
    assert "is not recorded with this snapshot" in read(page(verdict("pass"))).text


def test_a_blocked_run_published_by_hand_says_so_first() -> None:
    released = {
        "reason": "The ministry needs it today.",
        "by": "mokafor",
        "time": "2026-11-01T12:00:00+00:00",
    }
    text = read(page(verdict("fail"), verdict("pass", "other"), released=released)).text
    assert "Published by hand, although 1 check stopped it." in text
    assert "By mokafor on 1 November 2026, for this reason: The ministry needs it today." in text
    assert "Before you quote a figure, read the remarks on mart.trade." in " ".join(text.split())
    assert "by hand" not in read(page(verdict("pass"), released=released)).text


def test_an_older_edition_is_not_called_stale() -> None:
    older = SOURCES[0] | {"edition": "V0", "fresh": None, "released": date(2025, 1, 22)}
    undated = SOURCES[0] | {"edition": "V?", "fresh": None, "released": None}
    text = part(
        page(verdict("pass"), sources=[*SOURCES, older, undated]), "Sources by edition", "Table by"
    )
    assert text.count(" superseded ") == 1
    assert text.count(" out of date ") == 1
    assert "283 days" in text
    assert "648 days" in text
    assert "not stated" in text


def test_a_stale_source_is_said_in_the_verdict() -> None:
    text = read(page(verdict("pass"))).text
    assert "1 source is older than the schedule asks for." in text
    assert "9 months old" in text
    assert "never" in text[text.index("Where every figure") :]


def test_the_same_arguments_give_the_same_bytes_in_any_order_of_checks() -> None:
    verdicts = [verdict(outcome, f"check_{outcome}") for outcome in OUTCOMES]
    assert page(*verdicts) == page(*reversed(verdicts))


def test_headings_step_down_one_by_one_and_columns_have_heads() -> None:
    html = page(
        verdict("fail", rows=({"a": 1},), unexpected_count=1),
        earlier=[manifest(3)],
        exceptions=EXCEPTIONS,
        rejected=REJECTED,
    )
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert '<html lang="en">' in html
    assert all("scope=" in head for head in re.findall(r"<th\b[^>]*>", html))
    tables = re.findall(r"<table\b[^>]*>\s*(<\w+)", html)
    assert len(tables) >= 8
    assert set(tables) == {"<caption"}
    assert all('aria-hidden="true"' in drawing for drawing in re.findall(r"<svg\b[^>]*>", html))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


READ_ON = [
    *(("ink", paper) for paper in ("paper", "card", "pass-bg", "warn-bg", "fail-bg", "none-bg")),
    *(("soft", paper) for paper in ("paper", "card")),
    *((tone, paper) for tone in ("pass", "warn", "fail", "none") for paper in ("paper", "card")),
    *((tone, f"{tone}-bg") for tone in ("pass", "warn", "fail", "none")),
    *(("s-ink", step) for step in ("s1", "s2", "s3")),
    *(("s-ink-strong", step) for step in ("s4", "s5")),
    ("warn", "hatch"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(scheme: str) -> None:
    css = (CHECKOUT / "flows/report/page.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks[:2])
    colours = light if scheme == "light" else light | dark
    for ink, paper in READ_ON:
        darker, lighter = sorted((luminance(colours[ink]), luminance(colours[paper])))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, paper)


def test_shades_of_coverage_go_one_way_so_that_no_hue_is_needed() -> None:
    css = (CHECKOUT / "flows/report/page.css").read_text(encoding="utf-8")
    for block, way in zip(re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2], (-1, 1), strict=True):
        steps = [luminance(colour) for colour in re.findall(r"--s\d: (#[0-9a-f]{6})", block)]
        assert len(steps) == 5
        assert steps == sorted(steps, reverse=way < 0)


def test_every_family_of_checks_is_explained_on_the_page() -> None:
    names = (
        "b_still_fails",
        "columns_are_as_declared",
        "grain_is_unique",
        "a_is_not_null",
        "a_is_known",
        "x",
    )
    names += (
        "as_staged",
        "a_reason",
        "a_is_finite",
        "a_is_fresh",
        "no_jumps",
        "a_sums",
        "a_agrees",
    )
    assert {family_of(verdict("pass", name).check).id for name in names} == {f.id for f in FAMILIES}
    text = part(
        page(*(verdict("pass", name) for name in names)), "Kinds of checks", "The checks them"
    )
    assert all(family.asks in text for family in FAMILIES)
