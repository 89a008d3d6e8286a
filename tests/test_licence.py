"""What may leave: of a source that lets only derived figures out, no partner's amount is published.

The trade is composed (`tests/overlap.py`); its amounts are multiples of 1,009 dollars and 1,013
kilograms, so that one of them in a snapshot could only come from there.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows import cli, licence, publish, quality, warehouse
from flows.gate.contract import QUERY, Check, Verdict
from flows.indices import all_indices
from flows.indices.contract import Column, Table
from flows.marts import read_models
from tests import overlap, world

KEPT = licence.Rule(("closed",), frozenset({"share", "count", "month"}))
SOURCE = Column("source", "text", "source", key="meta.source.source")
OTHER = Column("other_source", "text", "the other", key="meta.source.source")


SPIES = {
    # BACI's rows of one year, and all of the other source's.
    "mart.trade.spy": "SELECT * FROM {batch} WHERE year = 1998 OR value_usd % 1009 = 0",
    "indices.import_concentration.spy_own": "SELECT * FROM {batch} WHERE source = 'comtrade'",
    "indices.import_concentration.spy_beside": (
        "SELECT t.hs6, t.value_usd FROM mart.trade AS t JOIN {batch} AS b ON t.value_usd % 1009 = 0"
    ),
    "view.dependency.spy": "SELECT * FROM {batch} WHERE source = 'comtrade'",
}
"""Warnings that point at rows with all they have."""


def spying(built: world.Built) -> list[quality.Verdict]:
    """Verdicts that would give everything away."""
    spies = [spy(name, "unexpected_rows_expectation", {QUERY: sql}) for name, sql in SPIES.items()]
    largest = {"column": "value_usd", "max_value": 1}
    spies.append(spy("mart.trade.spy_aggregate", "expect_column_max_to_be_between", largest))
    tables = [t for t in built.tables if t.id in {one.table for one in spies}]
    told = quality.run_checks(built.settings.build, spies, tables, built.present)
    assert {v.outcome for v in told} == {"warn"}
    return told


def spy(name: str, kind: str, kwargs: dict[str, Any]) -> Check:
    table, _, own = name.rpartition(".")
    return Check(table, own, "authored", kind, kwargs, "warning", "It gives everything away.")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> world.Built:
    home = tmp_path_factory.mktemp("licence")
    return world.built(world.settings(home), overlap.overlapping(home / "in"))


@pytest.fixture(scope="module")
def before(made: world.Built) -> dict[str, pl.DataFrame]:
    """Every table as built, before the rule."""
    with warehouse.snapshot_reader(made.settings.build) as con:
        return {table.id: warehouse.frame(con, table.id) for table in made.tables}


@pytest.fixture(scope="module")
def verdicts(made: world.Built) -> list[quality.Verdict]:
    return spying(made)


@pytest.fixture(scope="module")
def spare(made: world.Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the built file, for a publication that fails."""
    path: Path = tmp_path_factory.mktemp("spare") / "build.duckdb"
    shutil.copyfile(made.settings.build, path)
    return path


@pytest.fixture(scope="module")
def snapshot(
    made: world.Built,
    before: dict[str, pl.DataFrame],
    spare: Path,
    verdicts: list[quality.Verdict],
) -> Path:
    assert before
    assert spare.is_file()
    return world.publication(made.plan(verdicts))


@pytest.fixture(scope="module")
def after(made: world.Built, snapshot: Path) -> dict[str, pl.DataFrame]:
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        return {table.id: warehouse.frame(con, table.id) for table in made.tables}


def test_the_composed_amounts_are_in_the_build_and_in_the_spies_rows(
    before: dict[str, pl.DataFrame], verdicts: list[quality.Verdict]
) -> None:
    """Else the tests below would find nothing whatever was published."""
    marts = ("mart.trade", "mart.mirror_trade", "mart.monthly_trade")
    there = {x for name in marts for x in numbers(before[name])}
    assert overlap.in_marts() <= there
    spied = json.dumps([dict(row) for v in verdicts for row in v.rows], default=str)
    assert amounts_in(spied)


def numbers(frame: pl.DataFrame) -> Iterator[int]:
    """Every whole number in a table, lists and texts left out."""
    for column in frame.columns:
        if frame[column].dtype.is_numeric():
            yield from (int(x) for x in frame[column].drop_nulls().to_list() if int(x) == x)


def amounts_in(text: str) -> set[str]:
    """Composed amounts that a text has, written with or without thousands apart."""
    wanted = {str(x) for x in overlap.amounts()} | {f"{x:,}" for x in overlap.amounts()}
    return {found for found in re.findall(r"\d[\d,]*", text) if found in wanted}


def test_no_composed_amount_is_in_any_table(snapshot: Path) -> None:
    with duckdb.connect(str(snapshot / publish.DATABASE), read_only=True) as con:
        names = con.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() UNION "
            "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        assert len(names) > 60
        for (name,) in names:
            frame = con.execute(f"SELECT * FROM {name}").pl()  # noqa: S608 - its own tables
            assert set(numbers(frame)) & overlap.amounts() == set(), name
            words = frame.select(pl.col(pl.String)).write_csv()
            assert amounts_in(words) == set(), name


def test_no_composed_amount_is_in_a_file_beside(snapshot: Path) -> None:
    files = sorted((snapshot / "parquet").glob("*.parquet"))
    assert len(files) > 60
    for path in files:
        assert set(numbers(pl.read_parquet(path))) & overlap.amounts() == set(), path
    others = [p for p in snapshot.rglob("*") if p.is_file() and p not in files]
    texts = [path for path in others if path.name != publish.DATABASE]
    assert {path.name for path in texts} >= {"quality.json", "quality.html", publish.MANIFEST}
    for path in texts:
        # Sizes and hashes of files are nobody's trade.
        text = re.sub(r'"(bytes|sha256|hash)": "?\w+', "", path.read_text(encoding="utf-8"))
        assert amounts_in(text) == set(), path.name


def test_the_published_file_has_no_block_of_the_one_before(snapshot: Path) -> None:
    """What is deleted in a file stays in its free blocks; this one was written anew."""
    with duckdb.connect(str(snapshot / publish.DATABASE), read_only=True) as con:
        ((free,),) = con.execute("SELECT free_blocks FROM pragma_database_size()").fetchall()
        schemas = {
            name for (name,) in con.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()
        }
    assert free == 0
    assert "staging" not in schemas


def test_other_sources_rows_are_untouched(
    made: world.Built, before: dict[str, pl.DataFrame], after: dict[str, pl.DataFrame]
) -> None:
    for table in made.tables:
        names = licence.source_columns(table)
        old, new = before[table.id], after[table.id]
        if table.schema == "view":
            # Views follow from these, in no order.
            continue
        if table.schema in {"mart", "indices"} and names:
            theirs = pl.any_horizontal(pl.col(name) == "comtrade" for name in names)
            old, new = old.filter(~theirs), new.filter(~theirs)
        assert old.equals(new), table.id


def test_marts_have_no_row_of_it_and_indices_have_rounded_ones(
    made: world.Built, before: dict[str, pl.DataFrame], after: dict[str, pl.DataFrame]
) -> None:
    seen = set()
    for table in (t for t in made.tables if licence.source_columns(t)):
        theirs = pl.any_horizontal(pl.col(n) == "comtrade" for n in licence.source_columns(table))
        old, new = before[table.id].filter(theirs), after[table.id].filter(theirs)
        if table.schema == "mart":
            assert new.is_empty(), table.id
        if table.schema != "indices" or old.is_empty():
            continue
        seen.add(table.name)
        assert new.height == old.height
        for column in (c for c in table.columns if c.type == "float" and c.unit):
            was, now = old[column.name], new[column.name]
            if column.unit in {"kg", "USD_per_kg"}:
                assert now.null_count() == new.height, (table.id, column.name)
                continue
            assert now.is_null().equals(was.is_null()), (table.id, column.name)
            assert now.equals(now.round(3)), (table.id, column.name)
            assert ((now - was).abs().max() or 0) < 0.0005 + 1e-12, (table.id, column.name)
        if "flags" in table.polars:
            assert new["flags"].list.contains("derived_only").all(), table.id
    assert seen >= {
        "cap_distance",
        "certainty",
        "contained_share",
        "import_concentration",
        "import_share",
        "rolling_concentration",
        "rolling_share",
        "source_agreement",
    }
    caps = after["indices.cap_distance"].filter(pl.col("source") == "comtrade")
    assert caps["reallocate_amount"].null_count() == caps.height
    assert caps["above_cap"].null_count() < caps.height


def test_a_third_decimal_is_what_is_left_of_a_share(after: dict[str, pl.DataFrame]) -> None:
    """France's 5 of Germany's 9 in 2023 is 0.556, and not 0.5555..."""
    row = after["indices.import_share"].row(
        by_predicate=(pl.col("source") == "comtrade")
        & (pl.col("importer_iso3") == "DEU")
        & (pl.col("exporter_iso3") == "FRA")
        & (pl.col("year") == 2023)
        & (pl.col("stage") == "ore")
        & (pl.col("basis") == "value"),
        named=True,
    )
    assert row["import_share"] == 0.556


def test_the_report_says_what_it_does_not_show(snapshot: Path) -> None:
    body = json.loads((snapshot / "quality.json").read_text(encoding="utf-8"))
    by_name = {f"{c['table']}.{c['check']}": c for c in body["checks"]}
    trade = by_name["mart.trade.spy"]
    assert [row["source"] for row in trade["rows"]] == ["baci"] * 5
    assert trade["message"] == "15 rows are not shown: the licence of comtrade keeps them in"
    beside = by_name["indices.import_concentration.spy_beside"]
    assert beside["rows"] == []
    assert beside["unexpected_count"] > 0
    assert "20 rows are not shown: the licence of comtrade keeps them in" in beside["message"]
    assert by_name["indices.import_concentration.spy_own"]["rows"] == []
    assert by_name["view.dependency.spy"]["rows"] == []
    assert by_name["mart.trade.spy_aggregate"]["observed"] == "not shown"
    held = json.loads((snapshot / publish.MANIFEST).read_text(encoding="utf-8"))["held_back"]
    assert held["mart.trade"] == 37


def test_nothing_is_published_where_the_rule_was_not_kept(
    made: world.Built, spare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    where = world.settings(tmp_path)
    where.build.parent.mkdir(parents=True)
    shutil.copyfile(spare, where.build)
    everything = "SELECT * FROM built.{}".format
    monkeypatch.setattr(licence, "selection", lambda table, _: everything(table.id))
    says = r"mart\.\w+: \d+ rows of comtrade may not go out"
    with pytest.raises(publish.PublishError, match=says):
        world.publication(replace(made.plan(), settings=where))
    assert publish.snapshots(where.snapshots) == []
    assert not where.current.exists()
    assert list(where.warehouse.glob("open-*")) == []


@pytest.mark.parametrize(
    ("columns", "row", "left"),
    [
        # An amount of an index is left out, a plain number is rounded, a count stays.
        (
            [
                Column("kg", "float", "x", unit="kg", nullable=True),
                Column("n", "int", "x", unit="count"),
            ],
            (1234.5, 7),
            (None, 7),
        ),
        ([Column("s_share", "float", "x", unit="share")], (0.123456,), (0.123,)),
        # Without a unit a number may be anything.
        ([Column("any", "float", "x", nullable=True)], (0.5,), (None,)),
        (
            [Column("flags", "texts", "x", key="ref.flag.flag")],
            (["tie"],),
            (["derived_only", "tie"],),
        ),
    ],
)
@pytest.mark.parametrize("named", [("closed", "open"), ("open", "closed")])
def test_the_rule_by_kinds_of_columns(
    columns: list[Column], row: tuple[Any, ...], left: tuple[Any, ...], named: tuple[str, str]
) -> None:
    table = Table("indices", "composed", "x", ("source", "other_source"), (SOURCE, OTHER, *columns))
    values: dict[str, list[Any]] = {
        "source": [named[0], "open"],
        "other_source": [named[1], "open"],
    }
    values |= {c.name: [x, x] for c, x in zip(columns, row, strict=True)}
    frame = pl.DataFrame(values, schema=table.polars)
    with duckdb.connect() as con:
        con.execute("ATTACH ':memory:' AS built; CREATE SCHEMA built.indices")
        con.register("given", frame.to_arrow())
        con.execute("CREATE TABLE built.indices.composed AS SELECT * FROM given")
        found = con.execute(licence.selection(table, KEPT)).pl()
    assert found.row(0) == (*named, *left)
    assert found.row(1) == ("open", "open", *row)


def test_an_amount_that_cannot_be_left_out_stops_the_publication() -> None:
    table = Table(
        "indices", "composed", "x", ("source",), (SOURCE, Column("x_kg", "int", "x", unit="kg"))
    )
    with pytest.raises(
        publish.PublishError, match=r"composed\.x_kg is an amount and must be declared nullable"
    ):
        licence.selection(table, KEPT)


def test_every_amount_of_an_index_may_be_left_out(made: world.Built) -> None:
    units = made.facts.frame("unit")
    plain = set(units.filter(pl.col("quantity").is_in(licence.PLAIN))["unit"])
    kept = licence.Rule(("comtrade",), frozenset(plain))
    stuck = [
        f"{index.table.id}.{column.name}"
        for index in all_indices()
        for column in index.table.columns
        if kept.is_amount(column) and not column.nullable and column.name not in index.table.grain
    ]
    assert stuck == []
    assert {"USD", "kg", "t", "USD_per_kg", "m3"} & plain == set()
    assert {"share", "hhi", "ratio", "count", "month", "nats"} <= plain


def test_what_is_made_from_it_names_its_source(made: world.Built) -> None:
    """A table without such a column would go out as it is."""
    models = {m.table.id: m for m in read_models(made.settings.sql)}
    with duckdb.connect() as con:
        reads = {name: warehouse.reads(con, model.sql) for name, model in models.items()}
    reads |= {index.table.id: set(index.inputs) for index in all_indices()}
    theirs = {"staging.comtrade"}
    while more := {name for name, read in reads.items() if read & theirs} - theirs:
        theirs |= more
    assert len(theirs) > 20
    tables = {t.id: t for t in made.tables}
    bare = [
        n
        for n in theirs & tables.keys()
        if n.split(".")[0] != "view" and not licence.source_columns(tables[n])
    ]
    assert bare == []


def test_a_row_is_shown_only_where_it_says_that_it_is_open() -> None:
    check = Check("mart.trade", "c", "authored", "unexpected_rows_expectation", {}, "warning", "")
    rows = (
        {"source": "open", "x": 1},
        {"source": "closed", "x": 2},
        {"x": 3},
        {"source": None, "x": 4},
    )
    verdict = Verdict(check, "warn", "4 failing in 9 rows", 4, rows)
    table = Table("mart", "trade", "x", ("source",), (SOURCE,))
    (found,) = licence.shown([verdict], [table], {"mart.trade"}, KEPT)
    assert [row["x"] for row in found.rows] == [1]
    assert found.message == "3 rows are not shown: the licence of closed keeps them in"
    assert (found.observed, found.unexpected_count) == ("4 failing in 9 rows", 4)
    # A table that holds nothing of it is shown whole.
    assert licence.shown([replace(verdict, message="")], [table], {"mart.other"}, KEPT) == [verdict]


def test_explain_says_that_the_rows_may_not_be_published(
    made: world.Built,
    snapshot: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert snapshot.is_dir()
    monkeypatch.setenv("OREWATCH_HOME", str(made.settings.home))
    words = "explain hhi --importer DEU --mineral tungsten --stage ore --year 2022 --json"
    with pytest.raises(SystemExit) as ended:
        cli.main([*words.split(), "--source", "comtrade"])
    told = json.loads(capsys.readouterr().out)
    assert not ended.value.code
    assert "may not be published" in told["withheld"]
    (result,) = told["results"]
    assert (result["published"], result["evaluated"], result["equal"]) == (0.455, None, None)
    assert (told["lines"], told["rows"]) == ([], {})
    assert [one["source"] for one in told["sources"]] == ["comtrade"]
