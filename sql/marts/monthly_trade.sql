/*
meaning: Imports by HS code and month, as the importer reports them, in whole dollars and kilograms
grain: [source, edition, hs6, year, month, importer_iso3, exporter_iso3]
sources: [comtrade]
may_be_empty: true
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: hs_revision, type: text, meaning: HS revision of the code, key: ref.hs_revision.hs_revision}
  - {name: hs6, type: text, meaning: HS code with its leading zero}
  - {name: year, type: year, meaning: calendar year, low: 1962, high: 2100}
  - {name: month, type: int, meaning: month of the year, unit: month, low: 1, high: 12}
  - {name: importer_iso3, type: text, meaning: "importing economy, which reports", key: mart.economy.economy}
  - {name: exporter_iso3, type: text, meaning: exporting economy, key: mart.economy.economy}
  - {name: value_usd, type: int, meaning: "value, mostly CIF, current", unit: USD, low: 0}
  - {name: mass_kg, type: int, meaning: "weight; null = not reported", unit: kg, nullable: true, low: 0}
*/
WITH reported AS (
    SELECT
        t.edition, t.hs_revision, t.hs6, t.year, t.month, t.value_usd, t.mass_kg,
        reporter.iso3 AS importer_iso3, partner.iso3 AS exporter_iso3
    FROM staging.comtrade AS t
    JOIN ref.country_code AS reporter
        ON reporter.system = 'comtrade' AND reporter.code = CAST(t.reporter_code AS VARCHAR)
        AND t.year BETWEEN coalesce(reporter.from_year, 0) AND coalesce(reporter.to_year, 9999)
    JOIN ref.country_code AS partner
        ON partner.system = 'comtrade' AND partner.code = CAST(t.partner_code AS VARCHAR)
        AND t.year BETWEEN coalesce(partner.from_year, 0) AND coalesce(partner.to_year, 9999)
    WHERE t.frequency = 'monthly' AND t.flow = 'import'
)
SELECT
    'comtrade' AS source, edition, any_value(hs_revision) AS hs_revision, hs6, year, month,
    importer_iso3, exporter_iso3,
    CAST(round(sum(value_usd)) AS BIGINT) AS value_usd,
    CASE WHEN count(*) = count(mass_kg) THEN CAST(round(sum(mass_kg)) AS BIGINT) END AS mass_kg
FROM reported
WHERE importer_iso3 <> exporter_iso3
GROUP BY edition, hs6, year, month, importer_iso3, exporter_iso3
