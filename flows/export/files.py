"""CSV, Parquet and JSON: rows as other programs read them, with what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import polars as pl

from flows.export.cells import flat, harmless
from flows.export.selection import About, Part

ABOUT = "about.json"
"""What is said of the files of a folder."""


def write_csv(path: Path, part: Part) -> None:
    """Write rows as CSV in UTF-8; no text in it is a formula."""
    with path.open("wb") as file:
        for place, rows in enumerate(part.frames()):
            if place == 0 or rows.height:
                harmless(flat(rows)).write_csv(file, include_header=place == 0)


def write_parquet(path: Path, part: Part, about: About) -> None:
    """Write rows as Parquet; the file's metadata tell the columns, the snapshot, the sources."""
    from pyarrow import parquet  # noqa: PLC0415 - Excel, CSV and JSON need none

    said = as_text(told(part) | head(about))
    writer = None
    try:
        for rows in part.frames():
            table = rows.to_arrow()
            if writer is None:
                schema = table.schema.with_metadata({"orewatch": said})
                writer = parquet.ParquetWriter(path, schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer:
            writer.close()


def write_json(path: Path, parts: Sequence[Part], about: About) -> None:
    """Write tables as one JSON object: snapshot, sources, and of each table columns and records."""
    with path.open("w", encoding="utf-8") as file:
        file.write(as_text(head(about), indent=2).removesuffix("\n}") + ',\n  "tables": [')
        for place, part in enumerate(parts):
            file.write(",\n" if place else "\n")
            file.write(as_text(told(part)).removesuffix("}") + ', "records": [')
            for piece in records(part):
                file.write(piece)
            file.write("\n]}")
        file.write("\n]}\n")


def records(part: Part) -> Iterator[str]:
    """Yield the rows of a table as JSON objects, one a line, with what separates them."""
    comma = "\n"
    for rows in part.frames():
        if rows.height:
            # A number that JSON lacks comes out as null.
            lines = structured(rows).write_ndjson().rstrip("\n")
            yield comma + lines.replace("\n", ",\n")
            comma = ",\n"


def structured(rows: pl.DataFrame) -> pl.DataFrame:
    """Make columns plain that JSON cannot hold; lists of text stay lists."""
    lists = [name for name, kind in rows.schema.items() if kind == pl.List(pl.String)]
    return flat(rows).with_columns(rows[name] for name in lists)


def write_folder(
    folder: Path,
    parts: Sequence[Part],
    about: About,
    form: str,
    write: Callable[[Path, Part], None],
) -> None:
    """Write each table as a file of its own, and what is said of them beside."""
    folder.mkdir()
    for part in parts:
        write(folder / f"{part.told.name}.{form}", part)
    with (folder / ABOUT).open("w", encoding="utf-8") as file:
        said: dict[str, Any] = head(about) | {"tables": [told(part) for part in parts]}
        put(file, said)


def put(file: IO[str], body: Mapping[str, Any]) -> None:
    """Write JSON for people too."""
    file.write(as_text(body, indent=2) + "\n")


def head(about: About) -> dict[str, Any]:
    """Say of which snapshot and from which sources, with their licences."""
    return {
        "snapshot": {
            "id": about.snapshot,
            "created": about.created,
            "as_of": about.as_of,
            "checks": dict(about.checks),
        },
        "sources": list(about.sources),
    }


def told(part: Part) -> dict[str, Any]:
    """Say of a table what it holds, and how many rows are here."""
    return asdict(part.told) | {"rows": part.rows, "which_rows": part.note or "all"}


def as_text(body: Mapping[str, Any], indent: int | None = None) -> str:
    """JSON, the same for the same content."""
    return json.dumps(body, ensure_ascii=False, indent=indent, default=str)
