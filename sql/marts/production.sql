/*
meaning: >-
  World production by country, each edition of the source as a vintage of its own; products of one
  measure are summed, measures never are
grain: [source, edition, mineral, stage, measure, area, year]
sources: [usgs_mcs]
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: mineral, type: text, meaning: mineral, key: ref.mineral.mineral}
  - {name: stage, type: text, meaning: stage of production, key: ref.stage.stage}
  - {name: basis, type: text, meaning: what is weighed, key: ref.basis.basis}
  - {name: measure, type: text, meaning: what the figure measures}
  - {name: area, type: text, meaning: "ISO alpha-3, or WORLD (the printed total), or OTHER (countries not listed)"}
  - {name: area_kind, type: text, meaning: kind of area, values: [country, world, other]}
  - {name: year, type: year, meaning: calendar year, low: 1900, high: 2100}
  - {name: mass_kg, type: int, meaning: "production; null = no number is printed", unit: kg, nullable: true, low: 0}
  - {name: mass_low_kg, type: int, meaning: "lower bound, where only bounds are printed", unit: kg, nullable: true, low: 0}
  - {name: mass_high_kg, type: int, meaning: "upper bound, where only bounds are printed", unit: kg, nullable: true, low: 0}
  - {name: unknown_products, type: int, meaning: "products without a number; 0 = the sum is whole", unit: count, low: 0}
  - {name: status, type: text, meaning: "what the source prints, for each product, joined by +"}
  - {name: is_estimated, type: bool, meaning: whether any part is the source's estimate}
*/
SELECT
    'usgs_mcs' AS source,
    p.edition, p.mineral, p.stage, any_value(p.basis) AS basis, p.measure, p.area,
    any_value(p.area_kind) AS area_kind, p.year,
    CAST(sum(CAST(round(p.value * u.factor) AS BIGINT)) AS BIGINT) AS mass_kg,
    CAST(sum(CAST(round(p.low * u.factor) AS BIGINT)) AS BIGINT) AS mass_low_kg,
    CAST(sum(CAST(round(p.high * u.factor) AS BIGINT)) AS BIGINT) AS mass_high_kg,
    count(*) FILTER (p.value IS NULL) AS unknown_products,
    string_agg(DISTINCT p.status, '+' ORDER BY p.status) AS status,
    bool_or(p.status = 'estimated') AS is_estimated
FROM staging.usgs_mcs AS p
JOIN ref.unit AS u ON u.unit = p.unit AND u.base_unit = 'kg'
GROUP BY p.edition, p.mineral, p.stage, p.measure, p.area, p.year
