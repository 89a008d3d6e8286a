"""SQL models: a header that promises, an order that nobody keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import warehouse
from flows.indices.contract import Column, Table
from flows.marts import Model, ModelError, in_order, read_model, read_models
from tests import world

HEADER = """/*
meaning: Composed
grain: [a]
columns:
  - {name: a, type: int, meaning: a number}
*/
SELECT 1 AS a;
"""


@pytest.fixture
def con(tmp_path: Path) -> Iterator[warehouse.Connection]:
    with warehouse.build(tmp_path / "build.duckdb", threads=1, memory_limit="200MB") as connection:
        yield connection


def model(name: str, sql: str, schema: str = "mart") -> Model:
    columns = (Column("a", "int", "a number"),)
    return Model(Table(schema, name, "Composed", ("a",), columns), sql, Path(f"{name}.sql"))


def test_a_file_is_its_header_and_one_select(tmp_path: Path) -> None:
    path = tmp_path / "composed.sql"
    path.write_text(HEADER, encoding="utf-8")
    found = read_model(path, "mart")
    assert (found.table.id, found.table.grain, found.sql) == (
        "mart.composed",
        ("a",),
        "SELECT 1 AS a",
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("/*\n", "", "does not open with a header"),
        ("*/", "", "does not open with a header"),
        ("grain: [a]", "grain: [b]", "grain names no column: \\['b'\\]"),
        ("type: int", "type: number", "type 'number' is not one of"),
        ("meaning: Composed", "meening: Composed", "meening"),
        ("grain: [a]\n", "", "grain"),
        ("- {name: a,", "- {name: a, units: t,", "units"),
    ],
)
def test_a_broken_header_stops_and_names_the_file(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = tmp_path / "composed.sql"
    path.write_text(HEADER.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ModelError, match=rf"composed\.sql.*{says}"):
        read_model(path, "mart")


def test_from_clauses_are_the_order(con: warehouse.Connection) -> None:
    last = model("a_last", "SELECT a FROM mart.middle WHERE a IN (SELECT a FROM mart.z_first)")
    middle = model("middle", "WITH x AS (SELECT a FROM mart.z_first) SELECT a FROM x")
    first = model("z_first", "SELECT 1 AS a")
    ordered = in_order([last, middle, first], lambda sql: warehouse.reads(con, sql))
    assert [m.table.name for m in ordered] == ["z_first", "middle", "a_last"]


def test_a_circle_is_named(con: warehouse.Connection) -> None:
    one, other = model("one", "SELECT a FROM mart.other"), model("other", "SELECT a FROM mart.one")
    with pytest.raises(ModelError, match=r"mart\.one -> mart\.other|mart\.other -> mart\.one"):
        in_order([one, other], lambda sql: warehouse.reads(con, sql))


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", set()),
        (
            "SELECT * FROM mart.trade AS t JOIN ref.country AS c USING (iso3)",
            {"mart.trade", "ref.country"},
        ),
        ("WITH trade AS (SELECT * FROM mart.trade) SELECT * FROM trade", {"mart.trade"}),
        # A CTE hides a table of its name within its scope only.
        (
            "SELECT * FROM (WITH country AS (SELECT 1) SELECT * FROM country) AS x, country",
            {"country"},
        ),
        # The inner text of a CTE does not see itself.
        ("WITH country AS (SELECT * FROM country) SELECT * FROM country", {"country"}),
        ("WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b", set()),
        (
            "SELECT EXISTS (FROM mart.trade), (SELECT max(year) FROM mart.coverage)",
            {"mart.trade", "mart.coverage"},
        ),
        ("SELECT 'FROM mart.trade' -- FROM mart.trade", set()),
        ("FROM ref.a UNION ALL (FROM ref.b EXCEPT FROM ref.c)", {"ref.a", "ref.b", "ref.c"}),
    ],
)
def test_what_a_query_reads(con: warehouse.Connection, sql: str, tables: set[str]) -> None:
    assert warehouse.reads(con, sql) == tables


def test_our_models_read_only_what_is_declared(
    con: warehouse.Connection, tiny: world.Built
) -> None:
    declared = {table.id for table in tiny.tables} | {s.table.id for s in tiny.sources}
    for one in read_models(tiny.settings.sql):
        read = warehouse.reads(con, one.sql)
        assert read <= declared, one.path
        # Views and indices come after marts.
        if one.table.schema == "mart":
            assert {name for name in read if name.startswith(("view.", "indices."))} == set()
