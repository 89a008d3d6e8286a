-- Who supplies an economy with a mineral, the largest first, by value and by mass: in one year, or
-- without a year in the latest that can be computed.
-- $importer = JPN
-- $mineral = rare_earths
-- $stage = all
-- $year =
WITH cell AS (
    SELECT year, source, edition
    FROM view.preferred_source
    WHERE importer_iso3 = $importer AND mineral = $mineral AND stage = $stage
        AND purpose = 'importer' AND year = coalesce(CAST($year AS INTEGER), year)
    ORDER BY is_computed DESC, year DESC
    LIMIT 1
)
SELECT
    d.exporter, d.year, max(d.import_share) FILTER (d.basis = 'value') AS value_share,
    max(d.import_share) FILTER (d.basis = 'mass') AS mass_share,
    string_agg(DISTINCT d.reason, ', ' ORDER BY d.reason) AS reason,
    max(d.confidence) AS confidence, max(d.hs6) AS hs6, d.source, d.edition
FROM view.dependency AS d
JOIN cell AS c ON c.year = d.year AND c.source = d.source AND c.edition = d.edition
WHERE d.importer_iso3 = $importer AND d.mineral = $mineral AND d.stage = $stage
GROUP BY d.exporter, d.year, d.source, d.edition
ORDER BY value_share DESC NULLS LAST, mass_share DESC NULLS LAST, d.exporter
