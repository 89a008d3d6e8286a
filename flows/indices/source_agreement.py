"""Source agreement: how far two reports of one importer's supply of a mineral differ.

With shares s and s' of the same exporters on both sides: distance = 1/2 sum |s_p - s'_p|, which is
1 - sum min(s_p, s'_p), the part that would have to change hands for both to say the same. Beside it
the ratio of the amounts, the exporter whose share differs most, and whether both name the same
largest one.
Sides are editions of imports that share a year, and the exporters' own reports (`mirror`). Of a
mirror pair only exporters that report in the other edition count on either side: one who does not
report is missing there, and no difference. Values CIF are some percent above values FOB.
Sources: Duncan and Duncan (1955), the index of dissimilarity; Bray and Curtis (1957), on shares.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import agreement as explained
from flows.indices.formulas import basket
from flows.indices.formulas.concentration import (
    UNALLOCATED_HIGH,
    ratio,
    where_known,
    wide_product,
)
from flows.indices.formulas.declared import measure, share
from flows.indices.formulas.mineral_rows import by_mineral
from flows.indices.formulas.report_sides import (
    CELL,
    differences,
    first_sides,
    other_sides,
    overlapping,
    paired,
    reporting,
    whole_sizes,
)
from flows.indices.formulas.source_pairs import KEY, PAIR, pairs


def compute(  # noqa: PLR0913, PLR0917 - one frame an input
    mart_mineral_trade: pl.LazyFrame,
    mart_mirror_trade: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    mart_coverage: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_source_preference: pl.LazyFrame,
) -> pl.LazyFrame:
    """Compare both sides of every pair, importer and basis that one of them has.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        mart_mirror_trade: exports by HS code, as the exporter reports them.
        mart_basket: the codes of each series.
        mart_coverage: which edition has which year.
        ref_country: `iso3` and `kind`.
        ref_source_preference: which source stands first.

    """
    listed = pairs(mart_coverage, mart_basket, ref_source_preference).collect().lazy()
    own = overlapping(mart_mineral_trade, listed)
    mirrored = by_mineral(mart_mirror_trade, mart_basket)
    left, right = first_sides(own, mart_mirror_trade, listed), other_sides(own, mirrored, listed)
    cells = paired(left, right, ref_country).join(
        reporting(own, listed, ref_country), on=["importer_iso3", PAIR], how="semi"
    )
    sizes = differences(left, right, cells, ref_country)
    whole = pl.col("whole_total").fill_null(0) + pl.col("whole_unallocated").fill_null(0)
    return (
        cells.join(sizes, on=CELL, how="left", validate="1:1")
        .join(whole_sizes(own, listed, ref_country), on=CELL, how="left", validate="1:1")
        .join(listed, on=PAIR, validate="m:1")
        .with_columns(
            exporters=pl.col("exporters").fill_null(0),
            reason=reason(),
            whole=whole,
        )
        .with_columns(flags=basket.flag_list(flags()))
        .with_columns(**where_known(measures()))
    )


def reason() -> pl.Expr:
    """Why a pair cannot be compared; null where it can. A side without a row has no trade."""
    baskets = pl.when(~pl.col("alike")).then(pl.lit("different_baskets"))
    sides = [
        pl.coalesce(
            f"{side}side_reason",
            pl.when(pl.col(f"{side}total").is_null()).then(pl.lit("no_trade")),
        )
        for side in ("", "other_")
    ]
    return pl.coalesce(baskets, *sides)


def flags() -> dict[str, pl.Expr]:
    """What to know of a comparison."""
    unallocated = pl.max_horizontal("unallocated_share", "other_unallocated_share")
    return {
        "mirror": pl.col("against") == "mirror",
        "revisions_differ": pl.col("revisions_differ"),
        "tie": pl.col("tied") | pl.col("other_tied"),
        "unallocated_high": unallocated > UNALLOCATED_HIGH,
    }


def measures() -> dict[str, pl.Expr]:
    """Every measure of a pair's cell, from its totals; one division each."""
    total, other = pl.col("total"), pl.col("other_total")
    mine = total + pl.col("unallocated").fill_null(0)
    theirs = other + pl.col("other_unallocated").fill_null(0)
    product = wide_product(total, other)
    is_mirror = pl.col("against") == "mirror"
    return {
        "amount_ratio": ratio(mine, theirs),
        "share_distance": ratio(pl.col("apart"), product * 2),
        "overlap": ratio(product * 2 - pl.col("apart"), product * 2),
        "largest_difference": ratio(pl.col("most_apart"), product),
        "largest_difference_iso3": pl.when(pl.col("apart") > 0).then(
            pl.col("largest_difference_iso3")
        ),
        "top_supplier_iso3": pl.col("top_supplier_iso3"),
        "other_top_supplier_iso3": pl.col("other_top_supplier_iso3"),
        "same_top_supplier": pl.col("top_supplier_iso3") == pl.col("other_top_supplier_iso3"),
        "compared_share": pl.when(is_mirror).then(ratio(mine, pl.col("whole"))).otherwise(1.0),
    }


def country(name: str, meaning: str) -> Column:
    """Declare an economy that may be unknown."""
    return Column(name, "text", meaning, nullable=True, key="mart.economy.economy")


INDEX = Index(
    table=Table(
        schema="indices",
        name="source_agreement",
        meaning="How far two reports of an importer's supply of a mineral differ",
        grain=("importer_iso3", "basis", *KEY),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *basket.series_columns(),
            Column("other_source", "text", "source of the other side", key="meta.source.source"),
            Column("other_edition", "text", "its edition"),
            Column(
                "against",
                "text",
                "what the other side is: another edition of the source, another source, or the "
                "exporters' own reports (mirror)",
                values=("edition", "mirror", "source"),
            ),
            measure("amount_ratio", "amount by the other side's, unallocated parts in", "ratio"),
            measure("share_distance", "1/2 sum |s_p - s'_p| over exporters", "share", high=1.0),
            measure("overlap", "sum min(s_p, s'_p), 1 less the distance", "share", high=1.0),
            measure("largest_difference", "largest |s_p - s'_p|", "share", high=1.0),
            country("largest_difference_iso3", "its exporter, the first by code; null = none"),
            Column(
                "same_top_supplier",
                "bool",
                "whether both sides have the same largest exporter",
                nullable=True,
            ),
            country("top_supplier_iso3", "largest exporter; the first by code if tied"),
            country("other_top_supplier_iso3", "the other side's"),
            Column("exporters", "int", "exporters that either side has", unit="count", low=0),
            share("compared_share", "part of the first side that the other could know of"),
            Column("flags", "texts", "what to know of the number", key="ref.flag.flag"),
            Column(
                "reason", "text", "why there is no number", nullable=True, key="ref.reason.reason"
            ),
        ),
        sources=("baci",),
        formula="1/2 sum |s_p - s'_p|, s and s' shares of the same exporters on both sides",
        citation=(
            "Duncan and Duncan (1955), American Sociological Review 20(2); Bray and Curtis (1957), "
            "on shares"
        ),
        may_be_empty=True,
    ),
    inputs=(
        "mart.mineral_trade",
        "mart.mirror_trade",
        "mart.basket",
        "mart.coverage",
        "ref.country",
        "ref.source_preference",
    ),
    compute=compute,
    explain=explained.source_agreement,
)
