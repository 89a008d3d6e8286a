"""Lists of what there is and what was found: to people as tables, to programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.text import Text

from flows.command.queries import read_questions
from flows.command.terminal import console, note, plain, print_json, show_rows
from flows.settings import Settings

if TYPE_CHECKING:
    from flows.command.doctor import Finding

MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "bad": ("✗", "bold red")}


def show_questions(*, as_json: bool) -> int:
    """List the ready-made questions."""
    known = read_questions(Settings().sql / "queries")
    if as_json:
        print_json(
            [
                {"name": q.name, "answers": q.answers, "parameters": dict(q.parameters)}
                for q in known
            ]
        )
        return 0
    out = console()
    for one in known:
        out.print(Text(one.name, style="bold"))
        out.print(Padding(Text(one.answers), (0, 0, 0, 2), expand=False))
        if one.parameters:
            given = "  ".join(f"{name}={value or ''}" for name, value in one.parameters.items())
            out.print(Text(f"  --param {given}", style="dim"))
    return 0


def show_snapshots(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """List snapshots, the current one starred."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        note("no snapshot yet; `orewatch run` makes one")
        return
    names = ("id", "created", "as_of", "tables", "rows", "checks", "MB")
    show_rows(
        names,
        [
            (
                f"{'*' if row['current'] else ' '} {row['id']}",
                datetime.fromisoformat(row["created"]).date(),
                row["as_of"],
                row["tables"],
                in_short(row["rows"]),
                f"{row['checks'].get('pass', 0)}/{sum(row['checks'].values())}",
                round(row["bytes"] / 1e6),
            )
            for row in rows
        ],
    )
    note("* the current one; checks passed of all that were put")


def in_short(amount: int) -> str:
    """An amount, from a million on in millions."""
    return f"{amount / 1e6:.2f}M" if amount >= 1e6 else f"{amount:,}"  # noqa: PLR2004


def show_sources(rows: Sequence[Mapping[str, Any]], day: date, *, as_json: bool) -> None:
    """List the editions of the sources."""
    if as_json:
        print_json({"as_of": day, "sources": rows})
        return
    names = ("source", "edition", "freshness", "rows", "tried_live", "licence", "released")
    shown = [{**row, "tried_live": row["tried_live"] or "never"} for row in rows]
    show_rows(names, [[row[name] for name in names] for row in shown])
    note(f"freshness as of {day}; rows as in the current snapshot")


def show_findings(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Show what was found; give 1 where something needs a remedy."""
    is_well = all(finding.level != "bad" for finding in findings)
    if as_json:
        rows = [{"about": f.about, "level": f.level, "says": f.says} for f in findings]
        print_json({"ok": is_well, "findings": rows})
        return 0 if is_well else 1
    out = console()
    widest = max(len(finding.about) for finding in findings)
    for finding in findings:
        mark, style = MARKS[finding.level]
        line = Text.assemble((mark, style), " ", (f"{finding.about:<{widest}}", "bold"), "  ")
        out.print(line.append(plain(finding.says, widest=None)))
    return 0 if is_well else 1
