"""Faults that one changed cell does not make: statements over the tiny world's file, by name."""

# ruff: noqa: S608 - composed of what stands in this file

from __future__ import annotations

from collections.abc import Mapping, Sequence

ROW = (
    "INSERT INTO mart.trade (source, edition, hs_revision, hs6, year, importer_iso3, exporter_iso3,"
    " value_usd, mass_kg) SELECT 'baci', 'HS92_V202601', 'H0', "
)
SUSPENDED = "UPDATE ref.measure_suspension SET "
MADE = (
    "mineral = 'antimony', production_stage = 'mine', measure = 'antimony content',"
    " production_edition = '2023', year = 2022, produced_kg = 1 WHERE rowid = 0"
)

STATEMENTS: Mapping[str, Sequence[str]] = {
    "a flow to oneself": ("UPDATE mart.trade SET importer_iso3 = exporter_iso3 WHERE rowid = 0",),
    "weights of a year in kilograms": (
        "UPDATE mart.trade SET mass_kg = mass_kg * 1000 WHERE year = 2022",
    ),
    "values of a year in units": (
        "UPDATE mart.trade SET value_usd = value_usd * 1000 WHERE year = 2022",
    ),
    "values of an edition in units": (
        "UPDATE mart.trade SET value_usd = value_usd * 1000 WHERE edition = 'HS17_2022'",
    ),
    "every third weight in kilograms": (
        (
            f"{ROW} '261100', 1999, 'DEU', 'X' || i, 1000 + i, "
            "CASE WHEN i < 24 THEN 100 ELSE 100000 END FROM range(40) AS r(i)"
        ),
    ),
    "one large flow with an odd weight": (
        (
            f"{ROW} '261100', 1999, 'DEU', 'X' || i, "
            "CASE WHEN i < 9 THEN 1000 + i ELSE 90000 END, 100 FROM range(10) AS r(i)"
        ),
    ),
    "weights are zero": ("UPDATE mart.trade SET mass_kg = 0 WHERE mass_kg > 0",),
    "trade under a code that had ended": (f"{ROW} '811230', 2021, 'JPN', 'CHN', 9000000, 1",),
    "a world without weights": ("UPDATE mart.trade SET mass_kg = NULL",),
    "trade of nobody": (
        "UPDATE mart.trade SET exporter_iso3 = 'X_899' WHERE edition LIKE 'HS17%'",
    ),
    "years of another edition": ("UPDATE mart.trade SET year = 2024 WHERE year = 2022",),
    "an edition older than its codes": (
        "UPDATE mart.trade SET year = 2010 WHERE edition = 'HS17_2022'",
    ),
    "a year lost from the indices' input": (
        (
            "INSERT INTO mart.mineral_trade"
            " SELECT * REPLACE (2021 AS year, value_usd * 9 AS value_usd) FROM mart.mineral_trade"
            " WHERE year = 2022 AND value_usd IS NOT NULL"
        ),
    ),
    "unit values against prices": (
        (
            "UPDATE mart.mineral_trade SET mineral = 'copper', stage = 'metal', value_usd = 1,"
            " value_without_mass_usd = 0 WHERE mass_kg > 0"
        ),
    ),
    "a mineral lost its trade": (
        "DELETE FROM mart.mineral_trade WHERE mineral = 'tungsten'",
        "DELETE FROM mart.production WHERE mineral = 'tungsten'",
    ),
    "a code clean for two minerals": (
        (
            "INSERT INTO ref.form_code SELECT * REPLACE ('261100' AS hs6) FROM ref.form_code"
            " WHERE mineral = 'antimony' AND form = 'antimony_ore'"
        ),
    ),
    "world totals in kilograms": (
        (
            "UPDATE mart.production SET mass_kg = mass_kg * 1000"
            " WHERE area_kind = 'world' AND edition = '2024'"
        ),
    ),
    "scores of the large exporters lost": (
        "UPDATE mart.governance SET estimate = NULL WHERE iso3 IN ('CHN', 'USA', 'JPN')",
    ),
    "a measure's day without its evidence": (
        "UPDATE ref.measure SET announced_evidence = NULL WHERE announced IS NOT NULL",
    ),
    "a suspension that ends before it begins": (f"{SUSPENDED} suspended_until = '2025-11-01'",),
    "a suspension outside its measure": (
        f"{SUSPENDED} suspended_from = '1999-01-01', suspended_until = '1999-12-31'",
    ),
    "an exception without an end": (
        (
            "INSERT INTO ref.check_exception BY NAME SELECT 'mart.trade.grain_is_unique' AS check,"
            " 1 AS most_rows, 'composed' AS reason, 'us' AS owner, DATE '2026-01-01' AS since,"
            " DATE '2029-01-01' AS expires"
        ),
    ),
    "an edition of other rows": ("UPDATE meta.edition SET rows = rows + 1",),
    "a series without a code": ("UPDATE mart.basket SET exclusion = 'context'",),
    "inputs of supply lost": ("UPDATE mart.eu_input SET hhi_wgi_t_gs = NULL, hhi_wgi_t_eu = NULL",),
    "a bloc without its members": (
        "UPDATE mart.measure SET target = 'EU'",
        "UPDATE mart.measure_in_force SET importer_iso3 = 'EU'",
    ),
    "a year with few scores": (
        (
            "INSERT INTO mart.governance SELECT * REPLACE (1998 AS year) FROM mart.governance"
            " WHERE iso3 = 'JPN' AND year = 2006"
        ),
    ),
    "members of a bloc produce otherwise": (
        "UPDATE mart.production SET area = 'DEU' WHERE area = 'CHN'",
        f"UPDATE indices.import_reliance SET importer_iso3 = 'EU', {MADE}",
        f"UPDATE indices.geopolrisk SET importer_iso3 = 'DEU', {MADE}",
    ),
    "the reference does not count one": (
        (
            "UPDATE indices.geopolrisk SET midpoint = 1, gsp_local = 0.5, mineral = r.mineral,"
            " stage = r.stage FROM ref.reference_substance AS r WHERE r.method = 'geopolrisk'"
        ),
    ),
    "a second bottleneck": (
        "UPDATE indices.eu_supply_risk_study SET is_bottleneck = true, supply_risk = rowid",
    ),
    "a turnover where there was no year before": (
        (
            "UPDATE indices.supplier_turnover SET turnover = 0.5, turnover_low = 0.6,"
            " turnover_high = 0.4"
        ),
    ),
    "contained shares of a half": (
        (
            "UPDATE indices.contained_share SET import_share = 0.5, import_share_low = 0.6,"
            " import_share_high = 0.4, reason = 'code_ended'"
        ),
    ),
    "measures that nobody read": ("UPDATE mart.measure SET confirmation = 'unconfirmed'",),
    "a word of two countries that does not say so": (
        "UPDATE ref.country_word SET note = NULL WHERE word = 'Congo'",
    ),
    "a word of a country that is a mineral's": (
        "UPDATE ref.country_word SET word = 'tin' WHERE word = 'Thai'",
    ),
    "an alert that nobody sees": (
        "ALTER VIEW view.alerts RENAME TO alerts_sound",
        "CREATE VIEW view.alerts AS SELECT * FROM view.alerts_sound LIMIT 0",
    ),
    "a badge that nobody gave": (
        "ALTER VIEW view.badge RENAME TO badge_sound",
        "CREATE VIEW view.badge AS SELECT * REPLACE ('A' AS badge) FROM view.badge_sound",
    ),
}
