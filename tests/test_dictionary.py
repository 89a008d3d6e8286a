"""What `orewatch dictionary` tells of every table and column."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows import build, quality, warehouse
from flows.export.described import Described, Field, described
from flows.export.dictionary import declared, matching, read_dictionary, reasons
from flows.facts import read_facts
from flows.indices.contract import Column, Table
from flows.marts import read_models
from flows.settings import CHECKOUT
from tests import exported, world
from tests.command import Orewatch

CELL = Table(
    "indices",
    "cell",
    "a composed cell",
    ("mineral",),
    (
        Column("mineral", "text", "the mineral"),
        Column("hhi", "float", "concentration", unit="hhi", nullable=True),
        Column("reason", "text", "why not", nullable=True, key="ref.reason.reason"),
    ),
    formula="sum(s^2)",
    citation="W01",
)
REASON = Table(
    "ref",
    "reason",
    "reasons",
    ("reason",),
    (Column("reason", "text", "the reason"), Column("meaning", "text", "in words")),
)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OREWATCH_HOME", str(exported.home()))
    return exported.home()


@pytest.fixture(scope="module")
def everything() -> list[Table]:
    facts = read_facts(CHECKOUT / "warehouse/facts")
    return build.tables_without_gate(facts, read_models(CHECKOUT / "sql"))


@pytest.mark.usefixtures("home")
def test_every_table_and_column_is_told_as_declared(
    orewatch: Orewatch, everything: list[Table]
) -> None:
    told = {one["name"]: one for one in orewatch("dictionary", "--json").json["tables"]}
    for table in everything:
        one = told[table.id]
        assert [c["name"] for c in one["columns"]] == [c.name for c in table.columns]
        assert [(c["unit"], c["type"]) for c in one["columns"]] == [
            (c.unit, c.type) for c in table.columns
        ]
        assert all(c["meaning"] for c in one["columns"])
        assert (one["formula"], one["citation"]) == (table.formula, table.citation)
        assert set(one["grain"]) == set(table.grain)
    # The gate's own tables came after the dictionary was written; the comments tell them.
    assert [c["name"] for c in told[quality.CHECK_TABLE.id]["columns"]] == [
        c.name for c in quality.CHECK_TABLE.columns
    ]
    assert told[quality.CHECK_TABLE.id]["columns"][0]["meaning"]


@pytest.mark.usefixtures("home")
def test_a_table_shows_its_columns_formula_and_grain(orewatch: Orewatch) -> None:
    said = orewatch("dictionary", "export_concentration")
    assert said.code == 0
    for words in ("sum(s_e^2)", "Hirschman", "[hhi], may be null", "ref.reason.reason"):
        assert words in said.out
    listed = orewatch("dictionary")
    assert "view.concentration" in listed.out


@pytest.mark.usefixtures("home")
def test_markdown_has_every_table_and_no_markup_from_within(orewatch: Orewatch) -> None:
    text = orewatch("dictionary", "view", "--markdown").out
    assert "## view.claims" in text
    assert "| `hhi` | float | hhi | yes |" in text
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    # A bar within a meaning is no further cell.
    assert {line.replace("\\|", "").count("|") for line in lines} <= {4, 6}


def test_without_a_snapshot_it_tells_what_a_run_would_publish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orewatch: Orewatch
) -> None:
    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    body = orewatch("dictionary", "mart.claim", "--json").json
    assert body["snapshot"] is None
    assert [one["name"] for one in body["tables"]] == ["mart.claim"]
    assert "no snapshot yet" in orewatch("dictionary").out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("home")
def test_a_wrong_name_is_answered_with_the_right_one(orewatch: Orewatch) -> None:
    said = orewatch("dictionary", "mart.clam")
    assert (said.code, said.out) == (2, "")
    assert "mart.claim" in said.err
    assert orewatch("dictionary", "--json", "--markdown").code == 2


def test_reasons_are_those_that_occur_and_no_other(tmp_path: Path) -> None:
    cells = pl.DataFrame(
        {
            "mineral": ["a", "b", "c", "d"],
            "hhi": [0.5, None, None, None],
            "reason": [None, "basket_code", "basket_code", "unheard_of"],
        }
    )
    known = pl.DataFrame(
        {"reason": ["basket_code", "code_ended"], "meaning": ["shared", "it ended"]}
    )
    with warehouse.build(tmp_path / "t.duckdb", threads=1, memory_limit="256MiB") as con:
        warehouse.write(con, CELL, cells)
        warehouse.write(con, REASON, known)
        found = reasons(con, map(described, (CELL, REASON)))
    assert found == {"indices.cell": [("basket_code", 2, "shared"), ("unheard_of", 1, "")]}


def test_a_file_is_told_by_its_comments_where_its_dictionary_is_silent(tmp_path: Path) -> None:
    from flows.meta import DICTIONARY  # noqa: PLC0415

    empty = pl.DataFrame(schema=DICTIONARY.polars)
    with warehouse.build(tmp_path / "t.duckdb", threads=1, memory_limit="256MiB") as con:
        warehouse.write(con, DICTIONARY, empty)
        warehouse.write(con, CELL, pl.DataFrame(schema=CELL.polars))
        warehouse.comment(con, CELL, "TABLE")
        told = read_dictionary(con)["indices.cell"]
    assert told.columns[1] == Field("hhi", "float", "hhi", "concentration")
    assert told.meaning == "a composed cell · Formula: sum(s^2) · W01"


def test_a_name_means_a_table_or_a_schema() -> None:
    known = ["mart.claim", "view.claims", "view.dependency"]
    assert list(matching(known, "claim")) == ["mart.claim"]
    assert list(matching(known, "view")) == ["view.claims", "view.dependency"]
    assert list(matching(known, "view.claims")) == ["view.claims"]
    assert declared([CELL]) == {"indices.cell": described(CELL)}
    assert isinstance(described(CELL), Described)


def test_the_bundled_snapshot_is_told_whole(built: world.Built) -> None:
    with warehouse.snapshot_reader(built.settings.build) as con:
        told = read_dictionary(con)
        found = reasons(con, told.values())
        listed = dict(con.execute("SELECT reason, meaning FROM ref.reason").fetchall())
    assert {table.id for table in built.tables} <= set(told)
    assert any(reason == "basket_code" for reason, *_ in found["indices.import_concentration"])
    for rows in found.values():
        assert all(listed[reason] == meaning and amount > 0 for reason, amount, meaning in rows)
