"""The views that an analyst opens first: their numbers by hand, and their checks on broken ones."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from flows import warehouse
from flows.settings import CHECKOUT
from tests import world


def asked(made: world.Built, sql: str) -> list[dict[str, Any]]:
    with warehouse.snapshot_reader(made.settings.build) as con:
        found, _ = warehouse.answer(con, sql, most_rows=1_000, seconds=30)
    return found.to_dicts()


def trips(made: world.Built, view: str, check: str, broken: str) -> bool:
    """Whether a check of a view finds fault with a broken one, and none with the view itself."""
    path = CHECKOUT / f"expectations/view.{view}.yml"
    suite = yaml.safe_load(path.read_text(encoding="utf-8"))["expectations"]
    sql = next(one["kwargs"] for one in suite if one["meta"]["name"] == check)
    query = sql["unexpected_rows_query"]
    assert asked(made, query.replace("{batch}", f"view.{view}")) == []
    return bool(asked(made, query.replace("{batch}", f"({broken})")))


def test_concentration_has_the_names_and_numbers_of_the_cell(tiny: world.Built) -> None:
    (row,) = asked(
        tiny,
        "FROM view.concentration WHERE importer_iso3 = 'DEU' AND mineral = 'tungsten' "
        "AND stage = 'ore' AND basis = 'value' AND year = 2022",
    )
    # W01: 6, 3, 1.5 and 0.5 of 11.
    assert row["hhi"] == pytest.approx((6**2 + 3**2 + 1.5**2 + 0.5**2) / 11**2)
    assert row["top_share"] == pytest.approx(6 / 11)
    assert row["effective_suppliers"] == pytest.approx(11**2 / (6**2 + 3**2 + 1.5**2 + 0.5**2))
    assert (row["importer"], row["mineral_name"], row["top_supplier"]) == (
        *("Germany", "Tungsten", "China"),
    )
    assert row["preferred_for"] == ["comparison", "importer"]
    assert (row["suppliers"], row["reason"]) == (4, None)


def test_a_cell_without_a_number_keeps_its_reason(tiny: world.Built) -> None:
    found = asked(
        tiny,
        "SELECT DISTINCT reason FROM view.concentration WHERE importer_iso3 = 'JPN' "
        "AND mineral = 'gallium' AND hhi IS NULL",
    )
    assert found == [{"reason": "basket_code"}]


@pytest.mark.parametrize(
    ("view", "check", "broken"),
    [
        (
            "concentration",
            "no_cell_is_lost_to_a_name",
            "SELECT * FROM view.concentration WHERE importer_iso3 <> 'JPN'",
        ),
        (
            "concentration",
            "the_first_supplier_has_the_share_said_of_it",
            "SELECT * REPLACE ('FRA' AS top_supplier_iso3) FROM view.concentration",
        ),
        (
            "concentration",
            "the_first_supplier_has_the_share_said_of_it",
            "SELECT * REPLACE (top_share / 2 AS top_share) FROM view.concentration",
        ),
        (
            "claims",
            "every_claim_has_its_row",
            "SELECT * FROM view.claims WHERE claim_id <> 'C010'",
        ),
        (
            "claims",
            "a_verdict_agrees_with_the_share_beside_it",
            "SELECT * REPLACE ('supported' AS verdict) FROM view.claims WHERE claim_id = 'C010'",
        ),
        (
            "claims",
            "a_verdict_agrees_with_the_share_beside_it",
            "SELECT * REPLACE (0.912 AS primary_share) FROM view.claims WHERE claim_id = 'C010'",
        ),
    ],
)
def test_a_broken_view_is_found_out(tiny: world.Built, view: str, check: str, broken: str) -> None:
    assert trips(tiny, view, check, broken)


def test_every_claim_stands_in_the_view_with_a_verdict(tiny: world.Built) -> None:
    rows = asked(tiny, "SELECT claim_id, verdict, why, understood FROM view.claims")
    assert len({row["claim_id"] for row in rows}) == len(rows) == 89
    assert all(row["verdict"] and row["why"] and row["understood"] for row in rows)
