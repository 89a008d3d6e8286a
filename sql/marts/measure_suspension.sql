/*
meaning: Days between which policy measures are suspended, both included. A measure may be suspended more than once, and before it takes effect.
grain: [source, edition, measure, suspended_from]
columns:
  - {name: source, type: text, meaning: "source of the row; facts = authored by this project"}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: measure, type: text, meaning: the measure}
  - {name: suspended_from, type: date, meaning: first day of the suspension}
  - {name: suspended_until, type: date, meaning: "last day of the suspension; null = none known", nullable: true}
  - {name: evidence, type: text, meaning: how the suspension and its days are known, key: ref.evidence.evidence}
  - {name: confirmation, type: text, meaning: whether they were read, values: [confirmed, unconfirmed]}
  - {name: evidence_source, type: text, meaning: in what they were read or whose memory or inference they are}
  - {name: citation, type: text, meaning: "the act that suspends; null = not stated", nullable: true}
  - {name: note, type: text, meaning: what to know about it, nullable: true}
*/
WITH gathered AS (
    SELECT
        'facts' AS source, 'authored' AS edition, measure,
        CAST(suspended_from AS DATE) AS suspended_from,
        CAST(suspended_until AS DATE) AS suspended_until,
        evidence, evidence_source, citation, note
    FROM ref.measure_suspension
    UNION ALL
    -- One row for each suspension: the measure's other goods repeat it.
    SELECT DISTINCT
        'policy_measures', edition, measure, suspended_from, suspended_until,
        suspension_evidence, evidence_source, suspension_citation, CAST(NULL AS VARCHAR)
    FROM staging.policy_measures
    WHERE suspended_from IS NOT NULL
)
SELECT
    g.source, g.edition, g.measure, g.suspended_from, g.suspended_until, g.evidence,
    CASE WHEN e.confirmed THEN 'confirmed' ELSE 'unconfirmed' END AS confirmation,
    g.evidence_source, g.citation, g.note
FROM gathered AS g
JOIN ref.evidence AS e ON e.evidence = g.evidence
