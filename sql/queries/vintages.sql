-- What one edition after the other said of the same year: production by country, and the change
-- from the edition before. A figure without its vintage is not a figure.
-- $mineral = antimony
-- $area = CHN
SELECT
    p.year, p.edition, p.mass_kg,
    p.mass_kg / lag(p.mass_kg) OVER same_figure - 1 AS change_share,
    p.status, p.stage, p.measure, e.released, p.source
FROM mart.production AS p
JOIN meta.edition AS e ON e.source = p.source AND e.edition = p.edition
WHERE p.mineral = $mineral AND p.area = $area
WINDOW same_figure AS (
    PARTITION BY p.source, p.stage, p.measure, p.year ORDER BY e.released, p.edition
)
ORDER BY p.year, p.source, p.stage, p.measure, e.released, p.edition
