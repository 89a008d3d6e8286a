"""The report: what it says, that it is the same each time, and that nothing in it reaches out."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest

from flows import warehouse
from flows.diff.contract import Cause
from flows.indices.contract import Table
from flows.indices.import_concentration import INDEX as CONCENTRATION
from flows.indices.import_share import INDEX as SHARE
from flows.report import charts, numbers, series
from flows.report import page as page_module
from flows.report.cells import single_stage
from flows.report.changes import causes_words
from flows.report.claims import claims, linked
from flows.report.figures import embedded
from flows.report.importer import importers
from flows.report.page import report_page, write_report
from flows.report.reading import Snapshot, opened
from flows.report.since import alerts, blocks, titled
from tests import world
from tests.report import small

MOST = 5_000_000
"""Bytes that the report may have."""
STUB = "window.vegaEmbed = null;"
DECLARED: list[Table] = [CONCENTRATION.table, SHARE.table]


@pytest.fixture(scope="module", name="file")
def _file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = small.rows_of() | {"meta.dictionary": small.dictionary(DECLARED)}
    return small.written(tmp_path_factory.mktemp("small") / "orewatch.duckdb", rows)


@pytest.fixture(scope="module", name="page")
def _page(file: Path) -> str:
    # Vega takes seconds to be put together; the tests in a browser have it.
    with warehouse.snapshot_reader(file) as con, patch.object(page_module, "vega", lambda: STUB):
        return report_page(con, small.MANIFEST, changes="# What changed\n\nAll of it <b>.\n")


class Seen(HTMLParser):
    """Elements with their attributes, the text between them, and the scripts."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text: list[str] = []
        self._within: str | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.tags.append((tag, dict(attrs)))
        self._within = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's own
        """Leave an element."""
        self._within = None

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if self._within == "script":
            self.scripts[-1] += data
        elif self._within != "style":
            self.text.append(data)

    @property
    def words(self) -> str:
        """All that is to be read, with single blanks."""
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module", name="seen")
def _seen(page: str) -> Seen:
    return Seen(page)


def test_hostile_text_stays_text(seen: Seen) -> None:
    """Names, notes, citations and quotes with markup are shown as they are written."""
    for hostile in (small.SCRIPT, small.BREAK, small.QUOTE, small.LINK):
        assert hostile in seen.words
    # The ready line, the data, our script, Vega; and no element that only a name would make.
    assert len(seen.scripts) == 4
    assert not any("alert(" in script for script in (seen.scripts[0], *seen.scripts[2:]))
    assert not [tag for tag, _ in seen.tags if tag in {"img", "iframe", "object", "b1"}]
    handlers = [name for _, some in seen.tags for name in some if name.startswith("on")]
    assert handlers == []


def test_data_within_the_page_ends_no_script(seen: Seen) -> None:
    """The embedded JSON holds the hostile names and is read back whole."""
    body = json.loads(seen.scripts[1])
    assert body["names"]["CHN"] == f"China {small.BREAK}"
    assert "<" not in seen.scripts[1]
    assert json.loads(embedded({"a": "</script>\u2028&"})) == {"a": "</script>\u2028&"}


def test_nothing_is_loaded_from_anywhere(page: str, seen: Seen) -> None:
    """No address but places within the page; the policy allows none; no style reaches out."""
    for tag, some in seen.tags:
        assert "src" not in some, tag
        assert (some.get("href") or "#").startswith("#"), (tag, some)
        assert "style" not in some, tag
    assert not [tag for tag, _ in seen.tags if tag in {"link", "base", "form"}]
    policy = next(some["content"] for _, some in seen.tags if "http-equiv" in some)
    assert policy
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy
    style = page.split("<style>")[1].split("</style>", maxsplit=1)[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_knows_every_script(seen: Seen) -> None:
    """Each script that runs, and the style, is allowed by its hash."""
    policy = next(some["content"] or "" for _, some in seen.tags if "http-equiv" in some)
    for script in (seen.scripts[0], *seen.scripts[2:]):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_same_snapshot_same_bytes(file: Path, page: str) -> None:
    """A second reader of the same file gives the same page."""
    with warehouse.snapshot_reader(file) as con, patch.object(page_module, "vega", lambda: STUB):
        again = report_page(con, small.MANIFEST, changes="# What changed\n\nAll of it <b>.\n")
    assert again == page


def test_the_brief_says_what_was_said_and_what_is(seen: Seen) -> None:
    """91.2 was claimed; 37.8 it is by value, 12.8 points under the year before, 2.2 in a decade."""
    words = seen.words[: seen.words.index("Before you quote")]
    for part in ("91.2%", "37.8%", "37.8 to 40.0%", "12.8 pp on 2023", "2.2 pp on 2014"):
        assert part in words, part
    assert words.count(numbers.MINUS) == 2


def test_a_missing_number_says_why_and_is_no_zero() -> None:
    """A series keeps the gap and its reason; the year before it and after it keep theirs."""
    rows, shares = small.cells("JPN", "rare_earths", "value")
    for row in rows:
        row.setdefault("hhi", None)
        row.setdefault("reason", None)
    pack = series.pack(rows, shares, {"baci V1": 3})
    assert (pack["y"], pack["x"], pack["e"]) == (2014, "CHN VNM MMR", 3)
    assert pack["r"] == {"2021": "code_ended"}
    china = [pack["d"][2 * k : 2 * k + 2] for k in range(11)]
    assert china == ["b4", *["--"] * 5, "pc", "--", "go", "e2", "ai"]


def test_a_mineral_without_numbers_shows_its_reason(page: str) -> None:
    """Neither the mineral's page nor its row of the matrix has a zero for what is not known."""
    for begin, end in (('id="mineral-neon"', "</section>"), ('"#mineral-neon">Neon', "<tr")):
        part = page.split(begin)[1].split(end, maxsplit=1)[0]
        words = Seen(f"<p {part}").words
        assert "code ended" in words
        assert not re.search(r"\b0(\.0|%|\b)", words.replace("0 to 1", "")), words


@pytest.mark.parametrize(
    ("share", "signs"), [(0.0, "00"), (0.035, "0z"), (0.036, "10"), (1.0, "rs"), (None, "--")]
)
def test_shares_are_packed_to_thousandths(share: float | None, signs: str) -> None:
    """Two digits to the base of 36: 35 is z, 36 is 10, 1000 is rs."""
    assert series.packed([share]) == signs


def test_every_number_has_a_whole_citation(seen: Seen) -> None:
    """Each button names a column of a declared table."""
    often = {short: name for name, short in numbers.OFTEN.items()}
    declared = {table.id: {c.name for c in table.columns} for table in DECLARED}
    buttons = [some["data-n"] or "" for tag, some in seen.tags if "data-n" in some]
    assert len(buttons) > 20
    for name in buttons:
        short, column = often.get(name, name).split(".")
        assert short in numbers.TABLES
        if (table := numbers.TABLES[short]) in declared:
            assert column in declared[table]


def test_headings_go_down_one_step_at_a_time(seen: Seen) -> None:
    """Within a page of the report no level of heading is left out, and ids are given once."""
    levels = [int(tag[1]) for tag, _ in seen.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(
        after - before <= 1 or (before, after) == (2, 4)
        for before, after in itertools.pairwise(levels)
    )
    ids = [some["id"] for _, some in seen.tags if "id" in some]
    assert len(ids) == len(set(ids))
    for _, some in seen.tags:
        for name in ("aria-labelledby", "for"):
            assert some.get(name, ids[0]) in ids


def test_every_control_has_a_name(seen: Seen) -> None:
    """Selects and fields have a label or a name; regions that scroll can be reached."""
    labelled = 0
    for place, (tag, some) in enumerate(seen.tags):
        if tag in {"select", "input"} and "aria-label" not in some:
            assert "label" in {other for other, _ in seen.tags[place - 2 : place]}, some
            labelled += 1
        if some.get("class") == "scroll":
            assert some.get("tabindex") == "0"
            assert some.get("aria-label")
    assert labelled


def test_what_a_snapshot_lacks_is_said(tmp_path: Path) -> None:
    """An old or a narrow snapshot gives a report too, which says what is not there."""
    kept = ("mart.economy", "ref.mineral", "meta.source", "meta.edition", "mart.claim")
    rows = {name: some for name, some in small.rows_of().items() if name in kept}
    path = small.written(tmp_path / "narrow.duckdb", rows)
    with warehouse.snapshot_reader(path) as con, patch.object(page_module, "vega", lambda: STUB):
        words = Seen(report_page(con, small.MANIFEST)).words
    assert "Verdicts are not in this snapshot" in words
    assert "Alerts are not in this snapshot" in words
    assert "This snapshot has no cells" in words


def test_the_text_of_changes_stays_text(seen: Seen) -> None:
    """Our Markdown is read for its headings and tables only; a bar within a cell stays in it."""
    assert "All of it <b>." in seen.words
    found = blocks("# T\n\n## Why\n\n| a | b |\n| --- | --- |\n| x \\| y | 2 |\n\nEnd\n")
    assert found == [
        {"kind": "heading", "text": "Why"},
        {"kind": "table", "head": ["a", "b"], "rows": [["x | y", "2"]]},
        {"kind": "text", "text": "End"},
    ]


def test_tables_of_changes_keep_their_headings() -> None:
    """Each table is folded under the heading it stands under; what is text is read first."""
    told = blocks("# T\n\nLead\n\n## Why\n\n| a |\n| --- |\n| 1 |\n\n## By table\n\n| b |\n| 2 |\n")
    assert [(one["title"], one["head"]) for one in titled(told)] == [
        ("Why", ["a"]),
        ("By table", ["b"]),
    ]


def test_a_line_names_three_causes_and_counts_the_others() -> None:
    """A table made from everything has a line that can be read; the JSON has all of them."""
    causes = [Cause("facts_changed", f"{name}.csv") for name in "abcde"]
    assert causes_words(causes[:3]).count("facts changed") == 3
    assert causes_words(causes).endswith("c.csv; and 2 more")


@contextmanager
def snapshot_of(path: Path, rows: dict[str, list[dict[str, Any]]]) -> Iterator[Snapshot]:
    """A small snapshot, open."""
    with warehouse.snapshot_reader(small.written(path, rows)) as con:
        yield opened(con, small.MANIFEST)


def test_alerts_are_told_by_rule_with_what_is_about_to_end(tmp_path: Path) -> None:
    """The most severe rule first; 0.62 stays an alert that ends at 0.585, 0.5 ends."""
    rule = {"title": "Above 65", "severity": "critical", "importer": "Japan", "year": 2024}
    rule |= {"on_at": 0.65, "off_at": 0.585, "rule": "b", "importer_iso3": "JPN"}
    rows = small.rows_of() | {
        "ref.alert_rule": [
            {"rule": "b", "unit": "share", "comparison": "gt"},
            {"rule": "a", "unit": "rank", "comparison": "le"},
        ],
        "view.alerts": [
            rule | {"mineral": "tungsten", "value": 0.62, "since_year": 2020},
            rule | {"mineral": "neon", "value": None, "since_year": 2021},
            rule | {"mineral": "rare_earths", "value": 0.5, "since_year": 2024},
            rule
            | {"rule": "a", "severity": "low", "value": 1.0, "off_at": 1.0, "since_year": 2019},
            rule | {"importer_iso3": "BRA", "value": 0.9, "since_year": 2024},
        ],
    }
    with snapshot_of(tmp_path / "alerts.duckdb", rows) as snapshot:
        found = alerts(snapshot)
    assert found is not None
    assert [(one["rule"], len(one["rows"]), one["fresh"]) for one in found] == [
        ("b", 3, 1),
        ("a", 1, 0),
    ]
    told = [(row["mineral"], row["ends"]) for row in found[0]["rows"]]
    assert told == [("rare_earths", True), ("neon", False), ("tungsten", False)]
    assert not found[1]["rows"][0]["ends"]
    shown = [numbers.measured(0.62, "share"), numbers.measured(6.0, "rank")]
    assert [*shown, numbers.measured(0.4, "hhi")] == ["62.0%", "6", "0.40"]


def test_one_kind_of_goods_is_named(tmp_path: Path) -> None:
    """Who reads tin must know that only its ore is counted; a metal needs no word."""
    form = {"specificity": "exact", "headline": True, "last_year": None, "note": "", "name": ""}
    counted = {"one": ["ore"], "two": ["ore", "metal"], "three": ["metal"], "four": ["compound"]}
    rows = {
        "ref.form": [
            form | {"mineral": mineral, "form": stage, "stage": stage}
            for mineral, stages in counted.items()
            for stage in stages
        ]
        + [form | {"mineral": "three", "form": "x", "stage": "ore", "headline": False}],
        "meta.edition": small.rows_of()["meta.edition"],
    }
    stages = {"one": "all", "two": "all", "three": "all", "four": "all", "five": "compound"}
    with snapshot_of(tmp_path / "forms.duckdb", rows) as snapshot:
        found = single_stage(snapshot, stages)
    assert found == {"one": "ore", "four": "compound", "five": "compound"}


def test_claims_that_data_decide_come_first_and_opinions_are_folded(tmp_path: Path) -> None:
    """The brief's claim leads whatever its verdict; what no figure decides is folded away."""
    base = small.rows_of()["mart.claim"][0]
    verdicts = {"C001": "opinion", "C002": "supported", "C010": "outdated", "C003": "not_checkable"}
    told = {"why": "So.", "understood": "It.", "needs": None, "primary_share": None}
    rows = small.rows_of() | {
        "mart.claim": [base | {"claim_id": one} for one in verdicts],
        "indices.claim_verdict": [
            told | {"claim_id": one, "verdict": verdict} for one, verdict in verdicts.items()
        ],
    }
    with snapshot_of(tmp_path / "claims.duckdb", rows) as snapshot:
        found = claims(snapshot)
    assert [(verdict, [row["id"] for row in group]) for verdict, group in found["groups"]] == [
        ("", ["C010", "C002"]),
        ("not_checkable", ["C003"]),
        ("opinion", ["C001"]),
    ]


def test_shares_in_the_reasons_of_a_verdict_lead_to_their_citation() -> None:
    """Shares that the verdict's row holds are linked, others stay; a tag stays text."""
    told = {"primary_share": 0.378, "range_low_share": 0.178, "range_high_share": 0.761}
    told |= {"stated_share": 0.912, "stated_low_share": 0.9115, "nearest_share": None}
    why = "Was 37.8 percent <b>; met 91.2 percent (91.15 to 91.25) in 2007: 17.8 to 76.1 percent."
    words = linked(why, told)
    assert re.findall(r'data-n="cv\.(\w+)">([\d.]+)<', words) == [
        ("primary_share", "37.8"),
        ("stated_share", "91.2"),
        ("stated_low_share", "91.15"),
        ("range_low_share", "17.8"),
        ("range_high_share", "76.1"),
    ]
    assert "&lt;b&gt;" in words
    assert re.sub(r"<[^>]+>", "", words) == why.replace("<b>", "&lt;b&gt;")


def test_the_whole_of_next_to_nothing_is_no_first_point_of_failure(tmp_path: Path) -> None:
    """Behind what is under a measure, single points are ordered by what is imported."""
    rows = small.rows_of(["JPN"], ["antimony", "rare_earths", "tungsten"])
    paid = {"antimony": 100, "rare_earths": 5_000, "tungsten": 9_000_000}
    rows["mart.mineral_trade"] = [
        small.HELD
        | {"importer_iso3": "JPN", "mineral": mineral, "stage": "all", "year": 2024}
        | {"exporter_iso3": "CHN", "value_usd": usd}
        for mineral, usd in paid.items()
    ]
    # By mass China leads in each; its measure is on rare earths.
    with snapshot_of(tmp_path / "points.duckdb", rows) as snapshot:
        (japan,) = importers(snapshot, page_module.read_cells(snapshot))
    assert [(row["mineral"], row["bought"]) for row in japan["single"]] == [
        ("rare_earths", 5_000),
        ("tungsten", 9_000_000),
        ("antimony", 100),
    ]


def test_a_chart_is_filled_with_text_that_is_never_a_blank() -> None:
    """Blanks are the template's only; what is filled in is not looked at again."""
    template = {"a": "$x", "b": ["$y"], "c": ["$y", 1], "d": 2}
    parts = {"x": "$y", "y": ["one", "$x"]}
    assert charts.filled(template, parts) == {
        "a": "$y",
        "b": ["one", "$x"],
        "c": [["one", "$x"], 1],
        "d": 2,
    }


def test_charts_name_no_colour_or_text_but_blanks() -> None:
    """Every chart can be filled from what the page gives; light and dark have the same names."""
    named = set(re.findall(r'"\$(\w+)"', json.dumps(charts.templates())))
    own = {"years", "suppliers", "colours", "unit", "description", "span", "order", "areas"}
    looks = {"paper", "ink", "soft", "accent", "alarm", "faint"}
    assert named == own | looks | {"height"}


@pytest.mark.slow
def test_a_hundred_minerals_and_thirty_importers_fit(tmp_path: Path) -> None:
    """Three thousand pairs over thirty years stay within five megabytes and twenty seconds."""
    path = grown(tmp_path / "large.duckdb")
    began = time.perf_counter()
    found = write_report(path, tmp_path, small.MANIFEST)
    took = time.perf_counter() - began
    assert found.stat().st_size <= MOST
    assert took <= 60, "20 s on two free cores; other tests may run beside this one"


def grown(path: Path) -> Path:
    """The small world with a hundred minerals, thirty importers and thirty years, written."""
    importers = ["JPN", "KOR", *(f"I{k:02}" for k in range(28))]
    minerals = ["rare_earths", "tungsten", *(f"mineral_number_{k}" for k in range(98))]
    base = small.rows_of(importers, minerals)
    for row in base["mart.economy"]:
        row["name"] = row["name"].split(" ")[0]
    for row in base["ref.mineral"]:
        row["name"] = row["name"].split(" <")[0]
    years = pl.DataFrame({"of": range(30)})
    wide: dict[str, Any] = dict(base)
    for name in (
        "indices.import_concentration",
        "indices.import_share",
        "view.preferred_source",
        "view.badge",
    ):
        one = pl.DataFrame(base[name], infer_schema_length=None).filter(pl.col("year") == 2024)
        wide[name] = (
            one.join(years, how="cross")
            .with_columns(pl.col("year") - pl.col("of"))
            .drop("of")
            .to_dicts()
        )
    further = [
        row | {"exporter_iso3": exporter, "import_share": 0.001 * place}
        for row in wide["indices.import_share"]
        if row["exporter_iso3"] == small.EXPORTERS[0]
        for place, exporter in enumerate(("AAA", "BBB", "CCC"), start=1)
    ]
    wide["indices.import_share"] += further
    wide["meta.dictionary"] = small.dictionary(DECLARED)
    return small.written(path, wide)


@pytest.fixture(scope="module", name="bundled")
def _bundled(built: world.Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The report of the bundled figures."""
    manifest = small.MANIFEST | {"as_of": built.day}
    return write_report(built.settings.build, tmp_path_factory.mktemp("bundled"), manifest)


def test_the_bundled_report_is_whole(bundled: Path, built: world.Built) -> None:
    """It fits, has a page for every mineral and importer, and shows 37.8 beside 91.2."""
    page = bundled.read_text(encoding="utf-8")
    assert len(page.encode()) <= MOST
    for mineral in built.facts.frame("mineral")["mineral"]:
        assert f'id="mineral-{mineral}"' in page
    for importer in built.facts.frame("report_importer")["importer"]:
        assert f'id="importer-{importer}"' in page
    words = Seen(page).words
    assert "91.2%" in words
    assert "37.8%" in words
    assert "66.1%" in words
