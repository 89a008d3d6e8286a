"""The card of a checked claim, and the table of the article's, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from flows.claims.check import basket_name, grid
from flows.command import terminal
from flows.indices.formulas.claim_phrases import percent

STYLES = {
    "supported": "bold green",
    "contradicted": "bold red",
    "outdated": "bold yellow",
    "inconclusive": "bold blue",
}
WHOLE = None
"""No cut: what a card says is said in full."""
TEXT = 48
"""Characters of a claim in the table of all."""
CELL_COLUMNS = (
    *("basket", "basis", "source", "edition", "side", "territories", "year", "share"),
    *("share_low", "share_high", "meets", "distance", "is_primary", "reason"),
)
"""Columns of a cell that the terminal shows; `--json` gives all."""


def show_card(answer: Mapping[str, Any], *, every_cell: bool) -> None:
    """Print a claim's answer: how it was understood first, then the verdict and its numbers."""
    show_lines(card_lines(answer))
    if every_cell:
        rows = [[cell.get(name) for name in CELL_COLUMNS] for cell in answer["cells"]]
        terminal.show_rows(CELL_COLUMNS, rows)
    else:
        show_grid(answer)
    for source in answer["sources"]:
        title, licence = source.get("title", ""), source.get("licence", "")
        terminal.note(f"{source['source']} {source['edition']}: {title} ({licence})")
    terminal.note(f"snapshot {answer['snapshot']}")
    terminal.note(terminal.plain(f"again: {answer['repeat']}", WHOLE))


def show_lines(lines: Sequence[tuple[str, str, str]]) -> None:
    """Print lines of name and text; a text that does not fit goes on beneath itself."""
    out = terminal.console()
    room = max(len(name) for name, _, _ in lines) + 2
    for name, text, style in lines:
        shown = Text(terminal.plain(text, WHOLE), style=style)
        parts = shown.wrap(out, max(out.width - room, 20)) if out.is_terminal else [shown]
        for place, part in enumerate(parts):
            out.print(Text(name if place == 0 else "", style="dim"), end="")
            out.print(Text(" " * (room - (len(name) if place == 0 else 0))) + part)


def card_lines(answer: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Give the lines of the card: name, text and style."""
    lines = []
    if answer["claim"]:
        named = f"{answer['claim_id']}: " if answer["claim_id"] else ""
        lines.append(("claim", f"{named}{answer['claim']}", ""))
    lines.append(("understood", answer["understood"], ""))
    verdict = answer["verdict"]
    lines.append(("verdict", verdict.replace("_", " "), STYLES.get(verdict, "bold")))
    lines.append(("why", answer["why"], ""))
    if answer["needs"]:
        lines.append(("needs", answer["needs"], ""))
    lines += number_lines(answer)
    return lines


def number_lines(answer: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Give the lines of the card that hold numbers."""
    lines = []
    if first := answer["primary"]:
        lines.append(("primary", primary_line(first), ""))
    if spread := answer["range"]:
        where = f" of {spread['year']}" if spread["year"] else ""
        counted = terminal.count(spread["cells"], "cell")
        text = (
            f"{percent(spread['low'])} to {percent(spread['high'])} percent over {counted}{where}"
        )
        lines.append(("range", text, ""))
    if near := answer["nearest"]:
        lines.append(("nearest", near["text"], ""))
    if years := answer["met_years"]:
        lines.append(("met in", spans(years), ""))
    for event in answer["events"]:
        unsure = " (unconfirmed)" if event["confirmation"] == "unconfirmed" else ""
        lines.append((event["what"], f"{event['day']}{unsure} {event['title']}", ""))
    return lines


def primary_line(first: Mapping[str, Any]) -> str:
    """Write the primary cell."""
    where = f"in {first['year']}, by {first['basis']}, {first['source']} {first['edition']}"
    codes = f", HS {first['hs6'].replace('+', ' + ')}" if first["hs6"] else ""
    rank = f", rank {first['rank']}" if first["rank"] else ""
    if first["share"] is not None:
        return f"{percent(first['share'])} percent{rank} {where}{codes}"
    if first["low"] is not None and first["high"] is not None:
        return f"{percent(first['low'])} to {percent(first['high'])} percent {where}{codes}"
    return f"no number {where}{codes}"


def show_grid(answer: Mapping[str, Any]) -> None:
    """Print the cells of the primary year and source: a row a basket, a column a basis."""
    cells = grid(answer["cells"], answer["primary"])
    if not cells:
        return
    year = cells[0]["year"]
    columns = list(dict.fromkeys((cell["basis"], cell["territories"]) for cell in cells))
    columns.sort(key=lambda column: (column[1], column[0] != "value"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column(Text(f"{year}, percent"))
    for basis, territories in columns:
        table.add_column(
            Text(f"{basis}{' with HK, Macao' if territories else ''}"), justify="right"
        )
    for basket in dict.fromkeys(cell["basket"] for cell in cells):
        found = {(c["basis"], c["territories"]): c for c in cells if c["basket"] == basket}
        table.add_row(
            Text(basket_name(basket)), *(in_cell(found.get(column)) for column in columns)
        )
    out = terminal.console()
    out.print(table)
    rest = len(answer["cells"]) - len(cells)
    terminal.note(f"{rest:,} further cells (years, sources, sides): --all prints them")


def in_cell(cell: Mapping[str, Any] | None) -> Text:
    """Write a cell: its share, marked where it is primary; its bounds; or why there is none."""
    if cell is None:
        return Text("")
    if cell["share"] is not None:
        mark = "*" if cell["is_primary"] else ""
        return Text(f"{mark}{percent(cell['share'])}", style="bold" if mark else "")
    if cell["share_low"] is not None and cell["share_high"] is not None:
        return Text(f"{percent(cell['share_low'])} to {percent(cell['share_high'])}")
    return Text((cell["reason"] or "").replace("_", " "), style="dim")


def show_article(answers: Sequence[Mapping[str, Any]], snapshot: str) -> None:
    """Print the article's claims with their verdicts, one a line."""
    names = ("claim", "verdict", "primary", "year", "claimed", "text", "needs")
    rows = [
        (
            one["claim_id"],
            one["verdict"],
            one["primary"]["share"] if one["primary"] else None,
            one["primary"]["year"] if one["primary"] else None,
            claimed(one["asked"]),
            terminal.plain(one["claim"] or "", TEXT),
            one["needs"] or "",
        )
        for one in answers
    ]
    terminal.show_rows(names, rows)
    counts: dict[str, int] = {}
    for one in answers:
        counts[one["verdict"]] = counts.get(one["verdict"], 0) + 1
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))
    terminal.note(f"{terminal.count(len(answers), 'claim')}: {said} · snapshot {snapshot}")
    terminal.note("orewatch check C010 shows one of them with its numbers")


def claimed(asked: Mapping[str, Any]) -> float | str | None:
    """Write the share that a claim states, or its bounds."""
    low, high = asked["low"], asked["high"]
    if asked["stated"] is not None or (low is None and high is None):
        return asked["stated"]  # type: ignore[no-any-return]
    return f"from {low:.3f}" if low is not None else f"to {high:.3f}"


def spans(years: Sequence[int]) -> str:
    """Write years, those in a row as a span."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def wrote(path: Path) -> None:
    """Say that a file was written."""
    terminal.note(f"wrote {terminal.plain(str(path), WHOLE)}")
