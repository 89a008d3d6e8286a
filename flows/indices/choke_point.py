"""Choke point: whether world trade in a mineral hangs on one exporter.

Flagged where the first exporter has at least half of world exports, the second less than a
fifth, and less than half of world trade is left once the first is gone with all it exports and
imports (the first step of the vulnerability profile). Thresholds are facts (`ref.threshold`).
`_low` and `_high` follow the part of exports that is no country's.
Own design, after Korniyenko, Pinat and Dew (2017), IMF WP/17/30, and Dall'Asta et al. (2006).
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import screens as explained
from flows.indices.formulas.basket import categorical, series_columns
from flows.indices.formulas.concentration import ratio, verdict_columns, where_known
from flows.indices.formulas.declared import share
from flows.indices.formulas.persistence import LAST_YEARS, history_columns, with_history
from flows.indices.formulas.preference import PREFERENCE, comparable
from flows.indices.formulas.suppliers import CELL, VERDICT, plain, supplier_rows
from flows.indices.formulas.thresholds import Threshold, thresholds, yes_no

WORLD = CELL[1:]
SERIES = [name for name in WORLD if name != "year"]
TOP = "top_supplier_iso3"
CRITERIA = ("cr1", "second_share", "residual_trade")


def compute(
    mart_mineral_trade: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_bloc: pl.LazyFrame,
    ref_threshold: pl.LazyFrame,
    indices_export_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Screen world trade of every mineral, stage, year and basis.

    Args:
        mart_mineral_trade: amounts by importer and exporter; blocs as importers are left out.
        ref_country: `iso3` and `kind`.
        ref_bloc: `bloc`.
        ref_threshold: thresholds of screen `choke_point`.
        indices_export_concentration: the first exporter, flags, reason and confidence.

    Raises:
        ValueError: a criterion has no threshold.

    """
    limits = thresholds(ref_threshold, "choke_point", CRITERIA)
    world = plain(indices_export_concentration.select(*WORLD, TOP, *VERDICT))
    flows = mart_mineral_trade.join(
        ref_bloc.select(importer_iso3="bloc"), on="importer_iso3", how="anti"
    )
    sizes = trade_around(supplier_rows(flows, ref_country), world)
    screened = (
        world.join(sizes, on=WORLD, how="left", validate="1:1")
        .with_columns(**where_known(measures()))
        .with_columns(**where_known(answers(limits)))
    )
    return with_history(screened, SERIES, "choke_point", [LAST_YEARS])


def trade_around(rows: pl.LazyFrame, world: pl.LazyFrame) -> pl.LazyFrame:
    """Sum world trade, and what of it the first exporter sells and buys, and the second sells."""
    x, first = pl.col("x"), pl.col("exporter_iso3") == pl.col(TOP)
    nobodys = pl.when(~pl.col("allocated")).then(pl.col("amount"))
    sellers = (
        rows.join(categorical(world.select(*WORLD, TOP)), on=WORLD, validate="m:1")
        .with_columns(
            bought_by_first=pl.when(pl.col("importer_iso3") == pl.col(TOP)).then(x),
            unallocated=nobodys,
        )
        .group_by(*WORLD, TOP, "exporter_iso3")
        .agg(pl.col("x", "bought_by_first", "unallocated").sum())
    )
    sizes = sellers.group_by(WORLD).agg(
        pl.col("bought_by_first", "unallocated").sum(),
        total=x.sum(),
        first=pl.when(first).then(x).sum(),
        second=pl.when(~first).then(x).max().fill_null(0),
    )
    return plain(sizes)


def measures() -> dict[str, pl.Expr]:
    """Shares of the first and the second exporter, the trade left, and their bounds."""
    total, u = pl.col("total"), pl.col("unallocated")
    left = total - pl.col("first") - pl.col("bought_by_first")
    parts = {"cr1": pl.col("first"), "second_share": pl.col("second"), "residual_trade": left}
    return {
        **{name: ratio(part, total) for name, part in parts.items()},
        **{f"{name}_low": ratio(part, total + u) for name, part in parts.items()},
        **{f"{name}_high": ratio(part + u, total + u) for name, part in parts.items()},
    }


def answers(limits: dict[str, Threshold]) -> dict[str, pl.Expr]:
    """Whether all criteria are met: at the point, at the safest and at the worst ends."""
    ends = {
        "": ("", "", ""),
        "_low": ("_low", "_high", "_high"),
        "_high": ("_high", "_low", "_low"),
    }
    return {
        f"choke_point{answer}": pl.all_horizontal(
            limits[name].met(pl.col(f"{name}{end}"))
            for name, end in zip(CRITERIA, tails, strict=True)
        )
        for answer, tails in ends.items()
    }


INDEX = Index(
    table=Table(
        schema="indices",
        name="choke_point",
        meaning="Whether world trade in a mineral hangs on one exporter",
        grain=tuple(WORLD),
        columns=(
            *series_columns(),
            Column(TOP, "text", "first exporter", nullable=True, key="mart.economy.economy"),
            share("cr1", "its share of world exports"),
            share("cr1_low", "if the unallocated part is nobody's"),
            share("cr1_high", "if it is the first exporter's"),
            share("second_share", "share of the second exporter"),
            share("second_share_low", "if the unallocated part is nobody's"),
            share("second_share_high", "if it is the second exporter's"),
            share("residual_trade", "share of trade without the first exporter"),
            share("residual_trade_low", "if the unallocated part goes as well"),
            share("residual_trade_high", "if all of it stays"),
            yes_no("choke_point", "whether all three criteria are met"),
            yes_no("choke_point_low", "whether at the safest bounds"),
            yes_no("choke_point_high", "whether at the worst bounds"),
            *history_columns(LAST_YEARS),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="CR1 >= a and second share < b and trade without the first exporter < c",
        citation="own design, after Korniyenko, Pinat and Dew (2017), IMF WP/17/30",
    ),
    inputs=(
        "mart.mineral_trade",
        "ref.country",
        "ref.bloc",
        "ref.threshold",
        "indices.export_concentration",
        PREFERENCE,
    ),
    compute=comparable(compute),
    explain=explained.choke_point,
)
