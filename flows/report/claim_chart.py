"""The chart of a claim: the share over time by value and by mass, the claim as a band, measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flows.report.looks import LIGHT, config
from flows.report.numbers import year_of

Row = Mapping[str, Any]

BASES = ("value", "mass")
WIDE, HIGH = 760, 300
SAME = ("basket", "source", "edition", "side", "territories", "question")
"""What cells have in common that make one line; the basis tells lines apart."""


def share_chart(
    cells: Sequence[Row],
    *,
    claim: Row | None = None,
    events: Sequence[Row] = (),
    words: str = "share of imports",
) -> dict[str, Any] | None:
    """Give the chart as a Vega-Lite specification with its data; null where no cell has a number.

    Args:
        cells: rows of indices.claim_cell; drawn are those of the primary cell's basket and source.
        claim: `low`, `high` and `words`; a bound that is null is open.
        events: `day`, as a date or as text, and `title`.
        words: what the share is of.

    """
    rows = lines_of(cells)
    if not rows:
        return None
    band = [band_of(claim)] if claim and (claim["low"], claim["high"]) != (None, None) else []
    first, last = min(row["year"] for row in rows), max(row["year"] for row in rows)
    marks = [
        {"year": day, "title": event["title"]}
        for event in events
        if (day := year_of(a_day(event["day"]))) >= first
    ]
    span = [first, max([last, *(mark["year"] for mark in marks)]) + 0.4]
    return _layers(rows, band, marks, span, words)


def lines_of(cells: Sequence[Row]) -> list[dict[str, Any]]:
    """The cells that are drawn: year, share (null is a gap) and basis."""
    lead = next((cell for cell in cells if cell.get("is_primary")), None)
    if lead is None:
        return []
    same = [cell for cell in cells if all(cell.get(n) == lead.get(n) for n in SAME)]
    rows = [
        {"year": cell["year"], "share": cell["share"], "basis": f"by {cell['basis']}"}
        for cell in sorted(same, key=lambda cell: (cell["basis"], cell["year"]))
        if cell["basis"] in BASES
    ]
    return rows if any(row["share"] is not None for row in rows) else []


def band_of(claim: Row) -> dict[str, Any]:
    """The claim as a band of the chart; a bound that is open reaches its end."""
    low = 0.0 if claim["low"] is None else claim["low"]
    high = 1.0 if claim["high"] is None else claim["high"]
    return {"low": low, "high": high, "middle": (low + high) / 2, "words": claim["words"]}


def a_day(value: date | str) -> date:
    """A day, which JSON holds as text."""
    return value if isinstance(value, date) else date.fromisoformat(value[:10])


def _layers(
    rows: list[dict[str, Any]],
    band: list[dict[str, Any]],
    marks: list[dict[str, Any]],
    span: list[float],
    words: str,
) -> dict[str, Any]:
    import altair as alt  # noqa: PLC0415

    def named(values: list[dict[str, Any]]) -> alt.Chart:
        return alt.Chart(alt.InlineData(values=values))

    time = alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=span, nice=False),
        axis=alt.Axis(format="d", grid=False, tickCount=7),
    )
    height = alt.Y(
        "share:Q",
        title=words,
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", tickCount=5, domain=False, ticks=False),
    )
    shown = [f"by {basis}" for basis in BASES if any(r["basis"] == f"by {basis}" for r in rows)]
    colours = [LIGHT["colours"][0], LIGHT["colours"][1]]
    lines = (
        named(rows)
        .mark_line(strokeWidth=2.5, point={"size": 28})
        .encode(
            x=time,
            y=height,
            color=alt.Color(
                "basis:N",
                scale=alt.Scale(domain=shown, range=colours[: len(shown)]),
                legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3, symbolSize=300),
            ),
            strokeDash=alt.StrokeDash(
                "basis:N",
                scale=alt.Scale(domain=shown, range=[[1, 0], [6, 3]][: len(shown)]),
            ),
        )
    )
    layers = [lines]
    if band:
        claimed = named(band)
        area = claimed.mark_rect(color=LIGHT["alarm"], opacity=0.16).encode(y="low:Q", y2="high:Q")
        edge = claimed.mark_rule(color=LIGHT["alarm"], strokeWidth=1.2).encode(y="middle:Q")
        label = claimed.mark_text(
            align="left",
            baseline="bottom",
            dx=4,
            dy=-3,
            color=LIGHT["alarm"],
            fontWeight="bold",
        ).encode(x=alt.value(0), y="middle:Q", text="words:N")
        layers = [area, edge, lines, label]
    if marks:
        event = named(marks)
        rule = event.mark_rule(color=LIGHT["ink"], strokeDash=[3, 3]).encode(x="year:Q")
        sign = event.mark_text(text="▼", fontSize=10, baseline="bottom").encode(
            x="year:Q", y=alt.value(-2)
        )
        layers += [rule, sign]
    spec: dict[str, Any] = alt.layer(*layers).properties(width=WIDE, height=HIGH).to_dict()
    spec.pop("$schema", None)
    return spec | {"config": config(LIGHT)}
