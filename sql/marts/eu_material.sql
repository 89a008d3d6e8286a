/*
meaning: Materials of the EU criticality studies, which group they belong to, and which mineral of ours they are part of
grain: [material]
sources: [eu_crm]
columns:
  - {name: material, type: text, meaning: "the study's material"}
  - {name: name, type: text, meaning: the study's name of it}
  - {name: mineral, type: text, meaning: "our mineral it belongs to; null = none that is tracked", nullable: true, key: ref.mineral.mineral}
  - {name: material_group, type: text, meaning: "group whose average the studies publish, itself a material: light and heavy rare earths, platinum metals; null = none", nullable: true}
*/
SELECT
    material,
    any_value(name) AS name,
    any_value(mineral) AS mineral,
    max(item) FILTER (measure = 'group') AS material_group
FROM staging.eu_crm
GROUP BY material
