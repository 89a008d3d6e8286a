-- Which policy measures take effect, expire or come back in the days after a day, and which were
-- suspended or announced: the first 90 days from today on, where no other day is given. A suspension
-- lapses on its last day; the measure is back on the day after. Unconfirmed: not read by us.
-- $day =
-- $days = 90
SELECT
    c.day, c.event, c.measure, issuer.name AS issuer, c.title, c.target, c.kind, c.severity,
    c.minerals, c.in_force_after, c.confirmation, c.citation, c.note, c.source, c.edition
FROM indices.policy_calendar AS c
LEFT JOIN mart.economy AS issuer ON issuer.economy = c.issuer_iso3
WHERE c.day > coalesce(CAST($day AS DATE), CAST(now() AT TIME ZONE 'UTC' AS DATE))
    AND c.day <= coalesce(CAST($day AS DATE), CAST(now() AT TIME ZONE 'UTC' AS DATE)) + CAST($days AS INTEGER)
ORDER BY c.day, c.event, c.source, c.edition, c.measure
