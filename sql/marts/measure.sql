/*
meaning: >-
  Policy measures and the goods they are about: those of our facts, and those of a source. A code that a source
  gives without a mineral stands for every mineral that shares it. Sources and editions overlap and are never
  summed. In effect on a day is another question: see mart.measure_in_force.
grain: [source, edition, measure, material, mineral, hs_revision, hs6]
columns:
  - {name: source, type: text, meaning: "source of the row; facts = authored by this project"}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: measure, type: text, meaning: "the measure's id, unique within source and edition"}
  - {name: issuer_iso3, type: text, meaning: country that issues it, key: ref.country.iso3}
  - {name: title, type: text, meaning: what it does}
  - {name: kind, type: text, meaning: its kind, key: ref.measure_kind.kind}
  - {name: restricts, type: bool, meaning: whether it holds back shipments}
  - {name: announced, type: date, meaning: "day it was announced; null = not known", nullable: true}
  - {name: announced_confirmation, type: text, meaning: whether that day was read, nullable: true, values: [confirmed, unconfirmed]}
  - {name: effective, type: date, meaning: first day it holds}
  - {name: effective_confirmation, type: text, meaning: whether that day was read, values: [confirmed, unconfirmed]}
  - {name: expires, type: date, meaning: "last day it holds; null = none known", nullable: true}
  - {name: expires_confirmation, type: text, meaning: whether that day was read, nullable: true, values: [confirmed, unconfirmed]}
  - {name: target, type: text, meaning: "whose imports it is about: ALL, or an economy of mart.economy"}
  - {name: target_note, type: text, meaning: who in particular, nullable: true}
  - {name: scope, type: text, meaning: which shipments it is about, key: ref.measure_scope.scope}
  - {name: severity, type: float, meaning: "how hard it holds shipments back; null = it does not, or is not weighted", unit: ratio, nullable: true, low: 0, high: 1}
  - {name: evidence, type: text, meaning: how the measure is known, key: ref.evidence.evidence}
  - {name: confirmation, type: text, meaning: whether the measure was read, values: [confirmed, unconfirmed]}
  - {name: claims, type: texts, meaning: claims of the article that speak of it}
  - {name: evidence_source, type: text, meaning: in what it was read or whose memory or inference it is}
  - {name: citation, type: text, meaning: the act itself}
  - {name: note, type: text, meaning: what to know about it, nullable: true}
  - {name: material, type: text, meaning: the goods in words}
  - {name: mineral, type: text, meaning: "the mineral; null = none that is tracked", nullable: true, key: ref.mineral.mineral}
  - {name: hs_revision, type: text, meaning: HS revision of the code, nullable: true, key: ref.hs_revision.hs_revision}
  - {name: hs6, type: text, meaning: "HS code; null = none is known", nullable: true}
  - {name: form, type: text, meaning: "form of the mineral that the code is; null = no code, or one that is not tracked", nullable: true}
  - {name: stage, type: text, meaning: stage of that form, nullable: true, key: ref.stage.stage}
  - {name: code_confirmation, type: text, meaning: whether it was read that the measure is about these goods, values: [confirmed, unconfirmed]}
*/
WITH gathered AS (
    SELECT
        'facts' AS source, 'authored' AS edition, m.measure, m.issuer_iso3, m.title, m.kind,
        CAST(m.announced AS DATE) AS announced, m.announced_evidence,
        CAST(m.effective AS DATE) AS effective, m.effective_evidence,
        CAST(m.expires AS DATE) AS expires, m.expires_evidence,
        m.target, m.target_note, m.scope, m.severity, m.evidence, m.claims, m.evidence_source,
        m.citation, m.note, c.material, c.mineral, c.hs_revision, c.hs6,
        c.evidence AS code_evidence
    FROM ref.measure AS m
    JOIN ref.measure_code AS c ON c.measure = m.measure
    UNION ALL
    -- One row for each of the goods: a further suspension repeats it.
    SELECT DISTINCT
        'policy_measures', edition, measure, issuer_iso3, title, kind,
        announced, announced_evidence, effective, effective_evidence, expires, expires_evidence,
        coalesce(target_iso3, target_bloc, 'ALL'), CAST(NULL AS VARCHAR), scope, severity, evidence,
        CAST([] AS VARCHAR[]), evidence_source, citation, note, material, mineral, hs_revision, hs6,
        code_evidence
    FROM staging.policy_measures
),
named AS (
    SELECT g.* REPLACE (coalesce(g.mineral, c.mineral) AS mineral), c.form
    FROM gathered AS g
    LEFT JOIN ref.form_code AS c
        ON c.hs_revision = g.hs_revision AND c.hs6 = g.hs6
        AND c.mineral = coalesce(g.mineral, c.mineral)
),
word AS (
    SELECT evidence, CASE WHEN confirmed THEN 'confirmed' ELSE 'unconfirmed' END AS confirmation
    FROM ref.evidence
)
SELECT
    n.source, n.edition, n.measure, n.issuer_iso3, n.title, n.kind, k.restricts,
    n.announced, a.confirmation AS announced_confirmation,
    n.effective, e.confirmation AS effective_confirmation,
    n.expires, x.confirmation AS expires_confirmation,
    n.target, n.target_note, n.scope, coalesce(n.severity, k.severity) AS severity,
    n.evidence, w.confirmation, n.claims, n.evidence_source, n.citation, n.note,
    n.material, n.mineral, n.hs_revision, n.hs6, n.form, f.stage,
    c.confirmation AS code_confirmation
FROM named AS n
JOIN ref.measure_kind AS k ON k.kind = n.kind
JOIN word AS w ON w.evidence = n.evidence
JOIN word AS e ON e.evidence = n.effective_evidence
JOIN word AS c ON c.evidence = n.code_evidence
LEFT JOIN word AS a ON a.evidence = n.announced_evidence
LEFT JOIN word AS x ON x.evidence = n.expires_evidence
LEFT JOIN ref.form AS f ON f.mineral = n.mineral AND f.form = n.form
