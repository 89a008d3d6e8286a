-- What this snapshot was made from: every edition, its rows and years, its licence, and whether
-- the newest had gone stale by the day of the run.
SELECT
    e.source, e.edition, e.rows, e.first_year, e.last_year, f.stale, s.licence,
    e.released, e.released_basis, s.tried_live, s.citation, s.origin
FROM meta.edition AS e
JOIN meta.source AS s ON s.source = e.source
LEFT JOIN quality.freshness AS f ON f.source = e.source AND f.edition = e.edition
ORDER BY e.source, e.released NULLS FIRST, e.edition
