-- If the first supplier of the world fell away: which part of the demand of the others what is left
-- would cover, by mineral, in the latest year; the least first. `without_china` leaves China out.
-- $scope = world
-- $supply = exports
-- $basis = mass
WITH latest AS (
    SELECT *
    FROM indices.world_supply
    WHERE scope = $scope AND supply = $supply AND basis = $basis
        AND stage = CASE WHEN $supply = 'exports' THEN 'all' ELSE stage END
        AND n1_coverage IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY mineral, stage ORDER BY year DESC, edition DESC, source
    ) = 1
)
SELECT
    m.name AS mineral, l.stage, l.year, first.name AS first_supplier, l.n1_coverage,
    l.n1_coverage_low, l.n1_coverage_high, l.n1_gap, l.cr3, l.suppliers, l.confidence, l.flags,
    l.source, l.edition
FROM latest AS l
JOIN ref.mineral AS m ON m.mineral = l.mineral
LEFT JOIN mart.economy AS first ON first.economy = l.top_supplier_iso3
ORDER BY l.n1_coverage, m.name, l.stage
