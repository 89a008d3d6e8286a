"""Show what a release by hand came to."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from flows import publish
from flows.command.terminal import console, print_json, show_record_list
from flows.release import release
from flows.settings import Settings


def release_and_show(
    settings: Settings, run: str, reason: str, now: datetime, *, as_json: bool
) -> int:
    """Publish the build of a blocked run, and say so.

    Raises:
        ReleaseError: there is no such run, no reason, or code or facts are others since.
        LockHeldError: another process is writing.

    """
    path = release(settings, run, reason, now)
    trace = publish.read_manifest(path)["released_by_hand"]
    if as_json:
        print_json({"outcome": "released", "snapshot": path.name, "released_by_hand": trace})
        return 0
    out = console()
    out.print(Text.assemble(("! released by hand ", "bold yellow"), (path.name, "bold")))
    lines = {"run": trace["run"], "reason": trace["reason"], "by": trace["by"]}
    lines |= {"blocked by": "; ".join(trace["checks"]), "path": str(path)}
    show_record_list(out, lines)
    return 0
