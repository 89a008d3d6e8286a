"""The matrix of minerals and importers: who leads, with how much, how concentrated, how sure."""

from __future__ import annotations

from typing import Any

from flows.report.cells import Cells
from flows.report.numbers import percent, spread
from flows.report.reading import Row, Snapshot

STEPS = (0.2, 0.35, 0.5, 0.65)
"""Shares of the first supplier from which a cell is a tone darker."""


def matrix(snapshot: Snapshot, cells: Cells) -> list[dict[str, Any]]:
    """One row a mineral that has trade of its own, by name; a cell an importer."""
    newest = max((row["year"] for row in cells.rows), default=0)
    return [
        {
            "id": mineral,
            "name": row["name"],
            "stage": cells.stages[mineral],
            "only": cells.only.get(mineral, ""),
            "cells": [entry(cells, one, mineral, newest) for one in snapshot.importers],
        }
        for mineral, row in snapshot.minerals.items()
        if mineral in cells.stages
    ]


def entry(cells: Cells, importer: str, mineral: str, newest: int) -> dict[str, Any]:
    """One cell by both bases, and its range where it has one."""
    value, mass = cells.latest(importer, mineral)
    either = value or mass
    return {
        "row": either,
        "value": shown(value, newest),
        "mass": shown(mass, newest),
        "range": bounded(value),
    }


def bounded(row: Row | None) -> str:
    """The range of a first supplier's share, where it is more than the share itself."""
    if row is None or row["import_share"] is None:
        return ""
    low, high = row["import_share_low"], row["import_share_high"]
    return "" if percent(low) == percent(high) else spread(low, high)


def shown(row: Row | None, newest: int) -> dict[str, Any]:
    """What a cell shows of one basis; `tone` is 0 where there is no number."""
    if row is None:
        return {"tone": 0, "row": None, "old": None, "why": "not in this snapshot"}
    share = row["import_share"]
    return {
        "tone": 0 if share is None else 1 + sum(share >= step for step in STEPS),
        "row": row if share is not None else None,
        "old": row["year"] if row["year"] != newest else None,
        "why": why(row["reason"]),
    }


def why(reason: str | None) -> str:
    """A reason in its own words, as short as a cell needs it."""
    return (reason or "no number").replace("_", " ")
