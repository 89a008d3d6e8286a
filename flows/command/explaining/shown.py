"""Show an explanation: to people line by line, to programs as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from flows.command.explaining.account import Account, Result
from flows.command.explaining.cell import command
from flows.command.terminal import console, note, plain, print_json, show_record_list, show_rows
from flows.indices.explained.arithmetic import Number
from flows.indices.explained.sheet import Line, Row

FEW = 6
"""Lines of a kind, terms of a sum and rows of a table that are shown; JSON has all."""
LONGEST = 400
"""Characters of an expression that are shown."""
TELLING = {
    "mart.trade": (
        "year",
        "importer_iso3",
        "exporter_iso3",
        "hs6",
        "value_usd",
        "mass_kg",
        "source",
        "edition",
    ),
    "mart.mineral_trade": (
        "year",
        "importer_iso3",
        "exporter_iso3",
        "value_usd",
        "mass_kg",
        "source",
        "edition",
    ),
}
"""Columns that are shown of a wide table."""
QUIET = (
    "indices.",
    "ref.country",
    "ref.bloc",
    "ref.bloc_member",
    "ref.flag",
    "ref.reason",
    "meta.",
)
"""Tables whose rows only name things; they are counted and not shown."""


def print_account(told: Account, snapshot: str) -> None:
    """Print an explanation as JSON, every line and row of it."""
    table = told.indicator.index.table
    print_json(
        {
            "snapshot": snapshot,
            "table": table.id,
            "meaning": table.meaning,
            "formula": table.formula,
            "citation": table.citation,
            "key": told.key,
            "results": [result_row(one) for one in told.results],
            "flags": told.flags,
            "confidence": told.row.get("confidence"),
            "basket": told.basket,
            "sources": told.sources,
            "rows": told.rows,
            "lines": [vars(line) for line in told.lines],
            "withheld": told.withheld or None,
        }
    )


def result_row(one: Result) -> dict[str, Any]:
    """A result as JSON."""
    return {
        "column": one.column.name,
        "meaning": one.column.meaning,
        "unit": one.column.unit,
        "published": one.published,
        "evaluated": one.evaluated,
        "equal": None if one.is_withheld else one.is_equal,
        "reason": one.reason or None,
    }


def show_account(told: Account, snapshot: str) -> None:
    """Show an explanation: what the number is, what it rests on, its lines and its result."""
    out = console()
    table = told.indicator.index.table
    out.print(Text(command(told.indicator, told.key), style="dim"), soft_wrap=True)
    out.print(Text(table.meaning, style="bold"))
    show_record_list(out, about(told))
    show_basket(told.basket)
    for name, rows in told.rows.items():
        if not name.startswith(QUIET):
            show_source_rows(name, rows)
    if told.lines:
        head("arithmetic")
    for line in shortened(told.lines):
        out.print(line, soft_wrap=True)
    head("result")
    for one in told.results:
        out.print(result_line(one), soft_wrap=True)
    if told.withheld:
        out.print(Text(f"  {told.withheld}", style="yellow"), soft_wrap=True)
    show_sources(told.sources)
    note(f"snapshot {snapshot}; --json has every row and line")


def about(told: Account) -> dict[str, str]:
    """Say what the numbers mean, and how far they may be trusted."""
    table, row = told.indicator.index.table, told.row
    lines = {}
    if len(told.results) == 1:
        column = told.results[0].column
        lines[column.name] = f"{column.meaning}{f' [{column.unit}]' if column.unit else ''}"
    lines |= {"formula": table.formula, "after": table.citation}
    lines |= {f"flag {flag}": meaning for flag, meaning in told.flags.items()}
    if row.get("confidence"):
        lines["confidence"] = f"{row['confidence']} (A to D)"
    return {name: plain(text, widest=None) for name, text in lines.items()}


def show_basket(codes: Sequence[Row]) -> None:
    """Show the codes that are summed, and those that are left out."""
    if not codes:
        return
    head("basket")
    lines = {}
    for code in codes:
        years = f"{code['first_year']} to {code['last_year'] or 'now'}"
        left = f"; left out: {code['left_out']}" if code["left_out"] else ""
        lines[f"HS {code['hs6']}"] = f"{code['form']}, {code['specificity']}, {years}{left}"
    show_record_list(console(), lines)


def show_source_rows(table: str, rows: Sequence[Row]) -> None:
    """Show the first rows that were read from a table."""
    if not rows:
        return
    head(f"rows of {table}")
    names = TELLING.get(table, tuple(rows[0]))
    largest = sorted(rows, key=lambda row: -(row.get("value_usd") or row.get("mass_kg") or 0))
    show_rows(names, [[row[name] for name in names] for row in largest[:FEW]])
    if len(rows) > FEW:
        note(f"  … and {len(rows) - FEW:,} more")


def show_sources(rows: Sequence[Row]) -> None:
    """Show whose figures they are, how to cite them and under which licence they stand."""
    if not rows:
        return
    head("sources")
    lines = {
        f"{row['source']} {row['edition']}": f"{row['citation']} Licence: {row['licence']}."
        for row in rows
    }
    show_record_list(console(), lines)


def shortened(lines: Sequence[Line]) -> Iterator[Text]:
    """Write lines, of many of one kind the first few."""
    run: list[Line] = []
    for line in [*lines, None]:
        if line is not None and (not run or stem(line) == stem(run[0])):
            run.append(line)
            continue
        yield from (written(one) for one in run[:FEW])
        if len(run) > FEW:
            yield Text(f"  … and {len(run) - FEW:,} more lines {stem(run[0])}_…", style="dim")
        run = [line] if line is not None else []


def stem(line: Line) -> str:
    """The kind of a line: its name without the supplier's code."""
    head_, _, last = line.name.rpartition("_")
    return head_ if head_ and last.isupper() else line.name


def written(line: Line) -> Text:
    """Write a line: name, expression, value, unit and what to know."""
    text = Text(f"  {line.name}", style="bold")
    expression = some(line.expression)
    if expression != repr(line.value):
        text.append(f" = {expression}", style="not bold")
    text.append(f" = {number(line.value)}", style="not bold")
    if line.unit:
        text.append(f" {line.unit}", style="not bold dim")
    if line.note:
        text.append(f"   {plain(some(line.note), widest=None)}", style="not bold dim")
    return text


def some(expression: str) -> str:
    """Give the first terms of a long sum, and of what else is long the first part."""
    terms = [""]
    for term in expression.split(" + "):
        # A plus within parentheses does not end a term.
        whole = terms[-1].count("(") == terms[-1].count(")")
        terms[-1:] = [terms[-1], term] if whole else [f"{terms[-1]} + {term}"]
    terms = terms[1:]
    if len(terms) > FEW + 1:
        expression = f"{' + '.join(terms[:FEW])} + … and {len(terms) - FEW:,} more"
    return expression if len(expression) <= LONGEST else f"{expression[:LONGEST]} …"


def number(value: Number) -> str:
    """A whole number with thousands apart, any other with up to twelve digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.12g}"


def result_line(one: Result) -> Text:
    """Write a figure as worked out, and whether the table has the same."""
    name = one.column.name
    if one.published is None:
        return Text.assemble(f"  {name} is null  ", (one.reason, "yellow"))
    unit = f" {one.column.unit}" if one.column.unit else ""
    if one.is_withheld:
        return Text(f"  {name} = {number(one.published)}{unit}")
    if one.evaluated is None:
        return Text.assemble(f"  {name} = {number(one.published)}{unit}  ", ("no lines", "red"))
    says = ("✓ equals the table", "green")
    if not one.is_equal:
        says = (f"✗ the table has {number(one.published)}", "bold red")
    return Text.assemble(f"  {name} = {number(one.evaluated)}{unit}  ", says)


def head(text: str) -> None:
    """Print a heading."""
    out = console()
    out.print()
    out.print(Text(text, style="bold"))
