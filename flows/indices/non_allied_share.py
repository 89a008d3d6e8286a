"""Non-allied share: which part of an importer's supply comes from outside an alliance.

Sum of s_p over exporters p outside a list of allies. The list is a fact with a version
(`ref.alliance`), the same for every year; the importer need not be on it. `_low` takes the
unallocated part as the allies', `_high` as others'.
Own design; no outside authority.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import imports as explained
from flows.indices.formulas.basket import categorical, series_columns
from flows.indices.formulas.concentration import ratio, verdict_columns, where_known
from flows.indices.formulas.declared import share
from flows.indices.formulas.suppliers import CELL, plain, supplier_rows, verdicts


def compute(
    mart_mineral_trade: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_alliance_member: pl.LazyFrame,
    indices_import_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Non-allied share of every importer, mineral, stage, year and basis, for each alliance.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        ref_country: `iso3` and `kind`.
        ref_alliance_member: `alliance`, `version` and `iso3`.
        indices_import_concentration: flags, reason and confidence of each cell.

    """
    lists = ref_alliance_member.select("alliance", "version", "iso3").collect()
    groups = lists.partition_by("alliance", "version", as_dict=True)
    sums = allied(supplier_rows(mart_mineral_trade, ref_country), list(groups.values()))
    cells = verdicts(indices_import_concentration).join(sums, on=CELL, how="left", validate="1:1")
    return pl.concat(
        cells.with_columns(
            alliance=pl.lit(alliance), version=pl.lit(version), allied=pl.col(f"allied_{place}")
        ).with_columns(**where_known(measures()))
        for place, (alliance, version) in enumerate(groups)
    )


def allied(rows: pl.LazyFrame, lists: Sequence[pl.DataFrame]) -> pl.LazyFrame:
    """Sum each cell: total, unallocated, and as `allied_<place>` what members of a list supply."""
    members = pl.concat(
        [one.select(exporter_iso3="iso3", place=pl.lit(place)) for place, one in enumerate(lists)]
    )
    named = members.group_by("exporter_iso3").agg("place").lazy()
    x, nobodys = pl.col("x"), pl.when(~pl.col("allocated")).then(pl.col("amount"))
    names = [f"allied_{place}" for place in range(len(lists))]
    theirs = [
        pl.when(pl.col("place").list.contains(place)).then(x).alias(name)
        for place, name in enumerate(names)
    ]
    return plain(
        rows.join(categorical(named), on="exporter_iso3", how="left", validate="m:1")
        .select(*CELL, *theirs, total=x, unallocated=nobodys)
        .group_by(CELL)
        .agg(pl.col("total", "unallocated", *names).sum())
    )


def measures() -> dict[str, pl.Expr]:
    """Share of what is not the allies', and its bounds."""
    total, u = pl.col("total"), pl.col("unallocated")
    others = total - pl.col("allied")
    return {
        "non_allied_share": ratio(others, total),
        "non_allied_share_low": ratio(others, total + u),
        "non_allied_share_high": ratio(others + u, total + u),
    }


INDEX = Index(
    table=Table(
        schema="indices",
        name="non_allied_share",
        meaning="Share of an importer's supply of a mineral from outside an alliance",
        grain=(*CELL, "alliance", "version"),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *series_columns(),
            Column("alliance", "text", "alliance", key="ref.alliance.alliance"),
            Column("version", "text", "version of its list", key="ref.alliance.version"),
            share("non_allied_share", "share of exporters outside the list"),
            share("non_allied_share_low", "if the unallocated part is allied"),
            share("non_allied_share_high", "if none of it is"),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="sum(s_p) over exporters p outside the alliance",
        citation="own design; lists of members as ref.alliance says",
    ),
    inputs=(
        "mart.mineral_trade",
        "ref.country",
        "ref.alliance_member",
        "indices.import_concentration",
    ),
    compute=compute,
    explain=explained.non_allied_share,
)
