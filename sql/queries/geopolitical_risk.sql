-- Where an economy's supply is the riskiest after GeoPolRisk, in its latest year: concentration of
-- world production times the risk of the countries it buys from. As corrected by this project.
-- $importer = JPN
WITH latest AS (
    SELECT g.*
    FROM indices.geopolrisk AS g
    WHERE g.importer_iso3 = $importer AND g.stage = 'all' AND g.mode = 'corrected'
        AND g.score IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY g.mineral ORDER BY g.year DESC, g.edition DESC, g.basis
    ) = 1
)
SELECT
    m.name AS mineral, l.year, l.score, l.score_low, l.score_high, l.hhi AS production_hhi,
    l.import_risk, l.governance_missing_share, l.production_stage, l.production_edition,
    l.governance_year, l.confidence, l.flags, l.source, l.edition
FROM latest AS l
JOIN ref.mineral AS m ON m.mineral = l.mineral
ORDER BY l.score DESC, m.name
