"""Claim cells: what the data say of every claim, under every basket, basis, source, side and year.

One claim asks for one number; the data have it in hundreds of forms. All are computed and shown,
so that a coincidence is not taken for a source. Which of them is the primary cell is declared
before any number is seen.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import claims as explained
from flows.indices.formulas.claim_asked import questions
from flows.indices.formulas.claim_cells import cells
from flows.indices.formulas.claim_question import MEASURES
from flows.indices.formulas.concentration import verdict_columns
from flows.indices.formulas.declared import measure, share

CELL_INPUTS = (
    "mart.trade",
    "mart.mirror_trade",
    "mart.coverage",
    "mart.bloc_report",
    "ref.country",
    "ref.bloc_member",
    "ref.territory",
    "ref.source_preference",
    "ref.form",
    "ref.form_code",
    "ref.specificity",
    "meta.edition",
    "meta.edition_code",
)
"""Tables that the cells of any question are computed from."""

SIDES = ("reconciled", "importer", "exporter")


def compute(**tables: pl.LazyFrame) -> pl.LazyFrame:
    """Compute every cell of every claim that trade measures; see `claim_cells.cells`."""
    asked = questions(tables["mart_claim"], tables).collect().lazy()
    return cells(asked, tables)


INDEX = Index(
    table=Table(
        schema="indices",
        name="claim_cell",
        meaning="What the data say of each claim, under every basket, basis, source and year",
        grain=(
            "claim_id",
            "question",
            "basket",
            "basis",
            "source",
            "edition",
            "side",
            "territories",
            "year",
        ),
        columns=(
            Column("claim_id", "text", "the claim", key="mart.claim.claim_id"),
            Column("question", "int", "question of the claim, from 1", unit="rank", low=1),
            Column(
                "basket",
                "text",
                "headline, headline_and_proxies, or the one HS code that is counted",
            ),
            Column("basis", "text", "what is measured", key="ref.basis.basis"),
            Column("source", "text", "source of the rows", key="meta.source.source"),
            Column("edition", "text", "edition of the source; of a mirror all that were read"),
            Column("side", "text", "whose report: both reconciled, or one side's", values=SIDES),
            Column("territories", "bool", "whether Hong Kong and Macao count with China"),
            Column("year", "year", "calendar year", low=1900, high=2100),
            Column("measure", "text", "what is computed", values=MEASURES),
            Column(
                "importer_iso3",
                "text",
                "whose imports; null = the world's",
                nullable=True,
                key="mart.economy.economy",
            ),
            Column(
                "exporter_iso3", "text", "whose share of them it is", key="mart.economy.economy"
            ),
            Column(
                "mineral",
                "text",
                "mineral; null = the codes themselves",
                nullable=True,
                key="ref.mineral.mineral",
            ),
            Column("hs6", "text", "codes that the edition has of it, joined by +", nullable=True),
            Column(
                "lacking_hs6",
                "text",
                "codes of the basket that the edition lacks, joined by +",
                nullable=True,
            ),
            share("share", "the exporter's share of what is allocated to countries"),
            share("share_low", "if the unallocated part is nobody's; of a mixed code the bound"),
            share("share_high", "if it is this exporter's; of a mixed code the bound"),
            measure("hhi", "concentration of all exporters in this cell", "hhi", high=1.0),
            Column("rank", "int", "rank of the exporter", unit="rank", nullable=True, low=1),
            Column(
                "meets",
                "bool",
                "whether it meets the claim; null = nothing is asked, or it cannot be told",
                nullable=True,
            ),
            share("distance", "how far from the figure, or from what meets the claim"),
            Column("is_primary", "bool", "whether the verdict rests on this cell"),
            *verdict_columns(),
        ),
        sources=("article", "baci"),
        formula="x_p / sum(x); a mixed code has bounds only",
        citation="own design; bounds of mixed codes after Frechet (1935)",
    ),
    inputs=(
        "mart.claim",
        "ref.claim_metric",
        "ref.claim_word",
        "ref.unit",
        *CELL_INPUTS,
    ),
    compute=compute,
    explain=explained.claim_cell,
)
