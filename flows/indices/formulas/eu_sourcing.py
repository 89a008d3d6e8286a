"""Where an importer's supply comes from, after the EU's method: imports and its own production.

Imports hold the part w of the supply, production 1 - w; the weighted concentration of both is
w^2 * H_imports + (1 - w)^2 * H_production, since no supplier is in both. w needs imports and
production in one unit; where there is none, it is open.
"""

from __future__ import annotations

import polars as pl

from flows.indices import production_concentration
from flows.indices.formulas import domestic_production as domestic
from flows.indices.formulas import supply_risk as method
from flows.indices.formulas.basket import missing_weight, trade_reason
from flows.indices.formulas.concentration import ratio, wide_product

FLOW = ["importer_iso3", "mineral", "form_stage", "year", "source", "edition"]
OUTPUT = ["importer_iso3", "mineral", "production_stage", "year"]


def weighed(rows: pl.LazyFrame, members: pl.LazyFrame, parameters: pl.LazyFrame) -> pl.LazyFrame:
    """Add to rows of `importer_iso3`, `mineral`, `stage`, `year`, `area` their `trade_parameter`.

    Members have the importer's own; others what the study gives, but at least 1; else 1.
    """
    own = pl.col("member_trade_parameter")
    given = pl.col("given_parameter").clip(1.0).fill_null(1.0)
    return (
        rows.join(members, on=["importer_iso3", "year", "area"], how="left", validate="m:1")
        .join(parameters, on=["mineral", "stage", "area"], how="left", validate="m:1")
        .with_columns(trade_parameter=pl.coalesce(own, given), is_member=own.is_not_null())
        .drop("member_trade_parameter", "given_parameter")
    )


def allocated_concentration() -> dict[str, pl.Expr]:
    """Concentration of what is allocated to a country, with bounds for what is not.

    Gives `hhi_wgi_t`, `_low` (the rest is nobody's), `_high` (the largest supplier's, at the worst
    score), `ungoverned_share`, `unallocated_share`.
    """
    total, rest = pl.col("total"), pl.col("unallocated")
    whole = total + rest
    added = wide_product(rest, pl.col("largest") * 2 + rest)
    worst = ratio(added, wide_product(whole, whole)) * method.WORST * pl.col("parameter_high")
    return {
        **method.governed(total),
        "hhi_wgi_t_low": method.weighted_concentration(whole, pl.col("squares_low")),
        "hhi_wgi_t_high": method.weighted_concentration(whole, pl.col("squares_high")) + worst,
        "unallocated_share": ratio(rest, whole),
    }


def exact(amount: pl.Expr) -> dict[str, pl.Expr]:
    """Amounts without bounds of their own."""
    return {"amount": amount, "amount_low": amount, "amount_high": amount}


def imports(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Concentration of imports of every `FLOW` and basis, and how much is imported.

    Args:
        rows: trade of the importers with `allocated`, `wgi`, `trade_parameter`.

    """
    keys = [*FLOW, "basis"]
    amounts = pl.concat(
        [
            rows.with_columns(basis=pl.lit(basis), amount=pl.col(amount))
            for basis, amount in (("value", "value_usd"), ("mass", "mass_kg"))
        ]
    )
    squares = method.weighted_squares(amounts.with_columns(**exact(pl.col("amount"))), keys)
    apart = ("value_usd", "value_without_mass_usd", "ended_usd", "basket_usd")
    sums = amounts.group_by(keys).agg(pl.col(apart).sum(), imports_kg=pl.col("mass_kg").sum())
    return (
        squares.join(sums, on=keys, validate="1:1")
        .with_columns(weight_missing_share=missing_weight())
        .with_columns(**allocated_concentration(), trade_reason=trade_reason(pl.col("total")))
        .rename({name: f"imports_{name}" for name in BOUNDS})
        .select(
            *keys,
            *(f"imports_{name}" for name in BOUNDS),
            "imports_kg",
            "trade_reason",
            imports_ungoverned="ungoverned_share",
            imports_unallocated="unallocated_share",
        )
    )


BOUNDS = ("hhi_wgi_t", "hhi_wgi_t_low", "hhi_wgi_t_high")


def exports(trade: pl.LazyFrame, members: pl.LazyFrame, countries: pl.LazyFrame) -> pl.LazyFrame:
    """Weight of what an importer, or a bloc's members, sell to others: `exports_kg` by `FLOW`."""
    seller = members.select("year", seller="importer_iso3", exporter_iso3="area")
    inside = members.select("year", seller="importer_iso3", importer_iso3="area")
    return (
        trade.join(countries.select(importer_iso3="iso3"), on="importer_iso3", how="semi")
        .join(seller, on=["exporter_iso3", "year"])
        .join(inside, on=["seller", "importer_iso3", "year"], how="anti")
        .drop("importer_iso3")
        .rename({"seller": "importer_iso3"})
        .group_by(FLOW)
        .agg(exports_kg=pl.col("mass_kg").sum())
    )


def world_output(rows: pl.LazyFrame, production: pl.LazyFrame) -> pl.LazyFrame:
    """Concentration of world production by `OUTPUT`, as each importer weighs its suppliers.

    Args:
        rows: production of countries and others, times importers, with `allocated`, `wgi`,
            `trade_parameter`.
        production: as `mart.production`, for what is withheld.

    """
    gaps = production_concentration.known_and_withheld(
        production.rename({"production_stage": "stage"})
    ).select("mineral", "year", "withheld_kg", production_stage="stage")
    gaps = gaps.group_by("mineral", "production_stage", "year").agg(pl.col("withheld_kg").sum())
    measures = production.group_by("mineral", "production_stage", "year").agg(
        measure=pl.col("measure").min(),
        measures=pl.col("measure").n_unique(),
        production_edition=pl.col("edition").max(),
    )
    keys = ["mineral", "production_stage", "year"]
    cells = method.weighted_squares(rows.with_columns(**exact(pl.col("mass_kg"))), OUTPUT)
    mixed, nothing = pl.col("measures") > 1, pl.col("total") == 0
    return (
        cells.join(gaps, on=keys, validate="m:1")
        .join(measures, on=keys, validate="m:1")
        .with_columns(unallocated=pl.col("unallocated") + pl.col("withheld_kg"))
        .with_columns(**allocated_concentration())
        .with_columns(
            gs_reason=pl.when(mixed)
            .then(pl.lit("mixed_measures"))
            .when(nothing)
            .then(pl.lit("withheld")),
        )
        .select(
            *OUTPUT,
            *(pl.when(~mixed).then(pl.col(n)).alias(n.replace("_t", "_t_gs", 1)) for n in BOUNDS),
            "gs_reason",
            "measure",
            "production_edition",
            gs_ungoverned="ungoverned_share",
            gs_unallocated="unallocated_share",
        )
    )


def own_output(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Concentration of an importer's own production over its members, by `OUTPUT`: `own_hhi`."""
    cells = method.weighted_squares(
        rows.filter(pl.col("is_member")).with_columns(**exact(pl.col("mass_kg"))), OUTPUT
    )
    return cells.select(*OUTPUT, own_hhi=method.governed(pl.col("total"))["hhi_wgi_t"])


def with_own_production(
    cells: pl.LazyFrame, production: pl.LazyFrame, belonging: pl.LazyFrame, pairs: pl.LazyFrame
) -> pl.LazyFrame:
    """Add what an importer produces itself, in the unit of trade where that is known.

    Adds `own_kg`, `own_low_kg`, `own_high_kg` (null = not known in that unit), `produced_kg`.
    """
    output = domestic.with_production(
        cells, domestic.produced(production, belonging), domestic.unlisted(production)
    ).join(
        pairs.select(
            "mineral", "production_stage", "measure", unit="basis", form_stage="trade_stage"
        ),
        on=["mineral", "production_stage", "measure", "form_stage"],
        how="left",
        validate="m:1",
    )
    same = (pl.col("unit") == "mass").fill_null(value=False)
    none = pl.col("produced_high_kg") == 0
    return output.with_columns(
        own_kg=pl.when(same | (pl.col("produced_kg") == 0)).then(pl.col("produced_kg")),
        own_low_kg=pl.when(same).then(pl.col("produced_low_kg")).otherwise(0),
        own_high_kg=pl.when(same | none).then(pl.col("produced_high_kg")),
    )


def reliance() -> dict[str, pl.Expr]:
    """Import reliance (I - E) / (P + I - E) with bounds; 0 for a net exporter, 1 without output."""
    net = pl.col("imports_kg") - pl.col("exports_kg").fill_null(0)

    def share(own: pl.Expr) -> pl.Expr:
        return (
            pl.when((own == 0) & (pl.col("imports_kg") > 0))
            .then(1.0)
            .when(net <= 0)
            .then(0.0 * own)
            .otherwise(ratio(net, own + net))
        )

    high = pl.when(pl.col("own_low_kg") > 0).then(share(pl.col("own_low_kg"))).otherwise(1.0)
    return {
        "import_reliance": share(pl.col("own_kg")),
        "import_reliance_low": share(pl.col("own_high_kg")).fill_null(0.0),
        "import_reliance_high": high,
        "is_net_exporter": (net < 0) & (pl.col("own_kg") > 0),
    }


def sourcing() -> dict[str, pl.Expr]:
    """Concentration of imports and own production together, with bounds.

    Where output at this stage is not known at all, the point counts imports alone.
    """
    bought, own = pl.col("imports_kg"), pl.col("own_kg")
    part = (
        pl.when(~pl.col("has_figures") | (own == 0))
        .then(1.0)
        .otherwise(ratio(bought, bought + own))
    )
    h, d = pl.col("imports_hhi_wgi_t"), pl.col("own_hhi")
    home = pl.when(part < 1.0).then((1.0 - part).pow(2) * d).otherwise(0.0)
    settled = pl.col("own_high_kg") == pl.col("own_low_kg")
    least_part = ratio(bought, bought + pl.col("own_high_kg")).fill_null(0.0)
    low, high = pl.col("imports_hhi_wgi_t_low"), pl.col("imports_hhi_wgi_t_high")
    apart = (
        pl.when((pl.col("produced_low_kg") > 0) & (d > 0) & ~pl.col("is_unlisted"))
        .then(low * d / (low + d))
        .otherwise(least_part.pow(2) * low)
    )
    return {
        "hhi_wgi_t_eu": part.pow(2) * h + home,
        "hhi_wgi_t_eu_low": pl.when(settled).then(part.pow(2) * low + home).otherwise(apart),
        "hhi_wgi_t_eu_high": pl.when(settled)
        .then(part.pow(2) * high + home)
        .otherwise(pl.max_horizontal(high, "own_worst")),
    }
