"""Import reliance: which part of what an economy uses comes, net, from abroad.

Changes of stocks are not in the data; they count as none. Where production is not known to a
number, or contained metal only to a range, the bounds say what remains possible.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import reliance as explained
from flows.indices.formulas import reliance_formula as formula
from flows.indices.formulas.balance import balances, contained, content_gaps, gross
from flows.indices.formulas.basket import (
    SERIES,
    WEIGHT_MISSING_LIMIT,
    basket_traits,
    flag_list,
    series_columns,
)
from flows.indices.formulas.concentration import ratio, verdict_columns
from flows.indices.formulas.confidence import grade, score
from flows.indices.formulas.declared import ENDS, mass, ranged, ranged_mass, share
from flows.indices.formulas.preference import PREFERENCE, comparable

UNLISTED_LIMIT = 0.05
"""An unlisted producer counts as none where it could be at most this part of consumption."""


def compute(  # noqa: PLR0913, PLR0917 - each argument is a table
    mart_mineral_trade: pl.LazyFrame,
    mart_contained_trade: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    mart_production: pl.LazyFrame,
    ref_bloc: pl.LazyFrame,
    ref_bloc_member: pl.LazyFrame,
    ref_consumption: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_specificity: pl.LazyFrame,
) -> pl.LazyFrame:
    """Reliance of every economy, mineral, stage and year, by weight and by contained metal.

    Args:
        mart_mineral_trade: amounts by importer and exporter, blocs as importers among them.
        mart_contained_trade: the same by form, with content factors.
        mart_basket: the codes of each series.
        mart_production: production by country.
        ref_bloc: which blocs trade as one.
        ref_bloc_member: who belongs to them.
        ref_consumption: which production goes with which trade, in which basis.
        ref_country: `iso3` and `kind`; what is no country's has no reliance.
        ref_specificity: `specificity` and `confidence_factor`.

    """
    members = ref_bloc_member.join(ref_bloc.filter("customs_union"), on="bloc", how="semi")
    nobody = ref_country.filter(pl.col("kind") == "unallocated").select(importer_iso3="iso3")
    cells = pl.concat(
        [
            balances(amounts, mart_production, ref_consumption, ref_bloc, members)
            for amounts in (gross(mart_mineral_trade), contained(mart_contained_trade))
        ],
        how="diagonal",
    )
    traits = basket_traits(mart_basket, ref_specificity)
    gaps = content_gaps(mart_contained_trade)
    return related(
        cells.join(nobody, on="importer_iso3", how="anti")
        .join(traits, on=SERIES, how="left", validate="m:1")
        .join(gaps, on=SERIES, how="left", validate="m:1")
    ).with_columns(flags=flag_list(flags()), confidence=confidence())


WHOLE = [
    name + end for name in ("imports_kg", "exports_kg", "apparent_consumption_kg") for end in ENDS
]
"""Weights that are published in whole kilograms."""


def related(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Compute every ratio of balances (see `balance.balances`), or say why there is none.

    Args:
        cells: balances with `is_partial`, `has_point` and `has_bounds` (content) of their series.

    """
    frame = cells.with_columns(**amounts()).with_columns(hard_reason=hard_reason())
    frame = frame.with_columns(reason=pl.coalesce("hard_reason", soft_reason()))
    known, bounded = pl.col("reason").is_null(), pl.col("hard_reason").is_null()
    return frame.with_columns(
        **{name: pl.when(known).then(value) for name, value in points().items()},
        **{name: pl.when(bounded).then(value) for name, value in bounds().items()},
    ).with_columns(
        pl.col(WHOLE).round().cast(pl.Int64),
        net_import_reliance_display=formula.display(pl.col("net_import_reliance")),
    )


def amounts() -> dict[str, pl.Expr]:
    """Imports, exports, production and consumption in kg, null where the basis has no figure."""
    element = pl.col("basis") == "contained_metal"
    shown: dict[str, pl.Expr] = {}
    for end, factor in (("", "has_point"), ("_low", "has_bounds"), ("_high", "has_bounds")):
        usable = ~element | pl.col(factor).fill_null(value=False)
        for side in ("imports", "exports"):
            shown[f"{side}_kg{end}"] = pl.when(usable).then(pl.col(f"{side}_amount{end}"))
    gap = pl.max_horizontal(
        ratio(pl.col(f"{side}_value_without_mass_usd"), pl.col(f"{side}_value_usd"))
        for side in ("imports", "exports")
    )
    return shown | {"weight_missing_share": gap}


def hard_reason() -> pl.Expr:
    """Why not even bounds can be given."""
    nothing = (pl.col("imports_amount_high") == 0) & (pl.col("exports_amount_high") == 0)
    element = pl.col("basis") == "contained_metal"
    return (
        pl.when(pl.col("weight_missing_share") > WEIGHT_MISSING_LIMIT)
        .then(pl.lit("weight_missing"))
        .when(nothing & (pl.col("imports_ended_usd") + pl.col("exports_ended_usd") > 0))
        .then(pl.lit("code_ended"))
        .when(nothing & (pl.col("imports_basket_usd") + pl.col("exports_basket_usd") > 0))
        .then(pl.lit("basket_code"))
        .when(element & ~pl.col("has_bounds"))
        .then(pl.lit("content_unknown"))
        .when(pl.col("production_stage").is_null())
        .then(pl.lit("not_commensurable"))
        .when("is_partial")
        .then(pl.lit("partial_basket"))
        .when(~pl.col("has_figures"))
        .then(pl.lit("not_reported"))
    )


def soft_reason() -> pl.Expr:
    """Why there is no point, while bounds can be given."""
    return (
        pl.when(pl.col("imports_kg").is_null())
        .then(pl.lit("content_unknown"))
        .when(pl.col("is_withheld"))
        .then(pl.lit("withheld"))
        .when(pl.col("produced_kg").is_null())
        .then(pl.lit("not_reported"))
        .when(unlisted_room())
        .then(pl.lit("production_unlisted"))
        .when(consumption() <= 0)
        .then(pl.lit("no_consumption"))
    )


def unlisted_room() -> pl.Expr:
    """Whether what the source counts among others could matter to the economy's consumption."""
    room = pl.col("produced_high_kg") - pl.col("produced_kg")
    return pl.col("is_unlisted") & (room.is_null() | (room > UNLISTED_LIMIT * consumption()))


def consumption() -> pl.Expr:
    """Apparent consumption without changes of stocks."""
    return formula.apparent_consumption(
        pl.col("produced_kg"), pl.col("imports_kg"), pl.col("exports_kg")
    )


def points() -> dict[str, pl.Expr]:
    """Every figure of a cell, from its amounts."""
    p, i, e = pl.col("produced_kg"), pl.col("imports_kg"), pl.col("exports_kg")
    reliance = formula.net_import_reliance(p, i, e)
    return {
        "apparent_consumption_kg": consumption(),
        "net_import_reliance": reliance,
        "net_import_reliance_score": reliance.clip(0.0, None),
        "eu_import_reliance": formula.eu_import_reliance(p, i, e),
        "gross_import_dependency": formula.gross_import_dependency(p, i),
        "self_sufficiency": formula.self_sufficiency(p, consumption()),
    }


def bounds() -> dict[str, pl.Expr]:
    """Bounds of every figure, from those of production and content."""
    p = pl.col("produced_low_kg"), pl.col("produced_high_kg")
    i = pl.col("imports_kg_low"), pl.col("imports_kg_high")
    net = i[0] - pl.col("exports_kg_high"), i[1] - pl.col("exports_kg_low")
    low, high = formula.reliance_bounds(p, net)
    gross_low, gross_high = formula.dependency_bounds(p, i)
    possible = (p[1] + net[1]).fill_null(1.0) > 0
    return {
        "apparent_consumption_kg_low": (p[0] + net[0]).clip(0.0, None),
        "apparent_consumption_kg_high": pl.when(possible).then(p[1] + net[1]),
        "net_import_reliance_low": low,
        "net_import_reliance_high": high,
        "eu_import_reliance_low": pl.when(possible).then(low.fill_null(0.0).clip(0.0, None)),
        "eu_import_reliance_high": high.clip(0.0, None),
        "gross_import_dependency_low": gross_low,
        "gross_import_dependency_high": gross_high,
        "self_sufficiency_low": 1.0 - high,
        "self_sufficiency_high": 1.0 - low,
    }


def flags() -> dict[str, pl.Expr]:
    """Flags of a cell."""
    return {
        "estimated": pl.col("is_estimated"),
        "mixed_stages": pl.col("stages") > 1,
        "net_exporter": pl.col("net_import_reliance") < 0,
        "partial_basket": pl.col("is_partial"),
        "production_unlisted": pl.col("is_unlisted"),
        "proxy": pl.col("is_proxy"),
        "weight_missing": pl.col("weight_missing_share") > 0,
    }


def confidence() -> pl.Expr:
    """Grade a cell: weights and codes; an unlisted producer caps it at C."""
    graded = grade(
        score([1.0 - pl.col("weight_missing_share"), pl.col("cleanness")]),
        pl.col("is_unlisted") | pl.col("is_basket"),
    )
    return pl.when(pl.col("reason").is_null()).then(graded)


INDEX = Index(
    table=Table(
        schema="indices",
        name="import_reliance",
        meaning="Which part of what an economy uses of a mineral comes from abroad",
        grain=("importer_iso3", "mineral", "stage", "year", "basis", "source", "edition"),
        columns=(
            Column("importer_iso3", "text", "the economy", key="mart.economy.economy"),
            *series_columns(),
            *ranged_mass("imports_kg", "imports; contained metal where that is the basis"),
            *ranged_mass("exports_kg", "exports; contained metal where that is the basis"),
            mass("produced_kg", "own output"),
            mass("produced_low_kg", "lower bound: own output"),
            mass("produced_high_kg", "upper bound: own output; null = none is known"),
            *ranged_mass("apparent_consumption_kg", "output + imports - exports"),
            *ranged("net_import_reliance", "(imports - exports) / consumption", "ratio", low=None),
            share("net_import_reliance_score", "the same, a net exporter's as 0"),
            Column(
                "net_import_reliance_display",
                "text",
                "as USGS writes it: whole percent, E = net exporter",
                nullable=True,
            ),
            *ranged(
                "eu_import_reliance", "as the EU's study has it: not below 0", "share", high=1.0
            ),
            *ranged("gross_import_dependency", "imports / (output + imports)", "share", high=1.0),
            *ranged("self_sufficiency", "output / consumption", "ratio"),
            Column(
                "production_stage",
                "text",
                "stage of the output that goes with the trade; null = none does",
                nullable=True,
                key="ref.stage.stage",
            ),
            Column("measure", "text", "what the output figure measures", nullable=True),
            Column("production_edition", "text", "edition of the output", nullable=True),
            Column("hs6", "text", "HS codes summed, joined by +", nullable=True),
            share(
                "weight_missing_share", "value without weight, of imports or exports, the greater"
            ),
            *verdict_columns(),
        ),
        sources=("baci", "usgs_mcs"),
        formula="(imports - exports) / (output + imports - exports)",
        citation=(
            "USGS, Mineral Commodity Summaries, appendix; European Commission (2017), Methodology "
            "for establishing the EU list of critical raw materials"
        ),
    ),
    inputs=(
        "mart.mineral_trade",
        "mart.contained_trade",
        "mart.basket",
        "mart.production",
        "ref.bloc",
        "ref.bloc_member",
        "ref.consumption",
        "ref.country",
        "ref.specificity",
        PREFERENCE,
    ),
    compute=comparable(compute),
    explain=explained.import_reliance,
)
