"""The report in a real browser without network: it works, it asks for nothing, it can be read.

axe-core is in no package that the project may use; the rules that it calls serious are kept by
checks of our own: contrast, names of controls and pictures, headings, landmarks, ids, language,
and that whatever scrolls or acts is reached by keyboard.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows import warehouse
from flows.build import tables_without_gate
from flows.facts import read_facts
from flows.marts import read_models
from flows.report.numbers import BLANK, MINUS
from flows.report.page import write_report
from flows.settings import Settings
from tests import world
from tests.report import browser, small
from tests.report.test_quality_page import page as quality_page
from tests.report.test_quality_page import verdict

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.program() is None, reason="no Chromium is installed here"),
]

FIRST_VIEW = 1.0
"""Seconds until the first view is there."""
RATIO = 4.5
"""Contrast that text needs with what is behind it (WCAG 2, AA)."""


@pytest.fixture(scope="module", name="file")
def _file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = Settings()
    declared = tables_without_gate(read_facts(settings.facts), read_models(settings.sql))
    rows = small.rows_of() | judged() | {"meta.dictionary": small.dictionary(declared)}
    return small.written(tmp_path_factory.mktemp("browsed") / "orewatch.duckdb", rows)


def judged() -> dict[str, list[dict[str, Any]]]:
    """One claim that the data decide, and one that is a forecast."""
    claim = small.rows_of()["mart.claim"][0]
    told = {"needs": None, "understood": "The share", "primary_basis": "value"}
    told |= {"primary_source": "baci", "primary_edition": "V1", "primary_year": 2024}
    return {
        "mart.claim": [claim, claim | {"claim_id": "C011", "anchor": "forecast", "unit": None}],
        "indices.claim_verdict": [
            told
            | {"claim_id": "C010", "verdict": "outdated", "primary_share": 0.378}
            | {"stated_share": 0.912, "range_low_share": 0.178, "range_high_share": 0.761}
            | {"why": "Was 37.8 percent by value; over all cells 17.8 to 76.1 percent."},
            told
            | {"claim_id": "C011", "verdict": "opinion", "primary_share": None}
            | {"stated_share": None, "range_low_share": None, "range_high_share": None}
            | {"why": "Nothing that is counted would settle it."},
        ],
    }


@pytest.fixture(scope="module", name="address")
def _address(file: Path) -> str:
    return write_report(file, file.parent, small.MANIFEST).as_uri()


@pytest.fixture(scope="module", name="window")
def _window() -> Iterator[browser.Page]:
    with browser.browser() as page:
        yield page


@pytest.fixture(name="page")
def _page(window: browser.Page, address: str) -> Iterator[browser.Page]:
    """The report, opened anew; whatever was done, nothing was complained of or asked for."""
    window.look(1280, 900)
    window.open("about:blank")
    window.events.clear()
    window.open(address)
    yield window
    assert window.complaints == []
    assert {one.split("#")[0] for one in window.requests} - {"about:blank", address} == set()


OPEN = "document.querySelector('.page.open')"


def go(page: browser.Page, place: str) -> None:
    """Go to a page of the report by its hash and wait for its charts."""
    page.run(f"location.hash = {place!r}")
    drawn = "every => [...every].every(one => one.dataset.drawn || one.querySelector('.null'))"
    page.until(f"({drawn})({OPEN}.querySelectorAll('.chart'))")


def test_pages_are_chosen_by_the_hash(page: browser.Page) -> None:
    """One page at a time is shown, named in the navigation, its heading in focus."""
    shown = "[...document.querySelectorAll('.page')].filter(e => e.offsetHeight).map(e => e.id)"
    assert page.run(shown) == ["brief"]
    for place in ("matrix", "claims", "since", "limits", "mineral-rare_earths", "importer-KOR"):
        go(page, place)
        assert page.run(shown) == [place]
        assert page.run("document.activeElement.tagName") == "H1"
    go(page, "nowhere")
    assert page.run(shown) == ["brief"]
    go(page, "mineral-rare_earths:KOR:w")
    assert page.run(f"{OPEN}.querySelector('select').value") == "KOR"
    assert "by mass" in page.run(f"{OPEN}.querySelector('.chart h3').textContent")
    page.run("history.back()")
    page.until(f"{OPEN}.id === 'brief'")


def test_charts_are_drawn_without_eval(page: browser.Page) -> None:
    """All four charts of a mineral, each with bars or lines, a name and its source."""
    go(page, "mineral-rare_earths")
    found = page.run(
        f"[...{OPEN}.querySelectorAll('.chart')].map(e => [e.dataset.chart,"
        " e.querySelectorAll('svg path, svg text').length,"
        " e.querySelector('[role=graphics-document]').getAttribute('aria-label'),"
        " e.querySelector('.from').textContent])"
    )
    assert [name for name, *_ in found] == ["share", "hhi", "production", "price"]
    for name, marks, label, source in found:
        assert marks > 5
        assert label
        vintage = "usgs 1" if name == "production" else "V1, released 2026-01-31"
        assert f"{vintage}. Snapshot {small.MANIFEST['id']}." in source


def test_a_table_beneath_has_the_figures(page: browser.Page) -> None:
    """The table under the chart of shares: 37.8 in 2024, and the reason of 2021."""
    go(page, "mineral-rare_earths")
    page.run(f"{OPEN}.querySelector('.chart details').open = true")
    page.until(f"{OPEN}.querySelectorAll('.chart details tbody tr').length === 11")
    rows = page.run(f"{OPEN}.querySelector('.chart details tbody').innerText.split('\\n')")
    assert any(row.startswith("2024\t37.8%\t40.0%") for row in rows)
    assert "2021\tThe code ended" in rows


def test_cells_are_found_and_sorted(page: browser.Page) -> None:
    """The filter leaves what holds its words; a click sorts, a second turns it round."""
    go(page, "matrix")
    rows = "[...document.querySelectorAll('#matrix tbody tr')].filter(e => !e.hidden).length"
    assert page.run(rows) == 3
    page.run(
        "(f => { f.value = 'RARE'; f.dispatchEvent(new Event('input', {bubbles: true})) })"
        "(document.querySelector('#matrix input'))"
    )
    assert page.run(rows) == 1
    go(page, "mineral-rare_earths")
    names = f"[...{OPEN}.querySelector('tbody').rows].map(row => row.cells[0].innerText[0])"
    click = f"{OPEN}.querySelector('.sorter').click()"
    page.run(click)
    assert page.run(names) == ["J", "K"]
    page.run(click)
    assert page.run(names) == ["K", "J"]


def test_a_cell_of_the_matrix_tells_and_leads(page: browser.Page) -> None:
    """Pointed at or reached by keyboard it tells its range; clicked it leads to the mineral."""
    go(page, "matrix")
    page.run("document.querySelectorAll('#matrix td a[href*=rare]')[1].focus()")
    told = page.run("document.querySelector('#tip').textContent")
    assert "2024 by value: Vietnam 40%, HHI 0.35, badge A" in told
    assert small.SCRIPT in told
    page.run("document.querySelectorAll('#matrix td a[href*=rare]')[1].click()")
    page.until("location.hash === '#mineral-rare_earths:KOR'")


def test_the_mark_of_a_cell_cites_the_share_of_the_basis_shown(page: browser.Page) -> None:
    """Beside the way to the mineral there is one to the citation; by mass the suppliers differ."""
    go(page, "matrix")
    cell = "document.querySelector('#matrix td:has(a[href*=rare])')"
    told = f"({cell}.querySelector('.mark').click(), document.querySelector('#cite').innerText)"
    by_value = page.run(told)
    assert "exporter_iso3 = 'VNM'" in by_value
    assert "basis = 'value'" in by_value
    page.run("document.querySelector('#cite').close()")
    page.run("document.querySelector('[name=matrix-basis][value=mass]').click()")
    by_mass = page.run(told)
    assert "exporter_iso3 = 'CHN'" in by_mass
    assert "basis = 'mass'" in by_mass
    assert page.run(f"{cell}.querySelectorAll('.mark').length") == 1
    page.run("document.querySelector('#cite').close()")


def test_a_claim_that_is_folded_away_is_found(page: browser.Page) -> None:
    """Its address opens the fold that it is in, and so does a search for its words."""
    fold = "document.querySelector('details.fold')"
    go(page, "claims")
    assert page.run(f"{fold}.open") is False
    go(page, "claim-C011")
    page.until(f"{fold}.open")
    page.run(f"{fold}.open = false")
    find = (
        "(f => { f.value = '%s'; f.dispatchEvent(new Event('input', {bubbles: true})) })"
        "(document.querySelector('#claims input'))"
    )
    page.run(find % "forecast")
    assert page.run(f"{fold}.open && !{fold}.hidden")
    page.run(find % "91.2")
    assert page.run(f"{fold}.hidden")
    page.run(find % "")
    assert page.run(f"!{fold}.open && !{fold}.hidden")


def test_a_figure_of_the_article_is_cited_from_the_article(page: browser.Page) -> None:
    """Not from the trade figures that stand beside it."""
    told = page.run(
        "(document.querySelector('#brief .said [data-n]').click(),"
        " document.querySelector('#cite').innerText)"
    )
    assert "The article (Them)" in told
    assert small.SCRIPT not in told
    page.run("document.querySelector('#cite').close()")


def test_every_number_leads_to_the_query_that_gives_it(page: browser.Page, file: Path) -> None:
    """Each number that can be clicked is cited, and its query gives it again."""
    go(page, "mineral-rare_earths")
    page.run("document.querySelectorAll('.chart details').forEach(e => { e.open = true })")
    page.until(f"{OPEN}.querySelectorAll('.chart details table').length === 4")
    cited = page.run(
        "[...document.querySelectorAll('[data-n]')].map(e => { e.click();"
        " const d = document.querySelector('#cite'); const found = [e.textContent, e.dataset.n,"
        " d.querySelector('pre') && d.querySelector('pre').textContent, d.innerText];"
        " d.close(); return found; })"
    )
    assert len(cited) > 60
    with warehouse.snapshot_reader(file) as con:
        for text, column, command, told in cited:
            assert command, (text, column)
            query = re.sub(r'\\([\\"$`])', r"\1", command.split('query "')[1].split('" --snap')[0])
            values = con.execute(query).fetchall()
            assert len(values) == 1, query
            figure, _, unit = text.replace(BLANK, " ").partition(" ")
            value = values[0][0] / {"M USD": 1e6, "bn USD": 1e9}.get(unit, 1)
            assert shown(value, figure, column) == figure, query
            assert "Snapshot" in told


def shown(value: float, text: str, column: str) -> str:
    """A value of a table as the page must show it."""
    if column == "mp.mass_kg":
        value /= 1000
    is_change = text[0] in f"+{MINUS}"
    if is_change or (text.endswith("%") and column != "cl.value") or column.startswith("cv."):
        value *= 100
    decimals = len(text.partition(".")[2].rstrip("%"))
    sign = "+" if is_change else ""
    figure = f"{value:{sign},.{decimals}f}".replace("-", MINUS)
    return figure + ("%" if text.endswith("%") else "")


def test_the_citation_can_be_left_by_keyboard(page: browser.Page) -> None:
    """Enter opens it, its query can be copied, Escape closes it, and focus is where it was."""
    page.run("document.querySelector('#brief [data-n]').focus()")
    page.press("Enter")
    assert page.run("document.querySelector('#cite').open")
    page.run("document.querySelector('[data-copy=query]').click()")
    page.until("document.querySelector('#said').textContent === 'The query was copied.'")
    page.press("Escape")
    page.until("!document.querySelector('#cite').open")
    assert page.run("document.activeElement.dataset.n !== undefined")


def test_a_chart_is_saved_as_svg(page: browser.Page) -> None:
    """The file holds the chart with its title, unit, source and vintage, and no script."""
    go(page, "mineral-rare_earths")
    page.run(
        "window.kept = null; URL.createObjectURL = blob => { blob.text().then(t => { window.kept ="
        " t; }); return '#mineral-rare_earths'; }"
    )
    page.run(f"{OPEN}.querySelector('[data-do=svg]').click()")
    page.until("window.kept !== null")
    svg = page.run("window.kept")
    assert svg.startswith("<svg")
    for part in ("suppliers of Japan, by value", "Share of imports", "V1, released", "c0ffee00"):
        assert part in svg
    assert "<script" not in svg


def test_it_prints(page: browser.Page) -> None:
    """The page that is open prints, also from a dark screen; everything prints as one."""
    page.look(1280, 900, dark=True)
    go(page, "mineral-rare_earths")
    assert page.pdf().startswith(b"%PDF")
    go(page, "all")
    page.until("document.documentElement.dataset.drawn === 'all'", 30)
    whole = page.pdf()
    assert whole.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", whole)) >= 9


def test_without_scripts_all_of_it_is_there(window: browser.Page, address: str) -> None:
    """A reader that runs no scripts shows every page, one after the other."""
    window.call("Emulation.setScriptExecutionDisabled", value=True)
    window.open(address)
    window.call("Emulation.setScriptExecutionDisabled", value=False)
    tall = "[...document.querySelectorAll('.page')].every(e => e.offsetHeight > 50)"
    assert window.run(tall)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_it_can_be_read_by_all(page: browser.Page, width: int, *, dark: bool) -> None:
    """No serious fault on any page, from a phone to a wall, in light and dark."""
    page.look(width, 900, dark=dark)
    for place in ("brief", "matrix", "claims", "since", "limits", "mineral-rare_earths"):
        go(page, place)
        assert page.run(FAULTS % RATIO) == [], place
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), place
    go(page, "importer-JPN")
    assert page.run(FAULTS % RATIO) == []


def test_the_page_of_quality_fits_a_phone(window: browser.Page, tmp_path: Path) -> None:
    """Wide tables scroll within themselves; what only a screen reader reads widens no page."""
    kinds = ("grain_is_unique", "iso3_is_not_null", "iso3_is_known", "newest_edition_is_fresh")
    kinds += ("shares_sum_to_one", "hhi_or_a_reason", "unit_values_are_no_outliers", "year_is_same")
    passed = [verdict("pass", name) for name in kinds]
    other = verdict("pass", kinds[0])
    other = replace(other, check=replace(other.check, table="indices.of_a_rather_long_name"))
    file = tmp_path / "quality.html"
    file.write_text(quality_page(*passed, other), encoding="utf-8")
    window.look(390, 900)
    window.open(file.as_uri())
    assert window.run("document.querySelectorAll('.scroll').length")
    assert window.run("document.documentElement.scrollWidth") == 390


FAULTS = r"""(() => {
  const faults = [], seen = element => element.checkVisibility() && element.offsetHeight;
  const rgb = text => {
    const found = text.match(/[\d.]+/g).map(Number);
    const scale = text.startsWith("color(") ? 255 : 1;
    return [...found.slice(0, 3).map(one => one * scale), found[3] === undefined ? 1 : found[3]];
  };
  const light = color => {
    const [r, g, b] = color.slice(0, 3).map(one => one / 255)
      .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color[3] > 0.9) return color;
    }
    return [255, 255, 255, 1];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const left = element.closest("svg, script, style, .sr, .skip, option");
    if (left || !walker.currentNode.data.trim() || !seen(element)) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < %s) faults.push(`contrast ${ratio.toFixed(2)}: ${walker.currentNode.data.trim()}`);
  }
  const named = element => element.getAttribute("aria-label") || element.textContent.trim() ||
    (element.labels && element.labels.length) || element.getAttribute("alt");
  document.querySelectorAll("a, button, input, select, img, dialog, [role=region], [role=img]")
    .forEach(one => { if (!named(one)) faults.push("no name: " + one.outerHTML.slice(0, 80)); });
  document.querySelectorAll(".page.open .canvas svg").forEach(one => {
    if (!one.closest("[aria-label]")) faults.push("a chart without a name");
  });
  let last = 0;
  document.querySelectorAll("h1, h2, h3, h4").forEach(one => {
    if (!seen(one)) return;
    const level = Number(one.tagName[1]);
    if (level > last + 2 || (last === 0 && level > 1)) faults.push("heading: " + one.textContent);
    last = level;
  });
  document.querySelectorAll(".page.open *").forEach(one => {
    if (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === "auto" &&
        one.tabIndex < 0) faults.push("scrolls without keyboard: " + one.className);
  });
  const ids = [...document.querySelectorAll("[id]")].map(one => one.id);
  if (new Set(ids).size !== ids.length) faults.push("an id is given twice");
  if (document.documentElement.lang !== "en") faults.push("no language");
  for (const one of ["main", "nav", "header"])
    if (document.querySelectorAll("body > " + one + ", header " + one).length !== 1)
      faults.push("landmark " + one);
  if (document.querySelectorAll(".page.open h1").length !== 1) faults.push("more than one h1");
  return [...new Set(faults)];
})()"""


def test_the_first_view_of_the_bundled_report_is_there_at_once(
    window: browser.Page, built: world.Built, tmp_path: Path
) -> None:
    """Also with all the figures it is painted within a second, and nothing is asked for."""
    manifest: dict[str, Any] = small.MANIFEST | {"as_of": built.day}
    address = write_report(built.settings.build, tmp_path, manifest).as_uri()
    times = []
    for _ in range(3):
        window.open("about:blank")
        window.events.clear()
        window.open(address)
        time.sleep(0.3)
        times.append(
            window.run("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        )
    assert min(times) < FIRST_VIEW * 1000
    go(window, "mineral-tungsten:KOR")
    assert window.complaints == []
    assert {one.split("#")[0] for one in window.requests} == {address}
