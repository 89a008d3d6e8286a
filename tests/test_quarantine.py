"""Rows that are wrong by themselves: set aside with the reason, and none is lost on the way.

Every row here is composed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from flows import build, licence, publish
from flows.command import qualities
from flows.publish import PublishError
from flows.rejected import REJECTED_ROW, by_rule, rejected_frame
from flows.sources.contract import Edition, Raw, Reject, Source, SourceError, read_source
from flows.sources.quarantine import RULE, Parts, by_condition, whole
from flows.sources.staging import known_parts, stage_parts
from tests import overlap, world
from tests.broken_worlds import LITTLE, more

BACI, COMTRADE = read_source("baci"), read_source("comtrade")
EDITION = Edition(id="composed", released=date(2026, 1, 31), years=(2020, 2022), hs_revision="H0")
CODES = pl.DataFrame(
    [
        ("comtrade", "156", None, None),
        ("comtrade", "392", None, None),
        ("comtrade", "58", None, 1998),
    ],
    schema={"system": pl.Utf8, "code": pl.Utf8, "from_year": pl.Int32, "to_year": pl.Int32},
    orient="row",
)
FACTS = {"ref.country_code": CODES}
SOUND = (2021, 156, 392, "284690", "500000.000", "50.000")
Published = tuple[int, int, int, str, str, str | None]


def staged(rows: Sequence[Published]) -> pl.DataFrame:
    """Rows of BACI as its reader gives them."""
    names = ("year", "exporter_code", "importer_code", "hs6", "value_kusd", "quantity_t")
    flat = [
        dict(zip(names, row[:4], strict=False))
        | {"value_kusd": Decimal(row[4]), "quantity_t": row[5] and Decimal(row[5])}
        | {"edition": "composed", "hs_revision": "H0"}
        for row in rows
    ]
    return pl.DataFrame(flat, schema=BACI.table.polars)


def lenient(source: Source, share: float = 1.0) -> Source:
    """The source with another ceiling on each of its rules."""
    rules = [rule.model_copy(update={"most_share": share}) for rule in source.staged.rejects]
    return source.model_copy(update={"staged": source.staged.model_copy(update={"rejects": rules})})


def sorted_out(source: Source, frame: pl.DataFrame) -> Parts:
    """The rows after every rule."""
    parts = by_condition("baci composed", whole(frame), source.staged, EDITION)
    return known_parts("baci composed", parts, source, FACTS)


BAD: dict[str, Published] = {
    "to_itself": (2021, 156, 156, "284690", "1.000", "1.000"),
    "below_zero": (2021, 156, 392, "280530", "-1.000", "1.000"),
    "weight_without_value": (2021, 156, 392, "280530", "0.000", "1.000"),
    "year_of_another_edition": (2023, 156, 392, "284690", "1.000", "1.000"),
    "country_unknown": (2021, 999, 392, "284690", "1.000", "1.000"),
}


def sound_rows(count: int) -> list[Published]:
    """So many rows with nothing wrong about them."""
    return [(*SOUND[:3], f"{place:06d}", *SOUND[4:]) for place in range(count)]


def test_every_rule_of_baci_has_a_row_that_breaks_it() -> None:
    assert {rule.name for rule in BACI.staged.rejects} == set(BAD)


@pytest.mark.parametrize("rule", BAD)
def test_a_row_that_is_wrong_by_itself_is_set_aside(rule: str) -> None:
    sound = staged(sound_rows(1000))
    parts = sorted_out(BACI, pl.concat([sound, staged([BAD[rule]])]))
    assert parts.rows_in == 1001
    assert parts.rows.equals(sound)
    assert parts.rejected[RULE].to_list() == [rule]
    assert parts.rejected.drop(RULE).equals(staged([BAD[rule]]))


@pytest.mark.parametrize("rule", BAD)
def test_where_many_are_wrong_the_edition_is_refused(rule: str) -> None:
    # Two of a hundred, and two thousandths of the value where that is the measure.
    bad = [(*BAD[rule][:4], "60000.000", "1.000") if of_value(rule) else BAD[rule]]
    frame = pl.concat([staged(sound_rows(100)), staged(bad)])
    with pytest.raises(SourceError, match=r"baci composed: .* at most 0\.100% is set aside") as e:
        sorted_out(BACI, frame)
    assert "'hs6': '2" in str(e.value)


def of_value(rule: str) -> bool:
    """Whether a rule's ceiling is of value."""
    return any(one.of for one in BACI.staged.rejects if one.name == rule)


def test_a_row_counts_under_the_first_rule_that_it_breaks() -> None:
    both = (2023, 156, 156, "284690", "-1.000", "1.000")
    parts = sorted_out(lenient(BACI), staged([*sound_rows(9), both]))
    assert parts.rejected[RULE].to_list() == ["to_itself"]


def test_a_code_is_known_in_its_years_only() -> None:
    late = (2021, 58, 392, "284690", "1.000", None)
    parts = sorted_out(BACI, staged([*sound_rows(1000), late]))
    assert parts.rejected["exporter_code"].to_list() == [58]


def test_without_a_rule_an_unknown_value_is_an_error_as_ever() -> None:
    frame = staged(sound_rows(1000)).with_columns(hs_revision=pl.lit("H9"))
    facts = FACTS | {"ref.hs_revision": pl.DataFrame({"hs_revision": ["H0"]})}
    with pytest.raises(SourceError, match=r"hs_revision H9 not in ref\.hs_revision, 1000 rows"):
        known_parts("baci composed", whole(frame), BACI, facts)


AMOUNTS = st.one_of(
    st.just("0.000"),
    st.integers(-3_000, 900_000_000).map(lambda n: f"{Decimal(n) / 1000:.3f}"),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from((2019, 2020, 2021, 2022, 2023)),
        st.sampled_from((156, 392, 58, 999)),
        st.sampled_from((156, 392, 58, 999)),
        st.sampled_from(("284690", "280530", "261100")),
        AMOUNTS,
        st.one_of(st.none(), AMOUNTS),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row[:4],
)


def as_bag(frame: pl.DataFrame) -> Counter[tuple[Any, ...]]:
    """Rows, however often each is there."""
    return Counter(frame.rows())


@settings(max_examples=40, deadline=None, derandomize=True)
@given(rows=ROWS)
def test_no_row_is_lost_doubled_or_changed(rows: list[Published]) -> None:
    frame = staged(rows)
    parts = sorted_out(lenient(BACI), frame)
    assert parts.rows_in == frame.height == parts.rows.height + parts.rejected.height
    assert as_bag(parts.rows) + as_bag(parts.rejected.drop(RULE)) == as_bag(frame)
    # What is wrong is told here once more, in other words.
    wrong = [row for row in rows if is_wrong(row)]
    assert as_bag(parts.rejected.drop(RULE)) == as_bag(staged(wrong))
    assert set(parts.rejected[RULE]) <= set(BAD)
    assert sorted_out(lenient(BACI), parts.rows).rejected.is_empty()


def is_wrong(row: Published) -> bool:
    year, exporter, importer, _, value, weight = row
    below = Decimal(value) < 0 or (weight is not None and Decimal(weight) < 0)
    free = Decimal(value) == 0 and weight is not None and Decimal(weight) > 0
    # 58 was a code until 1998.
    strange = not {exporter, importer} <= {156, 392}
    return exporter == importer or below or free or not 2020 <= year <= 2022 or strange


@settings(max_examples=40, deadline=None, derandomize=True)
@given(rows=ROWS)
def test_an_edition_is_refused_or_what_is_set_aside_is_little(rows: list[Published]) -> None:
    frame = staged(rows)
    ceiling = 0.2
    try:
        parts = sorted_out(lenient(BACI, ceiling), frame)
    except SourceError:
        return
    for rule in BACI.staged.rejects:
        hit = parts.rejected.filter(pl.col(RULE) == rule.name)
        if not rule.of:
            # Of what is there once earlier rules took theirs, which is no more than all.
            assert hit.height <= ceiling * frame.height + 1e-9, rule.name
        elif hit.height:
            total = frame["value_kusd"].abs().sum()
            assert hit["value_kusd"].abs().sum() <= Decimal("0.2000001") * total


FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "neither": ({}, "give either `where` or `unknown`"),
    "both": ({"where": "year > 1", "unknown": ["exporter_code"]}, "give either"),
    "no reason": ({"where": "year > 1", "why": " "}, "why"),
    "a ceiling of everything": ({"where": "year > 1", "most_share": 0.5}, "most_share"),
    "no such column": ({"where": "year > 1", "of": "value"}, "no staged column value"),
    "nothing to know it by": ({"unknown": ["hs6"]}, "hs6 has no key"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_rule_that_says_nothing_clear_is_refused(fault: str) -> None:
    update, says = FAULTS[fault]
    rule = {"name": "odd", "why": "It is odd.", "most_share": 0.001} | update
    body = BACI.model_dump() | {"staged": BACI.staged.model_dump() | {"rejects": [rule]}}
    with pytest.raises(ValidationError, match=says):
        Source.model_validate(body)


def test_a_condition_that_is_none_is_named() -> None:
    rule = Reject(name="odd", why="It is odd.", where="no_such > 1", most_share=0.001)
    table = BACI.staged.model_copy(update={"rejects": [rule]})
    with pytest.raises(SourceError, match="baci composed: rule odd: no_such > 1: "):
        by_condition("baci composed", whole(staged(sound_rows(1))), table, EDITION)


def test_an_open_source_tells_the_row_and_the_other_its_key_alone() -> None:
    bad = staged([BAD["to_itself"], BAD["below_zero"]])
    told = bad.with_columns(pl.Series(RULE, ["to_itself", "below_zero"]))
    (one, other) = rejected_frame([(BACI, EDITION, told)]).to_dicts()
    assert (one["rule"], one["ordinal"], other["rule"]) == ("below_zero", 1, "to_itself")
    assert json.loads(one["row"])["value_kusd"] == "-1.000"
    assert json.loads(one["row_key"]) == {
        "edition": "composed",
        "hs6": "280530",
        "year": 2021,
        "importer_code": 392,
        "exporter_code": 156,
    }
    assert other["why"].startswith("An economy does not import from itself")

    row = overlap.Row("import", world.DEU, world.KOR, "284690", 4711, 7)
    reported = overlap.staged("annual_H6", "H6", [row], COMTRADE.table.polars)
    closed = reported.with_columns(pl.lit("weight_without_value").alias(RULE))
    frame = rejected_frame([(COMTRADE, EDITION, closed)])
    assert frame["row"].to_list() == [None, None]
    text = frame.write_json()
    assert str(4711 * overlap.USD) not in text
    assert str(7 * overlap.KG) not in text
    assert by_rule(frame) == [
        {
            "source": "comtrade",
            "rule": "weight_without_value",
            "why": COMTRADE.staged.rejects[0].why,
            "rows": 2,
        }
    ]


def test_a_file_that_tells_a_closed_row_whole_is_not_published(tmp_path: Path) -> None:
    path = tmp_path / "built.duckdb"
    with duckdb.connect(path) as con:
        con.execute("CREATE SCHEMA quality")
        con.execute(
            "CREATE TABLE quality.rejected_row AS "
            "SELECT 'comtrade' AS source, '{\"value_usd\": 1}' AS \"row\""
        )
    rule = licence.Rule(("comtrade",), frozenset())
    with pytest.raises(
        PublishError, match=r"quality\.rejected_row: rows of comtrade may not go out"
    ):
        licence.confirm(path, [REJECTED_ROW], rule)
    with duckdb.connect(path) as con:
        con.execute('UPDATE quality.rejected_row SET "row" = NULL')
    licence.confirm(path, [REJECTED_ROW], rule)


def test_what_is_set_aside_is_kept_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.baci_csv(tmp_path, "HS17", [*[SOUND], (2021, 156, 156, "284690", "1.000", "NA")])
    edition = EDITION.model_copy(
        update={"years": None, "fetched": datetime(2026, 2, 1, tzinfo=UTC)}
    )
    raw = Raw("baci", edition.id, tmp_path, (path,))
    where = world.settings(tmp_path / "home")
    first = build.staged_parts(BACI, edition, raw, where)
    assert (first.rows.height, first.rejected.height, first.rows_in) == (1, 1, 2)
    monkeypatch.setattr(build, "stage_parts", lambda *_: pytest.fail("staged again"))
    again = build.staged_parts(BACI, edition, raw, where)
    assert again.rows.equals(first.rows)
    assert again.rejected.equals(first.rejected)
    assert again.rows_in == 2
    # One that was changed is staged anew.
    monkeypatch.setattr(build, "stage_parts", stage_parts)
    (kept,) = (where.staged / "baci").glob("*.rejected")
    kept.write_bytes(b"nothing")
    assert build.staged_parts(BACI, edition, raw, where).rejected.equals(first.rejected)


@pytest.mark.slow
def test_what_was_set_aside_is_in_the_snapshot_and_its_report(tmp_path: Path) -> None:
    sound = world.tiny(tmp_path / "in")
    broken = more(LITTLE).raw(sound, tmp_path)
    snapshot = world.run(tmp_path / "home", broken)
    with duckdb.connect(snapshot / publish.DATABASE, read_only=True) as con:
        rows = con.execute("SELECT source, edition, rule, ordinal FROM quality.rejected_row")
        assert rows.fetchall() == [("baci", world.HS92, "to_itself", 1)]
        counts = con.execute(
            "SELECT rows_in, rows, rows_rejected FROM meta.edition WHERE edition = ?", [world.HS92]
        ).fetchall()
        assert counts == [(34, 33, 1)]
        total = con.execute("SELECT sum(rows_in - rows - rows_rejected) FROM meta.edition")
        assert total.fetchall() == [(0,)]
    page = (snapshot / "quality.html").read_text(encoding="utf-8")
    assert "1 row came in and was kept apart" in page
    assert "An economy does not import from itself" in page
    where = world.settings(tmp_path / "home")
    assert qualities.read_report(where).rejected == [
        {
            "source": "baci",
            "rule": "to_itself",
            "why": BACI.staged.rejects[0].why,
            "rows": 1,
        }
    ]


def test_the_bundled_editions_have_no_row_to_set_aside(tmp_path: Path) -> None:
    edition = BACI.editions[1]
    files = tuple(BACI.folder / "bundled" / name for name in edition.bundled)
    parts = stage_parts(BACI, edition, Raw("baci", edition.id, tmp_path, files))
    assert (parts.rejected.height, parts.rows_in) == (0, edition.rows)
    assert replace(parts, rows_in=0).rows.height == edition.rows
