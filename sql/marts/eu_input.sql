/*
meaning: >-
  Inputs of supply risk that an EU study publishes for a material as a whole, in our units. Bounds are what
  a printed figure may have been rounded from.
grain: [edition, material]
sources: [eu_crm]
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the study}
  - {name: material, type: text, meaning: "the study's material", key: mart.eu_material.material}
  - {name: stage, type: text, meaning: "stage the figures are for, extraction as mine and processing as refinery; null = not said", nullable: true, key: ref.stage.stage}
  - {name: supply_data_used, type: text, meaning: "which supply the study counts, of the world (GS), of the EU (EUS), or both", nullable: true, values: [EUS only, GS + EUS, GS only]}
  - {name: import_reliance, type: float, meaning: net imports in EU supply, unit: share, nullable: true, low: 0, high: 1}
  - {name: import_reliance_low, type: float, meaning: lower bound, unit: share, nullable: true, low: 0, high: 1}
  - {name: import_reliance_high, type: float, meaning: upper bound, unit: share, nullable: true, low: 0, high: 1}
  - {name: eol_rir, type: float, meaning: end-of-life recycling input rate, unit: share, nullable: true, low: 0, high: 1}
  - {name: eol_rir_low, type: float, meaning: lower bound, unit: share, nullable: true, low: 0, high: 1}
  - {name: eol_rir_high, type: float, meaning: upper bound, unit: share, nullable: true, low: 0, high: 1}
  - {name: si_ei, type: float, meaning: substitution index in economic importance, unit: ratio, nullable: true, low: 0, high: 1}
  - {name: si_ei_low, type: float, meaning: lower bound, unit: ratio, nullable: true, low: 0, high: 1}
  - {name: si_ei_high, type: float, meaning: upper bound, unit: ratio, nullable: true, low: 0, high: 1}
  - {name: si_sr, type: float, meaning: substitution index in supply risk, unit: ratio, nullable: true, low: 0, high: 1}
  - {name: si_sr_low, type: float, meaning: lower bound, unit: ratio, nullable: true, low: 0, high: 1}
  - {name: si_sr_high, type: float, meaning: upper bound, unit: ratio, nullable: true, low: 0, high: 1}
  - {name: hhi_wgi_t_gs, type: float, meaning: weighted concentration of global supply, unit: score, nullable: true, low: 0, high: 20}
  - {name: hhi_wgi_t_gs_low, type: float, meaning: lower bound, unit: score, nullable: true, low: 0, high: 20}
  - {name: hhi_wgi_t_gs_high, type: float, meaning: upper bound, unit: score, nullable: true, low: 0, high: 20}
  - {name: hhi_wgi_t_eu, type: float, meaning: weighted concentration of EU sourcing, unit: score, nullable: true, low: 0, high: 20}
  - {name: hhi_wgi_t_eu_low, type: float, meaning: lower bound, unit: score, nullable: true, low: 0, high: 20}
  - {name: hhi_wgi_t_eu_high, type: float, meaning: upper bound, unit: score, nullable: true, low: 0, high: 20}
*/
WITH figures AS (
    SELECT
        s.edition, s.material, s.stage, s.measure, s.value_text,
        round(s.value * u.factor, 12) AS value,
        round(s.low * u.factor, 12) AS low,
        round(CASE WHEN s.unit = 'score' OR s.high IS NULL THEN s.high ELSE least(s.high * u.factor, 1) END, 12) AS high
    FROM staging.eu_crm AS s
    LEFT JOIN ref.unit AS u ON u.unit = s.unit
    WHERE s.measure NOT IN ('global_supply_share', 'eu_supply_share', 'use_share', 'group')
)
SELECT
    'eu_crm' AS source, edition, material,
    any_value(stage) AS stage,
    max(value_text) FILTER (measure = 'supply_data_used') AS supply_data_used,
    max(value) FILTER (measure = 'import_reliance') AS import_reliance,
    max(low) FILTER (measure = 'import_reliance') AS import_reliance_low,
    max(high) FILTER (measure = 'import_reliance') AS import_reliance_high,
    max(value) FILTER (measure = 'eol_rir') AS eol_rir,
    max(low) FILTER (measure = 'eol_rir') AS eol_rir_low,
    max(high) FILTER (measure = 'eol_rir') AS eol_rir_high,
    max(value) FILTER (measure = 'si_ei') AS si_ei,
    max(low) FILTER (measure = 'si_ei') AS si_ei_low,
    max(high) FILTER (measure = 'si_ei') AS si_ei_high,
    max(value) FILTER (measure = 'si_sr') AS si_sr,
    max(low) FILTER (measure = 'si_sr') AS si_sr_low,
    max(high) FILTER (measure = 'si_sr') AS si_sr_high,
    max(value) FILTER (measure = 'hhi_wgi_t_gs') AS hhi_wgi_t_gs,
    max(low) FILTER (measure = 'hhi_wgi_t_gs') AS hhi_wgi_t_gs_low,
    max(high) FILTER (measure = 'hhi_wgi_t_gs') AS hhi_wgi_t_gs_high,
    max(value) FILTER (measure = 'hhi_wgi_t_eu') AS hhi_wgi_t_eu,
    max(low) FILTER (measure = 'hhi_wgi_t_eu') AS hhi_wgi_t_eu_low,
    max(high) FILTER (measure = 'hhi_wgi_t_eu') AS hhi_wgi_t_eu_high
FROM figures
GROUP BY edition, material
