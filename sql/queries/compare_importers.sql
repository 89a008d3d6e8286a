-- One mineral, several economies: the first supplier of each, its share and the HHI, by value and by
-- mass, in the latest year that BACI has for all of them.
-- $mineral = rare_earths
-- $importers = JPN,KOR,USA,EU27_2020,CHN
-- $stage = all
WITH cell AS (
    SELECT *
    FROM view.concentration
    WHERE mineral = $mineral AND stage = $stage AND list_contains(preferred_for, 'comparison')
        AND list_contains(string_split(replace($importers, ' ', ''), ','), importer_iso3)
),
newest AS (
    SELECT max(year) AS year FROM cell WHERE hhi IS NOT NULL
)
SELECT
    c.importer, c.year, c.basis, c.top_supplier, c.top_share, c.hhi, c.hhi_low, c.hhi_high,
    c.effective_suppliers, c.reason, c.confidence, c.flags, c.hs6, c.source, c.edition
FROM cell AS c
JOIN newest AS n ON n.year = c.year
ORDER BY c.basis DESC, c.hhi DESC NULLS LAST, c.importer
