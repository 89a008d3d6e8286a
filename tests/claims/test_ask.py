"""Questions put to a published file: the answer of the run, and what cannot be asked."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.claims.ask import SMALL, TRADE, ClaimError, answered, argument, recorded
from tests.indices.claimed import Flow, answer, article, asked, of_claims, tables, trade
from tests.world import Built

FLOWS: list[Flow] = [
    (2020, "JPN", "CHN", "280530", 70, 7),
    (2020, "JPN", "HKG", "280530", 10, 1),
    (2020, "JPN", "VNM", "284690", 20, 2),
    (2020, "KOR", "CHN", "280530", 5, 5),
    (2020, "DEU", "CHN", "280530", 5, 5),
    (2020, "DEU", "USA", "280530", 15, 5),
]
OF = tables(trade(FLOWS))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the composed tables, as a snapshot holds them, and the verdicts over them."""
    path = tmp_path_factory.mktemp("asked") / "orewatch.duckdb"
    whole = OF | {"mart_claim": article().lazy()}
    verdicts, cells = of_claims(whole)
    judged = pl.DataFrame(list(verdicts.values()), infer_schema_length=None)
    with duckdb.connect(str(path)) as con:
        frames = {argument(name): OF[argument(name)].collect() for name in (*SMALL, *TRADE)}
        frames |= {"indices_claim_cell": cells, "indices_claim_verdict": judged}
        for name, frame in frames.items():
            schema, _, table = name.partition("_")
            con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            con.register("incoming", frame.to_arrow())
            con.execute(f"CREATE TABLE {schema}.{table} AS FROM incoming")
            con.unregister("incoming")
    return path


@pytest.mark.parametrize(
    "question",
    [
        asked(stated=0.7, low=0.695, high=0.705),
        asked(importer_iso3="EU27_2020", low=0.65),
        asked(importer_iso3=None, measure="export_share", low=0.3, rank=1),
        asked(mineral=None, hs6=["284690"], low=0.5),
    ],
    ids=["a country", "a bloc", "the world", "a code"],
)
def test_a_question_is_answered_as_in_a_run(question: pl.DataFrame, snapshot: Path) -> None:
    """From the rows that it is about alone, by the same functions."""
    verdict, cells = answer(question, OF)
    found = answered(question, snapshot)
    assert found.verdict == verdict
    assert found.cells.equals(cells)


def test_a_claim_of_the_article_is_given_as_it_was_published(snapshot: Path) -> None:
    found = recorded("C010", snapshot)
    assert found.verdict["verdict"] == "contradicted"
    assert set(found.cells["claim_id"]) == {"C010"}
    with pytest.raises(ClaimError, match="no claim C999"):
        recorded("C999", snapshot)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (asked(exporter_iso3=None), "name the exporter"),
        (asked(mineral=None), "name a mineral or an HS code"),
        (asked(importer_iso3="XYZ"), "XYZ is no economy"),
        (asked(exporter_iso3="CHN' OR 1=1 --"), "is no economy"),
        (asked(mineral="unobtainium"), "unobtainium is no mineral"),
        (asked(exporter_iso3="JPN"), "buys nothing of itself"),
        (asked(importer_iso3="EU27_2020", exporter_iso3="DEU"), "share members"),
        (asked(importer_iso3="G7", exporter_iso3="EU27_2020"), "share members"),
        (pl.concat([asked(), asked(claim_id="other")]), "one claim at a time"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    question: pl.DataFrame, words: str, snapshot: Path
) -> None:
    with pytest.raises(ClaimError, match=words):
        answered(question, snapshot)


def test_a_hostile_code_is_data(snapshot: Path) -> None:
    code = "1'); DROP TABLE mart.trade; --"
    found = answered(asked(mineral=None, hs6=[code], low=0.5), snapshot)
    assert (found.verdict["verdict"], found.verdict["reason"]) == (
        "not_checkable",
        "edition_lacks_code",
    )
    assert answered(asked(low=0.65), snapshot).verdict["verdict"] == "supported"


def test_a_snapshot_from_before_says_so(tmp_path: Path) -> None:
    path = tmp_path / "orewatch.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA mart; CREATE TABLE mart.trade (hs6 VARCHAR)")
    with pytest.raises(ClaimError, match=r"ref\.territory.*orewatch run"):
        answered(asked(), tmp_path)


def test_a_question_is_answered_in_time(built: Built) -> None:
    claim = asked(stated=0.912, low=0.9115, high=0.9125)
    answered(claim, built.settings.build)
    start = time.perf_counter()
    found = answered(claim, built.settings.build)
    assert time.perf_counter() - start < 0.7
    assert found.verdict["verdict"] == "outdated"
