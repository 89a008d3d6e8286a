"""Diversification: how evenly an importer's supply of a mineral is spread over exporters.

With shares s of n suppliers, entropy H = -sum s ln s and s sorted upwards:
Gini = 2 sum(i s_i) / n - (n + 1) / n; Theil = ln n - H, relative by ln n; Pielou = H / ln n;
Hill numbers n, exp(H) and 1/HHI. They depend on who is counted: `n` counts suppliers, `_fixed`
counts all N countries that export the mineral anywhere, those that supply nothing as 0.
`_low` and `_high` hold whoever the unallocated part belongs to: among the N countries it is at
most as uneven as when the top supplier has it, and at least as uneven as when it fills up the
smallest.
Sources: Gini (1912); Theil (1967); Pielou (1966); Hill (1973); Marshall and Olkin (1979).
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import spread as explained
from flows.indices.formulas.basket import series_columns
from flows.indices.formulas.cells import CELL as CELL_ID
from flows.indices.formulas.cells import ENTROPY_QUANTUM, X, cell_numbers, names_of, unallocated
from flows.indices.formulas.cells import in_order as by_amount
from flows.indices.formulas.concentration import ratio, verdict_columns, where_known, wide_product
from flows.indices.formulas.declared import measure, share
from flows.indices.formulas.preference import PREFERENCE, comparable
from flows.indices.formulas.suppliers import CELL, plain, supplier_bases, verdicts

WORLD = CELL[1:]


def compute(
    mart_mineral_trade: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    indices_import_concentration: pl.LazyFrame,
    indices_export_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Evenness of every importer, mineral, stage, year and basis over exporters.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        ref_country: `iso3` and `kind`.
        indices_import_concentration: flags, reason and confidence of each cell.
        indices_export_concentration: `suppliers`, the countries that export the mineral.

    """
    universe = indices_export_concentration.select(*WORLD, universe="suppliers")
    ends = pl.concat(
        spread(rows, plain(universe)) for rows in supplier_bases(mart_mineral_trade, ref_country)
    )
    return (
        verdicts(indices_import_concentration)
        .join(ends, on=CELL, how="left", validate="1:1")
        .with_columns(**where_known(measures() | fixed_measures() | ranges()))
        .with_columns(pl.col("suppliers", "universe").fill_null(0))
    )


def spread(rows: pl.LazyFrame, universe: pl.LazyFrame) -> pl.LazyFrame:
    """Sum each cell of one basis, and add both ends of what its unallocated part may do."""
    given = rows.select(*CELL, "amount", "allocated", "x").collect()
    given = given.with_columns(cell_numbers(given, CELL).alias(CELL_ID))
    known = in_order(given.select(CELL_ID, pl.col("x").alias(X)).drop_nulls()).lazy()
    cells = (
        plain(names_of(given, CELL).lazy())
        .join(sums(known), on=CELL_ID, how="left", validate="1:1")
        .join(unallocated(given).lazy(), on=CELL_ID, how="left", validate="1:1")
        .join(universe, on=WORLD, how="left", validate="m:1")
        .with_columns(pl.col("suppliers", "unallocated").fill_null(0))
    )
    return concentrated(cells).join(even(known, cells), on=CELL_ID, how="left", validate="1:1")


def in_order(known: pl.DataFrame) -> pl.DataFrame:
    """Rank the suppliers of each cell from the smallest, 1, upwards."""
    place, cell = pl.int_range(pl.len(), dtype=pl.Int64), pl.col(CELL_ID)
    first = pl.when(cell.ne_missing(cell.shift(1))).then(place).forward_fill()
    return by_amount(known).with_columns(rank=place - first + 1)


def sums(known: pl.LazyFrame) -> pl.LazyFrame:
    """Sum each cell exactly: what every measure is made of."""
    x = pl.col(X)
    return (
        known.with_columns(
            squares=wide_product(x, x),
            rank_sum=wide_product(pl.col("rank"), x),
            x_ln_x=whole(x_ln_x(x)),
        )
        .group_by(CELL_ID)
        .agg(
            pl.col("squares", "rank_sum", "x_ln_x").sum(),
            total=x.sum(),
            largest=x.max(),
            suppliers=x.count().cast(pl.Int64),
        )
    )


def x_ln_x(x: pl.Expr) -> pl.Expr:
    """Give x ln x; 0 at 0."""
    real = x.cast(pl.Float64)
    return pl.when(real > 0).then(real * real.log()).when(real == 0).then(0.0)


def whole(value: pl.Expr) -> pl.Expr:
    """Write a real number as a whole number of quanta, which sum exactly in any order."""
    return (value * ENTROPY_QUANTUM).round().cast(pl.Int128)


def entropy(x_ln_x_sum: pl.Expr, total: pl.Expr) -> pl.Expr:
    """Shannon entropy ln X - sum(x ln x) / X, in nats."""
    real = total.cast(pl.Float64)
    return (real.log() - x_ln_x_sum.cast(pl.Float64) / ENTROPY_QUANTUM / real).clip(0.0, None)


def gini(rank_sum: pl.Expr, total: pl.Expr, n: pl.Expr) -> pl.Expr:
    """Gini coefficient of n amounts, from the sum of rank times amount, smallest ranked 1."""
    return gini_of_doubled(rank_sum * 2, total, n)


def gini_of_doubled(doubled: pl.Expr, total: pl.Expr, n: pl.Expr) -> pl.Expr:
    """Gini coefficient from twice the rank sum, which is whole where equals share their ranks."""
    excess = doubled - wide_product(n + 1, total)
    return ratio(excess, wide_product(n, total)).clip(0.0, 1.0)


def by_log(value: pl.Expr, n: pl.Expr) -> pl.Expr:
    """Divide by ln n; null where n is 1 or less."""
    return pl.when(n > 1).then(value / n.cast(pl.Float64).log())


def unevenness(nats: pl.Expr, n: pl.Expr) -> pl.Expr:
    """Theil index ln n - H."""
    return (n.cast(pl.Float64).log() - nats).clip(0.0, None)


def measures() -> dict[str, pl.Expr]:
    """Measures over the active suppliers."""
    n, total = pl.col("suppliers"), pl.col("total")
    nats = entropy(pl.col("x_ln_x"), total)
    return {
        "hill_1": nats.exp(),
        "effective_suppliers": ratio(wide_product(total, total), pl.col("squares")),
        "pielou": by_log(nats, n).clip(0.0, 1.0),
        "theil": unevenness(nats, n),
        "theil_relative": by_log(unevenness(nats, n), n).clip(0.0, 1.0),
        "gini": gini(pl.col("rank_sum"), total, n),
    }


def fixed_measures() -> dict[str, pl.Expr]:
    """Measures over all countries that export the mineral; null where these are not known."""
    n, universe, total = pl.col("suppliers"), pl.col("universe"), pl.col("total")
    nats = entropy(pl.col("x_ln_x"), total)
    hhi = ratio(pl.col("squares"), wide_product(total, total))
    least = 1.0 / universe
    ranks = pl.col("rank_sum") + wide_product(universe - n, total)
    return {
        "hhi_normalised_fixed": pl.when(universe == 1)
        .then(1.0)
        .otherwise(((hhi - least) / (1.0 - least)).clip(0.0, 1.0)),
        "pielou_fixed": by_log(nats, universe).clip(0.0, 1.0),
        "theil_fixed": unevenness(nats, universe),
        "theil_relative_fixed": by_log(unevenness(nats, universe), universe).clip(0.0, 1.0),
        "gini_fixed": gini(ranks, total, universe),
    }


def concentrated(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Add the most uneven end: the top supplier has the unallocated part."""
    top, u, n = pl.col("largest"), pl.col("unallocated"), pl.col("suppliers")
    absent = pl.col("universe") - n
    everything = pl.col("total") + u
    ranks = pl.col("rank_sum") + wide_product(n, u) + wide_product(absent, everything)
    logs = pl.col("x_ln_x") - whole(x_ln_x(top)) + whole(x_ln_x(top + u))
    return cells.with_columns(
        most_nats=entropy(logs, everything),
        most_gini=gini(ranks, everything, pl.col("universe")),
    )


def even(known: pl.LazyFrame, cells: pl.LazyFrame) -> pl.LazyFrame:
    """Give the least uneven end of cells with an unallocated part: it fills up the smallest.

    Filled like water, it lifts the countries that supply nothing and the smallest suppliers to
    one level; who stands higher keeps what he has.
    """
    open_cells = cells.filter(pl.col("unallocated") > 0, pl.col("suppliers") > 0).select(
        CELL_ID, "universe", "unallocated", "total", absent=pl.col("universe") - pl.col("suppliers")
    )
    rank, x, absent = pl.col("rank"), pl.col(X), pl.col("absent")
    below = x.cast(pl.Int128).cum_sum().over(CELL_ID, order_by="rank") - x
    lifted = wide_product(absent + rank - 1, x) - below < pl.col("unallocated")
    parts = (
        known.join(open_cells, on=CELL_ID, validate="m:1")
        .with_columns(lifted=lifted)
        .with_columns(
            pool=pl.when(pl.col("lifted")).then(x),
            ranks=pl.when(~pl.col("lifted")).then(wide_product(absent + rank, x)),
            logs=pl.when(~pl.col("lifted")).then(whole(x_ln_x(x))),
        )
    )
    pools = parts.group_by(CELL_ID).agg(
        pl.col("universe", "unallocated", "total").first(),
        pl.col("pool", "ranks", "logs").sum(),
        members=absent.first() + pl.col("lifted").sum().cast(pl.Int64),
    )
    members, pool = pl.col("members"), pl.col("pool") + pl.col("unallocated")
    everything = pl.col("total") + pl.col("unallocated")
    logs = pl.col("logs") + whole(members * x_ln_x(pool / members))
    doubled = pl.col("ranks") * 2 + wide_product(members + 1, pool)
    return pools.select(
        CELL_ID,
        least_nats=entropy(logs, everything),
        least_gini=gini_of_doubled(doubled, everything, pl.col("universe")),
    )


def ranges() -> dict[str, pl.Expr]:
    """Bounds over all ways to allocate the unallocated part among the N countries."""
    universe, known = pl.col("universe"), pl.col("universe").is_not_null()
    nats = entropy(pl.col("x_ln_x"), pl.col("total"))
    flat = pl.coalesce("least_nats", nats)
    flat_gini = pl.coalesce("least_gini", fixed_measures()["gini_fixed"])
    return {
        "hill_1_low": pl.col("most_nats").exp(),
        "hill_1_high": pl.when(known).then(flat.exp()),
        "theil_fixed_low": unevenness(flat, universe),
        "theil_fixed_high": unevenness(pl.col("most_nats"), universe),
        "gini_fixed_low": flat_gini,
        "gini_fixed_high": pl.col("most_gini"),
    }


INDEX = Index(
    table=Table(
        schema="indices",
        name="diversification",
        meaning="Evenness of an importer's supply of a mineral over exporters",
        grain=tuple(CELL),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *series_columns(),
            Column("suppliers", "int", "exporters n (Hill number 0)", unit="count", low=0),
            Column(
                "universe",
                "int",
                "countries N that export it to anyone on this basis; 0 if none does",
                unit="count",
                low=0,
            ),
            measure("hill_1", "exp(H), Hill number 1", "count", low=1.0),
            measure(
                "hill_1_low", "if the unallocated part is the top supplier's", "count", low=1.0
            ),
            measure("hill_1_high", "if it is spread as evenly as can be over N", "count", low=1.0),
            measure("effective_suppliers", "1/HHI, Hill number 2", "count", low=1.0),
            share("pielou", "evenness H/ln n; null if there is one supplier"),
            share("pielou_fixed", "evenness H/ln N; null if N is 1"),
            measure("theil", "Theil index ln n - H", "nats"),
            share("theil_relative", "Theil/ln n; null if there is one supplier"),
            measure("theil_fixed", "Theil index ln N - H", "nats"),
            measure("theil_fixed_low", "if the unallocated part is spread evenly", "nats"),
            measure("theil_fixed_high", "if it is the top supplier's", "nats"),
            share("theil_relative_fixed", "Theil/ln N; null if N is 1"),
            share("gini", "Gini coefficient over n"),
            share("gini_fixed", "Gini coefficient over N"),
            share("gini_fixed_low", "if the unallocated part is spread evenly"),
            share("gini_fixed_high", "if it is the top supplier's"),
            share("hhi_normalised_fixed", "(HHI - 1/N) / (1 - 1/N)"),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="2 sum(i s_i) / n - (n + 1) / n; ln n - H; H / ln n; exp(H); 1 / HHI",
        citation="Gini (1912); Theil (1967); Pielou (1966); Hill (1973), Ecology 54(2)",
    ),
    inputs=(
        "mart.mineral_trade",
        "ref.country",
        "indices.import_concentration",
        "indices.export_concentration",
        PREFERENCE,
    ),
    compute=comparable(compute),
    explain=explained.diversification,
)
