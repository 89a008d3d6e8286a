"""The verb that holds a quoted figure against the data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.cli.app import Json, app


@app.command
def check(  # noqa: PLR0913 - an argument is an option of the command
    claim: str | None = None,
    /,
    *,
    importer: str | None = None,
    supplier: str | None = None,
    mineral: str | None = None,
    share: str | None = None,
    at_least: str | None = None,
    at_most: str | None = None,
    word: str | None = None,
    as_of: int | None = None,
    basis: str | None = None,
    stage: str | None = None,
    code: Annotated[list[str] | None, Parameter(name="--code")] = None,
    of: str | None = None,
    article: bool = False,
    snapshot: str | None = None,
    every_cell: Annotated[bool, Parameter(name="--all")] = False,
    as_json: Json = False,
    html: Path | None = None,
    png: Path | None = None,
) -> int:
    """Check a quoted figure: a sentence, options, or the id of one of the article's claims.

    For example: `orewatch check "Japan imports 91.2 percent of rare earth elements from China"`,
    `orewatch check --importer KOR --supplier CHN --mineral graphite --at-least 0.9 --as-of 2023`,
    `orewatch check C010`, or `orewatch check --article`.

    Says how the claim was understood, the verdict with its reason, the primary number, the range
    over all ways to compute it, and the nearest of them. Nothing is guessed and nothing asked.

    Exit code 0: answered, whatever the verdict; 2: it cannot be read, or in several ways, and the
    commands that would do are printed.

    Args:
        claim: One sentence in English, or an id such as C010.
        importer: Whose imports: a code such as JPN or EU, or a name.
        supplier: Whose share of them: a code or a name.
        mineral: The mineral: its id or a name.
        share: The figure: 0.912, 91.2% or 2/3.
        at_least: The lower end instead of a figure.
        at_most: The upper end instead of a figure.
        word: The word that bounds the figure, such as about or "more than"; or one that is declared
            to stand for a figure, such as heavily or dominates.
        as_of: The year it speaks of; the newest where not said.
        basis: The basis, `value` or `mass`; value first where not said.
        stage: The stage of processing; the mineral's headline where not said.
        code: An HS code to use instead of the mineral's own; several may be given.
        of: What the share is of: imports or a sector's needs, of an importer; exports, production
            or market, of the world.
        article: All of the article's claims, as a table.
        snapshot: Another snapshot than the current one: its id, or a part of it.
        every_cell: Print every cell, not only those of the primary year.
        as_json: Print the answer with every cell as JSON.
        html: Write the answer with its chart as one HTML page to this file.
        png: Write its chart with the answer as a picture to this file.

    """
    from flows.claims.asked import Asked  # noqa: PLC0415
    from flows.command import checking  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    options = Asked(
        importer=importer,
        supplier=supplier,
        mineral=mineral,
        share=share,
        at_least=at_least,
        at_most=at_most,
        word=word,
        as_of=as_of,
        basis=basis,
        stage=stage,
        code=tuple(code or ()),
        of=of,
    )
    request = checking.Request(
        claim,
        options,
        snapshot,
        article=article,
        as_json=as_json,
        every_cell=every_cell,
        html=html,
        png=png,
    )
    return checking.check(request, Settings())
