"""The trade rows that answer questions: who counts as importer and exporter, and in which years."""

from __future__ import annotations

import polars as pl

from flows.indices.formulas.claim_question import EXPORT_SHARE, KEY, Tables
from flows.indices.formulas.mineral_rows import ENDLESS, sum_of

MIRROR = "exporter"
WAY = [*KEY, "territories"]
CODE = [*WAY, "side", "source", "edition", "hs6", "year"]


def ways(questions: pl.LazyFrame, ref_territory: pl.LazyFrame) -> pl.LazyFrame:
    """Give both ways to count territories to questions that are about their country, else one."""
    countries = set(ref_territory.select("of_iso3").collect()["of_iso3"])
    theirs = pl.any_horizontal(
        pl.col(name).is_in(countries).fill_null(value=False)
        for name in ("importer_iso3", "exporter_iso3")
    )
    both = pl.when(theirs).then([False, True]).otherwise([False])
    return questions.with_columns(
        territories=both, is_world=pl.col("importer_iso3").is_null() | is_of_exports()
    ).explode("territories", empty_as_null=True)


def is_of_exports() -> pl.Expr:
    """Whether a question is about world exports."""
    return pl.col("measure") == EXPORT_SHARE


def actors(asked: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Say which economies act as which in each question: members as their bloc, territories.

    Gives `WAY`, iso3, actor, from_year, to_year; an economy without a row acts for itself. Nobody
    acts as two: no question is put of two blocs that share a member.
    """
    parties = pl.concat(
        asked.select(*WAY, bloc=name) for name in ("importer_iso3", "exporter_iso3")
    ).drop_nulls()
    members = parties.unique().join(
        tables["ref_bloc_member"].select("bloc", "iso3", "from_year", "to_year"), on="bloc"
    )
    territories = asked.filter("territories").join(tables["ref_territory"], how="cross")
    return pl.concat(
        [
            members.rename({"bloc": "actor"}).select(
                *WAY,
                "iso3",
                "actor",
                pl.col("from_year").fill_null(0),
                pl.col("to_year").fill_null(ENDLESS),
            ),
            territories.select(
                *WAY,
                "iso3",
                actor="of_iso3",
                from_year=pl.lit(0, pl.Int32),
                to_year=pl.lit(ENDLESS, pl.Int32),
            ),
        ]
    )


def buyers(asked: pl.LazyFrame, acting: pl.LazyFrame) -> pl.LazyFrame:
    """Importers whose rows a question about imports reads: itself, and who acts for it."""
    itself = asked.filter(~pl.col("is_world")).select(*WAY, "importer_iso3")
    others = itself.join(
        acting.select(*WAY, "iso3", importer_iso3="actor"), on=[*WAY, "importer_iso3"]
    )
    return pl.concat([itself, others.select(*WAY, importer_iso3="iso3")])


def years_of(asked: pl.LazyFrame, acting: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Years in which a question can be put to an edition of a source, and to whose report.

    To a source that covers the world in every year it has; to importers' own reports where the
    importer has reported (of a bloc all members); to exporters' where the exporter has.
    """
    of_source = tables["ref_source_preference"].select("source", side="report").unique()
    covered = tables["mart_coverage"].filter(pl.col("table") == "mart.trade")
    reports = covered.select("source", "edition", "year").join(of_source, on="source")
    each = asked.select(*KEY, "importer_iso3", "exporter_iso3", "is_world").unique()
    world = each.join(reports.filter(pl.col("side") == "reconciled"), how="cross")
    partial = of_source.filter(pl.col("side") == "importer").collect()["source"].to_list()
    importing = tables["mart_trade"].filter(pl.col("source").is_in(partial))
    reporters = pl.concat(
        [
            importing.select("source", "edition", "year", "importer_iso3").unique(),
            tables["mart_bloc_report"]
            .filter("is_whole", pl.col("source").is_in(partial))
            .select("source", "edition", "year", importer_iso3="bloc"),
        ]
    )
    own = each.filter(~pl.col("is_world")).join(reporters, on="importer_iso3")
    sellers = pl.concat(
        [
            each.select(*KEY, iso3="exporter_iso3"),
            acting.join(each, left_on=[*KEY, "actor"], right_on=[*KEY, "exporter_iso3"]).select(
                *KEY, "iso3"
            ),
        ]
    ).unique()
    mirrors = tables["mart_mirror_trade"].select("source", "edition", "year", iso3="exporter_iso3")
    told = mirrors.unique().join(sellers, on="iso3").select(*KEY, "source", "year").unique()
    mirrored = told.join(
        mirrors.select("source", "edition", "year").unique(), on=["source", "year"]
    )
    columns = [*KEY, "source", "edition", "side", "year"]
    return pl.concat(
        [
            world.select(columns),
            own.with_columns(side=pl.lit("importer")).select(columns),
            mirrored.with_columns(side=pl.lit(MIRROR)).select(columns),
        ]
    )


def flows(
    asked: pl.LazyFrame, acting: pl.LazyFrame, codes: pl.LazyFrame, tables: Tables
) -> pl.LazyFrame:
    """Sum what each exporter sells to the importer of each question, by HS code and year.

    What goes between economies that act as one is left out.

    Args:
        asked: `ways`.
        acting: `actors`.
        codes: `KEY`, side, source, edition, hs6 that are read.
        tables: mart_trade, mart_mirror_trade.

    Gives `CODE`, exporter_iso3, value_usd, mass_kg (null = none reported) and
    value_without_mass_usd.

    """
    wanted = asked.select(*WAY, "is_world").join(codes, on=KEY)
    mirrors = pl.col("side") == MIRROR
    listed = buyers(asked, acting)
    rows = []
    for table, kept in (("mart_trade", ~mirrors), ("mart_mirror_trade", mirrors)):
        want = wanted.filter(kept)
        place = ["source", "edition", "hs6"]
        bought = want.filter(~pl.col("is_world")).join(listed, on=WAY)
        rows += [
            tables[table].join(bought, on=[*place, "importer_iso3"]).select(*CODE, *SOLD),
            tables[table].join(want.filter("is_world"), on=place).select(*CODE, *SOLD),
        ]
    value, mass = pl.col("value_usd"), pl.col("mass_kg")
    named = acting.rename({"iso3": "economy"})
    whose = asked.select(*WAY, "is_world", buyer="importer_iso3")
    told = pl.concat(rows).join(whose, on=WAY, validate="m:1")
    # A member that buys of its own bloc is asked about for itself.
    buys_as = pl.col("is_world") | (pl.col("actor") == pl.col("buyer"))
    for party, acts in (("importer_iso3", buys_as), ("exporter_iso3", pl.lit(value=True))):
        there = pl.col("year").is_between(pl.col("from_year"), pl.col("to_year")) & acts
        told = (
            told.join(
                named, left_on=[*WAY, party], right_on=[*WAY, "economy"], how="left", validate="m:1"
            )
            .with_columns(pl.when(there).then("actor").otherwise(party).alias(party))
            .drop("actor", "from_year", "to_year")
        )
    return (
        told.filter(pl.col("importer_iso3") != pl.col("exporter_iso3"))
        .filter(pl.col("is_world") | (pl.col("importer_iso3") == pl.col("buyer")))
        .with_columns(value_without_mass_usd=pl.when(mass.is_null()).then(value).otherwise(0))
        .group_by(*CODE, "exporter_iso3")
        .agg(pl.col("value_usd", "value_without_mass_usd").sum(), sum_of("mass_kg"))
    )


SOLD = ["importer_iso3", "exporter_iso3", "value_usd", "mass_kg"]
