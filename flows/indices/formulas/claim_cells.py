"""Cells of a claim: its number under every basket, basis, source, side and year.

share = x_p / sum x over exporters that are countries, of whole dollars or kilograms, divided once;
`share_low` keeps the unallocated part in the whole as nobody's, `share_high` as this exporter's.
Of a basket of mixed codes there are bounds only: those of `bounds.component_bounds`, and where no
component share is declared nothing is known but that who sells none of the code sells none of the
mineral, and who sells all of it all.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.basket import flag_list, missing_weight
from flows.indices.formulas.bounds import component_bounds
from flows.indices.formulas.claim_basket import HEADLINE, codes_of, members, picked
from flows.indices.formulas.claim_marks import confidence, distance, flags, meets, why_none
from flows.indices.formulas.claim_question import KEY, Tables
from flows.indices.formulas.claim_rows import actors, flows, ways, years_of
from flows.indices.formulas.claim_sums import CELL, NAMED, read_codes, sums, traits
from flows.indices.formulas.concentration import ratio, unallocated_share, wide_product
from flows.indices.formulas.preference import COMPARISON

NOT_CARRIED = ("revision_lacks_code", "edition_lacks_code", "partial_basket", "code_not_begun")
"""Reasons for which a year is not one that the edition has of the basket."""


def cells(questions: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Compute every cell of every question.

    Args:
        questions: rows of QUESTION; each names an exporter.
        tables: mart_trade, mart_mirror_trade, mart_coverage, mart_bloc_report, ref_country,
            ref_bloc_member, ref_territory, ref_source_preference, ref_form, ref_form_code,
            ref_specificity, meta_edition, meta_edition_code. Of the trade only the rows of the
            questions' codes and importers are read.

    Gives the columns of `indices.claim_cell`.

    """
    asked = ways(questions, tables["ref_territory"]).collect().lazy()
    acting = actors(asked, tables).collect().lazy()
    codes = codes_of(questions, members(questions, tables), tables["meta_edition_code"])
    codes = codes.collect().lazy()
    chosen = picked(codes, years_of(asked, acting, tables), tables["meta_edition"])
    read = read_codes(chosen, codes).collect().lazy()
    place = [*KEY, "side", "source", "edition", "hs6"]
    sold = flows(asked, acting, read.filter("is_carried").select(place).unique(), tables)
    found = grid(read, asked).join(
        sums(sold, read, questions, tables["ref_country"]), on=CELL, how="left", validate="1:1"
    )
    drop = ["hs6", "stage", "year", "basis"]
    with_questions = found.join(
        questions.rename({name: f"asked_{name}" for name in drop}), on=KEY, validate="m:1"
    )
    return chosen_cell(answered(with_questions, tables), tables["ref_source_preference"])


def grid(read: pl.LazyFrame, asked: pl.LazyFrame) -> pl.LazyFrame:
    """Every cell that a question has: one for each of `CELL`, with the traits of its basket."""
    bases = pl.LazyFrame({"basis": ["value", "mass"]})
    return (
        traits(read)
        .join(asked.select(*KEY, "territories", asked_basis="basis"), on=KEY)
        .join(bases, how="cross")
        .filter(pl.col("asked_basis").is_null() | (pl.col("asked_basis") == pl.col("basis")))
        .drop("asked_basis")
    )


def answered(found: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Add to cells their share and bounds or why there is none, and whether they meet the claim."""
    x, total = pl.col("x"), pl.col("total")
    whole = total + pl.col("unallocated")
    sure, known = pl.col("reason").is_null(), pl.col("is_bounded")
    low, high = component_bounds(x, total, pl.col("least"))
    none, every = pl.lit(0.0), pl.lit(1.0)
    low = pl.coalesce(low, pl.when(x == total).then(every).otherwise(none))
    high = pl.coalesce(high, pl.when(x == 0).then(none).otherwise(every))
    blocs = tables["ref_bloc_member"].select("bloc").unique().collect()["bloc"]
    is_bloc = pl.col("importer_iso3", "exporter_iso3").is_in(blocs.implode())
    return (
        found.with_columns(
            weight_missing_share=missing_weight(), unallocated_share=unallocated_share()
        )
        .with_columns(reason=why_none())
        .with_columns(is_bounded=pl.col("is_basket") & (pl.col("reason") == "basket_code"))
        .with_columns(
            share=pl.when(sure).then(ratio(x, total)),
            share_low=pl.when(sure).then(ratio(x, whole)).when(known).then(low),
            share_high=pl.when(sure)
            .then(ratio(x + pl.col("unallocated"), whole))
            .when(known)
            .then(high),
            hhi_found=pl.when(sure).then(
                ratio(pl.col("squares"), wide_product(pl.col("total"), pl.col("total")))
            ),
            rank_found=pl.when(sure).then(pl.col("above") + 1),
            is_bloc=pl.any_horizontal(is_bloc.fill_null(value=False)),
        )
        .with_columns(meets=meets(), distance=distance())
        .with_columns(flags=flag_list(flags()), confidence=confidence())
    )


def chosen_cell(found: pl.LazyFrame, ref_source_preference: pl.LazyFrame) -> pl.LazyFrame:
    """Mark the primary cell of each question, and give the columns of `indices.claim_cell`.

    It is declared before any number is seen: the headline, by value unless the claim says by what,
    of the source that economies are compared by, territories apart, in the year that the claim
    speaks of or the newest before it that the edition has of the basket.
    """
    compared = ref_source_preference.filter(pl.col("purpose") == COMPARISON)
    first = compared.sort("preference", "source").select("source").head(1).collect()
    candidate = (
        (pl.col("basket") == HEADLINE)
        & (pl.col("basis") == pl.coalesce("asked_basis", pl.lit("value")))
        & pl.col("source").is_in(first["source"].implode())
        & ~pl.col("territories")
        & ~pl.col("reason").fill_null("").is_in(NOT_CARRIED)
        & (pl.col("asked_year").is_null() | (pl.col("year") <= pl.col("asked_year")))
    )
    newest = pl.col("year").filter(candidate).max().over(KEY)
    return found.with_columns(is_primary=candidate & (pl.col("year") == newest)).select(
        *(name for name in NAMED if name != "edition_name"),
        "territories",
        "basis",
        "measure",
        "importer_iso3",
        "exporter_iso3",
        "mineral",
        "share",
        "share_low",
        "share_high",
        "meets",
        "distance",
        "flags",
        "reason",
        "confidence",
        "is_primary",
        edition="edition_name",
        hs6=pl.when(pl.col("hs6") != "").then("hs6"),
        lacking_hs6=pl.when(pl.col("lacking") != "").then("lacking"),
        hhi="hhi_found",
        rank="rank_found",
    )
