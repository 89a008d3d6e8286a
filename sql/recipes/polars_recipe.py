"""Polars: an importer's suppliers of a mineral over time, from the Parquet files alone.

python sql/recipes/polars_recipe.py [SNAPSHOT]; the default is warehouse/current.
"""
# ruff: noqa: INP001, T201 - a script that prints

import json
import sys
from pathlib import Path

import polars as pl
from pyarrow import parquet

SNAPSHOT = Path(sys.argv[1] if len(sys.argv) > 1 else "warehouse/current").resolve()
CELL = {"importer_iso3": "JPN", "mineral": "rare_earths", "stage": "all", "basis": "value"}
EDITION = {"source": "baci", "edition": "HS92_V202601"}


def table(name: str) -> pl.LazyFrame:
    """Scan a table: only the rows and columns that are asked for are read."""
    return pl.scan_parquet(SNAPSHOT / "parquet" / f"{name}.parquet")


def main() -> None:
    """Print shares by year, and what the file says of their unit."""
    names = table("mart.economy").select(exporter_iso3="economy", exporter="name")
    shares = (
        table("indices.import_share")
        .filter(**CELL, **EDITION)
        .filter(pl.col("import_share") >= 0.05)  # noqa: PLR2004 - suppliers worth a line
        .join(names, on="exporter_iso3")
        .select("year", "exporter", "import_share")
        .sort("year", "import_share", descending=[False, True])
        .collect()
    )
    print(shares.pivot("exporter", index="year", values="import_share"))
    path = SNAPSHOT / "parquet" / "indices.import_share.parquet"
    said = json.loads(parquet.read_metadata(path).metadata[b"orewatch"])
    column = next(one for one in said["columns"] if one["name"] == "import_share")
    print(f"import_share: {column['meaning']} [{column['unit']}]")


if __name__ == "__main__":
    main()
