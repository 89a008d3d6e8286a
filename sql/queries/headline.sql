-- What the article says of an import share, beside what the data say: the latest year by value and
-- by mass, and the one year and basis that come nearest to the figure.
-- $claim = C010
WITH claim AS (
    SELECT claim_id, anchor, as_of, as_of_kind, value / 100 AS share, mineral, reporter, partner
    FROM mart.claim
    WHERE claim_id = $claim AND unit = 'percent' AND flow = 'M'
),
found AS (
    SELECT
        d.basis, d.year, d.import_share AS share, abs(d.import_share - c.share) AS distance,
        d.hs6, d.confidence, d.source, d.edition
    FROM view.dependency AS d
    JOIN claim AS c
        ON d.importer_iso3 = c.reporter AND d.exporter_iso3 = c.partner AND d.mineral = c.mineral
    WHERE d.stage = 'all' AND d.import_share IS NOT NULL
        AND list_contains(d.preferred_for, 'importer')
),
latest AS (
    SELECT * FROM found
    QUALIFY row_number() OVER (PARTITION BY basis ORDER BY year DESC) = 1
),
nearest AS (
    SELECT * FROM found
    ORDER BY distance, year DESC, basis DESC
    LIMIT 1
),
figures AS (
    SELECT
        1 AS place, 'claimed' AS figure, NULL AS basis, NULL AS year, share, NULL AS distance,
        NULL AS hs6, NULL AS confidence, 'article' AS source, NULL AS edition
    FROM claim
    UNION ALL BY NAME SELECT 2 AS place, 'latest' AS figure, * FROM latest
    UNION ALL BY NAME SELECT 3 AS place, 'nearest' AS figure, * FROM nearest
)
SELECT
    f.figure, f.basis, f.year, f.share, f.distance,
    importer.name AS importer, exporter.name AS exporter, c.mineral, c.claim_id, c.anchor,
    c.as_of AS claimed_for, c.as_of_kind AS claimed_for_is, f.hs6, f.confidence, f.source, f.edition
FROM figures AS f
CROSS JOIN claim AS c
LEFT JOIN mart.economy AS importer ON importer.economy = c.reporter
LEFT JOIN mart.economy AS exporter ON exporter.economy = c.partner
ORDER BY f.place, f.basis DESC
