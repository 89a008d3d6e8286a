"""Show a run while it goes on: a line for each step done, and a moving one for what goes on."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from flows import publish
from flows.progress import watch
from flows.settings import Settings, prefect_environment

if TYPE_CHECKING:
    from flows.snapshot import Published

STARTING = "starting Prefect (some 10 seconds where it has no server)"
NEXT = {
    "ingest": "ingesting, then building the marts",
    "stage": "computing the indices",
    "index": "checking every table",
    "check": "writing the snapshot",
}
"""Step done -> what goes on then."""


@contextmanager
def shown() -> Iterator[None]:
    """Print each step of the run in the block to the error stream, with the seconds so far."""
    out = Console(stderr=True, highlight=False, markup=False)
    begun = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True, disable=not sys.stderr.isatty()) as moving:
        going_on = moving.add_task(STARTING)

        def tell(step: str, detail: str) -> None:
            seconds = f"{time.monotonic() - begun:5.1f} s"
            out.print(Text.assemble((seconds, "dim"), "  ", (f"{step:<21}", "bold"), detail))
            moving.update(going_on, description=NEXT.get(step.partition(" ")[0], "finishing"))

        with watch(tell):
            yield


def run(
    settings: Settings, as_of: date | None, *, is_verbose: bool, report_page: bool = True
) -> Published:
    """Run the main flow, watched; Prefect's own log is shown only where `is_verbose`.

    Raises:
        LockHeldError: another run is writing.
        Exception: what `flows.snapshot.snapshot` raises.

    """
    # Who would be refused need not wait for Prefect first; this also makes the warehouse's folder.
    with publish.lock(settings.lock):
        pass
    os.environ.update(prefect_environment(settings.home))
    if not is_verbose:
        os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    with shown():
        # Late: Prefect reads its environment when it is imported, and takes seconds.
        from flows.snapshot import snapshot  # noqa: PLC0415

        return snapshot(as_of=as_of, report_page=report_page)
