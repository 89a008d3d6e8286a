"""CEPII's host as it behaves: the page about BACI, and the zips that it links to.

Page and zips are composed: layout and names are the publisher's, every figure is made up.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from tests.served.host import Asked, Handler, Reply

HOST = "www.cepii.fr"
PAGE = "/DATA_DOWNLOAD/baci/doc/baci_webpage.html"
DATA = "/DATA_DOWNLOAD/baci/data/"

Row = tuple[int, int, int, str, str, str]
"""Year, exporter, importer, code, thousand USD, tonnes (empty: not reported)."""


def csv_new(rows: Iterable[Row]) -> bytes:
    """The layout of recent versions: bare cells, an empty one where the weight is missing."""
    return "".join(["t,i,j,k,v,q\n", *(",".join(map(str, row)) + "\n" for row in rows)]).encode()


def csv_old(rows: Iterable[Row]) -> bytes:
    """The layout of older versions: quoted names and weights, padded, `NA`, lines end in CRLF."""
    lines = [f'{t},{i},{j},{int(k)},{v},"{q or "NA":>13}"\r\n' for t, i, j, k, v, q in rows]
    return "".join(['"t","i","j","k","v","q"\r\n', *lines]).encode()


def member(year: int, revision: str = "HS92", version: str = "202701") -> str:
    """The name of a yearly member."""
    return f"BACI_{revision}_Y{year}_V{version}.csv"


def zip_name(revision: str = "HS92", version: str = "202701") -> str:
    """The name of a zip."""
    return f"BACI_{revision}_V{version}.zip"


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip of these members, between the lists of codes and the readme."""
    file = io.BytesIO()
    beside = {
        "country_codes_V202701.csv": b"country_code,country_name\n156,Composed\n",
        "product_codes_HS92_V202701.csv": b"code,description\n280530,Composed\n",
        "Readme.txt": b"Composed for tests.\n",
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (beside | dict(members)).items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


def yearly(
    years: Sequence[int],
    codes: Sequence[str],
    revision: str = "HS92",
    version: str = "202701",
) -> bytes:
    """A zip with a row a year and code, the value growing with both, each third weight missing."""
    members = {}
    for year in years:
        rows = [
            (year, 156, 392, code, f"{year}.{n:03d}", "" if n % 3 == 0 else f"{n}.5")
            for n, code in enumerate(codes)
        ]
        members[member(year, revision, version)] = csv_new(rows)
    return zipped(members)


def page(*names: str, says: str = "") -> bytes:
    """The page with links to zips; `says` is a sentence of its own."""
    links = "".join(
        f'<li><a href="https://{HOST}{DATA}{name}">{name[5:9]}</a></li>' for name in names
    )
    return (
        "<!DOCTYPE html><html><head><title>The CEPII-BACI dataset</title></head><body>"
        '<a href="#top">Top</a><a href="FAQ_BACI.html">FAQ</a>'
        "<table><tr><td>92</td><td>1995-2026</td><td>BACI_HS92_Y<i>year</i>_V<i>version</i>.csv"
        f'</td></tr></table><p>{says}</p><section id="download-links"><ul>{links}</ul></section>'
        "</body></html>"
    ).encode()


def handler(html: bytes, zips: Mapping[str, bytes]) -> Handler:
    """The host: one page, known by its tag, and zips by name."""

    def host(asked: Asked) -> Reply:
        if asked.path == PAGE:
            tag = f'"{len(html)}-{hash(html)}"'
            if asked.headers.get("if-none-match") == tag:
                return Reply(304, b"", {"ETag": tag})
            return Reply(200, html, {"Content-Type": "text/html", "ETag": tag})
        name = asked.path.removeprefix(DATA)
        if name in zips:
            return Reply(200, zips[name], {"Content-Type": "application/zip"})
        return Reply(404, b"<html><body>Not Found</body></html>", {"Content-Type": "text/html"})

    return host
