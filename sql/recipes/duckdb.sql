-- A first look with the DuckDB shell, version 1.2 or later, read-only so that nobody waits:
--   duckdb -readonly warehouse/current/orewatch.duckdb < sql/recipes/duckdb.sql
-- Each statement stands alone. `.mode line` shows wide rows better, `.excel` opens them in Excel.

-- What is here.
SELECT "table", any_value(table_meaning) AS holds, count(*) AS columns
FROM meta.dictionary
GROUP BY "table"
ORDER BY "table";

-- What a column means, and in which unit.
SELECT "column", type, unit, meaning
FROM meta.dictionary
WHERE "table" = 'view.concentration'
ORDER BY ordinal;

-- Who supplies Japan with rare earths, newest year, by value.
SELECT exporter, year, round(import_share, 3) AS share, confidence, source, edition
FROM view.dependency
WHERE importer_iso3 = 'JPN' AND mineral = 'rare_earths' AND stage = 'all' AND basis = 'value'
    AND list_contains(preferred_for, 'importer') AND import_share > 0.01
    AND year = (SELECT max(year) FROM indices.import_concentration WHERE stage = 'all')
ORDER BY share DESC, exporter;

-- Where its supply is the most concentrated.
SELECT mineral_name, year, round(hhi, 3) AS hhi, top_supplier, round(top_share, 3) AS top_share
FROM view.concentration
WHERE importer_iso3 = 'JPN' AND stage = 'all' AND basis = 'value' AND hhi IS NOT NULL
    AND list_contains(preferred_for, 'importer')
    AND year = (SELECT max(year) FROM indices.import_concentration WHERE stage = 'all')
ORDER BY hhi DESC, mineral_name
LIMIT 10;

-- Why a number is missing: null is never zero.
SELECT c.reason, count(*) AS cells, any_value(r.meaning) AS meaning
FROM view.concentration AS c
JOIN ref.reason AS r ON r.reason = c.reason
GROUP BY c.reason
ORDER BY cells DESC;

-- What the article claims, and what the data say.
SELECT claim_id, verdict, anchor, primary_share, primary_year, why
FROM view.claims
WHERE verdict NOT IN ('not_checkable', 'opinion')
ORDER BY claim_id;

-- Whose figures these are.
SELECT source, title, licence, citation
FROM meta.source
ORDER BY source;
