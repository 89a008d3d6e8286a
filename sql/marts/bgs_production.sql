/*
meaning: >-
  World production by country as the British Geological Survey counts it, to hold against mart.production;
  the indices take production from that one source. Products of one measure are summed, measures never are
grain: [source, edition, mineral, stage, measure, iso3, year]
sources: [bgs_wms]
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: mineral, type: text, meaning: mineral, key: ref.mineral.mineral}
  - {name: stage, type: text, meaning: stage of production, key: ref.stage.stage}
  - {name: basis, type: text, meaning: what is weighed, key: ref.basis.basis}
  - {name: measure, type: text, meaning: what the figure measures}
  - {name: iso3, type: text, meaning: producing country, key: ref.country.iso3}
  - {name: year, type: year, meaning: calendar year, low: 1900, high: 2100}
  - {name: mass_kg, type: int, meaning: "production; null = no number is printed", unit: kg, nullable: true, low: 0}
  - {name: mass_high_kg, type: int, meaning: "upper bound, where only one is printed", unit: kg, nullable: true, low: 0}
  - {name: unknown_products, type: int, meaning: "products without a number; 0 = the sum is whole", unit: count, low: 0}
  - {name: status, type: text, meaning: "what the source prints, for each product, joined by +"}
  - {name: is_estimated, type: bool, meaning: whether any part is an estimate}
*/
SELECT
    'bgs_wms' AS source, p.edition, p.mineral, p.stage, any_value(p.basis) AS basis, p.measure, p.iso3, p.year,
    CAST(sum(CAST(round(p.value * u.factor) AS BIGINT)) AS BIGINT) AS mass_kg,
    CAST(sum(CAST(round(p.high * u.factor) AS BIGINT)) AS BIGINT) AS mass_high_kg,
    count(*) FILTER (p.value IS NULL) AS unknown_products,
    string_agg(DISTINCT p.status, '+' ORDER BY p.status) AS status,
    bool_or(p.status = 'estimated') AS is_estimated
FROM staging.bgs_wms AS p
JOIN ref.unit AS u ON u.unit = p.unit AND u.base_unit = 'kg'
GROUP BY p.edition, p.mineral, p.stage, p.measure, p.iso3, p.year
