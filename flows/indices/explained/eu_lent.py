"""Recycling and substitution that the EU's studies lend, as lines."""

from __future__ import annotations

from collections.abc import Sequence

from flows.indices.explained.governed import ENDS, bounded
from flows.indices.explained.sheet import Read, Row, Sheet, literal, plus

LENT = ("eol_rir", "si_sr")


def lent(sheet: Sheet, read: Read, cell: Row) -> None:
    """Write recycling and substitution: the mean of the study's materials, bounds the outermost.

    Materials that the study assesses at this very stage come before others; what the last
    edition lacks comes from the one before.
    """
    given = of_materials(read, cell)
    for name in LENT:
        known = {end: [row for row in given if row[f"{name}{end}"] is not None] for end in ENDS}
        found = {}
        for end, rows in known.items():
            values = [literal(row[f"{name}{end}"]) for row in rows]
            if values:
                says = plus(row["material"] for row in rows)
                found[end] = (combined(values, end), f"EU study: {says}")
        bounded(sheet, cell, name, found)
    # Import reliance has its own lines; where it does not count, it is open.
    for end, limit in (("_low", "0"), ("_high", "1")):
        name = f"import_reliance{end}"
        if cell[name] is not None and name not in sheet:
            sheet.add(name, limit, "share", "not known: all it can be")


def combined(values: Sequence[str], end: str) -> str:
    """Write the mean of values, or of their bounds the outermost."""
    if len(values) == 1:
        return values[0]
    if end:
        return f"{'min' if end == '_low' else 'max'}({', '.join(values)})"
    return f"({plus(values)}) / {len(values)}"


def of_materials(read: Read, cell: Row) -> list[Row]:
    """Give one row of inputs a material of the study that belongs to the cell's mineral."""
    belonging = [row["material"] for row in read("mart.eu_material", mineral=cell["mineral"])]
    grouped = read("mart.eu_material", material_group=belonging)
    groups = {row["material_group"] for row in grouped}
    materials = [material for material in belonging if material not in groups]
    rows = read("mart.eu_input", material=materials)
    latest: dict[str, dict[str, object]] = {}
    assessed: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: str(row["edition"])):
        known = {name: value for name, value in row.items() if value is not None}
        latest.setdefault(row["material"], dict.fromkeys(row)).update(known)
        if row["stage"] is not None:
            assessed.setdefault(row["material"], row["stage"])
    fits = [
        row
        for row in latest.values()
        if assessed.get(str(row["material"])) == cell["stage"] and row["si_sr"] is not None
    ]
    return [*(fits or latest.values())]
