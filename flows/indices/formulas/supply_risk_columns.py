"""What both supply-risk tables share: open bounds, confidence, and the declared columns."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.indices.contract import Column
from flows.indices.formulas.confidence import grade, score

ENDS = (("", ""), ("_low", ": lower bound"), ("_high", ": upper bound"))
PARTS = ("import_reliance", "eol_rir", "si_sr")


def open_ends() -> dict[str, pl.Expr]:
    """Bounds of inputs in 0..1 that are not known: 0 and 1."""
    low = {f"{name}_low": pl.col(f"{name}_low").fill_null(0.0) for name in PARTS}
    return low | {f"{name}_high": pl.col(f"{name}_high").fill_null(1.0) for name in PARTS}


def precision() -> pl.Expr:
    """How narrow the bounds of supply risk are: 1 for a point, towards 0 for anything."""
    low, high = pl.col("supply_risk_low"), pl.col("supply_risk_high")
    return pl.when(high > 0).then(1.0 - (high - low) / (high + low))


def confidence(parts: Sequence[pl.Expr], capped: pl.Expr) -> pl.Expr:
    """Grade a supply risk by its parts; null where there is none."""
    return pl.when(pl.col("supply_risk").is_not_null()).then(grade(score(list(parts)), capped))


def bounded_columns(sourcing: str) -> tuple[Column, ...]:
    """Declare the inputs of supply risk; `sourcing` names the supply of the importer."""
    scores = (
        ("hhi_wgi_t_gs", "sum(S^2 WGI t) of global supply"),
        ("hhi_wgi_t_eu", f"sum(S^2 WGI t) of {sourcing}"),
    )
    shares = (
        ("import_reliance", "net imports in supply", "share"),
        ("eol_rir", "end-of-life recycling input rate", "share"),
        ("si_sr", "substitution index in supply risk", "ratio"),
    )
    return tuple(
        Column(name + end, "float", meaning + what, "score", nullable=True, low=0, high=20)
        for name, meaning in scores
        for end, what in ENDS
    ) + tuple(
        Column(name + end, "float", meaning + what, unit, nullable=True, low=0, high=1)
        for name, meaning, unit in shares
        for end, what in ENDS
    )


def risk_columns() -> tuple[Column, ...]:
    """Declare supply risk and how it stands to the threshold."""
    risk = "supply risk"
    return (
        *(
            Column(
                f"supply_risk{end}", "float", risk + what, "score", nullable=True, low=0, high=20
            )
            for end, what in (*ENDS, ("_1dp", " as displayed, one decimal"))
        ),
        Column("is_bottleneck", "bool", "highest of its stages; null = open", nullable=True),
        Column(
            "reaches_sr_raw", "bool", "supply risk reaches 1.0; null = no number", nullable=True
        ),
        Column("reaches_sr_1dp", "bool", "it does as displayed; null = no number", nullable=True),
    )
