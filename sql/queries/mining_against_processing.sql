-- Mining against processing: the first producer of each mineral at the mine and at the smelter or
-- refinery, with its share and the HHI, in the newest edition and its latest year that is known.
WITH latest AS (
    SELECT *
    FROM indices.production_concentration
    WHERE hhi IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY mineral, stage, measure ORDER BY edition DESC, year DESC, source
    ) = 1
)
SELECT
    m.name AS mineral, l.stage, l.measure, l.year, producer.name AS first_producer,
    l.cr1 AS first_share, l.hhi, l.hhi_low, l.hhi_high, l.suppliers AS producers,
    l.unallocated_share, l.confidence, l.flags, l.source, l.edition
FROM latest AS l
JOIN ref.mineral AS m ON m.mineral = l.mineral
LEFT JOIN mart.economy AS producer ON producer.economy = l.top_supplier_iso3
ORDER BY m.name, l.stage, l.measure
