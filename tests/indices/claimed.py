"""Composed claims and trade: a small warehouse of tables that questions are put to.

Every figure is composed so that the shares can be worked out by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import polars as pl

from flows.facts import read_facts
from flows.indices import claim_cell, claim_verdict
from flows.indices.contract import publish
from flows.indices.formulas.claim_cells import cells
from flows.indices.formulas.claim_question import QUESTION, question
from flows.indices.formulas.claim_verdict import verdicts
from flows.sources.contract import Raw, read_source
from flows.sources.staging import stage_edition
from tests.indices.composed import FACTS

Flow = tuple[int, str, str, str, int, int | None]
"""Year, importer, exporter, HS code, USD, kg."""

TRADE = {
    "source": pl.String,
    "edition": pl.String,
    "hs_revision": pl.String,
    "hs6": pl.String,
    "year": pl.Int32,
    "importer_iso3": pl.String,
    "exporter_iso3": pl.String,
    "value_usd": pl.Int64,
    "mass_kg": pl.Int64,
}
CODES = ("250410", "250490", "280530", "284610", "284690", "261100", "810110", "811292")


@cache
def facts() -> dict[str, pl.DataFrame]:
    """The facts, by the names under which formulas take them."""
    return {name.replace(".", "_"): frame for name, frame in read_facts(FACTS).frames.items()}


@cache
def article() -> pl.DataFrame:
    """The article's claims, as they ship."""
    source = read_source("article")
    bundled = source.folder / "bundled"
    edition = source.editions[0]
    raw = Raw("article", edition.id, bundled, tuple(bundled / name for name in edition.bundled))
    return stage_edition(source, edition, raw)


def trade(
    flows: Iterable[Flow], source: str = "baci", edition: str = "one", revision: str = "H0"
) -> pl.DataFrame:
    """Rows of `mart.trade`."""
    rows = [(source, edition, revision, code, y, i, e, usd, kg) for y, i, e, code, usd, kg in flows]
    return pl.DataFrame(rows, schema=TRADE, orient="row")


def tables(
    rows: pl.DataFrame, mirror: pl.DataFrame | None = None, codes: Iterable[str] = CODES
) -> dict[str, pl.LazyFrame]:
    """What questions are put to: trade, what its editions hold, and the project's facts."""
    mirror = trade([]) if mirror is None else mirror
    both = pl.concat([rows, mirror])
    editions = both.select("source", "edition", "hs_revision").unique()
    counted = rows.select("source", "edition", "year").unique()
    countries = facts()["ref_country"]
    made = {
        "mart_trade": rows,
        "mart_mirror_trade": mirror,
        "mart_coverage": counted.with_columns(table=pl.lit("mart.trade")),
        "mart_bloc_report": pl.DataFrame(
            schema={
                "source": pl.String,
                "edition": pl.String,
                "year": pl.Int32,
                "bloc": pl.String,
                "is_whole": pl.Boolean,
            }
        ),
        "meta_edition": editions.select("source", "edition", released=pl.lit(None, pl.Date)),
        "meta_edition_code": editions.join(pl.DataFrame({"hs6": list(codes)}), how="cross"),
        "mart_economy": pl.concat(
            [
                countries.select(economy="iso3", name="name"),
                facts()["ref_bloc"].select(economy="bloc", name="name"),
            ]
        ),
    }
    return {name: frame.lazy() for name, frame in (facts() | made).items()}


def asked(**given: object) -> pl.DataFrame:
    """One question of a claim."""
    usual = {"importer_iso3": "JPN", "exporter_iso3": "CHN", "mineral": "rare_earths"}
    return pl.DataFrame([question(**(usual | given))], schema=QUESTION)


def answer(
    questions: pl.DataFrame, of: dict[str, pl.LazyFrame]
) -> tuple[dict[str, Any], pl.DataFrame]:
    """The verdict on a claim, and its cells, as they are published."""
    found = publish(cells(questions.lazy(), of), claim_cell.INDEX.table)
    judged = verdicts(questions.lazy(), found.lazy(), of)
    return publish(judged.lazy(), claim_verdict.INDEX.table).row(0, named=True), found


def of_claims(of: dict[str, pl.LazyFrame]) -> tuple[dict[str, dict[str, Any]], pl.DataFrame]:
    """The verdicts on the claims in `mart_claim` by claim, and the cells, as the flow has them."""

    def taken(names: Iterable[str]) -> dict[str, pl.LazyFrame]:
        return {name.replace(".", "_"): of[name.replace(".", "_")] for name in names}

    found = publish(
        claim_cell.INDEX.compute(**taken(claim_cell.INDEX.inputs)), claim_cell.INDEX.table
    )
    of = of | {"indices_claim_cell": found.lazy()}
    judged = publish(
        claim_verdict.INDEX.compute(**taken(claim_verdict.INDEX.inputs)),
        claim_verdict.INDEX.table,
    )
    return {row["claim_id"]: row for row in judged.iter_rows(named=True)}, found
