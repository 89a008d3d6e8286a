"""Policy exposure: which part of an importer's supply is under a measure in force, on every day.

Sum of s_p over exporters p with a restricting measure in force that holds for the importer and for
a form in the basket; weighted, sum of s_p * the worst severity of p's measures. A stretch of days
ends where a measure takes effect, ends, is suspended or comes back, and with the year while one is
in force. Shares are those of the last full year before the stretch, or of the newest there is.
`_low` counts the codes alone that a measure names, with the unallocated part as nobody's; `_high`
takes that part as exposed too. A code holds more than the goods a measure is about: no lower bound
for these.
Source: OECD, export restrictions on industrial raw materials, for the exposure; own severities.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import policy as explained
from flows.indices.formulas.basket import SERIES, flag_list, series_columns
from flows.indices.formulas.concentration import ratio, verdict_columns
from flows.indices.formulas.declared import share
from flows.indices.formulas.policy_amounts import code_amounts, selected, totals
from flows.indices.formulas.policy_spells import EVERYBODY, MILLI, audiences, covering, spells
from flows.indices.formulas.policy_stretches import FIRST_YEAR, STRETCH, stretches
from flows.indices.formulas.suppliers import CELL, verdicts

UNPROVEN = "C"
"""Grade of a zero for want of a known measure: nothing says that the lists at hand are complete."""
ROW = ["importer_iso3", *SERIES, "basis", "in_force_from"]


def compute(  # noqa: PLR0913, PLR0917 - one frame each
    mart_measure: pl.LazyFrame,
    mart_measure_suspension: pl.LazyFrame,
    mart_measure_in_force: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    mart_trade: pl.LazyFrame,
    mart_mineral_trade: pl.LazyFrame,
    mart_bloc_report: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_bloc_member: pl.LazyFrame,
    indices_import_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Exposure of every importer, mineral with a measure, stage and basis, over days from 2009 on.

    Args:
        mart_measure: measures, with the days they take effect and expire.
        mart_measure_suspension: their suspensions.
        mart_measure_in_force: intervals in which they are in force, by importer.
        mart_basket: the codes of each series.
        mart_trade: amounts by HS code.
        mart_mineral_trade: amounts by mineral and stage.
        mart_bloc_report: which blocs are whole.
        ref_country: `iso3` and `kind`.
        ref_bloc_member: members of blocs by year.
        indices_import_concentration: flags, reason and confidence of each cell.

    """
    found = spells(mart_measure, mart_measure_suspension, mart_measure_in_force, ref_bloc_member)
    covers = covering(found, mart_basket)
    years = (
        mart_mineral_trade.group_by("source", "edition")
        .agg(first=pl.col("year").min(), newest=pl.col("year").max())
        .collect()
    )
    spans, active = stretches(*audiences(covers, ref_bloc_member), years)
    cells = verdicts(selected(indices_import_concentration, covers)).collect()
    rows = by_importer(spans, cells)
    counted = rows.filter("counts").join(cells, on=CELL)
    amounts = exposed_amounts(
        counted,
        active,
        code_amounts(mart_trade, mart_basket, mart_bloc_report, ref_bloc_member, covers),
    )
    sums = totals(selected(mart_mineral_trade, covers), ref_country)
    known = counted.join(sums, on=CELL, how="left").join(amounts, on=ROW, how="left")
    free = rows.filter(~pl.col("counts"))
    told = said(active)
    return (
        pl.concat([known, free], how="diagonal")
        .join(told, on=STRETCH, how="left")
        .lazy()
        .with_columns(
            pl.col("exposed", "covered", "weighted").fill_null(0),
            pl.col("exporters", "measures", "suspended_measures").fill_null([]),
            pl.col("unread", "on_member", "unweighted", "unweighed").fill_null(value=False),
        )
        .with_columns(
            reason=pl.coalesce("reason", pl.when("unweighed").then(pl.lit("weight_missing")))
        )
        .with_columns(**measures())
        .with_columns(
            flags=pl.col("flags").fill_null([]).list.set_union(own_flags()).list.sort(),
            confidence=pl.when(~pl.col("counts"))
            .then(pl.lit(UNPROVEN))
            .when(pl.col("reason").is_null())
            .then("confidence"),
            confirmation=pl.when("unread")
            .then(pl.lit("unconfirmed"))
            .otherwise(pl.lit("confirmed")),
        )
    )


def by_importer(spans: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Every stretch of every importer's own timeline, on each basis; else of that of all.

    Where no measure is in force, no share is needed; where one is, the cell of the year is.
    """
    actors = cells.select(*SERIES, "importer_iso3", "basis").unique()
    own = spans.select(*SERIES, importer_iso3="audience").unique()
    names = [*SERIES, "importer_iso3"]
    special = actors.join(own, on=names).with_columns(audience="importer_iso3")
    general = actors.join(own, on=names, how="anti").with_columns(audience=pl.lit(EVERYBODY))
    return pl.concat([special, general]).join(spans, on=[*SERIES, "audience"])


def exposed_amounts(
    counted: pl.DataFrame, active: pl.DataFrame, amounts: pl.DataFrame
) -> pl.DataFrame:
    """Sum what each importer buys of exporters under a measure: whole, weighted, by code.

    Args:
        counted: stretches of importers in which a measure is in force.
        active: spells of each stretch, with the code each is about.
        amounts: `CELL`, `exporter_iso3`, `hs6` and `amount`, whole units.

    Gives `ROW`, exposed and covered (whole units), weighted (in thousandths), and unweighed,
    whether one of them sells nothing that has a weight.

    """
    in_force = active.filter(pl.col("kind") == "in_force")
    exporter = [*STRETCH, "exporter_iso3"]
    worst = in_force.group_by(exporter).agg(worst=pl.col("severity_milli").max().fill_null(0))
    named = in_force.select(*exporter, "hs6").unique().with_columns(is_named=pl.lit(value=True))
    amount = pl.col("amount").cast(pl.Int128)
    is_named = pl.col("is_named").fill_null(value=False)
    return (
        counted.select(*ROW, "audience", "year")
        .join(worst, on=STRETCH)
        .join(amounts, on=[*CELL, "exporter_iso3"])
        .join(named, on=[*exporter, "hs6"], how="left")
        .with_columns(unweighed=amount.is_null().all().over(*ROW, "exporter_iso3"))
        .group_by(ROW)
        .agg(
            pl.col("unweighed").any(),
            exposed=amount.sum(),
            weighted=(amount * pl.col("worst")).sum(),
            covered=amount.filter(is_named).sum(),
        )
    )


def said(active: pl.DataFrame) -> pl.DataFrame:
    """Tell of each stretch whose measures are in force, which are suspended, and what was read."""
    in_force, suspended = pl.col("kind") == "in_force", pl.col("kind") == "suspended"
    id_ = pl.col("measure")
    return active.group_by(STRETCH).agg(
        exporters=pl.col("exporter_iso3").filter(in_force).unique().sort(),
        measures=id_.filter(in_force).unique().sort(),
        suspended_measures=id_.filter(suspended).unique().sort(),
        unread=(pl.col("unconfirmed") & (in_force | suspended)).any(),
        unweighted=(in_force & pl.col("severity_milli").is_null()).any(),
        on_member=(pl.col("kind") == "member").any(),
    )


def measures() -> dict[str, pl.Expr]:
    """Exposed share with its bounds, and weighted; a true zero where no measure is in force."""
    whole = pl.col("total") + pl.col("unallocated")
    exposed = pl.col("exposed")
    shares = {
        "exposed_share": ratio(exposed, pl.col("total")),
        "exposed_share_low": ratio(pl.col("covered"), whole),
        "exposed_share_high": ratio(exposed + pl.col("unallocated"), whole),
        "weighted_share": ratio(pl.col("weighted"), pl.col("total").cast(pl.Int128) * MILLI),
    }
    known = pl.col("reason").is_null()
    return {
        name: pl.when(~pl.col("counts")).then(0.0).otherwise(pl.when(known).then(value))
        for name, value in shares.items()
    }


def own_flags() -> pl.Expr:
    """Flags of the exposure, beside those of the cell."""
    return flag_list(
        {
            "member_measure": pl.col("on_member"),
            "no_measure_known": ~pl.col("counts"),
            "partly_covered": pl.col("covered") < pl.col("exposed"),
            "unweighted_measure": pl.col("unweighted"),
        }
    )


INDEX = Index(
    table=Table(
        schema="indices",
        name="policy_exposure",
        meaning=(
            "Share of an importer's supply of a mineral that is under a restricting measure in "
            f"force, by stretches of days from {FIRST_YEAR} on; a measure known for no HS code "
            "counts nowhere"
        ),
        grain=("importer_iso3", *SERIES[2:], "basis", *SERIES[:2], "in_force_from"),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *series_columns(),
            Column("in_force_from", "date", "first day of the stretch"),
            Column("in_force_to", "date", "last day; null = no end is known", nullable=True),
            share("exposed_share", "share of exporters under a measure; 0 where none is in force"),
            share("exposed_share_low", "of the codes alone that a measure names"),
            share("exposed_share_high", "if the unallocated part is exposed too"),
            share("weighted_share", "the same, by the worst severity of each exporter's measures"),
            Column("exporters", "texts", "exporters whose measures are in force"),
            Column("measures", "texts", "measures in force, as source/edition/measure"),
            Column("suspended_measures", "texts", "measures suspended on these days"),
            Column(
                "confirmation",
                "text",
                "unconfirmed = a measure in force or suspended, its goods or days were not read",
                values=("confirmed", "unconfirmed"),
            ),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="sum(s_p) over p under a measure; sum(s_p * severity_p)",
        citation="OECD, Inventory of Export Restrictions on Industrial Raw Materials; own weights",
    ),
    inputs=(
        "mart.measure",
        "mart.measure_suspension",
        "mart.measure_in_force",
        "mart.basket",
        "mart.trade",
        "mart.mineral_trade",
        "mart.bloc_report",
        "ref.country",
        "ref.bloc_member",
        "indices.import_concentration",
    ),
    compute=compute,
    explain=explained.policy_exposure,
)
