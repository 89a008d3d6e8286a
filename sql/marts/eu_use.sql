/*
meaning: End uses of a material with the value added of their sector, as an EU study publishes them
grain: [edition, material, application, sector]
sources: [eu_crm]
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the study}
  - {name: material, type: text, meaning: "the study's material", key: mart.eu_material.material}
  - {name: application, type: text, meaning: what it is used for}
  - {name: sector, type: text, meaning: "NACE Rev. 2 division; null = other uses, no sector named", nullable: true}
  - {name: share, type: float, meaning: "part of the use; null = only known to be above 0", unit: share, nullable: true, low: 0, high: 1}
  - {name: share_low, type: float, meaning: lower bound, unit: share, low: 0, high: 1}
  - {name: share_high, type: float, meaning: upper bound, unit: share, low: 0, high: 1}
  - {name: value_added_meur, type: float, meaning: "value added of the sector; null = no sector", unit: MEUR, nullable: true, low: 0}
*/
SELECT
    'eu_crm' AS source,
    s.edition, s.material, s.item AS application, s.sector,
    round(s.value * u.factor, 12) AS share,
    round(s.low * u.factor, 12) AS share_low,
    -- "above 0 percent" is a share that rounds to 0: at most half a percent.
    least(round(coalesce(s.high, s.low + 0.5) * u.factor, 12), 1) AS share_high,
    s.value_added_meur
FROM staging.eu_crm AS s
JOIN ref.unit AS u ON u.unit = s.unit
WHERE s.measure = 'use_share'
