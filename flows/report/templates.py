"""The templates of all pages, in which whatever is filled in is text, and the policy's hashes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent


def templates(finalize: Callable[[object], object] | None = None) -> Environment:
    """Give the templates of this folder; `finalize` turns what is filled in, before it is text."""
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )


def digest(text: str) -> str:
    """The hash by which a content security policy knows a script or a style."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
