/*
meaning: >-
  How concentrated an importer's supply of a mineral is, with names and its first supplier; a row for each source
  and edition that has it, which are never mixed
grain: [importer_iso3, mineral, stage, year, basis, source, edition]
sources: [baci]
columns:
  - {name: importer_iso3, type: text, meaning: importing economy or bloc}
  - {name: importer, type: text, meaning: its name}
  - {name: mineral, type: text, meaning: mineral}
  - {name: mineral_name, type: text, meaning: its name}
  - {name: stage, type: text, meaning: "stage; all = the headline forms"}
  - {name: year, type: year, meaning: calendar year}
  - {name: basis, type: text, meaning: what is measured}
  - {name: hhi, type: float, meaning: "Herfindahl-Hirschman index of suppliers; 1 = a single one", unit: hhi, nullable: true, low: 0, high: 1}
  - {name: hhi_low, type: float, meaning: "lower bound: the unallocated part is nobody's", unit: hhi, nullable: true, low: 0, high: 1}
  - {name: hhi_high, type: float, meaning: "upper bound: it is the top supplier's", unit: hhi, nullable: true, low: 0, high: 1}
  - {name: effective_suppliers, type: float, meaning: "1 / HHI: as many equal suppliers would be as concentrated", unit: count, nullable: true, low: 1}
  - {name: suppliers, type: int, meaning: suppliers there are, unit: count, low: 0}
  - {name: top_supplier_iso3, type: text, meaning: "largest supplier; the first by code if tied", nullable: true}
  - {name: top_supplier, type: text, meaning: its name, nullable: true}
  - {name: top_share, type: float, meaning: "its share, of what is allocated to countries", unit: share, nullable: true, low: 0, high: 1}
  - {name: cr3, type: float, meaning: share of the three largest, unit: share, nullable: true, low: 0, high: 1}
  - {name: unallocated_share, type: float, meaning: "part of the whole that is no country's", unit: share, nullable: true, low: 0, high: 1}
  - {name: weight_missing_share, type: float, meaning: share of the value whose rows report no weight, unit: share, nullable: true, low: 0, high: 1}
  - {name: hs6, type: text, meaning: "HS codes summed, joined by +", nullable: true}
  - {name: flags, type: texts, meaning: what to know of the number}
  - {name: confidence, type: text, meaning: "A to D; null where there is no number", nullable: true}
  - {name: reason, type: text, meaning: why there is no number, nullable: true}
  - {name: source, type: text, meaning: source of the rows}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: preferred_for, type: texts, meaning: "purposes for which this source and edition is the one to use (view.preferred_source); empty = another is", values: [comparison, importer]}
*/
WITH preferred AS (
    SELECT
        importer_iso3, mineral, stage, year, source, edition,
        list(purpose ORDER BY purpose) AS purposes
    FROM view.preferred_source
    GROUP BY importer_iso3, mineral, stage, year, source, edition
)
SELECT
    c.importer_iso3, importer.name AS importer, c.mineral, m.name AS mineral_name, c.stage, c.year,
    c.basis, c.hhi, c.hhi_low, c.hhi_high, c.effective_suppliers, c.suppliers, c.top_supplier_iso3,
    supplier.name AS top_supplier, c.cr1 AS top_share, c.cr3, c.unallocated_share,
    c.weight_missing_share, c.hs6, c.flags, c.confidence, c.reason, c.source, c.edition,
    coalesce(p.purposes, []) AS preferred_for
FROM indices.import_concentration AS c
JOIN mart.economy AS importer ON importer.economy = c.importer_iso3
JOIN ref.mineral AS m ON m.mineral = c.mineral
LEFT JOIN mart.economy AS supplier ON supplier.economy = c.top_supplier_iso3
LEFT JOIN preferred AS p
    ON p.importer_iso3 = c.importer_iso3 AND p.mineral = c.mineral AND p.stage = c.stage
    AND p.year = c.year AND p.source = c.source AND p.edition = c.edition
