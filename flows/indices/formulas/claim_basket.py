"""Which codes answer a question, under which baskets, and from which edition in which year.

The baskets of a mineral: `headline` (what its file lists, or of a stage its cleanest forms; where
nothing is listed, its cleanest), `headline_and_proxies`, and each clean or proxy code alone. Codes
that a claim names take the place of the mineral's own. A basket that would repeat the headline is
left out, so that every cell counts once.
"""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.claim_question import KEY, Tables
from flows.indices.formulas.mineral_rows import ENDLESS

HEADLINE, WITH_PROXIES = "headline", "headline_and_proxies"
CLEAN, PROXY = 1, 2
"""Tiers of `ref.specificity`."""

SERIES = [*KEY, "basket", "source", "side", "year"]
"""What one edition is picked for."""


def members(questions: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """List the codes of every basket of every question, by HS revision.

    Gives `KEY`, basket, hs_revision, hs6, form_stage, specificity, cleanness, tier, first_year,
    last_year, component_low. A revision without a code for a basket has no row.
    """
    forms = (
        tables["ref_form"]
        .join(tables["ref_specificity"], on="specificity", validate="m:1")
        .select(
            "mineral",
            "form",
            "specificity",
            "tier",
            "headline",
            "first_year",
            "component_low",
            form_stage="stage",
            cleanness="confidence_factor",
            last_year=pl.col("last_year").fill_null(ENDLESS),
        )
    )
    codes = forms.join(tables["ref_form_code"], on=["mineral", "form"])
    named = pl.col("hs6").list.len() > 0
    listed = pl.concat(
        [
            own(questions.filter(~named), codes),
            renamed(questions.filter(named, pl.col("mineral").is_not_null()), codes),
            bare(questions.filter(named, pl.col("mineral").is_null()), codes),
        ],
        how="diagonal_relaxed",
    )
    return in_baskets(listed)


def own(questions: pl.LazyFrame, codes: pl.LazyFrame) -> pl.LazyFrame:
    """Codes of a question's mineral, where it names none: its headline, its proxies."""
    rows = questions.select(*KEY, "mineral", "stage").join(codes, on="mineral")
    rows = rows.filter(pl.col("stage").is_null() | (pl.col("stage") == pl.col("form_stage")))
    cleanest = pl.col("tier") == pl.col("tier").min().over(KEY)
    listed = pl.col("stage").is_null() & pl.col("headline").any().over(KEY)
    in_headline = pl.when(listed).then("headline").otherwise(cleanest).fill_null(value=False)
    return rows.with_columns(in_headline=in_headline).with_columns(
        is_added=~pl.col("in_headline") & (pl.col("tier") == PROXY).fill_null(value=False)
    )


def renamed(questions: pl.LazyFrame, codes: pl.LazyFrame) -> pl.LazyFrame:
    """Codes that a question names of its mineral, under the names of each revision.

    Where a revision has no code for one of the forms, the code is listed as it was named; no
    edition in that revision carries it, and what is asked stays whole.
    """
    form = ["mineral", "form"]
    traits = codes.drop("hs_revision", "hs6").unique(form)
    named = questions.select(*KEY, "mineral", named="hs6").explode("named", empty_as_null=True)
    forms = named.join(codes.select(*form, named="hs6").unique(), on=["mineral", "named"]).join(
        traits, on=form, validate="m:1"
    )
    rows = forms.join(codes.select("hs_revision").unique(), how="cross").join(
        codes.select(*form, "hs_revision", "hs6"), on=[*form, "hs_revision"], how="left"
    )
    return (
        rows.with_columns(
            hs6=pl.coalesce("hs6", "named"),
            in_headline=pl.lit(value=True),
            is_added=pl.lit(value=False),
        )
        .sort(*KEY, "hs_revision", "hs6", "form")
        .unique([*KEY, "hs_revision", "hs6"], keep="first", maintain_order=True)
    )


def bare(questions: pl.LazyFrame, codes: pl.LazyFrame) -> pl.LazyFrame:
    """Codes that a question names without a mineral: they themselves are asked about."""
    named = questions.select(*KEY, "hs6").explode("hs6", empty_as_null=True)
    known = codes.group_by("hs6").agg(
        pl.col("first_year").min(), pl.col("last_year", "form_stage").max()
    )
    return (
        named.join(known, on="hs6", how="left", validate="m:1")
        .join(codes.select("hs_revision").unique(), how="cross")
        .with_columns(
            pl.col("first_year").fill_null(0),
            pl.col("last_year").fill_null(ENDLESS),
            specificity=pl.lit("exact"),
            cleanness=pl.lit(1.0),
            tier=pl.lit(CLEAN, pl.Int64),
            component_low=pl.lit(None, pl.Float64),
            in_headline=pl.lit(value=True),
            is_added=pl.lit(value=False),
        )
    )


def in_baskets(listed: pl.LazyFrame) -> pl.LazyFrame:
    """Put every code into the baskets it belongs to."""
    head, added = pl.col("in_headline"), pl.col("is_added")
    single = (head.sum() == 1).over(*KEY, "hs_revision")
    alone = head | (pl.col("tier") <= PROXY).fill_null(value=False)
    parts = [
        listed.filter(head).with_columns(basket=pl.lit(HEADLINE)),
        listed.filter(added.any().over(KEY))
        .filter(head | added)
        .with_columns(basket=pl.lit(WITH_PROXIES)),
        listed.filter(alone, ~(head & single)).with_columns(basket=pl.col("hs6")),
    ]
    kept = ["hs_revision", "hs6", "form_stage", "specificity", "cleanness", "tier"]
    return pl.concat(parts).select(
        *KEY, "basket", *kept, "is_added", "first_year", "last_year", "component_low"
    )


def codes_of(
    questions: pl.LazyFrame, listed: pl.LazyFrame, meta_edition_code: pl.LazyFrame
) -> pl.LazyFrame:
    """List the codes of every basket in every edition, and whether the edition carries them.

    A headline has a row in every edition, without a code where its revision has none.
    """
    editions = meta_edition_code.select("source", "edition", "hs_revision").unique()
    carried = meta_edition_code.select("source", "edition", "hs6", is_carried=pl.lit(value=True))
    rows = pl.concat(
        [
            editions.join(listed, on="hs_revision"),
            editions.join(questions.select(*KEY, basket=pl.lit(HEADLINE)), how="cross").join(
                listed, on=[*KEY, "basket", "hs_revision"], how="anti"
            ),
        ],
        how="diagonal_relaxed",
    )
    return rows.join(
        carried, on=["source", "edition", "hs6"], how="left", validate="m:1"
    ).with_columns(pl.col("is_carried").fill_null(value=False))


def picked(codes: pl.LazyFrame, years: pl.LazyFrame, meta_edition: pl.LazyFrame) -> pl.LazyFrame:
    """Pick for every basket and year the edition that carries most of its codes.

    Among equals the one released last, as `view.preferred_source` does. The exporters' own reports
    are a mirror only together: every edition is taken, and named in one.

    Args:
        codes: `codes_of`.
        years: `KEY`, source, edition, side, year: what each question can be asked of.
        meta_edition: when each edition was released.

    Gives `SERIES`, edition (whose rows are read) and edition_name.

    """
    sizes = codes.group_by(*KEY, "basket", "source", "edition", "hs_revision").agg(
        carried=pl.col("is_carried").sum()
    )
    released = meta_edition.select("source", "edition", "released")
    found = sizes.join(years, on=[*KEY, "source", "edition"]).join(
        released, on=["source", "edition"], how="left", validate="m:1"
    )
    mirrors = pl.col("side") == "exporter"
    best = (
        found.filter(~mirrors)
        .sort("carried", "released", "hs_revision", "edition", descending=True, nulls_last=True)
        .unique(SERIES, keep="first", maintain_order=True)
        .select(*SERIES, "edition", edition_name="edition")
    )
    names = pl.col("edition").unique().sort().str.join("+").over(SERIES)
    together = found.filter(mirrors).select(*SERIES, "edition", edition_name=names)
    return pl.concat([best, together])
