"""Measure the main job, a query, and the indices at the size of whole BACI: `make bench`.

Figures are printed, never asserted: a machine's load is no fault of the code. Where a baseline has
a name, both sides run in the same process, one after the other, and the ratio is what counts.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from flows import quality
from flows.gate.contract import QUERY
from flows.indices.formulas import cells, concentration
from flows.indices.geopolrisk import geopolrisk
from tests import world

COUNTRIES, CODES, ROWS_A_YEAR = 226, 5_200, 11_000_000
KEYS = ["importer", "hs6", "year"]
ORDER = "the whole table: shares, HHI, CR1, CR3, effective suppliers, top supplier, bounds"


SCORES = 100_000


def bench_geopolrisk() -> None:
    """GeoPolRisk on tables, production given for every year, per 100,000 scores."""
    minerals = [f"m{number}" for number in range(40)]
    countries = [f"C{number:02d}" for number in range(60)]
    years = list(range(1995, 2025))
    trade_rows = (
        pl.DataFrame({"importer_iso3": countries})
        .join(pl.DataFrame({"exporter_iso3": countries[:18]}), how="cross")
        .filter(pl.col("importer_iso3") != pl.col("exporter_iso3"))
        .join(pl.DataFrame({"mineral": minerals}), how="cross")
        .join(pl.DataFrame({"year": years}), how="cross")
        .with_row_index("number")
        .with_columns(mass_kg=pl.col("number").hash(1) % 10**6 + 1)
        .with_columns(value_usd=pl.col("mass_kg") * (pl.col("number").hash(2) % 50 + 1))
        .with_columns(pl.col("mass_kg", "value_usd").cast(pl.Float64))
        .drop("number")
    )
    production = (
        pl.DataFrame({"iso3": countries[:30]})
        .join(pl.DataFrame({"mineral": minerals}), how="cross")
        .join(pl.DataFrame({"year": years}), how="cross")
        .with_columns(mass_kg=pl.struct(pl.all()).hash(3).cast(pl.Float64) / 2.0**40)
    )
    governance = (
        pl.DataFrame({"iso3": countries})
        .join(pl.DataFrame({"year": years}), how="cross")
        .with_columns(pv=pl.struct(pl.all()).hash(4).cast(pl.Float64) / 2.0**64 * 4 - 2)
    )
    start = time.perf_counter()
    scores = geopolrisk(trade_rows.lazy(), production.lazy(), governance.lazy()).collect()
    wall = time.perf_counter() - start
    print(
        f"GeoPolRisk: {scores.height:,} values, {trade_rows.height:,} trade rows, {wall:.2f} s, "
        f"{wall * SCORES / scores.height:.2f} s per {SCORES:,}"
    )


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument(
        "parts", nargs="*", default=["run", "query", "gate", "geopolrisk", "concentration"]
    )
    parser.add_argument("--years", type=int, nargs="*", default=[1, 2, 4])
    arguments = parser.parse_args()
    parts = {"run": bench_run, "query": bench_query, "geopolrisk": bench_geopolrisk}
    parts["gate"] = bench_gate
    for name in arguments.parts:
        if name == "concentration":
            bench_concentration(arguments.years)
        else:
            parts[name]()


@contextmanager
def home() -> Iterator[dict[str, str]]:
    """An empty home, as an environment for `orewatch`."""
    with tempfile.TemporaryDirectory() as folder:
        yield {**os.environ, "OREWATCH_HOME": folder}


def command(*words: str) -> list[str]:
    """The command of this environment."""
    return [str(Path(sys.executable).with_name("orewatch")), *words]


def timed(words: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Wall seconds, peak memory of the largest process (GiB) and the remarks of a command."""
    start = time.perf_counter()
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return wall, peak, done.stderr


STEP = re.compile(r"^\s*([\d.]+) s\s+(\w+)", re.MULTILINE)


def bench_run() -> None:
    """The whole of `orewatch run` on the bundled figures, and our own part of it."""
    with home() as environment:
        wall, peak, said = timed(command("run"), environment)
        ends = {step: float(seconds) for seconds, step in STEP.findall(said)}
        begun = float(STEP.findall(said)[0][0])
        own = ends["index"] - begun + ends["publish"] - ends["check"]
        print(f"orewatch run: {wall:.1f} s, peak {peak:.2f} GiB")
        gate = ends["check"] - ends["index"]
        print(f"  Prefect's start and ingest {begun:.1f} s, gate {gate:.1f} s")
        print(f"  our own work (stage, index, write): {own:.1f} s")
        again, _, _ = timed(command("run"), environment)
        print(f"orewatch run, inputs unchanged: {again:.1f} s")


def bench_query() -> None:
    """`orewatch query` from start to answer, on the current snapshot."""
    walls = [timed(command("query", "headline"), dict(os.environ))[0] for _ in range(6)][1:]
    print(f"orewatch query headline: median {statistics.median(walls):.2f} s of {len(walls)}")


def bench_gate() -> None:
    """The gate on the bundled figures, against bare DuckDB running each query of it once."""
    quality.warm()
    with tempfile.TemporaryDirectory() as folder:
        made = world.built(world.settings(Path(folder)), world.bundled())
        checks = made.checks()
        start = time.perf_counter()
        verdicts = world.gate(made)
        wall = time.perf_counter() - start
        asked = [v.check for v in verdicts if v.outcome not in {"not_applicable", "error"}]
        start = time.perf_counter()
        with duckdb.connect(made.settings.build, read_only=True) as con:
            for check in asked:
                if query := str(check.kwargs.get(QUERY, "")):
                    sql = query.format(batch=check.table).replace("\\:", ":")
                    con.execute(f"SELECT count(*) FROM ({sql}) AS q").fetchall()  # noqa: S608
        floor = time.perf_counter() - start
    print(
        f"gate: {len(checks):,} checks, {wall:.1f} s, {1000 * wall / len(checks):.1f} s per 1,000, "
        f"{wall / floor:.2f} x bare DuckDB ({floor:.1f} s)"
    )


def trade(years: int) -> pl.DataFrame:
    """Rows shaped like BACI's: skewed countries, every code, log-normal values and weights."""
    n = ROWS_A_YEAR
    frames = []
    for year in range(years):
        number = pl.int_range(n, eager=True)
        pick = [number.hash(seed=100 * year + k).cast(pl.Float64) / 2.0**64 for k in range(6)]
        frames.append(
            pl.DataFrame(
                {
                    "importer": (COUNTRIES * pick[0] ** 1.4).cast(pl.Int16),
                    "exporter": (COUNTRIES * pick[1] ** 2.0).cast(pl.Int16).cast(pl.String),
                    "hs6": (CODES * pick[2]).cast(pl.Int32),
                    "year": pl.repeat(2000 + year, n, dtype=pl.Int16, eager=True),
                    "value": (2.718281828 ** (3 + 14 * pick[3] * pick[4])).cast(pl.Int64) + 1,
                    "mass": (2.718281828 ** (2 + 14 * pick[3] * pick[5])).cast(pl.Int64) + 1,
                }
            ).unique(["importer", "exporter", "hs6"])
        )
    return pl.concat(frames).with_columns(pl.col("exporter").cast(pl.Categorical))


def whole_table(rows: pl.DataFrame) -> int:
    """Shares and concentration of every importer, code and year, on both bases."""
    made = 0
    for year in rows["year"].unique().sort():
        part = rows.filter(pl.col("year") == year)
        for basis in ("value", "mass"):
            amounts = part.select(
                *KEYS, "exporter", amount=pl.col(basis), allocated=pl.lit(value=True)
            )
            totals = cells.totals(amounts.lazy(), KEYS, "exporter").collect()
            table = totals.select(
                *KEYS, "top_supplier_iso3", "suppliers", **concentration.measures()
            )
            whole = cells.lookup(cells.cell_numbers(totals, KEYS), totals["total"])
            shares = amounts["amount"] / whole.gather(cells.cell_numbers(amounts, KEYS))
            made += table.height + shares.len()
    return made


def bare(rows: pl.DataFrame) -> int:
    """The floor: HHI by value in one bare group-by."""
    v = pl.col("value").cast(pl.Float64)
    return rows.lazy().group_by(KEYS).agg((v * v).sum() / v.sum() ** 2).collect().height


SQL = """
CREATE OR REPLACE TABLE cells AS
WITH shares AS (
    SELECT importer, hs6, year, exporter, {basis} AS x,
        {basis} / sum({basis}) OVER (PARTITION BY importer, hs6, year) AS share
    FROM rows
)
SELECT importer, hs6, year, sum(share * share) AS hhi, max(share) AS cr1, count(*) AS n,
    list_sum(max(share, 3)) AS cr3, 1 / sum(share * share) AS effective,
    arg_max(exporter, share) AS top
FROM shares GROUP BY importer, hs6, year
"""


def in_sql(rows: pl.DataFrame) -> int:
    """The same table in DuckDB."""
    con = duckdb.connect()
    con.register("rows", rows.to_arrow())
    for basis in ("value", "mass"):
        con.execute(SQL.format(basis=basis))
    found = con.execute("SELECT count(*) FROM cells").fetchone()
    con.close()
    return int(found[0]) if found else 0


def best(function: Callable[[pl.DataFrame], int], rows: pl.DataFrame, runs: int = 3) -> float:
    """The shortest of a few runs, in seconds."""
    walls = []
    for _ in range(runs):
        start = time.perf_counter()
        function(rows)
        walls.append(time.perf_counter() - start)
    return min(walls)


def bench_concentration(years: list[int]) -> None:
    """The concentration table at BACI's size, against a bare group-by and against DuckDB."""
    print(f"{ORDER}; both bases")
    for count in years:
        rows = trade(count)
        floor, ours = best(bare, rows), best(whole_table, rows)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        sql = best(in_sql, rows, 1)
        print(
            f"  {count} years, {rows.height / 1e6:.1f} million rows: ours {ours:.2f} s, "
            f"{ours / floor:.1f} x the bare group-by ({floor:.2f} s), "
            f"{ours / sql:.2f} x DuckDB ({sql:.2f} s), peak {peak:.2f} GiB"
        )


if __name__ == "__main__":
    main()
