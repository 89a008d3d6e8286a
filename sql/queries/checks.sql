-- What was checked before this snapshot was published: checks by table and outcome, tables with a
-- warning first.
SELECT
    "table", count(*) AS checks, count(*) FILTER (outcome = 'pass') AS passed,
    count(*) FILTER (outcome = 'warn') AS warned,
    count(*) FILTER (outcome = 'not_applicable') AS not_applicable,
    count(*) FILTER (outcome NOT IN ('pass', 'warn', 'not_applicable')) AS failed,
    string_agg("check", ', ' ORDER BY "check") FILTER (outcome <> 'pass') AS not_passed
FROM quality.check
GROUP BY "table"
ORDER BY failed DESC, warned DESC, not_applicable DESC, "table"
