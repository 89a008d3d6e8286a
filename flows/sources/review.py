"""Write the reviewed ledgers anew from the bundled figures (`make ledger`); then read the diff."""

from __future__ import annotations

from pathlib import Path

from flows.sources import ledger
from flows.sources.contract import Edition, Raw, Source, read_source, source_ids
from flows.sources.staging import stage_unreviewed


def bundled(source: Source, edition: Edition) -> Raw:
    """The files that ship with the project, as raw bytes."""
    folder = source.folder / "bundled"
    return Raw(source.id, edition.id, folder, tuple(folder / name for name in edition.bundled))


def review(source: Source) -> Path:
    """Write one source's ledger; give its path."""
    frames = [
        (edition, stage_unreviewed(source, edition, bundled(source, edition)))
        for edition in source.editions
        if edition.bundled
    ]
    return ledger.write(source, frames)


def main() -> None:
    """Write the ledger of every source that ships figures."""
    for name in source_ids():
        source = read_source(name)
        if any(edition.bundled for edition in source.editions):
            print(review(source))  # noqa: T201


if __name__ == "__main__":
    main()
