-- Which policy measures hold on a day for an economy's imports, on which goods, since when and until
-- when as far as is known. Without a day: today. `unconfirmed` = some part of it was not read.
-- $importer = USA
-- $day =
SELECT
    f.exporter_iso3, f.measure, m.title, f.kind, f.restricts, f.severity,
    list(DISTINCT coalesce(f.mineral, f.material) ORDER BY coalesce(f.mineral, f.material)) AS goods,
    f.scope, f.in_force_from, f.in_force_to, f.begins_as, f.ends_as,
    max(f.confirmation) AS confirmation, f.importer_iso3 AS aimed_at, f.source, f.edition
FROM mart.measure_in_force AS f
JOIN (SELECT DISTINCT source, edition, measure, title FROM mart.measure) AS m
    ON m.source = f.source AND m.edition = f.edition AND m.measure = f.measure
WHERE f.importer_iso3 IN ('ALL', $importer)
    AND coalesce(CAST($day AS DATE), CAST(now() AT TIME ZONE 'UTC' AS DATE))
        BETWEEN f.in_force_from AND coalesce(f.in_force_to, DATE '9999-12-31')
GROUP BY ALL
ORDER BY f.severity DESC NULLS LAST, f.in_force_from DESC, f.measure, f.importer_iso3
