"""pandas: where several economies' supply is concentrated, from the Parquet files alone.

python sql/recipes/pandas_recipe.py [SNAPSHOT]; the default is warehouse/current.
"""
# ruff: noqa: INP001, T201 - a script that prints

import sys
from pathlib import Path

import pandas as pd

SNAPSHOT = Path(sys.argv[1] if len(sys.argv) > 1 else "warehouse/current").resolve()
WANTED = [
    ("importer_iso3", "in", ["JPN", "KOR", "USA", "EU27_2020"]),
    ("stage", "==", "all"),
    ("basis", "==", "value"),
    ("source", "==", "baci"),
    ("edition", "==", "HS92_V202601"),
    ("year", "==", 2024),
]
COLUMNS = ["importer_iso3", "mineral", "hhi", "top_supplier_iso3", "cr1", "reason", "confidence"]


def main() -> None:
    """Print the HHI of every mineral by importer; a gap has its reason, and is no zero."""
    # pyarrow's types keep a missing number apart from one, and whole numbers whole.
    cells = pd.read_parquet(
        SNAPSHOT / "parquet" / "indices.import_concentration.parquet",
        columns=COLUMNS,
        filters=WANTED,
        dtype_backend="pyarrow",
    )
    wide = cells.pivot_table(index="mineral", columns="importer_iso3", values="hhi")
    print(wide.round(3).sort_values("JPN", ascending=False).to_string())
    missing = cells[cells["hhi"].isna()].groupby("reason").size()
    print(f"without a number: {missing.to_dict()}")


if __name__ == "__main__":
    main()
