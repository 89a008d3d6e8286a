"""The World Bank's two hosts as they behave: a page, and the workbook that it links to.

Page and workbook are composed: the layout is the publisher's, every figure is made up.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from tests.served.host import Asked, Handler, Reply

PAGE_HOST, FILE_HOST = "www.worldbank.org", "thedocs.worldbank.org"
PAGE_PATH = "/en/research/commodity-markets"
DOCUMENT = "0123456789abcdef0123456789abcdef-0050012026"
OLD_DOCUMENT = "fedcba9876543210fedcba9876543210-0350012021"

SERIES = {
    "Crude oil, Brent": "($/bbl)",
    "Natural gas index": "(2010=100)",
    "Phosphate rock": "($/mt)",
    "Urea ": "($/mt)",
    "Aluminum": "($/mt)",
    "Copper": "($/mt)",
    "Tin **": "($/mt)",
    "Nickel": "($/mt)",
    "Zinc": "($/mt)",
    "Platinum": "($/troy oz)",
}
"""Series as their names are printed, and their units."""
MONTHS = [f"{year}M{month:02d}" for year in (1960,) for month in range(1, 13)]
HEADING = [
    "World Bank Commodity Price Data (The Pink Sheet)",
    "monthly prices in nominal US dollars, 1960 to present",
    "(composed)",
]

Cells = list[list[Any]]


def table(series: dict[str, str] = SERIES, months: Sequence[str] = MONTHS) -> Cells:
    """Names, units and prices: 1, 2, 3 ... by month, a hundred more for each series."""
    names, units = ["", *series], ["", *series.values()]
    prices = [
        [month, *(100 * place + number + 0.25 for place in range(len(series)))]
        for number, month in enumerate(months, start=1)
    ]
    return [names, units, *prices]


def workbook(
    updated: str = "Updated on January 05, 1961",
    cells: Cells | None = None,
    sheet: str = "Monthly Prices",
) -> bytes:
    """A workbook in the publisher's layout, with a sheet before and one after the prices."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.add_worksheet("AFOSHEET").write(0, 0, "composed")
        prices = book.add_worksheet(sheet)
        for line, cell in enumerate([*HEADING, updated]):
            prices.write(line, 0, cell)
        for line, row in enumerate(cells or table(), start=len(HEADING) + 1):
            for column, cell in enumerate(row):
                if cell != "":
                    prices.write(line, column, cell)
        description = book.add_worksheet("Description")
        description.write(0, 0, "Updated as of: April 2, 1960")
    return file.getvalue()


def address(document: str = DOCUMENT) -> str:
    """Where a workbook lies."""
    return f"https://{FILE_HOST}/en/doc/{document}/related/CMO-Historical-Data-Monthly.xlsx"


def page(*links: str) -> bytes:
    """The page, with links to other files too."""
    others = [address().replace("Monthly", "Annual"), address().replace("Historical-Data-", "")]
    anchors = "".join(f'<a href="{link}">prices</a>\n' for link in [*others, *links])
    return f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode()


def tagged(body: bytes, kind: str, asked: Asked) -> Reply:
    """Give a body with its tag; whoever has it already gets no body."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    if asked.headers.get("if-none-match") == tag:
        return Reply(304, b"", {"ETag": tag})
    return Reply(200, body, {"Content-Type": kind, "ETag": tag})


def handlers(html: bytes, files: dict[str, bytes]) -> dict[str, Handler]:
    """Both hosts: the page, and workbooks by document."""

    def page_host(asked: Asked) -> Reply:
        if asked.path != PAGE_PATH:
            return Reply(404, b"<html><body>not found</body></html>")
        return tagged(html, "text/html; charset=utf-8", asked)

    def file_host(asked: Asked) -> Reply:
        for document, body in files.items():
            if address(document).endswith(asked.path):
                return tagged(body, "application/octet-stream", asked)
        return Reply(404, b"<html><body>not found</body></html>")

    return {PAGE_HOST: page_host, FILE_HOST: file_host}
