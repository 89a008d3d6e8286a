"""Supply risk and economic importance from the inputs that an EU study publishes.

2017 gives one stage a material, the bottleneck, and no uses. 2023 gives shares, trade parameters,
recycling and uses: import reliance stays open (0..1), and what is not given at all is borrowed from
the edition before. Groups are the mean of their members.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import eu_study as explained
from flows.indices.formulas import eu_study_inputs as study
from flows.indices.formulas import supply_risk as method
from flows.indices.formulas.basket import flag_list
from flows.indices.formulas.concentration import verdict_columns
from flows.indices.formulas.supply_risk_columns import (
    bounded_columns,
    confidence,
    open_ends,
    precision,
    risk_columns,
)

STAGES = ("mine", "refinery")


def compute(
    mart_eu_input: pl.LazyFrame,
    mart_eu_material: pl.LazyFrame,
    mart_eu_supply_share: pl.LazyFrame,
    mart_eu_use: pl.LazyFrame,
    mart_governance: pl.LazyFrame,
) -> pl.LazyFrame:
    """Supply risk of every edition, material and stage that a study assesses.

    Args:
        mart_eu_input: inputs by material.
        mart_eu_material: materials, `mineral` and `material_group`.
        mart_eu_supply_share: shares of countries with trade parameters.
        mart_eu_use: uses with value added.
        mart_governance: governance estimates; the last edition counts.

    """
    governance = study.last_edition(mart_governance)
    given = study.published(mart_eu_input)
    computed = study.concentrations(mart_eu_supply_share, governance)
    supply = pl.concat([given, computed], how="diagonal_relaxed")
    grouped = mart_eu_material.filter(pl.col("material_group").is_not_null())
    assessed = (
        supply.select("edition", "material")
        .unique()
        .join(grouped.select(material="material_group").unique(), on="material", how="anti")
    )
    rows = (
        assessed.join(pl.LazyFrame({"stage": STAGES}), how="cross")
        .join(supply, on=study.CELL, how="left", validate="1:1")
        .join(study.inputs(mart_eu_input), on=["edition", "material"], how="left", validate="m:1")
        .join(study.importance(mart_eu_use), on=["edition", "material"], how="left", validate="m:1")
        .join(mart_eu_material, on="material", validate="m:1")
    )
    lent = pl.col("borrowed").fill_null([])
    return judged(with_groups(with_risk(rows.with_columns(borrowed=lent)), mart_eu_material))


def with_risk(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Compute supply risk and economic importance of every row, with bounds and reasons."""
    importance, substitution = pl.col("use_importance"), pl.col("si_ei")
    return (
        rows.with_columns(pl.col("uses_gs", "uses_eu").fill_null(value=False))
        .with_columns(**open_ends())
        .with_columns(
            **method.risk_and_bounds(),
            economic_importance=importance * substitution,
            economic_importance_low=pl.col("use_importance_low") * pl.col("si_ei_low"),
            economic_importance_high=pl.col("use_importance_high") * pl.col("si_ei_high"),
            members=pl.lit(None, pl.Int64),
        )
        .with_columns(reason=reason())
        .with_columns(
            supply_risk=pl.when(pl.col("reason").is_null()).then(pl.col("supply_risk")),
        )
    )


def reason() -> pl.Expr:
    """Why a stage has no supply risk; null where it has."""
    short = pl.any_horizontal(
        pl.col(f"share_sum_{side}") < study.SHARES_AT_LEAST for side in ("gs", "eu")
    )
    unscored = pl.any_horizontal(
        pl.col(f"ungoverned_{side}") > method.GOVERNANCE_LIMIT for side in ("gs", "eu")
    )
    return (
        pl.when(~pl.col("uses_gs") & ~pl.col("uses_eu"))
        .then(pl.lit("not_reported"))
        .when(short)
        .then(pl.lit("shares_incomplete"))
        .when(unscored)
        .then(pl.lit("governance_missing"))
        .when(pl.col("supply_risk").is_null())
        .then(pl.lit("input_missing"))
    )


MEANS = tuple(
    name + end for name in ("supply_risk", "economic_importance") for end in ("", "_low", "_high")
)


def with_groups(rows: pl.LazyFrame, materials: pl.LazyFrame) -> pl.LazyFrame:
    """Add the groups: the mean of their members, null where one of them is."""
    assessed = pl.col("reason").ne_missing("not_reported")
    groups = (
        rows.filter(pl.col("material_group").is_not_null())
        .group_by("edition", "stage", material="material_group")
        .agg(
            *(mean(name) for name in MEANS),
            members=assessed.sum().cast(pl.Int64),
            reason=pl.when(assessed.any())
            .then(pl.lit("input_missing"))
            .otherwise(pl.lit("not_reported")),
            borrowed=pl.col("borrowed").explode(empty_as_null=False).unique().sort(),
        )
        .with_columns(
            reason=pl.when(pl.col("supply_risk").is_null()).then(pl.col("reason")),
            uses_gs=pl.lit(value=False),
            uses_eu=pl.lit(value=False),
        )
        .join(materials, on="material", validate="m:1")
    )
    return pl.concat([rows, groups], how="diagonal")


def mean(name: str) -> pl.Expr:
    """Mean of a column over the members, in any order; null where one of them is null."""
    fixed = (pl.col(name) * method.QUANTUM).round().cast(pl.Int64)
    value = fixed.sum().cast(pl.Float64) / (pl.len() * method.QUANTUM)
    return pl.when(pl.col(name).null_count() == 0).then(value).alias(name)


def judged(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Hold every row against the thresholds, find the bottleneck, and say what to know."""
    return (
        rows.with_columns(
            **method.reaches(),
            **method.critical(),
            is_bottleneck=method.is_bottleneck(["edition", "material"]),
            economic_importance_reason=pl.when(pl.col("economic_importance").is_null()).then(
                pl.lit("input_missing")
            ),
        )
        .with_columns(flags=flag_list(flags()))
        .with_columns(confidence=confidence([precision()], pl.col("borrowed").list.len() > 0))
    )


def flags() -> dict[str, pl.Expr]:
    """Flags of a row."""
    missing = pl.max_horizontal("ungoverned_gs", "ungoverned_eu")
    return {
        "borrowed_edition": (pl.col("borrowed").list.len() > 0) & ~untold(),
        "global_only": pl.col("uses_gs") & ~pl.col("uses_eu"),
        "governance_missing": missing > 0,
        "group_mean": pl.col("members").is_not_null(),
        "sourcing_only": pl.col("uses_eu") & ~pl.col("uses_gs"),
    }


def untold() -> pl.Expr:
    """Whether the study does not assess the stage."""
    return pl.col("reason").eq_missing("not_reported")


INDEX = Index(
    table=Table(
        schema="indices",
        name="eu_supply_risk_study",
        meaning="Supply risk and economic importance from the inputs that an EU study publishes",
        grain=("edition", "material", "stage"),
        columns=(
            Column("edition", "text", "edition of the study"),
            Column("material", "text", "the study's material", key="mart.eu_material.material"),
            Column("name", "text", "the study's name of it"),
            Column("mineral", "text", "our mineral", nullable=True, key="ref.mineral.mineral"),
            Column("stage", "text", "extraction is mine, processing is refinery", values=STAGES),
            Column(
                "supply_data_used",
                "text",
                "supply that counts, of the world (GS), of the EU (EUS), or both",
                nullable=True,
                values=("EUS only", "GS + EUS", "GS only"),
            ),
            *bounded_columns("EU sourcing"),
            Column(
                "borrowed",
                "texts",
                "inputs that an earlier edition lends",
                values=study.BORROWED,
            ),
            Column("members", "int", "members of a group", unit="count", nullable=True, low=0),
            *risk_columns(),
            *(
                Column(
                    f"economic_importance{end}",
                    "float",
                    meaning,
                    unit="score",
                    nullable=True,
                    low=0,
                    high=10,
                )
                for end, meaning in (
                    ("", "economic importance of the material"),
                    ("_low", "lower bound"),
                    ("_high", "upper bound"),
                    ("_1dp", "economic importance as displayed, one decimal"),
                )
            ),
            Column(
                "critical_raw",
                "bool",
                "supply risk and economic importance reach 1.0 and 2.8; null = not known",
                nullable=True,
            ),
            Column(
                "critical_1dp",
                "bool",
                "they do as displayed; null = not known",
                nullable=True,
            ),
            Column(
                "economic_importance_reason",
                "text",
                "why there is no economic importance",
                nullable=True,
                key="ref.reason.reason",
            ),
            *verdict_columns(),
        ),
        sources=("eu_crm", "worldbank_wgi"),
        formula="(HHI_GS * IR/2 + HHI_EU * (1 - IR/2)) * (1 - EoL_RIR) * SI_SR",
        citation=(
            "European Commission (2017), Methodology for establishing the EU list of critical raw "
            "materials"
        ),
    ),
    inputs=(
        "mart.eu_input",
        "mart.eu_material",
        "mart.eu_supply_share",
        "mart.eu_use",
        "mart.governance",
    ),
    compute=compute,
    explain=explained.eu_supply_risk_study,
)
