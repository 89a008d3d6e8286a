"""The verb that brings new editions."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.cli.app import Json, app
from flows.command import exits


@app.command
def refresh(  # noqa: PLR0913 - an argument is an option of the command
    source: str = "",
    /,
    *,
    dry_run: bool = False,
    file: Annotated[list[Path] | None, Parameter(name="--file")] = None,
    edition: str | None = None,
    layout: str = "",
    hs_revision: str | None = None,
    released: date | None = None,
    accept_rows: bool = False,
    reason: str = "",
    reporter: Annotated[list[str] | None, Parameter(name="--reporter")] = None,
    years: tuple[int, int] | None = None,
    monthly: bool = False,
    keyless: bool = False,
    as_json: Json = False,
) -> int:
    """Ask the sources for new editions and fetch them, or take files that somebody brought.

    For example: `orewatch refresh --dry-run`, `orewatch refresh comtrade --reporter JPN`, or
    `orewatch refresh baci --file BACI_HS92_V202701.zip --edition HS92_V202701 --hs-revision H0`.

    What came is staged, checked and judged against the edition before; only then does the next
    `orewatch run` use it. Exit code 1: a source failed; 4: a source gave only a part; 6: another
    process is fetching.

    Args:
        source: A source; the default is every one that can be fetched.
        dry_run: Say what would be fetched, and why; fetch nothing.
        file: A file brought by hand; several may be given.
        edition: Which edition the files are.
        layout: The layout of the files, where the source has several.
        hs_revision: The HS revision of the files, H0 to H6, where they do not say.
        released: The day the source released the files.
        accept_rows: Accept an edition with fewer rows than the one before; give a reason.
        reason: Why.
        reporter: An importer to ask for, as ISO alpha-3; several may be given.
        years: First and last year to ask for.
        monthly: Ask for months instead of years.
        keyless: Use a source's smaller service without a key.
        as_json: Print the outcomes as JSON.

    """
    from flows.command import refreshing  # noqa: PLC0415
    from flows.sources.visit import Asked  # noqa: PLC0415

    if accept_rows != bool(reason):
        raise exits.UsageError("--accept-rows and --reason TEXT go together")
    if accept_rows and not source:
        raise exits.UsageError("--accept-rows is for one source: name it")
    by_hand = {"--edition": edition, "--layout": layout, "--released": released}
    by_hand["--hs-revision"] = hs_revision
    asking = {"--dry-run": dry_run, "--reporter": reporter, "--years": years}
    asking |= {"--monthly": monthly, "--keyless": keyless}
    if idle := [name for name, value in (asking if file else by_hand).items() if value]:
        raise exits.UsageError(f"{', '.join(idle)}: not {'with' if file else 'without'} --file")
    if file:
        if not source:
            raise exits.UsageError("whose file is it? orewatch refresh SOURCE --file PATH")
        brought = refreshing.ByHand(file, edition, layout, hs_revision, released)
        return refreshing.take(source, brought, because=reason, as_json=as_json)
    asked = Asked(tuple(reporter or ()), years, monthly, keyless)
    names = [source] if source else []
    return refreshing.refresh(names, asked, is_dry=dry_run, because=reason, as_json=as_json)
