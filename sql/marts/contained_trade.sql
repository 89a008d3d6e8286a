/*
meaning: >-
  Trade in every form of a mineral's basket of which at least one form has a content factor, with the
  factors: what contained metal is summed from. Importers may be blocs, as in mart.mineral_trade.
grain: [source, edition, mineral, stage, form, year, importer_iso3, exporter_iso3]
sources: [baci]
columns:
  - {name: source, type: text, meaning: source of the trade rows, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: mineral, type: text, meaning: mineral, key: ref.mineral.mineral}
  - {name: stage, type: text, meaning: "stage of processing; all = the headline forms", key: ref.stage.stage}
  - {name: form, type: text, meaning: form of the mineral that the codes stand for}
  - {name: year, type: year, meaning: calendar year, low: 1988, high: 2100}
  - {name: importer_iso3, type: text, meaning: importing economy or bloc, key: mart.economy.economy}
  - {name: exporter_iso3, type: text, meaning: exporting economy, key: mart.economy.economy}
  - {name: value_usd, type: int, meaning: value of the form's codes, unit: USD, low: 0}
  - {name: mass_kg, type: int, meaning: "weight of the rows that report one; null = none does", unit: kg, nullable: true, low: 0}
  - {name: value_without_mass_usd, type: int, meaning: part of value_usd whose rows report no weight, unit: USD, low: 0}
  - {name: content_low, type: float, meaning: "least part of the element in the weight; null = no factor", unit: share, nullable: true, low: 0, high: 1}
  - {name: content, type: float, meaning: "usual part; null = no one factor", unit: share, nullable: true, low: 0, high: 1}
  - {name: content_high, type: float, meaning: "greatest part; null = no factor", unit: share, nullable: true, low: 0, high: 1}
*/
WITH factors AS (
    SELECT
        b.source, b.edition, b.mineral, b.stage, b.hs6, b.form, b.first_year, b.last_year,
        coalesce(f.content_low, f.content_value) AS content_low,
        f.content_value AS content,
        coalesce(f.content_high, f.content_value) AS content_high
    FROM mart.basket AS b
    JOIN ref.form AS f ON f.mineral = b.mineral AND f.form = b.form
    WHERE b.exclusion IS NULL AND b.specificity <> 'basket'
),
covered AS (
    SELECT DISTINCT source, edition, mineral, stage FROM factors WHERE content_high IS NOT NULL
),
traded AS (
    SELECT
        t.source, t.edition, f.mineral, f.stage, f.form, t.year, t.importer_iso3, t.exporter_iso3,
        t.value_usd, t.mass_kg, f.content_low, f.content, f.content_high
    FROM mart.trade AS t
    JOIN factors AS f
        ON f.source = t.source AND f.edition = t.edition AND f.hs6 = t.hs6
        AND t.year BETWEEN f.first_year AND coalesce(f.last_year, 9999)
    JOIN covered AS c
        ON c.source = f.source AND c.edition = f.edition AND c.mineral = f.mineral
        AND c.stage = f.stage
    WHERE t.importer_iso3 <> t.exporter_iso3
),
by_importer AS (
    SELECT *, importer_iso3 AS importer FROM traded
    UNION ALL
    SELECT t.*, m.bloc AS importer
    FROM traded AS t
    JOIN ref.bloc_member AS m
        ON m.iso3 = t.importer_iso3
        AND t.year BETWEEN coalesce(m.from_year, 0) AND coalesce(m.to_year, 9999)
    -- Customs unions all of whose members report.
    JOIN mart.bloc_report AS b
        ON b.bloc = m.bloc AND b.source = t.source AND b.edition = t.edition AND b.year = t.year
        AND b.is_whole
    LEFT JOIN ref.bloc_member AS inside
        ON inside.bloc = m.bloc AND inside.iso3 = t.exporter_iso3
        AND t.year BETWEEN coalesce(inside.from_year, 0) AND coalesce(inside.to_year, 9999)
    WHERE inside.iso3 IS NULL
)
SELECT
    source, edition, mineral, stage, form, year, importer AS importer_iso3, exporter_iso3,
    CAST(sum(value_usd) AS BIGINT) AS value_usd,
    CAST(sum(mass_kg) AS BIGINT) AS mass_kg,
    CAST(coalesce(sum(value_usd) FILTER (mass_kg IS NULL), 0) AS BIGINT) AS value_without_mass_usd,
    any_value(content_low) AS content_low,
    any_value(content) AS content,
    any_value(content_high) AS content_high
FROM by_importer
GROUP BY source, edition, mineral, stage, form, year, importer, exporter_iso3
