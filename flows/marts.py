"""The SQL models: one file a mart or view, a header that promises, one SELECT that keeps it.

A file opens with a YAML block in a comment (meaning, grain, columns) and goes on with a single
SELECT. Its folder names the schema, its name the table. What it reads from is its place in
the order: nobody keeps a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from flows.facts import Loader
from flows.gate import badges
from flows.indices import all_indices
from flows.indices.contract import Column, Table

SCHEMAS = {"marts": "mart", "views": "view"}
"""Folder below sql/ -> schema."""


class ModelError(Exception):
    """A SQL model's header or order is wrong."""


@dataclass(frozen=True)
class Model:
    """A SQL model: what it promises, its SELECT, and where it is written."""

    table: Table
    sql: str
    path: Path


def read_models(folder: Path) -> list[Model]:
    """Read every model below `sql/`, by schema and name, and the view made from the indices.

    Raises:
        ModelError: a header is missing or breaks the contract.

    """
    written = [
        read_model(path, schema)
        for sub, schema in SCHEMAS.items()
        for path in sorted((folder / sub).glob("*.sql"))
    ]
    return [*written, Model(badges.BADGE, badges.badge_sql(all_indices()), Path(badges.__file__))]


def read_model(path: Path, schema: str) -> Model:
    """Read one model file."""
    text = path.read_text(encoding="utf-8")
    header, closed, sql = text.removeprefix("/*").partition("*/")
    if not text.startswith("/*") or not closed:
        raise ModelError(f"{path}: does not open with a header between /* and */")
    try:
        table = read_header(yaml.load(header, Loader), schema, path.stem)  # noqa: S506 it is a safe loader
    except (yaml.YAMLError, TypeError, ValueError, KeyError) as error:
        raise ModelError(f"{path}: header: {error}") from error
    return Model(table, sql.strip().rstrip(";"), path)


def read_header(header: Mapping[str, Any], schema: str, name: str) -> Table:
    """Make a declaration of a header's fields; a field it does not know is refused."""
    fields = dict(header)
    columns = tuple(
        Column(**(column | {"values": tuple(column.get("values", ()))}))
        for column in fields.pop("columns")
    )
    grain = tuple(fields.pop("grain"))
    sources = tuple(fields.pop("sources", ()))
    return Table(schema=schema, name=name, grain=grain, columns=columns, sources=sources, **fields)


def in_order(models: Iterable[Model], reads: Callable[[str], set[str]]) -> list[Model]:
    """Order models so that each comes after those it reads from.

    `reads` gives the `schema.table` names in a query's FROM clauses.

    Raises:
        ModelError: two models read from each other.

    """
    by_id = {model.table.id: model for model in models}
    graph = {name: sorted(reads(model.sql) & by_id.keys()) for name, model in by_id.items()}
    try:
        return [by_id[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise ModelError(f"models read from each other: {' -> '.join(error.args[1])}") from error


def base_tables(tree: Mapping[str, Any]) -> set[str]:
    """Names `schema.table` that a serialised query reads, CTEs left out by scope.

    `tree` is what DuckDB's json_serialize_sql gives. A name without a schema that a WITH in
    scope defines is that CTE, even where a table is called the same.
    """
    return set(walk(tree, frozenset()))


def walk(node: object, ctes: frozenset[str]) -> Iterable[str]:
    """Yield the tables read below a node of a serialised query."""
    if isinstance(node, list):
        for item in node:
            yield from walk(item, ctes)
        return
    if not isinstance(node, dict):
        return
    defined: list[dict[str, Any]] = node.get("cte_map", {}).get("map", [])
    inside = ctes
    for entry in defined:
        yield from walk(entry["value"], inside)
        inside |= {entry["key"]}
    if node.get("type") == "BASE_TABLE":
        schema, name = node.get("schema_name") or "", node["table_name"]
        if schema or name not in inside:
            yield f"{schema}.{name}" if schema else name
    for key, value in node.items():
        if key != "cte_map":
            yield from walk(value, inside)
