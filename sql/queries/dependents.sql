-- Who depends on a supplier for a mineral: economies by the share that it has in their supply, in the
-- latest year, the largest first; those for whom it is the first supplier are marked.
-- $exporter = CHN
-- $mineral = rare_earths
-- $stage = all
-- $basis = value
WITH cell AS (
    SELECT d.*, c.top_supplier_iso3
    FROM view.dependency AS d
    JOIN indices.import_concentration AS c
        ON c.importer_iso3 = d.importer_iso3 AND c.mineral = d.mineral AND c.stage = d.stage
        AND c.year = d.year AND c.basis = d.basis AND c.source = d.source AND c.edition = d.edition
    WHERE d.exporter_iso3 = $exporter AND d.mineral = $mineral AND d.stage = $stage
        AND d.basis = $basis AND d.import_share IS NOT NULL
        AND list_contains(d.preferred_for, 'comparison')
)
SELECT
    importer, import_share, top_supplier_iso3 = $exporter AS is_first_supplier, year, basis,
    confidence, flags, hs6, source, edition
FROM cell
WHERE year = (SELECT max(year) FROM cell)
ORDER BY import_share DESC, importer
