-- Where an economy's supply is the most concentrated, in its latest year, by value: the higher the
-- HHI, the fewer suppliers (1 = a single one). Only what can be computed.
-- $importer = JPN
WITH latest AS (
    SELECT c.*
    FROM indices.import_concentration AS c
    SEMI JOIN view.preferred_source AS p
        ON p.importer_iso3 = c.importer_iso3 AND p.mineral = c.mineral AND p.stage = c.stage
        AND p.year = c.year AND p.source = c.source AND p.edition = c.edition
        AND p.purpose = 'importer'
    WHERE c.importer_iso3 = $importer AND c.basis = 'value' AND c.stage = 'all'
        AND c.hhi IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY c.mineral ORDER BY c.year DESC) = 1
)
SELECT
    m.name AS mineral, l.year, l.hhi, supplier.name AS top_supplier, l.cr1 AS top_share,
    l.confidence, l.flags, l.hhi_low, l.hhi_high, l.effective_suppliers, l.hs6,
    l.source, l.edition
FROM latest AS l
JOIN ref.mineral AS m ON m.mineral = l.mineral
LEFT JOIN mart.economy AS supplier ON supplier.economy = l.top_supplier_iso3
ORDER BY l.hhi DESC, m.name
