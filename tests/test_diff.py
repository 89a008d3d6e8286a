"""Pairs of snapshots: every cell that differs is found, none is invented, and its causes are right.

All figures are composed: the tiny world, the same world with one edition revised (a value of
2022, a new year, one edition of another source gone), and that one with facts of a user's own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows import lineage, publish, warehouse
from flows.command.differing import Asked, differ
from flows.command.exits import UsageError
from flows.diff import run as tracing
from flows.diff.causes import of_file
from flows.diff.compare import compare
from flows.diff.contract import Cause, Diff, Row, Side, side
from flows.indices import all_indices
from flows.indices.contract import publish as published
from flows.report.changes import changes_html, changes_json, changes_markdown
from flows.settings import Settings
from tests import world

ALL = 10**6
REVISION = Cause("source_revision", f"baci {world.HS92}")
NEW_YEAR = Cause("new_period", f"baci {world.HS92}, 2023")
GONE = Cause("removed_edition", "usgs_mcs 2023")
ALLY = Cause("facts_changed", "overlay/alliances.csv")

REVISED = (2022, world.CHN, world.DEU, "261100", "6600.000", "600.000")
NEXT_YEAR = (
    (2023, world.CHN, world.JPN, "284690", "900.000", "90.000"),
    (2023, world.VNM, world.JPN, "284690", "100.000", "10.000"),
    (2023, world.CHN, world.DEU, "261100", "500.000", "50.000"),
)


def revised_world(folder: Path) -> world.World:
    """The tiny world after a revision."""
    tiny = world.tiny(folder)
    old = (*REVISED[:4], "6000.000", "600.000")
    assert old in world.HS92_FLOWS
    flows = [REVISED if flow == old else flow for flow in world.HS92_FLOWS]
    path = world.baci_zip(folder / "revised", [*flows, world.UNTRACKED, *NEXT_YEAR])
    sources = tuple(
        world.narrowed("usgs_mcs", {"2024": {}}) if source.id == "usgs_mcs" else source
        for source in tiny.sources
    )
    return world.World(sources, {**tiny.files, ("baci", world.HS92): (path,)})


def snapshot(made: world.Built, home: Path, minutes: int) -> Side:
    """Publish a built world in a home, some minutes later; say in its manifest what made it."""
    where = made.settings.model_copy(update={"home": home})
    where.warehouse.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made.settings.build, where.build)
    plan = replace(made.plan(), settings=where, now=world.NOW + timedelta(minutes=minutes))
    path = world.publication(plan)
    with warehouse.snapshot_reader(path / publish.DATABASE) as con:
        known = lineage.lineage(con, made.models, all_indices(), made.sources, made.settings)
    files = lineage.files(made.settings)
    return with_detail(side(path), files, known)


def with_detail(one: Side, files: Mapping[str, str], known: lineage.Lineage) -> Side:
    """A side whose manifest lists files and lineage."""
    inputs = {**one.manifest["inputs"], "files": dict(files)}
    return replace(one, manifest={**one.manifest, "inputs": inputs, "lineage": known})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's snapshots are published."""
    return tmp_path_factory.mktemp("pair")


@pytest.fixture(scope="module")
def first(tiny: world.Built, home: Path) -> Side:
    """The tiny world as it was."""
    return snapshot(tiny, home, 0)


@pytest.fixture(scope="module")
def revised(home: Path) -> Side:
    """The same, revised."""
    after = revised_world(home / "revised" / "in")
    return snapshot(world.built(world.settings(home / "revised"), after), home, 1)


@pytest.fixture(scope="module")
def both(home: Path) -> Side:
    """Revised, and with one more ally."""
    overlay = home / "overlay"
    overlay.mkdir()
    (overlay / "alliances.csv").write_text(
        "alliance,version,iso3,note\nOECD,2021-05,VNM,composed\n", encoding="utf-8"
    )
    after = revised_world(home / "both" / "in")
    where = world.settings(home / "both", facts_overlay=overlay)
    return snapshot(world.built(where, after), home, 2)


@pytest.fixture(scope="module")
def diff_both(first: Side, both: Side) -> Diff:
    """Revised values, a new year, an edition gone and other facts, all at once."""
    return compare(first, both, rows=ALL)


def by_hand(before: Side, after: Side) -> dict[tuple[str, str], set[str]]:
    """Table and key -> columns that differ, found without DuckDB: over the Parquet files."""
    with warehouse.snapshot_reader(after.database) as con:
        words = warehouse.frame(con, "meta.dictionary").filter("in_grain")
    found: dict[tuple[str, str], set[str]] = {}
    for (table,), columns in words.group_by("table"):
        if str(table).startswith("view."):
            continue
        grain = columns.sort("ordinal")["column"].to_list()
        old, new = (
            pl.read_parquet(one.database.parent / "parquet" / f"{table}.parquet")
            for one in (before, after)
        )
        rows = [
            {json.dumps([r[n] for n in grain], default=str): r for r in f.to_dicts()}
            for f in (old, new)
        ]
        for key in rows[0].keys() | rows[1].keys():
            one, other = rows[0].get(key), rows[1].get(key)
            if one is None or other is None:
                found[str(table), key] = {"appeared" if one is None else "vanished"}
            elif differ := {name for name in one if one[name] != other[name]}:
                found[str(table), key] = differ
    return found


def as_found(diff: Diff) -> dict[tuple[str, str], set[str]]:
    """The same of a difference."""
    return {
        (row.table, json.dumps(list(row.key.values()), default=str)): (
            set(row.cells) if row.status == "changed" else {row.status}
        )
        for row in diff.rows
    }


def assert_right(before: Side, after: Side, diff: Diff) -> None:
    """Every cell is found, none invented, none without a cause, and the counts are of the rows."""
    expected = by_hand(before, after)
    assert expected
    assert as_found(diff) == expected
    for change in diff.changes:
        rows = [row for row in diff.rows if row.table == change.table]
        statuses = [row.status for row in rows]
        assert change.appeared == statuses.count("appeared")
        assert change.vanished == statuses.count("vanished")
        assert change.changed == statuses.count("changed")
        assert change.cells == sum(len(row.cells) for row in rows if row.status == "changed")
    assert diff.total == len(diff.rows)
    assert not diff.coarse
    assert [row for row in diff.rows if not row.causes] == []
    assert "unknown" not in {cause.kind for cause in diff.causes}


def test_every_cell_that_differs_is_found_and_none_is_invented(
    first: Side, both: Side, diff_both: Diff
) -> None:
    assert_right(first, both, diff_both)


def rows_of(diff: Diff, table: str, **key: object) -> Iterator[Row]:
    """Rows of a table with these parts of the key."""
    for row in diff.rows:
        if row.table == table and all(row.key[name] == value for name, value in key.items()):
            yield row


def causes_of(diff: Diff, table: str, **key: object) -> set[Cause]:
    """Causes of rows, which are there."""
    rows = list(rows_of(diff, table, **key))
    assert rows, (table, key)
    return {cause for row in rows for cause in row.causes}


TUNGSTEN = {"mineral": "tungsten", "edition": world.HS92}
RARE = {"mineral": "rare_earths", "edition": world.HS92, "importer_iso3": "JPN"}


def test_a_revised_value_is_a_revision_all_the_way_up(diff_both: Diff) -> None:
    rows = list(rows_of(diff_both, "mart.trade", year=2022))
    assert [(row.key["exporter_iso3"], row.key["importer_iso3"]) for row in rows] == [
        ("CHN", "DEU")
    ]
    assert rows[0].cells == {"value_usd": (6_000_000, 6_600_000)}
    for table in ("mart.trade", "mart.mineral_trade", "indices.import_share"):
        assert causes_of(diff_both, table, year=2022, edition=world.HS92) == {REVISION}
    share = next(
        row
        for row in rows_of(diff_both, "indices.import_share", **TUNGSTEN, exporter_iso3="CHN")
        if row.key["importer_iso3"] == "DEU" and row.key["stage"] == "ore"
    )
    # W01: 6,000 of 11,000 thousand dollars; revised, 6,600 of 11,600.
    before, after = share.cells["import_share"]
    assert before == pytest.approx(6_000 / 11_000, abs=1e-12)
    assert after == pytest.approx(6_600 / 11_600, abs=1e-12)


def test_a_new_year_of_an_edition_is_a_new_period(diff_both: Diff) -> None:
    for table in ("mart.trade", "mart.mineral_trade", "indices.import_share"):
        rows = list(rows_of(diff_both, table, year=2023, importer_iso3="JPN"))
        assert {row.status for row in rows} == {"appeared"}
        assert {cause for row in rows for cause in row.causes} == {NEW_YEAR}
    assert causes_of(diff_both, "indices.supplier_turnover", **RARE, year=2023) == {NEW_YEAR}


def test_years_are_made_of_themselves_and_of_earlier_ones(diff_both: Diff) -> None:
    germany = TUNGSTEN | {"importer_iso3": "DEU"}
    turned = "indices.supplier_turnover"
    # 2022 was revised and 2023 is new: the turnover of 2023 is from the one to the other.
    assert causes_of(diff_both, turned, **germany, year=2023) == {REVISION, NEW_YEAR}
    for table in ("indices.choke_point", "indices.geodep", "indices.geopolrisk"):
        assert causes_of(diff_both, table, **TUNGSTEN, year=2022) == {REVISION}, table


def test_what_was_not_revised_has_no_revision(diff_both: Diff) -> None:
    others = [r for r in diff_both.rows if r.key.get("edition") == world.HS17]
    assert {cause for row in others for cause in row.causes} <= {GONE, ALLY}
    rows = list(rows_of(diff_both, "mart.production"))
    assert {(row.status, row.key["edition"], row.causes) for row in rows} == {
        ("vanished", "2023", (GONE,))
    }
    assert causes_of(diff_both, "indices.production_concentration", edition="2023") == {GONE}


def test_where_two_act_at_once_both_are_named(diff_both: Diff) -> None:
    table = "indices.non_allied_share"
    germany = TUNGSTEN | {"importer_iso3": "DEU", "year": 2022, "stage": "ore"}
    assert causes_of(diff_both, table, **germany, alliance="OECD") == {REVISION, ALLY}
    # The other alliances gained no member; Japan's rare earths of 2022 were not revised.
    assert causes_of(diff_both, table, **germany, alliance="G7") == {REVISION}
    assert causes_of(diff_both, table, **RARE, year=2022) == {ALLY}
    assert causes_of(diff_both, table, **RARE, year=2023, alliance="G7") == {NEW_YEAR}
    assert causes_of(diff_both, "indices.import_share", **germany) == {REVISION}
    assert causes_of(diff_both, "ref.alliance_member") == {ALLY}


@pytest.mark.slow
def test_other_facts_are_facts_and_nothing_else(revised: Side, both: Side) -> None:
    diff_facts = compare(revised, both, rows=ALL)
    assert_right(revised, both, diff_facts)
    assert set(diff_facts.causes) == {ALLY}
    tables = {change.table for change in diff_facts.changes}
    assert tables == {"ref.alliance_member", "indices.non_allied_share"}
    rows = list(rows_of(diff_facts, "indices.non_allied_share"))
    assert {row.key["alliance"] for row in rows} == {"OECD"}


@pytest.mark.slow
def test_a_revision_and_the_way_back_from_it(first: Side, revised: Side) -> None:
    there, back = compare(first, revised, rows=ALL), compare(revised, first, rows=ALL)
    assert_right(first, revised, there)
    assert_right(revised, first, back)
    turned = {"appeared": "vanished", "vanished": "appeared", "changed": "changed"}
    assert [(r.table, r.key, turned[r.status]) for r in back.rows] == [
        (r.table, r.key, r.status) for r in there.rows
    ]
    gone = Cause("removed_period", f"baci {world.HS92}, 2023")
    assert causes_of(back, "mart.trade", year=2023) == {gone}
    # Of the edition that is new again, 2021 is in no other.
    new = Cause("new_edition", "usgs_mcs 2023")
    earlier = Cause("new_period", "usgs_mcs 2023, 2021")
    assert causes_of(back, "mart.production", edition="2023", year=2022) == {new}
    assert causes_of(back, "mart.production", edition="2023", year=2021) == {earlier}


def changed_copy(one: Side, folder: Path, sql: str) -> Side:
    """A copy of a snapshot whose file was changed by hand; no content hash is known of it."""
    folder.mkdir()
    path = folder / publish.DATABASE
    shutil.copyfile(one.database, path)
    with duckdb.connect(path) as con:
        con.execute(sql)
    tables = [{**table, "content": None} for table in one.manifest["tables"]]
    return Side("changed", path, {**one.manifest, "tables": tables})


SHIFT = (
    "UPDATE indices.import_share SET import_share = import_share / 2 WHERE mineral = 'tungsten' "
    "AND importer_iso3 = 'DEU' AND exporter_iso3 = 'CHN' AND year = 2022 AND basis = 'value'"
)


def test_a_number_that_nothing_explains_is_said_to_be_unknown(first: Side, tmp_path: Path) -> None:
    changed = changed_copy(first, tmp_path / "changed", SHIFT)
    diff = compare(first, changed, rows=ALL)
    assert {change.table for change in diff.changes} == {"indices.import_share"}
    assert set(diff.causes) == {Cause("unknown")}
    assert diff.largest_share == pytest.approx(6 / 11 / 2)


OTHER_EDITION = f"""
UPDATE meta.edition SET raw_hash = 'other' WHERE edition = '{world.HS92}';
UPDATE mart.trade SET value_usd = value_usd + 1 WHERE edition = '{world.HS92}' AND year = 2022;
UPDATE mart.mineral_trade SET value_usd = value_usd + 1
    WHERE edition = '{world.HS92}' AND mineral = 'rare_earths' AND year = 2022;
UPDATE indices.import_share SET import_share = import_share / 2
    WHERE edition = '{world.HS17}' AND mineral = 'rare_earths' AND year = 2022;
"""  # noqa: S608 - composed


def test_an_edition_is_not_explained_by_another(first: Side, tmp_path: Path) -> None:
    diff = compare(first, changed_copy(first, tmp_path / "changed", OTHER_EDITION), rows=ALL)
    assert causes_of(diff, "indices.import_share", edition=world.HS17) == {Cause("unknown")}
    assert causes_of(diff, "mart.mineral_trade", edition=world.HS92) == {REVISION}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("flows/indices/import_share.py", "code_changed"),
        ("flows/indices/formulas/cells.py", "code_changed"),
        # Shared by all: named where nothing else explains a row.
        ("flows/indices/contract.py", "code_changed"),
        ("requirements.lock", "code_changed"),
        ("expectations/indices.import_share.yml", "check_exception"),
        # Not what this table is made from.
        ("sql/marts/production.sql", "unknown"),
        ("expectations/indices.geodep.yml", "unknown"),
    ],
)
def test_code_is_named_where_a_table_is_made_by_it(
    first: Side, tmp_path: Path, path: str, expected: str
) -> None:
    files = first.manifest["inputs"]["files"]
    assert path in files
    changed = changed_copy(first, tmp_path / "changed", SHIFT)
    changed = with_detail(changed, files | {path: "other"}, first.manifest["lineage"])
    diff = compare(first, changed)
    assert {cause.kind for cause in diff.causes} == {expected}
    assert {cause.what for cause in diff.causes} == {"" if expected == "unknown" else path}


def test_code_and_a_revision_at_once(first: Side, both: Side) -> None:
    path = "flows/indices/import_share.py"
    files = both.manifest["inputs"]["files"] | {path: "other"}
    diff = compare(first, with_detail(both, files, both.manifest["lineage"]), rows=ALL)
    code = Cause("code_changed", path)
    key = TUNGSTEN | {"importer_iso3": "DEU", "year": 2022}
    assert causes_of(diff, "indices.import_share", **key) == {REVISION, code}
    assert causes_of(diff, "indices.import_concentration", **key) == {REVISION}


def without_detail(one: Side) -> Side:
    """A side as snapshots were published before the manifest listed files."""
    manifest = {name: value for name, value in one.manifest.items() if name != "lineage"}
    inputs = {name: value for name, value in manifest["inputs"].items() if name != "files"}
    return replace(one, manifest=manifest | {"inputs": inputs})


@pytest.mark.slow
def test_a_manifest_without_the_detail_names_whatever_differs(first: Side, both: Side) -> None:
    diff = compare(without_detail(first), without_detail(both), rows=ALL)
    assert diff.coarse
    assert as_found(diff) == by_hand(first, both)
    kinds = {row.table: {c.kind for c in row.causes} for row in diff.rows}
    assert kinds["ref.alliance_member"] == {"facts_changed"}
    assert "unknown" not in {cause.kind for cause in diff.causes}
    # Editions are known all the same, and their periods.
    assert REVISION in causes_of(diff, "mart.trade", year=2022)
    assert REVISION not in causes_of(diff, "mart.trade", year=2023)


def test_equal_snapshots_do_not_differ(first: Side) -> None:
    diff = compare(first, replace(first, name="again"), rows=ALL)
    assert (diff.total, diff.changes, diff.relative, diff.absolute) == (0, [], [], {})
    assert "Nothing changed" in changes_markdown(diff)


def test_the_largest_moves_are_the_largest(diff_both: Diff) -> None:
    moved: dict[str, list[float]] = {}
    relative = []
    units = {m.table + m.column: m.unit for ms in diff_both.absolute.values() for m in ms}
    for row in diff_both.rows:
        for column, (old, new) in row.cells.items():
            unit = units.get(row.table + column)
            if row.status == "changed" and unit and None not in (old, new):
                moved.setdefault(unit, []).append(abs(float(new - old)))
                relative += [abs(float(new - old)) / abs(float(old))] if old else []
    for unit, moves in diff_both.absolute.items():
        expected = sorted(moved[unit], reverse=True)[: len(moves)]
        assert [abs(move.absolute) for move in moves] == pytest.approx(expected)
    assert diff_both.relative[0].relative is not None
    assert abs(diff_both.relative[0].relative) == pytest.approx(max(relative))
    assert diff_both.largest_share == max(
        max(moved["share"], default=0), max(moved.get("hhi", []), default=0)
    )
    assert all(move.causes for moves in diff_both.absolute.values() for move in moves)


def test_the_report_is_the_same_bytes_every_time(first: Side, both: Side, diff_both: Diff) -> None:
    again = compare(first, both, rows=ALL, threads=1)
    assert changes_markdown(again) == changes_markdown(diff_both)
    assert changes_html(again) == changes_html(diff_both)
    text = changes_markdown(diff_both)
    assert f"| {REVISION.words} |" in text
    assert "| indices.non_allied_share.non_allied_share |" in text
    assert json.loads(json.dumps(changes_json(diff_both)))["rows_cut"] is False
    page = changes_html(diff_both)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.slow
def test_every_change_can_be_had_as_parquet(
    first: Side, both: Side, diff_both: Diff, tmp_path: Path
) -> None:
    compare(first, both, parquet=tmp_path / "out")
    rows = {path.stem: pl.read_parquet(path) for path in (tmp_path / "out").glob("*.parquet")}
    assert {table: frame.height for table, frame in rows.items()} == {
        c.table: c.appeared + c.vanished + c.changed for c in diff_both.changes
    }
    germany = rows["indices.non_allied_share"].filter(
        importer_iso3="DEU", mineral="tungsten", year=2022, stage="ore", alliance="OECD"
    )
    assert germany["_causes"].to_list()[0] == sorted([ALLY.words, REVISION.words])


def shown(
    capsys: pytest.CaptureFixture[str],
    where: Settings,
    *names: str,
    **asked: Any,  # noqa: ANN401
) -> tuple[int, str, str]:
    """What the command shows: exit code, output, errors."""
    code = differ(Asked(names, **asked), where)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.slow
def test_the_command_compares_the_last_two_and_fails_past_a_threshold(
    first: Side, both: Side, home: Path, diff_both: Diff, capsys: pytest.CaptureFixture[str]
) -> None:
    where = world.settings(home)
    code, out, _ = shown(capsys, where, first.name, both.name)
    assert code == 0
    assert "indices.non_allied_share" in out
    assert f"{diff_both.total:,} rows in {len(diff_both.changes)} tables differ" in out
    code, out, _ = shown(capsys, where, first.name, both.name, form="json", rows=3)
    body = json.loads(out)
    assert (code, body["after"], len(body["rows"]), body["rows_cut"]) == (0, both.name, 3, True)
    assert body["largest_share_move"] == pytest.approx(diff_both.largest_share)
    for form, start in (("markdown", "# What changed in"), ("html", "<!DOCTYPE html>")):
        assert shown(capsys, where, first.name, both.name, form=form)[1].startswith(start)
    fail = diff_both.largest_share
    assert shown(capsys, where, first.name, both.name, fail=fail)[0] == 0
    code, _, errors = shown(capsys, where, first.name, both.name, fail=fail - 1e-6)
    assert code == 7
    assert "a share moved by" in errors


@pytest.mark.parametrize("asked", [{"fail": 5.0}, {"names": ("1", "2", "3")}])
def test_what_cannot_be_compared_is_a_matter_of_usage(home: Path, asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        differ(Asked(**asked), world.settings(home))


def test_an_exception_is_one_wherever_it_stands() -> None:
    assert of_file("warehouse/facts/check_exceptions.csv").kind == "check_exception"
    assert of_file("warehouse/facts/caps.csv").kind == "facts_changed"
    assert of_file("overlay/minerals/own.yaml").kind == "facts_changed"
    assert of_file("sql/marts/trade.sql").kind == "code_changed"


def computed(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Every index over these frames."""
    from flows import build  # noqa: PLC0415

    made = {name: frame.lazy() for name, frame in frames.items()}
    out = {}
    for one in build.in_order(all_indices()):
        inputs = {build.argument(name): made[name] for name in one.inputs}
        result = published(one.compute(**inputs), one.table)
        out[one.table.id] = result.with_columns(pl.col(pl.Categorical).cast(pl.String))
        made[one.table.id] = out[one.table.id].lazy()
    return out


PROBES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("mart.mineral_trade", "value_usd", {"year": 2022, "importer_iso3": "JPN"}),
    ("mart.mineral_trade", "value_usd", {"year": 2006, "importer_iso3": "DEU"}),
    ("mart.mineral_trade", "value_usd", {"year": 1998, "importer_iso3": "JPN"}),
    ("mart.production", "mass_kg", {"year": 2022, "area": "CHN"}),
    ("mart.governance", "estimate", {"year": 2006, "iso3": "CHN"}),
)
"""Rows that are changed to see what follows: a table, a column, whose rows."""


@pytest.mark.parametrize(
    ("table", "column", "rows"),
    [PROBES[0], *(pytest.param(*p, marks=pytest.mark.slow) for p in PROBES[1:])],
)
def test_tables_keep_apart_what_the_tracing_relies_on(
    tiny: world.Built, table: str, column: str, rows: dict[str, Any]
) -> None:
    """A number moves only with figures of its mineral, its edition, and its year or an earlier."""
    names = {name for one in all_indices() for name in one.inputs if not name.startswith("indices")}
    with duckdb.connect(tiny.settings.build, read_only=True) as con:
        frames = {name: con.execute(f"SELECT * FROM {name}").pl() for name in names}  # noqa: S608
    touched = pl.all_horizontal(pl.col(name) == value for name, value in rows.items())
    first = frames[table].filter(touched & (pl.col(column) != 0)).head(1)
    assert first.height
    keys = {n: first[n][0] for n in ("mineral", "source", "edition") if n in first.columns}
    touched &= pl.all_horizontal(pl.col(name) == value for name, value in keys.items())
    factor = pl.int_range(pl.len()) + 3
    moved = pl.when(touched).then(pl.col(column) * factor).otherwise(pl.col(column))
    dtype = frames[table].schema[column]
    after = frames | {table: frames[table].with_columns(moved.cast(dtype).alias(column))}
    old, new = computed(frames), computed(after)
    seen = 0
    for one in all_indices():
        grain = list(one.table.grain)
        both = old[one.table.id].join(
            new[one.table.id], on=grain, how="full", coalesce=True, suffix=" new"
        )
        values = [name for name in old[one.table.id].columns if name not in grain]
        differ = [pl.col(name).ne_missing(pl.col(f"{name} new")) for name in values]
        found = both.filter(pl.any_horizontal(differ))
        seen += found.height
        same = {"mineral", *tracing.WITHIN.get(one.table.id, ())}
        for name in sorted(same & rows.keys() & set(grain)):
            assert set(found[name]) <= {rows[name]}, (one.table.id, name)
        if "year" in grain:
            assert (found["year"] >= rows["year"]).all(), one.table.id
        if "mineral" in keys and "mineral" in grain:
            assert set(found["mineral"]) <= {keys["mineral"]}, one.table.id
        if {"source", "edition"} <= set(grain):
            own = found.filter(source=keys["source"])
            assert set(own["edition"]) <= {keys["edition"]}, one.table.id
    assert seen
