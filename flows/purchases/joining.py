"""Join each matched row with the snapshot's figures: the country's supply, measures, governance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from flows.lookups import Row
from flows.purchases.figures import WHOLE


def with_cells(rows: pl.DataFrame, cells: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Add the importing country's own supply of what was bought.

    It is that of the form's stage where it has a number, else that of all headline forms, else
    whichever says why it has none; `cell_stage` says which. A country that supplies nothing there
    has the share 0; the importer itself, or any in a cell without shares, has none.
    """
    known = {(row["mineral"], row["stage"]): row["hhi"] for row in cells.iter_rows(named=True)}
    kinds = rows.select("mineral", "stage").unique(maintain_order=True)
    kinds = kinds.with_columns(
        cell_stage=pl.Series(
            [stage_of(mineral, stage, known) for mineral, stage in kinds.rows()],
            dtype=pl.String,
        )
    )
    rows = rows.join(
        kinds, on=["mineral", "stage"], how="left", nulls_equal=True, maintain_order="left"
    )
    cell = cells.rename({"stage": "cell_stage", "flags": "cell_flags", "reason": "cell_reason"})
    rows = rows.join(cell, on=["mineral", "cell_stage"], how="left", maintain_order="left")
    found = shares.rename({"stage": "cell_stage"})
    rows = rows.join(
        found, on=["mineral", "cell_stage", "supplier_iso3"], how="left", maintain_order="left"
    )
    return rows.with_columns(
        import_share=pl.when(pl.col("hhi").is_not_null() & ~pl.col("is_domestic")).then(
            pl.col("import_share").fill_null(0.0)
        )
    )


def stage_of(
    mineral: str, stage: str | None, known: Mapping[tuple[str, str], float | None]
) -> str | None:
    """Give the stage whose cell stands for a row; null where the mineral has none."""
    others = sorted(one for name, one in known if name == mineral)
    order = [one for one in (stage, WHOLE, *others) if one and (mineral, one) in known]
    numbered = [
        one for one in order[:2] if known[mineral, one] is not None and one in {stage, WHOLE}
    ]
    return next(iter([*numbered, *order]), None)


ADDED = {
    "under": pl.String(),
    "unconfirmed": pl.Boolean(),
    "measures": pl.List(pl.String()),
    "severity": pl.Float64(),
}


def with_measures(rows: pl.DataFrame, measures: Sequence[Row]) -> pl.DataFrame:
    """Add which measures each row is under, and whether its code says so or its mineral alone.

    A row with a code is under a measure on that code, or on the form that the code is, or on goods
    of the mineral without a code; a row without one is under every measure on its mineral. Where
    no code says so, it may be too many: `under` is then `mineral`.
    """
    kinds = rows.select("mineral", "hs6", "form", "supplier_iso3").unique(maintain_order=True)
    told = []
    for mineral, hs6, form, supplier in kinds.rows():
        near = [m for m in measures if m["mineral"] == mineral and m["exporter_iso3"] == supplier]
        exact = [m for m in near if m["hs6"] == hs6 or (form and m["form"] == form)]
        # What a measure names without a code may be this, or not.
        hit = [m for m in near if m in exact or m["hs6"] is None] if hs6 else near
        told.append(
            {
                "under": ("code" if exact and hs6 else "mineral") if hit else None,
                "unconfirmed": bool(hit) and all(m["confirmation"] != "confirmed" for m in hit),
                "measures": sorted({m["measure"] for m in hit}),
                "severity": max((m["severity"] for m in hit if m["severity"]), default=None),
            }
        )
    kinds = kinds.hstack(pl.DataFrame(told, schema=ADDED))
    keys = ["mineral", "hs6", "form", "supplier_iso3"]
    return rows.join(kinds, on=keys, how="left", nulls_equal=True, maintain_order="left")
