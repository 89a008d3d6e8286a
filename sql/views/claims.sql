/*
meaning: >-
  What the article claims and what the data say of it, one claim a row: the figure as stated, the verdict and why, the
  share that decides, its range over all ways to count, and the year and basis that come nearest
grain: [claim_id]
sources: [article]
columns:
  - {name: claim_id, type: text, meaning: number of the claim}
  - {name: anchor, type: text, meaning: the fewest words of the article that identify the claim}
  - {name: verdict, type: text, meaning: what the data say of it}
  - {name: why, type: text, meaning: "why, in words"}
  - {name: understood, type: text, meaning: how the claim was read}
  - {name: claim_type, type: text, meaning: kind of claim}
  - {name: importer_iso3, type: text, meaning: "whose imports; null = the world's, several, or none", nullable: true}
  - {name: importer, type: text, meaning: its name, nullable: true}
  - {name: exporter_iso3, type: text, meaning: "whose share; null = none", nullable: true}
  - {name: exporter, type: text, meaning: its name, nullable: true}
  - {name: mineral, type: text, meaning: "mineral; null = several, codes, or none", nullable: true}
  - {name: mineral_name, type: text, meaning: its name, nullable: true}
  - {name: value, type: float, meaning: "the figure as stated, in `unit` times `scale`", nullable: true}
  - {name: unit, type: text, meaning: its unit, nullable: true}
  - {name: scale, type: float, meaning: "factor of the figure: 1, or 1e9 for billions", nullable: true, low: 1}
  - {name: qualifier, type: text, meaning: the word that weakens or bounds the claim, nullable: true}
  - {name: as_of, type: text, meaning: the time the claim speaks of, nullable: true}
  - {name: as_of_kind, type: text, meaning: "whether the text states that time", values: [stated, inferred, none]}
  - {name: stated_share, type: float, meaning: the figure as a share, unit: share, nullable: true, low: 0, high: 1}
  - {name: stated_low_share, type: float, meaning: "least share that meets the claim; null = no limit", unit: share, nullable: true, low: 0, high: 1}
  - {name: stated_high_share, type: float, meaning: "greatest share that meets the claim; null = no limit", unit: share, nullable: true, low: 0, high: 1}
  - {name: primary_share, type: float, meaning: "share in the data, of the cell declared beforehand to decide", unit: share, nullable: true, low: 0, high: 1}
  - {name: primary_year, type: year, meaning: its year, nullable: true}
  - {name: primary_basis, type: text, meaning: its basis, nullable: true}
  - {name: primary_hs6, type: text, meaning: "its HS codes, joined by +", nullable: true}
  - {name: range_low_share, type: float, meaning: "least share of any way to count, in that year", unit: share, nullable: true, low: 0, high: 1}
  - {name: range_high_share, type: float, meaning: "greatest share of any way to count, in that year", unit: share, nullable: true, low: 0, high: 1}
  - {name: nearest_share, type: float, meaning: share of the cell that comes nearest to the claim, unit: share, nullable: true, low: 0, high: 1}
  - {name: nearest_year, type: year, meaning: its year, nullable: true}
  - {name: nearest_basis, type: text, meaning: its basis, nullable: true}
  - {name: nearest_basket, type: text, meaning: its basket, nullable: true}
  - {name: met_years, type: texts, meaning: years in which the primary basket and basis met the claim}
  - {name: needs, type: text, meaning: "data and codes it would take; null = it is settled", nullable: true}
  - {name: flags, type: texts, meaning: what to know of the number}
  - {name: confidence, type: text, meaning: "A to D; null where there is no number", nullable: true}
  - {name: reason, type: text, meaning: why there is no number, nullable: true}
  - {name: source, type: text, meaning: source of the primary share, nullable: true}
  - {name: edition, type: text, meaning: its edition, nullable: true}
*/
SELECT
    c.claim_id, c.anchor, v.verdict, v.why, v.understood, c.claim_type,
    v.importer_iso3, importer.name AS importer, v.exporter_iso3, exporter.name AS exporter,
    v.mineral, m.name AS mineral_name, c.value, c.unit, c.scale, c.qualifier, c.as_of, c.as_of_kind,
    v.stated_share, v.stated_low_share, v.stated_high_share, v.primary_share, v.primary_year,
    v.primary_basis, v.primary_hs6, v.range_low_share, v.range_high_share, v.nearest_share,
    v.nearest_year, v.nearest_basis, v.nearest_basket, v.met_years, v.needs, v.flags, v.confidence,
    v.reason, v.primary_source AS source, v.primary_edition AS edition
FROM mart.claim AS c
JOIN indices.claim_verdict AS v ON v.claim_id = c.claim_id
LEFT JOIN mart.economy AS importer ON importer.economy = v.importer_iso3
LEFT JOIN mart.economy AS exporter ON exporter.economy = v.exporter_iso3
LEFT JOIN ref.mineral AS m ON m.mineral = v.mineral
