/*
meaning: >-
  Monthly market prices of minerals, nominal, as published and by the kilogram; each edition of the source
  as a vintage of its own
grain: [source, edition, series, year, month]
sources: [pink_sheet]
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: series, type: text, meaning: "the source's name of the series"}
  - {name: year, type: year, meaning: calendar year, low: 1900, high: 2100}
  - {name: month, type: int, meaning: "month of the year, 1 to 12", low: 1, high: 12}
  - {name: mineral, type: text, meaning: mineral that is priced, key: ref.mineral.mineral}
  - {name: stage, type: text, meaning: stage of what is priced, key: ref.stage.stage}
  - {name: price, type: float, meaning: "average of the month; null = not published", unit: USD_per_kg, nullable: true, low: 0}
  - {name: published_price, type: float, meaning: "the same as published, in `published_unit`", nullable: true, low: 0}
  - {name: published_unit, type: text, meaning: unit of the published price, key: ref.unit.unit}
*/
SELECT
    'pink_sheet' AS source,
    p.edition, p.series, p.year, p.month, p.mineral, p.stage,
    p.price * u.factor AS price,
    p.price AS published_price,
    p.unit AS published_unit
FROM staging.pink_sheet AS p
JOIN ref.unit AS u ON u.unit = p.unit AND u.base_unit = 'USD_per_kg'
