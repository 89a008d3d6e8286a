"""What several commands look up in a published file alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows import warehouse

Row = dict[str, Any]


def rows(con: warehouse.Connection, sql: str) -> list[Row]:
    """Give rows by column name.

    Values are quoted in the text: a parameter would have DuckDB import pandas, most of a second.
    """
    return [*con.execute(sql).pl().iter_rows(named=True)]


def listed(words: Sequence[str]) -> str:
    """Write words as the list of an IN, quoted; of none, nothing passes."""
    return ", ".join(warehouse.text(word) for word in words) or "NULL"


def thresholds(con: warehouse.Connection) -> list[Row]:
    """Give the thresholds that concentration and a single supplier are held against.

    A row has figure (`hhi` or `import_share`), threshold, whose it is, and source.
    """
    return rows(
        con,
        """
        SELECT 'hhi' AS figure, threshold, string_agg(screen, ' and ' ORDER BY screen) AS whose,
            string_agg(DISTINCT source, '; ' ORDER BY source) AS source
        FROM ref.threshold WHERE unit = 'hhi' AND criterion = 'import_hhi' GROUP BY threshold
        UNION ALL
        SELECT 'import_share', share, cap, source FROM ref.cap
        ORDER BY 1, 2, 3
        """,
    )
