"""Verification: whatever is not as published is found, and the first difference is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows import publish, warehouse
from flows.command import verifying
from flows.rebuild import VerifyError, recomputed
from flows.settings import Settings
from flows.sources.raw import sha256
from flows.verify import verify
from tests import world


@pytest.fixture(scope="module")
def published(tiny: world.Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a snapshot of the tiny world, and the raw bytes it was made from."""
    home = tmp_path_factory.mktemp("verified")
    where = tiny.settings.model_copy(update={"home": home})
    where.warehouse.mkdir(parents=True)
    shutil.copyfile(tiny.settings.build, where.build)
    shutil.copytree(tiny.settings.raw, where.raw)
    world.publication(replace(tiny.plan(), settings=where))
    return home


@pytest.fixture
def home(published: Path, tmp_path: Path) -> Settings:
    """A home of this test's own."""
    shutil.copytree(published, tmp_path / "home", symlinks=True)
    return world.settings(tmp_path / "home")


def current(settings: Settings) -> Path:
    """The snapshot of a home."""
    found = publish.current(settings.current)
    assert found is not None
    return found


def reseal(snapshot: Path, change: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
    """Make a manifest's list of files true again, as somebody would who hides a change."""
    path = snapshot / publish.MANIFEST
    body = json.loads(path.read_text(encoding="utf-8"))
    change(body)
    for entry in body["files"]:
        file = snapshot / entry["path"]
        entry |= {"bytes": file.stat().st_size, "sha256": sha256(file)}
    path.write_text(json.dumps(body), encoding="utf-8")


def changed(snapshot: Path, *statements: str) -> None:
    """Change the database of a snapshot, and hide it in the list of files."""
    with duckdb.connect(snapshot / publish.DATABASE) as con:
        for statement in statements:
            con.execute(statement)
    reseal(snapshot)


def test_what_was_published_is_what_it_says(published: Path) -> None:
    where = world.settings(published)
    steps = verify(current(where), where, quick=True)
    assert [step.name for step in steps] == ["files", "rows", "columns", "keys", "content"]


@pytest.mark.parametrize("name", ["parquet/mart.trade.parquet", "quality.html", "orewatch.duckdb"])
def test_one_byte_is_found(home: Settings, name: str) -> None:
    path = current(home) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(VerifyError, match=rf"{name}: SHA-256 \w+; \w+ listed"):
        verify(current(home), home, quick=True)


def test_a_file_too_few_one_too_many_and_one_too_short(home: Settings) -> None:
    snapshot = current(home)
    strange = snapshot / "parquet" / "own.parquet"
    strange.touch()
    with pytest.raises(VerifyError, match=r"own\.parquet: not in the manifest"):
        verify(snapshot, home, quick=True)
    strange.unlink()
    page = snapshot / "quality.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(text[:-1], encoding="utf-8")
    with pytest.raises(VerifyError, match=r"quality\.html: [\d,]+ bytes; [\d,]+ listed"):
        verify(snapshot, home, quick=True)
    page.unlink()
    with pytest.raises(VerifyError, match=r"quality\.html: missing"):
        verify(snapshot, home, quick=True)
    elsewhere = home.home / "page.html"
    elsewhere.write_text(text, encoding="utf-8")
    page.symlink_to(elsewhere)
    with pytest.raises(VerifyError, match=r"quality\.html"):
        verify(snapshot, home, quick=True)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "DELETE FROM mart.trade WHERE year = 1998",
            r"mart\.trade: \d+ rows; \d+ listed",
        ),
        ("CREATE TABLE mart.own AS SELECT 1 AS one", r"mart\.own: in orewatch\.duckdb, but not"),
        ("DROP TABLE indices.geodep", r"indices\.geodep: not in orewatch\.duckdb"),
        (
            "ALTER TABLE mart.trade ALTER value_usd TYPE DOUBLE",
            r"mart\.trade: column \('value_usd', 'BIGINT'\) declared, \('value_usd', 'DOUBLE'\)",
        ),
        ("ALTER TABLE mart.trade DROP mass_kg", r"mart\.trade: column \('mass_kg', 'BIGINT'\)"),
        ("UPDATE mart.trade SET value_usd = NULL", r"mart\.trade\.value_usd: \d+ nulls"),
        (
            "UPDATE mart.trade SET importer_iso3 = 'QQQ' WHERE year = 1998",
            r"mart\.trade: two rows have|mart\.trade\.importer_iso3: 'QQQ' is not in mart\.economy",
        ),
        (
            "UPDATE indices.import_concentration SET flags = ['own'] WHERE year = 1998",
            r"indices\.import_concentration\.flags: 'own' is not in ref\.flag\.flag",
        ),
        ("UPDATE meta.source SET source = 'baci'", r"meta\.source: two rows have the key"),
        ("UPDATE mart.trade SET mass_kg = mass_kg + 1", r"mart\.trade: its content is not what"),
    ],
)
def test_a_change_in_the_database_is_found(home: Settings, statement: str, message: str) -> None:
    """Even where the list of files was made to fit."""
    changed(current(home), statement)
    with pytest.raises(VerifyError, match=message):
        verify(current(home), home, quick=True)


def test_a_parquet_file_that_differs_from_its_table_is_found(home: Settings) -> None:
    path = current(home) / "parquet" / "mart.trade.parquet"
    frame = pl.read_parquet(path)
    frame.with_columns(pl.col("value_usd") + 1).write_parquet(path)
    reseal(current(home))
    with pytest.raises(VerifyError, match=r"mart\.trade\.parquet: its content is not that of"):
        verify(current(home), home, quick=True)


def test_the_command_says_what_differs(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert verifying.verify_and_show(home, None, quick=True, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    (current(home) / "quality.html").unlink()
    assert verifying.verify_and_show(home, None, quick=True, as_json=True) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert "quality.html: missing" in said["differs"]


@pytest.fixture
def uncorrected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The corrections of published figures have nothing to touch in composed ones."""
    monkeypatch.setattr("flows.sources.usgs_mcs.stage.read_corrections", lambda _: [])


@pytest.mark.usefixtures("uncorrected")
def test_the_numbers_recompute_from_the_raw_bytes(tiny: world.Built, published: Path) -> None:
    where = world.settings(published)
    snapshot = current(where)
    says = recomputed(snapshot, publish.read_manifest(snapshot), where, tiny.sources)
    editions = sum(len(source.editions) for source in tiny.sources)
    assert f"built anew from {editions} kept editions" in says


def hidden(snapshot: Path, table: str, statement: str) -> None:
    """Change a number in the database, in Parquet, and in every hash of the manifest."""
    changed(snapshot, statement)
    with duckdb.connect(snapshot / publish.DATABASE, read_only=True) as con:
        path = snapshot / "parquet" / f"{table}.parquet"
        con.execute(f"COPY {table} TO '{path}' (FORMAT parquet)")
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as reader:
        digest = publish.content_hash(warehouse.batches(reader, table))

    def consistent(body: dict[str, Any]) -> None:
        for entry in body["tables"]:
            entry["content"] = digest if entry["name"] == table else entry["content"]
        listed = {t["name"]: t["content"] for t in body["tables"] if t["content"]}
        body["content"] = publish.combined_hash(listed)

    reseal(snapshot, consistent)


@pytest.mark.slow
@pytest.mark.usefixtures("uncorrected")
def test_a_number_changed_everywhere_is_found_by_building_anew(
    tiny: world.Built, home: Settings
) -> None:
    table = "indices.import_share"
    hidden(current(home), table, "UPDATE indices.import_share SET import_share = import_share / 2")
    # Nothing but the arithmetic can tell.
    assert verify(current(home), home, quick=True)
    with pytest.raises(VerifyError, match=r"import_share: built anew .* its content is another"):
        verify(current(home), home, sources=tiny.sources)


def test_where_bytes_or_code_are_others_nothing_is_recomputed_and_that_is_said(
    tiny: world.Built, home: Settings
) -> None:
    snapshot = current(home)
    body = publish.read_manifest(snapshot)
    kept = next((home.raw / "baci" / world.HS92).iterdir())
    path = next(kept.iterdir())
    path.write_bytes(path.read_bytes() + b"0")
    with pytest.raises(VerifyError, match="changed since they were kept"):
        recomputed(snapshot, body, home, tiny.sources)
    shutil.rmtree(kept)
    says = recomputed(snapshot, body, home, tiny.sources)
    assert says == f"not recomputed: the raw bytes of baci {world.HS92} are not kept"
    body["inputs"] |= {"code": "other"}
    says = recomputed(snapshot, body, home, tiny.sources)
    assert says == "not recomputed: code is not what it was then"
