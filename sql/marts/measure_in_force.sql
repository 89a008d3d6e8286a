/*
meaning: >-
  When each policy measure is in force: a row for each uninterrupted interval, for each of its goods and each importer
  it is about. A suspension ends an interval; where its last day is known, the next begins on the day after, as far as is
  known: a suspension prolonged since is not. One suspended to an unknown end has no row for the time after. Join it to
  trade on mineral and form (or hs6 within its revision), exporter, importer (ALL is every importer) and a day.
grain: [source, edition, measure, material, mineral, hs_revision, hs6, importer_iso3, in_force_from]
columns:
  - {name: source, type: text, meaning: "source of the row; facts = authored by this project"}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: measure, type: text, meaning: the measure}
  - {name: material, type: text, meaning: the goods in words}
  - {name: mineral, type: text, meaning: "the mineral; null = none that is tracked", nullable: true, key: ref.mineral.mineral}
  - {name: hs_revision, type: text, meaning: HS revision of the code, nullable: true, key: ref.hs_revision.hs_revision}
  - {name: hs6, type: text, meaning: "HS code; null = none is known", nullable: true}
  - {name: form, type: text, meaning: "form of the mineral that the code is; null = no code, or one that is not tracked", nullable: true}
  - {name: stage, type: text, meaning: stage of that form, nullable: true, key: ref.stage.stage}
  - {name: exporter_iso3, type: text, meaning: country whose exports it is about, key: ref.country.iso3}
  - {name: importer_iso3, type: text, meaning: "importing economy or bloc it is about, members of a bloc among them; ALL = every importer"}
  - {name: in_force_from, type: date, meaning: first day in force}
  - {name: in_force_to, type: date, meaning: "last day in force; null = none known", nullable: true}
  - {name: begins_as, type: text, meaning: "what begins it: the measure takes effect, or a suspension lapsed the day before", values: [effective, resumed]}
  - {name: ends_as, type: text, meaning: "what ends it: the measure expires, or is suspended the day after", nullable: true, values: [expired, suspended]}
  - {name: from_confirmation, type: text, meaning: whether what begins it was read, values: [confirmed, unconfirmed]}
  - {name: to_confirmation, type: text, meaning: whether what ends it was read, nullable: true, values: [confirmed, unconfirmed]}
  - {name: confirmation, type: text, meaning: "confirmed = the measure, its goods and both ends of the interval were read", values: [confirmed, unconfirmed]}
  - {name: kind, type: text, meaning: kind of the measure, key: ref.measure_kind.kind}
  - {name: restricts, type: bool, meaning: whether it holds back shipments}
  - {name: scope, type: text, meaning: which shipments it is about, key: ref.measure_scope.scope}
  - {name: severity, type: float, meaning: "how hard it holds shipments back; null = it does not, or is not weighted", unit: ratio, nullable: true, low: 0, high: 1}
*/
WITH days AS (
    SELECT DISTINCT
        source, edition, measure, effective, effective_confirmation, expires, expires_confirmation
    FROM mart.measure
),
begun AS (
    SELECT
        source, edition, measure, effective AS in_force_from, 'effective' AS begins_as,
        effective_confirmation AS from_confirmation, expires, expires_confirmation
    FROM days
    UNION ALL
    SELECT
        d.source, d.edition, d.measure, s.suspended_until + 1, 'resumed',
        s.confirmation, d.expires, d.expires_confirmation
    FROM days AS d
    JOIN mart.measure_suspension AS s
        ON s.source = d.source AND s.edition = d.edition AND s.measure = d.measure
    WHERE s.suspended_until + 1 > d.effective
),
unsuspended AS (
    SELECT b.*
    FROM begun AS b
    LEFT JOIN mart.measure_suspension AS s
        ON s.source = b.source AND s.edition = b.edition AND s.measure = b.measure
        AND s.suspended_from <= b.in_force_from
        AND coalesce(s.suspended_until, b.in_force_from) >= b.in_force_from
    WHERE s.measure IS NULL AND b.in_force_from <= coalesce(b.expires, b.in_force_from)
),
intervals AS (
    SELECT
        u.source, u.edition, u.measure, u.in_force_from, u.begins_as, u.from_confirmation,
        u.expires, u.expires_confirmation,
        min(s.suspended_from) - 1 AS last_before,
        arg_min(s.confirmation, s.suspended_from) AS suspension_confirmation
    FROM unsuspended AS u
    LEFT JOIN mart.measure_suspension AS s
        ON s.source = u.source AND s.edition = u.edition AND s.measure = u.measure
        AND s.suspended_from > u.in_force_from
        AND s.suspended_from <= coalesce(u.expires, s.suspended_from)
    GROUP BY ALL
),
importers AS (
    SELECT 'ALL' AS target, 'ALL' AS importer_iso3, 0 AS from_year, 9999 AS to_year
    UNION ALL
    SELECT economy, economy, 0, 9999 FROM mart.economy
    UNION ALL
    SELECT bloc, iso3, coalesce(from_year, 0), coalesce(to_year, 9999) FROM ref.bloc_member
)
SELECT
    m.source, m.edition, m.measure, m.material, m.mineral, m.hs_revision, m.hs6, m.form, m.stage,
    m.issuer_iso3 AS exporter_iso3, e.importer_iso3, i.in_force_from,
    coalesce(i.last_before, i.expires) AS in_force_to,
    i.begins_as,
    CASE
        WHEN i.last_before IS NOT NULL THEN 'suspended'
        WHEN i.expires IS NOT NULL THEN 'expired'
    END AS ends_as,
    i.from_confirmation,
    CASE
        WHEN i.last_before IS NOT NULL THEN i.suspension_confirmation
        ELSE i.expires_confirmation
    END AS to_confirmation,
    CASE
        WHEN 'unconfirmed' IN (m.confirmation, m.code_confirmation, i.from_confirmation)
            OR coalesce(to_confirmation = 'unconfirmed', false)
        THEN 'unconfirmed'
        ELSE 'confirmed'
    END AS confirmation,
    m.kind, m.restricts, m.scope, m.severity
FROM mart.measure AS m
JOIN intervals AS i
    ON i.source = m.source AND i.edition = m.edition AND i.measure = m.measure
-- Members of a bloc are those of the year in which the interval begins.
JOIN importers AS e
    ON e.target = m.target AND year(i.in_force_from) BETWEEN e.from_year AND e.to_year
