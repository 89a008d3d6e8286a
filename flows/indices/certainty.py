"""Certainty of import concentration: the parts of its confidence, and how far it may be off.

Envelope: the outer one of what is known for sure. The unallocated part is nobody's or the top
supplier's; amounts are rounded by half a unit; missing weight (by its value at the cell's mean
unit value) is nobody's or the top supplier's.
Spread: amounts x_p with independent errors sigma_p = rho x_p, rho from `ref.uncertainty`:
var(HHI) = sum (2 (s_p - HHI) / X)^2 sigma_p^2 (delta method), interval of 95 percent within 1/n
and 1. Score and grade: see `confidence.py`; a part is null where it is not known. The mirror part
waits for a source with both reports, the time part for one that marks its years as provisional.
Own design; delta method as in Casella and Berger (2002), section 5.5.
"""

from __future__ import annotations

from statistics import NormalDist

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import spread as explained
from flows.indices.formulas.basket import (
    SERIES,
    basket_traits,
    capped,
    categorical,
    series_columns,
    trade_parts,
)
from flows.indices.formulas.concentration import ratio, verdict_columns, where_known
from flows.indices.formulas.confidence import grade, score
from flows.indices.formulas.declared import measure
from flows.indices.formulas.suppliers import CELL, plain, supplier_rows, supplier_totals

GIVEN = ["hhi", "hhi_low", "hhi_high", "cr1", "unallocated_share", "weight_missing_share"]
QUANTUM = 2.0**100
"""A variance is summed as a whole number of 1/2^100, exactly, in any order."""
QUANTILE = NormalDist().inv_cdf(0.975)
PARTS = tuple(trade_parts())


def compute(  # noqa: PLR0913, PLR0917 - one frame an input
    mart_mineral_trade: pl.LazyFrame,
    mart_basket: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_specificity: pl.LazyFrame,
    ref_uncertainty: pl.LazyFrame,
    indices_import_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Certainty of the import concentration of every importer, mineral, stage, year and basis.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        mart_basket: the codes of each series.
        ref_country: `iso3` and `kind`.
        ref_specificity: `specificity` and `confidence_factor`.
        ref_uncertainty: `relative_sd` and half units by source and basis.
        indices_import_concentration: HHI with its bounds, shares, flags and reason.

    """
    given = plain(indices_import_concentration.select(*CELL, *GIVEN, "flags", "reason"))
    half_unit = pl.coalesce("half_unit_usd", "half_unit_kg")
    errors = ref_uncertainty.select("source", "basis", "relative_sd", half_unit=half_unit)
    traits = basket_traits(mart_basket, ref_specificity).select(*SERIES, "cleanness", "is_basket")
    rows = supplier_rows(mart_mineral_trade, ref_country).filter(pl.col("x").is_not_null())
    sizes = supplier_totals(rows).select(*CELL, "total", "suppliers")
    cells = (
        given.join(sizes, on=CELL, how="left", validate="1:1")
        .join(errors, on=["source", "basis"], how="left", validate="m:1")
        .join(traits, on=SERIES, how="left", validate="m:1")
    )
    spread = variances(with_sd(rows, errors), cells)
    return graded(cells).join(spread, on=CELL, how="left").with_columns(**where_known(measures()))


def with_sd(rows: pl.LazyFrame, errors: pl.LazyFrame) -> pl.LazyFrame:
    """Add the standard deviation `sd` of each amount; null where the source has none."""
    return rows.join(
        categorical(errors), on=["source", "basis"], how="left", validate="m:1"
    ).with_columns(sd=pl.col("x") * pl.col("relative_sd"))


def variances(rows: pl.LazyFrame, cells: pl.LazyFrame) -> pl.LazyFrame:
    """Variance of each cell's HHI, to first order, errors of amounts being independent.

    Args:
        rows: `CELL`, `x` and `sd`, one supplier a row.
        cells: `CELL`, `total` and `hhi`.

    Gives `CELL` and `variance`; null where no error is known.

    """
    known = categorical(cells.select(*CELL, "total", "hhi").filter(pl.col("hhi").is_not_null()))
    part = gradient(pl.col("x"), pl.col("total"), pl.col("hhi")) * pl.col("sd")
    return plain(
        rows.select(*CELL, "x", "sd")
        .join(known, on=CELL, validate="m:1")
        .with_columns(part=(part * part * QUANTUM).round().cast(pl.Int128))
        .group_by(CELL)
        .agg(pl.col("part").sum(), known=pl.col("part").count())
        .select(
            *CELL,
            variance=pl.when(pl.col("known") > 0).then(pl.col("part").cast(pl.Float64) / QUANTUM),
        )
    )


def gradient(x: pl.Expr, total: pl.Expr, hhi: pl.Expr) -> pl.Expr:
    """Derivative of the HHI by one amount, 2 (s_p - HHI) / X."""
    return 2.0 * (ratio(x, total) - hhi) / total


def graded(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Add the parts of the confidence, its score and its grade."""
    parts = [pl.col(name) for name in PARTS]
    return (
        cells.with_columns(**trade_parts())
        .with_columns(confidence_score=score(parts))
        .with_columns(confidence=grade(pl.col("confidence_score"), capped()))
        .with_columns(
            **where_known(
                {name: pl.col(name) for name in (*PARTS, "confidence_score", "confidence")}
            )
        )
    )


def measures() -> dict[str, pl.Expr]:
    """HHI, its envelope, its standard deviation and its interval."""
    hhi, sd = pl.col("hhi"), pl.col("variance").sqrt()
    least = 1.0 / pl.col("suppliers")
    return {
        "hhi": hhi,
        "hhi_envelope_low": pl.min_horizontal(hhi, *(low for low, _ in intervals())),
        "hhi_envelope_high": pl.max_horizontal(hhi, *(high for _, high in intervals())),
        "hhi_sd": sd,
        "hhi_ci95_low": pl.max_horizontal(
            hhi - QUANTILE * sd, pl.when(sd.is_not_null()).then(least)
        ),
        "hhi_ci95_high": pl.when(sd.is_not_null()).then((hhi + QUANTILE * sd).clip(None, 1.0)),
    }


def intervals() -> list[tuple[pl.Expr, pl.Expr]]:
    """What each thing that is not known can do to the HHI: unallocated, rounding, weight."""
    hhi, n = pl.col("hhi"), pl.col("suppliers")
    step = pl.col("half_unit") / pl.col("total")
    missing = pl.when(pl.col("basis") == "mass").then(pl.col("weight_missing_share"))
    kept, top = 1.0 - missing, pl.col("cr1")
    others = (hhi - top * top).clip(0.0, None)
    rounded = hhi + n * step * step
    span = n * step
    return [
        (pl.col("hhi_low"), pl.col("hhi_high")),
        (
            pl.max_horizontal(
                (rounded - 2.0 * step) / (1.0 + span).pow(2),
                pl.when(step.is_not_null()).then(1.0 / n),
            ),
            pl.when(span < 1.0)
            .then(((rounded + 2.0 * step) / (1.0 - span).pow(2)).clip(0.0, 1.0))
            .when(span >= 1.0)
            .then(1.0),
        ),
        (hhi * kept * kept, (top * kept + missing).pow(2) + others * kept * kept),
    ]


INDEX = Index(
    table=Table(
        schema="indices",
        name="certainty",
        meaning="Certainty of import concentration: parts of its confidence, envelope and interval",
        grain=tuple(CELL),
        columns=(
            Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
            *series_columns(),
            measure("c_alloc", "allocated part", "score", high=1.0),
            measure("c_mirror", "1 - gap of mirror reports; null = no mirror", "score", high=1.0),
            measure("c_weight", "part of the value with weight; null on value", "score", high=1.0),
            measure("c_hs", "cleanness of the least clean code", "score", high=1.0),
            measure("c_time", "1 final, 0.7 provisional; null = not marked", "score", high=1.0),
            measure(
                "confidence_score", "geometric mean of the parts that are known", "score", high=1.0
            ),
            measure("hhi", "Herfindahl-Hirschman index of exporters", "hhi", high=1.0),
            measure("hhi_envelope_low", "outer lower bound", "hhi", high=1.0),
            measure("hhi_envelope_high", "outer upper bound", "hhi", high=1.0),
            measure("hhi_sd", "standard deviation, delta method", "hhi", high=1.0),
            measure("hhi_ci95_low", "lower end of the 95 percent interval", "hhi", high=1.0),
            measure("hhi_ci95_high", "upper end of it", "hhi", high=1.0),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="var = sum((2 (s_p - HHI) / X)^2 sigma_p^2); score = geometric mean of parts",
        citation="own design; delta method as in Casella and Berger (2002), section 5.5",
    ),
    inputs=(
        "mart.mineral_trade",
        "mart.basket",
        "ref.country",
        "ref.specificity",
        "ref.uncertainty",
        "indices.import_concentration",
    ),
    compute=compute,
    explain=explained.certainty,
)
