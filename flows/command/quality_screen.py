"""The report of quality at the terminal: to people as one text, to programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flows.command.qualities import Report
from flows.command.terminal import console, note, plain, print_json, show_rows
from flows.gate.contract import OUTCOMES, Outcome
from flows.report.quality_grids import check_grid
from flows.report.quality_verdict import Remark, remarks_of
from flows.report.quality_words import WORDS, a_day, day, number

MARKS: Mapping[Outcome, tuple[str, str]] = {
    "fail": ("✗", "bold red"),
    "error": ("!", "bold red"),
    "vacuous": ("∅", "bold red"),
    "warn": ("▲", "yellow"),
    "not_applicable": ("-", "dim"),
    "pass": ("✓", "green"),
}
SHADES = "·▁▂▄▆█"
"""None, and from 1, 10, 100, 1,000 and 10,000 rows in a year."""
GAP = "x"
ROWS_SHOWN = 5
"""Failing rows shown of each check; the report has more."""


def show_report(report: Report, *, only_failing: bool, as_json: bool) -> int:
    """Show a report; give 3 where the run was blocked, else 0."""
    if as_json:
        print_json(as_body(report, only_failing=only_failing))
        return 3 if report.is_blocked else 0
    out = console()
    mark, style = MARKS[report.line.weight]
    out.print()
    out.print(Text.assemble((f"{mark} {report.line.sentence}", style)))
    say(out, report.line.detail)
    say(out, f"{report.folder.name}, as of {day(report.as_of)}", "dim")
    if not only_failing:
        show_advice(out, report)
    remarks = remarks_of(report.verdicts)
    heading(out, "what needs attention")
    for remark in remarks:
        show_remark(out, remark)
    if not remarks:
        say(out, "nothing: no check failed, broke, saw nothing or warned")
    if not only_failing:
        show_map(out, report, remarks)
        show_coverage(out, report)
        show_trend(out, report)
        show_ledgers(out, report)
        show_sources(out, report)
    out.print()
    note(f"the same as a page: {report.folder / 'quality.html'}")
    if report.later:
        note(f"a later run was blocked: orewatch quality {report.later}")
    return 3 if report.is_blocked else 0


def heading(out: Console, words: str) -> None:
    """Begin a part."""
    out.print()
    out.print(Text(words, style="bold"))


def say(out: Console, text: str, style: str = "", indent: int = 2) -> None:
    """Print text from wherever it came, so that it only shows."""
    shown = Text(plain(text, widest=None), style=style)
    out.print(Padding(shown, (0, 0, 0, indent), expand=False))


def show_advice(out: Console, report: Report) -> None:
    """Say what to do."""
    for reader, words in ((True, "to read the figures"), (False, "to keep the data")):
        given = [one.text for one in report.advice if one.reader == reader]
        if given:
            heading(out, words)
        for text in given:
            say(out, f"· {text}")


def show_remark(out: Console, remark: Remark) -> None:
    """Show one check, or several that are silent for one reason: why, what was seen, what to do."""
    v = remark.first
    mark, style = MARKS[v.outcome]
    several = len(remark.verdicts) > 1
    name = f"{v.check.table}: {number(len(remark.verdicts), 'check')}" if several else v.check.id
    out.print()
    title = Text.assemble(
        (f"  {mark} {WORDS[v.outcome][0]}", style), "  ", (plain(name, widest=None), "bold")
    )
    out.print(title, soft_wrap=True)
    if not several:
        say(out, v.check.why, indent=4)
    threshold = f"threshold from: {v.check.threshold_from}" if v.check.threshold_from else ""
    for text in (v.observed, v.message, "" if several else threshold):
        if text:
            say(out, text, indent=4)
    for row in v.rows[:ROWS_SHOWN]:
        fields = ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
        say(out, f"· {fields}", "dim", indent=4)
    if v.unexpected_count and v.unexpected_count > len(v.rows[:ROWS_SHOWN]) > 0:
        say(out, f"  the first of {number(v.unexpected_count, 'row')}", "dim", indent=4)
    say(out, f"to do: {remark.remedy}", indent=4)


def show_map(out: Console, report: Report, remarks: list[Remark]) -> None:
    """Show each schema, and each table that needs attention, by kind of check."""
    grid = check_grid(report.tables, remarks)
    heading(out, "tables by kind of check")
    rows = []
    for group in grid["groups"]:
        rows.append([f"{group['schema']}.*", *map(in_cell, group["total"])])
        rows += [
            [f"  {line['table']}", *map(in_cell, line["cells"])]
            for line in group["lines"]
            if line["worst"] not in {"pass", "not_applicable"}
        ]
    show_rows(["table", *(family.title for family in grid["families"])], rows)
    legend = ", ".join(f"{MARKS[name][0]} {WORDS[name][0]}" for name in OUTCOMES)
    note(f"{legend}; of a schema all its tables")


def in_cell(cell: Mapping[str, Any] | None) -> str:
    """The worst outcome and how many checks have it."""
    if cell is None:
        return ""
    outcome: Outcome = cell["outcome"]
    of = f"/{cell['of']}" if cell["n"] < cell["of"] else ""
    return f"{MARKS[outcome][0]} {cell['n']}{of}"


def show_coverage(out: Console, report: Report) -> None:
    """Show the rows of each edition by year as a strip of bars, gaps marked."""
    grid = report.coverage
    if grid is None:
        return
    heading(out, "coverage by source and year")
    strips = Table.grid(padding=(0, 2))
    for place in range(4):
        strips.add_column(justify="right" if place == 3 else "left", no_wrap=True)  # noqa: PLR2004
    for line in grid["lines"]:
        strip = "".join(GAP if cell["gap"] else SHADES[cell["shade"]] for cell in line["cells"])
        years = f"{line['first']} to {line['last']}" if line["first"] else "no years"
        name = f"  {line['source']} {line['edition']}"
        cells = (plain(name), strip, years, f"{line['total']:,}")
        strips.add_row(*(Text(text) for text in cells))
    out.print(strips)
    if grid["heads"]:
        first, last = grid["heads"][0], grid["heads"][-1]
        shades = ", ".join(f"{SHADES[n]} {10 ** (n - 1):,}" for n in range(1, len(SHADES)))
        note(f"{first} to {last}, rows from: {shades}; {GAP} a gap, {SHADES[0]} none")


def show_trend(out: Console, report: Report) -> None:
    """Show the last snapshots, the newest first."""
    heading(out, "trend over the last snapshots")
    names = ("as_of", "stopped", "warned", "silent", "passed", "rows", "stale", "oldest", "id")
    show_rows(names, [[one[name] for name in names] for one in report.trend])
    note("silent: checks that did not apply; stale: sources; oldest: the oldest source, in days")


def show_ledgers(out: Console, report: Report) -> None:
    """Show what is tolerated, and what was rejected."""
    heading(out, "exceptions in force")
    for one in report.exceptions:
        say(out, f"{one['check']}: {one['reason']} ({one['owner']})")
        rows = f"{one['rows'] or 0:,} of at most {number(one['most_rows'], 'row')}"
        says = f"{rows}, since {day(one['since'])}, until {day(one['expires'])}"
        say(out, says, "dim", indent=4)
    if not report.exceptions:
        say(out, "none: nothing that a check found is tolerated")
    heading(out, "rows rejected")
    if report.rejected is None:
        say(out, "not recorded")
    elif report.rejected:
        say(out, f"{number(sum(one['rows'] for one in report.rejected), 'row')} kept apart")
        names = ["source", "rule", "rows", "why"]
        show_rows(names, [[one[name] for name in names] for one in report.rejected])
    else:
        say(out, "none: every row that came in is in its table")


def show_sources(out: Console, report: Report) -> None:
    """Show the editions of the sources."""
    if not report.sources:
        return
    heading(out, "sources")
    names = ("source", "edition", "freshness", "days", "rows", "tried_live", "licence")
    show_rows(names, [[row[name] for name in names] for row in source_rows(report)])


def source_rows(report: Report) -> list[dict[str, Any]]:
    """One row an edition: age in days on the day of the report, freshness, licence."""
    newest = {source["id"] for source in report.sources if source["fresh"] is not None}
    rows = []
    for source in report.sources:
        released = a_day(source["released"])
        is_older = released is not None and source["id"] in newest
        words = {True: "fresh", False: "stale", None: "superseded" if is_older else "undated"}
        rows.append(
            {
                "source": source["id"],
                "title": source["title"],
                "edition": source["edition"],
                "released": released,
                "days": (report.as_of - released).days if released else None,
                "freshness": words[source["fresh"]],
                "tried_live": source["tried_live"] or "never",
                "rows": source["rows"],
                "licence": source["licence"],
                "citation": source["citation"],
            }
        )
    return rows


def as_body(report: Report, *, only_failing: bool) -> dict[str, Any]:
    """A report as JSON; where `only_failing`, with those checks alone that need attention."""
    remarks = remarks_of(report.verdicts)
    remedy = {v.check.id: remark.remedy for remark in remarks for v in remark.verdicts}
    checks = [
        {**one, "to_do": remedy.get(f"{one['table']}.{one['check']}")} for one in ordered(report)
    ]
    body: dict[str, Any] = {
        "snapshot": report.folder.name,
        "as_of": report.as_of,
        "outcome": "published" if report.is_published else "blocked",
        "verdict": report.line.sentence,
        "detail": report.line.detail,
        "counts": report.body["counts"],
        "checks": [one for one in checks if one["to_do"] or not only_failing],
        "report": str(report.folder / "quality.html"),
    }
    if only_failing:
        return body
    lines = report.coverage["lines"] if report.coverage else []
    kept = ("source", "edition", "first", "last", "gaps", "total")
    return body | {
        "advice": [
            {"for": "reader" if one.reader else "keeper", "text": one.text} for one in report.advice
        ],
        "tables": [
            {key: table[key] for key in ("table", "rows", "worst", "counts")}
            for table in report.tables
        ],
        "coverage": [{key: line[key] for key in kept} for line in lines],
        "trend": [{k: v for k, v in one.items() if k != "bars"} for one in report.trend],
        "exceptions": report.exceptions,
        "rejected": report.rejected,
        "mutants": report.body.get("mutants"),
        "sources": source_rows(report),
        "later_blocked_run": report.later,
    }


def ordered(report: Report) -> list[dict[str, Any]]:
    """The checks as quality.json has them, the worst first."""
    by_id = {f"{one['table']}.{one['check']}": one for one in report.body["checks"]}
    return [by_id[v.check.id] for v in report.verdicts]
