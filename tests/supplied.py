"""A small published snapshot to hold purchases against, composed by us: figures of three minerals.

Nothing in it is a figure that a source ever published; the shares are chosen so that a reader can
do the sums in the head.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from unittest.mock import patch

from flows import build, meta
from flows.facts import read_facts
from flows.marts import read_models
from flows.settings import CHECKOUT
from tests import published

Rows = list[Mapping[str, object]]

EDITION = {"source": "baci", "edition": "HS92_V202601"}
YEARS = (2021, 2022, 2023, 2024)
SHARES: Mapping[tuple[str, str], Mapping[str, Sequence[float | None]]] = {
    # The largest supplier changes; France comes late.
    ("rare_earths", "all"): {
        "CHN": (0.8, 0.7, 0.6, 0.5),
        "VNM": (0.2, 0.3, 0.4, 0.3),
        "FRA": (None, None, None, 0.2),
    },
    ("rare_earths", "metal"): dict.fromkeys(("CHN",), (0.9, 0.9, 0.9, 0.9))
    | {"VNM": (0.1, 0.1, 0.1, 0.1)},
    ("tungsten", "all"): {"CHN": (0.7, 0.7, 0.7, 0.7), "PRT": (0.3, 0.3, 0.3, 0.3)},
}
GOVERNANCE = {"CHN": -0.5, "VNM": 0.1, "PRT": 1.0}
DIMENSIONS = ("cc", "ge", "pv", "rl", "rq", "va")
MEASURE = {"source": "facts", "edition": "authored", "restricts": True, "scope": "all_trade"}
IN_FORCE = MEASURE | {"exporter_iso3": "CHN", "confirmation": "confirmed", "severity": 0.3}


def economies() -> Rows:
    """Every economy of the facts, as the mart has them."""
    facts = read_facts(CHECKOUT / "warehouse/facts")
    named = facts.frame("country").select("name", "kind", economy="iso3").to_dicts()
    blocs = facts.frame("bloc").select("name", economy="bloc").to_dicts()
    return [*named, *({**bloc, "kind": "bloc"} for bloc in blocs)]


def cells() -> tuple[Rows, Rows]:
    """Rows of import_share and of import_concentration."""
    shares: Rows = []
    concentration: Rows = []
    for (mineral, stage), them in SHARES.items():
        for place, year in enumerate(YEARS):
            known = {iso3: row[place] for iso3, row in them.items() if row[place] is not None}
            key = EDITION | {"importer_iso3": "JPN", "mineral": mineral, "stage": stage}
            key |= {"year": year, "basis": "value"}
            top = max(known, key=lambda iso3: known[iso3] or 0)
            hhi = sum((share or 0) ** 2 for share in known.values())
            shares += [key | {"exporter_iso3": i, "import_share": s} for i, s in known.items()]
            concentration.append(
                key
                | {"hhi": hhi, "hhi_low": hhi, "hhi_high": hhi, "cr1": known[top]}
                | {"effective_suppliers": 1 / hhi, "top_supplier_iso3": top, "hs6": "280530"}
                | {"suppliers": len(known), "confidence": "A"}
            )
    nothing = EDITION | {"importer_iso3": "JPN", "mineral": "gallium", "stage": "metal"}
    nothing |= {"year": 2024, "basis": "value", "reason": "basket_code"}
    return shares, [*concentration, nothing]


def rows() -> Mapping[str, Rows]:
    """Rows of every table that has some."""
    shares, concentration = cells()
    facts = read_facts(CHECKOUT / "warehouse/facts")
    tables = build.tables_without_gate(facts, read_models(CHECKOUT / "sql"))
    day = date(2025, 4, 4)
    rare = IN_FORCE | {"mineral": "rare_earths", "measure": "M1", "kind": "licence"}
    gallium = IN_FORCE | {"mineral": "gallium", "measure": "M2", "kind": "ban", "hs6": "811292"}
    return {
        "mart.economy": economies(),
        "mart.measure": [
            MEASURE | {"measure": "M1", "title": "Licences, composed", "issuer_iso3": "CHN"},
            MEASURE | {"measure": "M2", "title": "A ban, composed", "issuer_iso3": "CHN"},
        ],
        "mart.measure_in_force": [
            rare
            | {"hs6": "280530", "form": "rare_earth_metals", "stage": "metal"}
            | {"importer_iso3": "ALL", "in_force_from": day, "in_force_to": date(2026, 11, 30)},
            gallium
            | {"form": "gallium_metal_basket", "stage": "metal", "importer_iso3": "JPN"}
            | {"in_force_from": date(2026, 11, 28), "confirmation": "unconfirmed"},
            # Another's, one that only frames, and one that holds nothing back: none counts.
            rare | {"importer_iso3": "USA", "hs6": "284690", "in_force_from": day},
            rare
            | {"importer_iso3": "JPN", "measure": "M3", "hs6": "280530", "in_force_from": day}
            | {"scope": "no_trade"},
            rare
            | {"importer_iso3": "JPN", "measure": "M4", "hs6": "280530", "in_force_from": day}
            | {"restricts": False},
            # On goods of the mineral, in words alone.
            IN_FORCE
            | {"mineral": "tungsten", "measure": "M5", "kind": "licence", "importer_iso3": "JPN"}
            | {"in_force_from": date(2027, 1, 1)},
        ],
        "mart.governance": [
            {"source": "worldbank_wgi", "edition": "2024", "iso3": iso3, "year": 2023}
            | {"dimension": one, "estimate": score}
            for iso3, score in GOVERNANCE.items()
            for one in DIMENSIONS
        ],
        "mart.exchange_rate": [
            {"source": "ecb_rates", "edition": "E", "frequency": "month", "status": "normal"}
            | {"currency": code, "year": 2026, "month": month, "rate_per_euro": rate}
            for month, rates in ((9, {"USD": 1.5, "JPY": 150.0}), (10, {"USD": 1.25}))
            for code, rate in rates.items()
        ],
        "indices.import_share": shares,
        "indices.import_concentration": concentration,
        "indices.production_concentration": [
            {"mineral": "rare_earths", "stage": "mine", "year": 2024, "basis": "contained_metal"}
            | {"source": "usgs_mcs", "edition": "2025", "hhi": 0.5, "cr1": 0.6}
            | {"top_supplier_iso3": "CHN"}
        ],
        "meta.source": [{"source": "baci", "title": "Trade, composed", "licence": "Open"}],
        "meta.edition": [EDITION | {"released": date(2026, 1, 31), "released_basis": "inferred"}],
        "meta.dictionary": [*meta.dictionary_frame(tables).iter_rows(named=True)],
    }


@contextmanager
def supplied() -> Iterator[None]:
    """Have the composed snapshot hold these rows."""
    with patch.object(published, "ROWS", rows()):
        yield


_folder = tempfile.TemporaryDirectory(prefix="orewatch-supplied-")


@cache
def supplied_home() -> Path:
    """A home with the snapshot, published once a session; not to be changed."""
    with supplied():
        published.publish_composed(Path(_folder.name))
    return Path(_folder.name)
