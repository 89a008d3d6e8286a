/*
meaning: >-
  Which HS codes stand for a mineral at a stage, in each edition of a trade source, and which were left
  out and why. A stage is the sum of its cleanest codes; the stage `all` is the mineral's headline.
grain: [source, edition, mineral, stage, hs6]
sources: [baci]
columns:
  - {name: source, type: text, meaning: source of the trade rows, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: hs_revision, type: text, meaning: HS revision the edition is written in, key: ref.hs_revision.hs_revision}
  - {name: mineral, type: text, meaning: mineral, key: ref.mineral.mineral}
  - {name: stage, type: text, meaning: "stage of processing; all = the headline forms", key: ref.stage.stage}
  - {name: hs6, type: text, meaning: HS code}
  - {name: form, type: text, meaning: form of the mineral that the code stands for}
  - {name: form_stage, type: text, meaning: stage of that form, key: ref.stage.stage}
  - {name: specificity, type: text, meaning: how clean the code is for this mineral, key: ref.specificity.specificity}
  - {name: first_year, type: year, meaning: first year in which the code means this form}
  - {name: last_year, type: year, meaning: "last year in which it does; null = still", nullable: true}
  - {name: exclusion, type: text, meaning: "why the code is not summed; null = it is", nullable: true, values: [not_carried, context, less_clean]}
*/
WITH editions AS (
    SELECT DISTINCT source, edition, hs_revision FROM meta.edition_code
),
forms AS (
    SELECT mineral, form, stage, stage AS form_stage, specificity, first_year, last_year
    FROM ref.form
    UNION ALL
    SELECT mineral, form, 'all', stage, specificity, first_year, last_year
    FROM ref.form
    WHERE headline
),
candidates AS (
    SELECT
        e.source, e.edition, e.hs_revision, f.mineral, f.stage, c.hs6, f.form, f.form_stage,
        f.specificity, f.first_year, f.last_year, s.tier, carried.hs6 IS NOT NULL AS carried
    FROM editions AS e
    JOIN ref.form_code AS c ON c.hs_revision = e.hs_revision
    JOIN forms AS f ON f.mineral = c.mineral AND f.form = c.form
    JOIN ref.specificity AS s ON s.specificity = f.specificity
    LEFT JOIN meta.edition_code AS carried
        ON carried.source = e.source AND carried.edition = e.edition AND carried.hs6 = c.hs6
),
cleanest AS (
    SELECT source, edition, mineral, stage, min(tier) AS tier
    FROM candidates
    WHERE carried AND tier IS NOT NULL
    GROUP BY source, edition, mineral, stage
)
SELECT
    c.source, c.edition, c.hs_revision, c.mineral, c.stage, c.hs6, c.form, c.form_stage,
    c.specificity, c.first_year, c.last_year,
    CASE
        WHEN c.tier IS NULL THEN 'context'
        WHEN c.tier > b.tier THEN 'less_clean'
        WHEN NOT c.carried THEN 'not_carried'
    END AS exclusion
FROM candidates AS c
JOIN cleanest AS b
    ON b.source = c.source AND b.edition = c.edition AND b.mineral = c.mineral AND b.stage = c.stage
