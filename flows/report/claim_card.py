"""A claim's answer as a card: one HTML page without scripts, or one picture, to forward."""

from __future__ import annotations

import base64
import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from flows.claims.check import grid
from flows.report.claim_chart import WIDE, share_chart
from flows.report.claims import VERDICTS
from flows.report.looks import FONT, LIGHT, config
from flows.report.numbers import percent, spread
from flows.report.page import environment
from flows.report.templates import FOLDER, digest

TONES = {
    "supported": LIGHT["accent"],
    "contradicted": LIGHT["alarm"],
    "outdated": "#8a5600",
    "inconclusive": "#8a5600",
}
"""Verdict -> colour of its word; grey where none is."""
WRAP = 112
"""Signs of a line of the picture's text."""
WIDER = 136
"""Signs of a line of its small print."""
TOP = ("config", "datasets")
"""What only a whole specification may have."""
MOST_CLAIM = 400
"""Signs of a claim that the picture shows."""

Answer = Mapping[str, Any]


def claim_card(answer: Answer) -> str:
    """Give the card of an answer (the shape of flows.claims.check) as one HTML page.

    It has no script and loads nothing; its chart is a picture within it.
    """
    style = (FOLDER / "claim_card.css").read_text(encoding="utf-8")
    spec = chart_of(answer)
    page: str = (
        environment()
        .get_template("claim_card.html.j2")
        .render(
            answer=answer,
            style=style,
            style_hash=digest(style),
            claim=claim_words(answer),
            meaning=VERDICTS.get(answer["verdict"], ""),
            chart=picture(spec) if spec else None,
            described=described(answer),
            facts=facts(answer),
            cells=grid(answer["cells"], answer["primary"]),
            tones=TONES,
        )
    )
    return page


def claim_png(answer: Answer) -> bytes:
    """Give the card as a picture: claim, verdict, chart, sources, and how to repeat it."""
    import vl_convert  # noqa: PLC0415

    found: bytes = vl_convert.vegalite_to_png(json.dumps(composed(answer)), scale=2)
    return found


def picture(spec: Mapping[str, Any]) -> str:
    """A chart as an address that holds all of it."""
    import vl_convert  # noqa: PLC0415

    svg = vl_convert.vegalite_to_svg(json.dumps(spec))
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def chart_of(answer: Answer) -> dict[str, Any] | None:
    """The answer's chart; null where there is nothing to draw."""
    asked = answer["asked"]
    claim = {"low": asked.get("low"), "high": asked.get("high"), "words": claimed_words(asked)}
    events = [one for one in answer.get("events") or [] if one["what"] == "effective"]
    return share_chart(answer["cells"], claim=claim, events=events, words=of_what(asked))


def of_what(asked: Mapping[str, Any]) -> str:
    """What the share is of."""
    whole = "world exports" if asked.get("measure") == "export_share" else "imports"
    return f"share of {whole}"


def claimed_words(asked: Mapping[str, Any]) -> str:
    """What was claimed, as the band's label."""
    if asked.get("stated") is not None:
        return f"claimed: {percent(asked['stated'])}"
    if asked.get("word"):
        return f"claimed: {asked['word']}"
    return "claimed"


def claim_words(answer: Answer) -> str:
    """The claim as it was put; how it was understood where it was put by options."""
    return str(answer.get("claim") or answer.get("understood") or "")


def described(answer: Answer) -> str:
    """The chart in words, for whoever does not see it."""
    events = len([one for one in answer.get("events") or [] if one["what"] == "effective"])
    marks = f"; dashed lines are the days on which {events} measures began" if events else ""
    return f"{of_what(answer['asked']).capitalize()} over time, with the claim as a band{marks}."


def facts(answer: Answer) -> list[tuple[str, str]]:
    """The numbers of the answer as lines of name and value."""
    asked, primary, spanned = answer["asked"], answer["primary"], answer["range"]
    found = []
    if asked.get("stated") is not None:
        found.append(("Claimed", percent(asked["stated"])))
    elif asked.get("word"):
        found.append(("Claimed", str(asked["word"])))
    if primary and primary.get("share") is not None:
        basis = f" by {primary['basis']}" if primary.get("basis") else ""
        found.append((f"The data, {primary['year']}{basis}", percent(primary["share"])))
    if spanned:
        count = f" ({spanned['cells']} ways to count)" if spanned.get("cells") else ""
        found.append(("Range" + count, spread(spanned["low"], spanned["high"])))
    if answer["nearest"] and answer["nearest"].get("share") is not None:
        near = answer["nearest"]
        found.append((f"Nearest, {near['year']} by {near['basis']}", percent(near["share"])))
    return found


def composed(answer: Answer) -> dict[str, Any]:
    """The picture as one specification: texts above and beneath the chart."""
    verdict = str(answer["verdict"])
    claim = textwrap.shorten(claim_words(answer), MOST_CLAIM, placeholder=" …")
    numbers = "   ·   ".join(f"{name}: {value}" for name, value in facts(answer))
    whose = "; ".join(f"{one['source']} {one['edition']}" for one in answer["sources"])
    beneath = [
        *wrapped(f"Sources: {whose or 'none'}. orewatch, snapshot {answer['snapshot']}.", WIDER),
        *wrapped(f"To repeat it: {answer['repeat']}", WIDER),
    ]
    parts: list[dict[str, Any]] = [
        words(wrapped(f"“{claim}”", 68), 22, LIGHT["ink"], bold=True),
        words(
            [verdict.replace("_", " ").upper()], 18, TONES.get(verdict, LIGHT["soft"]), bold=True
        ),
        words(wrapped(str(answer["why"] or "")), 14, LIGHT["ink"]),
    ]
    if numbers:
        parts.append(words(wrapped(numbers), 14, LIGHT["ink"], bold=True))
    spec = chart_of(answer) or {}
    if spec:
        parts.append({key: part for key, part in spec.items() if key not in TOP})
        if marks := marked(answer):
            parts.append(words(wrapped(marks, WIDER), 11, LIGHT["soft"]))
    parts.append(words(beneath, 11, LIGHT["soft"]))
    return {
        "vconcat": parts,
        "datasets": spec.get("datasets", {}),
        "spacing": 14,
        "padding": 28,
        "config": config(LIGHT),
        "resolve": {"legend": {"color": "independent", "strokeDash": "independent"}},
    }


def marked(answer: Answer) -> str:
    """What the chart's marks stand for."""
    began = [one for one in answer.get("events") or [] if one["what"] == "effective"]
    return "▼ " + "; ".join(f"{one['day']} {one['title']}" for one in began) if began else ""


def wrapped(text: str, wide: int = WRAP) -> list[str]:
    """A text as lines of at most so many signs."""
    return textwrap.wrap(text, wide) or [""]


def words(lines: Sequence[str], size: int, colour: str, *, bold: bool = False) -> dict[str, Any]:
    """Lines of text as a part of the picture; whatever is in them stays text."""
    step = round(size * 1.35)
    mark = {
        "type": "text",
        "align": "left",
        "baseline": "top",
        "fontSize": size,
        "lineHeight": step,
        "color": colour,
        "font": FONT,
        "fontWeight": "bold" if bold else "normal",
    }
    return {
        "width": WIDE,
        "height": step * len(lines),
        "data": {"values": [{"lines": list(lines)}]},
        "mark": mark,
        "encoding": {"x": {"value": 0}, "y": {"value": 0}, "text": {"field": "lines"}},
    }
