/*
meaning: Everything that can import or export here - countries, historic states, blocs, and areas that no country is named for
grain: [economy]
columns:
  - {name: economy, type: text, meaning: "ISO alpha-3, our id of a historic state or unallocated area, or a bloc's id"}
  - {name: name, type: text, meaning: English name}
  - {name: kind, type: text, meaning: what it is, values: [country, historic, unallocated, bloc]}
*/
SELECT iso3 AS economy, name, kind FROM ref.country
UNION ALL
SELECT bloc, name, 'bloc' FROM ref.bloc
