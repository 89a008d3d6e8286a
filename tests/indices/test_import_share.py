"""Import shares, over composed rows of `mart.mineral_trade`: what has no share, and why."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.indices.contract import publish
from flows.indices.import_share import INDEX

COUNTRIES = pl.LazyFrame(
    [("CHN", "country"), ("VNM", "country"), ("USA", "country"), ("X_899", "unallocated")],
    schema=["iso3", "kind"],
    orient="row",
)
SCHEMA = {
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


def shares(*rows: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Shares of one cell, by exporter and basis."""
    base = {
        "source": "baci",
        "edition": "composed",
        "mineral": "tungsten",
        "stage": "ore",
        "year": 2022,
        "importer_iso3": "JPN",
        "value_without_mass_usd": 0,
        "ended_usd": 0,
        "basket_usd": 0,
    }
    trade = pl.LazyFrame([base | row for row in rows], schema=SCHEMA)
    frame = publish(INDEX.compute(mart_mineral_trade=trade, ref_country=COUNTRIES), INDEX.table)
    return {(row["exporter_iso3"], row["basis"]): row for row in frame.iter_rows(named=True)}


def test_a_share_is_of_what_has_a_name() -> None:
    found = shares(
        {"exporter_iso3": "CHN", "value_usd": 60, "mass_kg": 6},
        {"exporter_iso3": "VNM", "value_usd": 20, "mass_kg": 6},
        {"exporter_iso3": "X_899", "value_usd": 20, "mass_kg": 0},
    )
    assert set(found) == {(e, b) for e in ("CHN", "VNM") for b in ("value", "mass")}
    row = found["CHN", "value"]
    assert [row[f"import_share{end}"] for end in ("_low", "", "_high")] == [0.6, 0.75, 0.8]
    row = found["CHN", "mass"]
    assert [row[f"import_share{end}"] for end in ("_low", "", "_high")] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("stray", "reason"),
    [
        ({"value_usd": None, "mass_kg": None, "ended_usd": 9}, "code_ended"),
        ({"value_usd": None, "mass_kg": None, "basket_usd": 9}, "basket_code"),
    ],
)
def test_a_stray_beside_a_share_says_why_it_has_none(stray: dict[str, Any], reason: str) -> None:
    found = shares(
        {"exporter_iso3": "CHN", "value_usd": 60, "mass_kg": 6}, {"exporter_iso3": "VNM"} | stray
    )
    for basis in ("value", "mass"):
        assert found["CHN", basis]["import_share"] == 1.0
        assert (found["VNM", basis]["import_share"], found["VNM", basis]["reason"]) == (
            None,
            reason,
        )


@pytest.mark.parametrize(("bare", "weighed"), [(5, True), (6, False)])
def test_a_twentieth_without_weight_is_borne_and_no_more(bare: int, weighed: bool) -> None:  # noqa: FBT001
    found = shares(
        {"exporter_iso3": "CHN", "value_usd": 100 - bare, "mass_kg": 10},
        {
            "exporter_iso3": "VNM",
            "value_usd": bare,
            "mass_kg": None,
            "value_without_mass_usd": bare,
        },
    )
    assert found["VNM", "value"]["import_share"] == bare / 100
    assert found["CHN", "mass"]["import_share"] == (1.0 if weighed else None)
    assert found["CHN", "mass"]["reason"] == (None if weighed else "weight_missing")
    assert found["VNM", "mass"]["reason"] == "weight_missing"


def test_zero_is_a_share_and_no_trade_is_none() -> None:
    found = shares(
        {"exporter_iso3": "CHN", "value_usd": 10, "mass_kg": 0},
        {"exporter_iso3": "VNM", "value_usd": 0, "mass_kg": 0},
    )
    assert found["VNM", "value"]["import_share"] == 0.0
    for exporter in ("CHN", "VNM"):
        row = found[exporter, "mass"]
        assert (row["import_share"], row["reason"]) == (None, "no_trade")
