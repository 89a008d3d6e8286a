-- How much of what an economy uses of a mineral comes from abroad, net of what it sends there, in the
-- latest year that can be computed; above 0.5 means that more than half does.
-- $importer = USA
WITH latest AS (
    SELECT *
    FROM indices.import_reliance
    WHERE importer_iso3 = $importer AND stage = 'all' AND net_import_reliance IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY mineral ORDER BY year DESC, production_edition DESC, edition DESC, basis
    ) = 1
)
SELECT
    m.name AS mineral, l.year, l.net_import_reliance, l.net_import_reliance_low,
    l.net_import_reliance_high, l.imports_kg, l.exports_kg, l.produced_kg, l.basis, l.measure,
    l.production_edition, l.confidence, l.flags, l.hs6, l.source, l.edition
FROM latest AS l
JOIN ref.mineral AS m ON m.mineral = l.mineral
ORDER BY l.net_import_reliance DESC, m.name
