-- How sure each number of an economy and a mineral is, in one year, or without a year in the latest:
-- every indicator's badge by basis, with the reasons for it.
-- $importer = JPN
-- $mineral = rare_earths
-- $stage = all
-- $year =
WITH cell AS (
    SELECT year, source, edition
    FROM view.preferred_source
    WHERE importer_iso3 = $importer AND mineral = $mineral AND stage = $stage
        AND purpose = 'importer' AND year = coalesce(CAST($year AS INTEGER), year)
    ORDER BY is_computed DESC, year DESC
    LIMIT 1
)
SELECT b.indicator, b.basis, b.variant, b.badge, b.reasons, b.year, b.source, b.edition
FROM view.badge AS b
JOIN cell AS c ON c.year = b.year AND c.source = b.source AND c.edition = b.edition
WHERE b.importer_iso3 = $importer AND b.mineral = $mineral AND b.stage = $stage
ORDER BY b.indicator, b.basis DESC, b.variant
