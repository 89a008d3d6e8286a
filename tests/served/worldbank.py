"""The World Bank's API as it behaves: pages of estimates, and errors with status 200.

The answers are composed: their form is that of recorded ones, every estimate is made up. Which
economies have no code of ISO's is as reported of the real service.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.served.host import Asked, Handler, Reply

HOST = "api.worldbank.org"
PATH = "/v2/country/all/indicator/"
DIMENSIONS = ("CC", "GE", "PV", "RL", "RQ", "VA")
CODES = tuple(f"GOV_WGI_{dimension}.EST" for dimension in DIMENSIONS)
UPDATED = "2026-09-25"
YEARS = (2023, 2022)
ECONOMIES = {
    ("CHN", "China"): -0.5,
    ("COD", "Congo, Dem. Rep."): -1.25,
    ("JPN", "Japan"): 1,
    ("XKX", "Kosovo"): None,
    ("", "Taiwan, China"): 0.75,
    ("", "World"): 0.0,
}
"""Code and name: the estimate of the first dimension and the first year."""
ARCHIVED = (
    b'[{"message":[{"id":"175","key":"Invalid format",'
    b'"value":"The indicator was not found. It may have been deleted or archived."}]}]'
)
INVALID = (
    b'[{"message":[{"id":"120","key":"Invalid value",'
    b'"value":"The provided parameter value is not valid"}]}]'
)
MARKUP = (
    b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>'
    b'<wb:error xmlns:wb="http://www.worldbank.org">'
    b'<wb:message id="120" key="Invalid value">The provided parameter value is not valid'
    b"</wb:message></wb:error>"
)


def estimates(code: str) -> list[dict[str, Any]]:
    """The rows of one indicator: a hundredth more for each dimension, a tenth less a year."""
    place = CODES.index(code)
    return [
        {
            "indicator": {"id": code, "value": "composed: Estimate"},
            "country": {"id": iso3[:2], "value": name},
            "countryiso3code": iso3,
            "date": str(year),
            "value": None if value is None else value + 0.01 * place - 0.1 * back,
            "unit": "",
            "obs_status": "",
            "decimal": 1,
        }
        for (iso3, name), value in ECONOMIES.items()
        for back, year in enumerate(YEARS)
    ]


def answer(
    rows: Sequence[Mapping[str, Any]], page: int = 1, per_page: int = 20_000, updated: str = UPDATED
) -> bytes:
    """One page of these rows."""
    about = {
        "page": page,
        "pages": -(-len(rows) // per_page),
        "per_page": per_page,
        "total": len(rows),
        "sourceid": "3",
        "lastupdated": updated,
    }
    part = rows[(page - 1) * per_page : page * per_page]
    return json.dumps([about, part or None]).encode()


def handler(
    tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    most: int = 20_000,
    updated: str = UPDATED,
) -> Handler:
    """The service: estimates by indicator, at most so many rows a page."""
    known = {code: estimates(code) for code in CODES} if tables is None else tables

    def host(asked: Asked) -> Reply:
        code = asked.path.removeprefix(PATH)
        if asked.params.get("format") != "json":
            return Reply(200, MARKUP, {"Content-Type": "text/xml"})
        if asked.params.get("source") != "3" or code not in known:
            return Reply(200, ARCHIVED, {"Content-Type": "application/json"})
        page, per_page = int(asked.params["page"]), int(asked.params["per_page"])
        body = answer(known[code], page, min(per_page, most), updated)
        return Reply(200, body, {"Content-Type": "application/json;charset=utf-8"})

    return host
