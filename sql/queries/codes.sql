-- Which HS codes stand for a mineral in the trade figures, how clean each is, and which were left out
-- and why: the basket behind every share.
-- $mineral = rare_earths
-- $stage = all
SELECT
    b.stage, b.hs6, f.name AS form, b.specificity, b.exclusion, b.hs_revision, b.first_year,
    b.last_year, f.content_value, f.content_source, b.source, b.edition
FROM mart.basket AS b
JOIN ref.form AS f ON f.mineral = b.mineral AND f.form = b.form
WHERE b.mineral = $mineral AND b.stage = coalesce($stage, b.stage)
ORDER BY b.source, b.edition, b.stage, b.exclusion NULLS FIRST, b.hs6
