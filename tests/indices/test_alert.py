"""Alerts by rule: the latch against arithmetic by hand, a plain loop, and the issue's backtest."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.indices.alert import INDEX
from flows.indices.contract import publish
from flows.indices.formulas.alert_series import KEY, AlertRuleError, series_of
from flows.indices.formulas.alert_states import history, states
from flows.settings import CHECKOUT
from tests.world import Built

RULES = yaml.safe_load((CHECKOUT / "warehouse" / "facts" / "alerts.yml").read_text("utf-8"))
COLUMNS = yaml.safe_load((CHECKOUT / "warehouse" / "facts" / "tables.yml").read_text("utf-8"))[
    "alert_rule"
]["columns"]
CAP = "one_supplier_above_65"

# Composed, around the four values that the issue names for Japan's rare earths by value: 0.762 in
# 2000, 0.644 in 2009, 0.796 in 2010, 0.618 in 2012.
JAPAN = dict(
    enumerate(
        [
            *(0.60, 0.60, 0.68, 0.70, 0.70, 0.762, 0.70, 0.70, 0.70),
            *(0.80, 0.80, 0.80, 0.80, 0.80, 0.644, 0.796, 0.79, 0.618),
            *(0.40, 0.40, 0.35),
        ],
        start=1995,
    )
)
KOREA = dict(enumerate([0.87, 0.88, 0.80, 0.87, 0.84, 0.85, 0.83, 0.79, 0.75, 0.77], start=1995))


def rule(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Give a row of ref.alert_rule: the cap of 65 percent, with changes."""
    empty = {name: [] if name in ("filters", "minerals") else None for name in COLUMNS}
    shipped = {"rule": CAP, **RULES[CAP]}
    return empty | shipped | {"watch": None} | changes


def bare(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same rule without hysteresis and persistence."""
    return dict(given) | {"off_at": given["on_at"], "persistence": 1}


def frame_of(rules: Sequence[Mapping[str, Any]]) -> pl.LazyFrame:
    return pl.DataFrame(list(rules), infer_schema_length=None).lazy()


def trade(values: Mapping[int, float | None], **changes: str) -> pl.LazyFrame:
    """Give rows as import_concentration has them, of one importer and mineral; composed."""
    told = {
        "importer_iso3": "A",
        "mineral": "m",
        "stage": "all",
        "basis": "value",
        "source": "baci",
        "edition": "one",
        "top_supplier_iso3": "C",
        "reason": "no_trade",
        "confidence": "A",
    } | changes
    rows = [told | {"year": year, "cr1": value, "hhi": value} for year, value in values.items()]
    return pl.DataFrame(
        rows, schema_overrides={"cr1": pl.Float64, "hhi": pl.Float64, "year": pl.Int32}
    ).lazy()


def by_year(values: Mapping[int, float | None], given: Mapping[str, Any]) -> pl.DataFrame:
    series = series_of(trade(values), given, [])
    return states(series, frame_of([given])).collect()


def came(values: Mapping[int, float | None], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a series came to under a rule."""
    series = series_of(trade(values), given, [])
    return history(states(series, frame_of([given]))).collect().row(0, named=True)


def of(values: Sequence[float | None], first: int = 2001) -> dict[int, float | None]:
    return dict(enumerate(values, start=first))


def test_without_hysteresis_japan_fires_in_1997_and_2010() -> None:
    found = came(JAPAN, bare(rule()))
    assert found["fired_years"] == found["crossed_years"] == ["1997", "2010"]
    assert found["ended_years"] == ["2009", "2012"]
    assert found["state"] == "off"


def test_with_the_default_hysteresis_japan_fires_once() -> None:
    # 0.644 in 2009 and 0.618 in 2012 are above 0.585, a tenth below 0.65: it ends in 2013.
    found = came(JAPAN, rule())
    assert found["fired_years"] == found["crossed_years"] == ["1997"]
    assert found["ended_years"] == ["2013"]


def test_korea_never_crosses_and_is_on_from_the_first_year() -> None:
    for one in (rule(), bare(rule())):
        found = came(KOREA, one)
        assert found["crossed_years"] == []
        assert found["fired_years"] == ["1995"]
        assert (found["state"], found["since_year"], found["ended_years"]) == ("on", 1995, [])


def test_a_series_at_the_edge_fires_once() -> None:
    edge = of([0.69, 0.64, 0.66, 0.64, 0.66])
    assert came(edge, rule())["fired_years"] == ["2001"]
    assert came(edge, bare(rule()))["fired_years"] == ["2001", "2003", "2005"]


def test_a_value_at_the_threshold_is_not_above_it() -> None:
    assert came(of([0.5, 0.65, 0.65]), rule())["fired_years"] == []
    assert came(of([0.5, 0.65, 0.65]), rule(comparison="ge"))["fired_years"] == ["2002"]
    # At off_at it is no longer above: it ends.
    assert came(of([0.7, 0.585]), rule())["ended_years"] == ["2002"]
    assert came(of([0.7, 0.585]), rule(comparison="ge"))["ended_years"] == []


def test_a_fall_below_a_threshold_is_followed_too() -> None:
    given = rule(comparison="lt", on_at=0.2, off_at=0.3)
    found = came(of([0.5, 0.1, 0.25, 0.1, 0.3, 0.1]), given)
    assert found["fired_years"] == ["2002", "2006"]
    assert found["ended_years"] == ["2005"]
    assert came(of([3.0, 1.0, 2.0]), rule(comparison="le", on_at=1, off_at=1))["ended_years"] == [
        "2003"
    ]


def test_persistence_waits_and_counts_from_the_first_year() -> None:
    given = rule(persistence=2)
    found = by_year(of([0.1, 0.7, 0.1, 0.7, 0.7, 0.1, 0.7, 0.1, 0.1]), given)
    assert found.filter("fires")["year"].to_list() == [2005]
    assert found.filter(year=2005)["since_year"].item() == 2004
    assert found.filter("ends")["year"].to_list() == [2009]
    # From the first number on, it did not cross.
    assert came(of([0.7, 0.7]), given)["crossed_years"] == []


def test_a_year_without_a_number_neither_begins_nor_ends() -> None:
    found = by_year(of([0.1, None, 0.7, None, None, 0.62, None]), rule())
    assert found["state"].to_list() == ["off", "off", "on", "on", "on", "on", "on"]
    assert found.filter("fires")["year"].to_list() == [2003]
    assert found["ends"].sum() == 0
    assert came(of([0.1, None, 0.7]), rule())["flags"] == ["gap_years"]
    assert came({2001: 0.1, 2003: 0.7}, rule())["flags"] == ["gap_years"]
    assert came(of([0.1, 0.7]), rule())["flags"] == []


def test_after_too_many_such_years_nothing_is_known() -> None:
    values = of([0.1, 0.7, None, None, None, 0.7])
    found = by_year(values, rule(forgets=3))
    assert found["state"].to_list() == ["off", "on", "on", "on", "unknown", "on"]
    assert found.filter("crosses")["year"].to_list() == [2002]
    assert found.filter("fires")["year"].to_list() == [2002, 2006]
    assert by_year({2001: 0.7}, rule()).select("state").item() == "on"
    # Years that the table lacks altogether count as those without a number.
    gone = {year: value for year, value in values.items() if value is not None}
    assert came(gone, rule(forgets=3))["fired_years"] == ["2002", "2006"]
    assert came(gone, rule(forgets=4))["fired_years"] == ["2002"]


def test_a_series_that_breaks_off_before_its_edition_is_unknown() -> None:
    both = pl.concat([trade({2001: 0.7}), trade({2001: 0.1, 2010: 0.1}, mineral="n")])
    given = rule()
    found = history(states(series_of(both, given, []), frame_of([given]))).collect()
    last = dict(found.select("mineral", "state").iter_rows())
    assert last == {"m": "unknown", "n": "off"}
    assert found["year"].to_list() == [2010, 2010]


def test_of_two_editions_the_one_that_reaches_further_counts() -> None:
    both = pl.concat(
        [trade({2022: 0.9}, edition="z"), trade(of([0.1, 0.1, 0.2], 2022), edition="a")]
    )
    assert series_of(both, rule(), []).collect()["edition"].unique().to_list() == ["a"]


def test_a_change_is_from_the_very_year_before() -> None:
    given = rule(kind="change", on_at=0.15, off_at=0.15)
    found = by_year({2001: 0.2, 2002: 0.4, 2003: 0.5, 2005: 0.9}, given)
    values = dict(found.select("year", "value").iter_rows())
    assert values == {2001: None, 2002: pytest.approx(0.2), 2003: pytest.approx(0.1), 2005: None}
    assert found.filter("fires")["year"].to_list() == [2002]
    relative = by_year(
        of([0.2, 0.4, 0.0, 0.3]), rule(kind="relative_change", on_at=0.5, off_at=0.5)
    )
    assert relative["value"].to_list() == [None, pytest.approx(1.0), -1.0, None]


def test_a_rank_is_among_the_rows_of_a_year() -> None:
    shares = {"C": [0.2, 0.5, 0.4], "D": [0.5, 0.4, 0.4], "E": [0.3, 0.1, 0.2]}
    rows = pl.concat(
        [
            trade(of(values), exporter_iso3=exporter).rename({"cr1": "import_share"})
            for exporter, values in shares.items()
        ]
    )
    given = rule(kind="rank", column="import_share", ranked="exporter_iso3=C", comparison="le",
                 on_at=1, off_at=1)  # fmt: skip
    found = series_of(rows, given, []).sort("year").collect()
    # In 2003 two are equally large, and both are first.
    assert found["value"].to_list() == [3.0, 1.0, 1.0]
    missing = given | {"ranked": "exporter_iso3=Z"}
    assert series_of(rows, missing, []).collect()["value"].unique().to_list() == [4.0]


def test_only_what_a_rule_is_about_is_watched() -> None:
    others = ({}, {"importer_iso3": "B"}, {"mineral": "n"}, {"basis": "mass"})
    rows = pl.concat([trade({2001: 0.7}, **other) for other in others])
    assert series_of(rows, rule(), ["A"]).collect().height == 2
    assert series_of(rows, rule(minerals=["n"]), ["A"]).collect()["mineral"].to_list() == ["n"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"off_at": 0.7}, "off_at 0.7 is above on_at 0.65"),
        ({"comparison": "lt"}, "off_at 0.585 is below on_at 0.65"),
        ({"on_at": None}, "needs on_at"),
        ({"kind": "rank"}, "needs ranked"),
        ({"column": "nothing"}, "has no column nothing"),
        ({"filters": ["stage"]}, "'stage' is no column=value"),
        ({"filters": ["flavour=sweet"]}, "'flavour=sweet' is no column=value"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_by_name(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(AlertRuleError, match=said) as refused:
        series_of(trade(JAPAN), rule(**changes), [])
    assert CAP in str(refused.value)


def test_filters_that_leave_something_open_are_refused() -> None:
    rows = pl.concat([trade({2001: 0.7}), trade({2001: 0.8})])
    with pytest.raises(AlertRuleError, match="several rows are of"):
        states(series_of(rows, rule(), []), frame_of([rule()]))


def test_the_starting_rules_are_those_of_the_sources() -> None:
    found = {name: (r["on_at"], r["unit"]) for name, r in RULES.items() if r["kind"] == "level"}
    assert found == {
        CAP: (0.65, "share"),
        "hhi_above_040": (0.4, "hhi"),
        "hhi_above_025": (0.25, "hhi"),
        "hhi_above_015": (0.15, "hhi"),
    }
    assert "2024/1252" in RULES[CAP]["source"]
    for name in found:
        # The hysteresis is a tenth of the threshold, and says why.
        assert RULES[name]["off_at"] == pytest.approx(0.9 * RULES[name]["on_at"])
        assert RULES[name]["hysteresis_why"]


def published(rules: Sequence[Mapping[str, Any]], **tables: pl.LazyFrame) -> pl.DataFrame:
    nothing = trade({})
    given = dict.fromkeys((n.replace(".", "_") for n in INDEX.inputs[2:]), nothing) | tables
    watch = pl.LazyFrame({"watch": ["main"], "iso3": ["A"], "why": ["composed"]})
    return publish(
        INDEX.compute(ref_alert_rule=frame_of(rules), ref_watch=watch, **given), INDEX.table
    )


def test_the_index_gives_one_row_a_series() -> None:
    rules = [rule(watch="main"), rule(rule="hhi", column="hhi", watch="main")]
    rows = pl.concat([trade(JAPAN), trade(KOREA, importer_iso3="B")])
    found = published(rules, indices_import_concentration=rows)
    assert found.select("rule", "importer_iso3").rows() == [("hhi", "A"), (CAP, "A")]
    cap = found.row(1, named=True)
    assert (cap["year"], cap["value"], cap["state"]) == (2015, 0.35, "off")
    assert (cap["on_at"], cap["off_at"], cap["top_supplier_iso3"]) == (0.65, 0.585, "C")
    assert cap["reason"] is None


def test_the_newest_year_without_a_number_says_why() -> None:
    given = [rule(), rule(rule="rise", kind="change", on_at=0.1, off_at=0.1)]
    rows = trade({2001: 0.7, 2002: None})
    found = published(given, indices_import_concentration=rows)
    assert found.select("value", "reason", "top_supplier_iso3", "state").row(0) == (
        None, "no_trade", None, "on",
    )  # fmt: skip
    assert found.height == 1, "of a change from nothing there is no series"


def test_a_rule_on_another_table_is_left_to_the_command() -> None:
    assert published([rule(table="indices.geopolrisk")]).is_empty()


# What follows holds for every series and every pair of thresholds.

SERIES = st.lists(st.none() | st.floats(0, 1).map(lambda x: round(x, 2)), min_size=1, max_size=25)
TENTHS = st.integers(0, 10).map(lambda n: n / 10)


def looped(
    values: Sequence[float | None], on_at: float, off_at: float, persistence: int, forgets: int
) -> list[tuple[str, bool, bool]]:
    """The latch as a plain loop: state, begins, ends."""
    found: list[tuple[str, bool, bool]] = []
    is_on, above, below, lacking = False, 0, 0, forgets
    for value in values:
        begins = ends = False
        if value is None:
            lacking += 1
        else:
            if lacking >= forgets:
                is_on, above, below = False, 0, 0
            lacking = 0
            above = above + 1 if value > on_at else 0
            below = 0 if value > off_at else below + 1
            if not is_on and above >= persistence:
                is_on, begins = True, True
            elif is_on and below >= persistence:
                is_on, ends = False, True
        state = "unknown" if lacking >= forgets else "on" if is_on else "off"
        found.append((state, begins, ends))
    return found


def fires(values: Sequence[float | None], given: Mapping[str, Any]) -> list[int]:
    found = by_year(of(values), given)
    return found.filter("fires")["year"].to_list()


@settings(max_examples=60, deadline=None)
@given(values=SERIES, one=TENTHS, other=TENTHS, persistence=st.integers(1, 3),
       forgets=st.integers(1, 4))  # fmt: skip
def test_the_latch_is_the_plain_loop(
    values: list[float | None], one: float, other: float, persistence: int, forgets: int
) -> None:
    given = rule(on_at=max(one, other), off_at=min(one, other), persistence=persistence,
                 forgets=forgets)  # fmt: skip
    found = by_year(of(values), given)
    expected = looped(values, given["on_at"], given["off_at"], persistence, forgets)
    assert found.select("state", "fires", "ends").rows() == expected


@settings(max_examples=60, deadline=None)
@given(values=SERIES, persistence=st.integers(1, 3))
def test_between_two_beginnings_lies_an_end(values: list[float | None], persistence: int) -> None:
    found = by_year(of(values), rule(persistence=persistence, forgets=99))
    turns = [word for row in found.iter_rows(named=True) for word in ("fires", "ends") if row[word]]
    assert all(one != other for one, other in itertools.pairwise(turns))
    assert turns[:1] in ([], ["fires"])


@settings(max_examples=60, deadline=None)
@given(values=SERIES, offs=st.tuples(TENTHS, TENTHS), persistence=st.integers(1, 3))
def test_a_wider_hysteresis_never_fires_more_often(
    values: list[float | None], offs: tuple[float, float], persistence: int
) -> None:
    wide, narrow = sorted(min(off, 0.65) for off in offs)
    of_wide = fires(values, rule(off_at=wide, persistence=persistence))
    of_narrow = fires(values, rule(off_at=narrow, persistence=persistence))
    assert set(of_wide) <= set(of_narrow)


@settings(max_examples=40, deadline=None)
@given(values=SERIES, persistence=st.integers(1, 3))
def test_more_persistence_never_fires_more_often(
    values: list[float | None], persistence: int
) -> None:
    once = fires(values, rule(persistence=persistence))
    longer = fires(values, rule(persistence=persistence + 1))
    assert len(longer) <= len(once)


def test_rows_in_another_order_give_the_same() -> None:
    rows = pl.concat([trade(JAPAN), trade(KOREA, importer_iso3="B")]).collect()
    given = rule()
    one, other = (
        history(states(series_of(part.lazy(), given, []), frame_of([given]))).collect().sort(KEY)
        for part in (rows, rows.sample(fraction=1, shuffle=True, seed=7))
    )
    assert one.equals(other)


@pytest.mark.slow
def test_the_bundled_figures_fire_as_the_issue_says(built: Built) -> None:
    from flows import warehouse  # noqa: PLC0415

    with warehouse.snapshot_reader(built.settings.build) as con:
        alerts = warehouse.frame(con, "indices.alert").filter(rule=CAP)
        shares = warehouse.frame(con, "indices.import_concentration")
    key = {"importer_iso3": "JPN", "mineral": "rare_earths"}
    japan = alerts.row(by_predicate=pl.all_horizontal(pl.col(n) == v for n, v in key.items()),
                       named=True)  # fmt: skip
    assert (japan["crossed_years"], japan["ended_years"]) == (["1997"], ["2013"])
    korea = alerts.filter(importer_iso3="KOR", mineral="graphite").row(0, named=True)
    assert (korea["state"], korea["since_year"], korea["crossed_years"]) == ("on", 1995, [])
    series = series_of(shares.lazy().filter(**key), rule(), [])
    assert series.filter(pl.col("year").is_in([2000, 2009, 2010, 2012])).sort("year").select(
        pl.col("value").round(3)
    ).collect().to_series().to_list() == [0.762, 0.644, 0.796, 0.618]
    given = bare(rule())
    plain = history(states(series, frame_of([given]))).collect().row(0, named=True)
    assert plain["fired_years"] == ["1997", "2010"]
