"""Claim verdicts: whether the data support what the article says, claim by claim.

Each verdict is computed from the claim's primary cell and from what the facts declare of its
metric and its words; none is written down anywhere.
"""

from __future__ import annotations

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import claims as explained
from flows.indices.formulas.claim_asked import questions
from flows.indices.formulas.claim_judged import VERDICTS
from flows.indices.formulas.claim_question import MEASURES
from flows.indices.formulas.claim_verdict import verdicts
from flows.indices.formulas.concentration import verdict_columns
from flows.indices.formulas.declared import share

VERDICT_INPUTS = ("mart.economy", "ref.mineral", "ref.form_code", "ref.reason")
"""Tables that give the verdict on any question its words."""


def compute(**tables: pl.LazyFrame) -> pl.LazyFrame:
    """Judge every claim by its cells; see `claim_verdict.verdicts`."""
    asked = questions(tables["mart_claim"], tables).collect().lazy()
    return verdicts(asked, tables["indices_claim_cell"], tables).lazy()


def source_column(name: str, meaning: str) -> Column:
    """Declare the source of a figure."""
    return Column(name, "text", meaning, nullable=True, key="meta.source.source")


INDEX = Index(
    table=Table(
        schema="indices",
        name="claim_verdict",
        meaning="Whether the data support each claim of the article, and what it would take",
        grain=("claim_id",),
        columns=(
            Column("claim_id", "text", "the claim", key="mart.claim.claim_id"),
            Column(
                "verdict",
                "text",
                "supported, contradicted: by the primary cell; outdated: it was met, not in the "
                "last five years; inconclusive: trade only informs, or bounds or a proxy speak, or "
                "several questions differ; not_checkable: no number here; opinion: nothing "
                "declared would meet it",
                values=VERDICTS,
            ),
            Column("why", "text", "why, in words"),
            Column("understood", "text", "how the claim was read"),
            Column(
                "measure",
                "text",
                "what is asked; null = nothing",
                nullable=True,
                values=MEASURES,
            ),
            Column(
                "importer_iso3",
                "text",
                "whose imports; null = the world's, several, or none",
                nullable=True,
                key="mart.economy.economy",
            ),
            Column(
                "exporter_iso3",
                "text",
                "whose share; null = none",
                nullable=True,
                key="mart.economy.economy",
            ),
            Column(
                "mineral",
                "text",
                "mineral; null = several, codes, or none",
                nullable=True,
                key="ref.mineral.mineral",
            ),
            Column(
                "word",
                "text",
                "declared word that weakens, bounds or replaces a figure",
                nullable=True,
                key="ref.claim_word.word",
            ),
            share("stated_share", "the figure as stated"),
            share("stated_low_share", "least share that meets the claim; null = no limit"),
            share("stated_high_share", "greatest share that meets the claim; null = no limit"),
            share("primary_share", "share of the primary cell"),
            share("primary_low_share", "its lower bound"),
            share("primary_high_share", "its upper bound"),
            Column("primary_year", "year", "its year", nullable=True),
            Column("primary_basis", "text", "its basis", nullable=True, key="ref.basis.basis"),
            source_column("primary_source", "its source"),
            Column("primary_edition", "text", "its edition", nullable=True),
            Column("primary_hs6", "text", "its HS codes, joined by +", nullable=True),
            share("range_low_share", "least share of any cell of that year"),
            share("range_high_share", "greatest share of any cell of that year"),
            source_column("range_low_source", "source of the least"),
            source_column("range_high_source", "source of the greatest"),
            share("nearest_share", "share of the cell that comes nearest to the claim"),
            Column("nearest_year", "year", "its year", nullable=True),
            Column("nearest_basis", "text", "its basis", nullable=True, key="ref.basis.basis"),
            Column("nearest_basket", "text", "its basket", nullable=True),
            source_column("nearest_source", "its source"),
            Column("questions", "int", "questions that the claim asks", unit="count", low=0),
            Column("cells", "int", "cells of the grid", unit="count", low=0),
            Column("computed_cells", "int", "cells that have a share", unit="count", low=0),
            Column("met_years", "texts", "years in which the primary basket and basis met it"),
            Column(
                "needs",
                "text",
                "data and codes it would take; null = it is settled",
                nullable=True,
            ),
            *verdict_columns(),
        ),
        sources=("article",),
        formula="the primary cell held against low and high",
        citation="own design",
    ),
    inputs=(
        "mart.claim",
        "indices.claim_cell",
        "ref.claim_metric",
        "ref.claim_word",
        "ref.unit",
        "ref.form",
        *VERDICT_INPUTS,
    ),
    compute=compute,
    explain=explained.claim_verdict,
)
