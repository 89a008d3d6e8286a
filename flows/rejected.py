"""Rows that were set aside before staging, kept with the reason: `quality.rejected_row`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from flows.indices.contract import Column, Table
from flows.sources.contract import Edition, Source
from flows.sources.quarantine import RULE

REJECTED_ROW = Table(
    schema="quality",
    name="rejected_row",
    meaning="Rows of the sources that are wrong by themselves and were set aside, with the reason",
    grain=("source", "edition", "rule", "ordinal"),
    columns=(
        Column("source", "text", "id of the source", key="meta.source.source"),
        Column("edition", "text", "id of the edition"),
        Column("rule", "text", "the rule of its source.yml that the row breaks"),
        Column("ordinal", "int", "place among those of the rule", unit="count", low=1),
        Column("row_key", "text", "what makes the row, as JSON"),
        Column("why", "text", "why it is set aside"),
        Column(
            "row",
            "text",
            "the whole row as JSON; null where its licence keeps it in",
            nullable=True,
        ),
    ),
    may_be_empty=True,
)


def rejected_frame(
    rejected: Iterable[tuple[Source, Edition, pl.DataFrame]],
) -> pl.DataFrame:
    """Rows of `quality.rejected_row`: of a source with derived figures alone, the keys alone."""
    rows = []
    for source, edition, frame in rejected:
        why = {rule.name: rule.why for rule in source.staged.rejects}
        is_open = source.licence.publish == "open"
        ordinals = frame.select(pl.int_range(pl.len()).over(RULE) + 1).to_series()
        for ordinal, row in zip(ordinals, frame.iter_rows(named=True), strict=True):
            rule = row.pop(RULE)
            rows.append(
                {
                    "source": source.id,
                    "edition": edition.id,
                    "rule": rule,
                    "ordinal": ordinal,
                    "row_key": as_json({name: row[name] for name in source.staged.grain}),
                    "why": why[rule],
                    "row": as_json(row) if is_open else None,
                }
            )
    grain = list(REJECTED_ROW.grain)
    return pl.DataFrame(rows, schema=REJECTED_ROW.polars).sort(grain)


def by_rule(rejected: pl.DataFrame) -> list[dict[str, Any]]:
    """Count the rows set aside by source and rule, as the report shows them."""
    counted = rejected.group_by("source", "rule", "why").agg(pl.len().alias("rows"))
    return counted.sort("source", "rule").to_dicts()


def as_json(row: Mapping[str, object]) -> str:
    """A row as JSON, in the order of its columns; decimals and days as text."""
    return json.dumps(row, ensure_ascii=False, default=str)
