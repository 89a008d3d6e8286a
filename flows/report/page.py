"""The report: one HTML file that works from disk, by mail and on paper, of one snapshot's tables.

Its pages are sections of the one file, shown by the address' hash; without scripts all of them
stand one after the other. Numbers lead to their citation. Nothing is loaded from anywhere, and
nothing in it is evaluated as code: charts are drawn by Vega's interpreter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from flows import warehouse
from flows.report import numbers
from flows.report.brief import brief
from flows.report.cells import Cells, read_cells
from flows.report.claims import claims
from flows.report.figures import embedded, facts
from flows.report.importer import importers
from flows.report.limits import limits
from flows.report.matrix import matrix
from flows.report.mineral import minerals
from flows.report.numbers import edition_of
from flows.report.policy import measures
from flows.report.quality_words import day, spaced
from flows.report.quality_words import number as count
from flows.report.reading import Row, opened
from flows.report.since import since
from flows.report.templates import FOLDER, digest, templates
from flows.warehouse import Connection

NAME = "report.html"
SCRIPTS = ("report.js", "report_charts.js", "report_cite.js", "report_tables.js")
"""The page's script in its order: pages, charts, citations, tables with what waits for a click."""
CHANGES = "changes.md"
READY = 'document.documentElement.className = "js";'
"""Run before anything is shown, so that a page with scripts never flashes all its sections."""


def write_report(database: Path, folder: Path, manifest: Mapping[str, Any]) -> Path:
    """Write a snapshot's report.html into a folder; give its path.

    Args:
        database: the published file, closed.
        folder: where it is written; the text of changes.md is taken from there if it is there.
        manifest: the snapshot's, or at least its `id` and `as_of`.

    Raises:
        WarehouseError: the file cannot be opened.
        OSError: the report cannot be written.

    """
    path = folder / NAME
    path.write_text(page_of(database, folder, manifest), encoding="utf-8")
    return path


def page_of(database: Path, folder: Path, manifest: Mapping[str, Any]) -> str:
    """Give the page of a published file, with the changes.md of its folder; as `write_report`."""
    changes = folder / CHANGES
    told = changes.read_text(encoding="utf-8") if changes.is_file() else None
    with warehouse.snapshot_reader(database) as con:
        return report_page(con, manifest, changes=told)


def report_page(con: Connection, manifest: Mapping[str, Any], *, changes: str | None = None) -> str:
    """Give the whole page; the same snapshot gives the same bytes.

    Args:
        con: a reader of the published file.
        manifest: the snapshot's, or at least its `id` and `as_of`.
        changes: the text of its changes.md.

    """
    snapshot = opened(con, manifest)
    cells = read_cells(snapshot)
    style = (FOLDER / "report.css").read_text(encoding="utf-8")
    script = own_script()
    library = vega()
    parts = {
        "snapshot": snapshot,
        "common": common(cells),
        "trade_years": trade_years(cells),
        "brief": brief(snapshot, cells),
        "matrix": matrix(snapshot, cells),
        "minerals": minerals(snapshot, cells, measures(snapshot)),
        "importers": importers(snapshot, cells),
        "claims": claims(snapshot),
        "since": since(snapshot, changes),
        "limits": limits(snapshot),
    }
    found = environment()
    page: str = found.get_template("report.html.j2").render(
        **parts,
        content=slim(found.get_template("report_content.html.j2").render(**parts)),
        style=style,
        ready=READY,
        script=script,
        library=library,
        style_hash=digest(style),
        script_hashes=[digest(one) for one in (READY, script, library)],
        data=embedded(facts(snapshot, cells)),
    )
    return page


def own_script() -> str:
    """The page's script, its files within one function, so that nothing of it is global."""
    parts = [(FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def slim(content: str) -> str:
    """Leave out what HTML lets be left out: the ends of cells and rows, and blanks before them.

    What is filled in is escaped, so a tag here is always one of the templates.
    """
    return BLANKS.sub("", ENDS.sub("", content))


ENDS = re.compile(r"</(?:td|th|tr)>")
BLANKS = re.compile(r"\s+(?=<(?:td|th|tr|/tbody|/thead|/tfoot)[ >])")


def common(cells: Cells) -> dict[str, Any]:
    """The year and the edition of most newest cells, which a row need not say again."""
    newest = max((row["year"] for row in cells.rows), default="")
    editions = Counter(edition_of(row) for row in cells.rows)
    return {
        "year": newest,
        "edition": min(editions, key=lambda one: (-editions[one], one), default=""),
    }


def placed(row: Row | None, common: Mapping[str, Any]) -> Markup:
    """The year and the edition of a row, as attributes, where they are not those of most."""
    if row is None:
        return Markup("")
    own = {"y": row["year"], "e": edition_of(row)}
    usual = {"y": common["year"], "e": common["edition"]}
    return Markup("").join(
        Markup(' data-{}="{}"').format(name, value)
        for name, value in own.items()
        if value != usual[name]
    )


def trade_years(cells: Cells) -> tuple[int, int] | None:
    """First and last year of the cells."""
    years = [row["year"] for row in cells.rows]
    return (min(years), max(years)) if years else None


@cache
def vega() -> str:
    """Vega, Vega-Lite and the interpreter that needs no eval, in one script of their packages."""
    import vl_convert  # noqa: PLC0415

    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    # Neither may stand within a script of a page.
    return re.sub(r"<(?=/script|!--)", r"\\x3c", bundle, flags=re.IGNORECASE)


@cache
def environment() -> Environment:
    """The templates, in which whatever is filled in is text."""
    found = templates()
    shown: Sequence[Any] = (
        numbers.cited,
        numbers.extra,
        numbers.percent,
        numbers.whole_percent,
        numbers.spread,
        numbers.index,
        numbers.points,
        numbers.measured,
        numbers.dollars,
        numbers.edition_of,
        placed,
        day,
        spaced,
        count,
    )
    found.globals |= {one.__name__: one for one in shown} | {"count": count}
    return found
