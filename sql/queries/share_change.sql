-- Who gained and who lost: each supplier's share in an economy's supply of a mineral in two years, the
-- largest gain first. A supplier that is not there in a year had nothing that was reported.
-- $importer = JPN
-- $mineral = rare_earths
-- $from_year = 2010
-- $to_year = 2024
-- $stage = all
-- $basis = value
WITH cell AS (
    SELECT *
    FROM view.dependency
    WHERE importer_iso3 = $importer AND mineral = $mineral AND stage = $stage AND basis = $basis
        AND list_contains(preferred_for, 'comparison')
        AND year IN (CAST($from_year AS INTEGER), CAST($to_year AS INTEGER))
),
known AS (
    -- A year that could not be computed has no zero to compare with.
    SELECT
        count(import_share) FILTER (year = CAST($from_year AS INTEGER)) > 0
        AND count(import_share) FILTER (year = CAST($to_year AS INTEGER)) > 0 AS both_years
    FROM cell
)
SELECT
    c.exporter,
    max(c.import_share) FILTER (c.year = CAST($from_year AS INTEGER)) AS share_before,
    max(c.import_share) FILTER (c.year = CAST($to_year AS INTEGER)) AS share_after,
    CASE WHEN k.both_years THEN coalesce(share_after, 0) - coalesce(share_before, 0) END AS moved,
    max(c.reason) AS reason, min(c.hs6) AS hs6, max(c.source) AS source, max(c.edition) AS edition
FROM cell AS c
CROSS JOIN known AS k
GROUP BY c.exporter, k.both_years
ORDER BY moved DESC NULLS LAST, c.exporter
