"""The comparison of BACI and UN Comtrade that was reviewed by hand, over the real figures."""

# ruff: noqa: S608 - names of tables and the check itself, which stand in the project

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml

from flows.facts import read_facts
from flows.settings import CHECKOUT
from flows.sources.contract import Raw, read_source
from flows.sources.staging import stage_edition
from tests import world
from tests.sources.test_comtrade import PULL
from tests.sources.test_comtrade import staged as reported

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PULL.exists(), reason="../shared/data is not here"),
]

SUITE = CHECKOUT / "expectations" / "indices.source_agreement.yml"
NAME = "shares_that_were_reviewed_stay_within_six_points"


def query() -> str:
    """The check's own SQL."""
    checks = yaml.safe_load(SUITE.read_text(encoding="utf-8"))["expectations"]
    (sql,) = (
        one["kwargs"]["unexpected_rows_query"] for one in checks if one["meta"]["name"] == NAME
    )
    return str(sql).replace("{batch}", "indices.source_agreement")


def trade(
    source: str, rows: pl.DataFrame, importer: str, exporter: str, value: str
) -> pl.DataFrame:
    """What the check reads of `mart.trade`."""
    return rows.select(
        source=pl.lit(source),
        edition=pl.lit(source),
        hs_revision=pl.lit("H5"),
        hs6="hs6",
        year="year",
        importer=pl.col(importer).cast(pl.String),
        exporter=pl.col(exporter).cast(pl.String),
        value_usd=pl.col(value).cast(pl.Float64),
    )


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Both sources' imports of 2022 and the facts, in memory."""
    facts = read_facts(world.settings(Path()).facts)
    baci = read_source("baci")
    edition = next(one for one in baci.editions if one.id == world.HS17)
    files = tuple(baci.folder / "bundled" / name for name in edition.bundled)
    folder = tmp_path_factory.mktemp("raw")
    theirs = stage_edition(baci, edition, Raw("baci", edition.id, folder, files))
    ours = reported(PULL, layout="flat_largest").filter(
        pl.col("flow") == "import", pl.col("partner_code").is_not_null()
    )
    both = pl.concat(
        [
            trade("baci", theirs, "importer_code", "exporter_code", "value_kusd"),
            trade("comtrade", ours, "reporter_code", "partner_code", "value_usd"),
        ]
    )
    codes = facts.frame("country_code").filter(pl.col("system") == "comtrade")
    iso3 = dict(codes.filter(pl.col("to_year").is_null()).select("code", "iso3").rows())
    named = both.with_columns(
        importer_iso3=pl.col("importer").replace_strict(iso3, default=None),
        exporter_iso3=pl.col("exporter").replace_strict(iso3, default=None),
    ).filter(pl.col("importer_iso3") != pl.col("exporter_iso3"))
    con = duckdb.connect()
    for schema in ("mart", "ref", "indices"):
        con.execute(f"CREATE SCHEMA {schema}")
    con.execute("CREATE TABLE indices.source_agreement AS SELECT 1 AS one")
    tables = {"ref.country": facts.frame("country"), "mart.trade": named}
    for name, frame in (tables | {DIFFERENCES: facts.frame("source_difference")}).items():
        con.register("frame", frame.to_arrow())
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    return con


DIFFERENCES = "ref.source_difference"


def test_the_six_that_are_named_are_all_there_are(con: duckdb.DuckDBPyConnection) -> None:
    listed = con.execute("SELECT importer_iso3, hs6 FROM ref.source_difference").fetchall()
    # As counted by hand, in tests/sources/test_comtrade.py too.
    assert sorted(listed) == [
        ("JPN", "251010"),
        ("JPN", "252922"),
        ("JPN", "810820"),
        ("KOR", "252910"),
        ("KOR", "811212"),
        ("USA", "810194"),
    ]
    assert con.execute(query()).fetchall() == []


def test_one_that_is_not_named_is_told_and_one_that_is_gone_too(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute("BEGIN")
    con.execute("DELETE FROM ref.source_difference WHERE hs6 = '810194'")
    # Graphite of Japan's is much the same in both.
    con.execute(
        "INSERT INTO ref.source_difference SELECT * REPLACE ('250490' AS hs6) "
        "FROM ref.source_difference WHERE hs6 = '252922'"
    )
    found = con.execute(f"SELECT importer_iso3, hs6, is_listed FROM ({query()})").fetchall()
    con.execute("ROLLBACK")
    # The USA are compared no more where none of their codes is named.
    assert found == [("JPN", "250490", True)]
    con.execute("BEGIN")
    con.execute("DELETE FROM ref.source_difference WHERE hs6 = '811212'")
    found = con.execute(f"SELECT importer_iso3, hs6, is_listed FROM ({query()})").fetchall()
    con.execute("ROLLBACK")
    assert found == [("KOR", "811212", False)]
