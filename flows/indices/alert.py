"""Alerts by rule: which of the watched series is above its threshold, since when, how often.

The rules are facts (`ref.alert_rule`). Those of a yearly kind whose table is among `WATCHED` are
followed here, over all years, by the latch of `flows.indices.formulas.alert_states`; rules on other
tables, and what depends on a day or on runs, are looked at by `orewatch alerts`.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table, argument
from flows.indices.explained import alerts as explained
from flows.indices.formulas.alert_series import SERIES, YEARLY, series_of
from flows.indices.formulas.alert_states import history, states

WATCHED = (
    "indices.export_concentration",
    "indices.import_concentration",
    "indices.import_share",
    "indices.production_concentration",
)
"""Tables whose columns a rule can watch here."""


def compute(
    ref_alert_rule: pl.LazyFrame, ref_watch: pl.LazyFrame, **tables: pl.LazyFrame
) -> pl.LazyFrame:
    """State of every series that a rule watches, in its newest year.

    Args:
        ref_alert_rule: the rules.
        ref_watch: `watch` and `iso3`, the economies on each list.
        tables: those of `WATCHED`, by argument name.

    Raises:
        AlertRuleError: a rule does not fit its table.

    """
    lists = dict(ref_watch.group_by("watch").agg("iso3").collect().iter_rows())
    series = [
        series_of(tables[argument(rule["table"])], rule, lists.get(rule["watch"], []))
        for rule in ref_alert_rule.collect().iter_rows(named=True)
        if rule["kind"] in YEARLY and rule["table"] in WATCHED
    ]
    if not series:
        return pl.LazyFrame(schema=INDEX.table.polars)
    return told(pl.concat(series), ref_alert_rule)


def told(series: pl.LazyFrame, rules: pl.LazyFrame) -> pl.LazyFrame:
    """Give the published columns of the series of yearly rules."""
    known = pl.col("value").is_not_null()
    is_change = pl.col("kind").is_in(["change", "relative_change"])
    why_not = pl.when(is_change).then(pl.lit("no_previous_year")).otherwise(pl.lit("not_reported"))
    return (
        history(states(series, rules))
        .join(rules.select("rule", "kind", "on_at", "off_at"), on="rule", validate="m:1")
        .with_columns(reason=pl.when(~known).then(pl.coalesce("reason", why_not)))
        .with_columns(top_supplier_iso3=pl.when(known).then("top_supplier_iso3"))
    )


def key(name: str, meaning: str, target: str) -> Column:
    """Declare what a series is told by; null where its table does not have it."""
    return Column(name, "text", f"{meaning}; null = the table has none", nullable=True, key=target)


INDEX = Index(
    table=Table(
        schema="indices",
        name="alert",
        meaning="Whether each series that a rule watches is beyond its threshold, and since when",
        grain=SERIES,
        columns=(
            Column("rule", "text", "the rule", key="ref.alert_rule.rule"),
            key("importer_iso3", "importing economy", "mart.economy.economy"),
            key("mineral", "mineral", "ref.mineral.mineral"),
            key("stage", "stage", "ref.stage.stage"),
            key("basis", "what is measured", "ref.basis.basis"),
            key("source", "source of the rows", "meta.source.source"),
            Column("edition", "text", "the edition whose numbers reach furthest", nullable=True),
            Column("year", "year", "newest year of the edition", low=1900, high=2100),
            Column("value", "float", "value in that year", unit="ratio", nullable=True),
            Column("on_at", "float", "threshold at which it begins", unit="ratio"),
            Column("off_at", "float", "threshold at which it ends", unit="ratio"),
            Column(
                "state",
                "text",
                "on or off; unknown = too many years without a number",
                values=("off", "on", "unknown"),
            ),
            Column(
                "since_year",
                "year",
                "first year of what made it begin; null = not on",
                nullable=True,
                low=1900,
                high=2100,
            ),
            Column("first_year", "year", "first year with a number", low=1900, high=2100),
            Column("known_years", "int", "years with a number", unit="count", low=1),
            Column("fired_years", "texts", "years in which it began"),
            Column(
                "crossed_years",
                "texts",
                "those of them in which the threshold was crossed, not beyond from the first on",
            ),
            Column("ended_years", "texts", "years in which it ended"),
            Column(
                "top_supplier_iso3",
                "text",
                "largest supplier in that year, where the table has it",
                nullable=True,
                key="mart.economy.economy",
            ),
            Column("flags", "texts", "what to know of the series", key="ref.flag.flag"),
            Column(
                "reason",
                "text",
                "why the newest year has no number",
                nullable=True,
                key="ref.reason.reason",
            ),
        ),
        sources=("baci",),
        formula="on if set, off if released, else as before: a latch with hysteresis",
        citation="Schmitt (1938), Journal of Scientific Instruments 15(1); rules in ref.alert_rule",
        may_be_empty=True,
    ),
    inputs=("ref.alert_rule", "ref.watch", *WATCHED),
    compute=compute,
    explain=explained.alert,
)
