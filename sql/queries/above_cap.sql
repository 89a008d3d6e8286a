-- Single points of failure: minerals of which an economy gets more from one supplier than the cap
-- allows (ref.cap), by value, in its latest year; and how much would have to come from others.
-- $importer = JPN
WITH latest AS (
    SELECT d.*, c.top_supplier_iso3, c.cr1, c.hs6
    FROM indices.cap_distance AS d
    JOIN indices.import_concentration AS c
        ON c.importer_iso3 = d.importer_iso3 AND c.mineral = d.mineral AND c.stage = d.stage
        AND c.year = d.year AND c.basis = d.basis AND c.source = d.source AND c.edition = d.edition
    SEMI JOIN view.preferred_source AS p
        ON p.importer_iso3 = d.importer_iso3 AND p.mineral = d.mineral AND p.stage = d.stage
        AND p.year = d.year AND p.source = d.source AND p.edition = d.edition
        AND p.purpose = 'importer'
    WHERE d.importer_iso3 = $importer AND d.stage = 'all' AND d.basis = 'value'
        AND d.above_cap IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY d.mineral, d.cap ORDER BY d.year DESC) = 1
)
SELECT
    m.name AS mineral, l.year, supplier.name AS top_supplier, l.cr1 AS top_share, l.cap,
    cap.share AS cap_share, l.reallocate_amount AS reallocate_usd, l.confidence, l.flags, l.hs6,
    l.source, l.edition
FROM latest AS l
JOIN ref.mineral AS m ON m.mineral = l.mineral
JOIN ref.cap AS cap ON cap.cap = l.cap
LEFT JOIN mart.economy AS supplier ON supplier.economy = l.top_supplier_iso3
WHERE l.above_cap
ORDER BY l.cr1 DESC, m.name, l.cap
