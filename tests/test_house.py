"""The laws of the house, kept by machine: what may import what, and what every column promises."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import yaml

from flows import build, meta, quality
from flows.facts import Facts, read_facts
from flows.indices import all_indices
from flows.indices.contract import Column, Table
from flows.marts import SCHEMAS, read_models
from flows.settings import CHECKOUT
from flows.sources.contract import read_source, source_ids

FLOWS = CHECKOUT / "flows"
MODULES = sorted(FLOWS.rglob("*.py"))
SQL = sorted((CHECKOUT / "sql").rglob("*.sql"))
MOST_LINES, MANY_LINES = 300, 150

DOORS = {
    "prefect": ("snapshot", "refresh", "backfill", "schedule"),
    "duckdb": ("warehouse",),
    "great_expectations": ("quality",),
    "httpx": ("sources.fetch",),
    "fastexcel": ("sources",),
}
"""Heavy library -> the modules or packages below flows/ that may import it."""


def name_of(path: Path) -> str:
    """`flows.sources.baci.stage` for its file; a package for its `__init__.py`."""
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, anywhere in it, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            module = node.module or ""
            yield module, node.lineno
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def below(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a module is one of these, or lies in one of them."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("library", DOORS)
def test_a_heavy_library_has_one_door(library: str) -> None:
    allowed = tuple(f"flows.{door}" for door in DOORS[library])
    strays = [
        f"{path}:{line}"
        for path in MODULES
        for module, line in imports(path)
        if below(module, (library,)) and not below(name_of(path), allowed)
    ]
    assert strays == []


def test_indices_import_polars_and_their_own_kind() -> None:
    allowed = ("polars", "flows.indices", *sys.stdlib_module_names)
    random = set()
    for path in sorted((FLOWS / "indices").rglob("*.py")):
        foreign = {m for m, _ in imports(path) if not below(m, allowed)}
        if any(below(module, ("numpy",)) for module in foreign):
            random.add(path.name)
        assert {m for m in foreign if not below(m, ("numpy",))} == set(), path
    assert len(random) <= 1, random


def test_no_import_cycle() -> None:
    known = {name_of(path) for path in MODULES}
    graph = {
        name_of(path): {m for m, _ in imports(path) if m in known and m != name_of(path)}
        for path in MODULES
    }
    # `from flows import x` names the package too, which imports nothing.
    graph = {name: found - {"flows"} for name, found in graph.items()}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_files_are_short() -> None:
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in [*MODULES, *SQL]}
    assert {str(p): n for p, n in lengths.items() if n > MOST_LINES} == {}
    many = [p for p, n in lengths.items() if n > MANY_LINES]
    assert len(many) <= len(lengths) / 3, f"{len(many)} of {len(lengths)} files are long"


def test_no_file_is_named_for_nothing() -> None:
    for path in [*MODULES, *SQL, *(CHECKOUT / "tests").rglob("*.py")]:
        words = set(re.split(r"[/_.]", str(path.relative_to(CHECKOUT))))
        assert not words & {"util", "utils", "helper", "helpers", "common", "misc"}, path


QUERY_PATH = """
import sys
import flows.cli
import flows.warehouse, flows.publish, flows.settings, flows.facts
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_the_command_starts_without_the_slow_libraries() -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUERY_PATH], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "polars" in loaded
    assert loaded & {"prefect", "great_expectations", "httpx", "altair", "pandas"} == set()


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(CHECKOUT / "warehouse" / "facts")


def published(facts: Facts) -> list[Table]:
    """Every table of a snapshot."""
    tables = build.tables_without_gate(facts, read_models(CHECKOUT / "sql"))
    return [*tables, quality.CHECK_TABLE, quality.FAILING_ROW_TABLE]


@pytest.fixture(scope="module")
def tables(facts: Facts) -> list[Table]:
    """Every declared table, the staged ones included."""
    return [*published(facts), *(read_source(name).table for name in source_ids())]


def columns(tables: list[Table]) -> Iterator[tuple[Table, Column]]:
    """Every column of every table."""
    for table in tables:
        for column in table.columns:
            yield table, column


def test_every_table_and_column_has_a_meaning(tables: list[Table]) -> None:
    nameless = [t.id for t in tables if not t.meaning.strip() or not t.grain]
    nameless += [f"{t.id}.{c.name}" for t, c in columns(tables) if not c.meaning.strip()]
    assert nameless == []


def test_every_unit_is_a_unit(tables: list[Table], facts: Facts) -> None:
    units = set(facts.frame("unit")["unit"])
    strange = [
        f"{t.id}.{c.name}: {c.unit}" for t, c in columns(tables) if c.unit not in {"", *units}
    ]
    assert strange == []


SHARE = {"unit": "share", "low": 0, "high": 1}
PROMISED_BY_NAME: dict[str, dict[str, object]] = {
    r"hhi(_low|_high|_normalised)?": SHARE | {"unit": "hhi"},
    r"cr\d+": SHARE,
    r"(.*_)?share(_low|_high)?": SHARE,
    r".*_usd(_low|_high)?": {"unit": "USD"},
    r".*_kg(_low|_high)?": {"unit": "kg"},
    r"(.*_)?year": {"type": "year"},
    r".*iso3": {"type": "text"},
}
"""What a column's name promises of it."""


def test_a_column_is_what_its_name_says(tables: list[Table]) -> None:
    broken = [
        f"{table.id}.{column.name}: {promised}"
        for table, column in columns(tables)
        for name, promised in PROMISED_BY_NAME.items()
        if re.fullmatch(name, column.name)
        and any(getattr(column, key) != value for key, value in promised.items())
    ]
    assert broken == []


def test_nothing_is_in_percent(tables: list[Table]) -> None:
    named = [f"{t.id}.{c.name}" for t, c in columns(tables) if re.search("percent|pct", c.name)]
    assert named == []


def test_periods_are_years_or_months(tables: list[Table]) -> None:
    words = {"period", "quarter", "week", "yr", "time", "fiscal"}
    strays = [f"{t.id}.{c.name}" for t, c in columns(tables) if words & set(c.name.split("_"))]
    # The part of a confidence that says whether a year is final.
    assert set(strays) <= {"indices.certainty.c_time"}


def test_a_code_has_its_revision(tables: list[Table]) -> None:
    bare = [t.id for t in tables if "hs6" in t.grain and "hs_revision" not in t.polars]
    assert [name for name in bare if not name.startswith("indices.")] == []


def test_a_number_that_may_be_missing_has_a_reason(tables: list[Table]) -> None:
    for table in (t for t in tables if t.schema == "indices"):
        if any(c.nullable and c.type == "float" for c in table.columns):
            assert "reason" in table.polars, table.id


def test_a_share_of_trade_says_of_what(tables: list[Table]) -> None:
    for table in (t for t in tables if t.schema == "indices"):
        if table.polars.keys() & {"import_share", "hhi"}:
            assert "basis" in table.grain, table.id


def test_the_same_name_is_the_same_quantity(tables: list[Table]) -> None:
    seen: dict[str, dict[tuple[str, str], str]] = {}
    for table, column in columns(tables):
        if column.unit and table.schema in {"mart", "indices"}:
            kind = (column.type, column.unit)
            seen.setdefault(column.name, {}).setdefault(kind, table.id)
    assert {name: kinds for name, kinds in seen.items() if len(kinds) > 1} == {}


def test_foreign_keys_name_columns(tables: list[Table]) -> None:
    known = {f"{t.id}.{c.name}": c.type for t, c in columns(tables)}
    dangling = [
        f"{t.id}.{c.name} -> {c.key}"
        for t, c in columns(tables)
        if c.key and c.key.partition("?")[0] not in known
    ]
    assert dangling == []
    # A published table leans on published ones only: staging does not leave the build.
    leaning = [f"{t.id}.{c.name}" for t, c in columns(tables) if c.key.startswith("staging.")]
    assert leaning == []


def test_flags_reasons_and_stages_are_closed_lists(tables: list[Table]) -> None:
    lists = {"flags": "flag", "reason": "reason", "stage": "stage", "basis": "basis"}
    for table, column in columns([t for t in tables if t.schema in {"mart", "indices"}]):
        if column.name in lists:
            name = lists[column.name]
            assert column.key == f"ref.{name}.{name}" or column.values, f"{table.id}.{column.name}"


def test_every_index_says_how_and_after_whom() -> None:
    for index in all_indices(experimental=True):
        assert index.table.formula, index.table.id
        assert index.table.citation, index.table.id
        assert (index.compute.__doc__ or "").strip(), index.table.id


def test_every_published_table_has_a_suite_and_every_suite_a_table(facts: Facts) -> None:
    suites = {path.stem for path in (CHECKOUT / "expectations").glob("*.yml")}
    late = {quality.CHECK_TABLE.id, quality.FAILING_ROW_TABLE.id}
    assert suites == {table.id for table in published(facts)} - late


def test_a_sql_file_lies_where_its_schema_says() -> None:
    # Recipes are scripts for the tools that people use, of several statements each.
    known = {*SCHEMAS, "queries", "recipes"}
    assert [str(path) for path in SQL if path.parent.name not in known] == []
    for model in (m for m in read_models(CHECKOUT / "sql") if m.path.suffix == ".sql"):
        assert model.table.name == model.path.stem
        assert SCHEMAS[model.path.parent.name] == model.table.schema
        assert ";" not in re.sub(r"'[^']*'", "", model.sql), f"{model.path}: one SELECT a file"


def test_authored_numbers_have_a_unit_and_a_source(facts: Facts) -> None:
    """A number in the facts is measured in something, and somebody is behind it."""
    for table in facts.tables:
        numbers = [c for c in table.columns if c.type in {"float", "decimal"}]
        assert [f"{table.id}.{c.name}" for c in numbers if not c.unit] == []
        if numbers and table.name not in SOURCED_ELSEWHERE:
            assert any(c.name.endswith("source") for c in table.columns), table.id


SOURCED_ELSEWHERE = {
    "specificity": "our own design, said in flows/indices/formulas/confidence.py",
    "unit": "definitions of the units themselves",
}


def test_facts_are_data_and_not_code(facts: Facts) -> None:
    """No mineral, country or HS code as a text of its own in the code."""
    minerals = set(facts.frame("mineral")["mineral"])
    countries = set(facts.frame("country")["iso3"])
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            text = node.value
            if text in minerals | countries or re.fullmatch(r"\d{6}", text):
                found.append(f"{path}:{node.lineno}: {text}")
    assert found == []


ADDRESS = re.compile(r"\w+://(?!127\.0\.0\.1|localhost|\{)[\w.-]+\.\w+|\bwww\.[\w.-]+")


def test_hosts_stand_in_source_yml_only() -> None:
    found = [
        f"{path}:{number}: {match.group()}"
        for path in [*MODULES, *SQL]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (match := ADDRESS.search(line))
    ]
    assert found == []
    for name in source_ids():
        source = yaml.safe_load((FLOWS / "sources" / name / "source.yml").read_text("utf-8"))
        host = re.match(r"https://([^/]+)", source["origin"])
        assert not host or host.group(1) in source["hosts"], name


def test_meta_says_which_version_of_the_tables(tables: list[Table]) -> None:
    assert meta.VERSION.id in {table.id for table in tables}


def test_the_readme_is_finished() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert "@@" not in text
    verbs = {"query", "explain", "snapshots", "article verify", "doctor", "sources", "serve"}
    assert "make run" in text
    assert {verb for verb in verbs if f"orewatch {verb}" not in text} == set()
