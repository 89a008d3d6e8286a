-- What a mineral cost: the average of the published months of each year, nominal, and its change
-- from the year before. A year with fewer than twelve months says so.
-- $mineral = copper
SELECT
    year, avg(price) AS price_usd_per_kg,
    avg(price) / lag(avg(price)) OVER same_series - 1 AS change_share,
    min(price) AS lowest, max(price) AS highest, count(price) AS months, stage, series, source,
    edition
FROM mart.price
WHERE mineral = $mineral
GROUP BY year, stage, series, source, edition
WINDOW same_series AS (PARTITION BY source, edition, series, stage ORDER BY year)
ORDER BY series, stage, source, edition, year
