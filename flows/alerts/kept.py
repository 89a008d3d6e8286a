"""Small JSON files that are there whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from flows.sources.raw import sync


def keep(path: Path, body: object) -> None:
    """Write a file beside, sync it, and put it in place of the one that was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    text = json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False)
    aside.write_text(text + "\n", encoding="utf-8")
    sync(aside)
    aside.replace(path)
    sync(path.parent)
