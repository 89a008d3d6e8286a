/*
meaning: >-
  Average exchange rates by month and by year, against the euro as published and against the US dollar as
  their quotient
grain: [source, edition, currency, frequency, year, month]
sources: [ecb_rates]
columns:
  - {name: source, type: text, meaning: source of the row, key: meta.source.source}
  - {name: edition, type: text, meaning: edition of the source}
  - {name: currency, type: text, meaning: "currency, ISO 4217"}
  - {name: frequency, type: text, meaning: what is averaged over, values: [month, year]}
  - {name: year, type: year, meaning: calendar year, low: 1999, high: 2100}
  - {name: month, type: int, meaning: "month of the year, 1 to 12; null = the whole year", nullable: true, low: 1, high: 12}
  - {name: rate_per_euro, type: float, meaning: "units of the currency for one euro, as published; null = not published", unit: currency_per_EUR, nullable: true, low: 0}
  - {name: rate_per_dollar, type: float, meaning: "units of the currency for one US dollar, its rate per euro by that of the dollar; null = one of them is not published", unit: currency_per_USD, nullable: true, low: 0}
  - {name: status, type: text, meaning: what the source says of its figure, values: [normal, estimated, missing, provisional]}
*/
SELECT
    'ecb_rates' AS source,
    r.edition, r.currency, r.frequency, r.year, r.month,
    r.rate AS rate_per_euro,
    -- A quotient of two averages. The average of daily quotients would differ a little.
    r.rate / d.rate AS rate_per_dollar,
    r.status
FROM staging.ecb_rates AS r
LEFT JOIN staging.ecb_rates AS d
    ON d.currency = 'USD' AND d.edition = r.edition AND d.frequency = r.frequency
    AND d.year = r.year AND d.month IS NOT DISTINCT FROM r.month
