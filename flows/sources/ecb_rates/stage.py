"""Stage the ECB's reference rates: a row a currency and month, and a row a currency and year.

What not to assume:
- rates are units of the currency for one euro: a larger number is a weaker currency.
- an annual average is the mean over the year's working days, not over its twelve months.
- an empty rate is not 0; the status says that it is missing.
- the series of end-of-period rates differ in one letter of the key (E for A), and are refused.
"""

from __future__ import annotations

import re
from dataclasses import astuple

import polars as pl

from flows.sources.contract import Edition, Raw, SourceError
from flows.sources.ecb_rates.rates import read_labels, read_rates, refuse_gaps, taken

SCHEMA = {
    "currency": pl.String(),
    "frequency": pl.String(),
    "year": pl.Int32(),
    "month": pl.Int64(),
    "rate": pl.Float64(),
    "status": pl.String(),
}
EDITION = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read every file of the edition; together they have each month and year of each currency.

    Gives the columns of `SCHEMA`; `rate` in units of the currency for one euro.

    Raises:
        SourceError: a column, label or rate is not what it should be.
        IncompleteError: a currency, month or year is missing.

    """
    where = f"ecb_rates {edition.id}"
    if not EDITION.fullmatch(edition.id):
        raise SourceError(f"{where}: an edition is named after its last whole month, as YYYY-MM")
    labels = read_labels()
    rates = [rate for path in raw.files for rate in read_rates(path, labels)]
    for frequency in taken(labels, "frequency"):
        refuse_gaps(rates, labels, labels["frequency", frequency], edition.id, where)
    return pl.LazyFrame([astuple(rate) for rate in rates], schema=SCHEMA, orient="row")
