"""The door to DuckDB: files typed and commented as declared, readers that can only read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows import warehouse
from flows.indices.contract import Column, Table
from flows.marts import Model
from flows.warehouse import WarehouseError
from tests import world

EVERYTHING = Table(
    schema="mart",
    name="everything",
    meaning="It's a table of every type",
    grain=("code",),
    columns=(
        Column("code", "text", "a code: it's text"),
        Column("rows", "int", "a count", unit="count"),
        Column("year", "year", "a year"),
        Column("share", "float", "a share", unit="share", nullable=True),
        Column("price", "decimal", "a price", unit="USD", nullable=True),
        Column("stale", "bool", "a truth"),
        Column("day", "date", "a day", nullable=True),
        Column("flags", "texts", "flags"),
    ),
)
ROWS = pl.DataFrame(
    [
        ["010121", 2**53 + 1, 2024, 0.1, "0.001", True, date(2024, 2, 29), ["a", "b"]],
        ["é'\"", 0, 1995, None, None, False, None, []],
    ],
    schema=[c.name for c in EVERYTHING.columns],
    orient="row",
    strict=False,
).with_columns(pl.col("price").cast(pl.Decimal(18, 3)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it's a build.duckdb"


@pytest.fixture
def con(path: Path) -> Iterator[warehouse.Connection]:
    with warehouse.build(path, threads=1, memory_limit="200MB") as connection:
        yield connection


def test_a_table_comes_back_as_it_went_in(con: warehouse.Connection) -> None:
    frame = ROWS.select(pl.col(n).cast(t) for n, t in EVERYTHING.polars.items())
    assert warehouse.write(con, EVERYTHING, frame) == 2
    assert warehouse.frame(con, EVERYTHING.id).rows() == frame.rows()
    assert warehouse.write(con, EVERYTHING, frame.clear()) == 0
    described = con.execute(f"DESCRIBE {EVERYTHING.id}").fetchall()
    assert [kind for _, kind, *_ in described] == [
        warehouse.DUCKDB_TYPES[c.type] for c in EVERYTHING.columns
    ]


def test_a_finished_file_carries_its_dictionary_and_no_staging(path: Path) -> None:
    late = Table("quality", "late", "Late", ("a",), (Column("a", "int", "a number"),))
    with warehouse.build(path, threads=1, memory_limit="200MB") as con:
        frame = ROWS.select(pl.col(n).cast(t) for n, t in EVERYTHING.polars.items())
        warehouse.write(con, EVERYTHING, frame)
        con.execute("CREATE SCHEMA staging; CREATE TABLE staging.raw (a INT)")
        rows = warehouse.finish(con, [EVERYTHING], [(late, pl.DataFrame({"a": [1, 2, 3]}))])
    assert rows == {"mart.everything": 2, "quality.late": 3}
    with warehouse.snapshot_reader(path) as con:
        tables = con.execute(
            "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables()"
        )
        assert dict(tables.fetchall()) == {
            "mart.everything": "It's a table of every type",
            "quality.late": "Late",
        }
        comments = con.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'everything'"
        )
        found = dict(comments.fetchall())
    assert found["share"] == "a share [share]"
    assert found["code"] == "a code: it's text"


def test_a_build_begins_anew(path: Path) -> None:
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.write_bytes(b"left by a run that was killed")
    with warehouse.build(path, threads=1, memory_limit="200MB") as con:
        con.execute("CREATE TABLE a (b INT)")
        assert con.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
    with warehouse.snapshot_reader(path) as con:
        assert con.execute("SELECT count(*) FROM a").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT 1::BIGINT AS a", r"'b': \('VARCHAR', None\)"),
        ("SELECT 1::BIGINT AS a, 'x' AS b, 2 AS c", r"'c': \(None, 'INTEGER'\)"),
        ("SELECT 1::INTEGER AS a, 'x' AS b", r"'a': \('BIGINT', 'INTEGER'\)"),
        ("SELECT 'x' AS b, 1::BIGINT AS a", "order"),
        ("SELECT a, b FROM mart.nowhere", "nowhere"),
    ],
)
def test_a_model_that_breaks_its_promise_is_named(
    con: warehouse.Connection, sql: str, says: str
) -> None:
    columns = (Column("a", "int", "a number"), Column("b", "text", "a word"))
    table = Table("mart", "promised", "Composed", ("a",), columns)
    with pytest.raises(WarehouseError, match=rf"promised\.sql.*{says}"):
        warehouse.run_models(con, [Model(table, sql, Path("promised.sql"))])


@pytest.fixture(scope="module")
def reader(tiny: world.Built) -> Iterator[warehouse.Connection]:
    with warehouse.snapshot_reader(tiny.settings.build) as connection:
        yield connection


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/passwd.csv'",
        "SELECT * FROM glob('/*')",
        "COPY mart.trade TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '90GB'",
        "RESET enable_external_access",
        "DELETE FROM mart.trade",
        "DROP TABLE mart.trade",
        "CREATE TABLE mart.mine (a INT)",
        "UPDATE mart.trade SET value_usd = 0",
        "EXPORT DATABASE '/tmp/stolen'",
    ],
)
def test_a_reader_can_do_nothing_but_read(reader: warehouse.Connection, sql: str) -> None:
    with pytest.raises(WarehouseError):
        warehouse.answer(reader, sql, most_rows=5, seconds=5)
    with pytest.raises(Exception, match=r".+"):  # not by the words alone: the file is locked too
        reader.execute(sql)


def test_an_answer_is_cut_at_its_most_rows_and_says_so(reader: warehouse.Connection) -> None:
    sql = "SELECT * FROM mart.trade -- a comment at the end;"
    frame, cut = warehouse.answer(reader, sql, most_rows=3, seconds=5)
    assert (frame.height, cut) == (3, True)
    frame, cut = warehouse.answer(
        reader, "SELECT $a AS a;", {"a": "'; DROP TABLE mart.trade; --"}, most_rows=3, seconds=5
    )
    assert (frame.rows(), cut) == ([("'; DROP TABLE mart.trade; --",)], False)


def test_what_cannot_be_answered_says_why(reader: warehouse.Connection, tmp_path: Path) -> None:
    for sql, says in (
        ("SELECT 1; SELECT 2", "single SELECT"),
        ("", "single SELECT"),
        ("SELEKT 1", "syntax"),
        ("SELECT * FROM mart.nothing", "nothing"),
    ):
        with pytest.raises(WarehouseError, match=says):
            warehouse.answer(reader, sql, most_rows=3, seconds=5)
    endless = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b"
    with pytest.raises(WarehouseError, match=r"no answer within 0\.2 seconds"):
        warehouse.answer(reader, endless, most_rows=3, seconds=0.2)
    with (
        pytest.raises(WarehouseError, match=r"cannot open .*absent"),
        warehouse.snapshot_reader(tmp_path / "absent.duckdb"),
    ):
        pass
