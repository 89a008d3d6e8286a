"""Values as a file can hold them, and texts that a spreadsheet will not take for formulas.

A spreadsheet runs what begins with = + - or @, also after blanks, in a CSV file. Names, quotes and
labels come from outside; an apostrophe before such a text makes it text again, as OWASP advises.
Numbers are left as they are, whether a column of numbers or a text that is one: -1.5 stays -1.5.
"""

from __future__ import annotations

import json
from datetime import timedelta

import polars as pl
import polars.selectors as cs

BAR = "|"
"""What stands between the items of a list."""

NUMBER = r"^\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*$"
SIGNS = "=+@\\-\uff1d\uff0b\uff0d\uff20\u2212"
"""What begins a formula; the full-width forms are taken for the plain ones."""
BLANKS = "[\\s\u200b\u2060\ufeff]*"
"""What a spreadsheet may pass over before it looks."""
START = f"^({BLANKS}[{SIGNS}]|[\t\r\n])"
"""What is dangerous at the start: a formula, or what moves the text into a cell of its own."""
LINE = f"([\r\n\t]{BLANKS})([{SIGNS}])"
"""A formula at the start of a line or a cell within the text."""
INNER = f"([;,]{BLANKS})([=@\uff1d\uff20]|[+-][^\\d\\s])"
"""The same after what separates cells where the reader's language has another separator."""


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Give a frame of plain columns: lists joined by a bar, structures as JSON, decimals as floats.

    Whole numbers beyond 64 bits become text, so that no digit is lost.
    """
    return frame.with_columns(
        plain(pl.col(name), kind).alias(name)
        for name, kind in frame.schema.items()
        if not is_plain(kind)
    )


def is_plain(kind: pl.DataType) -> bool:
    """Whether every file can hold a column of this type."""
    return (
        kind in (pl.String, pl.Boolean, pl.Date, pl.Datetime)
        or kind.is_float()
        or (kind.is_integer() and kind not in (pl.Int128, pl.UInt128))
    )


def plain(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Make a column plain."""
    if kind.is_decimal():
        whole = isinstance(kind, pl.Decimal) and kind.scale == 0
        return column.cast(pl.String if whole else pl.Float64)
    if isinstance(kind, pl.List):
        if kind.inner == pl.String:
            return column.list.join(BAR, ignore_nulls=True)
        return column.map_elements(in_json, return_dtype=pl.String)
    if kind.is_nested() or kind in (pl.Binary, pl.Object, pl.Duration):
        return column.map_elements(in_json, return_dtype=pl.String)
    return column.cast(pl.String)


def in_json(value: object) -> str:
    """Write a value that no column of ours has: a structure, bytes, a span of time."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, timedelta):
        return str(value)
    listed = value.to_list() if isinstance(value, pl.Series) else value
    return json.dumps(listed, ensure_ascii=False, default=str)


def harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """Give a frame in which no text and no name begins like a formula. Numbers stay."""
    named = frame.rename({name: harmless_text(name) for name in frame.columns})
    return named.with_columns(neutral(cs.string()))


def neutral(text: pl.Expr) -> pl.Expr:
    """Put an apostrophe before what a spreadsheet would run."""
    marked = text.str.replace(START, "'$1")
    for inside in (LINE, INNER):
        marked = marked.str.replace_all(inside, "$1'$2")
    return pl.when(text.str.contains(NUMBER)).then(text).otherwise(marked)


def harmless_text(text: str) -> str:
    """Do the same to one text."""
    given = pl.DataFrame({"text": [text]})
    marked: str = given.select(neutral(pl.col("text"))).item()
    return marked
