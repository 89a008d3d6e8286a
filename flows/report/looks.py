"""How charts look, in light and in dark: Okabe's and Ito's colours (2008), the page's own greys.

People who see no red or green tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
LIGHT: dict[str, Any] = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "soft": "#59616b",
    "line": "#dedad1",
    "accent": "#0b6e6e",
    "alarm": "#a8213b",
    "faint": "#b9bec5",
    "colours": ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c7b00"],
    "rest": "#c9ccd1",
}
DARK: dict[str, Any] = {
    "paper": "#1b1f25",
    "ink": "#e8e6e1",
    "soft": "#a3abb5",
    "line": "#363c45",
    "accent": "#6fc9c2",
    "alarm": "#ff8c9c",
    "faint": "#5d6671",
    "colours": ["#3d94d1", "#f0b429", "#2bbf93", "#dd9cc2", "#9bd4f7", "#ea7f42", "#d3c34a"],
    "rest": "#58606b",
}


def config(look: Mapping[str, Any]) -> dict[str, Any]:
    """Give Vega-Lite's configuration for a look."""
    axis = {
        "labelColor": look["soft"],
        "titleColor": look["soft"],
        "domainColor": look["line"],
        "tickColor": look["line"],
        "gridColor": look["line"],
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelFlush": False,
    }
    legend = {
        "labelColor": look["ink"],
        "labelFontSize": 12,
        "labelLimit": 230,
        "symbolType": "square",
        "orient": "bottom",
        "columns": 3,
        "title": None,
    }
    return {
        "background": look["paper"],
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "legend": legend,
        "text": {"color": look["ink"], "fontSize": 12},
        "title": {"color": look["ink"], "fontSize": 14, "anchor": "start"},
    }


def palette(names: Sequence[str], look: Mapping[str, Any], rest: str) -> list[str]:
    """Give each name a colour in its order; the rest of the whole is grey."""
    colours = iter(look["colours"])
    return [look["rest"] if name == rest else next(colours) for name in names]
