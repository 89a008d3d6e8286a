"""The tiny world, from raw bytes to index tables: every expected number is worked by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from flows import warehouse
from tests import world
from tests.world import HS17, HS92

TOLERANCE = 1e-12
Row = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """What a cell of an index must say, from amounts written down by hand."""

    amounts: dict[str, int] = field(default_factory=dict)
    """Supplier -> amount, in any unit; the first in the order written here is the top."""
    nobodys: int = 0
    flags: tuple[str, ...] = ()
    reason: str | None = None
    grade: str | None = "A"
    weightless: Fraction | None = Fraction(0)

    def expected(self) -> dict[str, Fraction | float | int | str | None]:
        """The measures, in fractions where they are exact."""
        if self.reason:
            names = ("hhi", "hhi_low", "hhi_high", "hhi_normalised", "effective_suppliers")
            return dict.fromkeys((*names, "cr1", "cr3", "entropy", "top_supplier_iso3"))
        total = sum(self.amounts.values())
        shares = sorted((Fraction(x, total) for x in self.amounts.values()), reverse=True)
        n, whole, top = len(shares), total + self.nobodys, max(self.amounts.values())
        others = sum(x * x for x in self.amounts.values()) - top * top
        hhi = sum((s * s for s in shares), Fraction(0))
        return {
            "hhi": hhi,
            "hhi_low": sum(Fraction(x, whole) ** 2 for x in self.amounts.values()),
            "hhi_high": Fraction((top + self.nobodys) ** 2 + others, whole**2),
            "hhi_normalised": Fraction(1)
            if n == 1
            else (hhi - Fraction(1, n)) / (1 - Fraction(1, n)),
            "effective_suppliers": 1 / hhi,
            "cr1": shares[0],
            "cr3": sum(shares[:3], Fraction(0)),
            "entropy": -sum(float(s) * math.log(s) for s in shares),
            "suppliers": n,
            "top_supplier_iso3": next(iter(self.amounts)),
            "unallocated_share": Fraction(self.nobodys, whole),
        }


W_MASS = {"CHN": 600, "VNM": 250, "JPN": 100, "USA": 50}
W_VALUE = {"CHN": 6000, "VNM": 3000, "JPN": 1500, "USA": 500}
MUCH = ("unallocated_high",)
ALONE = ("single_supplier",)
NOBODYS = Cell(flags=MUCH, reason="unallocated_only", grade=None)

TUNGSTEN_ORE: dict[tuple[str, int, str], Cell] = {
    ("DEU", 1998, "value"): Cell({"CHN": 150, "BLX": 50}),
    ("DEU", 1998, "mass"): Cell({"CHN": 15, "BLX": 5}),
    # Belgium-Luxembourg is a member: what Germany has from it is trade within.
    ("EU", 1998, "value"): Cell({"CHN": 150}, flags=ALONE),
    ("EU", 1998, "mass"): Cell({"CHN": 15}, flags=ALONE),
    ("EU27_2020", 1998, "value"): Cell({"CHN": 150}, flags=ALONE),
    ("EU27_2020", 1998, "mass"): Cell({"CHN": 15}, flags=ALONE),
    ("USA", 1998, "value"): NOBODYS,
    ("USA", 1998, "mass"): NOBODYS,
    ("DEU", 2006, "value"): Cell(W_VALUE, nobodys=2500, flags=MUCH, grade="C"),
    ("DEU", 2006, "mass"): Cell(W_MASS, nobodys=250, flags=MUCH, grade="C"),
    ("FRA", 2006, "value"): Cell({"GBR": 200, "DEU": 100}),
    ("FRA", 2006, "mass"): Cell({"GBR": 20, "DEU": 10}),
    ("GBR", 2006, "value"): Cell({"CHN": 400, "DEU": 100}),
    ("GBR", 2006, "mass"): Cell({"CHN": 40, "DEU": 10}),
    # The 27 of 2020: the United Kingdom is outside, its tungsten comes in.
    ("EU27_2020", 2006, "value"): Cell(W_VALUE | {"GBR": 200}, 2500, MUCH, grade="C"),
    ("EU27_2020", 2006, "mass"): Cell(W_MASS | {"GBR": 20}, 250, MUCH, grade="C"),
    # The members of 2006: it is inside, and brings its own 400 from China.
    ("EU", 2006, "value"): Cell(W_VALUE | {"CHN": 6400}, 2500, MUCH, grade="C"),
    ("EU", 2006, "mass"): Cell(W_MASS | {"CHN": 640}, 250, MUCH, grade="C"),
    **{
        (importer, 2022, basis): Cell(amounts)
        for importer in ("DEU", "EU", "EU27_2020")
        for basis, amounts in (("value", W_VALUE), ("mass", W_MASS))
    },
}
TIE = ("tie",)
STAGES = ("mixed_stages",)
UNWEIGHED: dict[str, Any] = {"reason": "weight_missing", "grade": None}
RARE_EARTHS: dict[tuple[str, str, int, str], Cell] = {
    ("JPN", "compound", 1998, "value"): Cell({"CHN": 900, "BLX": 100}),
    ("JPN", "compound", 1998, "mass"): Cell({"CHN": 300, "BLX": 20}),
    ("JPN", "all", 1998, "value"): Cell({"CHN": 900, "BLX": 100}),
    ("JPN", "all", 1998, "mass"): Cell({"CHN": 300, "BLX": 20}, flags=STAGES),
    ("JPN", "metal", 2022, "value"): Cell({"CHN": 500, "VNM": 500}, flags=TIE),
    ("JPN", "metal", 2022, "mass"): Cell({"CHN": 50, "VNM": 50}, flags=TIE),
    # 40 of 640 have no weight, more than a twentieth; of the headline 40 of 1,640, less.
    ("JPN", "compound", 2022, "value"): Cell(
        {"CHN": 400, "VNM": 200, "USA": 40}, weightless=Fraction(1, 16)
    ),
    ("JPN", "compound", 2022, "mass"): Cell(weightless=Fraction(1, 16), **UNWEIGHED),
    ("JPN", "all", 2022, "value"): Cell(
        {"CHN": 900, "VNM": 700, "USA": 40}, weightless=Fraction(1, 41)
    ),
    ("JPN", "all", 2022, "mass"): Cell(
        {"CHN": 180, "VNM": 70}, flags=STAGES, weightless=Fraction(1, 41)
    ),
    ("KOR", "metal", 2022, "value"): Cell({"CHN": 10}, flags=ALONE),
    ("KOR", "metal", 2022, "mass"): Cell({"CHN": 1}, flags=ALONE),
    ("KOR", "compound", 2022, "value"): Cell(
        {"CHN": 100, "USA": 100}, flags=TIE, weightless=Fraction(1, 2)
    ),
    ("KOR", "compound", 2022, "mass"): Cell(weightless=Fraction(1, 2), **UNWEIGHED),
    ("KOR", "all", 2022, "value"): Cell({"CHN": 110, "USA": 100}, weightless=Fraction(10, 21)),
    ("KOR", "all", 2022, "mass"): Cell(weightless=Fraction(10, 21), flags=STAGES, **UNWEIGHED),
    # W58: a weight of zero is no trade in mass.
    ("USA", "metal", 2022, "value"): Cell({"CHN": 5}, flags=ALONE),
    ("USA", "metal", 2022, "mass"): Cell(reason="no_trade", grade=None),
    # Score 1/5 to the power 1/2 (no weight in value) and 1/3: 0.447 is D, 0.585 is C.
    ("USA", "compound", 2022, "value"): Cell({"TWN": 20}, 80, (*ALONE, *MUCH), grade="D"),
    ("USA", "compound", 2022, "mass"): Cell({"TWN": 2}, 8, (*ALONE, *MUCH), grade="C"),
    ("USA", "all", 2022, "value"): Cell({"TWN": 20, "CHN": 5}, 80, MUCH, grade="D"),
    ("USA", "all", 2022, "mass"): Cell({"TWN": 2}, 8, (*STAGES, *ALONE, *MUCH), grade="C"),
}
ENDED = Cell(reason="code_ended", grade=None, weightless=None)
GERMANIUM: dict[tuple[int, str], Cell] = {
    (2006, "value"): Cell({"CHN": 300, "DEU": 100}),
    (2006, "mass"): Cell({"CHN": 1, "DEU": 1}, flags=TIE),
    (2022, "value"): ENDED,
    (2022, "mass"): ENDED,
}
WITHOUT_WEIGHT: dict[tuple[str, str, str, str], Cell] = {
    # All of it dominant (0.8) and proxy (0.6): roots 0.894 and 0.775.
    ("KOR", "antimony", "metal", "value"): Cell(
        {"CHN": 60, "VNM": 40}, weightless=Fraction(1), grade="A"
    ),
    ("KOR", "antimony", "metal", "mass"): Cell(weightless=Fraction(1), **UNWEIGHED),
    ("JPN", "rare_earths", "article", "value"): Cell(
        {"CHN": 300}, flags=("proxy", *ALONE), weightless=Fraction(1), grade="B"
    ),
    ("JPN", "rare_earths", "article", "mass"): Cell(
        weightless=Fraction(1), flags=("proxy",), **UNWEIGHED
    ),
}


def with_flag(cell: Cell, flag: str) -> Cell:
    """The cell with one flag more."""
    flags = tuple(sorted((*cell.flags, flag)))
    return Cell(cell.amounts, cell.nobodys, flags, cell.reason, cell.grade, cell.weightless)


def import_cells() -> Iterator[tuple[str, tuple[str, str, str, int, str, str], Cell]]:
    """Every cell that has a number in the tiny world, and why the others have none."""
    for (importer, year, basis), cell in TUNGSTEN_ORE.items():
        yield "261100", (importer, "tungsten", "ore", year, basis, HS92), cell
        # The headline lists powder too, which this edition does not carry.
        whole = with_flag(cell, "partial_basket")
        yield "261100", (importer, "tungsten", "all", year, basis, HS92), whole
    codes = {"metal": "280530", "compound": "284610+284690", "all": "280530+284610+284690"}
    for (importer, stage, year, basis), cell in RARE_EARTHS.items():
        yield codes[stage], (importer, "rare_earths", stage, year, basis, HS92), cell
    for (year, basis), cell in GERMANIUM.items():
        for stage in ("metal", "all"):
            yield "811230", ("JPN", "germanium", stage, year, basis, HS92), cell
    for (importer, mineral, stage, basis), cell in WITHOUT_WEIGHT.items():
        code = {"antimony": "811010", "rare_earths": "850511"}[mineral]
        yield code, (importer, mineral, stage, 2022, basis, HS17), cell


CELLS = {key: (hs6, cell) for hs6, key, cell in import_cells()}
KEYS = ("importer_iso3", "mineral", "stage", "year", "basis", "edition")


@pytest.fixture(scope="module")
def tables(tiny: world.Built) -> dict[str, pl.DataFrame]:
    """Every mart and index of the tiny world."""
    names = [t.id for t in tiny.tables if t.schema in {"mart", "indices"}]
    with warehouse.snapshot_reader(tiny.settings.build) as con:
        return {name: warehouse.frame(con, name) for name in names}


def by_key(frame: pl.DataFrame, keys: tuple[str, ...]) -> dict[tuple[Any, ...], Row]:
    """Rows by key."""
    return {tuple(row[name] for name in keys): row for row in frame.iter_rows(named=True)}


def assert_cell(row: Row, cell: Cell, where: object) -> None:
    """Hold a row of an index against what was worked by hand."""
    for name, value in cell.expected().items():
        if isinstance(value, Fraction | float):
            assert row[name] == pytest.approx(float(value), abs=TOLERANCE, rel=0), (where, name)
        else:
            assert row[name] == value, (where, name)
    assert (row["reason"], row["confidence"]) == (cell.reason, cell.grade), where


def test_worked_examples_1_to_7(tables: dict[str, pl.DataFrame]) -> None:
    rows = by_key(tables["indices.import_concentration"], KEYS)
    mass = rows["DEU", "tungsten", "ore", 2022, "mass", HS92]
    value = rows["DEU", "tungsten", "ore", 2022, "value", HS92]
    expected: list[tuple[float, Fraction | float]] = [
        (mass["hhi"], Fraction(87, 200)),
        (value["hhi"], Fraction(95, 242)),
        (mass["cr1"], Fraction(3, 5)),
        (mass["cr3"], Fraction(19, 20)),
        (value["cr3"], Fraction(21, 22)),
        (mass["hhi_normalised"], Fraction(37, 150)),
        (mass["effective_suppliers"], Fraction(200, 87)),
        (value["effective_suppliers"], Fraction(242, 95)),
        (mass["entropy"], 1.033114087516671),
        # W08: Theil's T is ln n less the entropy.
        (math.log(mass["suppliers"]) - mass["entropy"], 0.3531802736032193),
    ]
    for found, wanted in expected:
        assert found == pytest.approx(float(wanted), abs=TOLERANCE, rel=0)
    shares = by_key(tables["indices.import_share"], ("exporter_iso3", *KEYS))
    key = ("DEU", "tungsten", "ore", 2022)
    for iso3, of_mass, of_value in (
        ("CHN", Fraction(3, 5), Fraction(6, 11)),
        ("VNM", Fraction(1, 4), Fraction(3, 11)),
        ("JPN", Fraction(1, 10), Fraction(3, 22)),
        ("USA", Fraction(1, 20), Fraction(1, 22)),
    ):
        for basis, wanted in (("mass", of_mass), ("value", of_value)):
            found = shares[(iso3, *key, basis, HS92)]["import_share"]
            assert found == pytest.approx(float(wanted), abs=TOLERANCE, rel=0)


def test_worked_example_2_bounds_what_is_nobodys(tables: dict[str, pl.DataFrame]) -> None:
    rows = by_key(tables["indices.import_concentration"], KEYS)
    row = rows["DEU", "tungsten", "ore", 2006, "mass", HS92]
    for name, wanted in (
        ("hhi_low", Fraction(174, 625)),
        ("hhi", Fraction(87, 200)),
        ("hhi_high", Fraction(319, 625)),
        ("unallocated_share", Fraction(1, 5)),
        ("cr1", Fraction(3, 5)),
    ):
        assert row[name] == pytest.approx(float(wanted), abs=TOLERANCE, rel=0), name
    share = by_key(tables["indices.import_share"], ("exporter_iso3", *KEYS))[
        "CHN", "DEU", "tungsten", "ore", 2006, "mass", HS92
    ]
    found = [share[name] for name in ("import_share_low", "import_share", "import_share_high")]
    assert found == pytest.approx([12 / 25, 3 / 5, 17 / 25], abs=TOLERANCE, rel=0)


def test_import_concentration(tables: dict[str, pl.DataFrame]) -> None:
    rows = by_key(tables["indices.import_concentration"], KEYS)
    for key, (hs6, cell) in CELLS.items():
        assert_cell(rows[key], cell, key)
        row = rows.pop(key)
        assert row["hs6"] == hs6, key
        assert set(row["flags"]) >= set(cell.flags), key
        if cell.reason is None:
            assert sorted(row["flags"]) == row["flags"] == sorted(cell.flags), key
        missing = None if cell.weightless is None else pytest.approx(float(cell.weightless))
        assert row["weight_missing_share"] == missing, key
    # What is left has no code of its own, or its form has left the basket.
    assert {(key[1], row["reason"]) for key, row in rows.items()} == {
        ("gallium", "basket_code"),
        ("germanium", "basket_code"),
        ("heavy_rare_earths", "basket_code"),
        ("indium", "basket_code"),
        ("niobium", "basket_code"),
        ("vanadium", "basket_code"),
        ("hafnium", "code_ended"),
        ("rhenium", "code_ended"),
    }
    assert all(row["hhi"] is None and row["confidence"] is None for row in rows.values())


def test_import_share(tables: dict[str, pl.DataFrame]) -> None:
    frame = tables["indices.import_share"]
    rows = by_key(frame, ("exporter_iso3", *KEYS))
    seen = 0
    for key, (_, cell) in CELLS.items():
        total = sum(cell.amounts.values())
        for exporter, amount in cell.amounts.items():
            row, seen = rows[(exporter, *key)], seen + 1
            whole = total + cell.nobodys
            for name, wanted in (
                ("import_share", Fraction(amount, total)),
                ("import_share_low", Fraction(amount, whole)),
                ("import_share_high", Fraction(amount + cell.nobodys, whole)),
            ):
                found = row[name]
                assert found == pytest.approx(float(wanted), abs=TOLERANCE, rel=0), (key, exporter)
            assert row["reason"] is None
    known = frame.filter(pl.col("import_share") > 0)
    assert known.height == seen, "a share that nobody worked out"
    # Nobody's part is no exporter, and a share is null for a reason or not at all.
    assert frame.filter(pl.col("exporter_iso3").str.starts_with("X_")).is_empty()
    assert frame.filter(pl.col("import_share").is_null() == pl.col("reason").is_null()).is_empty()
    # Weights: a row without one has no share of the mass, and takes none from the others.
    row = rows["USA", "JPN", "rare_earths", "all", 2022, "mass", HS92]
    assert (row["import_share"], row["reason"]) == (None, "weight_missing")
    row = rows["CHN", "USA", "rare_earths", "all", 2022, "mass", HS92]
    assert (row["import_share"], row["reason"]) == (0.0, None)


def test_export_concentration(tables: dict[str, pl.DataFrame]) -> None:
    rows = by_key(tables["indices.export_concentration"], KEYS[1:])
    world_exports = {
        ("tungsten", "ore", 1998, "value"): Cell({"CHN": 150, "BLX": 50}, 70, grade="C"),
        # Blocs are no importers of the world's; what Germany sells inside Europe counts.
        ("tungsten", "ore", 2006, "value"): Cell(
            W_VALUE | {"CHN": 6400, "GBR": 200, "DEU": 200}, 2500, grade="C"
        ),
        ("tungsten", "ore", 2006, "mass"): Cell(
            W_MASS | {"CHN": 640, "GBR": 20, "DEU": 20}, 250, grade="C"
        ),
        ("tungsten", "ore", 2022, "mass"): Cell(W_MASS),
        ("rare_earths", "metal", 2022, "value"): Cell({"CHN": 515, "VNM": 500}),
        ("rare_earths", "metal", 2022, "mass"): Cell({"CHN": 51, "VNM": 50}),
        ("rare_earths", "compound", 2022, "value"): Cell(
            {"CHN": 500, "VNM": 200, "USA": 140, "TWN": 20}, 80
        ),
        # 140 of 940 have no weight.
        ("rare_earths", "compound", 2022, "mass"): Cell(**UNWEIGHED),
        ("germanium", "all", 2022, "value"): ENDED,
    }
    for key, cell in world_exports.items():
        assert_cell(rows[(*key, HS92)], cell, key)


def test_production_concentration(tables: dict[str, pl.DataFrame]) -> None:
    whole = by_key(tables["indices.production_concentration"], ("mineral", "edition", "year"))
    assert_cell(whole.pop(("graphite", "2023", 2021)), Cell({"CHN": 9, "MDG": 1}), "graphite")
    rows = {key[1:]: row for key, row in whole.items()}
    assert set(rows) == {("2023", 2021), ("2023", 2022), ("2024", 2022), ("2024", 2023)}
    assert_cell(rows["2023", 2021], Cell({"CHN": 61, "TJK": 13}), "2021")
    # Two vintages of 2022. In the first a producer is withheld: 10 of the 100 are its own or
    # nobody's, beside 10 of other countries.
    first = rows["2023", 2022]
    assert_cell(first, Cell({"CHN": 60, "TJK": 20}, nobodys=20, grade="C"), "2022")
    assert first["weight_missing_share"] == pytest.approx(1 / 10)
    assert first["flags"] == ["estimated", "not_all_reported", "unallocated_high", "withheld"]
    assert (first["mineral"], first["stage"], first["basis"], first["measure"]) == (
        "antimony",
        "mine",
        "contained_metal",
        "antimony content",
    )
    second = rows["2024", 2022]
    assert_cell(second, Cell({"CHN": 40, "MMR": 20, "TJK": 20}), "2022, a year later")
    assert second["flags"] == []
    # Not available is not withheld.
    assert_cell(rows["2024", 2023], Cell(reason="not_reported", grade=None), "2023")


def test_trade_is_in_whole_dollars_and_kilograms(tables: dict[str, pl.DataFrame]) -> None:
    frame = tables["mart.trade"]
    assert frame.height == len(world.HS92_FLOWS) + len(world.HS17_FLOWS)
    keys = ("edition", "hs6", "year", "importer_iso3", "exporter_iso3")
    rows = by_key(frame, keys)
    for key, value_usd, mass_kg in (
        ((HS92, "261100", 2022, "DEU", "CHN"), 6_000_000, 600_000),
        ((HS92, "261100", 1998, "DEU", "BLX"), 50_000, 5_000),
        ((HS92, "284690", 2022, "JPN", "USA"), 40_000, None),
        ((HS92, "280530", 2022, "USA", "CHN"), 5_000, 0),
        ((HS92, "284690", 2022, "USA", "TWN"), 20_000, 2_000),
        ((HS92, "284690", 2022, "USA", "X_899"), 80_000, 8_000),
        ((HS17, "811292", 2022, "JPN", "CHN"), 800_000, None),
    ):
        assert (rows[key]["value_usd"], rows[key]["mass_kg"]) == (value_usd, mass_kg), key


def test_strays_and_baskets_are_kept_apart_and_summed_nowhere(
    tables: dict[str, pl.DataFrame],
) -> None:
    keys = ("mineral", "stage", "year", "importer_iso3", "exporter_iso3", "edition")
    rows = by_key(tables["mart.mineral_trade"], keys)
    amounts = ("value_usd", "mass_kg", "ended_usd", "basket_usd")
    stray = rows["germanium", "metal", 2022, "JPN", "CHN", HS92]
    assert [stray[name] for name in amounts] == [None, None, 77_000, 0]
    basket = rows["gallium", "metal", 2022, "JPN", "DEU", HS17]
    assert [basket[name] for name in amounts] == [None, None, 0, 200_000]
    summed = rows["rare_earths", "all", 2022, "JPN", "CHN", HS92]
    assert [summed[name] for name in amounts] == [900_000, 180_000, 0, 0]


def test_production_of_two_vintages_and_what_is_withheld(tables: dict[str, pl.DataFrame]) -> None:
    antimony = tables["mart.production"].filter(pl.col("mineral") == "antimony")
    rows = by_key(antimony, ("edition", "year", "area"))
    assert rows["2023", 2022, "CHN"]["mass_kg"] == 60_000_000
    assert rows["2024", 2022, "CHN"]["mass_kg"] == 40_000_000
    withheld = rows["2023", 2022, "MMR"]
    assert (withheld["mass_kg"], withheld["status"]) == (None, "withheld")
    assert rows["2023", 2022, "WORLD"]["area_kind"] == "world"
    assert rows["2023", 2022, "OTHER"]["area_kind"] == "other"


def test_coverage_counts_what_is_there(tables: dict[str, pl.DataFrame]) -> None:
    rows = by_key(tables["mart.coverage"], ("table", "edition", "year"))
    counted = {key: row["rows"] for key, row in rows.items()}
    assert counted["mart.trade", HS92, 2006] == sum(f[0] == 2006 for f in world.HS92_FLOWS)
    assert counted["mart.production", "2024", 2022] == 4
    assert counted["mart.governance", "2024", 2022] == 36
