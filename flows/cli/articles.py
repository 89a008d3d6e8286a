"""Verbs about the article."""

from __future__ import annotations

import sys
from pathlib import Path

from cyclopts import App

from flows.cli.app import app

article = App(name="article", help="The article's claims.")
app.command(article)


@article.command
def verify(path: Path, /) -> int:
    """Check that every figure quoted stands in a copy of the article, where the claims say.

    For example: `orewatch article verify article.txt`.

    Exit code 1 at the first that differs.

    Args:
        path: The copy of the article, as UTF-8 text.

    """
    from flows.claims.copies import verify_copy  # noqa: PLC0415

    sys.stdout.write(f"{verify_copy(path)}\n")
    return 0
