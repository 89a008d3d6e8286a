"""The English words of grammar.yml, by group."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


@cache
def groups() -> dict[str, frozenset[str]]:
    """Read every group of words."""
    path = Path(__file__).with_suffix(".yml")
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: frozenset(words.split()) for name, words in read.items()}


def group(name: str) -> frozenset[str]:
    """Give the words of a group."""
    return groups()[name]
