"""What purchases come to, in the shape that `orewatch exposure --json` prints."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from flows.purchases.amounts import MICRO
from flows.purchases.answer import Exposure, problems


def body(found: Exposure, importer: tuple[str, str], day: date, snapshot: str) -> dict[str, object]:
    """Give everything as JSON has it; `importer` is its id and its name."""
    amounts = {
        name: whole(frame)
        for name, frame in (
            ("all", found.rows),
            ("matched", found.matched),
            ("unmatched", found.unmatched),
        )
    }
    kept = ("line", "problem", "problems", "detail", "material", "hs", "country")
    more = ("quantity", "unit", "value", "currency")
    return {
        "snapshot": snapshot,
        "importer": {"economy": importer[0], "name": importer[1]},
        "day": day,
        "basis": found.basis,
        "currency": found.money.currency if found.basis == "value" else None,
        "converted": {"rates_of": found.money.rates_of, "source": found.money.source}
        if found.money.rates_of
        else None,
        "left_this_machine": False,
        "rows": {
            "all": found.rows.height,
            "matched": found.matched.height,
            "unmatched": found.unmatched.height,
            "unmatched_without_amount": found.unmatched["amount_micro"].null_count(),
        },
        "amounts": amounts,
        "notes": [*found.notes],
        "overall": found.overall,
        "minerals": [*found.minerals],
        "measures": measures_of(found),
        "unmatched": [
            {name: row[name] for name in (*kept, *more)}
            | {name: problems()[row["problem"]][name] for name in ("meaning", "remedy")}
            for row in found.unmatched.iter_rows(named=True)
        ],
        "remarks": remarks(found),
        "indices": found.indices.to_dicts(),
    }


def measures_of(found: Exposure) -> list[dict[str, Any]]:
    """Give each measure that a purchase is under, once, with its part of the amount."""
    share = found.overall["by_measure"] if found.overall else {}
    hit = {name for mineral in found.minerals for name in mineral["by_measure"]}
    told = ("measure", "title", "exporter_iso3", "kind", "scope", "severity", "in_force_from")
    seen: dict[str, dict[str, Any]] = {}
    for row in found.measures:
        if row["measure"] in hit:
            one = seen.setdefault(row["measure"], {name: row[name] for name in told})
            one |= {"in_force_to": row["in_force_to"], "share": share.get(row["measure"])}
            doubt = row["confirmation"] != "confirmed" or one.get("confirmation") == "unconfirmed"
            one["confirmation"] = "unconfirmed" if doubt else "confirmed"
    return sorted(seen.values(), key=lambda one: (-(one["share"] or 0), one["measure"]))


def remarks(found: Exposure) -> list[dict[str, Any]]:
    """Give what was done to a row's words, once each with how many rows it is about."""
    told = found.rows.select("notes").explode("notes").drop_nulls()
    counted = told.group_by("notes").len().sort("len", "notes", descending=[True, False])
    return [{"says": says, "rows": rows} for says, rows in counted.rows()]


def whole(frame: pl.DataFrame) -> float:
    """Sum the amounts of rows, in their unit."""
    return float(sum(frame["amount_micro"].drop_nulls().to_list()) / MICRO)
