"""What a new snapshot says of itself beside its figures: what changed, and how it is cited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flows import publish, warehouse
from flows.diff.compare import compare
from flows.diff.contract import Side, side
from flows.indices import all_indices
from flows.lineage import Lineage, lineage
from flows.marts import Model
from flows.package import citation
from flows.report.changes import changes_markdown
from flows.settings import Settings
from flows.sources.contract import Source

CHANGES = "changes.md"
CITATION = "CITATION.cff"


def made_from(
    database: Path, models: Sequence[Model], sources: Sequence[Source], settings: Settings
) -> Lineage:
    """Give what each table of a built file was made from, for its manifest."""
    with warehouse.snapshot_reader(database) as con:
        return lineage(con, models, all_indices(), sources, settings)


def write_history(settings: Settings, part: Path, body: Mapping[str, Any]) -> None:
    """Write changes.md and CITATION.cff of a snapshot that is still aside.

    `body` is its manifest, but for the files.
    """
    text = changes(settings, Side(str(body["id"]), part / publish.DATABASE, body))
    (part / CHANGES).write_text(text, encoding="utf-8")
    (part / CITATION).write_text(citation(body), encoding="utf-8")


def changes(settings: Settings, after: Side) -> str:
    """What changed since the snapshot that is current now, as Markdown."""
    last = publish.current(settings.current)
    if last is None:
        return f"# What changed in {after.name}\n\nIt is the first snapshot.\n"
    try:
        found = compare(
            side(last), after, threads=settings.threads, memory_limit=settings.memory_limit
        )
    except Exception as error:
        if publish.disk_refused(error):
            raise
        # A damaged or ancient predecessor is no reason to withhold what is sound.
        return (
            f"# What changed in {after.name}\n\nIt cannot be compared with {last.name}: {error}\n"
        )
    return changes_markdown(found)


def released_words(released: Mapping[str, Any]) -> str:
    """A release by hand in one sentence, for the report."""
    blocked = "; ".join(released["checks"])
    return (
        f"Released by hand on {released['time'][:10]} by {released['by']}, although blocked by "
        f"{blocked}. The reason given: {released['reason']}"
    )
