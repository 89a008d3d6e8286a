"""What a run came to: to people as one screen, to programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.text import Text

from flows import publish
from flows.command import answers, reporting
from flows.command.queries import question
from flows.command.terminal import console, count, note, plain, print_json, show_record_list
from flows.settings import Settings

if TYPE_CHECKING:
    from flows.quality import Verdict
    from flows.snapshot import Published

SHOWN = 5
"""Failing rows shown of each check; the report has more."""
OUTCOMES = (
    ("passed", ("pass",)),
    ("warned", ("warn",)),
    ("failed", ("fail", "error", "vacuous")),
    ("not applicable", ("not_applicable",)),
)
"""The word shown -> the outcomes it counts."""


def show_published(done: Published, settings: Settings, *, as_json: bool) -> None:
    """Show what a run came to, on one screen."""
    body = publish.read_manifest(done.path)
    headline = headline_rows(done.path, settings)
    if as_json:
        print_json(
            {
                "outcome": "published" if done.is_new else "unchanged",
                "snapshot": done.path.name,
                "path": str(done.path),
                "checks": body["checks"],
                "tables": {table["name"]: table["rows"] for table in body["tables"]},
                "headline": headline,
            }
        )
        return
    tables = [table for table in body["tables"] if not table["name"].startswith("view.")]
    held = f"{count(len(tables), 'table')}, {sum(t['rows'] for t in tables):,} rows"
    out = console()
    out.print()
    if done.is_new:
        out.print(Text.assemble(("✓ published ", "bold green"), (done.path.name, "bold")))
    else:
        says = "✓ nothing new: the inputs are those of "
        out.print(Text.assemble((says, "bold green"), (done.path.name, "bold")))
    lines = {"path": str(done.path), "checks": checks_in_words(body["checks"]), "tables": held}
    show_record_list(out, lines)
    show_headline(headline)
    show_next(done.path)


def checks_in_words(checks: Mapping[str, int]) -> str:
    """Counts of checks: passed, warned, failed, not applicable."""
    sums = ((word, sum(checks.get(name, 0) for name in names)) for word, names in OUTCOMES)
    return ", ".join(f"{amount:,} {word}" for word, amount in sums)


def headline_rows(path: Path, settings: Settings) -> list[dict[str, Any]]:
    """The article's headline figure beside what the data of a snapshot say."""
    asked = question("headline", (), settings.sql / "queries")
    return answers.ask(path, asked.sql, asked.parameters).rows.to_dicts()


def show_headline(rows: Sequence[Mapping[str, Any]]) -> None:
    """Show the claim and the shares beside it; nothing where the claim is not in the snapshot."""
    if not rows:
        return
    first = rows[0]
    out = console()
    mineral = str(first["mineral"]).replace("_", " ")
    what = f"{first['exporter']}'s share of {first['importer']}'s imports of {mineral}"
    out.print()
    out.print(Text(what, style="bold"))
    claimed = f"{first['anchor']}, for {first['claimed_for']} ({first['claimed_for_is']})"
    lines = {"the article says": claimed}
    for row in rows:
        if row["figure"] != "claimed":
            says = f"{row['share']:.1%} by {row['basis']} in {row['year']}"
            told = "the data say" if row["figure"] == "latest" else "nearest to it"
            lines[told] = f"{lines[told]}, {says}" if told in lines else says
    if len(rows) > 1:
        last = rows[-1]
        codes = str(last["hs6"]).replace("+", " + ")
        lines["from"] = f"{last['source']} {last['edition']}, HS {codes}"
    show_record_list(out, {key: plain(value, widest=None) for key, value in lines.items()})


def show_next(path: Path) -> None:
    """Name the commands to try next."""
    out = console()
    out.print()
    out.print(Text("try next", style="bold"))
    commands = {
        "orewatch check C010": "the article's figure, computed in every way",
        "orewatch show KOR graphite": "who supplies whom",
        "orewatch alerts": "what is beyond its threshold, or due",
        "orewatch query --list": "ready-made questions",
    }
    if (path / reporting.NAME).is_file():
        commands = {"orewatch report --open": "the report, one file to forward"} | commands
    show_record_list(out, commands, style="")
    note(f"the quality report: {path / 'quality.html'}")


def show_blocked(error: Any, settings: Settings, *, as_json: bool) -> None:  # noqa: ANN401
    """Show which checks block a snapshot, on which rows, and what stays.

    `error` is a GateBlockedError, whose module takes seconds to import.
    """
    verdicts: list[Verdict] = error.verdicts
    last = publish.current(settings.current)
    stays = f"{last.name} stays the current snapshot" if last else "there is no snapshot yet"
    if as_json:
        print_json(
            {
                "outcome": "blocked",
                "checks": [blocking_row(verdict) for verdict in verdicts],
                "report": str(error.folder),
                "snapshot": last.name if last else None,
            }
        )
        return
    out = console(is_error=True)
    out.print()
    says = f"✗ not published: {count(len(verdicts), 'check')} blocked it"
    out.print(Text(says, style="bold red"))
    for verdict in verdicts:
        show_verdict(verdict)
    out.print()
    show_record_list(out, {"report": str(error.folder / "quality.html"), "now": stays})


def blocking_row(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON."""
    return {
        "table": verdict.check.table,
        "check": verdict.check.name,
        "outcome": verdict.outcome,
        "why": verdict.check.why,
        "observed": verdict.observed,
        "unexpected_count": verdict.unexpected_count,
        "rows": [dict(row) for row in verdict.rows],
        "message": verdict.message,
    }


def show_verdict(verdict: Verdict) -> None:
    """Show one check that blocks: what it wants and why, what was seen, and the first rows."""
    out = console(is_error=True)
    out.print()
    out.print(
        Text.assemble((verdict.outcome, "red"), "  ", (verdict.check.id, "bold")), soft_wrap=True
    )
    indent = (0, 0, 0, len(verdict.outcome) + 2)
    for says in (verdict.check.why, verdict.observed, verdict.message):
        if says:
            out.print(Padding(Text(plain(says, widest=None)), indent, expand=False))
    shown = verdict.rows[:SHOWN]
    for row in shown:
        fields = ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
        out.print(
            Padding(Text(f"· {plain(fields, widest=None)}", style="dim"), indent, expand=False)
        )
    if verdict.unexpected_count and verdict.unexpected_count > len(shown) > 0:
        more = f"  the first of {count(verdict.unexpected_count, 'row')}"
        out.print(Padding(Text(more, style="dim"), indent, expand=False))
