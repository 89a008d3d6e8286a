"""The file's rows, each matched or with the problem that keeps it out; none is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from flows.purchases import amounts
from flows.purchases.contract import Options, PurchaseError, Sheet
from flows.purchases.lists import Lists
from flows.purchases.matching import bought, origin

Basis = Literal["value", "mass"]

CELLS = ("material", "hs", "country", "quantity", "unit", "value", "currency")


@dataclass(frozen=True)
class Purchases:
    """The rows of a file.

    `rows` has a row for each of the file: line, the cells of `CELLS` as text, mineral, hs6, form,
    stage, supplier_iso3, supplier, currency, `value_micro` and `mass_micro` (millionths of the
    currency's unit and of a kilogram), problem, detail, and notes.
    """

    rows: pl.DataFrame
    basis: Basis
    notes: Sequence[str]


def matched(sheet: Sheet, lists: Lists, options: Options) -> Purchases:
    """Match each row of a file.

    Raises:
        PurchaseError: decimal marks are mixed, or the currency said is none.

    """
    basis: Basis = "value" if "value" in sheet.columns else "mass"
    notes = [*sheet.notes]
    frame = cells_of(sheet)
    frame = with_goods(frame, lists)
    frame = with_countries(frame, lists)
    frame = with_amounts(frame, sheet, options)
    frame = with_currencies(frame, sheet, lists, options, notes)
    frame = with_masses(frame, sheet, lists)
    found = [pl.col(name) for name in ("line_problem", "goods_problem", "country_problem")]
    own = (
        ("value_problem", "currency_problem")
        if basis == "value"
        else ("quantity_problem", "unit_problem")
    )
    problem = pl.coalesce(*found, *(pl.col(name) for name in own))
    detail = pl.coalesce(
        pl.when(pl.col("goods_problem").is_not_null()).then("goods_detail"),
        pl.when(pl.col("country_problem").is_not_null()).then("country_detail"),
        pl.when(
            pl.col("value_problem" if basis == "value" else "quantity_problem").is_not_null()
        ).then(basis if basis == "value" else "quantity"),
        pl.when(pl.col("currency_problem").is_not_null()).then("currency_text"),
        pl.when(pl.col("unit_problem").is_not_null()).then("unit"),
    )
    every = pl.concat_list(
        pl.col(name) for name in ("line_problem", "goods_problem", "country_problem", *own)
    ).list.drop_nulls()
    frame = frame.with_columns(
        problem=problem,
        detail=pl.when(problem.is_not_null()).then(detail.fill_null("")),
        problems=every,
    )
    if basis == "value" and "quantity" in sheet.columns:
        unusable = frame.filter(pl.col("problem").is_null() & pl.col("mass_micro").is_null()).height
        if unusable:
            notes.append(f"{unusable:,} matched rows have no quantity that can be read as a mass")
    zero = frame.filter(pl.col(f"{basis}_micro") == 0).height
    if zero:
        notes.append(f"{zero:,} rows have an amount of 0")
    return Purchases(frame, basis, notes)


def cells_of(sheet: Sheet) -> pl.DataFrame:
    """Lay out our columns as text, null where the file lacks one or the line ends before."""
    width = len(sheet.headers)
    columns: dict[str, list[str | None]] = {}
    for name in CELLS:
        place = sheet.columns.get(name)
        columns[name] = [
            None if place is None or place >= len(row) else row[place] for row in sheet.rows
        ]
    broken = ["line_broken" if any(row[width:]) else None for row in sheet.rows]
    return pl.DataFrame(
        {"line": sheet.lines, **columns, "line_problem": broken},
        schema={
            "line": pl.Int64,
            **dict.fromkeys(CELLS, pl.String),
            "line_problem": pl.String,
        },
    )


def with_goods(frame: pl.DataFrame, lists: Lists) -> pl.DataFrame:
    """Add what each row is about; each pair of material and code is looked up once."""
    pairs = frame.select("material", "hs").unique(maintain_order=True)
    found = [bought(material, code, lists) for material, code in pairs.rows()]
    told = pairs.with_columns(
        mineral=pl.Series([one.mineral for one in found], dtype=pl.String),
        hs6=pl.Series([one.hs6 for one in found], dtype=pl.String),
        form=pl.Series([one.form for one in found], dtype=pl.String),
        stage=pl.Series([one.stage for one in found], dtype=pl.String),
        goods_problem=pl.Series([one.problem for one in found], dtype=pl.String),
        goods_detail=pl.Series([one.detail for one in found], dtype=pl.String),
        notes=pl.Series([[*one.notes] for one in found], dtype=pl.List(pl.String)),
    )
    return frame.join(
        told, on=["material", "hs"], how="left", nulls_equal=True, maintain_order="left"
    )


def with_countries(frame: pl.DataFrame, lists: Lists) -> pl.DataFrame:
    """Add each row's country; each spelling is looked up once."""
    words = frame.select("country").unique(maintain_order=True)
    found = [origin(text, lists) for (text,) in words.rows()]
    told = words.with_columns(
        supplier_iso3=pl.Series([one.iso3 for one in found], dtype=pl.String),
        supplier=pl.Series([one.name for one in found], dtype=pl.String),
        country_problem=pl.Series([one.problem for one in found], dtype=pl.String),
        country_detail=pl.Series([one.detail for one in found], dtype=pl.String),
    )
    return frame.join(told, on="country", how="left", nulls_equal=True, maintain_order="left")


def with_amounts(frame: pl.DataFrame, sheet: Sheet, options: Options) -> pl.DataFrame:
    """Add quantity and value as millionths, with the decimal mark of the file."""
    names = [name for name in ("quantity", "value") if name in sheet.columns]
    texts = {
        text for name in names for text in frame[name].drop_nulls().unique() if text is not None
    }
    mark = amounts.settled(texts, options.decimal, is_workbook=sheet.is_workbook)
    read = {text: amounts.amount(text, mark) for text in texts}
    for name in ("quantity", "value"):
        words = frame[name].to_list()
        found = [amounts.amount(None, mark) if text is None else read[text] for text in words]
        frame = frame.with_columns(
            pl.Series(f"{name}_micro", [one for one, _ in found], dtype=pl.Int128),
            pl.Series(f"{name}_problem", [problem for _, problem in found], dtype=pl.String),
        )
    return frame


def with_currencies(
    frame: pl.DataFrame, sheet: Sheet, lists: Lists, options: Options, notes: list[str]
) -> pl.DataFrame:
    """Add each row's currency, as its cell, the option or the header says; and the value in it."""
    usual = options.currency or sheet.words.get("value")
    problem = amounts.currency(usual, lists.money)[2]
    if usual and problem:
        raise PurchaseError(f"no currency is called {usual!r}; --currency takes one such as EUR")
    if not usual and "currency" not in sheet.columns:
        usual = UNNAMED
        if "value" in sheet.columns:
            notes.append("no currency is named: all amounts are taken to be of one")
    frame = frame.with_columns(
        currency_text=pl.coalesce("currency", pl.lit(usual, dtype=pl.String))
    )
    told = []
    for (text,) in frame.select("currency_text").unique(maintain_order=True).rows():
        known = (None, 1, None) if text == UNNAMED else amounts.currency(text, lists.money)
        told.append((text, *known))
    table = pl.DataFrame(
        told,
        schema={
            "currency_text": pl.String,
            "currency_code": pl.String,
            "factor": pl.Int64,
            "currency_problem": pl.String,
        },
        orient="row",
    )
    frame = frame.join(
        table, on="currency_text", how="left", nulls_equal=True, maintain_order="left"
    )
    return frame.with_columns(value_micro=pl.col("value_micro") * pl.col("factor"))


UNNAMED = "?"
"""Stands for the currency of a file that names none."""


def with_masses(frame: pl.DataFrame, sheet: Sheet, lists: Lists) -> pl.DataFrame:
    """Add each row's mass, where its quantity has a unit of mass."""
    usual = sheet.words.get("quantity")
    frame = frame.with_columns(unit=pl.coalesce("unit", pl.lit(usual, dtype=pl.String)))
    words = frame.select("unit").unique(maintain_order=True)
    found = [amounts.unit(text, lists.masses, lists.spelt_masses) for (text,) in words.rows()]
    told = words.with_columns(
        kg=pl.Series([kg for kg, _ in found], dtype=pl.Float64),
        unit_problem=pl.Series([problem for _, problem in found], dtype=pl.String),
    )
    frame = frame.join(told, on="unit", how="left", nulls_equal=True, maintain_order="left")
    # Units of mass are whole kilograms or decimal parts of one: millionths hold them.
    mass = (pl.col("quantity_micro").cast(pl.Float64) * pl.col("kg")).round(0).cast(pl.Int128)
    return frame.with_columns(mass_micro=mass)
