/*
meaning: >-
  Which source and edition is used for an importer, mineral, stage and year, by purpose: the declared
  preference (ref.source_preference) among those that can compute the cell, and of a source the edition
  released last
grain: [importer_iso3, mineral, stage, year, purpose]
sources: [baci]
columns:
  - {name: importer_iso3, type: text, meaning: importing economy}
  - {name: mineral, type: text, meaning: mineral}
  - {name: stage, type: text, meaning: "stage; all = the headline forms"}
  - {name: year, type: year, meaning: calendar year}
  - {name: purpose, type: text, meaning: "what the figures are for: comparison across economies, or the importer's own dependency", values: [comparison, importer]}
  - {name: source, type: text, meaning: source to use}
  - {name: edition, type: text, meaning: its edition}
  - {name: report, type: text, meaning: whose report its rows are, values: [importer, reconciled]}
  - {name: preference, type: int, meaning: "order in which it is preferred, 1 first", unit: rank, low: 1}
  - {name: is_computed, type: bool, meaning: whether it has a number for the cell on any basis}
*/
WITH ranked AS (
    SELECT
        p.purpose, p.source, e.edition, p.report, p.preference,
        row_number() OVER (
            PARTITION BY p.purpose
            ORDER BY
                p.preference, p.source, e.released DESC NULLS LAST, e.hs_revision DESC,
                e.edition DESC
        ) AS place
    FROM ref.source_preference AS p
    JOIN meta.edition AS e ON e.source = p.source
),
best AS (
    -- The first place that has a number, and only where none has, the first without.
    SELECT
        c.importer_iso3, c.mineral, c.stage, c.year, r.purpose,
        min(CASE WHEN c.reason IS NULL THEN r.place ELSE r.place + 1000000 END) AS place
    FROM indices.import_concentration AS c
    JOIN ranked AS r ON r.source = c.source AND r.edition = c.edition
    GROUP BY c.importer_iso3, c.mineral, c.stage, c.year, r.purpose
)
SELECT
    b.importer_iso3, b.mineral, b.stage, b.year, b.purpose, r.source, r.edition, r.report,
    r.preference, b.place < 1000000 AS is_computed
FROM best AS b
JOIN ranked AS r ON r.purpose = b.purpose AND r.place = b.place % 1000000
