-- What could not be computed, and why: cells without a number, by table and reason. None of them
-- is a zero.
WITH cells AS (
    SELECT 'indices.import_concentration' AS table_name, mineral, reason
    FROM indices.import_concentration
    UNION ALL
    SELECT 'indices.export_concentration', mineral, reason FROM indices.export_concentration
    UNION ALL
    SELECT 'indices.production_concentration', mineral, reason FROM indices.production_concentration
),
totals AS (SELECT table_name, count(*) AS total FROM cells GROUP BY table_name)
SELECT
    c.table_name AS "table", c.reason, count(*) AS cells, count(*) / t.total AS share_of_cells,
    count(DISTINCT c.mineral) AS minerals, r.meaning
FROM cells AS c
JOIN totals AS t ON t.table_name = c.table_name
JOIN ref.reason AS r ON r.reason = c.reason
GROUP BY c.table_name, c.reason, r.meaning, t.total
ORDER BY c.table_name, cells DESC, c.reason
