"""Stage policy measures: the OECD's inventory, or a list of one's own.

A row is one of the goods a measure is about, with one of its suspensions where it has any. What
not to assume:

- the rows of a measure repeat what is said of it; count measures, not rows.
- days are inclusive, and an empty end is one that is not known: it may have passed.
- text is text: a title that begins with an equals sign stays what it is.
- nothing here is checked against an act. How each statement is known stands in `_evidence`.
"""

from __future__ import annotations

import polars as pl

from flows.sources.contract import Edition, Raw, SourceError, read_source
from flows.sources.policy_measures.consistency import check_measures
from flows.sources.policy_measures.oecd import oecd_records
from flows.sources.policy_measures.user import user_records


def stage(raw: Raw, edition: Edition) -> pl.LazyFrame:
    """Read the edition's one file by its layout: `user` (also where none is named) or `oecd`.

    Raises:
        SourceError: a column, word, cell or measure is not what the layout promises.

    """
    if len(raw.files) != 1:
        names = ", ".join(path.name for path in raw.files) or "none"
        raise SourceError(f"{raw.source} {edition.id}: expected one file, got {names}")
    if edition.hs_revision:
        raise SourceError(
            f"{raw.source} {edition.id}: the revision of each code stands in the file; "
            "leave out --hs-revision"
        )
    path = raw.files[0]
    source = read_source(raw.source)
    if edition.layout == "oecd":
        records = oecd_records(path, edition)
    elif edition.layout in {"", "user"}:
        records = user_records(path, source.staged.columns)
    else:
        raise SourceError(f"{path}: no layout {edition.layout!r}; --layout takes user or oecd")
    check_measures(path, records)
    schema = {name: kind for name, kind in source.table.polars.items() if name != "edition"}
    return pl.LazyFrame(records, schema=schema)
