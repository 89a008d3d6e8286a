/*
meaning: >-
  Bilateral trade by HS code, one grain over all sources, in whole dollars and kilograms: BACI's reconciled
  flows, and imports as the importer reports them to UN Comtrade, kept apart by source and edition
grain: [source, edition, hs6, year, importer_iso3, exporter_iso3]
sources: [baci]
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: hs_revision, type: text, meaning: HS revision of the code, key: ref.hs_revision.hs_revision}
  - {name: hs6, type: text, meaning: HS code with its leading zero}
  - {name: year, type: year, meaning: calendar year, low: 1988, high: 2100}
  - {name: importer_iso3, type: text, meaning: importing economy, key: mart.economy.economy}
  - {name: exporter_iso3, type: text, meaning: exporting economy, key: mart.economy.economy}
  - {name: value_usd, type: int, meaning: "value, current; FOB in BACI, mostly CIF where the importer reports", unit: USD, low: 0}
  - {name: mass_kg, type: int, meaning: "weight; null = not reported", unit: kg, nullable: true, low: 0}
*/
WITH reported AS (
    SELECT
        t.edition, t.hs_revision, t.hs6, t.year, t.value_usd, t.mass_kg,
        reporter.iso3 AS importer_iso3, partner.iso3 AS exporter_iso3
    FROM staging.comtrade AS t
    JOIN ref.country_code AS reporter
        ON reporter.system = 'comtrade' AND reporter.code = CAST(t.reporter_code AS VARCHAR)
        AND t.year BETWEEN coalesce(reporter.from_year, 0) AND coalesce(reporter.to_year, 9999)
    JOIN ref.country_code AS partner
        ON partner.system = 'comtrade' AND partner.code = CAST(t.partner_code AS VARCHAR)
        AND t.year BETWEEN coalesce(partner.from_year, 0) AND coalesce(partner.to_year, 9999)
    WHERE t.frequency = 'annual' AND t.flow = 'import'
)
SELECT
    'baci' AS source,
    t.edition,
    t.hs_revision,
    t.hs6,
    t.year,
    importer.iso3 AS importer_iso3,
    exporter.iso3 AS exporter_iso3,
    CAST(t.value_kusd * 1000 AS BIGINT) AS value_usd,
    CAST(t.quantity_t * 1000 AS BIGINT) AS mass_kg
FROM staging.baci AS t
JOIN ref.country_code AS importer
    ON importer.system = 'comtrade' AND importer.code = CAST(t.importer_code AS VARCHAR)
    AND t.year BETWEEN coalesce(importer.from_year, 0) AND coalesce(importer.to_year, 9999)
JOIN ref.country_code AS exporter
    ON exporter.system = 'comtrade' AND exporter.code = CAST(t.exporter_code AS VARCHAR)
    AND t.year BETWEEN coalesce(exporter.from_year, 0) AND coalesce(exporter.to_year, 9999)
UNION ALL
-- Two codes of one country in one year are parts of its trade. What comes back from the reporter
-- itself is no import from anyone, and is counted in mart.partner_balance.
SELECT
    'comtrade', edition, any_value(hs_revision), hs6, year, importer_iso3, exporter_iso3,
    CAST(round(sum(value_usd)) AS BIGINT),
    CASE WHEN count(*) = count(mass_kg) THEN CAST(round(sum(mass_kg)) AS BIGINT) END
FROM reported
WHERE importer_iso3 <> exporter_iso3
GROUP BY edition, hs6, year, importer_iso3, exporter_iso3
