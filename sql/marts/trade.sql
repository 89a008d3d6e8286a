/*
meaning: Bilateral trade by HS code, one grain over all sources, in whole dollars and kilograms
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
  - {name: value_usd, type: int, meaning: "value, FOB, current", unit: USD, low: 0}
  - {name: mass_kg, type: int, meaning: "weight; null = not reported", unit: kg, nullable: true, low: 0}
*/
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
