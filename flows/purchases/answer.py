"""A file of purchases, held against a snapshot: everything that `orewatch exposure` tells."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from flows import warehouse
from flows.lookups import Row
from flows.purchases import figures, summing
from flows.purchases.amounts import currency
from flows.purchases.contract import Options, PurchaseError, Sheet
from flows.purchases.exchange import Money, in_one_currency
from flows.purchases.joining import with_cells, with_measures
from flows.purchases.lists import Lists, read_lists
from flows.purchases.rows import Basis, matched

PROBLEMS = Path(__file__).with_name("problems.csv")


@dataclass(frozen=True)
class Asked:
    """Whose purchases, on which day, in which currency."""

    importer: str
    """An economy or bloc, its id."""
    day: date
    to: str | None = None
    every_index: bool = True
    """Whether the figures of every index are wanted, which a screen has no room for."""


@dataclass(frozen=True)
class Exposure:
    """What purchases come to."""

    sheet: Sheet
    rows: pl.DataFrame
    """Every row of the file in its order, with what was found for it."""
    basis: Basis
    money: Money
    notes: Sequence[str]
    cells: pl.DataFrame
    measures: Sequence[Row]
    overall: Row | None
    """Null by mass: masses of different minerals are not added."""
    minerals: Sequence[Row]
    indices: pl.DataFrame
    thresholds: dict[str, list[Row]]

    @property
    def matched(self) -> pl.DataFrame:
        """Rows that count."""
        return self.rows.filter(pl.col("problem").is_null())

    @property
    def unmatched(self) -> pl.DataFrame:
        """Rows that do not, each with its problem."""
        return self.rows.filter(pl.col("problem").is_not_null())


def answer(con: warehouse.Connection, sheet: Sheet, options: Options, asked: Asked) -> Exposure:
    """Hold a file of purchases against a snapshot.

    Args:
        con: the snapshot's file.
        sheet: the file's table.
        options: what was said about the file.
        asked: whose purchases they are, and on which day.

    Raises:
        PurchaseError: numbers or currencies cannot be read as one.

    """
    lists = read_lists(con)
    purchases = matched(sheet, lists, options)
    basis, frame, money = purchases.basis, purchases.rows, Money(None)
    if basis == "value":
        frame, money = in_one_currency(con, frame, target(asked.to, lists), asked.day)
    else:
        frame = frame.with_columns(amount_micro=pl.col("mass_micro"))
    home = figures.home(con, asked.importer)
    frame = frame.with_columns(is_domestic=pl.col("supplier_iso3").is_in(home))
    good = frame.filter(pl.col("problem").is_null())
    question = figures.Question(
        asked.importer, good["mineral"].drop_nulls().unique().sort().to_list(), asked.day
    )
    cells = figures.cells(con, question)
    measures = figures.measures(con, question)
    suppliers = good["supplier_iso3"].drop_nulls().unique().sort().to_list()
    good = with_cells(good, cells, figures.shares(con, question, cells))
    good = with_measures(good, measures)
    good = good.join(
        figures.governance(con, suppliers), on="supplier_iso3", how="left", maintain_order="left"
    )
    good = good.join(
        figures.production(con, question.minerals), on="mineral", how="left", maintain_order="left"
    )
    rest = frame.filter(pl.col("problem").is_not_null())
    everything = pl.concat([good, rest], how="diagonal").sort("line")
    thresholds = figures.thresholds(con)
    found = summing.groups(good)
    used = good.select("mineral", stage="cell_stage").unique()
    return Exposure(
        sheet,
        everything,
        basis,
        money,
        [*purchases.notes, *domestic(good)],
        cells,
        measures,
        overall(found, thresholds) if basis == "value" and found else None,
        [of_mineral(one, good, found, thresholds, lists.names) for one in question.minerals],
        indices(con, question, cells.join(used, on=["mineral", "stage"], how="semi"), suppliers)
        if asked.every_index
        else pl.DataFrame(schema=figures.LONG),
        thresholds,
    )


def target(text: str | None, lists: Lists) -> str | None:
    """Give the code of the currency to convert to; null = none was said."""
    if text is None:
        return None
    code, factor, problem = currency(text, lists.money)
    if problem or factor != 1:
        raise PurchaseError(f"no currency is called {text!r}; --to takes one such as EUR")
    return code


def domestic(good: pl.DataFrame) -> list[str]:
    """Say how many rows come from the importing country itself."""
    count = good.filter(pl.col("is_domestic")).height
    said = "from the importing country itself, which are no imports: no share of those is known"
    return [f"rows {said}: {count:,}"] if count else []


def overall(found: Sequence[Row], thresholds: dict[str, list[Row]]) -> Row:
    """Give the exposure over all minerals."""
    return summing.exposure(found, thresholds) | {
        "minerals": len({group["mineral"] for group in found}),
        "sole_country_share": summing.sole_share(found),
        "by_measure": summing.by_measure(found),
    }


def of_mineral(
    mineral: str,
    good: pl.DataFrame,
    found: Sequence[Row],
    thresholds: dict[str, list[Row]],
    names: Mapping[str, str],
) -> Row:
    """Give the exposure of one mineral, beside the importing country's and the world's."""
    own = [group for group in found if group["mineral"] == mineral]
    rows = good.filter(pl.col("mineral") == mineral)
    weights = rows.group_by("cell_stage").agg(pl.col("amount_micro").sum(), pl.len())
    stage = weights.sort(["amount_micro", "cell_stage"], descending=[True, False])["cell_stage"][0]
    first = rows.filter(pl.col("cell_stage") == stage).row(0, named=True)
    beside = ("hhi", "cr1", "top_supplier_iso3", "top_supplier", "year", "source", "edition")
    world = [name for name in first if name.startswith("production_")]
    return (
        {"mineral": mineral, "name": names[mineral]}
        | summing.exposure(own, thresholds)
        | {"by_measure": summing.by_measure(own)}
        | {
            "country": {"stage": stage, **{name: first[name] for name in beside}}
            | {"flags": first["cell_flags"], "reason": first["cell_reason"]}
        }
        | {
            "production": {name.removeprefix("production_"): first[name] for name in world}
            | {"top_producer_iso3": first["producer_iso3"], "top_producer": first["top_producer"]}
        }
    )


def indices(
    con: warehouse.Connection,
    question: figures.Question,
    cells: pl.DataFrame,
    suppliers: Sequence[str],
) -> pl.DataFrame:
    """Give the figures of every index for what was bought, from where it was bought."""
    found = figures.every_index(con, question, cells)
    of_one = pl.col("supplier_iso3")
    return found.filter(of_one.is_null() | of_one.is_in(list(suppliers)))


@cache
def problems() -> dict[str, Row]:
    """Give problem -> its meaning and remedy, of problems.csv."""
    with PROBLEMS.open(encoding="utf-8", newline="") as file:
        return {row["problem"]: row for row in csv.DictReader(file)}
