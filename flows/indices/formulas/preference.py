"""Which sources an index may be computed from: those declared for its purpose."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import polars as pl

PREFERENCE = "ref.source_preference"
COMPARISON = "comparison"
SOURCE = "source"

Compute = Callable[..., pl.LazyFrame]


def comparable(compute: Compute) -> Compute:
    """Keep an index to the sources that economies are compared by.

    What rests on the world's trade, such as world exports or an importer's own exports, cannot come
    from a source that has the reports of some importers only. The index takes
    `ref_source_preference` besides its own tables, and of these it sees no row of a source of trade
    that is declared for other purposes only. Without it, it takes the tables as they are.
    """

    @wraps(compute)
    def compute_comparable(
        *, ref_source_preference: pl.LazyFrame | None = None, **tables: pl.LazyFrame
    ) -> pl.LazyFrame:
        if ref_source_preference is None:
            return compute(**tables)
        partial = partial_sources(ref_source_preference)
        return compute(**{name: without(rows, partial) for name, rows in tables.items()})

    return compute_comparable


def partial_sources(ref_source_preference: pl.LazyFrame) -> list[str]:
    """Sources of trade that are declared, but not for comparisons across economies."""
    covering = (pl.col("purpose") == COMPARISON).any()
    sources = ref_source_preference.group_by(SOURCE).agg(covering=covering)
    return sources.filter(~pl.col("covering")).collect()[SOURCE].sort().to_list()


def without(rows: pl.LazyFrame, sources: list[str]) -> pl.LazyFrame:
    """Leave out the rows of sources; the table itself where it has none of them, which is quick."""
    if SOURCE not in rows.collect_schema():
        return rows
    theirs = pl.col(SOURCE).is_in(sources)
    has_any = rows.select(theirs.any()).collect().item()
    return rows.filter(~theirs) if has_any else rows
