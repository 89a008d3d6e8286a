"""The yearly series that a rule of alerts watches, out of the rows of its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

KEY = ("importer_iso3", "mineral", "stage", "basis", "source", "edition")
"""What a series is told by, beside its rule; a table may lack some of it."""
SERIES = ("rule", *KEY)
YEARLY = ("level", "change", "relative_change", "rank")
"""Kinds of rules that are about a series of years."""
SAID = ("reason", "top_supplier_iso3")
"""What else is taken from a table where it has it."""


class AlertRuleError(Exception):
    """A rule cannot be put to its table; the message names both."""


Rule = Mapping[str, Any]
"""A row of ref.alert_rule."""


def check_rule(rule: Rule) -> None:
    """Refuse a rule that lacks what its kind needs, or ends before it begins.

    Raises:
        AlertRuleError: naming the rule and what to write.

    """
    needed = ["table", "column", "comparison", "on_at", "off_at", "persistence", "forgets"]
    needed += ["ranked"] if rule["kind"] == "rank" else []
    if missing := [name for name in needed if rule[name] is None]:
        raise AlertRuleError(
            f"alerts.yml: {rule['rule']}: a rule of kind {rule['kind']} needs {', '.join(missing)}"
        )
    over = rule["comparison"] in ("gt", "ge")
    if (rule["off_at"] > rule["on_at"]) if over else (rule["off_at"] < rule["on_at"]):
        word = "above" if over else "below"
        raise AlertRuleError(
            f"alerts.yml: {rule['rule']}: off_at {rule['off_at']} is {word} on_at {rule['on_at']}; "
            "it would end while it begins"
        )


def pairs(texts: Sequence[str], rule: Rule, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Split `column=value` texts of a rule.

    Raises:
        AlertRuleError: one is none, or its column is not there.

    """
    found = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in columns:
            raise AlertRuleError(
                f"alerts.yml: {rule['rule']}: {text!r} is no column=value of {rule['table']}, "
                f"which has {', '.join(columns)}"
            )
        found.append((name, value))
    return found


def series_of(frame: pl.LazyFrame, rule: Rule, watched: Sequence[str]) -> pl.LazyFrame:
    """Give the yearly series that a rule watches, of the edition of each that reaches furthest.

    Args:
        frame: the rule's table, or those of its rows that the filters leave.
        rule: its row of ref.alert_rule, of a yearly kind.
        watched: the economies on its list; empty = every one.

    Gives `SERIES`, `year`, `value` and `SAID`; what the table lacks is null.

    Raises:
        AlertRuleError: the rule does not fit the table.

    """
    check_rule(rule)
    columns = frame.collect_schema().names()
    if missing := [name for name in (rule["column"], "year") if name not in columns]:
        raise AlertRuleError(
            f"alerts.yml: {rule['rule']}: {rule['table']} has no column {missing[0]}; "
            f"it has {', '.join(columns)}"
        )
    chosen = [
        pl.col(name).cast(pl.String) == value
        for name, value in pairs(rule["filters"], rule, columns)
    ]
    if watched and "importer_iso3" in columns:
        chosen.append(pl.col("importer_iso3").cast(pl.String).is_in(list(watched)))
    if rule["minerals"] and "mineral" in columns:
        chosen.append(pl.col("mineral").cast(pl.String).is_in(list(rule["minerals"])))
    rows = frame.filter(*chosen).with_columns(pl.col(rule["column"]).cast(pl.Float64))
    key = [name for name in KEY if name in columns]
    if rule["kind"] == "rank":
        rows = ranked(rows, rule, key, columns)
        columns = [*key, "year", rule["column"]]
    told = rows.select(
        pl.lit(rule["rule"]).alias("rule"),
        *(text_of(name, columns) for name in (*KEY, *SAID)),
        pl.col("year").cast(pl.Int32),
        value=pl.col(rule["column"]),
    ).with_columns(value=measured(rule["kind"]))
    return to_the_end(furthest(told))


def text_of(name: str, columns: Sequence[str]) -> pl.Expr:
    """A column as text, null where the table lacks it."""
    column = pl.col(name) if name in columns else pl.lit(None)
    return column.cast(pl.String).alias(name)


def ranked(
    rows: pl.LazyFrame, rule: Rule, key: Sequence[str], columns: Sequence[str]
) -> pl.LazyFrame:
    """Put the rank of the one that the rule is about in place of the value, 1 the largest.

    Where it is not among the rows of a year, or has nothing, it comes after all that have.
    """
    ((name, value),) = pairs([rule["ranked"]], rule, columns)
    figure = pl.col(rule["column"])
    own = pl.when(pl.col(name).cast(pl.String) == value).then(figure).max().fill_null(0.0)
    return rows.group_by(*key, "year").agg(
        pl.when(figure.max() > 0)
        .then((figure > pl.max_horizontal(own, 0.0)).sum() + 1)
        .cast(pl.Float64)
        .first()
        .alias(rule["column"])
    )


def measured(kind: str) -> pl.Expr:
    """What is held against the thresholds: the value, or its change since the very year before."""
    value, year = pl.col("value"), pl.col("year")
    if kind not in ("change", "relative_change"):
        return value
    before = pl.when(year - year.shift(1) == 1).then(value.shift(1))
    change = value - before if kind == "change" else value / before - 1
    return pl.when(change.is_finite()).then(change).over(SERIES, order_by="year")


def to_the_end(series: pl.LazyFrame) -> pl.LazyFrame:
    """Add to a series that breaks off before its edition does a last year without a number."""
    ends = series.group_by("rule", "source", "edition").agg(pl.col("year").max().alias("__end"))
    last = series.group_by(SERIES).agg(pl.col("year").max())
    short = (
        last.join(ends, on=["rule", "source", "edition"], nulls_equal=True, validate="m:1")
        .filter(pl.col("year") < pl.col("__end"))
        .select(*SERIES, year="__end")
    )
    return pl.concat([series, short], how="diagonal")


def furthest(series: pl.LazyFrame) -> pl.LazyFrame:
    """Keep of each series the edition whose numbers reach furthest; of two, the longer one."""
    key = [name for name in SERIES if name not in ("source", "edition")]
    known = pl.col("year").filter(pl.col("value").is_not_null())
    editions = series.group_by(SERIES).agg(last=known.max(), count=known.len())
    best = (
        editions.sort(["last", "count", "source", "edition"], descending=True, nulls_last=True)
        .group_by(key, maintain_order=True)
        .first()
        .select(SERIES)
    )
    return series.join(best, on=SERIES, how="semi", nulls_equal=True)
