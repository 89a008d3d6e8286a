"""Published numbers explained: what is printed, evaluated, equals the table."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows import cli, publish, warehouse
from flows.command.exits import UsageError
from flows.command.explaining.account import account
from flows.command.explaining.indicator import Indicator, figures, indicator
from flows.command.explaining.reader import Reader
from flows.indices import all_indices
from flows.indices.contract import Index, Table
from flows.indices.explained.arithmetic import CalculationError, evaluate
from flows.indices.explained.imports import import_share
from flows.indices.explained.sheet import Row, Sheet
from tests import world

UNEXPLAINED: set[str] = set()
"""Tables whose figures no arithmetic leads to, each with its reason beside it. None today."""

NEVER = {"c_mirror", "c_time"}
"""Figures that no source gives anything for: no mirror reports, no years marked provisional."""

INDICES = {index.table.id: index for index in all_indices(experimental=True)}
PUBLISHED = {index.table.id: index for index in all_indices()}
SAMPLE = 24
"""Cells of each table, of as many kinds as there are."""

Orewatch = Callable[..., tuple[int, str, str]]


def test_every_index_explains_itself() -> None:
    assert {name for name, index in INDICES.items() if index.explain is None} == UNEXPLAINED


@pytest.fixture(scope="module")
def con(built: world.Built) -> Iterator[warehouse.Connection]:
    with warehouse.snapshot_reader(built.settings.build) as opened:
        yield opened


def sample(con: warehouse.Connection, table: Table) -> list[Row]:
    """Cells of a table: some of each reason, set of flags and kind of economy, some of any."""
    names = set(table.polars)
    kinds: list[str] = [
        name for name in ("reason", "flags", "basis", "mode", "supply") if name in names
    ]
    if "importer_iso3" in names:
        kinds.append("importer_iso3 IN (SELECT bloc FROM ref.bloc)")
    order = f"hash({', '.join(warehouse.quoted(name) for name in table.grain)})"
    found = con.execute(
        f"SELECT * FROM {table.id} "  # noqa: S608 - declared names
        f"QUALIFY row_number() OVER (PARTITION BY {', '.join(kinds)} ORDER BY {order}) = 1 "
        f"ORDER BY {order} LIMIT {SAMPLE}"
    )
    return [*found.pl().iter_rows(named=True)]


def one_with(con: warehouse.Connection, table: Table, column: str) -> list[Row]:
    """A cell that has a figure; none where no cell has."""
    found = con.execute(
        f"SELECT * FROM {table.id} WHERE {column} IS NOT NULL LIMIT 1"  # noqa: S608 - the same
    )
    return [*found.pl().iter_rows(named=True)]


QUICK = {"indices.import_share", "indices.import_concentration", "indices.production_concentration"}
"""The others, seconds each, are held against their tables among the slow tests."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name in sorted(PUBLISHED.keys() - UNEXPLAINED)
    ],
)
def test_what_is_printed_equals_the_table(con: warehouse.Connection, name: str) -> None:
    """Every figure of every sampled cell: the same number, or null and a reason."""
    index = PUBLISHED[name]
    columns = figures(index.table)
    having = {column.name: one_with(con, index.table, column.name) for column in columns}
    lacking = {column for column, rows in having.items() if not rows}
    assert lacking <= NEVER or (index.table.may_be_empty and not any(having.values()))
    rows = [*sample(con, index.table), *(row for rows in having.values() for row in rows)]
    assert rows or index.table.may_be_empty
    hold_against_table(con, index, rows)


def test_what_is_printed_equals_the_table_where_partners_are_unallocated(
    tiny: world.Built,
) -> None:
    """The bundled trade allocates everything; the composed world does not."""
    with warehouse.snapshot_reader(tiny.settings.build) as con:
        for index in PUBLISHED.values():
            hold_against_table(con, index, sample(con, index.table))
        ((apart,),) = con.execute(
            "SELECT count(*) FROM indices.import_concentration WHERE unallocated_share > 0"
        ).fetchall()
    assert apart > 0


def hold_against_table(con: warehouse.Connection, index: Index, rows: Sequence[Row]) -> None:
    """Fail where a figure of a row, worked out again, is not the one of the table."""
    for row in rows:
        told = account(Reader(con), Indicator(index, figures(index.table)), row)
        wrong = [
            (one.column.name, one.published, one.evaluated)
            for one in told.results
            if not one.is_equal
        ]
        assert wrong == [], (index.table.id, told.key)
        assert all(one.reason for one in told.results if one.published is None)


def test_a_share_is_worked_out_from_the_rows_by_code() -> None:
    """Composed: two codes from China, one from Vietnam, and 500 that are no country's."""
    tables: dict[str, list[Row]] = {
        "mart.basket": [
            {"hs6": code, "specificity": "exact", "first_year": 1988, "last_year": None}
            for code in ("000001", "000002")
        ],
        "mart.trade": [
            {
                "importer_iso3": "JPN",
                "exporter_iso3": who,
                "hs6": code,
                "value_usd": value,
                "mass_kg": 1,
            }
            for who, code, value in (
                ("CHN", "000001", 1200),
                ("CHN", "000002", 300),
                ("VNM", "000001", 500),
                ("X_899", "000001", 500),
            )
        ],
        "ref.country": [
            {"iso3": "CHN", "kind": "country"},
            {"iso3": "VNM", "kind": "country"},
            {"iso3": "X_899", "kind": "unallocated"},
        ],
        "ref.bloc_member": [],
    }
    cell = {
        "importer_iso3": "JPN",
        "exporter_iso3": "CHN",
        "mineral": "m",
        "stage": "all",
        "year": 2023,
        "basis": "value",
        "source": "s",
        "edition": "e",
        "import_share": 0.75,
    }
    sheet = import_share(cell, lambda table, /, **_: tables[table])
    lines = {line.name: line.expression for line in sheet.leading_to(["import_share_high"])}
    assert lines == {
        "x_CHN": "1200 + 300",
        "x_VNM": "500",
        "u_X_899": "500",
        "total": "x_CHN + x_VNM",
        "unallocated": "u_X_899",
        "import_share_high": "(x_CHN + unallocated) / (total + unallocated)",
    }
    assert [sheet[f"import_share{end}"] for end in ("", "_low", "_high")] == [0.75, 0.6, 0.8]


def test_arithmetic_is_exact_and_long_sums_do_not_go_deep() -> None:
    assert evaluate("2**62 + 1 - 2**62", {}) == 1
    assert evaluate(" + ".join(["1"] * 2_500), {}) == 2_500
    assert evaluate("-(s * ln(s))", {"s": 0.5}) == pytest.approx(math.log(2) / 2)
    assert evaluate("min(count(a, a), a) * (a >= 2)", {"a": 7}) == 2


@pytest.mark.parametrize(
    "text",
    [
        "unknown",
        "__import__('os')",
        "(1).bit_length()",
        "'a' * 9",
        "True",
        "[1]",
        "max(*a)",
        "a if a else 1",
        "lambda: 1",
        "9**9**9",
        "1 / 0",
        "(-1)**0.5",
        "1 +",
    ],
)
def test_arithmetic_is_nothing_but_arithmetic(text: str) -> None:
    with pytest.raises(CalculationError):
        evaluate(text, {"a": 1})


def test_a_sheet_refuses_two_lines_of_one_name() -> None:
    sheet = Sheet()
    assert sheet.add("a", "1 + 1") == sheet.add("a", "1 + 1") == 2
    with pytest.raises(ValueError, match="two lines are called a"):
        sheet.add("a", "3")


def test_a_word_names_a_table_a_figure_or_nothing() -> None:
    assert indicator("indices.supplier_turnover").word == "supplier_turnover"
    assert indicator("turnover").word == "supplier_turnover.turnover"
    assert indicator("import_share").index.table.name == "import_share"
    for word, says in (
        ("hhi", "import_concentration.hhi"),
        ("nothing", "import_concentration, import_reliance"),
        ("import_concentration.year", "it has: hhi, hhi_low"),
    ):
        with pytest.raises(UsageError, match=says):
            indicator(word)


@pytest.fixture(scope="module")
def home(built: world.Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose one snapshot is the built file."""
    where = world.settings(tmp_path_factory.mktemp("explained"))
    snapshot = where.snapshots / "20261120T093000Z-c0ffee00"
    snapshot.mkdir(parents=True)
    (snapshot / publish.DATABASE).symlink_to(built.settings.build)
    (snapshot / publish.MANIFEST).write_text("{}", encoding="utf-8")
    where.current.symlink_to(snapshot.relative_to(where.current.parent))
    return where.home


@pytest.fixture
def orewatch(
    home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Orewatch:
    monkeypatch.setenv("OREWATCH_HOME", str(home))

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["explain", *arguments])
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return run


JAPAN = ("--importer", "JPN", "--mineral", "rare_earths", "--year")


def test_the_command_shows_rows_lines_result_and_sources(orewatch: Orewatch) -> None:
    code, out, _ = orewatch("import_share", *JAPAN, "2007", "--supplier", "chn")
    assert code == 0
    for says in (
        "HS 284690",
        "rows of mart.trade",
        "import_share = x_CHN / total = 0.911748",
        "import_share_high = 0.911748",
        "✓ equals the table",
        "Etalab 2.0",
    ):
        assert says in out


def test_json_has_every_line_and_each_has_its_value(orewatch: Orewatch) -> None:
    code, out, _ = orewatch("import_concentration.hhi", *JAPAN, "2023", "--json")
    assert code == 0
    told: dict[str, Any] = json.loads(out)
    values: dict[str, float] = {}
    for line in told["lines"]:
        values[line["name"]] = evaluate(line["expression"], values)
        assert values[line["name"]] == line["value"]
    assert values["hhi"] == pytest.approx(told["results"][0]["published"], abs=1e-12)
    assert len(told["rows"]["mart.trade"]) >= len([n for n in values if n.startswith("x_")])
    assert {(s["source"], s["licence"]) for s in told["sources"]} == {("baci", "Etalab 2.0")}


def test_a_null_is_explained_by_its_reason_and_the_rows_that_show_it(orewatch: Orewatch) -> None:
    said = ("--importer", "USA", "--mineral", "germanium", "--year", "2010", "--json")
    code, out, _ = orewatch("import_concentration.hhi", *said)
    told: dict[str, Any] = json.loads(out)
    assert code == 0
    assert told["results"][0]["published"] is told["results"][0]["evaluated"] is None
    assert told["results"][0]["reason"].startswith("code_ended: The code that carried the mineral")
    assert {row["hs6"] for row in told["rows"]["mart.trade"]} == {"811230"}
    assert told["basket"][0]["last_year"] < 2010


def test_where_several_fit_the_commands_that_tell_them_apart_are_printed(
    orewatch: Orewatch,
) -> None:
    asked = ("eu_supply_risk_study.supply_risk", "--edition", "2017", "--key", "material=tungsten")
    code, _, err = orewatch(*asked)
    assert code == 2
    first = next(line for line in err.splitlines() if line.startswith("  orewatch explain"))
    assert orewatch(*shlex.split(first)[2:])[0] == 0
    code, _, err = orewatch("import_share")
    assert code == 2
    assert "say more of --importer, --supplier" in err


def test_where_there_is_none_it_says_what_there_is(orewatch: Orewatch) -> None:
    code, _, err = orewatch("import_concentration.hhi", *JAPAN, "2050")
    assert code == 1
    assert "years there are: 1995 to 2024" in err
    assert orewatch("export_concentration.hhi", *JAPAN, "2023")[0] == 2
    assert orewatch("import_concentration.hhi", *JAPAN, "soon")[0] == 2


def test_arithmetic_that_does_not_equal_the_table_is_said_so(
    orewatch: Orewatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(cell: Row, _: object) -> Sheet:
        sheet = Sheet()
        sheet.add("turnover", f"{cell['turnover']} + 0.001")
        return sheet

    asked = indicator("turnover")
    asked = replace(asked, index=replace(asked.index, explain=wrong))
    monkeypatch.setattr("flows.command.explain.indicator", lambda *_, **__: asked)
    code, out, _ = orewatch("turnover", *JAPAN, "2023")
    assert code == 1
    assert "✗ the table has" in out
