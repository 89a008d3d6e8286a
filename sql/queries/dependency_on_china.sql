-- Which minerals an economy gets from China: its share by value and by mass, the largest first, in
-- the economy's latest year that can be computed. A mineral of which it then got none is not listed.
-- $importer = JPN
-- $exporter = CHN
WITH cell AS (
    SELECT mineral, year, source, edition
    FROM view.preferred_source
    WHERE importer_iso3 = $importer AND stage = 'all' AND purpose = 'importer'
    QUALIFY row_number() OVER (PARTITION BY mineral ORDER BY is_computed DESC, year DESC) = 1
)
SELECT
    m.name AS mineral, d.year, max(d.import_share) FILTER (d.basis = 'value') AS value_share,
    max(d.import_share) FILTER (d.basis = 'mass') AS mass_share,
    string_agg(DISTINCT d.reason, ', ' ORDER BY d.reason) AS reason,
    max(d.confidence) AS confidence, max(d.hs6) AS hs6, d.source, d.edition
FROM view.dependency AS d
JOIN cell AS c
    ON c.mineral = d.mineral AND c.year = d.year AND c.source = d.source AND c.edition = d.edition
JOIN ref.mineral AS m ON m.mineral = d.mineral
WHERE d.importer_iso3 = $importer AND d.exporter_iso3 = $exporter AND d.stage = 'all'
GROUP BY m.name, d.year, d.source, d.edition
ORDER BY value_share DESC NULLS LAST, mass_share DESC NULLS LAST, m.name
