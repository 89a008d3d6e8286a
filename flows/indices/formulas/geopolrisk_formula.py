"""GeoPolRisk: how exposed an importer's supply is to concentrated output and unstable exporters.

score = HHI of world production * import risk; import risk = sum(g_i f_i) / (p + F), with f_i the
weight imported from i, F all imports, p domestic production, g_i = (2.5 - political stability) / 5
within 0..1. midpoint = score * import price; the factor is the midpoint in kilograms of copper.
Sources: Gemechu et al. (2016); Santillan-Saldivar et al. (2022); Koyamparambath et al. (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from flows.indices.formulas import domestic_production as domestic
from flows.indices.formulas.basket import WEIGHT_MISSING_LIMIT
from flows.indices.formulas.concentration import ratio, wide_product
from flows.indices.formulas.geopolrisk_cells import GOVERNANCE_QUANTUM, imports, output, scores

GOVERNANCE_LIMIT = 0.05
"""Exporters without a score are left out up to this share of the weight; above, no point."""


@dataclass(frozen=True)
class Convention:
    """The choices that the formula leaves open."""

    name: str
    missing_governance: float | None
    """g of an exporter without a score; None = it is missing, and makes bounds."""
    intra_bloc: str
    """Trade within a bloc: `zero` = kept in the total with g = 0, `dropped` = no import at all."""
    checked: bool
    """Whether units of production and gaps in the weights are checked, and bounds given."""


PEER = Convention("peer", 0.5, "zero", checked=False)
"""As geopolrisk-py: g = 0.5 where missing, no production where missing, units added as they are."""
CORRECTED = Convention("corrected", None, "dropped", checked=True)


def import_risk(weighted: pl.Expr, produced: pl.Expr, imported: pl.Expr) -> pl.Expr:
    """Divide sum(g f) by domestic production and imports; null where these are 0 or unknown."""
    whole = produced + imported
    return pl.when(whole > 0).then(weighted / whole)


def score(concentration: pl.Expr, risk: pl.Expr) -> pl.Expr:
    """Multiply the HHI of world production and the import risk: 0..1."""
    return concentration * risk


def midpoint(scored: pl.Expr, price: pl.Expr) -> pl.Expr:
    """Multiply score and price, in USD/kg (kUSD/t is the same number)."""
    return scored * price


def characterisation(own: pl.Expr, reference: pl.Expr) -> pl.Expr:
    """Midpoint in terms of the reference substance's; null where that is 0."""
    return pl.when(reference > 0).then(own / reference)


def risks(  # noqa: PLR0913, PLR0917 - each argument is a table
    trade: pl.LazyFrame,
    production: pl.LazyFrame,
    governance: pl.LazyFrame,
    stages: pl.LazyFrame,
    pairs: pl.LazyFrame,
    members: pl.LazyFrame,
    conventions: Sequence[Convention] = (PEER, CORRECTED),
) -> pl.LazyFrame:
    """GeoPolRisk of every importer, bloc and `KEYS`, by each convention.

    Args:
        trade: `importer_iso3` and `exporter_iso3` (countries only), `KEYS`, `mass_kg`, `value_usd`,
            `value_without_mass_usd`, `ended_usd`, `basket_usd`, whole numbers.
        production: as `mart.production`.
        governance: `iso3`, `year`, `pv` (political stability; null = none).
        stages: `trade_stage`, `production_stage`, `preference`.
        pairs: `mineral`, `production_stage`, `measure`, `trade_stage`, `basis` (`mass`: production
            is in the units of trade; null: output is the content of what is traded).
        members: `bloc`, `iso3`, `from_year`, `to_year`.
        conventions: how open choices are made.

    Gives one row a cell and `mode`; the factors in copper are left to `with_factors`.

    """
    belonging = domestic.memberships(trade, members)
    newest = domestic.latest(production, ["mineral", "production_stage", "year"])
    cells = imports(trade, scores(governance, trade), belonging).join(
        output(newest, stages), on=["mineral", "stage", "year"], how="left", validate="m:1"
    )
    known = domestic.with_production(
        cells, domestic.produced(newest, belonging), domestic.unlisted(newest)
    ).join(
        pairs.select(
            "mineral",
            "production_stage",
            "measure",
            pair_basis="basis",
            stage="trade_stage",
            is_paired=pl.lit(value=True),
        ),
        on=["mineral", "production_stage", "measure", "stage"],
        how="left",
        validate="m:1",
    )
    return pl.concat([convened(known, convention) for convention in conventions])


def convened(cells: pl.LazyFrame, convention: Convention) -> pl.LazyFrame:
    """Compute risk, score, price and midpoint of cells by one convention."""
    stated = convention.missing_governance
    kept = 1 if convention.intra_bloc == "zero" else 0
    imported = pl.col("mass") + kept * pl.col("mass_inside")
    value = pl.col("value") + kept * pl.col("value_inside")
    priced = value - pl.col("bare") if convention.checked else value
    assumed = wide_product(
        pl.col("ungoverned"), pl.lit(round((stated or 0.0) * GOVERNANCE_QUANTUM), pl.Int64)
    )
    frame = (
        cells.with_columns(
            mode=pl.lit(convention.name),
            intra_bloc=pl.lit(convention.intra_bloc),
            imports_kg=imported,
            weighted_kg=(pl.col("weighted") + assumed).cast(pl.Float64) / GOVERNANCE_QUANTUM,
            unknown_kg=pl.col("ungoverned") if stated is None else pl.lit(0, pl.Int64),
            governance_missing_share=ratio(pl.col("ungoverned"), imported),
            weight_missing_share=ratio(pl.col("bare"), value),
            price=ratio(priced, imported),
        )
        .with_columns(**(checked_production() if convention.checked else stated_production()))
        .with_columns(trade_gap=trade_gap(convention))
        .with_columns(reason=pl.coalesce("trade_gap", soft_reason(convention)))
    )
    for step in (*points(), *bounds(convention)):
        frame = frame.with_columns(**step)
    return frame


def checked_production() -> dict[str, pl.Expr]:
    """Domestic production in the units of trade: point and bounds; null where it is unknown.

    None at all is none in every unit. Output given by content weighs at least that as traded.
    """
    same_unit = (pl.col("pair_basis") == "mass").fill_null(value=False)
    same_goods = pl.col("is_paired").fill_null(value=False)
    none = pl.col("produced_high_kg") == 0
    return {
        "own_kg": pl.when(same_unit | (pl.col("produced_kg") == 0)).then(pl.col("produced_kg")),
        "own_low_kg": pl.when(same_goods).then(pl.col("produced_low_kg")).otherwise(0),
        "own_high_kg": pl.when(same_unit | none).then(pl.col("produced_high_kg")),
        "mixes_units": pl.lit(value=False),
    }


def stated_production() -> dict[str, pl.Expr]:
    """Domestic production as the tool takes it: what is missing is none, no unit is checked."""
    own = pl.col("produced_low_kg").fill_null(0)
    mixed = (own > 0) & (pl.col("pair_basis") != "mass").fill_null(value=True)
    return {"own_kg": own, "own_low_kg": own, "own_high_kg": own, "mixes_units": mixed}


def trade_gap(convention: Convention) -> pl.Expr:
    """Why neither point nor bounds can be given: imports or world production are not known."""
    imported = pl.col("imports_kg") > 0
    unweighed = ~imported & (pl.col("value") > 0)
    light = pl.lit(value=False)
    if convention.checked:
        light = pl.col("weight_missing_share") > WEIGHT_MISSING_LIMIT
    return (
        pl.when(unweighed | light)
        .then(pl.lit("weight_missing"))
        .when(imported & pl.col("hhi").is_null())
        .then(pl.coalesce("production_reason", pl.lit("not_reported")))
        .when(imported)
        .then(None)
        .when(pl.col("ended_usd") > 0)
        .then(pl.lit("code_ended"))
        .when(pl.col("basket_usd") > 0)
        .then(pl.lit("basket_code"))
        .otherwise(pl.lit("no_trade"))
    )


def soft_reason(convention: Convention) -> pl.Expr:
    """Why no point can be given, while bounds can."""
    missing = pl.lit(value=False)
    if convention.missing_governance is None:
        missing = pl.col("governance_missing_share") > GOVERNANCE_LIMIT
    return (
        pl.when(missing)
        .then(pl.lit("governance_missing"))
        .when(pl.col("own_kg").is_not_null())
        .then(None)
        .when(pl.col("is_withheld"))
        .then(pl.lit("withheld"))
        .when(pl.col("produced_kg").is_null())
        .then(pl.lit("not_reported"))
        .otherwise(pl.lit("not_commensurable"))
    )


def points() -> list[dict[str, pl.Expr]]:
    """Every figure of a cell, in the steps of the formula; null where it has a reason.

    Exporters without a score are left out of the point, in weight and total alike.
    """
    known = pl.col("reason").is_null()
    governed = pl.col("imports_kg") - pl.col("unknown_kg")
    enough = (pl.col("governance_missing_share") <= GOVERNANCE_LIMIT) | (pl.col("unknown_kg") == 0)
    risk = import_risk(pl.col("weighted_kg"), pl.col("own_kg"), governed)
    return [
        {
            "import_governance": pl.when(enough & (governed > 0)).then(
                pl.col("weighted_kg") / governed
            ),
            "import_risk": pl.when(known).then(risk),
        },
        {"score": score(pl.col("hhi"), pl.col("import_risk"))},
        {"midpoint": midpoint(pl.col("score"), pl.col("price"))},
    ]


def bounds(convention: Convention) -> list[dict[str, pl.Expr]]:
    """Bounds of every figure: g of the unknown exporters in 0..1, production and HHI in theirs.

    A convention that states what is missing has none.
    """
    known = pl.col("trade_gap").is_null() & pl.lit(convention.checked)
    imports = pl.col("imports_kg")
    highest = pl.col("own_high_kg")
    least = (
        pl.when(highest.is_null())
        .then(0.0)
        .otherwise(import_risk(pl.col("weighted_kg"), highest, imports))
    )
    most = import_risk(pl.col("weighted_kg") + pl.col("unknown_kg"), pl.col("own_low_kg"), imports)
    ends = {"low": least, "high": most}
    return [
        {f"import_risk_{end}": pl.when(known).then(risk) for end, risk in ends.items()},
        {f"score_{end}": score(pl.col(f"hhi_{end}"), pl.col(f"import_risk_{end}")) for end in ends},
        {f"midpoint_{end}": midpoint(pl.col(f"score_{end}"), pl.col("price")) for end in ends},
    ]


def with_factors(cells: pl.LazyFrame, reference: pl.LazyFrame) -> pl.LazyFrame:
    """Add the characterisation factors: midpoints in terms of the reference substance's.

    Args:
        cells: as `risks` gives them.
        reference: one row with `mineral`, `stage`, and `constant`, its midpoint for all economies.

    """
    own = ["importer_iso3", "year", "source", "edition", "mode"]
    ends = ("", "_low", "_high")
    local = cells.join(reference, on=["mineral", "stage"], how="semi").select(
        *own, *(pl.col(f"midpoint{end}").alias(f"reference{end}") for end in ends)
    )
    other = {"": "", "_low": "_high", "_high": "_low"}
    unknown = pl.col("gsp_local").is_null() & pl.col("reason").is_null()
    return (
        cells.join(local, on=own, how="left", validate="m:1")
        .join(reference.select("constant"), how="cross")
        .with_columns(
            **{
                f"gsp_local{end}": characterisation(
                    pl.col(f"midpoint{end}"), pl.col(f"reference{other[end]}")
                )
                for end in ends
            },
            **{
                f"gsp_oecd_const{end}": characterisation(
                    pl.col(f"midpoint{end}"), pl.col("constant")
                )
                for end in ends
            },
        )
        .with_columns(gsp_local_reason=pl.when(unknown).then(pl.lit("reference_unknown")))
    )
