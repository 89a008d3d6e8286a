"""The bundled figures, whole: numbers that must come out, and every measure again in SQL."""

# ruff: noqa: S608 - the texts put into queries are written here

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests import world

HS92, HS17 = world.HS92, world.HS17
RARE_EARTHS = {
    "importer_iso3": "JPN",
    "exporter_iso3": "CHN",
    "mineral": "rare_earths",
    "stage": "all",
    "basis": "value",
    "source": "baci",
    "edition": HS92,
}


@pytest.fixture(scope="module")
def con(built: world.Built) -> Iterator[duckdb.DuckDBPyConnection]:
    """The built file, read-only."""
    with duckdb.connect(built.settings.build, read_only=True) as connection:
        yield connection


def share(con: duckdb.DuckDBPyConnection, **key: Any) -> float:  # noqa: ANN401
    """The one import share under a key."""
    where = RARE_EARTHS | key
    names = " AND ".join(f"{name} = ${name}" for name in where)
    found = con.execute(f"SELECT import_share FROM indices.import_share WHERE {names}", where)
    rows = found.fetchall()
    assert len(rows) == 1, where
    return float(rows[0][0])


@pytest.mark.parametrize(
    ("importer", "year", "basis", "expected"),
    [
        ("JPN", 2007, "value", 0.912),
        ("JPN", 2024, "value", 0.378),
        ("JPN", 2007, "mass", 0.858),
        ("JPN", 2024, "mass", 0.661),
        ("KOR", 2023, "value", 0.541),
        ("KOR", 2023, "mass", 0.627),
    ],
)
def test_rare_earths_from_china(
    con: duckdb.DuckDBPyConnection, importer: str, year: int, basis: str, expected: float
) -> None:
    found = share(con, importer_iso3=importer, year=year, basis=basis)
    assert round(found, 3) == expected


def test_the_articles_figure_is_that_of_2007(con: duckdb.DuckDBPyConnection) -> None:
    years = {year: share(con, year=year) for year in range(1995, 2025)}
    nearest = min(years, key=lambda year: abs(years[year] - 0.912))
    assert nearest == 2007
    assert max(years[year] for year in range(2014, 2025)) < 0.75


def test_germanium_ends_with_2006(con: duckdb.DuckDBPyConnection) -> None:
    for table, measure in (
        ("import_share", "import_share"),
        ("import_concentration", "hhi"),
        ("export_concentration", "hhi"),
    ):
        late, numbers, reasons = con.execute(
            f"SELECT count(*), count({measure}), list(DISTINCT reason) FROM indices.{table} "
            "WHERE mineral = 'germanium' AND edition = ? AND year >= 2007",
            [HS92],
        ).fetchall()[0]
        assert late > 0, table
        assert (numbers, reasons) == (0, ["code_ended"]), table
        early = con.execute(
            f"SELECT count({measure}) FROM indices.{table} "
            "WHERE mineral = 'germanium' AND edition = ? AND year = 2006",
            [HS92],
        ).fetchall()[0][0]
        assert early > 0, table


def test_gallium_has_no_code_of_its_own(con: duckdb.DuckDBPyConnection) -> None:
    for table, measure in (("import_share", "import_share"), ("import_concentration", "hhi")):
        found = con.execute(
            f"SELECT count(*) > 0, count({measure}), list(DISTINCT reason) FROM indices.{table} "
            "WHERE mineral = 'gallium' AND stage = 'metal' AND edition = ? AND year = 2022",
            [HS17],
        ).fetchall()[0]
        assert found == (True, 0, ["basket_code"]), table


def test_two_editions_are_two_vintages(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "SELECT edition, mass_kg FROM mart.production WHERE mineral = 'antimony' "
        "AND stage = 'mine' AND area = 'CHN' AND year = 2022 ORDER BY edition"
    ).fetchall()
    assert rows == [("2023", 60_000_000), ("2024", 40_000_000)]
    editions = con.execute(
        "SELECT edition, top_supplier_iso3 FROM indices.production_concentration "
        "WHERE mineral = 'antimony' AND stage = 'mine' AND year = 2022 ORDER BY edition"
    ).fetchall()
    assert editions == [("2023", "CHN"), ("2024", "CHN")]


def test_the_union_imports_what_comes_from_outside(con: duckdb.DuckDBPyConnection) -> None:
    inside = con.execute(
        "SELECT count(*) FROM mart.mineral_trade AS t JOIN ref.bloc_member AS m "
        "ON m.bloc = t.importer_iso3 AND m.iso3 = t.exporter_iso3 "
        "AND t.year BETWEEN coalesce(m.from_year, 0) AND coalesce(m.to_year, 9999)"
    ).fetchall()
    assert inside == [(0,)]
    # Germany sells to France in 2022, and the United Kingdom to both: within, and from outside.
    members = ("DEU", "FRA", "NLD", "BEL", "ITA", "ESP", "POL", "AUT", "SWE", "CZE")
    total = "SELECT coalesce(sum(value_usd), 0) FROM mart.mineral_trade WHERE year = 2022 "
    total += "AND mineral = 'rare_earths' AND stage = 'all' AND edition = ? AND importer_iso3 "
    bought = con.execute(f"{total} IN {members} AND exporter_iso3 IN {members}", [HS92])
    assert bought.fetchall()[0][0] > 0
    for exporter, comes_in in (("DEU", False), ("GBR", True), ("CHN", True)):
        found = con.execute(f"{total} = 'EU27_2020' AND exporter_iso3 = ?", [HS92, exporter])
        assert (found.fetchall()[0][0] > 0) == comes_in, exporter
    # In 2010 the United Kingdom is a member of that year's Union and none of the 27 of 2020.
    for bloc, comes_in in (("EU", False), ("EU27_2020", True)):
        found = con.execute(
            "SELECT count(*) FROM mart.mineral_trade WHERE year = 2010 AND importer_iso3 = ? "
            "AND exporter_iso3 = 'GBR' AND mineral = 'rare_earths'",
            [bloc],
        )
        assert (found.fetchall()[0][0] > 0) == comes_in, bloc


FLOWS = """
    WITH flows AS (
        SELECT importer_iso3, exporter_iso3, mineral, stage, year, edition, 'value' AS basis,
            value_usd AS x, value_usd, value_without_mass_usd AS bare
        FROM mart.mineral_trade
        UNION ALL
        SELECT importer_iso3, exporter_iso3, mineral, stage, year, edition, 'mass',
            mass_kg, value_usd, value_without_mass_usd
        FROM mart.mineral_trade
    ),
    cells AS (
        SELECT importer_iso3, mineral, stage, year, edition, basis,
            sum(x) FILTER (kind <> 'unallocated') AS total,
            coalesce(sum(x) FILTER (kind = 'unallocated'), 0) AS nobodys,
            coalesce(sum(bare) / nullif(sum(value_usd), 0), 0) AS bare
        FROM flows JOIN ref.country ON iso3 = exporter_iso3
        GROUP BY importer_iso3, mineral, stage, year, edition, basis
    ),
    shares AS (
        SELECT f.*, c.total, c.nobodys, f.x / c.total AS s,
            row_number() OVER (
                PARTITION BY c.importer_iso3, c.mineral, c.stage, c.year, c.edition, c.basis
                ORDER BY f.x DESC, f.exporter_iso3
            ) AS place
        FROM cells AS c
        JOIN flows AS f USING (importer_iso3, mineral, stage, year, edition, basis)
        JOIN ref.country AS e ON e.iso3 = f.exporter_iso3
        WHERE e.kind <> 'unallocated' AND f.x IS NOT NULL AND c.total > 0
            AND (f.basis = 'value' OR c.bare <= 0.05)
    )
"""


def test_shares_again_in_sql(con: duckdb.DuckDBPyConnection) -> None:
    rows, apart, low, high = con.execute(f"""
        {FLOWS}
        SELECT count(*), max(abs(i.import_share - s.s)),
            max(abs(i.import_share_low - s.x / (s.total + s.nobodys))),
            max(abs(i.import_share_high - (s.x + s.nobodys) / (s.total + s.nobodys)))
        FROM (SELECT * FROM indices.import_share WHERE import_share IS NOT NULL) AS i
        FULL JOIN shares AS s
            ON i.importer_iso3 = s.importer_iso3 AND i.exporter_iso3 = s.exporter_iso3
            AND i.mineral = s.mineral AND i.stage = s.stage AND i.year = s.year
            AND i.edition = s.edition AND i.basis = s.basis
    """).fetchall()[0]
    known = con.execute("SELECT count(import_share) FROM indices.import_share").fetchall()[0][0]
    assert rows == known > 1_000_000, "a share on one side only"
    assert max(apart, low, high) <= 1e-12


MEASURES = """
    SELECT sum(s * s) AS hhi, 1 / sum(s * s) AS effective_suppliers, max(s) AS cr1,
        sum(s) FILTER (place <= 3) AS cr3, -sum(s * ln(s)) FILTER (s > 0) AS entropy,
        count(*) FILTER (s > 0) AS suppliers, max(exporter_iso3) FILTER (place = 1) AS top,
"""


def test_concentration_again_in_sql(con: duckdb.DuckDBPyConnection) -> None:
    rows, *apart, others = con.execute(f"""
        {FLOWS},
        measured AS (
            {MEASURES} importer_iso3, mineral, stage, year, edition, basis
            FROM shares GROUP BY importer_iso3, mineral, stage, year, edition, basis
        )
        SELECT count(*), max(abs(i.hhi - m.hhi)), max(abs(i.cr1 - m.cr1)), max(abs(i.cr3 - m.cr3)),
            max(abs(i.entropy - m.entropy)),
            max(abs(i.effective_suppliers / m.effective_suppliers - 1)),
            count(*) FILTER (i.suppliers IS DISTINCT FROM m.suppliers
                OR i.top_supplier_iso3 IS DISTINCT FROM m.top)
        FROM (SELECT * FROM indices.import_concentration WHERE hhi IS NOT NULL) AS i
        FULL JOIN measured AS m USING (importer_iso3, mineral, stage, year, edition, basis)
    """).fetchall()[0]
    known = con.execute("SELECT count(hhi) FROM indices.import_concentration").fetchall()[0][0]
    assert rows == known > 100_000, "a cell on one side only"
    assert max(apart) <= 1e-12
    assert others == 0


def test_export_concentration_again_in_sql(con: duckdb.DuckDBPyConnection) -> None:
    rows, *apart, others = con.execute(f"""
        WITH sold AS (
            SELECT exporter_iso3, mineral, stage, year, edition, sum(value_usd) AS x
            FROM mart.mineral_trade WHERE importer_iso3 NOT IN (SELECT bloc FROM ref.bloc)
            GROUP BY ALL HAVING sum(value_usd) > 0
        ),
        shares AS (
            SELECT *, x / sum(x) OVER cell AS s,
                row_number() OVER (cell ORDER BY x DESC, exporter_iso3) AS place
            FROM sold JOIN ref.country ON iso3 = exporter_iso3 WHERE kind <> 'unallocated'
            WINDOW cell AS (PARTITION BY mineral, stage, year, edition)
        ),
        measured AS (
            {MEASURES} mineral, stage, year, edition
            FROM shares GROUP BY mineral, stage, year, edition
        )
        SELECT count(*), max(abs(i.hhi - m.hhi)), max(abs(i.cr1 - m.cr1)), max(abs(i.cr3 - m.cr3)),
            max(abs(i.entropy - m.entropy)),
            max(abs(i.effective_suppliers / m.effective_suppliers - 1)),
            count(*) FILTER (i.suppliers IS DISTINCT FROM m.suppliers
                OR i.top_supplier_iso3 IS DISTINCT FROM m.top)
        FROM (
            SELECT * FROM indices.export_concentration WHERE hhi IS NOT NULL AND basis = 'value'
        ) AS i
        FULL JOIN measured AS m USING (mineral, stage, year, edition)
    """).fetchall()[0]
    assert rows > 1_000
    assert max(apart) <= 1e-12
    assert others == 0


def test_a_code_that_ended_leaves_a_row_that_says_so(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "SELECT DISTINCT year, hhi, reason FROM indices.import_concentration "
        "WHERE importer_iso3 = 'JPN' AND mineral = 'germanium' AND stage = 'all' "
        f"AND basis = 'value' AND edition = '{HS92}' AND year >= 2007 ORDER BY year"
    ).fetchall()
    assert rows == [(year, None, "code_ended") for year in range(2007, 2025)]


def test_metal_depends_on_smelters_before_refineries(con: duckdb.DuckDBPyConnection) -> None:
    measures = con.execute(
        "SELECT DISTINCT measure FROM indices.geopolrisk "
        "WHERE mineral = 'aluminium' AND stage = 'metal' AND measure IS NOT NULL"
    ).fetchall()
    assert measures == [("aluminium metal",)]


def test_geopolrisk_answers_every_traded_cell(con: duckdb.DuckDBPyConnection) -> None:
    missing = con.execute(
        "SELECT DISTINCT c.stage FROM indices.import_concentration AS c "
        "ANTI JOIN indices.geopolrisk AS g USING (importer_iso3, mineral, stage, year) "
        "WHERE c.basis = 'mass' AND c.suppliers > 0"
    ).fetchall()
    assert missing == []
