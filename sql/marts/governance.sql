/*
meaning: Governance of countries, six dimensions, as the source estimates them
grain: [source, edition, iso3, year, dimension]
sources: [worldbank_wgi]
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: iso3, type: text, meaning: country or territory, key: ref.country.iso3}
  - {name: year, type: year, meaning: calendar year, low: 1996, high: 2100}
  - name: dimension
    type: text
    meaning: >-
      cc control of corruption, ge government effectiveness, pv political stability and absence of violence,
      rl rule of law, rq regulatory quality, va voice and accountability
    values: [cc, ge, pv, rl, rq, va]
  - {name: estimate, type: float, meaning: "about -2.5 to 2.5, higher is better; null = not estimated", unit: score, nullable: true, low: -5, high: 5}
*/
SELECT 'worldbank_wgi' AS source, edition, iso3, year, dimension, estimate
FROM staging.worldbank_wgi
