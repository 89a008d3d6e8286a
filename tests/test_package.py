"""A snapshot can be deposited: its manifest is a Frictionless data package, and it can be cited.

The files here are composed; the tables and the sources' descriptions are the project's own.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from flows import build, publish, quality
from flows.facts import read_facts
from flows.indices.contract import Table
from flows.marts import read_models
from flows.package import TYPES, citation, datapackage
from flows.sources.contract import read_source, source_ids
from flows.sources.raw import sha256
from tests import world
from tests.published import frame

RESOURCE_NAME = re.compile(r"[-a-z0-9._/]+")
"""What the standard lets a package and a resource be called (Data Package 1.0)."""
LICENCE_NAME = re.compile(r"[-a-zA-Z0-9._]+")


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    where = world.settings(Path())
    made = build.tables_without_gate(read_facts(where.facts), read_models(where.sql))
    return [*made, quality.CHECK_TABLE, quality.FAILING_ROW_TABLE]


def manifest_of_all_sources() -> dict[str, Any]:
    """As much of a manifest as a package is made of, with every source that is described."""
    return {
        "id": "20261120T093000Z-c0ffee00",
        "created": "2026-11-20T09:30:00+00:00",
        "content": "c0ffee00" * 8,
        "sources": [
            {
                "id": source.id,
                "title": source.title,
                "producer": source.producer,
                "editions": [edition.id for edition in source.editions],
                "licence": source.licence.model_dump(),
                "citation": source.citation.strip(),
                "origin": source.origin,
            }
            for source in map(read_source, source_ids())
        ],
    }


@pytest.fixture(scope="module")
def package(tables: list[Table], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a snapshot's, with an empty Parquet file of every table."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "parquet").mkdir()
    for table in tables:
        if table.schema != "view":
            frame(table, ()).write_parquet(folder / "parquet" / f"{table.id}.parquet")
    for name in (publish.DATABASE, "quality.html", "quality.json", "changes.md", "CITATION.cff"):
        (folder / name).write_text("composed", encoding="utf-8")
    files = [
        {
            "path": path.relative_to(folder).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": sha256(path),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    body = datapackage(manifest_of_all_sources(), files, tables)
    (folder / publish.MANIFEST).write_text(json.dumps(body), encoding="utf-8")
    return folder


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a folder."""
    body: dict[str, Any] = json.loads((folder / publish.MANIFEST).read_text(encoding="utf-8"))
    return body


def test_every_file_is_a_resource_with_its_size_and_hash(package: Path) -> None:
    body = read(package)
    listed = {one["path"]: one for one in body["resources"]}
    assert set(listed) == {file["path"] for file in body["files"]}
    for file in body["files"]:
        one = listed[file["path"]]
        assert (one["bytes"], one["hash"]) == (file["bytes"], f"sha256:{file['sha256']}")
    names = [one["name"] for one in body["resources"]]
    assert len(set(names)) == len(names)
    assert [name for name in [body["name"], *names] if not RESOURCE_NAME.fullmatch(name)] == []


def test_every_column_of_every_table_is_described(package: Path, tables: list[Table]) -> None:
    schemas = {one["name"]: one.get("schema") for one in read(package)["resources"]}
    for table in tables:
        if table.schema == "view":
            continue
        schema = schemas[table.id]
        assert [field["name"] for field in schema["fields"]] == list(table.polars)
        assert schema["primaryKey"] == list(table.grain)
        for field, column in zip(schema["fields"], table.columns, strict=True):
            assert field["type"] == TYPES[column.type]
            assert field.get("unit", "") == column.unit
            assert field.get("constraints", {}).get("required", False) is not column.nullable
        for key in schema.get("foreignKeys", []):
            target = schemas[key["reference"]["resource"]]
            assert key["reference"]["fields"] in [field["name"] for field in target["fields"]]


def test_licences_and_sources_are_as_the_standard_has_them(package: Path) -> None:
    body = read(package)
    for licence in body["licenses"]:
        assert LICENCE_NAME.fullmatch(licence["name"])
        assert "://" in licence.get("path", "://")
    assert {source["id"] for source in body["sources"]} == set(source_ids())
    assert all(source["title"] for source in body["sources"])
    assert [s["origin"] for s in body["sources"] if "path" in s and "://" not in s["path"]] == []


def test_the_frictionless_tool_finds_the_package_valid(package: Path) -> None:
    frictionless = pytest.importorskip("frictionless", reason="frictionless is not installed")
    report = frictionless.validate(str(package / publish.MANIFEST))
    assert report.flatten(["title", "note"]) == []
    assert len(report.tasks) == len(read(package)["files"])


def test_the_frictionless_tool_finds_a_changed_byte(package: Path, tmp_path: Path) -> None:
    frictionless = pytest.importorskip("frictionless", reason="frictionless is not installed")
    body = read(package)
    file = next(one for one in body["resources"] if one["path"] == "quality.html")
    file["hash"] = "sha256:" + "0" * 64
    body["resources"] = [file]
    (tmp_path / "quality.html").write_bytes((package / "quality.html").read_bytes())
    (tmp_path / publish.MANIFEST).write_text(json.dumps(body), encoding="utf-8")
    assert not frictionless.validate(str(tmp_path / publish.MANIFEST)).valid


def test_the_citation_names_every_source_and_is_the_same_every_time() -> None:
    body = manifest_of_all_sources()
    text = citation(body)
    assert citation(body | {"sources": body["sources"][::-1]}) == text
    cited = yaml.safe_load(text)
    assert cited["cff-version"] == "1.2.0"
    assert (cited["type"], cited["version"]) == ("dataset", body["id"])
    # A date and versions stay texts, as the format wants them.
    assert cited["date-released"] == "2026-11-20"
    assert {one["title"] for one in cited["references"]} == {s["title"] for s in body["sources"]}
    assert all(isinstance(one["version"], str) for one in cited["references"])
    assert all(one["authors"][0]["name"] for one in cited["references"])


def test_a_published_snapshot_is_a_data_package(tiny: world.Built, tmp_path: Path) -> None:
    where = tiny.settings.model_copy(update={"home": tmp_path})
    where.warehouse.mkdir(parents=True)
    where.build.write_bytes(tiny.settings.build.read_bytes())
    snapshot = world.publication(replace(tiny.plan(), settings=where))
    body = read(snapshot)
    assert {one["path"] for one in body["resources"]} == {one["path"] for one in body["files"]}
    assert {"changes.md", "CITATION.cff"} <= {one["path"] for one in body["files"]}
    assert body["lineage"]["mart.trade"]["reads"]
    path = snapshot / "parquet" / "mart.trade.parquet"
    fields = next(one for one in body["resources"] if one["name"] == "mart.trade")["schema"]
    assert [field["name"] for field in fields["fields"]] == pl.read_parquet_schema(path).names()
