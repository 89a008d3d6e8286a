"""A file of UN Comtrade's answers made tidy: every row must be a total of its side dimensions.

The checks are of each row alone; what holds between rows is in `balance.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from flows.sources.comtrade.balance import DECIMAL, FLOWS, FREQUENCIES, TIDY, amount, weight
from flows.sources.comtrade.errors import PINNED, ChangedError, PinError
from flows.sources.comtrade.layouts import read_rows

PINNED_KEYS: Mapping[str, str | int] = {
    "partner2Code": 0,
    "customsCode": "C00",
    "motCode": 0,
    "mosCode": "0",
}
"""What every row of a pinned pull says; the mode of supply is of services, and 0 for goods."""
REVISION = r"^H\d$"
MONTHS = 12
ANNUAL = 52
"""What stands in place of a month in annual rows."""


def tidy_rows(data: bytes, name: str) -> pl.DataFrame:
    """Read one file of answers: the columns of `TIDY`, World as partner 0.

    Raises:
        PinError: a row is a part of another one.
        SourceError: see `layouts.read_rows`, and `ChangedError` for values that contradict.

    """
    rows = read_rows(data, name)
    for key, value in PINNED_KEYS.items():
        refuse_unpinned(name, rows, key, value)
    for key, test, says in contradictions():
        if (bad := rows.filter(~test.fill_null(value=False))).height:
            raise ChangedError(
                f"{name}: {key} {says} in {bad.height} of {rows.height} rows; "
                f"the first: {bad.row(0, named=True)}"
            )
    return rows.select(
        frequency=pl.col("freqCode").replace_strict(FREQUENCIES, return_dtype=pl.String),
        year=pl.col("refYear").cast(pl.Int32),
        month=pl.when(pl.col("refMonth") <= MONTHS).then("refMonth"),
        flow=pl.col("flowCode").replace_strict(FLOWS, return_dtype=pl.String),
        reporter_code="reporterCode",
        hs6="cmdCode",
        partner_code="partnerCode",
        hs_revision="classificationCode",
        value_usd=amount("primaryValue"),
        mass_kg=weight("netWgt"),
        is_mass_estimated="isNetWgtEstimated",
    ).select(list(TIDY))


def refuse_unpinned(name: str, rows: pl.DataFrame, key: str, value: str | int) -> None:
    """Refuse rows that are not totals of a dimension."""
    strays = rows.filter(pl.col(key) != pl.lit(value))
    if strays.height:
        found = ", ".join(str(v) for v in strays[key].unique().sort().head(5))
        raise PinError(
            f"{name}: {key} is {found} in {strays.height} of {rows.height} rows, and must be "
            f"{value}: these rows are parts of others, and trade would be counted several times; "
            f"ask again with {PINNED}. The first: {strays.row(0, named=True)}"
        )


def contradictions() -> list[tuple[str, pl.Expr, str]]:
    """Tests that every row must pass: the key it is about, the test, and what failing it means."""
    year, month = pl.col("refYear").cast(pl.String), pl.col("refMonth")
    of_month = year + month.cast(pl.String).str.zfill(2)
    is_annual = pl.col("freqCode") == "A"
    value = amount("primaryValue")
    sides = [amount("cifvalue"), amount("fobvalue")]
    unvalued = pl.all_horizontal(pl.col("cifvalue", "fobvalue").is_null())
    valued = pl.any_horizontal(
        ((value - side).abs() <= pl.lit("0.001").cast(DECIMAL)).fill_null(value=False)
        for side in sides
    )
    return [
        ("typeCode", pl.col("typeCode") == "C", "is not C (goods)"),
        ("freqCode", pl.col("freqCode").is_in(list(FREQUENCIES)), "is neither A nor M"),
        ("flowCode", pl.col("flowCode").is_in(list(FLOWS)), "is neither M nor X"),
        (
            "refMonth",
            pl.when(is_annual).then(month == ANNUAL).otherwise(month.is_between(1, MONTHS)),
            "does not fit freqCode",
        ),
        (
            "period",
            pl.col("period") == pl.when(is_annual).then(year).otherwise(of_month),
            "is not that of refYear and refMonth",
        ),
        (
            "classificationCode",
            pl.col("classificationCode").str.contains(REVISION),
            "is no HS revision (H0, H1, ...)",
        ),
        (
            "isOriginalClassification",
            pl.col("isOriginalClassification"),
            "is false: the row was converted from the revision that was reported",
        ),
        ("primaryValue", unvalued | valued, "is neither cifvalue nor fobvalue"),
    ]
