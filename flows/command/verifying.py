"""Show what `verify` looked at, or the first thing that differs."""

from __future__ import annotations

from rich.text import Text

from flows.command.shelf import find
from flows.command.terminal import console, plain, print_json
from flows.holding import reading
from flows.rebuild import VerifyError
from flows.settings import Settings
from flows.verify import verify


def verify_and_show(settings: Settings, wanted: str | None, *, quick: bool, as_json: bool) -> int:
    """Hold a snapshot against its manifest; give 1 where something differs.

    Raises:
        NoSuchSnapshotError: there is no such snapshot.
        PublishError: it has no readable manifest.

    """
    snapshot = find(settings, wanted)
    try:
        with reading(snapshot):
            steps = verify(snapshot, settings, quick=quick)
    except VerifyError as error:
        if not as_json:
            raise
        print_json({"snapshot": snapshot.name, "ok": False, "differs": str(error)})
        return 1
    if as_json:
        looked = [{"about": step.name, "says": step.says} for step in steps]
        print_json({"snapshot": snapshot.name, "ok": True, "looked_at": looked})
        return 0
    out = console()
    for step in steps:
        done = not step.says.startswith("not ")
        mark, style = ("✓", "green") if done else ("·", "yellow")
        line = Text.assemble((mark, style), " ", (f"{step.name:<8}", "bold"), " ")
        out.print(line.append(plain(step.says, widest=None)))
    return 0
