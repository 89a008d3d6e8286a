"""Supply risk after the EU's method, from trade, production and governance.

The formulas are those of the study (see `supply_risk.py`). Global supply is world production,
sourcing is imports and the importer's own production, import reliance comes from both where they
are in one unit. Substitution, recycling and trade parameters are borrowed from the EU's studies.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import eu_supply as explained
from flows.indices.formulas import domestic_production as domestic
from flows.indices.formulas import eu_sourcing, eu_study_inputs, eu_supply_cells
from flows.indices.formulas import supply_risk as method
from flows.indices.formulas.basket import flag_list
from flows.indices.formulas.concentration import UNALLOCATED_HIGH, verdict_columns
from flows.indices.formulas.eu_sourcing import FLOW, OUTPUT
from flows.indices.formulas.preference import PREFERENCE, comparable
from flows.indices.formulas.supply_risk_columns import (
    bounded_columns,
    confidence,
    open_ends,
    precision,
    risk_columns,
)

WITHIN = ["importer_iso3", "mineral", "year", "basis", "source", "edition"]


def compute(  # noqa: PLR0913, PLR0917 - each argument is a table
    mart_mineral_trade: pl.LazyFrame,
    mart_production: pl.LazyFrame,
    mart_governance: pl.LazyFrame,
    mart_eu_input: pl.LazyFrame,
    mart_eu_material: pl.LazyFrame,
    mart_eu_supply_share: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_bloc_member: pl.LazyFrame,
    ref_production_stage: pl.LazyFrame,
    ref_consumption: pl.LazyFrame,
    ref_supply_risk_importer: pl.LazyFrame,
) -> pl.LazyFrame:
    """Supply risk of every importer of `ref.supply_risk_importer`, mineral, stage and year.

    Args:
        mart_mineral_trade: trade by mineral and stage.
        mart_production: world production; the last edition of each year counts.
        mart_governance: governance estimates; the last edition counts.
        mart_eu_input: substitution and recycling.
        mart_eu_material: materials of the study and our minerals.
        mart_eu_supply_share: trade parameters.
        ref_country: `iso3` and `kind`.
        ref_bloc_member: members of blocs.
        ref_production_stage: production behind a stage of trade.
        ref_consumption: where production and trade are in one unit.
        ref_supply_risk_importer: importers, with the trade parameter of their members.

    """
    production = domestic.latest(mart_production, ["mineral", "production_stage", "year"])
    years = production.select("year").unique()
    stages = eu_supply_cells.study_stages(ref_production_stage)
    trade = (
        mart_mineral_trade.join(years, on="year", how="semi")
        .rename({"stage": "form_stage"})
        .join(stages.select("form_stage", "stage").unique(), on="form_stage")
    )
    members = eu_supply_cells.own_members(ref_supply_risk_importer, ref_bloc_member, years)
    scores = method.governance_scores(eu_study_inputs.last_edition(mart_governance))
    scored = scores.join(method.governance_year(years, scores), on="governance_year")
    parameters = eu_supply_cells.trade_parameters(mart_eu_supply_share, mart_eu_material)

    def suppliers(rows: pl.LazyFrame) -> pl.LazyFrame:
        """Add governance and trade parameter of each `area`."""
        judged = rows.join(scored, on=["area", "year"], how="left", validate="m:1")
        return eu_sourcing.weighed(judged, members, parameters)

    sold = suppliers(eu_supply_cells.produced_for(ref_supply_risk_importer, production))
    bought = suppliers(eu_supply_cells.bought_by(ref_supply_risk_importer, trade, ref_country))
    countries = ref_country.filter(pl.col("kind") == "country")
    worst = (
        members.join(scored, on=["area", "year"], how="left")
        .group_by("importer_iso3", "year")
        .agg(
            own_worst=(
                pl.col("wgi").fill_null(method.WORST) * pl.col("member_trade_parameter")
            ).max()
        )
    )
    cells = (
        eu_supply_cells.universe(ref_supply_risk_importer, trade, production, stages)
        .join(eu_sourcing.imports(bought), on=[*FLOW, "basis"], how="left", validate="1:1")
        .join(eu_sourcing.exports(trade, members, countries), on=FLOW, how="left", validate="m:1")
        .join(eu_sourcing.world_output(sold, production), on=OUTPUT, how="left", validate="m:1")
        .join(eu_sourcing.own_output(sold), on=OUTPUT, how="left", validate="m:1")
        .join(worst, on=["importer_iso3", "year"], how="left", validate="m:1")
        .join(
            eu_supply_cells.lent(mart_eu_input, mart_eu_material),
            on=["mineral", "stage"],
            how="left",
        )
        .join(method.governance_year(years, scores), on="year", how="left")
        .drop("production_edition")
    )
    blocs = ref_bloc_member.select(
        importer_iso3="bloc", is_bloc_importer=pl.lit(value=True)
    ).unique()
    belonging = members.select("year", bloc="importer_iso3", iso3="area").join(
        blocs.select(bloc="importer_iso3"), on="bloc", how="semi"
    )
    rows = eu_sourcing.with_own_production(cells, production, belonging, ref_consumption)
    return judged(
        rows.join(blocs, on="importer_iso3", how="left").with_columns(
            pl.col("has_figures", "is_unlisted", "is_bloc_importer").fill_null(value=False)
        )
    )


def judged(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Compute supply risk of every cell, with bounds, reason, bottleneck, flags, confidence."""
    lost = pl.col("uses_eu") & pl.col("trade_reason").is_not_null()
    from_trade = ("hhi_wgi_t_eu", "import_reliance")
    names = [column.name for column in COLUMNS if column.name.startswith(from_trade)]
    shown = {name: pl.when(pl.col("uses_eu") & ~lost).then(pl.col(name)) for name in names}
    known = pl.col("reason").is_null()
    return (
        cells.with_columns(
            trade_reason=pl.when(pl.col("uses_eu")).then(
                pl.when(pl.col("imports_kg").is_null())
                .then(pl.lit("no_trade"))
                .otherwise(pl.col("trade_reason"))
            ),
            supply_data_used=eu_study_inputs.data_used(),
        )
        .with_columns(**eu_sourcing.reliance(), **eu_sourcing.sourcing())
        .with_columns(**shown)
        .with_columns(**open_ends())
        .with_columns(**method.risk_and_bounds())
        .with_columns(
            pl.when(lost).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("supply_risk_low", "supply_risk_high")
        )
        .with_columns(reason=reason())
        .with_columns(supply_risk=pl.when(known).then(pl.col("supply_risk")))
        .with_columns(**method.reaches(), is_bottleneck=method.is_bottleneck(WITHIN))
        .with_columns(flags=flag_list(flags()))
        .with_columns(confidence=graded())
    )


def reason() -> pl.Expr:
    """Why a cell has no supply risk; null where it has."""
    unscored = pl.any_horizontal(
        pl.col("uses_gs") & (pl.col("gs_ungoverned") > method.GOVERNANCE_LIMIT),
        pl.col("uses_eu") & (pl.col("imports_ungoverned") > method.GOVERNANCE_LIMIT),
    )
    stated = pl.coalesce("trade_reason", pl.when(pl.col("uses_gs")).then(pl.col("gs_reason")))
    borrowed = pl.col("eol_rir").is_null() | pl.col("si_sr").is_null()
    return (
        pl.when(stated.is_not_null())
        .then(stated)
        .when(unscored)
        .then(pl.lit("governance_missing"))
        .when(borrowed)
        .then(pl.lit("input_missing"))
        .when(pl.col("supply_risk").is_not_null())
        .then(None)
        .when(pl.col("has_figures") & pl.col("produced_kg").is_null())
        .then(pl.lit("withheld"))
        .otherwise(pl.lit("not_commensurable"))
    )


def flags() -> dict[str, pl.Expr]:
    """Flags of a cell."""
    sourced, world = pl.col("uses_eu"), pl.col("uses_gs")
    unallocated = pl.max_horizontal("gs_unallocated", "imports_unallocated")
    return {
        "bloc": pl.col("is_bloc_importer"),
        "borrowed_eu": pl.col("eol_rir").is_not_null() | pl.col("si_sr").is_not_null(),
        "estimated": world & pl.col("is_estimated"),
        "global_only": world & ~sourced,
        "governance_carried": pl.col("governance_year") < pl.col("year"),
        "governance_missing": pl.max_horizontal("gs_ungoverned", "imports_ungoverned") > 0,
        "imports_only": sourced & ~pl.col("has_figures"),
        "net_exporter": pl.col("is_net_exporter"),
        "production_unlisted": sourced & pl.col("is_unlisted"),
        "sourcing_only": sourced & ~world,
        "unallocated_high": unallocated > UNALLOCATED_HIGH,
    }


def graded() -> pl.Expr:
    """Grade a cell by what is allocated and how narrow it is; what is borrowed caps it at C."""
    parts = [
        1.0 - pl.when(pl.col("uses_gs")).then(pl.col("gs_unallocated")),
        1.0 - pl.when(pl.col("uses_eu")).then(pl.col("imports_unallocated")),
        precision(),
    ]
    return confidence(parts, pl.lit(value=True))


COLUMNS = (
    Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
    Column("mineral", "text", "mineral", key="ref.mineral.mineral"),
    Column(
        "stage", "text", "extraction is mine, processing is refinery", values=("mine", "refinery")
    ),
    Column(
        "form_stage",
        "text",
        "stage of the goods imported; of production where none of this stage are in the edition",
        key="ref.stage.stage",
    ),
    Column("year", "year", "calendar year", low=1900, high=2100),
    Column("basis", "text", "what import shares are measured in", key="ref.basis.basis"),
    Column("source", "text", "source of the trade rows", key="meta.source.source"),
    Column("edition", "text", "edition of that source"),
    Column(
        "production_stage",
        "text",
        "production that counts as global supply",
        nullable=True,
        key="ref.stage.stage",
    ),
    Column("production_edition", "text", "edition of its source", nullable=True),
    Column(
        "governance_year",
        "year",
        "year of the governance scores",
        nullable=True,
        low=1996,
        high=2100,
    ),
    Column(
        "supply_data_used",
        "text",
        "supply that counts, of the world (GS), of the importer (EUS), or both",
        values=("EUS only", "GS + EUS", "GS only"),
    ),
    *bounded_columns("the importer's sourcing"),
    *risk_columns(),
    *verdict_columns(),
)

INDEX = Index(
    table=Table(
        schema="indices",
        name="eu_supply_risk",
        meaning="Supply risk after the EU's method, from trade, production and governance",
        grain=(
            "importer_iso3",
            "mineral",
            "stage",
            "form_stage",
            "year",
            "basis",
            "source",
            "edition",
        ),
        columns=COLUMNS,
        sources=("baci", "eu_crm", "usgs_mcs", "worldbank_wgi"),
        formula="(HHI_GS * IR/2 + HHI_EU * (1 - IR/2)) * (1 - EoL_RIR) * SI_SR",
        citation=(
            "European Commission (2017), Methodology for establishing the EU list of critical raw "
            "materials; substitution, recycling and trade parameters borrowed from the EU studies"
        ),
    ),
    inputs=(
        "mart.mineral_trade",
        "mart.production",
        "mart.governance",
        "mart.eu_input",
        "mart.eu_material",
        "mart.eu_supply_share",
        "ref.country",
        "ref.bloc_member",
        "ref.production_stage",
        "ref.consumption",
        "ref.supply_risk_importer",
        PREFERENCE,
    ),
    compute=comparable(compute),
    explain=explained.eu_supply_risk,
)
