-- Which part of an economy's supply comes from outside an alliance (G7, MSP or OECD), by value, in
-- its latest year: the largest first, with the range that trade of unknown origin leaves.
-- $importer = JPN
-- $alliance = G7
WITH latest AS (
    SELECT n.*
    FROM indices.non_allied_share AS n
    SEMI JOIN view.preferred_source AS p
        ON p.importer_iso3 = n.importer_iso3 AND p.mineral = n.mineral AND p.stage = n.stage
        AND p.year = n.year AND p.source = n.source AND p.edition = n.edition
        AND p.purpose = 'importer'
    WHERE n.importer_iso3 = $importer AND n.alliance = $alliance AND n.stage = 'all'
        AND n.basis = 'value' AND n.non_allied_share IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY n.mineral ORDER BY n.year DESC, n.version DESC) = 1
)
SELECT
    m.name AS mineral, l.year, l.non_allied_share, l.non_allied_share_low, l.non_allied_share_high,
    l.alliance, l.version, l.confidence, l.flags, l.source, l.edition
FROM latest AS l
JOIN ref.mineral AS m ON m.mineral = l.mineral
ORDER BY l.non_allied_share DESC, m.name
