"""The BGS's service as it behaves: an OGC API that filters, counts and pages.

Every row is composed, after the columns of the publisher's downloads; so are the errors, after the
server it runs on. Nothing here was recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.served.host import Asked, Handler, Reply

HOST = "ogcapi.bgs.ac.uk"
PATH = "/collections/world-mineral-statistics/items"
MOST = 10_000
TONNES, METAL = "tonnes (metric)", "tonnes (metal content)"
KILOGRAMS = "kilograms (metal content)"
NIL, NOT_AVAILABLE = "Nil (nothing produced)", "Figures not available"
BELOW = "Quantity is more than 0 but less than 0.5"

COMMODITIES = {
    "alumina": ("", "tonnes (Al2O3 content)"),
    "aluminium, primary": ("", TONNES),
    "antimony, mine": ("", METAL),
    "arsenic, white": ("", TONNES),
    "barytes": ("", TONNES),
    "bauxite": ("", TONNES),
    "beryl": ("", TONNES),
    "bismuth, mine": ("", METAL),
    "borates": ("", TONNES),
    "cadmium": ("", TONNES),
    "chromium ores and concentrates": ("", TONNES),
    "coal": ("Coking coal", TONNES),
    "cobalt, mine": ("", METAL),
    "cobalt, refined": ("", TONNES),
    "copper, mine": ("", METAL),
    "copper, refined": ("", TONNES),
    "copper, smelter": ("", TONNES),
    "feldspar": ("", TONNES),
    "ferro-alloys": ("Ferro-silicon", TONNES),
    "fluorspar": ("", TONNES),
    "gallium, primary": ("", TONNES),
    "germanium metal": ("", TONNES),
    "graphite": ("", TONNES),
    "indium, refinery": ("", TONNES),
    "lithium minerals": ("Spodumene", TONNES),
    "magnesite": ("", TONNES),
    "magnesium metal, primary": ("", TONNES),
    "manganese ore": ("", TONNES),
    "molybdenum, mine": ("", METAL),
    "nickel, mine": ("", METAL),
    "nickel, smelter/refinery": ("", TONNES),
    "phosphate rock": ("", TONNES),
    "platinum group metals, mine": ("Platinum", KILOGRAMS),
    "rare earth minerals": ("Monazite", TONNES),
    "rare earth oxides": ("", TONNES),
    "rhenium": ("", "kilograms"),
    "selenium, refined": ("", "kilograms"),
    "strontium minerals": ("", TONNES),
    "tantalum and niobium minerals": ("Tantalite -Ta content", TONNES),
    "tellurium, refined": ("", "kilograms"),
    "tin, mine": ("", METAL),
    "tin, smelter": ("", TONNES),
    "titanium minerals": ("Rutile", TONNES),
    "tungsten, mine": ("", METAL),
    "vanadium, mine": ("", METAL),
    "zinc, mine": ("", METAL),
    "zinc, slab": ("", TONNES),
    "zirconium minerals": ("", TONNES),
    "iron ore": ("", TONNES),
}
"""Commodity -> a sub-commodity of it, and its unit; the last is not tracked."""

Properties = dict[str, Any]
Page = dict[str, Any]


def row(commodity: str, country: str, code: str, year: int, **changed: Any) -> Properties:  # noqa: ANN401
    """One row of production; 10 by default."""
    sub, unit = COMMODITIES[commodity]
    made: Properties = {
        "bgs_commodity_code": 1,
        "bgs_commodity_trans": commodity,
        "bgs_statistic_type_trans": "Production",
        "bgs_sub_commodity_trans": sub or None,
        "cgi_commodity_url": None,
        "concat_figure_notes_code": None,
        "concat_figure_notes_text": None,
        "concat_table_notes_code": None,
        "concat_table_notes_text": None,
        "country_iso2_code": code[:2],
        "country_iso3_code": code,
        "country_trans": country,
        "data_precision_description": None,
        "erml_commodity": None,
        "erml_group": None,
        "erml_sub_commodity": None,
        "pole_of_inaccessibility_latitude": "1.0",
        "pole_of_inaccessibility_longitude": "1.0",
        "quantity": 10,
        "quantity_in_book_style": "10",
        "sdmx_code": "A",
        "sdmx_translation": "Normal value",
        "units": unit,
        "year": f"{year}-01-01T00:00:00Z",
        "yearbook_table_id": 1,
        "yearbook_table_trans": "composed",
    }
    assert changed.keys() <= made.keys()
    return made | changed


ANTIMONY = [
    row("antimony, mine", "China", "CHN", 2022, quantity=60_000),
    row(
        "antimony, mine",
        "China",
        "CHN",
        2023,
        quantity=40_000.5,
        concat_figure_notes_code="*|b",
        concat_figure_notes_text="Estimates.|Composed.",
    ),
    row("antimony, mine", "Japan", "JPN", 2023, quantity=0, data_precision_description=NIL),
    row(
        "antimony, mine",
        "Bolivia",
        "BOL",
        2023,
        quantity=None,
        data_precision_description=NOT_AVAILABLE,
    ),
    row("antimony, mine", "Canada", "CAN", 2023, quantity=0, data_precision_description=BELOW),
    row("antimony, mine", "Congo", "COD", 2023, quantity=5),
    row("antimony, mine", "Congo, Democratic Republic", "COD", 2023, quantity=7),
]
"""A row of each kind, and the two Congos under one code."""

ROWS = [
    *ANTIMONY,
    *(row(name, "China", "CHN", 2023) for name in COMMODITIES if name != "antimony, mine"),
    row("antimony, mine", "China", "CHN", 2001, bgs_statistic_type_trans="Imports"),
]


def unspoilt(page: Page, asked: Asked) -> Page:  # noqa: ARG001
    """Leave a page as it is."""
    return page


def handler(
    rows: Sequence[Properties] = ROWS, spoil: Callable[[Page, Asked], Page] = unspoilt
) -> Handler:
    """Serve rows; `spoil` may change a page before it leaves."""

    def answer(asked: Asked) -> Reply:
        if "orewatch" not in asked.headers.get("user-agent", ""):
            return Reply(403, b"<html><body>Forbidden</body></html>")
        if asked.path != PATH:
            return error(404, "NotFound", "Collection not found")
        params = dict(asked.params)
        if params.pop("f", "html") != "json":
            return Reply(200, b"<!DOCTYPE html><html><body>items</body></html>")
        limit, offset = params.pop("limit", "10"), params.pop("offset", "0")
        if not limit.isdigit() or not int(limit) or not offset.isdigit():
            return error(400, "InvalidParameterValue", "limit value should be strictly positive")
        found = list(matching(rows, params))
        page = found[int(offset) : int(offset) + min(int(limit), MOST)]
        body = {
            "type": "FeatureCollection",
            "features": [feature(place, one) for place, one in enumerate(page, start=int(offset))],
            "numberMatched": len(found),
            "numberReturned": len(page),
            "links": [],
            "timeStamp": "2026-11-22T00:00:00.000000Z",
        }
        return Reply(
            200, json.dumps(spoil(body, asked)).encode(), {"Content-Type": "application/geo+json"}
        )

    return answer


def matching(rows: Iterable[Properties], params: dict[str, str]) -> Iterable[Properties]:
    """Rows with every property asked for; an unknown filter is left out, as the server does."""
    known = {name: value for name, value in params.items() if name in ROWS[0]}
    return (one for one in rows if all(one[name] == value for name, value in known.items()))


def feature(place: int, one: Properties) -> dict[str, Any]:
    """A row as GeoJSON; properties come in another order in every other feature."""
    names = sorted(one, reverse=bool(place % 2))
    return {
        "type": "Feature",
        "id": str(place),
        "geometry": {"type": "Point", "coordinates": [1.0, 1.0]},
        "properties": {name: one[name] for name in names},
    }


def error(status: int, code: str, description: str) -> Reply:
    """An error as the server words it."""
    body = {"code": code, "type": code, "description": description}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
