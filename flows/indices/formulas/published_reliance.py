"""Read published figures that are no plain numbers: `>50`, `<1`, E, s, W, NA, a dash.

The censoring and the bounds are kept apart from the value, which is null unless a number or
nothing at all is printed. Conventions of the USGS Mineral Commodity Summaries.
"""

from __future__ import annotations

import polars as pl

NUMBER = r"([0-9][0-9,]*(?:\.[0-9]+)?)"
WORDS = {
    "E": "net_exporter",
    "s": "less_than_half_unit",
    "W": "withheld",
    "NA": "not_available",
    "—": "none",
    "–": "none",  # noqa: RUF001 - the sources print this dash too
    "-": "none",
    "": "blank",
}
KINDS = ("above", "below", "number", *dict.fromkeys(WORDS.values()))


class PublishedValueError(ValueError):
    """A published value is written in a way that is not known."""


def censored(text: pl.Expr, *, top: float | None = None, unit: float = 1.0) -> dict[str, pl.Expr]:
    """Give `censor` (one of `KINDS`; null = not understood), `value`, `low` and `high` of a text.

    Args:
        text: as printed.
        top: most that a figure can be, such as 100 percent; None = no limit.
        unit: what one printed unit is, such as 0.01 for percent; `s` is less than half of one.

    """
    clean = text.str.strip_chars()
    sign = clean.str.extract(rf"^([<>]?)\s*{NUMBER}$", 1)
    figure = clean.str.extract(rf"^[<>]?\s*{NUMBER}$", 1).str.replace_all(",", "")
    number = figure.cast(pl.Float64) * unit
    word = clean.replace_strict(WORDS, default=None, return_dtype=pl.String)
    censor = (
        pl.when(sign == ">")
        .then(pl.lit("above"))
        .when(sign == "<")
        .then(pl.lit("below"))
        .when(number.is_not_null())
        .then(pl.lit("number"))
        .otherwise(word)
    )
    greatest = pl.lit(None if top is None else top * unit, pl.Float64)
    exact = pl.when(censor == "number").then(number).when(censor == "none").then(0.0)
    open_above = censor.is_in(["above", "withheld", "not_available", "blank"])
    return {
        "censor": censor,
        "value": exact,
        "low": pl.when(censor == "above")
        .then(number)
        .when(censor.is_in(["below", "less_than_half_unit", "withheld"]))
        .then(0.0)
        .otherwise(exact),
        "high": pl.when(open_above)
        .then(greatest)
        .when(censor == "below")
        .then(number)
        .when(censor == "less_than_half_unit")
        .then(0.5 * unit)
        .when(censor == "net_exporter")
        .then(0.0)
        .otherwise(exact),
    }


def read_censored(
    frame: pl.DataFrame, column: str, *, top: float | None, unit: float
) -> pl.DataFrame:
    """Add `censor`, `value`, `low` and `high` of a text column to a frame.

    Raises:
        PublishedValueError: a text is written in a way that is not known.

    """
    read = frame.with_columns(**censored(pl.col(column), top=top, unit=unit))
    strange = read.filter(pl.col("censor").is_null() & pl.col(column).is_not_null())
    if strange.height:
        raise PublishedValueError(
            f"{column}: cannot read {strange[column][0]!r} in {strange.row(0, named=True)}; "
            f"add it to the words of {__name__}"
        )
    return read
