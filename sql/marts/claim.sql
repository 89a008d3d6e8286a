/*
meaning: The article's figures, events, policies, investments and lead times, one claim a row, with its place in the text
grain: [claim_id]
sources: [article]
columns:
  - {name: claim_id, type: text, meaning: "number of the claim"}
  - {name: claim_type, type: text, meaning: "kind of claim", values: [statistic, event, policy, investment, lead_time]}
  - {name: subject, type: text, meaning: "whom the claim is about: ISO3 codes, EU, G7 or WLD (the world), separated by a semicolon; null where it is neither country nor group", nullable: true}
  - {name: subject_note, type: text, meaning: "the part of the subject that is meant, or its name", nullable: true}
  - {name: counterpart, type: text, meaning: "the other side, written like subject", nullable: true}
  - {name: counterpart_note, type: text, meaning: "the part of the counterpart that is meant", nullable: true}
  - {name: mineral, type: text, meaning: "the one mineral or material the claim is about; null = none of ours, or several", nullable: true, key: ref.mineral.mineral}
  - {name: topic, type: text, meaning: "material, product or field the claim speaks of", nullable: true}
  - {name: metric, type: text, meaning: "what is claimed"}
  - {name: value, type: float, meaning: "the figure as stated, in unit times scale; null where there is none, or but a range", nullable: true}
  - {name: low, type: float, meaning: "lower end, where stated or implied by the qualifier", nullable: true}
  - {name: high, type: float, meaning: "upper end, where stated or implied by the qualifier", nullable: true}
  - {name: unit, type: text, meaning: "unit of value, low and high", nullable: true, values: [calendar_year, country, decade, kilometre, measure, minute, money, nanometre, outlet, percent, project, rank, test, year]}
  - {name: scale, type: float, meaning: "factor of value, low and high: 1, or 1e9 for billions", nullable: true, low: 1}
  - {name: currency, type: text, meaning: "ISO 4217 code of an amount of money", nullable: true, values: [CAD, USD]}
  - {name: currency_note, type: text, meaning: "how the text writes the currency and how it was settled", nullable: true}
  - {name: fx_date, type: date, meaning: "day whose rate converts the amount to US dollars; null where it is in US dollars", nullable: true}
  - {name: qualifier, type: text, meaning: "the word that weakens or bounds the claim", nullable: true}
  - {name: as_of, type: text, meaning: "the time the claim speaks of, as exact as it is known, ISO 8601; a slash between both ends", nullable: true}
  - {name: as_of_from, type: date, meaning: "first day of as_of", nullable: true}
  - {name: as_of_to, type: date, meaning: "last day of as_of", nullable: true}
  - {name: as_of_kind, type: text, meaning: "whether the text states the time", values: [stated, inferred, none]}
  - {name: as_of_note, type: text, meaning: "what the time rests on", nullable: true}
  - {name: hs_revision, type: text, meaning: "HS revision of the codes", nullable: true, key: ref.hs_revision.hs_revision}
  - {name: hs6, type: texts, meaning: "HS codes that come nearest to the material", nullable: true}
  - {name: hs4, type: texts, meaning: "HS headings, where the claim is as wide as a heading", nullable: true}
  - {name: flow, type: text, meaning: "direction of trade that speaks to the claim: M imports, X exports", nullable: true, values: [M, X, "X;M"]}
  - {name: reporter, type: text, meaning: "whose trade speaks to the claim, written like subject", nullable: true}
  - {name: partner, type: text, meaning: "with whom, written like subject", nullable: true}
  - {name: checkable, type: text, meaning: "data: trade or production data can decide it; context: they can only inform it; no: they say nothing about it", values: [data, context, "no"]}
  - {name: how_to_check, type: text, meaning: "what would decide or inform it"}
  - {name: anchor, type: text, meaning: "the fewest words of the article that identify the claim"}
  - {name: sentence, type: int, meaning: "ordinal of the sentence in the article, from 1", low: 1}
  - {name: char_start, type: int, meaning: "where the anchor starts, in characters from 0", low: 0}
  - {name: char_end, type: int, meaning: "where the anchor ends, in characters", low: 1}
  - {name: byte_start, type: int, meaning: "where the anchor starts, in bytes from 0", low: 0}
  - {name: byte_end, type: int, meaning: "where the anchor ends, in bytes", low: 1}
  - {name: source_sha256, type: text, meaning: "SHA-256 of the whole article"}
*/
SELECT
    claim_id, claim_type, subject, subject_note, counterpart, counterpart_note, mineral, topic,
    metric, value, low, high, unit, scale, currency, currency_note,
    fx_date, qualifier, as_of, as_of_from, as_of_to, as_of_kind, as_of_note, hs_revision,
    hs6, hs4, flow, reporter, partner, checkable, how_to_check, anchor,
    sentence, char_start, char_end, byte_start, byte_end, source_sha256
FROM staging.article
