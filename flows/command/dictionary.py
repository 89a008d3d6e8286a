"""Tell what the tables and columns of a snapshot mean."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Literal

from rich.padding import Padding
from rich.text import Text

from flows import publish, warehouse
from flows.command.exits import UsageError
from flows.command.shelf import find
from flows.command.terminal import console, count, note, plain, print_json, show_rows
from flows.export.described import Described
from flows.export.dictionary import declared, matching, read_dictionary, reasons
from flows.settings import Settings

Form = Literal["screen", "json", "markdown"]
Reasons = Mapping[str, Sequence[tuple[str, int, str]]]
"""Table -> reasons that occur: reason, rows, meaning."""

EMPTY = "the reasons that occur are known once there is a snapshot; `orewatch run` makes one"


def tell(settings: Settings, wanted: str, snapshot: str | None, form: Form) -> int:
    """Tell the tables asked for, or all; exit code 0.

    Raises:
        UsageError: there is no such table.
        NoSuchSnapshotError: there is no snapshot of that name.

    """
    if snapshot is None and publish.current(settings.current) is None:
        return show(
            chosen(from_declarations(settings), wanted), {}, None, form, is_asked=bool(wanted)
        )
    path = find(settings, snapshot)
    with warehouse.snapshot_reader(path / publish.DATABASE) as con:
        tables = chosen(read_dictionary(con), wanted)
        # A bare list of all tables tells no reasons, and need not look for them.
        is_bare = form == "screen" and not wanted
        found = {} if is_bare else reasons(con, tables)
    return show(tables, found, path.name, form, is_asked=bool(wanted))


def from_declarations(settings: Settings) -> dict[str, Described]:
    """Give the tables that a run would publish."""
    from flows.build import tables_without_gate  # noqa: PLC0415
    from flows.facts import read_facts  # noqa: PLC0415
    from flows.marts import read_models  # noqa: PLC0415

    facts = read_facts(settings.facts, settings.facts_overlay)
    return declared(tables_without_gate(facts, read_models(settings.sql)))


def chosen(known: Mapping[str, Described], wanted: str) -> list[Described]:
    """Give the tables that a name means, or all."""
    if not wanted:
        return list(known.values())
    if found := list(matching(known, wanted)):
        return [known[name] for name in found]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4)
    meant = f"did you mean {', '.join(near)}?" if near else "`orewatch dictionary` lists them"
    raise UsageError(f"no table is called {wanted!r}; {meant}")


def show(
    tables: Sequence[Described], found: Reasons, snapshot: str | None, form: Form, *, is_asked: bool
) -> int:
    """Show tables in the form asked for."""
    if form == "json":
        body = [asdict(one) | {"reasons": said(found.get(one.name, ()))} for one in tables]
        print_json({"snapshot": snapshot, "tables": body})
    elif form == "markdown":
        sys.stdout.write(markdown(tables, found, snapshot))
    elif is_asked:
        for one in tables:
            show_table(one, found.get(one.name, ()))
        note(f"snapshot {snapshot}" if snapshot else EMPTY)
    else:
        rows = [(one.name, len(one.columns), one.meaning) for one in tables]
        show_rows(("table", "columns", "holds"), rows)
        where = f"snapshot {snapshot}" if snapshot else "as declared; there is no snapshot yet"
        note(f"{count(len(tables), 'table')} · {where} · `orewatch dictionary TABLE` tells columns")
    return 0


def said(rows: Sequence[tuple[str, int, str]]) -> list[dict[str, object]]:
    """Reasons as JSON has them."""
    return [{"reason": reason, "rows": amount, "meaning": text} for reason, amount, text in rows]


def show_table(table: Described, found: Sequence[tuple[str, int, str]]) -> None:
    """Show one table on a screen."""
    out = console()
    out.print(Text(table.name, style="bold"))
    about = {
        "": table.meaning,
        "one row for each": ", ".join(table.grain),
        "formula": table.formula,
        "after": table.citation,
    }
    for title, words in about.items():
        if words:
            line = Text.assemble((f"{title}: " if title else "", "dim"), plain(words, None))
            out.print(Padding(line, (0, 0, 0, 2), expand=False))
    out.print()
    for column in table.columns:
        unit = f" [{column.unit}]" if column.unit else ""
        null = ", may be null" if column.nullable else ""
        head = Text.assemble((column.name, "bold"), (f"  {column.type}{unit}{null}", "dim"))
        out.print(Padding(head, (0, 0, 0, 2), expand=False))
        found_in = f" (found in {column.key.partition('?')[0]})" if column.key else ""
        words = plain(column.meaning, None) + found_in
        out.print(Padding(Text(words), (0, 0, 0, 6), expand=False))
    out.print()
    if found:
        show_rows(("why a number is null", "rows", "meaning"), found)


def markdown(tables: Sequence[Described], found: Reasons, snapshot: str | None) -> str:
    """Write tables as Markdown."""
    lines = ["# Dictionary", "", f"Snapshot {snapshot}." if snapshot else f"As declared; {EMPTY}."]
    for one in tables:
        lines += ["", f"## {one.name}", "", in_cell(one.meaning), ""]
        if one.grain:
            lines.append(f"- One row for each: {', '.join(f'`{name}`' for name in one.grain)}")
        lines += [f"- Formula: {in_cell(one.formula)}"] if one.formula else []
        lines += [f"- After: {in_cell(one.citation)}"] if one.citation else []
        lines += ["", "| column | type | unit | may be null | meaning |", "|---|---|---|---|---|"]
        lines += [
            f"| `{c.name}` | {c.type} | {in_cell(c.unit)} | {'yes' if c.nullable else 'no'} "
            f"| {in_cell(c.meaning)} |"
            for c in one.columns
        ]
        if rows := found.get(one.name):
            lines += ["", "| why a number is null | rows | meaning |", "|---|---:|---|"]
            lines += [
                f"| `{reason}` | {amount:,} | {in_cell(text)} |" for reason, amount, text in rows
            ]
    return "\n".join(lines) + "\n"


def in_cell(text: str) -> str:
    """Text as a cell of a Markdown table shows it: nothing in it is markup."""
    flat = " ".join(plain(text, None).split())
    for mark in "\\`*_<>[]|":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
