/*
meaning: Rows by table, source, edition and year
grain: [table, source, edition, year]
columns:
  - {name: table, type: text, meaning: table counted}
  - {name: source, type: text, meaning: source, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: year, type: year, meaning: year of the figures}
  - {name: rows, type: int, meaning: rows, unit: count, low: 1}
*/
SELECT 'mart.trade' AS "table", source, edition, year, count(*) AS "rows"
FROM mart.trade GROUP BY source, edition, year
UNION ALL
SELECT 'mart.mirror_trade', source, edition, year, count(*)
FROM mart.mirror_trade GROUP BY source, edition, year
UNION ALL
SELECT 'mart.monthly_trade', source, edition, year, count(*)
FROM mart.monthly_trade GROUP BY source, edition, year
UNION ALL
SELECT 'mart.production', source, edition, year, count(*)
FROM mart.production GROUP BY source, edition, year
UNION ALL
SELECT 'mart.governance', source, edition, year, count(*)
FROM mart.governance GROUP BY source, edition, year
