"""Show who supplies an importer with a mineral: a table, a small chart, thresholds, measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from flows.command.supply import Asked, Body, supply
from flows.command.terminal import console, count, number, plain, print_json
from flows.settings import Settings

YEARS = 6
"""Years with a column of their own where the screen is wide enough."""
SUPPLIERS = 7
"""Suppliers with a line of their own."""
BAR = 24
"""Characters of the bar of a whole."""
BLOCKS, EIGHTHS = "▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉"
STEPS = ".:-=+*%#"
"""The same eight heights for a terminal without Unicode."""
NARROW = 100
"""Width below which fewer years are shown."""
NARROWEST = 60
"""Width below which the line of all years is left out."""

Series = Sequence[float | None]


def show(asked: Asked, settings: Settings, *, years: int | None, as_json: bool) -> int:
    """Show the supply of an importer.

    Raises:
        UsageError: a word names nothing or several things.
        NoSupplyError: the snapshot has no such cell.
        NoSuchSnapshotError: there is no snapshot.

    """
    body = supply(asked, settings)
    if as_json:
        print_json(body)
    else:
        Screen(body, years).show()
    return 0


class Screen:
    """One screen of what `supply` read."""

    def __init__(self, body: Body, years: int | None) -> None:
        """Lay out what was read for the terminal there is."""
        self.body = body
        self.out = console()
        self.is_ascii = self.out.options.ascii_only
        fitting = YEARS if self.out.width >= NARROW else YEARS // 2
        # Beside the years' line nothing would be left for the suppliers' names.
        self.has_trend = self.out.width >= NARROWEST
        self.all_years = [row["year"] for row in body["years"]]
        dated = {row["year"] for row in body["suppliers"] if row["import_share"] is not None}
        self.dated = [year for year in self.all_years if year in dated]
        self.years = (self.dated or self.all_years)[-(years or fitting) :]

    def show(self) -> None:
        """Print everything, one part beneath the other."""
        body = self.body
        who, what = body["importer"]["name"], body["mineral"]["name"]
        self.say(f"{who}: who supplies {what.lower()}", style="bold")
        stage = "the headline forms" if body["stage"] == "all" else f"stage {body['stage']}"
        last = body["years"][-1]
        codes = f" · HS {last['hs6'].replace('+', ', ')}" if last["hs6"] else ""
        self.say(f"{stage} · by {body['basis']}{codes}", style="dim")
        self.suppliers()
        self.bars(last)
        self.concentration(last)
        self.measures()
        self.sources()

    def say(self, text: str, style: str = "", indent: int = 0) -> None:
        """Print a line; what it holds only shows."""
        self.out.print(Text(" " * indent + self.fit(plain(text, widest=None)), style=style))

    def fit(self, text: str) -> str:
        """Write a text with the characters that the terminal has."""
        return text.replace("·", "-").replace("…", "...") if self.is_ascii else text

    def suppliers(self) -> None:
        """Print the share of each large supplier in the last years."""
        shares, names = by_supplier(self.body["suppliers"])
        if not shares:
            return
        first, rest = largest(shares, self.years)
        grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        grid.add_column("supplier", overflow="fold")
        for year in self.years:
            grid.add_column(str(year), justify="right")
        if self.has_trend:
            grid.add_column(f"{self.all_years[0]}-{self.all_years[-1]}", no_wrap=True)
        for iso3 in first:
            self.line(grid, names[iso3], shares[iso3])
        if rest:
            others = {
                year: sum(known)
                for year in self.all_years
                if (known := [v for i in rest if (v := shares[i].get(year)) is not None])
            }
            self.line(grid, count(len(rest), "other"), others)
        self.out.print()
        self.out.print(grid)

    def line(self, grid: Table, name: str, shares: Mapping[int, float | None]) -> None:
        """Add a supplier's line."""
        # Blank where nothing was traded at all, which is no null.
        cells = [mark(shares[year]) if year in shares else "" for year in self.years]
        trend = sparkline([shares.get(year) for year in self.all_years], is_ascii=self.is_ascii)
        drawn = [Text(trend, style="cyan")] if self.has_trend else []
        grid.add_row(plain(self.fit(name)), *cells, *drawn)

    def bars(self, last: Mapping[str, Any]) -> None:
        """Draw the shares of the newest year with a number."""
        shares, names = by_supplier(self.body["suppliers"])
        if not self.dated:
            self.say(f"no share in any year: {self.why(last['reason'])}", indent=2)
            return
        year = self.dated[-1]
        self.out.print()
        if year != last["year"]:
            why = self.why(last["reason"])
            self.say(f"{last['year']} has no number: {why}; the newest is of {year}")
        first, _ = largest(shares, [year])
        widest = max(len(names[iso3]) for iso3 in first)
        cap = [row for row in self.body["thresholds"] if row["figure"] == "import_share"]
        for iso3 in first:
            share = shares[iso3].get(year) or 0.0
            over = any(share > row["threshold"] for row in cap)
            drawn = (bar(share, is_ascii=self.is_ascii), "red" if over else "cyan")
            name = self.fit(plain(names[iso3]))
            self.out.print(Text.assemble(f"  {name:<{widest}}  ", drawn, f" {share:.3f}"))
        self.say(f"shares of {year}", style="dim", indent=2)

    def concentration(self, last: Mapping[str, Any]) -> None:
        """Print the concentration over the years, against the thresholds."""
        series = [row["hhi"] for row in self.body["years"]]
        trend = sparkline(series, is_ascii=self.is_ascii)
        self.out.print()
        head = f"HHI {mark(last['hhi'])} in {last['year']}"
        if last["hhi"] is not None:
            head += (
                f", within {number(last['hhi_low'])} and {number(last['hhi_high'])}; as many as "
                f"{last['effective_suppliers']:.1f} equal suppliers"
            )
        else:
            head += f": {self.why(last['reason'])}"
        self.out.print(Text.assemble((self.fit(plain(head, None)), "bold"), "  ", (trend, "cyan")))
        for row in self.body["thresholds"]:
            value = last["hhi"] if row["figure"] == "hhi" else last["cr1"]
            if value is not None:
                self.threshold(row, value)
        badge = last["badge"] or "none"
        self.say(f"badge {badge}", indent=2)
        for flag in last["flags"]:
            self.say(f"{flag}: {self.body['meanings'].get(flag, '')}", style="yellow", indent=2)
        if not last["flags"]:
            self.say("no flags", style="dim", indent=2)

    def threshold(self, row: Mapping[str, Any], value: float) -> None:
        """Say on which side of a threshold the newest number is."""
        word = "HHI" if row["figure"] == "hhi" else "the largest supplier's share"
        side = "above" if value > row["threshold"] else "not above"
        style = "red" if side == "above" else "dim"
        self.say(f"{word} {side} {row['threshold']:g} ({row['whose']})", style=style, indent=2)

    def why(self, reason: str | None) -> str:
        """Say why there is no number."""
        return f"{reason}, {self.body['meanings'].get(reason, '')}" if reason else "not reported"

    def measures(self) -> None:
        """Print the measures in force."""
        found = self.body["measures"]
        self.out.print()
        day = self.body["day"]
        if not found:
            self.say(f"No measure on it is known to be in force for this importer on {day}.")
            return
        self.say(f"Measures in force on {day}", style="bold")
        for row in found:
            until = f" to {row['in_force_to']}" if row["in_force_to"] else ""
            again = ", again" if row["begins_as"] == "resumed" else ""
            doubt = "" if row["confirmation"] == "confirmed" else ", unconfirmed"
            says = f"{row['exporter']}: {row['kind']} from {row['in_force_from']}{again}{until}"
            style = "red" if row["restricts"] else "dim"
            self.say(f"{says}{doubt} · {row['title'] or row['measure']}", style=style, indent=2)

    def sources(self) -> None:
        """Print where the figures are from and how to go on."""
        body = self.body
        self.out.print()
        if one := body["source_of"]:
            dated = f", {one['released_basis']} {one['released']}" if one["released"] else ""
            self.say(
                f"Source: {one['title']}, edition {body['edition']}{dated} ({one['licence']})",
                style="dim",
            )
        others = [stage for stage in body["stages"] if stage != body["stage"]]
        if others:
            self.say(f"other stages with numbers: {', '.join(others)} (--stage)", style="dim")
        for row in body["commands"]:
            self.say(f"{row['what']}: {row['command']}", style="dim")
        self.say(f"snapshot {body['snapshot']}", style="dim")


def by_supplier(
    rows: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, dict[int, float | None]], dict[str, str]]:
    """Give exporter -> year -> share, in the order of the rows, and exporter -> name."""
    shares: dict[str, dict[int, float | None]] = {}
    for row in rows:
        shares.setdefault(row["exporter_iso3"], {})[row["year"]] = row["import_share"]
    return shares, {row["exporter_iso3"]: row["exporter"] for row in rows}


def largest(
    shares: Mapping[str, Mapping[int, float | None]], years: Sequence[int]
) -> tuple[list[str], list[str]]:
    """Part the suppliers into the largest of these years, the newest first, and the others."""

    def weight(iso3: str) -> tuple[float, float, str]:
        known = [shares[iso3].get(year) or 0.0 for year in years]
        return (-known[-1], -max(known), iso3)

    order = sorted(shares, key=weight)
    present = [iso3 for iso3 in order if any(shares[iso3].get(year) for year in years)]
    leaders = {top for year in years if (top := leader(shares, year))}
    first = [iso3 for place, iso3 in enumerate(present) if place < SUPPLIERS or iso3 in leaders]
    return first, [iso3 for iso3 in order if iso3 not in first]


def leader(shares: Mapping[str, Mapping[int, float | None]], year: int) -> str | None:
    """Name the largest supplier of a year, the first by code where some tie."""
    known = {iso3: share for iso3, row in shares.items() if (share := row.get(year))}
    return min(known, key=lambda iso3: (-known[iso3], iso3)) if known else None


def mark(value: float | None) -> str:
    """Write a number; null said so."""
    return "null" if value is None else number(value)


def sparkline(values: Series, *, is_ascii: bool) -> str:
    """Draw shares between 0 and 1 as heights, one character each; a null is a blank."""
    steps = STEPS if is_ascii else BLOCKS
    top = len(steps) - 1
    return "".join(" " if v is None else steps[min(top, max(0, round(v * top)))] for v in values)


def bar(share: float, *, is_ascii: bool) -> str:
    """Draw a share of a whole as a bar."""
    if is_ascii:
        return "#" * round(share * BAR)
    full, part = divmod(round(share * BAR * 8), 8)
    return "█" * full + EIGHTHS[part].strip()
