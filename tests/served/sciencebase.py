"""ScienceBase as it behaves: items as JSON, and the files that they list.

Items and files are composed: names and layout are the publisher's, every figure is made up.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.served.host import Asked, Handler, Reply

HOST = "www.sciencebase.gov"
COMMODITIES, FIGURES = "69837e43b66b01367d7ec7c7", "696a75d5d4be0228872d3bf8"
"""The two items of edition 2026."""
NAME = "MCS2026_Commodities_Data.csv"
HEADER = [
    "MCS chapter",
    "Section",
    "Commodity",
    "Country",
    "Statistics",
    "Statistics_detail",
    "Unit",
    "Year",
    "Value",
    "Notes",
    "Is critical mineral 2025",
    "Other notes",
]
MINE = "World Mine Production and Reserves"
TUNGSTEN = ("TUNGSTEN", MINE, "Tungsten")
GALLIUM = ("GALLIUM", "World Low-Purity Production and Production Capacity", "Gallium")
SALIENT = "Salient Statistics\u2014United States"

Row = tuple[str, ...]


def row(  # noqa: PLR0913 - the file has that many columns
    place: tuple[str, str, str],
    country: str,
    year: str,
    value: str,
    note: str = "",
    *,
    statistic: str = "Production",
    detail: str = "Mine production",
    unit: str = "metric tons",
) -> Row:
    """One row of the long file."""
    return (*place, country, statistic, detail, unit, year, value, note, "Yes", "(composed)")


def rows() -> list[Row]:
    """World production of two commodities, and what stands beside it in the file."""
    total = {"detail": "Mine production: rounded"}
    kilograms = {"detail": "Primary production", "unit": "kilograms"}
    return [
        row(TUNGSTEN, "United States", "2024", "\u2014"),
        row(TUNGSTEN, "China", "2024", "67,100", "Estimated."),
        row(TUNGSTEN, "Austria", "2024", "840", "Reported."),
        row(TUNGSTEN, "Korea, Republic of", "2024", "W"),
        row(TUNGSTEN, "Spain", "2024", "700"),
        row(TUNGSTEN, "World total", "2024", "68,600", "Estimated.", **total),
        row(TUNGSTEN, "China", "2025", "67,000", "Estimated. -- Reported."),
        row(TUNGSTEN, "Austria", "2025", "840", "Estimated."),
        row(TUNGSTEN, "Korea, Republic of", "2025", ">50"),
        row(TUNGSTEN, "Spain", "2025", "NA"),
        row(TUNGSTEN, "World total", "2025", "68,000", "Estimated.", **total),
        row(TUNGSTEN, "China", "2025", "2,500,000", statistic="Reserves", detail="Reserves"),
        row(GALLIUM, "China", "2024", "839,000", "Source: Asian Metal Ltd.", **kilograms),
        row(
            GALLIUM,
            "China",
            "2025",
            "900,000",
            "Estimated. -- Estimated from Asian Metal Ltd.",
            **kilograms,
        ),
        row(GALLIUM, "China", "2025", "1,600,000", statistic="Capacity", detail="Capacity"),
        row(("TUNGSTEN", SALIENT, "Tungsten"), "United States", "2021", "s", statistic="Stock"),
        row(("TUNGSTEN", "Import Sources", "Tungsten"), "China", "2021\u201324", ">90"),
    ]


def good() -> list[Row]:
    """The rows, without the one whose note contradicts itself."""
    return [tuple(cell.replace(" -- Reported.", "") for cell in one) for one in rows()]


def long_csv(
    lines: Iterable[Iterable[str]] | None = None,
    header: Iterable[str] = HEADER,
    encoding: str = "cp1252",
) -> bytes:
    """The long file as published: cp1252, lines end in CRLF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(good() if lines is None else lines)
    return text.getvalue().encode(encoding)


@dataclass
class Item:
    """An item with its files."""

    id: str
    files: dict[str, bytes]
    title: str = "Mineral Commodity Summaries 2026 Data Release - World Statistics (composed)"
    published: str = "2026-02-06"
    changed: dict[str, Any] = field(default_factory=dict)
    """What its JSON has otherwise."""

    def url(self, name: str) -> str:
        """The address of a file: it is the query that tells files apart."""
        digest = hashlib.sha256(name.encode()).hexdigest()[:40]
        return f"https://{HOST}/catalog/file/get/{self.id}?f=__disk__{digest[:2]}%2F{digest}"

    def json(self) -> dict[str, Any]:
        """The item as its JSON."""
        files = [
            {
                "name": name,
                "title": "",
                "contentType": "text/csv",
                "size": len(data),
                "dateUploaded": "2026-02-04T17:13:39Z",
                "checksum": {"type": "MD5", "value": hashlib.md5(data).hexdigest()},  # noqa: S324
                "url": self.url(name),
                "downloadUri": self.url(name),
            }
            for name, data in self.files.items()
        ]
        body = {
            "link": {"rel": "self", "url": f"https://{HOST}/catalog/item/{self.id}"},
            "id": self.id,
            "title": self.title,
            "provenance": {"lastUpdated": "2026-05-27T15:15:49Z"},
            "dates": [{"type": "Publication", "dateString": self.published, "label": "Published"}],
            "files": files,
        }
        return body | self.changed


def handler(items: Mapping[str, Item]) -> Handler:
    """The host: items by id, and their files."""

    def host(asked: Asked) -> Reply:
        kind, _, id_ = asked.path.removeprefix("/catalog/").rpartition("/")
        item = items.get(id_)
        if item is None:
            return Reply(404, b"<html><body>Item not found</body></html>")
        if kind == "item":
            if asked.params != {"format": "json"}:
                return Reply(200, b"<!DOCTYPE html><html><body>the item's page</body></html>")
            return Reply(
                200, json.dumps(item.json()).encode(), {"Content-Type": "application/json"}
            )
        for name, data in item.files.items():
            if item.url(name).endswith(asked.params["f"].replace("/", "%2F")):
                return Reply(200, data, {"Content-Type": "text/csv"})
        return Reply(404, b"<html><body>File not found</body></html>")

    return host
