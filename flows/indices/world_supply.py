"""World supply: how much of it three countries have, and what is left without the largest.

CR3 = share of the three largest. N-1 coverage = (S - S_top) / (D - D_top): supply by demand,
both outside the largest supplier; the harsher (S - S_top) / D counts its demand too. Demand for
exports is what countries import; demand for production is what they make and import less what
they export. Where output and trade are not weighed alike, demand is not known: the world's is
taken to equal supply, and N-1 without the largest one's is null (demand_unknown).
Each is given for every scope of `ref.supply_scope`: a country left out there takes its supply
and its demand with it. `_low` gives the unallocated part to the largest supplier, `_high` to
others; for CR3 it is nobody's, or one of the three's.
Source: IEA, Global Critical Minerals Outlook 2025, as quoted by others.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import world as explained
from flows.indices.formulas.basket import flag_list, series_columns
from flows.indices.formulas.concentration import ratio, totals, verdict_columns, where_known
from flows.indices.formulas.declared import measure, share
from flows.indices.formulas.preference import PREFERENCE, comparable
from flows.indices.formulas.suppliers import VERDICT, plain, supplier_rows
from flows.indices.formulas.world_demand import MADE, SERIES, exporters, importers, net_imports
from flows.indices.production_concentration import KEYS as PRODUCED
from flows.indices.production_concentration import known_and_withheld, merged

CELLS = ["supply", *SERIES]
GRAIN = [*CELLS, "scope"]
TOP = "top_supplier_iso3"
OWN_FLAGS = ["single_supplier", "tie"]
"""Flags that depend on the scope."""


def compute(  # noqa: PLR0913, PLR0917 - one frame an input
    mart_mineral_trade: pl.LazyFrame,
    mart_production: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_bloc: pl.LazyFrame,
    ref_supply_scope: pl.LazyFrame,
    ref_consumption: pl.LazyFrame,
    indices_export_concentration: pl.LazyFrame,
    indices_production_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """CR3 and N-1 of exporters and of producers, by mineral, stage, year, basis and scope.

    Args:
        mart_mineral_trade: amounts by importer and exporter; blocs as importers are left out.
        mart_production: production by country, with OTHER and WORLD.
        ref_country: `iso3` and `kind`.
        ref_bloc: `bloc`.
        ref_supply_scope: `scope` and `without_iso3`.
        ref_consumption: which production can be added to which trade.
        indices_export_concentration: flags, reason and confidence of exports.
        indices_production_concentration: the same of production.

    """
    flows = mart_mineral_trade.join(
        ref_bloc.select(importer_iso3="bloc"), on="importer_iso3", how="anti"
    )
    rows = supplier_rows(flows, ref_country)
    bought, sold = importers(rows), exporters(rows)
    traded = plain(indices_export_concentration.select(*SERIES, *VERDICT))
    made = plain(indices_production_concentration.select(*SERIES, *VERDICT, "measure"))
    net = net_imports(bought, sold, traded, ref_consumption)
    supplied = pl.concat([of("exports", sold), of("production", producers(mart_production))])
    sizes = totals(scoped(supplied, ref_supply_scope), GRAIN, "country")
    verdicts = pl.concat(
        [
            of("exports", traded),
            of("production", made),
        ],
        how="diagonal",
    )
    cells = (
        verdicts.join(ref_supply_scope.select("scope"), how="cross")
        .join(sizes, on=GRAIN, how="left", validate="1:1")
        .join(withheld(mart_production), on=CELLS, how="left", validate="m:1")
        .with_columns(
            pl.col(TOP).cast(pl.String),
            unallocated=pl.col("unallocated") + pl.col("withheld_kg").fill_null(0),
        )
    )
    imported = scoped(of("exports", bought), ref_supply_scope)
    return judged(with_demand(cells, imported, scoped(net, ref_supply_scope)))


def of(supply: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Say whose supply rows are."""
    return rows.with_columns(supply=pl.lit(supply))


def producers(production: pl.LazyFrame) -> pl.LazyFrame:
    """Production of each country, that of countries not listed being no country's."""
    listed = production.filter(pl.col("area_kind") != "world").with_columns(
        amount=pl.col("mass_kg"), allocated=pl.col("area_kind") == "country"
    )
    return (
        merged(listed)
        .select(*SERIES, "allocated", "amount", country="area")
        .select(*SERIES, "country", "allocated", "amount")
    )


def withheld(production: pl.LazyFrame) -> pl.LazyFrame:
    """Part of world production that belongs to countries without a figure."""
    return of("production", known_and_withheld(production)).select(
        "supply", *PRODUCED, "withheld_kg"
    )


def scoped(rows: pl.LazyFrame, scopes: pl.LazyFrame) -> pl.LazyFrame:
    """Repeat rows for every scope, without the country that the scope leaves out."""
    return rows.join(scopes.select("scope", "without_iso3"), how="cross").filter(
        pl.col("country").ne_missing(pl.col("without_iso3"))
    )


def with_demand(cells: pl.LazyFrame, imported: pl.LazyFrame, net: pl.LazyFrame) -> pl.LazyFrame:
    """Add `demand` and the largest supplier's `demand_top`; null where they are not known."""
    made = [*MADE, "scope"]
    total, own = pl.col("total"), pl.col("largest")
    net_world, net_top = pl.col("net_world"), pl.col("net_kg").fill_null(0)
    return (
        cells.join(imported.group_by(GRAIN).agg(pl.col("bought").sum()), on=GRAIN, how="left")
        .join(
            imported.select(*GRAIN, pl.col("country").alias(TOP), bought_top="bought"),
            on=[*GRAIN, TOP],
            how="left",
        )
        .join(net.group_by(made).agg(net_world=pl.col("net_kg").sum()), on=made, how="left")
        .join(
            net.select(*made, "net_kg", pl.col("country").alias(TOP)), on=[*made, TOP], how="left"
        )
        .with_columns(
            demand=pl.coalesce("bought", total + net_world),
            demand_top=pl.when(pl.col("bought").is_not_null())
            .then(pl.col("bought_top").fill_null(0))
            .when(net_world.is_not_null())
            .then((own + net_top).clip(0, None)),
        )
        .with_columns(
            # Output and trade that do not fit together leave no demand outside the largest.
            pl.when(pl.col("demand") > pl.col("demand_top")).then(pl.col("demand", "demand_top"))
        )
    )


def judged(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Add the measures, or the reasons why there are none, and flags."""
    nothing = pl.when(pl.col("total").is_null()).then(
        pl.when(pl.col("supply") == "exports")
        .then(pl.lit("no_trade"))
        .otherwise(pl.lit("not_reported"))
    )
    # As the concentrations have them: of exports only where there is a number.
    shown = pl.col("reason").is_null() | (pl.col("supply") == "production")
    own = flag_list(
        {"single_supplier": shown & (pl.col("suppliers") == 1), "tie": shown & pl.col("tied")}
    )
    return (
        cells.with_columns(reason=pl.coalesce("reason", nothing))
        .with_columns(
            **where_known(measures() | {TOP: pl.col(TOP)}),
            flags=pl.col("flags").list.set_difference(OWN_FLAGS).list.set_union(own).list.sort(),
            confidence=pl.when(pl.col("reason").is_null()).then(pl.col("confidence")),
            suppliers=pl.col("suppliers").fill_null(0),
        )
        .with_columns(
            demand_reason=pl.when(pl.col("n1_coverage").is_null()).then(
                pl.coalesce("reason", pl.lit("demand_unknown"))
            )
        )
    )


def measures() -> dict[str, pl.Expr]:
    """Every measure, from total, largest, largest3, unallocated, demand and demand_top."""
    total, u = pl.col("total"), pl.col("unallocated")
    three, rest = pl.col("largest3"), total - pl.col("largest")
    demand = pl.coalesce("demand", "total")
    outside = pl.col("demand") - pl.col("demand_top")
    coverage, harsh = ratio(rest, outside), ratio(rest, demand)
    return {
        "cr3": ratio(three, total),
        "cr3_low": ratio(three, total + u),
        "cr3_high": ratio(three + u, total + u),
        "n1_coverage": coverage,
        "n1_coverage_low": ratio(rest, outside + u),
        "n1_coverage_high": pl.max_horizontal(coverage, ratio(rest + u, outside + u)),
        "n1_gap": (1.0 - coverage).clip(0.0, None),
        "n1_all_demand": harsh,
        "n1_all_demand_low": ratio(rest, demand + u),
        "n1_all_demand_high": pl.max_horizontal(harsh, ratio(rest + u, demand + u)),
    }


INDEX = Index(
    table=Table(
        schema="indices",
        name="world_supply",
        meaning="World supply of a mineral: the three largest, and what is left without the first",
        grain=tuple(GRAIN),
        columns=(
            Column("supply", "text", "whose supply", values=("exports", "production")),
            *series_columns(),
            Column("scope", "text", "part of the world", key="ref.supply_scope.scope"),
            Column("suppliers", "int", "number of suppliers", unit="count", low=0),
            Column(TOP, "text", "largest supplier", nullable=True, key="mart.economy.economy"),
            share("cr3", "share of the three largest"),
            share("cr3_low", "if the unallocated part is nobody's"),
            share("cr3_high", "if it is one of theirs"),
            measure("n1_coverage", "supply by demand, without the largest supplier", "ratio"),
            measure("n1_coverage_low", "if the unallocated part is the largest's", "ratio"),
            measure("n1_coverage_high", "if it is others'", "ratio"),
            share("n1_gap", "part of that demand that is not covered"),
            measure("n1_all_demand", "supply without the largest, by all demand", "ratio"),
            measure("n1_all_demand_low", "if the unallocated is the largest's", "ratio"),
            measure("n1_all_demand_high", "if it is others'", "ratio"),
            Column(
                "demand_reason",
                "text",
                "why there is no n1_coverage",
                nullable=True,
                key="ref.reason.reason",
            ),
            *verdict_columns(),
        ),
        formula="(x1 + x2 + x3) / S; (S - x1) / (D - D1); (S - x1) / D",
        citation="IEA, Global Critical Minerals Outlook 2025, as quoted by others",
    ),
    inputs=(
        "mart.mineral_trade",
        "mart.production",
        "ref.country",
        "ref.bloc",
        "ref.supply_scope",
        "ref.consumption",
        "indices.export_concentration",
        "indices.production_concentration",
        PREFERENCE,
    ),
    compute=comparable(compute),
    explain=explained.world_supply,
)
