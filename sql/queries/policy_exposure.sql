-- Who is exposed to policy measures on a day, the most exposed first: the share of an economy's
-- supply that comes from exporters with a restricting measure in force for it, plain and weighted by
-- severity. Without a day today; without a mineral or an importer all of them. Unconfirmed: it rests on
-- a measure, goods or days that we did not read.
-- $day =
-- $mineral =
-- $importer =
-- $basis = value
-- $stage = all
WITH shown AS (
    SELECT p.*
    FROM indices.policy_exposure AS p
    SEMI JOIN view.preferred_source AS s
        ON s.importer_iso3 = p.importer_iso3 AND s.mineral = p.mineral AND s.stage = p.stage
        AND s.year = p.year AND s.source = p.source AND s.edition = p.edition
        AND s.purpose = 'importer'
    WHERE coalesce(CAST($day AS DATE), CAST(now() AT TIME ZONE 'UTC' AS DATE))
        BETWEEN p.in_force_from AND coalesce(p.in_force_to, DATE '9999-12-31')
        AND p.mineral = coalesce($mineral, p.mineral)
        AND p.importer_iso3 = coalesce($importer, p.importer_iso3)
        AND p.basis = $basis AND p.stage = $stage AND len(p.measures) > 0
)
SELECT
    importer.name AS importer, m.name AS mineral, s.year, s.exposed_share, s.weighted_share,
    s.exposed_share_low, s.exposed_share_high, s.exporters, s.measures, s.suspended_measures,
    s.confirmation, s.in_force_from, s.in_force_to, s.reason, s.flags, s.confidence,
    s.source, s.edition
FROM shown AS s
JOIN ref.mineral AS m ON m.mineral = s.mineral
LEFT JOIN mart.economy AS importer ON importer.economy = s.importer_iso3
ORDER BY s.exposed_share DESC NULLS LAST, s.weighted_share DESC, importer.name, m.name
