"""What we measure: pure Polars over marts, one file an index family."""

from __future__ import annotations

import importlib
import pkgutil

from flows.indices.contract import Index


def all_indices(*, experimental: bool = False) -> list[Index]:
    """Every index of this folder, by table; the files are the list."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.ispkg)
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found: list[Index] = []
    for module in modules:
        found += getattr(module, "INDICES", [])
        found += [module.INDEX] if hasattr(module, "INDEX") else []
    kept = [index for index in found if experimental or not index.experimental]
    return sorted(kept, key=lambda index: index.table.id)
