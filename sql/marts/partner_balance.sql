/*
meaning: >-
  Whether a reporter's partners add up to its World row, by HS code and period: what is counted several
  times, cut off, or not allocated shows here
grain: [source, edition, frequency, flow, reporter_iso3, year, month, hs6]
sources: [comtrade]
columns:
  - {name: source, type: text, meaning: source of the rows, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: frequency, type: text, meaning: length of the period, values: [annual, monthly]}
  - {name: flow, type: text, meaning: direction of trade, values: [import, export]}
  - {name: reporter_iso3, type: text, meaning: economy that reports, key: mart.economy.economy}
  - {name: year, type: year, meaning: calendar year, low: 1962, high: 2100}
  - {name: month, type: int, meaning: "month of the year; null = the whole year", unit: month, nullable: true, low: 1, high: 12}
  - {name: hs_revision, type: text, meaning: HS revision of the code, key: ref.hs_revision.hs_revision}
  - {name: hs6, type: text, meaning: HS code with its leading zero}
  - {name: partners_usd, type: decimal, meaning: "value of all partner rows, the reporter itself and areas that are no country among them", unit: USD, low: 0}
  - {name: world_usd, type: decimal, meaning: "value of the World row; null = there is none", unit: USD, nullable: true, low: 0}
  - {name: difference_usd, type: decimal, meaning: "World less partners; null = there is no World row", unit: USD, nullable: true}
  - {name: to_itself_usd, type: decimal, meaning: "part of partners_usd whose partner is the reporter: goods that come back; in no other table", unit: USD, low: 0}
  - {name: unallocated_usd, type: decimal, meaning: part of partners_usd whose partner is no country, unit: USD, low: 0}
  - {name: rows, type: int, meaning: partner rows, unit: count, low: 0}
  - {name: rows_to_itself, type: int, meaning: those whose partner is the reporter, unit: count, low: 0}
  - {name: rows_without_mass, type: int, meaning: those without weight, unit: count, low: 0}
  - {name: rows_with_estimated_mass, type: int, meaning: those whose weight the source estimated, unit: count, low: 0}
  - {name: most_rows_a_key, type: int, meaning: "most rows of one partner, the World among them; more than 1 = counted several times", unit: count, low: 1}
  - {name: reporter_codes, type: int, meaning: codes under which the economy reports, unit: count, low: 1}
*/
WITH keyed AS (
    SELECT
        edition, hs_revision, frequency, flow, hs6, year, month, reporter_code, partner_code,
        sum(value_usd) AS value_usd, count(*) AS n,
        count(*) FILTER (mass_kg IS NULL) AS weightless,
        count(*) FILTER (mass_kg IS NOT NULL AND is_mass_estimated) AS estimated
    FROM staging.comtrade
    GROUP BY ALL
),
named AS (
    SELECT
        k.*, reporter.iso3 AS reporter_iso3, k.partner_code IS NULL AS is_world,
        coalesce(partner.iso3 = reporter.iso3, false) AS is_itself,
        coalesce(area.kind = 'unallocated', false) AS is_unallocated
    FROM keyed AS k
    JOIN ref.country_code AS reporter
        ON reporter.system = 'comtrade' AND reporter.code = CAST(k.reporter_code AS VARCHAR)
        AND k.year BETWEEN coalesce(reporter.from_year, 0) AND coalesce(reporter.to_year, 9999)
    LEFT JOIN ref.country_code AS partner
        ON partner.system = 'comtrade' AND partner.code = CAST(k.partner_code AS VARCHAR)
        AND k.year BETWEEN coalesce(partner.from_year, 0) AND coalesce(partner.to_year, 9999)
    LEFT JOIN ref.country AS area ON area.iso3 = partner.iso3
),
summed AS (
    SELECT
        edition, frequency, flow, reporter_iso3, year, month, any_value(hs_revision) AS hs_revision,
        hs6,
        coalesce(sum(value_usd) FILTER (NOT is_world), 0) AS partners_usd,
        sum(value_usd) FILTER (is_world) AS world_usd,
        coalesce(sum(value_usd) FILTER (is_itself), 0) AS to_itself_usd,
        coalesce(sum(value_usd) FILTER (is_unallocated), 0) AS unallocated_usd,
        coalesce(sum(n) FILTER (NOT is_world), 0) AS n,
        coalesce(sum(n) FILTER (is_itself), 0) AS rows_to_itself,
        coalesce(sum(weightless) FILTER (NOT is_world), 0) AS rows_without_mass,
        coalesce(sum(estimated) FILTER (NOT is_world), 0) AS rows_with_estimated_mass,
        max(n) AS most_rows_a_key,
        count(DISTINCT reporter_code) AS reporter_codes
    FROM named
    GROUP BY edition, frequency, flow, reporter_iso3, year, month, hs6
)
SELECT
    'comtrade' AS source, edition, frequency, flow, reporter_iso3, year, month, hs_revision, hs6,
    CAST(partners_usd AS DECIMAL(18, 3)) AS partners_usd,
    CAST(world_usd AS DECIMAL(18, 3)) AS world_usd,
    CAST(world_usd - partners_usd AS DECIMAL(18, 3)) AS difference_usd,
    CAST(to_itself_usd AS DECIMAL(18, 3)) AS to_itself_usd,
    CAST(unallocated_usd AS DECIMAL(18, 3)) AS unallocated_usd,
    CAST(n AS BIGINT) AS "rows",
    CAST(rows_to_itself AS BIGINT) AS rows_to_itself,
    CAST(rows_without_mass AS BIGINT) AS rows_without_mass,
    CAST(rows_with_estimated_mass AS BIGINT) AS rows_with_estimated_mass,
    most_rows_a_key,
    reporter_codes
FROM summed
