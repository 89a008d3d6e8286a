"""Measure one year of BACI, zip to Parquet, against DuckDB on the same CSV unzipped beforehand.

    python tests/bench_baci.py [--rows 11000000] [--runs 5]

The rows are composed: as many and as long as a recent year's, in BACI's order, in its recent and in
its older layout. Both sides take turns, each run in a process of its own, so that a machine's load
falls on both and the peak of memory is that of one run. Figures are printed, never asserted.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from flows.sources.baci.stage import to_parquet

ROWS_A_YEAR, CODES, COUNTRIES = 11_000_000, 5_000, 900
LAYOUTS = ("recent", "older")
MEMBER = "BACI_HS92_Y2022_V202601.csv"
TRACKED = 130
"""Codes kept where only those tracked are."""


def main() -> None:
    """Run one side once or compose one layout, as a child of this file; or run all in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS_A_YEAR)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--side", choices=sorted(SIDES))
    parser.add_argument("--layout", choices=LAYOUTS)
    parser.add_argument("--same", action="store_true")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.side:
        say(json.dumps(run(SIDES[arguments.side], arguments.folder)))
    elif arguments.same:
        say(str(same(arguments.folder)))
    elif arguments.layout:
        compose(arguments.folder, arguments.rows, arguments.layout)
    else:
        for layout in LAYOUTS:
            with tempfile.TemporaryDirectory() as folder:
                # A child's peak begins with what its parent holds, so the parent holds nothing.
                child("--layout", layout, "--rows", str(arguments.rows), "--folder", folder)
                compare(Path(folder), arguments.runs, layout)


def compose(folder: Path, rows: int, layout: str) -> None:
    """Write one year as CSV and as zip."""
    number = pl.int_range(rows, eager=True)
    pick = [number.hash(seed=k).cast(pl.Float64) / 2.0**64 for k in range(6)]
    amounts = [2.718281828 ** (14 * pick[3] * pick[k]) - 0.99 for k in (4, 5)]
    value, weight = (amount.round(3).cast(pl.Decimal(18, 3)) for amount in amounts)
    frame = pl.DataFrame(
        {
            "t": pl.repeat(2022, rows, dtype=pl.Int16, eager=True),
            "i": (COUNTRIES * pick[0] ** 2).cast(pl.Int16) + 4,
            "j": (COUNTRIES * pick[1] ** 1.4).cast(pl.Int16) + 4,
            "k": ((CODES * pick[2]).cast(pl.Int32) * 190 + 10121).cast(pl.String).str.zfill(6),
            "v": value,
            "q": weight,
        }
    ).sort("i", "j", "k")
    is_missing = pl.int_range(pl.len()) % 25 == 0
    text = pl.col("q").cast(pl.String)
    path = folder / MEMBER
    if layout == "recent":
        frame.with_columns(q=pl.when(is_missing).then(None).otherwise(text)).write_csv(path)
    else:
        padded = pl.when(is_missing).then(pl.lit("NA")).otherwise(text).str.pad_start(13)
        quoted = frame.with_columns(q=pl.format('"{}"', padded))
        quoted.write_csv(path, quote_style="never", line_terminator="\r\n")
    with zipfile.ZipFile(folder / "BACI_HS92_V202601.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, MEMBER)


def ours(folder: Path) -> None:
    """The zip, whole."""
    to_parquet(folder / "BACI_HS92_V202601.zip", folder / "ours.parquet")


def tracked(folder: Path) -> None:
    """The zip, for the codes tracked."""
    codes = [f"{number * 190 + 10121:06d}" for number in range(TRACKED)]
    to_parquet(folder / "BACI_HS92_V202601.zip", folder / "tracked.parquet", codes)


def in_duckdb(folder: Path) -> None:
    """The CSV in DuckDB, with the same columns and types."""
    columns = {"t": "SMALLINT", "i": "SMALLINT", "j": "SMALLINT", "k": "VARCHAR"}
    columns |= {"v": "DECIMAL(18,3)", "q": "VARCHAR"}
    with (folder / MEMBER).open("rb") as file:
        is_padded = file.readline().endswith(b"\r\n") or b'"' in file.readline()
    weight = "TRY_CAST(nullif(trim(q), 'NA') AS DECIMAL(18,3))" if is_padded else "q"
    if not is_padded:
        columns["q"] = "DECIMAL(18,3)"
    duckdb.sql(
        f"COPY (SELECT t, i, j, k, v, {weight} AS q FROM read_csv('{folder / MEMBER}', "  # noqa: S608
        f"header=true, nullstr='', columns={columns})) TO '{folder / 'duckdb.parquet'}' "
        "(FORMAT parquet)"
    )


SIDES: dict[str, Callable[[Path], None]] = {"duckdb": in_duckdb, "ours": ours, "tracked": tracked}


def run(side: Callable[[Path], None], folder: Path) -> dict[str, float]:
    """Wall and processor seconds, and peak memory of this process (GiB)."""
    wall, processor = time.perf_counter(), time.process_time()
    side(folder)
    return {
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def compare(folder: Path, runs: int, layout: str) -> None:
    """Run all sides in turn; print the median of each and its ratio to DuckDB's."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in SIDES}
    for _ in range(runs):
        for name, measured in found.items():
            measured.append(json.loads(child("--side", name, "--folder", str(folder))))
    csv, packed = (p.stat().st_size / 1e6 for p in (folder / MEMBER, *folder.glob("*.zip")))
    say(f"BACI, {layout} layout: CSV of {csv:.0f} MB, zip of {packed:.0f} MB, median of {runs}")
    base = found["duckdb"]
    for name, measured in found.items():
        middle = {key: statistics.median(one[key] for one in measured) for key in measured[0]}
        ratio = statistics.median(
            one["wall"] / other["wall"] for one, other in zip(measured, base, strict=True)
        )
        say(
            f"  {name:8} {middle['wall']:6.2f} s, {ratio:4.2f} x DuckDB, "
            f"{middle['processor']:5.2f} s of processor, "
            f"peak {max(one['peak'] for one in measured):.2f} GiB"
        )
    say(f"  the same rows as DuckDB's: {child('--same', '--folder', str(folder)).strip()}")


def same(folder: Path) -> bool:
    """Whether both sides wrote the same rows."""
    mine, theirs = (pl.read_parquet(folder / f"{name}.parquet") for name in ("ours", "duckdb"))
    return mine.equals(theirs)


def child(*words: str) -> str:
    """Run this file in a process of its own; give what it says."""
    done = subprocess.run(
        [sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
