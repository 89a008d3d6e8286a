"""Composed inputs of the indices: trade of a few invented importers, and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import duckdb
import polars as pl
import pytest

from flows.indices import export_concentration, import_concentration
from flows.indices.contract import Index, publish
from flows.settings import CHECKOUT
from tests.world import Built

EXAMPLES = CHECKOUT.parent / "shared" / "data" / "methods" / "worked_examples.json"
needs_examples = pytest.mark.skipif(
    not EXAMPLES.is_file(), reason="the worked examples are not in ../shared"
)

FACTS = CHECKOUT / "warehouse" / "facts"

COUNTRIES = pl.LazyFrame(
    [(code, "country") for code in "ABCDEFGHIJKLMNOP"] + [("X_899", "unallocated")],
    schema=["iso3", "kind"],
    orient="row",
)
TRADE = {
    "source": pl.String,
    "edition": pl.String,
    "mineral": pl.String,
    "stage": pl.String,
    "year": pl.Int32,
    "importer_iso3": pl.String,
    "exporter_iso3": pl.String,
    "value_usd": pl.Int64,
    "mass_kg": pl.Int64,
    "value_without_mass_usd": pl.Int64,
    "ended_usd": pl.Int64,
    "basket_usd": pl.Int64,
}
BLOCS = pl.LazyFrame({"bloc": ["UNION"], "customs_union": [True]})
MEMBERS = pl.LazyFrame(
    {"bloc": ["UNION"] * 2, "iso3": ["N", "O"], "from_year": [None] * 2, "to_year": [None] * 2},
    schema_overrides={"from_year": pl.Int32, "to_year": pl.Int32},
)
BASKET = pl.LazyFrame(
    {
        "source": ["composed"],
        "edition": ["one"],
        "mineral": ["m"],
        "stage": ["ore"],
        "hs6": ["999999"],
        "form": ["form"],
        "form_stage": ["ore"],
        "first_year": [1988],
        "last_year": [None],
        "specificity": ["exact"],
        "exclusion": [None],
    },
    schema_overrides={"exclusion": pl.String},
)
PREFERENCES = pl.LazyFrame(
    {"purpose": ["comparison"], "source": ["composed"], "preference": [1]},
)
SPECIFICITY = pl.LazyFrame({"specificity": ["exact"], "confidence_factor": [1.0]})


def worked(number: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs and expected values of one worked example."""
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))["examples"]
    found = next(example for example in examples if example["id"] == number)
    return found["inputs"], found["expected"]


def trade(
    flows: Iterable[tuple[str, str, int | None, int | None]], year: int = 2022, **columns: object
) -> pl.DataFrame:
    """Rows of `mart.mineral_trade`: (importer, exporter, USD, kg), and what else is to be set."""
    base = {"source": "composed", "edition": "one", "mineral": "m", "stage": "ore", "year": year}
    rows = [
        base
        | {"importer_iso3": importer, "exporter_iso3": exporter, "value_usd": usd, "mass_kg": kg}
        | {"value_without_mass_usd": usd if kg is None else 0, "ended_usd": 0, "basket_usd": 0}
        | columns
        for importer, exporter, usd, kg in flows
    ]
    return pl.DataFrame(rows, schema=TRADE)


def supply(masses: Sequence[int], importer: str = "P", year: int = 2022) -> pl.DataFrame:
    """One importer's trade with A, B, C ... , as many kilograms as dollars."""
    return trade(
        [(importer, code, x, x) for code, x in zip("ABCDEFGHIJKLMNO", masses, strict=False)], year
    )


def tables(rows: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    """What the indices read, by the keyword that they read it as."""
    base = {
        "mart_mineral_trade": rows.lazy(),
        "mart_basket": BASKET,
        "ref_country": COUNTRIES,
        "ref_specificity": SPECIFICITY,
        "ref_bloc": BLOCS,
        "ref_bloc_member": MEMBERS,
        "ref_threshold": pl.scan_csv(FACTS / "thresholds.csv"),
        "ref_source_preference": PREFERENCES,
    }
    for index in (import_concentration.INDEX, export_concentration.INDEX):
        base[index.table.id.replace(".", "_")] = computed(index, base).lazy()
    return base


def computed(index: Index, inputs: dict[str, pl.LazyFrame]) -> pl.DataFrame:
    """One index, computed as the flow does; floats are not yet rounded."""
    names = [name.replace(".", "_") for name in index.inputs]
    frame = index.compute(**{name: inputs[name] for name in names})
    columns = [column.name for column in index.table.columns]
    text = pl.col(pl.Categorical).cast(pl.String)
    found = frame.select(columns).with_columns(text).collect()
    # Nothing may break a promise of the declaration.
    publish(found.lazy(), index.table)
    return found


def one(frame: pl.DataFrame, **where: object) -> dict[str, Any]:
    """The one row that is asked for."""
    return frame.row(
        by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in where.items()), named=True
    )


def asked(built: Built, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on a built warehouse."""
    with duckdb.connect(str(built.settings.build), read_only=True) as con:
        return con.execute(sql).fetchall()
