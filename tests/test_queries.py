"""The ready-made questions: every one answers, says what it answers, and some by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows import publish, warehouse
from flows.command import answers, queries
from flows.settings import CHECKOUT
from tests import exported, world

QUESTIONS = queries.read_questions(CHECKOUT / "sql/queries")
BY_NAME = {asked.name: asked for asked in QUESTIONS}
LARGEST = 5_000
"""Rows that somebody would still look through."""

DAY = {"day": "2026-11-22"}
GIVEN: Mapping[str, Mapping[str, str]] = {
    "calendar": DAY,
    "measures_in_force": DAY,
    "policy_exposure": DAY,
}
"""What depends on a day is asked on one."""


def test_there_are_twenty_and_more() -> None:
    assert len(QUESTIONS) >= 20


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: q.name)
def test_a_question_says_what_it_answers_and_declares_what_it_takes(
    asked: queries.Question,
) -> None:
    assert len(asked.answers) > 40
    used = set(re.findall(r"\$(\w+)", re.sub(r"--.*", "", asked.sql)))
    assert used == set(asked.parameters)


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: q.name)
def test_a_question_is_answered_from_a_locked_file(asked: queries.Question) -> None:
    snapshot = publish.current(exported.home() / "warehouse/current")
    assert snapshot
    parameters = {**asked.parameters, **GIVEN.get(asked.name, {})}
    given = answers.ask(snapshot, asked.sql, parameters)
    assert given.rows.width >= 4
    assert len(set(given.rows.columns)) == given.rows.width


def rows(made: world.Built, name: str, **parameters: str) -> list[dict[str, Any]]:
    """What a question answers from a built file."""
    asked = BY_NAME[name]
    values = {**asked.parameters, **GIVEN.get(name, {}), **parameters}
    with warehouse.snapshot_reader(made.settings.build) as con:
        found, _ = warehouse.answer(con, asked.sql, values or None, most_rows=LARGEST, seconds=60)
    return found.to_dicts()


# --- by hand, from the tiny world ---------------------------------------------------------------


def test_dependents_are_ranked_by_the_share_of_the_supplier(tiny: world.Built) -> None:
    found = rows(tiny, "dependents")
    # China's 900 of Japan's 1,640; 110 of Korea's 210; 5 of the 25 of the United States that are
    # somebody's.
    assert [(row["importer"], round(row["import_share"], 6)) for row in found] == [
        ("Japan", round(900 / 1640, 6)),
        ("South Korea", round(110 / 210, 6)),
        ("United States", round(5 / 25, 6)),
    ]
    assert [row["is_first_supplier"] for row in found] == [True, True, False]


def test_shares_move_by_what_they_moved(tiny: world.Built) -> None:
    found = {
        row["exporter"]: row for row in rows(tiny, "share_change", from_year="1998", to_year="2022")
    }
    assert found["China"]["share_before"] == pytest.approx(0.9)
    assert found["China"]["moved"] == pytest.approx(900 / 1640 - 0.9)
    # Vietnam had nothing in 1998, which was a year that is known: it gained all it has.
    assert found["Vietnam"]["share_before"] is None
    assert found["Vietnam"]["moved"] == pytest.approx(700 / 1640)


def test_a_year_that_is_not_there_is_no_zero_to_move_from(tiny: world.Built) -> None:
    found = rows(tiny, "share_change", from_year="1999", to_year="2022")
    assert found
    assert {row["moved"] for row in found} == {None}


def test_importers_are_compared_in_one_year(tiny: world.Built) -> None:
    found = rows(tiny, "compare_importers", importers="JPN, USA")
    by_value = {row["importer"]: row for row in found if row["basis"] == "value"}
    assert set(by_value) == {"Japan", "United States"}
    assert {row["year"] for row in found} == {2022}
    japan = by_value["Japan"]
    assert japan["top_supplier"] == "China"
    assert japan["hhi"] == pytest.approx((900**2 + 700**2 + 40**2) / 1640**2)


def test_codes_say_what_a_mineral_is_made_of(tiny: world.Built) -> None:
    found = [row for row in rows(tiny, "codes") if row["edition"] == world.HS92]
    assert [row["hs6"] for row in found] == ["280530", "284610", "284690"]
    assert {row["exclusion"] for row in found} == {None}


def test_supply_above_the_cap_says_how_much_would_have_to_move(tiny: world.Built) -> None:
    found = {row["mineral"]: row for row in rows(tiny, "above_cap", importer="USA")}
    # Taiwan has 20 of the 25 thousand dollars that are somebody's; the cap allows 16.25.
    earths = found["Rare earths"]
    assert (earths["top_supplier"], earths["top_share"]) == ("Taiwan", pytest.approx(0.8))
    assert earths["reallocate_usd"] == pytest.approx(3_750)
    # Germany has 6,000 of its 11,000 from China, which the cap allows.
    germany = {row["mineral"] for row in rows(tiny, "above_cap", importer="DEU")}
    assert "Tungsten" not in germany


# --- the bundled figures ------------------------------------------------------------------------


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: q.name)
def test_every_question_has_an_answer_in_the_bundled_figures(
    asked: queries.Question, built: world.Built
) -> None:
    if asked.name == "checks":
        pytest.skip("the gate has not been asked here")
    found = rows(built, asked.name)
    assert 0 < len(found) < LARGEST
    frame = pl.DataFrame(found, infer_schema_length=None)
    empty = [name for name in frame.columns if frame[name].null_count() == frame.height]
    assert set(empty) <= NULL.get(asked.name, set())


NULL: Mapping[str, set[str]] = {
    "codes": {"exclusion", "last_year"},
    "compare_importers": {"reason"},
    "measures_in_force": {"ends_as", "in_force_to"},
    "policy_exposure": {"reason"},
    "share_change": {"reason"},
    "share_over_time": {"reason"},
    "sources": {"tried_live"},
    "top_suppliers": {"reason"},
}
"""Columns that have nothing to say for the default parameters."""


def test_the_bundled_figures_answer_as_the_methods_say(built: world.Built) -> None:
    found = {row["exporter"]: row for row in rows(built, "share_change", from_year="2007")}
    # The one value share of 91.2 percent, and that of the newest year.
    assert found["China"]["share_before"] == pytest.approx(0.912, abs=5e-4)
    assert found["China"]["share_after"] == pytest.approx(0.378, abs=5e-4)


def test_the_ban_is_back_after_its_suspension(built: world.Built) -> None:
    def bans(day: str) -> set[str]:
        return {row["measure"] for row in rows(built, "measures_in_force", day=day)}

    assert "CN-2024-46-2" not in bans("2026-11-27")
    assert "CN-2024-46-2" in bans("2026-11-28")


def test_a_query_folder_has_nothing_else() -> None:
    folder: Path = CHECKOUT / "sql/queries"
    assert [path.name for path in folder.iterdir() if path.suffix != ".sql"] == []
