/*
meaning: >-
  Who supplies whom, each exporter's share of an importer's supply of a mineral, with names; a row for each
  source and edition that has it, which are never mixed
grain: [importer_iso3, exporter_iso3, mineral, stage, year, basis, source, edition]
sources: [baci]
columns:
  - {name: importer_iso3, type: text, meaning: importing economy}
  - {name: importer, type: text, meaning: its name}
  - {name: exporter_iso3, type: text, meaning: exporting economy}
  - {name: exporter, type: text, meaning: its name}
  - {name: mineral, type: text, meaning: mineral}
  - {name: stage, type: text, meaning: "stage; all = the headline forms"}
  - {name: year, type: year, meaning: calendar year}
  - {name: basis, type: text, meaning: what is measured}
  - {name: import_share, type: float, meaning: share of what is allocated to countries, unit: share, nullable: true, low: 0, high: 1}
  - {name: hs6, type: text, meaning: "HS codes summed, joined by +", nullable: true}
  - {name: flags, type: texts, meaning: what to know of the cell}
  - {name: confidence, type: text, meaning: "A to D; null where there is no number", nullable: true}
  - {name: reason, type: text, meaning: why there is no share, nullable: true}
  - {name: source, type: text, meaning: source of the rows}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: preferred_for, type: texts, meaning: "purposes for which this source and edition is the one to use (view.preferred_source); empty = another is", values: [comparison, importer]}
*/
SELECT
    s.importer_iso3, c.importer, s.exporter_iso3, exporter.name AS exporter, s.mineral, s.stage,
    s.year, s.basis, s.import_share, c.hs6, c.flags, c.confidence, s.reason, s.source, s.edition,
    c.preferred_for
FROM indices.import_share AS s
JOIN view.concentration AS c
    ON c.importer_iso3 = s.importer_iso3 AND c.mineral = s.mineral AND c.stage = s.stage
    AND c.year = s.year AND c.basis = s.basis AND c.source = s.source AND c.edition = s.edition
JOIN mart.economy AS exporter ON exporter.economy = s.exporter_iso3
