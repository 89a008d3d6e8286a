/*
meaning: >-
  Whether a source has the reports of all members of a customs union in a year. Where one is missing, what
  the others import is not the bloc's trade, and the source has no row of the bloc
grain: [source, edition, year, bloc]
sources: [baci]
columns:
  - {name: source, type: text, meaning: source of the trade rows, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: year, type: year, meaning: calendar year, low: 1988, high: 2100}
  - {name: bloc, type: text, meaning: customs union, key: ref.bloc.bloc}
  - {name: members, type: int, meaning: members in that year, unit: count, low: 1}
  - {name: members_reporting, type: int, meaning: "members with a row; null = not asked, since the source covers every importer", unit: count, nullable: true, low: 0}
  - {name: is_whole, type: bool, meaning: whether the members' rows are the bloc's trade}
*/
WITH covering AS (
    SELECT source FROM ref.source_preference WHERE purpose = 'comparison'
),
editions AS (
    SELECT DISTINCT source, edition, year FROM mart.trade
),
reporters AS (
    SELECT DISTINCT t.source, t.edition, t.year, t.importer_iso3
    FROM mart.trade AS t
    ANTI JOIN covering AS c ON c.source = t.source
),
memberships AS (
    SELECT e.source, e.edition, e.year, m.bloc, m.iso3
    FROM editions AS e
    JOIN ref.bloc_member AS m
        ON e.year BETWEEN coalesce(m.from_year, 0) AND coalesce(m.to_year, 9999)
    JOIN ref.bloc AS b ON b.bloc = m.bloc AND b.customs_union
),
counted AS (
    SELECT
        m.source, m.edition, m.year, m.bloc, count(*) AS members,
        count(r.importer_iso3) AS found
    FROM memberships AS m
    LEFT JOIN reporters AS r
        ON r.source = m.source AND r.edition = m.edition AND r.year = m.year
        AND r.importer_iso3 = m.iso3
    GROUP BY m.source, m.edition, m.year, m.bloc
)
SELECT
    n.source, n.edition, n.year, n.bloc, n.members,
    CASE WHEN c.source IS NULL THEN n.found END AS members_reporting,
    c.source IS NOT NULL OR n.found = n.members AS is_whole
FROM counted AS n
LEFT JOIN covering AS c ON c.source = n.source
