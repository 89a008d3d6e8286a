/*
meaning: >-
  Trade in a mineral at a stage, by importer and exporter: what the trade indices read. An importer may be
  a bloc, whose members' trade with each other is left out. Rows under a code that has ended, and rows of a
  code that mixes minerals, are kept apart and never summed.
grain: [source, edition, mineral, stage, year, importer_iso3, exporter_iso3]
sources: [baci]
columns:
  - {name: source, type: text, meaning: source of the trade rows, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: mineral, type: text, meaning: mineral, key: ref.mineral.mineral}
  - {name: stage, type: text, meaning: "stage of processing; all = the headline forms", key: ref.stage.stage}
  - {name: year, type: year, meaning: calendar year, low: 1988, high: 2100}
  - {name: importer_iso3, type: text, meaning: importing economy or bloc, key: mart.economy.economy}
  - {name: exporter_iso3, type: text, meaning: exporting economy, key: mart.economy.economy}
  - {name: value_usd, type: int, meaning: "value of the codes summed; null = none of them was in force", unit: USD, nullable: true, low: 0}
  - {name: mass_kg, type: int, meaning: "weight of the rows that report one; null = none does", unit: kg, nullable: true, low: 0}
  - {name: value_without_mass_usd, type: int, meaning: part of value_usd whose rows report no weight, unit: USD, low: 0}
  - {name: ended_usd, type: int, meaning: "value under codes that had ended by then, in no sum", unit: USD, low: 0}
  - {name: basket_usd, type: int, meaning: "value under codes that mix minerals, in no sum", unit: USD, low: 0}
*/
WITH traded AS (
    SELECT
        t.source, t.edition, b.mineral, b.stage, t.year, t.importer_iso3, t.exporter_iso3,
        t.value_usd, t.mass_kg,
        CASE
            WHEN t.year NOT BETWEEN b.first_year AND coalesce(b.last_year, 9999) THEN 'ended'
            WHEN b.specificity = 'basket' THEN 'basket'
            ELSE 'summed'
        END AS part
    FROM mart.trade AS t
    JOIN mart.basket AS b
        ON b.source = t.source AND b.edition = t.edition AND b.hs6 = t.hs6
    WHERE b.exclusion IS NULL AND t.importer_iso3 <> t.exporter_iso3
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
    source, edition, mineral, stage, year, importer AS importer_iso3, exporter_iso3,
    CAST(sum(value_usd) FILTER (part = 'summed') AS BIGINT) AS value_usd,
    CAST(sum(mass_kg) FILTER (part = 'summed') AS BIGINT) AS mass_kg,
    CAST(coalesce(sum(value_usd) FILTER (part = 'summed' AND mass_kg IS NULL), 0) AS BIGINT)
        AS value_without_mass_usd,
    CAST(coalesce(sum(value_usd) FILTER (part = 'ended'), 0) AS BIGINT) AS ended_usd,
    CAST(coalesce(sum(value_usd) FILTER (part = 'basket'), 0) AS BIGINT) AS basket_usd
FROM by_importer
GROUP BY source, edition, mineral, stage, year, importer, exporter_iso3
