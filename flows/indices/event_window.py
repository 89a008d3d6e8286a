"""Event window: what an importer bought of a measure's goods before and after it took effect.

From the country that issues the measure (`issuer`) and, over the same periods, from all others
(`comparison`). Amounts of the window are added first: share = its amount / all, concentration =
sum of squared shares (`comparison`: among the others alone), quantity = kg a period, unit value =
USD / t of what has a weight. The year or month of the event itself is in neither window.
What changed after an event did not change because of it.
Own design; the unit value as in UN Comtrade.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import policy as explained
from flows.indices.formulas.basket import flag_list
from flows.indices.formulas.concentration import ratio, wide_product
from flows.indices.formulas.declared import measure
from flows.indices.formulas.event_goods import EVENT, MEASURE, events
from flows.indices.formulas.event_sums import (
    COMPARISON,
    ISSUER,
    WINDOW,
    monthly,
    summed,
    supplies,
    windows,
    yearly,
)

KG_PER_T = 1000
FIGURE = [*EVENT, "basis", "figure", "side", "frequency", "span"]
PLAIN_FIGURES = {"import_share": "share", "hhi": "hhi"}
AMOUNT_FIGURES = {"mass_kg": "kg", "unit_value": "USD_per_t"}
"""Figures and their units; amounts have columns of their own, which some licences keep in."""


def compute(  # noqa: PLR0913, PLR0917 - one frame each
    mart_measure: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    mart_mineral_trade: pl.LazyFrame,
    mart_monthly_trade: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_report_importer: pl.LazyFrame,
    indices_import_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Before and after of every measure with goods in trade, for every importer that it affects.

    Args:
        mart_measure: measures and their goods.
        mart_basket: the codes of each series.
        mart_mineral_trade: annual amounts.
        mart_monthly_trade: monthly amounts by HS code.
        ref_country: `iso3` and `kind`.
        ref_report_importer: the importers shown for a measure on everybody.
        indices_import_concentration: why a cell has no number.

    """
    watched = ref_report_importer.select(importer_iso3="importer")
    found = events(mart_measure, mart_basket, watched)
    theirs = pl.col("importer_iso3").is_in(found["importer_iso3"].unique().to_list())
    goods = pl.col("mineral").is_in(found["mineral"].unique().to_list())
    trade = mart_mineral_trade.filter(theirs).collect().lazy()
    verdicts = indices_import_concentration.filter(theirs, goods)
    given = {
        "year": yearly(trade, trade.filter(goods), verdicts),
        "month": monthly(mart_monthly_trade.filter(theirs), mart_basket),
    }
    parts = [
        figures(summed(windows(found, name), supplies(rows, ref_country), reported, reasons))
        for name, (rows, reported, reasons) in given.items()
    ]
    both = pl.concat(parts)
    is_reported = both.filter(pl.col("periods") > 0).select("source", "edition", "frequency")
    shown = both.join(is_reported.unique(), on=["source", "edition", "frequency"], how="semi")
    return judged(beside(shown), found.lazy())


def figures(sums: pl.LazyFrame) -> pl.LazyFrame:
    """Lay the figures of every window below each other: `figure`, `side`, `value`, `why`."""
    amount = {ISSUER: pl.col("issuer"), COMPARISON: pl.col("comparison")}
    total = pl.col("issuer") + pl.col("comparison")
    others = pl.col("comparison")
    squares = {
        ISSUER: ratio(pl.col("squares"), wide_product(total, total)),
        COMPARISON: ratio(pl.col("other_squares"), wide_product(others, others)),
    }
    counted = pl.col("periods").fill_null(0)
    sums = sums.with_columns(
        pl.col("issuer", "comparison", "issuer_usd", "comparison_usd").fill_null(0),
        pl.col("squares", "other_squares").fill_null(0),
        pl.col("issuer_unweighed", "comparison_unweighed").fill_null(value=False),
        periods=counted,
    )
    values = {
        (figure, side): pl.when(~unweighed(figure, side)).then(value)
        for side in (ISSUER, COMPARISON)
        for figure, value in {
            "import_share": ratio(amount[side], total),
            "hhi": squares[side],
            "mass_kg": ratio(amount[side], counted),
            "unit_value": ratio(pl.col(f"{side}_usd") * KG_PER_T, amount[side]),
        }.items()
    }
    why = (
        pl.when(pl.col("periods") > 0)
        .then(pl.lit("no_trade"))
        .otherwise(pl.coalesce("failing", pl.lit("too_few_years")))
    )
    laid = pl.concat(
        sums.select(
            *WINDOW,
            "periods",
            figure=pl.lit(figure),
            side=pl.lit(side),
            value=value,
            why=pl.when(unweighed(figure, side))
            .then(pl.lit("weight_missing"))
            .when(value.is_null())
            .then(why),
        )
        for (figure, side), value in values.items()
    )
    return laid.filter((pl.col("basis") == "mass") | pl.col("figure").is_in(list(PLAIN_FIGURES)))


def unweighed(figure: str, side: str) -> pl.Expr:
    """Whether a figure would take what is sold without a weight for nothing."""
    own = pl.col(f"{side}_unweighed")
    either = pl.col("issuer_unweighed") | pl.col("comparison_unweighed")
    return either if figure == "import_share" or (figure, side) == ("hhi", ISSUER) else own


def beside(values: pl.LazyFrame) -> pl.LazyFrame:
    """Put the windows before and after beside each other."""
    before, after = (
        values.filter(pl.col("side_of_event") == name).select(
            *FIGURE,
            pl.col("value").alias(name),
            pl.col("periods").alias(f"periods_{name}"),
            pl.col("why").alias(f"why_{name}"),
        )
        for name in ("before", "after")
    )
    return before.join(after, on=FIGURE, validate="1:1")


def judged(rows: pl.LazyFrame, found: pl.LazyFrame) -> pl.LazyFrame:
    """Add the changes, units, flags and reasons; keep amounts in columns of their own."""
    plain = pl.col("figure").is_in(list(PLAIN_FIGURES))
    before, after = pl.col("before"), pl.col("after")
    traits = found.select(
        *EVENT, "exporter_iso3", "day", "kind", "unconfirmed", "mineral_only", "partly_covered"
    )
    return (
        rows.join(traits, on=EVENT, validate="m:1")
        .with_columns(
            unit=pl.col("figure").replace_strict(PLAIN_FIGURES | AMOUNT_FIGURES),
            change=pl.when(plain).then(after - before),
            change_ratio=pl.when(before > 0).then(after / before),
            before_amount=pl.when(~plain).then(before),
            after_amount=pl.when(~plain).then(after),
            reason=pl.coalesce("why_before", "why_after"),
            confirmation=pl.when("unconfirmed")
            .then(pl.lit("unconfirmed"))
            .otherwise(pl.lit("confirmed")),
            flags=flag_list({n: pl.col(n) for n in ("mineral_only", "partly_covered")}),
        )
        .with_columns(before=pl.when(plain).then(before), after=pl.when(plain).then(after))
    )


def amount(name: str, meaning: str) -> Column:
    """Declare an amount in the unit that the row names."""
    return Column(name, "float", meaning, nullable=True, low=0)


INDEX = Index(
    table=Table(
        schema="indices",
        name="event_window",
        meaning=(
            "Dependency, concentration, quantity and unit value before and after a policy measure "
            "took effect, of the country that issues it and of all others"
        ),
        grain=(*MEASURE, *FIGURE[3:]),
        columns=(
            Column("measure_source", "text", "source of the measure; facts = authored here"),
            Column("measure_edition", "text", "edition of that source"),
            Column("measure", "text", "the measure"),
            Column("exporter_iso3", "text", "country that issues it", key="ref.country.iso3"),
            Column("kind", "text", "kind of the measure", key="ref.measure_kind.kind"),
            Column("day", "date", "day from which it holds"),
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            Column("mineral", "text", "mineral", key="ref.mineral.mineral"),
            Column("stage", "text", "stage; all = the headline forms", key="ref.stage.stage"),
            Column("basis", "text", "what is measured", key="ref.basis.basis"),
            Column("source", "text", "source of the trade", key="meta.source.source"),
            Column("edition", "text", "edition of that source"),
            Column(
                "figure",
                "text",
                "what is compared",
                values=tuple(PLAIN_FIGURES | AMOUNT_FIGURES),
            ),
            Column(
                "side",
                "text",
                "issuer = from the issuing country, of HHI from all; comparison = from all others",
                values=(ISSUER, COMPARISON),
            ),
            Column("frequency", "text", "what a period is", values=("year", "month")),
            Column("span", "int", "periods on each side at most", unit="count", low=1),
            Column("unit", "text", "unit of before and after", key="ref.unit.unit"),
            measure("before", "share or HHI before", "ratio", high=1.0),
            measure("after", "share or HHI after", "ratio", high=1.0),
            measure("change", "after less before", "ratio", low=-1.0, high=1.0),
            amount("before_amount", "kg a period, or USD a ton, before; in the unit of the row"),
            amount("after_amount", "the same after"),
            measure("change_ratio", "after by before; null where that is 0", "ratio"),
            Column("periods_before", "int", "periods counted before", unit="count", low=0),
            Column("periods_after", "int", "periods counted after", unit="count", low=0),
            Column(
                "confirmation",
                "text",
                "unconfirmed = the measure, its goods or its day were not read",
                values=("confirmed", "unconfirmed"),
            ),
            Column("flags", "texts", "what to know of the numbers", key="ref.flag.flag"),
            Column(
                "reason",
                "text",
                "why before, or else after, has no number",
                nullable=True,
                key="ref.reason.reason",
            ),
        ),
        sources=("baci",),
        formula="pooled over the window: x_p / sum(x); sum(s_p^2); kg / periods; USD / t",
        citation="own design",
    ),
    inputs=(
        "mart.measure",
        "mart.basket",
        "mart.mineral_trade",
        "mart.monthly_trade",
        "ref.country",
        "ref.report_importer",
        "indices.import_concentration",
    ),
    compute=compute,
    explain=explained.event_window,
)
