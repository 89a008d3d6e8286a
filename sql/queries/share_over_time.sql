-- How large a supplier was to an economy, year by year, by value and by mass: as the source says that
-- is declared for the purpose, the importer's own report first, or BACI alone for `comparison`.
-- $importer = JPN
-- $exporter = CHN
-- $mineral = rare_earths
-- $stage = all
-- $purpose = importer
SELECT
    year, max(import_share) FILTER (basis = 'value') AS value_share,
    max(import_share) FILTER (basis = 'mass') AS mass_share,
    string_agg(DISTINCT reason, ', ' ORDER BY reason) AS reason,
    max(hs6) AS hs6, source, edition
FROM view.dependency
WHERE importer_iso3 = $importer AND exporter_iso3 = $exporter
    AND mineral = $mineral AND stage = $stage AND list_contains(preferred_for, $purpose)
GROUP BY year, source, edition
ORDER BY year, source, edition
