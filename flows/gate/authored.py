"""Checks that people write: `expectations/<schema>.<table>.yml`, in Great Expectations' shape.

name: mart.trade
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: year, min_value: 1995}
    severity: critical
    meta:
      name: year_since_1995
      why: BACI begins in 1995.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.facts import Loader
from flows.gate.contract import QUERY, ROWLESS_TYPES, Check, Severity, SuiteError
from flows.gate.implied import implied_checks
from flows.indices.contract import Table


class Authored(BaseModel):
    """Base of all parts of a suite file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Meta(Authored):
    """What Great Expectations keeps for us beside an expectation."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    why: str = Field(pattern=r"\S")
    threshold_from: str = ""
    sources: tuple[str, ...] = ()


class Entry(Authored):
    """One expectation."""

    type: str
    kwargs: dict[str, Any] = Field(default_factory=dict)
    severity: Severity
    meta: Meta


def authored_checks(folder: Path, tables: Sequence[Table]) -> list[Check]:
    """Read the suite of every table, in the order of the tables.

    Raises:
        SuiteError: a table has no suite or a suite no table, a file is no suite, or an entry
            has an unknown key, no why, a name already taken, or a threshold without origin.

    """
    by_id = {table.id: table for table in tables}
    files = {path.stem: path for path in sorted(folder.glob("*.yml"))}
    if strays := [str(path) for stem, path in files.items() if stem not in by_id]:
        raise SuiteError(f"suites of no published table: {', '.join(strays)}; rename or remove")
    if missing := [table for table in by_id if table not in files]:
        wanted = ", ".join(f"{folder / table}.yml" for table in missing)
        raise SuiteError(f"tables without a suite; write {wanted} (`expectations: []` at least)")
    return [check for id_, table in by_id.items() for check in _suite(files[id_], table)]


def _suite(path: Path, table: Table) -> list[Check]:
    try:
        suite = yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 it is a safe loader
    except (ValueError, yaml.YAMLError) as error:
        raise SuiteError(f"{path}: no YAML: {error}") from error
    if not isinstance(suite, dict) or set(suite) != {"name", "expectations"}:
        raise SuiteError(f"{path}: a suite has the keys name and expectations, and only those")
    if suite["name"] != table.id:
        raise SuiteError(f"{path}: name is {suite['name']!r}, the file says {table.id!r}")
    if not isinstance(suite["expectations"], list):
        raise SuiteError(f"{path}: expectations is no list; write [] where there are none")
    taken = {check.name for check in implied_checks(table)}
    checks = []
    for number, raw in enumerate(suite["expectations"], start=1):
        check = _check(f"{path}: expectation {number}", raw, table)
        if check.name in taken:
            raise SuiteError(f"{path}: expectation {number}: name {check.name!r} is taken")
        taken.add(check.name)
        checks.append(check)
    return checks


def _check(where: str, raw: object, table: Table) -> Check:
    try:
        entry = Entry.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SuiteError(f"{where}{_named(raw)}: {faults}") from error
    where = f"{where} ({entry.meta.name})"
    if "mostly" in entry.kwargs and not entry.meta.threshold_from:
        raise SuiteError(f"{where}: `mostly` is a threshold; say in meta.threshold_from whose")
    if entry.type == "unexpected_rows_expectation" and "{batch}" not in entry.kwargs.get(QUERY, ""):
        raise SuiteError(f"{where}: {QUERY} must read the table as {{batch}}")
    return Check(
        table=table.id,
        name=entry.meta.name,
        kind="authored",
        type=entry.type,
        kwargs=entry.kwargs,
        severity=entry.severity,
        why=entry.meta.why,
        threshold_from=entry.meta.threshold_from,
        sources=tuple(dict.fromkeys((*table.sources, *entry.meta.sources))),
        reads_rows=entry.type not in ROWLESS_TYPES,
    )


def _named(raw: object) -> str:
    meta = raw.get("meta") if isinstance(raw, dict) else None
    name = meta.get("name") if isinstance(meta, dict) else None
    return f" ({name})" if name else ""
