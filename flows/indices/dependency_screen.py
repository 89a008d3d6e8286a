"""Dependency screens: the European Union's CDI1 to CDI3 for blocs, CEPII's GeoDep for all.

CDI1 = HHI of extra-bloc imports; CDI2 = extra-bloc / all imports; CDI3 = extra-bloc imports /
exports, those to other members included. Dependent = all three above their thresholds; where
nothing is exported CDI3 is null and its test is met.
GeoDep = HHI of imports, HHI of world exports and imports / exports above their thresholds, in
at least two of three years; where nothing is exported the ratio is 9999.
Thresholds are facts (`ref.threshold`). `_low` and `_high` follow the unallocated part.
Sources: SWD(2021) 352; Arjona, Connell and Herghelegiu (2023); CEPII, Policy Brief 2023-41.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from flows.indices.contract import Column, Index, Table
from flows.indices.explained import screens as explained
from flows.indices.formulas.basket import flag_list, series_columns
from flows.indices.formulas.concentration import ratio, verdict_columns, where_known
from flows.indices.formulas.declared import measure, share
from flows.indices.formulas.exports import exports, with_exports
from flows.indices.formulas.persistence import LAST_YEARS, history_columns, in_window, with_history
from flows.indices.formulas.preference import PREFERENCE, comparable
from flows.indices.formulas.suppliers import CELL, VERDICT, plain, supplier_rows, supplier_totals
from flows.indices.formulas.thresholds import Threshold, thresholds, unverified, yes_no

SERIES = [name for name in CELL if name != "year"]
WORLD = CELL[1:]
ENDS = ("", "_low", "_high")
HHI = [f"hhi{end}" for end in ENDS]
WINDOW = 3
"""Years that GeoDep looks at."""
NO_EXPORTS_RATIO = 9999.0
"""What GeoDep puts for imports / exports where nothing is exported."""

Values = Callable[[str], dict[str, pl.Expr]]
"""An end ("", "_low" or "_high") -> criterion -> the value to hold against its threshold."""


def compute_cdi(  # noqa: PLR0913, PLR0917 - one frame an input
    mart_mineral_trade: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_bloc: pl.LazyFrame,
    ref_bloc_member: pl.LazyFrame,
    ref_threshold: pl.LazyFrame,
    indices_import_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Screen every customs union, mineral, stage, year and basis.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        ref_country: `iso3` and `kind`.
        ref_bloc: `bloc` and `customs_union`.
        ref_bloc_member: `bloc`, `iso3`, `from_year`, `to_year`.
        ref_threshold: thresholds of screen `cdi`.
        indices_import_concentration: HHI with its bounds, flags, reason and confidence.

    Raises:
        ValueError: a criterion has no threshold.

    """
    limits = thresholds(ref_threshold, "cdi", tuple(cdi_values("")))
    unions = ref_bloc.filter("customs_union").select(importer_iso3="bloc")
    imported = mart_mineral_trade.join(unions, on="importer_iso3", how="semi")
    cells = (
        plain(indices_import_concentration.select(*CELL, *HHI, *VERDICT))
        .join(unions, on="importer_iso3", how="semi")
        .join(supplier_totals(supplier_rows(imported, ref_country)), on=CELL, how="left")
    )
    return cdi(with_exports(cells, exports(mart_mineral_trade, ref_bloc, ref_bloc_member)), limits)


def cdi(cells: pl.LazyFrame, limits: dict[str, Threshold]) -> pl.LazyFrame:
    """Screen cells that have the HHI with its bounds, total, unallocated, exported and _within."""
    screened = (
        cells.with_columns(sold=pl.col("exported") + pl.col("exported_within"))
        .with_columns(**where_known(cdi_measures()))
        .with_columns(**where_known(answers(limits, cdi_values, "dependent")))
        .with_columns(flags=flags(limits), confidence=known("confidence"))
    )
    return with_history(screened, SERIES, "dependent", [LAST_YEARS])


def compute_geodep(  # noqa: PLR0913, PLR0917 - one frame an input
    mart_mineral_trade: pl.LazyFrame,
    ref_country: pl.LazyFrame,
    ref_bloc: pl.LazyFrame,
    ref_bloc_member: pl.LazyFrame,
    ref_threshold: pl.LazyFrame,
    indices_import_concentration: pl.LazyFrame,
    indices_export_concentration: pl.LazyFrame,
) -> pl.LazyFrame:
    """Screen every importer, mineral, stage, year and basis; a bloc exports to others only.

    Args:
        mart_mineral_trade: amounts by importer and exporter.
        ref_country: `iso3` and `kind`.
        ref_bloc: `bloc` and `customs_union`.
        ref_bloc_member: `bloc`, `iso3`, `from_year`, `to_year`.
        ref_threshold: thresholds of screen `geodep`.
        indices_import_concentration: HHI with its bounds, flags, reason and confidence.
        indices_export_concentration: the same of world exports.

    Raises:
        ValueError: a criterion has no threshold.

    """
    limits = thresholds(ref_threshold, "geodep", (*geodep_values(""), "years"))
    world = indices_export_concentration.select(
        *WORLD,
        *(pl.col(name).alias(f"export_{name}") for name in HHI),
        pl.col("reason", "confidence").name.prefix("world_"),
    )
    totals = supplier_totals(supplier_rows(mart_mineral_trade, ref_country))
    cells = (
        plain(indices_import_concentration.select(*CELL, *HHI, *VERDICT))
        .join(totals, on=CELL, how="left", validate="1:1")
        .join(plain(world), on=WORLD, how="left", validate="m:1")
        .with_columns(
            reason=pl.coalesce("reason", "world_reason"),
            confidence=pl.max_horizontal("confidence", "world_confidence"),
        )
    )
    sold = exports(mart_mineral_trade, ref_bloc, ref_bloc_member)
    return geodep(with_exports(cells, sold), limits)


def geodep(cells: pl.LazyFrame, limits: dict[str, Threshold]) -> pl.LazyFrame:
    """Screen cells that have both HHIs with their bounds, total, unallocated and exported."""
    screened = (
        cells.with_columns(sold=pl.col("exported"))
        .with_columns(**where_known(geodep_measures()))
        .with_columns(**where_known(answers(limits, geodep_values, "flagged")))
        .with_columns(flags=flags(limits), confidence=known("confidence"))
    )
    history = with_history(screened, SERIES, "flagged", [WINDOW, LAST_YEARS])
    return in_window(history, limits["years"], WINDOW)


def known(name: str) -> pl.Expr:
    """Give a column where there is no reason against it."""
    return pl.when(pl.col("reason").is_null()).then(pl.col(name))


def cdi_measures() -> dict[str, pl.Expr]:
    """CDI1 to CDI3 and their bounds; CDI3 is null where nothing is exported."""
    total, u = pl.col("total"), pl.col("unallocated")
    inner, sold = pl.col("exported_within"), pl.col("sold")
    return {
        **{f"cdi1{end}": pl.col(f"hhi{end}") for end in ENDS},
        "cdi2": ratio(total, total + inner),
        "cdi2_low": ratio(total, total + u + inner),
        "cdi2_high": ratio(total + u, total + u + inner),
        "cdi3": ratio(total, sold),
        "cdi3_low": ratio(total, sold),
        "cdi3_high": ratio(total + u, sold),
        "cdi3_extra": ratio(total, pl.col("exported")),
    }


def cdi_values(end: str) -> dict[str, pl.Expr]:
    """Values of the three criteria; imports over no exports are above any threshold."""
    endless = pl.when(pl.col("sold") == 0).then(float("inf"))
    return {
        "import_hhi": pl.col(f"cdi1{end}"),
        "extra_share": pl.col(f"cdi2{end}"),
        "import_export_ratio": endless.otherwise(pl.col(f"cdi3{end}")),
    }


def geodep_measures() -> dict[str, pl.Expr]:
    """HHI of imports and of world exports, and all imports by exports."""
    bought, sold = pl.col("total") + pl.col("unallocated"), pl.col("sold")
    return {
        **{f"import_{name}": pl.col(name) for name in HHI},
        **{f"export_{name}": pl.col(f"export_{name}") for name in HHI},
        "import_export_ratio": pl.when(sold > 0)
        .then(ratio(bought, sold))
        .otherwise(NO_EXPORTS_RATIO),
    }


def geodep_values(end: str) -> dict[str, pl.Expr]:
    """Values of the three criteria."""
    return {
        "import_hhi": pl.col(f"import_hhi{end}"),
        "export_hhi": pl.col(f"export_hhi{end}"),
        "import_export_ratio": pl.col("import_export_ratio"),
    }


def answers(limits: dict[str, Threshold], values: Values, verdict: str) -> dict[str, pl.Expr]:
    """Which criteria are met, and by `verdict` if all are, at the point and at both ends."""
    met = {f"{name}_met": limits[name].met(value) for name, value in values("").items()}
    return met | {
        f"{verdict}{end}": pl.all_horizontal(
            limits[name].met(value) for name, value in values(end).items()
        )
        for end in ENDS
    }


def flags(limits: dict[str, Threshold]) -> pl.Expr:
    """Add to a cell's flags what the screen itself must say."""
    screened = pl.col("reason").is_null()
    more = {
        "no_exports": screened & (pl.col("sold") == 0),
        "threshold_unverified": screened & unverified(limits),
    }
    return pl.col("flags").list.set_union(flag_list(more)).list.sort()


KEYS = (
    Column("importer_iso3", "text", "importing economy", key="mart.economy.economy"),
    *series_columns(),
)
INPUTS = (
    "mart.mineral_trade",
    "ref.country",
    "ref.bloc",
    "ref.bloc_member",
    "ref.threshold",
    PREFERENCE,
)

CDI = Index(
    table=Table(
        schema="indices",
        name="strategic_dependency",
        meaning="Strategic dependency of a customs union on a mineral from outside: CDI1 to CDI3",
        grain=tuple(CELL),
        columns=(
            *KEYS,
            measure("cdi1", "HHI of imports from outside the bloc", "hhi", high=1.0),
            measure("cdi1_low", "lower bound", "hhi", high=1.0),
            measure("cdi1_high", "upper bound", "hhi", high=1.0),
            share("cdi2", "imports from outside in all imports of members"),
            share("cdi2_low", "if the unallocated part is from within"),
            share("cdi2_high", "if it is from outside"),
            measure("cdi3", "imports from outside by all exports of members", "ratio"),
            measure("cdi3_low", "if the unallocated part is from within", "ratio"),
            measure("cdi3_high", "if it is from outside", "ratio"),
            measure("cdi3_extra", "the same by exports to outside only", "ratio"),
            yes_no("import_hhi_met", "whether CDI1 meets its threshold"),
            yes_no("extra_share_met", "whether CDI2 does"),
            yes_no("import_export_ratio_met", "whether CDI3 does"),
            yes_no("dependent", "whether all three do"),
            yes_no("dependent_low", "whether all lower bounds do"),
            yes_no("dependent_high", "whether all upper bounds do"),
            *history_columns(LAST_YEARS),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="HHI > a and X / (X + intra) > b and X / exports > c, X = imports from outside",
        citation="SWD(2021) 352; Arjona, Connell and Herghelegiu (2023)",
    ),
    inputs=(*INPUTS, "indices.import_concentration"),
    compute=comparable(compute_cdi),
    explain=explained.strategic_dependency,
)

GEODEP = Index(
    table=Table(
        schema="indices",
        name="geodep",
        meaning="Dependency of an importer on a mineral after CEPII's GeoDep, three criteria",
        grain=tuple(CELL),
        columns=(
            *KEYS,
            measure("import_hhi", "HHI of imports", "hhi", high=1.0),
            measure("import_hhi_low", "lower bound", "hhi", high=1.0),
            measure("import_hhi_high", "upper bound", "hhi", high=1.0),
            measure("export_hhi", "HHI of world exports", "hhi", high=1.0),
            measure("export_hhi_low", "lower bound", "hhi", high=1.0),
            measure("export_hhi_high", "upper bound", "hhi", high=1.0),
            measure("import_export_ratio", "imports by exports; 9999 if none", "ratio"),
            yes_no("import_hhi_met", "whether the first meets its threshold"),
            yes_no("export_hhi_met", "whether the second does"),
            yes_no("import_export_ratio_met", "whether the third does"),
            yes_no("flagged", "whether all three do, this year"),
            yes_no("flagged_low", "whether all lower bounds do"),
            yes_no("flagged_high", "whether all upper bounds do"),
            *history_columns(WINDOW),
            yes_no("dependent", "whether flagged in enough of three years"),
            *history_columns(LAST_YEARS),
            *verdict_columns(),
        ),
        sources=("baci",),
        formula="HHI imports > a and HHI world exports > b and imports / exports > c, 2 of 3 years",
        citation="CEPII, GeoDep; Policy Brief 2023-41",
    ),
    inputs=(*INPUTS, "indices.import_concentration", "indices.export_concentration"),
    compute=comparable(compute_geodep),
    explain=explained.geodep,
)

INDICES = [CDI, GEODEP]
