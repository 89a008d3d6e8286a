"""The charts of the report and of a claim's card: Altair's, in the house's own look.

A chart is a Vega-Lite specification with blanks: its data are named, and a text that begins with
`$` stands for what is filled in later, by `filled` here and by the same few lines in
report_charts.js. So one specification serves every mineral and importer. Stacks are parted by a
line, so that they are told apart without their colours too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

Spec = dict[str, Any]

HEIGHT = 300


@cache
def templates() -> dict[str, Spec]:
    """Give the report's charts by name, as specifications with blanks."""
    charts = {
        "share": _share(),
        "hhi": _hhi(),
        "production": _production(),
        "price": _price(),
    }
    found = {name: _bare(chart.to_dict()) for name, chart in charts.items()}
    # As high as its bars need; Altair itself takes no blank here.
    found["production"]["height"] = "$height"
    return found


def _bare(spec: Spec) -> Spec:
    """Leave out what differs between versions, and the address of the schema."""
    return {key: part for key, part in spec.items() if key not in {"$schema", "config"}}


def filled(template: Any, parts: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of JSON
    """Fill the blanks of a template; a list that holds but one blank becomes what it stands for."""
    if isinstance(template, str):
        return parts[template[1:]] if template.startswith("$") else template
    if isinstance(template, list):
        if len(template) == 1 and isinstance(template[0], str) and template[0].startswith("$"):
            return parts[template[0][1:]]
        return [filled(one, parts) for one in template]
    if isinstance(template, dict):
        return {key: filled(one, parts) for key, one in template.items()}
    return template


def _share() -> Any:  # noqa: ANN401 - Altair is imported late
    """Shares of suppliers by year, stacked, with a claim's band and the years of measures."""
    import altair as alt  # noqa: PLC0415

    year = alt.X(
        "year:O",
        title=None,
        scale=alt.Scale(domain=["$years"], paddingInner=0.12),
        axis=alt.Axis(
            labelAngle=0,
            ticks=False,
            labelExpr="datum.value % 5 == 0 ? datum.value : ''",
            labelOverlap=False,
        ),
    )
    scale = alt.Scale(domain=["$suppliers"], range=["$colours"])
    bars = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(stroke="$paper", strokeWidth=0.6)
        .encode(
            x=year,
            y=alt.Y(
                "share:Q",
                title="$unit",
                stack="zero",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", tickCount=5, domain=False, ticks=False),
            ),
            color=alt.Color("supplier:N", scale=scale),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("supplier:N", title="Supplier"),
                alt.Tooltip("year:O", title="Year"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
            ],
        )
    )
    missing = (
        alt.Chart(alt.NamedData("missing"))
        .mark_text(text="\u00d7", color="$soft", fontSize=12, baseline="bottom")
        .encode(
            x=alt.X("year:O"),
            y=alt.datum(0, type="quantitative"),
            tooltip=[
                alt.Tooltip("year:O", title="Year"),
                alt.Tooltip("reason:N", title="No number"),
            ],
        )
    )
    claim = alt.Chart(alt.NamedData("claim"))
    band = claim.mark_rect(color="$alarm", opacity=0.22).encode(y="low:Q", y2="high:Q")
    edge = claim.mark_rule(color="$alarm", strokeWidth=1.5).encode(
        y="share:Q", tooltip=[alt.Tooltip("words:N", title="Claim")]
    )
    label = _label(claim, "share:Q")
    marks = alt.Chart(alt.NamedData("marks"))
    flags = marks.mark_rule(color="$ink", strokeDash=[3, 3], strokeWidth=1).encode(
        x=alt.X("year:O"), tooltip=[alt.Tooltip("words:N", title="Measure")]
    )
    signs = marks.mark_text(text="▼", color="$ink", fontSize=10, baseline="bottom").encode(
        x=alt.X("year:O"),
        y=alt.value(-2),
        tooltip=[alt.Tooltip("words:N", title="Measure")],
    )
    layers = alt.layer(bars, missing, band, flags, signs, edge, *label)
    return layers.properties(height=HEIGHT, **_frame())


def _label(chart: Any, at: str) -> list[Any]:  # noqa: ANN401 - Altair is imported late
    """Words at the left end of a line, with a rim of the paper's colour around them."""
    import altair as alt  # noqa: PLC0415

    place = {"align": "left", "baseline": "bottom", "dx": 4, "dy": -3, "fontWeight": "bold"}
    rim = chart.mark_text(stroke="$paper", strokeWidth=4, strokeJoin="round", **place)
    words = chart.mark_text(color="$alarm", **place)
    return [one.encode(x=alt.value(0), y=at, text="words:N") for one in (rim, words)]


def _frame() -> dict[str, Any]:
    """As wide as the page gives room for, and said in words."""
    return {
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "description": "$description",
    }


def _hhi() -> Any:  # noqa: ANN401 - Altair is imported late
    """The HHI of every importer, one of them in front, with thresholds and the days of measures."""
    import altair as alt  # noqa: PLC0415

    time = alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=["$span"], nice=False),
        axis=alt.Axis(format="d", grid=False, tickCount=6),
    )
    height = alt.Y(
        "hhi:Q",
        title="HHI, 0 to 1",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(tickCount=5, domain=False, ticks=False),
    )
    told = [
        alt.Tooltip("importer:N", title="Importer"),
        alt.Tooltip("year:Q", title="Year", format="d"),
        alt.Tooltip("hhi:Q", title="HHI", format=".2f"),
    ]
    others = (
        alt.Chart(alt.NamedData("others"))
        .mark_line(color="$faint", strokeWidth=1.2)
        .encode(x=time, y=height, detail="importer:N", tooltip=told)
    )
    front = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line(
            color="$accent", strokeWidth=2.6, point={"size": 34, "filled": True, "color": "$accent"}
        )
        .encode(x=time, y=height, tooltip=told)
    )
    limits = alt.Chart(alt.NamedData("limits"))
    rule = limits.mark_rule(color="$alarm", strokeWidth=1.2, strokeDash=[6, 3]).encode(y="at:Q")
    label = _label(limits, "at:Q")
    marks = alt.Chart(alt.NamedData("marks"))
    told_of = [alt.Tooltip("words:N", title="Measure"), alt.Tooltip("day:N", title="From")]
    flags = marks.mark_rule(color="$ink", strokeDash=[3, 3], strokeWidth=1).encode(
        x="year:Q", tooltip=told_of
    )
    signs = marks.mark_text(text="▼", color="$ink", fontSize=10, baseline="bottom").encode(
        x="year:Q", y=alt.value(-2), tooltip=told_of
    )
    layers = alt.layer(others, rule, flags, signs, front, *label)
    return layers.properties(height=240, **_frame())


def _production() -> Any:  # noqa: ANN401 - Altair is imported late
    """Who mines and who processes: parts of the whole, one bar a stage."""
    import altair as alt  # noqa: PLC0415

    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(stroke="$paper", strokeWidth=0.8)
        .encode(
            y=alt.Y(
                "row:N",
                title=None,
                sort=["$order"],
                scale=alt.Scale(paddingInner=0.25),
                axis=alt.Axis(labelLimit=190, domain=False, ticks=False, labelPadding=8),
            ),
            x=alt.X(
                "tonnes:Q",
                title="part of what is listed",
                stack="normalize",
                axis=alt.Axis(format=".0%", tickCount=5, ticks=False, domain=False),
            ),
            color=alt.Color("area:N", scale=alt.Scale(domain=["$areas"], range=["$colours"])),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("area:N", title="Country"),
                alt.Tooltip("row:N", title="Stage"),
                alt.Tooltip("tonnes:Q", title="Tonnes", format=",.4~r"),
            ],
        )
    )
    return chart.properties(**_frame())


def _price() -> Any:  # noqa: ANN401 - Altair is imported late
    """A monthly price."""
    import altair as alt  # noqa: PLC0415

    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line(color="$accent", strokeWidth=1.8)
        .encode(
            x=alt.X(
                "time:Q",
                title=None,
                scale=alt.Scale(zero=False, nice=False),
                axis=alt.Axis(format="d", grid=False, tickCount=6),
            ),
            y=alt.Y("price:Q", title="$unit", axis=alt.Axis(domain=False, ticks=False)),
            tooltip=[
                alt.Tooltip("month:N", title="Month"),
                alt.Tooltip("price:Q", title="Price", format=",.2f"),
            ],
        )
    )
    return chart.properties(height=200, **_frame())
