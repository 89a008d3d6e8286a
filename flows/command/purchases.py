"""Show what purchases come to: on a screen, as JSON, or row by row as a CSV."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from rich.text import Text

from flows import publish, warehouse
from flows.command import naming, shelf
from flows.command.exits import UsageError
from flows.command.terminal import console, count, note, plain, print_json, show_rows
from flows.purchases.amounts import MICRO
from flows.purchases.answer import Asked, Exposure, answer, problems
from flows.purchases.contract import Options
from flows.purchases.enriched import write_rows
from flows.purchases.reading import read
from flows.purchases.told import body, measures_of, remarks, whole
from flows.settings import Settings

HERE = "Everything was worked out on this machine; nothing of the file has left it, or is kept."
SHOWN = 12
"""Unmatched rows that are shown; JSON and CSV have all."""
WORST = 20
"""Remarks on rows that are shown."""


@dataclass(frozen=True)
class Wanted:
    """What was asked on the command line."""

    file: Path
    importer: str
    day: date
    options: Options = field(default_factory=Options)
    to: str | None = None
    snapshot: str | None = None
    csv: Path | None = None


def expose(wanted: Wanted, settings: Settings, *, as_json: bool) -> int:
    """Hold a file of purchases against a snapshot and show it; give 1 where no row is matched.

    Raises:
        UsageError: the importer names nothing, or the CSV to write is there already.
        PurchaseError: the file cannot be used.
        NoSuchSnapshotError: there is no snapshot.

    """
    if wanted.csv and os.path.lexists(wanted.csv):
        raise UsageError(f"{wanted.csv} is there already; name a new file")
    path = shelf.find(settings, wanted.snapshot)
    with warehouse.snapshot_reader(path / publish.DATABASE) as con:
        importer = naming.economy(
            con,
            wanted.importer,
            lambda word: naming.joined("exposure", str(wanted.file), "--importer", word),
        )
        sheet = read(wanted.file, wanted.options)
        asked = Asked(importer.id, wanted.day, wanted.to, as_json or wanted.csv is not None)
        found = answer(con, sheet, wanted.options, asked)
    if wanted.csv:
        write_rows(found, wanted.csv)
    if as_json:
        print_json(body(found, (importer.id, importer.name), wanted.day, path.name))
    else:
        show(found, importer, wanted, path.name)
    return 0 if found.matched.height else 1


def show(found: Exposure, importer: naming.Named, wanted: Wanted, snapshot: str) -> None:
    """Show it on a screen."""
    out = console()
    out.print(Text(plain(f"{wanted.file.name}: purchases into {importer.name}"), style="bold"))
    for says in (coverage(found), *found.notes):
        note(plain(says, widest=None))
    if found.money.rates_of:
        note(f"converted to {found.money.currency} by average rates of {found.money.rates_of}")
    if found.overall:
        out.print()
        show_overall(found.overall)
    if found.minerals:
        out.print()
        show_rows(HEADS, [line(one) for one in found.minerals])
        note(f"the importer's: all imports of {importer.name}, by value, in the year beside it")
    show_measures(found, wanted.day)
    show_unmatched(found)
    for one in remarks(found)[:WORST]:
        note(plain(f"{count(one['rows'], 'row')}: {one['says']}", widest=None))
    out.print()
    note(HERE)
    written = f" · every row with its figures: {wanted.csv}" if wanted.csv else ""
    note(f"--json has all of it, --csv FILE every row · snapshot {snapshot}{written}")


def coverage(found: Exposure) -> str:
    """Say how much of the file was matched."""
    total, good = (whole(frame) for frame in (found.rows, found.matched))
    part = f", {good / total:.3f} of the amount" if total else ""
    unit = found.money.currency or "" if found.basis == "value" else "kg"
    amount = f"{total:,.2f} {unit}".strip()
    rows = count(found.rows.height, "row")
    said = "" if found.basis == "value" else "; no values, so by mass, each mineral by itself"
    return f"{rows}, {amount}; {found.matched.height:,} matched{part}{said}"


def show_overall(overall: Mapping[str, Any]) -> None:
    """Show the parts over all minerals."""
    lines = [
        ("from the largest single country", overall["largest_share"], overall["largest_supplier"]),
        ("on minerals that come from one country alone", overall["sole_country_share"], ""),
        ("under a measure in force", overall["under_measure_share"], measure_words(overall)),
        (
            "from the importer's own top supplier",
            overall["top_supplier_share"],
            unknown(overall["top_supplier_unknown_share"]),
        ),
    ]
    words = {
        "hhi": "where the importer's imports have an HHI above",
        "import_share": "from a country with more of the importer's imports than",
    }
    for row in overall["above"]:
        said = "; ".join(filter(None, (row["whose"], unknown(row["unknown_share"]))))
        lines.append((f"{words[row['figure']]} {row['threshold']:g}", row["share"], said))
    show_rows(("part of the spend", "share", "what"), lines)
    scores = overall["governance"]
    told = "not known" if scores is None else f"{scores:.2f} on a scale of about -2.5 to 2.5"
    note(f"mean governance of the supplying countries, weighted by spend: {told}")


def unknown(share: float | None) -> str:
    """Say for how much a figure is not known; nothing where it is for all."""
    return f"not known for {share:.3f}" if share else ""


def measure_words(row: Mapping[str, Any]) -> str:
    """Say how much of what is under a measure rests on a name alone, or is unconfirmed."""
    parts = []
    if row["under_measure_by_name_share"]:
        parts.append(f"{row['under_measure_by_name_share']:.3f} by the mineral's name alone")
    if row["under_measure_unconfirmed_share"]:
        parts.append(f"{row['under_measure_unconfirmed_share']:.3f} unconfirmed")
    return ", ".join(parts)


HEADS = (
    "mineral",
    "amount",
    "largest from",
    "share",
    "own HHI",
    "under a measure",
    "importer's HHI",
    "its top supplier",
    "year",
    "world production",
)


def line(one: Mapping[str, Any]) -> Sequence[object]:
    """Give a mineral's line."""
    country, world = one["country"], one["production"]
    made = None
    if world["hhi"] is not None:
        made = f"{world['top_producer']} {world['cr1']:.3f} ({world['stage']} {world['year']})"
    return (
        one["name"],
        round(one["amount"]),
        one["largest_supplier"],
        one["largest_share"],
        one["hhi"],
        one["under_measure_share"],
        country["hhi"] if country["hhi"] is not None else country["reason"],
        country["top_supplier"],
        country["year"],
        made,
    )


def show_measures(found: Exposure, day: date) -> None:
    """Show the measures that purchases are under."""
    hit = measures_of(found)
    if not hit:
        note(f"no purchase is known to be under a measure on {day}")
        return
    console().print(Text(f"\nMeasures in force on {day}", style="bold"))
    heads = ("measure", "of", "kind", "from", "share", "sure", "title")
    show_rows(
        heads,
        [
            (
                one["measure"],
                one["exporter_iso3"],
                one["kind"],
                one["in_force_from"],
                one["share"],
                one["confirmation"],
                one["title"],
            )
            for one in hit
        ],
    )


def show_unmatched(found: Exposure) -> None:
    """Show the rows that could not be matched, and why."""
    rest = found.unmatched
    if not rest.height:
        return
    console().print(Text(f"\n{count(rest.height, 'row')} not matched", style="bold yellow"))
    heads = ("line", "problem", "what", "amount", "remedy")
    show_rows(
        heads,
        [
            (
                str(row["line"]),
                row["problem"],
                row["detail"],
                None if row["amount_micro"] is None else row["amount_micro"] / MICRO,
                problems()[row["problem"]]["remedy"],
            )
            for row in rest.head(SHOWN).iter_rows(named=True)
        ],
    )
    if rest.height > SHOWN:
        note(f"and {rest.height - SHOWN:,} more: --json and --csv have them")
