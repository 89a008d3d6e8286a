"""What each table is made from: the tables it reads, and the files that are its own.

Kept in a snapshot's manifest, so that a number that differs between two snapshots can be traced to
what differed in what it was made from.
"""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from flows import meta, warehouse
from flows.facts import read_tables
from flows.indices.contract import Index
from flows.marts import Model
from flows.settings import Settings
from flows.sources.contract import Source
from flows.sources.raw import sha256

PATTERNS = ("*.py", "*.sql", "*.yml", "*.yaml", "*.csv", "*.j2")
SHORT = 16
OVERLAY = "overlay"
"""How a user's own facts are called in the list of files, wherever they lie."""

EXPLAINED = "flows/indices/explained/"
"""Accounts of numbers, which no number is made from."""
SHARED = ("flows/indices/contract.py", "flows/sources/contract.py", "flows/facts.py")
"""Imported everywhere."""

Lineage = dict[str, dict[str, list[str]]]
"""Table -> `reads` (tables), `files` (its own, relative to the checkout)."""


def files(settings: Settings) -> dict[str, str]:
    """Hash of every file of code, facts, expectations and of the lock, by path.

    What the combined hashes of a manifest's inputs were combined from; the bytes of the sources
    have their hashes in `meta.edition`.
    """
    root = settings.checkout
    found = {
        str(os.path.relpath(path, root)): sha256(path)[:SHORT]
        for folder in (root / "flows", settings.sql, settings.facts, settings.expectations)
        for path in below(folder)
        if "/bundled/" not in path.as_posix()
    }
    if settings.facts_overlay:
        base = settings.facts_overlay
        found |= {
            f"{OVERLAY}/{path.relative_to(base).as_posix()}": sha256(path)[:SHORT]
            for path in below(base)
        }
    lock = root / "requirements.lock"
    return found | ({lock.name: sha256(lock)[:SHORT]} if lock.is_file() else {})


def below(folder: Path) -> list[Path]:
    """Text files below a folder."""
    return sorted(p for pattern in PATTERNS for p in folder.rglob(pattern) if p.is_file())


def lineage(
    con: warehouse.Connection,
    models: Sequence[Model],
    indices: Sequence[Index],
    sources: Sequence[Source],
    settings: Settings,
) -> Lineage:
    """Say of each table what it reads, and which files are its own.

    `con` only parses the models' SQL. Staging is among the tables: it is read, though not
    published. Tables that are not listed may read every other.
    """
    root = settings.checkout
    made: Lineage = {}
    for source in sources:
        made[source.table.id] = entry(["meta.edition_code"], source_files(source.folder, root))
    for model in models:
        path = str(os.path.relpath(model.path, root))
        made[model.table.id] = entry(warehouse.reads(con, model.sql), [path])
    for index in indices:
        start = Path(inspect.getfile(inspect.unwrap(index.compute)))
        own = [name for name in imported(start, root) if name.startswith("flows/indices/")]
        made[index.table.id] = entry(index.inputs, own)
    made |= of_facts(settings) | of_meta(sources, root)
    made[meta.DICTIONARY.id] = entry([], declared(made, settings))
    return dict(sorted(made.items()))


def entry(reads: Iterable[str], own: Iterable[str]) -> dict[str, list[str]]:
    """One table's lineage."""
    return {"reads": sorted(set(reads)), "files": sorted(set(own))}


def of_facts(settings: Settings) -> Lineage:
    """Lineage of the tables of facts: the file of each, or the folder of the minerals."""
    folder = os.path.relpath(settings.facts, settings.checkout)
    return {
        table.id: entry([], [f"{base}/{file or 'minerals/'}" for base in (folder, OVERLAY)])
        for file, table in read_tables(settings.facts / "tables.yml")
    }


def of_meta(sources: Sequence[Source], root: Path) -> Lineage:
    """Lineage of what the file says of itself."""
    said = [str(os.path.relpath(source.folder / "source.yml", root)) for source in sources]
    return {
        meta.SOURCE.id: entry([], said),
        meta.EDITION.id: entry([], said),
        meta.EDITION_CODE.id: entry(["ref.form_code"], said),
        meta.FRESHNESS.id: entry([meta.EDITION.id], said),
        meta.VERSION.id: entry([], ["flows/meta.py"]),
    }


def declared(made: Lineage, settings: Settings) -> list[str]:
    """Files in which the published tables are declared."""
    tables = os.path.relpath(settings.facts / "tables.yml", settings.checkout)
    own = [
        name
        for table, said in made.items()
        if table.startswith(("mart.", "indices.", "view."))
        for name in said["files"]
        if "/formulas/" not in name
    ]
    return [*own, tables, "flows/meta.py"]


def source_files(folder: Path, root: Path) -> list[str]:
    """Files that decide what a source's bytes are staged as; what is said of editions is apart."""
    data = [p for p in below(folder) if p.suffix != ".py" and "bundled" not in p.parts]
    named = [p for p in data if p.name not in {"source.yml", "ledger.csv"}]
    start = folder / "stage.py"
    home = f"{os.path.relpath(folder, root)}/"
    code = [name for name in imported(start, root) if name.startswith(home)]
    return [*code, *(str(os.path.relpath(path, root)) for path in named)]


def imported(start: Path, root: Path) -> list[str]:
    """A module's own file and those of ours that it imports, and they in turn.

    Without accounts of numbers, and without what all share: that is the build, no table's own.
    """
    seen: dict[str, None] = {}
    pending = [start]
    while pending:
        path = pending.pop()
        name = str(os.path.relpath(path, root))
        if name in seen or name in SHARED or name.startswith(EXPLAINED) or not path.is_file():
            continue
        seen[name] = None
        pending += [root / module for module in modules(path)]
    return sorted(seen)


_MODULES: dict[tuple[str, int], list[str]] = {}


def modules(path: Path) -> list[str]:
    """Files that the `from flows...` lines of a module may name."""
    key = (str(path), path.stat().st_mtime_ns)
    if key not in _MODULES:
        found: list[str] = []
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            found += [n.replace(".", "/") + ".py" for n in names if n.startswith("flows.")]
        _MODULES[key] = found
    return _MODULES[key]


def files_below(names: Mapping[str, str], own: Iterable[str]) -> dict[str, str]:
    """Hashes of a table's own files; a name that ends in a slash stands for all below it."""
    own = list(own)
    folders = tuple(name for name in own if name.endswith("/"))
    return {
        name: digest
        for name, digest in names.items()
        if name in own or (folders and name.startswith(folders))
    }
