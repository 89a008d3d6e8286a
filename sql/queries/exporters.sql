-- Who dominates world exports: each mineral's first exporter, its share and the HHI of exporters, by
-- value, in the latest year, the most concentrated first; and whether trade hangs on that one.
-- $basis = value
WITH latest AS (
    SELECT c.*, k.choke_point, k.second_share
    FROM indices.export_concentration AS c
    JOIN indices.choke_point AS k
        ON k.mineral = c.mineral AND k.stage = c.stage AND k.year = c.year AND k.basis = c.basis
        AND k.source = c.source AND k.edition = c.edition
    WHERE c.stage = 'all' AND c.basis = $basis AND c.hhi IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY c.mineral ORDER BY c.year DESC, c.edition DESC, c.source
    ) = 1
)
SELECT
    m.name AS mineral, l.year, exporter.name AS first_exporter, l.cr1 AS first_share,
    l.second_share, l.hhi, l.hhi_low, l.hhi_high, l.choke_point, l.confidence, l.flags, l.hs6,
    l.source, l.edition
FROM latest AS l
JOIN ref.mineral AS m ON m.mineral = l.mineral
LEFT JOIN mart.economy AS exporter ON exporter.economy = l.top_supplier_iso3
ORDER BY l.hhi DESC, m.name
