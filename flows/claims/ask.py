"""A question put to a published snapshot: its cells and its verdict.

The same functions answer that compute the article's claims in a run; only the rows that the
question is about are read from the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows import publish, warehouse
from flows.indices import claim_cell, claim_verdict
from flows.indices.contract import argument
from flows.indices.contract import publish as as_declared
from flows.indices.formulas.claim_basket import members
from flows.indices.formulas.claim_cells import cells
from flows.indices.formulas.claim_question import QUESTION
from flows.indices.formulas.claim_rows import actors, buyers, ways
from flows.indices.formulas.claim_verdict import verdicts
from flows.lookups import listed

TRADE = ("mart.trade", "mart.mirror_trade")
SMALL = tuple(
    dict.fromkeys(
        name
        for name in (*claim_cell.CELL_INPUTS, *claim_verdict.VERDICT_INPUTS)
        if name not in TRADE
    )
)
"""Tables that are read whole."""


class ClaimError(Exception):
    """A question cannot be put, or not to this snapshot."""


@dataclass(frozen=True)
class Answered:
    """What a snapshot says of a claim."""

    verdict: dict[str, Any]
    """A row of `indices.claim_verdict`."""
    cells: pl.DataFrame
    """Rows of `indices.claim_cell`."""


def answered(questions: pl.DataFrame, snapshot: Path) -> Answered:
    """Answer one claim that is no claim of the article's.

    Args:
        questions: rows of `claim_question.QUESTION`, of one claim.
        snapshot: the published file, or the folder it lies in.

    Raises:
        ClaimError: no exporter, an economy or mineral that the snapshot does not know, or tables
            that it lacks.
        WarehouseError: the file cannot be opened.

    """
    if questions["claim_id"].n_unique() != 1:
        raise ClaimError("the questions are not those of one claim; put one claim at a time")
    asked = questions.lazy().select(pl.col(n).cast(kind) for n, kind in QUESTION.items())
    with warehouse.snapshot_reader(file_of(snapshot)) as con:
        check_tables(con, (*SMALL, *TRADE))
        tables = {argument(name): warehouse.frame(con, name).lazy() for name in SMALL}
        check_names(questions, tables)
        codes, importers = reach(asked, tables)
        for name in TRADE:
            tables[argument(name)] = rows(con, name, codes, importers).lazy()
    found = as_declared(cells(asked, tables), claim_cell.INDEX.table)
    judged = verdicts(asked, found.lazy(), tables)
    one = as_declared(judged.lazy(), claim_verdict.INDEX.table)
    return Answered(one.row(0, named=True), found)


def recorded(claim_id: str, snapshot: Path) -> Answered:
    """Give what a snapshot holds of one of the article's claims.

    Raises:
        ClaimError: the snapshot has no such claim.

    """
    tables = (claim_verdict.INDEX.table.id, claim_cell.INDEX.table.id)
    with warehouse.snapshot_reader(file_of(snapshot)) as con:
        check_tables(con, tables)
        verdict, listed = (
            con.execute(f"FROM {name} WHERE {among('claim_id', [claim_id])}").pl()
            for name in tables
        )
    if verdict.is_empty():
        raise ClaimError(f"no claim {claim_id} in {snapshot}; `orewatch article verify` lists them")
    return Answered(verdict.row(0, named=True), listed)


def file_of(snapshot: Path) -> Path:
    """Give the published file of a snapshot's folder, or the file itself."""
    return snapshot / publish.DATABASE if snapshot.is_dir() else snapshot


def check_tables(con: warehouse.Connection, names: Sequence[str]) -> None:
    """Refuse a snapshot that was made before it had the tables."""
    listed = con.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
    if lacking := sorted(set(names) - {name for (name,) in listed}):
        raise ClaimError(
            f"the snapshot has no {', '.join(lacking)}: an older version made it; "
            "make a new one with `orewatch run`"
        )


def check_names(questions: pl.DataFrame, tables: Mapping[str, pl.LazyFrame]) -> None:
    """Refuse what the snapshot has no name for: it would read as no trade."""
    economies = set(tables["mart_economy"].select("economy").collect()["economy"])
    minerals = set(tables["ref_mineral"].select("mineral").collect()["mineral"])
    for row in questions.iter_rows(named=True):
        if row["exporter_iso3"] is None:
            raise ClaimError("a question names whose share it asks; name the exporter")
        if row["mineral"] is None and not row["hs6"]:
            raise ClaimError("a question names what is traded; name a mineral or an HS code")
        for party in (row["importer_iso3"], row["exporter_iso3"]):
            if party is not None and party not in economies:
                raise ClaimError(f"{party} is no economy of mart.economy")
        if row["mineral"] is not None and row["mineral"] not in minerals:
            raise ClaimError(f"{row['mineral']} is no mineral of ref.mineral")
        check_parties(row["importer_iso3"], row["exporter_iso3"], tables)


def check_parties(importer: str | None, exporter: str, tables: Mapping[str, pl.LazyFrame]) -> None:
    """Refuse a share that no trade is counted for: it would read as one of zero."""
    if importer == exporter:
        raise ClaimError(f"{importer} buys nothing of itself; name another supplier")
    present = tables["ref_bloc_member"].filter(pl.col("to_year").is_null())
    blocs = dict(present.group_by("bloc").agg("iso3").collect().iter_rows())
    buyers, sellers = set(blocs.get(importer, [])), {exporter, *blocs.get(exporter, [])}
    if buyers & sellers:
        raise ClaimError(
            f"{importer} and {exporter} share members, and trade between members is no import of "
            "a bloc; ask about an importer or a supplier outside of it"
        )


def reach(
    asked: pl.LazyFrame, tables: Mapping[str, pl.LazyFrame]
) -> tuple[list[str], list[str] | None]:
    """HS codes that a claim is about, and importers; none where the world's imports are."""
    codes = members(asked, tables).select("hs6").unique().collect()["hs6"].drop_nulls()
    both = ways(asked, tables["ref_territory"])
    if both.select(pl.col("is_world").any()).collect().item():
        return codes.sort().to_list(), None
    importers = buyers(both, actors(both, tables)).select("importer_iso3").unique().collect()
    return codes.sort().to_list(), importers["importer_iso3"].sort().to_list()


def rows(
    con: warehouse.Connection, name: str, codes: Sequence[str], importers: Sequence[str] | None
) -> pl.DataFrame:
    """Read the rows of some codes, and of some importers."""
    tests = [among("hs6", codes)]
    if importers is not None:
        tests.append(among("importer_iso3", importers))
    return con.execute(f"FROM {name} WHERE {' AND '.join(tests)}").pl()


def among(column: str, values: Sequence[str]) -> str:
    """Test that a column has one of some values; of none, nothing passes."""
    return f"{column} IN ({listed(values)})"
