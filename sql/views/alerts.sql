/*
meaning: >-
  Thresholds of the rules of alerts that are crossed now, with names; of rules of one family the most severe. What
  depends on a day or on runs is told by `orewatch alerts`
grain: [rule, importer_iso3, mineral, stage, basis, source, edition]
sources: [baci]
may_be_empty: true
columns:
  - {name: rule, type: text, meaning: the rule}
  - {name: title, type: text, meaning: what it says}
  - {name: severity, type: text, meaning: how much it matters, values: [critical, high, low, medium]}
  - {name: importer_iso3, type: text, meaning: "importing economy; null = the world", nullable: true}
  - {name: importer, type: text, meaning: its name, nullable: true}
  - {name: mineral, type: text, meaning: mineral, nullable: true}
  - {name: mineral_name, type: text, meaning: its name, nullable: true}
  - {name: stage, type: text, meaning: "stage; all = the headline forms", nullable: true}
  - {name: basis, type: text, meaning: what is measured, nullable: true}
  - {name: year, type: year, meaning: newest year}
  - {name: value, type: float, meaning: "value in that year; null = it has none, and the state is that of the years before", unit: ratio, nullable: true}
  - {name: on_at, type: float, meaning: threshold at which it began, unit: ratio}
  - {name: off_at, type: float, meaning: threshold at which it ends, unit: ratio}
  - {name: since_year, type: year, meaning: year since which it holds}
  - {name: crossed, type: bool, meaning: "whether the threshold was crossed then; no = it was beyond from the first number on"}
  - {name: supplier_iso3, type: text, meaning: largest supplier, nullable: true}
  - {name: supplier, type: text, meaning: its name, nullable: true}
  - {name: flags, type: texts, meaning: what to know of the series}
  - {name: source, type: text, meaning: source of the rows, nullable: true}
  - {name: edition, type: text, meaning: edition of the source, nullable: true}
*/
SELECT
    a.rule, r.title, r.severity, a.importer_iso3, importer.name AS importer, a.mineral,
    m.name AS mineral_name, a.stage, a.basis, a.year, a.value, a.on_at, a.off_at, a.since_year,
    len(a.crossed_years) > 0
        AND coalesce(a.crossed_years[-1] = a.fired_years[-1], false) AS crossed,
    a.top_supplier_iso3 AS supplier_iso3, supplier.name AS supplier, a.flags, a.source, a.edition
FROM indices.alert AS a
JOIN ref.alert_rule AS r ON r.rule = a.rule
LEFT JOIN mart.economy AS importer ON importer.economy = a.importer_iso3
LEFT JOIN mart.economy AS supplier ON supplier.economy = a.top_supplier_iso3
LEFT JOIN ref.mineral AS m ON m.mineral = a.mineral
WHERE a.state = 'on'
QUALIFY row_number() OVER (
    PARTITION BY coalesce(r.family, r.rule), a.importer_iso3, a.mineral, a.stage, a.basis
    ORDER BY list_position(['critical', 'high', 'medium', 'low'], r.severity), r.rule
) = 1
