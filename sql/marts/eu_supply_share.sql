/*
meaning: >-
  Shares of countries in global supply and in EU sourcing, with their trade parameter, as an EU study
  publishes them. In EU sourcing, shares below 1 percent are omitted.
grain: [edition, supply, material, stage, area]
sources: [eu_crm]
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the study}
  - {name: supply, type: text, meaning: whose supply, values: [global, eu]}
  - {name: material, type: text, meaning: "the study's material", key: mart.eu_material.material}
  - {name: stage, type: text, meaning: "extraction as mine, processing as refinery", key: ref.stage.stage}
  - {name: area, type: text, meaning: supplying country, key: ref.country.iso3}
  - {name: share, type: float, meaning: "share; null = only known to be below a bound", unit: share, nullable: true, low: 0, high: 1}
  - {name: share_low, type: float, meaning: lower bound, unit: share, low: 0, high: 1}
  - {name: share_high, type: float, meaning: upper bound, unit: share, low: 0, high: 1}
  - {name: trade_parameter, type: float, meaning: "0.8 in the EU, 1 without export restriction, more with", unit: ratio, low: 0.8, high: 2}
*/
SELECT
    'eu_crm' AS source,
    s.edition,
    CASE s.measure WHEN 'global_supply_share' THEN 'global' ELSE 'eu' END AS supply,
    s.material, s.stage, s.area,
    round(s.value * u.factor, 12) AS share,
    round(s.low * u.factor, 12) AS share_low,
    least(round(s.high * u.factor, 12), 1) AS share_high,
    s.trade_parameter
FROM staging.eu_crm AS s
JOIN ref.unit AS u ON u.unit = s.unit
WHERE s.measure IN ('global_supply_share', 'eu_supply_share')
