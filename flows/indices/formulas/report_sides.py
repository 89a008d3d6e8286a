"""Both sides of a pair of reports: what each tells of an importer's supply, cell by cell.

A pair (see `source_pairs.py`) stands for one mineral, stage and year of two editions; a cell is one
importer and basis of a pair. Amounts are whole numbers, and so are the differences of shares here:
in units of both totals multiplied.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas import basket
from flows.indices.formulas.concentration import unallocated_share, wide_product
from flows.indices.formulas.source_pairs import HEAD, OTHER, PAIR
from flows.indices.formulas.suppliers import plain

CELL = ["importer_iso3", "basis", PAIR]
SERIES = ["mineral", "stage", "year"]
ROWS = [
    "importer_iso3",
    "exporter_iso3",
    "value_usd",
    "mass_kg",
    "value_without_mass_usd",
    "ended_usd",
    "basket_usd",
]
SIDE = ["total", "unallocated", "top_supplier_iso3", "tied", "side_reason", "unallocated_share"]


def overlapping(trade: pl.LazyFrame, listed: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of trade of the editions and years that some pair has."""
    heads = pl.concat(
        [
            listed.select(*HEAD, *SERIES),
            listed.select(*SERIES, source="other_source", edition="other_edition"),
        ],
        how="diagonal",
    ).unique()
    years = listed.select("year").unique().collect()["year"].to_list()
    return (
        trade.filter(pl.col("year").is_in(years))
        .join(heads, on=[*HEAD, *SERIES], how="semi")
        .collect()
        .lazy()
    )


def first_sides(
    own: pl.LazyFrame, mirror_trade: pl.LazyFrame, listed: pl.LazyFrame
) -> pl.LazyFrame:
    """The first side of every pair: `PAIR` and `ROWS`; of a mirror pair who reports there."""
    rows = own.join(listed, on=[*HEAD, *SERIES])
    is_mirror = pl.col("against") == "mirror"
    reporters = mirror_trade.select(
        "year", "exporter_iso3", other_source="source", other_edition="edition"
    ).unique()
    known = rows.filter(is_mirror).join(reporters, on=["year", "exporter_iso3", *OTHER], how="semi")
    return pl.concat([rows.filter(~is_mirror), known]).select(PAIR, *ROWS)


def other_sides(own: pl.LazyFrame, mirrored: pl.LazyFrame, listed: pl.LazyFrame) -> pl.LazyFrame:
    """The other side of every pair: `PAIR` and `ROWS`."""
    is_mirror = pl.col("against") == "mirror"
    heads = listed.select(PAIR, *OTHER, *SERIES, is_mirror=is_mirror)
    return pl.concat(
        heads.filter(pl.col("is_mirror") == flag)
        .join(rows, left_on=[*OTHER, *SERIES], right_on=[*HEAD, *SERIES])
        .select(PAIR, *ROWS)
        for flag, rows in ((False, own), (True, mirrored))
    )


def reporting(own: pl.LazyFrame, listed: pl.LazyFrame, countries: pl.LazyFrame) -> pl.LazyFrame:
    """Importers that are compared in each pair: `importer_iso3` and `PAIR`.

    Those that have rows of the year in both editions: who does not report to a source at all cannot
    disagree with it, who reports but does not name the mineral does. Exporters name countries only,
    so a mirror pair has no blocs.
    """
    there = own.select(*HEAD, "year", "importer_iso3").unique()
    first = listed.join(there, on=[*HEAD, "year"])
    other = there.rename({"source": "other_source", "edition": "other_edition"})
    is_mirror = pl.col("against") == "mirror"
    both = first.filter(~is_mirror).join(other, on=[*OTHER, "year", "importer_iso3"], how="semi")
    named = first.filter(is_mirror).join(
        countries, left_on="importer_iso3", right_on="iso3", how="semi"
    )
    return pl.concat([both, named]).select("importer_iso3", PAIR)


def sized(rows: pl.LazyFrame, countries: pl.LazyFrame) -> pl.LazyFrame:
    """Total of every cell of a side, its largest exporter, and why it has none: `CELL`, `SIDE`."""
    keyed = rows.with_columns(
        source=pl.lit(""), mineral=pl.lit(""), stage=pl.lit(""), year=0, edition=PAIR
    )
    cells = basket.trade_cells(keyed, countries, "importer_iso3").with_columns(
        weight_missing_share=basket.missing_weight(), unallocated_share=unallocated_share()
    )
    judged = cells.with_columns(side_reason=basket.trade_reason(pl.col("total")))
    return plain(judged).rename({"edition": PAIR}).select(*CELL, *SIDE)


def paired(left: pl.LazyFrame, right: pl.LazyFrame, countries: pl.LazyFrame) -> pl.LazyFrame:
    """Both sides of every cell that one of them has; the other's columns open with `other_`."""
    other = sized(right, countries).select(*CELL, pl.col(SIDE).name.prefix("other_"))
    return sized(left, countries).join(other, on=CELL, how="full", coalesce=True)


def whole_sizes(own: pl.LazyFrame, listed: pl.LazyFrame, countries: pl.LazyFrame) -> pl.LazyFrame:
    """All of the first side of mirror pairs, whoever reports: what the comparison is a part of."""
    rows = own.join(listed.filter(pl.col("against") == "mirror"), on=[*HEAD, *SERIES])
    return sized(rows.select(PAIR, *ROWS), countries).select(
        *CELL, whole_total="total", whole_unallocated="unallocated"
    )


def amounts(rows: pl.LazyFrame, countries: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Amounts above 0 of exporters that are countries, by cell."""
    named = countries.filter(pl.col("kind") != "unallocated").select(exporter_iso3="iso3")
    known = plain(basket.by_basis(rows)).filter(pl.col("amount") > 0)
    return known.join(named, on="exporter_iso3", how="semi").select(
        *CELL, "exporter_iso3", pl.col("amount").alias(name)
    )


def differences(
    left: pl.LazyFrame, right: pl.LazyFrame, cells: pl.LazyFrame, countries: pl.LazyFrame
) -> pl.LazyFrame:
    """Sum and largest of |x Y - y X| over exporters, X and Y being the totals; exact.

    Gives `CELL`, `apart` and `most_apart` (Int128, in units of X Y), `largest_difference_iso3`
    (the first by code) and `exporters`.
    """
    x, y = pl.col("x").fill_null(0), pl.col("y").fill_null(0)
    gap = wide_product(x, pl.col("other_total")) - wide_product(y, pl.col("total"))
    both = amounts(left, countries, "x").join(
        amounts(right, countries, "y"), on=[*CELL, "exporter_iso3"], how="full", coalesce=True
    )
    rows = both.join(cells.select(*CELL, "total", "other_total"), on=CELL).with_columns(
        gap=gap.abs()
    )
    return rows.group_by(CELL).agg(
        apart=pl.col("gap").sum(),
        most_apart=pl.col("gap").max(),
        largest_difference_iso3=pl.col("exporter_iso3")
        .filter(pl.col("gap") == pl.col("gap").max())
        .min(),
        exporters=pl.len().cast(pl.Int64),
    )
