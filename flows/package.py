"""The manifest as a Frictionless data package, and how a snapshot is cited.

A snapshot can be deposited as it is: the manifest's own keys stand beside those of the standard
(Data Package 1.0), which names every file with its hash and every column of every table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from flows.indices.contract import Column, Table

PROFILE = "data-package"
TITLE = "Critical-minerals risk indicators"
KEYWORDS = ("critical minerals", "import dependency", "concentration", "supply risk")
OWN = "The orewatch project"

TYPES: Mapping[str, str] = {
    "text": "string",
    "int": "integer",
    "year": "year",
    "float": "number",
    "decimal": "number",
    "bool": "boolean",
    "date": "date",
    "texts": "array",
}
"""Our column types -> the standard's."""

KINDS: Mapping[str, tuple[str, str]] = {
    ".parquet": ("parquet", "application/vnd.apache.parquet"),
    ".duckdb": ("duckdb", "application/vnd.duckdb"),
    ".json": ("json", "application/json"),
    ".html": ("html", "text/html"),
    ".md": ("md", "text/markdown"),
    ".cff": ("cff", "application/yaml"),
}
"""Ending of a file -> format and media type."""
OTHER = ("bin", "application/octet-stream")

File = Mapping[str, Any]
"""`path`, `bytes` and `sha256` of a file, as a manifest lists it."""


def datapackage(
    body: Mapping[str, Any], files: Sequence[File], tables: Iterable[Table]
) -> dict[str, Any]:
    """Give a manifest that is a data package too.

    `body` is the manifest without its files: id, created, sources with licence and origin. Its
    own keys stay as they are.
    """
    declared = {table.id: table for table in tables}
    there = {file["path"] for file in files}
    return {
        **body,
        "profile": PROFILE,
        "name": f"orewatch-{slug(body['id'])}",
        "title": TITLE,
        "version": body["id"],
        "keywords": list(KEYWORDS),
        "licenses": licences(body["sources"]),
        "contributors": [{"title": OWN, "role": "author"}],
        "sources": [source | address(source["origin"]) for source in body["sources"]],
        "files": list(files),
        "resources": [resource(file, declared, there) for file in files],
    }


def slug(text: str) -> str:
    """A name as the standard allows it: small letters, digits, dots, dashes, underscores."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower())


def address(origin: str) -> dict[str, str]:
    """Where a source is, for those that have an address."""
    return {"path": origin} if "://" in origin else {}


def licences(sources: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The licences of the sources, each once."""
    named = {
        source["licence"]["name"]: {
            "name": re.sub(r"[^A-Za-z0-9._-]+", "-", source["licence"]["name"]).strip("-"),
            "title": source["licence"]["name"],
            **address(source["licence"]["url"]),
        }
        for source in sources
    }
    return [named[name] for name in sorted(named)]


def resource(file: File, declared: Mapping[str, Table], there: set[str]) -> dict[str, Any]:
    """One file: its format, size and hash; of a table also its columns and keys."""
    path = str(file["path"])
    stem, _, ending = path.rpartition("/")[2].rpartition(".")
    form, media = KINDS.get(f".{ending}", OTHER)
    described: dict[str, Any] = {
        "name": slug(stem if form == "parquet" else path),
        "path": path,
        # Else tools read the rows of a table's file, and do not compare its bytes.
        "type": "file",
        "format": form,
        "mediatype": media,
        "bytes": file["bytes"],
        "hash": f"sha256:{file['sha256']}",
    }
    if form != "parquet" or stem not in declared:
        return described
    table = declared[stem]
    return described | {
        "description": " ".join(table.meaning.split()),
        "schema": schema(table, there),
    }


def schema(table: Table, there: set[str]) -> dict[str, Any]:
    """Columns and keys of a table; a key into a table that has no file of its own is left out."""
    keys = [key(column) for column in table.columns if column.key and column.type != "texts"]
    found = [one for one in keys if f"parquet/{one['reference']['resource']}.parquet" in there]
    return {
        "fields": [field(column) for column in table.columns],
        "primaryKey": list(table.grain),
        **({"foreignKeys": found} if found else {}),
    }


def key(column: Column) -> dict[str, Any]:
    """A foreign key."""
    target, _, name = column.key.partition("?")[0].rpartition(".")
    return {"fields": column.name, "reference": {"resource": target, "fields": name}}


def field(column: Column) -> dict[str, Any]:
    """One column, with what it may hold."""
    limits: dict[str, Any] = {}
    if not column.nullable:
        limits["required"] = True
    if column.values and column.type != "texts":
        limits["enum"] = list(column.values)
    whole = column.type in {"int", "year"}
    for name, bound in (("minimum", column.low), ("maximum", column.high)):
        if bound is not None:
            limits[name] = int(bound) if whole else bound
    described: dict[str, Any] = {
        "name": column.name,
        "type": TYPES[column.type],
        "description": " ".join(column.meaning.split()),
    }
    if column.unit:
        described["unit"] = column.unit
    return described | ({"constraints": limits} if limits else {})


def citation(body: Mapping[str, Any]) -> str:
    """Give CITATION.cff of a snapshot: how to cite it, and what it was made from."""
    day = str(body["created"])[:10]
    sources = sorted(body["sources"], key=lambda source: str(source["id"]))
    licences_named = sorted({str(source["licence"]["name"]) for source in sources})
    return yaml.safe_dump(
        {
            "cff-version": "1.2.0",
            "message": "If you use this snapshot, cite it and the sources it was made from.",
            "type": "dataset",
            "title": f"{TITLE}, snapshot {body['id']}",
            "version": str(body["id"]),
            "date-released": day,
            "authors": [{"name": OWN}],
            "keywords": list(KEYWORDS),
            "identifiers": [
                {
                    "type": "other",
                    "value": f"sha256:{body['content']}",
                    "description": "Hash of the content of all tables",
                }
            ],
            "notes": f"Licences of the sources: {'; '.join(licences_named)}.",
            "references": [reference(source) for source in sources],
        },
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )


def reference(source: Mapping[str, Any]) -> dict[str, Any]:
    """A source as a reference."""
    known = {
        "type": "data",
        "title": source["title"],
        "authors": [{"name": source.get("producer") or source["title"]}],
        "version": ", ".join(source["editions"]),
        "notes": " ".join(str(source["citation"]).split()),
    }
    origin = str(source["origin"])
    return known | ({"url": origin} if "://" in origin else {})
