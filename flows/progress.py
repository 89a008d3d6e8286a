"""Tell whoever is watching what a run is doing. Nobody is, unless `watch` says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Watcher = Callable[[str, str], None]

_watchers: list[Watcher] = []


def report(step: str, detail: str) -> None:
    """Tell all watchers that a step is done, and how it went."""
    for watcher in _watchers:
        watcher(step, detail)


@contextmanager
def watch(watcher: Watcher) -> Iterator[None]:
    """Have `watcher` told of every step within the block."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
